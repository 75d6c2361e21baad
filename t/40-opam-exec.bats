#!/usr/bin/env bats
# mirari-opam-exec with a real opam and a real root: the switch, its environment, packages, and what
# is said where something is missing.

# shellcheck disable=SC2016,SC2030,SC2031,SC2097,SC2098,SC2164 # bats: each test is a subshell, with -e

load lib/common.bash
load lib/opam.bash

setup_file() {
	have_opam || return 0
	make_root
	use_root
	# A local switch, in a directory with a blank.
	mkdir -p "$BATS_FILE_TMPDIR/lo cal/sub/dir"
	opam switch create --no-switch "$BATS_FILE_TMPDIR/lo cal" \
		"ocaml-wrapped.$(ocamlfind ocamlc -version)" >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		cat "$BATS_FILE_TMPDIR/log" >&2
		return 1
	}
}

setup() {
	use_root
	LOCAL="$BATS_FILE_TMPDIR/lo cal"
	TRACE=$BATS_TEST_TMPDIR/trace
	CHILD=
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	if [ -n "${CHILD-}" ] && kill -9 "$CHILD" 2>/dev/null; then
		wait "$CHILD" 2>/dev/null || CHILD=
	fi
}

# A machine without an opam root.
without_root() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	unset OPAMROOT
}

# only PROGRAM...: $ONLY is a PATH with our tools and these programs, each from the present PATH.
only() {
	local program
	mkdir -p only
	for program in "$@"; do
		ln -s "$(command -v "$program")" only/
	done
	ONLY=$BUILD/bin:$PWD/only
}

# The lines of opam.log that install something.
installs() {
	awk '$1 == "install"' opam.log
}

# ---- which switch --------------------------------------------------------------------------------

@test "-s: the compiler of that switch runs, and no other's" {
	for switch in unix-direct xen; do
		: >"$TRACE"
		MIRARI_TRACE=$TRACE run mirari-opam-exec -s "$switch" -- ocamlopt -version
		[ "$status" = 0 ]
		same "ocamlopt switch=$switch" "$(cat "$TRACE")"
	done
	: >"$TRACE"
	MIRARI_TRACE=$TRACE run mirari-opam-exec --switch=unix-socket ocamlopt -version
	[ "$status" = 0 ]
	[ ! -s "$TRACE" ] # the system's compiler, which isn't wrapped
}

@test "what was asked for is used: -s, the record's switch, OPAMSWITCH, a local switch, the current one" {
	show=(sh -c 'basename "$OPAM_SWITCH_PREFIX" && basename "$(dirname "$OPAM_SWITCH_PREFIX")"')
	current=$(printf '%s\n' unix-socket root)
	direct=$(printf '%s\n' unix-direct root)
	xen=$(printf '%s\n' xen root)
	local_switch=$(printf '%s\n' _opam 'lo cal')
	same "$current" "$(mirari-opam-exec -- "${show[@]}")"
	cd "$LOCAL/sub/dir"
	same "$local_switch" "$(mirari-opam-exec -- "${show[@]}")"
	export OPAMSWITCH=unix-direct
	same "$direct" "$(mirari-opam-exec -- "${show[@]}")"
	cd "$BATS_TEST_TMPDIR"
	record switch=xen
	same "$xen" "$(mirari-opam-exec --record -- "${show[@]}" <record)"
	same "$direct" "$(mirari-opam-exec --record -s unix-direct -- "${show[@]}" <record)"
	record name=x
	same "$direct" "$(mirari-opam-exec --record -- "${show[@]}" <record)"
	same "$current" "$(OPAMSWITCH='' mirari-opam-exec -- "${show[@]}")" # empty is not set
}

@test "a local switch is looked for from config.dir for a record, from here for a command" {
	record "config.dir=$LOCAL/sub" build.command=ocamlopt build.command=-version
	MIRARI_TRACE=$TRACE run mirari-opam-exec --build <record
	[ "$status" = 0 ]
	same "ocamlopt switch=$LOCAL" "$(cat "$TRACE")"

	: >"$TRACE"
	cd "$LOCAL/sub/dir"
	MIRARI_TRACE=$TRACE run mirari-opam-exec -- ocamlopt -version
	same "ocamlopt switch=$LOCAL" "$(cat "$TRACE")"

	record "config.dir=$BATS_TEST_TMPDIR" build.command=printenv build.command=OPAMSWITCH
	run mirari-opam-exec --build <record
	same unix-socket "$output"
}

@test "a local switch by its directory, relative and absolute, and by a link to a switch" {
	cd "$LOCAL/sub"
	for name in "$LOCAL" ..; do
		: >"$TRACE"
		MIRARI_TRACE=$TRACE run mirari-opam-exec -s "$name" -- ocamlopt -version
		[ "$status" = 0 ]
		same "ocamlopt switch=$LOCAL" "$(cat "$TRACE")"
	done
	mkdir "$BATS_TEST_TMPDIR/linked"
	cd "$BATS_TEST_TMPDIR/linked"
	opam switch link xen . >../log 2>&1
	same "$(opam exec --set-switch --set-root -- printenv OPAMSWITCH OPAM_SWITCH_PREFIX)" \
		"$(mirari-opam-exec -- printenv OPAMSWITCH OPAM_SWITCH_PREFIX)"
}

