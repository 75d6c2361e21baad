#include "host/sshlink.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/printable.h"
#include "core/shell.h"
#include "host/sshdir.h"
#include "host/sshfault.h"
#include "host/sshmaster.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	SSH_FAILED = 255,   /* or the remote command's own */
	CONNECT_MS = 60000, /* with all that ConnectTimeout isn't about */
	SHELL_MS = 60000,   /* for a shell to read its files and run a command */
	LOOK_MS = 10,
	MEANWHILE_MS = 100
};

void sshlink_free(struct sshlink *l)
{
	sshmaster_end(&l->keeper);
	sshplace_free(&l->at);
	buf_free(&l->dir);
	buf_free(&l->control);
	strv_free(&l->command);
}

/* ---- ssh's words --------------------------------------------------------------------------------
 */

/* What a user's configuration may say is said otherwise where it would do more than connect. */
static void add_options(const struct sshlink *l, struct strv *into)
{
	strv_list(into, "-x", "-a", "-e", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15",
	    "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3", "-o",
	    "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none",
	    "-o", "ControlPersist=no", "-o", "LogLevel=ERROR");
	if (l->config)
		strv_list(into, "-F", l->config);
	if (l->at.user.length)
		strv_list(into, "-l", buf_str(&l->at.user));
	if (l->at.port.length)
		strv_list(into, "-p", buf_str(&l->at.port));
	strv_list(into, "-S", buf_str(&l->control));
}

static void master_command(const struct sshlink *l, struct strv *into)
{
	strv_list(into, "ssh", "-T", "-N", "-o", "ControlMaster=yes");
	add_options(l, into);
	strv_list(into, "--", buf_str(&l->at.host));
}

/* What runs a command must not connect by itself when there is no connection: then it would ask for
 * another one in silence, that nobody ends. */
static void client_command(struct sshlink *l)
{
	strv_list(&l->command, "ssh", "-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-E");
	strv_addf(&l->command, "%s/said", buf_str(&l->dir));
	add_options(l, &l->command);
	strv_list(&l->command, "--", buf_str(&l->at.host));
}

void sshlink_command(
    const struct sshlink *l, const struct strv *remote, bool tty, struct strv *into)
{
	struct buf line A_CLEANUP(buf_free) = {0};

	shell_command(&line, remote);
	strv_list(into, l->command.items[0], tty ? "-tt" : "-T");
	strv_add_words(into, (const char *const *)l->command.items + 1);
	strv_add(into, buf_str(&line));
}

/* ---- running commands ---------------------------------------------------------------------------
 */

bool sshlink_alive(const struct sshlink *l)
{
	return sshdir_listens(buf_str(&l->control));
}

int sshlink_explain(const struct sshlink *l, int status, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, said A_CLEANUP(buf_free) = {.max = 1 << 16};
	struct fault ignored;

	if (status != SSH_FAILED)
		return 0;
	if (!sshlink_alive(l))
		return fault_set(fault, EX_UNAVAILABLE, "%s: the connection was lost", l->place);
	buf_printf(&path, "%s/said", buf_str(&l->dir));
	if (file_read(buf_str(&path), EX_NOINPUT, &said, &ignored) < 0 || !said.length)
		return 0;
	/* it isn't for the next one */
	(void)unlink(buf_str(&path));
	return sshfault(l->place, &l->at, l->config, buf_str(&said), fault);
}

static int run(const struct strv *command, const struct proc_io *io,
    const struct sshlink_watch *watch, int *status, struct fault *fault)
{
	struct relay relay;
	struct child child;
	int result = -1;

	if (!watch)
		return proc_run(command, io, status, fault);
	relay_start(&relay);
	if (proc_start(command, io, &child, fault) == 0) {
		while (!proc_ended(&child, &relay, MEANWHILE_MS)) {
			if (watch->meanwhile)
				watch->meanwhile(watch->data);
			if (watch->end && clock_ms() > watch->end)
				kill(child.pid, SIGKILL);
		}
		result = proc_wait(&child, status, fault);
	}
	relay_stop(&relay, true);
	return result;
}

static int read_back(int file, const char *place, struct buf *into, struct fault *fault)
{
	if (lseek(file, 0, SEEK_SET) < 0)
		return fault_errno(fault, 0, errno, "lseek");
	return fd_read_all(file, place, into, fault);
}

int sshlink_run_watched(const struct sshlink *l, const struct strv *remote, int in, struct buf *out,
    struct buf *errors, const struct sshlink_watch *watch, int *status, struct fault *fault)
{
	int printed A_CLEANUP(fd_close) = proc_memory_file(fault);
	int said A_CLEANUP(fd_close) = printed < 0 ? -1 : proc_memory_file(fault);
	const struct proc_io io = {.in = in, .out = printed, .err = errors ? &said : NULL};
	struct strv command A_CLEANUP(strv_free) = {0};

	if (printed < 0 || said < 0)
		return -1;
	sshlink_command(l, remote, false, &command);
	if (run(&command, &io, watch, status, fault) < 0 ||
	    sshlink_explain(l, *status, fault) < 0 || read_back(printed, l->place, out, fault) < 0)
		return -1;
	return errors ? read_back(said, l->place, errors, fault) : 0;
}

