#include "host/remotefile.h"

#include "core/fd.h"
#include "core/printable.h"
#include "host/sha256.h"
#include "model/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the scripts end with, besides a failing command's status. */
enum { NO_SUM = 90, OTHER_SUM = 91 };

/* Each script runs under sh with its words in $1 and so on. Messages are wanted in English, and
 * nobody else gets at the files. */
#define SCRIPT "LC_ALL=C; export LC_ALL; umask 077; "

/* sum FILE: its SHA-256. */
#define SUM \
	"sum() { { sha256sum || openssl dgst -sha256 -r; } <\"$1\" 2>/dev/null | cut -c 1-64; }; "

/* ---- running a script ---------------------------------------------------------------------------
 */

struct answer {
	struct buf out, errors;
	int status;
};

static void answer_free(struct answer *a)
{
	buf_free(&a->out);
	buf_free(&a->errors);
}

static void script_command(const char *script, struct strv *into)
{
	strv_list(into, "sh", "-c", script, "mirari");
}

/* What a command there has said why it failed: its first line, without the command's name. */
static int failed(
    const struct sshlink *l, const char *what, const struct answer *a, struct fault *fault)
{
	struct buf line A_CLEANUP(buf_free) = {0}, shown A_CLEANUP(buf_free) = {0};
	const char *said = buf_str(&a->errors);
	int status = EX_CANTCREAT;

	buf_add(&line, said, strcspn(said, "\n"));
	printable_add(&shown, buf_str(&line));
	if (strstr(said, "No space left on device") || strstr(said, "quota exceeded")) {
		fault_set(fault, EX_IOERR, "%s: %s: the disk there is full", l->place, what);
		return fault_hint(fault, "make room there, or: mirari-ssh gc --on %s", l->place);
	}
	if (strstr(said, "ermission denied") || strstr(said, "peration not permitted") ||
	    strstr(said, "Read-only file system"))
		status = EX_NOPERM;
	return fault_set(fault, status, "%s: %s: %s (status %d)", l->place, what,
	    shown.length ? buf_str(&shown) : "failed there", a->status);
}

/* A script whose every failure is one. */
static int ask(const struct sshlink *l, const struct strv *command, const char *what,
    struct answer *a, struct fault *fault)
{
	if (sshlink_run(l, command, -1, &a->out, &a->errors, &a->status, fault) < 0)
		return -1;
	return a->status ? failed(l, what, a, fault) : 0;
}

static int check_name(const char *name, struct fault *fault)
{
	if (value_fits(VALUE_NAME, name))
		return 0;
	return fault_set(fault, EX_USAGE,
	    "'%s': expected a name of letters, digits, '.', '_', '+' and '-'", name);
}

/* The same about one directory, whose name is $1 there. */
static int ask_about(const struct sshlink *l, const char *script, const char *name,
    const char *what, struct answer *a, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};

	if (check_name(name, fault) < 0)
		return -1;
	script_command(script, &command);
	strv_add(&command, name);
	return ask(l, &command, what, a, fault);
}

/* ---- directories --------------------------------------------------------------------------------
 */

int remotefile_directory(
    const struct sshlink *l, const char *name, struct buf *into, struct fault *fault)
{
	static const char script[] = SCRIPT
	    "d=${HOME:?}/.mirari/$1; "
	    "mkdir -p -- \"$d\" && chmod 700 -- \"$d\" && touch -- \"$d\" && printf %s \"$d\"";
	struct answer a A_CLEANUP(answer_free) = {0};

	if (ask_about(l, script, name, "make a directory in ~/.mirari", &a, fault) < 0)
		return -1;
	if (*buf_str(&a.out) != '/')
		return fault_set(
		    fault, EX_UNAVAILABLE, "%s: its home directory has no absolute path", l->place);
	buf_add(into, buf_str(&a.out), a.out.length);
	return 0;
}

/* The files of ours begin with its name, or with a dot and that. */
#define REMOVE \
	"remove() { rm -f -- \"$1/$2\" \"$1/$2\".* \"$1/.$2\".*; " \
	"rmdir -- \"$1\" 2>/dev/null || [ -d \"$1\" ]; }; "