@test "an _opam of another root is not a switch of this one" {
	mkdir -p project/_opam/.opam-switch
	printf '%s\n' 'opam-version: "2.0"' 'opam-root: "/nowhere/else"' >project/_opam/.opam-switch/switch-config
	cd project
	same unix-socket "$(mirari-opam-exec -- printenv OPAMSWITCH)"
}

@test "--root is the root, before OPAMROOT; a root behind a link is one" {
	ln -s "$OPAMROOT" linked-root
	same "$OPAMROOT" "$(OPAMROOT=/nowhere mirari-opam-exec --root "$OPAMROOT" -s xen -- printenv OPAMROOT)"
	same "$OPAMROOT" "$(OPAMROOT=/nowhere mirari-opam-exec --root linked-root -s xen -- printenv OPAMROOT)"
	mkdir home
	ln -s "$OPAMROOT" home/.opam
	same "$OPAMROOT" "$(env -u OPAMROOT HOME="$PWD/home" mirari-opam-exec -s xen -- printenv OPAMROOT)"
}

@test "an unknown switch: 65, those that exist, and how to make it" {
	record switch=nosuch
	for way in option record environment; do
		case $way in
		option) run --separate-stderr mirari-opam-exec -s nosuch -- touch ran ;;
		record) run --separate-stderr mirari-opam-exec --record -- touch ran <record ;;
		environment) OPAMSWITCH=nosuch run --separate-stderr mirari-opam-exec -- touch ran ;;
		esac
		[ "$status" = 65 ]
		[ -z "$output" ]
		[ ! -e ran ]
		stderr_has "no opam switch nosuch in $OPAMROOT"
		for switch in unix-socket unix-direct xen "$LOCAL"; do stderr_has "$switch"; done
		stderr_has 'opam switch create'
	done
}

@test "a switch was asked for, and there is no root: 65, and what can be done" {
	without_root
	run --separate-stderr mirari-opam-exec -s xen -- touch ran
	[ "$status" = 65 ]
	[ ! -e ran ]
	stderr_has 'switch xen was asked for, but there is no opam root in ~/.opam'
	stderr_has 'opam init'
	record switch=xen build.command=touch build.command=ran "config.dir=$PWD"
	OPAMROOT=$PWD/nowhere run --separate-stderr mirari-opam-exec --build <record
	[ "$status" = 65 ]
	[ ! -e ran ]
	stderr_has "$PWD/nowhere"
}

@test "--root names a directory that is no root: 65, not some other compiler" {
	run --separate-stderr mirari-opam-exec --root "$PWD" -- touch ran
	[ "$status" = 65 ]
	[ ! -e ran ]
	stderr_has "$PWD"
}

@test "a root, but opam isn't on PATH: its switches work, and what needs opam says how to get it" {
	only sh touch make ocamlfind ocamlopt ocamlbuild printenv
	run -0 --separate-stderr env PATH="$ONLY" mirari-opam-exec -s xen -- printenv OPAM_SWITCH_PREFIX
	same "$OPAMROOT/xen" "$output"
	run -127 --separate-stderr env PATH="$ONLY" mirari-opam-exec --no-fast -s xen -- touch ran
	[ ! -e ran ]
	stderr_has 'opam: command not found'
	stderr_has 'apt-get install opam'

	# nothing to install; something to install; only libraries to look for, by opam exec
	record switch=xen packages=lwt depends=lwt
	run -0 --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	run -127 --separate-stderr env PATH="$ONLY" mirari-opam-exec --install --no-fast <record
	[ -z "$output" ]
	stderr_has 'apt-get install opam'
	record switch=unix-direct packages=demo-lib
	run -127 --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	[ -z "$output" ]
	stderr_has 'apt-get install opam'
}

@test "no root and no switch: what PATH has, and an environment that stays as it is" {
	native
	without_root
	env -i PATH="$PATH" HOME="$HOME" env -0 | sort -z >before
	env -i PATH="$PATH" HOME="$HOME" mirari-opam-exec -- env -0 | sort -z >inside
	cmp before inside
	only ocamlopt # no opam either
	run env PATH="$ONLY" mirari-opam-exec -- ocamlopt -version
	[ "$status" = 0 ]
	same "$(ocamlopt -version)" "$output"
}

# ---- its environment -----------------------------------------------------------------------------

# same_environment NAME SWITCH ENV-WORD...: inside, ours and that of opam exec, from an environment
# of these words. What opam leaves behind empty when it undoes a switch, we don't leave at all.
same_environment() {
	local name=$1 switch=$2
	shift 2
	env -i "${base[@]}" env "$@" opam exec --switch="$switch" --set-switch --set-root -- env -0 2>/dev/null |
		sort -z >theirs
	env -i "${base[@]}" env "$@" mirari-opam-exec -s "$switch" -- env -0 | sort -z >ours
	grep -z '=$' theirs | sort -z | comm -z -23 - ours >left_empty || [ $? -le 1 ]
	sort -z theirs | comm -z -23 - left_empty >wanted
	same "$name: $(tr '\0' '\n' <wanted)" "$name: $(tr '\0' '\n' <ours)"
	grep -qzxF "OPAMSWITCH=$switch" ours
	compared=$((compared + 1))
}

