/* The order of opam's versions, which is Debian's (opam manual, "Version ordering"). */
#ifndef MIRARI_HOST_OPAMVERSION_H
#define MIRARI_HOST_OPAMVERSION_H

/* Less than, equal to or greater than 0, as a comes before, is the same as or comes after b. */
int opamversion_compare(const char *a, const char *b);

#endif
