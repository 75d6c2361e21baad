#include "model/shutdown.h"

#include "core/fault.h"

#include <signal.h>

int shutdown_status(int reason)
{
	switch (reason) {
	case SHUTDOWN_POWEROFF:
		return EX_OK;
	case SHUTDOWN_REBOOT:
	case SHUTDOWN_SUSPEND:
	case SHUTDOWN_SOFT_RESET:
		return EX_TEMPFAIL;
	case SHUTDOWN_DESTROYED:
		return EXIT_SIGNALLED + SIGKILL;
	default:
		return EXIT_NO;
	}
}

const char *shutdown_name(int reason)
{
	static const char *const names[] = {
	    "poweroff", "reboot", "suspend", "crash", "watchdog", "soft reset"};

	if (reason >= 0 && reason <= SHUTDOWN_SOFT_RESET)
		return names[reason];
	return reason == SHUTDOWN_DESTROYED ? "destroyed" : "unknown";
}
