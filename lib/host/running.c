#include "host/running.h"

#include "core/proc.h"
#include "core/shell.h"
#include "host/binary.h"
#include "host/built.h"
#include "host/imagefile.h"
#include "host/invoker.h"
#include "host/rundetached.h"
#include "host/rundomain.h"
#include "model/attach.h"
#include "model/check.h"
#include "model/imagerecord.h"
#include "model/keys.h"
#include "model/netdev.h"
#include "model/value.h"
#include "render/domaincommand.h"
#include "render/runcommand.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void running_free(struct running *r)
{
	verb_free(&r->verb);
	strv_free(&r->arguments);
	strv_free(&r->published);
	strv_free(&r->command);
	buf_free(&r->program);
}

/* ---- what is to be run --------------------------------------------------------------------------
 */

/* Options that change the record, once it is there. */
static int apply(struct running *r, struct fault *fault)
{
	struct rec *record = &r->verb.record;
	struct strv settings A_CLEANUP(strv_free) = {0};
	size_t length;
	const char *device = netdev_first(record, &length);

	if (r->memory)
		strv_addf(&settings, "memory=%s", r->memory);
	if (r->name)
		strv_addf(&settings, "name=%s", r->name);
	if (rec_apply(record, &settings, fault) < 0)
		return -1;
	for (size_t i = 0; i < r->published.count && device; i++) {
		struct buf key A_CLEANUP(buf_free) = {0};

		buf_printf(&key, "net.%.*s.publish", (int)length, device);
		if (rec_add(record, buf_str(&key), r->published.items[i], fault) < 0)
			return -1;
	}
	if (device)
		strv_free(&r->published);
	if (check_record(record, fault) == 0)
		return 0;
	fault->status = EX_USAGE; /* what was there before had been checked */
	return -1;
}

/* May somebody without root have taps of the host's? Only where they were made before. */
static bool needs_own_network(const struct rec *record)
{
	bool any = false;

	for (size_t i = 0; i < record->count; i++) {
		const char *key = record->fields[i].key, *dot = strrchr(key, '.');

		if (strncmp(key, "net.", 4))
			continue;
		if (!strcmp(dot, ".tap"))
			return false;
		any = true;
	}
	return any && geteuid() != 0;
}

/* The file is what it is. */
static int check_binary(
    const struct verb *v, const char *target, const char *its, struct fault *fault)
{
	if (strcmp(target, its))
		return fault_set(
		    fault, EX_USAGE, "%s was built for %s, not for %s", v->file, its, target);
	for (size_t i = 0; i < v->set.count; i++)
		if (!strncmp(v->set.items[i], "artifact=", 9))
			return fault_set(fault, EX_USAGE, "--set %s: the artifact is %s",
			    v->set.items[i], v->file);
	return 0;
}

static int describe_binary(struct running *r, struct fault *fault)
{
	struct verb *v = &r->verb;
	struct strv settings A_CLEANUP(strv_free) = {0};
	struct image image;

	strv_add_all(&settings, &v->set);
	if (r->place)
		strv_addf(&settings, "deploy=%s", r->place);
	if (verb_check(v, false, fault) < 0 ||
	    binary_describe(v->file, r->name, &settings, &image, &v->record, fault) < 0)
		return -1;
	for (size_t i = 0; i < image.device_count; i++)
		r->networked = r->networked || image.devices[i].type == DEVICE_NET_BASIC;
	if (check_binary(
		v, v->target ? v->target : rec_get(&v->record, "target"), image.target, fault) < 0)
		return -1;
	buf_adds(&r->program, rec_get(&v->record, "artifact"));
	return EX_OK;
}

static int describe_project(struct running *r, struct fault *fault)
{
	struct verb *v = &r->verb;
	int status;

	if (verb_check(v, true, fault) < 0)
		return -1;
	status = verb_parse(v, fault);
	if (status)
		return status;
	built_path(v, &r->program);
	r->to_build = !r->no_build && built_is_old(v, buf_str(&r->program));
	if (r->to_build) {
		/* it isn't where an older one is, of build --all */
		buf_clear(&r->program);
		built_path_to_be(v, &r->program);
	}
	return EX_OK;
}

/* ---- options that don't go with it --------------------------------------------------------------
 */

