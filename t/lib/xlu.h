/* Xen's own reader of xl files, libxlutil, as the unit tests want it. */
#ifndef MIRARI_T_XLU_H
#define MIRARI_T_XLU_H

#include "core/buf.h"

#include <libxlutil.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* It loses what it has read when it finds something wrong; that isn't ours to be told of. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:xlu__cfg_\nleak:libxlutil\n";
}

struct xlu {
	XLU_Config *config; /* NULL: it didn't like the text */
	char *said;         /* what it had to say */
	size_t length;
	FILE *report;
};

static inline void xlu_free(struct xlu *x)
{
	if (x->config)
		xlu_cfg_destroy(x->config);
	x->config = NULL;
	if (x->report)
		fclose(x->report);
	x->report = NULL;
	free(x->said);
	x->said = NULL;
}

/* Is it fine? */
static inline bool xlu_read(struct xlu *x, const struct buf *text)
{
	*x = (struct xlu){0};
	x->report = open_memstream(&x->said, &x->length);
	x->config = x->report ? xlu_cfg_init(x->report, "test") : NULL;
	if (x->config && xlu_cfg_readdata(x->config, buf_str(text), (int)text->length) != 0) {
		xlu_cfg_destroy(x->config);
		x->config = NULL;
	}
	if (x->report)
		fflush(x->report);
	return x->config;
}

/* The key's text, or NULL. */
static inline const char *xlu_text(const struct xlu *x, const char *key)
{
	const char *text;

	return x->config && xlu_cfg_get_string(x->config, key, &text, 1) == 0 ? text : NULL;
}

/* A part of a list, or NULL. */
static inline const char *xlu_item(const struct xlu *x, const char *key, int index)
{
	XLU_ConfigList *list;
	int count;

	if (!x->config || xlu_cfg_get_list(x->config, key, &list, &count, 1) != 0)
		return NULL;
	return index < count ? xlu_cfg_get_listitem(list, index) : NULL;
}

#endif
