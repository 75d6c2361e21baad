/*
 * The commands by which unikernels are run that aren't processes of this machine: a domain by
 * mirari-xl, anything on another machine by mirari-ssh; and what ends them there when nobody looks
 * after them any more. A part of render/runcommand.h.
 */
#ifndef MIRARI_RENDER_DOMAINCOMMAND_H
#define MIRARI_RENDER_DOMAINCOMMAND_H

#include "core/rec.h"
#include "core/strv.h"

#include <stdbool.h>

/* The tool that runs what the record describes: "mirari-xl", "mirari-ssh"; NULL: it is a process
 * here. */
const char *domaincommand_tool(const struct rec *record);

/* Is it a virtio unikernel that libvirt is to run, by mirari-virt in place of mirari-solo5? */
bool domaincommand_is_virt(const struct rec *record);

/* Appends `--set=KEY=VALUE` for what the tool has to know of the record. */
void domaincommand_settings(const struct rec *record, struct strv *into);

/* Appends a command that fails, and says why, when nothing can be run there; none for a process. */
void domaincommand_probe(const struct rec *record, struct strv *into);

/* Appends the command that ends it; nothing for a process. */
void domaincommand_cleanup(const struct rec *record, struct strv *into);

#endif
