#include "host/ocifile.h"

#include "core/fd.h"
#include "host/imagefile.h"
#include "render/ustar.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 18 };

static const char layout[] = "{\"imageLayoutVersion\": \"1.0.0\"}\n";

struct writer {
	const struct ociimage *image;
	const char *output;
	int fd;
	uint64_t at; /* bytes written */
	EVP_MD_CTX *hash;
	bool hashing;
	struct fault *fault;
};

/* A file that goes into the layer. */
struct source {
	int fd;
	const char *path;
	uint64_t size;
	const char *name; /* in the image */
};

static int crypto_failed(struct writer *w)
{
	return fault_set(w->fault, EX_OSERR, "SHA-256 doesn't work here (libcrypto)");
}

static int hash_add(struct writer *w, const void *bytes, size_t length)
{
	return EVP_DigestUpdate(w->hash, bytes, length) == 1 ? 0 : crypto_failed(w);
}

static int put(struct writer *w, const void *bytes, size_t length)
{
	if (w->hashing && hash_add(w, bytes, length) < 0)
		return -1;
	if (fd_write(w->fd, bytes, length) < 0)
		return fault_errno(w->fault, EX_IOERR, errno, "write %s", w->output);
	w->at += length;
	return 0;
}

static int put_zeros(struct writer *w, size_t length)
{
	static const char zeros[USTAR_END];

	return put(w, zeros, length);
}

static int pad(struct writer *w, uint64_t size)
{
	size_t over = (size_t)(size % USTAR_BLOCK);

	return over ? put_zeros(w, USTAR_BLOCK - over) : 0;
}

static int put_header(struct writer *w, const char *name, uint64_t size)
{
	uint8_t block[USTAR_BLOCK];

	if (!ustar_header(block, name, size))
		return fault_set(w->fault, EX_DATAERR,
		    "%s: %llu bytes are more than a tar archive holds (8 GiB)", name,
		    (unsigned long long)size);
	return put(w, block, sizeof block);
}

static int put_file(struct writer *w, const char *name, const void *bytes, size_t length)
{
	if (put_header(w, name, length) < 0 || put(w, bytes, length) < 0)
		return -1;
	return pad(w, length);
}

static int hash_start(struct writer *w)
{
	w->hashing = true;
	return EVP_DigestInit_ex(w->hash, EVP_sha256(), NULL) == 1 ? 0 : crypto_failed(w);
}

