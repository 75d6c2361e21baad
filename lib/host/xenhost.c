#include "host/xenhost.h"

#include "core/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBVIRT_SOCKET "/run/libvirt/libvirt-sock"

static const char control_file[] = "/proc/xen/capabilities";

void xenhost_close(struct xenhost *h)
{
	sshlink_free(&h->link);
	strv_free(&h->prefix);
}

const char *xenhost_name(const struct xenhost *h)
{
	return h->place ? h->place : "this machine";
}

/* ---- looking ------------------------------------------------------------------------------------
 */

static int no_xen(const struct xenhost *h, struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "%s: no dom0 of Xen (%s doesn't say control_d)",
	    xenhost_name(h), control_file);
	return fault_hint(
	    fault, h->place ? "log in to the dom0 of that machine"
			    : "mirari run --on ssh://[USER@]HOST, for a machine that is one");
}

static int no_xl(const struct xenhost *h, struct fault *fault)
{
	fault_set(fault, EX_UNAVAILABLE, "%s: xl isn't installed", xenhost_name(h));
	return fault_hint(fault, "apt-get install xen-utils, or use libvirt: --via=libvirt");
}

/* Here: as the kernel and PATH say; administrators' tools are in no user's PATH on Debian. */
static int look_here(struct xenhost *h, struct fault *fault)
{
	struct buf xl A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};

	h->libvirt = false;
	if (file_read(control_file, EX_UNAVAILABLE, &text, fault) < 0 ||
	    !strstr(buf_str(&text), "control_d"))
		return no_xen(h, fault);
	h->libvirt = access(LIBVIRT_SOCKET, W_OK) == 0;
	if (proc_find("xl", &xl) < 0) {
		buf_clear(&xl);
		buf_adds(&xl, "/usr/sbin/xl");
		if (access(buf_str(&xl), X_OK) < 0)
			return no_xl(h, fault);
	}
	if (geteuid() != 0) {
		fault_set(fault, EX_NOPERM, "xl is for root alone");
		return fault_hint(fault, "sudo mirari run, or use libvirt: --via=libvirt");
	}
	strv_add(&h->prefix, buf_str(&xl));
	return 0;
}

/* There: one command that says all of it, a word a line. Nothing of a user's is in it. */
static const char look_script[] =
    "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin\n"
    "grep -q control_d /proc/xen/capabilities 2>/dev/null && echo xen\n"
    "[ -S " LIBVIRT_SOCKET " ] && [ -w " LIBVIRT_SOCKET " ] && echo libvirt\n"
    "xl=$(command -v xl) && echo \"xl $xl\"\n"
    "if [ \"$(id -u)\" = 0 ]; then echo root\n"
    "elif sudo -n -l \"$xl\" >/dev/null 2>&1; then echo sudo; fi\n";

static bool has_line(const char *text, const char *line)
{
	const size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at += length)
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return true;
	return false;
}

static int look_there(struct xenhost *h, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0}, xl A_CLEANUP(buf_free) = {0};
	const char *text, *at;
	int status;

	strv_list(&command, "sh", "-c", look_script);
	if (sshlink_run(&h->link, &command, -1, &out, NULL, &status, fault) < 0)
		return -1;
	text = buf_str(&out);
	h->libvirt = has_line(text, "xen") && has_line(text, "libvirt");
	at = strstr(text, "xl /");
	/* without Xen's kernel interface xl may be there, but is of no use */
	if (!has_line(text, "xen"))
		return no_xen(h, fault);
	if (!at)
		return no_xl(h, fault);
	buf_add(&xl, at + 3, strcspn(at + 3, "\n"));
	if (!has_line(text, "root") && !has_line(text, "sudo")) {
		fault_set(fault, EX_NOPERM,
		    "%s: xl is for root, and sudo doesn't run it without asking", h->place);
		return fault_hint(fault,
		    "log in as root (ssh://root@HOST), or let sudo run it: NOPASSWD: %s",
		    buf_str(&xl));
	}
	if (!has_line(text, "root"))
		strv_list(&h->prefix, "sudo", "-n", "--");
	strv_add(&h->prefix, buf_str(&xl));
	return 0;
}

int xenhost_reopen(struct xenhost *h, struct fault *fault)
{
	sshlink_free(&h->link);
	strv_free(&h->prefix);
	if (!h->place)
		return look_here(h, fault);
	return sshlink_open(&h->link, h->place, h->config, fault) < 0 ? -1 : look_there(h, fault);
}

