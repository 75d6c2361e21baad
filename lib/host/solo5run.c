#include "host/solo5run.h"

#include "core/fd.h"
#include "core/shell.h"
#include "host/tenderrun.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void solo5run_free(struct solo5run *r)
{
	for (size_t i = 0; i < r->handed_count && !r->dry_run; i++)
		fd_close(&r->handed[i]);
	for (size_t i = 0; i < COUNT_OF(r->files); i++)
		blockfile_release(&r->files[i]);
	strv_free(&r->notes);
	strv_free(&r->arguments);
	strv_free(&r->words);
	buf_free(&r->found);
	buf_free(&r->redirects);
}

/* Gives the tender a descriptor; returns the path by which it opens it. */
static const char *hand(struct solo5run *r, int fd)
{
	struct buf word A_CLEANUP(buf_free) = {0};

	r->handed[r->handed_count++] = fd;
	buf_printf(&word, "/proc/self/fd/%d", fd);
	return solo5run_keep(r, buf_str(&word));
}

/* A path as the tender can take it: one with blanks goes by a descriptor. */
static const char *path_word(
    struct solo5run *r, const char *path, int flags, const char *redirect, struct fault *fault)
{
	int fd = STDERR_FILENO + 1 + (int)r->handed_count;

	if (!solo5_has_blank(path))
		return path;
	if (r->dry_run) {
		buf_printf(&r->redirects, " %d%s", fd, redirect);
		shell_word(&r->redirects, path);
	} else {
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			fault_errno(fault, 0, errno, "%s", path);
			return NULL;
		}
	}
	return hand(r, fd);
}

static int command(struct solo5run *r, const char *log, struct strv *argv, struct fault *fault)
{
	struct solo5_command c = {.target = r->image->target,
	    .tender = buf_str(&r->found),
	    .log = log,
	    .kvm = r->kvm,
	    .memory = r->memory,
	    .devices = r->devices,
	    .device_count = r->image->device_count,
	    .arguments = &r->arguments};

	c.kernel = path_word(r, r->path, O_RDONLY, "<", fault);
	if (!c.kernel)
		return -1;
	for (size_t i = 0; i < c.device_count; i++) {
		struct solo5_device *d = &r->devices[i];

		if (d->type == DEVICE_BLOCK_BASIC &&
		    !(d->path = path_word(r, d->path, O_RDWR, "<>", fault)))
			return -1;
	}
	solo5_argv(&c, argv);
	return 0;
}

int solo5run_show(struct solo5run *r, struct buf *into, struct fault *fault)
{
	struct strv argv A_CLEANUP(strv_free) = {0};

	if (command(r, NULL, &argv, fault) < 0)
		return -1;
	shell_command(into, &argv);
	buf_printf(into, "%s\n", buf_str(&r->redirects));
	return 0;
}

static int take_files(struct solo5run *r, struct fault *fault)
{
	for (size_t i = 0; i < r->image->device_count; i++)
		if (r->files[i].path && blockfile_take(r->files, i, fault) < 0)
			return -1;
	return 0;
}

static int start(struct solo5run *r, struct tenderrun *t, struct strv *argv, struct fault *fault)
{
	const char *log = NULL;
	int ends[2] = {-1, -1};

	if (!strcmp(r->image->target, "virtio")) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return fault_errno(fault, 0, errno, "pipe");
		t->console = ends[0];
		log = hand(r, ends[1]);
	}
	if (command(r, log, argv, fault) < 0)
		return -1;
	t->argv = argv;
	t->handed = r->handed;
	t->handed_count = r->handed_count;
	if (tenderrun_start(t, fault) < 0)
		return -1;
	/* it has its own of all; the pipe is to end with it */
	for (size_t i = 0; i < r->handed_count; i++)
		fd_close(&r->handed[i]);
	r->handed_count = 0;
	return 0;
}

int solo5run(struct solo5run *r, struct exit_meaning *how, struct fault *fault)
{
	struct tenderrun t = {.console = -1};
	struct strv argv A_CLEANUP(strv_free) = {0};
	struct exit_how end = {.target = r->image->target, .solo5 = r->image->solo5 != NULL};
	int result = -1;

	if (take_files(r, fault) == 0 && start(r, &t, &argv, fault) == 0) {
		result = tenderrun_wait(&t, &end.wait_status, fault);
		tenderrun_end(&t);
	} else {
		for (size_t i = 0; i < r->image->device_count; i++)
			blockfile_undo(&r->files[i]);
	}
	end.told = exit_told(t.tail, t.tail_length);
	fd_close(&t.console);
	if (result == 0)
		*how = exit_translate(&end);
	return result;
}
