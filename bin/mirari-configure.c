/* mirari configure: mirari-parse | mirari-gen | mirari-opam-exec --install */
#include "core/main.h"
#include "core/self.h"
#include "host/verb.h"

#include <string.h>

static const struct usage *usage(struct verb *v)
{
	static struct opt table[20];
	static struct usage u = {
	    .tool = "mirari-configure",
	    .purpose = "generate a project's files and install what it needs",
	    .synopsis = "[OPTION]... [FILE]",
	    .examples = "  mirari configure\n"
			"  mirari configure --no-install -t unix-socket www.yml\n"
			"  mirari configure -n      # the pipeline of tools that it is\n",
	    .options = table,
	};
	const struct opt options[] = {
	    VERB_OPTIONS(v),
	    VERB_INSTALL_OPTIONS(v),
	    {'f', "force", NULL, "replace generated files that were edited", OPT_FLAG, &v->force},
	    {0, "diff", NULL, "write nothing, show what would change", OPT_FLAG, &v->diff},
	    {'q', "quiet", NULL, "no warnings, no names of files", OPT_FLAG, &v->quiet},
	    {0},
	};

	memcpy(table, options, sizeof options);
	return &u;
}

static int configure(struct verb *v)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault fault;
	int status;

	if (verb_check(v, false, &fault) < 0 || self_first_in_path(&fault) < 0)
		return say_fault(&fault);
	status = verb_parse(v, &fault);
	if (status == 0 && v->dry_run) {
		status = verb_show_configure(v, &text, &fault);
		buf_addc(&text, '\n');
		put_bytes(&text);
	} else if (status == 0) {
		status = verb_configure(v, &fault);
	}
	return status < 0 ? say_fault(&fault) : status;
}

int tool_main(int argc, char **argv)
{
	struct strv operands A_CLEANUP(strv_free) = {0};
	struct verb v A_CLEANUP(verb_free) = {0};
	int status = tool_options(usage(&v), argc, argv, &operands);

	if (status < 0)
		status = tool_one_file(&operands, &v.file);
	return status < 0 ? configure(&v) : status;
}
