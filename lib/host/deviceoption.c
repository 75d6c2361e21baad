#include "host/deviceoption.h"

#include "core/buf.h"
#include "model/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int add(
    const char *section, const char *key, const char *word, struct rec *record, struct fault *fault)
{
	size_t length =
	    strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	const char *value = word + length + 1;
	struct buf name A_CLEANUP(buf_free) = {0}, whole A_CLEANUP(buf_free) = {0};
	char *here;

	if (!length || word[length] != '=')
		return fault_set(fault, EX_USAGE, "'%s' is not DEVICE=%s", word, key);
	if (!strcmp(key, "path") && *value != '/' && *value && rec_get(record, "config.dir")) {
		here = get_current_dir_name();
		if (!here)
			return fault_errno(fault, 0, errno, "the working directory");
		buf_printf(&whole, "%s/", here);
		free(here);
	}
	buf_adds(&whole, value);
	buf_printf(&name, "%s.%.*s.%s", section, (int)length, word, key);
	return rec_add(record, buf_str(&name), buf_str(&whole), fault);
}

static int add_all(const char *section, const char *key, const struct strv *words,
    struct rec *record, struct fault *fault)
{
	for (size_t i = 0; i < words->count; i++)
		if (add(section, key, words->items[i], record, fault) < 0)
			return -1;
	return 0;
}

int deviceoptions_apply(
    const struct deviceoptions *o, const char *to, struct rec *record, struct fault *fault)
{
	if (add_all("net", to, &o->nets, record, fault) == 0 &&
	    add_all("net", "mac", &o->macs, record, fault) == 0 &&
	    add_all("block", "path", &o->blocks, record, fault) == 0 &&
	    (!o->memory || rec_add(record, "memory", o->memory, fault) == 0) &&
	    check_record(record, fault) == 0)
		return 0;
	fault->status = EX_USAGE;
	return -1;
}

void deviceoptions_free(struct deviceoptions *o)
{
	strv_free(&o->nets);
	strv_free(&o->macs);
	strv_free(&o->blocks);
}