# inside SWITCH WORD...: the words of an environment in which `eval $(opam env)` has been done.
inside() {
	local switch=$1
	shift
	words=(sh -c 'eval "$(opam env --switch='"$switch"' 2>/dev/null)"; exec env "$@"' sh "$@")
}

@test "the environment is that of opam exec --set-switch --set-root" {
	native
	base=(PATH="$PATH" HOME="$HOME" OPAMROOT="$OPAMROOT" OPAMROOTISOK=1 OPAMCOLOR=never)
	mkdir home
	ln -s "$OPAMROOT" home/.opam
	compared=0
	for switch in unix-socket unix-direct xen; do
		prefix=$OPAMROOT/$switch
		same_environment clean "$switch"
		for man in '' : :: /x /x:/y :/x /x: :/x: /x::/y ::/x /x:: "/x:$prefix/man" ":$prefix/man"; do
			same_environment "MANPATH=$man" "$switch" "MANPATH=$man"
		done
		same_environment user "$switch" OCAMLPATH=/my/lib:/b CAML_LD_LIBRARY_PATH=/my/stubs DEMO_ENV=mine \
			OPAMSWITCH=unix-socket
		same_environment empty "$switch" OCAMLPATH= CAML_LD_LIBRARY_PATH= DEMO_ENV=
		same_environment odd "$switch" OCAMLPATH=:/a::/b: 'FOO=a b"c'\''d\e'
		same_environment 'in PATH' "$switch" "PATH=/a:$prefix/bin:$PATH"
		same_environment stale "$switch" OPAM_SWITCH_PREFIX=/nowhere/xen
		same_environment home "$switch" -u OPAMROOT HOME="$PWD/home"
		for other in unix-socket unix-direct xen; do
			there=$OPAMROOT/$other
			inside "$other"
			same_environment "inside $other" "$switch" "${words[@]}"
			inside "$other" "PATH=/before:$there/bin:$PATH:/after" "OCAMLPATH=/u:$there/lib:/v" "MANPATH=/m:$there/man:"
			same_environment "inside $other, and more" "$switch" "${words[@]}"
			inside "$other" OCAMLFIND_DESTDIR=/mine DEMO_ENV=mine "PATH=$PATH" MANPATH=/m
			same_environment "inside $other, changed by hand" "$switch" "${words[@]}"
		done
	done
	[ "$compared" = 87 ]
}

@test "what was in front of an undone value keeps its order" {
	inside unix-direct "MANPATH=/a:/b:$OPAMROOT/unix-direct/man"
	run env -i PATH="$PATH" HOME="$HOME" OPAMROOT="$OPAMROOT" "${words[@]}" mirari-opam-exec -s xen -- printenv MANPATH
	same "/a:/b:$OPAMROOT/xen/man" "$output"
}

@test "the environment of a local switch, its directory with blanks in its name" {
	native
	base=(PATH="$PATH" HOME="$HOME" OPAMROOT="$OPAMROOT" OPAMROOTISOK=1 OPAMCOLOR=never)
	compared=0
	same_environment clean "$LOCAL"
	inside xen
	same_environment 'inside xen' "$LOCAL" "${words[@]}"
	[ "$compared" = 2 ]
}

@test "the fast path starts no opam; --no-fast does" {
	mkdir none
	printf '%s\n' '#!/bin/sh' 'echo started >>started' 'exit 9' >none/opam
	chmod +x none/opam
	PATH=$PWD/none:$PATH mirari-opam-exec -s xen -- touch ran
	[ -e ran ]
	[ ! -e started ]
	PATH=$PWD/none:$PATH run -9 mirari-opam-exec --no-fast -s xen -- touch ran
	[ -e started ]
}

# broken NAME: a root with one switch of that name, whose environment file the test makes.
broken() {
	mkdir -p "root/$1/.opam-switch"
	printf 'switch: "%s"\n' "$1" >root/config
	printf 'opam-root: "%s"\n' "$PWD/root" >"root/$1/.opam-switch/switch-config"
	environment=root/$1/.opam-switch/environment
	made=$PWD/root/$1
	export OPAMROOT=$PWD/root
	mkdir -p fallback
	printf '%s\n' '#!/bin/sh' 'echo opam "$2" "$3" >>fallback.log' >fallback/opam
	chmod +x fallback/opam
	PATH=$PWD/fallback:$PATH
}

@test "the columns of opam 2.2 are understood" {
	native
	broken new
	printf '%s\n' "OPAM_SWITCH_PREFIX = $made target Prefix" "OCAMLPATH += $made/lib : target Updated\\ by\\ x" \
		"A = b norewrite" "C += '' norewrite x" 'D += @ : target' "MANPATH =: $made/man : target" \
		"PATH =+= $made/bin : target Binary" >"$environment"
	sed -i "1s/ target Prefix/ Prefix/" "$environment"
	run -0 env -i PATH="$PATH" OPAMROOT="$OPAMROOT" MANPATH=/x: mirari-opam-exec -- env
	[ ! -e fallback.log ]
	has "OCAMLPATH=$made/lib"
	has A=b
	has_not D=
	has "MANPATH=/x::$made/man"
	has "PATH=$made/bin:$PATH"
}

