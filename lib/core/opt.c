#include "core/opt.h"

#include "core/num.h"
#include "core/suggest.h"

#include <string.h>

static const struct opt standard[] = {
    {'h', "help", NULL, "this text", OPT_FLAG, NULL},
    {0, "version", NULL, "the version", OPT_FLAG, NULL},
    {0, "list-options", NULL, "the options, one a line, for completion", OPT_FLAG, NULL},
    {0},
};

static const struct opt *find(const struct opt *o, const char *name, size_t length, char letter)
{
	for (; o->name; o++)
		if (name ? !strncmp(o->name, name, length) && !o->name[length]
			 : letter && o->letter == letter)
			return o;
	return NULL;
}

static const struct opt *look_up(
    const struct usage *usage, const char *name, size_t length, char letter)
{
	const struct opt *o = find(usage->options, name, length, letter);

	return o ? o : find(standard, name, length, letter);
}

static void help_line(struct buf *out, const struct opt *o)
{
	size_t start = out->length;

	if (o->letter)
		buf_printf(out, "  -%c, --%s", o->letter, o->name);
	else
		buf_printf(out, "      --%s", o->name);
	if (o->argument)
		buf_printf(out, "=%s", o->argument);
	buf_printf(out, "%*s %s\n",
	    (int)(28 - (out->length - start < 28 ? out->length - start : 28)), "", o->help);
}

static void help(const struct usage *usage, struct buf *out)
{
	buf_printf(out, "%s - %s\n\nExamples:\n%s\nUsage: %s %s\n\n", usage->tool, usage->purpose,
	    usage->examples, usage->tool, usage->synopsis);
	for (const struct opt *o = usage->options; o->name; o++)
		help_line(out, o);
	for (const struct opt *o = standard; o->name; o++)
		help_line(out, o);
	buf_printf(out, "\nMore: man %s\n", usage->tool);
}

static void list(const struct opt *o, struct buf *out)
{
	for (; o->name; o++) {
		if (o->letter)
			buf_printf(out, "-%c\t%s\t%s\n", o->letter, o->argument ? o->argument : "",
			    o->help);
		buf_printf(out, "--%s\t%s\t%s\n", o->name, o->argument ? o->argument : "", o->help);
	}
}

static int answer_standard(const struct usage *usage, const struct opt *o, struct buf *answer)
{
	if (o == &standard[0]) {
		help(usage, answer);
	} else if (o == &standard[1]) {
		buf_printf(answer, "%s %s\n", usage->tool, MIRARI_VERSION);
	} else {
		list(usage->options, answer);
		list(standard, answer);
	}
	return 1;
}

/* What comes behind an operand may be meant for what that is. */
static int unknown(
    const struct usage *usage, const char *word, const struct strv *operands, struct fault *fault)
{
	struct suggest suggest;
	struct buf name A_CLEANUP(buf_free) = {0}, more A_CLEANUP(buf_free) = {0};

	/* -n=yes is the letters n, =, y… */
	buf_add(&name, word, word[1] == '-' ? strcspn(word, "=") : strlen(word));
	fault_set(fault, EX_USAGE, "unknown option %s", buf_str(&name));
	suggest_start(&suggest, buf_str(&name) + strspn(word, "-"));
	for (const struct opt *o = usage->options; o->name; o++)
		suggest_offer(&suggest, o->name);
	for (const struct opt *o = standard; o->name; o++)
		suggest_offer(&suggest, o->name);
	if (usage->behind && operands->count)
		buf_printf(&more, "; %s go behind --: -- %s",
		    usage->behind_are ? usage->behind_are : "words for the unikernel", word);
	if (suggest.best && word[1] == '-')
		return fault_hint(fault, "did you mean --%s? (%s --help lists them)%s",
		    suggest.best, usage->tool, buf_str(&more));
	return fault_hint(fault, "%s --help lists them%s", usage->tool, buf_str(&more));
}

static void store(const struct opt *o, const char *value)
{
	if (o->kind == OPT_FLAG)
		*(bool *)o->into = true;
	else if (o->kind == OPT_VALUE)
		*(const char **)o->into = value;
	else
		strv_add(o->into, value);
}

struct cursor {
	char **argv;
	int argc;
	int at;
	const struct strv *operands; /* those that came before */
};

/* The value of an option: what follows it in its word, else the next word. */
static int store_value(const struct opt *o, const char *rest, struct cursor *c, struct fault *fault)
{
	if (!rest && o->kind != OPT_FLAG) {
		if (c->at + 1 >= c->argc)
			return fault_set(fault, EX_USAGE, "option --%s needs a value: --%s=%s",
			    o->name, o->name, o->argument);
		rest = c->argv[++c->at];
	}
	store(o, rest);
	return 0;
}

static int take_long(
    const struct usage *usage, struct cursor *c, struct buf *answer, struct fault *fault)
{
	const char *word = c->argv[c->at], *name = word + 2, *equals = strchr(name, '=');
	const struct opt *o =
	    look_up(usage, name, equals ? (size_t)(equals - name) : strlen(name), 0);

	if (!o)
		return unknown(usage, word, c->operands, fault);
	if (equals && o->kind == OPT_FLAG)
		return fault_set(fault, EX_USAGE, "option --%s takes no value", o->name);
	if (!o->into)
		return answer_standard(usage, o, answer);
	return store_value(o, equals ? equals + 1 : NULL, c, fault);
}

