/* What render/ociimage.h writes as JSON, and the Deployment. */
#include "render/ociimage.h"

#include "render/guestargs.h"
#include "render/json.h"

#include <ctype.h>
#include <string.h>

#define PREFIX "com.urunc.unikernel."
#define MEDIA "application/vnd.oci.image."

static int cannot(const char *what, struct fault *fault)
{
	return fault_set(fault, EX_DATAERR, "%s is not UTF-8, which JSON can't carry", what);
}

/* RFC 4648, section 4. */
static void base64(struct buf *into, const char *text)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)text;

	for (size_t left = strlen(text); left; left -= left < 3 ? left : 3) {
		unsigned group = (unsigned)p[0] << 16;

		if (left > 1)
			group |= (unsigned)p[1] << 8 | (left > 2 ? p[2] : 0u);
		buf_addc(into, digits[group >> 18]);
		buf_addc(into, digits[group >> 12 & 63]);
		buf_addc(into, left > 1 ? digits[group >> 6 & 63] : '=');
		buf_addc(into, left > 2 ? digits[group & 63] : '=');
		p += left < 3 ? left : 3;
	}
}

struct annotations {
	struct buf *into;
	const char *indent;
	bool encoded; /* in base64 */
	bool first;
	int result;
};

static void annotate(struct annotations *a, const char *name, const char *value)
{
	struct buf encoded A_CLEANUP(buf_free) = {0};

	buf_printf(a->into, "%s%s\"" PREFIX "%s\": ", a->first ? "" : ",\n", a->indent, name);
	a->first = false;
	if (a->encoded) {
		base64(&encoded, value);
		value = buf_str(&encoded);
	}
	if (json_string(a->into, value) < 0)
		a->result = -1;
}

/* By name, as one finds them. */
static int annotations(const struct ociimage *o, struct annotations *a, struct fault *fault)
{
	struct buf path A_CLEANUP(buf_free) = {0}, line A_CLEANUP(buf_free) = {0};
	bool solo5 = strcmp(o->hypervisor, "qemu") != 0;

	a->first = true;
	buf_printf(&path, "/%s", buf_str(&o->binary));
	annotate(a, "binary", buf_str(&path));
	if (o->block.length) {
		buf_clear(&path);
		buf_printf(&path, "/%s", buf_str(&o->block));
		annotate(a, "block", buf_str(&path));
	}
	guestargs_line(&o->arguments, &line);
	annotate(a, "cmdline", buf_str(&line));
	annotate(a, "hypervisor", o->hypervisor);
	annotate(a, "mountRootfs", "false");
	if (solo5 && o->block_dev)
		annotate(a, "solo5BlkDev", o->block_dev);
	if (solo5 && o->net)
		annotate(a, "solo5NetDev", o->net);
	annotate(a, "unikernelType", "mirage");
	annotate(a, "useDMBlock", "false"); /* mountRootfs was called that until 2025 */
	return a->result < 0 ? cannot("an argument", fault) : 0;
}

int ociimage_urunc(const struct ociimage *o, struct buf *into, struct fault *fault)
{
	struct annotations a = {.into = into, .indent = "  ", .encoded = true};

	buf_adds(into, "{\n");
	if (annotations(o, &a, fault) < 0)
		return -1;
	buf_adds(into, "\n}\n");
	return 0;
}

int ociimage_config(
    const struct ociimage *o, const struct ociblob *layer, struct buf *into, struct fault *fault)
{
	struct annotations a = {.into = into, .indent = "      "};

	buf_printf(into,
	    "{\n  \"architecture\": \"%s\",\n  \"os\": \"linux\",\n  \"config\": {\n"
	    "    \"Cmd\": [",
	    o->architecture);
	for (size_t i = 0; i < o->arguments.count; i++) {
		buf_adds(into, i ? ", " : "");
		if (json_string(into, o->arguments.items[i]) < 0)
			return cannot("an argument", fault);
	}
	/* containerd refuses an image without any; one of nothing adds nothing to the line */
	buf_printf(into, "%s],\n    \"Labels\": {\n", o->arguments.count ? "" : "\"\"");
	if (annotations(o, &a, fault) < 0)
		return -1;
	buf_printf(into,
	    "\n    }\n  },\n  \"rootfs\": {\n    \"type\": \"layers\",\n    \"diff_ids\": "
	    "[\"sha256:%s\"]\n  }\n}\n",
	    layer->digest);
	return 0;
}

