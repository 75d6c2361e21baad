/* The command line, in the order in which the tenders look at it. */
#include "tender.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool is_hvt;

noreturn static void usage(void)
{
	fprintf(stderr,
	    "usage: %s [ OPTIONS ] [ -- ] KERNEL [ ARGS ]\n"
	    "  --help  --version  --mem=MIB  --net:NAME=IFACE  --net-mac:NAME=HWADDR\n"
	    "  --block:NAME=PATH  --block-sector-size:NAME=SECTORSIZE%s\n"
	    "This is a double, for tests.\n",
	    program_invocation_short_name, is_hvt ? "" : "  --x-exec-heap");
	exit(1);
}

noreturn static void version(void)
{
	fprintf(
	    stderr, "%s tender, version v0.12.1\nABI version 2\n", program_invocation_short_name);
	exit(0);
}

/* The first word that is no option; on the way there, --help and --version end it all. */
static const char *find_kernel(char **words)
{
	for (; *words && **words == '-'; words++) {
		if (strcmp(*words, "--") == 0) {
			words++;
			break;
		}
		if (strcmp(*words, "--help") == 0)
			usage();
		if (strcmp(*words, "--version") == 0)
			version();
	}
	if (!*words) {
		warnx("Missing KERNEL operand");
		usage();
	}
	return *words;
}

static bool memory_option(const char *option, uint64_t *memory)
{
	size_t mebibytes;

	if (strncmp(option, "--mem=", 6) != 0)
		return false;
	if (sscanf(option, "--mem=%zd", &mebibytes) != 1 || mebibytes << 20 == 0)
		errx(1, "Malformed argument to --mem");
	*memory = mebibytes << 20;
	return true;
}

static bool heap_option(const char *option)
{
	if (is_hvt || strncmp(option, "--x-exec-heap", 13) != 0)
		return false;
	warnx("WARNING: The use of --x-exec-heap is dangerous and not recommended as it makes the "
	      "heap and "
	      "stack executable.");
	return true;
}

/* Obeys the options; what is behind the kernel, for the guest. */
static char **options(char **words, struct manifest *manifest, uint64_t *memory)
{
	for (; **words == '-'; words++) {
		if (strcmp(*words, "--") == 0) {
			words++;
			break;
		}
		if (!memory_option(*words, memory) && !heap_option(*words) &&
		    !device_option(*words, manifest)) {
			warnx("Invalid option: `%s'", *words);
			usage();
		}
	}
	return words + 1;
}

static void on_signal(int number)
{
	errx(1, "Exiting on signal %d", number);
}

/* hvt's pages are of 2 MiB, and there are at most 4 GiB of them. */
static uint64_t hvt_memory(uint64_t memory)
{
	const uint64_t page = 2 << 20;
	uint64_t rounded = memory < page ? page : memory / page * page;

	if (rounded != memory)
		warnx("adjusting memory to %zu bytes", (size_t)rounded);
	if (rounded > 2048 * page)
		errx(1, "guest memory size %zu bytes exceeds the max size %zu bytes",
		    (size_t)rounded, (size_t)(2048 * page));
	return rounded;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	uint64_t memory = 512 << 20, end, entry;
	struct manifest *manifest;
	const char *kernel;
	char **words;
	int fd;

	(void)argc;
	is_hvt = strstr(basename(argv[0]), "hvt") != NULL;
	kernel = find_kernel(argv + 1);
	fd = open(kernel, O_RDONLY);
	if (fd < 0)
		err(1, "%s: Could not open", kernel);
	manifest = unikernel_manifest(fd, kernel);
	words = options(argv + 1, manifest, &memory);
	if (is_hvt) {
		sigfillset(&action.sa_mask);
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		memory = hvt_memory(memory);
	}
	machine_memory(memory);
	entry = unikernel_load(fd, kernel, memory, &end);
	devices_check(manifest);
	machine_run(entry, memory, end, manifest, words);
}
