/* Signals that would end us are held back while things are half made. */
#ifndef MIRARI_HOST_INTERRUPT_H
#define MIRARI_HOST_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* SIGINT, SIGTERM and SIGHUP wait until `before` is set again (SIG_SETMASK). */
void interrupt_hold(sigset_t *before);

/* Does one of them wait? */
bool interrupt_waits(void);

#endif
