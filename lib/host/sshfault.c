#include "host/sshfault.h"

#include "core/shell.h"

#include <string.h>

enum hint { NO_HINT, LOOK_UP, REACH, LISTENS, ACCEPT, REMOVE_KEY, COPY_ID, PRIVATE, BY_HAND };

/* The first that fits counts: what is more exact stands before what follows from it. */
static const struct {
	const char *said;
	int status;
	const char *text;
	enum hint hint;
} known[] = {
    {"UNPROTECTED PRIVATE KEY FILE", EX_NOPERM, "ssh doesn't use a key that others can read",
	PRIVATE},
    {"HOST IDENTIFICATION HAS CHANGED", EX_UNAVAILABLE,
	"its host key is another one than before: it was set up again, or somebody else answers",
	REMOVE_KEY},
    {"REVOKED HOST KEY", EX_UNAVAILABLE, "its host key is marked as revoked", NO_HINT},
    {"Host key verification failed", EX_UNAVAILABLE, "its host key isn't known here", ACCEPT},
    {"Permission denied (", EX_NOPERM, "it doesn't let us in", COPY_ID},
    {"Too many authentication failures", EX_NOPERM,
	"it doesn't let us in, as ssh has tried too many keys", BY_HAND},
    {"Name or service not known", EX_UNAVAILABLE, "there is no such host", LOOK_UP},
    {"No address associated", EX_UNAVAILABLE, "there is no such host", LOOK_UP},
    {"Temporary failure in name resolution", EX_UNAVAILABLE,
	"no name server answers, so that the host can't be looked up", LOOK_UP},
    {"Could not resolve hostname", EX_UNAVAILABLE, "the host can't be looked up", LOOK_UP},
    {"No route to host", EX_UNAVAILABLE, "there is no route to it", REACH},
    {"Network is unreachable", EX_UNAVAILABLE, "there is no route to it", REACH},
    {"Connection refused", EX_UNAVAILABLE, "connection refused: no ssh server listens there",
	LISTENS},
    {"during banner exchange", EX_UNAVAILABLE, "what listens there isn't an ssh server, or hangs",
	BY_HAND},
    {"timed out", EX_UNAVAILABLE, "it doesn't answer", REACH},
    {"no matching ", EX_UNAVAILABLE, "it and ssh have no method in common", BY_HAND},
    {"Bad owner or permissions", EX_DATAERR, "ssh doesn't take its configuration", NO_HINT},
    {"configuration option", EX_DATAERR, "ssh doesn't take its configuration", NO_HINT},
    {"user config file", EX_NOINPUT, "ssh can't read its configuration", NO_HINT},
    {"open refused", EX_UNAVAILABLE,
	"it doesn't take another session on this connection (MaxSessions of its sshd_config)",
	NO_HINT},
    {"Connection closed by", EX_UNAVAILABLE, "it ended the connection", BY_HAND},
    {"Connection reset by", EX_UNAVAILABLE, "it ended the connection", BY_HAND},
    {"closed by remote host", EX_UNAVAILABLE, "it ended the connection", BY_HAND},
};

/* The command of ssh that somebody types, with words between it and the host. */
static void add_ssh(
    const char *program, const struct sshplace *at, const char *config, struct buf *into)
{
	buf_adds(into, program);
	if (config) {
		buf_adds(into, " -F ");
		shell_word(into, config);
	}
	buf_addc(into, ' ');
	sshplace_typed(at, into);
}

static void add_hint(
    enum hint hint, const struct sshplace *at, const char *config, struct fault *fault)
{
	struct buf ssh A_CLEANUP(buf_free) = {0}, copy A_CLEANUP(buf_free) = {0};
	struct buf key A_CLEANUP(buf_free) = {0};
	const char *host = buf_str(&at->host);

	add_ssh("ssh", at, config, &ssh);
	add_ssh("ssh-copy-id", at, config, &copy);
	sshplace_known(at, &key);
	switch (hint) {
	case NO_HINT:
		break;
	case LOOK_UP:
		fault_hint(fault, "getent hosts %s", host);
		break;
	case REACH:
		fault_hint(fault, "ping %s", host);
		break;
	case LISTENS:
		fault_hint(fault, "start sshd on %s, or give its port: ssh://%s:PORT", host, host);
		break;
	case ACCEPT:
		fault_hint(fault, "once, by hand, comparing the fingerprint: %s", buf_str(&ssh));
		break;
	case REMOVE_KEY:
		fault_hint(fault,
		    "only if you know why it has changed: ssh-keygen -R '%s', then by hand: %s",
		    buf_str(&key), buf_str(&ssh));
		break;
	case COPY_ID:
		fault_hint(fault, "%s; a key with a passphrase needs ssh-add", buf_str(&copy));
		break;
	case PRIVATE:
		fault_hint(fault, "chmod 600 the key, then: %s", buf_str(&ssh));
		break;
	case BY_HAND:
		fault_hint(fault, "%s", buf_str(&ssh));
		break;
	}
}

/* The line that ends at most there, without CR. */
static void line_before(const char *said, size_t length, struct buf *into)
{
	const char *end, *start;

	while (length && strchr("\r\n ", said[length - 1]))
		length--;
	end = said + length;
	for (start = end; start > said && start[-1] != '\n'; start--)
		;
	buf_add(into, start, (size_t)(end - start));
}

int sshfault(const char *place, const struct sshplace *at, const char *config, const char *said,
    struct fault *fault)
{
	struct buf line A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		const char *found = strstr(said, known[i].said);

		if (!found)
			continue;
		line_before(said, (size_t)(found - said) + strcspn(found, "\n"), &line);
		if (known[i].hint == NO_HINT)
			fault_set(fault, known[i].status, "%s: %s: %s", place, known[i].text,
			    buf_str(&line));
		else
			fault_set(fault, known[i].status, "%s: %s", place, known[i].text);
		add_hint(known[i].hint, at, config, fault);
		return -1;
	}
	/* the last, in which it gives up */
	line_before(said, strlen(said), &line);
	fault_set(fault, EX_UNAVAILABLE, "%s: ssh: %s", place,
	    line.length ? buf_str(&line) : "ended without saying why");
	add_hint(BY_HAND, at, config, fault);
	return -1;
}
