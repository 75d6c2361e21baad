#include "host/newfiles.h"

#include "core/fd.h"
#include "core/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_dir(int parent, const char *path, struct fault *fault)
{
	if (mkdirat(parent, path, 0777) < 0 && errno != EEXIST)
		return fault_errno(
		    fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno, "create %s", path);
	return 0;
}

/* Creates a file that must not be there. */
static int create(int dir, const char *file, const struct buf *bytes, struct fault *fault)
{
	const char *slash = strrchr(file, '/');
	struct buf parent A_CLEANUP(buf_free) = {0};
	int fd A_CLEANUP(fd_close) = -1;

	if (slash) {
		buf_add(&parent, file, (size_t)(slash - file));
		if (make_dir(dir, buf_str(&parent), fault) < 0)
			return -1;
	}
	fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return fault_errno(
		    fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno, "create %s", file);
	if (fd_write(fd, buf_str(bytes), bytes->length) < 0)
		return fault_errno(fault, EX_IOERR, errno, "write %s", file);
	return 0;
}

static void take_back(int dir, const char *const *files, size_t count)
{
	while (count-- > 0)
		(void)unlinkat(dir, files[count], 0); /* what failed before is what is told */
}

int newfiles_write(
    const char *dir, const char *const *files, const struct buf *texts, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = -1;

	if (make_dir(AT_FDCWD, dir, fault) < 0)
		return -1;
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fault_errno(fault, 0, errno, "%s", dir);
	for (size_t i = 0; files[i]; i++) {
		if (create(fd, files[i], &texts[i], fault) < 0) {
			take_back(fd, files, i);
			return -1;
		}
	}
	return 0;
}

void newfiles_show(
    const char *dir, const char *const *files, const struct buf *texts, struct buf *into)
{
	for (size_t i = 0; files[i]; i++) {
		struct buf path A_CLEANUP(buf_free) = {0}, parent A_CLEANUP(buf_free) = {0};

		buf_printf(&path, "%s/%s", dir, files[i]);
		buf_add(&parent, buf_str(&path),
		    (size_t)(strrchr(buf_str(&path), '/') - buf_str(&path)));
		buf_adds(into, "mkdir -p -- ");
		shell_word(into, buf_str(&parent));
		buf_adds(into, "\ncat >");
		shell_word(into, buf_str(&path));
		buf_printf(into, " <<'MIRARI'\n%sMIRARI\n", buf_str(&texts[i]));
	}
}
