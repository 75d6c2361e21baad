#include "host/binary.h"

#include "core/fd.h"
#include "host/imagefile.h"
#include "host/subnet.h"
#include "model/attach.h"
#include "model/check.h"
#include "model/keys.h"
#include "model/netdev.h"
#include "model/value.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is behind the last dot of the file's name, or nothing. */
static const char *ending_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? dot + 1 : "";
}

/* A NUL isn't in a text, unless that is in UTF-16. */
static bool begins_like_one(const char *path)
{
	static const char *const texts[] = {"yml", "yaml", "conf"};
	int fd A_CLEANUP(fd_close) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char bytes[512];
	ssize_t length = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);

	if (length >= 4 && !memcmp(bytes, "\177ELF", 4))
		return true;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (!strcmp(ending_of(path), texts[i]))
			return false;
	return length > 0 && memchr(bytes, '\0', (size_t)length);
}

bool binary_is_one(const char *path)
{
	const char *ending = ending_of(path);
	const bool called = target_is_solo5(ending) || !strcmp(ending, "xen");
	struct stat st;

	if (stat(path, &st) < 0)
		return called;
	/* what is read from a pipe is gone */
	return !S_ISDIR(st.st_mode) && (called || (S_ISREG(st.st_mode) && begins_like_one(path)));
}

void binary_name(const char *path, struct buf *into)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	size_t length = strlen(base);

	if (dot && dot != base && target_find(dot + 1) >= 0)
		length = (size_t)(dot - base);
	for (size_t i = 0; i < length && into->length < VALUE_NAME_MAX; i++) {
		const bool letter = (base[i] >= 'a' && base[i] <= 'z') ||
				    (base[i] >= 'A' && base[i] <= 'Z') ||
				    (base[i] >= '0' && base[i] <= '9');

		if (letter || (into->length && strchr("._+-", base[i])))
			buf_addc(into, base[i]);
		else if (into->length)
			buf_addc(into, '-');
	}
	if (!into->length)
		buf_adds(into, "unikernel");
}

static int add_identity(const char *path, const char *name, const struct image *image,
    struct rec *record, struct fault *fault)
{
	struct buf derived A_CLEANUP(buf_free) = {0};
	char absolute[PATH_MAX];

	if (!image->target) {
		fault_set(fault, EX_DATAERR, "%s: no target of Mirari's runs it", path);
		return fault_hint(fault, "mirari-solo5 inspect shows what it is");
	}
	if (!realpath(path, absolute))
		return fault_errno(fault, EX_NOINPUT, errno, "%s", path);
	if (!name) {
		binary_name(path, &derived);
		name = buf_str(&derived);
	}
	if (rec_add(record, "name", name, fault) < 0 ||
	    rec_add(record, "target", image->target, fault) < 0 ||
	    rec_add(record, "deploy", "local", fault) < 0)
		return -1;
	return rec_add(record, "artifact", absolute, fault);
}

static const char *get_key(const struct rec *record, const char *device, const char *key)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "net.%s.%s", device, key);
	return rec_get(record, buf_str(&path));
}

/* Is it said how the device is reached? */
static bool is_spoken_of(const struct rec *record, const char *device)
{
	return get_key(record, device, "host") || get_key(record, device, "bridge") ||
	       get_key(record, device, "tap");
}

static int add_key(
    struct rec *record, const char *device, const char *key, const char *value, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "net.%s.%s", device, key);
	return rec_add(record, buf_str(&path), value, fault);
}

static int add_default(
    struct rec *record, const char *device, const char *key, const char *value, struct fault *fault)
{
	return get_key(record, device, key) ? 0 : add_key(record, device, key, value, fault);
}

/* What mirari-tap would call the device's tap. */
static int tap_of(
    const struct rec *record, const char *device, char into[IFNAMSIZ], struct fault *fault)
{
	struct netdevs all A_CLEANUP(netdevs_free) = {0};
	struct rec probe A_CLEANUP(rec_free) = {0};

	if (rec_add(&probe, "name", rec_get(record, "name"), fault) < 0 ||
	    add_key(&probe, device, "dhcp", "false", fault) < 0 ||
	    netdevs_read(&probe, &all, fault) < 0)
		return -1;
	memcpy(into, all.items[0].tap, IFNAMSIZ);
	return 0;
}

/* A device that is there, and of which nothing else is said. */
static int add_bare_networks(const struct image *image, struct rec *record, struct fault *fault)
{
	for (size_t i = 0; i < image->device_count; i++)
		if (image->devices[i].type == DEVICE_NET_BASIC &&
		    add_default(record, image->devices[i].name, "nat", "false", fault) < 0)
			return -1;
	return 0;
}

static int add_networks(const struct image *image, struct rec *record, struct fault *fault)
{
	struct strv given A_CLEANUP(strv_free) = {0};

	for (size_t i = 0; i < image->device_count; i++) {
		const char *device = image->devices[i].name;
		struct buf host A_CLEANUP(buf_free) = {0};
		char tap[IFNAMSIZ];

		if (image->devices[i].type != DEVICE_NET_BASIC || is_spoken_of(record, device))
			continue;
		if (tap_of(record, device, tap, fault) < 0 ||
		    subnet_choose(rec_get(record, "name"), device, tap, &given, &host, fault) < 0 ||
		    add_key(record, device, "host", buf_str(&host), fault) < 0 ||
		    add_default(record, device, "dhcp", "true", fault) < 0 ||
		    add_default(record, device, "nat", "true", fault) < 0)
			return -1;
		strv_add(&given, buf_str(&host));
	}
	return 0;
}

/* Its network is made there, by whoever knows what is free. */
static int describe_elsewhere(
    const char *path, const struct image *image, struct rec *record, struct fault *fault)
{
	struct rec checked A_CLEANUP(rec_free) = {0};

	if (!strcmp(image->target, "xen"))
		return add_bare_networks(image, record, fault) < 0
			   ? -1
			   : attach_check(image, path, record, fault);
	for (size_t i = 0; i < record->count; i++)
		rec_borrow(&checked, &record->fields[i]);
	if (add_bare_networks(image, &checked, fault) < 0)
		return -1;
	return attach_check(image, path, &checked, fault);
}

int binary_describe(const char *path, const char *name, const struct strv *settings,
    struct image *image, struct rec *record, struct fault *fault)
{
	if (imagefile_read(path, image, fault) < 0 ||
	    add_identity(path, name, image, record, fault) < 0 ||
	    rec_apply(record, settings, fault) < 0)
		return -1;
	if (check_record(record, fault) < 0) {
		fault->status = EX_USAGE; /* we have made all else */
		return -1;
	}
	/* a program with a network stack of its own looks like any other: it has to be said */
	if (!strcmp(rec_get(record, "target"), "unix-direct") &&
	    !strcmp(image->target, "unix-socket")) {
		image->target = "unix-direct";
		return 0;
	}
	if (strcmp(rec_get(record, "deploy"), "local"))
		return describe_elsewhere(path, image, record, fault);
	if (add_networks(image, record, fault) < 0)
		return -1;
	return attach_check(image, path, record, fault);
}
