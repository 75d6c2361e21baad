/*
 * A YAML document as libyaml's events, with what no configuration may have refused on the way:
 * aliases, anchors, tags, deep nesting, bytes that aren't UTF-8. Problems go into a report.
 */
#ifndef MIRARI_MODEL_YAML_STREAM_H
#define MIRARI_MODEL_YAML_STREAM_H

#include "core/buf.h"
#include "core/report.h"

#include <stdbool.h>
#include <yaml.h>

struct yaml_stream {
	const char *file; /* borrowed, as the text is */
	const struct buf *text;
	struct report *report;
	size_t skipped; /* bytes of a byte order mark */
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	bool held;          /* it is ours to delete */
	bool stop;          /* nothing more can be read; why has been reported */
	size_t depth; /* of the mappings and lists that are open; the readers of mappings count */
};

int stream_open(
    struct yaml_stream *y, const char *file, const struct buf *text, struct report *report);
void stream_close(struct yaml_stream *y);

/* Moves to the next event; false when there is none to be had. */
bool stream_next(struct yaml_stream *y);

/* Moves to the next key of a mapping; false at its end, or when reading has stopped. What can't be
 * a key (no scalar, too long, with a '.' or a NUL in it) is reported and passed over with its
 * value. */
bool stream_next_key(struct yaml_stream *y);

/* Reports what no later line can mend, and stops; true when reading has stopped. */
bool stream_refused(struct yaml_stream *y);

/* Passes over the value that begins with the current event. */
void stream_skip(struct yaml_stream *y);

/* The current event: where it is; its text, if it is a scalar; whether it is a value of nothing at
 * all, as left behind when a section's lines are commented out. */
struct place stream_here(const struct yaml_stream *y);
const char *stream_scalar(const struct yaml_stream *y);
bool stream_is_nothing(const struct yaml_stream *y);

#endif
