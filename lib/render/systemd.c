#include "render/systemd.h"

#include "model/keys.h"
#include "model/limits.h"
#include "model/value.h"
#include "render/systemd_text.h"

#include <string.h>

/* What a line of the unit depends on. */
enum {
	SYSTEM = 1,   /* for the machine's manager */
	ROOTLESS = 2, /* for a user's */
	GUEST = 4,    /* a tender or QEMU: only what it has been given concerns it */
	PROGRAM = 8,  /* a program of this system, which may use the host's network */
	NETWORK = 16, /* mirari-tap exec */
	ALONE = 32,   /* no network */
	TAPS = SYSTEM | NETWORK,
	NAT = 64,
	KVM = 128,
	NO_CODE = 512,  /* it makes no memory executable */
	UNASKED = 1024, /* nobody asks for the personality */
	ROOT = 2048,
	USER = 4096,    /* systemd changes users, */
	BECOMES = 8192, /* or mirari-tap exec does */
	OWN_TMP = 16384,
	NO_HOME = 32768,
	READ_HOME = 65536,
	NO_DEVICE = 131072,
	DEVICES = 262144
};

struct line {
	const char *text;
	unsigned when; /* all of these */
};

static const struct line ending[] = {
    {"KillMode=control-group", TAPS},
    {"KillMode=mixed", ALONE},
    {"KillMode=mixed", ROOTLESS | NETWORK},
};

/* What it may do. */
static const struct line rights[] = {
    {"NoNewPrivileges=yes", 0},
    {"CapabilityBoundingSet=", SYSTEM | GUEST | ALONE},
    /* a namespace of its own begins with a full set */
    {"CapabilityBoundingSet=", ROOTLESS},
    {"CapabilityBoundingSet=CAP_NET_BIND_SERVICE", SYSTEM | PROGRAM | ALONE},
    {"AmbientCapabilities=CAP_NET_BIND_SERVICE", SYSTEM | PROGRAM | ALONE | USER},
    {"CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SETPCAP", TAPS | ROOT},
    {"CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SETPCAP CAP_SETUID CAP_SETGID",
	TAPS | BECOMES},
    {"RestrictSUIDSGID=yes", 0},
    {"RestrictRealtime=yes", 0},
    {"LockPersonality=yes", UNASKED},
    {"MemoryDenyWriteExecute=yes", NO_CODE},
    {"RemoveIPC=yes", USER},
    {"UMask=0077", GUEST},
};

/* Which calls. Refused ones fail, as what asks for more than it needs mostly goes on without. */
static const struct line calls[] = {
    {"SystemCallArchitectures=native", 0},
    {"SystemCallErrorNumber=EPERM", 0},
    {"SystemCallFilter=@system-service seccomp", 0},
    {"SystemCallFilter=~@privileged @resources", 0},
    {"SystemCallFilter=capset setgroups setresuid", NETWORK},
    {"SystemCallFilter=@mount @chown", ROOTLESS | NETWORK},
    {"RestrictNamespaces=yes", ALONE},
    {"RestrictNamespaces=yes", TAPS},
    {"RestrictNamespaces=user net mnt", ROOTLESS | NETWORK},
    {"RestrictAddressFamilies=none", GUEST | ALONE},
    {"RestrictAddressFamilies=AF_NETLINK AF_PACKET AF_INET", GUEST | TAPS},
    {"RestrictAddressFamilies=AF_NETLINK AF_PACKET AF_UNIX AF_INET AF_INET6",
	GUEST | ROOTLESS | NETWORK},
    {"RestrictAddressFamilies=AF_NETLINK AF_UNIX AF_INET AF_INET6", PROGRAM | ALONE},
    {"RestrictAddressFamilies=AF_NETLINK AF_PACKET AF_UNIX AF_INET AF_INET6", PROGRAM | NETWORK},
    /* a tap's packets are none of its sockets' */
    {"IPAddressDeny=any", SYSTEM | GUEST},
};

