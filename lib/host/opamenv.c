#include "host/opamenv.h"

#include "core/fd.h"
#include "core/mem.h"
#include "host/pathvar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 1 << 20, TRIES = 10, WORDS_MAX = 6 };

/* How reading an environment file ended. */
enum outcome { READ, ABSENT, STRANGE, BUSY };

struct update {
	char *variable, *op, *value; /* owned by the strv behind them */
};

struct updates {
	struct strv words;
	struct update *list;
	size_t count;
	bool modern; /* with the columns of 2.2 */
};

struct variables {
	struct pathvar *list;
	size_t count;
};

static void updates_free(struct updates *u)
{
	strv_free(&u->words);
	free(u->list);
	*u = (struct updates){0};
}

static void variables_free(struct variables *v)
{
	for (size_t i = 0; i < v->count; i++)
		pathvar_free(&v->list[i]);
	free(v->list);
}

/* One word; NULL at the end of the line. A backslash takes the next byte, a newline included. */
static const char *take_word(const char *p, struct buf *word)
{
	const char *start;
	bool escaped = false;

	p += strspn(p, " \t\r");
	if (!*p || *p == '\n')
		return NULL;
	for (start = p; *p && !strchr(" \t\r\n", *p); p++) {
		if (*p == '\\' && p[1]) {
			p++;
			escaped = true;
		}
		buf_addc(word, *p);
	}
	if (!escaped && p - start == 1 && *start == '@')
		buf_clear(word);
	return p;
}

/* Are the columns behind VARIABLE OPERATOR VALUE ones that we know? */
static bool known_columns(const struct strv *words, struct updates *u)
{
	size_t n = words->count;
	char *const *w = words->items;

	if (n == 3)
		return true;
	if (!strcmp(w[3], "norewrite")) {
		u->modern = true;
		return n <= 5;
	}
	if (n >= 5 || !strcmp(w[3], ":") || !strcmp(w[3], ";")) {
		u->modern = true;
		return n >= 5 && !strcmp(w[3], ":") &&
		       (!strcmp(w[4], "target") || !strcmp(w[4], "host"));
	}
	return true; /* a comment */
}

/* Adds the line to the updates; *next is set behind it. */
static bool take_line(const char **next, struct updates *u)
{
	struct strv words A_CLEANUP(strv_free) = {0};
	const char *p = *next, *after;

	for (;;) {
		struct buf word A_CLEANUP(buf_free) = {0};

		if (!(after = take_word(p, &word)))
			break;
		strv_add(&words, buf_str(&word));
		if (words.count > WORDS_MAX)
			return false;
		p = after;
	}
	p += strspn(p, " \t\r");
	*next = p + (*p == '\n');
	if (!words.count)
		return true;
	if (words.count < 3 || !*words.items[0] || strchr(words.items[0], '=') ||
	    !pathvar_is_operator(words.items[1]) || !known_columns(&words, u))
		return false;
	for (size_t i = 0; i < 3; i++)
		strv_add(&u->words, words.items[i]);
	return true;
}

static enum outcome parse(const struct buf *text, struct updates *u)
{
	const char *next = buf_str(text);

	if (strlen(next) != text->length)
		return STRANGE;
	while (*next)
		if (!take_line(&next, u))
			return STRANGE;
	u->count = u->words.count / 3;
	u->list = mem_resize(NULL, u->count, sizeof *u->list);
	for (size_t i = 0; i < u->count; i++)
		u->list[i] = (struct update){
		    u->words.items[3 * i], u->words.items[3 * i + 1], u->words.items[3 * i + 2]};
	return READ;
}

/* opam 2.1 writes in place, with the file locked once it has been emptied. */
static enum outcome read_once(const char *path, struct updates *u)
{
	int fd A_CLEANUP(fd_close) = open(path, O_RDONLY | O_CLOEXEC);
	struct flock unlocked = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	struct buf text A_CLEANUP(buf_free) = {.max = FILE_MAX_BYTES};
	struct fault ignored;

	if (fd < 0)
		return ABSENT;
	if (fcntl(fd, F_SETLK, &unlocked) < 0)
		return BUSY;
	if (fd_read_all(fd, path, &text, &ignored) < 0)
		return STRANGE;
	if (!text.length || text.bytes[text.length - 1] != '\n')
		return BUSY;
	return parse(&text, u);
}

static enum outcome read_file(const char *path, struct updates *u)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	enum outcome outcome = read_once(path, u);

	for (int i = 0; outcome == BUSY && i < TRIES; i++) {
		nanosleep(&pause, NULL);
		updates_free(u);
		outcome = read_once(path, u);
	}
	return outcome;
}

