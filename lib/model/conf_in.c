/* The reader of 2013's `key: value` files. */
#include "model/config.h"

#include <string.h>

/* An ip- line, kept until it is known whether DHCP makes it void. */
struct ip_line {
	struct place at, value_at;
	struct buf value;
};

static const struct {
	const char *name, *key, *value; /* what it is when some other ip- line is there */
} ip_keys[] = {
    {"address", "ip.address", "10.0.0.2"},
    {"netmask", "ip.netmask", "255.255.255.0"},
    {"gateway", "ip.gateway", "10.0.0.1"},
};

struct conf {
	struct config *config;
	struct ip_line ip_lines[COUNT_OF(ip_keys)];
	const char *main;     /* the kind, once given */
	struct place http[2]; /* the first lines of http-address and http-port */
	bool ip;              /* some ip- line was there */
	bool dhcp;
	bool repeated; /* some fs- or xl- key was there more than once */
	struct place dhcp_at;
};

struct line {
	struct place at;       /* of its first byte */
	struct place value_at; /* of its value */
	const char *key;
	const char *value;
};

static void ignored(struct conf *f, struct place at, const char *what, const char *why)
{
	report_warning(
	    &f->config->report, at, "%.80s: %s; ignored, as Mirari 0.9.7 did", what, why);
}

/* The name behind a prefix ("fs-static" is fs's "static"), or NULL. As 0.9.7's subcommand: what is
 * before the first '-', its first letter in either case. */
static const char *behind(const char *key, const char *prefix)
{
	size_t length = strlen(prefix);

	if ((key[0] != prefix[0] && key[0] != prefix[0] - 'a' + 'A') ||
	    strncmp(key + 1, prefix + 1, length - 1) || key[length] != '-')
		return NULL;
	return key + length + 1;
}

static bool seen_before(struct conf *f, const char *key)
{
	uint32_t ignored_number = 0;

	return !strset_add(&f->config->seen, key, &ignored_number);
}

/* A key with one value: the first line counts. */
static void add_first(struct conf *f, const struct line *l, const char *key)
{
	if (seen_before(f, key))
		ignored(f, l->at, l->key, "given before");
	else
		config_add(f->config, &f->config->common, l->value_at, key, l->value);
}

/* A key of which 0.9.7 used every line, so that the last one had the last word; finish_repeated
 * takes the others out. */
static void add_last(struct conf *f, const struct line *l, const char *section, const char *name)
{
	struct buf key A_CLEANUP(buf_free) = {0};

	buf_printf(&key, "%s.%s", section, name);
	if (seen_before(f, buf_str(&key))) {
		f->repeated = true;
		report_warning(
		    &f->config->report, l->at, "%.80s: given before; this one counts", l->key);
	}
	config_add(f->config, &f->config->common, l->value_at, buf_str(&key), l->value);
}

/* 0.9.7 wrote "NAME = VALUE", to which blanks behind the name made no difference. */
static void add_xl(struct conf *f, const struct line *l, const char *name)
{
	struct buf stripped A_CLEANUP(buf_free) = {0};
	size_t length = strlen(name);

	while (length && strchr(" \t", name[length - 1]))
		length--;
	buf_add(&stripped, name, length);
	add_last(f, l, "xl", buf_str(&stripped));
}

/* The column, in characters, of a byte of the line. */
static size_t column(const char *line, const char *at)
{
	size_t n = 1;

	for (; line < at; line++)
		n += ((unsigned char)*line & 0xc0) != 0x80;
	return n;
}

/* Words between commas, each stripped; empty ones are nothing. */
static void add_list(struct conf *f, const struct line *l, const char *key)
{
	struct buf word A_CLEANUP(buf_free) = {0};
	struct place at = l->value_at;
	const char *next = l->value;

	for (;;) {
		size_t length = strcspn(next, ","), blank = strspn(next, " \t\r"), end = length;

		while (end > blank && strchr(" \t\r", next[end - 1]))
			end--;
		if (blank < end) {
			at.column += blank;
			buf_clear(&word);
			buf_add(&word, next + blank, end - blank);
			config_add(f->config, &f->config->common, at, key, buf_str(&word));
			at.column -= blank;
		}
		if (!next[length])
			return;
		at.column += column(next, next + length + 1) - 1;
		next += length + 1;
	}
}

