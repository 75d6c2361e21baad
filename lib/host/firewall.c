#include "host/firewall.h"

#include "core/shell.h"
#include "core/strv.h"
#include "render/nft.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256 };

enum verdict { VERDICT_NONE, VERDICT_ACCEPT, VERDICT_DROP };

/* What is known of the table that is being read, and of its chain. */
struct reader {
	void (*found)(void *context, const struct firewall *firewall);
	void *context;
	char family[NAME_SIZE], table[NAME_SIZE], chain[NAME_SIZE];
	bool forward;      /* the chain is one at the hook forward */
	bool policy_drop;  /* of the chain */
	enum verdict last; /* of its last rule, if that has no condition */
	struct strv drops; /* chains, those by policy with a + in front, others a - */
	bool lets_in, lets_out, ufw, docker;
};

/* Behind the word and its blank, or NULL when the text doesn't begin with it. */
static const char *behind(const char *text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(text, word, length) || (text[length] && text[length] != ' '))
		return NULL;
	return text + length + (text[length] == ' ');
}

static const char *skip_word(const char *text)
{
	text += strcspn(text, " ");
	return text + strspn(text, " ");
}

/* Counting and logging are no conditions. */
static enum verdict unconditional(const char *rule)
{
	const char *rest;

	if ((rest = behind(rule, "counter"))) {
		rule = rest;
		if (behind(rule, "packets"))
			for (int i = 0; i < 4; i++)
				rule = skip_word(rule);
	}
	if (behind(rule, "log")) {
		const char *quote = strrchr(rule, '"');

		for (rule = quote ? quote + 1 : rule; *rule; rule = skip_word(rule))
			if (behind(rule, "drop") || behind(rule, "reject"))
				return VERDICT_DROP;
		return VERDICT_NONE;
	}
	if (behind(rule, "drop") || behind(rule, "reject"))
		return VERDICT_DROP;
	return behind(rule, "accept") ? VERDICT_ACCEPT : VERDICT_NONE;
}

static void read_rule(struct reader *r, const char *rule)
{
	bool accepts = strstr(rule, " accept") || strstr(rule, "_trusted");

	if (accepts && strstr(rule, "iifname \"" FIREWALL_OURS "*\""))
		r->lets_in = true;
	if (accepts && strstr(rule, "oifname \"" FIREWALL_OURS "*\""))
		r->lets_out = true;
	if (r->forward && strstr(rule, "jump DOCKER-USER"))
		r->docker = true;
	if (r->forward && strstr(rule, "jump ufw-"))
		r->ufw = true;
	r->last = unconditional(rule);
}

static void end_chain(struct reader *r)
{
	if (r->forward &&
	    (r->last == VERDICT_DROP || (r->policy_drop && r->last != VERDICT_ACCEPT)))
		strv_addf(&r->drops, "%c%s", r->last == VERDICT_DROP ? '-' : '+', r->chain);
	r->chain[0] = '\0';
	r->forward = false;
}

static enum firewall_kind kind_of(const struct reader *r, const char *chain)
{
	if (!strcmp(r->table, "firewalld"))
		return FIREWALL_FIREWALLD;
	/* Docker's chain for users comes first, also where there is ufw */
	if (r->docker)
		return FIREWALL_DOCKER;
	if (r->ufw)
		return FIREWALL_UFW;
	return !strcmp(r->table, "filter") && !strcmp(chain, "FORWARD") ? FIREWALL_IPTABLES
									: FIREWALL_NFT;
}

static void end_table(struct reader *r)
{
	for (size_t i = 0; i < r->drops.count; i++) {
		const char *chain = r->drops.items[i] + 1;
		const struct firewall firewall = {.kind = kind_of(r, chain),
		    .family = r->family,
		    .table = r->table,
		    .chain = chain,
		    .by_policy = r->drops.items[i][0] == '+',
		    .lets_ours = r->lets_in &&
				 /* firewalld accepts what is an answer, or published, by itself */
				 (r->lets_out || kind_of(r, chain) == FIREWALL_FIREWALLD)};

		r->found(r->context, &firewall);
	}
	strv_free(&r->drops);
	r->table[0] = '\0';
	r->lets_in = r->lets_out = r->ufw = r->docker = false;
}

