#!/usr/bin/env bats
# mirari-opam-exec with a real opam: the environment that it prints, system packages, an opam that it
# has to wait for, switches that it makes, and the verbs that pass such options on.

# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2097,SC2098,SC2164 # bats: each test is a subshell, with -e

load lib/common.bash
load lib/opam.bash

setup_file() {
	have_opam || return 0
	make_root
}

setup() {
	use_root
	REPOSITORY=$BATS_FILE_TMPDIR/opam/repo
	OCAML=$(ocamlfind ocamlc -version)
	TRACE=$BATS_TEST_TMPDIR/trace
	export SLOW=$BATS_TEST_TMPDIR/slow
	HOLDER='' OURS=''
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	local pid
	[ -z "${SLOW-}" ] || touch "$SLOW" # what is being built comes to its end
	for pid in ${HOLDER-} ${OURS-}; do
		kill "$pid" 2>/dev/null || continue
		wait "$pid" 2>/dev/null || continue
	done
}

# ---- what the tests share ------------------------------------------------------------------------

# has_package SWITCH PACKAGE
has_package() {
	installed "$1" | grep -qxF "$2"
}

lacks_package() {
	! has_package "$@" || {
		echo "$2 is in $1" >&2
		return 1
	}
}

switches() {
	opam switch list --short | sort
}

# project DIR LINE...: one that is built by the command that its lines give, and has no dependencies.
project() {
	local dir=$1
	shift
	mkdir -p "$dir"
	printf '%s\n' 'name: x' 'main: { noip: A.b }' "$@" >"$dir/mirari.yml"
}

# ---- --print -------------------------------------------------------------------------------------

# Scripts of sh that change their environment as mirari-opam-exec --print tells them, then show it.
by_shell='variables=$(mirari-opam-exec "$@" --print) && eval "$variables" && exec env -0'
by_json='variables=$(mirari-opam-exec "$@" --print --format=json | jq -r "to_entries[] |
	if .value == null then \"unset \" + .key else \"export \" + .key + \"=\" + (.value | @sh) end") &&
	eval "$variables" && exec env -0'
by_records='variables=$(mirari-opam-exec "$@" --print --format=records && echo "# no error") || exit
	ended=
	while IFS= read -r line; do
		case $line in
		env.*) line=${line#env.} && export "${line%%=*}=${line#*=}" ;;
		unset=*) unset "${line#unset=}" ;;
		"") ended=yes ;;
		"# no error") [ $ended ] && exec env -0 ;;
		*) exit 65 ;;
		esac
	done <<END
$variables
END
	exit 65'
inside='exec mirari-opam-exec "$@" -- env -0'

# same_printed NAME OPTION... -- ENV-WORD...: what a command finds inside, and what a shell has that did
# as --print said, from an environment of these words.
same_printed() {
	local name=$1 way options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	env -i "${base[@]}" env "$@" sh -c "$inside" sh "${options[@]}" | sort -z >wanted
	grep -qz '^OPAM_SWITCH_PREFIX=' wanted
	for way in "${ways[@]}"; do
		env -i "${base[@]}" env "$@" sh -c "${!way}" sh "${options[@]}" | sort -z >printed || echo failed >>printed
		same "$name, $way: $(tr '\0' '\n' <wanted)" "$name, $way: $(tr '\0' '\n' <printed)"
		compared=$((compared + 1))
	done
}

# in_switch SWITCH WORD...: the words of an environment in which `eval $(opam env)` has been done.
in_switch() {
	local switch=$1
	shift
	words=(sh -c 'eval "$(opam env --switch='"$switch"' 2>/dev/null)"; exec env "$@"' sh "$@")
}

base_environment() {
	native # under valgrind the tools have variables of their own
	need jq
	base=(PATH="$PATH" HOME="$HOME" OPAMROOT="$OPAMROOT" OPAMROOTISOK=1 OPAMCOLOR=never LC_ALL=C.UTF-8)
	ways=(by_shell by_json by_records)
	compared=0
}

@test "--print: whoever does what it says has the environment of a command, in every format" {
	base_environment
	for switch in unix-socket xen; do
		same_printed clean -s "$switch" --
		same_printed odd -s "$switch" -- OCAMLPATH=:/a::/b: "ODD=a b\"c'd\\e \$HOME é" MANPATH=/x: EMPTY= OPAMSWITCH=nosuch
		for other in unix-socket xen; do
			in_switch "$other" 'ODD=a b' "PATH=/before:$PATH" OCAMLFIND_DESTDIR=/mine
			same_printed "inside $other" -s "$switch" -- "${words[@]}"
		done
	done
	in_switch xen OPAM_LAST_ENV=/nowhere
	same_printed 'last environment' -s unix-socket -- "${words[@]}"
	same_printed 'the current switch' --
	record switch=xen
	by_shell="exec <record; $by_shell" inside="exec <record; $inside" ways=(by_shell)
	same_printed 'a record' --record --
	[ "$compared" = 31 ]
}

