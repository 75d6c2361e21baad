#include "host/runservice.h"

#include "core/self.h"
#include "host/caps.h"
#include "host/tender.h"
#include "model/artifact.h"
#include "model/keys.h"
#include "model/limits.h"
#include "render/runcommand.h"
#include "render/systemd.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the unit's borrowed parts belong to. */
struct parts {
	struct buf tools, tender;
	struct strv command, clean_up, writable;
	char dir[PATH_MAX];
	struct systemd_user user;
};

static void parts_free(struct parts *p)
{
	buf_free(&p->tools);
	buf_free(&p->tender);
	strv_free(&p->command);
	strv_free(&p->clean_up);
	strv_free(&p->writable);
}

/* ---- what it is to do ---------------------------------------------------------------------------
 */

static int make_command(const struct running *r, struct parts *p, struct fault *fault)
{
	const struct rec *record = &r->verb.record;
	const struct tender_wanted wanted = {.target = rec_get(record, "target"),
	    .given = r->tender,
	    .in_switch = rec_get(record, "switch"),
	    .dir = rec_get(record, "config.dir")};
	struct runcommand c = {.record = record,
	    .program = buf_str(&r->program),
	    .arguments = &r->arguments,
	    .published = &r->published,
	    .rootless = r->rootless};
	struct buf path A_CLEANUP(buf_free) = {0};
	char absolute[PATH_MAX];
	size_t ignored;

	if (self_dir(&p->tools, fault) < 0)
		return -1;
	c.tools = buf_str(&p->tools);
	if (target_is_solo5(wanted.target)) {
		if (tender_find(&wanted, &path, fault) < 0)
			return -1;
		if (!realpath(buf_str(&path), absolute))
			return fault_errno(fault, 0, errno, "%s", buf_str(&path));
		c.tender = absolute;
	}
	return runcommand(&c, &p->command, &ignored, fault);
}

static int set_limits(const struct running *r, struct systemd_unit *u, struct fault *fault)
{
	struct processors ignored;
	uint64_t thousandths = 0;

	if (r->restart && !restart_parse(r->restart, &u->restart))
		return fault_set(
		    fault, EX_USAGE, "--restart=%s: expected " RESTART_EXPECTED, r->restart);
	if (r->cpus && !limits_cpus(r->cpus, &thousandths))
		return fault_set(fault, EX_USAGE,
		    "--cpus=%s: expected a number of processors such as 2 or 0.5, at least 0.01",
		    r->cpus);
	if (r->cpuset && !limits_cpuset(r->cpuset, &ignored))
		return fault_set(fault, EX_USAGE,
		    "--cpuset=%s: expected a list of processors such as 0-3,8", r->cpuset);
	u->cpus_percent = (unsigned)((thousandths + 5) / 10);
	u->cpuset = r->cpuset;
	if (r->memory && !target_is_solo5(u->target))
		u->memory_max = strtoull(r->memory, NULL, 10) << 20;
	return 0;
}

/* ---- what it may do -----------------------------------------------------------------------------
 */

static bool translates(const struct rec *record)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct field *f = &record->fields[i];
		const char *dot = strrchr(f->key, '.');

		if (!strncmp(f->key, "net.", 4) &&
		    (!strcmp(dot, ".publish") ||
			(!strcmp(dot, ".nat") && !strcmp(f->value, "true"))))
			return true;
	}
	return false;
}

/* Files behind block devices; for one that is still to be made, where it will be. */
static void add_writable(const struct running *r, struct parts *p)
{
	const struct rec *record = &r->verb.record;

	for (size_t i = 0; i < record->count; i++) {
		const struct field *f = &record->fields[i];
		const char *dot = strrchr(f->key, '.');
		struct buf path A_CLEANUP(buf_free) = {0};
		char absolute[PATH_MAX];

		if (strncmp(f->key, "block.", 6) || strcmp(dot, ".path"))
			continue;
		if (f->value[0] != '/' && !rec_get(record, "config.dir"))
			buf_printf(&path, "%s/", p->dir);
		record_path(record, f->value, &path);
		if (realpath(buf_str(&path), absolute)) {
			strv_add(&p->writable, absolute);
		} else {
			size_t length = (size_t)(strrchr(buf_str(&path), '/') - buf_str(&path));

			strv_add_bytes(&p->writable, buf_str(&path), length ? length : 1);
		}
	}
}

static int set_user(
    const struct running *r, struct systemd_unit *u, struct parts *p, struct fault *fault)
{
	uid_t uid;
	gid_t gid;

	u->rootless = r->rootless || geteuid() != 0;
	if (u->network && u->rootless && !r->rootless) {
		fault_set(fault, EX_USAGE, "a user's service can't have taps of the host's");
		return fault_hint(fault, "mirari run --systemd --rootless; or, for the machine's "
					 "systemd: sudo mirari run --systemd");
	}
	if (u->rootless)
		return 0;
	if (caps_invoker(&uid, &gid, fault) < 0)
		return -1;
	p->user = (struct systemd_user){.uid = uid, .gid = gid};
	u->user = uid ? &p->user : NULL;
	return 0;
}

static bool is_tap_exec(const struct parts *p)
{
	const char *slash = strrchr(p->command.items[0], '/');

	return slash && !strcmp(slash, "/mirari-tap");
}

static int describe(
    const struct running *r, struct systemd_unit *u, struct parts *p, struct fault *fault)
{
	const char *target = rec_get(&r->verb.record, "target");

	if (!getcwd(p->dir, sizeof p->dir))
		return fault_errno(fault, EX_OSERR, errno, "getcwd");
	if (make_command(r, p, fault) < 0)
		return -1;
	add_writable(r, p);
	*u = (struct systemd_unit){.name = rec_get(&r->verb.record, "name"),
	    .target = target,
	    .command = &p->command,
	    .dir = p->dir,
	    .network = is_tap_exec(p),
	    .nat = translates(&r->verb.record) || r->published.count,
	    .kvm = !strcmp(target, "hvt") || (!strcmp(target, "virtio") && tender_has_kvm()),
	    .writable = &p->writable};
	u->jit = !strcmp(target, "virtio") && !u->kvm;
	if (set_user(r, u, p, fault) < 0 || set_limits(r, u, fault) < 0)
		return -1;
	/* what belongs to a network of its own is gone with it */
	if (u->network && !u->rootless) {
		strv_addf(&p->clean_up, "%s/mirari-tap", buf_str(&p->tools));
		strv_list(&p->clean_up, "gc", "-q");
		u->clean_up = &p->clean_up;
	}
	return 0;
}

int runservice(const struct running *r, struct buf *into, struct fault *fault)
{
	struct parts parts A_CLEANUP(parts_free) = {0};
	struct systemd_unit unit;

	if (describe(r, &unit, &parts, fault) < 0)
		return -1;
	return systemd_render(&unit, into, fault);
}
