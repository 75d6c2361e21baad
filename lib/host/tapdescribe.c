/* The record of mirari-tap exec, from what the command line says. */
#include "host/tapexec.h"

#include "model/value.h"

#include <string.h>

#define DEVICE "service" /* MirageOS's name for a unikernel's first one */
#define HOST "10.0.0.1/24"

/* ---- the record ---------------------------------------------------------------------------------
 */

static bool is_described(const struct rec *record, const char *device)
{
	struct buf section A_CLEANUP(buf_free) = {0};

	buf_printf(&section, "net.%s.", device);
	for (size_t i = 0; i < record->count; i++)
		if (!strncmp(record->fields[i].key, buf_str(&section), section.length))
			return true;
	return false;
}

/* Taps are named by unikernel and device: two programs shall not have the same. */
static int default_name(const struct tapexec *e, struct rec *record, struct fault *fault)
{
	const char *program = e->command->items[0], *slash = strrchr(program, '/');

	program = slash ? slash + 1 : program;
	if (rec_get(record, "name") || !value_fits(VALUE_NAME, program))
		return 0;
	return rec_add(record, "name", program, fault);
}

/* Without root somebody may want no more than a network: then the device is as most have it. */
static int add_defaults(const char *device, struct rec *record, struct fault *fault)
{
	struct buf key A_CLEANUP(buf_free) = {0};

	buf_printf(&key, "net.%s.host", device);
	if (rec_get(record, buf_str(&key)))
		return 0;
	if (rec_add(record, buf_str(&key), HOST, fault) < 0)
		return -1;
	buf_clear(&key);
	buf_printf(&key, "net.%s.dhcp", device);
	return rec_get(record, buf_str(&key)) ? 0 : rec_add(record, buf_str(&key), "true", fault);
}

int tapexec_describe(const struct tapexec *e, const struct netgiven *given, const char *device,
    const struct strv *settings, struct rec *record, struct fault *fault)
{
	struct buf first A_CLEANUP(buf_free) = {0};
	const char *of_record;
	bool described;
	size_t length;

	if (rec_apply(record, settings, fault) < 0 || default_name(e, record, fault) < 0)
		return -1;
	of_record = netdev_first(record, &length);
	described = device || netgiven_any(given);
	buf_add(&first, of_record ? of_record : DEVICE, of_record ? length : strlen(DEVICE));
	device = device ? device : buf_str(&first);
	if (netgiven_add(given, device, NULL, record, fault) < 0)
		return -1;
	if (e->rootless && (described || !of_record))
		return add_defaults(device, record, fault);
	if (described && !is_described(record, device))
		return fault_set(fault, EX_USAGE, "device %s: nothing is said of it", device);
	return 0;
}
