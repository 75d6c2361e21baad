/*
 * Network namespaces for tests: everything happens in ones that the test made, and that end with
 * it. A socket stays in the namespace it was made in, so that one process can talk from everywhere.
 */
#ifndef MIRARI_T_NETNS_H
#define MIRARI_T_NETNS_H

#include "core/proc.h"
#include "host/nftcmd.h"

#include "scratch.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

static inline void netns_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	scratch_need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

/* The first of these programs (nft and ip) that isn't there, or NULL. */
static inline const char *netns_lacks(void)
{
	static const char *const programs[] = {"nft", "ip"};
	struct buf path A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < COUNT_OF(programs); i++)
		if (nftcmd_find(programs[i], &path) < 0)
			return programs[i];
	return NULL;
}

/* Into a new network namespace, as root of a user namespace that has nothing else: no privilege
 * outside is needed, or tested. False where that isn't allowed. */
static inline bool netns_enter_alone(void)
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	netns_write("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %u 1", uid);
	netns_write("/proc/self/uid_map", map);
	snprintf(map, sizeof map, "0 %u 1", gid);
	netns_write("/proc/self/gid_map", map);
	return true;
}

/* The same, but as root of the machine where we are that. */
static inline bool netns_enter(void)
{
	return (geteuid() == 0 && unshare(CLONE_NEWNET) == 0) || netns_enter_alone();
}

static inline int netns_self(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	scratch_need(fd >= 0, "/proc/self/ns/net");
	return fd;
}

static inline void netns_go(int ns)
{
	scratch_need(setns(ns, CLONE_NEWNET) == 0, "setns");
}

/* Another one; we stay where we are. */
static inline int netns_new(void)
{
	int here = netns_self(), ns;

	scratch_need(unshare(CLONE_NEWNET) == 0, "unshare");
	ns = netns_self();
	netns_go(here);
	close(here);
	return ns;
}

static inline int netns_socket(int ns, int family, int type, int protocol)
{
	int here = netns_self(), fd;

	netns_go(ns);
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	scratch_need(fd >= 0, "socket");
	netns_go(here);
	close(here);
	return fd;
}

/* Runs a command in the namespace, its words separated by blanks; false if it fails. */
static inline bool netns_try(int ns, const char *words, struct buf *out)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf said A_CLEANUP(buf_free) = {0};
	int here = netns_self(), status = -1;
	struct fault fault;

	for (; *words; words += strspn(words, " ")) {
		size_t length = strcspn(words, " ");

		if (!command.count && !memchr(words, '/', length)) {
			struct buf program A_CLEANUP(buf_free) = {0},
					   path A_CLEANUP(buf_free) = {0};

			buf_add(&program, words, length);
			scratch_need(nftcmd_find(buf_str(&program), &path) == 0, buf_str(&program));
			strv_add(&command, buf_str(&path));
		} else {
			strv_add_bytes(&command, words, length);
		}
		words += length;
	}
	netns_go(ns);
	if (proc_capture(&command, NULL, out ? out : &said, &status, &fault) < 0)
		printf("# %s\n", fault.text);
	netns_go(here);
	close(here);
	return status == 0;
}

static inline A_PRINTF(2, 3) void netns_run(int ns, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	if (netns_try(ns, words, NULL))
		return;
	printf("# failed: %s\n", words);
	exit(EXIT_FAILURE);
}

/* A cable between two namespaces. */
static inline void netns_cable(int a, const char *name_a, int b, const char *name_b)
{
	netns_run(a, "ip link add %s type veth peer name %s netns /proc/%d/fd/%d", name_a, name_b,
	    (int)getpid(), b);
	netns_run(a, "ip link set dev %s up", name_a);
	netns_run(b, "ip link set dev %s up", name_b);
}

static inline struct sockaddr_in netns_address(const char *address, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	scratch_need(inet_pton(AF_INET, address, &in.sin_addr) == 1, address);
	return in;
}

#endif