static int take_letters(
    const struct usage *usage, struct cursor *c, struct buf *answer, struct fault *fault)
{
	const char *word = c->argv[c->at];

	for (const char *p = word + 1; *p; p++) {
		const struct opt *o = look_up(usage, NULL, 0, *p);
		char unknown_word[3] = {'-', *p, '\0'};

		if (!o)
			return unknown(usage, unknown_word, c->operands, fault);
		if (!o->into)
			return answer_standard(usage, o, answer);
		if (o->kind != OPT_FLAG)
			return store_value(o, p[1] ? p + 1 : NULL, c, fault);
		store(o, NULL);
	}
	return 0;
}

static const struct opt_command *find_command(const struct usage *usage, const char *name)
{
	for (const struct opt_command *c = usage->commands; c && c->name; c++)
		if (name && !strcmp(c->name, name))
			return c;
	return NULL;
}

static int no_command(const struct usage *usage, const char *name, struct fault *fault)
{
	struct buf names A_CLEANUP(buf_free) = {0};
	struct suggest suggest;

	suggest_start(&suggest, name ? name : "");
	for (const struct opt_command *c = usage->commands; c->name; c++) {
		suggest_offer(&suggest, c->name);
		buf_printf(&names, "%s%s", names.length ? ", " : "", c->name);
	}
	if (name)
		fault_set(fault, EX_USAGE, "unknown command %s", name);
	else
		fault_set(fault, EX_USAGE, "no command: expected one of %s", buf_str(&names));
	if (suggest.best)
		return fault_hint(fault, "did you mean %s %s?", usage->tool, suggest.best);
	return fault_hint(fault, "%s --help%s%s", usage->tool, name ? "; it has " : "",
	    name ? buf_str(&names) : "");
}

static bool is_given(const struct opt *o)
{
	if (o->kind == OPT_FLAG)
		return *(const bool *)o->into;
	if (o->kind == OPT_VALUE)
		return *(const char *const *)o->into;
	return ((const struct strv *)o->into)->count;
}

/* Each option that was given has to be one of the command's. */
static int check_command(
    const struct usage *usage, const struct opt_command *command, struct fault *fault)
{
	if (!usage->commands)
		return 0;
	if (!command)
		return no_command(usage, NULL, fault);
	*usage->chosen = command->bit;
	for (const struct opt *o = usage->options; o->name; o++)
		if (o->commands && !(o->commands & command->bit) && is_given(o))
			return fault_set(fault, EX_USAGE, "option --%s isn't one of '%s %s'",
			    o->name, usage->tool, command->name);
	return 0;
}

int opt_parse(const struct usage *usage, int argc, char **argv, struct strv *operands,
    struct buf *answer, struct fault *fault)
{
	struct cursor c = {.argv = argv, .argc = argc, .at = 1, .operands = operands};
	const struct opt_command *command = NULL;

	for (; c.at < argc; c.at++) {
		const char *word = argv[c.at];
		int got;

		if (!strcmp(word, "--")) {
			c.at++;
			if (usage->behind)
				operands = usage->behind;
			break;
		}
		if (word[0] != '-' || !word[1]) {
			if (usage->command || (command && command->runs))
				break;
			if (!usage->commands || command)
				strv_add(operands, word);
			else if (!(command = find_command(usage, word)))
				return no_command(usage, word, fault);
			continue;
		}
		got = word[1] == '-' ? take_long(usage, &c, answer, fault)
				     : take_letters(usage, &c, answer, fault);
		if (got)
			return got;
	}
	for (; c.at < argc; c.at++)
		strv_add(operands, argv[c.at]);
	return check_command(usage, command, fault);
}

int opt_one_name(const struct strv *names, const char *hint, struct fault *fault)
{
	if (names->count == 1)
		return 0;
	if (names->count)
		fault_set(fault, EX_USAGE, "one at a time, not also %s", names->items[1]);
	else
		fault_set(fault, EX_USAGE, "which one?");
	return fault_hint(fault, "%s", hint);
}

int opt_some_names(const struct strv *names, bool all, const char *hint, struct fault *fault)
{
	if (all && names->count)
		return fault_set(fault, EX_USAGE, "--all doesn't go with names");
	if (all || names->count)
		return 0;
	fault_set(fault, EX_USAGE, "which one?");
	return fault_hint(fault, "%s", hint);
}

const char *opt_command_name(const struct opt_command *commands, unsigned bit)
{
	for (; commands->name; commands++)
		if (commands->bit == bit)
			return commands->name;
	return "";
}

int opt_timeout(const char *seconds, unsigned otherwise, int64_t *milliseconds, struct fault *fault)
{
	uint64_t number = otherwise;

	if (seconds && num_parse(seconds, 0, OPT_TIMEOUT_MAX_S, &number) != NUM_OK)
		return fault_set(fault, EX_USAGE, "--timeout %.40s: expected seconds, 0 to %d",
		    seconds, OPT_TIMEOUT_MAX_S);
	*milliseconds = (int64_t)number * 1000;
	return 0;
}
