/*
 * Networking without root, with the real slirp4netns, in a network namespace of the test's own
 * that has an address for "outside". The test is the reaper of everything that it starts, so
 * that what is left of a killed caller shows as a child.
 */
#include "host/rootless.h"

#include "childcheck.h"
#include "core/fd.h"
#include "core/num.h"
#include "core/proc.h"
#include "host/caps.h"
#include "scratch.h"
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>

enum { NOBODY = 65534, PORT = 18080, TAKEN = 18090, OUTSIDE_PORT = 18100, GONE_MS = 2000 };

#define OUTSIDE "198.51.100.1"
#define INSTEAD "sudo mirari-tap up www --owner nobody"

static struct fault fault;
static bool is_root; /* of the machine: then callers are nobody */
static const char *self;

/* ---- the world around ---- */

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && fd_write(fd, text, strlen(text)) == 0;

	fd_close(&fd);
	return good;
}

static bool map_ids(unsigned inside, uid_t uid, gid_t gid)
{
	char text[64];
	bool good = put_text("/proc/self/setgroups", "deny");

	snprintf(text, sizeof text, "%u %u 1", inside, (unsigned)uid);
	good = good && put_text("/proc/self/uid_map", text);
	snprintf(text, sizeof text, "%u %u 1", inside, (unsigned)gid);
	return good && put_text("/proc/self/gid_map", text);
}

static int run_words(const char *const *words)
{
	struct strv command = {0};
	struct proc_io io = {.in = -1, .out = -1};
	int status = -1;

	strv_add_words(&command, words);
	if (proc_run(&command, &io, &status, &fault) < 0)
		status = fault.status;
	strv_free(&command);
	return status;
}
#define run(...) run_words((const char *const[]){__VA_ARGS__, NULL})

/* /dev/net/tun as udev has it, for this mount namespace only. */
static bool open_tun(void)
{
	struct stat st;

	if (is_root && stat("/dev/net/tun", &st) == 0 && (st.st_mode & 0666) != 0666) {
		scratch_need(mknod("tun", S_IFCHR, makedev(10, 200)) == 0, "mknod");
		scratch_need(chmod("tun", 0666) == 0, "chmod");
		scratch_need(mount("tun", "/dev/net/tun", NULL, MS_BIND, NULL) == 0, "mount");
	}
	return access("/dev/net/tun", R_OK | W_OK) == 0;
}

/* NULL, or what is missing. */
static const char *enter_world(void)
{
	struct buf path A_CLEANUP(buf_free) = {0};
	uid_t uid = geteuid();
	gid_t gid = getegid();

	int pidfd A_CLEANUP(fd_close) = pidfd_open(getpid(), 0);

	if (pidfd < 0)
		return "the kernel, or an emulator (valgrind), has no pidfd_open";
	if (proc_find("slirp4netns", &path) < 0)
		return "slirp4netns isn't installed";
	is_root = uid == 0 && setgroups(0, NULL) == 0;
	if (unshare((is_root ? 0 : CLONE_NEWUSER) | CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    (!is_root && !map_ids(0, uid, gid)))
		return "no user and network namespaces here";
	scratch_need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount");
	if (!open_tun())
		return "/dev/net/tun can't be opened";
	if (run("ip", "link", "set", "lo", "up") ||
	    run("ip", "address", "add", OUTSIDE "/32", "dev", "lo"))
		return "ip (iproute2) isn't installed";
	return NULL;
}

/* Waits for all descendants; true when there are none any more. */
static bool all_gone(int milliseconds)
{
	for (int i = 0; i <= milliseconds; i += 5, usleep(5000)) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return true;
	}
	return false;
}

static int field_of(int pid, const char *name, char *value, size_t size)
{
	char path[64], line[512];
	FILE *file;
	int found = -1;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "re");
	value[0] = '\0';
	while (file && found < 0 && fgets(line, sizeof line, file))
		if (!strncmp(line, name, strlen(name))) {
			snprintf(value, size, "%s", line + strlen(name) + 1);
			value[strcspn(value, "\n")] = '\0';
			found = 0;
		}
	if (file)
		fclose(file);
	return found;
}

