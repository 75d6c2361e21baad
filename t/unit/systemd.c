#include "render/systemd.h"
#include "render/systemd_text.h"

#include "tap.h"
#include "unitprobe.h"

#include <stdint.h>

/* ---- as a command -------------------------------------------------------------------------------
 * t/79-systemd.bats renders units by this program: WHAT=VALUE..., the unit to standard output. */

static struct strv command, clean_up, environment, writable;
static struct systemd_user user;

static bool is_key(const char *argument, const char *key, const char **value)
{
	size_t length = strlen(key);

	*value = argument + length + 1;
	return !strncmp(argument, key, length) && argument[length] == '=';
}

static bool set(struct systemd_unit *u, const char *argument)
{
	struct {
		const char *key;
		const char **into;
	} texts[] = {
	    {"name", &u->name}, {"target", &u->target}, {"dir", &u->dir}, {"cpuset", &u->cpuset}};
	struct {
		const char *key;
		struct strv *list;
		const struct strv **into;
	} lists[] = {{"word", &command, &u->command}, {"clean_up", &clean_up, &u->clean_up},
	    {"environment", &environment, &u->environment}, {"writable", &writable, &u->writable}};
	struct {
		const char *key;
		bool *into;
	} flags[] = {{"network", &u->network}, {"nat", &u->nat}, {"rootless", &u->rootless},
	    {"kvm", &u->kvm}, {"jit", &u->jit}};
	const char *value;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (is_key(argument, texts[i].key, &value)) {
			*texts[i].into = value;
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		if (is_key(argument, lists[i].key, &value)) {
			strv_add(lists[i].list, value);
			*lists[i].into = lists[i].list;
			return true;
		}
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (!strcmp(argument, flags[i].key))
			return *flags[i].into = true;
	if (is_key(argument, "restart", &value))
		return restart_parse(value, &u->restart);
	if (is_key(argument, "memory_max", &value))
		u->memory_max = strtoull(value, NULL, 10);
	else if (is_key(argument, "cpus_percent", &value))
		u->cpus_percent = (unsigned)strtoul(value, NULL, 10);
	else if (is_key(argument, "version", &value))
		u->version = (unsigned)strtoul(value, NULL, 10);
	else if (is_key(argument, "user", &value)) {
		user.uid = user.gid = (uint32_t)strtoul(value, NULL, 10);
		u->user = &user;
	} else
		return false;
	return true;
}

static int render(int argc, char **argv)
{
	struct systemd_unit u = {.name = "www", .target = "hvt", .dir = "/"};
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;
	int result;

	for (int i = 0; i < argc; i++)
		if (!set(&u, argv[i])) {
			fprintf(stderr, "what is %s?\n", argv[i]);
			return EX_USAGE;
		}
	result = systemd_render(&u, &text, &fault);
	if (result < 0)
		fprintf(stderr, "%s\n", fault.text);
	else
		fwrite(buf_str(&text), 1, text.length, stdout);
	strv_free(&command);
	strv_free(&clean_up);
	strv_free(&environment);
	strv_free(&writable);
	return result < 0 ? fault.status : EX_OK;
}

/* ---- values -------------------------------------------------------------------------------------
 */

typedef int writer(const char *, const char *, struct buf *, struct fault *);

static void written(writer *write, const char *value, const char *want)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;

	is_int(write("it", value, &text, &fault), 0, "%s can be said", want);
	is_str(buf_str(&text), want, "as that");
}

static void refused(writer *write, const char *value, const char *why)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;

	is_int(write("it", value, &text, &fault), -1, "refused: it %s", why);
	is_int(fault.status, EX_DATAERR, "as bad input");
	ok(strstr(fault.text, why) && !strncmp(fault.text, "it: ", 4), "saying so");
}