@test "--print: what a switch has set and another hasn't is unset, and null" {
	base_environment
	in_switch xen
	here() {
		env -i "${base[@]}" "${words[@]}" mirari-opam-exec -s unix-socket --print "$@"
	}
	here >shell
	grep -qx 'unset DEMO_ENV' shell
	here --format=json >json
	jq -e 'has("DEMO_ENV") and .DEMO_ENV == null and .OPAMSWITCH == "unix-socket"' json
	same "$(jq -r 'keys_unsorted[]' json)" "$(sed -E 's/^(export|unset) ([A-Za-z0-9_]+).*/\2/' shell)"
	here --format=records >records
	grep -qx unset=DEMO_ENV records
	# it is a record, to those who read one
	same unix-socket "$(mirari-opam-exec --install --get env.OPAMSWITCH <records)"
	# what stays as it is isn't named
	for text in HOME OPAMROOT OPAMCOLOR; do
		! grep -qw "$text" shell || same "no $text" "$(cat shell)"
	done
}

@test "--print --no-fast: the same text" {
	native
	for switch in unix-socket xen; do
		for format in shell json records; do
			mirari-opam-exec -s "$switch" --print --format="$format" >fast
			mirari-opam-exec -s "$switch" --print --format="$format" --no-fast >slow
			[ -s fast ]
			cmp fast slow
		done
	done
	mirari-opam-exec -s xen --print | cmp - <(mirari-opam-exec -s xen --print --format=shell)
	# and it is opam that is asked, with the one, and not with the other
	logged
	clean=(env -i PATH="$PATH" HOME="$HOME" OPAMROOT="$OPAMROOT" OPAMROOTISOK=1)
	"${clean[@]}" mirari-opam-exec -s xen --print >fast
	same '' "$(cat opam.log)"
	"${clean[@]}" mirari-opam-exec -s xen --print --no-fast >slow
	grep -q '^exec ' opam.log
}

@test "--print --no-fast, inside a switch: as a command would have it" {
	base_environment
	ways=(by_shell)
	in_switch unix-direct
	same_printed 'inside another' --no-fast -s xen -- "${words[@]}"
	in_switch xen -u OPAMSWITCH -u OPAMROOT HOME="$BATS_FILE_TMPDIR/none"
	same_printed 'inside the same' --no-fast -s xen --root "$OPAMROOT" -- "${words[@]}"
}

@test "--print --root: OPAMROOT is one of the variables" {
	base_environment
	ln -s "$OPAMROOT" linked
	for root in "$OPAMROOT" "$PWD/linked"; do
		same_printed "$root" --root "$root" -s xen -- -u OPAMROOT
		same_printed "$root, with OPAMROOT" --root "$root" -s xen -- OPAMROOT=/nowhere
	done
}

@test "--print without a root, or without a switch: nothing changes, so nothing is printed" {
	mkdir home
	opam init --bare --no-setup --no-opamrc --disable-sandboxing --root="$PWD/bare" local "$REPOSITORY" >log 2>&1
	for root in nowhere bare; do
		export HOME=$PWD/home OPAMROOT=$PWD/$root
		[ "$root" = bare ] || unset OPAMROOT
		run -0 --separate-stderr mirari-opam-exec --print
		same '' "$output$stderr"
		same '{}' "$(mirari-opam-exec --print --format=json)"
		mirari-opam-exec --print --format=records | cmp - <(echo)
	done
}

# odd_switch LINE...: a root with one switch, whose environment file has these lines.
odd_switch() {
	local made=$PWD/root/odd
	mkdir -p "$made/.opam-switch"
	echo 'switch: "odd"' >root/config
	printf 'opam-root: "%s"\n' "$PWD/root" >"$made/.opam-switch/switch-config"
	printf '%s\n' "OPAM_SWITCH_PREFIX = $made" "$@" "PATH =+= $made/bin" >"$made/.opam-switch/environment"
	export OPAMROOT=$PWD/root
}

@test "--print: values with newlines, quotes, commands and odd bytes" {
	base_environment
	odd_switch $'NEWLINE = a\\\nb\\\n' $'QUOTES = it\'s\\ "x"\\ \\\\' 'COMMAND = $(touch\ ran)`touch\ ran`\ $HOME' 'GLOB = *' \
		$'CONTROL = \x01\x1b[31m' 'DASH = -n' 'EMPTY = @' 'PERCENT = %{x}%%'
	base=(PATH="$PATH" HOME="$HOME" OPAMROOT="$OPAMROOT" LC_ALL=C.UTF-8)
	ways=(by_shell by_json)
	same_printed odd --
	tr '\0\n' '\n|' <wanted | grep -qx 'NEWLINE=a|b|'
	[ ! -e ran ]
	# bash's $'' and ! are nothing here
	mirari-opam-exec --print >variables
	ours='^(NEWLINE|QUOTES|COMMAND|GLOB|CONTROL|DASH|PERCENT)='
	bash -c '. ./variables && exec env -0' | grep -zE "$ours" | sort -z >by_bash
	grep -zE "$ours" wanted | cmp - by_bash
	run -65 --separate-stderr mirari-opam-exec --print --format=records
	[ -z "$output" ]
	stderr_has NEWLINE

	odd_switch $'BYTES = \xff\xfe'
	ways=(by_shell by_records)
	base=(PATH="$PATH" HOME="$HOME" OPAMROOT="$OPAMROOT" LC_ALL=C.UTF-8)
	same_printed bytes --
	run -65 --separate-stderr mirari-opam-exec --print --format=json
	[ -z "$output" ]
	stderr_has BYTES
	stderr_has UTF-8
}

