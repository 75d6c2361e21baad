# Mirari. `make help` says what there is to make.
#
# Everything built lands in $(O). A tool is bin/NAME.c; what it links beyond our own library is in
# NEEDS_NAME below, found by pkg-config, and a tool whose needs aren't there is left out, by name.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

O ?= build
PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
SHAREDIR ?= $(PREFIX)/share/mirari
MANDIR ?= $(PREFIX)/share/man
CC = gcc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
INSTALL ?= install
SRC := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
VERSION := $(shell cat $(SRC)/VERSION)

# What each tool needs: pkg-config names. A source file that includes such a library's headers is
# listed with it, so that nothing else is held up where the library isn't installed.
NEEDS_mirari-parse = yaml-0.1
NEEDS_mirari-solo5 = libcrypto
NEEDS_mirari-xl = libcrypto
NEEDS_mirari-ssh = libcrypto
NEEDS_mirari-virt = libvirt libcrypto
SYSTEM := $(shell uname -s)
ifeq ($(SYSTEM),Linux)
NEEDS_mirari-tap = libmnl
OF_OTHER_SYSTEMS = lib/host/tap_other.c
else
# mirari-tap's interface, without what makes taps on Linux.
OF_OTHER_SYSTEMS = $(SOURCES_libmnl) $(addprefix lib/host/,caps.c doctor.c firewall.c nat.c \
	netservice.c nftcmd.c nsprobe.c rootless.c rootless_ports.c rootless_slirp.c rootless_why.c \
	tapcheck.c tapholder.c tapplan.c tun.c bridgeplan.c netlock.c)
endif
SOURCES_yaml-0.1 = lib/model/yaml_stream.c lib/model/yaml_in.c \
	lib/model/yaml_compound.c lib/model/yaml_out.c
SOURCES_libcrypto = lib/host/ocifile.c lib/host/sha256.c
SOURCES_libvirt = $(addprefix lib/host/,virt.c virtchannel.c virtconsole.c virtdomain.c virtend.c \
	virterror.c virtlife.c virtpin.c virtplan.c virtrun.c)
SOURCES_libmnl = lib/host/netlink.c lib/host/link.c lib/host/linkchange.c lib/host/bridge.c \
	lib/host/taps.c lib/host/tapsetup.c lib/host/tapgiven.c lib/host/tapgone.c lib/host/taplist.c \
	lib/host/handover.c lib/host/keeper.c lib/host/network.c lib/host/tapexec.c \
	lib/host/neighbour.c lib/host/dhcpbridge.c lib/host/hostbridge.c lib/host/hostguest.c \
	lib/host/networkbridge.c lib/host/guestgone.c

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wvla -Wundef -Wformat=2 \
	-Wcast-align -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough \
	-Wno-missing-field-initializers
HARDENING = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -fPIE -ffunction-sections -fdata-sections
# Sections that nothing refers to are left out: fewer pages to map at each start.
LINK_HARDENING = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed,--gc-sections,-O1
OUR_CPPFLAGS = -std=gnu11 -D_GNU_SOURCE -I$(SRC)/lib -DMIRARI_VERSION='"$(VERSION)"' \
	-include $(SRC)/lib/core/banned.h
# -Wpedantic knows neither __int128 nor the cleanup attribute's use in declarations with designated
# initialisers; both compilers in use do.
OUR_CFLAGS = $(WARNINGS) $(HARDENING) $(if $(WERROR),-Werror)

ALL_TOOLS := $(sort $(patsubst bin/%.c,%,$(shell cd $(SRC) && echo bin/*.c)))
have = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes)
buildable = $(if $(NEEDS_$(1)),$(call have,$(NEEDS_$(1))),yes)
TOOLS ?= $(foreach tool,$(ALL_TOOLS),$(if $(call buildable,$(tool)),$(tool)))
LEFT_OUT = $(strip $(foreach tool,$(ALL_TOOLS),$(if $(call buildable,$(tool)),,$(tool))))

SPECIAL := $(foreach v,$(filter SOURCES_%,$(.VARIABLES)),$($(v)))
LIB_SOURCES := $(filter-out $(SPECIAL) $(OF_OTHER_SYSTEMS),$(shell cd $(SRC) && echo lib/*/*.c))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(O)/obj/%.o)
BINARIES := $(TOOLS:%=$(O)/bin/%)
needed_objects = $(foreach p,$(NEEDS_$(1)),$(patsubst %.c,$(O)/obj/%.o,$(SOURCES_$(p))))
needed_flags = $(if $(NEEDS_$(1)),$(shell $(PKG_CONFIG) $(2) $(NEEDS_$(1)) 2>/dev/null))

