#include "host/sha256.h"

#include "core/buf.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

enum { STEP = 1 << 20, SHA256_BYTES = SHA256_HEX / 2 };

static int add_file(EVP_MD_CTX *hash, int fd, const char *path, uint64_t *size, struct fault *fault)
{
	struct buf bytes A_CLEANUP(buf_free) = {0};
	char *room = buf_reserve(&bytes, STEP);
	ssize_t n;

	*size = 0;
	while ((n = pread(fd, room, STEP, (off_t)*size))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno(fault, 0, errno, "read %s", path);
		if (EVP_DigestUpdate(hash, room, (size_t)n) != 1)
			return fault_set(fault, EX_SOFTWARE, "SHA-256 of OpenSSL failed");
		*size += (uint64_t)n;
	}
	return 0;
}

int sha256_file(
    int fd, const char *path, char hex[SHA256_HEX + 1], uint64_t *size, struct fault *fault)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int result = -1;

	if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		fault_set(fault, EX_SOFTWARE, "OpenSSL has no SHA-256");
	else
		result = add_file(hash, fd, path, size, fault);
	if (result == 0 &&
	    (EVP_DigestFinal_ex(hash, digest, &length) != 1 || length != SHA256_BYTES))
		result = fault_set(fault, EX_SOFTWARE, "SHA-256 of OpenSSL failed");
	EVP_MD_CTX_free(hash);
	for (unsigned i = 0; i < length && i < SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return result;
}
