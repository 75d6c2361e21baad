# For tests with a real opam and a real root: one for the tests of a file, which `opam-root` makes.

# shellcheck disable=SC2154 # common.bash, and bats

# For setup_file: is there all that is needed? Where it isn't, use_root says so, for each test.
have_opam() {
	command -v opam && command -v ocamlfind && command -v ocamlopt
} >/dev/null

# make_root: for setup_file.
make_root() {
	"$SOURCE/t/lib/opam-root" "$BATS_FILE_TMPDIR/opam" >"$BATS_FILE_TMPDIR/exports"
}

# use_root: for setup.
use_root() {
	need opam ocamlfind ocamlopt
	eval "$(cat "$BATS_FILE_TMPDIR/exports")"
}

# record KEY=VALUE...: ./record has these lines and its end.
record() {
	printf '%s\n' "$@" '' >record
}

# logged: opam on PATH is one that appends its arguments to ./opam.log and then is the real one.
logged() {
	mkdir -p logged
	cat >logged/opam <<-END
		#!/bin/sh
		printf '%s\n' "\$*" >>'$PWD/opam.log'
		exec '$(command -v opam)' "\$@"
	END
	chmod +x logged/opam
	: >opam.log
	PATH=$PWD/logged:$PATH
}

# new_switch NAME [PACKAGE...]: a switch for one test to change.
new_switch() {
	local name=$1
	shift
	opam switch create --no-switch "$name" "ocaml-system.$(ocamlfind ocamlc -version)" >log 2>&1
	[ $# = 0 ] || opam install --switch="$name" "$@" >>log 2>&1
}

# installed SWITCH: the packages that opam itself says are there.
installed() {
	opam list --switch="$1" --short --installed --columns=package
}
