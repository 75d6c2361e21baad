/* mirari run: become the unikernel that build left. */
#include "core/main.h"
#include "core/proc.h"
#include "core/self.h"
#include "core/shell.h"
#include "host/verb.h"
#include "model/artifact.h"
#include "model/keys.h"
#include "model/value.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct options {
	struct verb verb;
	struct strv arguments; /* of the unikernel */
	struct strv published;
	bool rootless;
};

static const struct usage *usage(struct options *o)
{
	struct verb *v = &o->verb;
	static struct opt table[16];
	static struct usage u = {
	    .tool = "mirari-run",
	    .purpose = "run what build made",
	    .synopsis = "[OPTION]... [FILE] [-- ARG...]",
	    .examples = "  mirari run\n"
			"  mirari run www.yml -- --verbose   # arguments for the unikernel\n"
			"  mirari run -t unix-direct --rootless -p 8080:80\n"
			"  mirari run -n                     # the command that it becomes\n",
	    .options = table,
	};
	const struct opt options[] = {
	    VERB_OPTIONS(v),
	    {'p', "publish", "HOST:GUEST", "lead a port to the unikernel (repeatable)", OPT_LIST,
		&o->published},
	    {0, "rootless", NULL, "in a network of its own, without root", OPT_FLAG, &o->rootless},
	    {'q', "quiet", NULL, "no warnings", OPT_FLAG, &v->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	u.behind = &o->arguments;
	return &u;
}

/* The target whose directory below _build a link points into, or NULL. */
static const char *target_of_link(const char *path)
{
	char text[PATH_MAX];
	ssize_t length = readlink(path, text, sizeof text - 1);

	if (length < 0)
		return NULL;
	text[length] = '\0';
	for (const char *const *t = targets; *t; t++) {
		size_t n = strlen(*t);

		if (!strncmp(text, "_build/", 7) && !strncmp(text + 7, *t, n) && text[7 + n] == '/')
			return *t;
	}
	return NULL;
}

/* Is what is beside the sources another target's? The link tells, or what was configured there. */
static bool is_of_another(const struct verb *v, const char *path)
{
	struct buf configured A_CLEANUP(buf_free) = {0};
	const char *target = rec_get(&v->record, "target"), *other = target_of_link(path);

	if (!other && verb_configured_target(v, &configured))
		other = buf_str(&configured);
	return other && strcmp(other, target);
}

/* Where the record's artifact is: in its build.dir; else beside the sources; else, when that isn't
 * there or is another target's, where build --all puts it. */
static void find_artifact(const struct verb *v, struct buf *path)
{
	struct buf all A_CLEANUP(buf_free) = {0};

	build_dir_path(&v->record, path);
	buf_addc(path, '/');
	artifact_path(&v->record, path);
	if (rec_get(&v->record, "build.dir"))
		return;
	buf_printf(&all, "%s/_build/%s/", rec_get(&v->record, "config.dir"),
	    rec_get(&v->record, "target"));
	artifact_path(&v->record, &all);
	if (access(buf_str(&all), F_OK) == 0 &&
	    (access(buf_str(path), F_OK) < 0 || is_of_another(v, buf_str(path)))) {
		buf_clear(path);
		buf_adds(path, buf_str(&all));
	}
}

/* Appends `--set KEY=VALUE` for what mirari-tap has to know of the record. */
static void add_settings(const struct options *o, struct strv *into)
{
	const struct rec *r = &o->verb.record;
	const char *device = NULL;

	for (size_t i = 0; i < r->count; i++) {
		const char *key = r->fields[i].key;
		bool net = !strncmp(key, "net.", strlen("net."));

		if (net && !device)
			device = key + strlen("net.");
		if (!net && strcmp(key, "name") && strncmp(key, "ip.", strlen("ip.")))
			continue;
		strv_add(into, "--set");
		strv_addf(into, "%s=%s", key, r->fields[i].value);
	}
	for (size_t i = 0; i < o->published.count && device; i++) {
		strv_add(into, "--set");
		strv_addf(into, "net.%.*s.publish=%s", (int)strcspn(device, "."), device,
		    o->published.items[i]);
	}
	for (size_t i = 0; i < o->published.count && !device; i++)
		strv_addf(into, "--publish=%s", o->published.items[i]);
}

static bool has_device(const struct rec *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strncmp(r->fields[i].key, "net.", strlen("net.")))
			return true;
	return false;
}

/* What gives the program its network devices. Without any it is the program that knows whether it
 * can do without. */
static void add_network(const struct options *o, struct strv *into)
{
	if (strcmp(rec_get(&o->verb.record, "target"), "unix-direct") ||
	    (!has_device(&o->verb.record) && !o->rootless))
		return;
	strv_list(into, "mirari-tap", "exec");
	if (o->rootless)
		strv_add(into, "--rootless");
	add_settings(o, into);
	strv_add(into, "--");
}

/* The program and its arguments: those of the configuration, then those of the command line. */
static void command_of(const struct options *o, struct strv *into)
{
	const struct verb *v = &o->verb;
	struct buf path A_CLEANUP(buf_free) = {0}, artifact A_CLEANUP(buf_free) = {0};
	const char *dir = rec_get(&v->record, "config.dir"), *shown;
	char here[PATH_MAX];

	artifact_path(&v->record, &artifact);
	if (buf_str(&artifact)[0] == '/')
		buf_adds(&path, buf_str(&artifact));
	else
		find_artifact(v, &path);
	shown = buf_str(&path);
	if (getcwd(here, sizeof here) && !strcmp(here, dir) && buf_str(&artifact)[0] != '/') {
		strv_addf(into, ".%s", shown + strlen(dir));
	} else {
		strv_add(into, shown);
	}
	rec_get_all(&v->record, "arg", into);
	strv_add_all(into, &o->arguments);
}

/* mirari-tap says it as well, but not what to do. */
static int become(const struct strv *command, const char *program, struct fault *fault)
{
	if (access(program, F_OK) == 0)
		proc_exec(command, fault);
	else
		fault_errno(fault, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC, errno, "%s",
		    program);
	if (fault->status == EXIT_NOT_FOUND)
		fault_hint(fault, "it isn't built yet: mirari build");
	return -1;
}

static int check_published(const struct options *o, struct fault *fault)
{
	const struct value_rule rule = {.type = VALUE_PORTS};

	for (size_t i = 0; i < o->published.count; i++) {
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal;

		if (!value_check(&rule, o->published.items[i], &normal, &expected))
			return fault_set(fault, EX_USAGE, "--publish=%s: expected %s",
			    o->published.items[i], buf_str(&expected));
	}
	return 0;
}

static int check_target(const struct options *o, struct fault *fault)
{
	const char *target = rec_get(&o->verb.record, "target");
	bool direct = !strcmp(target, "unix-direct");

	if ((!direct && strcmp(target, "unix-socket")) ||
	    strcmp(rec_get(&o->verb.record, "deploy"), "local"))
		return fault_set(fault, EX_UNAVAILABLE,
		    "target %s, deployed %s: there is no tool for that here", target,
		    rec_get(&o->verb.record, "deploy"));
	if (direct || (!o->rootless && !o->published.count))
		return 0;
	fault_set(fault, EX_USAGE, "--%s is for unikernels with a network of their own, not %s",
	    o->rootless ? "rootless" : "publish", target);
	return fault_hint(fault, "mirari run -t unix-direct");
}

static int run(struct options *o, struct fault *fault)
{
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf text A_CLEANUP(buf_free) = {0};
	size_t before;
	int status;

	if (check_published(o, fault) < 0 || verb_check(&o->verb, true, fault) < 0 ||
	    self_first_in_path(fault) < 0)
		return -1;
	status = verb_parse(&o->verb, fault);
	if (status)
		return status;
	if (check_target(o, fault) < 0)
		return -1;
	add_network(o, &command);
	before = command.count;
	command_of(o, &command);
	if (!o->verb.dry_run)
		return become(&command, command.items[before], fault);
	shell_command(&text, &command);
	buf_addc(&text, '\n');
	put_bytes(&text);
	return EX_OK;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct options o = {.rootless = false};
	struct fault fault;
	int status = tool_options(usage(&o), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &o.verb.file);
	if (status < 0)
		status = run(&o, &fault);
	verb_free(&o.verb);
	strv_free(&o.arguments);
	strv_free(&o.published);
	return status < 0 ? say_fault(&fault) : status;
}
