/*
 * nftables: changes by running nft(8), so that its language is all we speak; which tables there are
 * by asking the kernel (linux/netfilter/nf_tables.h, over nfnetlink), which needs no program and no
 * time. Both are about the network namespace that we are in, and need CAP_NET_ADMIN there.
 */
#ifndef MIRARI_HOST_NFTCMD_H
#define MIRARI_HOST_NFTCMD_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

/* Appends where a program of the administrator's is: in PATH, else in /usr/sbin or /sbin, which an
 * ordinary user's PATH doesn't have. With rights that our caller hasn't, PATH doesn't count. -1
 * with errno set. */
int nftcmd_find(const char *program, struct buf *path) A_MUST_CHECK;

/* Runs nft with these arguments, and `script` (or nothing, when NULL) on its standard input.
 * Appends what it says, to either output. EXIT_NOT_FOUND without nft, EX_NOPERM without the
 * capability, EX_OSERR with its first line for everything else that it ends badly with. */
int nftcmd_run(const struct strv *arguments, const struct buf *script, struct buf *out,
    struct fault *fault) A_MUST_CHECK;

/* Appends the names of the tables of the family inet, in the kernel's order. A kernel without
 * nf_tables has none. */
int nftcmd_tables(struct strv *names, struct fault *fault) A_MUST_CHECK;

#endif
