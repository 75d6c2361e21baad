/*
 * What went wrong in libvirt, as a fault of ours. Its error's code, the part of it that the error
 * comes from and, for a system call, the errno decide (virterror.h of libvirt); its text is for
 * people to read, and another one in each version and language.
 */
#ifndef MIRARI_HOST_VIRTERROR_H
#define MIRARI_HOST_VIRTERROR_H

#include "core/attr.h"
#include "core/fault.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* The exit status that it is: EX_NOPERM, EX_UNAVAILABLE (libvirt or what it drives isn't there, or
 * the connection has gone), EX_DATAERR (what we have asked for is wrong), EX_TEMPFAIL, else
 * EXIT_NO: it refused. NULL counts as EX_SOFTWARE. */
int virterror_status(const virError *error);

/* The thread's last error, with what we did in front: "start www: libvirt: …". Returns -1. */
int virterror_fault(struct fault *fault, const char *format, ...) A_PRINTF(2, 3);

/* The same for a connection that could not be made, with what to do about it. */
int virterror_connecting(struct fault *fault, const char *uri);

#endif