static int check_published(const struct running *r, struct fault *fault)
{
	const struct value_rule rule = {.type = VALUE_PORTS};

	for (size_t i = 0; i < r->published.count; i++) {
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal;

		if (!value_check(&rule, r->published.items[i], &normal, &expected))
			return fault_set(fault, EX_USAGE, "--publish=%s: expected %s",
			    r->published.items[i], buf_str(&expected));
	}
	return 0;
}

/* What mirari-supervise or systemd does nobody does for a program that we become. */
static int check_supervised(const struct running *r, struct fault *fault)
{
	const char *given = r->restart     ? "restart"
			    : r->cpus      ? "cpus"
			    : r->cpuset    ? "cpuset"
			    : r->log_size  ? "log-size"
			    : r->log_files ? "log-files"
					   : NULL;

	if (r->detach && r->systemd)
		return fault_set(fault, EX_USAGE, "--detach and --systemd are two ways: take one");
	if (r->systemd && (r->log_size || r->log_files))
		return fault_set(
		    fault, EX_USAGE, "a service of systemd has its log in the journal");
	if (!given || r->detach || r->systemd)
		return 0;
	fault_set(fault, EX_USAGE, "--%s is for unikernels that go on without us", given);
	return fault_hint(fault, "mirari run --detach --%s", given);
}

/* Where it is run. What it was configured with is another matter: this isn't among that. */
static int place(struct running *r, struct fault *fault)
{
	struct rec *record = &r->verb.record;
	struct strv setting A_CLEANUP(strv_free) = {0};

	if (r->place) {
		strv_addf(&setting, "deploy=%s", r->place);
		if (rec_apply(record, &setting, fault) < 0)
			return -1;
		if (check_record(record, fault) < 0) {
			fault->status = EX_USAGE;
			return -1;
		}
	}
	if (r->binary && !domaincommand_tool(record))
		r->rootless = r->rootless || needs_own_network(record);
	return 0;
}

static int check_target(const struct running *r, struct fault *fault)
{
	const char *target = rec_get(&r->verb.record, "target");
	size_t ignored;

	if (rundomain_check(r, fault) < 0)
		return -1;
	if (!strcmp(target, "unix-direct") || (!strcmp(target, "xen") && !r->published.count) ||
	    (strcmp(target, "unix-socket") &&
		(r->networked || netdev_first(&r->verb.record, &ignored))) ||
	    (!r->rootless && !r->published.count))
		return 0;
	if (target_is_solo5(target) || !strcmp(target, "xen"))
		return fault_set(fault, EX_USAGE,
		    "--%s is about network devices, which %s has none of",
		    r->rootless ? "rootless" : "publish", rec_get(&r->verb.record, "name"));
	fault_set(fault, EX_USAGE, "--%s is for unikernels with a network of their own, not %s",
	    r->rootless ? "rootless" : "publish", target);
	return fault_hint(fault, "mirari run -t unix-direct");
}

/* ---- building -----------------------------------------------------------------------------------
 */

/* Root leaves nothing in a user's project that is root's, nor builds with root's switches. */
static int find_builder(const struct running *r, struct invoker *who, struct fault *fault)
{
	const char *project = rec_get(&r->verb.record, "config.dir");
	struct stat st;

	if (invoker_find(who, fault) < 0)
		return -1;
	if (who->other && (stat(project, &st) < 0 || st.st_uid != who->uid))
		who->other = false;
	return 0;
}

static int build(const struct running *r, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	/* standard output is the unikernel's */
	const struct proc_io io = {.in = -1, .out = STDERR_FILENO};
	struct invoker who;
	int status;

	verb_build_command(&r->verb, &command);
	if (find_builder(r, &who, fault) < 0 ||
	    invoker_run(&who, &command, &io, &status, fault) < 0)
		return -1;
	return status;
}

static void show_build(const struct running *r, struct buf *into)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct verb v = r->verb;

	v.dry_run = false;
	verb_build_command(&v, &command);
	shell_command(into, &command);
	buf_adds(into, " >&2 &&\n");
}

/* ---- the command --------------------------------------------------------------------------------
 */

