/* What the fuzzers of configurations share. */
#ifndef MIRARI_FUZZ_H
#define MIRARI_FUZZ_H

#include "core/rec.h"
#include "core/utf8.h"
#include "model/check.h"
#include "model/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void reader(struct config *c, const struct buf *text);

/* The record borrows from the configuration. */
static bool resolves(reader *read, struct config *c, const struct buf *text, struct rec *record)
{
	read(c, text);
	config_resolve(c, NULL, record);
	return c->report.errors == 0;
}

static bool all_utf8(const struct rec *record)
{
	for (size_t i = 0; i < record->count; i++)
		if (!utf8_valid(record->fields[i].value, strlen(record->fields[i].value)))
			return false;
	return true;
}

static inline int fuzz_config(const uint8_t *data, size_t size, reader *read, const char *file)
{
	struct buf text A_CLEANUP(buf_free) = {0}, yaml A_CLEANUP(buf_free) = {0};
	struct buf one A_CLEANUP(buf_free) = {0}, two A_CLEANUP(buf_free) = {0};
	struct config first A_CLEANUP(config_free) = {.file = file};
	struct config second A_CLEANUP(config_free) = {.file = "again.yml"};
	struct rec record A_CLEANUP(rec_free) = {0}, again A_CLEANUP(rec_free) = {0};
	struct fault fault;

	buf_add(&text, data, size);
	if (!resolves(read, &first, &text, &record))
		return 0;
	if (check_record(&record, &fault) < 0)
		abort(); /* what the reader accepts, every tool accepts */
	if (yaml_write(&record, &yaml, &fault) < 0) {
		if (all_utf8(&record))
			abort();
		return 0;
	}
	if (!resolves(yaml_read, &second, &yaml, &again))
		abort();
	rec_write(&record, &one);
	rec_write(&again, &two);
	if (one.length != two.length || memcmp(one.bytes, two.bytes, one.length))
		abort();
	return 0;
}

#endif