int remotefile_remove(const struct sshlink *l, const char *name, struct fault *fault)
{
	static const char script[] =
	    SCRIPT REMOVE "d=${HOME:?}/.mirari/$1; [ ! -d \"$d\" ] || remove \"$d\" \"$1\"";
	struct answer a A_CLEANUP(answer_free) = {0};

	return ask_about(l, script, name, "remove from ~/.mirari", &a, fault);
}

/* Of an answer in lines, those that can be names of ours, or files in what has such a name. */
static void take_names(const struct buf *out, struct strv *names)
{
	const char *line = buf_str(out);

	for (size_t length; *line; line += length + (line[length] == '\n')) {
		struct buf one A_CLEANUP(buf_free) = {0}, name A_CLEANUP(buf_free) = {0};

		length = strcspn(line, "\n");
		buf_add(&one, line, length);
		buf_add(&name, buf_str(&one), strcspn(buf_str(&one), "/"));
		if (value_fits(VALUE_NAME, buf_str(&name)))
			strv_add(names, buf_str(&one));
	}
	strv_sort(names);
}

int remotefile_list(const struct sshlink *l, struct strv *names, struct fault *fault)
{
	static const char script[] = SCRIPT
	    "cd -- \"${HOME:?}/.mirari\" 2>/dev/null || exit 0; "
	    "for n in *; do [ -d \"$n\" ] && [ ! -h \"$n\" ] && printf '%s\\n' \"$n\"; done; :";
	struct strv command A_CLEANUP(strv_free) = {0};
	struct answer a A_CLEANUP(answer_free) = {0};

	script_command(script, &command);
	if (ask(l, &command, "list ~/.mirari", &a, fault) < 0)
		return -1;
	take_names(&a.out, names);
	return 0;
}

int remotefile_sweep(const struct sshlink *l, const struct strv *unused, bool xl,
    struct strv *removed, struct fault *fault)
{
	/* A writer's process may be one of another machine that has the same home directory: one
	 * that writes shows by the time of its file. */
	static const char script[] = SCRIPT REMOVE
	    "m=$1 x=$2; shift 2; cd -- \"${HOME:?}/.mirari\" 2>/dev/null || exit 0; "
	    "for n; do [ $x = no ] && [ -e \"./$n/$n.xl\" ] && continue; "
	    "[ -z \"$(find \"./$n\" -mmin -\"$m\")\" ] && remove \"./$n\" \"$n\" && "
	    "[ ! -d \"./$n\" ] && printf '%s\\n' \"$n\"; done; "
	    "find . -type f -name '.*.*.*' -mmin +\"$m\" | while IFS= read -r f; do "
	    "p=${f%.*}; p=${p##*.}; case $p in ''|*[!0-9]*) continue;; esac; "
	    "kill -0 \"$p\" 2>/dev/null || { rm -f -- \"$f\" && printf '%s\\n' \"${f#./}\"; }; "
	    "done; :";
	struct strv command A_CLEANUP(strv_free) = {0};
	struct answer a A_CLEANUP(answer_free) = {0};

	script_command(script, &command);
	strv_addf(&command, "%d", REMOTEFILE_GRACE_MIN);
	strv_add(&command, xl ? "yes" : "no");
	strv_add_all(&command, unused);
	if (ask(l, &command, "clean ~/.mirari", &a, fault) < 0)
		return -1;
	take_names(&a.out, removed);
	return 0;
}

/* ---- files --------------------------------------------------------------------------------------
 */

struct put {
	const struct sshlink *link;
	int fd;
	const char *path;
	const char *remote;
	const char *mode;
	char sum[SHA256_HEX + 1];
	uint64_t size;
	void (*progress)(uint64_t done, uint64_t total);
};

