#include "model/exitstatus.h"

#include "core/fault.h"
#include "tap.h"

#include <signal.h>

#define EXITED(status) ((status) << 8)

static const char *const classes[] = {"ok", "fail", "usage", "abort", "killed"};

static void means(
    const char *target, bool solo5, int wait_status, int told, enum exit_class class, int status)
{
	const struct exit_how how = {target, solo5, wait_status, told};
	struct exit_meaning got = exit_translate(&how);

	ok(got.class == class && got.status == status, "%s 0x%x told %d is %s %d (%s %d)", target,
	    (unsigned)wait_status, told, classes[class], status, classes[got.class], got.status);
}

static void test_tenders(void)
{
	static const char *const targets[] = {"hvt", "spt"};

	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		const char *t = targets[i];

		means(t, true, EXITED(0), EXIT_UNTOLD, EXIT_CLASS_OK, 0);
		means(t, true, EXITED(1), EXIT_UNTOLD, EXIT_CLASS_FAIL, 1);
		means(t, true, EXITED(63), EXIT_UNTOLD, EXIT_CLASS_FAIL, 63);
		means(t, true, EXITED(64), EXIT_UNTOLD, EXIT_CLASS_USAGE, 64);
		means(t, true, EXITED(83), EXIT_UNTOLD, EXIT_CLASS_FAIL, 83);
		means(t, true, EXITED(127), EXIT_UNTOLD, EXIT_CLASS_FAIL, 127);
		means(t, true, EXITED(255), EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
		means(t, true, EXITED(134), EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
		means(t, true, SIGKILL, EXIT_UNTOLD, EXIT_CLASS_KILLED, 128 + SIGKILL);
		means(t, true, SIGTERM, EXIT_UNTOLD, EXIT_CLASS_KILLED, 128 + SIGTERM);
	}
	means("hvt", true, SIGSEGV, EXIT_UNTOLD, EXIT_CLASS_KILLED, 128 + SIGSEGV);
	means("spt", true, SIGSEGV, EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
	means("spt", true, SIGSEGV | 0x80, EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
	means("spt", true, SIGSYS, EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
	means("spt", true, SIGILL, EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
}

static void test_qemu(void)
{
	means("virtio", true, EXITED(83), EXIT_UNTOLD, EXIT_CLASS_OK, 0);
	means("virtio", true, EXITED(83), 0, EXIT_CLASS_OK, 0);
	means("virtio", true, EXITED(83), 7, EXIT_CLASS_FAIL, 7);
	means("virtio", true, EXITED(83), 64, EXIT_CLASS_USAGE, 64);
	means("virtio", true, EXITED(83), 255, EXIT_CLASS_ABORT, 134);
	means("virtio", true, EXITED(0), EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
	means("virtio", false, EXITED(0), EXIT_UNTOLD, EXIT_CLASS_OK, 0);
	means("virtio", true, EXITED(0), 3, EXIT_CLASS_FAIL, 3);
	means("virtio", true, EXITED(1), EXIT_UNTOLD, EXIT_CLASS_FAIL, 1);
	means("virtio", false, EXITED(3), EXIT_UNTOLD, EXIT_CLASS_FAIL, 1);
	means("virtio", false, EXITED(15), EXIT_UNTOLD, EXIT_CLASS_FAIL, 7);
	means("virtio", false, EXITED(129), EXIT_UNTOLD, EXIT_CLASS_USAGE, 64);
	means("virtio", false, EXITED(255), EXIT_UNTOLD, EXIT_CLASS_ABORT, 134);
	means("virtio", true, SIGKILL, EXIT_UNTOLD, EXIT_CLASS_KILLED, 128 + SIGKILL);
	means("virtio", true, SIGABRT, EXIT_UNTOLD, EXIT_CLASS_KILLED, 128 + SIGABRT);
}

static void told(const char *console, int want)
{
	is_int(exit_told(console, strlen(console)), want, "the console's last line gives %d", want);
}

static void test_told(void)
{
	told("", EXIT_UNTOLD);
	told("\n\r\n", EXIT_UNTOLD);
	told("Solo5: solo5_exit(0) called\n", 0);
	told("Solo5: solo5_exit(0) called\r\n", 0);
	told("Solo5: solo5_exit(7) called", 7);
	told("text\nSolo5: solo5_exit(7) called\n", 7);
	told("text without its endSolo5: solo5_exit(7) called\n", 7);
	told("Solo5: solo5_exit(256) called\n", 0);
	told("Solo5: solo5_exit(-1) called\n", EXIT_UNTOLD);
	told("Solo5: solo5_exit() called\n", EXIT_UNTOLD);
	told("Solo5: solo5_exit(7\n", EXIT_UNTOLD);
	told("Solo5: solo5_exit(7) called twice\n", EXIT_UNTOLD);
	told("Solo5: solo5_exit(7) called\nand something\n", EXIT_UNTOLD);
	told("Solo5: solo5_abort() called\n", 255);
	told("Solo5: trap: type=#PF\nSolo5: ABORT: cpu_x86_64.c:182: Fatal trap\n", 255);
	told("Solo5: ABORT: cpu_x86_64.c:182: Fatal trap\nmore\n", EXIT_UNTOLD);
	is_int(exit_told("a\0Solo5: solo5_exit(7) called", 29), EXIT_UNTOLD,
	    "a NUL hides, it is no harm");
	is_int(
	    exit_told("\nSolo5: solo5_exit(7) calledXYZ", 28), 7, "no byte behind the end is read");
}

int main(void)
{
	test_tenders();
	test_qemu();
	test_told();
	return tap_end();
}
