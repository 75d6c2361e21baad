/* The name servers that this machine uses, for others to use too. Format: resolv.conf(5). */
#ifndef MIRARI_HOST_NAMESERVERS_H
#define MIRARI_HOST_NAMESERVERS_H

#include <netinet/in.h>
#include <stddef.h>

enum { NAMESERVERS_MAX = 3 }; /* a resolver uses no more (MAXNS in resolv.h) */

/* Where to look, ended by NULL: systemd-resolved's real servers, then what the C library uses. The
 * latter may name resolved itself, on a loopback address, which no guest could reach. */
extern const char *const nameservers_files[];

/* The IPv4 ones that a guest may reach: no loopback, unspecified, broadcast or multicast address,
 * and none twice. They are of the first file that has any; none is no fault, nor is a file that
 * can't be read. Returns how many there are. */
size_t nameservers_read(const char *const *files, struct in_addr into[NAMESERVERS_MAX]);

#endif
