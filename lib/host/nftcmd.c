#include "host/nftcmd.h"

#include "core/fd.h"
#include "core/proc.h"
#include "host/caps.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

#define MODULES "nf_tables nft_chain_nat nft_ct nft_fib_inet nft_masq"

/* Do we have rights that our caller hasn't, by a file capability or a set-user-ID bit
 * (getauxval(3))?
 */
static bool is_privileged(void)
{
	return getauxval(AT_SECURE) != 0;
}

int nftcmd_find(const char *program, struct buf *path)
{
	static const char *const elsewhere[] = {"/usr/sbin/", "/sbin/"};
	int error = ENOENT;

	if (!is_privileged()) {
		if (proc_find(program, path) == 0)
			return 0;
		error = errno;
	}
	for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
		struct buf candidate A_CLEANUP(buf_free) = {0};

		buf_printf(&candidate, "%s%s", elsewhere[i], program);
		if (proc_find(buf_str(&candidate), path) == 0)
			return 0;
	}
	errno = error;
	return -1;
}

/* The first line that isn't a remark ("# Warning: table ip filter is managed by iptables-nft"). */
static void first_line(const char *text, struct buf *into)
{
	while (*text == '#' || *text == '\n') {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	buf_add(into, text, strcspn(text, "\n"));
}

/* nft has one exit status for everything: what it was is in the text, in strerror's words. */
static int explain(const struct buf *said, struct fault *fault)
{
	static const char *const kernel[] = {"Operation not supported", "Protocol not supported",
	    "Could not process rule: No such file or directory"};
	struct buf line A_CLEANUP(buf_free) = {0};

	first_line(buf_str(said), &line);
	if (strstr(buf_str(said), "Operation not permitted")) {
		fault_set(fault, EX_NOPERM, "nft: %s", buf_str(&line));
		return fault_hint(fault,
		    "changing this network needs CAP_NET_ADMIN in it: as root, and in a container "
		    "docker run --cap-add=NET_ADMIN …");
	}
	fault_set(fault, EX_OSERR, "nft: %s", line.length ? buf_str(&line) : "failed in silence");
	for (size_t i = 0; i < COUNT_OF(kernel); i++) {
		if (!strstr(buf_str(said), kernel[i]))
			continue;
		fault_set(fault, EX_OSERR, "this kernel lacks a part of nf_tables: nft: %s",
		    buf_str(&line));
		return fault_hint(fault, "sudo modprobe -a %s", MODULES);
	}
	return -1;
}

/* Should: run the administrator's program with the rights that it needs. Mustn't: let a caller who
 * hasn't these say which program that is, or what it loads (PATH, XTABLES_LIBDIR). */
static int run(
    const struct strv *command, const struct proc_io *io, int *status, struct fault *fault)
{
	char *none[] = {NULL}, **ours = environ;
	int result;

	if (caps_lend(CAP_NET_ADMIN, true, fault) < 0)
		return -1;
	environ = is_privileged() ? none : ours;
	result = proc_run(command, io, status, fault);
	environ = ours;
	return caps_lend(CAP_NET_ADMIN, false, fault) < 0 ? -1 : result;
}

int nftcmd_run(
    const struct strv *arguments, const struct buf *script, struct buf *out, struct fault *fault)
{
	int in A_CLEANUP(fd_close) = script ? proc_memory_file_of(script, fault) : -1;
	int file A_CLEANUP(fd_close) = -1;
	struct proc_io io = {.in = in, .merge = true};
	struct strv command A_CLEANUP(strv_free) = {0};
	struct buf path A_CLEANUP(buf_free) = {0}, said A_CLEANUP(buf_free) = {0};
	int status;

	if (script && in < 0)
		return -1;
	if (nftcmd_find("nft", &path) < 0) {
		if (errno != ENOENT)
			return fault_errno(fault, EXIT_CANNOT_EXEC, errno, "nft");
		fault_set(fault, EXIT_NOT_FOUND, "nft: command not found");
		return fault_hint(fault, "sudo apt-get install nftables");
	}
	strv_add(&command, buf_str(&path));
	strv_add_all(&command, arguments);
	file = proc_memory_file(fault);
	io.out = file;
	if (file < 0 || run(&command, &io, &status, fault) < 0)
		return -1;
	if (lseek(file, 0, SEEK_SET) < 0)
		return fault_errno(fault, 0, errno, "lseek");
	if (fd_read_all(file, "nft", &said, fault) < 0)
		return -1;
	buf_add(out, said.bytes, said.length);
	return status ? explain(&said, fault) : 0;
}

/* ---- the kernel's own list --------------------------------------------------------------------*/

enum { TRIES = 20, ANSWER_MAX = 32768 };

struct answer {
	bool last;
	bool again; /* tables came and went meanwhile */
	int error;
};

static int ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
	} request = {
	    .header = {.nlmsg_len = sizeof request,
		.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .generic = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0},
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return sendto(fd, &request, sizeof request, 0, (const struct sockaddr *)&kernel,
		   sizeof kernel) == (ssize_t)sizeof request
		   ? 0
		   : -1;
}

