/*
 * What the unikernel does: it says hello, how it was booted and what it was told, and obeys the
 * words on its command line one after another. README.md lists them.
 */
#include "boot.h"
#include "machine.h"
#include "text.h"
#include "traps.h"
#include "xenstore.h"

enum { WORD_MAX = 4096, LINE_MAX = 1024 };

noreturn void guest_start(uint32_t is_multiboot, uintptr_t information);

static const char *const reasons[] = {"poweroff", "reboot", "suspend", "crash", "watchdog"};

noreturn static void leave(uint32_t reason)
{
	if (reason < sizeof reasons / sizeof *reasons)
		say("exit: %s\n", reasons[reason]);
	else
		say("exit: %u\n", reason);
	machine_exit(reason);
}

/* A reason by its name, or any number. */
static bool find_reason(const char *text, uint32_t *reason)
{
	for (*reason = 0; *reason < sizeof reasons / sizeof *reasons; ++*reason)
		if (text_equal(text, reasons[*reason]))
			return true;
	return text_number(text, reason) && *reason <= UINT8_MAX;
}

noreturn static void refuse(const char *word)
{
	say("can't be: %s\n", word);
	leave(CRASH);
}

static void leave_by_name(const char *text)
{
	uint32_t reason;

	if (find_reason(text, &reason))
		leave(reason);
	say("%s is no reason to exit\n", text);
}

/* What the machine's owner asks for, if anything. */
static void heed(void)
{
	const char *wish = xenstore_wish();

	if (!wish)
		return;
	say("asked for: %s\n", wish);
	if (text_equal(wish, "poweroff") || text_equal(wish, "halt"))
		leave(POWEROFF);
	if (text_equal(wish, "reboot"))
		leave(REBOOT);
}

static void wait_until(uint64_t until)
{
	char dropped;

	while (machine_now() < until) {
		heed();
		while (machine_read(&dropped))
			;
		machine_wait(until);
	}
}

/* A line as it is typed, which is shown. Its end is a carriage return or a line feed; of both
 * together, the second makes an empty line, which is passed over. */
static void read_line(char line[LINE_MAX])
{
	size_t length = 0;

	for (;;) {
		char byte;

		heed(); /* which may write, and so clear an event: in front of the look at what is
			   typed */
		if (!machine_read(&byte)) {
			machine_wait(FOREVER);
		} else if ((byte == '\r' || byte == '\n') && length > 0) {
			line[length] = '\0';
			say("\n");
			return;
		} else if ((byte == '\b' || byte == 127) && length > 0) {
			length--;
			say("\b \b");
		} else if ((uint8_t)byte >= ' ' && byte != 127 && length < LINE_MAX - 1) {
			line[length++] = byte;
			machine_write(&byte, 1);
			machine_flush();
		}
	}
}

static void echo(void)
{
	static char line[LINE_MAX];
	const char *reason;

	say("echo: on\n");
	for (;;) {
		read_line(line);
		if (text_equal(line, "quit"))
			break;
		if (text_starts(line, "exit ", &reason))
			leave_by_name(reason);
		else
			say("echo: %s\n", line);
	}
	say("echo: off\n");
}

static void flood(uint32_t lines)
{
	for (uint32_t i = 1; i <= lines; i++)
		say("line %u\n", i);
}

/* The value of a word such as flood=10; false when it is another word. */
static bool is_number(const char *word, const char *name, uint32_t *number)
{
	const char *value;

	if (!text_starts(word, name, &value))
		return false;
	if (!text_number(value, number))
		refuse(word);
	return true;
}

/* Words of others are none of our business. */
static void obey(const char *word)
{
	const char *value;
	uint32_t number;

	if (text_starts(word, "exit=", &value)) {
		if (!find_reason(value, &number))
			refuse(word);
		leave(number);
	} else if (is_number(word, "wait=", &number))
		wait_until(machine_now() + number * 1000000000ull);
	else if (is_number(word, "flood=", &number))
		flood(number);
	else if (text_equal(word, "wait"))
		wait_until(FOREVER);
	else if (text_equal(word, "echo"))
		echo();
	else if (text_equal(word, "fault"))
		__asm__ volatile("ud2");
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word, and in *rest what follows; false when there is none. Blanks are between words, but
 * for those behind a backslash or inside quotes, of either kind; a backslash keeps the next byte as
 * it is, but not inside single quotes. */
static bool next_word(const char **rest, char word[WORD_MAX])
{
	size_t length = 0;
	char quote = '\0';

	while (is_blank(**rest))
		++*rest;
	if (!**rest)
		return false;
	for (; **rest && (quote || !is_blank(**rest)); ++*rest) {
		char c = **rest;

		if (c == '\\' && quote != '\'' && (*rest)[1])
			c = *++*rest;
		else if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (length < WORD_MAX - 1)
			word[length++] = c;
	}
	word[length] = '\0';
	return true;
}

noreturn static void run(const char *command_line)
{
	static char word[WORD_MAX];
	const char *rest = command_line;
	uint32_t count = 0;
	bool listen = true;

	while (next_word(&rest, word)) {
		say("arg %u: %s\n", ++count, word);
		listen = listen && !text_equal(word, "ignore-shutdown");
	}
	if (listen)
		xenstore_listen();
	rest = command_line;
	while (next_word(&rest, word))
		obey(word);
	leave(POWEROFF);
}

noreturn void guest_start(uint32_t is_multiboot, uintptr_t information)
{
	struct boot boot = is_multiboot ? boot_by_multiboot(information) : boot_by_pvh(information);

	traps_start();
	machine_start();
	say("hello\nboot: %s on ", boot.how);
	machine_describe();
	say("\nmemory: %u KiB\ncmdline: <%s>\n", boot.memory, boot.command_line);
	run(boot.command_line);
}