/* The program as somebody would type it here. */
static void program_name(const struct running *r, struct buf *into)
{
	const char *dir = rec_get(&r->verb.record, "config.dir"), *path = buf_str(&r->program);
	char here[PATH_MAX];
	size_t length = dir ? strlen(dir) : 0;

	if (r->detach)
		buf_adds(into, path);
	else if (r->binary)
		buf_printf(into, "%s%s", strchr(r->verb.file, '/') ? "" : "./", r->verb.file);
	else if (getcwd(here, sizeof here) && !strcmp(here, dir) && !strncmp(path, dir, length) &&
		 path[length] == '/')
		buf_printf(into, ".%s", path + length);
	else
		buf_adds(into, path);
}

static void add_option(struct strv *into, const char *name, const char *value)
{
	if (value)
		strv_addf(into, "--%s=%s", name, value);
}

/* Memory that isn't a machine's own is for the control group to limit. */
static void supervise_options(const struct running *r, struct strv *into)
{
	const char *target = rec_get(&r->verb.record, "target");

	strv_add(into, "--record");
	add_option(into, "name", rec_get(&r->verb.record, "name"));
	add_option(into, "restart", r->restart);
	if (r->memory && !target_is_solo5(target) && !domaincommand_tool(&r->verb.record))
		strv_addf(into, "--memory-max=%sM", r->memory);
	add_option(into, "cpus", r->cpus);
	add_option(into, "cpuset", r->cpuset);
	add_option(into, "log-size", r->log_size);
	add_option(into, "log-files", r->log_files);
}

static int make_command(struct running *r, struct fault *fault)
{
	struct strv supervise A_CLEANUP(strv_free) = {0};
	struct buf program A_CLEANUP(buf_free) = {0};
	struct runcommand c = {.record = &r->verb.record,
	    .arguments = &r->arguments,
	    .published = &r->published,
	    .supervise = r->detach ? &supervise : NULL,
	    .tender = r->tender,
	    .memory = r->memory,
	    .rootless = r->rootless};

	supervise_options(r, &supervise);
	program_name(r, &program);
	c.program = buf_str(&program);
	return runcommand(&c, &r->command, &r->program_index, fault);
}

/* What the file was built for and with, against what it is given: before anything is made. */
static int check_devices(const struct running *r, struct fault *fault)
{
	struct rec ignored A_CLEANUP(rec_free) = {0};
	struct image image;

	if (r->binary || !target_is_solo5(rec_get(&r->verb.record, "target")))
		return 0;
	if (imagefile_read(buf_str(&r->program), &image, fault) < 0 ||
	    imagerecord_merge(&r->verb.record, &image, buf_str(&r->program), &ignored, fault) < 0)
		return -1;
	return attach_check(&image, buf_str(&r->program), &r->verb.record, fault);
}

/* What comes first in the command says it as well, but not what to do. */
static int check_program(const struct running *r, struct fault *fault)
{
	if (access(buf_str(&r->program), F_OK) == 0)
		return check_devices(r, fault);
	fault_errno(fault, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC, errno, "%s",
	    r->command.items[r->program_index]);
	if (fault->status == EXIT_NOT_FOUND)
		fault_hint(fault, "it isn't built yet: mirari build");
	return -1;
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

int running_find(struct running *r, struct fault *fault)
{
	int status;

	r->binary = r->verb.file && binary_is_one(r->verb.file);
	if (check_published(r, fault) < 0 || check_supervised(r, fault) < 0)
		return -1;
	status = r->binary ? describe_binary(r, fault) : describe_project(r, fault);
	if (status)
		return status;
	if (place(r, fault) < 0 || check_target(r, fault) < 0 || apply(r, fault) < 0 ||
	    domaincommand_name_bridges(&r->verb.record, fault) < 0)
		return -1;
	return make_command(r, fault);
}

int running_show(const struct running *r, struct buf *into, struct fault *fault)
{
	if (r->to_build)
		show_build(r, into);
	if (r->detach && rundetached_show(r, into, fault) < 0)
		return -1;
	shell_command(into, &r->command);
	buf_addc(into, '\n');
	return 0;
}

int running_prepare(const struct running *r, struct fault *fault)
{
	int status = r->to_build ? build(r, fault) : EX_OK;

	return status ? status : check_program(r, fault);
}

int running_start(const struct running *r, struct rec *answer, struct fault *fault)
{
	return r->detach ? rundetached(r, answer, fault) : proc_exec(&r->command, fault);
}
