/* mirari-solo5: unikernels: what a file is, running it, and making an image of it. */
#include "core/fd.h"
#include "core/main.h"
#include "host/deviceoption.h"
#include "host/ocifile.h"
#include "host/solo5run.h"
#include "host/subject.h"
#include "model/imagerecord.h"

#include <string.h>

enum { INSPECT = 1, OCI = 2, RUN = 4 };

struct options {
	struct strv set;
	const char *get, *output, *reference;
	bool record, deployment;

	/* run */
	struct deviceoptions devices;
	struct strv arguments;
	const char *tender, *accel;
	bool dry_run, quiet;

	unsigned command;  /* INSPECT … */
	struct strv words; /* what follows it */
};

static const struct opt_command commands[] = {
    {"inspect", INSPECT, false}, {"run", RUN, false}, {"oci", OCI, false}, {0}};

static const struct usage *usage(struct options *o)
{
	static struct opt table[20];
	static struct usage u = {
	    .tool = "mirari-solo5",
	    .purpose = "unikernels: what a file is, and running it",
	    .synopsis = "inspect|run|oci [OPTION]... [FILE] [-- ARG...]",
	    .examples = "  mirari-solo5 inspect www.hvt          # target, ABI, devices\n"
			"  mirari-parse | mirari-solo5 inspect   # of what the project builds\n"
			"  mirari-solo5 run www.hvt --net service=tap0 -- --hello=world\n"
			"  mirari-parse | mirari-tap up | mirari-solo5 run -r\n"
			"  mirari-solo5 oci www.hvt www.tar      # a container image for urunc\n"
			"  mirari-solo5 oci www.hvt --image registry.example/www:1 --k8s\n",
	    .options = table,
	    .commands = commands,
	};
	const struct opt options[] = {
	    {'r', "record", NULL, "read a record, also when there is a FILE", OPT_FLAG, &o->record,
		0},
	    {0, "set", "KEY=VALUE", "change the record first (repeatable)", OPT_LIST, &o->set, 0},
	    {0, "get", "KEY", "inspect: print only the values of this key", OPT_VALUE, &o->get,
		INSPECT},
	    {0, "net", "DEV=TAP", "run: the tap of a network device (repeatable)", OPT_LIST,
		&o->devices.nets, RUN},
	    {0, "mac", "DEV=MAC", "run: its MAC address (repeatable)", OPT_LIST, &o->devices.macs,
		RUN},
	    {0, "block", "DEV=PATH", "run: the file of a block device (repeatable)", OPT_LIST,
		&o->devices.blocks, RUN},
	    {'m', "memory", "MIB", "run: its memory (default 512)", OPT_VALUE, &o->devices.memory,
		RUN},
	    {0, "tender", "PATH", "run: solo5-hvt, solo5-spt or QEMU", OPT_VALUE, &o->tender, RUN},
	    {0, "accel", "WORD", "run: kvm or tcg, for virtio", OPT_VALUE, &o->accel, RUN},
	    {'n', "dry-run", NULL, "run: print the command instead", OPT_FLAG, &o->dry_run, RUN},
	    {'q', "quiet", NULL, "run: no notes", OPT_FLAG, &o->quiet, RUN},
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
	u.behind = &o->arguments;
	return &u;
}

/* What a command works on: `file` (NULL: the record's artifact), and the record. */
static struct subject_request request(const struct options *o, const char *file)
{
	return (struct subject_request){.tool = o->command == OCI   ? "mirari-solo5 oci"
						: o->command == RUN ? "mirari-solo5 run"
								    : "mirari-solo5 inspect",
	    .file = file,
	    .record = o->record,
	    .set = &o->set};
}

static int find_subject(
    const struct options *o, const char *file, struct subject *s, struct fault *fault)
{
	const struct subject_request r = request(o, file);

	return subject_find(&r, s, fault);
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

/* ---- run --------------------------------------------------------------------------------------
 */

static int add_options(const struct options *o, struct rec *record, struct fault *fault)
{
	if (deviceoptions_apply(&o->devices, "tap", record, fault) < 0)
		return -1;
	if (o->accel && strcmp(o->accel, "kvm") != 0 && strcmp(o->accel, "tcg") != 0)
		return fault_set(fault, EX_USAGE, "--accel is kvm or tcg, not '%s'", o->accel);
	return 0;
}

/* A status of the unikernel's own needs no word of ours. */
static void say_end(const struct options *o, const char *path, const struct exit_meaning *how)
{
	if (o->quiet || (how->class != EXIT_CLASS_ABORT && how->class != EXIT_CLASS_KILLED))
		return;
	if (how->class == EXIT_CLASS_ABORT)
		say_note("%s: aborted", path);
	else
		say_note("%s: killed by signal %d (%s)", path, how->status - EXIT_SIGNALLED,
		    strsignal(how->status - EXIT_SIGNALLED));
}

static int run_to_end(const struct options *o, struct solo5run *r, struct fault *fault)
{
	struct buf shown A_CLEANUP(buf_free) = {0};
	struct exit_meaning how;

	if (solo5run_plan(r, fault) < 0)
		return -1;
	for (size_t i = 0; i < r->notes.count && !o->quiet; i++)
		say_note("%s", r->notes.items[i]);
	if (o->dry_run) {
		if (solo5run_show(r, &shown, fault) < 0)
			return -1;
		put_bytes(&shown);
		return EX_OK;
	}
	if (solo5run(r, &how, fault) < 0)
		return -1;
	say_end(o, r->path, &how);
	return how.status;
}

static int run(const struct options *o, struct fault *fault)
{
	struct subject s A_CLEANUP(subject_free) = {.fd = -1};
	struct subject_request asked;
	const char *file;
	struct solo5run r A_CLEANUP(solo5run_free) = {
	    .tender = o->tender, .accel = o->accel, .dry_run = o->dry_run};

	if (o->words.count > 1) {
		fault_set(fault, EX_USAGE, "one file at most, not also %s", o->words.items[1]);
		return fault_hint(
		    fault, "mirari-solo5 run %s -- %s ...", o->words.items[0], o->words.items[1]);
	}
	file = o->words.count ? o->words.items[0] : NULL;
	asked = request(o, file);
	if (find_subject(o, file, &s, fault) < 0 || add_options(o, &s.record, fault) < 0 ||
	    (subject_takes_record(&asked) && fd_leave_input(fault) < 0))
		return -1;
	r.image = &s.image;
	r.path = buf_str(&s.path);
	r.record = &s.record;
	r.more = &o->arguments;
	return run_to_end(o, &r, fault);
}

static int act(const struct options *o, struct fault *fault)
{
	switch (o->command) {
	case INSPECT:
		return inspect(o, fault);
	case RUN:
		return run(o, fault);
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
		if (o.command != RUN) /* what is behind -- is a file like another */
			strv_add_all(&o.words, &o.arguments);
		status = act(&o, &fault);
		status = status < 0 ? say_fault(&fault) : status;
	}
	deviceoptions_free(&o.devices);
	strv_free(&o.arguments);
	strv_free(&o.set);
	strv_free(&o.words);
	return status;
}
