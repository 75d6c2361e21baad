#include "model/attach.h"

#include "tap.h"

static struct fault fault;

static struct image image_with(const char *nets, const char *blocks)
{
	struct image image = {.target = "hvt"};

	for (int type = 0; type < 2; type++) {
		const char *next = type ? blocks : nets;

		while (*next) {
			struct image_device *d = &image.devices[image.device_count++];
			size_t length = strcspn(next, " ");

			memcpy(d->name, next, length);
			d->type = type ? DEVICE_BLOCK_BASIC : DEVICE_NET_BASIC;
			next += length + strspn(next + length, " ");
		}
	}
	return image;
}

/* `keys`: those of the record, with blanks between them. */
static int check(const struct image *image, const char *keys)
{
	struct rec record A_CLEANUP(rec_free) = {0};
	struct fault ignored;

	while (*keys) {
		char key[200] = "";
		size_t length = strcspn(keys, " ");

		memcpy(key, keys, length);
		if (rec_add(&record, key, "x", &ignored) < 0)
			return -2;
		keys += length + strspn(keys + length, " ");
	}
	memset(&fault, 0, sizeof fault);
	return attach_check(image, "x.hvt", &record, &fault);
}

static void fits(const char *nets, const char *blocks, const char *keys)
{
	struct image image = image_with(nets, blocks);

	ok(check(&image, keys) == 0, "[%s] [%s] fits %s", nets, blocks, keys);
}

static void refused(
    const char *nets, const char *blocks, const char *keys, const char *text, const char *hint)
{
	struct image image = image_with(nets, blocks);

	ok(check(&image, keys) == -1 && fault.status == EX_DATAERR, "[%s] [%s] doesn't fit %s",
	    nets, blocks, keys);
	is_str(fault.text, text, "what is wrong");
	is_str(fault.hint, hint, "what to do");
}

static void test_many(void)
{
	struct image image = {.target = "hvt"};

	for (int i = 0; i < IMAGE_DEVICES_MAX; i++) {
		snprintf(image.devices[i].name, sizeof image.devices[i].name, "%067d", i);
		image.devices[i].type = DEVICE_NET_BASIC;
	}
	image.device_count = IMAGE_DEVICES_MAX;
	ok(check(&image, "") == -1, "63 devices, and none is given");
	ok(strstr(fault.text, " and 55 more; it is given none: nothing for 0") ||
		strstr(fault.text, "..."),
	    "are not all told");
}

int main(void)
{
	fits("", "", "");
	fits("", "", "name memory netx.y blockade.z net block");
	fits("service", "", "net.service.tap");
	fits("service", "", "net.service.tap net.service.mac net.service.host");
	fits("service second", "data", "block.data.path net.second.tap net.service.tap");
	fits("x", "x", "net.x.tap block.x.path");
	refused("service", "data", "net.service.tap block.disk.path",
	    "x.hvt has the devices service (NET_BASIC), data (BLOCK_BASIC); it is given net "
	    "service, "
	    "block disk: nothing for data, nobody wants disk",
	    "--set block.data.path=FILE, and block.data.size=64M if it is to be made");
	refused("service", "", "",
	    "x.hvt has the devices service (NET_BASIC); it is given none: "
	    "nothing for service",
	    "--set net.service.tap=TAP, for each that is missing");
	refused("", "", "net.service.tap",
	    "x.hvt has no devices; it is given net service: nobody wants service",
	    "leave it out: service");
	refused("service", "", "net.serv.tap",
	    "x.hvt has the devices service (NET_BASIC); it is given net serv: nothing for service, "
	    "nobody wants serv",
	    "--set net.service.tap=TAP, for each that is missing");
	refused("service", "", "net.services.tap",
	    "x.hvt has the devices service (NET_BASIC); it is given net services: nothing for "
	    "service, nobody wants services",
	    "--set net.service.tap=TAP, for each that is missing");
	refused("data", "", "block.data.path",
	    "x.hvt has the devices data (NET_BASIC); it is given block data: nothing for data, "
	    "nobody "
	    "wants data",
	    "--set net.data.tap=TAP, for each that is missing");
	refused("a", "", "net.a.tap net.b.tap net.b.mac block.c.path net.b.host",
	    "x.hvt has the devices a (NET_BASIC); it is given net a, net b, block c: nobody wants "
	    "b, "
	    "c",
	    "leave it out: b, c");
	test_many();
	return tap_end();
}
