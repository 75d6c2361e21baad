#include "host/buildtree.h"

#include "core/buf.h"
#include "core/strv.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>

static struct fault fault;
static char here[PATH_MAX];

static void make_dirs(const char *path)
{
	memset(&fault, 0, sizeof fault);
	scratch_need(project_make(here, path, &fault) == 0, fault.text);
}

/* A file with its own path in it, and the directories above it. */
static void put(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash) {
		struct buf dir A_CLEANUP(buf_free) = {0};

		buf_add(&dir, path, (size_t)(slash - path));
		make_dirs(buf_str(&dir));
	}
	scratch_put(path, 0644, path);
}

static void point(const char *to, const char *path)
{
	scratch_need(symlink(to, path) == 0, path);
}

static void empty(void)
{
	scratch_leave(here);
	scratch_need(mkdir(here, 0755) == 0 && chdir(here) == 0, here);
}

/* The tree of `build_dir` brought up to date: the status of the fault, or 0. */
static int update_for(const char *build_dir, struct output *outputs, size_t count)
{
	struct project sources A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct project tree A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct buf path A_CLEANUP(buf_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	int before = scratch_open_count(), got, during;

	memset(&fault, 0, sizeof fault);
	make_dirs(build_dir);
	buf_printf(&path, "%s/%s", here, build_dir);
	scratch_need(project_open(&sources, here, false, &fault) == 0 &&
			 project_open(&tree, buf_str(&path), true, &fault) == 0 &&
			 project_compare(&tree, outputs, count, &fault) == 0,
	    fault.text);
	during = scratch_open_count();
	scratch_need(rec_add(&record, "build.dir", build_dir, &fault) == 0 &&
			 rec_add(&record, "artifact", "made", &fault) == 0,
	    fault.text);
	got = buildtree_update(&sources, &tree, &record, outputs, count, &fault);
	if (scratch_open_count() != during || during < before)
		ok(false, "a descriptor is left");
	return got < 0 ? fault.status : 0;
}

static int update(const char *build_dir)
{
	return update_for(build_dir, NULL, 0);
}

/* There is a link with this text, and it leads to the source. */
static void links(const char *path, const char *text, const char *source)
{
	char now[PATH_MAX], shown[64] = "";
	ssize_t length = readlink(path, now, sizeof now - 1);
	struct stat a, b;

	now[length < 0 ? 0 : length] = '\0';
	for (size_t i = 0; path[i] && i + 1 < sizeof shown; i++)
		shown[i] = (char)(path[i] < ' ' || path[i] > '~' ? '?' : path[i]);
	is_str(now, text, "%s", shown);
	if (source)
		ok(stat(path, &a) == 0 && stat(source, &b) == 0 && a.st_ino == b.st_ino,
		    "leads to its source");
}

static bool is_absent(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static void test_texts(void)
{
	empty();
	put("top.ml");
	put("a/one.ml");
	put("a/b/c/three.ml");
	is_int(update("_x"), 0, "a tree of one directory");
	links("_x/top.ml", "../top.ml", "top.ml");
	links("_x/a/one.ml", "../../a/one.ml", "a/one.ml");
	links("_x/a/b/c/three.ml", "../../../../a/b/c/three.ml", "a/b/c/three.ml");
	is_int(update("_build/xen"), 0, "one of two");
	links("_build/xen/top.ml", "../../top.ml", "top.ml");
	links("_build/xen/a/one.ml", "../../../a/one.ml", "a/one.ml");
	is_int(update("_build/p/q/r"), 0, "one of four");
	links(
	    "_build/p/q/r/a/b/c/three.ml", "../../../../../../../a/b/c/three.ml", "a/b/c/three.ml");
}

static void test_depth(void)
{
	struct buf path A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};
	struct buf in_tree A_CLEANUP(buf_free) = {0};

	empty();
	for (int i = 0; i < 64; i++)
		buf_adds(&path, "d/");
	buf_adds(&path, "f");
	put(buf_str(&path));
	is_int(update("_build/xen"), 0, "64 directories deep");
	buf_printf(&in_tree, "_build/xen/%s", buf_str(&path));
	for (int i = 0; i < 66; i++)
		buf_adds(&text, "../");
	buf_adds(&text, buf_str(&path));
	links(buf_str(&in_tree), buf_str(&text), buf_str(&path));
	is_int(update("_build/xen"), 0, "and again");

	buf_clear(&path);
	for (int i = 0; i < 65; i++)
		buf_adds(&path, "d/");
	buf_adds(&path, "f");
	put(buf_str(&path));
	is_int(update("_build/xen"), EX_DATAERR, "65 are too many");
	ok(strstr(fault.text, "more than 64 directories deep"), "which is said: %s", fault.text);
}

static void test_stale(void)
{
	empty();
	put("kept");
	put("gone");
	put("a/gone");
	put("a/b/gone");
	put("a/b/kept");
	is_int(update("_b/t"), 0, "a tree");
	ok(!is_absent("_b/t/gone") && !is_absent("_b/t/a/b/gone"), "with all links");
	scratch_need(!unlink("gone") && !unlink("a/gone") && !unlink("a/b/gone"), "unlink");
	/* what others have put there, some of it with the names of sources that are gone */
	scratch_put("_b/t/file", 0644, "built");
	point("../../elsewhere", "_b/t/other");
	point("../gone", "_b/t/nearly"); /* as a link, but not one for this place */
	point("../../kept", "_b/t/second");
	point("../../../gone2", "_b/t/a/gone2");
	is_int(update("_b/t"), 0, "sources that are gone");
	ok(is_absent("_b/t/gone") && is_absent("_b/t/a/gone") && is_absent("_b/t/a/b/gone"),
	    "have no links any more");
	links("_b/t/kept", "../../kept", "kept");
	links("_b/t/a/b/kept", "../../../../a/b/kept", "a/b/kept");
	ok(!is_absent("_b/t/file"), "what was built there stays");
	links("_b/t/other", "../../elsewhere", NULL);
	links("_b/t/nearly", "../gone", NULL);
	links("_b/t/second", "../../kept", NULL);
	links("_b/t/a/gone2", "../../../gone2", NULL);
}

/* What was built beside the sources is no source, whatever its name. */
static void test_artifact(void)
{
	empty();
	put("made");
	put("lib/made");
	is_int(update("_t"), 0, "an artifact among the sources");
	ok(is_absent("_t/made"), "isn't what the build writes to");
	links("_t/lib/made", "../../lib/made", "lib/made");
}

/* Nothing is written without the lock, as for a dry run. */
static void test_dry(void)
{
	struct project sources A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct project tree A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct output output = {.path = (char *)"main.ml"};
	struct rec record A_CLEANUP(rec_free) = {0};

	empty();
	put("main.ml");
	put("x");
	memset(&fault, 0, sizeof fault);
	scratch_need(rec_add(&record, "build.dir", "_t", &fault) == 0 &&
			 rec_add(&record, "artifact", "made", &fault) == 0 &&
			 project_open(&sources, here, false, &fault) == 0 &&
			 project_open(&tree, "_t", false, &fault) == 0,
	    fault.text);
	is_int(buildtree_update(&sources, &tree, &record, &output, 1, &fault), 0,
	    "a tree that isn't there and isn't to be");
	is_int(output.found, FILE_FOREIGN, "tells what would be in the way");
	ok(is_absent("_t"), "and is not made");
}

/* A name in the tree that something else has: it is left, as it may be what was built. */
static void test_taken(void)
{
	struct buf now A_CLEANUP(buf_free) = {0};

	empty();
	put("late");
	put("linked");
	make_dirs("_b/t");
	scratch_put("_b/t/late", 0644, "built");
	point("_build/x", "_b/t/linked");
	is_int(update("_b/t"), 0, "sources where something was built");
	ok(access("_b/t/late", F_OK) == 0 && readlink("_b/t/late", (char[1]){0}, 1) < 0,
	    "a file stays");
	links("_b/t/linked", "_build/x", NULL);
}

static void test_kinds_change(void)
{
	empty();
	put("x");
	put("y/in");
	put("z/deep/deeper/in");
	is_int(update("_b"), 0, "a file and directories");
	scratch_need(!unlink("x") && !unlink("y/in") && !rmdir("y"), "remove");
	scratch_need(!unlink("z/deep/deeper/in") && !rmdir("z/deep/deeper") && !rmdir("z/deep") &&
			 !rmdir("z"),
	    "remove");
	put("x/in");
	put("y");
	put("z");
	is_int(update("_b"), 0, "each is the other now");
	links("_b/x/in", "../../x/in", "x/in");
	links("_b/y", "../y", "y");
	links("_b/z", "../z", "z");
	scratch_need(!unlink("x/in") && !rmdir("x") && !unlink("y"), "remove");
	put("x");
	put("y/in");
	is_int(update("_b"), 0, "and back");
	links("_b/x", "../x", "x");
	links("_b/y/in", "../../y/in", "y/in");
}

static void test_source_links(void)
{
	empty();
	put("real/file");
	point("real", "dir");
	point("real/file", "file");
	point("nowhere", "dangling");
	point(".", "circle");
	is_int(update("_b"), 0, "sources that are links");
	links("_b/dir", "../dir", "real");
	links("_b/file", "../file", "real/file");
	links("_b/dangling", "../dangling", NULL);
	links("_b/circle", "../circle", ".");
	scratch_need(unlink("dir") == 0, "unlink");
	put("dir/own");
	is_int(update("_b"), 0, "a link becomes a directory");
	links("_b/dir/own", "../../dir/own", "dir/own");
	ok(is_absent("real/own"), "and nothing was put into what it led to");
}

static void test_no_sources(void)
{
	static const char *const others[] = {".hidden", ".git/x", "a/.hidden", "_build/x",
	    "_opam/x", "a/_build/x", "a/_opam/x", "dist/x", "x.cmi", "x.cmo", "x.cmx", "x.cma",
	    "x.cmxa", "x.cmxs", "x.cmt", "x.cmti", "x.o", "a/x.cmi", "a/x.o"};
	static const char *const sources[] = {"dist.ml", "a/dist/x", "x.obj", "x.c", "x.cmake",
	    "x.cmd", "o", "cmi", "x.a.b", "_tags", "a.cmi.ml", "x."};
	struct buf path A_CLEANUP(buf_free) = {0};

	empty();
	for (size_t i = 0; i < COUNT_OF(others); i++)
		put(others[i]);
	for (size_t i = 0; i < COUNT_OF(sources); i++)
		put(sources[i]);
	scratch_need(mkfifo("fifo", 0644) == 0, "mkfifo");
	point("_build/default/main.native", "mir-x");
	point("dist/build/x/x", "other");
	is_int(update("_t"), 0, "files of all kinds");
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		buf_clear(&path);
		buf_printf(&path, "_t/%s", others[i]);
		ok(is_absent(buf_str(&path)), "not in the tree: %s", others[i]);
	}
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		buf_clear(&path);
		buf_printf(&path, "_t/%s", sources[i]);
		ok(!is_absent(buf_str(&path)), "in the tree: %s", sources[i]);
	}
	ok(is_absent("_t/fifo"), "not in the tree: a FIFO");
	ok(is_absent("_t/mir-x") && is_absent("_t/other"), "nor links to what was built");
}

