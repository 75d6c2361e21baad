/*
 * NAT and published ports of guests: the tables of render/nft.h in the kernel, and the switches of
 * the kernel that they need.
 *
 * There are no files: what we did is to be seen in the kernel, in the network namespace that it is
 * about, and nowhere else, so that it can't be stale.
 *  - the tables `inet mirari-TAP`;
 *  - the empty table `inet mirari.forward` (no tap's: those have a dash), which says that it was us
 *    who set net.ipv4.ip_forward to 1. It goes, and ip_forward is 0 again, with the last of ours.
 *    Who removes it (`nft delete table inet mirari.forward`) keeps forwarding on;
 *  - net.ipv4.conf.INTERFACE.route_localnet is 1 while a table has a guard for that interface.
 *
 * Changes are made one after another, in the order of host/netlock.h. What is said of a tap here
 * goes for whatever else has a table of its own: see nft_is_owner.
 *
 * All need CAP_NET_ADMIN in this namespace (EX_NOPERM), which is lent to nft. That a file
 * capability doesn't let every user change what the host forwards is for the caller to see to.
 */
#ifndef MIRARI_HOST_NAT_H
#define MIRARI_HOST_NAT_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/strv.h"
#include "render/nft.h"

/* Appends those of the taps that are gone, or are another by now: host/tapgone.h has one. */
typedef int (*nat_find_gone)(const struct strv *taps, struct strv *into, struct fault *fault);

/* Gives the taps these tables instead of those that they have, in one transaction. One without NAT
 * and published ports is none; the taps `without` (may be NULL) have none either. A port that
 * another tap has published is refused (EX_UNAVAILABLE); with `gone` (may be NULL) tables of taps
 * that are gone don't count, and go. Nothing is another when it fails, unless the kernel's switches
 * can't be set: none of the taps has a table then. */
int nat_apply(const struct nft_table *tables, size_t count, const struct strv *without,
    nat_find_gone gone, struct fault *fault) A_MUST_CHECK;

/* Removes the tables of these taps, in one transaction; taps that have none are fine. */
int nat_remove(const struct strv *taps, struct fault *fault) A_MUST_CHECK;

/* The same for those of them (NULL: of all) that are gone; the table of one that somebody has made
 * anew is his. */
int nat_remove_gone(const struct strv *taps, nat_find_gone gone, struct fault *fault) A_MUST_CHECK;

/* Appends the names of the taps that have a table, sorted. */
int nat_list(struct strv *taps, struct fault *fault) A_MUST_CHECK;

#endif
