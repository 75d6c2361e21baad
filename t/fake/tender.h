/*
 * A double of solo5-hvt and solo5-spt for the tests, where these aren't to be had: one program,
 * which is either by its name. Its command line, its messages and exit statuses are those of Solo5
 * 0.12.1 (t/72-tender-double.bats compares them). It needs no /dev/kvm: it runs the guest's own
 * instructions as a process, hvt's hypercalls and exceptions being what the kernel signals of them.
 * It confines nothing, so it is for guests that are trusted.
 */
#ifndef MIRARI_T_FAKE_TENDER_H
#define MIRARI_T_FAKE_TENDER_H

#include "../guest/manifest.h"

#include <stdnoreturn.h>
#include <sys/types.h>

enum { COMMAND_LINE_SIZE = 8192, LOWEST = 0x100000, HOST_LOWEST = 0x10000 };

extern bool is_hvt;

/* unikernel.c: the file. Each ends the program when it isn't right. */
struct manifest *unikernel_manifest(int fd, const char *path);
uint64_t unikernel_load(int fd, const char *path, uint64_t memory, uint64_t *end);

/* devices.c: false when the option is none of a device's, or isn't right, which it then has said.
 */
bool device_option(const char *option, struct manifest *manifest);
void devices_check(struct manifest *manifest);

/* machine.c: guest addresses are the process's own. */
void machine_memory(uint64_t memory);
noreturn void machine_run(
    uint64_t entry, uint64_t memory, uint64_t end, struct manifest *manifest, char **words);

#endif
