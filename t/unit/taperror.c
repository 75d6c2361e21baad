/* What is said of the kernel's errors, and that mirari-tap(1) says the same. */
#include "host/taperror.h"

#include "core/fault.h"
#include "core/fd.h"
#include "core/strset.h"
#include "core/strv.h"
#include "tap.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>

static struct fault fault;

/* ---- one fault --------------------------------------------------------------------------------*/

static void is_fault(const struct tap_about *about, int error, const char *kernel, int status,
    const char *text, const char *hint)
{
	is_int(tap_fault(about, error, kernel, &fault), -1, "%s", text);
	is_int(fault.status, status, "its status");
	is_str(fault.text, text, "its text");
	is_str(fault.hint, hint, "its command");
}

static void test_placeholders(void)
{
	const struct tap_about address = {TAP_ADDRESS, "tap0", "fd00::1/64"};
	const struct tap_about port = {TAP_PORT, "tap0", "br0"}, own = {TAP_OWN, "tap0", NULL};
	const struct tap_about named = {TAP_DELETE, "DETAIL", "by NAME (7)"};

	is_fault(&address, EOPNOTSUPP, NULL, EX_UNAVAILABLE,
	    "tap0: the kernel has no IPv6, so fd00::1/64 can't be set",
	    "leave the IPv6 address out");
	is_fault(&port, EOPNOTSUPP, NULL, EX_DATAERR,
	    "tap0: it can't go into br0, which is no bridge",
	    "ip -d link show br0; choose another bridge: ip link show type bridge");
	is_fault(&port, EBUSY, NULL, EX_CANTCREAT,
	    "tap0: it can't go into br0: it is in another one", "sudo ip link set tap0 nomaster");
	is_fault(&own, EINVAL, NULL, EX_DATAERR, "tap0: ? is unknown in this user namespace",
	    "cat /proc/self/uid_map /proc/self/gid_map shows who is known");
	is_fault(&named, EBUSY, NULL, EX_TEMPFAIL, "DETAIL: it is in use: by NAME (7)",
	    "end that program first, or: mirari-tap down --force DETAIL");
}

static void test_kernel_text(void)
{
	const struct tap_about attach = {TAP_ATTACH, "tap0", NULL};

	is_fault(&attach, EBADFD, "its own words", EX_TEMPFAIL,
	    "tap0: it is going away (its own words)", "try again");
	is_fault(&attach, EBADFD, "", EX_TEMPFAIL, "tap0: it is going away", "try again");
}

static void test_unknown(void)
{
	const struct tap_about persist = {TAP_PERSIST, "tap0", NULL};
	const struct tap_about address = {TAP_ADDRESS, "tap0", "10.0.0.1/24"};

	is_fault(&persist, EIO, NULL, EX_OSERR, "tap0: make it stay: Input/output error", "");
	is_fault(&address, EIO, NULL, EX_OSERR,
	    "tap0: set its address 10.0.0.1/24: Input/output error", "");
	is_fault(&address, EIO, "its own words", EX_OSERR,
	    "tap0: set its address 10.0.0.1/24: its own words: Input/output error", "");
}

/* ---- the page ---------------------------------------------------------------------------------*/

/* The next line of a text, without its end; false behind the last. */
static bool next_line(const char **text, struct buf *line)
{
	size_t length = strcspn(*text, "\n");

	buf_clear(line);
	if (!**text)
		return false;
	buf_add(line, *text, length);
	*text += length + ((*text)[length] == '\n');
	return true;
}

static bool begins(const struct buf *line, const char *with)
{
	return !strncmp(buf_str(line), with, strlen(with));
}

/* The section DIAGNOSTICS as tap_faults_list has it. An entry is
 *
 *     .It Er ERRNO
 *     SENTENCE
 *     .Bd -filled -offset indent -compact
 *     COMMAND
 *     .Ed
 *
 * below ".Ss STEP", whose first letter is a capital there. */
static void read_entry(
    const char **text, const struct buf *step, const char *error, struct strv *entries)
{
	struct buf sentence A_CLEANUP(buf_free) = {0}, command A_CLEANUP(buf_free) = {0};
	struct buf begin A_CLEANUP(buf_free) = {0}, end A_CLEANUP(buf_free) = {0};

	ok(next_line(text, &sentence) && next_line(text, &begin) && next_line(text, &command) &&
		next_line(text, &end) &&
		!strcmp(buf_str(&begin), ".Bd -filled -offset indent -compact") &&
		!strcmp(buf_str(&end), ".Ed"),
	    "%s, %s: five lines", buf_str(step), error);
	strv_addf(
	    entries, "%s\t%s\t%s\t%s", buf_str(step), error, buf_str(&sentence), buf_str(&command));
}

static void read_page(const char *text, struct strv *entries)
{
	struct buf line A_CLEANUP(buf_free) = {0}, step A_CLEANUP(buf_free) = {0};
	bool inside = false;

	while (next_line(&text, &line)) {
		if (begins(&line, ".Sh "))
			inside = !strcmp(buf_str(&line), ".Sh DIAGNOSTICS");
		if (inside && begins(&line, ".Ss ")) {
			buf_clear(&step);
			buf_addc(&step, (char)tolower((unsigned char)buf_str(&line)[4]));
			buf_adds(&step, buf_str(&line) + 5);
		}
		if (inside && begins(&line, ".It Er ")) {
			struct buf error A_CLEANUP(buf_free) = {0};

			buf_adds(&error, buf_str(&line) + strlen(".It Er "));
			read_entry(&text, &step, buf_str(&error), entries);
		}
	}
}

static int read_all(struct strv *page, struct strv *table)
{
	char path[PATH_MAX];
	const char *slash = strrchr(__FILE__, '/'), *text;
	struct buf source A_CLEANUP(buf_free) = {0}, list A_CLEANUP(buf_free) = {0};
	struct buf line A_CLEANUP(buf_free) = {0};

	snprintf(path, sizeof path, "%.*s/../../man/mirari-tap.1",
	    slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".");
	if (!ok(file_read(path, EX_NOINPUT, &source, &fault) == 0, "%s is read", path))
		return -1;
	read_page(buf_str(&source), page);
	tap_faults_list(&list);
	for (text = buf_str(&list); next_line(&text, &line);)
		strv_add(table, buf_str(&line));
	return 0;
}

static void test_page(void)
{
	struct strv page A_CLEANUP(strv_free) = {0}, table A_CLEANUP(strv_free) = {0};
	struct strset seen A_CLEANUP(strset_free) = {0};

	if (read_all(&page, &table) < 0)
		return;
	ok(table.count > 30, "there are entries");
	for (size_t i = 0; i < table.count; i++) {
		const char *entry = table.items[i], *tab = strchr(entry, '\t');
		struct buf key A_CLEANUP(buf_free) = {0};
		uint32_t other = (uint32_t)i;

		ok(strv_has(&page, entry), "the page has: %s", entry);
		buf_add(&key, entry, (size_t)(strchr(tab + 1, '\t') - entry));
		ok(strset_add(&seen, buf_str(&key), &other), "and the table has it once");
	}
	for (size_t i = 0; i < page.count; i++)
		ok(strv_has(&table, page.items[i]), "the table has: %s", page.items[i]);
	is_int((long long)page.count, (long long)table.count, "each is in the page once");
}

int main(void)
{
	test_placeholders();
	test_kernel_text();
	test_unknown();
	test_page();
	return tap_end();
}
