/*
 * What ssh(1) says when it can't connect, as a fault. ssh has one exit status for all of it, 255,
 * and its messages are in English (openssh-portable: sshconnect.c, packet.c, readconf.c, mux.c):
 * of the locale ssh takes the characters alone.
 */
#ifndef MIRARI_HOST_SSHFAULT_H
#define MIRARI_HOST_SSHFAULT_H

#include "core/fault.h"
#include "model/sshplace.h"

/* `place` is for the message. `config` is what was given by -F; NULL: nothing. Returns -1. */
int sshfault(const char *place, const struct sshplace *at, const char *config, const char *said,
    struct fault *fault);

#endif
