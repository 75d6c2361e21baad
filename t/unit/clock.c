#include "core/clock.h"

#include "tap.h"

#include <string.h>

static const struct {
	const char *text, *normal; /* NULL: refused */
} times[] = {
    {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
    {"2026-11-25T12:31:24.007Z", "2026-11-25T12:31:24.007Z"},
    {"2026-11-25 12:31:24Z", "2026-11-25T12:31:24.000Z"},
    {"2026-11-25t12:31:24.5z", "2026-11-25T12:31:24.500Z"},
    {"2026-11-25T12:31:24.123456789Z", "2026-11-25T12:31:24.123Z"},
    {"2026-11-25T12:31:24+01:30", "2026-11-25T11:01:24.000Z"},
    {"2026-11-25T23:31:24-01:00", "2026-11-26T00:31:24.000Z"},
    {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
    {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
    {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
    {"2026-02-29T00:00:00Z", NULL},
    {"2026-13-01T00:00:00Z", NULL},
    {"2026-00-01T00:00:00Z", NULL},
    {"2026-01-01T24:00:00Z", NULL},
    {"2026-01-01T00:60:00Z", NULL},
    {"2026-01-01T00:00:60Z", NULL},
    {"2026-01-01T00:00:00", NULL},
    {"2026-01-01T00:00:00.Z", NULL},
    {"2026-01-01T00:00:00Z ", NULL},
    {"2026-01-01T00:00:00+24:00", NULL},
    {"2026-01-01T00:00:00+0100", NULL},
    {"26-01-01T00:00:00Z", NULL},
    {"2026-1-1T00:00:00Z", NULL},
    {"2026-01-01", NULL},
    {"", NULL},
};

static void texts(void)
{
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		struct buf text A_CLEANUP(buf_free) = {0};
		int64_t at = 0;
		bool parsed = clock_parse(times[i].text, &at);

		if (parsed)
			clock_text(at, &text);
		ok(parsed == !!times[i].normal &&
			(!parsed || !strcmp(buf_str(&text), times[i].normal)),
		    "\"%s\" is %s", times[i].text, times[i].normal ? times[i].normal : "refused");
	}
}

int main(void)
{
	int64_t before = clock_ms();

	texts();
	ok(clock_ms() >= before, "clock_ms doesn't go back");
	ok(clock_now() > INT64_C(1700000000000), "clock_now is of these days");
	return tap_end();
}
