#include "render/nft.h"

#include "core/num.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

enum { GUEST_DIGITS = 12 };

bool nft_is_tap(const char *name)
{
	size_t length = strspn(name, "0123456789_-abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return length && length < IFNAMSIZ && !name[length];
}

bool nft_is_guest(const char *name)
{
	const char *dot = strchr(name, '.');
	char bridge[IFNAMSIZ];

	if (!dot || (size_t)(dot - name) >= sizeof bridge || strlen(dot + 1) != GUEST_DIGITS ||
	    strspn(dot + 1, "0123456789abcdef") != GUEST_DIGITS)
		return false;
	memcpy(bridge, name, (size_t)(dot - name));
	bridge[dot - name] = '\0';
	return nft_is_tap(bridge);
}

void nft_guest(const char *bridge, const unsigned char mac[6], struct buf *into)
{
	buf_printf(into, "%s.", bridge);
	for (size_t i = 0; i < GUEST_DIGITS / 2; i++)
		buf_printf(into, "%02x", mac[i]);
}

bool nft_is_owner(const char *name)
{
	return nft_is_tap(name) || nft_is_guest(name);
}

/* nft's strings know no escapes: a quote ends one, and a star at the end is a wildcard that a
 * backslash takes away. Linux would allow all of these in a name. */
static bool is_interface(const char *name)
{
	size_t length = 0;

	for (; name[length]; length++)
		if (name[length] <= ' ' || name[length] > '~' || strchr("\"*\\/:", name[length]))
			return false;
	return length && length < IFNAMSIZ;
}

static bool parse_address(const char *text, char clean[INET_ADDRSTRLEN])
{
	struct in_addr address;

	return text && inet_pton(AF_INET, text, &address) == 1 &&
	       inet_ntop(AF_INET, &address, clean, INET_ADDRSTRLEN);
}

/* Appends the network of an address with its prefix length: 10.0.0.0/24 for 10.0.0.1/24. */
static int add_network(const char *cidr, struct strv *into, struct fault *fault)
{
	const char *slash = strchr(cidr, '/');
	struct buf text A_CLEANUP(buf_free) = {0};
	char clean[INET_ADDRSTRLEN];
	struct in_addr address;
	uint64_t prefix;

	buf_add(&text, cidr, slash ? (size_t)(slash - cidr) : strlen(cidr));
	if (!slash || inet_pton(AF_INET, buf_str(&text), &address) != 1 ||
	    num_parse(slash + 1, 1, 32, &prefix) != NUM_OK)
		return fault_set(fault, EX_DATAERR,
		    "%s: expected an IPv4 address with its prefix length, such as 10.0.0.1/24",
		    cidr);
	address.s_addr &= htonl(UINT32_MAX << (32 - prefix));
	inet_ntop(AF_INET, &address, clean, sizeof clean);
	strv_addf(into, "%s/%u", clean, (unsigned)prefix);
	return 0;
}

static int check(const struct nft_table *t, struct strv *networks, struct fault *fault)
{
	char clean[INET_ADDRSTRLEN];

	if (!nft_is_owner(t->tap))
		return fault_set(fault, EX_DATAERR,
		    "tap '%s': expected a name of letters, digits, '_' and '-' (at most 15)",
		    t->tap);
	if (!is_interface(t->interface))
		return fault_set(fault, EX_DATAERR,
		    "interface '%s': expected a name of printable ASCII characters (at most 15, "
		    "none of \" * \\ / :)",
		    t->interface);
	for (size_t i = 0; i < t->networks.count; i++)
		if (add_network(t->networks.items[i], networks, fault) < 0)
			return -1;
	if (t->nat && !networks->count)
		return fault_set(fault, EX_DATAERR,
		    "%s: NAT needs an IPv4 address of the host there", t->interface);
	if (t->publish_count && !parse_address(t->guest, clean))
		return fault_set(fault, EX_DATAERR,
		    "%s: published ports need the guest's IPv4 address%s%s", t->tap,
		    t->guest ? ", not " : "", t->guest ? t->guest : "");
	for (size_t i = 0; i < t->publish_count; i++) {
		if (t->publish[i].address && !parse_address(t->publish[i].address, clean))
			return fault_set(fault, EX_DATAERR,
			    "publish on %s: expected an IPv4 address", t->publish[i].address);
		if (!t->publish[i].port || !t->publish[i].guest_port)
			return fault_set(fault, EX_DATAERR, "publish: there is no port 0");
	}
	return 0;
}

static void chain(
    struct buf *into, const char *name, const char *type, const char *hook, const char *priority)
{
	buf_printf(into, "\tchain %s {\n\t\ttype %s hook %s priority %s; policy accept;\n", name,
	    type, hook, priority);
}

/* Connections to this host's port become connections to the guest's. */
static void published(const struct nft_table *t, struct buf *into)
{
	char guest[INET_ADDRSTRLEN], address[INET_ADDRSTRLEN];

	parse_address(t->guest, guest);
	for (size_t i = 0; i < t->publish_count; i++) {
		const struct nft_publish *p = &t->publish[i];

		if (p->address && parse_address(p->address, address))
			buf_printf(into, "\t\tip daddr %s ", address);
		else
			buf_adds(into, "\t\tfib daddr type local ");
		buf_printf(into, "%s dport %u dnat ip to %s:%u\n", p->udp ? "udp" : "tcp", p->port,
		    guest, p->guest_port);
	}
}

/* With route_localnet, which publishing on 127.0.0.1 needs, the kernel no longer refuses loopback
 * addresses on the interface: the guest could talk to services that listen only there
 * (CVE-2020-8558), or pretend to be such an address. Before connection tracking, so that only what
 * is on the wire counts: answers to published connections carry the host's address there. */
static void guard(const struct nft_table *t, struct buf *into)
{
	chain(into, "guard", "filter", "prerouting", "raw");
	buf_printf(into, "\t\tiifname \"%s\" ip daddr 127.0.0.0/8 drop\n", t->interface);
	buf_printf(into, "\t\tiifname \"%s\" ip saddr 127.0.0.0/8 drop\n\t}\n", t->interface);
}

static void leaving(const struct nft_table *t, const struct strv *networks, struct buf *into)
{
	chain(into, "leaving", "nat", "postrouting", "srcnat");
	for (size_t i = 0; t->nat && i < networks->count; i++)
		buf_printf(into, "\t\tip saddr %s ip daddr != %s oifname != \"%s\" masquerade\n",
		    networks->items[i], networks->items[i], t->interface);
	if (t->publish_count) {
		/* loopback addresses mean nothing out there */
		buf_printf(
		    into, "\t\tip saddr 127.0.0.0/8 oifname \"%s\" masquerade\n", t->interface);
		/* the answer must come back here, without a gateway set in the guest */
		buf_printf(into,
		    "\t\tct status dnat fib saddr type local oifname \"%s\" masquerade\n",
		    t->interface);
	}
	/* and when the guest's neighbour, or the guest itself, uses the host's address */
	for (size_t i = 0; t->publish_count && i < networks->count; i++)
		buf_printf(into, "\t\tct status dnat ip saddr %s oifname \"%s\" masquerade\n",
		    networks->items[i], t->interface);
	buf_adds(into, "\t}\n");
}

/* Who knows the guest's address could route to it from outside, now that the host forwards. What
 * goes out is not for us to judge; what comes in must be an answer, published, or from a neighbour.
 * A bridge's guests among themselves come by here, too, where br_netfilter is loaded. */
static void forwarded(const struct nft_table *t, struct buf *into)
{
	chain(into, "forwarded", "filter", "forward", "filter");
	buf_printf(into,
	    "\t\tmeta nfproto != ipv4 accept\n"
	    "\t\toifname != \"%s\" accept\n"
	    "\t\tiifname \"%s\" accept\n"
	    "\t\tct state established,related accept\n"
	    "\t\tct status dnat accept\n"
	    "\t\tiifgroup %u accept\n"
	    "\t\tdrop\n\t}\n",
	    t->interface, t->interface, t->group);
}

int nft_render(const struct nft_table *t, struct buf *into, struct fault *fault)
{
	struct strv networks A_CLEANUP(strv_free) = {0};
	const char *prefix = NFT_TABLE_PREFIX;

	if (check(t, &networks, fault) < 0)
		return -1;
	/* made first, so that there is one to delete */
	buf_printf(into, "table inet %s%s\ndelete table inet %s%s\ntable inet %s%s {\n", prefix,
	    t->tap, prefix, t->tap, prefix, t->tap);
	if (t->publish_count) {
		guard(t, into);
		chain(into, "published", "nat", "prerouting", "dstnat");
		published(t, into);
		buf_adds(into, "\t}\n");
		/* by number: nft knows the name dstnat in prerouting only */
		chain(into, "published_here", "nat", "output", "-100");
		published(t, into);
		buf_adds(into, "\t}\n");
	}
	if (t->nat || t->publish_count) {
		leaving(t, &networks, into);
		forwarded(t, into);
	}
	buf_adds(into, "}\n");
	return 0;
}