/* The process of that name whose parent is `parent`; 0 when there is none. */
static pid_t find_child(pid_t parent, const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	scratch_need(proc != NULL, "/proc");
	while (!found && (entry = readdir(proc))) {
		uint64_t pid, above;
		char value[64];

		if (num_parse(entry->d_name, 1, INT_MAX, &pid) == NUM_OK &&
		    field_of((int)pid, "PPid:", value, sizeof value) == 0 &&
		    num_parse(value, 0, INT_MAX, &above) == NUM_OK && (pid_t)above == parent &&
		    field_of((int)pid, "Name:", value, sizeof value) == 0 && !strcmp(value, name))
			found = (pid_t)pid;
	}
	closedir(proc);
	return found;
}

/* ---- callers ---- */

struct caller {
	const struct rootless_port *ports;
	size_t count;
	bool stay_root;
	int (*inside)(const struct caller *);
	int to_test;      /* a byte says: entered */
	int from_test;    /* a byte, or its end: go on */
	uint16_t refused; /* a port that must be in the fault's text */
	int status;       /* the fault's, where one is expected */
	const char *text, *hint;
};

static bool become_user(const struct caller *c)
{
	return !is_root || c->stay_root || caps_become(NOBODY, NOBODY, &fault) == 0;
}

static int enter(const struct caller *c)
{
	const struct rootless want = {c->ports, c->count, INSTEAD};

	return rootless_enter(&want, &fault);
}

static int caller(const void *data)
{
	const struct caller *c = data;

	CHECK(become_user(c));
	CHECK(enter(c) == 0);
	return c->inside ? c->inside(c) : 0;
}

static ssize_t link_of(const char *path, char *into, size_t size)
{
	ssize_t n = readlink(path, into, size - 1);

	into[n > 0 ? n : 0] = '\0';
	return n;
}

/* One that must be refused: with the expected fault, and nothing changed. */
static int refused_caller(const void *data)
{
	const struct caller *c = data;
	char before[2][64], after[2][64];
	int open_before;

	CHECK(become_user(c));
	CHECK(!c->inside || c->inside(c) == 0);
	open_before = scratch_open_count();
	link_of("/proc/self/ns/user", before[0], 64);
	link_of("/proc/self/ns/net", before[1], 64);
	CHECK(enter(c) < 0);
	link_of("/proc/self/ns/user", after[0], 64);
	link_of("/proc/self/ns/net", after[1], 64);
	CHECK(fault.status == c->status);
	CHECK(strstr(fault.text, c->text));
	CHECK(strstr(fault.hint, c->hint));
	CHECK(before[0][0] && !strcmp(before[0], after[0]) && !strcmp(before[1], after[1]));
	CHECK(scratch_open_count() == open_before);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	return 0;
}

static void is_refused(const struct caller *c, const char *what)
{
	is_int(scratch_child(refused_caller, c), 0, "refused: %s", what);
	ok(all_gone(GONE_MS), "and nothing is left");
}

/* A caller that runs while the test does something: it goes on when the test says so. */
struct running {
	pid_t pid;
	int said, go;
};

static bool start(struct running *r, struct caller *c)
{
	int said[2], go[2];
	char byte;

	scratch_need(pipe2(said, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0, "pipe");
	fflush(stdout);
	r->pid = fork();
	scratch_need(r->pid >= 0, "fork");
	c->to_test = said[1];
	c->from_test = go[0];
	if (r->pid == 0) {
		close(said[0]);
		close(go[1]);
		_exit(caller(c));
	}
	close(said[1]);
	close(go[0]);
	r->said = said[0];
	r->go = go[1];
	return read(r->said, &byte, 1) == 1;
}

static int finish(struct running *r)
{
	int status;

	close(r->go);
	close(r->said);
	scratch_need(waitpid(r->pid, &status, 0) == r->pid, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool say_entered(const struct caller *c)
{
	return write(c->to_test, "e", 1) == 1;
}

static int wait_for_test(const struct caller *c)
{
	char byte;

	CHECK(say_entered(c));
	return read(c->from_test, &byte, 1) == 0 ? 0 : 1;
}

/* ---- what is inside ---- */

static bool interface_is(const char *name, const char *address, int mtu)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};
	struct sockaddr_in at;
	bool good;

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	good = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
	good = good && ioctl(fd, SIOCGIFADDR, &request) == 0;
	memcpy(&at, &request.ifr_addr, sizeof at);
	good = good && at.sin_addr.s_addr == inet_addr(address);
	good = good && ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu == mtu;
	close(fd);
	return good;
}

static bool can_make_tap(void)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = {.ifr_name = "mir0", .ifr_flags = IFF_TAP | IFF_NO_PI};
	bool good = fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0;

	close(fd);
	return good;
}

