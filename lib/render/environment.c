#include "render/environment.h"

#include "core/shell.h"
#include "core/strv.h"
#include "render/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The variable in a list that has the name of `variable`, or NULL. */
static const char *find(char *const *list, const char *variable)
{
	size_t length = strcspn(variable, "=");

	for (; *list; list++)
		if (!strncmp(*list, variable, length) && (*list)[length] == '=')
			return *list;
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	size_t l = strcspn(left, "="), r = strcspn(right, "=");
	int order = memcmp(left, right, l < r ? l : r);

	return order ? order : (l > r) - (l < r);
}

/* NAME=VALUE for each that is new or another, NAME for each that is gone. */
static void changes(char *const *before, char *const *after, struct strv *into)
{
	for (char *const *v = after; *v; v++) {
		const char *old = find(before, *v);

		if (strchr(*v, '=') && (!old || strcmp(old, *v)))
			strv_add(into, *v);
	}
	for (char *const *v = before; *v; v++)
		if (strchr(*v, '=') && !find(after, *v))
			strv_add_bytes(into, *v, strcspn(*v, "="));
	if (into->count)
		qsort(into->items, into->count, sizeof *into->items, by_name);
}

/* Splits an entry of `changes` in place; *value is NULL for one that is gone. */
static const char *split(char *entry, const char **value)
{
	char *equals = strchr(entry, '=');

	if (equals)
		*equals = '\0';
	*value = equals ? equals + 1 : NULL;
	return entry;
}

static bool is_shell_name(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

int environment_shell(
    char *const *before, char *const *after, struct buf *into, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0};

	changes(before, after, &all);
	for (size_t i = 0; i < all.count; i++) {
		const char *value, *name = split(all.items[i], &value);

		if (!is_shell_name(name))
			return fault_set(
			    fault, EX_DATAERR, "variable %s has no name that a shell takes", name);
		buf_printf(into, "%s %s", value ? "export" : "unset", name);
		if (value) {
			buf_addc(into, '=');
			shell_word(into, value);
		}
		buf_addc(into, '\n');
	}
	return 0;
}

int environment_json(char *const *before, char *const *after, struct buf *into, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0};

	changes(before, after, &all);
	buf_addc(into, '{');
	for (size_t i = 0; i < all.count; i++) {
		const char *value, *name = split(all.items[i], &value);

		buf_adds(into, i ? ",\n  " : "\n  ");
		if (json_string(into, name) < 0)
			return fault_set(fault, EX_DATAERR, "variable %s is not UTF-8", name);
		buf_adds(into, ": ");
		if (!value)
			buf_adds(into, "null");
		else if (json_string(into, value) < 0)
			return fault_set(fault, EX_DATAERR,
			    "the value of %s is not UTF-8, which JSON can't carry", name);
	}
	buf_adds(into, all.count ? "\n}\n" : "}\n");
	return 0;
}

int environment_record(
    char *const *before, char *const *after, struct rec *into, struct fault *fault)
{
	struct strv all A_CLEANUP(strv_free) = {0};

	changes(before, after, &all);
	for (size_t i = 0; i < all.count; i++) {
		const char *value, *name = split(all.items[i], &value);
		struct buf key A_CLEANUP(buf_free) = {0};

		buf_printf(&key, "env.%s", name);
		if (rec_add(into, value ? buf_str(&key) : "unset", value ? value : name, fault) < 0)
			return -1;
	}
	return 0;
}
