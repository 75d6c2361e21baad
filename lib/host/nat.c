#include "host/nat.h"

#include "core/fd.h"
#include "host/caps.h"
#include "host/netlock.h"
#include "host/nftcmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MARKER "mirari.forward"
#define IP_FORWARD "/proc/sys/net/ipv4/ip_forward"

/* What there is of ours. */
struct state {
	struct strv taps;
	struct strv guards; /* "TAP INTERFACE" */
	struct strv ports;  /* "TAP ADDRESS PROTOCOL PORT", the address * for all */
};

static void state_free(struct state *s)
{
	strv_free(&s->taps);
	strv_free(&s->guards);
	strv_free(&s->ports);
}

/* Whose an item of such a list is. */
static void tap_of_item(const char *item, struct buf *tap)
{
	buf_add(tap, item, strcspn(item, " "));
}

static int need_root(struct fault *fault)
{
	/* without CAP_NET_ADMIN, root is told by nft what is missing */
	if (geteuid() == 0 || caps_have(CAP_NET_ADMIN))
		return 0;
	fault_set(fault, EX_NOPERM, "NAT and published ports need root");
	return fault_hint(fault, "run it with sudo");
}

/* ---- what there is ----------------------------------------------------------------------------*/

/* The tap, or what else has a table of ours (nft_is_owner), whose it is; or NULL. */
static const char *tap_of(const char *table)
{
	size_t length = strlen(NFT_TABLE_PREFIX);

	return !strncmp(table, NFT_TABLE_PREFIX, length) && nft_is_owner(table + length)
		   ? table + length
		   : NULL;
}

/* A line of a table of ours, as render/nft.h writes it and nft prints it again. */
static void read_rule(const char *tap, const char *line, struct state *s)
{
	const char *guarded = strstr(line, "iifname \"");
	char address[16], protocol[4], port[6];

	if (guarded && strstr(line, "ip daddr 127.0.0.0/8")) {
		guarded += strlen("iifname \"");
		strv_addf(&s->guards, "%s %.*s", tap, (int)strcspn(guarded, "\""), guarded);
	} else if (sscanf(line, " ip daddr %15s %3s dport %5[0-9] dnat", address, protocol, port) ==
		   3) {
		strv_addf(&s->ports, "%s %s %s %s", tap, address, protocol, port);
	} else if (sscanf(line, " fib daddr type local %3s dport %5[0-9] dnat", protocol, port) ==
		   2) {
		strv_addf(&s->ports, "%s * %s %s", tap, protocol, port);
	}
}

/* From a script of ours, or nft's list: what is in tables of others doesn't matter. Ports published
 * once are twice in a table, for connections from outside and from here. */
static void read_state(const char *text, struct state *s)
{
	struct buf tap A_CLEANUP(buf_free) = {0};

	for (size_t length; *text; text += length + (text[length] == '\n')) {
		struct buf line A_CLEANUP(buf_free) = {0};
		const char *name;
		char table[64], brace[2];

		length = strcspn(text, "\n");
		buf_add(&line, text, length);
		if (*text == '}') {
			buf_clear(&tap);
		} else if (sscanf(buf_str(&line), "table inet %63s %1[{]", table, brace) == 2) {
			buf_clear(&tap);
			name = tap_of(table);
			buf_adds(&tap, name ? name : "");
			if (name)
				strv_add(&s->taps, name);
		} else if (tap.length) {
			read_rule(buf_str(&tap), buf_str(&line), s);
		}
	}
}

static int look(struct state *s, struct fault *fault)
{
	struct strv list A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	strv_list(&list, "list", "ruleset", "inet");
	if (nftcmd_run(&list, NULL, &text, fault) < 0)
		return -1;
	read_state(buf_str(&text), s);
	return 0;
}

/* Does a table of a tap that isn't among `but` guard the interface? */
static bool is_guarded(const struct state *s, const char *interface, const struct strv *but)
{
	for (size_t i = 0; i < s->guards.count; i++) {
		const char *guarded = strchr(s->guards.items[i], ' ') + 1;
		struct buf tap A_CLEANUP(buf_free) = {0};

		buf_add(&tap, s->guards.items[i], (size_t)(guarded - s->guards.items[i]) - 1);
		if (!strcmp(guarded, interface) && !strv_has(but, buf_str(&tap)))
			return true;
	}
	return false;
}