static int as_expected(const struct caller *c)
{
	struct buf routes A_CLEANUP(buf_free) = {0};
	uid_t uid = is_root && !c->stay_root ? NOBODY : 0;
	struct stat st;
	char byte;
	int fd;

	CHECK(geteuid() == uid && getuid() == uid && getgid() == uid);
	CHECK(caps_have(CAP_NET_ADMIN) && caps_have(CAP_SYS_ADMIN) && caps_have(CAP_SETPCAP));
	CHECK(setgroups(0, NULL) < 0 && errno == EPERM);
	CHECK(interface_is("lo", "127.0.0.1", 65536));
	CHECK(interface_is(ROOTLESS_UPLINK, ROOTLESS_ADDRESS, ROOTLESS_MTU));
	CHECK(file_read("/proc/self/net/route", EX_OSERR, &routes, &fault) == 0);
	CHECK(strstr(buf_str(&routes), ROOTLESS_UPLINK "\t00000000\t0202000A"));
	CHECK(can_make_tap());
	CHECK(put_text("/proc/sys/net/ipv4/ip_forward", "1"));
	fd = open("open/file", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == uid && st.st_gid == uid);
	close(fd);
	unlink("open/file");
	/* nothing runs below us, so a program will have no unknown child */
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	CHECK(say_entered(c));
	return read(c->from_test, &byte, 1) == 0 ? 0 : 1;
}

/* What runs beside the caller: none of it in its session, on its terminal, or with its rights. */
static void look_beside(const struct running *r)
{
	pid_t monitor = find_child(getpid(), "mirari-rootless");
	pid_t slirp = monitor ? find_child(monitor, "slirp4netns") : 0;
	char value[256];

	ok(monitor && slirp, "a monitor runs, and slirp4netns below it");
	ok(getsid(monitor) == monitor && getsid(slirp) == monitor &&
		getsid(r->pid) != getsid(monitor),
	    "in a session of their own");
	field_of(monitor, "CapEff:", value, sizeof value);
	is_str(value, "0000000000000000", "the monitor has no capability");
	field_of(slirp, "CapEff:", value, sizeof value);
	is_str(value, "0000000000000400", "slirp4netns has CAP_NET_BIND_SERVICE only");
	field_of(slirp, "Seccomp:", value, sizeof value);
	is_str(value, "2", "and a filter");
}

static void test_inside(bool stay_root)
{
	static const struct rootless_port ports[] = {{false, NULL, PORT}};
	struct caller c = {
	    .ports = ports, .count = 1, .stay_root = stay_root, .inside = as_expected};
	struct running r;

	ok(start(&r, &c), "%s enters", stay_root ? "root" : "a user");
	look_beside(&r);
	is_int(finish(&r), 0, "all that it should have is there");
	ok(all_gone(GONE_MS), "its end is the end of all");
}

/* ---- traffic ---- */

static struct sockaddr_in at(const char *address, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	scratch_need(inet_pton(AF_INET, address, &in.sin_addr) == 1, address);
	return in;
}

