#include "model/check.h"

#include "model/keys.h"

#include <string.h>

int check_record(const struct rec *record, struct fault *fault)
{
	const char *last_key = NULL;
	const struct key *key = NULL;

	for (size_t i = 0; i < record->count; i++) {
		const struct field *field = &record->fields[i];
		struct buf expected A_CLEANUP(buf_free) = {0};
		const char *normal = NULL;

		if (field->key != last_key)
			key = key_find(field->key);
		last_key = field->key;
		if (key && !key_star_allowed(key, field->key))
			return fault_set(fault, EX_DATAERR,
			    "%.80s: has a character other than A-Z, a-z, 0-9 and '_'", field->key);
		if (key && (!value_check(&key->rule, field->value, &normal, &expected) ||
			       (normal && strcmp(normal, field->value))))
			return fault_set(fault, EX_DATAERR, "%.80s: '%.80s' is not %s", field->key,
			    field->value, buf_str(&expected));
	}
	return 0;
}

int check_input(struct rec *record, const struct strv *settings, struct fault *fault)
{
	if (rec_read_stdin(record, fault) < 0 || rec_apply(record, settings, fault) < 0)
		return -1;
	return check_record(record, fault);
}

const char *check_needed(const struct rec *record, const char *key, struct fault *fault)
{
	const char *value = rec_get(record, key);

	if (!value)
		fault_set(fault, EX_DATAERR, "the record has no %s", key);
	return value;
}
