/* What a value of an xl file is, against Xen's own reader: libxlutil. */
#include "model/xlvalue.h"

#include "tap.h"
#include "xlu.h"

static struct fault fault;

static void reads(const char *text, enum xlvalue_kind kind, bool bare, const char *first)
{
	struct xlvalue v A_CLEANUP(xlvalue_free) = {0};
	struct buf why A_CLEANUP(buf_free) = {0};

	is_int(xlvalue_read(text, &v, &why), 0, "%s", text);
	is_int(v.kind, kind, "%s: its kind", text);
	is_int(v.bare, bare, "%s: its quotes", text);
	is_str(v.items.count ? v.items.items[0] : "(none)", first, "%s: its text", text);
}

static void refuses(const char *text, const char *want)
{
	struct xlvalue v A_CLEANUP(xlvalue_free) = {0};
	struct buf why A_CLEANUP(buf_free) = {0};

	is_int(xlvalue_read(text, &v, &why), -1, "%s: refused", text);
	is_str(buf_str(&why), want, "%s: why", text);
	is_int((long long)v.items.count, 0, "%s: nothing is left", text);
}

static void test_kinds(void)
{
	reads("32", XLVALUE_NUMBER, false, "32");
	reads("0x20", XLVALUE_NUMBER, false, "0x20");
	reads(" \t'a b' ", XLVALUE_STRING, false, "a b");
	reads("\"it's\"", XLVALUE_STRING, false, "it's");
	reads("\"\"", XLVALUE_STRING, false, "");
	reads("'\\\\ \\' \\\" \\n\\t\\a\\b\\f\\r\\v'", XLVALUE_STRING, false,
	    "\\ ' \" \n\t\a\b\f\r\v");
	reads("[]", XLVALUE_LIST, false, "(none)");
	reads("['a',]", XLVALUE_LIST, false, "a");
	reads("[ \"mac=00:16:3e:74:34:32,bridge=br0\", 'x' ] # two", XLVALUE_LIST, false,
	    "mac=00:16:3e:74:34:32,bridge=br0");
	reads("[['pnode=0','size=1'],['pnode=1']]", XLVALUE_LIST, false, "pnode=0");
	reads("32;", XLVALUE_NUMBER, false, "32");
	reads("'#' ; # '", XLVALUE_STRING, false, "#");
}

static void test_bare(void)
{
	reads("preserve", XLVALUE_STRING, true, "preserve");
	reads(" rename-restart ", XLVALUE_STRING, true, "rename-restart");
	reads("0-3,^1", XLVALUE_STRING, true, "0-3,^1");
	reads("console=hvc0 root=/dev/xvda1", XLVALUE_STRING, true, "console=hvc0 root=/dev/xvda1");
	reads("/boot/vm linuz", XLVALUE_STRING, true, "/boot/vm linuz");
	reads("-1", XLVALUE_STRING, true, "-1");
}

