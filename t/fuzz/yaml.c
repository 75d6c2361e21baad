/* Any bytes as a YAML configuration: no crash, and what is accepted survives its conversion. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_config(data, size, yaml_read, "fuzz.yml");
}