/* What it sees. A user's manager can do this in a user namespace only: without PrivateUsers= it
 * passes over the rest in silence. With a network of the host's, other processes have to be seen
 * (core/procid.h); in one of its own, /proc/sys/net is written to. */
static const struct line view[] = {
    {"PrivateUsers=yes", ROOTLESS},
    {"PrivateUsers=yes", SYSTEM | GUEST | ALONE},
    {"PrivateNetwork=yes", GUEST | ALONE},
    {"PrivateIPC=yes", 0},
    {"PrivateMounts=yes", 0},
    {"PrivateTmp=yes", OWN_TMP},
    {"PrivateDevices=yes", NO_DEVICE},
    {"DevicePolicy=closed", SYSTEM | DEVICES},
    {"DeviceAllow=/dev/net/tun rw", TAPS},
    {"DeviceAllow=/dev/kvm rw", SYSTEM | KVM},
    {"ProtectSystem=strict", 0},
    /* which leaves it out where file systems of the kernel are protected, too (systemd 252): with
     * /run/systemd/system in it, and root without a capability is still its owner */
    {"ReadOnlyPaths=/run", 0},
    {"ProtectHome=yes", NO_HOME},
    {"ProtectHome=read-only", READ_HOME},
    {"ProtectProc=invisible", ALONE},
    {"ProcSubset=pid", GUEST | ALONE},
    {"ProtectKernelTunables=yes", ALONE},
    {"ProtectKernelTunables=yes", TAPS},
    {"ReadWritePaths=/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf", TAPS | NAT},
    {"ProtectKernelModules=yes", 0},
    {"ProtectKernelLogs=yes", 0},
    {"ProtectControlGroups=yes", 0},
    {"ProtectClock=yes", 0},
    {"ProtectHostname=yes", 0},
};

static void put_lines(const struct line *lines, size_t count, unsigned is, struct buf *into)
{
	for (size_t i = 0; i < count; i++)
		if ((lines[i].when & ~is) == 0)
			buf_printf(into, "%s\n", lines[i].text);
}

/* ---- what the unit is about ---------------------------------------------------------------------
 */

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return !strncmp(path, directory, length) && (path[length] == '/' || path[length] == '\0');
}

static bool mentions(const struct strv *words, const char *directory)
{
	/* a path may follow an option's name, or a device's */
	for (size_t i = 0; words && i < words->count; i++)
		for (const char *at = strchr(words->items[i], '/'); at; at = strchr(at + 1, '/'))
			if (is_below(at, directory))
				return true;
	return false;
}

/* Is anything there of use to it? */
static bool uses(const struct systemd_unit *u, const char *directory)
{
	return is_below(u->dir, directory) || mentions(u->command, directory) ||
	       mentions(u->clean_up, directory) || mentions(u->environment, directory) ||
	       mentions(u->writable, directory);
}

static unsigned what_it_is(const struct systemd_unit *u)
{
	bool home = uses(u, "/home") || uses(u, "/root") || uses(u, "/run/user");
	bool devices = u->kvm || u->network || mentions(u->writable, "/dev");
	bool solo5 = !strcmp(u->target, "hvt") || !strcmp(u->target, "spt");
	unsigned is = 0;

	is |= u->rootless ? ROOTLESS : SYSTEM;
	is |= target_is_solo5(u->target) ? GUEST : PROGRAM;
	is |= u->network ? NETWORK : ALONE;
	/* what cleans up may find NAT of others, who were killed */
	is |= u->nat || u->clean_up ? NAT : 0;
	is |= u->kvm ? KVM : 0;
	is |= u->jit || !strcmp(u->target, "spt") ? 0 : NO_CODE;
	is |= solo5 ? 0 : UNASKED;
	is |= !u->user ? ROOT : u->network ? BECOMES : USER;
	is |= uses(u, "/tmp") || uses(u, "/var/tmp") ? 0 : OWN_TMP;
	is |= home ? READ_HOME : NO_HOME;
	is |= devices ? DEVICES : NO_DEVICE;
	return is;
}

