#include "host/doctor.h"

#include "core/rec.h"

struct list {
	bool lines;
	struct buf *into;
	enum finding_grade worst;
	struct fault *fault;
	bool failed;
};

static const char *const grades[] = {
    [FINDING_OK] = "ok", [FINDING_WARNING] = "warning", [FINDING_BAD] = "bad"};

static int add_record(const struct finding *f, struct buf *into, struct fault *fault)
{
	struct rec record A_CLEANUP(rec_free) = {0};

	if (rec_add(&record, "check", f->name, fault) < 0 ||
	    rec_add(&record, "grade", grades[f->grade], fault) < 0 ||
	    rec_add(&record, "text", f->text, fault) < 0 ||
	    (*f->advice && rec_add(&record, "advice", f->advice, fault) < 0))
		return -1;
	rec_write(&record, into);
	return 0;
}

static void add(void *context, const struct finding *f)
{
	struct list *l = context;

	l->worst = f->grade > l->worst ? f->grade : l->worst;
	if (!l->lines) {
		l->failed = add_record(f, l->into, l->fault) < 0 || l->failed;
		return;
	}
	buf_printf(l->into, "%-8s %s: %s\n", grades[f->grade], f->name, f->text);
	if (*f->advice)
		buf_printf(l->into, "         %s\n", f->advice);
}

int doctor_list(bool lines, struct buf *into, enum finding_grade *worst, struct fault *fault)
{
	struct list l = {.lines = lines, .into = into, .worst = FINDING_OK, .fault = fault};

	if (doctor_run(add, &l, fault) < 0)
		return -1;
	*worst = l.worst;
	return l.failed ? -1 : 0;
}