static bool is_same_port(const char *one, const char *other)
{
	const char *address = strchr(one, ' ') + 1, *others = strchr(other, ' ') + 1;
	const char *port = strchr(address, ' ');

	return !strcmp(port, strchr(others, ' ')) &&
	       (*address == '*' || *others == '*' ||
		   !strncmp(address, others, (size_t)(port - address) + 1));
}

/* Whoever came first would get the connections, and the other one none. Those among `but` don't
 * count. */
static int find_conflict(const struct state *wanted, const struct state *taken,
    const struct strv *but, struct fault *fault)
{
	for (size_t i = 0; i < wanted->ports.count; i++)
		for (size_t j = 0; j < taken->ports.count; j++) {
			const char *want = wanted->ports.items[i], *take = taken->ports.items[j];
			struct buf tap A_CLEANUP(buf_free) = {0}, other A_CLEANUP(buf_free) = {0};

			tap_of_item(want, &tap);
			tap_of_item(take, &other);
			if (!is_same_port(want, take) || !strcmp(buf_str(&tap), buf_str(&other)) ||
			    (but && strv_has(but, buf_str(&other))))
				continue;
			return fault_set(fault, EX_UNAVAILABLE,
			    "port%s is published for the %s %s already",
			    strchr(strchr(want, ' ') + 1, ' '),
			    nft_is_tap(buf_str(&other)) ? "tap" : "guest", buf_str(&other));
		}
	return 0;
}

/* ---- the kernel's switches --------------------------------------------------------------------*/

static int set_switch(const char *path, bool on, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && fd_write(fd, on ? "1\n" : "0\n", 2) == 0)
		return 0;
	fault_errno(fault, 0, errno, "%s: set it to %d", path, on);
	if (errno == EROFS)
		fault_hint(fault, "a container has to be started with it, as docker run --sysctl "
				  "net.ipv4.ip_forward=1 …, or --privileged");
	return -1;
}

static int get_forward(bool *on, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {.max = 64};

	if (file_read(IP_FORWARD, EX_OSERR, &text, fault) < 0)
		return -1;
	*on = buf_str(&text)[0] != '0';
	return 0;
}

static int set_localnet(const char *interface, bool on, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0};

	buf_printf(&path, "/proc/sys/net/ipv4/conf/%s/route_localnet", interface);
	/* it went with the interface */
	if (!on && access(buf_str(&path), F_OK) < 0 && errno == ENOENT)
		return 0;
	return set_switch(buf_str(&path), on, fault);
}

/* route_localnet is 0 on interfaces that only these taps' tables guard; before those go. The guards
 * of `next` stay, or come. */
static int unset_localnet(
    const struct state *s, const struct strv *taps, const struct state *next, struct fault *fault)
{
	const struct strv none = {0};

	for (size_t i = 0; i < s->guards.count; i++) {
		const char *interface = strchr(s->guards.items[i], ' ') + 1;

		if (!is_guarded(s, interface, taps) &&
		    !(next && is_guarded(next, interface, &none)) &&
		    set_localnet(interface, false, fault) < 0)
			return -1;
	}
	return 0;
}

/* ---- changes ----------------------------------------------------------------------------------*/

static int change(const struct buf *script, struct fault *fault)
{
	struct strv arguments A_CLEANUP(strv_free) = {0};
	struct buf said A_CLEANUP(buf_free) = {0};

	strv_list(&arguments, "-f", "-");
	return nftcmd_run(&arguments, script, &said, fault);
}

/* Deleting a table that isn't there is an error; making one that is there isn't. */
static void delete_table(const char *prefix, const char *name, struct buf *script)
{
	buf_printf(script, "table inet %s%s\ndelete table inet %s%s\n", prefix, name, prefix, name);
}

/* The taps' tables go, with what they needed; the lock is held. */
static int remove_locked(const struct strv *taps, struct fault *fault)
{
	struct strv tables A_CLEANUP(strv_free) = {0};
	struct buf script A_CLEANUP(buf_free) = {0};
	struct state now A_CLEANUP(state_free) = {0};
	bool any = false, others = false, last;
	struct fault ignored;

	if (nftcmd_tables(&tables, fault) < 0)
		return -1;
	for (size_t i = 0; i < tables.count; i++) {
		const char *tap = tap_of(tables.items[i]);

		if (tap && strv_has(taps, tap)) {
			delete_table(NFT_TABLE_PREFIX, tap, &script);
			any = true;
		} else {
			others |= tap != NULL;
		}
	}
	last = !others && strv_has(&tables, MARKER);
	if (!any && !last)
		return 0;
	if (need_root(fault) < 0)
		return -1;
	if (any && (look(&now, fault) < 0 || unset_localnet(&now, taps, NULL, fault) < 0))
		return -1;
	if (last) {
		if (set_switch(IP_FORWARD, false, fault) < 0)
			return -1;
		delete_table("", MARKER, &script);
	}
	if (change(&script, fault) == 0)
		return 0;
	if (last) /* they are there still, and so must be what they need */
		(void)set_switch(IP_FORWARD, true, &ignored);
	return -1;
}

