/* Reading a configuration in YAML: what yaml_in.c (sections and keys) and yaml_compound.c (mappings
 * that stand for several keys) share. Each function takes the value that begins with the stream's
 * current event, and reports what is wrong with it. */
#ifndef MIRARI_MODEL_YAML_READER_H
#define MIRARI_MODEL_YAML_READER_H

#include "model/config.h"
#include "model/yaml_stream.h"

struct reader {
	struct yaml_stream in;
	struct config *config;
	struct buf path;   /* the key that is being read: "net.eth0" */
	const char *scope; /* "" or a target */
	struct rec *into;
};

/* Reports the value's type, and passes over it. */
void yaml_wrong_type(struct reader *r, const char *expected);

/* The scalar as a value of the key, with `before` in front. */
void yaml_add_scalar(struct reader *r, const struct key *key, const char *before);

/* The path back to its first `length` bytes, and a segment behind it. */
void yaml_set_path(struct reader *r, size_t length, const char *segment);

/* The value of a key that isn't a section, by its entry. */
void yaml_read_leaf(struct reader *r, struct place at, const struct key *key);

/* main: { noip: Hello.main } is main.kind=noip and main.entry=Hello.main. */
void yaml_read_main(struct reader *r);

/* A key whose value may be a mapping that stands for several: switch, net.DEV.bridge. False when it
 * isn't one, or its value is none. */
bool yaml_read_compound(struct reader *r, struct place at, const struct key *key);

/* A switch by its name alone: what another one is made of doesn't concern it. */
void yaml_read_switch_name(struct reader *r, struct place at, const struct key *key);

#endif
