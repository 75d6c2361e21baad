#include "core/rec.h"

#include "scratch.h"
#include "tap.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static struct fault fault;
static char x[LINE_MAX_BYTES * 2]; /* 'x', to cut long keys and values from */

/* Reads the one record at the start of the bytes. */
static int read_record(struct rec *r, const void *bytes, size_t length)
{
	struct lineread from A_CLEANUP(lineread_free) = {0};
	int fd = scratch_input(bytes, length), got;

	memset(&fault, 0, sizeof fault);
	lineread_start(&from, fd, "input");
	got = rec_read(r, &from, &fault);
	close(fd);
	return got;
}

static void add(struct rec *r, const char *key, const char *value)
{
	scratch_need(rec_add(r, key, value, &fault) == 0, fault.text);
}

/* The record holds just this text. */
#define holds(r, want, ...) \
	do { \
		struct buf text_ A_CLEANUP(buf_free) = {0}; \
		rec_write(r, &text_); \
		is_str(buf_str(&text_), want, __VA_ARGS__); \
	} while (0)

static void test_empty(void)
{
	struct rec r = {0};
	struct strv values A_CLEANUP(strv_free) = {0};
	const char *value;
	size_t i = 0;

	ok(!rec_get(&r, "a"), "an empty record has no value");
	ok(!rec_each(&r, "a", &i, &value), "nor any in order");
	rec_get_all(&r, "a", &values);
	is_int((long long)values.count, 0, "nor all of them");
	rec_remove(&r, "a");
	holds(&r, "\n", "it is written as the empty line");
	rec_free(&r);
	rec_free(&r);
	ok(!r.fields && !r.count, "freed twice, it is empty");
	add(&r, "a", "1");
	is_str(rec_get(&r, "a"), "1", "a freed record can be used again");
	rec_free(&r);
}

static void test_keys(void)
{
	static const char *const good[] = {"a", "z9", "a-b_c", "a-", "a_", "a.B", "a.0", "a.-",
	    "a._", "net.Tap-0.MTU", "xl.on_crash", "a.b.c.d.e.f", "fs.0"};
	static const char *const bad[] = {"", "A", "0", "1a", "_a", "-a", ".", ".a", "a.", "a..b",
	    "a.b.", "aB", "netA.x", "a b", " a", "a ", "a=b", "a.b=c", "a/b", "a:b", "a\tb", "a\n",
	    "a.b\n", "a\r", "\xc3\xa9", "a\xc3\xa9", "a.\xc3\xa9", "a.\xff", "a\x01", "a.b c", "a*",
	    "a.*", "a,b", "a\"", "a@", "a[", "a`", "a{"};
	struct rec r A_CLEANUP(rec_free) = {0};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		is_str(rec_key_problem(good[i]), NULL, "%s is a key", good[i]);
		is_int(rec_add(&r, good[i], "", &fault), 0, "and can be added");
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ok(rec_key_problem(bad[i]) != NULL, "bad key %zu has a problem", i);
		is_int(rec_add(&r, bad[i], "v", &fault), -1, "and is refused");
		is_int(fault.status, EX_DATAERR, "as data");
	}
	is_int((long long)r.count, COUNT_OF(good), "nothing refused got in");
}

/* Each byte as a first, a second and a later segment's character. */
static void test_key_bytes(void)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz", rest[] = "0123456789_-",
			  upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	int wrong = 0;

	for (int c = 1; c < 256; c++) {
		char key[] = {(char)c, '\0'}, second[] = {'k', (char)c, 'k', '\0'};
		char later[] = {'k', '.', (char)c, '\0'}, last[] = {'k', '.', 'K', (char)c, '\0'};
		bool is_lower = strchr(lower, c), is_rest = strchr(rest, c);
		bool in_later = is_lower || is_rest || strchr(upper, c);

		wrong += !rec_key_problem(key) != is_lower;
		wrong += !rec_key_problem(second) != (is_lower || is_rest || c == '.');
		wrong += !rec_key_problem(later) != in_later;
		wrong += !rec_key_problem(last) != in_later;
	}
	is_int(wrong, 0, "every byte is taken where the grammar has it, and nowhere else");
}

