#include "host/doctor.h"

#include "host/firewall.h"
#include "host/nsprobe.h"

#include "netns.h"

#include <sys/mount.h>
#include <sys/syscall.h>

/* What was found, a line each: "GRADE NAME: TEXT | ADVICE". */
static struct buf found;

static void add(void *context, const struct finding *f)
{
	(void)context;
	buf_printf(&found, "%s %s: %s | %s\n", &"ok\0wa\0ba"[f->grade * 3], f -> name, f -> text,
	    f -> advice);
}

static void run(const char *root)
{
	struct fault fault;

	buf_clear(&found);
	is_int(doctor_run_at(root, add, NULL, &fault), 0, "doctor");
}

/* The lines of a check are these. */
static void check_is(const char *name, const char *want, const char *what)
{
	struct buf lines A_CLEANUP(buf_free) = {0}, key A_CLEANUP(buf_free) = {0};
	const char *line = buf_str(&found);

	buf_printf(&key, "%s: ", name);
	for (size_t length; *line; line += length + 1) {
		length = strcspn(line, "\n");
		if (!strncmp(line + 3, buf_str(&key), key.length))
			buf_add(&lines, line, length + 1);
	}
	is_str(buf_str(&lines), want, "%s", what);
}

static void has(const char *text, const char *what)
{
	if (!ok(strstr(buf_str(&found), text), "%s", what))
		tap_show("got", buf_str(&found));
}

/* ---- a directory instead of the machine -------------------------------------------------------*/

static void put(const char *path, const char *text)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof whole, "r/%s", path);
	for (char *slash = whole; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		scratch_need(mkdir(whole, 0755) == 0 || errno == EEXIST, whole);
		*slash = '/';
	}
	scratch_put(whole, 0644, text);
}

