#include "host/cgroup.h"

#include "core/fd.h"

#include <string.h>

enum { TABLE_MAX = 1 << 20 };

/* A field of /proc/self/mountinfo, with its \ooo undone (proc(5)). */
static void unescape(const char *text, size_t length, struct buf *into)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 3 < length && strspn(text + i + 1, "01234567") >= 3) {
			buf_addc(into, (char)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
					      (text[i + 3] - '0')));
			i += 3;
		} else {
			buf_addc(into, text[i]);
		}
	}
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG…] - TYPE …: the group that is shown at POINT is
 * ROOT. True when the line is of a file system of version 2. */
static bool take_mount(const char *line, struct buf *root, struct buf *point)
{
	const char *type = strstr(line, " - ");

	if (!type || strncmp(type, " - cgroup2 ", strlen(" - cgroup2 ")))
		return false;
	for (int field = 0; field < 5 && line < type; field++) {
		size_t length = strcspn(line, " ");

		if (field == 3)
			unescape(line, length, root);
		else if (field == 4)
			unescape(line, length, point);
		line += length + 1;
	}
	return root->length && point->length;
}

/* What comes behind ROOT in the path; NULL when it isn't below it. */
static const char *below(const char *path, const char *root)
{
	size_t length = strlen(root);

	if (!strcmp(root, "/"))
		return !strncmp(path, "/..", 3) ? NULL : path;
	if (strncmp(path, root, length) || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

static bool find_mount(char *mounts, const char *group, struct buf *path)
{
	for (char *next, *line = mounts; (next = strchr(line, '\n')); line = next + 1) {
		struct buf root A_CLEANUP(buf_free) = {0}, point A_CLEANUP(buf_free) = {0};
		const char *rest;

		*next = '\0';
		if (!take_mount(line, &root, &point) || !(rest = below(group, buf_str(&root))))
			continue;
		buf_printf(path, "%s%s", buf_str(&point), strcmp(rest, "/") ? rest : "");
		return true;
	}
	return false;
}

/* Without the group that cgroup_make has moved us into. */
static void leave_beside(struct buf *path)
{
	static const char beside[] = "/" CGROUP_BESIDE;
	size_t length = strlen(beside);

	if (path->length > length && !strcmp(path->bytes + path->length - length, beside)) {
		path->length -= length;
		path->bytes[path->length] = '\0';
	}
}

int cgroup_own(const struct cgroup_world *world, struct buf *path, struct fault *fault)
{
	struct buf self A_CLEANUP(buf_free) = {.max = TABLE_MAX};
	struct buf mounts A_CLEANUP(buf_free) = {.max = TABLE_MAX};
	char *group = NULL;

	if (file_read(world->self, EX_UNAVAILABLE, &self, fault) < 0 ||
	    file_read(world->mounts, EX_UNAVAILABLE, &mounts, fault) < 0)
		return -1;
	/* that of version 2 is hierarchy 0 without controllers */
	for (char *line = self.length ? self.bytes : NULL; line && *line;) {
		char *next = strchr(line, '\n');

		if (!strncmp(line, "0::/", 4))
			group = line + 3;
		line = next ? next + 1 : NULL;
	}
	if (group)
		group[strcspn(group, "\n")] = '\0';
	if (!group || !mounts.length || !find_mount(mounts.bytes, group, path)) {
		fault_set(fault, EX_UNAVAILABLE, "no control group of version 2: %s",
		    group ? "no file system of type cgroup2 "
			    "shows ours"
			  : "the kernel has only version 1");
		return fault_hint(fault, "mount -t cgroup2 none /sys/fs/cgroup (cgroups(7)); only "
					 "--cpuset works without");
	}
	leave_beside(path);
	return 0;
}