static void test_values(void)
{
	static const char *const bad[] = {"\n", "a\nb", "a\n", "\r", "a\rb", "a\r\n"};
	struct rec r A_CLEANUP(rec_free) = {0}, again A_CLEANUP(rec_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	char every[256];
	size_t length = 0;

	for (int c = 1; c < 256; c++)
		if (c != '\n' && c != '\r')
			every[length++] = (char)c;
	every[length] = '\0';
	is_str(rec_value_problem(every), NULL, "a value has any byte but NUL, LF, CR");
	is_str(rec_value_problem(""), NULL, "or none");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ok(rec_value_problem(bad[i]) != NULL, "bad value %zu has a problem", i);
		is_int(rec_add(&r, "k", bad[i], &fault), -1, "and is refused");
		is_int(fault.status, EX_DATAERR, "as data");
	}
	holds(&r, "\n", "nothing refused got in");
	add(&r, "k", every);
	add(&r, "k", "=");
	add(&r, "k", " a = b ");
	rec_write(&r, &text);
	is_int(read_record(&again, buf_str(&text), text.length), 1, "they are read back");
	ok(again.count == 3 && !strcmp(again.fields[0].value, every), "every byte is kept");
	is_str(again.fields[1].value, "=", "a value that is an equals sign is kept");
	is_str(again.fields[2].value, " a = b ", "blanks are kept");
}

static void test_fields(void)
{
	struct rec r A_CLEANUP(rec_free) = {0};
	struct strv values A_CLEANUP(strv_free) = {0};
	const char *value = NULL;
	size_t i = 0;

	add(&r, "name", "www");
	add(&r, "depends", "uri");
	add(&r, "depends", "lwt");
	add(&r, "name", "last");
	add(&r, "depends", "uri");
	add(&r, "depends.x", "no");
	is_str(rec_get(&r, "name"), "last", "the last value counts");
	ok(!rec_get(&r, "nam") && !rec_get(&r, "names"), "part of a key is not the key");
	ok(rec_each(&r, "depends", &i, &value) && !strcmp(value, "uri"), "each: the first");
	ok(rec_each(&r, "depends", &i, &value) && !strcmp(value, "lwt"), "each: the second");
	ok(rec_each(&r, "depends", &i, &value) && !strcmp(value, "uri"),
	    "each: the third, repeated");
	ok(!rec_each(&r, "depends", &i, &value), "each: no more");
	rec_get_all(&r, "depends", &values);
	ok(values.count == 3 && !strcmp(values.items[1], "lwt"), "get_all: the same ones");
	rec_remove(&r, "depends");
	holds(&r, "name=www\nname=last\ndepends.x=no\n\n", "remove takes out all of a key");
	rec_remove(&r, "nothing");
	is_int((long long)r.count, 3, "removing what isn't there changes nothing");
	add(&r, "depends", "new");
	holds(&r, "name=www\nname=last\ndepends.x=no\ndepends=new\n\n", "a key can come back");
}

static void test_borrowed(void)
{
	struct rec r A_CLEANUP(rec_free) = {0};
	const char *key, *value;
	char name[] = "first.key", text[32];
	bool same = true;

	add(&r, name, name);
	name[0] = 'X';
	key = r.fields[0].key;
	value = rec_get(&r, "first.key");
	is_str(value, "first.key", "the record has copies");
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "n%d", i % 700);
		add(&r, text, i % 2 ? value : text);
	}
	for (size_t i = 0; i < 20000; i++) {
		snprintf(text, sizeof text, "n%zu", i % 700);
		same = same && !strcmp(r.fields[i + 1].key, text) &&
		       !strcmp(r.fields[i + 1].value, i % 2 ? value : text);
	}
	ok(same, "20000 fields are as added");
	ok(rec_get(&r, "first.key") == value && r.fields[0].key == key,
	    "the first ones don't move");
	rec_remove(&r, "first.key");
	is_str(value, "first.key", "and stay when their field is removed");
}

