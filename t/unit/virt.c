/* lib/host/virt*.c as far as libvirt's test driver goes, which lives in this process. */
#include "host/virtchannel.h"
#include "host/virtdomain.h"
#include "host/virtend.h"
#include "host/virterror.h"
#include "host/virtrun.h"
#include "model/domain.h"
#include "model/exitstatus.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>

static int status_of(int code, int domain, int number)
{
	const virError error = {.code = code, .domain = domain, .int1 = number};

	return virterror_status(&error);
}

static void test_errors(void)
{
	is_int(status_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, ENOENT), EX_UNAVAILABLE, "no socket");
	is_int(status_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, ECONNREFUSED), EX_UNAVAILABLE,
	    "nobody listens");
	is_int(status_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, EHOSTUNREACH), EX_UNAVAILABLE,
	    "no route");
	is_int(status_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_RPC, EACCES), EX_NOPERM,
	    "a socket that isn't for us");
	is_int(status_of(VIR_ERR_SYSTEM_ERROR, VIR_FROM_QEMU, ENOENT), EX_DATAERR,
	    "a file that isn't there");
	is_int(status_of(VIR_ERR_AUTH_FAILED, VIR_FROM_AUTH, 0), EX_NOPERM, "not let in");
	is_int(status_of(VIR_ERR_ACCESS_DENIED, VIR_FROM_ACCESS, 0), EX_NOPERM, "may not do it");
	is_int(status_of(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, 0), EX_UNAVAILABLE, "no driver");
	is_int(status_of(VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, 0), EX_UNAVAILABLE,
	    "a connection that breaks");
	is_int(status_of(VIR_ERR_INTERNAL_ERROR, VIR_FROM_QEMU, 0), EXIT_NO, "it refuses");
	is_int(status_of(VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, 0), EX_DATAERR, "bad XML");
	is_int(virterror_status(NULL), EX_SOFTWARE, "no error at all");
}

static void test_reasons(void)
{
	const struct image virtio = {.target = "virtio", .solo5 = "virtio"};
	const struct image plain = {.target = "virtio"}, xen = {.target = "xen"};
	struct virtend how = {.ended = true, .reason = SHUTDOWN_POWEROFF, .told = EXIT_UNTOLD};

	is_int(virtlife_reason(VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN), SHUTDOWN_POWEROFF, "power off");
	is_int(virtlife_reason(VIR_DOMAIN_EVENT_STOPPED_CRASHED), SHUTDOWN_CRASH, "a crash");
	is_int(
	    virtlife_reason(VIR_DOMAIN_EVENT_STOPPED_DESTROYED), SHUTDOWN_DESTROYED, "destroyed");
	is_int(virtlife_reason(VIR_DOMAIN_EVENT_STOPPED_SAVED), SHUTDOWN_SUSPEND, "saved");
	is_int(virtlife_reason(VIR_DOMAIN_EVENT_STOPPED_FAILED), SHUTDOWN_UNKNOWN, "failed");
	is_int(virtlife_reason(99), SHUTDOWN_UNKNOWN, "a detail of a later libvirt");
	is_int(virtrun_status(&how, &xen), 0, "Xen: power off");
	is_int(virtrun_status(&how, &plain), 0, "QEMU: power off");
	is_int(virtrun_status(&how, &virtio), 134, "Solo5: a reset");
	how.told = 7;
	is_int(virtrun_status(&how, &virtio), 7, "Solo5: what it told");
	is_int(virtrun_status(&how, &xen), 0, "Xen: what it told isn't for us");
	how.reason = SHUTDOWN_UNKNOWN;
	is_int(virtrun_status(&how, &virtio), 7, "nobody saw it, but it told");
	how.reason = SHUTDOWN_DESTROYED;
	is_int(virtrun_status(&how, &virtio), 137, "destroyed, whatever it told");
	is_int(virtrun_status(&how, NULL), 137, "destroyed");
}

static void check_uri(const char *given, const char *record, const char *target,
    const char *environment, const char *want)
{
	struct rec r A_CLEANUP(rec_free) = {0};
	struct virt v A_CLEANUP(virt_free) = {0};
	struct fault fault = {0};

	if ((record && rec_add(&r, "libvirt.uri", record, &fault) < 0) ||
	    (target && rec_add(&r, "target", target, &fault) < 0))
		ok(false, "%s", fault.text);
	if (environment)
		setenv("LIBVIRT_DEFAULT_URI", environment, 1);
	else
		unsetenv("LIBVIRT_DEFAULT_URI");
	ok(virt_find(&v, &r, given, &fault) == 0, "%s", fault.text);
	is_str(buf_str(&v.uri), want, "the URI is %s", want);
	is_str(virt_name(&v), want, "and what it is called");
	unsetenv("LIBVIRT_DEFAULT_URI");
}