quiet = @printf '  %-7s %s\n' $(1) $(2);
ifdef V
quiet =
endif

.PHONY: all
all: $(BINARIES) $(O)/share/mirari
	$(if $(LEFT_OUT),@echo "left out: $(LEFT_OUT) (missing: $(sort $(foreach t,$(LEFT_OUT),$(NEEDS_$(t))))); make deps installs what is missing")

$(O)/obj/%.o: $(SRC)/%.c $(SRC)/VERSION $(SRC)/Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$*.c)$(CC) $(OUR_CPPFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) $(PACKAGE_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/libmirari.a: $(LIB_OBJECTS)
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcsD $@ $^

define tool_rule
$(O)/bin/$(1): $(O)/obj/bin/$(1).o $(call needed_objects,$(1)) $(O)/libmirari.a
	@mkdir -p $$(@D)
	$$(call quiet,LINK,$(1))$$(CC) $$(CFLAGS) $$(LINK_HARDENING) $$(LDFLAGS) -o $$@ $(O)/obj/bin/$(1).o $(call needed_objects,$(1)) $(O)/libmirari.a $(call needed_flags,$(1),--libs)
endef
$(foreach tool,$(ALL_TOOLS),$(eval $(call tool_rule,$(tool))))

define package_rule
$(patsubst %.c,$(O)/obj/%.o,$(SOURCES_$(1))): PACKAGE_CFLAGS = $$(shell $$(PKG_CONFIG) --cflags $(1) 2>/dev/null)
endef
$(foreach v,$(filter SOURCES_%,$(.VARIABLES)),$(eval $(call package_rule,$(v:SOURCES_%=%))))

# The tools look for their templates beside themselves, in ../share/mirari.
$(O)/share/mirari:
	@mkdir -p $(@D)
	@ln -sfn $(abspath $(SRC))/share $@

-include $(LIB_OBJECTS:.o=.d) $(SPECIAL:%.c=$(O)/obj/%.d) $(ALL_TOOLS:%=$(O)/obj/bin/%.d)


# ---- packages ------------------------------------------------------------------------------------
# Debian's packages. A target that needs more than the last one says so and installs it, by apt-get.

PACKAGES_BUILD = gcc make pkg-config libc6-dev libyaml-dev libmnl-dev libssl-dev \
	libvirt-dev
PACKAGES_DEMO = ocaml-nox ocaml-findlib ocamlbuild libcohttp-lwt-unix-ocaml-dev liburi-ocaml-dev \
	liblwt-ocaml-dev curl
PACKAGES_CHECK = $(PACKAGES_DEMO) bats perl jq mandoc opam ocaml-dune ocaml-obuild python3 \
	procps patch mount iproute2 iputils-ping nftables slirp4netns libcap2-bin busybox isc-dhcp-client systemd \
	skopeo python3-yaml python3-jsonschema golang-github-opencontainers-image-spec-dev \
	qemu-system-x86 cpio zstd kmod openssh-client libvirt-clients grub-pc-bin grub-common clang \
	libvirt-daemon libvirt-daemon-driver-qemu libxen-dev libxml2-utils xmlstarlet libwrap0
PACKAGES_LINT = clang clang-format cppcheck mandoc shellcheck
PACKAGES_DEEP = $(PACKAGES_CHECK) clang libclang-rt-14-dev valgrind
INSTALL_PACKAGES = $(SRC)/t/lib/apt-need

.PHONY: deps
deps:
	@$(INSTALL_PACKAGES) $(sort $(PACKAGES_BUILD) $(PACKAGES_CHECK) $(PACKAGES_LINT) $(PACKAGES_DEEP))

# ---- the main job, on real input -----------------------------------------------------------------

.PHONY: demo
demo:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_DEMO)
	@$(MAKE) --no-print-directory all
	@$(SRC)/t/lib/demo $(O)

# ---- tests ---------------------------------------------------------------------------------------

