#include "host/xlconfig.h"

#include "core/fd.h"
#include "host/subjectdomain.h"
#include "model/imagerecord.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void xlconfig_free(struct xlconfig *x)
{
	domain_free(&x->domain);
	subject_free(&x->subject);
	strv_free(&x->warnings);
}

int xlconfig_find(struct xlconfig *x, struct fault *fault)
{
	struct rec ignored A_CLEANUP(rec_free) = {0};
	struct subject *s = &x->subject;

	if (subject_find(&x->asked, s, fault) < 0 ||
	    deviceoptions_apply(x->devices, "bridge", &s->record, fault) < 0 ||
	    subject_name(s, fault) < 0 || subject_domain(s, x->more, &x->domain, fault) < 0)
		return -1;
	return imagerecord_merge(&s->record, &s->image, buf_str(&s->path), &ignored, fault);
}

int xlconfig_driver(const char *name, enum domxml_driver *driver, struct fault *fault)
{
	static const struct {
		const char *name;
		enum domxml_driver driver;
	} drivers[] = {
	    {"xen", DOMXML_XEN}, {"qemu", DOMXML_QEMU}, {"kvm", DOMXML_KVM}, {"test", DOMXML_TEST}};

	for (size_t i = 0; i < COUNT_OF(drivers); i++) {
		if (strcmp(drivers[i].name, name) != 0)
			continue;
		*driver = drivers[i].driver;
		return 0;
	}
	return fault_set(fault, EX_USAGE, "--for is xen, qemu, kvm or test, not '%s'", name);
}

/* A device or a pipe is written to, and not replaced. */
static int write_into(const struct buf *text, const char *path, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return fault_errno(
		    fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno, "%s", path);
	if (fd_write(fd, buf_str(text), text->length) < 0)
		return fault_errno(fault, EX_IOERR, errno, "write %s", path);
	return 0;
}

int xlconfig_write(const struct buf *text, const char *path, struct fault *fault)
{
	struct stat st;
	struct buf temporary A_CLEANUP(buf_free) = {0};
	const char *slash = strrchr(path, '/');

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return write_into(text, path, fault);
	buf_add(&temporary, path, slash ? (size_t)(slash + 1 - path) : 0);
	buf_printf(&temporary, ".%s.%ld", slash ? slash + 1 : path, (long)getpid());
	return file_publish(
	    AT_FDCWD, path, buf_str(&temporary), 0644, buf_str(text), text->length, fault);
}
