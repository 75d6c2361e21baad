#include "host/logfiles.h"

#include "core/fd.h"
#include "core/num.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

void logfiles_name(const char *name, unsigned number, struct buf *into)
{
	buf_clear(into);
	buf_adds(into, name);
	if (number)
		buf_printf(into, ".%u", number);
}

static bool is_there(int dir, const char *name, unsigned number)
{
	struct buf file A_CLEANUP(buf_free) = {0};

	logfiles_name(name, number, &file);
	return faccessat(dir, buf_str(&file), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Those from a number on, as far as there are any. */
static int remove_from(int dir, const char *name, unsigned number, struct fault *fault)
{
	struct buf file A_CLEANUP(buf_free) = {0};

	for (;; number++) {
		logfiles_name(name, number, &file);
		if (unlinkat(dir, buf_str(&file), 0) == 0)
			continue;
		if (errno == ENOENT)
			return 0;
		return fault_errno(fault, EX_CANTCREAT, errno, "remove %s", buf_str(&file));
	}
}

static int rename_one(int dir, const char *name, unsigned number, struct fault *fault)
{
	struct buf from A_CLEANUP(buf_free) = {0}, to A_CLEANUP(buf_free) = {0};

	logfiles_name(name, number, &from);
	logfiles_name(name, number + 1, &to);
	if (renameat(dir, buf_str(&from), dir, buf_str(&to)) == 0 || errno == ENOENT)
		return 0;
	return fault_errno(
	    fault, EX_CANTCREAT, errno, "rename %s to %s", buf_str(&from), buf_str(&to));
}

int logfiles_shift(int dir, const char *name, unsigned files, struct fault *fault)
{
	unsigned last = files > 1 ? files - 1 : 0, number = 0;

	while (number < last && is_there(dir, name, number))
		number++;
	if (number == last && remove_from(dir, name, last, fault) < 0)
		return -1;
	for (; number > 0; number--)
		if (rename_one(dir, name, number - 1, fault) < 0)
			return -1;
	return 0;
}

static bool is_one(const char *name, const char *file)
{
	size_t length = strlen(name);
	uint64_t ignored;

	return !strncmp(file, name, length) &&
	       (!file[length] || (file[length] == '.' && num_parse(file + length + 1, 0, UINT64_MAX,
							     &ignored) == NUM_OK));
}

int logfiles_remove(int dir, const char *name, struct fault *fault)
{
	DIR *list A_CLEANUP(dir_close) = dir_open(dir, ".");
	struct dirent *entry;
	int result = 0;

	if (!list)
		return fault_errno(fault, 0, errno, "look for %s", name);
	while ((entry = readdir(list)))
		if (is_one(name, entry->d_name) && unlinkat(dir, entry->d_name, 0) < 0 &&
		    errno != ENOENT)
			result = fault_errno(fault, 0, errno, "remove %s", entry->d_name);
	return result;
}
