#include "host/virt.h"

#include "core/clock.h"
#include "core/fd.h"
#include "core/shell.h"
#include "host/virterror.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	KEEPALIVE_S = 5, /* a peer that doesn't answer so often in a row has gone */
	KEEPALIVE_COUNT = 3
};

/* ---- which one ----------------------------------------------------------------------------------
 */

/* dom0 is the one that may control others (Xen's and Linux' xenfs). */
static bool is_xen_host(void)
{
	struct buf text A_CLEANUP(buf_free) = {0};
	struct fault ignored;

	return file_read("/proc/xen/capabilities", EX_UNAVAILABLE, &text, &ignored) == 0 &&
	       strstr(buf_str(&text), "control_d");
}

static bool fits(const char *uri, const char *target)
{
	const char *driver = target && !strcmp(target, "xen") ? "xen" : "qemu";

	return !target || !strncmp(uri, "test", 4) || !strncmp(uri, driver, strlen(driver));
}

static void find_uri(const struct rec *record, const char *given, struct buf *into)
{
	const char *target = rec_get(record, "target"), *uri = rec_get(record, "libvirt.uri");
	const char *usual = getenv("LIBVIRT_DEFAULT_URI");

	if (given)
		uri = given;
	if (!uri && usual && *usual && fits(usual, target))
		uri = usual;
	if (!uri && (target ? !strcmp(target, "xen") : is_xen_host()))
		uri = "xen:///system";
	if (!uri)
		uri = geteuid() == 0 ? "qemu:///system" : "qemu:///session";
	buf_adds(into, uri);
}

/* The same on the machine that the record says; false: it says none, or the URI does. */
static bool find_there(struct virt *v, const struct rec *record, const char *given)
{
	const char *place = rec_get(record, "deploy"), *config = rec_get(record, "ssh.config");
	const char *uri = given ? given : rec_get(record, "libvirt.uri"), *path;

	if (!place || strncmp(place, "ssh://", strlen("ssh://")))
		return false;
	path = uri ? strstr(uri, "://") : NULL;
	if (uri && (!path || path[3] != '/' || memchr(uri, '+', (size_t)(path - uri))))
		return false;
	buf_adds(&v->uri, uri ? uri : "xen:///system");
	buf_adds(&v->ssh.place, place);
	buf_adds(&v->ssh.config, config ? config : "");
	buf_printf(&v->words, "--on %s", place);
	if (config) {
		buf_adds(&v->words, " --set ssh.config=");
		shell_word(&v->words, config);
	}
	return true;
}

int virt_find(struct virt *v, const struct rec *record, const char *given, struct fault *fault)
{
	const char *target = rec_get(record, "target");

	if (!find_there(v, record, given)) {
		find_uri(record, given, &v->uri);
		buf_printf(&v->words, "--uri '%s'", buf_str(&v->uri));
	} else if (target && !strcmp(target, "virtio")) {
		fault_set(fault, EX_USAGE,
		    "%s: only Xen's unikernels are brought there for libvirt",
		    buf_str(&v->ssh.place));
		return fault_hint(fault,
		    "mirari run --on %s, if mirari is installed there; or copy it, and "
		    "--uri qemu+ssh://…",
		    buf_str(&v->ssh.place));
	}
	return 0;
}

const char *virt_name(const struct virt *v)
{
	return buf_str(v->ssh.place.length ? &v->ssh.place : &v->uri);
}

bool virt_is_here(const struct virt *v)
{
	return !v->ssh.place.length && strstr(buf_str(&v->uri), ":///");
}

int virt_add_place(const struct virt *v, struct rec *record, struct fault *fault)
{
	if (!v->ssh.place.length)
		return rec_add(record, "libvirt.uri", buf_str(&v->uri), fault);
	if (rec_add(record, "deploy", buf_str(&v->ssh.place), fault) < 0 ||
	    (v->ssh.config.length &&
		rec_add(record, "ssh.config", buf_str(&v->ssh.config), fault) < 0))
		return -1;
	return rec_add(record, "xen.via", "libvirt", fault);
}