static void test_values(void)
{
	written(systemd_word, "--net:service0=mir0@b,c+d", "--net:service0=mir0@b,c+d");
	written(systemd_word, "", "\"\"");
	written(systemd_word, "a b", "\"a b\"");
	written(systemd_word, ";", "\";\"");
	written(systemd_word, "#", "\"#\"");
	written(systemd_word, "100%", "\"100%%\"");
	written(systemd_word, "%{tap:service}", "\"%%{tap:service}\"");
	written(systemd_word, "$HOME", "\"$HOME\"");
	written(systemd_word, "a\\\"'", "\"a\\\\\\\"'\"");
	written(systemd_word, "\n\t\r\x01\x7f", "\"\\x0a\\x09\\x0d\\x01\\x7f\"");
	written(systemd_word, "\xc3\xa9", "\"\xc3\xa9\"");
	refused(systemd_word, "\xff", "isn't UTF-8");

	written(systemd_path, "/a/b-c.d", "/a/b-c.d");
	written(systemd_path, "/a b%\"\\\t", "\"/a b%%\\\"\\\\\t\"");
	written(systemd_directory, "/a b%\"'\\x", "/a b%%\"'\\x");
	written(systemd_directory, "/", "/");
	written(systemd_directory, "/a ", "/a /");
	written(systemd_directory, "/a\t", "/a\t/");
	written(systemd_directory, "/a\\", "/a\\/");
	for (size_t i = 0; i < 2; i++) {
		writer *write = i ? systemd_directory : systemd_path;

		refused(write, "", "isn't an absolute path");
		refused(write, "a", "isn't an absolute path");
		refused(write, "/a\nb", "can't carry the line break");
		refused(write, "/a\r", "can't carry the line break");
		refused(write, "/\xc3", "isn't UTF-8");
	}
}

/* systemd_command of a first word, and one more */
static int two_words(const char *what, const char *first, struct buf *into, struct fault *fault)
{
	struct strv words A_CLEANUP(strv_free) = {0};

	strv_list(&words, first, "x");
	return systemd_command(what, &words, into, fault);
}

static int second_word(const char *what, const char *second, struct buf *into, struct fault *fault)
{
	struct strv words A_CLEANUP(strv_free) = {0};

	strv_list(&words, "/p", second);
	return systemd_command(what, &words, into, fault);
}

static void test_commands(void)
{
	struct strv none = {0};
	struct buf text A_CLEANUP(buf_free) = {0}, longest A_CLEANUP(buf_free) = {0};
	struct fault fault;

	written(two_words, "/bin/p", "/bin/p x");
	written(two_words, "/bin/a p", "\"/bin/a p\" x");
	written(two_words, "/bin/%", "\"/bin/%%\" x");
	written(two_words, "/bin/$p", ":\"/bin/$p\" x");
	written(second_word, "${x}", ":/p \"${x}\"");
	written(second_word, "-@!", "/p \"-@!\"");
	refused(two_words, "p", "isn't an absolute path");
	refused(two_words, "", "isn't an absolute path");
	refused(two_words, "/p'", "executes no path with a quote");
	refused(two_words, "/p\"", "executes no path with a quote");
	refused(two_words, "/p\\", "executes no path with a quote");
	refused(two_words, "/p\n", "executes no path with a quote");
	refused(two_words, "/p/", "is a directory");
	refused(second_word, "\x80", "isn't UTF-8");
	is_int(systemd_command("it", &none, &text, &fault), -1, "no words");
	is_str(fault.text, "it: there is no command", "are no command");
	for (int i = 0; i < 1 << 20; i++)
		buf_addc(&longest, 'x');
	refused(second_word, buf_str(&longest), "longer than a line may be");
}

/* ---- units --------------------------------------------------------------------------------------
 */

static struct systemd_unit unit;

static void begin(void)
{
	strv_free(&command);
	strv_free(&clean_up);
	strv_free(&environment);
	strv_free(&writable);
	strv_list(&command, "/usr/bin/mirari-solo5", "run", "/srv/www.hvt");
	unit = (struct systemd_unit){
	    .name = "www", .target = "hvt", .dir = "/srv", .command = &command};
}

/* Is that line in the unit? */
static bool has(const char *line)
{
	struct buf text A_CLEANUP(buf_free) = {0}, whole A_CLEANUP(buf_free) = {0};
	struct fault fault;

	if (systemd_render(&unit, &text, &fault) < 0)
		return false;
	buf_printf(&whole, "\n%s\n", line);
	return strstr(buf_str(&text), buf_str(&whole)) != NULL;
}

static bool has_key(const char *key)
{
	struct buf text A_CLEANUP(buf_free) = {0}, begins A_CLEANUP(buf_free) = {0};
	struct fault fault;

	if (systemd_render(&unit, &text, &fault) < 0)
		return true;
	buf_printf(&begins, "\n%s=", key);
	return strstr(buf_str(&text), buf_str(&begins)) != NULL;
}

static void unit_refused(const char *why)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;

	is_int(systemd_render(&unit, &text, &fault), -1, "a unit is refused: %s", why);
	is_int(fault.status, EX_DATAERR, "as bad input");
	ok(strstr(fault.text, why), "saying so");
}

