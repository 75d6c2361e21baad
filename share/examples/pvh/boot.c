#include "boot.h"

enum { RAM = 1 }; /* in both loaders' lists of memory, which have ACPI's numbers of types */

/* Xen's public/arch-x86/hvm/start_info.h: struct hvm_start_info and hvm_memmap_table_entry. All of
 * it is below 4 GiB. */
struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, command_line, acpi;
	uint64_t memory; /* this and what follows is there from version 1 on */
	uint32_t memory_entries, reserved;
};

struct memory_entry {
	uint64_t address, size;
	uint32_t type, reserved;
};

/* Multiboot 0.6.96, section 3.3 */
struct multiboot {
	uint32_t flags, memory_lower, memory_upper, device, command_line, modules, module_list;
	uint32_t symbols[4];
	uint32_t list_size, list;
};

enum { HAS_MEMORY = 1, HAS_COMMAND_LINE = 4, HAS_LIST = 1 << 6 };

struct list_entry {
	uint32_t size; /* of the rest */
	uint64_t address, length;
	uint32_t type;
} __attribute__((packed));

struct boot boot_by_pvh(uintptr_t information)
{
	const struct start_info *info = (const struct start_info *)information;
	const struct memory_entry *entry = (const struct memory_entry *)(uintptr_t)info->memory;
	struct boot boot = {.how = "pvh", .command_line = ""};
	uint64_t bytes = 0;

	if (info->command_line)
		boot.command_line = (const char *)(uintptr_t)info->command_line;
	for (uint32_t i = 0; info->version > 0 && i < info->memory_entries; i++)
		if (entry[i].type == RAM)
			bytes += entry[i].size;
	boot.memory = (uint32_t)(bytes >> 10);
	return boot;
}

struct boot boot_by_multiboot(uintptr_t information)
{
	const struct multiboot *info = (const struct multiboot *)information;
	struct boot boot = {.how = "multiboot", .command_line = ""};
	uint64_t bytes = 0;

	if (info->flags & HAS_COMMAND_LINE)
		boot.command_line = (const char *)(uintptr_t)info->command_line;
	if (info->flags & HAS_MEMORY)
		boot.memory = info->memory_lower + info->memory_upper;
	if (!(info->flags & HAS_LIST))
		return boot;
	for (uintptr_t at = info->list; at < info->list + info->list_size;) {
		const struct list_entry *entry = (const struct list_entry *)at;

		if (entry->type == RAM)
			bytes += entry->length;
		at += entry->size + sizeof entry->size;
	}
	boot.memory = (uint32_t)(bytes >> 10);
	return boot;
}
