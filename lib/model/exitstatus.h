/*
 * How a unikernel ended, from how the program that ran it did. Each tender says it in its own way;
 * to whoever looks at our status it is the same:
 *
 *     0        ok       it ended well
 *     64       usage    it didn't like its arguments, as MirageOS has it
 *     134      abort    a crash, a trap, solo5_abort(): as if SIGABRT had killed it
 *     128+N    killed   signal N ended it from outside
 *     others   fail     its own status
 *
 * Sources: Solo5's include/solo5.h (SOLO5_EXIT_ABORT is 255), bindings/exit.c, abort.c and
 * virtio/platform.c, tenders/spt (its guest is the process itself); QEMU's hw/misc/debugexit.c.
 */
#ifndef MIRARI_MODEL_EXITSTATUS_H
#define MIRARI_MODEL_EXITSTATUS_H

#include <stdbool.h>
#include <stddef.h>

enum exit_class {
	EXIT_CLASS_OK,
	EXIT_CLASS_FAIL,
	EXIT_CLASS_USAGE,
	EXIT_CLASS_ABORT,
	EXIT_CLASS_KILLED
};

enum { EXIT_UNTOLD = -1, EXIT_ABORTED = 134 };

struct exit_how {
	const char *target; /* hvt, spt or virtio */
	bool solo5;         /* it has Solo5's bindings, which end QEMU by isa-debug-exit */
	int wait_status;    /* as waitpid gives it */
	int told;           /* virtio: what exit_told found, else EXIT_UNTOLD */
};

struct exit_meaning {
	enum exit_class class;
	int status; /* what to end with */
};

struct exit_meaning exit_translate(const struct exit_how *how);

/* The status that Solo5's bindings name in the last line of a console (the end of it is enough), or
 * EXIT_UNTOLD: QEMU has none of its own to give, and Solo5 writes the same number to isa-debug-exit
 * whatever it was. */
int exit_told(const char *console, size_t length);

#endif
