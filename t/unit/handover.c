/* Giving taps to a program. What stands for a tap is a file that its number was written to, so that
 * it is seen which one is where; the interfaces that are asked for their MTU are lo, and none. */
#include "host/handover.h"

#include "core/fd.h"
#include "childcheck.h"
#include "core/mem.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <sys/resource.h>

static struct fault fault;

enum { DEVICES = 4, MANY = 40 };

static const char *const names[DEVICES] = {"a", "ab", "service", "lan-1"};

/* `count` devices, named as above and then d4, d5, … */
static void devices_of(struct netdevs *devices, size_t count)
{
	static char more[MANY][24];

	*devices = (struct netdevs){.unikernel = "test", .count = count};
	devices->items = mem_zeroed(count, sizeof *devices->items);
	for (size_t i = 0; i < count; i++) {
		struct netdev *d = &devices->items[i];

		snprintf(more[i], sizeof more[i], "d%zu", i);
		d->name = i < DEVICES ? names[i] : more[i];
		snprintf(d->tap, sizeof d->tap, "tap%u", (unsigned)i);
		d->mac[0] = 2;
		d->mac[5] = (unsigned char)i;
	}
}

/* ---- the plan ---- */

/* The result of handover_plan for these words; *by_name has a letter for each device. */
static int plan(char by_name[DEVICES + 1], bool *named, const char *const *words)
{
	struct handover h A_CLEANUP(handover_free) = {.command = NULL};
	struct netdevs devices A_CLEANUP(netdevs_free) = {0};
	struct strv command A_CLEANUP(strv_free) = {0};
	int result;

	memset(&fault, 0, sizeof fault);
	devices_of(&devices, DEVICES);
	strv_add_words(&command, words);
	result = handover_plan(&h, &command, &devices, &fault);
	for (size_t i = 0; i < DEVICES; i++)
		by_name[i] = h.by_name[i] ? 'n' : '-';
	by_name[DEVICES] = '\0';
	*named = h.named;
	return result;
}
#define PLAN(...) plan(by_name, &named, (const char *const[]){__VA_ARGS__, NULL})

static void test_plan(void)
{
	char by_name[DEVICES + 1];
	bool named;

	is_int(PLAN("program", "x"), 0, "words without devices");
	is_str(by_name, "----", "all are inherited");
	ok(!named, "and none is named");
	is_int(PLAN("program", "%{tap:ab}", "--net=%{tap:lan-1},%{fd:a}"), 0, "both ways");
	is_str(by_name, "-n-n", "those that go by name");
	ok(named, "are known to be");
	is_int(PLAN("program", "%{fd:a}%{fd:a}", "%{fd:a}"), 0, "one several times");
	is_int(PLAN("%{tap:a}"), 0, "as the command itself");
	is_int(PLAN("x", "%{http_code}", "%{fd", "%{fd:a", "%{tap:", "%{", "%", "%{FD:a}", "%{fd}",
		   "%{ fd:a}", "fd:a}"),
	    0, "what isn't ours");
	ok(!named, "is left alone");
	is_int(PLAN("x", "%{%{tap:a}"), 0, "one right behind a beginning of one");
	is_str(by_name, "n---", "is found");
}

static void is_refused(const char *first, const char *second, const char *text)
{
	char by_name[DEVICES + 1];
	bool named;

	is_int(PLAN("x", first, second), -1, "%s %s is refused", first, second);
	is_int(fault.status, EX_USAGE, "as wrong usage");
	ok(strstr(fault.text, text) != NULL, "saying: %s", fault.text);
}

