/*
 * Any bytes as a file that could be run: no crash, and what is made of it is a record that every
 * tool accepts. Read in pieces, as from a disk, they are the same.
 */
#include "core/rec.h"
#include "model/check.h"
#include "model/image.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good)
{
	if (!good)
		abort();
}

struct pieces {
	const uint8_t *bytes;
	size_t size;
};

static int read_piece(void *context, uint64_t offset, void *into, size_t length, const char *name,
    struct fault *fault)
{
	const struct pieces *pieces = context;

	(void)name, (void)fault;
	need(length && offset <= pieces->size && length <= pieces->size - offset);
	memcpy(into, pieces->bytes + offset, length);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image image, again;
	struct pieces pieces = {data, size};
	struct image_source source = {.size = size, .read = read_piece, .context = &pieces};
	struct rec record A_CLEANUP(rec_free) = {0};
	struct fault fault, other;
	int result = image_parse(data, size, "file", &image, &fault);

	need(image_parse_source(&source, "file", &again, &other) == result);
	if (result < 0) {
		need(fault.status == EX_DATAERR && !strncmp(fault.text, "file: ", 6));
		need(!strcmp(fault.text, other.text));
		return 0;
	}
	need(image.boot && image.arch && image.boot == again.boot);
	need(image_write(&image, &record, &fault) == 0 && check_record(&record, &fault) == 0);
	return 0;
}