static void test_itself(void)
{
	static const char *const dirs[] = {"_t", "_t2/deep", "_build/xen"};
	struct buf path A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		empty();
		put("x");
		for (int n = 0; n < 3; n++)
			is_int(update(dirs[i]), 0, "%s, again", dirs[i]);
		buf_clear(&path);
		buf_printf(&path, "%s/%.*s", dirs[i], (int)strcspn(dirs[i], "/"), dirs[i]);
		ok(is_absent(buf_str(&path)), "there is no %s", buf_str(&path));
	}
}

/* Writes generated files of these names beside the sources. */
static void generate(const char *first, const char *second)
{
	struct project p A_CLEANUP(project_close) = {.dir = -1, .lock = -1};
	struct output outputs[2] = {{.path = (char *)first}, {.path = (char *)second}};
	struct strv stale A_CLEANUP(strv_free) = {0};

	buf_adds(&outputs[0].bytes, "generated");
	buf_adds(&outputs[1].bytes, "generated too");
	scratch_need(project_open(&p, here, true, &fault) == 0 &&
			 project_compare(&p, outputs, 2, &fault) == 0 &&
			 project_publish(&p, outputs, 2, &stale, &fault) == 0,
	    fault.text);
	buf_free(&outputs[0].bytes);
	buf_free(&outputs[1].bytes);
}

