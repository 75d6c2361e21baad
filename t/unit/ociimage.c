#include "render/ociimage.h"

#include "tap.h"

/* The URL-safe alphabet and padding would both be seen here (RFC 4648, section 10). */
static void test_base64(void)
{
	static const char *const texts[][2] = {{"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	    {"\xc3\xbf>?", "w78+Pw=="}};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct ociimage o A_CLEANUP(ociimage_free) = {.hypervisor = "hvt"};
		struct buf json A_CLEANUP(buf_free) = {0}, want A_CLEANUP(buf_free) = {0};
		struct fault fault;

		strv_add(&o.arguments, texts[i][0]);
		buf_printf(&want, "cmdline\": \"%s\"", texts[i][1]);
		is_int(ociimage_urunc(&o, &json, &fault), 0, "urunc.json");
		ok(strstr(buf_str(&json), buf_str(&want)) != NULL, "%s", texts[i][1]);
	}
}

static void test_references(void)
{
	static const char *const good[] = {"www", "www:1", "registry.example:5000/a/www:1.0-x_y",
	    "localhost:5000/www", "docker.io/library/www:latest"};
	static const char *const bad[] = {"", "/www", "www/", "a//b", "www:", "a:b:c", "w ww",
	    "w\"w", "www\n", "-www", ":1", "www@sha256:00", "w\xc3\xa9", "${x}", "a/b:1:2"};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		is_str(ociimage_reference_problem(good[i]), NULL, "%s", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ok(ociimage_reference_problem(bad[i]) != NULL, "bad reference %zu", i);
}

static void test_names(void)
{
	static const char *const names[][2] = {{"www", "\"www\""}, {"Www_1.2+x", "\"www-1-2-x\""},
	    {"9", "\"9\""}, {"a-", "\"a\""}, {"no", "\"no\""}};
	struct image image = {
	    .boot = BOOT_SOLO5, .arch = "x86_64", .target = "hvt", .solo5 = "hvt"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct ociimage o A_CLEANUP(ociimage_free) = {0};
		struct rec record A_CLEANUP(rec_free) = {0};
		struct buf yaml A_CLEANUP(buf_free) = {0}, want A_CLEANUP(buf_free) = {0};
		struct fault fault;

		is_int(rec_add(&record, "name", names[i][0], &fault), 0, "%s", names[i][0]);
		is_int(ociimage_plan(&o, &image, "/x/y.z", &record, "r/x:1", &fault), 0, "planned");
		is_int(ociimage_deployment(&o, &record, &yaml, &fault), 0, "written");
		buf_printf(&want, "\n  name: %s\n", names[i][1]);
		ok(strstr(buf_str(&yaml), buf_str(&want)) != NULL, "is %s", names[i][1]);
	}
}

int main(void)
{
	test_base64();
	test_references();
	test_names();
	return tap_end();
}
