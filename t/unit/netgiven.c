#include "model/netgiven.h"

#include "tap.h"

static struct fault fault;

static void test_any(void)
{
	const struct netgiven each[] = {{.owner = "o"}, {.group = "g"}, {.mtu = "1"}, {.mac = "m"},
	    {.bridge = "b"}, {.bridge_create = true}, {.dhcp = true}, {.nat = true}, {.mtu = ""}};
	struct netgiven lists[3] = {{.dhcp = false}};

	ok(!netgiven_any(&(struct netgiven){.dhcp = false}), "nothing is given");
	for (size_t i = 0; i < COUNT_OF(each); i++)
		ok(netgiven_any(&each[i]), "something is (%zu)", i);
	strv_add(&lists[0].hosts, "h");
	strv_add(&lists[1].guests, "g");
	strv_add(&lists[2].published, "p");
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		ok(netgiven_any(&lists[i]), "a list is (%zu)", i);
		netgiven_free(&lists[i]);
		netgiven_free(&lists[i]);
		ok(!netgiven_any(&lists[i]), "and is freed");
	}
}

static void added(const struct netgiven *g, const char *tap, const char *expected)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	ok(netgiven_add(g, "dev", tap, &record, &fault) == 0, "is added");
	for (size_t i = 0; i < record.count; i++)
		buf_printf(&out, "%s=%s\n", record.fields[i].key, record.fields[i].value);
	is_str(buf_str(&out), expected, "as it was given");
}

static void refused(const struct netgiven *g, const char *device, const char *tap)
{
	struct rec record A_CLEANUP(rec_free) = {0};

	fault = (struct fault){0};
	is_int(netgiven_add(g, device, tap, &record, &fault), -1, "refused");
	is_int(fault.status, EX_DATAERR, "with 65");
}

int main(void)
{
	struct netgiven all = {.owner = "me",
	    .group = "us",
	    .mtu = "1400",
	    .mac = "02:00:00:00:00:01",
	    .bridge = "br",
	    .bridge_create = true,
	    .dhcp = true,
	    .nat = true};
	static const char *const names[] = {
	    "", "a/b", "a b", "a\nb", "a=b", "\xc3\xa4", "a..b", "%d"};

	test_any();
	added(&(struct netgiven){.dhcp = false}, NULL, "");
	added(&(struct netgiven){.dhcp = false}, "t", "net.dev.tap=t\n");
	added(&(struct netgiven){.mtu = ""}, NULL, "net.dev.mtu=\n");
	strv_list(&all.hosts, "10.0.0.1/24", "fd00::1/64");
	strv_list(&all.guests, "10.0.0.2/24");
	strv_list(&all.published, "80:80", "90:90/udp");
	added(&all, "t",
	    "net.dev.tap=t\nnet.dev.owner=me\nnet.dev.group=us\nnet.dev.mtu=1400\n"
	    "net.dev.mac=02:00:00:00:00:01\nnet.dev.bridge=br\nnet.dev.bridge-create=true\n"
	    "net.dev.dhcp=true\nnet.dev.nat=true\nnet.dev.host=10.0.0.1/24\n"
	    "net.dev.host=fd00::1/64\nnet.dev.guest=10.0.0.2/24\nnet.dev.publish=80:80\n"
	    "net.dev.publish=90:90/udp\n");
	for (size_t i = 0; i < COUNT_OF(names); i++)
		refused(&all, names[i], names[i]);
	refused(&(struct netgiven){.owner = "a\nnet.dev.nat=true"}, "dev", NULL);
	netgiven_free(&all);
	strv_list(&all.hosts, "10.0.0.1/24\n");
	refused(&all, "dev", NULL);
	netgiven_free(&all);
	return tap_end();
}
