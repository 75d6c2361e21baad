/* A place that is reached by ssh, in its parts: ssh://[USER@]HOST[:PORT] of RFC 3986's form, as
 * VALUE_DEPLOY (model/value.h) has it. */
#ifndef MIRARI_MODEL_SSHPLACE_H
#define MIRARI_MODEL_SSHPLACE_H

#include "core/attr.h"
#include "core/buf.h"

#include <stdbool.h>

struct sshplace {
	struct buf user; /* empty: ssh's choice, as the port */
	struct buf host; /* without brackets */
	struct buf port;
};

/* False when it is no such place: that is also one whose host or user ssh could take for something
 * else, since these begin with neither '-' nor have anything but letters, digits and ._+-: in them.
 */
bool sshplace_parse(const char *text, struct sshplace *into) A_MUST_CHECK;
void sshplace_free(struct sshplace *p);

/* Appends what somebody types behind `ssh`: "-p 2222 root@example.org". */
void sshplace_typed(const struct sshplace *p, struct buf *into);

/* Appends the host as known_hosts has it: "[example.org]:2222". */
void sshplace_known(const struct sshplace *p, struct buf *into);

#endif
