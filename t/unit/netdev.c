#include "model/netdev.h"

#include "tap.h"

#include <stdlib.h>

static struct fault fault;

/* Fields as "key=value" lines. */
static void read_record(const char *text, struct rec *record)
{
	while (*text) {
		struct buf key A_CLEANUP(buf_free) = {0}, value A_CLEANUP(buf_free) = {0};
		const char *is = strchr(text, '=');
		size_t length = strcspn(text, "\n");

		buf_add(&key, text, (size_t)(is - text));
		buf_add(&value, is + 1, length - (size_t)(is + 1 - text));
		if (rec_add(record, buf_str(&key), buf_str(&value), &fault) < 0)
			printf("# %s\n", fault.text);
		text += length + (text[length] == '\n');
	}
}

/* What is written for a record, but for names and MACs that are made. */
static void written(const char *text, const char *expected)
{
	struct rec record A_CLEANUP(rec_free) = {0}, result A_CLEANUP(rec_free) = {0};
	struct netdevs n A_CLEANUP(netdevs_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	read_record(text, &record);
	if (netdevs_read(&record, &n, &fault) < 0) {
		ok(false, "%s", fault.text);
		return;
	}
	for (size_t i = 0; i < n.count; i++)
		n.items[i].ifindex = (unsigned)(i + 7);
	ok(netdevs_write(&n, &record, &result, &fault) == 0, "is written");
	for (size_t i = 0; i < result.count; i++)
		buf_printf(&out, "%s=%s\n", result.fields[i].key, result.fields[i].value);
	is_str(buf_str(&out), expected, "as it should be");
}

static void bridges(const char *text, const char *expected)
{
	struct rec record A_CLEANUP(rec_free) = {0}, result A_CLEANUP(rec_free) = {0};
	struct netdevs n A_CLEANUP(netdevs_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	read_record(text, &record);
	ok(netdevs_read(&record, &n, &fault) == 0 &&
		netdevs_write_bridges(&n, &record, &result, &fault) == 0,
	    "is written");
	for (size_t i = 0; i < result.count; i++)
		buf_printf(&out, "%s=%s\n", result.fields[i].key, result.fields[i].value);
	is_str(buf_str(&out), expected, "with bridges");
}

static void test_bridges(void)
{
	bridges("net.a.tap=t\nnet.a.mac=02:00:00:00:00:01\nnet.a.host=10.0.0.1/24\nx=1\n",
	    "net.a.tap=t\nx=1\nnet.a.bridge=t\nnet.a.mac=02:00:00:00:00:01\n"
	    "net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.2/24\n");
	bridges("net.a.tap=t\nnet.a.mac=02:00:00:00:00:01\nnet.ab.tap=u\nnet.ab.bridge=br0\n"
		"net.ab.mac=02:00:00:00:00:02\n",
	    "net.a.tap=t\nnet.a.mac=02:00:00:00:00:01\nnet.ab.tap=u\nnet.ab.bridge=br0\n"
	    "net.ab.mac=02:00:00:00:00:02\n");
	bridges("net.a.tap=t\nnet.a.mac=02:00:00:00:00:01\nnet.a.bridge=br0\n"
		"net.a.publish=80:80\nnet.a.publish=127.0.0.1:80:81\nnet.a.publish=80:80/udp\n"
		"net.a.host=10.0.0.1/24\n",
	    "net.a.tap=t\nnet.a.publish=80:80\nnet.a.publish=127.0.0.1:80:81\n"
	    "net.a.publish=80:80/udp\nnet.a.bridge=br0\nnet.a.mac=02:00:00:00:00:01\n"
	    "net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.2/24\n");
}

static void refused(const char *text, const char *why)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct netdevs n A_CLEANUP(netdevs_free) = {0};

	read_record(text, &record);
	fault = (struct fault){0};
	is_int(netdevs_read(&record, &n, &fault), -1, "refused: %.60s", why);
	is_int(fault.status, EX_DATAERR, "with 65");
	if (!ok(strstr(fault.text, why), "and says so"))
		printf("# %s\n", fault.text);
}

#define A "net.a.tap=t\nnet.a.mac=02:00:00:00:00:01\n"
#define B "net.b.tap=u\nnet.b.mac=02:00:00:00:00:02\n"
#define RESULT_A "net.a.tap=t\nnet.a.ifindex=7\nnet.a.mac=02:00:00:00:00:01\n"
#define RESULT_B "net.b.tap=u\nnet.b.ifindex=8\nnet.b.mac=02:00:00:00:00:02\n"

static void test_written(void)
{
	written("x=1\n", "x=1\n");
	written(A, RESULT_A);
	written("x=1\n" A "y=2\nnet.a.host=10.0.0.1/24\nnet.a.mtu=1400\nx=3\n" B,
	    "x=1\ny=2\nnet.a.mtu=1400\nx=3\n" RESULT_A
	    "net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.2/24\n" RESULT_B);
	/* what a run before this one has written is replaced */
	written("net.a.ifindex=3\nnet.a.guest=10.0.0.9/24\nnet.a.host=10.0.0.1/24\n" A,
	    RESULT_A "net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.9/24\n");
	/* keys that only look like these are others' */
	written("net.mac=1\nnet.a.b.mac=2\nnet.a.maca=3\nnetx.a.mac=4\nnet.a.b.c.guest=5\n" A,
	    "net.mac=1\nnet.a.b.mac=2\nnet.a.maca=3\nnetx.a.mac=4\nnet.a.b.c.guest=5\n" RESULT_A);
	/* the last of a single value counts, and all of a list */
	written("net.a.tap=first\n" A "net.a.host=10.0.0.1/24\nnet.a.host=fd00::1/64\n",
	    RESULT_A "net.a.host=10.0.0.1/24\nnet.a.host=fd00::1/64\n"
		     "net.a.guest=10.0.0.2/24\nnet.a.guest=fd00::2/64\n");
	/* devices are in the order in which they are first spoken of */
	written("net.b.mtu=1300\n" A B, "net.b.mtu=1300\nnet.b.tap=u\nnet.b.ifindex=7\n"
					"net.b.mac=02:00:00:00:00:02\nnet.a.tap=t\n"
					"net.a.ifindex=8\nnet.a.mac=02:00:00:00:00:01\n");
}

static void test_guests(void)
{
	static const struct {
		const char *more, *results;
	} cases[] = {
	    {"ip.address=10.0.0.9\nnet.a.host=10.0.0.1/24\n",
		"net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.9/24\n"},
	    {"ip.address=10.0.0.9\nip.netmask=255.255.0.0\nnet.a.host=10.0.0.1/24\n",
		"net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.9/16\n"},
	    {"ip.address=10.0.0.9\nip.netmask=255.255.255.255\n", "net.a.guest=10.0.0.9/32\n"},
	    {"ip.address=10.0.0.9\n", "net.a.guest=10.0.0.9/32\n"},
	    {"ip.address=10.0.0.9\nip.dhcp=false\n", "net.a.guest=10.0.0.9/32\n"},
	    {"ip.address=10.0.0.9\nip.dhcp=true\n", ""},
	    {"ip.address=10.0.0.9\nip.dhcp=true\nnet.a.host=10.0.0.1/24\n",
		"net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.2/24\n"},
	    {"net.a.host=10.0.0.1/32\n", "net.a.host=10.0.0.1/32\n"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf in A_CLEANUP(buf_free) = {0}, out A_CLEANUP(buf_free) = {0};
		const char *rest = strstr(cases[i].more, "net.");
		size_t own = rest ? (size_t)(rest - cases[i].more) : strlen(cases[i].more);

		buf_printf(&in, "%s" A, cases[i].more);
		buf_printf(&out, "%.*s" RESULT_A "%s", (int)own, cases[i].more, cases[i].results);
		written(buf_str(&in), buf_str(&out));
	}
	written("ip.address=10.0.0.9\nnet.a.host=10.0.0.1/24\n" A B "net.b.host=10.0.1.1/24\n",
	    "ip.address=10.0.0.9\n" RESULT_A
	    "net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.9/24\n" RESULT_B
	    "net.b.host=10.0.1.1/24\nnet.b.guest=10.0.1.2/24\n");
}

static void test_refused(void)
{
	refused("net.a.mtu=1400\n", "no name to name the tap by");
	refused(A "net.a.bridge-create=true\n", "there is no net.a.bridge");
	refused(A "net.a.host=10.0.0.1/"
		  "24\nnet.a.publish=80:80\nnet.a.publish=81:80\nnet.a.publish=80:81/tcp\n",
	    "net.a.publish: the host's port 80 is wanted twice");
	refused(A "net.b.tap=t\n", "t is the tap of net.a");
	refused(A "net.a.dhcp=true\n", "net.a.dhcp: needs the host's IPv4 address");
	refused(A "net.a.nat=true\nnet.a.host=fd00::1/64\n", "net.a.nat: needs the host's");
	refused(A "net.a.publish=80:80\nnet.a.host=10.0.0.1/32\n", "needs the guest's IPv4");
	refused(A "net.a.host=10.0.0.1/24\n" B "net.b.host=10.0.0.1/16\n",
	    "10.0.0.1 is the host's address of net.a");
	refused(A "net.a.host=fd00::1/64\nnet.a.mtu=1279\n", "1279 is too small for IPv6");
	refused(A "net.a.host=127.0.0.1/8\n", "127.0.0.1/8 can't be");
	refused(A "net.a.guest=224.0.0.1/24\n", "net.a.guest: 224.0.0.1/24 can't be");
	refused("name=n\nnet.aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345."
		"mtu=1400\n",
	    "more than 64 bytes");
	/* in one bridge the host's address is that of both */
	written(A "net.a.bridge=br\nnet.a.host=10.0.0.1/24\n" B
		  "net.b.bridge=br\nnet.b.host=10.0.0.1/24\nnet.b.guest=10.0.0.3/24\n",
	    "net.a.bridge=br\nnet.b.bridge=br\n" RESULT_A
	    "net.a.host=10.0.0.1/24\nnet.a.guest=10.0.0.2/24\n" RESULT_B
	    "net.b.host=10.0.0.1/24\nnet.b.guest=10.0.0.3/24\n");
	written(A "net.a.host=fd00::1/64\nnet.a.mtu=1280\n",
	    "net.a.mtu=1280\n" RESULT_A "net.a.host=fd00::1/64\nnet.a.guest=fd00::2/64\n");
}

static void test_fields(void)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct netdevs n A_CLEANUP(netdevs_free) = {0};
	const struct netdev *d;

	read_record(A "net.a.host=fd00::1/64\nnet.a.host=10.0.0.1/24\nnet.a.dhcp=true\n"
		      "net.a.dhcp=false\nnet.a.nat=true\nnet.a.publish=80:81\n"
		      "net.a.publish=90:91/udp\nnet.a.owner=me\nnet.a.group=us\nnet.a.mtu=1300\n"
		      "net.a.bridge=br\nnet.a.bridge-create=true\nnet.a.mac=02:aB:Cd:eF:00:ff\n",
	    &record);
	ok(netdevs_read(&record, &n, &fault) == 0 && n.count == 1, "one device");
	d = n.items;
	ok(!d->dhcp && d->nat && d->bridge_create && d->mtu == 1300, "switches and numbers");
	ok(d->published_count == 2 && d->published[0].guest == 81 && d->published[1].udp, "ports");
	is_str(d->owner, "me", "owner");
	is_str(d->group, "us", "group");
	is_str(d->bridge, "br", "bridge");
	ok(!memcmp(d->mac, "\x02\xab\xcd\xef\x00\xff", 6), "MAC");
	ok(netdev_ipv4(&d->hosts) == &d->hosts.items[1], "the IPv4 address among others");
	ok(!netdev_ipv4(&(struct addresses){0}), "none");
	netdevs_free(&n);
	netdevs_free(&n);
	ok(!n.items, "freed twice");
}

/* Many devices: each has a name and a MAC of its own, the same each time. */
static void test_derived(void)
{
	enum { COUNT = 5000 };
	struct rec record A_CLEANUP(rec_free) = {0};
	struct netdevs n A_CLEANUP(netdevs_free) = {0}, again A_CLEANUP(netdevs_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	unsigned char one[MAC_BYTES], other[MAC_BYTES];
	size_t same = 0;

	buf_adds(&text, "name=www\n");
	for (int i = 0; i < COUNT; i++)
		buf_printf(&text, "net.d%d.mtu=1400\n", i);
	read_record(buf_str(&text), &record);
	ok(netdevs_read(&record, &n, &fault) == 0 && n.count == COUNT, "%d devices", COUNT);
	ok(netdevs_read(&record, &again, &fault) == 0, "and again");
	for (size_t i = 0; i < COUNT; i++) {
		same += !strcmp(n.items[i].tap, again.items[i].tap) &&
			!memcmp(n.items[i].mac, again.items[i].mac, MAC_BYTES);
		if (n.items[i].mac[0] != 2 || strlen(n.items[i].tap) != 11 ||
		    strncmp(n.items[i].tap, "mir", 3))
			ok(false, "%s", n.items[i].tap);
	}
	is_int((long long)same, COUNT, "are as they were");
	same = 0;
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < i; j++)
			same += !memcmp(n.items[i].mac, n.items[j].mac, MAC_BYTES);
	is_int((long long)same, 0, "no MAC twice");
	mac_derive("a", "bc", one);
	mac_derive("ab", "c", other);
	ok(memcmp(one, other, MAC_BYTES), "where one name ends counts");
	mac_derive("bc", "a", other);
	ok(memcmp(one, other, MAC_BYTES), "and which is which");
	/* what others may rely on: these don't change from version to version */
	buf_clear(&text);
	mac_derive("www", "service", one);
	mac_text(one, &text);
	is_str(buf_str(&text), "02:d3:01:84:44:bb", "the MAC of www's service");
	is_str(n.items[0].tap, "mirrsnbbq0j", "the tap of www's d0");
}

int main(void)
{
	test_written();
	test_guests();
	test_refused();
	test_fields();
	test_derived();
	test_bridges();
	return tap_end();
}
