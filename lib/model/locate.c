#include "model/locate.h"

#include "core/strv.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void located_free(struct located *l)
{
	buf_free(&l->path);
	buf_free(&l->shown);
	buf_free(&l->file);
	buf_free(&l->dir);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), suffix = strlen(end);

	return length > suffix && !strcmp(text + length - suffix, end);
}

static int absolute_dir(const char *dir, struct located *into, struct fault *fault)
{
	char resolved[PATH_MAX];

	if (!realpath(dir, resolved))
		return fault_errno(fault, EX_DATAERR, errno, "%s", dir);
	buf_adds(&into->dir, resolved);
	return 0;
}

/* The directory of a path that has been found, and the file inside it. */
static int place(const char *path, struct located *into, struct fault *fault)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	struct buf dir A_CLEANUP(buf_free) = {0};

	if (slash)
		buf_add(&dir, path, slash == path ? 1 : (size_t)(slash - path));
	else
		buf_addc(&dir, '.');
	if (absolute_dir(buf_str(&dir), into, fault) < 0)
		return -1;
	buf_adds(&into->path, path);
	buf_adds(&into->shown, path);
	buf_printf(&into->file, "%s%s%s", buf_str(&into->dir),
	    strcmp(buf_str(&into->dir), "/") ? "/" : "", base);
	into->is_conf = ends_with(base, ".conf");
	return 0;
}

static int list_confs(const char *dir, struct strv *confs, struct fault *fault)
{
	DIR *open_dir = opendir(dir);
	struct dirent *entry;

	if (!open_dir)
		return fault_errno(fault, 0, errno, "%s", dir);
	while ((entry = readdir(open_dir)))
		if (ends_with(entry->d_name, ".conf") && entry->d_name[0] != '.')
			strv_add(confs, entry->d_name);
	closedir(open_dir);
	strv_sort(confs);
	return 0;
}

static int search(const char *dir, struct located *into, struct fault *fault)
{
	struct strv confs A_CLEANUP(strv_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0}, seen A_CLEANUP(buf_free) = {0};
	const char *prefix = strcmp(dir, ".") ? dir : "";
	const char *slash = *prefix && !(prefix[0] == '/' && !prefix[1]) ? "/" : "";

	buf_printf(&path, "%s%smirari.yml", prefix, slash);
	if (access(buf_str(&path), F_OK) == 0)
		return place(buf_str(&path), into, fault);
	if (list_confs(dir, &confs, fault) < 0)
		return -1;
	if (confs.count == 1) {
		buf_clear(&path);
		buf_printf(&path, "%s%s%s", prefix, slash, confs.items[0]);
		return place(buf_str(&path), into, fault);
	}
	for (size_t i = 0; i < confs.count; i++)
		buf_printf(&seen, "%s%s", i ? ", " : "", confs.items[i]);
	if (confs.count) {
		fault_set(fault, EX_DATAERR, "%s: no mirari.yml, and more than one *.conf: %s", dir,
		    buf_str(&seen));
		return fault_hint(
		    fault, "name the one that is meant: mirari-parse %s", confs.items[0]);
	}
	fault_set(fault, EX_DATAERR, "%s: no configuration: neither mirari.yml nor a *.conf", dir);
	return fault_hint(fault, "mirari init makes one");
}

int locate_config(const char *file, struct located *into, struct fault *fault)
{
	struct stat st;

	if (!file)
		return search(".", into, fault);
	if (!strcmp(file, "-")) {
		into->is_stdin = true;
		buf_adds(&into->shown, "standard input");
		return absolute_dir(".", into, fault);
	}
	if (stat(file, &st) < 0)
		return fault_errno(
		    fault, errno == EACCES ? EX_NOPERM : EX_DATAERR, errno, "%s", file);
	if (S_ISDIR(st.st_mode))
		return search(file, into, fault);
	if (S_ISFIFO(st.st_mode)) {
		/* <(command): what comes through a pipe belongs here, not to the pipe's directory
		 */
		buf_adds(&into->path, file);
		buf_adds(&into->shown, file);
		into->is_conf = ends_with(file, ".conf");
		return absolute_dir(".", into, fault);
	}
	return place(file, into, fault);
}