static int listener(int type, const char *address, int port)
{
	struct sockaddr_in in = at(address, port);
	struct timeval limit = {.tv_sec = 5};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	scratch_need(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	scratch_need(bind(fd, (struct sockaddr *)&in, sizeof in) == 0, "bind");
	scratch_need(type == SOCK_DGRAM || listen(fd, 5) == 0, "listen");
	return fd;
}

static int connected(int type, const char *address, int port)
{
	struct sockaddr_in in = at(address, port);
	struct timeval limit = {.tv_sec = 5};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	scratch_need(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Sends a word, and wants the answer. */
static bool exchange(int fd, const char *word, const char *answer)
{
	char got[64] = "";

	return fd >= 0 && send(fd, word, strlen(word), MSG_NOSIGNAL) == (ssize_t)strlen(word) &&
	       recv(fd, got, sizeof got - 1, 0) > 0 && !strcmp(got, answer);
}

static bool answer_tcp(int listening, const char *word, const char *answer)
{
	char got[64] = "";
	int fd = accept(listening, NULL, NULL);
	bool good = fd >= 0 && recv(fd, got, sizeof got - 1, 0) > 0 && !strcmp(got, word) &&
		    send(fd, answer, strlen(answer), MSG_NOSIGNAL) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static bool answer_udp(int fd, const char *word, const char *answer)
{
	char got[64] = "";
	struct sockaddr_in from;
	socklen_t length = sizeof from;

	return recvfrom(fd, got, sizeof got - 1, 0, (struct sockaddr *)&from, &length) > 0 &&
	       !strcmp(got, word) &&
	       sendto(fd, answer, strlen(answer), 0, (struct sockaddr *)&from, length) > 0;
}

static int goes_out(const struct caller *c)
{
	int fd;

	CHECK(say_entered(c));
	fd = connected(SOCK_STREAM, OUTSIDE, OUTSIDE_PORT);
	CHECK(exchange(fd, "out?", "outside"));
	/* the host's own loopback is nobody's from here */
	CHECK(connected(SOCK_STREAM, ROOTLESS_GATEWAY, OUTSIDE_PORT + 1) < 0);
	return 0;
}

static void test_out(void)
{
	int outside = listener(SOCK_STREAM, OUTSIDE, OUTSIDE_PORT);
	int loopback = listener(SOCK_STREAM, "127.0.0.1", OUTSIDE_PORT + 1);
	struct caller c = {.inside = goes_out};
	struct running r;

	ok(start(&r, &c), "without ports it enters, too");
	ok(answer_tcp(outside, "out?", "outside"), "TCP from inside arrives outside");
	is_int(finish(&r), 0, "and is answered; the host's loopback isn't reached");
	ok(all_gone(GONE_MS), "nothing is left");
	close(outside);
	close(loopback);
}

static int answers_ports(const struct caller *c)
{
	int tcp = listener(SOCK_STREAM, ROOTLESS_ADDRESS, PORT);
	int udp = listener(SOCK_DGRAM, ROOTLESS_ADDRESS, PORT);
	int other = listener(SOCK_STREAM, ROOTLESS_ADDRESS, PORT + 1);

	CHECK(say_entered(c));
	CHECK(answer_tcp(tcp, "tcp?", "tcp!"));
	CHECK(answer_udp(udp, "udp?", "udp!"));
	CHECK(answer_tcp(other, "other?", "other!"));
	return 0;
}

static void test_in(void)
{
	static const struct rootless_port ports[] = {
	    {false, NULL, PORT}, {true, NULL, PORT}, {false, "127.0.0.1", PORT + 1}};
	struct caller c = {.ports = ports, .count = 3, .inside = answers_ports};
	struct running r;
	int fd;

	ok(start(&r, &c), "a caller with three ports");
	fd = connected(SOCK_STREAM, OUTSIDE, PORT);
	ok(exchange(fd, "tcp?", "tcp!"), "TCP to the host's port arrives inside");
	fd_close(&fd);
	fd = connected(SOCK_DGRAM, OUTSIDE, PORT);
	ok(exchange(fd, "udp?", "udp!"), "so does UDP");
	fd_close(&fd);
	ok(connected(SOCK_STREAM, OUTSIDE, PORT + 1) < 0, "a port of one address only");
	fd = connected(SOCK_STREAM, "127.0.0.1", PORT + 1);
	ok(exchange(fd, "other?", "other!"), "is that address's");
	fd_close(&fd);
	is_int(finish(&r), 0, "the caller has got all of it");
	ok(all_gone(GONE_MS), "nothing is left");
	fd = listener(SOCK_STREAM, "0.0.0.0", PORT);
	ok(fd >= 0, "the port is free again");
	close(fd);
}

/* ---- refused ---- */

static void refuse_port(
    bool udp, const char *address, uint16_t port, int status, const char *text, const char *hint)
{
	const struct rootless_port ports[] = {{false, NULL, PORT}, {udp, address, port}};
	struct caller c = {
	    .ports = ports, .count = 2, .status = status, .text = text, .hint = hint};

	is_refused(&c, text);
}

static void test_ports_refused(void)
{
	int tcp = listener(SOCK_STREAM, OUTSIDE, TAKEN), udp = listener(SOCK_DGRAM, OUTSIDE, TAKEN);

	refuse_port(false, NULL, TAKEN, EX_CANTCREAT, "tcp port 18090 of 0.0.0.0: Address already",
	    "ss -nlpt 'sport = :18090'");
	refuse_port(true, NULL, TAKEN, EX_CANTCREAT, "udp port 18090 of 0.0.0.0: Address already",
	    "ss -nlpu 'sport = :18090'");
	close(tcp);
	close(udp);
	refuse_port(false, NULL, 80, EX_NOPERM, "tcp port 80 of 0.0.0.0: Permission denied",
	    "net.ipv4.ip_unprivileged_port_start=80");
	refuse_port(false, "203.0.113.9", TAKEN, EX_CANTCREAT, "tcp port 18090 of 203.0.113.9",
	    "ip -4 addr");
	refuse_port(false, "127.0.0.1", PORT, EX_USAGE, "tcp port 18080 is wanted twice", "");
	refuse_port(false, NULL, 0, EX_USAGE, "there is no port 0", "");
	refuse_port(false, "1.2.3", TAKEN, EX_USAGE, "'1.2.3': that is no IPv4 address", "");
	refuse_port(false, "1.2.3.4\"}", TAKEN, EX_USAGE, "that is no IPv4 address", "");
}

static int without_path(const struct caller *c)
{
	(void)c;
	return setenv("PATH", "/no/such/directory", 1);
}

static int with_broken(const struct caller *c)
{
	(void)c;
	return setenv("PATH", "broken:/usr/bin:/bin", 1);
}

static int with_hanging(const struct caller *c)
{
	(void)c;
	return setenv("PATH", "hanging:/usr/bin:/bin", 1);
}

static void test_slirp_refused(void)
{
	struct caller none = {.inside = without_path,
	    .status = EXIT_NOT_FOUND,
	    .text = "slirp4netns",
	    .hint = "apt-get install slirp4netns"};
	struct caller broken = {.inside = with_broken,
	    .status = EX_UNAVAILABLE,
	    .text = "slirp4netns has failed: no luck; today",
	    .hint = ""};
	struct caller hanging = {.inside = with_hanging,
	    .status = EX_TEMPFAIL,
	    .text = "slirp4netns isn't ready: not within 10 seconds",
	    .hint = ""};

	scratch_need(mkdir("broken", 0755) == 0 && mkdir("hanging", 0755) == 0, "mkdir");
	scratch_put("broken/slirp4netns", 0755,
	    "#!/bin/sh\necho 'no luck' >&2; echo ' today' >&2; exit 1\n");
	/* it doesn't look at its exit pipe either */
	scratch_put("hanging/slirp4netns", 0755, "#!/bin/sh\nexec sleep 60\n");
	is_refused(&none, "no slirp4netns");
	is_refused(&broken, "one that fails");
	is_refused(&hanging, "one that hangs");
}

/* In a user namespace of its own, where the limit is its root's to set. */
static int limit(const char *path, const char *number)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	/* one that has changed users isn't dumpable */
	CHECK(unshare(CLONE_NEWUSER) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	CHECK(map_ids(0, uid, gid));
	CHECK(put_text(path, number));
	return 0;
}

static int no_user_namespaces(const struct caller *c)
{
	(void)c;
	return limit("/proc/sys/user/max_user_namespaces", "0");
}

static int one_user_namespace(const struct caller *c)
{
	(void)c;
	return limit("/proc/sys/user/max_user_namespaces", "1");
}

static int no_net_namespaces(const struct caller *c)
{
	(void)c;
	return limit("/proc/sys/user/max_net_namespaces", "0");
}

/* As containers do. */
static int filter_unshare(const struct caller *c)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {COUNT_OF(code), code};

	(void)c;
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	return 0;
}

static int in_chroot(const struct caller *c)
{
	(void)c;
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mkdir("jail", 0755) == 0 && mkdir("jail/proc", 0755) == 0);
	CHECK(mkdir("jail/tun", 0755) == 0 && mkdir("jail/dev", 0755) == 0);
	CHECK(mkdir("jail/dev/net", 0755) == 0);
	scratch_put("jail/slirp4netns", 0755, "");
	scratch_put("jail/dev/net/tun", 0666, "");
	CHECK(mount("/proc", "jail/proc", NULL, MS_BIND | MS_REC, NULL) == 0);
	CHECK(mount("/dev/net/tun", "jail/dev/net/tun", NULL, MS_BIND, NULL) == 0);
	CHECK(chroot("jail") == 0 && chdir("/") == 0 && setenv("PATH", "/", 1) == 0);
	return caps_become(NOBODY, NOBODY, &fault);
}

static void test_forbidden(void)
{
	struct caller c = {.inside = no_user_namespaces,
	    .status = EX_NOPERM,
	    .text = "user.max_user_namespaces is 0",
	    .hint = INSTEAD};

	is_refused(&c, c.text);
	c.inside = one_user_namespace;
	c.text = "the limit of 1 user namespaces";
	is_refused(&c, c.text);
	c.inside = no_net_namespaces;
	c.text = "user.max_net_namespaces is 0";
	is_refused(&c, c.text);
	c.inside = filter_unshare;
	c.text = "seccomp";
	is_refused(&c, c.text);
	if (!is_root) {
		tap_skip("refused: in a chroot", "needs root");
		return;
	}
	c.inside = in_chroot;
	c.stay_root = true;
	c.text = "no user namespaces in a chroot";
	is_refused(&c, c.text);
}

/* ---- the reasons, from files ---- */

static const struct obstacle {
	const char *file, *text; /* below proc */
	int error;
	const char *why; /* NULL: none */
} obstacles[] = {
    {"sys/kernel/unprivileged_userns_clone", "0\n", EPERM, "unprivileged_userns_clone is 0"},
    {"sys/kernel/unprivileged_userns_clone", "0\n", 0, "unprivileged_userns_clone is 0"},
    {"sys/kernel/unprivileged_userns_clone", "1\n", 0, NULL},
    {"sys/kernel/unprivileged_userns_clone", "0\n", ENOSPC, "the limit of -1"},
    {"sys/user/max_user_namespaces", "0\n", ENOSPC, "max_user_namespaces is 0"},
    {"sys/user/max_user_namespaces", "0\n", EPERM, "a chroot or a security module"},
    {"sys/user/max_user_namespaces", "7\n", EUSERS, "the limit of 7 user namespaces"},
    {"sys/user/max_user_namespaces", "7\n", 0, NULL},
    {"sys/user/max_user_namespaces", "", 0, NULL},
    {"sys/user/max_net_namespaces", "0\n", 0, "max_net_namespaces is 0"},
    {"sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", EACCES, "AppArmor allows"},
    {"sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", 0, "AppArmor allows"},
    {"sys/kernel/apparmor_restrict_unprivileged_userns", "0\n", 0, NULL},
    {"self/status", "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n", EPERM, "seccomp"},
    {"self/status", "Name:\tx\nSeccomp:\t0\n", EPERM, "a chroot or a security module"},
    {"self/mountinfo", "1 0 8:1 /srv/jail /proc rw - proc proc rw\n", EPERM, "in a chroot"},
    {"self/mountinfo", "1 0 8:1 / /proc rw - proc proc rw\n2 0 8:1 /a / rw - ext4 a rw", EPERM,
	"a chroot or a security module"},
    {"self/status", "", EINVAL, NULL},
    {"self/status", "", 0, NULL},
};

static void test_obstacles(void)
{
	static const char *const directories[] = {
	    "proc", "proc/self", "proc/self/ns", "proc/sys", "proc/sys/kernel", "proc/sys/user"};
	struct buf why A_CLEANUP(buf_free) = {0};

	ok(rootless_obstacle("proc", EPERM, &why), "without /proc there is a reason");
	is_str(buf_str(&why), "there is no /proc", "that one");
	for (size_t i = 0; i < COUNT_OF(directories); i++)
		scratch_need(mkdir(directories[i], 0755) == 0, directories[i]);
	buf_clear(&why);
	ok(rootless_obstacle("proc", EINVAL, &why) && strstr(buf_str(&why), "the kernel has no"),
	    "a kernel without them");
	scratch_put("proc/self/ns/user", 0644, "");
	scratch_put("proc/self/ns/net", 0644, "");
	for (size_t i = 0; i < COUNT_OF(obstacles); i++) {
		const struct obstacle *o = &obstacles[i];
		char path[128];
		bool found;

		snprintf(path, sizeof path, "proc/%s", o->file);
		scratch_put(path, 0644, o->text);
		buf_clear(&why);
		found = rootless_obstacle("proc", o->error, &why);
		ok(found == (o->why != NULL) && strstr(buf_str(&why), o->why ? o->why : ""),
		    "%s, error %d: %s", o->file, o->error, found ? buf_str(&why) : "nothing");
		unlink(path);
	}
}

/* ---- ends ---- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int stays(const struct caller *c)
{
	(void)c;
	for (;;)
		pause();
	return 0;
}

static int count_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	int count = 0, c;

	scratch_need(file != NULL, "mountinfo");
	while ((c = getc(file)) != EOF)
		count += c == '\n';
	fclose(file);
	return count;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	scratch_need(dir != NULL, path);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count == 2;
}

/* Killed at moments from the start to well after the end of entering. */
static void test_killed(void)
{
	static const struct rootless_port ports[] = {{false, NULL, PORT}, {true, NULL, PORT}};
	struct caller c = {.ports = ports, .count = 2, .inside = wait_for_test};
	int mounts = count_mounts(), times = 50, gone = 0;
	int64_t began = now_us(), takes;
	struct running r;

	ok(start(&r, &c), "entering takes a while");
	takes = now_us() - began;
	printf("#   %lld us\n", (long long)takes);
	is_int(finish(&r), 0, "which is measured");
	ok(all_gone(GONE_MS), "nothing is left");
	c.inside = stays;
	for (int i = 0; i < times; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		scratch_need(pid >= 0, "fork");
		if (pid == 0)
			_exit(caller(&c));
		usleep((useconds_t)(takes * 3 / 2 * i / times));
		kill(pid, SIGKILL);
		gone += all_gone(GONE_MS);
	}
	is_int(gone, times, "killed %d times, nothing was left", times);
	ok(is_empty("open"), "no file is left where temporary ones go");
	is_int(count_mounts(), mounts, "no mount is left");
}

static int becomes_sleep(const struct caller *c)
{
	/* the copies of our pipe end with exec, which is how the test sees it */
	CHECK(say_entered(c));
	execlp("sleep", "sleep", "60", NULL);
	return 1;
}

static void test_ends(void)
{
	struct caller c = {.inside = becomes_sleep};
	struct running r;
	pid_t monitor;
	char byte;

	ok(start(&r, &c) && read(r.said, &byte, 1) == 0, "a caller that executes a program");
	kill(r.pid, SIGKILL);
	is_int(finish(&r), 128 + SIGKILL, "which is killed");
	ok(all_gone(GONE_MS), "nothing is left");

	c.inside = wait_for_test;
	ok(start(&r, &c), "a caller whose monitor is killed");
	monitor = find_child(getpid(), "mirari-rootless");
	ok(monitor && kill(monitor, SIGKILL) == 0, "(killed)");
	for (int i = 0; i < GONE_MS && find_child(getpid(), "slirp4netns"); i += 10)
		usleep(10000);
	while (waitpid(monitor, NULL, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; i < GONE_MS && find_child(getpid(), "slirp4netns"); i += 10) {
		waitpid(find_child(getpid(), "slirp4netns"), NULL, WNOHANG);
		usleep(10000);
	}
	is_int(find_child(getpid(), "slirp4netns"), 0, "slirp4netns ends, too");
	is_int(finish(&r), 0, "the caller doesn't");
	ok(all_gone(GONE_MS), "nothing is left");
}

/* ---- circumstances ---- */

static int execs_ls(const struct caller *c)
{
	(void)c;
	execlp("ls", "ls", "/proc/self/fd", NULL);
	return 1;
}

static int only_standard(const void *data)
{
	const struct caller *c = data;

	CHECK(dup2(c->to_test, STDOUT_FILENO) >= 0 && close_range(3, ~0U, 0) == 0);
	return caller(data);
}

static int nothing_open(const void *data)
{
	if (close_range(0, ~0U, 0) < 0 || caller(data))
		return 1;
	/* the caller's are as they were: closed */
	return fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0 ? 0 : 2;
}

static int with_umask(const void *data)
{
	umask(0777);
	return caller(data);
}

static int without_sigchld(const void *data)
{
	sigset_t all;

	signal(SIGCHLD, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return caller(data);
}

static void test_circumstances(void)
{
	static const struct rootless_port ports[] = {{false, NULL, PORT}};
	struct caller c = {.ports = ports, .count = 1};
	struct buf listed A_CLEANUP(buf_free) = {0};

	is_int(scratch_child(nothing_open, &c), 0, "with no descriptor open it enters");
	ok(all_gone(GONE_MS), "nothing is left");
	is_int(scratch_child(with_umask, &c), 0, "with a umask of 0777");
	ok(all_gone(GONE_MS), "nothing is left");
	is_int(scratch_child(without_sigchld, &c), 0, "with SIGCHLD ignored, all blocked");
	ok(all_gone(GONE_MS), "nothing is left");

	c.to_test = scratch_input("", 0);
	c.inside = execs_ls;
	is_int(scratch_child(only_standard, &c), 0, "a program is executed");
	scratch_need(lseek(c.to_test, 0, SEEK_SET) == 0, "lseek");
	scratch_need(fd_read_all(c.to_test, "ls", &listed, &fault) == 0, "read");
	is_str(buf_str(&listed), "0\n1\n2\n3\n",
	    "which has the standard descriptors, and the one it looks by");
	close(c.to_test);
	ok(all_gone(GONE_MS), "nothing is left");
}

/* A program with a file capability isn't dumpable: its files in /proc are root's. */
static int run_copy(const void *data)
{
	(void)data;
	CHECK(caps_become(NOBODY, NOBODY, &fault) == 0);
	execl("./copy", "copy", "enter", NULL);
	return 1;
}

static void test_file_capability(void)
{
	static const char *const what = "a program with a file capability";

	if (!is_root || run("cp", self, "copy") || run("setcap", "cap_net_admin+ep", "copy")) {
		tap_skip(what, "needs root, and setcap (libcap2-bin)");
		return;
	}
	scratch_need(chmod("copy", 0755) == 0, "chmod");
	is_int(scratch_child(run_copy, NULL), 0, "%s enters", what);
	ok(all_gone(GONE_MS), "nothing is left");
}

static int entered_copy(void)
{
	static const struct rootless_port ports[] = {{false, NULL, PORT}};
	const struct caller c = {.ports = ports, .count = 1};

	CHECK(caps_standing() == CAPS_GIVEN && prctl(PR_GET_DUMPABLE) != 1);
	CHECK(enter(&c) == 0);
	CHECK(interface_is(ROOTLESS_UPLINK, ROOTLESS_ADDRESS, ROOTLESS_MTU));
	return 0;
}

static void test_real(void)
{
	const char *missing = enter_world();

	if (missing) {
		tap_skip("entering", missing);
		return;
	}
	test_inside(false);
	test_inside(true);
	test_out();
	test_in();
	test_ports_refused();
	test_slirp_refused();
	test_forbidden();
	test_circumstances();
	test_file_capability();
	test_ends();
	test_killed();
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], own[PATH_MAX], temporary[PATH_MAX + 8];

	if (argc == 2 && !strcmp(argv[1], "enter"))
		return entered_copy();
	scratch_need(realpath("/proc/self/exe", own) != NULL, "/proc/self/exe");
	self = own;
	scratch_enter(path);
	scratch_need(mkdir("open", 0777) == 0 && chmod("open", 0777) == 0, "mkdir");
	snprintf(temporary, sizeof temporary, "%s/open", path);
	setenv("TMPDIR", temporary, 1);
	setenv("XDG_RUNTIME_DIR", temporary, 1);
	scratch_need(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "prctl");
	test_obstacles();
	test_real();
	scratch_leave(path);
	return tap_end();
}
