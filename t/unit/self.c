#include "core/self.h"

#include "tap.h"

#include <limits.h>
#include <unistd.h>

static struct fault fault;
static char here[PATH_MAX]; /* where this program is */

static void test_dir(void)
{
	struct buf b A_CLEANUP(buf_free) = {0};

	buf_adds(&b, "at:");
	is_int(self_dir(&b, &fault), 0, "our own directory");
	ok(!strncmp(buf_str(&b), "at:/", 4), "is an absolute path, appended");
	is_str(buf_str(&b) + 3, here, "that of the executable");
}

static void test_share(void)
{
	struct buf b A_CLEANUP(buf_free) = {0}, want A_CLEANUP(buf_free) = {0};

	setenv("MIRARI_SHARE", "/some where", 1);
	is_int(self_share(&b, &fault), 0, "the shared files");
	is_str(buf_str(&b), "/some where", "are where MIRARI_SHARE says");
	buf_printf(&want, "%s/../share/mirari", here);
	setenv("MIRARI_SHARE", "", 1);
	buf_clear(&b);
	is_int(self_share(&b, &fault), 0, "with an empty one");
	is_str(buf_str(&b), buf_str(&want), "beside the executable");
	unsetenv("MIRARI_SHARE");
	buf_clear(&b);
	is_int(self_share(&b, &fault), 0, "and with none");
	is_str(buf_str(&b), buf_str(&want), "as well");
}

static void first_in_path(const char *before, const char *behind)
{
	struct buf b A_CLEANUP(buf_free) = {0};

	buf_printf(&b, "%s%s", here, behind);
	if (before)
		setenv("PATH", before, 1);
	else
		unsetenv("PATH");
	is_int(self_first_in_path(&fault), 0, "PATH was '%s'", before ? before : "(not set)");
	is_str(getenv("PATH"), buf_str(&b), "now we are first in it");
	is_int(self_first_in_path(&fault), 0, "and once more");
	is_str(getenv("PATH"), buf_str(&b), "it stays so");
}

static void test_path(void)
{
	char longer[PATH_MAX + 10];

	first_in_path("/bin:/usr/bin", ":/bin:/usr/bin");
	first_in_path("", "");
	first_in_path(here, "");
	/* a directory that only begins as ours does */
	snprintf(longer, sizeof longer, ":%s2:/bin", here);
	first_in_path(longer + 1, longer);
	first_in_path(NULL, ":/bin:/usr/bin");
}

int main(void)
{
	ssize_t length = readlink("/proc/self/exe", here, sizeof here - 1);

	if (length > 0)
		*strrchr(here, '/') = '\0';
	test_dir();
	test_share();
	test_path();
	return tap_end();
}