static const char smallest[] = "[Unit]\n"
			       "Description=Unikernel www (hvt)\n"
			       "After=network.target\n"
			       "\n"
			       "[Service]\n"
			       "Type=exec\n"
			       "SyslogIdentifier=www\n"
			       "WorkingDirectory=/srv\n"
			       "ExecStart=/usr/bin/mirari-solo5 run /srv/www.hvt\n"
			       "Restart=no\n"
			       "SuccessExitStatus=143\n"
			       "KillMode=mixed\n"
			       "TimeoutStopSec=10s\n"
			       "\n"
			       "NoNewPrivileges=yes\n"
			       "CapabilityBoundingSet=\n";

static void test_whole(void)
{
	struct buf one A_CLEANUP(buf_free) = {0}, two A_CLEANUP(buf_free) = {0};
	struct fault fault;

	begin();
	ok(systemd_render(&unit, &one, &fault) == 0 && systemd_render(&unit, &two, &fault) == 0,
	    "rendered");
	is_str(buf_str(&one), buf_str(&two), "twice the same");
	ok(!strncmp(buf_str(&one), smallest, strlen(smallest)), "how it begins");
	ok(has("[Install]\nWantedBy=multi-user.target"), "how it ends");
}

static void test_restart(void)
{
	begin();
	ok(has("Restart=no") && !has_key("RestartSec") && !has_key("StartLimitBurst") &&
		!has_key("StartLimitIntervalSec"),
	    "no restart");
	unit.restart.when = RESTART_ALWAYS;
	ok(has("Restart=always") && has("RestartSec=2s") && has("StartLimitIntervalSec=0") &&
		!has_key("RestartPreventExitStatus") && !has_key("RestartSteps"),
	    "always");
	unit.restart.when = RESTART_ON_FAILURE;
	ok(has("Restart=on-failure") && has("RestartPreventExitStatus=64 126 127") &&
		has("RestartForceExitStatus=143 SIGHUP SIGINT SIGTERM SIGPIPE") &&
		has("StartLimitIntervalSec=0"),
	    "on failure");
	unit.restart.limit = 3;
	ok(has("StartLimitBurst=4\nStartLimitIntervalSec=36"), "three times in a row");
	unit.version = 253;
	ok(has("RestartSec=2s"), "before systemd 254");
	unit.version = 254;
	ok(has("RestartSec=100ms\nRestartSteps=9\nRestartMaxDelaySec=60s") &&
		has("StartLimitBurst=4\nStartLimitIntervalSec=210"),
	    "from then on");
	unit.restart.limit = RESTART_LIMIT_MAX;
	ok(has("StartLimitBurst=1000001\nStartLimitIntervalSec=70000000"), "the highest limit");
}

static void test_resources(void)
{
	begin();
	ok(!has_key("MemoryMax") && !has_key("CPUQuota") && !has_key("AllowedCPUs"), "no limits");
	unit.memory_max = UINT64_C(5) << 30;
	unit.cpus_percent = 150;
	unit.cpuset = "0-2,5";
	ok(has("MemoryMax=5368709120\nCPUQuota=150%\nAllowedCPUs=0-2,5"), "limits");
	unit.cpuset = "";
	unit_refused("cpuset");
	unit.cpuset = "0\nUser=x";
	unit_refused("cpuset: expected numbers and ranges such as 0-3,5");
}

static void test_tenders(void)
{
	begin();
	ok(has("MemoryDenyWriteExecute=yes") && !has_key("LockPersonality"), "hvt");
	unit.target = "spt";
	ok(!has_key("MemoryDenyWriteExecute") && !has_key("LockPersonality"), "spt");
	unit.target = "virtio";
	unit.kvm = true;
	ok(has("MemoryDenyWriteExecute=yes") && has("LockPersonality=yes"), "QEMU with KVM");
	unit.jit = true;
	ok(!has_key("MemoryDenyWriteExecute"), "QEMU without");
	ok(has("RestrictAddressFamilies=none") && has("PrivateNetwork=yes"), "no network");
	unit.target = "unix-socket";
	ok(has("RestrictAddressFamilies=AF_NETLINK AF_UNIX AF_INET AF_INET6") &&
		!has_key("PrivateNetwork") && !has_key("IPAddressDeny"),
	    "a program has the host's");
}