@test "--print: a variable whose name no shell takes" {
	odd_switch 'A-B = 1' 'B = 2'
	run -65 --separate-stderr mirari-opam-exec --print
	[ -z "$output" ]
	stderr_has A-B
	run -0 mirari-opam-exec --print --format=json
	has '"A-B": "1"'
	run -0 mirari-opam-exec --print --format=records
	has env.A-B=1
	odd_switch 'A;id = 1'
	run -65 --separate-stderr mirari-opam-exec --print
	[ -z "$output" ]
	run -65 --separate-stderr mirari-opam-exec --print --format=records
	[ -z "$output" ]
}

@test "--print: output that can't be written is 74" {
	for format in shell json records; do
		status=0
		mirari-opam-exec -s xen --print --format="$format" >/dev/full 2>err || status=$?
		[ "$status" = 74 ]
	done
}

@test "--print --install: opam's output is on standard error, the variables alone on standard output" {
	new_switch printed
	eval "$(mirari-opam-exec -s printed --install -p demo-env --print 2>err)"
	same 'a b;c'\''d"e\f $HOME `id` %' "$DEMO_ENV"
	same "$OPAMROOT/printed" "$OPAM_SWITCH_PREFIX"
	has_package printed demo-env.1
	grep -q 'installed demo-env' err
}

@test "usage: what doesn't go together is 64, and nothing is done" {
	record switch=xen packages=demo-lib
	logged
	for words in '--print -- touch ran' '--print --build' '--print --get switch' '--format=json -- touch ran' '--format=json --install' \
		'--print --format=yaml' '--print --format=' '--install-system -- touch ran' '--install-system --print' \
		'--wait=-1 -- touch ran' '--wait=x -- touch ran' '--wait=1.5 -- touch ran' '--wait=99999999 -- touch ran' \
		'--wait= -- touch ran' '--wait=86401 -- touch ran' '--wait=+1 -- touch ran' '--wait=18446744073709551617 -- touch ran' \
		'--wait=-1 --install' '--print -p demo-lib'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr mirari-opam-exec $words <record
		[ "$status" = 64 ] || same 64 "$status, from: $words"
		[ -z "$output" ]
		[ -n "$stderr" ]
		[ ! -e ran ]
	done
	[ ! -s opam.log ]
	run -64 --separate-stderr mirari-opam-exec --wait=-1 -- touch ran
	stderr_has "--wait=-1: expected a whole number of seconds from 0 to 86400"
	mirari-opam-exec --wait=86400 -- touch ran
	[ -e ran ]
}

# ---- system packages -----------------------------------------------------------------------------

# debian: a world of apt's own, in which nothing is installed.
debian() {
	local exports status=0
	exports=$("$SOURCE/t/lib/apt-world" "$BATS_TEST_TMPDIR/apt" 2>why) || status=$?
	[ $status != 69 ] || lacking "$(cat why)"
	cat why >&2
	[ $status = 0 ]
	eval "$exports"
}

# system_packages: those that dpkg says are there.
system_packages() {
	dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p'
}

@test "missing system packages: 1, and all of them are named, with the line that installs them" {
	debian
	new_switch depexts
	run -1 --separate-stderr mirari-opam-exec -s depexts --install -p demo-env -p needs-test-depext -p needs-broken-depext -- touch ran
	[ -z "$output" ]
	[ ! -e ran ]
	same "mirari-opam-exec: opam install demo-env needs-test-depext needs-broken-depext: system packages are missing, which --install-system installs: mirari-test-broken mirari-test-depext
mirari-opam-exec: apt-get install mirari-test-broken mirari-test-depext" "$(grep '^mirari-opam-exec:' <<<"$stderr")"
	lacks_package depexts demo-env.1
	# for a record, no record comes out
	record switch=depexts packages=needs-test-depext
	run -1 --separate-stderr mirari-opam-exec --install <record
	[ -z "$output" ]
	stderr_has 'mirari-opam-exec: apt-get install mirari-test-depext'
	same '' "$(system_packages)"
	# depexts are still looked at, whatever has gone before
	run ! grep depext-bypass "$OPAMROOT/depexts/.opam-switch/switch-config" "$OPAMROOT/config"
}

@test "missing system packages: those of a package that is needed by another" {
	debian
	new_switch above
	run -1 --separate-stderr mirari-opam-exec -s above --install -p above-test-depext -- touch ran
	stderr_has 'opam install above-test-depext: system packages are missing, which --install-system installs: mirari-test-depext'
	stderr_has 'mirari-opam-exec: apt-get install mirari-test-depext'
}

@test "system packages that are there are not named" {
	debian
	apt-get install -qq -yy mirari-test-depext >log 2>&1
	new_switch there
	run -1 --separate-stderr mirari-opam-exec -s there --install -p above-test-depext -p needs-broken-depext -- touch ran
	same "mirari-opam-exec: apt-get install mirari-test-broken" "$(grep '^mirari-opam-exec: apt-get' <<<"$stderr")"
	# one that was removed, but for its file in etc, is not there
	dpkg --remove mirari-test-depext >log 2>&1
	dpkg-query --show --showformat='${db:Status-Status}' mirari-test-depext | grep -qx config-files
	run -1 --separate-stderr mirari-opam-exec -s there --install -p above-test-depext -p needs-broken-depext -- touch ran
	stderr_has "mirari-opam-exec: apt-get install mirari-test-broken mirari-test-depext"
}

