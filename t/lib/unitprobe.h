/*
 * What t/79-systemd.bats runs inside of services: a program without anything that a service could
 * take away from it, which prints what it is given and what it may do.
 */
#ifndef MIRARI_T_UNITPROBE_H
#define MIRARI_T_UNITPROBE_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <netinet/in.h>
#include <linux/seccomp.h>
#include <unistd.h>

static inline void probe_said(const char *what, const char *of, long result)
{
	printf("%s%s%s: %s\n", what, *of ? " " : "", of, result < 0 ? strerror(errno) : "yes");
}

/* As escapes, so that each is a line whatever it holds. */
static inline void probe_text(const char *what, const char *text)
{
	printf("%s=", what);
	for (; *text; text++)
		if (*text > ' ' && *text < 0x7f && *text != '\\')
			putchar(*text);
		else
			printf("\\%03o", (unsigned char)*text);
	putchar('\n');
}

static inline void probe_words(int count, char **words)
{
	char directory[4096];

	for (int i = 0; i < count; i++)
		probe_text("word", words[i]);
	probe_text("directory", getcwd(directory, sizeof directory) ? directory : "?");
	probe_text("environment", getenv("ODD") ? getenv("ODD") : "none");
}

static inline void probe_status(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];

	while (status && fgets(line, sizeof line, status))
		if (!strncmp(line, "Cap", 3) || !strncmp(line, "Uid", 3) ||
		    !strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Seccomp:", 8))
			fputs(line, stdout);
	if (status)
		fclose(status);
}

static inline void probe_rights(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t action = SECCOMP_RET_KILL_PROCESS;
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = 1};
	int fd;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	probe_said("asks for its personality", "", personality(0xffffffff));
	probe_said("seccomp", "", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
	probe_said("makes code", "", mprotect(page, 4096, PROT_READ | PROT_EXEC));
	probe_said("unix socket", "", socket(AF_UNIX, SOCK_STREAM, 0));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	probe_said("internet socket", "", fd);
	if (fd >= 0)
		probe_said("connects", "", connect(fd, (const void *)&here, sizeof here));
	probe_said("sees process 1", "", access("/proc/1/stat", F_OK));
	probe_said("reads /proc/meminfo", "", access("/proc/meminfo", F_OK));
	probe_said("user namespace", "", unshare(CLONE_NEWUSER));
}

static inline void probe_opens(const char *path, int flags, const char *what)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	probe_said(what, path, fd);
	if (fd >= 0)
		close(fd);
}

static inline void probe_ended(int number)
{
	const char said[] = "SIGTERM\n";

	(void)number;
	_exit(write(STDOUT_FILENO, said, sizeof said - 1) < 0 ? 71 : 143);
}

/* words WORD... | rights [write=PATH|read=PATH]... | exit STATUS | signal NUMBER | wait, until
 * SIGTERM, of which it makes status 143 */
static inline int probe(int argc, char **argv)
{
	const char *what = argc ? argv[0] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	if (!strcmp(what, "words"))
		probe_words(argc - 1, argv + 1);
	if (!strcmp(what, "rights")) {
		probe_status();
		probe_rights();
		for (int i = 1; i < argc; i++)
			if (!strncmp(argv[i], "write=", 6))
				probe_opens(argv[i] + 6, O_WRONLY | O_CREAT, "writes");
			else
				probe_opens(argv[i] + 5, O_RDONLY, "reads");
	}
	if (!strcmp(what, "wait")) {
		signal(SIGTERM, probe_ended);
		puts("waiting");
		for (;;)
			pause();
	}
	if (!strcmp(what, "exit")) {
		puts("runs");
		return argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
	}
	if (!strcmp(what, "signal")) {
		puts("runs");
		raise(argc > 1 ? (int)strtol(argv[1], NULL, 10) : SIGTERM);
	}
	return 0;
}

#endif