static void take_dhcp(struct conf *f, const struct line *l)
{
	if (f->dhcp_at.line) {
		ignored(f, l->at, l->key, "given before");
		return;
	}
	f->dhcp_at = l->at;
	f->dhcp = !strcmp(l->value, "true");
	if (!f->dhcp && strcmp(l->value, "false"))
		report_warning(&f->config->report, l->value_at,
		    "ip-use-dhcp: '%.80s' is not 'true', so it is read as false", l->value);
}

static void take_ip(struct conf *f, const struct line *l, const char *name)
{
	f->ip = true;
	if (!strcmp(name, "use-dhcp")) {
		take_dhcp(f, l);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(ip_keys); i++) {
		if (strcmp(name, ip_keys[i].name))
			continue;
		if (f->ip_lines[i].at.line) {
			ignored(f, l->at, l->key, "given before");
			return;
		}
		f->ip_lines[i].at = l->at;
		f->ip_lines[i].value_at = l->value_at;
		buf_adds(&f->ip_lines[i].value, l->value);
		return;
	}
	report_warning(&f->config->report, l->at,
	    "%.80s: unknown key (ip- has address, netmask, gateway, use-dhcp); as in Mirari 0.9.7, "
	    "all it does is to turn on the default addresses",
	    l->key);
}

static void take_main(struct conf *f, const struct line *l, const char *name)
{
	static const char *const kinds[] = {"noip", "ip", "http"};
	const char *kind = NULL;

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (!strcmp(name, kinds[i]))
			kind = kinds[i];
	if (!kind) {
		ignored(f, l->at, l->key, "unknown key (main- has noip, ip, http)");
	} else if (f->main == kind) {
		ignored(f, l->at, l->key, "given before");
	} else if (f->main) {
		report_error(&f->config->report, l->at, "%s: main-%s is given too; only one can be",
		    l->key, f->main);
	} else {
		f->main = kind;
		config_add(f->config, &f->config->common, l->at, "main.kind", kind);
		config_add(f->config, &f->config->common, l->value_at, "main.entry", l->value);
	}
}

static void take_http(struct conf *f, const struct line *l, const char *name)
{
	bool port = !strcmp(name, "port");

	if (!port && strcmp(name, "address")) {
		ignored(f, l->at, l->key, "unknown key (http- has address and port)");
		return;
	}
	if (!f->http[port].line)
		f->http[port] = l->at;
	add_first(f, l, port ? "http.port" : "http.address");
}

/* 0.9.7 used neither when one was missing, and what it generated then didn't compile. */
static void finish_http(struct conf *f)
{
	bool port = f->http[true].line;

	if (port != (f->http[false].line > 0))
		report_warning(&f->config->report, f->http[port],
		    "http-%s without http-%s: Mirari 0.9.7 ignored it, it counts now",
		    port ? "port" : "address", port ? "address" : "port");
}

static void take_line(struct conf *f, const struct line *l)
{
	const char *name;

	if ((name = behind(l->key, "fs")))
		add_last(f, l, "fs", name);
	else if ((name = behind(l->key, "xl")))
		add_xl(f, l, name);
	else if ((name = behind(l->key, "ip")))
		take_ip(f, l, name);
	else if ((name = behind(l->key, "http")))
		take_http(f, l, name);
	else if ((name = behind(l->key, "main")))
		take_main(f, l, name);
	else if (!strcmp(l->key, "depends") || !strcmp(l->key, "packages"))
		add_list(f, l, l->key);
	else if (!strcmp(l->key, "compiler"))
		add_first(f, l, "switch");
	else
		ignored(f, l->at, l->key, "unknown key");
}

