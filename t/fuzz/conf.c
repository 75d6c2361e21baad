/* Any bytes as a configuration of 2013: no crash, and what is accepted survives its conversion. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_config(data, size, conf_read, "fuzz.conf");
}