static void descriptor(
    struct buf *into, const char *indent, const char *type, const struct ociblob *blob)
{
	buf_printf(into,
	    "%s\"mediaType\": \"" MEDIA "%s\",\n%s\"digest\": \"sha256:%s\",\n%s\"size\": %llu",
	    indent, type, indent, blob->digest, indent, (unsigned long long)blob->size);
}

int ociimage_manifest(const struct ociimage *o, const struct ociblob *config,
    const struct ociblob *layer, struct buf *into, struct fault *fault)
{
	struct annotations a = {.into = into, .indent = "    "};

	buf_adds(into,
	    "{\n  \"schemaVersion\": 2,\n  \"mediaType\": \"" MEDIA "manifest.v1+json\",\n"
	    "  \"config\": {\n");
	descriptor(into, "    ", "config.v1+json", config);
	buf_adds(into, "\n  },\n  \"layers\": [\n    {\n");
	descriptor(into, "      ", "layer.v1.tar", layer);
	buf_adds(into, "\n    }\n  ],\n  \"annotations\": {\n");
	if (annotations(o, &a, fault) < 0)
		return -1;
	buf_adds(into, "\n  }\n}\n");
	return 0;
}

static const char *tag_of(const char *reference)
{
	const char *name = reference ? strrchr(reference, '/') : NULL;
	const char *colon = reference ? strchr(name ? name : reference, ':') : NULL;

	return colon ? colon + 1 : "latest";
}

int ociimage_index(
    const struct ociimage *o, const struct ociblob *manifest, struct buf *into, struct fault *fault)
{
	buf_adds(into, "{\n  \"schemaVersion\": 2,\n  \"mediaType\": \"" MEDIA "index.v1+json\",\n"
		       "  \"manifests\": [\n    {\n");
	descriptor(into, "      ", "manifest.v1+json", manifest);
	buf_printf(into,
	    ",\n      \"platform\": {\"architecture\": \"%s\", \"os\": \"linux\"},\n"
	    "      \"annotations\": {\n",
	    o->architecture);
	if (o->reference) {
		/* what ctr image import calls it */
		buf_adds(into, "        \"io.containerd.image.name\": ");
		if (json_string(into, o->reference) < 0)
			return cannot("the image's name", fault);
		buf_adds(into, ",\n");
	}
	buf_adds(into, "        \"org.opencontainers.image.ref.name\": ");
	if (json_string(into, tag_of(o->reference)) < 0)
		return cannot("the image's name", fault);
	buf_adds(into, "\n      }\n    }\n  ]\n}\n");
	return 0;
}

/* A label of RFC 1123, which is what Kubernetes takes for a name. */
static void add_label(struct buf *into, const char *name)
{
	size_t start = into->length;

	for (; *name && into->length - start < 63; name++) {
		char c = (char)tolower((unsigned char)*name);

		if (isascii((unsigned char)c) && isalnum((unsigned char)c))
			buf_addc(into, c);
		else if (into->length > start)
			buf_addc(into, '-');
	}
	while (into->length > start && into->bytes[into->length - 1] == '-')
		into->bytes[--into->length] = '\0';
	if (into->length == start)
		buf_adds(into, "unikernel");
}

/* JSON's strings are YAML's, and none of those that get here has a character that YAML refuses. */
int ociimage_deployment(
    const struct ociimage *o, const struct rec *record, struct buf *into, struct fault *fault)
{
	struct buf label A_CLEANUP(buf_free) = {0}, image A_CLEANUP(buf_free) = {0};
	const char *memory = rec_get(record, "memory"), *cpus = rec_get(record, "cpus"),
		   *port = rec_get(record, "http.port"), *l;

	add_label(&label, buf_str(&o->name));
	l = buf_str(&label);
	if (json_string(&image, o->reference) < 0)
		return cannot("the image's name", fault);
	buf_printf(into,
	    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \"%s\"\n  labels:\n"
	    "    app: \"%s\"\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n"
	    "      app: \"%s\"\n  template:\n    metadata:\n      labels:\n        app: \"%s\"\n"
	    "    spec:\n      runtimeClassName: urunc\n      nodeSelector:\n"
	    "        kubernetes.io/arch: %s\n      containers:\n        - name: \"%s\"\n"
	    "          image: %s\n",
	    l, l, l, l, o->architecture, l, buf_str(&image));
	if (port)
		buf_printf(into, "          ports:\n            - containerPort: %s\n", port);
	if (memory || cpus)
		buf_adds(into, "          resources:\n            limits:\n");
	if (memory) /* urunc gives the unikernel what the limit is */
		buf_printf(into, "              memory: %sMi\n", memory);
	if (cpus)
		buf_printf(into, "              cpu: %s\n", cpus);
	return 0;
}
