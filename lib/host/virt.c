#include "host/virt.h"

#include "core/clock.h"
#include "core/fd.h"
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

void virt_find_uri(const struct rec *record, const char *given, struct buf *into)
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

int virt_open(struct virt *v, struct fault *fault)
{
	struct buf uri A_CLEANUP(buf_free) = {0};
	virConnectAuth nobody = {0};

	if (start_events(fault) < 0)
		return -1;
	batch_uri(buf_str(&v->uri), &uri);
	v->lost = false;
	v->connection = virConnectOpenAuth(
	    buf_str(&uri), isatty(STDIN_FILENO) ? virConnectAuthPtrDefault : &nobody, 0);
	if (!v->connection)
		return virterror_connecting(fault, buf_str(&v->uri));
	v->driver = driver_of(v->connection);
	/* what runs in this process has neither, and is never lost */
	(void)virConnectSetKeepAlive(v->connection, KEEPALIVE_S, KEEPALIVE_COUNT);
	(void)virConnectRegisterCloseCallback(v->connection, on_close, v, NULL);
	return 0;
}

void virt_close(struct virt *v)
{
	if (!v->connection)
		return;
	(void)virConnectUnregisterCloseCallback(v->connection, on_close);
	(void)virConnectClose(v->connection);
	v->connection = NULL;
}

void virt_free(struct virt *v)
{
	virt_close(v);
	buf_free(&v->uri);
}

bool virt_is_lost(const struct virt *v)
{
	return !v->connection || v->lost || virConnectIsAlive(v->connection) == 0;
}
