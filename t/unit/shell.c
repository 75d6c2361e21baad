#include "core/shell.h"

#include "core/proc.h"

#include "scratch.h"
#include "tap.h"

static const char *const nasty[] = {"", " ", "  two  blanks ", "'", "''", "'''", "a'b", "'a'", "\"",
    "\"a\"", "\\", "\\\\", "\\'", "'\\''", "a\\", "\\n", "$", "$$", "$HOME", "${HOME}", "$(id)",
    "`id`", "*", "?", "[a-z]", "/*", "~", "~root", "~/x", "#", "#x", "a#b", "!", "!!", "!x", "&",
    "&&", "|", ";", ";;", "a;id", "<", ">", ">x", "2>x", "<<E", "(", ")", "()", "{", "}", "{a,b}",
    "{1..3}", "=", "a=b", "PATH=", "-", "--", "-n", "-e", "%s", "%", "%1", "@", "^", "a^b", ",",
    "a\nb", "\n", "\n\n", "a\n", "\r", "\t", "a\tb", "\x01\x02\x1b[31m", "\x7f", "\xff\xfe", "\x80",
    "\xc3\xa9", "\xc3", "if", "then", "do", "done", "in", "time", "[[", "]]", "0", "\\c", "a\\c",
    "net.host=10.0.0.1/24", "KEY=it's $5", "x 'y' \"z\" \\ $w `v` \n end"};

/* What /bin/sh prints for a script. */
static bool shell_prints(const char *script, struct buf *printed)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct fault fault;
	int status;

	strv_list(&command, "/bin/sh", "-c", script);
	return proc_capture(&command, NULL, printed, &status, &fault) == 0 && status == 0;
}

static void test_read_back(void)
{
	for (size_t i = 0; i < COUNT_OF(nasty); i++) {
		struct buf script A_CLEANUP(buf_free) = {0}, printed A_CLEANUP(buf_free) = {0};

		buf_adds(&script, "printf '%s' ");
		shell_word(&script, nasty[i]);
		ok(shell_prints(buf_str(&script), &printed), "sh takes nasty word %zu", i);
		is_str(buf_str(&printed), nasty[i], "and reads it back");
	}
}

/* Every byte alone, before and behind a letter, all in one command. */
static void test_every_byte(void)
{
	struct strv words A_CLEANUP(strv_free) = {0};
	struct buf script A_CLEANUP(buf_free) = {0}, printed A_CLEANUP(buf_free) = {0},
			  want A_CLEANUP(buf_free) = {0};

	strv_list(&words, "printf", "%s|");
	for (int c = 1; c < 256; c++) {
		strv_addf(&words, "%c", c);
		strv_addf(&words, "a%c", c);
		strv_addf(&words, "%ca", c);
		buf_printf(&want, "%c|a%c|%ca|", c, c, c);
	}
	shell_command(&script, &words);
	ok(shell_prints(buf_str(&script), &printed), "sh takes a command with every byte");
	is_str(buf_str(&printed), buf_str(&want), "and reads every word back");
	ok(printed.length == want.length, "each byte of it");
}

static void test_list(void)
{
	struct strv words A_CLEANUP(strv_free) = {0};
	struct buf script A_CLEANUP(buf_free) = {0}, printed A_CLEANUP(buf_free) = {0},
			  want A_CLEANUP(buf_free) = {0};

	strv_list(&words, "printf", "[%s]");
	for (size_t i = 0; i < COUNT_OF(nasty); i++) {
		strv_add(&words, nasty[i]);
		buf_printf(&want, "[%s]", nasty[i]);
	}
	shell_command(&script, &words);
	ok(shell_prints(buf_str(&script), &printed), "sh takes all of them as one command");
	is_str(buf_str(&printed), buf_str(&want), "word for word");
	buf_clear(&printed);
	buf_clear(&script);
	buf_adds(&script, "set -- ");
	for (size_t i = 2; i < words.count; i++) {
		shell_word(&script, words.items[i]);
		buf_addc(&script, ' ');
	}
	buf_adds(&script, "; printf %s $#");
	ok(shell_prints(buf_str(&script), &printed), "sh counts them");
	is_int(strtol(buf_str(&printed), NULL, 10), COUNT_OF(nasty), "none is split, none is lost");
}

static void test_plain(void)
{
	static const char *const plain[] = {"a", "make", "/usr/bin/env", "-n", "--set", "a-b_c.d",
	    "10.0.0.1/24", "a:b", "a,b", "user@host", "50%", "c++", "A9"};
	static const struct {
		const char *word, *want;
	} quoted[] = {
	    {"", "''"},
	    {"a b", "'a b'"},
	    {"it's", "'it'\\''s'"},
	    {"~", "'~'"},
	    {"$x", "'$x'"},
	    {"\xc3\xa9", "'\xc3\xa9'"},
	};
	struct buf text A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		buf_clear(&text);
		shell_word(&text, plain[i]);
		is_str(buf_str(&text), plain[i], "%s needs no quotes", plain[i]);
	}
	for (size_t i = 0; i < COUNT_OF(quoted); i++) {
		buf_clear(&text);
		shell_word(&text, quoted[i].word);
		is_str(buf_str(&text), quoted[i].want, "quoted as it is usual (%zu)", i);
	}
}

static void test_command(void)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	shell_command(&text, &command);
	is_str(buf_str(&text), "", "no words are no text");
	strv_list(&command, "printf", "%s", "a b", "");
	buf_adds(&text, "exec ");
	shell_command(&text, &command);
	is_str(buf_str(&text), "exec printf %s 'a b' ''", "a command is appended, blanks between");
	strv_free(&command);
	buf_clear(&text);
	strv_list(&command, "A=1", "x");
	shell_command(&text, &command);
	is_str(
	    buf_str(&text), "'A=1' x", "a command that looks like an assignment stays a command");
}

/* A program may have the name of a word that a shell keeps for itself. */
static void test_reserved(void)
{
	static const char *const names[] = {"if", "then", "else", "elif", "fi", "do", "done",
	    "case", "esac", "while", "until", "for", "{", "}", "!"};
	char dir[PATH_MAX];

	scratch_enter(dir);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct strv command A_CLEANUP(strv_free) = {0};
		struct buf script A_CLEANUP(buf_free) = {0}, printed A_CLEANUP(buf_free) = {0};

		scratch_put(names[i], 0755, "#!/bin/sh\nprintf 'the program'\n");
		buf_adds(&script, "PATH=.:$PATH; exec 2>&1; ");
		strv_add(&command, names[i]);
		shell_command(&script, &command);
		shell_prints(buf_str(&script), &printed);
		is_str(buf_str(&printed), "the program", "a program called %s is run", names[i]);
	}
	scratch_leave(dir);
}

static void test_long(void)
{
	struct buf word A_CLEANUP(buf_free) = {0}, script A_CLEANUP(buf_free) = {0},
			printed A_CLEANUP(buf_free) = {0};

	for (int i = 0; i < 20000; i++)
		buf_adds(&word, "a'");
	buf_adds(&script, "printf %s ");
	shell_word(&script, buf_str(&word));
	ok(shell_prints(buf_str(&script), &printed), "sh takes a long word full of quotes");
	is_str(buf_str(&printed), buf_str(&word), "and reads it back");
}

int main(void)
{
	test_read_back();
	test_every_byte();
	test_list();
	test_plain();
	test_command();
	test_reserved();
	test_long();
	return tap_end();
}
