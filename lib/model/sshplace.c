#include "model/sshplace.h"

#include "model/value.h"

#include <string.h>

static const char scheme[] = "ssh://";

void sshplace_free(struct sshplace *p)
{
	buf_free(&p->user);
	buf_free(&p->host);
	buf_free(&p->port);
}

bool sshplace_parse(const char *text, struct sshplace *into)
{
	const char *rest = text + strlen(scheme), *at;
	size_t length;

	if (strncmp(text, scheme, strlen(scheme)) || !value_fits(VALUE_DEPLOY, text))
		return false;
	if ((at = strchr(rest, '@'))) {
		buf_add(&into->user, rest, (size_t)(at - rest));
		rest = at + 1;
	}
	if (*rest == '[') {
		length = strcspn(++rest, "]");
		buf_add(&into->host, rest, length++);
	} else {
		length = strcspn(rest, ":");
		buf_add(&into->host, rest, length);
	}
	if (rest[length] == ':')
		buf_adds(&into->port, rest + length + 1);
	return true;
}

void sshplace_typed(const struct sshplace *p, struct buf *into)
{
	if (p->port.length)
		buf_printf(into, "-p %s ", buf_str(&p->port));
	if (p->user.length)
		buf_printf(into, "%s@", buf_str(&p->user));
	buf_adds(into, buf_str(&p->host));
}

void sshplace_known(const struct sshplace *p, struct buf *into)
{
	const char *port = buf_str(&p->port);

	if (*port && strcmp(port, "22"))
		buf_printf(into, "[%s]:%s", buf_str(&p->host), port);
	else
		buf_adds(into, buf_str(&p->host));
}