static void test_generated(void)
{
	struct output outputs[] = {{.path = (char *)"main.ml"}, {.path = (char *)"Makefile"},
	    {.path = (char *)"fresh.ml"}, {.path = (char *)"dune"}};

	empty();
	generate("main.ml", "old.ml");
	put("Makefile"); /* a person's */
	put("lib/main.ml");
	point("elsewhere", "dune");
	is_int(update_for("_t", outputs, COUNT_OF(outputs)), 0, "what is to be generated");
	ok(is_absent("_t/main.ml"), "no link to a generated file");
	ok(is_absent("_t/old.ml"), "be it one that isn't generated for this target");
	is_int(outputs[0].found, FILE_ABSENT, "it can be written");
	is_int(outputs[1].found, FILE_FOREIGN, "a source in its place can't be replaced");
	ok(is_absent("_t/Makefile"), "and isn't linked");
	is_int(outputs[2].found, FILE_ABSENT, "one that nobody has can be written");
	is_int(outputs[3].found, FILE_FOREIGN, "a link is a source too");
	links("_t/lib/main.ml", "../../lib/main.ml", "lib/main.ml");

	/* somebody edits what was generated */
	scratch_put("old.ml", 0644, "edited");
	scratch_put("main.ml", 0644, "edited");
	is_int(update_for("_t", outputs, COUNT_OF(outputs)), 0, "once they are edited");
	is_int(outputs[0].found, FILE_FOREIGN, "it is a person's, and in the way");
	links("_t/old.ml", "../old.ml", "old.ml");
	/* and generates it again */
	empty();
	put("main.ml");
	is_int(update("_t"), 0, "a source");
	links("_t/main.ml", "../main.ml", "main.ml");
	is_int(update_for("_t", outputs, 1), 0, "whose place is wanted now");
	ok(is_absent("_t/main.ml"), "has no link any more");
	is_int(outputs[0].found, FILE_FOREIGN, "but is in the way");
	scratch_need(unlink("main.ml") == 0, "unlink");
	is_int(update_for("_t", outputs, 1), 0, "until it is gone");
	is_int(outputs[0].found, FILE_ABSENT, "then it can be written");
}