@test "a version, a range: the system packages of these are found as well" {
	debian
	new_switch ranges
	for package in needs-test-depext.1 'needs-test-depext>=1' 'needs-test-depext<2'; do
		run -1 --separate-stderr mirari-opam-exec -s ranges --install -p "$package" -- touch ran
		stderr_has 'mirari-opam-exec: apt-get install mirari-test-depext'
	done
}

@test "missing system packages are named where there is no dpkg-query, without a line for apt" {
	debian
	new_switch elsewhere
	mkdir path
	# the real opam on Debian needs it, so that one has it
	printf '%s\n' '#!/bin/sh' "PATH='$PATH' exec '$(command -v opam)' \"\$@\"" >path/opam
	ln -s "$(command -v touch)" "$(command -v sh)" path/
	chmod +x path/opam
	run -1 --separate-stderr env PATH="$BUILD/bin:$PWD/path" mirari-opam-exec -s elsewhere --install -p needs-test-depext -- touch ran
	[ ! -e ran ]
	stderr_has 'system packages are missing, which --install-system installs: mirari-test-depext'
	stderr_has_not 'mirari-opam-exec: apt-get'
}

@test "--install-system: they are installed, then the package, then the command runs" {
	debian
	new_switch system
	run -0 --separate-stderr mirari-opam-exec -s system --install --install-system -p above-test-depext -- mirari-test-depext
	same 'mirari-test-depext 1.0' "$output"
	[ -x apt/root/usr/bin/mirari-test-depext ]
	same mirari-test-depext "$(system_packages)"
	has_package system needs-test-depext.1
	# nothing is missing now: opam isn't started
	logged
	run -0 mirari-opam-exec -s system --install --install-system -p above-test-depext -- true
	same '' "$(cat opam.log)"
}

@test "--install-system, and the system's package manager fails: 1, with the names" {
	debian
	new_switch failing
	record switch=failing packages=needs-broken-depext
	run -1 --separate-stderr mirari-opam-exec --install --install-system <record
	[ -z "$output" ]
	stderr_has 'opam install needs-broken-depext: system packages could not be installed: mirari-test-broken'
	stderr_has 'mirari-opam-exec: apt-get install mirari-test-broken'
	stderr_has 'the preinst fails, as it should'
	lacks_package failing needs-broken-depext.1
}

@test "a system package that apt doesn't know: 65, with --install-system too" {
	debian
	new_switch unknown
	for option in --install --install-system; do
		run -65 --separate-stderr mirari-opam-exec -s unknown --install "$option" -p needs-unknown-depext -- touch ran
		stderr_has no-such-system-package
		stderr_has_not 'mirari-opam-exec: apt-get'
		[ ! -e ran ]
	done
}

@test "mirari configure and mirari build pass --install-system on" {
	debian
	new_switch verbs
	project project 'switch: verbs' 'packages: [needs-test-depext]' 'build: { command: [mirari-test-depext] }'
	run -1 --separate-stderr mirari configure project
	stderr_has 'apt-get install mirari-test-depext'
	same '' "$(system_packages)"
	run -0 mirari configure --install-system project
	same mirari-test-depext "$(system_packages)"
	has_package verbs needs-test-depext.1
	# build, although nothing has changed since
	opam remove --yes --switch=verbs needs-test-depext >log 2>&1
	dpkg --remove mirari-test-depext >log 2>&1
	run -0 --separate-stderr mirari build --install-system project
	same 'mirari-test-depext 1.0' "$(tail -n 1 <<<"$output")"
	same mirari-test-depext "$(system_packages)"
}

# ---- waiting for another opam --------------------------------------------------------------------

# hold SWITCH: another opam installs slow-build there, until $SLOW is there; it is $HOLDER.
hold() {
	new_switch "$1"
	# a job in the background has ^C ignored, which isn't how another opam is started
	setsid opam install --yes --switch="$1" slow-build >holder.log 2>&1 </dev/null 3>&- &
	HOLDER=$!
	until_true test -e "$SLOW.begun"
}

# let_go: it comes to its end, and has done what it was to do.
let_go() {
	touch "$SLOW"
	wait "$HOLDER"
	HOLDER=
}

# lock FILE: a process that is no opam has it locked; it is $HOLDER.
lock() {
	python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
open("locked", "w")
time.sleep(60)' "$1" 3>&- &
	HOLDER=$!
	until_true test -e locked
	rm locked
}

# left SWITCH: the opams at work there that a tool of ours has started.
left() {
	pgrep -af -- "--root=$OPAMROOT .*--switch=$1 " | grep -E '^[0-9]+ ([^ ]*/)?opam install' || true
}

