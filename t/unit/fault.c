#include "core/fault.h"

#include "tap.h"

#include <errno.h>

static void test_set(void)
{
	struct fault f;

	memset(&f, 'x', sizeof f);
	is_int(fault_set(&f, EX_USAGE, "%s: bad %d", "here", 5), -1, "fault_set returns -1");
	is_int(f.status, EX_USAGE, "the status is kept");
	is_str(f.text, "here: bad 5", "the text is formatted");
	is_str(f.hint, "", "there is no hint");
	is_int(fault_hint(&f, "run %s", "this"), -1, "fault_hint returns -1");
	is_str(f.hint, "run this", "the hint is added");
	is_str(f.text, "here: bad 5", "the text stays");
	is_int(f.status, EX_USAGE, "the status stays");
	fault_set(&f, EX_DATAERR, "other");
	is_str(f.hint, "", "a new fault doesn't keep the old hint");
	is_str(f.text, "other", "nor the old text");
}

static void test_errno(void)
{
	static const struct {
		int status, error, want;
	} cases[] = {
	    {0, EACCES, EX_NOPERM},
	    {0, EPERM, EX_NOPERM},
	    {0, ENOENT, EX_OSERR},
	    {0, EIO, EX_OSERR},
	    {EX_IOERR, EACCES, EX_IOERR},
	    {EXIT_NOT_FOUND, ENOENT, EXIT_NOT_FOUND},
	};
	struct fault f;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		fault_errno(&f, cases[i].status, cases[i].error, "x");
		is_int(f.status, cases[i].want, "status %d with errno %d", cases[i].status,
		    cases[i].error);
	}
	memset(&f, 'x', sizeof f);
	is_int(fault_errno(&f, 0, ENOENT, "open %s", "/a"), -1, "fault_errno returns -1");
	is_str(f.text, "open /a: No such file or directory", "the error's text is behind it");
	is_str(f.hint, "", "there is no hint");
}

static void test_long(void)
{
	struct fault f;
	char text[3000], *end;
	size_t size = sizeof f.text;

	memset(text, 'y', sizeof text);
	text[size - 1] = '\0';
	fault_set(&f, EX_DATAERR, "%s", text);
	is_str(f.text, text, "a text that just fits is kept whole");
	text[size - 1] = 'y';
	text[size] = '\0';
	fault_set(&f, EX_DATAERR, "%s", text);
	is_int((long long)strlen(f.text), (long long)size - 1, "a longer one is cut");
	is_str(f.text + size - 5, "y...", "and says so");
	text[size] = 'y';
	text[sizeof text - 1] = '\0';
	fault_errno(&f, 0, ENOTCONN, "%s", text);
	end = strstr(f.text, ": ");
	is_str(end, ": Transport endpoint is not connected", "a long text keeps the reason");
	ok(end && end - f.text > 800 && !memcmp(end - 3, "...", 3), "behind the cut");
	fault_hint(&f, "%s", text);
	is_str(f.hint + sizeof f.hint - 5, "y...", "a long hint is cut, too");
}

int main(void)
{
	test_set();
	test_errno();
	test_long();
	return tap_end();
}
