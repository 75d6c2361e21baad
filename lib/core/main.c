#include "core/main.h"

#include "core/fd.h"
#include "core/printable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *tool_name = "mirari";

/* Messages go out in one write, so that those of several tools don't mix. */
static void say(const struct buf *text)
{
	int ignored = fd_write(STDERR_FILENO, buf_str(text), text->length);

	(void)ignored; /* without a standard error there is nowhere to say so */
}

static void add_line(struct buf *into, const char *text)
{
	buf_printf(into, "%s: ", tool_name);
	printable_add(into, text);
	buf_addc(into, '\n');
}

int say_fault(const struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	add_line(&text, fault->text);
	if (fault->hint[0])
		add_line(&text, fault->hint);
	say(&text);
	return fault->status ? fault->status : EX_SOFTWARE;
}

void say_note(const char *format, ...)
{
	struct buf line A_CLEANUP(buf_free) = {0};
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	add_line(&line, text);
	say(&line);
}

void say_report(const struct report *report)
{
	say(&report->lines);
}

void put_bytes(const struct buf *bytes)
{
	/* errors stick to the stream and are found by main() */
	if (bytes->length && fwrite(bytes->bytes, 1, bytes->length, stdout) != bytes->length)
		return;
}

int tool_options(const struct usage *usage, int argc, char **argv, struct strv *operands)
{
	struct buf answer A_CLEANUP(buf_free) = {0};
	struct fault fault;
	int got;

	tool_name = usage->tool;
	got = opt_parse(usage, argc, argv, operands, &answer, &fault);
	if (got < 0)
		return say_fault(&fault);
	put_bytes(&answer);
	return got > 0 ? EX_OK : -1;
}

int tool_one_file(const struct strv *operands, const char **file)
{
	struct fault fault;

	*file = operands->count ? operands->items[0] : NULL;
	if (operands->count <= 1)
		return -1;
	fault_set(&fault, EX_USAGE, "one file at most, not also %s", operands->items[1]);
	return say_fault(&fault);
}

int put_record(const struct rec *record, const char *get)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	bool found = false;

	for (size_t i = 0; i < record->count; i++) {
		const struct field *field = &record->fields[i];

		if (get && strcmp(field->key, get))
			continue;
		found = true;
		if (!get) {
			buf_adds(&out, field->key);
			buf_addc(&out, '=');
		}
		buf_adds(&out, field->value);
		buf_addc(&out, '\n');
		if (out.length > 1 << 16) {
			put_bytes(&out);
			buf_clear(&out);
		}
	}
	if (!get)
		buf_addc(&out, '\n');
	put_bytes(&out);
	return !get || found ? EX_OK : EXIT_NO;
}

int main(int argc, char **argv)
{
	int status;

	if (fd_fix_standard() < 0)
		return EX_OSERR;
	status = tool_main(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		struct fault fault;

		fault_errno(&fault, EX_IOERR, errno ? errno : EIO, "write standard output");
		say_fault(&fault);
		return status ? status : EX_IOERR;
	}
	return status;
}