@test "--wait=1: so long another opam is waited for, then 75 names it, and nothing is left behind" {
	hold limited
	other="pid $HOLDER: opam install --yes --switch=limited slow-build"
	start=${EPOCHREALTIME/./}
	run -75 --separate-stderr timeout 20 mirari-opam-exec -s limited --install --wait=1 -p demo-env -- touch ran
	took=$((${EPOCHREALTIME/./} - start))
	[ "$took" -ge 1000000 ]
	[ "$took" -lt 10000000 ]
	[ -z "$output" ]
	stderr_has "another opam works on the switch ($other): waiting for it, at most 1 s"
	stderr_has "mirari-opam-exec: another opam works on switch limited ($other)"
	stderr_has 'mirari-opam-exec: --wait=SECONDS'
	same '' "$(left limited)"

	# not at all
	run -75 --separate-stderr timeout 20 mirari-opam-exec -s limited --install --wait=0 -p demo-env -- touch ran
	stderr_has "mirari-opam-exec: another opam works on switch limited ($other)"
	stderr_has_not 'waiting for it'
	same '' "$(left limited)"

	# for a record, and with ^C ignored, as a job of a script in the background has it
	record switch=limited packages=demo-env
	run -75 --separate-stderr sh -c 'trap "" INT; exec timeout 20 mirari-opam-exec --install --wait=0 <record'
	[ -z "$output" ]
	same '' "$(left limited)"

	# a command without --install has nothing to wait for
	run -0 timeout 20 mirari-opam-exec -s limited --wait=0 -- true
	let_go
	has_package limited slow-build.1
	lacks_package limited demo-env.1
	[ ! -e ran ]
}

@test "without --wait another opam is waited for, which is said once; then it's installed" {
	hold default
	mirari-opam-exec -s default --install -p demo-env -- touch ran 2>err 3>&- &
	OURS=$!
	until_true grep -q 'waiting for it' err
	sleep 0.5
	[ ! -e ran ]
	let_go
	wait "$OURS"
	OURS=
	[ -e ran ]
	has_package default demo-env.1
	has_package default slow-build.1
	same 1 "$(grep -c 'waiting for it, at most 300 s' err)"
}

@test "a signal while it waits ends the opam that it has started, too" {
	hold interrupted
	mirari-opam-exec -s interrupted --install -p demo-env -- touch ran 2>err 3>&- &
	OURS=$!
	until_true grep -q 'waiting for it' err
	[ -n "$(left interrupted)" ]
	kill -TERM "$OURS"
	status=0
	wait "$OURS" || status=$?
	OURS=
	[ "$status" = 143 ]
	same '' "$(left interrupted)"
	let_go
	lacks_package interrupted demo-env.1
	[ ! -e ran ]
}

@test "a switch that nobody works on: nothing is said of another opam" {
	hold busy
	new_switch idle
	run -0 --separate-stderr timeout 20 mirari-opam-exec -s idle --install --wait=0 -p demo-env -- true
	stderr_has_not 'another opam'
}

# wrapper: opam on PATH is a script that starts the real one and waits for it.
wrapper() {
	mkdir wrapper
	printf '%s\n' '#!/bin/sh' "'$(command -v opam)' \"\$@\"" 'exit $?' >wrapper/opam
	chmod +x wrapper/opam
	PATH=$PWD/wrapper:$PATH
}

@test "an opam that a script starts is not taken for another one" {
	new_switch wrapped
	wrapper
	timeout 20 mirari-opam-exec -s wrapped --install --wait=0 -p slow-build -- touch ran 2>err 3>&- &
	OURS=$!
	until_true test -e "$SLOW.begun"
	sleep 0.5
	touch "$SLOW"
	wait "$OURS"
	OURS=
	[ -e ran ]
	run ! grep 'another opam' err
}

@test "an opam that a script starts is stopped as well when the time is over" {
	hold scripted
	wrapper
	run -75 --separate-stderr timeout 5 mirari-opam-exec -s scripted --install --wait=0 -p demo-env -- touch ran
	same '' "$(left scripted)"
	let_go
	lacks_package scripted demo-env.1
}

@test "who has the lock is named though it is no opam" {
	new_switch foreign
	lock "$OPAMROOT/foreign/.opam-switch/lock"
	run -75 --separate-stderr timeout 20 mirari-opam-exec -s foreign --install --wait=0 -p demo-env -- touch ran
	stderr_has "(pid $HOLDER: "
	stderr_has python
	[ ! -e ran ]
	same '' "$(left foreign)"
}

@test "mirari configure and mirari build pass --wait on" {
	hold waiting
	project project 'switch: waiting' 'packages: [demo-env]' 'build: { command: [touch, built] }'
	for verb in configure build; do
		run -75 --separate-stderr timeout 20 mirari $verb --wait=0 project
		stderr_has "another opam works on switch waiting (pid $HOLDER:"
	done
	run -64 mirari configure --wait=x project
	run -64 mirari configure --no-install --wait=1 project
	[ ! -e project/built ]
}

# ---- making a switch -----------------------------------------------------------------------------

@test "a switch is never made unless that is asked for, and the message says how" {
	before=$(switches)
	logged
	record switch=unmade opam.create=ocaml-wrapped build.command=touch build.command=ran "config.dir=$PWD"
	project project 'switch: { name: unmade, create: ocaml-wrapped }'
	for words in '-s unmade -- touch ran' '-r -- touch ran' --install --build '--install -p demo-lib -s unmade -- touch ran' '-s unmade --print'; do
		# shellcheck disable=SC2086 # words
		run -65 --separate-stderr mirari-opam-exec $words <record
		[ -z "$output" ]
		stderr_has "no opam switch unmade in $OPAMROOT; there are:"
		stderr_has '--create-switch makes it'
		stderr_has 'opam switch create --no-switch unmade COMPILER'
	done
	for verb in configure build; do
		run -65 --separate-stderr mirari $verb project
		stderr_has '--create-switch makes it'
	done
	[ ! -e ran ]
	same '' "$(cat opam.log)"
	same "$before" "$(switches)"
}