/* ---- events -------------------------------------------------------------------------------------
 */

/* libvirt's event loop has no end in time but by a timer. -1: not yet started. */
static int timer = -1;

static void on_time(int id, void *data)
{
	(void)data;
	virEventUpdateTimeout(id, -1);
}

static void be_quiet(void *data, virErrorPtr error)
{
	(void)data, (void)error;
}

static int start_events(struct fault *fault)
{
	if (timer >= 0)
		return 0;
	/* else it prints each error itself */
	virSetErrorFunc(NULL, be_quiet);
	/* before the first connection, or that one has no events */
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0 ||
	    (timer = virEventAddTimeout(-1, on_time, NULL, NULL)) < 0)
		return virterror_fault(fault, "start libvirt's event loop");
	return 0;
}

int virt_turn(int64_t until, struct fault *fault)
{
	int64_t left = until < 0 ? -1 : until - clock_ms();

	if (until >= 0 && left < 0)
		left = 0;
	virEventUpdateTimeout(timer, left > INT_MAX ? INT_MAX : (int)left);
	if (virEventRunDefaultImpl() < 0)
		return virterror_fault(fault, "wait for libvirt's events");
	return 0;
}

/* ---- the connection -----------------------------------------------------------------------------
 */

static void on_close(virConnectPtr connection, int reason, void *data)
{
	struct virt *v = data;

	(void)connection, (void)reason;
	v->lost = true;
}

static enum virt_driver driver_of(virConnectPtr connection)
{
	const char *type = virConnectGetType(connection);

	if (type && !strcmp(type, "Xen"))
		return VIRT_XEN;
	if (type && !strcmp(type, "QEMU"))
		return VIRT_QEMU;
	return type && !strcmp(type, "TEST") ? VIRT_TEST : VIRT_OTHER;
}

/* Where nobody could answer, ssh isn't to ask either. */
static void batch_uri(const char *uri, struct buf *into)
{
	buf_adds(into, uri);
	if (!isatty(STDIN_FILENO) && strstr(uri, "+ssh://") && !strstr(uri, "no_tty="))
		buf_printf(into, "%cno_tty=1", strchr(uri, '?') ? '&' : '?');
}

/* What was said over there says more than that nobody answers. */
static int failed(struct virt *v, struct fault *fault)
{
	virterror_connecting(fault, virt_name(v));
	(void)!virtssh_explain(&v->ssh, fault);
	virtssh_hang_up(&v->ssh);
	return -1;
}

int virt_open(struct virt *v, struct fault *fault)
{
	struct buf uri A_CLEANUP(buf_free) = {0};
	virConnectAuth nobody = {0};

	if (start_events(fault) < 0)
		return -1;
	if (!v->ssh.place.length)
		batch_uri(buf_str(&v->uri), &uri);
	else if (virtssh_offer(&v->ssh, buf_str(&v->uri), &uri, fault) < 0)
		return -1;
	v->lost = false;
	v->connection = virConnectOpenAuth(
	    buf_str(&uri), isatty(STDIN_FILENO) ? virConnectAuthPtrDefault : &nobody, 0);
	virtssh_taken(&v->ssh);
	if (!v->connection)
		return failed(v, fault);
	v->driver = driver_of(v->connection);
	/* what runs in this process has neither, and is never lost */
	(void)virConnectSetKeepAlive(v->connection, KEEPALIVE_S, KEEPALIVE_COUNT);
	(void)virConnectRegisterCloseCallback(v->connection, on_close, v, NULL);
	return 0;
}

void virt_close(struct virt *v)
{
	if (v->connection) {
		(void)virConnectUnregisterCloseCallback(v->connection, on_close);
		(void)virConnectClose(v->connection);
	}
	v->connection = NULL;
	virtssh_hang_up(&v->ssh);
}

void virt_free(struct virt *v)
{
	virt_close(v);
	virtssh_free(&v->ssh);
	buf_free(&v->uri);
	buf_free(&v->words);
}

bool virt_is_lost(const struct virt *v)
{
	return !v->connection || v->lost || virConnectIsAlive(v->connection) == 0;
}
