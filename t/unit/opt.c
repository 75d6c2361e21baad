#include "core/opt.h"

#include "tap.h"

static bool dry_run, verbose;
static const char *output, *level;
static struct strv set, operands;
static struct buf answer;
static struct fault fault;

static const struct opt options[] = {
    {'n', "dry-run", NULL, "only show what would be done", OPT_FLAG, &dry_run},
    {'v', "verbose", NULL, "say more", OPT_FLAG, &verbose},
    {'o', "output", "FILE", "write there", OPT_VALUE, &output},
    {0, "level", "N", "how much", OPT_VALUE, &level},
    {'s', "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &set},
    {0},
};

static struct usage usage = {
    .tool = "mirari-test",
    .purpose = "try options",
    .synopsis = "[OPTION]... [FILE]",
    .examples = "  mirari-test --dry-run FILE\n",
    .options = options,
};

static void release(void)
{
	strv_free(&set);
	strv_free(&operands);
	buf_free(&answer);
}

/* opt_parse with these arguments behind the tool's name, and nothing kept from the last time. */
static int parse(char *const *words)
{
	static char *argv[32];
	int argc = 1;

	release();
	dry_run = verbose = false;
	output = level = NULL;
	memset(&fault, 0, sizeof fault);
	argv[0] = (char *)"mirari-test";
	while (*words)
		argv[argc++] = *words++;
	argv[argc] = NULL;
	return opt_parse(&usage, argc, argv, &operands, &answer, &fault);
}

#define PARSE(...) parse((char *const[]){__VA_ARGS__, NULL})
#define W(literal) (char *)literal

/* The strings with a blank between them. */
static const char *joined(const struct strv *list)
{
	static struct buf text;

	buf_free(&text);
	for (size_t i = 0; i < list->count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", list->items[i]);
	return buf_str(&text);
}

static void test_none(void)
{
	is_int(parse((char *const[]){NULL}), 0, "no arguments");
	ok(!dry_run && !verbose && !output && !level && !set.count && !operands.count,
	    "set nothing");
	is_int(opt_parse(&usage, 0, (char *[]){NULL}, &operands, &answer, &fault), 0,
	    "an argv without even a name");
	is_int(PARSE(W("a"), W("b")), 0, "operands alone");
	is_str(joined(&operands), "a b", "are kept in order");
}

static void test_flags(void)
{
	is_int(PARSE(W("--dry-run")), 0, "a long flag");
	ok(dry_run && !verbose, "sets its variable only");
	is_int(PARSE(W("-v")), 0, "a letter");
	ok(verbose && !dry_run, "sets its variable only");
	is_int(PARSE(W("-nv")), 0, "bundled flags");
	ok(verbose && dry_run, "are both set");
	is_int(PARSE(W("-vv"), W("--verbose")), 0, "a flag may be repeated");
	ok(verbose, "and stays set");
	is_int(PARSE(W("--dry-run=yes")), -1, "a flag with a value is refused");
	is_int(fault.status, EX_USAGE, "as wrong usage");
	ok(strstr(fault.text, "--dry-run") && !dry_run, "by name: %s", fault.text);
	is_int(PARSE(W("--dry-run=")), -1, "so is one with an empty value");
	is_int(PARSE(W("a"), W("-n"), W("b"), W("--verbose")), 0, "flags between operands");
	ok(dry_run && verbose, "are taken");
	is_str(joined(&operands), "a b", "and are no operands");
}

static void test_values(void)
{
	char value[] = "--output=file";

	is_int(PARSE(value), 0, "--name=value");
	ok(output == value + strlen("--output="), "is borrowed from argv");
	is_int(PARSE(W("--output"), W("file")), 0, "--name value");
	is_str(output, "file", "is the next word");
	is_int(PARSE(W("-ofile")), 0, "-xvalue");
	is_str(output, "file", "is the rest of the word");
	is_int(PARSE(W("-o"), W("file")), 0, "-x value");
	is_str(output, "file", "is the next word");
	is_int(PARSE(W("-nvofile"), W("rest")), 0, "flags and a value in one word");
	ok(dry_run && verbose, "are all taken");
	is_str(output, "file", "the value is the rest");
	is_str(joined(&operands), "rest", "the next word isn't taken");
	is_int(PARSE(W("-no"), W("file")), 0, "flags and a value's letter");
	is_str(output, "file", "take the next word");
	is_int(PARSE(W("-on")), 0, "letters behind a value's letter");
	ok(!dry_run && output && !strcmp(output, "n"), "are the value");
	is_int(PARSE(W("-o=file")), 0, "an equals sign behind a letter");
	is_str(output, "=file", "is part of the value");
	is_int(PARSE(W("--output=")), 0, "an empty value");
	is_str(output, "", "is a value");
	is_int(PARSE(W("--output"), W("")), 0, "an empty word");
	is_str(output, "", "is a value");
	is_int(PARSE(W("--level=a=b")), 0, "an equals sign in a value");
	is_str(level, "a=b", "is kept");
	is_int(PARSE(W("--output"), W("--verbose")), 0, "a word that looks like an option");
	ok(!verbose && output && !strcmp(output, "--verbose"), "is a value where one is due");
	is_int(PARSE(W("--output"), W("--"), W("-v")), 0, "and so is --");
	ok(verbose && output && !strcmp(output, "--"), "which then ends nothing");
	is_int(PARSE(W("--level=1"), W("--level=2")), 0, "a value given twice");
	is_str(level, "2", "is the last one");
}

static void test_lists(void)
{
	is_int(PARSE(W("--set=a=1"), W("-sb=2"), W("x"), W("--set"), W("a=3"), W("-s"), W("")), 0,
	    "a list in all forms");
	is_int((long long)set.count, 4, "has all its values");
	is_str(joined(&set), "a=1 b=2 a=3 ", "in order");
	is_str(joined(&operands), "x", "operands stay apart");
}

static void test_missing(void)
{
	is_int(PARSE(W("--output")), -1, "a value that isn't there is refused");
	is_int(fault.status, EX_USAGE, "as wrong usage");
	ok(strstr(fault.text, "--output=FILE") != NULL, "showing how it's written: %s", fault.text);
	is_int(PARSE(W("-o")), -1, "a letter's, too");
	is_int(PARSE(W("a"), W("-no")), -1, "and a bundled letter's");
	is_int(PARSE(W("--set")), -1, "and a list's");
	ok(!dry_run && !set.count, "and nothing is set");
}

static void test_unknown(void)
{
	is_int(PARSE(W("--colour")), -1, "an unknown option is refused");
	is_int(fault.status, EX_USAGE, "as wrong usage");
	is_str(fault.text, "unknown option --colour", "by its name");
	ok(strstr(fault.hint, "mirari-test --help") && !strstr(fault.hint, "did you mean"),
	    "with a hint at the help: %s", fault.hint);
	is_int(PARSE(W("--outptu=secret")), -1, "a misspelt one");
	is_str(fault.text, "unknown option --outptu", "is named without its value");
	ok(strstr(fault.hint, "--output") != NULL, "with what was meant: %s", fault.hint);
	is_int(PARSE(W("--hlep")), -1, "a misspelt --help");
	ok(strstr(fault.hint, "did you mean --help") != NULL, "is recognised: %s", fault.hint);
	is_int(PARSE(W("-x")), -1, "an unknown letter");
	is_str(fault.text, "unknown option -x", "is named");
	is_int(PARSE(W("-nx")), -1, "an unknown letter in a bundle");
	is_str(fault.text, "unknown option -x", "is named alone");
	is_int(PARSE(W("-n=yes")), -1, "an equals sign behind a flag's letter");
	is_str(fault.text, "unknown option -=", "is named, too");
	is_int(PARSE(W("--=x")), -1, "an option without a name");
	is_int(PARSE(W("---verbose")), -1, "three dashes");
	is_int(PARSE(W("--v")), -1, "a letter as a long option");
	is_int(PARSE(W("-verbose")), -1, "a long option with one dash");
	is_int(PARSE(W("--Verbose")), -1, "another case");
}

static void test_abbreviations(void)
{
	static const char *const words[] = {"--dry", "--dry-ru", "--verb", "--verbos", "--out=x",
	    "--outpu=x", "--se=a=1", "--hel", "--vers", "--list", "--list-option", "--verbosee"};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		is_int(PARSE(W(words[i]), W("x")), -1, "%s is refused", words[i]);
		ok(!answer.length && !dry_run && !verbose && !output && !set.count,
		    "and stands for nothing");
	}
}

static void test_operands(void)
{
	is_int(PARSE(W("-n"), W("--"), W("-v"), W("--colour"), W("--"), W("a")), 0, "--");
	ok(dry_run && !verbose, "ends the options");
	is_str(joined(&operands), "-v --colour -- a", "the rest are operands");
	is_int(PARSE(W("a"), W("--"), W("-v")), 0, "-- behind an operand");
	is_str(joined(&operands), "a -v", "ends the options, too");
	is_int(PARSE(W("-"), W("-n")), 0, "a single dash");
	is_str(joined(&operands), "-", "is an operand");
	ok(dry_run, "that ends nothing");
	is_int(PARSE(W("")), 0, "an empty word");
	is_int((long long)operands.count, 1, "is an operand");
	is_int(PARSE(W("--")), 0, "-- alone");
	is_int((long long)operands.count, 0, "is no operand");
}

static void test_command(void)
{
	usage.command = true;
	is_int(PARSE(W("-n"), W("--output=x"), W("make"), W("-v"), W("--colour"), W("--help")), 0,
	    "a command's options");
	ok(dry_run && !verbose && output, "are not ours");
	is_str(joined(&operands), "make -v --colour --help", "but belong to the command");
	is_int(PARSE(W("--"), W("--make"), W("-v")), 0, "a command behind --");
	is_str(joined(&operands), "--make -v", "may start with a dash");
	is_int(PARSE(W("make"), W("--"), W("-v")), 0, "a command's own --");
	is_str(joined(&operands), "make -- -v", "is left to it");
	is_int(PARSE(W("--"), W("--"), W("x")), 0, "a second --");
	is_str(joined(&operands), "-- x", "is a word of the command");
	is_int(PARSE(W("-o"), W("x"), W("make")), 0, "an option's value");
	is_str(joined(&operands), "make", "isn't the command");
	is_int(PARSE(W("-nx"), W("make")), -1, "our own options are checked");
	usage.command = false;
}

static void test_behind(void)
{
	struct strv behind A_CLEANUP(strv_free) = {0};

	usage.behind = &behind;
	is_int(PARSE(W("a"), W("-n"), W("b")), 0, "without --");
	is_str(joined(&operands), "a b", "all words are operands");
	is_int((long long)behind.count, 0, "and none is behind it");
	is_int(PARSE(W("a"), W("--"), W("-n"), W("--"), W("b")), 0, "with --");
	is_str(joined(&operands), "a", "the words before it are operands");
	is_str(joined(&behind), "-n -- b", "the words behind it go apart");
	ok(!dry_run, "and are no options");
	usage.behind = NULL;
}

static void test_help(void)
{
	is_int(PARSE(W("--help")), 1, "--help");
	ok(strstr(buf_str(&answer), "mirari-test - try options\n") == buf_str(&answer),
	    "starts with the tool and its purpose");
	ok(strstr(buf_str(&answer), "\n  mirari-test --dry-run FILE\n") != NULL,
	    "has the examples");
	ok(strstr(buf_str(&answer), "Usage: mirari-test [OPTION]... [FILE]\n") != NULL,
	    "and the synopsis");
	ok(strstr(buf_str(&answer), "-n, --dry-run ") &&
		strstr(buf_str(&answer), "-o, --output=FILE ") &&
		strstr(buf_str(&answer), " --level=N ") && strstr(buf_str(&answer), "say more\n"),
	    "and the options");
	ok(strstr(buf_str(&answer), "-h, --help ") && strstr(buf_str(&answer), "--version ") &&
		strstr(buf_str(&answer), "--list-options "),
	    "those of every tool, too");
	ok(answer.length && answer.bytes[answer.length - 1] == '\n', "it ends with a newline");
	is_int(PARSE(W("-h")), 1, "-h");
	is_int(PARSE(W("-nh")), 1, "-h in a bundle");
	is_int(PARSE(W("--set=a"), W("x"), W("--help"), W("--colour")), 1, "--help anywhere");
	is_int(PARSE(W("--help=x")), -1, "--help takes no value");
	is_int(PARSE(W("--"), W("--help")), 0, "--help behind -- is an operand");
	is_int(PARSE(W("--output"), W("--help")), 0, "--help as a value is a value");
	is_int((long long)answer.length, 0, "and answers nothing");
}

static void test_version(void)
{
	is_int(PARSE(W("--version")), 1, "--version");
	is_str(buf_str(&answer), "mirari-test " MIRARI_VERSION "\n", "is the tool and the version");
	is_int(opt_parse(
		   &usage, 2, (char *[]){W("t"), W("--version"), NULL}, &operands, &answer, &fault),
	    1, "asked for again");
	is_str(buf_str(&answer),
	    "mirari-test " MIRARI_VERSION "\n"
	    "mirari-test " MIRARI_VERSION "\n",
	    "it is appended");
}

static void test_list(void)
{
	static const char want[] = "-n\t\tonly show what would be done\n"
				   "--dry-run\t\tonly show what would be done\n"
				   "-v\t\tsay more\n"
				   "--verbose\t\tsay more\n"
				   "-o\tFILE\twrite there\n"
				   "--output\tFILE\twrite there\n"
				   "--level\tN\thow much\n"
				   "-s\tKEY=VALUE\tchange the record first (repeatable)\n"
				   "--set\tKEY=VALUE\tchange the record first (repeatable)\n"
				   "-h\t\tthis text\n"
				   "--help\t\tthis text\n"
				   "--version\t\tthe version\n"
				   "--list-options\t\tthe options, one a line, for completion\n";

	is_int(PARSE(W("--list-options")), 1, "--list-options");
	is_str(buf_str(&answer), want, "lists every spelling with its argument and help");
}

static void test_record_options(void)
{
	struct strv settings A_CLEANUP(strv_free) = {0};
	const char *get = NULL;
	const struct opt table[] = {OPT_RECORD(&settings, &get), {0}};
	const struct usage reader = {
	    .tool = "t", .purpose = "", .synopsis = "", .examples = "", .options = table};
	char *argv[] = {W("t"), W("--set"), W("a=1"), W("--get=name"), W("--set=b=2"), NULL};

	is_int(opt_parse(&reader, 5, argv, &operands, &answer, &fault), 0, "OPT_RECORD");
	is_str(joined(&settings), "a=1 b=2", "has --set");
	is_str(get, "name", "and --get");
	joined(&(struct strv){0});
}

/* ---- a tool that does several things ---- */

enum { MAKE = 1, DROP = 2, RUN = 4 };

static bool force;
static const char *device;
static unsigned chosen;

static int parse_commands(char *const *words)
{
	static const struct opt_command commands[] = {
	    {"make", MAKE, false}, {"drop", DROP, false}, {"run", RUN, true}, {0}};
	const struct opt table[] = {
	    {'n', "dry-run", NULL, "change nothing", OPT_FLAG, &dry_run, MAKE | DROP},
	    {'f', "force", NULL, "also what is in use", OPT_FLAG, &force, DROP},
	    {'d', "device", "NAME", "which", OPT_VALUE, &device, RUN},
	    {'s', "set", "KEY=VALUE", "change the record", OPT_LIST, &set, MAKE | RUN},
	    {'v', "verbose", NULL, "say more", OPT_FLAG, &verbose},
	    {0},
	};
	const struct usage several = {.tool = "mirari-test",
	    .purpose = "try commands",
	    .synopsis = "make|drop|run [OPTION]...",
	    .examples = "",
	    .options = table,
	    .commands = commands,
	    .chosen = &chosen};
	char *argv[16] = {(char *)"mirari-test"};
	int argc = 1;

	release();
	dry_run = verbose = force = false;
	device = NULL;
	chosen = 0;
	memset(&fault, 0, sizeof fault);
	while (*words)
		argv[argc++] = *words++;
	return opt_parse(&several, argc, argv, &operands, &answer, &fault);
}
#define COMMANDS(...) parse_commands((char *const[]){__VA_ARGS__, NULL})

static void test_commands(void)
{
	is_int(COMMANDS(W("make"), W("a"), W("-n"), W("b")), 0, "a sub-command");
	is_int(chosen, MAKE, "is the one chosen");
	is_str(joined(&operands), "a b", "and isn't among the operands");
	ok(dry_run, "options go between them");
	is_int(COMMANDS(W("-n"), W("-v"), W("drop"), W("--force")), 0, "options before its name");
	ok(chosen == DROP && dry_run && verbose && force, "are taken, too");
	is_int(COMMANDS(W("make"), W("drop"), W("make")), 0, "names of sub-commands behind one");
	is_str(joined(&operands), "drop make", "are operands");
	is_int(COMMANDS(W("drop"), W("--"), W("-x"), W("--")), 0, "--");
	is_str(joined(&operands), "-x --", "ends the options");
	is_int(COMMANDS(W("make"), W("-")), 0, "a single dash");
	is_str(joined(&operands), "-", "is an operand");
	is_int(COMMANDS(W("--help"), W("nonsense")), 1, "--help needs no sub-command");
	is_int(COMMANDS(W("drop"), W("--set=a"), W("--version")), 1,
	    "nor does --version look at what goes with it");
}

static void test_commands_that_run(void)
{
	is_int(COMMANDS(W("run"), W("-d"), W("x"), W("make"), W("-f"), W("--nonsense")), 0,
	    "one whose words are a command");
	is_int(chosen, RUN, "is chosen");
	is_str(joined(&operands), "make -f --nonsense", "options end at the command's first word");
	is_str(device, "x", "those before it are ours");
	is_int(COMMANDS(W("run"), W("--"), W("-d"), W("--"), W("x")), 0, "behind --");
	is_str(joined(&operands), "-d -- x", "all is the command");
	is_int(COMMANDS(W("run"), W("a"), W("--"), W("b")), 0, "a -- of the command");
	is_str(joined(&operands), "a -- b", "is left to it");
	is_int(COMMANDS(W("-d"), W("run"), W("run")), 0, "an option's value");
	ok(chosen == RUN && device && !strcmp(device, "run") && !operands.count,
	    "isn't the sub-command");
	is_int(COMMANDS(W("run"), W("")), 0, "an empty word");
	is_int((long long)operands.count, 1, "is the command's first");
}

static void test_commands_refused(void)
{
	static const struct {
		char *const words[5];
		const char *text, *hint;
	} cases[] = {
	    {{NULL}, "no command: expected one of make, drop, run", "--help"},
	    {{W("-n")}, "no command", "--help"},
	    {{W("--"), W("make")}, "no command", "--help"},
	    {{W("nonsense")}, "unknown command nonsense", "it has make, drop, run"},
	    {{W("mkae"), W("x")}, "unknown command mkae", "did you mean mirari-test make?"},
	    {{W("Make")}, "unknown command Make", "make"},
	    {{W("")}, "unknown command ", "it has make, drop, run"},
	    {{W("-")}, "unknown command -", "it has make, drop, run"},
	    {{W("make"), W("--force")}, "option --force isn't one of 'mirari-test make'", ""},
	    {{W("-f"), W("make")}, "option --force isn't one of 'mirari-test make'", ""},
	    {{W("drop"), W("-sa=b")}, "option --set isn't one of 'mirari-test drop'", ""},
	    {{W("make"), W("-d"), W("")}, "option --device isn't one of 'mirari-test make'", ""},
	    {{W("run"), W("--nonsense"), W("x")}, "unknown option --nonsense", "--help"},
	    {{W("make"), W("-s")}, "option --set needs a value", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		is_int(parse_commands(cases[i].words), -1, "refused: %s %s",
		    cases[i].words[0] ? cases[i].words[0] : "nothing",
		    cases[i].words[0] && cases[i].words[1] ? cases[i].words[1] : "");
		is_int(fault.status, EX_USAGE, "as wrong usage");
		ok(!strncmp(fault.text, cases[i].text, strlen(cases[i].text)), "saying: %s",
		    fault.text);
		ok(strstr(fault.hint, cases[i].hint) != NULL, "and: %s", fault.hint);
	}
}

static void test_shared(void)
{
	static const struct opt_command commands[] = {{"up", 1, false}, {"down", 2, false}, {0}};
	int64_t ms = -1;

	is_str(opt_command_name(commands, 2), "down", "a command's name");
	is_str(opt_command_name(commands, 4), "", "of none");
	ok(opt_timeout(NULL, 5, &ms, &fault) == 0 && ms == 5000, "a timeout that isn't given");
	ok(opt_timeout("0", 5, &ms, &fault) == 0 && ms == 0, "none");
	ok(opt_timeout("86400", 5, &ms, &fault) == 0 && ms == 86400000, "a day");
	ok(opt_timeout("86401", 5, &ms, &fault) < 0 && fault.status == EX_USAGE, "more");
	ok(opt_timeout("soon", 5, &ms, &fault) < 0, "no number");
	is_str(fault.text, "--timeout soon: expected seconds, 0 to 86400", "which is said");
}

int main(void)
{
	test_shared();
	test_none();
	test_flags();
	test_values();
	test_lists();
	test_missing();
	test_unknown();
	test_abbreviations();
	test_operands();
	test_command();
	test_behind();
	test_help();
	test_version();
	test_list();
	release();
	test_record_options();
	release();
	test_commands();
	test_commands_that_run();
	test_commands_refused();
	release();
	return tap_end();
}
