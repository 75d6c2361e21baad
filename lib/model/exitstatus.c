#include "model/exitstatus.h"

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/num.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum {
	SOLO5_EXIT_ABORT = 255,
	DEBUG_EXIT_SOLO5 = 83, /* QEMU's status is what the guest wrote (41) shifted, and 1 */
	DEBUG_EXIT_MAX = 127   /* all that fits into a status; 255 arrives as this */
};

static struct exit_meaning meaning(enum exit_class class, int status)
{
	return (struct exit_meaning){class, status};
}

/* Of what a unikernel gave solo5_exit(). */
static struct exit_meaning of_status(int status)
{
	switch (status) {
	case 0:
		return meaning(EXIT_CLASS_OK, 0);
	case EX_USAGE:
		return meaning(EXIT_CLASS_USAGE, EX_USAGE);
	case EXIT_ABORTED:
	case SOLO5_EXIT_ABORT:
		return meaning(EXIT_CLASS_ABORT, EXIT_ABORTED);
	default:
		return meaning(EXIT_CLASS_FAIL, status);
	}
}

/* Signals that a process brings upon itself. Under spt that is the unikernel: SIGSYS is a system
 * call that it may not make. */
static bool is_own_doing(int number)
{
	static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

	for (size_t i = 0; i < COUNT_OF(signals); i++)
		if (signals[i] == number)
			return true;
	return false;
}

static struct exit_meaning of_signal(const struct exit_how *how, int number)
{
	if (!strcmp(how->target, "spt") && is_own_doing(number))
		return meaning(EXIT_CLASS_ABORT, EXIT_ABORTED);
	return meaning(EXIT_CLASS_KILLED, EXIT_SIGNALLED + number);
}

static struct exit_meaning of_qemu(const struct exit_how *how, int status)
{
	if (how->told != EXIT_UNTOLD)
		return of_status(how->told);
	/* power off; or a reset, which is all that a triple fault leaves to see. Solo5's bindings
	 * never come to either, since they have ended QEMU before. */
	if (status == 0)
		return how->solo5 ? of_status(SOLO5_EXIT_ABORT) : of_status(0);
	if (status == DEBUG_EXIT_SOLO5)
		return of_status(0);
	/* 1 is QEMU's own failure, too */
	if (status == 1 || status % 2 == 0)
		return meaning(EXIT_CLASS_FAIL, status);
	status /= 2;
	return of_status(status == DEBUG_EXIT_MAX ? SOLO5_EXIT_ABORT : status);
}

struct exit_meaning exit_translate(const struct exit_how *how)
{
	if (WIFSIGNALED(how->wait_status))
		return of_signal(how, WTERMSIG(how->wait_status));
	if (!strcmp(how->target, "virtio"))
		return of_qemu(how, WEXITSTATUS(how->wait_status));
	return of_status(WEXITSTATUS(how->wait_status));
}

int exit_told(const char *console, size_t length)
{
	static const char exits[] = "Solo5: solo5_exit(";
	struct buf line A_CLEANUP(buf_free) = {0};
	const char *found, *number;
	uint64_t status;
	size_t start;

	while (length && strchr("\r\n", console[length - 1]))
		length--;
	for (start = length; start && console[start - 1] != '\n'; start--)
		;
	buf_add(&line, console + start, length - start);
	if (strstr(buf_str(&line), "Solo5: ABORT: ") ||
	    strstr(buf_str(&line), "Solo5: solo5_abort() called"))
		return SOLO5_EXIT_ABORT;
	found = strstr(buf_str(&line), exits);
	if (!found)
		return EXIT_UNTOLD;
	number = found + strlen(exits);
	length = strcspn(number, ")");
	if (strcmp(number + length, ") called"))
		return EXIT_UNTOLD;
	if (num_parse_bytes(number, length, 0, INT32_MAX, &status) != NUM_OK)
		return EXIT_UNTOLD;
	return (int)(status & 0xff); /* an int, of which a process has eight bits */
}
