/*
 * A Solo5 unikernel's manifest, as it is in its file and in memory (Solo5's include/mft_abi.h).
 * The tender's double shares it with the guest.
 */
#ifndef MIRARI_T_GUEST_MANIFEST_H
#define MIRARI_T_GUEST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_BASIC = 1, NET_BASIC = 2, RESERVED_FIRST = 1 << 30 };
enum { NOTE_ABI1 = 0x31494241, NOTE_MFT1 = 0x3154464d };
enum { TARGET_HVT = 1, TARGET_SPT, TARGET_VIRTIO };

struct entry {
	char name[68];
	uint32_t type;
	union {
		struct {
			uint64_t capacity; /* bytes */
			uint16_t sector;
		} block;
		struct {
			uint8_t mac[6];
			uint16_t mtu;
		} net;
	};
	union {
		int fd; /* the tender's; spt's guest reads and writes it itself */
		void *data;
	};
	bool attached;
};

/* The first entry stands for no device. An entry's index is the device's handle. */
struct manifest {
	uint32_t version;
	uint32_t entries;
	struct entry entry[];
};

#endif