/* Splits one line (without its LF, NUL-terminated in `text`) and takes it. */
static void read_line(struct conf *f, char *text, size_t length, size_t number)
{
	struct line l = {.at = {f->config->file, number, 1}, .key = text};
	size_t blank = strspn(text, " \t\r");
	char *colon = strchr(text, ':'), *end = text + length, *value;

	if (strlen(text) != length) {
		report_error(&f->config->report, l.at, "contains a NUL byte");
		return;
	}
	if (!text[blank] || text[blank] == '#')
		return;
	if (!colon) {
		ignored(f, l.at, text, "no ':'");
		return;
	}
	*colon = '\0';
	value = colon + 1;
	value += strspn(value, " \t\r");
	while (end > value && strchr(" \t\r", end[-1]))
		*--end = '\0';
	l.value = value;
	l.value_at = (struct place){f->config->file, number, column(text, value)};
	take_line(f, &l);
}

/* 0.9.7: with DHCP the rest is not looked at; without, what is missing has its default. */
static void finish_ip(struct conf *f)
{
	struct rec *common = &f->config->common;

	if (f->dhcp)
		config_add(f->config, common, f->dhcp_at, "ip.dhcp", "true");
	for (size_t i = 0; f->ip && i < COUNT_OF(ip_keys); i++) {
		struct ip_line *l = &f->ip_lines[i];

		if (f->dhcp && l->at.line)
			report_warning(&f->config->report, l->at,
			    "ip-%s: ip-use-dhcp is true; ignored, as Mirari 0.9.7 did",
			    ip_keys[i].name);
		else if (!f->dhcp)
			config_add(f->config, common, l->at.line ? l->value_at : f->dhcp_at,
			    ip_keys[i].key, l->at.line ? buf_str(&l->value) : ip_keys[i].value);
		buf_free(&l->value);
	}
}

/* 0.9.7: the file's name without its extension. */
static void name_from_file(struct config *c)
{
	const char *slash = strrchr(c->file, '/'), *base = slash ? slash + 1 : c->file;
	const char *dot = strrchr(base, '.');
	struct buf name A_CLEANUP(buf_free) = {0};

	if (rec_get(&c->made, "name")) {
		c->name_given = true; /* by --set, which counts whatever the file is called */
	} else if (dot && dot != base) {
		buf_add(&name, base, (size_t)(dot - base));
		config_add(c, &c->common, (struct place){.file = c->file}, "name", buf_str(&name));
	}
}

static void finish_repeated(struct conf *f)
{
	struct rec *common = &f->config->common;
	struct strset later A_CLEANUP(strset_free) = {0};
	size_t kept = common->count;
	uint32_t number = 0;

	for (size_t i = common->count; f->repeated && i-- > 0;) {
		const struct field field = common->fields[i];

		if (key_find(field.key)->flags & KEY_LIST || strset_add(&later, field.key, &number))
			common->fields[--kept] = field;
	}
	if (f->repeated) {
		common->count -= kept;
		memmove(
		    common->fields, common->fields + kept, common->count * sizeof *common->fields);
	}
}

void conf_read(struct config *c, const struct buf *text)
{
	struct conf f = {.config = c};
	struct buf line A_CLEANUP(buf_free) = {0};
	const char *next = buf_str(text), *end = next + text->length;
	size_t number = 1;

	c->is_conf = true;
	name_from_file(c);
	if (text->length >= 3 && !memcmp(next, "\xef\xbb\xbf", 3))
		next += 3;
	for (; next < end; number++) {
		const char *lf = memchr(next, '\n', (size_t)(end - next));
		size_t length = (size_t)((lf ? lf : end) - next);

		buf_clear(&line);
		buf_add(&line, next, length);
		if (length)
			read_line(&f, line.bytes, length, number);
		next += length + 1;
	}
	finish_repeated(&f);
	finish_ip(&f);
	finish_http(&f);
}
