/* Any bytes as a value of an xl file: no crash, and each text in it survives being written. */
#include "fuzz.h"

#include "model/xlvalue.h"
#include "render/xlfile.h"

static void survives(const char *text)
{
	struct buf written A_CLEANUP(buf_free) = {0}, why A_CLEANUP(buf_free) = {0};
	struct xlvalue v A_CLEANUP(xlvalue_free) = {0};

	xl_string(&written, text);
	if (xlvalue_read(buf_str(&written), &v, &why) < 0 || v.bare || v.kind != XLVALUE_STRING ||
	    v.items.count != 1 || strcmp(v.items.items[0], text) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text A_CLEANUP(buf_free) = {0}, why A_CLEANUP(buf_free) = {0};
	struct xlvalue v A_CLEANUP(xlvalue_free) = {0};

	buf_add(&text, data, size);
	if (xlvalue_read(buf_str(&text), &v, &why) < 0) {
		if (!why.length || v.items.count)
			abort();
	} else if (v.kind != XLVALUE_LIST && v.items.count != 1) {
		abort();
	}
	for (size_t i = 0; i < v.items.count; i++)
		survives(v.items.items[i]);
	survives(buf_str(&text));
	return 0;
}
