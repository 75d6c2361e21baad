#include "host/virterror.h"

#include "core/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static int of_errno(const virError *error)
{
	switch (error->int1) {
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	case ENOENT:
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ETIMEDOUT:
		/* elsewhere it is a file that somebody named */
		return error->domain == VIR_FROM_RPC || error->domain == VIR_FROM_REMOTE
			   ? EX_UNAVAILABLE
			   : EX_DATAERR;
	default:
		return error->domain == VIR_FROM_RPC ? EX_UNAVAILABLE : EX_OSERR;
	}
}

int virterror_status(const virError *error)
{
	if (!error)
		return EX_SOFTWARE;
	switch (error->code) {
	case VIR_ERR_SYSTEM_ERROR:
		return of_errno(error);
	case VIR_ERR_AUTH_FAILED:
	case VIR_ERR_AUTH_CANCELLED:
	case VIR_ERR_AUTH_UNAVAILABLE:
	case VIR_ERR_ACCESS_DENIED:
	case VIR_ERR_OPERATION_DENIED:
		return EX_NOPERM;
	case VIR_ERR_NO_CONNECT:
	case VIR_ERR_INVALID_CONN:
	case VIR_ERR_UNKNOWN_HOST:
	case VIR_ERR_RPC:
	case VIR_ERR_GNUTLS_ERROR:
	case VIR_ERR_SSH:
	case VIR_ERR_LIBSSH:
	case VIR_ERR_NO_SUPPORT:
		return EX_UNAVAILABLE;
	case VIR_ERR_INTERNAL_ERROR: /* a connection that closes is that, too */
		return error->domain == VIR_FROM_RPC ? EX_UNAVAILABLE : EXIT_NO;
	case VIR_ERR_XML_ERROR:
	case VIR_ERR_XML_DETAIL:
	case VIR_ERR_XML_INVALID_SCHEMA:
	case VIR_ERR_CONFIG_UNSUPPORTED:
	case VIR_ERR_INVALID_ARG:
		return EX_DATAERR;
	case VIR_ERR_OPERATION_TIMEOUT:
		return EX_TEMPFAIL;
	default:
		return EXIT_NO;
	}
}

static int make(struct fault *fault, const char *what, const virError *error)
{
	return fault_set(fault, virterror_status(error), "%s: libvirt: %s", what,
	    error && error->message ? error->message : "no reason given");
}

int virterror_fault(struct fault *fault, const char *format, ...)
{
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	return make(fault, what, virGetLastError());
}

/* Does the connection lead to another machine? test+unix:/// and qemu:/// don't. */
static bool is_remote(const char *uri)
{
	const char *host = strstr(uri, "://");

	return host && host[3] && host[3] != '/';
}

/* [USER@]HOST as ssh takes it, with its port. */
static void ssh_words(const char *uri, struct buf *into)
{
	const char *place = strstr(uri, "://") + 3;
	size_t length = strcspn(place, "/?"), host = length;

	while (host && place[host - 1] >= '0' && place[host - 1] <= '9')
		host--;
	if (host && host < length && place[host - 1] == ':')
		buf_printf(into, "-p %.*s %.*s", (int)(length - host), place + host,
		    (int)(host - 1), place);
	else
		buf_printf(into, "%.*s", (int)length, place);
}

static int hint_remote(struct fault *fault, const char *uri)
{
	struct buf words A_CLEANUP(buf_free) = {0};

	if (!strstr(uri, "+ssh://"))
		return fault_hint(fault, "virsh -c '%s' uri; does libvirtd listen there?", uri);
	ssh_words(uri, &words);
	return fault_hint(fault,
	    "ssh %s virsh uri; it must let you in without a question, and "
	    "libvirtd run there",
	    buf_str(&words));
}

static int hint_local(struct fault *fault, const char *uri, const virError *error)
{
	const char *driver = !strncmp(uri, "xen", 3) ? "xen" : "qemu";

	if (fault->status == EX_NOPERM && strstr(uri, "///system"))
		return fault_hint(fault, "sudo usermod -aG libvirt $USER, and log in again%s",
		    *driver == 'q' ? "; or --uri qemu:///session" : "");
	if (fault->status != EX_UNAVAILABLE)
		return -1;
	/* somebody answered, but has no such driver */
	if (error && error->code == VIR_ERR_NO_CONNECT)
		return *driver == 'x'
			   ? fault_hint(fault, "on a Xen host: sudo apt-get install "
					       "libvirt-daemon-driver-xen; or use xl: xen.via=xl")
			   : fault_hint(fault,
				 "sudo apt-get install libvirt-daemon-driver-qemu; or another "
				 "--uri");
	return fault_hint(fault,
	    "sudo systemctl start libvirtd; where there is none: sudo apt-get install "
	    "libvirt-daemon-system libvirt-daemon-driver-%s",
	    driver);
}

int virterror_connecting(struct fault *fault, const char *uri)
{
	const virError *error = virGetLastError();
	char what[512];

	snprintf(what, sizeof what, "connect to %s", uri);
	make(fault, what, error);
	if (fault->status == EX_DATAERR)
		fault->status = EX_USAGE;
	if (is_remote(uri))
		return hint_remote(fault, uri);
	return hint_local(fault, uri, error);
}
