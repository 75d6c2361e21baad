#include "host/netservice.h"

#include "core/fd.h"
#include "core/mem.h"
#include "host/nameservers.h"
#include "host/nat.h"
#include "host/tapgone.h"
#include "host/tapmark.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { LEASE_SECONDS = 24 * 3600 };

static struct in_addr in_addr_of(const struct address *address)
{
	struct in_addr in;

	memcpy(&in, address->bytes, sizeof in);
	return in;
}

/* Where frames to the host's address go: to the bridge, when the tap is in one. */
static int interface_mac(const struct netdev *device, uint8_t mac[MAC_BYTES], struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_flags = 0};

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s",
	    device->bridge ? device->bridge : device->tap);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return fault_errno(
		    fault, EX_OSERR, errno, "%s: read its MAC address", request.ifr_name);
	memcpy(mac, request.ifr_hwaddr.sa_data, MAC_BYTES);
	return 0;
}

int netservice_lease(const struct netservice *n, const struct netdev *device, bool first,
    struct dhcp_lease *into, struct fault *fault)
{
	const struct address *host = netdev_ipv4(&device->hosts);
	const struct address *guest = netdev_ipv4(&device->guests);

	/* netdevs_read has seen to both */
	*into = (struct dhcp_lease){.server = in_addr_of(host),
	    .address = in_addr_of(guest),
	    .mtu = device->mtu,
	    .seconds = LEASE_SECONDS};
	memcpy(into->mac, device->mac, MAC_BYTES);
	into->netmask.s_addr =
	    guest->prefix ? htonl(0xffffffffu << (32 - guest->prefix)) : htonl(0);
	if (first || device->nat)
		into->router = into->server;
	snprintf(into->hostname, sizeof into->hostname, "%s", n->unikernel);
	if (n->nameservers) {
		into->nameserver_count = n->nameserver_count;
		memcpy(into->nameservers, n->nameservers,
		    n->nameserver_count * sizeof *n->nameservers);
	} else {
		into->nameserver_count = nameservers_read(nameservers_files, into->nameservers);
	}
	return interface_mac(device, into->server_mac, fault);
}

void netservice_table_free(struct netservice_table *t)
{
	strv_free(&t->table.networks);
	free(t->publish);
	strv_free(&t->addresses);
	buf_free(&t->guest);
	buf_free(&t->name);
}

void netservice_table_of(const struct netdev *device, struct netservice_table *into)
{
	*into = (struct netservice_table){
	    .table = {.tap = device->tap,
		.interface = device->bridge ? device->bridge : device->tap,
		.nat = device->nat,
		.publish_count = device->published_count,
		.group = MARK_GROUP}};
	into->publish = mem_zeroed(device->published_count, sizeof *into->publish);
	for (size_t i = 0; i < device->hosts.count; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};

		address_text(&device->hosts.items[i], &text);
		if (device->hosts.items[i].family == AF_INET)
			strv_add(&into->table.networks, buf_str(&text));
	}
	for (size_t i = 0; i < device->published_count; i++) {
		const struct publish *p = &device->published[i];
		char text[INET_ADDRSTRLEN];

		into->publish[i] =
		    (struct nft_publish){.udp = p->udp, .port = p->host, .guest_port = p->guest};
		if (!p->address.s_addr)
			continue;
		strv_add(&into->addresses, inet_ntop(AF_INET, &p->address, text, sizeof text));
		into->publish[i].address = into->addresses.items[into->addresses.count - 1];
	}
	if (netdev_ipv4(&device->guests))
		address_alone(netdev_ipv4(&device->guests), &into->guest);
	into->table.guest = buf_str(&into->guest);
	into->table.publish = into->publish;
}

void netservice_guest_table_of(const struct netdev *device, struct netservice_table *into)
{
	netservice_table_of(device, into);
	nft_guest(device->bridge, device->mac, &into->name);
	into->table.tap = buf_str(&into->name);
	into->table.nat = false; /* that is the bridge's */
}

/* A published port is taken before any program of this machine sees the connection: one that is
 * listening there would be cut off without a word. With SO_REUSEADDR connections that have ended
 * don't count, listening sockets do. */
static int check_unused(const struct publish *p, struct fault *fault)
{
	const struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_port = htons(p->host), .sin_addr = p->address};
	int fd A_CLEANUP(fd_close) =
	    socket(AF_INET, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || (!p->udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0))
		return fault_errno(fault, EX_OSERR, errno, "socket");
	if (bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 || errno != EADDRINUSE)
		return 0; /* an address that isn't there yet is none of our business */
	fault_set(fault, EX_UNAVAILABLE, "port %u/%s of this machine is in use", p->host,
	    p->udp ? "udp" : "tcp");
	return fault_hint(fault, "ss -l%cnp sport = :%u shows by whom; publish another port",
	    p->udp ? 'u' : 't', p->host);
}

int netservice_check_ports(const struct netdev *device, struct fault *fault)
{
	for (size_t i = 0; i < device->published_count; i++)
		if (check_unused(&device->published[i], fault) < 0)
			return -1;
	return 0;
}

int netservice_nat(
    struct netdev *const *devices, size_t count, const struct strv *without, struct fault *fault)
{
	struct netservice_table *all = mem_zeroed(count, sizeof *all);
	struct nft_table *tables = mem_zeroed(count, sizeof *tables);
	size_t used = 0;
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++) {
		if (!devices[i]->nat && !devices[i]->published_count)
			continue;
		result = netservice_check_ports(devices[i], fault);
		netservice_table_of(devices[i], &all[used]);
		tables[used] = all[used].table;
		used++;
	}
	if (result == 0 && (used || (without && without->count)))
		result = nat_apply(tables, used, without, tapgone_find, fault);
	for (size_t i = 0; i < used; i++)
		netservice_table_free(&all[i]);
	free(all);
	free(tables);
	return result;
}