static struct pathvar *find(struct variables *v, const char *name, bool modern)
{
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->list[i].name, name))
			return &v->list[i];
	v->list = mem_resize(v->list, v->count + 1, sizeof *v->list);
	pathvar_start(&v->list[v->count], name, modern);
	return &v->list[v->count++];
}

/* What the switch that we are in has changed; where its file is gone there is nothing to undo. */
static enum outcome undo_previous(struct variables *v, bool modern)
{
	struct updates previous A_CLEANUP(updates_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	const char *last = getenv("OPAM_LAST_ENV"), *prefix = getenv("OPAM_SWITCH_PREFIX");
	enum outcome outcome = ABSENT;

	if (last && *last)
		outcome = read_file(last, &previous);
	if (outcome == ABSENT && prefix && *prefix) {
		buf_printf(&path, "%s/.opam-switch/environment", prefix);
		outcome = read_file(buf_str(&path), &previous);
	}
	for (size_t i = previous.count; i-- > 0;) {
		const struct update *u = &previous.list[i];

		pathvar_undo(find(v, u->variable, modern), u->op, u->value);
	}
	return outcome;
}

/* From 2.2 on, the value ":" is one thing and not two: rules that nothing here follows. */
static bool has_lone_colon(const struct updates *updates)
{
	for (size_t i = 0; updates->modern && i < updates->count; i++) {
		const char *value = getenv(updates->list[i].variable);

		if (value && !strcmp(value, ":"))
			return true;
	}
	return false;
}

static void apply(struct variables *v, const struct updates *updates)
{
	for (size_t i = 0; i < updates->count; i++) {
		const struct update *u = &updates->list[i];
		/* opam exec puts the switch's programs in front, wherever the old ones were */
		bool in_front = !strcmp(u->variable, "PATH") && !strcmp(u->op, "=+=");

		pathvar_apply(
		    find(v, u->variable, updates->modern), in_front ? "+=" : u->op, u->value);
	}
}

static int export_all(const struct variables *v, const struct opam *o, struct fault *fault)
{
	int result = setenv("OPAMSWITCH", buf_str(&o->name), 1) |
		     setenv("OPAMROOT", buf_str(&o->root), 1) | unsetenv("OPAM_LAST_ENV");

	for (size_t i = 0; i < v->count && result == 0; i++) {
		struct buf value A_CLEANUP(buf_free) = {0};

		if (!v->list[i].changed)
			continue;
		if (pathvar_value(&v->list[i], &value))
			result = setenv(v->list[i].name, buf_str(&value), 1);
		else
			result = unsetenv(v->list[i].name);
	}
	return result ? fault_errno(fault, EX_OSERR, errno, "setenv") : 1;
}

/* The file says where the switch was made; PATH is what one of opam's always ends with. */
static bool is_complete(const struct updates *u)
{
	bool path = false;

	for (size_t i = 0; i < u->count; i++)
		path = path || !strcmp(u->list[i].variable, "PATH");
	return path && !strcmp(u->list[0].variable, "OPAM_SWITCH_PREFIX") &&
	       !strcmp(u->list[0].op, "=");
}

int opamenv_enter(const struct opam *o, struct fault *fault)
{
	struct updates updates A_CLEANUP(updates_free) = {0};
	struct variables variables A_CLEANUP(variables_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0};
	enum outcome outcome;

	/* there opam adds to what the file has */
	if (access("/etc/NIXOS", F_OK) == 0)
		return 0;
	buf_printf(&path, "%s/.opam-switch/environment", buf_str(&o->prefix));
	outcome = read_file(buf_str(&path), &updates);
	if (outcome == BUSY) {
		fault_set(fault, EX_TEMPFAIL, "%s: is empty or half-written, and stays so",
		    buf_str(&path));
		return fault_hint(
		    fault, "if no opam is at work: rm it, and opam env makes it again");
	}
	if (outcome != READ || !is_complete(&updates) || has_lone_colon(&updates))
		return 0;
	if (strcmp(updates.list[0].value, buf_str(&o->prefix))) {
		fault_set(fault, EX_DATAERR, "the switch %s was made in %s: it has been moved",
		    buf_str(&o->prefix), updates.list[0].value);
		return fault_hint(fault,
		    "rm %s, and opam makes it anew; what was built in the switch may "
		    "have the old place in it too",
		    buf_str(&path));
	}
	if (undo_previous(&variables, updates.modern) == STRANGE)
		return 0;
	apply(&variables, &updates);
	return export_all(&variables, o, fault);
}
