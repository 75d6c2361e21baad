#include "core/mem.h"

#include "scratch.h"
#include "tap.h"

#include <stdint.h>
#include <sysexits.h>

/* A failed allocation is NULL there too, not an error of the sanitizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void test_allocating(void)
{
	char *memory = mem_resize(NULL, 3, 1000);
	bool zero = true, same = true;

	memset(memory, 7, 3000);
	memory = mem_resize(memory, 100, 1000);
	for (size_t i = 0; i < 3000; i++)
		same = same && memory[i] == 7;
	ok(same, "mem_resize keeps what was there");
	free(memory);
	memory = mem_zeroed(1000, 3);
	for (size_t i = 0; i < 3000; i++)
		zero = zero && !memory[i];
	ok(zero, "mem_zeroed is zeroed");
	free(memory);
	memory = mem_resize(NULL, 0, 8);
	ok(memory != NULL, "no members are memory, too");
	memory = mem_resize(memory, 0, 8);
	ok(memory != NULL, "resizing to none doesn't free");
	free(memory);
	memory = mem_zeroed(0, 8);
	ok(memory != NULL, "none zeroed are memory, too");
	free(memory);
}

static void test_copy(void)
{
	char *copy = mem_copy("abc", 2);

	is_str(copy, "ab", "mem_copy ends the copy with a NUL");
	free(copy);
	copy = mem_copy("a\0b", 3);
	ok(!memcmp(copy, "a\0b", 4), "a NUL inside is copied");
	free(copy);
	copy = mem_copy(NULL, 0);
	is_str(copy, "", "nothing is an empty string");
	free(copy);
}

static int resize_too_much(const void *message)
{
	dup2(*(const int *)message, STDERR_FILENO);
	free(mem_resize(NULL, SIZE_MAX / 3, 16));
	return 0;
}

static int zero_too_much(const void *message)
{
	dup2(*(const int *)message, STDERR_FILENO);
	free(mem_zeroed(SIZE_MAX / 3, 16));
	return 0;
}

static void test_none(void)
{
	int message = scratch_input("", 0);
	char text[200] = "";

	is_int(scratch_child(resize_too_much, &message), EX_OSERR,
	    "mem_resize: a product that overflows ends the program");
	ok(pread(message, text, sizeof text - 1, 0) > 0 && strstr(text, "out of memory"),
	    "with a message");
	is_int(scratch_child(zero_too_much, &message), EX_OSERR,
	    "mem_zeroed: a product that overflows ends the program");
	close(message);
}

int main(void)
{
	test_allocating();
	test_copy();
	test_none();
	return tap_end();
}