/* A line without its tabs, of which there were `depth`. */
static void read_line(struct reader *r, const char *line, size_t depth)
{
	char name[NAME_SIZE], brace[2];

	if (depth == 0 && *line == '}') {
		end_table(r);
	} else if (depth == 0) {
		strv_free(&r->drops);
		r->table[0] = '\0';
		if (sscanf(line, "table %255s %255s %1[{]", r->family, name, brace) == 3 &&
		    (!strcmp(r->family, "ip") || !strcmp(r->family, "inet")) &&
		    strncmp(name, NFT_TABLE_PREFIX, strlen(NFT_TABLE_PREFIX)))
			memcpy(r->table, name, sizeof name);
	} else if (depth == 1 && *line == '}' && r->chain[0]) {
		end_chain(r);
	} else if (depth == 1 && r->table[0] &&
		   sscanf(line, "chain %255s %1[{]", name, brace) == 2) {
		memcpy(r->chain, name, sizeof name);
		r->last = VERDICT_NONE;
	} else if (depth == 2 && r->chain[0]) {
		if (behind(line, "type")) {
			r->forward = behind(line, "type filter hook forward");
			r->policy_drop = strstr(line, "policy drop;");
		} else {
			read_rule(r, line);
		}
	}
}

void firewall_read(const char *ruleset,
    void (*found)(void *context, const struct firewall *firewall), void *context)
{
	struct reader reader = {.found = found, .context = context};

	while (*ruleset) {
		struct buf line A_CLEANUP(buf_free) = {0};
		size_t depth = strspn(ruleset, "\t"), length = strcspn(ruleset, "\n");

		if (length > depth) {
			buf_add(&line, ruleset + depth, length - depth);
			read_line(&reader, buf_str(&line), depth);
		}
		ruleset += length + (ruleset[length] == '\n');
	}
	strv_free(&reader.drops);
}

const char *firewall_name(enum firewall_kind kind)
{
	static const char *const names[] = {[FIREWALL_NFT] = "nftables",
	    [FIREWALL_IPTABLES] = "iptables",
	    [FIREWALL_UFW] = "ufw",
	    [FIREWALL_DOCKER] = "docker",
	    [FIREWALL_FIREWALLD] = "firewalld"};

	return names[kind];
}

/* What guests send, and of what is sent to them answers and published ports. */
static void iptables_advice(const char *chain, struct buf *into)
{
	buf_printf(into,
	    "sudo iptables -I %s -i " FIREWALL_OURS
	    "+ -j ACCEPT && sudo iptables -I %s -o " FIREWALL_OURS
	    "+ -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT",
	    chain, chain);
}

static void nft_advice(const struct firewall *f, struct buf *into)
{
	static const char *const rules[] = {"iifname \"" FIREWALL_OURS "*\" accept",
	    "oifname \"" FIREWALL_OURS "*\" ct state established,related accept",
	    "oifname \"" FIREWALL_OURS "*\" ct status dnat accept"};
	struct buf script A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < COUNT_OF(rules); i++)
		buf_printf(&script, "%sinsert rule %s %s %s %s", i ? "; " : "", f->family, f->table,
		    f->chain, rules[i]);
	buf_adds(into, "sudo nft ");
	shell_word(into, buf_str(&script));
}

void firewall_advice(const struct firewall *f, struct buf *into)
{
	switch (f->kind) {
	case FIREWALL_UFW:
		buf_adds(into, "sudo ufw route allow in on " FIREWALL_OURS
			       "+ && sudo ufw route allow out on " FIREWALL_OURS "+");
		break;
	case FIREWALL_DOCKER:
		iptables_advice("DOCKER-USER", into);
		break;
	case FIREWALL_IPTABLES:
		iptables_advice(f->chain, into);
		break;
	case FIREWALL_FIREWALLD:
		buf_adds(into, "sudo firewall-cmd --zone=trusted --add-interface=" FIREWALL_OURS
			       "+ (and again with --permanent, to keep it)");
		break;
	case FIREWALL_NFT:
		nft_advice(f, into);
		break;
	}
}
