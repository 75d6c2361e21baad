#include "host/rootless_slirp.h"

#include "core/buf.h"
#include "core/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *protocol(const struct rootless_port *port)
{
	return port->udp ? "udp" : "tcp";
}

static const char *address(const struct rootless_port *port)
{
	return port->address ? port->address : "0.0.0.0";
}

/* ---- can they be had? ---- */

static int cannot_have(const struct rootless_port *port, int error, struct fault *fault)
{
	int status = error == EACCES ? EX_NOPERM : EX_CANTCREAT;

	fault_errno(fault, status, error, "%s port %u of %s", protocol(port), (unsigned)port->port,
	    address(port));
	if (error == EADDRINUSE)
		return fault_hint(fault,
		    "see who has it: ss -nlp%c 'sport = :%u'; or publish another port",
		    port->udp ? 'u' : 't', (unsigned)port->port);
	if (error == EACCES)
		return fault_hint(fault,
		    "publish a higher port, or once: sudo sysctl -w "
		    "net.ipv4.ip_unprivileged_port_start=%u",
		    (unsigned)port->port);
	if (error == EADDRNOTAVAIL)
		return fault_hint(fault, "no interface has that address, see: ip -4 addr");
	return -1;
}

/* As libslirp does: a TCP port may linger from connections that have ended. */
static int try_port(const struct rootless_port *port, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) =
	    socket(AF_INET, (port->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port->port)};
	int on = 1;

	if (fd < 0)
		return fault_errno(fault, 0, errno, "socket");
	if (port->port == 0 || inet_pton(AF_INET, address(port), &at.sin_addr) != 1)
		return fault_set(fault, EX_USAGE, "%s port %u of '%s': %s", protocol(port),
		    (unsigned)port->port, address(port),
		    port->port ? "that is no IPv4 address" : "there is no port 0");
	if (!port->udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return fault_errno(fault, 0, errno, "setsockopt");
	if (bind(fd, (const struct sockaddr *)&at, sizeof at) < 0 ||
	    (!port->udp && listen(fd, 1) < 0))
		return cannot_have(port, errno, fault);
	return 0;
}

/* Each is tried for itself, so one that is wanted twice isn't seen by that. */
static bool overlap(const struct rootless_port *a, const struct rootless_port *b)
{
	const char *all = "0.0.0.0";

	return a->udp == b->udp && a->port == b->port &&
	       (!strcmp(address(a), address(b)) || !strcmp(address(a), all) ||
		   !strcmp(address(b), all));
}

int slirp_try_ports(const struct rootless *want, struct fault *fault)
{
	for (size_t i = 0; i < want->count; i++) {
		if (try_port(&want->ports[i], fault) < 0)
			return -1;
		for (size_t j = 0; j < i; j++)
			if (overlap(&want->ports[i], &want->ports[j]))
				return fault_set(fault, EX_USAGE, "%s port %u is wanted twice",
				    protocol(&want->ports[i]), (unsigned)want->ports[i].port);
	}
	return 0;
}

/* ---- slirp4netns(1), "API SOCKET" ---- */

enum { ANSWER_MAX = 4096 };

static int set_timeout(int fd, int64_t deadline)
{
	int64_t left = deadline - slirp_clock();
	struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};

	if (left <= 0) { /* which means no limit to setsockopt */
		errno = EAGAIN;
		return -1;
	}
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0
		   ? -1
		   : setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* One connection a request: it is read once, up to our shutdown, and answered. -1 with errno. */
static int ask(int api, const struct buf *request, int64_t deadline, struct buf *answer)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd A_CLEANUP(fd_close) = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n = 0;

	snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/api", api);
	if (fd < 0 || set_timeout(fd, deadline) < 0 ||
	    connect(fd, (const struct sockaddr *)&at, sizeof at) < 0 ||
	    fd_write(fd, buf_str(request), request->length) < 0 || shutdown(fd, SHUT_WR) < 0)
		return -1;
	do {
		char *end = buf_reserve(answer, ANSWER_MAX / 4);

		if (!end)
			break;
		n = read(fd, end, ANSWER_MAX / 4);
		buf_grew(answer, n > 0 ? (size_t)n : 0);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

/* {"return":{"id":1}}, or {"error":{"desc":"…"}} with nothing in the text that needs escaping. */
static int judge(const struct buf *answer, const struct rootless_port *port, struct fault *fault)
{
	static const char said[] = "\"desc\":\"";
	const char *text = buf_str(answer), *reason = strstr(text, said);

	if (strstr(text, "\"return\"") && !strstr(text, "\"error\""))
		return 0;
	reason = reason ? reason + strlen(said) : text;
	fault_set(fault, EX_CANTCREAT, "%s port %u of %s: slirp4netns can't have it: %.*s",
	    protocol(port), (unsigned)port->port, address(port), (int)strcspn(reason, "\""),
	    *text ? reason : "no answer");
	return fault_hint(fault, "somebody may have taken it just now: try again");
}

/* The address has been read by inet_pton: there is nothing in it to escape. */
static int forward(int api, const struct rootless_port *port, int64_t deadline, struct fault *fault)
{
	struct buf request A_CLEANUP(buf_free) = {0};
	struct buf answer A_CLEANUP(buf_free) = {.max = ANSWER_MAX};

	buf_printf(&request,
	    "{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\",\"host_addr\":\"%s\","
	    "\"host_port\":%u,\"guest_addr\":\"%s\",\"guest_port\":%u}}",
	    protocol(port), address(port), (unsigned)port->port, ROOTLESS_ADDRESS,
	    (unsigned)port->port);
	if (ask(api, &request, deadline, &answer) < 0)
		return fault_errno(fault, EX_UNAVAILABLE, errno, "ask slirp4netns for %s port %u",
		    protocol(port), (unsigned)port->port);
	return judge(&answer, port, fault);
}

int slirp_forward(
    struct slirp *s, const struct rootless *want, int64_t deadline, struct fault *fault)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < want->count; i++)
		result = forward(s->api, &want->ports[i], deadline, fault);
	if (s->api >= 0)
		(void)unlinkat(s->api, "api", 0); /* nobody else could reach it either */
	fd_close(&s->api);
	return result;
}
