/*
 * Functions that nobody may call, as compile errors; included on every compiler command line.
 * Each has a safer form here: buf_add and buf_printf for strings, num_parse for numbers,
 * proc_run for commands.
 */
#ifndef MIRARI_CORE_BANNED_H
#define MIRARI_CORE_BANNED_H

#ifndef __cplusplus
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison system popen atoi atol atoll atof mktemp tmpnam gmtime localtime ctime asctime
#endif

#endif
