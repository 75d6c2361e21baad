#include "host/handover.h"

#include "core/buf.h"
#include "core/fd.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FIRST_FD = 3 }; /* SD_LISTEN_FDS_START */

void handover_free(struct handover *h)
{
	free(h->by_name);
	h->by_name = NULL;
}

struct reference {
	size_t before; /* text in front of it */
	size_t length; /* of all of it */
	bool sign;     /* %{%}: no device, but a per cent sign */
	bool by_name;
	const char *device;
	size_t device_length;
};

/* The next %{fd:DEVICE}, %{tap:DEVICE} or %{%} of a word; other %{…} are the program's own. */
static bool next_reference(const char *text, struct reference *r)
{
	for (const char *at = text; (at = strstr(at, "%{")); at += 2) {
		r->sign = !strncmp(at, "%{%}", 4);
		r->before = (size_t)(at - text);
		r->length = 4;
		if (r->sign)
			return true;
		r->by_name = !strncmp(at, "%{tap:", 6);
		r->device = at + (r->by_name ? 6 : 5);
		if (!r->by_name && strncmp(at, "%{fd:", 5))
			continue;
		r->device_length = strcspn(r->device, "}");
		if (!r->device[r->device_length])
			continue;
		r->length = (size_t)(r->device + r->device_length + 1 - at);
		return true;
	}
	return false;
}

static int unknown(const struct reference *r, const struct netdevs *devices, struct fault *fault)
{
	struct buf names A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < devices->count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", devices->items[i].name);
	return fault_set(fault, EX_USAGE, "%%{%s:%.*s}: there is no such device, only %s",
	    r->by_name ? "tap" : "fd", (int)r->device_length, r->device, buf_str(&names));
}

static const struct netdev *find(const struct reference *r, const struct netdevs *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		if (!strncmp(devices->items[i].name, r->device, r->device_length) &&
		    !devices->items[i].name[r->device_length])
			return &devices->items[i];
	return NULL;
}

int handover_plan(struct handover *h, const struct strv *command, const struct netdevs *devices,
    struct fault *fault)
{
	bool *by_fd = mem_zeroed(devices->count, sizeof *by_fd);
	int result = 0;

	h->command = command;
	h->by_name = mem_zeroed(devices->count, sizeof *h->by_name);
	for (size_t i = 0; result == 0 && i < command->count; i++) {
		const char *text = command->items[i];
		struct reference r;

		for (; result == 0 && next_reference(text, &r); text += r.before + r.length) {
			const struct netdev *device;

			if (r.sign)
				continue;
			device = find(&r, devices);
			h->named = true;
			if (device)
				(r.by_name ? h->by_name : by_fd)[device - devices->items] = true;
			else
				result = unknown(&r, devices, fault);
		}
	}
	for (size_t i = 0; result == 0 && i < devices->count; i++)
		if (h->by_name[i] && by_fd[i])
			result = fault_set(fault, EX_USAGE,
			    "%s: wanted as %%{fd:} and as %%{tap:}, but a tap is opened once",
			    devices->items[i].name);
	free(by_fd);
	return result;
}

/* Whoever is at a number that another is to have goes out of the way. */
static int make_room(struct taps *taps, int number, int behind, struct fault *fault)
{
	for (size_t i = 0; i < taps->count; i++) {
		int fd = taps->items[i].fd;

		if (fd != number)
			continue;
		taps->items[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, behind);
		if (taps->items[i].fd < 0)
			return fault_errno(fault, EX_OSERR, errno, "dup");
	}
	return 0;
}

/* The descriptors to FIRST_FD and up, each in its turn, so that hardly any more are needed than
 * there are. */
static int place(const struct handover *h, struct taps *taps, struct fault *fault)
{
	int count = 0, next = FIRST_FD;

	for (size_t i = 0; i < taps->count; i++)
		count += !h->by_name[i];
	for (size_t i = 0; i < taps->count; i++) {
		int *fd = &taps->items[i].fd;

		if (h->by_name[i])
			continue;
		if (*fd != next) {
			/* dup2 leaves it open across exec, which is what it is for */
			if (make_room(taps, next, FIRST_FD + count, fault) < 0)
				return -1;
			if (dup2(*fd, next) < 0)
				return fault_errno(fault, EX_OSERR, errno, "dup2");
			fd_close(fd);
			*fd = next;
		} else if (fcntl(next, F_SETFD, 0) < 0) {
			return fault_errno(fault, EX_OSERR, errno, "fcntl");
		}
		next++;
	}
	return 0;
}

