/* mirari-solo5: unikernels as files: what they are, and how they are run. */
#include "core/fd.h"
#include "core/main.h"
#include "host/imagefile.h"
#include "host/ocifile.h"
#include "model/check.h"
#include "model/imagerecord.h"

#include <string.h>
#include <unistd.h>

enum { INSPECT = 1, OCI = 2 };

struct options {
	struct strv set;
	const char *get, *output, *reference;
	bool record, deployment;

	unsigned command;  /* INSPECT … */
	struct strv words; /* what follows it */
};

static const struct opt_command commands[] = {
    {"inspect", INSPECT, false}, {"oci", OCI, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[12];
	static struct usage u = {
	    .tool = "mirari-solo5",
	    .purpose = "unikernels: what a file is, and running it",
	    .synopsis = "inspect|oci [OPTION]... [FILE]",
	    .examples = "  mirari-solo5 inspect www.hvt          # target, ABI, devices\n"
			"  mirari-parse | mirari-solo5 inspect   # of what the project builds\n"
			"  mirari-solo5 oci www.hvt www.tar      # a container image for urunc\n"
			"  mirari-solo5 oci www.hvt --image registry.example/www:1 --k8s\n",
	    .options = table,
	    .commands = commands,
	};
	const struct opt options[] = {
	    {'r', "record", NULL, "read a record, also when there is a FILE", OPT_FLAG, &o->record,
		INSPECT | OCI},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set,
		INSPECT | OCI},
	    {0, "get", "KEY", "inspect: print only the values of this key", OPT_VALUE, &o->get,
		INSPECT},
	    {'o', "output", "FILE", "oci: the image, instead of the last word", OPT_VALUE,
		&o->output, OCI},
	    {0, "image", "REF", "oci: what the image is called: REGISTRY/NAME:TAG", OPT_VALUE,
		&o->reference, OCI},
	    {0, "k8s", NULL, "oci: print a Deployment for Kubernetes", OPT_FLAG, &o->deployment,
		OCI},
	    {0},
	};

	_Static_assert(sizeof options <= sizeof table, "table is too small");
	memcpy(table, options, sizeof options);
	u.chosen = &o->command;
	return &u;
}

/* What a command works on. */
struct subject {
	struct rec record;
	struct buf path; /* the unikernel's file */
	struct image image;
	int fd;
};

static void subject_free(struct subject *s)
{
	rec_free(&s->record);
	buf_free(&s->path);
	fd_close(&s->fd);
}

/* The record from standard input, where one is to be read: that is what --record says, or that
 * there is no file. What is wrong in one that the command line made is wrong usage. */
static int read_record(
    const struct options *o, const char *file, struct rec *record, struct fault *fault)
{
	bool given = o->record || !file;

	if (!file && !o->record && isatty(STDIN_FILENO)) {
		const char *name = o->command == OCI ? "oci" : "inspect";

		fault_set(fault, EX_USAGE, "neither a file nor a record");
		return fault_hint(
		    fault, "mirari-solo5 %s FILE, or: mirari-parse | mirari-solo5 %s", name, name);
	}
	if ((given && rec_read_stdin(record, fault) < 0) || rec_apply(record, &o->set, fault) < 0)
		return -1;
	if (check_record(record, fault) == 0)
		return 0;
	if (!given)
		fault->status = EX_USAGE;
	return -1;
}

/* `file` may be NULL: the record's artifact. */
static int find_subject(
    const struct options *o, const char *file, struct subject *s, struct fault *fault)
{
	if (read_record(o, file, &s->record, fault) < 0)
		return -1;
	if (file)
		buf_adds(&s->path, file);
	else if (imagerecord_artifact(&s->record, &s->path, fault) < 0)
		return -1;
	s->fd = imagefile_open(buf_str(&s->path), NULL, fault);
	return s->fd < 0 ? -1 : imagefile_read_open(s->fd, buf_str(&s->path), &s->image, fault);
}

static int inspect(const struct options *o, struct fault *fault)
{
	struct subject s A_CLEANUP(subject_free) = {.fd = -1};
	struct rec result A_CLEANUP(rec_free) = {0};

	if (o->words.count > 1)
		return fault_set(
		    fault, EX_USAGE, "one file at most, not also %s", o->words.items[1]);
	if (find_subject(o, o->words.count ? o->words.items[0] : NULL, &s, fault) < 0 ||
	    imagerecord_merge(&s.record, &s.image, buf_str(&s.path), &result, fault) < 0)
		return -1;
	return put_record(&result, o->get);
}

/* [FILE] NAME.tar, where --output takes the place of the last one, and --k8s needs none. */
static int take_words(
    const struct options *o, const char **file, const char **output, struct fault *fault)
{
	size_t count = o->words.count;

	*file = NULL;
	*output = o->output;
	if (!*output && !o->deployment && count > 0)
		*output = o->words.items[--count];
	if (count > 0)
		*file = o->words.items[--count];
	if (count > 0)
		return fault_set(fault, EX_USAGE, "too many words: %s", o->words.items[2]);
	if (!*output && !o->deployment) {
		fault_set(fault, EX_USAGE, "oci: what is to be written is missing");
		return fault_hint(fault, "mirari-solo5 oci [FILE] NAME.tar");
	}
	if (o->deployment && !o->reference) {
		fault_set(fault, EX_USAGE, "--k8s needs --image, which the nodes pull");
		return fault_hint(fault, "mirari-solo5 oci FILE --image REGISTRY/NAME:TAG --k8s");
	}
	if (o->reference && ociimage_reference_problem(o->reference))
		return fault_set(fault, EX_USAGE, "image '%s' %s", o->reference,
		    ociimage_reference_problem(o->reference));
	return 0;
}

static int oci(const struct options *o, struct fault *fault)
{
	struct subject s A_CLEANUP(subject_free) = {.fd = -1};
	struct ociimage image A_CLEANUP(ociimage_free) = {0};
	struct buf deployment A_CLEANUP(buf_free) = {0};
	const char *file, *output;

	if (take_words(o, &file, &output, fault) < 0 || find_subject(o, file, &s, fault) < 0 ||
	    ociimage_plan(&image, &s.image, buf_str(&s.path), &s.record, o->reference, fault) < 0)
		return -1;
	if (o->deployment && ociimage_deployment(&image, &s.record, &deployment, fault) < 0)
		return -1;
	for (size_t i = 0; i < image.notes.count; i++)
		say_note("%s: %s", buf_str(&s.path), image.notes.items[i]);
	if (output && ocifile_write(&image, s.fd, buf_str(&s.path), output, fault) < 0)
		return -1;
	put_bytes(&deployment);
	return EX_OK;
}

static int act(const struct options *o, struct fault *fault)
{
	switch (o->command) {
	case INSPECT:
		return inspect(o, fault);
	default:
		return oci(o, fault);
	}
}

int tool_main(int argc, char **argv)
{
	struct options o = {0};
	struct fault fault = {0};
	int status = tool_options(usage(&o), argc, argv, &o.words);

	if (status < 0) {
		status = act(&o, &fault);
		status = status < 0 ? say_fault(&fault) : status;
	}
	strv_free(&o.set);
	strv_free(&o.words);
	return status;
}