/* On another machine, by our own ssh unless the URI has its own way. `words`: NULL: it isn't so. */
static void check_there(const char *uri, const char *words, const char *want)
{
	struct rec r A_CLEANUP(rec_free) = {0}, added A_CLEANUP(rec_free) = {0};
	struct virt v A_CLEANUP(virt_free) = {0};
	struct fault fault = {0};

	if (rec_add(&r, "deploy", "ssh://root@host:22", &fault) < 0 ||
	    rec_add(&r, "ssh.config", "/a b", &fault) < 0)
		ok(false, "%s", fault.text);
	ok(virt_find(&v, &r, uri, &fault) == 0, "%s", fault.text);
	is_str(buf_str(&v.uri), want, "the URI there is %s", want);
	ok(!virt_is_here(&v), "it isn't here");
	is_str(virt_name(&v), words ? "ssh://root@host:22" : want, "what it is called");
	ok(virt_add_place(&v, &added, &fault) == 0, "%s", fault.text);
	is_str(rec_get(&added, "deploy"), words ? "ssh://root@host:22" : NULL, "the place");
	is_str(rec_get(&added, "ssh.config"), words ? "/a b" : NULL, "and ssh's configuration");
	is_str(rec_get(&added, "libvirt.uri"), words ? NULL : want, "or the URI");
	if (words)
		is_str(buf_str(&v.words), words, "how one gets there");
}

static void test_there(void)
{
	static const char words[] = "--on ssh://root@host:22 --set ssh.config='/a b'";
	struct rec r A_CLEANUP(rec_free) = {0};
	struct virt v A_CLEANUP(virt_free) = {0};
	struct fault fault = {0};

	check_there(NULL, words, "xen:///system");
	check_there("xen:///", words, "xen:///");
	check_there("xen+ssh://other/system", NULL, "xen+ssh://other/system");
	check_there("xen://other/system", NULL, "xen://other/system");
	if (rec_add(&r, "deploy", "ssh://host", &fault) < 0 ||
	    rec_add(&r, "target", "virtio", &fault) < 0)
		ok(false, "%s", fault.text);
	ok(virt_find(&v, &r, NULL, &fault) < 0 && fault.status == EX_USAGE, "not for virtio");
}

static void test_uri(void)
{
	const char *qemu = geteuid() == 0 ? "qemu:///system" : "qemu:///session";

	check_uri("a:///", "b:///", "xen", "xen:///c", "a:///");
	check_uri(NULL, "b:///", "xen", "xen:///c", "b:///");
	check_uri(NULL, NULL, "xen", "xen+ssh://c/", "xen+ssh://c/");
	check_uri(NULL, NULL, "xen", "qemu:///system", "xen:///system");
	check_uri(NULL, NULL, "xen", NULL, "xen:///system");
	check_uri(NULL, NULL, "virtio", "xen:///system", qemu);
	check_uri(NULL, NULL, "virtio", "qemu+ssh://h/system", "qemu+ssh://h/system");
	check_uri(NULL, NULL, NULL, "anything:///", "anything:///");
}

static void test_place(void)
{
	const char *uuid = "4d697261-7269-8000-8000-000000000000";
	struct virt v = {.driver = VIRT_QEMU};
	struct buf place A_CLEANUP(buf_free) = {0};

	buf_adds(&v.uri, "qemu+ssh://host/session");
	ok(!virtchannel_place(&v, uuid, &place), "elsewhere there is no socket of ours");
	buf_clear(&v.uri);
	buf_adds(&v.uri, geteuid() == 0 ? "qemu:///session" : "qemu:///system");
	ok(!virtchannel_place(&v, uuid, &place), "nor where we aren't let in");
	buf_clear(&v.uri);
	buf_adds(&v.uri, geteuid() == 0 ? "qemu:///system" : "qemu:///session");
	setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
	ok(virtchannel_place(&v, uuid, &place), "here there is");
	ok(strstr(buf_str(&place), "/libvirt/qemu/mirari-4d697261"), "%s", buf_str(&place));
	v.driver = VIRT_TEST;
	buf_clear(&place);
	ok(!virtchannel_place(&v, uuid, &place), "for QEMU");
	virt_free(&v);
}

