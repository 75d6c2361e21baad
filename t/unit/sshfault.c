/* What ssh says becomes a fault with what to do; the places that ssh connects to. */
#include "host/sshfault.h"

#include "tap.h"

/* Recorded from OpenSSH 9.2 with BatchMode=yes and LogLevel=ERROR. */
static const struct {
	const char *said;
	int status;
	const char *text, *hint; /* parts of what is to be said; "" for no hint */
} cases[] = {
    {"Host key verification failed.\r\n", EX_UNAVAILABLE, "its host key isn't known here",
	"by hand, comparing the fingerprint: ssh -F 'my config' -p 2222 me@example.org"},
    {"@@@@@@@@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"
     "Host key for [127.0.0.1]:22022 has changed and you have requested strict checking.\r\n"
     "Host key verification failed.\r\n",
	EX_UNAVAILABLE, "another one than before", "ssh-keygen -R '[example.org]:2222'"},
    {"root@127.0.0.1: Permission denied (publickey).\r\n", EX_NOPERM, "doesn't let us in",
	"ssh-copy-id -F 'my config' -p 2222 me@example.org"},
    {"@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\r\n"
     "root@127.0.0.1: Permission denied (publickey).\r\n",
	EX_NOPERM, "a key that others can read", "chmod 600"},
    {"Received disconnect from 127.0.0.1 port 22022:2: Too many authentication failures\r\n",
	EX_NOPERM, "too many keys", "ssh -F"},
    {"ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n", EX_UNAVAILABLE,
	"connection refused", "ssh://example.org:PORT"},
    {"ssh: Could not resolve hostname nosuch.invalid: Name or service not known\r\n",
	EX_UNAVAILABLE, "there is no such host", "getent hosts example.org"},
    {"ssh: Could not resolve hostname x: Temporary failure in name resolution\r\n", EX_UNAVAILABLE,
	"no name server answers", "getent"},
    {"ssh: connect to host 192.0.2.1 port 22: Network is unreachable\r\n", EX_UNAVAILABLE,
	"no route", "ping example.org"},
    {"ssh: connect to host 192.0.2.1 port 22: No route to host\r\n", EX_UNAVAILABLE, "no route",
	"ping"},
    {"ssh: connect to host 192.0.2.1 port 22: Connection timed out\r\n", EX_UNAVAILABLE,
	"doesn't answer", "ping"},
    {"Connection timed out during banner exchange\r\n"
     "Connection to 127.0.0.1 port 22023 timed out\r\n",
	EX_UNAVAILABLE, "isn't an ssh server, or hangs", "ssh -F"},
    {"kex_exchange_identification: read: Connection reset by peer\r\n"
     "Connection reset by 127.0.0.1 port 22\r\n",
	EX_UNAVAILABLE, "it ended the connection", "ssh -F"},
    {"Unable to negotiate with 127.0.0.1 port 22: no matching host key type found. Their offer: "
     "ssh-dss\r\n",
	EX_UNAVAILABLE, "no method in common", "ssh -F"},
    {"command-line: line 0: Bad configuration option: bogus\r\n", EX_DATAERR,
	"Bad configuration option: bogus", ""},
    {"Bad owner or permissions on /home/me/.ssh/config\r\n", EX_DATAERR, "on /home/me/.ssh/config",
	""},
    {"Can't open user config file /none: No such file or directory\r\n", EX_NOINPUT, "/none", ""},
    {"mux_client_request_session: session request failed: Session open refused by peer\r\n",
	EX_UNAVAILABLE, "MaxSessions", ""},
    {"first\nwhat nobody has heard of\r\n\n", EX_UNAVAILABLE,
	"example.org:2222: ssh: what nobody has heard of", "ssh -F"},
    {"", EX_UNAVAILABLE, "without saying why", "ssh -F"},
};

static void faults(void)
{
	const char *place = "ssh://me@example.org:2222";
	struct sshplace at = {0};

	ok(sshplace_parse(place, &at), "the place");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fault fault = {.hint = ""};

		is_int(sshfault(place, &at, "my config", cases[i].said, &fault), -1, "-1");
		is_int(fault.status, cases[i].status, "status of: %.60s", cases[i].text);
		ok(strstr(fault.text, cases[i].text) && !strncmp(fault.text, place, strlen(place)),
		    "text: %s", fault.text);
		ok(*cases[i].hint ? strstr(fault.hint, cases[i].hint) != NULL : !*fault.hint,
		    "hint: %s", fault.hint);
		ok(!strpbrk(fault.text, "\r\n"), "one line");
	}
	sshplace_free(&at);
}

static void place(const char *text, const char *user, const char *host, const char *port,
    const char *typed, const char *known)
{
	struct buf words A_CLEANUP(buf_free) = {0}, name A_CLEANUP(buf_free) = {0};
	struct sshplace at A_CLEANUP(sshplace_free) = {0};

	ok(sshplace_parse(text, &at), "%s", text);
	is_str(buf_str(&at.user), user, "its user");
	is_str(buf_str(&at.host), host, "its host");
	is_str(buf_str(&at.port), port, "its port");
	sshplace_typed(&at, &words);
	is_str(buf_str(&words), typed, "typed");
	sshplace_known(&at, &name);
	is_str(buf_str(&name), known, "in known_hosts");
}

static void no_places(void)
{
	static const char *const wrong[] = {"", "local", "ec2", "ssh://", "ssh:/x", "ssh://@x",
	    "ssh://-oProxyCommand=touch%20x", "ssh://-x", "ssh://me@-x", "ssh://-l@x", "ssh://a b",
	    "ssh://x:", "ssh://x:0", "ssh://x:65536", "ssh://x:22x", "ssh://x:-1", "ssh://x/",
	    "ssh://x/y", "ssh://a@b@c", "ssh://a:b@c", "ssh://[::1", "ssh://::1]", "ssh://[x]",
	    "ssh://[::1]x", "ssh://[]", "ssh://[-x]", "ssh://x;y", "ssh://$(x)", "ssh://`x`",
	    "ssh://x'y", "ssh://x\ny", "ssh://x%y", "ssh://me\"@x", "ssh://m e@x", "ssh://x?y",
	    "ssh://x#y", "SSH://x", "ssh://.x", "ssh://\xff"};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct sshplace at A_CLEANUP(sshplace_free) = {0};

		ok(!sshplace_parse(wrong[i], &at), "no place: %zu", i);
	}
}

int main(void)
{
	faults();
	place("ssh://example.org", "", "example.org", "", "example.org", "example.org");
	place("ssh://me@h:22", "me", "h", "22", "-p 22 me@h", "h");
	place("ssh://root@[fe80::1]:2222", "root", "fe80::1", "2222", "-p 2222 root@fe80::1",
	    "[fe80::1]:2222");
	place("ssh://[::1]", "", "::1", "", "::1", "::1");
	place("ssh://_@a_b+c-d.e", "_", "a_b+c-d.e", "", "_@a_b+c-d.e", "a_b+c-d.e");
	no_places();
	return tap_end();
}
