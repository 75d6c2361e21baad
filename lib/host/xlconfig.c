#include "host/xlconfig.h"

#include "core/fd.h"
#include "host/binary.h"
#include "host/deviceoption.h"
#include "model/check.h"
#include "model/imagerecord.h"
#include "render/xlfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void xlconfig_free(struct xlconfig *x)
{
	domain_free(&x->domain);
	subject_free(&x->subject);
	strv_free(&x->warnings);
}

/* What the options say goes behind what the record says, where it counts. */
static int add_options(const struct xlconfig *x, struct rec *record, struct fault *fault)
{
	static const struct strv none;

	if (deviceoption_add("net", "bridge", x->bridges ? x->bridges : &none, record, fault) < 0 ||
	    deviceoption_add("net", "mac", x->macs ? x->macs : &none, record, fault) < 0 ||
	    deviceoption_add("block", "path", x->blocks ? x->blocks : &none, record, fault) < 0 ||
	    (x->memory && rec_add(record, "memory", x->memory, fault) < 0) ||
	    check_record(record, fault) < 0) {
		fault->status = EX_USAGE;
		return -1;
	}
	return 0;
}

static int add_name(struct subject *s, struct fault *fault)
{
	struct buf name A_CLEANUP(buf_free) = {0};

	if (rec_get(&s->record, "name"))
		return 0;
	binary_name(buf_str(&s->path), &name);
	return rec_add(&s->record, "name", buf_str(&name), fault);
}

int xlconfig_find(struct xlconfig *x, struct fault *fault)
{
	struct rec ignored A_CLEANUP(rec_free) = {0};
	struct subject *s = &x->subject;
	char *here;
	int result;

	if (subject_find(&x->asked, s, fault) < 0 || add_options(x, &s->record, fault) < 0 ||
	    add_name(s, fault) < 0)
		return -1;
	here = get_current_dir_name();
	if (!here)
		return fault_errno(fault, 0, errno, "the working directory");
	result = domain_make(&x->domain, &s->record, &s->image, buf_str(&s->path), here, fault);
	free(here);
	if (result < 0 ||
	    imagerecord_merge(&s->record, &s->image, buf_str(&s->path), &ignored, fault) < 0)
		return -1;
	return domain_arguments(&x->domain, x->more, fault);
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