@test "what isn't understood is left to opam" {
	broken odd
	printf '%s\n' "OPAM_SWITCH_PREFIX = $made" "MANPATH =: $made/man : target" "PATH =+= $made/bin : target" >"$environment"
	MANPATH=: mirari-opam-exec -- true
	[ -e fallback.log ]
	head="OPAM_SWITCH_PREFIX = $made"
	tail="PATH =+= $made/bin"
	for line in 'A ?= b' 'A =' 'A = b : target-quoted' 'A = b ; target' 'A = b c d e f g h' 'A=B = c' '@ = c'; do
		printf '%s\n' "$head" "$line" "$tail" >"$environment"
		rm -f fallback.log
		mirari-opam-exec -- true
		[ -e fallback.log ] || { echo "not left to opam: $line" >&2 && return 1; }
	done
	rm -f fallback.log
	printf '%s\n' "$head" >"$environment" # no PATH
	mirari-opam-exec -- true
	[ -e fallback.log ]
	rm fallback.log "$environment" # no file
	mirari-opam-exec -- true
	[ -e fallback.log ]
	rm fallback.log
	printf '%s\0\n%s\n' "$head" "$tail" >"$environment"
	mirari-opam-exec -- true
	[ -e fallback.log ]
}

@test "a file that is half-written is waited for, and never run without" {
	broken half
	for text in '' "OPAM_SWITCH_PREFIX = $made\nPATH =+= $made/b"; do
		# shellcheck disable=SC2059 # a format
		printf "$text" >"$environment"
		run --separate-stderr mirari-opam-exec -- touch ran
		[ "$status" = 75 ]
		stderr_has "$environment"
		[ ! -e ran ]
		[ ! -e fallback.log ]
	done
	{ sleep 0.05 && printf 'OPAM_SWITCH_PREFIX = %s\nPATH =+= %s/bin\n' "$made" "$made" >"$environment"; } 3>&- &
	mirari-opam-exec -- touch ran
	wait $!
	[ -e ran ]
}

@test "a switch that was moved is refused, with what mends it" {
	broken moved
	printf 'OPAM_SWITCH_PREFIX = /elsewhere/moved\nPATH =+= /elsewhere/moved/bin\n' >"$environment"
	run --separate-stderr mirari-opam-exec -- touch ran
	[ "$status" = 65 ]
	stderr_has /elsewhere/moved
	stderr_has "rm $made/.opam-switch/environment"
	[ ! -e ran ]
	[ ! -e fallback.log ]
}

@test "while the file is written again and again, no command runs in a wrong environment" {
	broken race
	printf 'OPAM_SWITCH_PREFIX = %s\nRIGHT = yes\nPATH =+= %s/bin\n' "$made" "$made" >"$environment"
	cp "$environment" whole
	# as opam 2.1 does it: in place, emptied first, and locked only then
	python3 - "$environment" whole <<-'PYTHON' 3>&- &
		import fcntl, os, sys, time
		whole = open(sys.argv[2], 'rb').read()
		end = time.time() + 20
		while time.time() < end and not os.path.exists('stop'):
		    with open(sys.argv[1], 'wb') as f:
		        fcntl.lockf(f, fcntl.LOCK_EX)
		        time.sleep(0.0005)
		        f.write(whole[:20])
		        f.flush()
		        time.sleep(0.0005)
		        f.write(whole[20:])
		    time.sleep(0.002)
	PYTHON
	writer=$!
	for _ in $(seq 300); do
		mirari-opam-exec -- printenv RIGHT >>answers 2>>refused || [ $? = 75 ]
	done
	touch stop
	wait "$writer"
	[ "$(sort -u answers)" = yes ]
	[ "$(wc -l <answers)" -ge 200 ]
}

@test "an opam inside sees the same switch and root, whatever was outside" {
	export OPAMSWITCH=unix-socket
	same xen "$(mirari-opam-exec -s xen -- opam switch show)"
	eval "$(opam env --switch=xen)" # its environment, but OPAMSWITCH is another's
	same xen "$(mirari-opam-exec -s xen -- opam switch show)"
	same unix-direct "$(mirari-opam-exec -s unix-direct -- opam switch show)"
	same unix-direct "$(mirari-opam-exec -s xen -- mirari-opam-exec -s unix-direct -- opam switch show)"
	unset OPAMSWITCH
	same "$OPAMROOT" "$(OPAMROOT=/nowhere mirari-opam-exec --root "$OPAMROOT" -s xen -- opam var root)"
}

# ---- the command ---------------------------------------------------------------------------------