/* The MTU that the interface has, whether or not one was asked for. */
static unsigned mtu_of(const struct taps *taps, const struct tap *tap)
{
	struct ifreq request = {.ifr_flags = 0};

	memcpy(request.ifr_name, tap->device->tap, IFNAMSIZ);
	if (ioctl(mnl_socket_get_fd(taps->netlink.socket), SIOCGIFMTU, &request) < 0)
		return tap->device->mtu ? tap->device->mtu : 1500;
	return (unsigned)request.ifr_mtu;
}

struct lists {
	struct buf names, macs, mtus, guests, gateways;
};

static void add_device(struct lists *l, const struct taps *taps, const struct tap *tap)
{
	const struct netdev *d = tap->device;
	const struct address *guest = netdev_ipv4(&d->guests), *host = netdev_ipv4(&d->hosts);
	const char *comma = l->names.length ? "," : "";

	buf_printf(&l->names, "%s%s", l->names.length ? ":" : "", d->name);
	buf_adds(&l->macs, comma);
	mac_text(d->mac, &l->macs);
	buf_printf(&l->mtus, "%s%u", comma, mtu_of(taps, tap));
	buf_adds(&l->guests, comma);
	if (guest)
		address_text(guest, &l->guests);
	buf_adds(&l->gateways, comma);
	if (host)
		address_alone(host, &l->gateways);
}

static int set(const char *name, const char *value, struct fault *fault)
{
	if (setenv(name, value, 1) < 0)
		return fault_errno(fault, EX_OSERR, errno, "setenv %s", name);
	return 0;
}

static int set_environment(const struct handover *h, const struct taps *taps, struct fault *fault)
{
	struct lists l = {0};
	struct buf pid A_CLEANUP(buf_free) = {0}, count A_CLEANUP(buf_free) = {0};
	int n = 0, result;

	for (size_t i = 0; i < taps->count; i++) {
		if (h->by_name[i])
			continue;
		add_device(&l, taps, &taps->items[i]);
		n++;
	}
	buf_printf(&pid, "%d", (int)getpid());
	buf_printf(&count, "%d", n);
	result = set("LISTEN_PID", buf_str(&pid), fault) < 0 ||
			 set("LISTEN_FDS", buf_str(&count), fault) < 0 ||
			 set("LISTEN_FDNAMES", buf_str(&l.names), fault) < 0 ||
			 set("MIRARI_NET_MAC", buf_str(&l.macs), fault) < 0 ||
			 set("MIRARI_NET_MTU", buf_str(&l.mtus), fault) < 0 ||
			 set("MIRARI_NET_GUEST", buf_str(&l.guests), fault) < 0 ||
			 set("MIRARI_NET_GATEWAY", buf_str(&l.gateways), fault) < 0
		     ? -1
		     : 0;
	buf_free(&l.names);
	buf_free(&l.macs);
	buf_free(&l.mtus);
	buf_free(&l.guests);
	buf_free(&l.gateways);
	return result;
}

/* One word with its references replaced. */
static void replace(
    const struct handover *h, const struct taps *taps, const char *text, struct buf *into)
{
	struct reference r;

	for (; next_reference(text, &r); text += r.before + r.length) {
		size_t index;
		int number = FIRST_FD;

		buf_add(into, text, r.before);
		if (r.sign) {
			buf_addc(into, '%');
			continue;
		}
		index = (size_t)(find(&r, taps->devices) - taps->devices->items);
		for (size_t i = 0; i < index; i++)
			number += !h->by_name[i];
		if (r.by_name)
			buf_adds(into, taps->devices->items[index].tap);
		else
			buf_printf(into, "%d", number);
	}
	buf_adds(into, text);
}

int handover_prepare(
    const struct handover *h, struct taps *taps, struct strv *words, struct fault *fault)
{
	for (size_t i = 0; i < h->command->count; i++) {
		struct buf word A_CLEANUP(buf_free) = {0};

		replace(h, taps, h->command->items[i], &word);
		strv_add(words, buf_str(&word));
	}
	if (set_environment(h, taps, fault) < 0)
		return -1;
	return place(h, taps, fault);
}
