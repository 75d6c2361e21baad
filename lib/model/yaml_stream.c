#include "model/yaml_stream.h"

#include <string.h>

enum { DEPTH_MAX = 32, KEY_MAX_BYTES = 255 };

int stream_open(
    struct yaml_stream *y, const char *file, const struct buf *text, struct report *report)
{
	const char *bytes = buf_str(text);

	*y = (struct yaml_stream){.file = file, .text = text, .report = report};
	if (!yaml_parser_initialize(&y->parser)) {
		report_error(report, (struct place){.file = file}, "libyaml: out of memory");
		y->stop = true;
		return -1;
	}
	/* with an encoding set, libyaml leaves the byte order mark to us */
	y->skipped = text->length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &y->parser, (const unsigned char *)bytes + y->skipped, text->length - y->skipped);
	return 0;
}

void stream_close(struct yaml_stream *y)
{
	if (y->held)
		yaml_event_delete(&y->event);
	y->held = false;
	yaml_parser_delete(&y->parser);
}

static struct place place_of(const struct yaml_stream *y, yaml_mark_t mark)
{
	return (struct place){y->file, mark.line + 1, mark.column + 1};
}

struct place stream_here(const struct yaml_stream *y)
{
	return place_of(y, y->event.start_mark);
}

/* libyaml gives the reader's errors (bad UTF-8, control characters) as an offset in the bytes. */
static struct place offset_place(const struct yaml_stream *y, size_t offset)
{
	struct place at = {y->file, 1, 1};

	for (size_t i = y->skipped; i < offset + y->skipped && i < y->text->length; i++) {
		unsigned char c = (unsigned char)y->text->bytes[i];

		if (c == '\n') {
			at.line++;
			at.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

static void report_parser(struct yaml_stream *y)
{
	const yaml_parser_t *p = &y->parser;
	const char *problem = p->problem ? p->problem : "cannot be read";
	struct report *report = y->report;

	if (p->error == YAML_READER_ERROR)
		report_error(report, offset_place(y, p->problem_offset), "%s (byte 0x%02x)",
		    problem, p->problem_value < 0 ? 0 : (unsigned)p->problem_value);
	else if (p->context)
		report_error(report, place_of(y, p->problem_mark), "%s, %s (from line %zu)",
		    problem, p->context, p->context_mark.line + 1);
	else
		report_error(report, place_of(y, p->problem_mark), "%s", problem);
}

bool stream_next(struct yaml_stream *y)
{
	if (y->held)
		yaml_event_delete(&y->event);
	y->held = false;
	if (y->stop)
		return false;
	if (!yaml_parser_parse(&y->parser, &y->event)) {
		report_parser(y);
		y->stop = true;
		return false;
	}
	y->held = true;
	return true;
}

const char *stream_scalar(const struct yaml_stream *y)
{
	return (const char *)y->event.data.scalar.value;
}

bool stream_is_nothing(const struct yaml_stream *y)
{
	return y->event.type == YAML_SCALAR_EVENT && y->event.data.scalar.length == 0 &&
	       y->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool has_tag(const struct yaml_stream *y)
{
	switch (y->event.type) {
	case YAML_SCALAR_EVENT:
		return y->event.data.scalar.tag || y->event.data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return y->event.data.sequence_start.tag || y->event.data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return y->event.data.mapping_start.tag || y->event.data.mapping_start.anchor;
	default:
		return y->event.type == YAML_ALIAS_EVENT;
	}
}

bool stream_refused(struct yaml_stream *y)
{
	if (has_tag(y)) {
		report_error(y->report, stream_here(y),
		    "anchors, aliases and tags are not accepted: write the value out");
		y->stop = true;
	} else if (y->depth > DEPTH_MAX) {
		report_error(y->report, stream_here(y), "nested deeper than %d levels", DEPTH_MAX);
		y->stop = true;
	}
	return y->stop;
}

void stream_skip(struct yaml_stream *y)
{
	size_t open = 0;

	do {
		switch (y->event.type) {
		case YAML_MAPPING_START_EVENT:
		case YAML_SEQUENCE_START_EVENT:
			open++;
			y->depth++;
			break;
		case YAML_MAPPING_END_EVENT:
		case YAML_SEQUENCE_END_EVENT:
			open--;
			y->depth--;
			break;
		default:
			break;
		}
		if (stream_refused(y))
			return;
	} while (open && stream_next(y));
}

static bool is_key(const struct yaml_stream *y)
{
	return y->event.type == YAML_SCALAR_EVENT && y->event.data.scalar.length &&
	       y->event.data.scalar.length <= KEY_MAX_BYTES &&
	       strcspn(stream_scalar(y), ".") == y->event.data.scalar.length;
}

bool stream_next_key(struct yaml_stream *y)
{
	while (stream_next(y) && y->event.type != YAML_MAPPING_END_EVENT && !stream_refused(y)) {
		if (is_key(y))
			return true;
		report_error(y->report, stream_here(y),
		    "expected a key in front of ':', of at most %d bytes and without '.'",
		    KEY_MAX_BYTES);
		stream_skip(y);
		if (stream_next(y) && !stream_refused(y))
			stream_skip(y);
	}
	return false;
}
