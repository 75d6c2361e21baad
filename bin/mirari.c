#include "core/main.h"
int tool_main(int argc, char **argv){ (void)argc;(void)argv; return 0; }