static void test_network(void)
{
	begin();
	unit.network = true;
	ok(has("KillMode=control-group") && has("DeviceAllow=/dev/net/tun rw") &&
		has("CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SETPCAP") &&
		!has_key("PrivateNetwork") && !has_key("ProtectProc") && !has_key("PrivateUsers"),
	    "taps");
	ok(!has_key("ReadWritePaths") && has("After=network.target"), "without NAT");
	unit.nat = true;
	ok(has("ReadWritePaths=/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf") &&
		has("After=network.target nftables.service"),
	    "with NAT");
	unit.nat = false;
	strv_list(&clean_up, "/usr/bin/mirari-tap", "gc", "-q");
	unit.clean_up = &clean_up;
	ok(has("ExecStopPost=-/usr/bin/mirari-tap gc -q") && has_key("ReadWritePaths"),
	    "what cleans up may find NAT");
	unit.clean_up = NULL;
	unit.rootless = true;
	ok(has("KillMode=mixed") && has("RestrictNamespaces=user net mnt") && !has_key("After") &&
		has("CapabilityBoundingSet=") && !has_key("ProtectKernelTunables") &&
		!has_key("DeviceAllow") && has("PrivateUsers=yes") &&
		has("WantedBy=default.target"),
	    "without root");
}

static void test_users(void)
{
	begin();
	user = (struct systemd_user){1000, 100};
	unit.user = &user;
	ok(has("User=1000\nGroup=100") && has("RemoveIPC=yes") && !has_key("Environment"),
	    "systemd changes users");
	unit.network = true;
	ok(!has_key("User") && has("Environment=SUDO_UID=1000 SUDO_GID=100") &&
		has("CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SETPCAP CAP_SETUID "
		    "CAP_SETGID"),
	    "mirari-tap exec does");
	unit.rootless = true;
	unit_refused("a user's service can't be run as another user");
}

static void test_paths(void)
{
	begin();
	ok(has("PrivateTmp=yes") && has("ProtectHome=yes") && has("PrivateDevices=yes"),
	    "nothing of it is there");
	strv_add(&command, "--block=storage:/var/tmp/x");
	ok(!has_key("PrivateTmp") && has("ProtectHome=yes"), "a disk in /var/tmp");
	begin();
	unit.dir = "/home";
	ok(has("ProtectHome=read-only") && has("PrivateTmp=yes"), "a directory in /home");
	begin();
	strv_add(&command, "/tmpfoo/x");
	strv_add(&command, "/homes");
	ok(has("ProtectHome=yes") && has("PrivateTmp=yes"), "what only begins like these");
	strv_list(&writable, "/srv/a b%", "/dev/sdb");
	unit.writable = &writable;
	ok(has("ReadWritePaths=\"/srv/a b%%\"\nDeviceAllow=/dev/sdb rw") &&
		has("DevicePolicy=closed") && !has_key("PrivateDevices"),
	    "a file and a device");
	strv_add(&writable, "srv");
	unit_refused("writable: 'srv' isn't an absolute path");
}

static void test_environment(void)
{
	static const char *const bad[] = {"", "A", "=x", "1A=x", "A B=x", "A-B=", "A=\x01"};

	begin();
	strv_list(&environment, "PATH=/opt/bin:/usr/bin", "ODD_2=a b%\"\n");
	unit.environment = &environment;
	ok(has("Environment=PATH=/opt/bin:/usr/bin\nEnvironment=\"ODD_2=a b%%\\\"\\x0a\""),
	    "variables");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		strv_free(&environment);
		strv_add(&environment, bad[i]);
		unit_refused("is no NAME=VALUE");
	}
	strv_free(&environment);
	strv_add(&environment, "A=\xff");
	unit_refused("isn't UTF-8");
}

static void test_names(void)
{
	static const char *const bad[] = {"", "a b", "a\nUser=x", "%n", "\xc3\xa9"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		begin();
		unit.name = bad[i];
		unit_refused("is no name of a unikernel");
	}
	begin();
	unit.target = "xen";
	unit_refused("no service can run the target xen");
	unit.target = "hvt\n";
	unit_refused("no service can run the target");
	begin();
	unit.dir = "srv";
	unit_refused("working directory: 'srv' isn't an absolute path");
	begin();
	strv_free(&command);
	unit_refused("command: there is no command");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "probe")) {
		int status = probe(argc - 2, argv + 2);

		/* not exit: a sanitizer would look for leaks by means that the service hasn't */
		fflush(stdout);
		_exit(status);
	}
	if (argc > 1)
		return render(argc - 1, argv + 1);
	test_values();
	test_commands();
	test_whole();
	test_restart();
	test_resources();
	test_tenders();
	test_network();
	test_users();
	test_paths();
	test_environment();
	test_names();
	begin();
	strv_free(&command);
	return tap_end();
}
