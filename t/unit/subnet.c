#include "host/subnet.h"

#include "model/address.h"
#include "netns.h"
#include "tap.h"

static struct fault fault;

static void choose(const char *unikernel, const char *device, const char *own,
    const struct strv *given, struct buf *into)
{
	buf_clear(into);
	ok(subnet_choose(unikernel, device, own, given, into, &fault) == 0, "%s %s has one",
	    unikernel, device);
}

/* Gives lo the address; it has no other use for it in a namespace of the test. */
static void occupy(const char *address)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	const struct proc_io io = {.in = -1, .out = -1};
	int status = -1;

	strv_list(&command, "ip", "address", "add", address, "dev", "lo");
	ok(proc_run(&command, &io, &status, &fault) == 0 && status == 0, "lo has %s", address);
}

static void test_choice(void)
{
	struct strv none A_CLEANUP(strv_free) = {0}, given A_CLEANUP(strv_free) = {0};
	struct buf first A_CLEANUP(buf_free) = {0}, again A_CLEANUP(buf_free) = {0};
	struct address address, low, other;

	choose("www", "service", "tap", &none, &first);
	choose("www", "service", "tap", &none, &again);
	is_str(buf_str(&again), buf_str(&first), "the same at each start");
	ok(address_parse(buf_str(&first), &address) && address.prefix == 24 &&
		address_parse("10.64.0.0/10", &low) && address_overlaps(&address, &low) &&
		address.bytes[3] == 1,
	    "%s is a host's, of 10.64.0.0/10", buf_str(&first));
	choose("www", "other", "tap", &none, &again);
	ok(strcmp(buf_str(&again), buf_str(&first)) != 0, "another device has another");
	choose("ww", "wservice", "tap", &none, &again);
	ok(strcmp(buf_str(&again), buf_str(&first)) != 0, "names don't run together");
	strv_add(&given, buf_str(&first));
	choose("www", "service", "tap", &given, &again);
	ok(address_parse(buf_str(&again), &other) && !address_overlaps(&other, &address),
	    "what was given isn't given twice");
}

static void test_taken(void)
{
	struct strv none A_CLEANUP(strv_free) = {0};
	struct buf first A_CLEANUP(buf_free) = {0}, again A_CLEANUP(buf_free) = {0};
	struct address a, b;

	choose("www", "service", "tap", &none, &first);
	occupy(buf_str(&first));
	choose("www", "service", "lo", &none, &again);
	is_str(buf_str(&again), buf_str(&first), "its own interface's is no obstacle");
	choose("www", "service", "tap", &none, &again);
	ok(address_parse(buf_str(&first), &a) && address_parse(buf_str(&again), &b) &&
		!address_overlaps(&a, &b),
	    "another interface's is");
	/* one that covers all that there are, and one that doesn't */
	occupy("10.128.0.1/9");
	choose("www", "service", "tap", &none, &first);
	is_str(buf_str(&again), buf_str(&first), "a neighbour is none");
	occupy("10.127.255.255/9");
	buf_clear(&again);
	is_int(subnet_choose("www", "service", "tap", &none, &again, &fault), -1, "all are taken");
	is_int(fault.status, EX_UNAVAILABLE, "with 69");
	is_str(buf_str(&again), "", "and nothing");
	is_str(fault.hint, "give it one: --set net.service.host=ADDRESS/PREFIX", "what to do");
}

int main(void)
{
	const char *lacking = netns_lacks();

	if (lacking) {
		tap_skip("networks", lacking);
		return tap_end();
	}
	if (!netns_enter()) {
		tap_skip("networks", "network namespaces aren't allowed here");
		return tap_end();
	}
	test_choice();
	test_taken();
	return tap_end();
}
