/* Network and block devices: their options, and what is behind them. */
#include "tender.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME "%67[A-Za-z0-9]"

static struct entry *find(struct manifest *manifest, uint32_t type, const char *name)
{
	for (uint32_t i = 0; i < manifest->entries; i++)
		if (manifest->entry[i].type == type && strcmp(manifest->entry[i].name, name) == 0)
			return &manifest->entry[i];
	warnx("Resource not declared in manifest: '%s'", name);
	return NULL;
}

/* Solo5 0.10 to 0.12.1 take an inherited descriptor, don't learn its MTU, and so refuse it. */
static int descriptor_refused(const char *number)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(number, &end, 10);
	if (*end || end == number)
		errno = EINVAL;
	else if (fd < 0 || fd > INT_MAX)
		errno = ERANGE;
	else
		fcntl((int)fd, F_SETFL, O_NONBLOCK);
	return -1;
}

static int tap_open(const char *name, int *mtu)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq about = {0};

	if (name[0] == '@')
		return descriptor_refused(name + 1);
	if (strlen(name) >= IFNAMSIZ) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strncpy(about.ifr_name, name, IFNAMSIZ - 1);
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (if_nametoindex(name) == 0 || ioctl(fd, SIOCGIFFLAGS, &about) < 0) {
		errno = ENOENT;
		return -1;
	}
	if (!(about.ifr_flags & (IFF_UP | IFF_RUNNING))) {
		errno = ENETDOWN;
		return -1;
	}
	if (ioctl(fd, SIOCGIFMTU, &about) < 0)
		return -1;
	*mtu = about.ifr_mtu;
	close(fd);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		return -1;
	return fd;
}

static bool net_option(const char *option, struct manifest *manifest)
{
	char name[68], interface[20];
	struct entry *entry;
	int mtu = -1;

	if (sscanf(option, "--net:" NAME "=%19s", name, interface) != 2)
		return false;
	entry = find(manifest, NET_BASIC, name);
	if (!entry)
		return false;
	entry->fd = tap_open(interface, &mtu);
	if (entry->fd < 0) {
		warnx("Could not attach interface: %s: %s", interface, strerror(errno));
		return false;
	}
	entry->net.mtu = (uint16_t)mtu;
	entry->attached = true;
	return true;
}

static bool mac_option(const char *option, struct manifest *manifest)
{
	char name[68];
	uint8_t mac[6];
	struct entry *entry;

	if (sscanf(option, "--net-mac:" NAME "=%02hhx:%02hhx:%02hhx:%02hhx:%02hhx:%02hhx", name,
		&mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 7)
		return false;
	entry = find(manifest, NET_BASIC, name);
	if (!entry)
		return false;
	memcpy(entry->net.mac, mac, sizeof mac);
	return true;
}

static bool block_option(const char *option, struct manifest *manifest)
{
	char name[68], path[PATH_MAX + 1];
	struct entry *entry;
	off_t capacity;

	/* 4096 is PATH_MAX */
	if (sscanf(option, "--block:" NAME "=%4096s", name, path) != 2)
		return false;
	entry = find(manifest, BLOCK_BASIC, name);
	if (!entry)
		return false;
	entry->fd = open(path, O_RDWR);
	if (entry->fd < 0)
		err(1, "Could not open block device: %s", path);
	capacity = lseek(entry->fd, 0, SEEK_END);
	if (capacity < 0)
		err(1, "%s: Could not determine capacity", path);
	entry->block.capacity = (uint64_t)capacity;
	entry->attached = true;
	return true;
}

static bool sector_option(const char *option, struct manifest *manifest)
{
	char name[68];
	uint16_t size;
	struct entry *entry;

	if (sscanf(option, "--block-sector-size:" NAME "=%hu", name, &size) != 2)
		return false;
	if (size < 512 || (size & (size - 1))) {
		warnx("Block size must be a multiple of 2 greater than or equal 512");
		return false;
	}
	entry = find(manifest, BLOCK_BASIC, name);
	if (!entry)
		return false;
	entry->block.sector = size;
	return true;
}

bool device_option(const char *option, struct manifest *manifest)
{
	if (strncmp(option, "--net:", 6) == 0)
		return net_option(option, manifest);
	if (strncmp(option, "--net-mac:", 10) == 0)
		return mac_option(option, manifest);
	if (strncmp(option, "--block:", 8) == 0)
		return block_option(option, manifest);
	if (strncmp(option, "--block-sector-size:", 20) == 0)
		return sector_option(option, manifest);
	return false;
}

static void block_check(struct entry *entry)
{
	if (entry->block.sector == 0)
		entry->block.sector = 512;
	if (entry->block.capacity % entry->block.sector)
		errx(1, "%s: Backing storage size must be block aligned (%hu bytes)", entry->name,
		    entry->block.sector);
	if (entry->block.capacity < entry->block.sector)
		errx(1, "%s: Backing storage must be at least 1 block (%hu bytes) in size",
		    entry->name, entry->block.sector);
}

static void mac_check(struct entry *entry)
{
	static const uint8_t none[6];

	if (memcmp(entry->net.mac, none, sizeof none) != 0)
		return;
	if (getrandom(entry->net.mac, sizeof none, 0) != sizeof none)
		err(1, "Could not open /dev/urandom");
	entry->net.mac[0] = (entry->net.mac[0] & 0xfe) | 2;
}

void devices_check(struct manifest *manifest)
{
	bool lacking = false;

	for (uint32_t i = 1; i < manifest->entries; i++) {
		struct entry *entry = &manifest->entry[i];

		if (entry->attached && entry->type == BLOCK_BASIC)
			block_check(entry);
		else if (entry->attached && entry->type == NET_BASIC)
			mac_check(entry);
	}
	for (uint32_t i = 1; i < manifest->entries; i++) {
		const struct entry *entry = &manifest->entry[i];

		if (entry->attached)
			continue;
		warnx("Device '%s' of type %s declared but not attached.", entry->name,
		    entry->type == NET_BASIC ? "NET_BASIC" : "BLOCK_BASIC");
		lacking = true;
	}
	if (lacking)
		errx(1, "All declared devices must be attached. See --help for syntax.");
}
