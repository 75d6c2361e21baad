#include "render/environment.h"

#include "core/proc.h"
#include "core/strv.h"

#include "tap.h"

#define LIST(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})
#define NONE ((char *const *)(const char *const[]){NULL})

static const char *shell(char *const *before, char *const *after, struct buf *into)
{
	struct fault fault;

	buf_clear(into);
	return environment_shell(before, after, into, &fault) == 0 ? buf_str(into) : NULL;
}

static const char *json(char *const *before, char *const *after, struct buf *into)
{
	struct fault fault;

	buf_clear(into);
	return environment_json(before, after, into, &fault) == 0 ? buf_str(into) : NULL;
}

/* The record as text. */
static const char *record(char *const *before, char *const *after, struct buf *into)
{
	struct rec fields A_CLEANUP(rec_free) = {0};
	struct fault fault;

	buf_clear(into);
	if (environment_record(before, after, &fields, &fault) < 0)
		return NULL;
	rec_write(&fields, into);
	return buf_str(into);
}

static void test_what_differs(void)
{
	char *const *before = LIST("SAME=1", "OTHER=old", "GONE=x", "EMPTIED=x", "FILLED=");
	char *const *after = LIST("NEW=n", "FILLED=y", "EMPTIED=", "OTHER=new", "SAME=1");
	struct buf text A_CLEANUP(buf_free) = {0};

	is_str(shell(before, after, &text),
	    "export EMPTIED=''\nexport FILLED=y\nunset GONE\nexport NEW=n\nexport OTHER=new\n",
	    "shell: new, changed and emptied ones are set, those that are gone unset, by name");
	is_str(json(before, after, &text),
	    "{\n  \"EMPTIED\": \"\",\n  \"FILLED\": \"y\",\n  \"GONE\": null,\n  \"NEW\": \"n\",\n"
	    "  \"OTHER\": \"new\"\n}\n",
	    "JSON: those that are gone are null");
	is_str(record(before, after, &text),
	    "env.EMPTIED=\nenv.FILLED=y\nunset=GONE\nenv.NEW=n\nenv.OTHER=new\n\n",
	    "record: those that are gone are named by unset");
}

static void test_nothing(void)
{
	char *const *all = LIST("A=1", "B=");
	struct buf text A_CLEANUP(buf_free) = {0};

	is_str(shell(all, all, &text), "", "shell: no difference is no text");
	is_str(json(all, all, &text), "{}\n", "JSON: it is the empty object");
	is_str(record(all, all, &text), "\n", "record: it is the empty record");
	is_str(shell(NONE, NONE, &text), "", "two empty environments don't differ");
	is_str(shell(all, LIST("B=", "A=1"), &text), "", "nor does another order");
}

static void test_names(void)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	is_str(shell(LIST("AB=1", "A=1"), LIST("A=2", "AB=1"), &text), "export A=2\n",
	    "a name that begins another's is another variable");
	is_str(shell(LIST("A=1=2"), LIST("A=1=3"), &text), "export A='1=3'\n",
	    "the first = ends the name");
	is_str(shell(LIST("A=1", "nothing"), LIST("A=1", "nor this"), &text), "",
	    "what isn't NAME=VALUE is passed over");
	is_str(shell(NONE, LIST("_a1=x", "Z9_=y"), &text), "export Z9_=y\nexport _a1=x\n",
	    "names are letters, digits and _, by byte value");
	is_str(shell(LIST("A2=x"), LIST("A_=3", "A1=2", "A=1"), &text),
	    "export A=1\nexport A1=2\nunset A2\nexport A_=3\n",
	    "a name is in front of those that it begins");
}

static void test_strange_names(void)
{
	static const char *const strange[] = {
	    "A-B=1", "1A=1", "A.B=1", "=1", "A B=1", "a;id=1", "$(id)=1", "\xc3\xa9=1", "A\n=1"};
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;

	for (size_t i = 0; i < COUNT_OF(strange); i++) {
		char variable[16];

		snprintf(variable, sizeof variable, "%s", strange[i]);
		is_int(environment_shell(NONE, LIST(variable), &text, &fault), -1,
		    "shell: strange name %zu is refused", i);
		is_int(fault.status, EX_DATAERR, "as bad data");
		ok(!shell(LIST(variable), NONE, &text), "to unset it is refused, too");
	}
	is_str(json(NONE, LIST("A B=1", "1A=2"), &text),
	    "{\n  \"1A\": \"2\",\n  \"A B\": \"1\"\n}\n", "JSON has any name");
	ok(!json(NONE, LIST("\xff=1"), &text), "but those that aren't UTF-8");
	is_str(record(NONE, LIST("A-B=1", "1A=2"), &text), "env.1A=2\nenv.A-B=1\n\n",
	    "a record has those that make a key");
	ok(!record(NONE, LIST("A B=1"), &text) && !record(NONE, LIST("A\n=1"), &text),
	    "and no others");
	ok(!record(LIST("A\nB=1"), NONE, &text), "a name to unset is a value, of one line");
}

/* What /bin/sh has in V after it has evaluated the text. */
static bool shell_has(const char *text, struct buf *value)
{
	struct buf script A_CLEANUP(buf_free) = {0};
	struct strv command A_CLEANUP(strv_free) = {0};
	struct fault fault;
	int status;

	buf_printf(&script, "%sprintf '%%s' \"$V\"", text);
	strv_list(&command, "/bin/sh", "-euc", buf_str(&script));
	return proc_capture(&command, NULL, value, &status, &fault) == 0 && status == 0;
}

static void test_values(void)
{
	static const struct {
		const char *value;
		bool json, record;
	} values[] = {
	    {"", true, true},
	    {"a b;c'd\"e\\f $HOME `id` $(id) %{x}% *", true, true},
	    {"two\nlines\n", true, false},
	    {"a\rb", true, false},
	    {"\xc3\xa9 \xf0\x9f\x98\x80", true, true},
	    {"\xff\xfe", false, true},
	    {"\x01\x1b[31m\x7f\t", true, true},
	    {"=", true, true},
	    {"-n", true, true},
	};

	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct buf variable A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};
		struct buf read A_CLEANUP(buf_free) = {0}, line A_CLEANUP(buf_free) = {0};
		char *const *after;
		char copy[64];

		buf_printf(&variable, "V=%s", values[i].value);
		snprintf(copy, sizeof copy, "%s", buf_str(&variable));
		after = LIST(copy);
		ok(shell(NONE, after, &text) && shell_has(buf_str(&text), &read),
		    "sh evaluates value %zu", i);
		is_str(buf_str(&read), values[i].value, "and has it");
		ok((json(NONE, after, &text) != NULL) == values[i].json, "JSON %s it",
		    values[i].json ? "has" : "refuses");
		buf_printf(&line, "env.%s\n\n", copy);
		is_str(record(NONE, after, &text), values[i].record ? buf_str(&line) : NULL,
		    "a record %s it", values[i].record ? "has" : "refuses");
	}
}

/* Text that is there already stays. */
static void test_appends(void)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;

	buf_adds(&text, "# first\n");
	ok(environment_shell(NONE, LIST("A=1"), &text, &fault) == 0 &&
		environment_json(NONE, LIST("A=1"), &text, &fault) == 0,
	    "both are written");
	is_str(buf_str(&text), "# first\nexport A=1\n{\n  \"A\": \"1\"\n}\n", "behind it");
}

int main(void)
{
	test_what_differs();
	test_nothing();
	test_names();
	test_strange_names();
	test_values();
	test_appends();
	return tap_end();
}
