# The unikernels that the tests run: $(O)/guest/VARIANT.TARGET. Included by the Makefile.

GUEST_VARIANTS = plain net net2 block both
GUEST_DEVICES_plain =
GUEST_DEVICES_net = NET("service")
GUEST_DEVICES_net2 = NET("service") NET("second")
GUEST_DEVICES_block = BLOCK("data")
GUEST_DEVICES_both = NET("service") BLOCK("data")
# Solo5's numbers of targets, and which of its interfaces it is
GUEST_ABI_hvt = 1 2
GUEST_ABI_spt = 2 2
GUEST_ABI_virtio = 3 1

GUEST_SOURCES_hvt = platform_hvt.c traps.c
GUEST_SOURCES_spt = platform_spt.c
GUEST_SOURCES_virtio = boot_virtio.S platform_virtio.c traps.c
GUEST_SOURCES = main.c net.c text.c manifest.c
# -O1: above it, gcc makes calls of memcpy and strlen of the loops that these are.
GUEST_FLAGS = -std=gnu11 -O1 -ffreestanding -nostdlib -static -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -mgeneral-regs-only -mno-red-zone \
	-Wall -Wextra -Wno-missing-field-initializers $(if $(WERROR),-Werror) \
	-Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack

.PHONY: guests
GUESTS := $(foreach target,hvt spt virtio,$(GUEST_VARIANTS:%=$(O)/guest/%.$(target)))
guests: $(GUESTS) $(O)/guest/pvh.xen

define guest_rule
$(O)/guest/$(1).$(2): $(addprefix $(SRC)/t/guest/,guest.ld guest.h manifest.h rules.mk $(GUEST_SOURCES) $(GUEST_SOURCES_$(2)))
	@mkdir -p $$(@D)
	$$(call quiet,GUEST,$(1).$(2))$$(CC) $$(GUEST_FLAGS) '-DGUEST_DEVICES=$(GUEST_DEVICES_$(1))' \
		-DGUEST_TARGET=$(word 1,$(GUEST_ABI_$(2))) -DGUEST_ABI=$(word 2,$(GUEST_ABI_$(2))) \
		-T $(SRC)/t/guest/guest.ld -o $$@ $$(filter %.c %.S,$$^)
endef
$(foreach variant,$(GUEST_VARIANTS),$(foreach target,hvt spt virtio,$(eval $(call guest_rule,$(variant),$(target)))))

# The example that boots in Xen, in QEMU and from GRUB, as its own Makefile builds it.
$(O)/guest/pvh.xen: $(wildcard $(SRC)/share/examples/pvh/*)
	@mkdir -p $(@D)
	$(call quiet,GUEST,pvh.xen)$(MAKE) -s --no-print-directory -C $(SRC)/share/examples/pvh CC='$(CC)' FILE=$(abspath $@)
