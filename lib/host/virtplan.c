#include "host/virtplan.h"

#include "host/subjectdomain.h"
#include "host/tapcheck.h"
#include "host/virtchannel.h"
#include "host/xldeploy.h"
#include "render/domxml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void virtplan_free(struct virtplan *p)
{
	domain_free(&p->domain);
	subject_free(&p->subject);
	strv_free(&p->warnings);
	buf_free(&p->xml);
}

static int add_options(struct virtplan *p, struct fault *fault)
{
	const char *target = p->subject.image.target;
	const char *to = target && !strcmp(target, "virtio") ? "tap" : "bridge";

	if (deviceoptions_apply(p->devices, to, &p->subject.record, fault) < 0)
		return -1;
	if (p->accel && strcmp(p->accel, "kvm") != 0 && strcmp(p->accel, "tcg") != 0)
		return fault_set(fault, EX_USAGE, "--accel is kvm or tcg, not '%s'", p->accel);
	return 0;
}

int virtplan_find(struct virtplan *p, struct fault *fault)
{
	struct subject *s = &p->subject;

	if (subject_find(&p->asked, s, fault) < 0 || add_options(p, fault) < 0 ||
	    subject_name(s, fault) < 0)
		return -1;
	/* whose libvirt it is, where nothing else says it */
	if (!rec_get(&s->record, "target") && s->image.target &&
	    rec_add(&s->record, "target", s->image.target, fault) < 0)
		return -1;
	return subject_domain(s, p->more, &p->domain, fault);
}

int virtplan_bring(struct virtplan *p, const struct virt *v, struct fault *fault)
{
	struct xldeploy d A_CLEANUP(xldeploy_free) = {
	    .domain = &p->domain, .kernel = p->subject.fd, .memory = -1};
	struct buf ignored A_CLEANUP(buf_free) = {0};

	return v->ssh.place.length ? xldeploy_kernel(&d, &v->ssh.link, &ignored, fault) : 0;
}

/* ---- for a driver -------------------------------------------------------------------------------
 */

/* The word is only in the list of what domains it can have. */
static bool has_kvm(const struct virt *v)
{
	char *capabilities = virConnectGetCapabilities(v->connection);
	bool has = capabilities && strstr(capabilities, "<domain type='kvm'");

	free(capabilities);
	return has;
}

static int wrong_driver(const struct virtplan *p, const struct virt *v, struct fault *fault)
{
	const bool virtio = p->domain.type == DOMAIN_QEMU;

	fault_set(fault, EX_DATAERR, "%s: is %s, which libvirt's %s driver doesn't start",
	    buf_str(&p->subject.path), virtio ? "for virtio" : "for Xen",
	    virConnectGetType(v->connection));
	return fault_hint(fault, "--uri %s", virtio ? "qemu:///session" : "xen:///system");
}

static int choose_driver(
    const struct virtplan *p, const struct virt *v, enum domxml_driver *driver, struct fault *fault)
{
	const bool virtio = p->domain.type == DOMAIN_QEMU;

	if (v->driver == VIRT_TEST)
		*driver = DOMXML_TEST;
	else if (v->driver == VIRT_XEN && !virtio)
		*driver = DOMXML_XEN;
	else if (v->driver != VIRT_QEMU || !virtio)
		return wrong_driver(p, v, fault);
	else if (p->accel ? !strcmp(p->accel, "kvm") : has_kvm(v))
		*driver = DOMXML_KVM;
	else
		*driver = DOMXML_QEMU;
	return 0;
}

/* A path as seen from here, for who sees it from elsewhere. */
static int make_absolute(const char *path, struct buf *into, struct fault *fault)
{
	char *here = *path == '/' ? NULL : get_current_dir_name();

	if (!here && *path != '/')
		return fault_errno(fault, 0, errno, "the working directory");
	if (here)
		buf_printf(into, "%s/", here);
	buf_adds(into, path);
	free(here);
	return 0;
}

/* A session's QEMU opens the taps as this user; what libvirt says of one that it can't open helps
 * nobody. The MAC address is the one that a tap of ours was made for. */
static int check_taps(struct virtplan *p, const struct virt *v, struct fault *fault)
{
	const bool here = virt_is_here(v);
	const bool own = here && strstr(buf_str(&v->uri), ":///session");

	for (size_t i = 0; i < p->domain.nets.count && here && v->driver == VIRT_QEMU; i++) {
		struct netdev *net = &p->domain.nets.items[i];
		struct tapcheck tap = {0};

		if (!own)
			tapcheck_look(net->tap, &tap);
		else if (tapcheck(net->tap, net->name, &tap, fault) < 0)
			return -1;
		if (!net->mac_given && *tap.mac)
			mac_parse(tap.mac, net->mac);
	}
	return 0;
}

int virtplan_write(struct virtplan *p, const struct virt *v, struct fault *fault)
{
	struct buf log A_CLEANUP(buf_free) = {0}, socket A_CLEANUP(buf_free) = {0};
	struct domxml x = {.domain = &p->domain};

	if (choose_driver(p, v, &x.driver, fault) < 0 || check_taps(p, v, fault) < 0)
		return -1;
	if (p->log && make_absolute(p->log, &log, fault) < 0)
		return -1;
	if (p->log)
		x.log = buf_str(&log);
	if (virtchannel_place(v, p->domain.uuid, &socket))
		x.socket = buf_str(&socket);
	return domxml(&x, &p->xml, &p->warnings, fault);
}