int xenhost_open(struct xenhost *h, const char *place, const char *config, struct fault *fault)
{
	h->place = place && strcmp(place, "local") ? place : NULL;
	h->config = config;
	return xenhost_reopen(h, fault);
}

bool xenhost_is_lost(const struct xenhost *h)
{
	return h->place && !sshlink_alive(&h->link);
}

/* ---- running ------------------------------------------------------------------------------------
 */

void xenhost_xl_command(const struct xenhost *h, const struct strv *arguments, bool tty,
    const char *errors, struct strv *into)
{
	struct strv words A_CLEANUP(strv_free) = {0};

	if (!h->place) {
		strv_add_all(into, &h->prefix);
		strv_add_all(into, arguments);
		return;
	}
	if (tty)
		strv_list(&words, "sh", "-c",
		    errors ? "stty raw -echo; printf '\\001'; e=$1; shift; exec \"$@\" 2>\"$e\""
			   : "stty raw -echo; printf '\\001'; exec \"$@\"",
		    "sh");
	if (tty && errors)
		strv_add(&words, errors);
	strv_add_all(&words, &h->prefix);
	strv_add_all(&words, arguments);
	sshlink_command(&h->link, &words, tty, into);
}

void xenanswer_free(struct xenanswer *a)
{
	buf_free(&a->out);
	buf_free(&a->errors);
}

static int run_here(const struct strv *command, struct xenanswer *into, struct fault *fault)
{
	int out A_CLEANUP(fd_close) = proc_memory_file(fault);
	int errors A_CLEANUP(fd_close) = out < 0 ? -1 : proc_memory_file(fault);
	const struct proc_io io = {.in = -1, .out = out, .err = &errors, .detached = true};

	if (errors < 0 || proc_run(command, &io, &into->status, fault) < 0)
		return -1;
	if (lseek(out, 0, SEEK_SET) < 0 || lseek(errors, 0, SEEK_SET) < 0)
		return fault_errno(fault, EX_OSERR, errno, "lseek");
	return fd_read_all(out, "xl's output", &into->out, fault) < 0
		   ? -1
		   : fd_read_all(errors, "xl's messages", &into->errors, fault);
}

int xenhost_xl(const struct xenhost *h, const struct strv *arguments, struct xenanswer *into,
    struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};

	strv_add_all(&command, &h->prefix);
	strv_add_all(&command, arguments);
	buf_clear(&into->out);
	buf_clear(&into->errors);
	if (!h->place)
		return run_here(&command, into, fault);
	return sshlink_run(&h->link, &command, -1, &into->out, &into->errors, &into->status, fault);
}

static int read_here(const char *path, struct buf *into, struct fault *fault)
{
	if (file_read(path, EXIT_NO, into, fault) == 0)
		return 1;
	return fault->status == EXIT_NO ? 0 : -1;
}

int xenhost_read(const struct xenhost *h, const char *path, struct buf *into, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf errors A_CLEANUP(buf_free) = {0};
	int status;

	if (!h->place)
		return read_here(path, into, fault);
	for (size_t i = 0; i + 1 < h->prefix.count; i++)
		strv_add(&command, h->prefix.items[i]);
	strv_list(&command, "cat", path);
	if (sshlink_run(&h->link, &command, -1, into, &errors, &status, fault) < 0)
		return -1;
	return status == 0;
}

/* "libxl: error: libxl_create.c:1264:initiate_domain_create: Domain 5:…" is for Xen's own people as
 * far as the function's name. */
static void add_error(const char *line, size_t length, struct buf *into)
{
	static const char before[] = "libxl: error: ";
	const size_t start = sizeof before - 1;
	const char *end = line + length;

	if (length > start && !strncmp(line, before, start)) {
		line += start;
		for (int colons = 0; colons < 3 && line < end; line++)
			colons += *line == ':';
		while (line < end && *line == ' ')
			line++;
	}
	if (line < end)
		buf_printf(into, "%s%.*s", into->length ? "; " : "", (int)(end - line), line);
}

int xenhost_refused(
    const struct xenhost *h, const char *what, const struct buf *errors, struct fault *fault)
{
	struct buf said A_CLEANUP(buf_free) = {0};
	const char *at = buf_str(errors);

	for (int lines = 0; *at && lines < 4; lines++) {
		size_t length = strcspn(at, "\r\n");

		add_error(at, length, &said);
		at += length;
		at += strspn(at, "\r\n");
	}
	return fault_set(fault, EXIT_NO, "%s: xl %s: %s", xenhost_name(h), what,
	    said.length ? buf_str(&said) : "it failed, and didn't say why");
}
