/*
 * Values in a unit file of systemd: the one place that escapes for it. Sources: systemd.syntax(7)
 * and "COMMAND LINES" in systemd.service(5), checked against systemd 252.
 *
 * There are three ways to write one, since systemd reads some settings word by word with C escapes,
 * some word by word without, and some as they are up to the end of the line. In all of them %
 * begins a specifier, and a line that isn't UTF-8 is ignored by systemd. What it could carry but
 * not show (a word that isn't UTF-8 makes `systemctl status` fail) is refused, too.
 */
#ifndef MIRARI_RENDER_SYSTEMD_TEXT_H
#define MIRARI_RENDER_SYSTEMD_TEXT_H

#include "core/attr.h"
#include "core/buf.h"
#include "core/fault.h"
#include "core/strv.h"

/* Each appends the value, or is a fault of EX_DATAERR that begins with `what`. */

/* A word of a command, or of Environment=. A $ is left alone: in a command it needs
 * systemd_command. */
int systemd_word(
    const char *what, const char *word, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* A command, as ExecStart= has it: the first word is an absolute path. Its words are passed on as
 * they are, with no variable put in. */
int systemd_command(const char *what, const struct strv *command, struct buf *into,
    struct fault *fault) A_MUST_CHECK;

/* An absolute path in a list of paths, such as ReadWritePaths=. */
int systemd_path(
    const char *what, const char *path, struct buf *into, struct fault *fault) A_MUST_CHECK;

/* An absolute path alone on its line, such as WorkingDirectory=. */
int systemd_directory(
    const char *what, const char *path, struct buf *into, struct fault *fault) A_MUST_CHECK;

#endif