/* Is the same there already? Then only its mode may be another. 1, 0, or -1. */
static int is_there(const struct put *p, struct fault *fault)
{
	static const char script[] = SCRIPT SUM
	    "[ -f \"$1\" ] && [ \"$(sum \"$1\")\" = \"$2\" ] && chmod \"$3\" -- \"$1\" && "
	    "touch -- \"${1%/*}\" && echo same; :";
	struct strv command A_CLEANUP(strv_free) = {0};
	struct answer a A_CLEANUP(answer_free) = {0};

	script_command(script, &command);
	strv_list(&command, p->remote, p->sum, p->mode);
	if (ask(p->link, &command, "look for the file", &a, fault) < 0)
		return -1;
	return !strcmp(buf_str(&a.out), "same\n");
}

/* ssh reads the very descriptor, so that its offset tells how far it is. */
static void tell_progress(void *data)
{
	const struct put *p = data;
	off_t at = lseek(p->fd, 0, SEEK_CUR);

	if (at >= 0)
		p->progress((uint64_t)at, p->size);
}

static int not_put(const struct put *p, const struct answer *a, struct fault *fault)
{
	const char *place = p->link->place;

	if (a->status == NO_SUM) {
		fault_set(
		    fault, EX_UNAVAILABLE, "%s: there is neither sha256sum nor openssl", place);
		return fault_hint(fault, "install coreutils, busybox or openssl there");
	}
	if (a->status == OTHER_SUM)
		return fault_set(fault, EX_IOERR,
		    "%s: %s arrived as something else than it was (is it being changed?)", place,
		    p->path);
	return failed(p->link, p->remote, a, fault);
}

static int send_file(struct put *p, struct fault *fault)
{
	/* An input that ends early isn't seen as such by cat, but by its sum. */
	static const char script[] =
	    SCRIPT SUM "[ \"$(sum /dev/null)\" ] || exit 90; "
		       "t=${1%/*}/.${1##*/}.$$.$4; trap 'rm -f -- \"$t\"' EXIT; "
		       "trap 'exit 92' HUP INT QUIT TERM PIPE; "
		       "cat >\"$t\" || exit 92; [ \"$(sum \"$t\")\" = \"$2\" ] || exit 91; "
		       "chmod \"$3\" -- \"$t\" && mv -f -- \"$t\" \"$1\"";
	const struct sshlink_watch watch = {.meanwhile = tell_progress, .data = p};
	struct strv command A_CLEANUP(strv_free) = {0};
	struct answer a A_CLEANUP(answer_free) = {0};
	uint32_t random;

	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		return fault_errno(fault, EX_OSERR, errno, "getrandom");
	script_command(script, &command);
	strv_list(&command, p->remote, p->sum, p->mode);
	strv_addf(&command, "%08x", random);
	if (lseek(p->fd, 0, SEEK_SET) < 0)
		return fault_errno(fault, 0, errno, "%s", p->path);
	if (sshlink_run_watched(p->link, &command, p->fd, &a.out, &a.errors,
		p->progress ? &watch : NULL, &a.status, fault) < 0)
		return -1;
	return a.status ? not_put(p, &a, fault) : 0;
}

int remotefile_put(const struct sshlink *l, int fd, const char *path, const char *remote,
    void (*progress)(uint64_t done, uint64_t total), bool *sent, struct fault *fault)
{
	struct put p = {.link = l, .fd = fd, .path = path, .remote = remote, .progress = progress};
	struct stat st;
	int there;

	*sent = false;
	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", path);
	p.mode = st.st_mode & S_IXUSR ? "700" : "600";
	if (sha256_file(fd, path, p.sum, &p.size, fault) < 0)
		return -1;
	there = is_there(&p, fault);
	if (there)
		return there < 0 ? -1 : 0;
	*sent = true;
	return send_file(&p, fault);
}

int remotefile_put_bytes(
    const struct sshlink *l, const struct buf *bytes, const char *remote, struct fault *fault)
{
	int file A_CLEANUP(fd_close) = proc_memory_file_of(bytes, fault);
	bool ignored;

	if (file < 0 || fchmod(file, S_IRUSR | S_IWUSR) < 0)
		return file < 0 ? -1 : fault_errno(fault, EX_OSERR, errno, "memory file");
	return remotefile_put(l, file, remote, remote, NULL, &ignored, fault);
}
