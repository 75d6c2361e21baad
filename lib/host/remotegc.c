#include "host/remotegc.h"

#include "host/remotefile.h"
#include "host/remotemirari.h"

int remotegc(const struct sshlink *l, struct strv *removed, bool *all, struct fault *fault)
{
	struct strv names A_CLEANUP(strv_free) = {0}, running A_CLEANUP(strv_free) = {0};
	struct strv unused A_CLEANUP(strv_free) = {0};

	/* in this order: what is started in between was used just now */
	if (remotefile_list(l, &names, fault) < 0 ||
	    remotemirari_running(l, &running, all, fault) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (!strv_has(&running, names.items[i]))
			strv_add(&unused, names.items[i]);
	return remotefile_sweep(l, &unused, *all, removed, fault);
}
