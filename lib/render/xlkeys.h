/*
 * The keys of an xl file: all that xl has read in one of its versions from 4.2 to 4.22, and as what
 * (xlu_cfg_get_* in tools/xl/xl_parse.c, before 4.10 tools/libxl/xl_cmdimpl.c; xl.cfg(5)).
 */
#ifndef MIRARI_RENDER_XLKEYS_H
#define MIRARI_RENDER_XLKEYS_H

/* A number may be written as a text. Yes and no are the numbers 1 and 0. */
enum xlkey_kind { XLKEY_NUMBER = 1, XLKEY_TEXT = 2, XLKEY_LIST = 4 };

/* What a key may be, of enum xlkey_kind; 0: xl doesn't know it. */
unsigned xlkey_kinds(const char *key);

/* The key that was probably meant, or NULL. A static string. */
const char *xlkey_suggest(const char *key);

#endif