static void test_refused(void)
{
	refuses("", "is empty");
	refuses("  ", "is empty");
	refuses("# nothing", "is empty");
	refuses("\"open", "has no closing \"");
	refuses("'open\\'", "has no closing '");
	refuses("'open\\", "has no closing '");
	refuses("['a', 'b'", "has no closing ]");
	refuses("['a', # ]", "has no closing ]");
	refuses("[", "has no closing ]");
	refuses("['a' 'b']", "has no comma between two parts of a list");
	refuses("[a]", "has something that is neither a number nor in quotes");
	refuses("[,]", "has something that is neither a number nor in quotes");
	refuses("'a' 'b'", "goes on behind its end, with 'b'");
	refuses("32; vcpus=2 # two", "goes on behind its end, with ; vcpus=2 # two");
	refuses("it's", "has something that is neither a number nor in quotes");
	refuses("'\\x41'", "has \\x, which xl can't read in a string; a backslash itself is \\\\");
	refuses("'\\033'", "has \\0, which xl can't read in a string; a backslash itself is \\\\");
	refuses("a\001b", "has something that is neither a number nor in quotes");
	refuses("[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "has too many lists in lists");
}

static void test_record(void)
{
	struct rec r A_CLEANUP(rec_free) = {0}, xl A_CLEANUP(rec_free) = {0};
	struct xlvalue v A_CLEANUP(xlvalue_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	if (rec_add(&r, "xl.a", "'open", &fault) || rec_add(&r, "name", "x", &fault) ||
	    rec_add(&r, "xl.b", "['x']", &fault) || rec_add(&r, "xl.a", "'shut'", &fault))
		ok(false, "a record");
	xlvalue_collect(&r, &xl);
	is_int((long long)xl.count, 2, "the last of each key");
	is_str(xl.fields[0].key, "xl.b", "in their order");
	is_int(xlvalue_check(&xl, &fault), 0, "what doesn't count needn't be right");
	ok(xlvalue_get(&xl, "b", &v) && v.kind == XLVALUE_LIST, "a list");
	ok(!xlvalue_text(&xl, "b", &text), "which is no text");
	ok(xlvalue_text(&xl, "a", &text), "a text");
	is_str(buf_str(&text), "shut", "it");
	ok(!xlvalue_text(&xl, "c", &text), "one that isn't there");
}

static void test_record_faults(void)
{
	struct rec r A_CLEANUP(rec_free) = {0}, bad A_CLEANUP(rec_free) = {0};

	if (rec_add(&r, "xl.on_crash", "\"destroy", &fault) ||
	    rec_add(&bad, "xl.on-crash", "1", &fault))
		ok(false, "records");
	is_int(xlvalue_check(&r, &fault), -1, "an open quote");
	is_str(fault.text, "xl.on_crash: \"destroy has no closing \"", "is named");
	is_int(fault.status, EX_DATAERR, "and bad input");
	is_int(xlvalue_check(&bad, &fault), -1, "a key that xl can't read");
	is_str(fault.text,
	    "xl.on-crash: xl takes no such key: it has a character other than a-z, 0-9 and '_'",
	    "is named");
	ok(xlvalue_key_problem("Memory") && xlvalue_key_problem("0x") &&
		xlvalue_key_problem("_a") && xlvalue_key_problem(""),
	    "other keys");
	ok(!xlvalue_key_problem("vif2") && !xlvalue_key_problem("a.b_c"), "keys that it can");
}

/* ---- as libxlutil has it ----------------------------------------------------------------------
 */

/* Is it read as one value of `key`, and is what stands around it read as it is meant? */
static bool taken_by_xl(const char *value, struct xlu *x)
{
	struct buf file A_CLEANUP(buf_free) = {0};

	buf_printf(&file, "before='1'\nkey=%s\nafter='2'\n", value);
	return xlu_read(x, &file) && xlu_text(x, "before") && xlu_text(x, "after") &&
	       !strcmp(xlu_text(x, "before"), "1") && !strcmp(xlu_text(x, "after"), "2") &&
	       (xlu_text(x, "key") || xlu_cfg_get_list(x->config, "key", NULL, NULL, 1) == 0);
}

/* xl takes more than one statement in a line, and drops what \NUMBER should be: we take neither. */
static bool is_ours_alone(const char *value)
{
	for (const char *p = value; (p = strchr(p, '\\')); p++)
		if (p[1] >= '0' && p[1] <= '9')
			return true;
	return strchr(value, ';');
}

static bool agrees(const char *value)
{
	struct xlvalue v A_CLEANUP(xlvalue_free) = {0};
	struct buf why A_CLEANUP(buf_free) = {0};
	struct xlu x A_CLEANUP(xlu_free) = {0};
	const bool ours = xlvalue_read(value, &v, &why) == 0 && !v.bare;
	const bool theirs = taken_by_xl(value, &x);

	if (ours && theirs && v.kind != XLVALUE_LIST)
		return xlu_text(&x, "key") && !strcmp(xlu_text(&x, "key"), v.items.items[0]);
	if (ours && theirs && v.items.count && value[strcspn(value, "[") + 1] &&
	    !strchr(value + strcspn(value, "[") + 1, '['))
		return xlu_item(&x, "key", (int)v.items.count - 1) &&
		       !strcmp(xlu_item(&x, "key", (int)v.items.count - 1),
			   v.items.items[v.items.count - 1]) &&
		       !xlu_item(&x, "key", (int)v.items.count);
	return ours == theirs || (theirs && is_ours_alone(value));
}

/* Few characters, in all orders that chance gives: those that mean something. */
static void test_agrees(void)
{
	static const char letters[] = "''\"\"[],,#;\\ \t0a1x=n'\"[]\x01\xc3";
	unsigned long long seed = 1;
	size_t wrong = 0;

	for (int n = 0; n < 200000; n++) {
		char value[16];
		size_t length;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		length = 1 + (seed >> 33) % 12;
		for (size_t i = 0; i < length; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			value[i] = letters[(seed >> 33) % (sizeof letters - 1)];
		}
		value[length] = '\0';
		if (!agrees(value) && ++wrong <= 5)
			tap_show("value", value);
	}
	is_int((long long)wrong, 0, "200000 values are what libxlutil takes them for");
}

int main(void)
{
	test_kinds();
	test_bare();
	test_refused();
	test_record();
	test_record_faults();
	test_agrees();
	return tap_end();
}
