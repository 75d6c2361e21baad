/* mirari-parse: a configuration file in, the record of one target out. */
#include "core/fd.h"
#include "core/main.h"
#include "model/config.h"
#include "model/locate.h"
#include "render/json.h"
#include "render/shellvars.h"

#include <stdio.h>
#include <string.h>

struct options {
	const char *target;
	const char *format;
	const char *from;
	const char *get;
	struct strv set;
	bool quiet;
	bool list_keys;
	bool list_targets;
};

static const struct usage *usage(struct options *o)
{
	static struct opt table[10];
	static struct usage u = {
	    .tool = "mirari-parse",
	    .purpose = "read a configuration and write the record of one target",
	    .synopsis = "[OPTION]... [FILE]",
	    .examples =
		"  mirari-parse                           # ./mirari.yml, or the only *.conf\n"
		"  mirari-parse -t xen --get memory       # one value\n"
		"  mirari-parse --format=yaml app.conf    # convert a file of 2013\n"
		"  mirari-parse | mirari-gen              # the record, to the next tool\n",
	    .options = table,
	};
	const struct opt options[] = {
	    {'t', "target", "TARGET", "the target (default: the file's, else unix-socket)",
		OPT_VALUE, &o->target},
	    {0, "format", "FORMAT", "records (default), json, shell or yaml", OPT_VALUE,
		&o->format},
	    {0, "from", "FORMAT", "yaml or conf (default: by the file's name)", OPT_VALUE,
		&o->from},
	    OPT_RECORD(&o->set, &o->get),
	    {'q', "quiet", NULL, "no warnings", OPT_FLAG, &o->quiet},
	    {0, "list-targets", NULL, "the file's targets, the default first", OPT_FLAG,
		&o->list_targets},
	    {0, "list-keys", NULL, "the keys that a record can have, one a line", OPT_FLAG,
		&o->list_keys},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int check_options(const struct options *o, struct fault *fault)
{
	const struct value_rule target = {VALUE_WORD, TARGET_WORDS, 0, 0};
	const struct value_rule format = {VALUE_WORD, "records json shell yaml", 0, 0};
	const struct value_rule from = {VALUE_WORD, "yaml conf", 0, 0};
	const struct {
		const char *name, *value;
		const struct value_rule *rule;
	} all[] = {{"target", o->target, &target}, {"format", o->format, &format},
	    {"from", o->from, &from}};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal;

		if (all[i].value && !value_check(all[i].rule, all[i].value, &normal, &expected))
			return fault_set(fault, EX_USAGE, "--%s=%s: expected %s", all[i].name,
			    all[i].value, buf_str(&expected));
	}
	if (o->list_targets && (o->target || o->get || o->format))
		return fault_set(
		    fault, EX_USAGE, "--list-targets is instead of a record of one target");
	if (o->get && o->format)
		return fault_set(
		    fault, EX_USAGE, "--get and --format are two kinds of output: take one");
	return 0;
}

/* Reads the file into the configuration; what is wrong inside it is left in c->report. */
static int read_config(
    const struct options *o, const struct located *at, struct config *c, struct fault *fault)
{
	struct buf text A_CLEANUP(buf_free) = {.max = CONFIG_MAX_BYTES};
	bool conf = o->from ? !strcmp(o->from, "conf") : at->is_conf;
	int got;

	c->file = buf_str(&at->shown);
	if (at->is_stdin)
		got = fd_read_all(0, c->file, &text, fault);
	else
		got = file_read(buf_str(&at->path), EX_DATAERR, &text, fault);
	if (got < 0)
		return -1;
	if (conf)
		conf_read(c, &text);
	else
		yaml_read(c, &text);
	return 0;
}

/* Where the record comes from. */
static int add_origin(
    const struct options *o, const struct located *at, struct rec *into, struct fault *fault)
{
	struct strv given A_CLEANUP(strv_free) = {0};

	if (o->target)
		strv_addf(&given, "target=%s", o->target);
	for (size_t i = 0; i < o->set.count; i++)
		strv_addf(&given, "set=%s", o->set.items[i]);
	if ((at->file.length && rec_add(into, "config.file", buf_str(&at->file), fault) < 0) ||
	    rec_add(into, "config.dir", buf_str(&at->dir), fault) < 0)
		return -1;
	for (size_t i = 0; i < given.count; i++)
		if (rec_add(into, "config.option", given.items[i], fault) < 0)
			return -1;
	return 0;
}

static int write_output(const struct options *o, const struct rec *record, struct fault *fault)
{
	struct buf out A_CLEANUP(buf_free) = {0};
	int result;

	if (!o->format || !strcmp(o->format, "records"))
		return put_record(record, o->get);
	if (!strcmp(o->format, "json"))
		result = json_record(record, &out, fault);
	else if (!strcmp(o->format, "shell"))
		result = shellvars_write(record, &out, fault);
	else
		result = yaml_write(record, &out, fault);
	if (result < 0)
		return say_fault(fault);
	put_bytes(&out);
	return EX_OK;
}

static int list_targets(const struct config *c)
{
	struct strv names A_CLEANUP(strv_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	config_targets(c, &names);
	for (size_t i = 0; i < names.count; i++)
		buf_printf(&out, "%s\n", names.items[i]);
	put_bytes(&out);
	return EX_OK;
}

static int parse(const struct options *o, const char *file)
{
	struct config c A_CLEANUP(config_free) = {0};
	struct located at A_CLEANUP(located_free) = {0};
	struct rec record A_CLEANUP(rec_free) = {0};
	struct fault fault;

	config_set(&c, &o->set);
	if (c.report.errors) {
		say_report(&c.report);
		return EX_USAGE;
	}
	if (check_options(o, &fault) < 0 || locate_config(file, &at, &fault) < 0 ||
	    read_config(o, &at, &c, &fault) < 0)
		return say_fault(&fault);
	if (add_origin(o, &at, &c.common, &fault) < 0)
		return say_fault(&fault);
	if (!o->list_targets)
		config_resolve(&c, o->target, &record);
	if (c.report.errors || !o->quiet)
		say_report(&c.report);
	if (c.report.errors)
		return EX_DATAERR;
	return o->list_targets ? list_targets(&c) : write_output(o, &record, &fault);
}

static int list_keys(void)
{
	struct buf out A_CLEANUP(buf_free) = {0};

	for (const struct key *key = keys; key->pattern; key++)
		buf_printf(&out, "%s\t%s\t%s\t%s\t%s\t%s\n", key->pattern,
		    key->flags & KEY_LIST ? "list" : "one",
		    key->flags & KEY_RESULT ? "result" : "config", value_type_name(key->rule.type),
		    key->producer, key->meaning);
	put_bytes(&out);
	return EX_OK;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct options o = {0};
	const char *file;
	int status = tool_options(usage(&o), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &file);
	if (status < 0)
		status = o.list_keys ? list_keys() : parse(&o, file);
	strv_free(&o.set);
	return status;
}