@test "arguments arrive as they are: %, blanks, quotes, newlines, bytes" {
	words=('%{prefix}%' '%%' '%' '100%' '%{nosuch}%' '${PATH%%:*}' '%{lib}%/%{share}%' ''
		' a  b ' "it's" '"q"' $'two\nlines\n' '\n\\' '$HOME `id` $(id)' '*' '~' '--' '-s' $'\t' $'\xff\xfe' 'é')
	printf '%s\0' "${words[@]}" >expected
	mirari-opam-exec -s xen -- printf '%s\0' "${words[@]}" >in-switch
	cmp expected in-switch
	(eval "$(opam env --switch=xen)" && mirari-opam-exec -s xen -- printf '%s\0' "${words[@]}" >inside)
	cmp expected inside
	without_root
	mirari-opam-exec -- printf '%s\0' "${words[@]}" >plain
	cmp expected plain
	# and in a build command
	eval "$(cat "$BATS_FILE_TMPDIR/exports")"
	record switch=xen "config.dir=$PWD" build.command=printf 'build.command=%s|' 'build.command=%{prefix}%' \
		'build.command=%%' "build.command= it's \"  "
	run mirari-opam-exec --build <record
	same "%{prefix}%|%%| it's \"  |" "$output"
}

@test "the shell's own % inside a command is the shell's" {
	run mirari-opam-exec -s xen -- sh -c 'printf "%s\n" "${PATH%%:*}"'
	[ "$status" = 0 ]
	same "$OPAMROOT/xen/bin" "$output"
}

@test "exit status and signals are the command's; not found is 127" {
	for where in xen none; do
		options=(-s xen)
		if [ "$where" = none ]; then
			without_root
			options=()
		fi
		run mirari-opam-exec "${options[@]}" -- sh -c 'exit 3'
		[ "$status" = 3 ]
		run mirari-opam-exec "${options[@]}" -- false
		[ "$status" = 1 ]
		run mirari-opam-exec "${options[@]}" -- sh -c 'kill -9 $$'
		[ "$status" = 137 ]
		run -127 --separate-stderr mirari-opam-exec "${options[@]}" -- no-such-program
		[ -z "$output" ]
		stderr_has no-such-program
	done
}

@test "it becomes the command: the process is the command's, and so is a signal" {
	mirari-opam-exec -s xen -- sleep 1000 3>&- &
	CHILD=$!
	for ((i = 0; i < 200; i++)); do
		[ "$(cat "/proc/$CHILD/comm")" != sleep ] || break
		sleep 0.05
	done
	[ "$(cat "/proc/$CHILD/comm")" = sleep ]
	kill -TERM "$CHILD"
	status=0
	wait "$CHILD" || status=$?
	[ "$status" = 143 ]
}

@test "standard input, output and error are the command's" {
	printf 'one\ntwo' >input
	mirari-opam-exec -s xen -- sh -c 'cat; echo err >&2' <input >out 2>err
	cmp input out
	same err "$(cat err)"
	without_root
	mirari-opam-exec -- cat <input >out
	cmp input out
}

@test "options end at the command: its own are not ours" {
	same '-s --install -p' "$(mirari-opam-exec -s xen echo -s --install -p)"
}

# ---- usage ---------------------------------------------------------------------------------------

@test "usage: what contradicts itself is 64, and nothing runs" {
	logged
	for words in '' '-s xen' '-p lwt -- touch ran' '--build -- touch ran' '--install -p -x -- touch ran' \
		'--install --package=--help -- touch ran' '--install -p lwt;id -- touch ran' \
		'--install -p ../x -- touch ran' '--nosuch -- touch ran'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr mirari-opam-exec $words </dev/null
		[ "$status" = 64 ] || same 64 "$status, from: $words"
		[ -z "$output" ]
		[ -n "$stderr" ]
		[ ! -e ran ]
	done
	run --separate-stderr mirari-opam-exec --install --package=-x -- touch ran
	stderr_has 'an opam package such as'
	run --separate-stderr mirari-opam-exec --package=lwt -- touch ran
	stderr_has '--package needs --install'
	[ ! -s opam.log ]
}

@test "a record with a package or a switch that opam would take for an option is refused: 65" {
	logged
	for line in packages=-x packages=--root=x 'packages=a b' switch=-x switch=--root depends=-x; do
		record "$line"
		run --separate-stderr mirari-opam-exec --install <record
		[ "$status" = 65 ]
		[ -z "$output" ]
		stderr_has "${line%%=*}"
	done
	[ ! -s opam.log ]
}

# ---- --install -----------------------------------------------------------------------------------

@test "--install: only what is missing, once, all in one go" {
	new_switch few lwt
	logged
	record name=x switch=few packages=lwt packages=demo-lib 'packages=demo+extra-lib' packages=ocaml packages=demo-env
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 0 ]
	same "install --yes --root=$OPAMROOT --switch=few -- demo-lib demo+extra-lib demo-env" "$(installs)"
	for package in demo-lib.2.0 demo+extra-lib.1.0~beta+2 demo-env.1; do
		installed few | grep -qxF "$package"
	done
	# and again: all is there now
	: >opam.log
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 0 ]
	[ -z "$(installs)" ]
	same "$(printf '%s\n' "$(cat record)" .)" "$(printf '%s\n' "$output" .)"
}

