/* mirari: `mirari NAME` is mirari-NAME, from its own directory or else from PATH. */
#include "core/main.h"
#include "core/proc.h"
#include "core/self.h"
#include "core/suggest.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct usage usage = {
    .tool = "mirari",
    .purpose = "from a configuration file to a running unikernel",
    .synopsis = "COMMAND [ARG]...\n\n"
		"  init        begin a project: a configuration and a first module\n"
		"  configure   generate its files, install what it needs\n"
		"  build       build it (configures where that is needed)\n"
		"  run         run it, or a unikernel that is there as a file\n"
		"  ps          list what runs detached; logs, console, stop, restart, rm, gc\n"
		"  clean       remove what was generated and built\n"
		"  help        list all commands; help COMMAND shows its manual\n\n"
		"mirari COMMAND is the program mirari-COMMAND; every tool can be used alone.",
    .examples = "  mirari init hello && cd hello\n"
		"  mirari configure && mirari build && mirari run\n"
		"  mirari run -n                    # show the commands, run nothing\n",
    .options = (const struct opt[]){{0}},
    .command = true,
};

/* The commands in a directory: the executables mirari-NAME, as NAME. */
static void list_dir(const char *dir, struct strv *into)
{
	DIR *open_dir = opendir(dir);
	struct dirent *entry;

	while (open_dir && (entry = readdir(open_dir))) {
		struct buf path A_CLEANUP(buf_free) = {0};

		buf_printf(&path, "%s/%s", dir, entry->d_name);
		if (!strncmp(entry->d_name, "mirari-", 7) && !strchr(entry->d_name, '.') &&
		    access(buf_str(&path), X_OK) == 0 && !strv_has(into, entry->d_name + 7))
			strv_add(into, entry->d_name + 7);
	}
	if (open_dir)
		closedir(open_dir);
}

/* Our own directory is in PATH by now. */
static void list_commands(struct strv *into)
{
	const char *next = getenv("PATH");

	while (next && *next) {
		size_t length = strcspn(next, ":");
		struct buf dir A_CLEANUP(buf_free) = {0};

		buf_add(&dir, next, length);
		if (length)
			list_dir(buf_str(&dir), into);
		next += length + (next[length] == ':');
	}
	strv_sort(into);
}

static int help(const char *command, struct fault *fault)
{
	struct strv words A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};

	if (!command) {
		list_commands(&words);
		for (size_t i = 0; i < words.count; i++)
			buf_printf(&text, "%s\n", words.items[i]);
		put_bytes(&text);
		return 0;
	}
	strv_list(&words, "man", "--");
	strv_addf(&words, "mirari-%s", command);
	proc_exec(&words, fault);
	return fault_hint(fault, "mirari %s --help is there without man", command);
}

static int unknown(const char *command, struct fault *fault)
{
	struct strv commands A_CLEANUP(strv_free) = {0};
	struct suggest suggest;

	list_commands(&commands);
	suggest_start(&suggest, command);
	suggest_offer(&suggest, "help");
	for (size_t i = 0; i < commands.count; i++)
		suggest_offer(&suggest, commands.items[i]);
	fault_set(fault, EX_USAGE, "no command '%s'", command);
	if (suggest.best)
		return fault_hint(fault, "did you mean 'mirari %s'?", suggest.best);
	return fault_hint(fault, "mirari help lists all");
}

static int dispatch(const struct strv *words, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};

	if (self_first_in_path(fault) < 0)
		return -1;
	if (!words->count) {
		fault_set(fault, EX_USAGE, "no command");
		return fault_hint(fault, "mirari --help shows what there is");
	}
	if (!strcmp(words->items[0], "help"))
		return help(words->count > 1 ? words->items[1] : NULL, fault);
	if (strchr(words->items[0], '/'))
		return unknown(words->items[0], fault);
	strv_addf(&command, "mirari-%s", words->items[0]);
	for (size_t i = 1; i < words->count; i++)
		strv_add(&command, words->items[i]);
	proc_exec(&command, fault);
	return fault->status == EXIT_NOT_FOUND ? unknown(words->items[0], fault) : -1;
}

int tool_main(int argc, char **argv)
{
	struct strv words A_CLEANUP(strv_free) = {0};
	struct fault fault;
	int status = tool_options(&usage, argc, argv, &words);

	if (status < 0)
		status = dispatch(&words, &fault) < 0 ? say_fault(&fault) : EX_OK;
	return status;
}