static void test_names(void)
{
	static const char *const names[] = {
	    "two\nlines", "\xff\xfe", " ", "a  b", "-rf", "*", "\"'\\", "..x", "x.."};
	struct buf path A_CLEANUP(buf_free) = {0}, text A_CLEANUP(buf_free) = {0};

	empty();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i][0] != '.')
			put(names[i]);
	is_int(update("_t x"), 0, "names of any bytes");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		buf_clear(&path);
		buf_clear(&text);
		buf_printf(&path, "_t x/%s", names[i]);
		buf_printf(&text, "../%s", names[i]);
		if (names[i][0] == '.')
			ok(is_absent(buf_str(&path)), "hidden");
		else
			links(buf_str(&path), buf_str(&text), names[i]);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i][0] != '.')
			scratch_need(unlink(names[i]) == 0, names[i]);
	is_int(update("_t x"), 0, "gone");
	ok(rmdir("_t x/.mirari") == 0 && rmdir("_t x") == 0, "their links are gone too");
}

/* Permissions count for root too, once it has no capabilities. */
static int update_unprivileged(const void *data)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	(void)data;
	return syscall(SYS_capset, &header, none) < 0 ? 100 : update("_t");
}

static void test_unreadable(void)
{
	empty();
	put("locked/x");
	scratch_need(chmod("locked", 0) == 0, "chmod");
	is_int(scratch_child(update_unprivileged, NULL), EX_NOPERM,
	    "a directory that may not be read is a fault");
	scratch_need(chmod("locked", 0755) == 0, "chmod");
}

int main(void)
{
	scratch_enter(here);
	test_texts();
	test_depth();
	test_stale();
	test_artifact();
	test_dry();
	test_taken();
	test_kinds_change();
	test_source_links();
	test_no_sources();
	test_itself();
	test_generated();
	test_names();
	test_unreadable();
	scratch_leave(here);
	return tap_end();
}
