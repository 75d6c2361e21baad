/*
 * What `mirari ps` is measured by.
 *
 *     instances many DIR COUNT   makes COUNT instances there: for each a record and two processes
 *                                (supervisor and program), which end with this one
 *     instances floor DIR        reads what has to be read for a list of them, and does nothing
 *                                with it: each record, and /proc/PID/stat of all processes
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static char boot[64];

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static unsigned long long start_of(pid_t pid)
{
	unsigned long long started = 0;
	char path[64], text[1024];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	need(file && fgets(text, sizeof text, file), path);
	fclose(file);
	need(sscanf(strrchr(text, ')') + 2,
		 "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		 &started) == 1,
	    "start time");
	return started;
}

static pid_t start_one(pid_t parent)
{
	pid_t child = fork();

	need(child >= 0, "fork");
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static void make_one(const char *dir, int n)
{
	pid_t supervisor = start_one(getpid()), program = start_one(getpid());
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/unikernel-%d.instance", dir, n);
	file = fopen(path, "w");
	need(file != NULL, path);
	fprintf(file,
	    "name=unikernel-%d\ntarget=hvt\nnet.service.tap=mir-unikernel%d\n"
	    "net.service.mac=02:6d:69:00:00:01\nnet.service.host=10.0.0.1/24\nmemory=64\n"
	    "instance.name=unikernel-%d\ninstance.status=running\ninstance.boot=%s\n"
	    "instance.pid=%d\ninstance.process=%d.%llu\ninstance.supervisor=%d.%llu\n"
	    "instance.started=2026-11-25T12:31:24.007Z\ninstance.restarts=0\n"
	    "instance.restart=on-failure\ninstance.log=%s/unikernel-%d.log\n"
	    "instance.dir=/srv/unikernels\n",
	    n, n, n, boot, (int)program, (int)program, start_of(program), (int)supervisor,
	    start_of(supervisor), dir, n);
	for (int i = 0; i < 12; i++)
		fprintf(file, "instance.command=--some-option-of-it=%d\n", i);
	fputs("\n", file);
	need(fclose(file) == 0, path);
}

static void make_many(const char *dir, int count)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");

	need(file && fscanf(file, "%63s", boot) == 1, "boot_id");
	fclose(file);
	for (int n = 0; n < count; n++)
		make_one(dir, n);
	puts("ready");
	fclose(stdout);
	pause();
}

static void read_file(int dir, const char *name)
{
	static char text[65536];
	int fd = openat(dir, name, O_RDONLY);

	if (fd < 0)
		return;
	while (read(fd, text, sizeof text) > 0)
		;
	close(fd);
}

static void read_all(const char *path, const char *behind, int digits)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[512];

	need(dir != NULL, path);
	while ((entry = readdir(dir))) {
		if (digits && (entry->d_name[0] < '0' || entry->d_name[0] > '9'))
			continue;
		snprintf(name, sizeof name, "%s%s", entry->d_name, behind);
		read_file(dirfd(dir), name);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "many")) {
		make_many(argv[2], (int)strtol(argv[3], NULL, 10));
	} else if (argc == 3 && !strcmp(argv[1], "floor")) {
		read_all(argv[2], "", 0);
		read_all("/proc", "/stat", 1);
	} else {
		return 1;
	}
	return 0;
}