static void test_refused(void)
{
	is_refused("%{fd:b}", "", "%{fd:b}: there is no such device, only a, ab, service, lan-1");
	is_refused("%{tap:abc}", "", "%{tap:abc}");
	is_refused("%{fd:}", "", "%{fd:}: there is no such device");
	is_refused("%{fd:a%{fd:a}", "", "%{fd:a%{fd:a}");
	is_refused("", "%{fd:a}%{fd:no}", "%{fd:no}");
	is_refused("%{fd:ab}", "%{tap:ab}", "ab: wanted as %{fd:} and as %{tap:}");
	is_refused("%{tap:a}%{fd:a}", "", "a: wanted as");
}

/* ---- what the program gets: each in a child, whose descriptors are its own ---- */

struct scene {
	size_t count;
	int low;         /* descriptors 3 to this one are taken already, by another file */
	bool backwards;  /* the last device has the lowest descriptor */
	const char *tap; /* a word that names devices by name; "" */
};

static void number_file(struct tap *tap, size_t number)
{
	char text[16];

	tap->fd = memfd_create("tap", MFD_CLOEXEC);
	snprintf(text, sizeof text, "%u", (unsigned)number);
	scratch_need(tap->fd >= 0 && fd_write(tap->fd, text, strlen(text)) == 0, "memfd");
}

static int number_in(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof text - 1, 0) > 0 ? (int)strtol(text, NULL, 10) : -1;
}

/* Closed and taken as the scene says; then opens what taps_make would have. */
static void set_the_scene(const struct scene *s, struct taps *taps, struct netdevs *devices)
{
	int high;

	close_range(3, ~0U, 0);
	for (int fd = 3; fd <= s->low; fd++)
		scratch_need(open("/dev/null", O_RDONLY) == fd, "/dev/null");
	devices_of(devices, s->count);
	*taps = (struct taps){.devices = devices, .count = s->count};
	taps->items = mem_zeroed(s->count, sizeof *taps->items);
	scratch_need(netlink_open(&taps->netlink, &fault) == 0, fault.text);
	for (size_t i = 0; i < s->count; i++) {
		size_t n = s->backwards ? s->count - 1 - i : i;

		taps->items[n].device = &devices->items[n];
		number_file(&taps->items[n], n);
	}
	high = fcntl(STDERR_FILENO, F_DUPFD, 200); /* one that is nobody's business */
	scratch_need(high == 200, "dup");
}

