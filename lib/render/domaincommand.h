/*
 * The commands by which unikernels are run that aren't processes of this machine: a domain by
 * mirari-xl, anything on another machine by mirari-ssh; and what ends them there when nobody looks
 * after them any more. A part of render/runcommand.h.
 */
#ifndef MIRARI_RENDER_DOMAINCOMMAND_H
#define MIRARI_RENDER_DOMAINCOMMAND_H

#include "core/attr.h"
#include "core/fault.h"
#include "core/rec.h"
#include "core/strv.h"

#include <stdbool.h>

/* The tool that runs what the record describes: "mirari-xl", "mirari-ssh"; NULL: it is a process
 * here. */
const char *domaincommand_tool(const struct rec *record);

/* Is it what another machine's mirari runs, by mirari-ssh? */
bool domaincommand_is_by_ssh(const struct rec *record);

/* Is it a virtio unikernel that libvirt is to run, by mirari-virt in place of mirari-solo5? */
bool domaincommand_is_virt(const struct rec *record);

/* Appends `mirari-tap bridge … --`, which makes the bridges that a domain of this machine needs and
 * becomes what follows; nothing when it needs none. `tools` is the directory of our tools, or NULL.
 * The record names all bridges: domaincommand_name_bridges. */
int domaincommand_bridges(const struct rec *record, const char *tools, struct strv *into,
    struct fault *fault) A_MUST_CHECK;

/* A device of such a domain that asks for more than to be put into a bridge gets one of its own,
 * called like its tap would be. */
int domaincommand_name_bridges(struct rec *record, struct fault *fault) A_MUST_CHECK;

/* Appends `--set=KEY=VALUE` for what the tool has to know of the record. */
void domaincommand_settings(const struct rec *record, struct strv *into);

/* Is it a key that tells where a domain is, or by what: deploy, xen.via, libvirt.uri, ssh.config?
 */
bool domaincommand_is_place(const char *key);

/* Appends a command that fails, and says why, when nothing can be run there; none for a process. */
void domaincommand_probe(const struct rec *record, struct strv *into);

/* Appends the command that ends it; nothing for a process. */
void domaincommand_cleanup(const struct rec *record, struct strv *into);

#endif
