/* What a supervisor does with a program's output: standard input into the log NAME, in the working
 * directory. */
#include "host/instancelog.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char bytes[1 << 16];
	struct instancelog l = {.limit = LOG_SIZE_DEFAULT, .files = LOG_FILES_DEFAULT};
	struct fault fault;
	ssize_t n;

	if (argc != 2)
		return EX_USAGE;
	l.dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	l.name = argv[1];
	if (l.dir < 0 || instancelog_open(&l, &fault) < 0)
		return EX_CANTCREAT;
	while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		if (instancelog_add(&l, LOG_STDOUT, bytes, (size_t)n, &fault) < 0) {
			fputs(fault.text, stderr);
			return EX_IOERR;
		}
	instancelog_close(&l);
	return n < 0 ? EX_IOERR : EX_OK;
}
