#!/usr/bin/env bats
# mirari and its verbs: init, configure, build, run, clean. All without an opam root, but where a test
# says otherwise.

# shellcheck disable=SC2016,SC2030,SC2031,SC2103,SC2164 # bats: each test is a subshell, with -e

load lib/common.bash

setup() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	unset OPAMROOT
	CHILD=
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	if [ -n "$CHILD" ] && kill -9 "$CHILD" 2>/dev/null; then
		wait "$CHILD" 2>/dev/null || CHILD=
	fi
}

# ---- what the tests share ------------------------------------------------------------------------

# tree DIR: every path below it with its type, mode and bytes. What a builder writes of times is left out.
tree() {
	local but=(! -path ./_build/default/_log ! -path './_build/default/mirari.*')
	(
		cd "$1"
		find . -mindepth 1 "${but[@]}" \( -type f -printf 'file %m %p\n' -o -printf '%y %p %l\n' \) | sort
		find . -type f "${but[@]}" -exec sha256sum {} + | sort -k 2
	)
}

needs_ocaml() {
	need ocamlfind ocamlopt ocamlbuild make
	ocamlfind query -qe lwt.unix >/dev/null || lacking 'lwt.unix is not installed'
}

# hello DIR: the example; its program waits between its lines, which no test needs.
hello() {
	mkdir -p "$1"
	cp "$SOURCE/share/examples/hello/mirari.yml" "$1"
	printf '%s\n' 'let main () = Lwt_io.printl "Hello, unikernel"' >"$1/hello.ml"
}

# plain DIR [LINE...]: a project that is built by copying prog, which no compiler has to be started
# for. The lines are added to its configuration.
plain() {
	local dir=$1
	shift
	mkdir -p "$dir"
	printf '%s\n' 'name: plain' 'main: { noip: Plain.main }' 'artifact: plain' \
		'build: { command: [cp, prog, plain] }' "$@" >"$dir/mirari.yml"
	printf '%s\n' '#!/bin/sh' 'printf "<%s>\n" "$@"' >"$dir/prog"
	chmod +x "$dir/prog"
}

# ---- mirari --------------------------------------------------------------------------------------

@test "mirari NAME is mirari-NAME of PATH: words, exit status and signals are its own" {
	mkdir path
	cat >path/mirari-foo <<-'END'
		#!/bin/sh
		printf '<%s>\n' "$@"
		[ "$1" != kill ] || kill -9 $$
		exit 5
	END
	chmod +x path/mirari-foo
	PATH=$PWD/path:$PATH
	run mirari foo 'a  b' "it's" '' --help -n -- $'x\ny'
	[ "$status" = 5 ]
	same "$(printf '<%s>\n' 'a  b' "it's" '' --help -n -- $'x\ny')" "$output"
	run mirari foo kill
	[ "$status" = 137 ]
	run mirari help
	grep -qx foo <<<"$output"
}