int sshlink_run(const struct sshlink *l, const struct strv *remote, int in, struct buf *out,
    struct buf *errors, int *status, struct fault *fault)
{
	return sshlink_run_watched(l, remote, in, out, errors, NULL, status, fault);
}

/* ---- connecting ---------------------------------------------------------------------------------
 */

static int connect_failed(const struct sshlink *l, int errors, struct fault *fault)
{
	struct buf said A_CLEANUP(buf_free) = {.max = 1 << 20};

	if (read_back(errors, "ssh's messages", &said, fault) < 0)
		return -1;
	return sshfault(l->place, &l->at, l->config, buf_str(&said), fault);
}

/* Until its socket is there, which is so once we have been let in. */
static int wait_until_up(struct sshlink *l, int errors, struct relay *relay, struct fault *fault)
{
	const int64_t end = clock_ms() + CONNECT_MS;

	while (!proc_ended(&l->keeper, relay, LOOK_MS)) {
		if (access(buf_str(&l->control), F_OK) == 0)
			return 0;
		if (relay->caught)
			return fault_set(
			    fault, EXIT_SIGNALLED + relay->caught, "%s: interrupted", l->place);
		if (clock_ms() > end)
			return sshfault(l->place, &l->at, l->config, "timed out", fault);
	}
	return connect_failed(l, errors, fault);
}

static int start(struct sshlink *l, struct fault *fault)
{
	int errors A_CLEANUP(fd_close) = proc_memory_file(fault);
	struct strv command A_CLEANUP(strv_free) = {0};
	struct relay relay;
	int result = -1;

	if (errors < 0)
		return -1;
	/* from here to the keeper's start nobody would remove the directory */
	relay_start(&relay);
	if (sshdir_make(&l->dir, fault) == 0) {
		buf_printf(&l->control, "%s/socket", buf_str(&l->dir));
		client_command(l);
		master_command(l, &command);
		result = sshmaster_start(&command, buf_str(&l->dir), errors, &l->keeper, fault);
		if (result < 0)
			sshdir_remove(buf_str(&l->dir));
		else
			result = wait_until_up(l, errors, &relay, fault);
	}
	if (relay.caught)
		sshmaster_end(&l->keeper);
	relay_stop(&relay, true);
	return result;
}

/* A word that shells of other kinds read in another way. */
static const char word[] = "it's\\n \"$HOME\" !1";

static int not_our_shell(const struct sshlink *l, const struct buf *out, const struct buf *errors,
    int status, struct fault *fault)
{
	struct buf shown A_CLEANUP(buf_free) = {0}, ssh A_CLEANUP(buf_free) = {0};
	const char *printed = buf_str(out->length ? out : errors);

	printable_add(&shown, printed);
	sshplace_typed(&l->at, &ssh);
	if (strstr(buf_str(out), word)) {
		fault_set(fault, EX_UNAVAILABLE,
		    "%s: its shell prints something of its own before a command's output: %.200s",
		    l->place, buf_str(&shown));
		return fault_hint(
		    fault, "see what ~/.bashrc or the like prints: ssh %s true", buf_str(&ssh));
	}
	fault_set(fault, EX_UNAVAILABLE,
	    "%s: commands aren't run there by a POSIX shell, which is needed (status %d): %.200s",
	    l->place, status, buf_str(&shown));
	return fault_hint(fault, "see which it is: ssh %s 'echo $SHELL'", buf_str(&ssh));
}

static int check_shell(const struct sshlink *l, struct fault *fault)
{
	struct buf out A_CLEANUP(buf_free) = {0}, errors A_CLEANUP(buf_free) = {0};
	const struct sshlink_watch watch = {.end = clock_ms() + SHELL_MS};
	struct strv command A_CLEANUP(strv_free) = {0};
	int status;

	strv_list(&command, "printf", "%s", word);
	if (sshlink_run_watched(l, &command, -1, &out, &errors, &watch, &status, fault) < 0)
		return -1;
	if (status == EXIT_SIGNALLED + SIGKILL && clock_ms() > watch.end)
		return fault_set(fault, EX_UNAVAILABLE,
		    "%s: it lets us in, but its shell has run no command in %d seconds", l->place,
		    SHELL_MS / 1000);
	if (status || out.length != strlen(word) || strcmp(buf_str(&out), word))
		return not_our_shell(l, &out, &errors, status, fault);
	return 0;
}

int sshlink_open(struct sshlink *l, const char *place, const char *config, struct fault *fault)
{
	struct buf ignored A_CLEANUP(buf_free) = {0};

	l->place = place;
	l->config = config;
	if (!sshplace_parse(place, &l->at))
		return fault_set(fault, EX_USAGE,
		    "'%s': expected ssh://[USER@]HOST[:PORT], with letters, digits, '.', '_', '+' "
		    "and '-' in USER and HOST",
		    place);
	if (proc_locate("ssh", &ignored, fault) < 0)
		return fault_hint(fault, "sudo apt-get install openssh-client");
	return start(l, fault) < 0 ? -1 : check_shell(l, fault);
}