/* A record that has the same field as another, without a copy. */
static void test_borrow(void)
{
	struct rec owner A_CLEANUP(rec_free) = {0}, r = {0};

	add(&owner, "a", "1");
	add(&owner, "b", "2");
	add(&r, "a", "0");
	rec_borrow(&r, &owner.fields[0]);
	rec_borrow(&r, &owner.fields[1]);
	add(&r, "b", "3");
	holds(&r, "a=0\na=1\nb=2\nb=3\n\n", "a borrowed field is one like others");
	ok(rec_get(&owner, "a") == r.fields[1].value, "but not a copy");
	for (int i = 0; i < 1000; i++)
		rec_borrow(&r, &owner.fields[1]);
	is_int((long long)r.count, 1004, "many can be borrowed");
	rec_free(&r);
	holds(&owner, "a=1\nb=2\n\n", "the owner keeps them");
}

static void test_key_sharing(void)
{
	struct rec r A_CLEANUP(rec_free) = {0};

	add(&r, "ab", "1");
	add(&r, "a", "2");
	add(&r, "ab", "3");
	add(&r, "abc", "4");
	add(&r, "abc", "5");
	holds(&r, "ab=1\na=2\nab=3\nabc=4\nabc=5\n\n", "keys that start alike stay apart");
	rec_free(&r);
	is_int(read_record(&r, TEXT("ab=1\na=2\nab=3\nabc=4\nabc=5\n\n")), 1, "when read, too");
	holds(&r, "ab=1\na=2\nab=3\nabc=4\nabc=5\n\n", "they stay apart");
}

static void test_read(void)
{
	struct rec r A_CLEANUP(rec_free) = {0};

	is_int(read_record(&r, TEXT("")), 0, "no input is no record");
	is_int(read_record(&r, TEXT("\n")), 1, "an empty record is one");
	is_int((long long)r.count, 0, "without fields");
	is_int(read_record(&r, TEXT("name=www\narg=\narg==\narg=a=b\n\n")), 1, "a record is read");
	is_int((long long)r.count, 4, "with its fields");
	is_str(rec_get(&r, "name"), "www", "split at the equals sign");
	is_str(r.fields[1].value, "", "an empty value");
	is_str(r.fields[2].value, "=", "a value of an equals sign");
	is_str(r.fields[3].value, "a=b", "split at the first equals sign");
}

static void test_read_refused(void)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *where;
	} cases[] = {
	    {TEXT("a=1\n"), "input:1:"},
	    {TEXT("a=1\nb=2\n"), "input:2:"},
	    {TEXT("a=1\nb=2"), "input:2:"},
	    {TEXT("a=1"), "input:1:"},
	    {TEXT("a"), "input:1:"},
	    {TEXT("a\n\n"), "input:1:"},
	    {TEXT("a=1\nb\n\n"), "input:2:"},
	    {TEXT("=\n\n"), "input:1:"},
	    {TEXT("=v\n\n"), "input:1:"},
	    {TEXT("A=1\n\n"), "input:1:"},
	    {TEXT("a..b=1\n\n"), "input:1:"},
	    {TEXT("a.=1\n\n"), "input:1:"},
	    {TEXT(" a=1\n\n"), "input:1:"},
	    {TEXT("a =1\n\n"), "input:1:"},
	    {TEXT("a=1\r\n\n"), "input:1:"},
	    {TEXT("a=1\r\n\r\n"), "input:1:"},
	    {TEXT("a=1\n\r\n"), "input:2:"},
	    {TEXT("\r\n"), "input:1:"},
	    {TEXT("a\r=1\n\n"), "input:1:"},
	    {TEXT("a=b\0c\n\n"), "input:1:"},
	    {TEXT("a\0=b\n\n"), "input:1:"},
	    {TEXT("\0\n"), "input:1:"},
	    {TEXT("a=1\n\0"), "input:2:"},
	    {TEXT("a=\0\n\n"), "input:1:"},
	    {TEXT("\xef\xbb\xbf"
		  "a=1\n\n"),
		"input:1:"},
	    {TEXT("# comment\na=1\n\n"), "input:1:"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rec r A_CLEANUP(rec_free) = {0};

		is_int(read_record(&r, cases[i].bytes, cases[i].length), -1, "bad record %zu", i);
		is_int(fault.status, EX_DATAERR, "is a fault of the data");
		ok(!strncmp(fault.text, cases[i].where, strlen(cases[i].where)),
		    "and says where (%s)", cases[i].where);
	}
}

