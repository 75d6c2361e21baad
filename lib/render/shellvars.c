#include "render/shellvars.h"

#include "core/shell.h"
#include "core/strset.h"

#include <string.h>

int shellvars_write(const struct rec *record, struct buf *into, struct fault *fault)
{
	struct strset names A_CLEANUP(strset_free) = {0};

	for (size_t i = 0, end; i < record->count; i = end) {
		const char *key = record->fields[i].key;
		struct buf name A_CLEANUP(buf_free) = {0}, value A_CLEANUP(buf_free) = {0};
		uint32_t first = (uint32_t)i;

		for (end = i; end < record->count && !strcmp(record->fields[end].key, key); end++)
			buf_printf(
			    &value, "%s%s", end == first ? "" : "\n", record->fields[end].value);
		buf_adds(&name, key);
		for (char *p = name.bytes; *p; p++)
			if (*p == '.' || *p == '-')
				*p = '_';
		if (!strset_add(&names, buf_str(&name), &first))
			return fault_set(fault, EX_DATAERR,
			    "%s and %s are the same name in a shell: mirari_%s",
			    record->fields[first].key, key, buf_str(&name));
		buf_printf(into, "mirari_%s=", buf_str(&name));
		shell_word(into, buf_str(&value));
		buf_addc(into, '\n');
	}
	return 0;
}