/* The table's name among a message's attributes. */
static void add_table(const char *message, size_t length, struct strv *names)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nlattr attribute;

	for (; at + NLA_HDRLEN <= length; at += NLA_ALIGN(attribute.nla_len)) {
		memcpy(&attribute, message + at, sizeof attribute);
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > length - at)
			return;
		if ((attribute.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME)
			strv_add_bytes(names, message + at + NLA_HDRLEN,
			    strnlen(message + at + NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN));
	}
}

static void read_answer(const char *bytes, size_t length, struct answer *answer, struct strv *names)
{
	struct nlmsghdr header;

	for (size_t at = 0; at + NLMSG_HDRLEN <= length; at += NLMSG_ALIGN(header.nlmsg_len)) {
		memcpy(&header, bytes + at, sizeof header);
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > length - at)
			break;
		answer->again |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
			answer->last = true;
			if (header.nlmsg_len >= NLMSG_HDRLEN + sizeof answer->error)
				memcpy(&answer->error, bytes + at + NLMSG_HDRLEN,
				    sizeof answer->error);
			return;
		}
		add_table(bytes + at, header.nlmsg_len, names);
	}
}

/* One list, whole or to be asked for again; -1 with errno set. */
static int list_once(int fd, struct answer *answer, struct strv *names)
{
	struct buf into A_CLEANUP(buf_free) = {0};
	char *bytes = buf_reserve(&into, ANSWER_MAX);

	if (ask(fd) < 0)
		return -1;
	while (!answer->last) {
		ssize_t got = bytes ? recv(fd, bytes, ANSWER_MAX, 0) : -1;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		read_answer(bytes, (size_t)got, answer, names);
	}
	errno = -answer->error;
	return answer->error ? -1 : 0;
}

int nftcmd_tables(struct strv *names, struct fault *fault)
{
	int fd A_CLEANUP(fd_close) = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	for (int i = 0; fd >= 0 && i < TRIES; i++) {
		struct strv found A_CLEANUP(strv_free) = {0};
		struct answer answer = {0};

		if (list_once(fd, &answer, &found) < 0)
			break;
		if (!answer.again) {
			strv_add_all(names, &found);
			return 0;
		}
		errno = EAGAIN;
	}
	/* nobody has put a table there */
	if (errno == EPROTONOSUPPORT || errno == EOPNOTSUPP || errno == EINVAL)
		return 0;
	if (errno == EAGAIN)
		return fault_set(fault, EX_TEMPFAIL, "the tables of nftables change all the time");
	fault_errno(fault, 0, errno, "ask for the tables of nftables");
	if (fault->status == EX_NOPERM)
		fault_hint(fault, "run it with sudo, or with CAP_NET_ADMIN");
	return -1;
}