/* A domain as we make them, without its kernel. */
static void start(const struct virt *v, const char *name)
{
	char uuid[DOMAIN_UUID_LENGTH + 1], xml[512];
	struct rec record A_CLEANUP(rec_free) = {0};
	struct fault fault = {0};

	domain_uuid(name, uuid);
	snprintf(xml, sizeof xml,
	    "<domain type='test'><name>%s</name><uuid>%s</uuid><memory>32768</memory>"
	    "<os><type>hvm</type></os></domain>",
	    name, uuid);
	ok(virtrun_detached(v, name, xml, &record, &fault) == 0, "%s runs: %s", name, fault.text);
	is_str(rec_get(&record, "xen.uuid"), uuid, "with its UUID");
	ok(rec_get(&record, "xen.domid"), "and a number");
	is_str(rec_get(&record, "libvirt.uri"), "test:///default", "and where it is");
}

static void list(struct virt *v, bool all, const char *want)
{
	struct strv none A_CLEANUP(strv_free) = {0};
	struct virtlist l A_CLEANUP(virtlist_free) = {.names = &none, .all = all, .get = "name"};
	struct fault fault = {0};

	ok(virtdomain_list(v, &l, &fault) == 0, "a list: %s", fault.text);
	is_str(buf_str(&l.text), want, "those that are to be seen%s", all ? " of all" : "");
}

static void destroy_soon(int id, void *data)
{
	virEventRemoveTimeout(id);
	virDomainDestroy(data);
}

static void test_life(void)
{
	struct virt v = {0};
	struct fault fault = {0};
	struct strv names A_CLEANUP(strv_free) = {0};
	struct virtending ends[3];
	virDomainPtr domain = NULL;
	int reason = -1;

	buf_adds(&v.uri, "test:///default");
	ok(virt_open(&v, &fault) == 0, "the test driver: %s", fault.text);
	is_int(v.driver, VIRT_TEST, "that is what it is");
	ok(!virt_is_lost(&v), "and there");
	start(&v, "one");
	start(&v, "two");
	list(&v, false, "one\ntwo\n");
	list(&v, true, "one\ntest\ntwo\n");
	is_int(virtdomain_check_name(&v, "one", &fault), -1, "one isn't started again");
	is_int(fault.status, EX_TEMPFAIL, "it runs already");
	is_int(virtdomain_check_name(&v, "test", &fault), -1, "test is another's");
	is_int(fault.status, EXIT_NO, "and in the way");
	is_int(virtdomain_check_name(&v, "three", &fault), 0, "three may be");

	ok(virtdomain_find(&v, "one", &domain, &fault) == 0, "one is found: %s", fault.text);
	ok(virtdomain_is_ours(domain), "and ours");
	virEventAddTimeout(100, destroy_soon, domain, NULL);
	is_int(virtend_wait(&v, "one", NULL, &reason, &fault), 0, "its end is waited for");
	is_int(reason, SHUTDOWN_DESTROYED, "which was not its own");
	virDomainFree(domain);
	is_int(virtend_wait(&v, "one", NULL, &reason, &fault), -1, "it isn't there any more");
	is_int(fault.status, EXIT_NO, "that is all");

	strv_list(&names, "two", "test", "three");
	virtend_stop(&v, &names, 3000, ends);
	is_int(ends[0].result, 0, "two is stopped");
	is_int(ends[0].reason, SHUTDOWN_POWEROFF, "by itself");
	is_int(ends[1].result, -1, "test isn't ours to stop");
	is_int(ends[2].result, -1, "three isn't there");
	list(&v, true, "test\n");
	virt_free(&v);
}

/* In the foreground, until somebody ends us. */
static void test_signals(void)
{
	const char *xml = "<domain type='test'><name>x</name><memory>32768</memory>"
			  "<os><type>hvm</type></os></domain>";
	struct virt v = {0};
	struct fault fault = {0};
	struct virtend how = {0};

	buf_adds(&v.uri, "test:///default");
	ok(virt_open(&v, &fault) == 0, "the test driver again: %s", fault.text);
	alarm(30);
	signal(SIGALRM, SIG_DFL);
	if (fork() == 0) {
		usleep(300000);
		kill(getppid(), SIGTERM);
		_exit(0);
	}
	is_int(virtrun(&v, "x", xml, NULL, &how, &fault), 0, "it ran: %s", fault.text);
	ok(how.ended && !how.left, "and has ended");
	is_int(how.reason, SHUTDOWN_POWEROFF, "as it was told");
	alarm(0);
	while (wait(NULL) > 0)
		;
	virt_free(&v);
}

int main(void)
{
	test_errors();
	test_reasons();
	test_uri();
	test_there();
	test_place();
	test_life();
	test_signals();
	return tap_end();
}