@test "--install: nothing is missing, so opam isn't even started" {
	record switch=xen packages=lwt "packages=$(installed xen | grep '^lwt\.')" packages=demo+extra-lib \
		packages=demo+extra-lib.1.0~beta+2 packages=demo-lib.1.0 packages=demo-env packages=ocaml
	logged
	run mirari-opam-exec --install <record
	[ "$status" = 0 ]
	same '' "$(cat opam.log)"
}

@test "--install -p: packages on the command line, then the command" {
	new_switch options
	logged
	MIRARI_TRACE=$TRACE run --separate-stderr mirari-opam-exec -s options --install -p demo+extra-lib -p demo-lib.1.0 -- \
		ocamlfind query -format '%v' demo-lib
	[ "$status" = 0 ]
	same 1.0 "$output"
	same "install --yes --root=$OPAMROOT --switch=options -- demo+extra-lib demo-lib.1.0" "$(installs)"
	installed options | grep -qxF 'demo+extra-lib.1.0~beta+2'
}

@test "--install: name.version is that version; a name that begins another's is not it" {
	new_switch versions demo-lib.1.0
	logged
	record switch=versions packages=demo-lib.2.0
	run mirari-opam-exec --install <record
	[ "$status" = 0 ]
	installed versions | grep -qx 'demo-lib\.2\.0'
	record switch=versions packages=demo-lib packages=demo
	run mirari-opam-exec --install <record
	[ "$status" = 65 ]
	has 'demo'
}

@test "--install: lwt>=5.0 is asked for only where it isn't so" {
	new_switch ranges demo-lib.1.0
	logged
	record switch=ranges 'packages=demo-lib>=1.0' 'packages=demo-lib<2.0' 'packages=demo-lib=1.0' 'packages=ocaml!=1'
	run mirari-opam-exec --install <record
	[ "$status" = 0 ]
	same '' "$(installs)"
}

@test "--install: demo-lib>=2.0 where 1.0 is installed" {
	new_switch newer demo-lib.1.0
	logged
	record switch=newer 'packages=demo-lib>=2.0'
	run mirari-opam-exec --install <record
	[ "$status" = 0 ]
	installed newer | grep -qx 'demo-lib\.2\.0'
	same "install --yes --root=$OPAMROOT --switch=newer -- demo-lib>=2.0" "$(installs)"
}

@test "install=false: nothing is installed, and what is missing is still named" {
	logged
	record switch=unix-direct install=false packages=demo-lib
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 0 ]
	same "$(cat record)" "$output"
	[ ! -s opam.log ]
	record switch=unix-direct install=false packages=demo-lib depends=demo-lib
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 69 ]
	[ -z "$output" ]
	stderr_has 'demo-lib'
	[ -z "$(installs)" ]
	# --set is as good as the record
	record switch=unix-direct packages=demo-lib
	run mirari-opam-exec --install --set install=false <record
	[ "$status" = 0 ]
	[ -z "$(installs)" ]
}

@test "without a root, --install -p says that it can't, and the command isn't run" {
	without_root
	run --separate-stderr mirari-opam-exec --install -p demo-lib -- touch ran
	[ "$status" -ne 0 ]
	[ ! -e ran ]
	stderr_has 'demo-lib'
}

@test "opam's output goes to standard error; standard output has the record only" {
	new_switch output
	record name=x switch=output packages=demo-lib
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 0 ]
	same "$(cat record)" "$output"
	stderr_has 'demo-lib'
	# the same for a command
	new_switch command
	run --separate-stderr mirari-opam-exec -s command --install -p demo-lib -- echo mine
	[ "$status" = 0 ]
	same mine "$output"
}

# fails PACKAGE STATUS TEXT...: installing it ends so, says so in one sentence of ours and a next step,
# and no record comes out.
fails() {
	local package=$1 expected=$2 text
	shift 2
	record switch=unix-direct "packages=$package"
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = "$expected" ] || same "$expected" "$status, from $package: $stderr"
	[ -z "$output" ]
	for text in "$@"; do stderr_has "$text"; done
	ours=$(grep -c '^mirari-opam-exec: ' <<<"$stderr")
	[ "$ours" = 2 ] || same 2 "$ours lines of ours: $stderr"
	stderr_has "mirari-opam-exec: opam install $package:"
	run --separate-stderr mirari-opam-exec -s unix-direct --install -p "$package" -- touch ran
	[ "$status" = "$expected" ]
	[ ! -e ran ]
}

@test "opam doesn't know the package or the version: 65" {
	fails no-such-package 65 "doesn't know" 'opam update'
	fails demo-lib.9 65 'version' "doesn't know"
}

@test "opam finds no solution, or the package doesn't build: 1" {
	fails no-solution 1 'no way to install' "reasons"
	fails fail-build 1 'failed to build' 'fail-build.1 failed at' '.out'
}