/* ---- its parts ----------------------------------------------------------------------------------
 */

static bool is_assignment(const char *item)
{
	static const char letters[] =
	    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t name = strspn(item, letters);

	if (!name || item[name] != '=' || strspn(item, "0123456789"))
		return false;
	for (const char *c = item + name; *c; c++)
		if (((unsigned char)*c < ' ' && *c != '\t' && *c != '\n') || *c == 0x7f)
			return false;
	return true;
}

static int put_environment(const struct systemd_unit *u, struct buf *into, struct fault *fault)
{
	for (size_t i = 0; u->environment && i < u->environment->count; i++) {
		const char *item = u->environment->items[i];

		if (!is_assignment(item))
			return fault_set(fault, EX_DATAERR,
			    "environment: '%s' is no NAME=VALUE that systemd takes", item);
		buf_adds(into, "Environment=");
		if (systemd_word("environment", item, into, fault) < 0)
			return -1;
		buf_addc(into, '\n');
	}
	return 0;
}

/* Without a network systemd changes users; else mirari-tap exec does, to whom sudo would name. */
static void put_user(const struct systemd_unit *u, struct buf *into)
{
	if (!u->user)
		return;
	if (u->network)
		buf_printf(
		    into, "Environment=SUDO_UID=%u SUDO_GID=%u\n", u->user->uid, u->user->gid);
	else
		buf_printf(into, "User=%u\nGroup=%u\n", u->user->uid, u->user->gid);
}

static int put_program(const struct systemd_unit *u, struct buf *into, struct fault *fault)
{
	buf_printf(into, "Type=exec\nSyslogIdentifier=%s\nWorkingDirectory=", u->name);
	if (systemd_directory("working directory", u->dir, into, fault) < 0)
		return -1;
	buf_addc(into, '\n');
	if (put_environment(u, into, fault) < 0)
		return -1;
	put_user(u, into);
	buf_adds(into, "ExecStart=");
	if (systemd_command("command", u->command, into, fault) < 0)
		return -1;
	buf_addc(into, '\n');
	if (!u->clean_up)
		return 0;
	/* it can fail without the unit's having failed */
	buf_adds(into, "ExecStopPost=-");
	if (systemd_command("clean up", u->clean_up, into, fault) < 0)
		return -1;
	buf_addc(into, '\n');
	return 0;
}

static bool has_steps(const struct systemd_unit *u)
{
	return u->version >= SYSTEMD_WITH_STEPS;
}

/* Starting again in a row, without having lasted, is counted by how long that can take. */
static void put_limit(const struct systemd_unit *u, struct buf *into)
{
	unsigned longest =
	    RESTART_LASTED / 1000 + (has_steps(u) ? RESTART_WAIT_MAX / 1000 : SYSTEMD_WAIT_SECONDS);

	if (u->restart.when == RESTART_NO)
		return;
	if (!u->restart.limit) {
		buf_adds(into, "StartLimitIntervalSec=0\n");
		return;
	}
	buf_printf(into, "StartLimitBurst=%u\nStartLimitIntervalSec=%llu\n", u->restart.limit + 1,
	    (unsigned long long)u->restart.limit * longest);
}

/* RESTART_WAIT_FIRST doubled so often is RESTART_WAIT_MAX, or nearly. */
enum { STEPS = 9 };

