/*
 * The types of values: what each accepts, in one place. A value that passed may be put where its
 * type says; text still goes through the escaping of the language that it ends up in.
 */
#ifndef MIRARI_MODEL_VALUE_H
#define MIRARI_MODEL_VALUE_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum value_type {
	VALUE_TEXT,      /* anything that a record can carry */
	VALUE_PATH,      /* a path; not empty */
	VALUE_BUILD_DIR, /* a relative path below a directory whose name begins with _ */
	VALUE_WORD,      /* one of a few words */
	VALUE_INTEGER,   /* decimal, within bounds */
	VALUE_BOOLEAN,   /* true or false; yes, no, on and off are read as these */
	VALUE_NAME, /* a unikernel's: [A-Za-z0-9][A-Za-z0-9._+-]*, at most VALUE_NAME_MAX bytes */
	VALUE_ADDRESS,     /* IPv4 or IPv6 */
	VALUE_LISTEN,      /* an address, or * for all */
	VALUE_IPV4,        /* dotted quad */
	VALUE_NETMASK,     /* dotted quad, ones before zeros */
	VALUE_CIDR,        /* ADDRESS/PREFIX */
	VALUE_MAC,         /* six hexadecimal bytes, unicast */
	VALUE_INTERFACE,   /* a Linux interface name */
	VALUE_TAP,         /* a name that we give a tap */
	VALUE_OCAML_VALUE, /* Module.value */
	VALUE_FINDLIB,     /* a findlib library: lwt.unix */
	VALUE_PACKAGE,    /* an opam package, with or without a version: lwt, lwt.5.6.1, lwt>=5.0 */
	VALUE_SWITCH,     /* an opam switch: a name, or a directory */
	VALUE_COMPILER,   /* what a switch is made of: an opam package, or a compiler's version */
	VALUE_REPOSITORY, /* NAME=URL, an opam repository */
	VALUE_DEPLOY,     /* local, ec2, ssh://[USER@]HOST[:PORT] */
	VALUE_USER,       /* a user's or group's name or number */
	VALUE_PORTS,      /* [ADDRESS:]HOST:GUEST[/tcp|/udp] */
	VALUE_SIZE        /* bytes: 64M, 1G (model/size.h) */
};

enum { VALUE_NAME_MAX = 64 };

struct value_rule {
	enum value_type type;
	const char *words; /* VALUE_WORD: separated by blanks */
	uint64_t min, max; /* VALUE_INTEGER */
};

/* As the manual calls it: "integer". */
const char *value_type_name(enum value_type type);

/* True when the value is fine. *normal, if set, is then what to store instead of it (a static
 * string). Else what was expected has been appended to *expected ("a whole number from 1 to 9"). */
bool value_check(
    const struct value_rule *rule, const char *value, const char **normal, struct buf *expected);

/* Whether it is fine, and no more, for a type that needs neither words nor bounds. */
bool value_fits(enum value_type type, const char *value);

#endif