static void begin(void)
{
	if (access("r", F_OK) == 0)
		scratch_need(nftw("r", scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, "r");
	put("empty", "");
}

static void test_directory(void)
{
	begin();
	run("r");
	check_is("tun",
	    "ba tun: /dev/net/tun isn't there: there can be no taps | sudo modprobe tun\n",
	    "no /dev/net/tun");
	check_is("ip_forward", "", "nothing is said of what can't be seen");
	put(".dockerenv", "");
	put("proc/sys/net/ipv4/ip_forward", "0\n");
	put("proc/net/ip_tables_names", "nat\nfilter\n");
	run("r");
	has("no taps | docker run --device /dev/net/tun", "in a container");
	has("ok ip_forward: forwarding is off;", "forwarding is off");
	put("dev/net/tun", "");
	put("proc/sys/net/ipv4/ip_forward", "1\n");
	run("r");
	has("ba tun: /dev/net/tun isn't the device of that name", "not a device");
	has("ok ip_forward: forwarding is on |", "forwarding is on");
}

static void explained(int error, const char *want, const char *what)
{
	struct buf why A_CLEANUP(buf_free) = {0}, advice A_CLEANUP(buf_free) = {0};

	nsprobe_explain("r", error, &why, &advice);
	buf_printf(&why, " | %s", buf_str(&advice));
	is_str(buf_str(&why), want, "%s", what);
}

static void test_reasons(void)
{
	struct buf why A_CLEANUP(buf_free) = {0}, advice A_CLEANUP(buf_free) = {0};

	begin();
	explained(EPERM, "Operation not permitted | ", "no reason that we know");
	explained(EUSERS, "there are as many as the kernel allows, here or around us | ", "limits");
	explained(EINVAL, "this kernel has none | ", "a kernel without them");
	ok(!nsprobe_only_root("r", &why, &advice), "nothing forbids it");
	put("proc/self/mountinfo", "1 2 0:1 /x /proc rw - proc proc rw\n2 1 0:1 / / rw - x x rw\n");
	put("proc/self/status", "Name:\tx\nSeccomp:\t2\n");
	explained(EPERM,
	    "a seccomp filter forbids it, as those of containers do | docker run --security-opt "
	    "seccomp=unconfined …",
	    "seccomp");
	put("proc/sys/user/max_user_namespaces", "0\n");
	put("proc/sys/kernel/unprivileged_userns_clone", "1\n");
	put("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
	explained(EACCES,
	    "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor allows it only to "
	    "programs with a profile that says so | sudo sysctl -w "
	    "kernel.apparmor_restrict_unprivileged_userns=0",
	    "AppArmor");
	put("proc/sys/kernel/unprivileged_userns_clone", "0\n");
	explained(EPERM,
	    "kernel.unprivileged_userns_clone is 0, Debian's switch for it | sudo sysctl -w "
	    "kernel.unprivileged_userns_clone=1",
	    "Debian's switch");
	explained(ENOSPC,
	    "user.max_user_namespaces is 0 | sudo sysctl -w user.max_user_namespaces=15000",
	    "the limit");
	ok(nsprobe_only_root("r", &why, &advice), "what root can do others can't");
}

/* ---- real refusals ----------------------------------------------------------------------------*/

static void refusal_is(const char *want, const char *what)
{
	struct buf why A_CLEANUP(buf_free) = {0}, advice A_CLEANUP(buf_free) = {0};
	int error = nsprobe_try();

	nsprobe_explain("", error, &why, &advice);
	buf_printf(&why, " | %s", buf_str(&advice));
	is_str(error ? buf_str(&why) : "it works", want, "%s", what);
}

static int with_limit(const void *data)
{
	(void)data;
	scratch_need(unshare(CLONE_NEWUSER) == 0, "unshare");
	netns_write("/proc/self/uid_map", "0 0 1");
	netns_write("/proc/self/setgroups", "deny");
	netns_write("/proc/self/gid_map", "0 0 1");
	refusal_is("it works", "in a user namespace");
	netns_write("/proc/sys/user/max_user_namespaces", "0");
	refusal_is("user.max_user_namespaces is 0 | sudo sysctl -w user.max_user_namespaces=15000",
	    "with a limit of none");
	netns_write("/proc/sys/user/max_user_namespaces", "5");
	netns_write("/proc/sys/user/max_net_namespaces", "0");
	refusal_is("user.max_net_namespaces is 0 | sudo sysctl -w user.max_net_namespaces=15000",
	    "with a limit on networks");
	return tap_failed;
}

static int in_chroot(const void *data)
{
	(void)data;
	scratch_need(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
	scratch_need(mkdir("c", 0755) == 0 && mkdir("c/proc", 0755) == 0, "mkdir");
	scratch_need(mount("/proc", "c/proc", NULL, MS_BIND | MS_REC, NULL) == 0, "mount");
	scratch_need(chroot("c") == 0 && chdir("/") == 0, "chroot");
	refusal_is("we are in a chroot, where the kernel allows none | ", "in a chroot");
	return tap_failed;
}

static int in_foreign_network(const void *data)
{
	(void)data;
	scratch_need(unshare(CLONE_NEWUSER) == 0, "unshare");
	netns_write("/proc/self/uid_map", "0 0 1");
	run("");
	has("wa privilege: root, but without CAP_NET_ADMIN in this network", "a foreign network");
	has("ok firewall: only root can see", "its firewall isn't to be seen");
	return tap_failed;
}

static int as_nobody(const void *data)
{
	(void)data;
	if (setresuid(1, 1, 1) < 0)
		return 77;
	run("");
	has("wa privilege: setting up interfaces needs root", "an ordinary user");
	has("/mirari-tap\n", "gets a command");
	return tap_failed;
}

static int aside(const void *data)
{
	int (*const *body)(const void *) = data;
	int status;

	scratch_need(freopen("child", "w", stdout) != NULL, "freopen");
	tap_failed = 0;
	status = (*body)(NULL);
	fflush(stdout);
	return status;
}

/* A child's checks count as one, and are shown when one of them fails. */
static void in_child(int (*body)(const void *), const char *what)
{
	int status = scratch_child(aside, &body);
	FILE *file;
	char line[4096];

	if (status == 77) {
		tap_skip(what, "there is no other user here");
		return;
	}
	if (is_int(status, 0, "%s", what) || !(file = fopen("child", "r")))
		return;
	while (fgets(line, sizeof line, file))
		printf("# %s", line);
	fclose(file);
}

/* ---- firewalls --------------------------------------------------------------------------------*/

static int host;

static void load(const char *rules)
{
	scratch_put("rules.nft", 0644, rules);
	netns_run(host, "nft -f rules.nft");
	run("");
	netns_run(host, "nft flush ruleset");
}

#define NONE "ok firewall: no other one drops what is forwarded | \n"
#define DROPS(name, how, where, advice) \
	"wa firewall: " name " drops what guests send out, and what is sent to them, by " how \
	" (table " where ") | sudo " advice "\n"
#define IPTABLES(chain) \
	"iptables -I " chain " -i mir+ -j ACCEPT && sudo iptables -I " chain \
	" -o mir+ -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT"
#define FORWARD "type filter hook forward priority 0; policy "

static void test_harmless(void)
{
	load("table inet t { chain c { " FORWARD "accept; iifname \"x\" drop; }; }\n"
	     "table ip6 t { chain c { " FORWARD "drop; }; }\n"
	     "table ip t { chain c { type filter hook input priority 0; policy drop; }\n"
	     " chain d { drop; }\n chain e { " FORWARD "drop; ip daddr 1.2.3.4 drop; accept; }\n"
	     " set s { type ipv4_addr; comment \"chain x {\"; elements = { 1.2.3.4, 1.2.3.5, "
	     "1.2.3.6, "
	     "1.2.3.7 }; }; }\n"
	     "table inet mirari-tap0 { chain c { " FORWARD "drop; }; }\n");
	check_is("firewall", NONE, "what is harmless");
}

static void test_kinds(void)
{
	load("table ip filter {\n chain DOCKER-USER { return; }\n chain ufw-a { }\n"
	     " chain FORWARD { " FORWARD "drop; jump DOCKER-USER; jump ufw-a; }\n}\n");
	check_is("firewall",
	    DROPS("docker", "its policy", "ip filter, chain FORWARD", IPTABLES("DOCKER-USER")),
	    "docker");
	load("table ip filter {\n chain ufw-before-forward { }\n"
	     " chain FORWARD { " FORWARD "drop; counter jump ufw-before-forward; }\n}\n");
	check_is("firewall",
	    DROPS("ufw", "its policy", "ip filter, chain FORWARD",
		"ufw route allow in on mir+ && sudo ufw route allow out on mir+"),
	    "ufw");
	load("table ip filter { chain FORWARD { " FORWARD
	     "accept; counter reject with icmp type host-prohibited; }; }\n");
	check_is("firewall",
	    DROPS("iptables", "its last rule", "ip filter, chain FORWARD", IPTABLES("FORWARD")),
	    "iptables");
	load("table inet firewalld { chain filter_FORWARD { " FORWARD
	     "accept; ct state invalid drop; reject with icmpx admin-prohibited; }; }\n");
	check_is("firewall",
	    DROPS("firewalld", "its last rule", "inet firewalld, chain filter_FORWARD",
		"firewall-cmd --zone=trusted --add-interface=mir+ (and again with --permanent, to "
		"keep it)"),
	    "firewalld");
	load("table ip a { chain x { " FORWARD "accept; log prefix \"no accept \" drop; }; }\n"
	     "table inet b { chain y { " FORWARD "drop; counter; }; }\n");
	has("by its last rule (table ip a, chain x)", "two of them: the first");
	has("by its policy (table inet b, chain y)", "and the second");
	run("r");
	has("ok bridge_filter: guests of a bridge reach each other", "bridges are no matter");
	put("proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
	netns_run(host, "nft -f rules.nft");
	run("r");
	netns_run(host, "nft flush ruleset");
	has("wa bridge_filter: br_netfilter is loaded", "bridges are filtered as well");
	run("r");
	has("ok bridge_filter: br_netfilter is loaded", "by nothing that drops");
	begin();
}

/* Following the advice makes the complaint go away. */
static void test_advice(void)
{
	static const char *const rules[] = {"table inet b { chain y { " FORWARD
					    "drop; counter; }; }\n",
	    "table ip filter { chain f { " FORWARD "accept; drop; }; }\n"};

	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		const char *line, *advice;
		char command[1024];
		struct strv words A_CLEANUP(strv_free) = {0};
		struct buf out A_CLEANUP(buf_free) = {0};
		struct fault fault;
		int status = -1;

		scratch_put("rules.nft", 0644, rules[i]);
		netns_run(host, "nft -f rules.nft");
		run("");
		line = strstr(buf_str(&found), "wa firewall: ");
		advice = line ? strstr(line, "| sudo ") : NULL;
		scratch_need(advice != NULL, "advice");
		snprintf(command, sizeof command, "PATH=$PATH:/usr/sbin %.*s",
		    (int)strcspn(advice + 7, "\n"), advice + 7);
		strv_list(&words, "/bin/sh", "-c", command);
		ok(proc_capture(&words, NULL, &out, &status, &fault) == 0 && status == 0,
		    "the advice can be followed");
		run("");
		has("ok firewall: nftables lets mir* through what it drops", "and helps");
		netns_run(host, "nft flush ruleset");
	}
}

static void ignore(void *context, const struct firewall *f)
{
	(void)f;
	++*(int *)context;
}

static void test_garbage(void)
{
	static const char *const texts[] = {"", "\n\n", "}", "\t}\n\t}\n}\n}\n", "table\n",
	    "table ip x {",
	    "table ip x {\n\tchain y {\n\t\ttype filter hook forward priority 0; policy drop;\n",
	    "\tchain y {\n\t\ttype filter hook forward priority 0; policy drop;\n\t}\n}\n",
	    "table ip x {\n\t\tdrop\n\t}\n}\n", "# Warning: x\n\xff\n\t\t\t\t}\n"};
	int count = 0;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		firewall_read(texts[i], ignore, &count);
	is_int(count, 0, "nothing is found in what isn't whole");
}

static void test_networks(void)
{
	int away = netns_new();

	run("");
	check_is("rp_filter", "ok rp_filter: it drops nothing of guests | \n", "no network twice");
	netns_cable(host, "mir0", away, "guest0");
	netns_cable(host, "mir1", away, "guest1");
	netns_run(host, "ip address add 10.0.0.1/24 dev mir0");
	netns_run(host, "ip address add 10.0.1.1/24 dev mir1");
	run("");
	check_is("rp_filter", "ok rp_filter: it drops nothing of guests | \n", "two networks");
	netns_run(host, "ip address add 10.0.0.129/25 dev mir1");
	netns_write("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	netns_write("/proc/sys/net/ipv4/conf/mir1/rp_filter", "2");
	run("");
	has("wa rp_filter: mir0 and mir1 have the same network, so that answers go to one of them "
	    "only; give",
	    "one network twice");
	netns_write("/proc/sys/net/ipv4/conf/mir0/rp_filter", "1");
	run("");
	has("only, and the strict rp_filter drops what guests at the other send;", "strictly");
	close(away);
}

int main(void)
{
	char path[PATH_MAX];

	scratch_enter(path);
	test_directory();
	test_reasons();
	test_garbage();
	run("");
	for (size_t i = 0; i < 7; i++) {
		static const char *const names[] = {" tun: ", " privilege: ", " rootless: ",
		    " nft: ", " slirp4netns: ", " rp_filter: ", " firewall: "};
		has(names[i], names[i]);
	}
	if (netns_lacks()) {
		tap_skip("firewalls", "nft and ip aren't both installed");
	} else if (netns_enter()) {
		host = netns_self();
		in_child(with_limit, "limits");
		in_child(in_chroot, "chroot");
		in_child(in_foreign_network, "another's network");
		in_child(as_nobody, "nobody");
		test_harmless();
		test_kinds();
		test_advice();
		test_networks();
	} else {
		tap_skip("firewalls", "network namespaces aren't allowed here");
	}
	buf_free(&found);
	scratch_leave(path);
	return tap_end();
}