@test "a tool of mirari's own directory comes before one of PATH, for mirari and for the verbs" {
	mkdir path
	for tool in parse gen opam-exec configure; do
		printf '%s\n' '#!/bin/sh' "touch '$PWD/wrong-one'" >path/mirari-$tool
	done
	chmod +x path/*
	plain project
	PATH=$PWD/path:$PATH run mirari parse --version
	same "mirari-parse $(cat "$SOURCE/VERSION")" "$output"
	PATH=$PWD/path:$PATH run mirari configure --no-install project
	[ "$status" = 0 ]
	[ -e project/main.ml ]
	[ ! -e wrong-one ]
	# the directory is that of the program, not of a link to it, and needn't be in PATH
	ln -s "$BUILD/bin/mirari" my-mirari
	rm project/main.ml
	run env PATH=/usr/bin:/bin ./my-mirari configure --no-install project
	[ "$status" = 0 ]
	[ -e project/main.ml ]
}

@test "an unknown command: 64, what may have been meant, and mirari help" {
	mkdir path
	printf '%s\n' '#!/bin/sh' >path/mirari-frobnicate
	chmod +x path/mirari-frobnicate
	PATH=$PWD/path:$PATH
	for pair in biuld:build configur:configure frobnicat:frobnicate hepl:help; do
		run --separate-stderr mirari "${pair%:*}"
		[ "$status" = 64 ]
		[ -z "$output" ]
		stderr_has "no command '${pair%:*}'"
		stderr_has "did you mean 'mirari ${pair#*:}'?"
	done
	for word in quux '' ../mirari-build ./x /bin/sh; do
		run --separate-stderr mirari "$word"
		[ "$status" = 64 ]
		stderr_has "no command '$word'"
	done
	run --separate-stderr mirari quux
	stderr_has 'mirari help'
	run --separate-stderr mirari
	[ "$status" = 64 ]
	[ -z "$output" ]
	[ -n "$stderr" ]
}

@test "mirari help lists every command once, sorted; each is there" {
	run mirari help
	[ "$status" = 0 ]
	same "$(sort -u <<<"$output")" "$output"
	for command in init configure build run clean parse gen opam-exec; do
		grep -qx -- "$command" <<<"$output"
	done
	for command in $(cd "$BUILD/bin" && echo mirari-*); do
		grep -qx -- "${command#mirari-}" <<<"$output"
		same "$command $(cat "$SOURCE/VERSION")" "$(mirari "${command#mirari-}" --version)"
	done
}

@test "mirari help COMMAND is its manual; without man, --help is named" {
	mkdir path
	printf '%s\n' '#!/bin/sh' 'echo "man $*"' >path/man
	chmod +x path/man
	PATH=$PWD/path:$PATH run mirari help build
	[ "$status" = 0 ]
	same 'man -- mirari-build' "$output"
	mkdir empty
	run -127 --separate-stderr env PATH="$PWD/empty" "$BUILD/bin/mirari" help build
	stderr_has 'mirari build --help'
}

@test "mirari --version, --help" {
	same "mirari $(cat "$SOURCE/VERSION")" "$(mirari --version)"
	run mirari --help
	[ "$status" = 0 ]
	for command in init configure build run clean; do has "  $command "; done
}

# ---- init ----------------------------------------------------------------------------------------

@test "init: what it writes configures, builds and runs" {
	needs_ocaml
	run mirari init first
	[ "$status" = 0 ]
	for file in mirari.yml hello.ml; do has "first/$file"; done
	cd first
	run bash -c 'mirari configure && mirari build && mirari run'
	[ "$status" = 0 ]
	has 'Hello, unikernel'
	[ -x mir-first ]
}

@test "init --kind=http: what it writes serves its page" {
	needs_ocaml
	need curl python3
	ocamlfind query -qe cohttp-lwt-unix >/dev/null || lacking 'cohttp-lwt-unix is not installed'
	mkdir web
	cd web
	run mirari init --kind=http # here
	[ "$status" = 0 ]
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	sed -i "s/8080/$port/" mirari.yml
	run bash -c 'mirari configure && mirari build'
	[ "$status" = 0 ]
	mirari run 3>&- >log 2>&1 &
	CHILD=$!
	until_true grep -q 'listening' log
	run curl -sS --max-time 10 "http://127.0.0.1:$port/"
	[ "$status" = 0 ]
	same "$(cat files/index.html)" "$output"
	run curl -sS --max-time 10 -o body -w '%{http_code}' "http://127.0.0.1:$port/nosuch"
	same 404 "$output"
	kill -TERM "$CHILD"
	status=0
	wait "$CHILD" || status=$?
	[ "$status" = 143 ]
}

@test "init overwrites nothing: 73, and no other file is written" {
	for kind in noip http; do
		mirari init -q --kind=$kind --name=all all-$kind
		for file in $(cd all-$kind && find . -type f -printf '%P\n'); do
			rm -rf project
			mkdir -p "project/$(dirname "$file")"
			echo mine >"project/$file"
			tree project >before
			run --separate-stderr mirari init --kind=$kind project
			[ "$status" = 73 ]
			stderr_has "$file"
			same "$(cat before)" "$(tree project)"
		done
	done
	# a link that leads nowhere is something too
	rm -rf project
	mkdir project
	ln -s nowhere project/mirari.yml
	run mirari init project
	[ "$status" = 73 ]
	[ ! -e project/nowhere ]
	[ ! -e project/hello.ml ]
}

@test "init twice: the second changes nothing" {
	mirari init first
	echo '(* edited *)' >>first/hello.ml
	tree first >before
	run --separate-stderr mirari init first
	[ "$status" = 73 ]
	same "$(cat before)" "$(tree first)"
}

@test "init where a file stands in for a directory: 73, and nothing half-done" {
	mkdir web
	echo mine >web/files
	tree web >before
	run --separate-stderr mirari init --kind=http web
	[ "$status" = 73 ]
	stderr_has files
	same "$(cat before)" "$(tree web)"
	echo mine >hello
	run --separate-stderr mirari init hello
	[ "$status" -ne 0 ]
	stderr_has hello
	same mine "$(cat hello)"
}

@test "init: a directory whose name can't be a unikernel's: 64 and the way round, which works" {
	for dir in 'two words' "it's" $'a\nb' '-x' .hidden; do
		run --separate-stderr mirari init -- "$dir"
		[ "$status" = 64 ]
		stderr_has "the directory's name"
		stderr_has 'mirari init --name=NAME'
		[ ! -e "$dir" ]
	done
	run mirari init --name=named 'two words'
	[ "$status" = 0 ]
	same named "$(mirari-parse --get name 'two words')"
	mkdir .here
	cd .here
	run mirari init
	[ "$status" = 64 ]
	same '' "$(ls -A)"
	run mirari init --name=here .
	[ "$status" = 0 ]
	same here "$(mirari-parse --get name)"
}

@test "init: --name and --kind are checked, 64, and nothing is written" {
	for option in '--name=two words' --name= '--name=a"b' --name=-x --kind=ftp --kind= --nosuch; do
		run --separate-stderr mirari init "$option" project
		[ "$status" = 64 ]
		[ ! -e project ]
	done
	run --separate-stderr mirari init one two
	[ "$status" = 64 ]
	[ ! -e one ]
	run --separate-stderr mirari init --kind=htp project
	stderr_has "did you mean 'http'?"
}

@test "init -n writes nothing, not even the directory, and prints shell that does it" {
	mkdir there
	for dir in first there; do
		for kind in noip http; do
			run --separate-stderr mirari init -n --kind=$kind $dir
			[ "$status" = 0 ]
			[ ! -e first ]
			same '' "$(ls -A there)"
			mkdir verb pasted "verb/a 'b'" "pasted/a 'b'"
			(cd verb && mirari init -q --kind=$kind --name=x "a 'b'")
			(cd pasted && mirari init -n --kind=$kind --name=x "a 'b'" >../pasted.sh && sh -eu ../pasted.sh)
			same "$(tree verb)" "$(tree pasted)"
			rm -r verb pasted
		done
	done
	# and refuses what it would refuse
	echo mine >there/mirari.yml
	run mirari init -n there
	[ "$status" = 73 ]
}

@test "init below a directory that isn't there: what is missing is named" {
	run --separate-stderr mirari init nowhere/first
	[ "$status" -ne 0 ]
	stderr_has 'nowhere/first: No such file or directory'
	[ ! -e nowhere ]
}

# ---- the whole way -------------------------------------------------------------------------------

@test "configure && build && run && clean: Hello, and then nothing is left" {
	needs_ocaml
	hello project
	cd project
	tree . >../original
	run bash -c 'mirari configure && mirari build && mirari run'
	[ "$status" = 0 ]
	has 'Hello, unikernel'
	has 'wrote main.ml, Makefile'
	same "$(printf '%s\n' .mirari Makefile _build hello.ml main.ml mir-hello mirari.yml)" "$(ls -A)"
	run ./mir-hello # which is a program of its own
	same 'Hello, unikernel' "$output"
	run mirari clean
	[ "$status" = 0 ]
	same "$(cat ../original)" "$(tree .)"
}

@test "build alone configures, and says so; again, it does nothing and doesn't" {
	needs_ocaml
	hello project
	cd project
	run --separate-stderr mirari build
	[ "$status" = 0 ]
	stderr_has 'mirari.yml: new or changed since it was configured: configuring'
	run mirari run
	same 'Hello, unikernel' "$output"
	stamp=$(stat -Lc '%i %Y %Z' mir-hello main.ml)
	run --separate-stderr mirari build
	[ "$status" = 0 ]
	same '' "$output$stderr"
	same "$stamp" "$(stat -Lc '%i %Y %Z' mir-hello main.ml)"
}

@test "build after an edited configuration configures by itself, and says so" {
	needs_ocaml
	hello project
	cd project
	echo 'let other () = Lwt_io.printl "another"' >>hello.ml
	mirari configure
	mirari build
	same 'Hello, unikernel' "$(mirari run)"
	sed -i 's/Hello.main/Hello.other/' mirari.yml
	run --separate-stderr mirari build
	[ "$status" = 0 ]
	stderr_has 'configuring'
	stderr_has 'main.ml'
	same another "$(mirari run)"
	run --separate-stderr mirari build
	[ "$status" = 0 ]
	stderr_has_not configuring
}

@test "build: a comment in the configuration is no change; an option is one" {
	plain project
	mirari configure project
	echo '# a comment' >>project/mirari.yml
	run --separate-stderr mirari build project
	[ "$status" = 0 ]
	stderr_has_not configuring
	run --separate-stderr mirari build --set memory=64 project
	[ "$status" = 0 ]
	stderr_has configuring
	run --separate-stderr mirari build --set memory=64 -q project
	[ "$status" = 0 ]
	same '' "$stderr"
	run --separate-stderr mirari build -q project
	[ "$status" = 0 ]
	same '' "$stderr"
}

@test "build builds what was edited, without configuring" {
	plain project
	mirari build project
	echo 'echo edited' >>project/prog
	run --separate-stderr mirari build project
	[ "$status" = 0 ]
	stderr_has_not configuring
	run mirari run project
	has edited
}

@test "build: what was removed by hand is made again" {
	plain project
	mirari build project
	rm project/main.ml
	run --separate-stderr mirari build project
	[ "$status" = 0 ]
	[ -e project/main.ml ]
	rm -r project/.mirari project/main.ml
	run --separate-stderr mirari build project
	[ "$status" = 0 ]
	stderr_has configuring
}

@test "--no-install is remembered by build, also when it has to configure again" {
	need ocamlfind
	plain project 'depends: [no-such-lib]'
	run --separate-stderr mirari configure project
	[ "$status" = 69 ]
	stderr_has 'no-such-lib'
	run --separate-stderr mirari build project
	[ "$status" = 69 ]
	[ ! -e project/plain ]
	run --separate-stderr mirari configure --no-install project
	[ "$status" = 0 ]
	run --separate-stderr mirari build project
	[ "$status" = 0 ]
	stderr_has_not configuring
	[ -e project/plain ]
	echo 'memory: 64' >>project/mirari.yml
	run --separate-stderr mirari build project
	[ "$status" = 0 ]
	stderr_has configuring
	# until it is configured otherwise
	run --separate-stderr mirari configure project
	[ "$status" = 69 ]
}

@test "a warning is given once by each verb" {
	plain project
	printf '%s\n' 'name: old' 'main-noip: Old.main' 'nonsense without a colon' >project/old.conf
	rm project/mirari.yml
	options=(--set artifact=plain --set build.command=cp --set build.command=prog --set build.command=plain)
	for verb in 'configure --no-install' build run; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr mirari $verb "${options[@]}" project
		[ "$status" = 0 ]
		same "$verb: $(mirari-parse project 2>&1 | grep 'warning: ')" "$verb: $(grep 'warning: ' <<<"$stderr")"
	done
}

@test "a project has a file: standard input is mirari-parse's alone" {
	plain project
	cd project
	for verb in configure build run; do
		run --separate-stderr mirari $verb - <mirari.yml
		[ "$status" = 64 ]
		stderr_has 'mirari-parse alone reads standard input'
	done
	[ ! -e .mirari ]
}

@test "options of configure hold for build and run, until others are given" {
	plain project
	cd project
	mirari configure --no-install --set artifact=./prog --set arg=one
	run --separate-stderr mirari build
	[ "$status" = 0 ]
	[[ "$stderr" != *configuring* ]]
	run --separate-stderr mirari run
	same '<one>' "$output"
	run --separate-stderr mirari run -n --set arg=two
	same './plain two' "$output"
	run --separate-stderr mirari build -n
	same "mirari-parse --set=artifact=./prog --set=arg=one --set=install=false | mirari-gen | mirari-opam-exec --build" \
		"${output//\'/}"
	mirari configure --no-install
	run --separate-stderr mirari run -n
	same './plain' "$output"
}

@test "in a switch: configured, built and run there; the other switch's compiler doesn't run" {
	needs_ocaml
	need opam
	exports=$("$SOURCE/t/lib/opam-root" "$BATS_TEST_TMPDIR/opam")
	eval "$exports"
	hello project
	cd project
	export MIRARI_TRACE=$BATS_TEST_TMPDIR/trace
	run bash -c 'mirari configure -s unix-direct && mirari build --switch=unix-direct && mirari run --switch=unix-direct'
	[ "$status" = 0 ]
	has 'Hello, unikernel'
	grep -q '^ocamlopt switch=unix-direct$' "$MIRARI_TRACE"
	run grep -v ' switch=unix-direct$' "$MIRARI_TRACE"
	same '' "$output"
	# nothing changed, so no compiler
	: >"$MIRARI_TRACE"
	run --separate-stderr mirari build --switch=unix-direct
	[ "$status" = 0 ]
	stderr_has_not configuring
	run grep ocamlopt "$MIRARI_TRACE"
	same '' "$output"
	# pasted, it is the same
	mirari clean
	cd ..
	cp -a project clean
	for args in 'build -s unix-direct' 'configure --set switch=xen --set packages=demo-lib'; do
		# shellcheck disable=SC2086 # words
		same_effect $args project
	done
}

# ---- -n ------------------------------------------------------------------------------------------

# same_effect VERB ARG...: the verb, and what its -n prints, pasted into a shell, leave ./project, as
# copied from ./clean, the same. -n itself changes nothing. A shell's pipeline has the status of its last
# tool, which isn't always the one that failed: there it is enough that both fail.
same_effect() {
	local verb=$1 by_verb by_paste expected
	shift
	rm -rf project
	cp -a clean project
	run --separate-stderr mirari "$verb" "$@"
	expected=$status
	by_verb=$(printf '%s\n' "$output" && tree project)

	rm -rf project
	cp -a clean project
	mirari "$verb" -n "$@" >pasted
	[ -s pasted ]
	same "$(tree clean)" "$(tree project)"

	run --separate-stderr dash -eu ./pasted </dev/null
	by_paste=$(printf '%s\n' "$output" && tree project)
	if [ "$expected" = 0 ] || [ "$status" = 0 ]; then same "status $expected" "status $status"; fi
	same "$(printf '%s\n' "$(cat pasted)" "$by_verb")" "$(printf '%s\n' "$(cat pasted)" "$by_paste")"
}

@test "configure -n: pasted into a shell, it has the effect of the verb" {
	need ocamlfind dash
	plain clean
	cp clean/mirari.yml "clean/it's a \"copy\" \$HOME \`id\`.yml"
		same_effect configure project
	same_effect configure --no-install project
	same_effect configure --quiet project
	same_effect configure -t unix-socket project
	same_effect configure --socket project
	same_effect configure "project/it's a \"copy\" \$HOME \`id\`.yml"
	same_effect configure --set "arg=it's" --set 'arg=two  words' --set 'arg="$HOME" `id` \ * ~ ; #' --set 'arg=' project
	same_effect configure --set memory=64 --set install=false project
	echo '(* edited *)' >clean/main.ml
	same_effect configure --force project
	same_effect configure project # 73
	rm clean/main.ml
}

@test "configure -n --diff" {
	need ocamlfind dash
	plain clean
	same_effect configure --diff project
}

@test "configure -n in the project's directory, with a file that begins with a dash" {
	need ocamlfind dash
	plain project
	cd project
	mv mirari.yml ./-n.yml
	tree . >../before
	mirari configure -n -- -n.yml >../pasted
	same "$(cat ../before)" "$(tree .)"
	run dash -eu ../pasted
	[ "$status" = 0 ]
	tree . >../by-paste
	rm -r .mirari main.ml
	run mirari configure -- -n.yml
	[ "$status" = 0 ]
	same "$(tree .)" "$(cat ../by-paste)"
}

@test "configure -n where libraries are missing: pasted, it fails as the verb does" {
	need ocamlfind dash
	plain clean 'depends: [no-such-lib]'
	same_effect configure project
	[ "$status" = 69 ]
}

@test "build -n: pasted into a shell, it has the effect of the verb" {
	needs_ocaml
	need dash
	hello clean
	same_effect build project # new
	plain other
	rm -rf clean
	mv other clean
	same_effect build project
	same_effect build --quiet project
	same_effect build --no-install project
	same_effect build --set "arg=it's" --set 'arg=two  words' project/mirari.yml
	sed -i 's/cp, prog, plain/sh, -c, "exit 9"/' clean/mirari.yml
	same_effect build project
	[ "$status" = 9 ]
}

@test "build -n shows what build would do: configure where that is needed, --no-install as before" {
	need ocamlfind dash
	plain project 'depends: [no-such-lib]'
	run mirari build -n project
	[ "$status" = 0 ]
	has 'mirari-opam-exec --install'
	has 'mirari-opam-exec --build'
	[ ! -e project/main.ml ]
	mirari configure --no-install project
	run mirari build -n project
	has_not '--install'
	printf '%s\n' "$output" >pasted
	run dash -eu ./pasted
	[ "$status" = 0 ]
	[ -e project/plain ]
	# the record that the paste built from is that of the verb
	run --separate-stderr mirari build project
	stderr_has_not configuring
}

@test "build -n where configuring fails: pasted, nothing is built either" {
	need ocamlfind dash
	plain clean 'depends: [no-such-lib]'
	same_effect build project
	[ "$status" = 69 ]
	[ ! -e project/plain ]
}

@test "run -n: pasted into a shell, it is the program, with the same words" {
	need dash
	plain "pro ject's" "arg: [\"it's\", 'two  words', '\$HOME']"
	cp "pro ject's/prog" "pro ject's/plain"
	for args in '' '-- a'; do
		# shellcheck disable=SC2086 # words
		mirari run -n "pro ject's" $args >pasted
		# shellcheck disable=SC2086
		same "$(mirari run "pro ject's" $args)" "$(dash -eu ./pasted)"
	done
	words=(-- 'a  b' "it's" '"' '$(id)' '' '-n' $'two\nlines' '*')
	mirari run -n "pro ject's" "${words[@]}" >pasted
	mirari run "pro ject's" "${words[@]}" >by-verb
	dash -eu ./pasted >by-paste
	cmp by-verb by-paste
	grep -qx "<it's>" by-paste
	# and in the directory itself
	cd "pro ject's"
	mirari run -n >../pasted
	same "$(mirari run)" "$(dash -eu ../pasted)"
	echo 'exit 7' >>plain
	run dash -eu ../pasted
	[ "$status" = 7 ]
}

@test "-n of a configuration with an error: 65, and nothing to paste" {
	plain project 'memory: lots'
	for verb in configure build run; do
		run --separate-stderr mirari $verb -n project
		[ "$status" = 65 ]
		same '' "$output"
		stderr_has memory
	done
}

# ---- run -----------------------------------------------------------------------------------------

@test "run becomes the program: its process, its file, its signals" {
	plain project 'arg: ["1000"]'
	cp "$(command -v sleep)" project/plain
	mirari run project 3>&- &
	CHILD=$!
	became() { [ "$(readlink "/proc/$CHILD/exe")" = "$PWD/project/plain" ]; }
	until_true became
	kill -TERM "$CHILD"
	status=0
	wait "$CHILD" || status=$?
	[ "$status" = 143 ]

	printf '%s\n' '#!/bin/sh' 'trap "exit 5" USR1' 'echo $$' 'while :; do sleep 0.05; done' >project/plain
	mirari run project 3>&- >pid &
	CHILD=$!
	until_true test -s pid
	same "$CHILD" "$(cat pid)"
	kill -USR1 "$CHILD"
	status=0
	wait "$CHILD" || status=$?
	[ "$status" = 5 ]
}

@test "run: exit status, input and output are the program's; no descriptor of ours is left open" {
	plain project
	printf '%s\n' '#!/bin/sh' 'cat' 'echo err >&2' 'exit 7' >project/plain
	chmod +x project/plain
	run --separate-stderr mirari run project <<<'in'
	[ "$status" = 7 ]
	same in "$output"
	same err "$stderr"
	printf '%s\n' '#!/bin/sh' 'kill -9 $$' >project/plain
	run mirari run project
	[ "$status" = 137 ]
	printf '%s\n' '#!/bin/sh' 'ls -l /proc/$$/fd' >project/plain
	run mirari run project
	has_not memfd
	has_not .mirari
}

@test "run: arguments of the configuration first, then those behind --, as they are" {
	plain project "arg: [one, 'two  words', \"it's\"]"
	mirari build project
	words=('a  b' "it's" '"q"' '' '$HOME' '-n' '--help' '--' $'two\nlines' '%{prefix}%' '*')
	run mirari run project -- "${words[@]}"
	[ "$status" = 0 ]
	same "$(printf '<%s>\n' one 'two  words' "it's" "${words[@]}")" "$output"
	cd project
	run mirari run -- --version
	same "$(printf '<%s>\n' one 'two  words' "it's" --version)" "$output"
	run mirari run --set arg=other
	same '<other>' "$output"
	run --separate-stderr mirari run mirari.yml stray
	[ "$status" = 64 ]
	stderr_has stray
}

@test "run --no-build before build: 127, and mirari build is named" {
	plain project
	run -127 --separate-stderr mirari run --no-build project
	same '' "$output"
	stderr_has 'plain: No such file or directory'
	stderr_has 'mirari build'
	cd project
	run -127 --separate-stderr mirari run --no-build
	stderr_has 'mirari build'
	hello ../other
	run -127 --separate-stderr mirari run --no-build ../other
	stderr_has 'mir-hello'
}

# built: how often the build command of ./project ran.
built() {
	wc -l <project/.ran
}

@test "run builds when something has changed, and only then" {
	mkdir project files
	printf '#!/bin/sh\necho program\n' >project/prog.sh
	printf '%s\n' 'name: p' 'main: { noip: P.main }' 'artifact: p' 'fs: { static: ../files }' \
		'block: { data: { path: disk } }' \
		'build: { command: [sh, -c, "echo built; echo >>.ran; cp prog.sh p; chmod +x p"] }' >project/mirari.yml
	run -0 --separate-stderr mirari run project
	same program "$output" # what the build printed is not the program's
	stderr_has built
	same 1 "$(built)"
	same program "$(mirari run project)"
	same 1 "$(built)"
	# each of these is a change, each once
	for file in project/mirari.yml project/prog.sh project/deep/new files/page; do
		mkdir -p project/deep
		touch "$file"
		run -0 --separate-stderr mirari run project
		same program "$output"
		same program "$(mirari run project)"
	done
	same 5 "$(built)"
	# none of these is one
	mkdir project/.git project/_other
	touch project/.git/x project/_other/x project/disk
	ln -s nowhere project/link
	same program "$(mirari run project)"
	same 5 "$(built)"
	# what a build would give is not looked at
	touch project/prog.sh
	same program "$(mirari run --no-build project)"
	same 5 "$(built)"
	run -0 mirari run -n project
	same "mirari-build project >&2 &&
$PWD/project/p" "$output"
	rm project/p
	same program "$(mirari run project 2>/dev/null)"
	same 6 "$(built)"
	# one that fails: its status, and no program
	echo 'build: { command: [sh, -c, "exit 9"] }' >tail
	sed -i '/^build/d' project/mirari.yml
	cat tail >>project/mirari.yml
	run -9 --separate-stderr mirari run project
	same '' "$output"
}

@test "run: what it has built is what it runs, also when there is an older one of build --all" {
	mkdir project
	printf '#!/bin/sh\necho first\n' >project/prog.sh
	printf '%s\n' 'name: p' 'main: { noip: P.main }' 'artifact: p' \
		'build: { command: [sh, -c, "cp prog.sh p; chmod +x p"] }' >project/mirari.yml
	(cd project && mirari build --all >/dev/null 2>&1)
	rm -f project/p
	same first "$(mirari run project)"
	sed -i s/first/second/ project/prog.sh
	mirari run -n project >pasted
	same second "$(mirari run project 2>/dev/null)"
	same second "$(mirari run project)"
	rm project/p
	same second "$(dash -eu pasted 2>/dev/null)"
}

@test "run builds when any file that is embedded has changed, or is gone" {
	mkdir -p project/static/.well-known project/static/_next
	touch project/static/.well-known/a project/static/_next/b page project/static/c
	ln -s ../../page project/static/link
	printf '#!/bin/sh\necho program\n' >project/prog.sh
	printf '%s\n' 'name: p' 'main: { noip: P.main }' 'artifact: p' 'fs: { static: static }' \
		'build: { command: [sh, -c, "echo >>.ran; cp prog.sh p; chmod +x p"] }' >project/mirari.yml
	mirari run project
	same 1 "$(built)"
	mirari run project
	same 1 "$(built)"
	count=1
	for file in project/static/.well-known/a project/static/_next/b page; do
		touch "$file"
		mirari run project
		mirari run project
		count=$((count + 1))
		same $count "$(built)"
	done
	rm project/static/c
	mirari run project
	mirari run project
	same 5 "$(built)"
}

@test "run: what its own output goes to is no change" {
	mkdir project
	printf '#!/bin/sh\necho program\necho err >&2\n' >project/prog.sh
	printf '%s\n' 'name: p' 'main: { noip: P.main }' 'artifact: p' \
		'build: { command: [sh, -c, "echo >>.ran; cp prog.sh p; chmod +x p"] }' >project/mirari.yml
	for _ in 1 2 3; do
		mirari run project >project/log 2>project/err.log
		same program "$(cat project/log)"
		sleep 0.02
	done
	same 1 "$(built)"
}

@test "run of what can't be executed: 126" {
	plain project
	echo data >project/plain
	run -126 --separate-stderr mirari run project
	stderr_has 'plain: Permission denied'
}

@test "a target that no tool here makes or runs: a clear error, nothing made" {
	hello project
	tree project >before
	for target in hvt spt virtio xen; do
		for verb in configure build run; do
			run --separate-stderr mirari $verb -t $target project
			[ "$status" -ne 0 ]
			[ "$status" -lt 100 ]
			same '' "$output"
			stderr_has "target $target"
		done
	done
	same "$(cat before)" "$(tree project)"
	rm -r project
	plain project
	cp project/prog project/plain
	cp "$(type -P true)" project/plain
	for deploy in ec2 ssh://127.0.0.1:1; do
		run --separate-stderr mirari run --no-build --set deploy=$deploy project
		[ "$status" = 69 ]
		stderr_has "$deploy"
	done
	run --separate-stderr mirari build -t nosuch project
	[ "$status" = 64 ]
	stderr_has 'unix-socket'
}

# ---- the flags of 2013 ---------------------------------------------------------------------------

@test "the flags of 2013: --socket, --no-install, --switch=" {
	plain project 'depends: [no-such-lib]' 'target: xen'
	run mirari configure --socket --no-install project
	[ "$status" = 0 ]
	run mirari build --socket --no-install project
	[ "$status" = 0 ]
	run mirari run --socket project
	[ "$status" = 0 ]
	same '<>' "$output"
	for verb in configure build; do
		run --separate-stderr mirari $verb --socket --switch=4.14 project
		[ "$status" = 65 ]
		stderr_has 'switch 4.14 was asked for, but there is no opam root'
	done
	run mirari run --socket --switch=4.14 project # what is built needs none
	[ "$status" = 0 ]
}

@test "the flags of 2013: --unix and --xen are those targets" {
	hello project
	for verb in configure build run; do
		run --separate-stderr mirari $verb --unix --set main.kind=http project
		[ "$status" -ne 0 ]
		[ $verb = run ] || stderr_has 'target unix-direct'
		run --separate-stderr mirari $verb --xen project
		[ "$status" -ne 0 ]
		stderr_has 'target xen'
		run --separate-stderr mirari $verb --xen -t xen project # says it twice
		[ "$status" -ne 64 ]
	done
}

@test "flags that contradict each other: 64, and nothing is written" {
	plain project
	tree project >before
	for verb in configure build run; do
		for words in '--socket --xen' '--unix --xen' '--xen -t unix-socket' '-t xen --socket'; do
			# shellcheck disable=SC2086 # words
			run --separate-stderr mirari $verb $words project
			[ "$status" = 64 ]
			same '' "$output"
			stderr_has target
		done
	done
	same "$(cat before)" "$(tree project)"
}

# ---- errors --------------------------------------------------------------------------------------

@test "an error in the configuration is said once, by the tool that found it: 65" {
	plain project 'memory: lots' 'nosuch: 1'
	for verb in configure build run; do
		run --separate-stderr mirari $verb project
		[ "$status" = 65 ]
		same '' "$output"
		same "$verb: 2" "$verb: $(grep -c 'project/mirari.yml:[0-9]*:[0-9]*: error: ' <<<"$stderr")"
		same "$verb: 2" "$verb: $(wc -l <<<"$stderr")"
	done
	[ ! -e project/main.ml ]
	[ ! -e project/.mirari ]
}

@test "a later tool's error is said once too, and nothing comes after it" {
	need ocamlfind
	plain project 'main: { ip: Plain.main }'
	sed -i '/noip/d' project/mirari.yml
	for verb in configure build; do
		run --separate-stderr mirari $verb -q project
		[ "$status" = 65 ]
		same "$verb: 1" "$verb: $(grep -c 'needs a network stack' <<<"$stderr")"
		same "$verb: 2" "$verb: $(wc -l <<<"$stderr")" # it and the hint
	done
	plain edited
	mirari configure -q edited
	echo '(* mine *)' >>edited/main.ml
	sed -i 's/Plain.main/Plain.other/' edited/mirari.yml
	for verb in configure build; do
		run --separate-stderr mirari $verb -q edited
		[ "$status" = 73 ]
		same "$verb: 1" "$verb: $(grep -c 'not overwritten' <<<"$stderr")"
		same "$verb: 2" "$verb: $(wc -l <<<"$stderr")"
	done
	[ ! -e edited/plain ]
}

@test "no configuration, several, or a file that isn't there: 65" {
	mkdir none several
	touch several/a.conf several/b.conf
	for verb in configure build run clean; do
		run --separate-stderr mirari $verb none
		[ "$status" = 65 ]
		stderr_has 'mirari init'
		run --separate-stderr mirari $verb several
		[ "$status" = 65 ]
		stderr_has 'a.conf, b.conf'
		run --separate-stderr mirari $verb none/x.yml
		[ "$status" = 65 ]
		stderr_has none/x.yml
		run --separate-stderr mirari $verb none several
		[ "$status" = 64 ]
	done
}

@test "a compile error: the builder's status, no program, and the next build tries again" {
	needs_ocaml
	hello project
	cd project
	echo 'let main () = nonsense' >hello.ml
	run --separate-stderr mirari build
	by_verb=$status
	[ "$by_verb" -ne 0 ]
	has 'nonsense' || stderr_has 'nonsense'
	[ ! -e mir-hello ]
	run make -s
	same "$status" "$by_verb"
	[ ! -e _build/default/mirari.built ]
	run mirari build
	[ "$status" -ne 0 ]
	[ ! -e mir-hello ]
	run -2 mirari run
	run -127 mirari run --no-build
	# repaired, it builds
	echo 'let main () = Lwt_io.printl "repaired"' >hello.ml
	run mirari build
	[ "$status" = 0 ]
	same repaired "$(mirari run)"
}

@test "the build command's status and signal are build's" {
	plain project
	for pair in 'exit 9:9' 'kill -9 $$:137' 'exit 0:0'; do
		sed -i "s/^build: .*/build: { command: [sh, -c, \"${pair%:*}\"] }/" project/mirari.yml
		run mirari build project
		[ "$status" = "${pair##*:}" ]
	done
	sed -i 's/^build: .*/build: { command: [no-such-program] }/' project/mirari.yml
	run -127 --separate-stderr mirari build project
	stderr_has no-such-program
	# it runs with nothing on standard input, and none of our files
	sed -i 's|^build: .*|build: { command: [sh, -c, "cat; ls -l /proc/$$/fd"] }|' project/mirari.yml
	run mirari build project <<<'not for it'
	[ "$status" = 0 ]
	has '0 -> /dev/null'
	has_not 'not for it'
	has_not memfd
}

# ---- where it is called from ---------------------------------------------------------------------

@test "from another directory, with FILE and with DIR; blanks and a quote in its name" {
	needs_ocaml
	dir="pro ject's \"x\""
	hello "$dir"
	tree "$dir" >original
	mkdir elsewhere
	cd elsewhere
	for argument in "../$dir" "../$dir/mirari.yml" "$BATS_TEST_TMPDIR/$dir"; do
		run mirari configure "$argument"
		[ "$status" = 0 ]
	done
	run --separate-stderr mirari build "../$dir/mirari.yml"
	[ "$status" = 0 ]
	stderr_has_not configuring
	same 'Hello, unikernel' "$(mirari run "../$dir")"
	same 'Hello, unikernel' "$(mirari run "../$dir/mirari.yml")"
	run mirari clean "../$dir/mirari.yml"
	[ "$status" = 0 ]
	same '' "$(ls -A)"
	same "$(cat ../original)" "$(tree "../$dir")"
}

@test "the program runs in the directory that mirari run was called in" {
	plain project
	mkdir elsewhere
	printf '%s\n' '#!/bin/sh' 'pwd' >project/prog
	mirari build project
	cd elsewhere
	same "$PWD" "$(mirari run ../project)"
}

# ---- clean ---------------------------------------------------------------------------------------

@test "clean: with dune and with obuild, the tree is as it was" {
	needs_ocaml
	need dune obuild
	for builder in dune obuild; do
		hello $builder
		if [ $builder = dune ]; then
			echo '(lang dune 2.9)' >dune/dune-project
		else
			echo 'build: { system: obuild }' >>obuild/mirari.yml
		fi
		tree $builder >original
		run mirari build $builder
		[ "$status" = 0 ]
		same 'Hello, unikernel' "$(mirari run $builder)"
		run mirari clean $builder
		[ "$status" = 0 ]
		same "$(cat original)" "$(tree $builder)"
	done
}

@test "clean: files that aren't ours stay, whatever they are called" {
	needs_ocaml
	hello project
	mkdir -p project/.mirari/templates project/src
	echo 'let x = 1' >project/src/x.ml
	cp "$SOURCE/share/templates/lwt/main-noip.ml" project/.mirari/templates/
	echo '(* ours *)' >>project/.mirari/templates/main-noip.ml
	echo mine >project/notes.new
	echo mine >project/x.record
	tree project >original
	mirari configure project
	grep -q '(\* ours \*)' project/main.ml
	run mirari clean project
	[ "$status" = 0 ]
	same "$(cat original)" "$(tree project)"
}

@test "clean: an edited file stays, and is named; --force removes it" {
	need make
	hello project
	tree project >original
	mirari configure --no-install project
	echo '(* mine *)' >>project/main.ml
	edited=$(cat project/main.ml)
	run --separate-stderr mirari clean project
	[ "$status" = 0 ]
	stderr_has 'left main.ml: edited by hand'
	stderr_has --force
	stderr_has 'removed Makefile'
	same "$edited" "$(cat project/main.ml)"
	[ ! -e project/Makefile ]
	# it is still known to be one that was edited
	run --separate-stderr mirari clean project
	stderr_has 'left main.ml'
	run mirari clean --force project
	[ "$status" = 0 ]
	same "$(cat original)" "$(tree project)"
}

@test "clean: what was replaced by a link or a directory stays" {
	need make
	hello project
	mirari configure --no-install project
	rm project/main.ml
	echo mine >elsewhere.ml
	ln -s ../elsewhere.ml project/main.ml
	run --separate-stderr mirari clean project
	stderr_has 'left main.ml'
	[ -L project/main.ml ]
	same mine "$(cat elsewhere.ml)"
}

@test "clean --force after an edited Makefile: what was built goes too" {
	needs_ocaml
	hello project
	tree project >original
	mirari build project
	echo '# mine' >>project/Makefile
	run --separate-stderr mirari clean project
	[ "$status" = 0 ]
	stderr_has 'left Makefile'
	run mirari clean --force project
	[ "$status" = 0 ]
	same "$(cat original)" "$(tree project)"
}

@test "clean after the name was changed: the program of the old name goes too" {
	needs_ocaml
	hello project
	mirari build project
	sed -i 's/name: hello/name: renamed/' project/mirari.yml
	tree project | grep -E ' \./(hello.ml|mirari.yml)( |$)' >original
	mirari build project
	[ -e project/mir-renamed ]
	run mirari clean project
	[ "$status" = 0 ]
	same "$(cat original)" "$(tree project)"
}

@test "clean: with a build.command nothing but what was generated is ours to remove" {
	plain project
	tree project >original
	mirari build project
	rm project/plain # only who wrote that command knows what it makes
	run mirari clean project
	[ "$status" = 0 ]
	same "$(cat original)" "$(tree project)"
}

@test "clean after a configure that was refused: nothing of it is left" {
	plain project
	echo 'let () = ()' >project/main.ml
	tree project >original
	run mirari configure --no-install project
	[ "$status" = 73 ]
	run mirari clean project
	[ "$status" = 0 ]
	same "$(cat original)" "$(tree project)"
}

@test "clean -n removes nothing, and prints shell that does it" {
	need make
	hello "a 'b'"
	mirari configure --no-install "a 'b'"
	mkdir "a 'b'/_build"
	echo x >"a 'b'/_build/main.native"
	ln -s _build/main.native "a 'b'/mir-hello"
	ln -s _build/main.native "a 'b'/mir-old"
	for edit in '' '(* mine *)'; do
		[ -z "$edit" ] || echo "$edit" >>"a 'b'/main.ml"
		for options in '' -q -f; do
			tree "a 'b'" >before
			# shellcheck disable=SC2086 # words
			run --separate-stderr mirari clean -n $options "a 'b'"
			[ "$status" = 0 ]
			same "$(cat before)" "$(tree "a 'b'")"
			printf '%s\n' "$output" >pasted.sh
			cp -a "a 'b'" kept
			# shellcheck disable=SC2086
			mirari clean $options "a 'b'"
			tree "a 'b'" >after
			rm -r "a 'b'"
			cp -a kept "a 'b'"
			sh -eu pasted.sh
			same "$(cat after)" "$(tree "a 'b'")"
			rm -r "a 'b'"
			mv kept "a 'b'"
		done
	done
}

@test "clean: nothing generated, twice, or a configuration that is broken by now" {
	need make
	hello project
	tree project >original
	run mirari clean project
	[ "$status" = 0 ]
	has 'nothing has been generated'
	same "$(cat original)" "$(tree project)"
	mirari configure --no-install project
	echo 'memory: lots' >>project/mirari.yml
	(grep -v mirari.yml original && tree project | grep mirari.yml) | sort >broken
	run mirari clean -q project
	[ "$status" = 0 ]
	same '' "$output"
	same "$(cat broken)" "$(tree project | sort)"
	run mirari clean project
	[ "$status" = 0 ]
}

@test "clean, and again the whole way: the same bytes as the first time" {
	needs_ocaml
	hello project
	mirari build project
	tree project >first
	mirari clean project
	mirari build project
	same "$(cat first)" "$(tree project)"
}