/* What the new tables need, once they are there: the guard comes before what it guards against. */
static int set_switches(const struct state *next, bool forward, struct fault *fault)
{
	for (size_t i = 0; i < next->guards.count; i++)
		if (set_localnet(strchr(next->guards.items[i], ' ') + 1, true, fault) < 0)
			return -1;
	return forward ? 0 : set_switch(IP_FORWARD, true, fault);
}

/* The tables in `text`, instead of those that `taps` have now; the lock is held. Those of taps that
 * are gone go, too: whoever is to remove them may be about to, and their ports are nobody's. */
static int apply_locked(
    const struct buf *text, struct strv *taps, nat_find_gone gone, struct fault *fault)
{
	struct state now A_CLEANUP(state_free) = {0}, next A_CLEANUP(state_free) = {0};
	struct buf script A_CLEANUP(buf_free) = {0};
	struct fault ignored;
	bool forward;

	read_state(buf_str(text), &next);
	if (look(&now, fault) < 0 || (gone && gone(&now.taps, taps, fault) < 0) ||
	    find_conflict(&next, &now, taps, fault) < 0 ||
	    find_conflict(&next, &next, NULL, fault) < 0 || get_forward(&forward, fault) < 0 ||
	    unset_localnet(&now, taps, &next, fault) < 0)
		return -1;
	if (!forward)
		buf_adds(&script, "table inet " MARKER "\n");
	for (size_t i = 0; i < now.taps.count; i++)
		if (strv_has(taps, now.taps.items[i]) && !strv_has(&next.taps, now.taps.items[i]))
			delete_table(NFT_TABLE_PREFIX, now.taps.items[i], &script);
	buf_add(&script, text->bytes, text->length);
	if (change(&script, fault) < 0)
		return -1;
	if (set_switches(&next, forward, fault) == 0)
		return 0;
	(void)remove_locked(taps, &ignored); /* why it failed is known */
	return -1;
}

int nat_apply(const struct nft_table *tables, size_t count, const struct strv *without,
    nat_find_gone gone, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct strv taps A_CLEANUP(strv_free) = {0};
	int result;

	if (need_root(fault) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		strv_add(&taps, tables[i].tap);
		if ((tables[i].nat || tables[i].publish_count) &&
		    nft_render(&tables[i], &text, fault) < 0)
			return -1;
	}
	if (without)
		strv_add_all(&taps, without);
	if (netlock_take(fault) < 0)
		return -1;
	result =
	    text.length ? apply_locked(&text, &taps, gone, fault) : remove_locked(&taps, fault);
	netlock_leave();
	return result;
}

int nat_remove(const struct strv *taps, struct fault *fault)
{
	int result;

	if (netlock_take(fault) < 0)
		return -1;
	result = remove_locked(taps, fault);
	netlock_leave();
	return result;
}

int nat_remove_gone(const struct strv *taps, nat_find_gone find, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0}, gone A_CLEANUP(strv_free) = {0};
	int result = -1;

	if (netlock_take(fault) < 0)
		return -1;
	/* whoever makes a tap anew marks it first, and gives it its table with the lock held */
	if ((taps || nat_list(&all, fault) == 0) && find(taps ? taps : &all, &gone, fault) == 0)
		result = remove_locked(&gone, fault);
	netlock_leave();
	return result;
}

int nat_list(struct strv *taps, struct fault *fault)
{
	struct strv tables A_CLEANUP(strv_free) = {0};

	if (nftcmd_tables(&tables, fault) < 0)
		return -1;
	for (size_t i = 0; i < tables.count; i++) {
		const char *tap = tap_of(tables.items[i]);

		if (tap)
			strv_add(taps, tap);
	}
	strv_sort(taps);
	return 0;
}
