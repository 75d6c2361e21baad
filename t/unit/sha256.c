/* SHA-256 of files: FIPS 180-4's examples, and all of a long one wherever its offset is. */
#include "host/sha256.h"

#include "scratch.h"
#include "tap.h"

static void is_sum(const char *bytes, size_t length, const char *want, const char *what)
{
	int fd = scratch_input(bytes, length);
	char hex[SHA256_HEX + 1] = "";
	struct fault fault;
	uint64_t size = 1;

	scratch_need(lseek(fd, (off_t)length / 2, SEEK_SET) >= 0, "lseek");
	is_int(sha256_file(fd, "input", hex, &size, &fault), 0, "%s", what);
	is_str(hex, want, "its sum");
	is_int((long long)size, (long long)length, "its size");
	is_int(lseek(fd, 0, SEEK_CUR), (long long)length / 2, "the offset is where it was");
	close(fd);
}

int main(void)
{
	char *million = malloc(3000000);
	char hex[SHA256_HEX + 1];
	struct fault fault;
	uint64_t size;
	int dir;

	scratch_need(million != NULL, "malloc");
	memset(million, 'a', 3000000);
	is_sum(
	    "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "nothing");
	is_sum("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc");
	is_sum(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
	    "a million times a");
	/* by sha256sum of coreutils */
	is_sum(million, 3000000, "2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4",
	    "three million");
	dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is_int(sha256_file(dir, "/", hex, &size, &fault), -1, "a directory can't be read");
	ok(strstr(fault.text, "read /: Is a directory") != NULL, "%s", fault.text);
	close(dir);
	free(million);
	return tap_end();
}
