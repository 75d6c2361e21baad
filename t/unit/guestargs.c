#include "render/guestargs.h"

#include "tap.h"

static struct fault fault;

static void escapes(const char *argument, const char *want)
{
	struct strv one A_CLEANUP(strv_free) = {0}, escaped A_CLEANUP(strv_free) = {0};

	strv_add(&one, argument);
	is_int(guestargs_escape(&one, &escaped, &fault), 0, "one argument");
	is_str(escaped.items[0], want, "%s", want);
}

/* As MirageOS splits it: mirage-bootvar 1 at blanks, with \ and "; parse-argv before 0.3 at all
 * white space, with ' too. Words are put into *into; empty ones are dropped. */
static bool split(const char *line, bool old, struct strv *into)
{
	struct buf word A_CLEANUP(buf_free) = {0};
	char quote = 0;

	for (;; line++) {
		bool blank = *line == ' ' || (old && *line && strchr("\t\n\v\f\r", *line));

		if (!*line || (blank && !quote)) {
			if (word.length)
				strv_add(into, buf_str(&word));
			buf_clear(&word);
			if (!*line)
				return !quote;
		} else if (*line == '\\' && quote != '\'') {
			if (!*++line)
				return false;
			buf_addc(&word, *line);
		} else if (quote ? *line == quote : *line == '"' || (old && *line == '\'')) {
			quote = quote ? 0 : *line;
		} else {
			buf_addc(&word, *line);
		}
	}
}

static void comes_back(const struct strv *arguments, const char *what)
{
	struct strv escaped A_CLEANUP(strv_free) = {0};
	struct buf line A_CLEANUP(buf_free) = {0};

	if (!ok(guestargs_escape(arguments, &escaped, &fault) == 0, "%s can be told", what))
		return;
	is_int((long long)escaped.count, (long long)arguments->count, "by as many words");
	guestargs_line(&escaped, &line);
	for (int old = 0; old < 2; old++) {
		struct strv got A_CLEANUP(strv_free) = {0};
		bool same = split(buf_str(&line), old, &got) && got.count == arguments->count;

		for (size_t i = 0; same && i < got.count; i++)
			same = !strcmp(got.items[i], arguments->items[i]);
		ok(same, "%s is split again%s", what, old ? ", by old releases" : "");
	}
}

static void test_arguments(void)
{
	struct strv plain A_CLEANUP(strv_free) = {0}, odd A_CLEANUP(strv_free) = {0};
	struct strv bytes A_CLEANUP(strv_free) = {0}, all A_CLEANUP(strv_free) = {0};

	comes_back(&all, "nothing");
	strv_list(&plain, "--hello=world", "-x", "a=b", "10.0.0.1/24");
	comes_back(&plain, "what needs no escape");
	strv_list(&odd, " ", "\\", "\"", "'", "a b", "\t", "\\\\", "\"a b\"", "'a b'", "a\nb",
	    "\\n", "a\\", " a", "a ", "$x `y` *", "\n", "--k=v w", "\\\"'");
	comes_back(&odd, "blanks, quotes and backslashes");
	for (int a = 1; a < 256; a++) {
		char text[] = {(char)a, '\0'}, twice[] = {'x', (char)a, (char)a, '\0'};

		strv_list(&bytes, text, twice);
	}
	comes_back(&bytes, "every byte");
}

static void test_limits(void)
{
	struct strv arguments A_CLEANUP(strv_free) = {0}, escaped A_CLEANUP(strv_free) = {0};
	static char longest[GUESTARGS_LINE_MAX + 1];

	memset(longest, 'a', GUESTARGS_LINE_MAX - 2);
	strv_list(&arguments, longest, "b");
	ok(guestargs_escape(&arguments, &escaped, &fault) == 0, "8191 bytes");
	strv_free(&arguments);
	strv_list(&arguments, longest, "b", "c");
	ok(guestargs_escape(&arguments, &escaped, &fault) == -1, "8193");
	is_str(fault.text, "the arguments are 8193 bytes, escaped; a unikernel can be told 8191",
	    "are too many");
	longest[0] = ' ';
	strv_free(&arguments);
	strv_list(&arguments, longest, "b");
	ok(guestargs_escape(&arguments, &escaped, &fault) == -1, "escapes count");
	strv_free(&arguments);
	strv_list(&arguments, "a", "");
	ok(guestargs_escape(&arguments, &escaped, &fault) == -1 && fault.status == EX_DATAERR,
	    "an empty one");
	is_str(fault.text, "argument 2 is empty, which a unikernel can't be told", "is refused");
}

int main(void)
{
	escapes("--hello=world", "--hello=world");
	escapes("a b", "a\\ b");
	escapes("\"\\\t", "\\\"\\\\\\\t");
	escapes("$x`\xc3\xa9", "$x`\xc3\xa9");
	escapes("it's", "it\\'s");
	test_arguments();
	test_limits();
	return tap_end();
}