# What opam asks of Debian: hello-traditional is known and not installed, nothing else is.
fake_debian() {
	mkdir -p debian
	printf '%s\n' '#!/bin/sh' 'printf "Package: hello-traditional\nVersion: 1\n\n"' >debian/apt-cache
	printf '%s\n' '#!/bin/sh' 'exit 1' >debian/dpkg-query
	printf '%s\n' '#!/bin/sh' "touch '$PWD/apt-get-ran'" >debian/apt-get
	cp debian/apt-get debian/sudo
	chmod +x debian/*
	PATH=$PWD/debian:$PATH
	unset OPAMNODEPEXTS
}

@test "system packages are missing: 1, the apt-get line, and apt-get isn't run" {
	fake_debian
	fails needs-depext 1 'apt-get install hello-traditional' 'system packages are missing'
	[ ! -e apt-get-ran ]
}

@test "a system package that this system doesn't have: 65, and the package isn't called unknown" {
	fake_debian
	fails needs-unknown-depext 65 no-such-system-package
	output=$stderr
	has_not 'no such package'
	[ ! -e apt-get-ran ]
}

@test "opam itself is killed: its status, and no record" {
	mkdir killed
	printf '%s\n' '#!/bin/sh' 'kill -TERM $$' >killed/opam
	chmod +x killed/opam
	record switch=unix-direct packages=demo-lib
	PATH=$PWD/killed:$PATH run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 143 ]
	[ -z "$output" ]
	stderr_has 'opam install demo-lib'
}

# ---- the record ----------------------------------------------------------------------------------

@test "the filter copies the record through, in order, with what it doesn't know" {
	record name=x unknown.key=1 switch=xen packages=lwt 'arg= a=b ' arg= arg=x unknown.key=2 'other=%{prefix}%'
	mirari-opam-exec --install <record >out
	cmp record out
	without_root
	record name=x unknown.key=1 packages=lwt 'arg= a=b ' arg= unknown.key=2
	mirari-opam-exec --install <record >out
	cmp record out
	same "$(printf '1\n2')" "$(mirari-opam-exec --install --get unknown.key <record)"
	same y "$(mirari-opam-exec --install --set name=y --get name <record)"
}

@test "a record that isn't ended: 65, nothing installed, nothing run" {
	logged
	for flags in --install --build '--record -- touch ran'; do
		printf 'switch=unix-direct\npackages=demo-lib\nconfig.dir=%s\nbuild.command=touch\nbuild.command=ran\n' "$PWD" >unended
		# shellcheck disable=SC2086 # words
		run --separate-stderr mirari-opam-exec $flags <unended
		[ "$status" = 65 ]
		[ -z "$output" ]
	done
	[ ! -s opam.log ]
	[ ! -e ran ]
}

# ---- libraries and programs ----------------------------------------------------------------------

@test "missing libraries are named, all and only those, with the apt-get line (no switch)" {
	without_root
	record depends=lwt.unix depends=no-such-lib depends=unix depends=other_lib.sub depends=UPPER
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 69 ]
	[ -z "$output" ]
	same "mirari-opam-exec: missing on this machine: findlib library no-such-lib, other_lib.sub, UPPER
mirari-opam-exec: apt-get install libno-such-lib-ocaml-dev libother-lib-ocaml-dev libupper-ocaml-dev" "$stderr"
	record depends=lwt.unix depends=unix depends=str
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 0 ]
	[ -z "$stderr" ]
}

@test "missing libraries are named, all and only those, with the opam line (switch)" {
	record switch=unix-socket depends=lwt.unix depends=no-such-lib depends=demo-lib depends=other_lib.sub
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 69 ]
	[ -z "$output" ]
	same "mirari-opam-exec: missing in switch unix-socket: findlib library no-such-lib, demo-lib, other_lib.sub
mirari-opam-exec: opam install --switch=unix-socket no-such-lib demo-lib other_lib" "$stderr"
	# the line can be pasted
	record "switch=$LOCAL" depends=no-such-lib
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 69 ]
	stderr_has "opam install --switch='$LOCAL' no-such-lib"
	# xen has that one
	record switch=xen depends=demo-lib depends=lwt.unix
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 0 ]
	[ -z "$stderr" ]
}

@test "what mirari-gen found that the program links is looked for, before depends" {
	without_root
	record depends=lwt libraries=lwt libraries=no-such-lib
	run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 69 ]
	stderr_has 'findlib library no-such-lib'
}

@test "packages that the apt-get line names are those that Debian has" {
	need dpkg
	without_root
	record depends=lwt.unix depends=cohttp-lwt-unix depends=uri depends=conduit-lwt-unix
	# none of them to be found: findlib looks in an empty directory
	mkdir empty
	printf 'path="%s"\ndestdir="%s"\n' "$PWD/empty" "$PWD/empty" >findlib.conf
	OCAMLFIND_CONF=$PWD/findlib.conf run --separate-stderr mirari-opam-exec --install <record
	[ "$status" = 69 ]
	line=$(grep -o 'apt-get install.*' <<<"$stderr")
	[ "$(wc -w <<<"$line")" = 6 ]
	for library in lwt cohttp-lwt-unix uri conduit-lwt-unix; do
		there=$(ocamlfind query "$library") || continue # not installed here
		for file in "$there"/*.cmxa; do # META is in the package of plugins
			owner=$(dpkg -S "$file")
			grep -qF " ${owner%%:*} " <<<" $line " || same "${owner%%:*} for $library" "$line"
			break
		done
	done

	# and for programs
	only sh
	for builder in ocamlbuild dune obuild; do
		record "build.system=$builder"
		run --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
		[ "$status" = 69 ]
		stderr_has "program ocamlfind, ocamlopt, $builder, make"
		line=$(grep -o 'apt-get install.*' <<<"$stderr")
		for program in ocamlfind ocamlopt "$builder" make; do
			there=$(command -v "$program") || continue
			owner=$(dpkg -S "$there")
			# shellcheck disable=SC2086 # words; a package that needs the one that has it will do
			grep -qw -- "${owner%%:*}" <<<"$line $(dpkg-query -Wf '${Depends} ' ${line#apt-get install} 2>/dev/null)" ||
				same "${owner%%:*} for $program" "$line"
		done
	done
}

@test "missing programs are named, those and no others (no switch)" {
	without_root
	only sh make ocamlopt
	record build.system=ocamlbuild
	run --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	[ "$status" = 69 ]
	[ -z "$output" ]
	same "mirari-opam-exec: missing on this machine: program ocamlfind, ocamlbuild
mirari-opam-exec: apt-get install ocaml-findlib ocamlbuild" "$stderr"
	record build.system=ocamlbuild depends=lwt
	run --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	[ "$status" = 69 ]
	stderr_has 'apt-get install ocaml-findlib ocamlbuild liblwt-ocaml-dev'
	# a build command of one's own needs no builder of ours
	record build.system=command
	run --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	[ "$status" = 69 ]
	output=$stderr
	has 'program ocamlfind'
	has_not ocamlbuild
}

@test "a builder that is missing in a switch is named, with the opam line" {
	# unix-socket has Debian's compiler and no tools of its own
	only sh make opam uname ocamlfind ocamlopt ocamlc
	record switch=unix-socket build.system=dune depends=lwt
	run --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	[ "$status" = 69 ]
	[ -z "$output" ]
	same "mirari-opam-exec: missing in switch unix-socket: program dune
mirari-opam-exec: opam install --switch=unix-socket dune" "$stderr"
}

@test "ocamlfind is missing in a switch: it is what is named" {
	only sh make opam uname ocamlopt ocamlc ocamlbuild
	record switch=unix-socket build.system=ocamlbuild depends=lwt
	run --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	[ "$status" = 69 ]
	[ -z "$output" ]
	stderr_has 'missing in switch unix-socket: program ocamlfind'
	stderr_has 'opam install --switch=unix-socket ocamlfind'
}

@test "make is nothing that opam has: in a switch too, apt-get installs it" {
	only sh opam uname ocamlfind ocamlopt ocamlc ocamlbuild
	record switch=unix-socket build.system=ocamlbuild depends=lwt
	run --separate-stderr env PATH="$ONLY" mirari-opam-exec --install <record
	[ "$status" = 69 ]
	stderr_has 'program make'
	stderr_has 'apt-get install make'
}

# ---- --build -------------------------------------------------------------------------------------

@test "--build runs build.command in config.dir, with its standard input at its end" {
	mkdir "pro ject's"
	record "config.dir=$PWD/pro ject's" switch=xen build.command=sh build.command=-c \
		'build.command=pwd; readlink /proc/$$/fd/0; cat; echo "$1" >"made $2"' \
		build.command=x 'build.command=a  b' "build.command=it's"
	run --separate-stderr mirari-opam-exec --build <record
	[ "$status" = 0 ]
	same "$(printf '%s\n' "$PWD/pro ject's" /dev/null)" "$output"
	same 'a  b' "$(cat "pro ject's/made it's")"
	# a path with a slash starts there as well
	printf '%s\n' '#!/bin/sh' 'exit 9' >"pro ject's/build.sh"
	chmod +x "pro ject's/build.sh"
	record "config.dir=$PWD/pro ject's" switch=xen build.command=./build.sh
	run mirari-opam-exec --build <record
	[ "$status" = 9 ]
	without_root
	record "config.dir=$PWD/pro ject's" build.command=./build.sh
	run mirari-opam-exec --build <record
	[ "$status" = 9 ]
}

@test "--build without build.command, without config.dir, or where that is gone" {
	record "config.dir=$PWD"
	run --separate-stderr mirari-opam-exec --build <record
	[ "$status" = 65 ]
	stderr_has build.command
	record build.command=true
	run --separate-stderr mirari-opam-exec --build <record
	[ "$status" = 65 ]
	stderr_has config.dir
	record build.command=true "config.dir=$PWD/gone"
	run --separate-stderr mirari-opam-exec --build <record
	[ "$status" -ne 0 ]
	stderr_has "$PWD/gone: No such file or directory"
}

@test "--install --build: first the one, then the other, in the same switch" {
	new_switch both
	record switch=both "config.dir=$PWD" packages=demo-lib depends=demo-lib build.command=ocamlfind \
		build.command=query build.command=demo-lib
	run --separate-stderr mirari-opam-exec --install --build <record
	[ "$status" = 0 ]
	same "$OPAMROOT/both/lib/demo-lib" "$output"
}
