#include "host/depexts.h"

#include "core/fd.h"
#include "core/proc.h"

#include <string.h>
#include <unistd.h>

/* The lines that a command prints, with `merge` on standard error too; none when it fails. */
static void lines_of(const struct strv *command, bool merge, struct strv *into)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	struct fault ignored;
	int file A_CLEANUP(fd_close) = proc_memory_file(&ignored), status;
	struct proc_io io = {.in = -1, .out = file, .merge = merge};

	if (file < 0 || proc_run(command, &io, &status, &ignored) < 0 || status ||
	    lseek(file, 0, SEEK_SET) < 0 || fd_read_all(file, "", &out, &ignored) < 0)
		return;
	for (const char *line = buf_str(&out); *line;) {
		size_t length = strcspn(line, "\n");

		if (length)
			strv_add_bytes(into, line, length);
		line += length + (line[length] == '\n');
	}
}

static void needed(
    const struct opam *o, const struct strv *packages, const char *repositories, struct strv *into)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf resolve A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < packages->count; i++)
		buf_printf(&resolve, "%s%s", i ? "," : "--resolve=", packages->items[i]);
	strv_list(&command, "opam", "list", "--depexts", "--short", buf_str(&resolve));
	strv_addf(&command, "--root=%s", buf_str(&o->root));
	if (o->missing)
		strv_add(&command, "--no-switch");
	else
		strv_addf(&command, "--switch=%s", buf_str(&o->name));
	if (repositories && *repositories)
		strv_addf(&command, "--repos=%s", repositories);
	lines_of(&command, false, into);
}

static bool is_installed(const char *package)
{
	struct strv command A_CLEANUP(strv_free) = {0}, lines A_CLEANUP(strv_free) = {0};

	strv_list(
	    &command, "dpkg-query", "--show", "--showformat=${db:Status-Status}\n", "--", package);
	lines_of(&command, true, &lines); /* it tells of those that it doesn't know */
	return strv_has(&lines, "installed");
}

bool depexts_explain(const struct opam *o, const struct strv *packages, const char *repositories,
    const char *what, bool tried, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0};
	struct buf names A_CLEANUP(buf_free) = {0}, dpkg A_CLEANUP(buf_free) = {0};
	bool debian = proc_find("dpkg-query", &dpkg) == 0;

	needed(o, packages, repositories, &all);
	for (size_t i = 0; i < all.count; i++)
		if (!debian || !is_installed(all.items[i]))
			buf_printf(&names, " %s", all.items[i]);
	if (!names.length)
		return false;
	fault_set(fault, EXIT_NO, "%s: %s:%s", what,
	    tried ? "system packages could not be installed"
		  : "system packages are missing, which --install-system installs",
	    buf_str(&names));
	if (debian)
		fault_hint(fault, "apt-get install%s", buf_str(&names));
	return true;
}
