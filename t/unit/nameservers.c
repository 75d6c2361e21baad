#include "host/nameservers.h"

#include "core/attr.h"
#include "scratch.h"
#include "tap.h"

#include <arpa/inet.h>

/* The addresses with blanks between them. */
static const char *read_both(void)
{
	static const char *const files[] = {"first", "second", NULL};
	static char text[NAMESERVERS_MAX * INET_ADDRSTRLEN + 1];
	struct in_addr found[NAMESERVERS_MAX];
	size_t count = nameservers_read(files, found);

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
		    inet_ntoa(found[i]));
	return text;
}

static const char *read_text(const char *text)
{
	scratch_put("first", 0644, text);
	return read_both();
}

static void test_lines(void)
{
	is_str(read_text("nameserver 9.9.9.9\n"), "9.9.9.9", "one");
	is_str(read_text("nameserver 9.9.9.9"), "9.9.9.9", "without a newline");
	is_str(read_text("# of the network\n\nsearch example.org\nnameserver\t 9.9.9.9 \n"
			 "options edns0\nnameserver 1.1.1.1\r\nnameserver 8.8.8.8 # a word\n"),
	    "9.9.9.9 1.1.1.1 8.8.8.8", "among others, with blanks and words behind");
	is_str(read_text("nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.1\n"
			 "nameserver 1.1.1.3\nnameserver 1.1.1.4\n"),
	    "1.1.1.1 1.1.1.2 1.1.1.3", "the first three, none twice");
	is_str(read_text("nameserver 127.0.0.53\nnameserver 127.1.2.3\nnameserver ::1\n"
			 "nameserver 2620:fe::fe\nnameserver 0.0.0.0\nnameserver 0.1.2.3\n"
			 "nameserver 224.0.0.251\nnameserver 255.255.255.255\n"
			 "nameserver 10.0.0.53\n"),
	    "10.0.0.53", "what no guest could reach is left out");
	is_str(read_text(" nameserver 1.1.1.1\n#nameserver 1.1.1.1\nnameserver1.1.1.1\n"
			 "nameserver\nnameserver \nnameserver:1.1.1.1\nnameserver 1.1.1\n"
			 "nameserver 1.1.1.256\nnameserver 1.1.1.1.1\nnameserver 1.1.1.1x\n"
			 "nameserver 111.111.111.1111\nnameserve"),
	    "", "what isn't well-formed, too");
}

static void test_files(void)
{
	static const char *const none[] = {NULL};
	struct in_addr found[NAMESERVERS_MAX];

	scratch_put("first", 0644, "nameserver 9.9.9.9\n");
	scratch_put("second", 0644, "nameserver 1.1.1.1\n");
	is_str(read_both(), "9.9.9.9", "the first file that has one");
	scratch_put("first", 0644, "nameserver 127.0.0.53\n");
	is_str(read_both(), "1.1.1.1", "the second, where the first has none");
	scratch_need(unlink("first") == 0, "unlink");
	is_str(read_both(), "1.1.1.1", "or isn't there");
	scratch_need(mkdir("first", 0755) == 0, "mkdir");
	is_str(read_both(), "1.1.1.1", "or is none");
	scratch_need(unlink("second") == 0, "unlink");
	is_str(read_both(), "", "none at all");
	is_int((long long)nameservers_read(none, found), 0, "no file at all");
	is_str(nameservers_files[0], "/run/systemd/resolve/resolv.conf", "resolved's real servers");
	is_str(nameservers_files[1], "/etc/resolv.conf", "before what may be its stub");
	ok(!nameservers_files[2], "and no more");
}

int main(void)
{
	char dir[PATH_MAX];

	scratch_enter(dir);
	test_lines();
	test_files();
	scratch_leave(dir);
	return tap_end();
}