@test "--create-switch: made of what opam.create says, and the current switch stays as it is" {
	logged
	record switch=one opam.create="ocaml-wrapped.$OCAML"
	MIRARI_TRACE=$TRACE run -0 --separate-stderr mirari-opam-exec --create-switch -r -- ocamlopt -version <record
	same "$OCAML" "$output"
	same 'ocamlopt switch=one' "$(cat "$TRACE")"
	same unix-socket "$(opam switch show)"
	# it's there now: opam isn't started again
	: >opam.log
	run -0 mirari-opam-exec --create-switch -r -- true <record
	run -0 mirari-opam-exec -s xen --create-switch --install -- true
	same '' "$(cat opam.log)"

	record switch=several opam.create=ocaml-wrapped opam.create=demo-lib.1.0 opam.create=demo-env
	run -0 --separate-stderr mirari-opam-exec --create-switch --install <record
	same "$(cat record)" "$output"
	for package in "ocaml-wrapped.$OCAML" demo-lib.1.0 demo-env.1; do has_package several "$package"; done
	same unix-socket "$(opam switch show)"

	# a bare version is that of a compiler
	record switch=version opam.create="$OCAML"
	run -0 mirari-opam-exec --create-switch -r -- printenv OPAMSWITCH <record
	installed version | grep -qE "^ocaml-(system|wrapped)\.$OCAML\$"
}

@test "--create-switch: a switch by its name alone, when that is a compiler's version" {
	run -0 --separate-stderr mirari-opam-exec -s "$OCAML" --create-switch -- printenv OPAMSWITCH
	same "$OCAML" "$output"
	installed "$OCAML" | grep -qE "^ocaml-(system|wrapped)\.$OCAML\$"
	run -65 --separate-stderr mirari-opam-exec -s nothing-like-it --create-switch -- touch ran
	stderr_has 'say what it is made of: switch: { name: nothing-like-it, create: '
	[ ! -e ran ]
	[ ! -e "$OPAMROOT/nothing-like-it" ]
}

@test "--create-switch: then what is missing is installed there" {
	record switch=filled opam.create=ocaml-wrapped packages=demo-lib depends=demo-lib "config.dir=$PWD" \
		build.command=ocamlfind build.command=query build.command=-format build.command=%v build.command=demo-lib
	run -0 --separate-stderr mirari-opam-exec --create-switch --install --build <record
	same 2.0 "$output"
	has_package filled demo-lib.2.0
	eval "$(mirari-opam-exec -s printed-first --set opam.create=ocaml-wrapped -r --create-switch --print <record 2>err)"
	same "$OPAMROOT/printed-first" "$OPAM_SWITCH_PREFIX"
}

# more_packages NAME: a repository in ./NAME, with the compiler only-here. A root keeps the name.
more_packages() {
	mkdir -p "$1"/packages/only-here/only-here.1 "$1"/packages/demo-env/demo-env.7
	echo 'opam-version: "2.0"' | tee "$1"/repo >"$1"/packages/demo-env/demo-env.7/opam
	printf '%s\n' 'opam-version: "2.0"' 'flags: compiler' >"$1"/packages/only-here/only-here.1/opam
}

@test "--create-switch: repositories of its own are in front of the root's" {
	more_packages more
	record switch=repositories opam.create=only-here opam.create=ocaml-wrapped opam.repository="more=file://$PWD/more"
	run -0 mirari-opam-exec --create-switch -r -- true <record
	same "$(printf '%s\n' more local)" "$(opam repository list --switch=repositories --short)"
	has_package repositories only-here.1
	same local "$(opam repository list --switch=xen --short)" # nobody else's
	run -0 mirari-opam-exec -s repositories --install -p demo-env -- true
	has_package repositories demo-env.7

	# one of the root's, in another place; by its name alone it's known already
	record switch=ordered opam.create=only-here opam.repository="local=file://$REPOSITORY" opam.repository="more=file://$PWD/more"
	run -0 mirari-opam-exec --create-switch -r -- true <record
	same "$(printf '%s\n' local more)" "$(opam repository list --switch=ordered --short)"

	# that name is taken, for another place: opam says so
	record switch=taken opam.create=only-here opam.repository="local=file://$PWD/more"
	run -65 --separate-stderr mirari-opam-exec --create-switch -r -- touch ran <record
	stderr_has 'opam switch create taken'
	[ ! -e ran ]
	[ ! -e "$OPAMROOT/taken" ]

	record switch=unreachable opam.create=only-here opam.repository="gone=file://$PWD/gone"
	run -69 --separate-stderr mirari-opam-exec --create-switch -r -- touch ran <record
	[ ! -e ran ]
	[ ! -e "$OPAMROOT/unreachable" ]
}

