/*
 * Firewalls of others that drop what we forward. An accept in our tables doesn't overrule them:
 * every chain at a hook has to let a packet through (nft(8), "verdict statements").
 *
 * What `nft list ruleset` prints is read line by line, and what isn't known is passed over: a
 * firewall may be missed, never invented. iptables' rules are among it where iptables-nft made
 * them.
 */
#ifndef MIRARI_HOST_FIREWALL_H
#define MIRARI_HOST_FIREWALL_H

#include "core/buf.h"

#include <stdbool.h>

/* How the names of the interfaces begin that rules for "ours" are about. */
#define FIREWALL_OURS "mir"

enum firewall_kind {
	FIREWALL_NFT,
	FIREWALL_IPTABLES,
	FIREWALL_UFW,
	FIREWALL_DOCKER,
	FIREWALL_FIREWALLD
};

/* A chain of IPv4 forwarding that drops what none of its rules takes. Strings are borrowed for the
 * time of the call. */
struct firewall {
	enum firewall_kind kind;
	const char *family; /* "ip" or "inet" */
	const char *table;
	const char *chain;
	bool by_policy; /* else by its last rule */
	bool lets_ours; /* its table has rules that accept our interfaces in both directions */
};

void firewall_read(const char *ruleset,
    void (*found)(void *context, const struct firewall *firewall), void *context);

/* As people call it: "docker". */
const char *firewall_name(enum firewall_kind kind);

/* Appends the command that lets our interfaces through. */
void firewall_advice(const struct firewall *firewall, struct buf *into);

#endif
