/* The unikernel's file: its notes, its manifest, its segments. */
#include "tender.h"

#include <elf.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEADERS_MAX = 64, NOTE_MAX = 8192, PAGE = 4096 };

struct headers {
	Elf64_Ehdr elf;
	Elf64_Phdr program[HEADERS_MAX];
};

static void headers_read(int fd, const char *path, struct headers *headers)
{
	Elf64_Ehdr *elf = &headers->elf;
	ssize_t length = pread(fd, elf, sizeof *elf, 0);
	size_t size;

	if (length < 0)
		errx(1, "%s: pread_in_full for elf header while loading note returned %zu < 0",
		    path, (size_t)length);
	if (length != sizeof *elf)
		errx(1,
		    "%s: invalid executable: elf header does not match the expected size (%zu != "
		    "%zu)",
		    path, (size_t)length, sizeof *elf);
	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf->e_ident[EI_DATA] != ELFDATA2LSB || elf->e_version != EV_CURRENT ||
	    elf->e_ehsize != sizeof *elf || elf->e_phnum < 1 ||
	    elf->e_phentsize != sizeof headers->program[0] || elf->e_type != ET_EXEC ||
	    elf->e_machine != EM_X86_64 || elf->e_phnum > HEADERS_MAX)
		errx(1,
		    "%s: invalid executable: invalid or unsupported executable (elf header invalid "
		    "while loading note)",
		    path);
	size = elf->e_phnum * sizeof headers->program[0];
	length = pread(fd, headers->program, size, (off_t)elf->e_phoff);
	if (length != (ssize_t)size)
		errx(1,
		    "%s: invalid executable: program header does not match the expected size (%zu "
		    "!= %zu while loading note)",
		    path, (size_t)length, size);
}

/* The note of that type, behind its header of 20 bytes, on the heap; NULL when there is none. Only
 * the first note of a program header is looked at. */
static uint8_t *note_read(int fd, const char *path, uint32_t type, size_t max, size_t *size)
{
	struct headers headers;
	struct {
		Elf64_Nhdr header;
		char name[8];
	} note;
	uint8_t *data;

	headers_read(fd, path, &headers);
	for (int i = 0; i < headers.elf.e_phnum; i++) {
		const Elf64_Phdr *program = &headers.program[i];

		if (program->p_type != PT_NOTE || program->p_filesz < sizeof note ||
		    pread(fd, &note, sizeof note, (off_t)program->p_offset) != sizeof note ||
		    note.header.n_namesz != sizeof "Solo5" || strcmp(note.name, "Solo5") != 0 ||
		    note.header.n_type != type)
			continue;
		if (note.header.n_descsz < 1 || note.header.n_descsz > max)
			errx(1,
			    "%s: invalid executable: phdr[%d] note does not fall within valid size "
			    "(%u < 1 || %u > %zu)",
			    path, i, note.header.n_descsz, note.header.n_descsz, max);
		*size = note.header.n_descsz;
		data = calloc(1, max);
		if (pread(fd, data, *size, (off_t)(program->p_offset + sizeof note)) !=
		    (ssize_t)*size)
			errx(1, "%s: invalid executable: phdr[%d] note ends early", path, i);
		return data;
	}
	return NULL;
}

static bool manifest_is_valid(const struct manifest *manifest, size_t size)
{
	if (size < sizeof *manifest || manifest->version != 1 || manifest->entries < 1 ||
	    manifest->entries > 64 ||
	    size != sizeof *manifest + manifest->entries * sizeof manifest->entry[0] ||
	    manifest->entry[0].type != RESERVED_FIRST || manifest->entry[0].name[0])
		return false;
	for (uint32_t i = 0; i < manifest->entries; i++)
		if (manifest->entry[i].name[sizeof manifest->entry[i].name - 1] ||
		    manifest->entry[i].attached)
			return false;
	return true;
}

struct manifest *unikernel_manifest(int fd, const char *path)
{
	size_t size;
	uint8_t *note = note_read(fd, path, NOTE_ABI1, 32, &size);
	uint32_t abi[2];
	struct manifest *manifest;

	if (!note)
		errx(1, "%s: No Solo5 ABI information found in executable", path);
	memcpy(abi, note, sizeof abi);
	if (abi[0] != (is_hvt ? TARGET_HVT : TARGET_SPT))
		errx(1, "%s: Executable is not for the %s target", path,
		    is_hvt ? "solo5-hvt" : "solo5-spt");
	if (abi[1] != 2)
		errx(1, "%s: Executable requests unsupported ABI version %u", path, abi[1]);
	note = note_read(fd, path, NOTE_MFT1, NOTE_MAX, &size);
	if (!note)
		errx(1, "%s: No Solo5 manifest found in executable", path);
	/* four bytes before it align it in the file */
	manifest = (struct manifest *)memmove(note, note + 4, size - 4);
	if (!manifest_is_valid(manifest, size - 4))
		errx(1, "%s: Solo5 manifest is invalid", path);
	return manifest;
}

static void segment_load(int fd, const char *path, const Elf64_Phdr *program, int number)
{
	uint8_t *at = (uint8_t *)program->p_vaddr;
	uint64_t start = program->p_vaddr & ~(PAGE - 1ull);
	uint64_t end = (program->p_vaddr + program->p_memsz + PAGE - 1) & ~(PAGE - 1ull);
	int protection = (program->p_flags & PF_R ? PROT_READ : 0) |
			 (program->p_flags & PF_W ? PROT_WRITE : 0) |
			 (program->p_flags & PF_X ? PROT_EXEC : 0);

	if ((protection & PROT_WRITE) && (protection & PROT_EXEC))
		errx(1, "%s: invalid executable: phdr[%d] requests WRITE and EXEC permissions",
		    path, number);
	if (pread(fd, at, program->p_filesz, (off_t)program->p_offset) !=
	    (ssize_t)program->p_filesz)
		errx(1, "%s: phdr[%d] host file segment mismatched", path, number);
	if (mprotect((void *)start, end - start, protection) < 0)
		errx(1, "%s: mprotect failed", path);
}

uint64_t unikernel_load(int fd, const char *path, uint64_t memory, uint64_t *end)
{
	struct headers headers;
	uint64_t entry;

	headers_read(fd, path, &headers);
	entry = headers.elf.e_entry;
	if (entry < LOWEST || entry >= memory)
		errx(1,
		    "%s: invalid executable: e_entry does not fall within the memory allocation "
		    "range (%llu < %llu || %llu >= %zu)",
		    path, (unsigned long long)entry, (unsigned long long)LOWEST,
		    (unsigned long long)entry, (size_t)memory);
	*end = 0;
	for (int i = 0; i < headers.elf.e_phnum; i++) {
		const Elf64_Phdr *program = &headers.program[i];

		if (program->p_type != PT_LOAD || program->p_filesz == 0)
			continue;
		if (program->p_vaddr < LOWEST || program->p_vaddr < *end)
			errx(1,
			    "%s: invalid executable: phdr[%d].p_vaddr outside of valid memory "
			    "range",
			    path, i);
		*end = (program->p_vaddr + program->p_memsz + PAGE - 1) & ~(PAGE - 1ull);
		if (program->p_memsz < program->p_filesz || program->p_memsz > memory ||
		    *end > memory)
			errx(1,
			    "%s: invalid executable: phdr[%d] program memory segment falls outside "
			    "of valid range",
			    path, i);
		segment_load(fd, path, program, i);
	}
	close(fd);
	return entry;
}