static void test_read_several(void)
{
	static const char bytes[] = "a=1\n\n\nb=2\nc=3\n\nd=4\n";
	struct rec first A_CLEANUP(rec_free) = {0}, second A_CLEANUP(rec_free) = {0},
			 third A_CLEANUP(rec_free) = {0}, fourth A_CLEANUP(rec_free) = {0};
	struct lineread from A_CLEANUP(lineread_free) = {0};
	int fd = scratch_input(bytes, sizeof bytes - 1);

	lineread_start(&from, fd, "input");
	is_int(rec_read(&first, &from, &fault), 1, "the first of several records");
	is_int(rec_read(&second, &from, &fault), 1, "the second");
	is_int(rec_read(&third, &from, &fault), 1, "the third");
	holds(&first, "a=1\n\n", "the first ends at its empty line");
	holds(&second, "\n", "the second is empty");
	holds(&third, "b=2\nc=3\n\n", "the third is whole");
	is_int(rec_read(&fourth, &from, &fault), -1, "one that isn't ended is a fault");
	ok(!strncmp(fault.text, "input:7:", 8), "at its line: %s", fault.text);
	close(fd);
}

static void test_line_limit(void)
{
	struct rec r A_CLEANUP(rec_free) = {0}, again A_CLEANUP(rec_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	const char *value = x + sizeof x - 1 - 65533;

	memset(x, 'x', sizeof x - 1);
	is_int(rec_add(&r, "k", value, &fault), 0, "a line of 65535 bytes can be added");
	rec_write(&r, &text);
	is_int((long long)text.length, 65537, "and written");
	is_int(read_record(&again, buf_str(&text), text.length), 1, "and read");
	is_str(rec_get(&again, "k"), value, "as it was");
	is_int(rec_add(&r, "k", value - 1, &fault), -1, "one of 65536 bytes can't be added");
	is_int(fault.status, EX_DATAERR, "a fault of the data");
	is_int(rec_add(&r, "kk", value, &fault), -1, "whatever makes it long");
	is_int(rec_add(&r, value - 1, "", &fault), 0, "a key of 65534 bytes can be added");
	is_int(rec_add(&r, value - 2, "", &fault), -1, "one of 65535 bytes can't");
	buf_clear(&text);
	buf_printf(&text, "k=%s\n\n", value - 1);
	is_int(read_record(&again, buf_str(&text), text.length), -1, "nor are 65536 bytes read");
	is_int(fault.status, EX_DATAERR, "a fault of the data");
}

static void test_problem_limit(void)
{
	const char *value = x + sizeof x - 1 - 65533;

	is_str(rec_value_problem(value), NULL, "a value of 65533 bytes has no problem");
	ok(rec_value_problem(value - 1) != NULL,
	    "one of 65534 bytes has: no key leaves room for it");
	ok(rec_value_problem(value - 3) != NULL, "one of 65536 bytes has");
	is_str(rec_key_problem(value - 1), NULL, "a key of 65534 bytes has no problem");
	ok(rec_key_problem(value - 2) != NULL, "one of 65535 bytes has: no line holds it");
	is_int(rec_add(&(struct rec){0}, "A", "", &fault), -1, "a bad key is refused");
	ok(strstr(fault.text, "lower-case letter") != NULL, "for its reason");
	x[sizeof x - 2] = '!';
	is_int(
	    rec_add(&(struct rec){0}, x + sizeof x - 1 - 3000, "", &fault), -1, "a long one, too");
	ok(strstr(fault.text, "has a character other") != NULL,
	    "for its reason, which is not cut off");
	x[sizeof x - 2] = 'x';
}

static void test_write(void)
{
	struct rec r A_CLEANUP(rec_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	add(&r, "a", "1");
	add(&r, "b.C", "");
	add(&r, "a", "=");
	buf_adds(&text, "before:");
	rec_write(&r, &text);
	is_str(buf_str(&text), "before:a=1\nb.C=\na==\n\n", "write appends the text");
	buf_free(&text);
	text.max = 8;
	rec_write(&r, &text);
	ok(buf_over(&text), "what doesn't fit is over");
}

static int apply(struct rec *r, const char *first, const char *second, const char *third)
{
	struct strv settings A_CLEANUP(strv_free) = {0};

	memset(&fault, 0, sizeof fault);
	strv_list(&settings, first, second, third);
	return rec_apply(r, &settings, &fault);
}

static void test_apply(void)
{
	static const char *const bad[] = {
	    "", "a", "=", "=v", "A=1", "a.=1", "a b=1", "a=b\nc", "a=\r"};
	struct rec r A_CLEANUP(rec_free) = {0};

	add(&r, "depends", "uri");
	add(&r, "name", "www");
	add(&r, "depends", "lwt");
	is_int(apply(&r, NULL, NULL, NULL), 0, "no settings");
	holds(&r, "depends=uri\nname=www\ndepends=lwt\n\n", "change nothing");
	is_int(apply(&r, "depends=a", "memory=32", "depends=b"), 0, "settings");
	is_str(rec_get(&r, "name"), "www", "leave other keys alone");
	is_str(rec_get(&r, "memory"), "32", "add what isn't there");
	rec_remove(&r, "name");
	rec_remove(&r, "memory");
	holds(&r, "depends=a\ndepends=b\n\n", "the first for a key replaces, the next adds");
	is_int(apply(&r, "arg==x=", "name=", NULL), 0, "values with an equals sign, and none");
	is_str(rec_get(&r, "arg"), "=x=", "are split at the first");
	is_str(rec_get(&r, "name"), "", "and may be empty");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		is_int(apply(&r, "z=1", bad[i], NULL), -1, "bad setting %zu is refused", i);
		is_int(fault.status, EX_USAGE, "as wrong usage");
	}
}

/* rec_read_stdin with the bytes on standard input. */
static int read_stdin(struct rec *r, const void *bytes, size_t length)
{
	int fd = scratch_input(bytes, length), before = dup(STDIN_FILENO), got;

	scratch_need(dup2(fd, STDIN_FILENO) >= 0, "dup2");
	memset(&fault, 0, sizeof fault);
	got = rec_read_stdin(r, &fault);
	if (before >= 0)
		dup2(before, STDIN_FILENO);
	close(before);
	close(fd);
	return got;
}

static void test_stdin(void)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *what;
	} cases[] = {
	    {TEXT("a=1\n\nb=2\n\n"), "two records"},
	    {TEXT("a=1\n\n\n"), "an empty record behind one"},
	    {TEXT("a=1\n\nb"), "rubbish behind one"},
	    {TEXT("a=1\n"), "one that isn't ended"},
	    {TEXT("a\n\n"), "a malformed one"},
	};
	struct rec r A_CLEANUP(rec_free) = {0};

	is_int(read_stdin(&r, TEXT("a=1\nb=2\n\n")), 0, "the record on standard input");
	holds(&r, "a=1\nb=2\n\n", "is read");
	rec_free(&r);
	is_int(read_stdin(&r, TEXT("\n")), 0, "an empty one");
	is_int((long long)r.count, 0, "has no fields");
	is_int(read_stdin(&r, TEXT("")), -1, "none is a fault");
	is_int(fault.status, EX_DATAERR, "of the data");
	ok(fault.hint[0], "with a hint");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rec other A_CLEANUP(rec_free) = {0};

		is_int(read_stdin(&other, cases[i].bytes, cases[i].length), -1, "refused: %s",
		    cases[i].what);
		is_int(fault.status, EX_DATAERR, "as data");
		ok(strstr(fault.text, "standard input") != NULL, "it says where: %s", fault.text);
	}
}

int main(void)
{
	test_empty();
	test_keys();
	test_key_bytes();
	test_values();
	test_fields();
	test_borrowed();
	test_borrow();
	test_key_sharing();
	test_read();
	test_read_refused();
	test_read_several();
	test_line_limit();
	test_problem_limit();
	test_write();
	test_apply();
	test_stdin();
	return tap_end();
}