@test "--create-switch: a directory's, and what is in the directory isn't installed" {
	mkdir -p 'pro ject/sub'
	printf '%s\n' 'opam-version: "2.0"' 'depends: ["demo-env"]' "build: [\"touch\" \"$PWD/built\"]" >'pro ject/x.opam'
	for dir in ./ . ./sub/..; do
		record "config.dir=$PWD/pro ject" "switch=$dir" opam.create=ocaml-wrapped build.command=ocamlopt build.command=-version
		MIRARI_TRACE=$TRACE run -0 --separate-stderr mirari-opam-exec --create-switch --build <record
		same "$OCAML" "$output"
	done
	same "ocamlopt switch=$PWD/pro ject" "$(sort -u "$TRACE")"
	same "ocaml-wrapped.$OCAML" "$(installed "$PWD/pro ject")"
	same '' "$(opam pin list --switch="$PWD/pro ject" --short)"
	[ ! -e built ]
	same unix-socket "$(opam switch show)"
	# from anywhere below it is found by itself
	same "$PWD/pro ject" "$(cd 'pro ject/sub' && mirari-opam-exec -- printenv OPAMSWITCH)"
	# one that isn't there yet
	record "config.dir=$PWD" switch=./new/dir opam.create=ocaml-wrapped
	run -0 mirari-opam-exec --create-switch -r -- printenv OPAM_SWITCH_PREFIX <record
	[ -x new/dir/_opam/bin/ocamlopt ]
}

@test "--create-switch: a compiler or version that opam doesn't know is 65, with the next step" {
	for compiler in no-such-compiler ocaml-wrapped.0 99.9; do
		record switch=unknown-compiler "opam.create=$compiler"
		run -65 --separate-stderr mirari-opam-exec --create-switch -r -- touch ran <record
		[ -z "$output" ]
		stderr_has "mirari-opam-exec: opam switch create unknown-compiler: a package or version that opam doesn't know"
		stderr_has "mirari-opam-exec: 'opam update'"
	done
	record switch=unknown-compiler opam.create=ocaml-wrapped opam.create=no-such-package
	run --separate-stderr mirari-opam-exec --create-switch -r -- touch ran <record
	[ "$status" = 65 ] || [ "$status" = 1 ]
	stderr_has no-such-package
	[ ! -e ran ]
	[ ! -e "$OPAMROOT/unknown-compiler" ]
	run ! grep -F unknown-compiler "$OPAMROOT/config"
}

@test "--create-switch: a compiler that doesn't build is 1, and no half of a switch is left" {
	mkdir project
	for switch in half ./; do
		record "config.dir=$PWD/project" "switch=$switch" opam.create=ocaml-broken packages=demo-env
		run -1 --separate-stderr mirari-opam-exec --create-switch --install <record
		[ -z "$output" ]
		stderr_has 'The compilation of ocaml-broken.1 failed'
		stderr_has ': a package failed to build'
	done
	[ ! -e "$OPAMROOT/half" ]
	[ ! -e project/_opam ]
	run ! grep -F -e half -e "$PWD" "$OPAMROOT/config"
	# so the next attempt isn't stopped by it
	record switch=half opam.create=ocaml-slow
	SLOW='' run -0 mirari-opam-exec --create-switch -r -- made-slowly <record
}

@test "--create-switch without any root is 65; a root without any switch is fine" {
	mkdir home
	run -65 --separate-stderr env -u OPAMROOT HOME="$PWD/home" mirari-opam-exec -s x --create-switch -- touch ran
	[ ! -e ran ]
	stderr_has 'there is no opam root in ~/.opam'
	stderr_has 'opam init'
	opam init --bare --no-setup --no-opamrc --disable-sandboxing --root="$PWD/bare" local "$REPOSITORY" >log 2>&1
	record switch=first opam.create=ocaml-wrapped
	MIRARI_TRACE=$TRACE run -0 mirari-opam-exec --root bare --create-switch -r -- ocamlopt -version <record
	same 'ocamlopt switch=first' "$(cat "$TRACE")"
	# none was the current one, and none is
	run ! opam switch show --root="$PWD/bare"
}

@test "--create-switch: two at once, and both have it" {
	record switch=twice opam.create=ocaml-slow
	unset SLOW
	for i in 1 2; do
		mirari-opam-exec --create-switch -r -- made-slowly <record 2>"err.$i" 3>&- &
		OURS+=" $!"
	done
	for pid in $OURS; do
		wait "$pid" || {
			cat err.*
			false
		}
	done
	OURS=
}

@test "--create-switch: a switch that is still being made is not there yet" {
	record switch=growing opam.create=ocaml-slow
	mirari-opam-exec --create-switch -r -- made-slowly <record 2>err.1 3>&- &
	HOLDER=$!
	until_true test -e "$SLOW.begun"
	timeout 20 mirari-opam-exec --create-switch -r -- made-slowly <record 2>err.2 3>&- &
	OURS=$!
	sleep 0.5
	kill -0 "$OURS" # it waits
	let_go
	wait "$OURS"
	OURS=
}

@test "--create-switch: --wait is the limit where opam waits for those who make other switches" {
	record switch=slowly opam.create=ocaml-slow
	mirari-opam-exec --create-switch -r -- made-slowly <record 2>err.1 3>&- &
	HOLDER=$!
	until_true test -e "$SLOW.begun"
	record switch=other opam.create=ocaml-wrapped
	run -75 --separate-stderr timeout 5 mirari-opam-exec --create-switch --wait=1 -r -- touch ran <record
	stderr_has "opam switch create"
	[ ! -e ran ]
	let_go
	[ ! -e "$OPAMROOT/other" ]
}