UNIT_SOURCES := $(shell cd $(SRC) && echo t/unit/*.c)
# Those of what is listed in SOURCES_ above need the same; they are left out like tools.
NEEDS_t/unit/handover = libmnl
NEEDS_t/unit/xlvalue = xlutil xenlight
NEEDS_t/unit/xlfile = xlutil xenlight
NEEDS_t/unit/sha256 = libcrypto
NEEDS_t/unit/virt = libvirt libcrypto
UNIT_NAMES := $(foreach test,$(UNIT_SOURCES:%.c=%),$(if $(call buildable,$(test)),$(test)))
UNIT_TESTS := $(UNIT_NAMES:%=$(O)/%)
BATS := $(shell cd $(SRC) && echo t/*.bats)
# Unikernels, and doubles of what runs them: for x86_64 only.
UNIKERNELS := $(if $(filter x86_64,$(shell uname -m)),guests fakes)
# The OCaml compiler is what takes time: two tests at once keep two processors busy.
PROVE = prove --jobs 2 --timer
T ?= $(BATS:%=$(SRC)/%) $(UNIT_TESTS)

# What reads xl's files as xl does.
XLREAD := $(if $(call have,xlutil xenlight),$(O)/t/xlread)

.PHONY: check tests
check:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@$(MAKE) --no-print-directory tests

tests: all $(UNIT_TESTS) $(UNIKERNELS) $(XLREAD)
	MIRARI_BUILD=$(abspath $(O)) $(PROVE) $(T)

# A real Xen, for tests; they make it themselves where it isn't there, while others run.
MIRARI_XEN ?= $(abspath $(SRC))/build/xen
export MIRARI_XEN

.PHONY: xen check-xen
xen:
	@$(SRC)/t/xen/build $(MIRARI_XEN)

check-xen:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@$(MAKE) --no-print-directory xen
	@$(MAKE) --no-print-directory tests T='$(wildcard $(SRC)/t/8*-xen*.bats)'

include $(SRC)/t/guest/rules.mk $(SRC)/t/fake/rules.mk

$(UNIT_TESTS): $(O)/%: $(SRC)/%.c $(O)/libmirari.a $(wildcard $(SRC)/t/lib/*.h)
	@mkdir -p $(@D)
	$(call quiet,CC,$*.c)$(CC) $(OUR_CPPFLAGS) -I$(SRC)/t/lib $(OUR_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(O)/libmirari.a $(call needed_flags,$*,--libs)
$(foreach test,$(UNIT_NAMES),$(eval $(O)/$(test): $(call needed_objects,$(test))))

# What tests of xl files ask: Xen's own reader, as a program.
$(O)/t/xlread: $(SRC)/t/lib/xlread.c
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra $(if $(WERROR),-Werror) -o $@ $< \
		$(shell $(PKG_CONFIG) --libs xlutil xenlight 2>/dev/null)

# libxl.h has a member that is called like a function which is banned.
LIKE_XL := t/unit/xlvalue t/unit/xlfile
$(LIKE_XL:%=$(O)/%): private OUR_CPPFLAGS := $(filter-out -include %/banned.h,$(OUR_CPPFLAGS))

.PHONY: asan
asan:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_DEEP)
	$(MAKE) --no-print-directory O=$(O)/asan \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -U_FORTIFY_SOURCE' \
		tests

.PHONY: valgrind
valgrind: all $(UNIT_TESTS) $(UNIKERNELS)
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_DEEP)
	$(SRC)/t/lib/valgrind-build $(O) $(O)/valgrind
	MIRARI_BUILD=$(abspath $(O))/valgrind $(PROVE) $(BATS:%=$(SRC)/%)
	set -e; for test in $(UNIT_TESTS); do \
		valgrind -q --error-exitcode=99 --leak-check=full \
			--suppressions=$(SRC)/t/lib/valgrind.supp $$test >/dev/null; done

FUZZ_SECONDS ?= 30
FUZZERS = records yaml conf dhcp image logline instance xlvalue

.PHONY: fuzz
fuzz: $(FUZZERS:%=fuzz-%)

.PHONY: $(FUZZERS:%=fuzz-%)
$(FUZZERS:%=fuzz-%): fuzz-%: $(O)/fuzz/%
	@mkdir -p $(O)/fuzz/corpus/$*
	cd $(O)/fuzz && ./$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
		-print_final_stats=1 corpus/$* $(abspath $(SRC))/t/fuzz/corpus/$*

# An archive, so that a fuzzer links what it uses and not what some tool needs a library for.
FUZZ_SOURCES := $(filter-out %/main.c,$(LIB_SOURCES)) $(SOURCES_yaml-0.1)
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(O)/fuzz/obj/%.o)
FUZZ_FLAGS = $(OUR_CPPFLAGS) -O1 -g -fno-sanitize-recover=undefined

$(O)/fuzz/obj/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	$(call quiet,CC,$*.c)clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined \
		$(shell $(PKG_CONFIG) --cflags yaml-0.1 2>/dev/null) -MMD -MP -c -o $@ $<

$(O)/fuzz/libmirari.a: $(FUZZ_OBJECTS)
	rm -f $@ && $(AR) rcsD $@ $^

-include $(FUZZ_OBJECTS:.o=.d)

$(O)/fuzz/%: $(SRC)/t/fuzz/%.c $(SRC)/t/fuzz/fuzz.h $(FUZZ_SOURCES:%=$(SRC)/%)
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_DEEP)
	@$(MAKE) --no-print-directory $(O)/fuzz/libmirari.a
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< $(O)/fuzz/libmirari.a \
		$(shell $(PKG_CONFIG) --libs yaml-0.1 2>/dev/null)

.PHONY: bench
bench: all $(UNIKERNELS)
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@$(SRC)/t/bench/run $(O)

# ---- lint ----------------------------------------------------------------------------------------

.PHONY: lint
lint:
	@$(INSTALL_PACKAGES) $(PACKAGES_BUILD) $(PACKAGES_LINT)
	@$(SRC)/t/lib/lint $(O)
	@$(MAKE) --no-print-directory O=$(O)/gcc WERROR=1 all >/dev/null && echo 'lint: gcc -Werror'
	@$(MAKE) --no-print-directory O=$(O)/clang CC=clang WERROR=1 all >/dev/null && echo 'lint: clang -Werror'
	@$(MAKE) --no-print-directory O=$(O)/other SYSTEM=other WERROR=1 all >/dev/null && echo 'lint: without what is Linux only'

.PHONY: format
format:
	clang-format -i $(wildcard $(SRC)/bin/*.c $(SRC)/lib/*/*.[ch] $(SRC)/t/*/*.[ch])

# ---- install -------------------------------------------------------------------------------------

MAN1 = $(wildcard $(SRC)/man/*.1)
MAN5 = $(wildcard $(SRC)/man/*.5)

.PHONY: install uninstall
install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SHAREDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5
	$(INSTALL) -m 755 $(BINARIES) $(DESTDIR)$(BINDIR)
	rm -rf $(DESTDIR)$(SHAREDIR)/templates $(DESTDIR)$(SHAREDIR)/examples
	cp -R $(SRC)/share/templates $(SRC)/share/examples $(DESTDIR)$(SHAREDIR)
	$(INSTALL) -m 644 $(MAN1) $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 $(MAN5) $(DESTDIR)$(MANDIR)/man5

uninstall:
	rm -f $(ALL_TOOLS:%=$(DESTDIR)$(BINDIR)/%)
	rm -rf $(DESTDIR)$(SHAREDIR)
	rm -f $(patsubst $(SRC)/man/%,$(DESTDIR)$(MANDIR)/man1/%,$(MAN1))
	rm -f $(patsubst $(SRC)/man/%,$(DESTDIR)$(MANDIR)/man5/%,$(MAN5))

# The archive holds what git knows, with one time and owner, so that two runs give the same bytes.
.PHONY: dist
dist:
	@mkdir -p $(O)
	git -C $(SRC) archive --format=tar --prefix=mirari-$(VERSION)/ HEAD | gzip -n9 >$(O)/mirari-$(VERSION).tar.gz
	@echo $(O)/mirari-$(VERSION).tar.gz

.PHONY: clean
clean:
	rm -rf $(O)

.PHONY: help
help:
	@printf '%s\n' \
	'make             build the tools into $(O)/bin (TOOLS="mirari-parse …" for some, O=DIR elsewhere)' \
	'make demo        install what is missing, build, run share/examples/www and fetch a page' \
	'make check       install what is missing, run all tests (T=t/20-parse.bats for one)' \
	'make check-xen   those with a real Xen; make xen only builds that' \
	'make lint        layers, formats, warnings of gcc and clang as errors, cppcheck, mandoc' \
	'make asan        the tests with address and undefined-behaviour sanitizers' \
	'make valgrind    the tests under valgrind' \
	'make fuzz        each parser of foreign input for FUZZ_SECONDS=$(FUZZ_SECONDS)' \
	'make bench       ratios against peers and floors' \
	'make install     DESTDIR= PREFIX=$(PREFIX); make uninstall takes it away again' \
	'make dist        $(O)/mirari-$(VERSION).tar.gz' \
	'make deps        install all packages that any of these needs' \
	'make clean       remove $(O)' \
	'V=1 shows commands, WERROR=1 makes warnings errors.'
