/* mirari-tap where there is no Linux: what each system has instead, in words, and exec, which runs
 * the program as it is. Built in place of the modules for Linux; see the makefile. */
#include "core/proc.h"
#include "host/bridgeplan.h"
#include "host/caps.h"
#include "host/doctor.h"
#include "host/network.h"
#include "host/tapcheck.h"
#include "host/tapexec.h"
#include "host/taplist.h"
#include "host/tapplan.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What that system needs, as a command or a sentence. */
static const char *advice(const char *name)
{
	if (!strcmp(name, "Darwin"))
		return "none is needed: the unikernel opens its own vmnet interface (as root, or "
		       "with "
		       "the entitlement); mirari run and mirari-tap exec just start it";
	if (!strcmp(name, "FreeBSD"))
		return "ifconfig tap0 create 10.0.0.1/24 up, and sysctl net.link.tap.user_open=1";
	if (!strcmp(name, "OpenBSD"))
		return "ifconfig tap0 create, and ifconfig tap0 inet 10.0.0.1/24 up";
	return "see its manual for tap interfaces";
}

static int refuse(struct fault *fault)
{
	struct utsname name;

	if (uname(&name) < 0)
		memcpy(name.sysname, "this", sizeof "this");
	fault_set(fault, EX_UNAVAILABLE, "mirari-tap makes no network devices on %s", name.sysname);
	return fault_hint(fault, "%s", advice(name.sysname));
}

int caps_invoker(uid_t *uid, gid_t *gid, struct fault *fault)
{
	(void)fault;
	*uid = getuid();
	*gid = getgid();
	return 0;
}

/* Nobody is become where nobody has invoked us for somebody else. */
int caps_become(uid_t uid, gid_t gid, struct fault *fault)
{
	if (uid == geteuid() && gid == getegid())
		return 0;
	return refuse(fault);
}

int network_user(struct network_user *user, struct fault *fault)
{
	(void)fault;
	*user = (struct network_user){.uid = getuid(), .gid = getgid()};
	return 0;
}

int network_up(struct netdevs *devices, const struct network_user *user, struct fault *fault)
{
	(void)devices, (void)user;
	return refuse(fault);
}

int network_bridge(
    struct netdevs *devices, bool kept, const struct network_user *user, struct fault *fault)
{
	(void)devices, (void)kept, (void)user;
	return refuse(fault);
}

int network_down(struct tapgone *g, struct fault *fault)
{
	(void)g;
	return refuse(fault);
}

void tapgone_free(struct tapgone *g)
{
	strv_free(&g->names);
	strv_free(&g->removed);
	strv_free(&g->translated);
	strv_free(&g->absent);
}

int taplist(const struct strv *names, bool all, bool table, struct buf *into, struct strv *absent,
    struct fault *fault)
{
	(void)names, (void)all, (void)table, (void)into, (void)absent;
	return refuse(fault);
}

int tapplan(const struct netdevs *devices, uid_t owner, struct buf *into, struct fault *fault)
{
	(void)devices, (void)owner, (void)into;
	return refuse(fault);
}

int bridgeplan(
    const struct netdevs *devices, bool kept, uid_t owner, struct buf *into, struct fault *fault)
{
	(void)devices, (void)kept, (void)owner, (void)into;
	return refuse(fault);
}

int doctor_run(
    void (*found)(void *context, const struct finding *finding), void *context, struct fault *fault)
{
	(void)found, (void)context;
	return refuse(fault);
}

int tapexec(struct tapexec *e, struct fault *fault)
{
	return proc_exec(e->command, fault);
}

/* What isn't right with the interface is for the tender to say. */
int tapcheck(const char *tap, const char *device, struct tapcheck *into, struct fault *fault)
{
	(void)device, (void)fault;
	tapcheck_look(tap, into);
	return 0;
}

void tapcheck_look(const char *tap, struct tapcheck *into)
{
	(void)tap;
	*into = (struct tapcheck){0};
}
