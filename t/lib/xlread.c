/*
 * xlread FILE KEY...: what Xen's own reader (libxlutil) finds in an xl file. A text or number is
 * KEY=VALUE, each part of a list KEY[]=VALUE, a key that isn't there nothing; what stands in `disk`
 * is also read as one, to a line "VDEV ACCESS TARGET". 1: it doesn't like the file, and says why.
 */
#include <libxlutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int show_disk(XLU_Config *config, const char *spec)
{
	libxl_device_disk disk;
	int error;

	libxl_device_disk_init(&disk);
	error = xlu_disk_parse(config, 1, &spec, &disk);
	if (!error)
		printf("%s %s %s\n", disk.vdev, disk.readwrite ? "rw" : "ro", disk.pdev_path);
	libxl_device_disk_dispose(&disk);
	return error;
}

static int show(XLU_Config *config, const char *key)
{
	const char *text;
	XLU_ConfigList *list;
	int count;

	if (!xlu_cfg_get_string(config, key, &text, 1)) {
		printf("%s=%s\n", key, text);
		return 0;
	}
	if (xlu_cfg_get_list(config, key, &list, &count, 1))
		return 0;
	for (int i = 0; i < count; i++) {
		text = xlu_cfg_get_listitem(list, i);
		printf("%s[]=%s\n", key, text);
		if (!strcmp(key, "disk") && show_disk(config, text))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	XLU_Config *config = argc > 1 ? xlu_cfg_init(stderr, argv[1]) : NULL;

	if (!config || xlu_cfg_readfile(config, argv[1]))
		return 1;
	for (int i = 2; i < argc; i++)
		if (show(config, argv[i]))
			return 1;
	xlu_cfg_destroy(config);
	return fflush(stdout) ? 1 : 0;
}
