/*
 * The process of ssh(1) that has the connection (the master of ssh_config(5)'s ControlMaster), and
 * one beside it that ends it and removes its directory when we end, however that is. Neither hears
 * the signals of a terminal, or those that are passed on to whatever runs below us: what we do then
 * may need the connection.
 */
#ifndef MIRARI_HOST_SSHMASTER_H
#define MIRARI_HOST_SSHMASTER_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/proc.h"
#include "core/strv.h"

/* Starts it; what ssh says goes to `errors`. `dir` is removed when it ends. `keeper` ends when ssh
 * does, with its status. EX_OSERR. */
int sshmaster_start(const struct strv *command, const char *dir, int errors, struct child *keeper,
    struct fault *fault) A_MUST_CHECK;

/* Ends it and waits for that. */
void sshmaster_end(struct child *keeper);

#endif
