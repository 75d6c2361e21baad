# Doubles of programs that aren't to be had everywhere. Included by the Makefile.

FAKE_TENDER = $(addprefix $(SRC)/t/fake/,tender.c unikernel.c devices.c machine.c)

.PHONY: fakes
fakes: $(O)/fake/solo5-hvt $(O)/fake/solo5-spt

# Not at the guest's addresses, so at those of a position independent program.
$(O)/fake/solo5-spt: $(FAKE_TENDER) $(addprefix $(SRC)/t/,fake/tender.h guest/manifest.h fake/rules.mk)
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -fPIE -pie -Wall -Wextra -Wno-missing-field-initializers \
		$(if $(WERROR),-Werror) -o $@ $(FAKE_TENDER)

$(O)/fake/solo5-hvt: $(O)/fake/solo5-spt
	ln -f $< $@
