#include "host/tender.h"

#include "core/fd.h"
#include "core/proc.h"
#include "host/opam.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *target, *program, *install;
} tenders[] = {
    {"hvt", "solo5-hvt", "opam install solo5"},
    {"spt", "solo5-spt", "opam install solo5"},
    {"virtio", "qemu-system-x86_64", "sudo apt-get install qemu-system-x86"},
};

/* True when the switch has it; else where that was is added to *places. */
static bool find_in_switch(
    const struct tender_wanted *wanted, const char *program, struct buf *path, struct buf *places)
{
	struct opam opam A_CLEANUP(opam_free) = {0};
	struct buf candidate A_CLEANUP(buf_free) = {0};
	struct fault fault;

	if (opam_find(&opam, wanted->in_switch, wanted->dir, &fault) < 0) {
		buf_printf(places, "the opam switch %s isn't there, ",
		    wanted->in_switch ? wanted->in_switch : "that is set");
		return false;
	}
	if (!opam.prefix.length)
		return false;
	buf_printf(&candidate, "%s/bin/%s", buf_str(&opam.prefix), program);
	if (proc_find(buf_str(&candidate), path) == 0)
		return true;
	buf_printf(places, "not in the opam switch %s (%s/bin), ", buf_str(&opam.name),
	    buf_str(&opam.prefix));
	return false;
}

int tender_find(const struct tender_wanted *wanted, struct buf *path, struct fault *fault)
{
	struct buf places A_CLEANUP(buf_free) = {0};
	size_t i = 0;

	if (wanted->given) {
		if (proc_find(wanted->given, path) == 0)
			return 0;
		return fault_errno(fault, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC,
		    errno, "--tender %s", wanted->given);
	}
	while (i + 1 < COUNT_OF(tenders) && strcmp(tenders[i].target, wanted->target) != 0)
		i++;
	/* QEMU doesn't come by opam */
	if ((strcmp(wanted->target, "virtio") != 0 &&
		find_in_switch(wanted, tenders[i].program, path, &places)) ||
	    proc_find(tenders[i].program, path) == 0)
		return 0;
	fault_set(fault, EX_UNAVAILABLE, "there is no %s: %snot in PATH", tenders[i].program,
	    buf_str(&places));
	return fault_hint(fault, "%s; or say where it is: --tender PATH", tenders[i].install);
}

int tender_check_kvm(struct fault *fault)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EACCES || errno == EPERM) {
		fault_set(fault, EX_NOPERM, "hvt needs /dev/kvm, which you may not open");
		return fault_hint(fault, "sudo usermod -aG kvm $USER, and log in again");
	}
	fault_errno(fault, EX_UNAVAILABLE, errno, "hvt needs /dev/kvm");
	return fault_hint(fault,
	    "sudo modprobe kvm; where the processor or the hypervisor has none, build for spt");
}

bool tender_has_kvm(void)
{
	int fd A_CLEANUP(fd_close) = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	return fd >= 0 &&
	       (access("/sys/module/kvm", F_OK) < 0 || access("/sys/module/kvm_intel", F_OK) == 0 ||
		   access("/sys/module/kvm_amd", F_OK) == 0);
}
