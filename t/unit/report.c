#include "core/report.h"

#include "tap.h"

int main(void)
{
	struct report r = {0};
	struct place at = {.file = "mirari.yml", .line = 3, .column = 7};
	char text[5000];

	report_free(&r);
	is_str(buf_str(&r.lines), "", "an empty report has no lines");
	report_error(&r, at, "unknown key '%s'", "memroy");
	report_warning(&r, (struct place){.file = "a.conf", .line = 12}, "ignored");
	report_error(&r, (struct place){.file = "b.yml"}, "empty");
	is_str(buf_str(&r.lines),
	    "mirari.yml:3:7: error: unknown key 'memroy'\n"
	    "a.conf:12: warning: ignored\n"
	    "b.yml: error: empty\n",
	    "each is a line, with as much of the place as there is");
	is_int((long long)r.errors, 2, "errors are counted");
	is_int((long long)r.warnings, 1, "warnings are counted apart");
	report_free(&r);
	report_free(&r);
	ok(!r.lines.length && !r.errors && !r.warnings, "freed twice, it is empty");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	report_error(&r, at, "%s", text);
	report_error(&r, at, "next");
	ok(strstr(buf_str(&r.lines), "x\nmirari.yml:3:7: error: next\n") ||
		strstr(buf_str(&r.lines), "...\nmirari.yml:3:7: error: next\n"),
	    "a long one is still a line");
	is_int((long long)r.errors, 2, "and counts");
	report_free(&r);
	report_error(&r, (struct place){.file = "a\nb"}, "%s", "c\nd\x1b[m\xff");
	is_str(buf_str(&r.lines), "a?b: error: c?d?[m?\n", "foreign text stays on its line");
	report_free(&r);
	return tap_end();
}
