#include "host/xldeploy.h"

#include "core/fd.h"
#include "core/proc.h"
#include "host/remotefile.h"
#include "render/xlfile.h"

#include <unistd.h>

void xldeploy_free(struct xldeploy *d)
{
	buf_free(&d->file);
	buf_free(&d->errors);
	strv_free(&d->warnings);
	fd_close(&d->memory);
}

/* Our own descriptor by its path: xl is our child, and reads it while we are there. */
static int put_here(struct xldeploy *d, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0};

	if (xlfile(d->domain, &text, &d->warnings, fault) < 0)
		return -1;
	d->memory = proc_memory_file_of(&text, fault);
	if (d->memory < 0)
		return -1;
	buf_printf(&d->file, "/proc/%d/fd/%d", (int)getpid(), d->memory);
	return 0;
}

static int put_kernel(
    struct xldeploy *d, const struct sshlink *l, struct buf *directory, struct fault *fault)
{
	struct domain *domain = d->domain;
	struct buf path A_CLEANUP(buf_free) = {0}, there A_CLEANUP(buf_free) = {0};

	if (remotefile_directory(l, domain->name, directory, fault) < 0)
		return -1;
	buf_adds(&path, buf_str(&domain->kernel));
	buf_printf(&there, "%s/%s.xen", buf_str(directory), domain->name);
	if (remotefile_put(
		l, d->kernel, buf_str(&path), buf_str(&there), d->progress, &d->sent, fault) < 0)
		return -1;
	buf_clear(&domain->kernel);
	buf_adds(&domain->kernel, buf_str(&there));
	domain->kernel_moved = true;
	return 0;
}

static int put_there(struct xldeploy *d, const struct sshlink *l, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {0}, directory A_CLEANUP(buf_free) = {0};
	const char *name = d->domain->name;

	if (put_kernel(d, l, &directory, fault) < 0 ||
	    xlfile(d->domain, &text, &d->warnings, fault) < 0)
		return -1;
	buf_printf(&d->file, "%s/%s.xl", buf_str(&directory), name);
	buf_printf(&d->errors, "%s/%s.errors", buf_str(&directory), name);
	return remotefile_put_bytes(l, &text, buf_str(&d->file), fault);
}

int xldeploy(struct xldeploy *d, const struct xenhost *h, struct fault *fault)
{
	return h->place ? put_there(d, &h->link, fault) : put_here(d, fault);
}

int xldeploy_kernel(
    struct xldeploy *d, const struct sshlink *l, struct buf *into, struct fault *fault)
{
	struct buf directory A_CLEANUP(buf_free) = {0};

	if (put_kernel(d, l, &directory, fault) < 0)
		return -1;
	buf_adds(into, buf_str(&d->domain->kernel));
	return 0;
}
