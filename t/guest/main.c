/*
 * What the guest does: it says its command line and the words in it, then obeys these in order.
 *
 *   print=TEXT  says the text                 exit=N      ends with that status
 *   sleep=MS    waits                         abort       ends as Solo5's solo5_abort does
 *   tick=MS     says a line so often          fault       writes where there is no memory
 *   read        the block device's sector 0   spin        is busy for ever
 *   write=TEXT  puts text at its start        ip=ADDRESS  what serve answers for (10.0.0.2)
 *   serve       answers ARP and ICMP echo     dhcp        asks for an address, then serves
 *   echo        says what is typed, byte for byte, until that is a dot
 *
 * Other words are only said. At the end of them it exits with 0.
 */
#include "guest.h"

static char words[COMMAND_LINE_MAX + 1];
static uint8_t sector[BLOCK_MAX];
static uint32_t address = 10u << 24 | 2;

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word into `word`, which is the end of what is left: false when there is none. Blanks,
 * backslash and both quotes are what MirageOS' parse-argv has them be: a backslash keeps the next
 * byte but in single quotes, a quote needn't end, and empty words don't count. */
static bool next_word(const char **rest, char *word)
{
	char quote = '\0';
	char *end = word;

	while (is_blank(**rest))
		++*rest;
	for (; **rest && (quote || !is_blank(**rest)); ++*rest) {
		if (**rest == '\\' && quote != '\'') {
			if (!*++*rest) {
				say("Invalid escaping at end of string\n");
				guest_exit(EXIT_USAGE);
			}
			*end++ = **rest;
		} else if (quote ? **rest == quote : **rest == '"' || **rest == '\'') {
			quote = quote ? '\0' : **rest;
		} else {
			*end++ = **rest;
		}
	}
	*end = '\0';
	return end > word || (**rest && next_word(rest, word));
}

static void wait_for(uint64_t milliseconds)
{
	uint64_t until = platform_now() + milliseconds * (SECOND / 1000);

	while (platform_now() < until)
		platform_wait(until);
}

noreturn static void tick(uint64_t milliseconds)
{
	for (uint64_t count = 1;; count++) {
		wait_for(milliseconds);
		say("tick %u\n", count);
	}
}

static uint32_t parse_address(const char *text)
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++) {
		number = number << 8 | (text_number(text) & 255);
		while (*text && *text++ != '.')
			;
	}
	return number;
}

static void block_read(void)
{
	const struct entry *block = platform_block();
	char shown[65] = "";

	if (!block)
		guest_abort("there is no block device");
	if (!platform_read(0, sector))
		guest_abort("reading failed");
	for (size_t i = 0; i < sizeof shown - 1 && sector[i] >= ' ' && sector[i] < 127; i++)
		shown[i] = (char)sector[i];
	say("capacity: %u\nsector: %u\nread: <%s>\n", block->block.capacity,
	    (uint64_t)block->block.sector, shown);
}

static void block_write(const char *text)
{
	if (!platform_block())
		guest_abort("there is no block device");
	if (!platform_read(0, sector))
		guest_abort("reading failed");
	memcpy(sector, text, strlen(text) + 1);
	if (!platform_write_block(0, sector))
		guest_abort("writing failed");
	say("written: <%s>\n", text);
}

noreturn static void fault(void)
{
	volatile int *nowhere = (int *)0x7000000000;

	/* the compiler is not to see that it can't be */
	__asm__("" : "+r"(nowhere));
	*nowhere = 1;
	guest_abort("there was memory");
}

static void echo(void)
{
	for (int typed = 0; typed != '.';) {
		char byte = (char)(typed = platform_typed());

		if (typed >= 0)
			platform_write(&byte, 1);
		else
			platform_wait(platform_now() + SECOND / 100);
	}
	say("\n");
}

static void obey(const char *word)
{
	const char *value;

	if (text_starts(word, "exit=", &value))
		guest_exit((int)text_number(value));
	else if (text_starts(word, "print=", &value))
		say("%s\n", value);
	else if (text_starts(word, "sleep=", &value))
		wait_for(text_number(value));
	else if (text_starts(word, "tick=", &value))
		tick(text_number(value));
	else if (text_starts(word, "ip=", &value))
		address = parse_address(value);
	else if (text_starts(word, "write=", &value))
		block_write(value);
	else if (text_starts(word, "read", &value) && !*value)
		block_read();
	else if (text_starts(word, "serve", &value) && !*value)
		net_serve(address);
	else if (text_starts(word, "dhcp", &value) && !*value)
		net_serve(0);
	else if (text_starts(word, "echo", &value) && !*value)
		echo();
	else if (text_starts(word, "abort", &value) && !*value)
		guest_abort("");
	else if (text_starts(word, "fault", &value) && !*value)
		fault();
	else if (text_starts(word, "spin", &value) && !*value)
		for (;;)
			__asm__ volatile("pause");
}

noreturn void guest_exit(int status)
{
	say("Solo5: solo5_exit(%u) called\n", (uint64_t)status);
	platform_exit(status);
}

noreturn void guest_abort(const char *why)
{
	if (*why)
		say("%s\n", why);
	say("Solo5: solo5_abort() called\n");
	platform_exit(EXIT_ABORT);
}

noreturn void guest_main(const char *command_line)
{
	const char *rest = command_line;
	uint64_t count = 0;

	say("cmdline: <%s>\n", command_line);
	while (next_word(&rest, words))
		say("arg %u: %s\n", ++count, words);
	rest = command_line;
	while (next_word(&rest, words))
		obey(words);
	guest_exit(0);
}