# names_depext WORD...: making the switch `depext` of ./record fails, and what the compiler lacks is named.
names_depext() {
	run -1 --separate-stderr "$@" --create-switch -r -- touch ran <record
	stderr_has 'opam switch create depext: system packages are missing, which --install-system installs: mirari-test-depext'
	stderr_has 'mirari-opam-exec: apt-get install mirari-test-depext'
	[ ! -e ran ]
	[ ! -e "$OPAMROOT/depext" ]
}

@test "--create-switch: missing system packages of the compiler are named, and installed if that's asked for" {
	debian
	record switch=depext opam.create=ocaml-needs-depext
	names_depext mirari-opam-exec
	run -0 --separate-stderr mirari-opam-exec --create-switch --install-system -r -- mirari-test-depext <record
	same 'mirari-test-depext 1.0' "$output"
	opam switch remove --yes depext >log 2>&1
}

@test "--create-switch: the same when OPAMSWITCH is what names the switch" {
	debian
	record opam.create=ocaml-needs-depext
	names_depext env OPAMSWITCH=depext mirari-opam-exec
}

@test "--create-switch: the same when the compiler is in a repository of the switch's own" {
	debian
	more_packages with-depexts
	echo 'depexts: ["mirari-test-depext"]' >>with-depexts/packages/only-here/only-here.1/opam
	record switch=depext opam.create=only-here opam.repository="with-depexts=file://$PWD/with-depexts"
	names_depext mirari-opam-exec
}

@test "mirari configure --create-switch makes what the configuration describes, and mirari build uses it" {
	more_packages its-own
	project project 'switch:' '  name: described' "  create: [ocaml-wrapped.$OCAML, only-here]" "  repositories: { its-own: file://$PWD/its-own }" \
		'packages: [demo-lib]' 'build: { command: [ocamlfind, ocamlopt, -package, demo-lib, -linkpkg, x.ml, -o, x] }' 'artifact: x'
	echo 'let () = print_endline Demo_lib.version' >project/x.ml
	run -65 mirari configure project
	run -0 mirari configure --create-switch project
	same "$(printf '%s\n' its-own local)" "$(opam repository list --switch=described --short)"
	has_package described only-here.1
	has_package described demo-lib.2.0
	MIRARI_TRACE=$TRACE run -0 mirari build project
	grep -qx 'ocamlopt switch=described' "$TRACE"
	same switch=described "$(sed 's/.* //' "$TRACE" | sort -u)"
	same 2.0 "$(project/x)"
	same unix-socket "$(opam switch show)"

	# removed since: build says so, or makes it again, although the configuration is the same
	opam switch remove --yes described >log 2>&1
	run -65 --separate-stderr mirari build project
	stderr_has --create-switch
	: >"$TRACE"
	MIRARI_TRACE=$TRACE run -0 mirari build --create-switch project
	grep -qx 'ocamlopt switch=described' "$TRACE"
	same switch=described "$(sed 's/.* //' "$TRACE" | sort -u)"
	has_package described demo-lib.2.0
}

@test "mirari build --create-switch after configure --no-install doesn't pass over it in silence" {
	project project 'switch: { name: passed-over, create: ocaml-wrapped }' 'build: { command: [ocamlopt, -version] }'
	run -0 mirari configure --no-install project
	run mirari build --create-switch project
	[ "$status" = 64 ] || [ -e "$OPAMROOT/passed-over" ]
}

@test "the verbs' pipelines show what is passed on" {
	project project 'build: { command: [true] }'
	run -0 mirari configure -n --create-switch --install-system --wait=5 project
	has 'mirari-opam-exec --install --install-system --create-switch '
	has --wait=5
	run -0 mirari configure --no-install project
	run -0 mirari configure project
	run -0 mirari build -n project
	has_not --install
	for option in --create-switch --install-system; do
		run -0 mirari build -n $option project
		has "mirari-opam-exec --install $option "
	done
	for option in --create-switch --install-system --wait=5; do
		run -64 --separate-stderr mirari configure --no-install $option project
		stderr_has "--no-install doesn't go with ${option%=*}"
	done
}

# ---- on a terminal -------------------------------------------------------------------------------

# on_terminal COMMAND...: its standard error is one; what is shown there goes to ./shown.
on_terminal() {
	need script
	printf '%q ' "$@" >run.sh
	TERM=xterm SHELL=/bin/sh script -qec '. ./run.sh >out' shown >log </dev/null
}

@test "opam's line of progress is seen on a terminal, and nowhere else" {
	new_switch shown
	new_switch project
	on_terminal mirari-opam-exec -s shown --install -p demo-lib -- true
	grep -q 'Processing .*/.*: \[demo-lib: sh' shown
	has_package shown demo-lib.2.0

	project dir 'switch: project' 'packages: [demo-lib]' 'build: { command: [true] }'
	on_terminal mirari configure dir
	grep -q 'Processing .*/.*: \[demo-lib: sh' shown
	has_package project demo-lib.2.0

	opam remove --yes --switch=shown demo-lib >log 2>&1
	run -0 mirari-opam-exec -s shown --install -p demo-lib -- true
	has 'installed demo-lib'
	has_not 'Processing  '
	has_not $'\033'
}