static int hash_end(struct writer *w, struct ociblob *blob)
{
	unsigned char digest[OCI_DIGEST / 2];
	unsigned length = 0;

	w->hashing = false;
	if (EVP_DigestFinal_ex(w->hash, digest, &length) != 1 || length != sizeof digest)
		return crypto_failed(w);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(blob->digest + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

static void blob_name(struct buf *into, const struct ociblob *blob)
{
	buf_printf(into, "blobs/sha256/%s", blob->digest);
}

static int put_blob(struct writer *w, const struct buf *bytes, struct ociblob *blob)
{
	struct buf name A_CLEANUP(buf_free) = {0};

	if (hash_start(w) < 0 || hash_add(w, buf_str(bytes), bytes->length) < 0 ||
	    hash_end(w, blob) < 0)
		return -1;
	blob->size = bytes->length;
	blob_name(&name, blob);
	return put_file(w, buf_str(&name), buf_str(bytes), bytes->length);
}

static int put_source(struct writer *w, const struct source *source)
{
	char chunk[CHUNK];
	uint64_t done = 0;

	if (put_header(w, source->name, source->size) < 0)
		return -1;
	for (;;) {
		/* one byte more than its size tells that it has grown */
		ssize_t n = pread(source->fd, chunk, sizeof chunk, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno(w->fault, EX_IOERR, errno, "read %s", source->path);
		if (n == 0)
			break;
		done += (uint64_t)n;
		if (done > source->size)
			return fault_set(w->fault, EX_DATAERR,
			    "%s: became longer while it was read", source->path);
		if (put(w, chunk, (size_t)n) < 0)
			return -1;
	}
	if (done != source->size)
		return fault_set(
		    w->fault, EX_DATAERR, "%s: became shorter while it was read", source->path);
	return pad(w, done);
}

/* The layer: the unikernel, its block device's content, and urunc.json. */
static int put_layer(struct writer *w, const struct source *sources, size_t count,
    const struct buf *urunc, struct ociblob *layer)
{
	struct buf name A_CLEANUP(buf_free) = {0};
	off_t header = (off_t)w->at;
	uint8_t block[USTAR_BLOCK];

	layer->size = ustar_space(0) + ustar_space(urunc->length) + USTAR_END;
	for (size_t i = 0; i < count; i++)
		layer->size += ustar_space(sources[i].size);
	/* its name is its hash, which is known when it has been written */
	if (put_header(w, "blobs/sha256/", 0) < 0 || hash_start(w) < 0 ||
	    put_header(w, "unikernel/", 0) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (put_source(w, &sources[i]) < 0)
			return -1;
	if (put_file(w, "urunc.json", buf_str(urunc), urunc->length) < 0 ||
	    put_zeros(w, USTAR_END) < 0 || hash_end(w, layer) < 0)
		return -1;
	blob_name(&name, layer);
	if (!ustar_header(block, buf_str(&name), layer->size))
		return fault_set(w->fault, EX_DATAERR,
		    "the image would have %llu bytes, which are more than a tar archive holds (8 "
		    "GiB)",
		    (unsigned long long)layer->size);
	if (pwrite(w->fd, block, sizeof block, header) != (ssize_t)sizeof block)
		return fault_errno(w->fault, EX_IOERR, errno, "write %s", w->output);
	return 0;
}

static int put_all(struct writer *w, const struct source *sources, size_t count)
{
	const struct ociimage *o = w->image;
	struct buf urunc A_CLEANUP(buf_free) = {0}, config A_CLEANUP(buf_free) = {0};
	struct buf manifest A_CLEANUP(buf_free) = {0}, index A_CLEANUP(buf_free) = {0};
	struct ociblob layer, of_config, of_manifest;

	if (ociimage_urunc(o, &urunc, w->fault) < 0 ||
	    put_file(w, "oci-layout", layout, sizeof layout - 1) < 0 ||
	    put_header(w, "blobs/", 0) < 0 || put_header(w, "blobs/sha256/", 0) < 0 ||
	    put_layer(w, sources, count, &urunc, &layer) < 0 ||
	    ociimage_config(o, &layer, &config, w->fault) < 0 ||
	    put_blob(w, &config, &of_config) < 0 ||
	    ociimage_manifest(o, &of_config, &layer, &manifest, w->fault) < 0 ||
	    put_blob(w, &manifest, &of_manifest) < 0 ||
	    ociimage_index(o, &of_manifest, &index, w->fault) < 0 ||
	    put_file(w, "index.json", buf_str(&index), index.length) < 0)
		return -1;
	return put_zeros(w, USTAR_END);
}

/* Neither a device nor one of the files that are read is replaced. */
static int check_output(
    const char *output, const struct source *sources, size_t count, struct fault *fault)
{
	struct stat there, source;

	if (lstat(output, &there) < 0)
		return 0;
	if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode))
		return fault_set(fault, EX_CANTCREAT, "%s: is there, and is no file", output);
	for (size_t i = 0; i < count; i++)
		if (stat(output, &there) == 0 && fstat(sources[i].fd, &source) == 0 &&
		    there.st_dev == source.st_dev && there.st_ino == source.st_ino)
			return fault_set(
			    fault, EX_USAGE, "%s: is what the image is made of", output);
	return 0;
}

/* A file without a name goes away with us, however we end; not every file system has that. */
static int open_nameless(const char *output)
{
#ifdef O_TMPFILE
	const char *slash = strrchr(output, '/');
	struct buf dir A_CLEANUP(buf_free) = {0};

	if (access("/proc/self/fd", X_OK) < 0)
		return -1; /* it couldn't be named then */
	if (slash)
		buf_add(&dir, output, (size_t)(slash - output) + 1);
	else
		buf_adds(&dir, ".");
	return open(buf_str(&dir), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
#else
	(void)output;
	return -1;
#endif
}

/* Named for a moment only, as there is no link that replaces a file. */
static int publish(struct writer *w, bool nameless, const char *temporary)
{
	char self[40];

	snprintf(self, sizeof self, "/proc/self/fd/%d", w->fd);
	if (nameless && linkat(AT_FDCWD, self, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) < 0)
		return fault_errno(w->fault, EX_CANTCREAT, errno, "create %s", temporary);
	if (rename(temporary, w->output) == 0)
		return 0;
	fault_errno(w->fault, EX_CANTCREAT, errno, "write %s", w->output);
	unlink(temporary);
	return -1;
}

static int write_temporary(
    struct writer *w, const char *temporary, const struct source *sources, size_t count)
{
	bool nameless;
	int result;

	w->fd = open_nameless(w->output);
	nameless = w->fd >= 0;
	if (!nameless)
		w->fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (w->fd < 0)
		return fault_errno(w->fault, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
		    "create %s", temporary);
	w->hash = EVP_MD_CTX_new();
	result = w->hash ? put_all(w, sources, count) : crypto_failed(w);
	EVP_MD_CTX_free(w->hash);
	if (result == 0)
		result = publish(w, nameless, temporary);
	else if (!nameless)
		unlink(temporary);
	if (close(w->fd) < 0 && result == 0)
		result = fault_errno(w->fault, EX_IOERR, errno, "write %s", w->output);
	return result;
}

int ocifile_write(const struct ociimage *o, int unikernel, const char *path, const char *output,
    struct fault *fault)
{
	struct writer w = {.image = o, .output = output, .fault = fault};
	struct buf temporary A_CLEANUP(buf_free) = {0};
	int block A_CLEANUP(fd_close) = -1;
	struct source sources[2] = {{.fd = unikernel, .path = path, .name = buf_str(&o->binary)}};
	size_t count = 1;
	struct stat st;

	if (fstat(unikernel, &st) < 0)
		return fault_errno(fault, 0, errno, "%s", path);
	sources[0].size = (uint64_t)st.st_size;
	if (o->block.length) {
		block = imagefile_open(buf_str(&o->block_source), &sources[1].size, fault);
		if (block < 0)
			return -1;
		sources[1].fd = block;
		sources[1].path = buf_str(&o->block_source);
		sources[1].name = buf_str(&o->block);
		count = 2;
	}
	if (check_output(output, sources, count, fault) < 0)
		return -1;
	buf_printf(&temporary, "%s.%ld.part", output, (long)getpid());
	return write_temporary(&w, buf_str(&temporary), sources, count);
}
