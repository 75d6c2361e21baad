/*
 * Why a Xen domain ended (SHUTDOWN_* of Xen's public/sched.h), and the exit status that this is:
 *
 *     poweroff    0 (xl, libvirt: shutdown)   it ended well
 *     crash       3                           1
 *     watchdog    4                           1
 *     reboot      1                           75: it asks to be started again
 *     soft reset  5                           75
 *     suspend     2                           75, if it doesn't stay
 *     destroyed by somebody else              137, as if SIGKILL had killed it
 */
#ifndef MIRARI_MODEL_SHUTDOWN_H
#define MIRARI_MODEL_SHUTDOWN_H

enum shutdown_reason {
	SHUTDOWN_POWEROFF = 0,
	SHUTDOWN_REBOOT = 1,
	SHUTDOWN_SUSPEND = 2,
	SHUTDOWN_CRASH = 3,
	SHUTDOWN_WATCHDOG = 4,
	SHUTDOWN_SOFT_RESET = 5,
	SHUTDOWN_DESTROYED = 256, /* no reason of its own */
	SHUTDOWN_UNKNOWN = 257    /* nobody could say */
};

/* The exit status; of one that is unknown, or another number, 1. */
int shutdown_status(int reason);

/* "crash"; a static string. */
const char *shutdown_name(int reason);

#endif