static bool stays_open(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int in_place(const void *data)
{
	const struct scene *s = data;
	struct handover h = {.command = NULL};
	struct netdevs devices;
	struct strv command = {0}, words = {0};
	struct taps taps;
	char pid[16];
	int next = 3;

	set_the_scene(s, &taps, &devices);
	strv_list(&command, "program", s->tap);
	CHECK(handover_plan(&h, &command, &devices, &fault) == 0);
	CHECK(handover_prepare(&h, &taps, &words, &fault) == 0);
	for (size_t i = 0; i < s->count; i++) {
		if (h.by_name[i])
			continue;
		CHECK(stays_open(next) && number_in(next) == (int)i);
		next++;
	}
	/* what the caller had behind them is there, what is ours isn't for the program */
	for (int fd = next; fd <= s->low; fd++)
		CHECK(stays_open(fd) && number_in(fd) == -1);
	for (int fd = s->low > next - 1 ? s->low + 1 : next; fd < 200; fd++)
		CHECK(!stays_open(fd));
	CHECK(stays_open(200));
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	CHECK(!strcmp(getenv("LISTEN_PID"), pid));
	CHECK(strtol(getenv("LISTEN_FDS"), NULL, 10) == next - 3);
	return 0;
}

static void test_places(void)
{
	static const struct scene scenes[] = {{1, 2, false, ""}, {4, 2, false, ""},
	    {4, 2, true, ""}, {4, 4, true, ""}, {4, 40, true, ""}, {1, 3, false, ""},
	    {MANY, 2, true, ""}, {MANY, 20, true, ""}, {4, 2, true, "%{tap:a}"},
	    {4, 5, true, "%{tap:ab}%{tap:service}"}, {1, 5, false, "%{tap:a}"}};

	for (size_t i = 0; i < COUNT_OF(scenes); i++)
		is_int(scratch_child(in_place, &scenes[i]), 0,
		    "%zu devices%s, with 3 to %d taken%s%s", scenes[i].count,
		    scenes[i].backwards ? " from the last on" : "", scenes[i].low,
		    *scenes[i].tap ? ", but for " : "", scenes[i].tap);
}

static bool env_is(const char *name, const char *want)
{
	const char *got = getenv(name);

	if (got && !strcmp(got, want))
		return true;
	printf("# %s=%s, not %s\n", name, got ? got : "(unset)", want);
	return false;
}

static int told(const void *data)
{
	const struct scene scene = {.count = 4, .low = 2};
	struct handover h = {.command = NULL};
	struct address hosts[2] = {0}, guest = {0};
	struct strv command = {0}, words = {0};
	struct netdevs devices;
	struct taps taps;

	(void)data;
	set_the_scene(&scene, &taps, &devices);
	CHECK(address_parse("fd00::1/64", &hosts[0]) && address_parse("10.0.0.1/24", &hosts[1]) &&
	      address_parse("10.0.0.7/24", &guest));
	devices.items[0].mtu = 1400;
	devices.items[2].hosts = (struct addresses){hosts, 2};
	devices.items[2].guests = (struct addresses){&guest, 1};
	snprintf(devices.items[3].tap, IFNAMSIZ, "lo");
	setenv("LISTEN_FDNAMES", "of:another", 1);
	strv_list(&command, "p", "%{tap:ab}:%{fd:a}%{fd:lan-1}", "%{fd:service}%{x}%%{fd:a}", "");
	CHECK(handover_plan(&h, &command, &devices, &fault) == 0);
	CHECK(handover_prepare(&h, &taps, &words, &fault) == 0);
	CHECK(words.count == 4 && !strcmp(words.items[0], "p") &&
	      !strcmp(words.items[1], "tap1:35") && !strcmp(words.items[2], "4%{x}%3") &&
	      !strcmp(words.items[3], ""));
	CHECK(env_is("LISTEN_FDS", "3") && env_is("LISTEN_FDNAMES", "a:service:lan-1"));
	CHECK(env_is("MIRARI_NET_MAC", "02:00:00:00:00:00,02:00:00:00:00:02,02:00:00:00:00:03"));
	CHECK(env_is("MIRARI_NET_MTU", "1400,1500,65536"));
	CHECK(env_is("MIRARI_NET_GUEST", ",10.0.0.7/24,"));
	CHECK(env_is("MIRARI_NET_GATEWAY", ",10.0.0.1,"));
	return 0;
}

/* No descriptor is free, and with `data` one of those that are open is beyond what is allowed. */
static int without_room(const void *data)
{
	const struct scene scene = {.count = 4, .low = 2, .backwards = data != NULL};
	const struct rlimit limit = {data ? 7 : 8, 8};
	struct handover h = {.command = NULL};
	struct strv command = {0}, words = {0};
	struct netdevs devices;
	struct taps taps;

	set_the_scene(&scene, &taps, &devices);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	strv_list(&command, "p");
	CHECK(handover_plan(&h, &command, &devices, &fault) == 0);
	if (!data) {
		CHECK(handover_prepare(&h, &taps, &words, &fault) == 0);
		return number_in(6) == 3 && stays_open(6) ? 0 : 1;
	}
	CHECK(handover_prepare(&h, &taps, &words, &fault) < 0);
	CHECK(fault.status == EX_OSERR && strstr(fault.text, "dup"));
	return 0;
}

int main(void)
{
	test_plan();
	test_refused();
	test_places();
	is_int(scratch_child(told, NULL), 0, "words and variables say what is where");
	is_int(
	    scratch_child(without_room, NULL), 0, "no more descriptors are needed than there are");
	is_int(scratch_child(without_room, ""), 0, "with less it is a fault");
	return tap_end();
}
