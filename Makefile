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
SOURCES_yaml-0.1 = lib/model/yaml_in.c lib/model/yaml_out.c

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wpointer-arith -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wvla -Wundef -Wformat=2 \
	-Wcast-align -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough \
	-Wno-missing-field-initializers
HARDENING = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -fPIE
LINK_HARDENING = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
OUR_CPPFLAGS = -std=gnu11 -D_GNU_SOURCE -I$(SRC)/lib -DMIRARI_VERSION='"$(VERSION)"' \
	-include $(SRC)/lib/core/banned.h
# -Wpedantic knows neither __int128 nor the cleanup attribute's use in declarations with designated
# initialisers; both compilers in use do.
OUR_CFLAGS = $(WARNINGS) $(HARDENING) $(if $(WERROR),-Werror)

ALL_TOOLS := $(sort $(patsubst bin/%.c,%,$(shell cd $(SRC) && echo bin/*.c)))
have = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes)
buildable = $(if $(NEEDS_$(1)),$(call have,$(NEEDS_$(1))),yes)
TOOLS ?= $(foreach tool,$(ALL_TOOLS),$(if $(call buildable,$(tool)),$(tool)))
LEFT_OUT = $(filter-out $(TOOLS),$(ALL_TOOLS))

SPECIAL := $(foreach v,$(filter SOURCES_%,$(.VARIABLES)),$($(v)))
LIB_SOURCES := $(filter-out $(SPECIAL),$(shell cd $(SRC) && echo lib/*/*.c))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(O)/%.o)
BINARIES := $(TOOLS:%=$(O)/bin/%)
needed_objects = $(foreach p,$(NEEDS_$(1)),$(patsubst %.c,$(O)/%.o,$(SOURCES_$(p))))
needed_flags = $(if $(NEEDS_$(1)),$(shell $(PKG_CONFIG) $(2) $(NEEDS_$(1))))

quiet = @printf '  %-7s %s\n' $(1) $(2);
ifdef V
quiet =
endif

.PHONY: all
all: $(BINARIES) $(O)/share/mirari
	$(if $(LEFT_OUT),@echo "left out: $(LEFT_OUT) (missing: $(sort $(foreach t,$(LEFT_OUT),$(NEEDS_$(t))))); make deps installs what is missing")

$(O)/%.o: $(SRC)/%.c $(SRC)/VERSION $(SRC)/Makefile
	@mkdir -p $(@D)
	$(call quiet,CC,$*.c)$(CC) $(OUR_CPPFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) $(PACKAGE_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/libmirari.a: $(LIB_OBJECTS)
	$(call quiet,AR,$@)rm -f $@ && $(AR) rcsD $@ $^

define tool_rule
$(O)/bin/$(1): $(O)/bin/$(1).o $(call needed_objects,$(1)) $(O)/libmirari.a
	@mkdir -p $$(@D)
	$$(call quiet,LINK,$(1))$$(CC) $$(CFLAGS) $$(LINK_HARDENING) $$(LDFLAGS) -o $$@ $(O)/bin/$(1).o $(call needed_objects,$(1)) $(O)/libmirari.a $(call needed_flags,$(1),--libs)
endef
$(foreach tool,$(ALL_TOOLS),$(eval $(call tool_rule,$(tool))))

define package_rule
$(patsubst %.c,$(O)/%.o,$(SOURCES_$(1))): PACKAGE_CFLAGS = $$(shell $$(PKG_CONFIG) --cflags $(1))
endef
$(foreach v,$(filter SOURCES_%,$(.VARIABLES)),$(eval $(call package_rule,$(v:SOURCES_%=%))))

# The tools look for their templates beside themselves, in ../share/mirari.
$(O)/share/mirari:
	@mkdir -p $(@D)
	@ln -sfn $(abspath $(SRC))/share $@

-include $(LIB_OBJECTS:.o=.d) $(SPECIAL:%.c=$(O)/%.d) $(ALL_TOOLS:%=$(O)/bin/%.d)

