#include "host/netlink.h"

#include "core/mem.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int netlink_open(struct netlink *n, struct fault *fault)
{
	int on = 1;

	*n = (struct netlink){.first = 1, .next = 1};
	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!n->socket || mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		fault_errno(fault, EX_OSERR, errno, "rtnetlink socket");
		netlink_close(n);
		return -1;
	}
	/* short answers, with words; both are comforts that an old kernel may lack */
	if (mnl_socket_setsockopt(n->socket, NETLINK_CAP_ACK, &on, sizeof on) < 0 ||
	    mnl_socket_setsockopt(n->socket, NETLINK_EXT_ACK, &on, sizeof on) < 0)
		errno = 0;
	n->bytes = mem_resize(NULL, NETLINK_BYTES, 1);
	return 0;
}

void netlink_close(struct netlink *n)
{
	if (n->socket)
		mnl_socket_close(n->socket);
	free(n->bytes);
	*n = (struct netlink){0};
}

struct nlmsghdr *netlink_request(
    struct netlink *n, unsigned short type, unsigned short flags, unsigned *number)
{
	struct nlmsghdr *request;

	memset(n->bytes + n->length, 0, NETLINK_REQUEST_MAX);
	request = mnl_nlmsg_put_header(n->bytes + n->length);
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	request->nlmsg_seq = n->next++;
	if (number)
		*number = request->nlmsg_seq;
	return request;
}

void netlink_end(struct netlink *n, struct nlmsghdr *request)
{
	request->nlmsg_flags |= NLM_F_ACK;
	n->length += MNL_ALIGN(request->nlmsg_len);
}

bool netlink_has_room(const struct netlink *n, unsigned requests)
{
	return n->next - n->first + requests <= NETLINK_BATCH &&
	       n->length + (size_t)requests * NETLINK_REQUEST_MAX <= NETLINK_BYTES;
}

/* NLMSG_ERROR (netlink(7)): the header of the request is repeated, and with NETLINK_EXT_ACK
 * attributes follow; with NETLINK_CAP_ACK nothing else of the request is there. */
static void read_refusal(const struct nlmsghdr *answer, struct netlink_refusal *r)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(answer);
	size_t before = sizeof *error;
	const struct nlattr *attribute;

	r->number = answer->nlmsg_seq;
	r->error = -error->error;
	r->text[0] = '\0';
	if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(answer->nlmsg_flags & NLM_F_CAPPED))
		before += mnl_nlmsg_get_payload_len(&error->msg);
	mnl_attr_for_each(attribute, answer, before)
	{
		if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
			snprintf(r->text, sizeof r->text, "%s", mnl_attr_get_str(attribute));
	}
}

/* Reads answers until all requests of the batch have theirs. */
static int read_answers(struct netlink *n, unsigned awaited,
    void (*refused)(void *, const struct netlink_refusal *), void *context, struct fault *fault)
{
	_Alignas(struct nlmsghdr) char bytes[1 << 14];

	while (awaited) {
		ssize_t got = mnl_socket_recvfrom(n->socket, bytes, sizeof bytes);
		const struct nlmsghdr *answer = (const struct nlmsghdr *)bytes;
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fault_errno(
			    fault, EX_OSERR, got ? errno : EPIPE, "read rtnetlink's answer");
		for (; mnl_nlmsg_ok(answer, left); answer = mnl_nlmsg_next(answer, &left)) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(answer);
			struct netlink_refusal refusal;

			if (answer->nlmsg_type != NLMSG_ERROR)
				continue;
			awaited--;
			if (!error->error)
				continue;
			read_refusal(answer, &refusal);
			refused(context, &refusal);
		}
	}
	return 0;
}

int netlink_send(struct netlink *n, void (*refused)(void *, const struct netlink_refusal *),
    void *context, struct fault *fault)
{
	unsigned awaited = n->next - n->first;
	size_t length = n->length;

	n->first = n->next;
	n->length = 0;
	if (!awaited)
		return 0;
	if (mnl_socket_sendto(n->socket, n->bytes, length) < 0)
		return fault_errno(fault, EX_OSERR, errno, "send to rtnetlink");
	return read_answers(n, awaited, refused, context, fault);
}

static bool has_end(const void *bytes, size_t length, unsigned number)
{
	const struct nlmsghdr *answer = bytes;
	int left = (int)length;

	for (; mnl_nlmsg_ok(answer, left); answer = mnl_nlmsg_next(answer, &left))
		if (answer->nlmsg_seq == number &&
		    (answer->nlmsg_type == NLMSG_DONE || answer->nlmsg_type == NLMSG_ERROR))
			return true;
	return false;
}

/* Reads the rest of a dump that nobody wants any more: while it goes on the kernel begins no other,
 * and its messages would be taken for the answer to that. */
static void read_to_end(struct netlink *n, char *bytes, size_t size, size_t got, unsigned number)
{
	while (!has_end(bytes, got, number)) {
		ssize_t more = mnl_socket_recvfrom(n->socket, bytes, size);

		if (more < 0 && errno != EINTR)
			return;
		got = more > 0 ? (size_t)more : 0;
	}
}

int netlink_ask(
    struct netlink *n, struct nlmsghdr *request, mnl_cb_t each, void *context, struct fault *fault)
{
	_Alignas(struct nlmsghdr) char bytes[1 << 15];
	unsigned port = mnl_socket_get_portid(n->socket);
	int more = MNL_CB_OK;

	n->first = n->next;
	if (mnl_socket_sendto(n->socket, request, request->nlmsg_len) < 0)
		return fault_errno(fault, EX_OSERR, errno, "send to rtnetlink");
	while (more > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(n->socket, bytes, sizeof bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_errno(fault, EX_OSERR, errno, "read rtnetlink's answer");
		more = mnl_cb_run(bytes, (size_t)got, request->nlmsg_seq, port, each, context);
		/* a dump's answer ends by itself, another's is one message */
		if (more > MNL_CB_STOP && !(request->nlmsg_flags & NLM_F_DUMP))
			break;
		if (more < 0 && errno == EINTR) {
			read_to_end(n, bytes, sizeof bytes, (size_t)got, request->nlmsg_seq);
			return EINTR;
		}
	}
	return more < 0 ? errno : 0;
}