static void put_restart(const struct systemd_unit *u, struct buf *into)
{
	const struct restart *r = &u->restart;

	buf_printf(into, "Restart=%s\n",
	    r->when == RESTART_NO       ? "no"
	    : r->when == RESTART_ALWAYS ? "always"
					: "on-failure");
	/* what ends by our SIGTERM has done as it was told */
	buf_adds(into, "SuccessExitStatus=143\n");
	if (r->when == RESTART_NO)
		return;
	if (r->when == RESTART_ON_FAILURE)
		/* somebody else's signals are a failure, which for systemd some of them aren't */
		buf_adds(into, "RestartPreventExitStatus=64 126 127\n"
			       "RestartForceExitStatus=143 SIGHUP SIGINT SIGTERM SIGPIPE\n");
	if (has_steps(u))
		buf_printf(into, "RestartSec=%ums\nRestartSteps=%u\nRestartMaxDelaySec=%us\n",
		    RESTART_WAIT_FIRST, STEPS, RESTART_WAIT_MAX / 1000);
	else
		buf_printf(into,
		    "# From systemd %d on: RestartSec=%ums, RestartSteps=%u, "
		    "RestartMaxDelaySec=%us\n"
		    "RestartSec=%us\n",
		    SYSTEMD_WITH_STEPS, RESTART_WAIT_FIRST, STEPS, RESTART_WAIT_MAX / 1000,
		    SYSTEMD_WAIT_SECONDS);
}

static int put_resources(const struct systemd_unit *u, struct buf *into, struct fault *fault)
{
	struct processors ignored;

	if (u->memory_max)
		buf_printf(into, "MemoryMax=%llu\n", (unsigned long long)u->memory_max);
	if (u->cpus_percent)
		buf_printf(into, "CPUQuota=%u%%\n", u->cpus_percent);
	if (!u->cpuset)
		return 0;
	if (!limits_cpuset(u->cpuset, &ignored))
		return fault_set(fault, EX_DATAERR,
		    "cpuset: expected numbers and ranges such as 0-3,5, not '%s'", u->cpuset);
	buf_printf(into, "AllowedCPUs=%s\n", u->cpuset);
	return 0;
}

static int put_writable(const struct systemd_unit *u, struct buf *into, struct fault *fault)
{
	for (size_t i = 0; u->writable && i < u->writable->count; i++) {
		const char *path = u->writable->items[i];
		bool device = is_below(path, "/dev");

		buf_adds(into, device ? "DeviceAllow=" : "ReadWritePaths=");
		if (systemd_path("writable", path, into, fault) < 0)
			return -1;
		buf_adds(into, device ? " rw\n" : "\n");
	}
	return 0;
}

static int check(const struct systemd_unit *u, struct fault *fault)
{
	if (!value_fits(VALUE_NAME, u->name))
		return fault_set(fault, EX_DATAERR, "'%s' is no name of a unikernel", u->name);
	if (target_find(u->target) < 0 || !strcmp(u->target, "xen"))
		return fault_set(fault, EX_DATAERR, "no service can run the target %s", u->target);
	if (u->rootless && u->user)
		return fault_set(
		    fault, EX_DATAERR, "a user's service can't be run as another user");
	return 0;
}

int systemd_render(const struct systemd_unit *u, struct buf *into, struct fault *fault)
{
	unsigned is;

	if (check(u, fault) < 0)
		return -1;
	is = what_it_is(u);
	buf_printf(into, "[Unit]\nDescription=Unikernel %s (%s)\n", u->name, u->target);
	if (!u->rootless)
		/* nftables.service begins with no rules at all, ours included */
		buf_printf(into, "After=network.target%s\n", u->nat ? " nftables.service" : "");
	put_limit(u, into);
	buf_adds(into, "\n[Service]\n");
	if (put_program(u, into, fault) < 0)
		return -1;
	put_restart(u, into);
	put_lines(ending, COUNT_OF(ending), is, into);
	buf_printf(into, "TimeoutStopSec=%us\n", SYSTEMD_STOP_SECONDS);
	if (put_resources(u, into, fault) < 0)
		return -1;
	buf_addc(into, '\n');
	put_lines(rights, COUNT_OF(rights), is, into);
	put_lines(calls, COUNT_OF(calls), is, into);
	put_lines(view, COUNT_OF(view), is, into);
	if (put_writable(u, into, fault) < 0)
		return -1;
	buf_printf(
	    into, "\n[Install]\nWantedBy=%s.target\n", u->rootless ? "default" : "multi-user");
	return 0;
}
