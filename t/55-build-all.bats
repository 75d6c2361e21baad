#!/usr/bin/env bats
# mirari build --all: every target in its own switch and its own _build/TARGET, side by side; and what
# the other verbs make of that. The compilers that run are those of a real opam root, and say so.

# shellcheck disable=SC2016,SC2030,SC2031,SC2103,SC2154,SC2164 # bats: each test is a subshell, with -e

load lib/common.bash

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/bin" "$BATS_FILE_TMPDIR/system"
	if command -v opam >/dev/null && command -v ocamlfind >/dev/null; then
		"$SOURCE/t/lib/opam-root" "$BATS_FILE_TMPDIR/opam" >"$BATS_FILE_TMPDIR/exports"
	fi

	# await FILE: until it is there; fails when it isn't half a minute later.
	cat >"$BATS_FILE_TMPDIR/bin/await" <<-'END'
		#!/bin/sh
		n=0
		until [ -e "$1" ]; do
			n=$((n + 1))
			[ $n -le 600 ] || { echo "nobody made $1"; exit 99; }
			sleep 0.05
		done
	END
	# tokens: how many the jobserver has that MAKEFLAGS tells of; they are put back.
	cat >"$BATS_FILE_TMPDIR/bin/tokens" <<-'END'
		#!/usr/bin/env python3
		import os, re
		auth = re.findall(r'--jobserver-auth=(\S+)', os.environ['MAKEFLAGS'])[-1]
		if auth.startswith('fifo:'):
		    take, give = os.open(auth[5:], os.O_RDONLY | os.O_NONBLOCK), os.open(auth[5:], os.O_WRONLY)
		else:
		    read, give = map(int, auth.split(','))
		    take = os.open(f'/proc/self/fd/{read}', os.O_RDONLY | os.O_NONBLOCK)
		got = b''
		try:
		    while more := os.read(take, 4096):
		        got += more
		except BlockingIOError:
		    pass
		os.write(give, got)
		print(len(got))
	END
	# terminal [-i FILE] COMMAND...: runs it on a terminal, where the interrupt key is pressed once FILE is
	# there. What the terminal got is in the file raw, what it shows in the end on standard output.
	cat >"$BATS_FILE_TMPDIR/bin/terminal" <<-'END'
		#!/usr/bin/env python3
		import os, pty, re, signal, sys, threading, time
		key = sys.argv[2] if sys.argv[1] == '-i' else None
		words = sys.argv[3:] if key else sys.argv[1:]
		for s in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
		    signal.signal(s, signal.SIG_DFL)
		child, fd = pty.fork()
		if child == 0:
		    os.execvp(words[0], words)
		def press():
		    for _ in range(600):
		        if os.path.exists(key):
		            os.write(fd, b'\x03')
		            return
		        time.sleep(0.05)
		if key:
		    threading.Thread(target=press, daemon=True).start()
		got = b''
		try:
		    while more := os.read(fd, 65536):
		        got += more
		except OSError:
		    pass
		open('raw', 'wb').write(got)
		lines, column = [''], 0
		for part in re.split('(\r|\n|\x1b\\[K)', got.decode()):
		    if part == '\r':
		        column = 0
		    elif part == '\n':
		        lines.append('')
		        column = 0
		    elif part == '\x1b[K':
		        lines[-1] = lines[-1][:column]
		    else:
		        lines[-1] = lines[-1][:column].ljust(column) + part + lines[-1][column + len(part):]
		        column += len(part)
		print('\n'.join(lines), end='')
		status = os.waitpid(child, 0)[1]
		sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
	END
	chmod +x "$BATS_FILE_TMPDIR"/bin/*

	# The compiler that a switch without one of its own has, made to say so as those of switches do.
	local tool
	for tool in /usr/bin/ocaml*; do
		[ ! -x "$tool" ] || ln -s "$tool" "$BATS_FILE_TMPDIR/system"
	done
	cd "$BATS_FILE_TMPDIR/system" || return
	for tool in ocamlc ocamlc.opt ocamlopt ocamlopt.opt; do
		rm -f $tool
		cat >$tool <<-'END'
			#!/bin/sh
			tool=${0##*/}
			case " $* " in
			*' -config '* | *' -version '* | *' -vnum '* | *' -where '*) ;; # a question
			*) [ -z "${MIRARI_TRACE-}" ] || echo "${tool%.*} switch=none" >>"$MIRARI_TRACE" ;;
			esac
			exec "/usr/bin/$tool" "$@"
		END
		chmod +x $tool
	done
}

setup() {
	# what builds leave for the test, and the test for them
	export STATE=$BATS_TEST_TMPDIR/state
	export HOME=$BATS_TEST_TMPDIR/home
	PATH=$PATH:$BATS_FILE_TMPDIR/bin
	mkdir "$STATE" "$HOME" "$BATS_TEST_TMPDIR/p"
	unset OPAMROOT MAKEFLAGS MAKELEVEL MFLAGS
	CHILD=
	cd "$BATS_TEST_TMPDIR/p"
}

# What a test that failed has left is ended: what it started, and what works in its directory.
teardown() {
	local process
	: >"$STATE/go"
	if [ -n "$CHILD" ] && kill -KILL "$CHILD" 2>/dev/null; then
		wait "$CHILD" 2>/dev/null || CHILD=
	fi
	for process in $(working_in "$BATS_TEST_TMPDIR/p"); do
		[ "$process" = $$ ] || [ "$process" = "$BASHPID" ] || kill -KILL "$process" 2>/dev/null || :
	done
}

# ---- what the tests share ------------------------------------------------------------------------

# in_opam [PATH of a root's directory]: the switches of opam-root are there.
in_opam() {
	need opam ocamlfind ocamlbuild ocamlopt make
	if [ $# -gt 0 ]; then
		eval "$("$SOURCE/t/lib/opam-root" "$1")"
	else
		eval "$(cat "$BATS_FILE_TMPDIR/exports")"
	fi
	export MIRARI_TRACE=$BATS_TEST_TMPDIR/trace
	: >"$MIRARI_TRACE"
}

# Which compilers have run since traced was last called.
traced() {
	sort -u "$MIRARI_TRACE"
	: >"$MIRARI_TRACE"
}

# all [OPTION]...: builds all, quietly; $status is there, what was printed in $STATE/out and $STATE/err.
all() {
	status=0
	timeout 100 mirari build --all -q "$@" >"$STATE/out" 2>"$STATE/err" </dev/null || status=$?
}

# exits N, with all that was printed when it's another.
exits() {
	[ "$status" = "$1" ] || {
		printf 'status %s, not %s; standard error:\n' "$status" "$1"
		cat "$STATE/err"
		return 1
	} >&2
}

says() {
	grep -qF -e "$1" "$STATE/err" || {
		printf 'not said: %s\n--- standard error:\n' "$1"
		cat "$STATE/err"
		return 1
	} >&2
}

says_not() {
	if grep -F -e "$1" "$STATE/err" >&2; then
		printf 'said, but should not be: %s\n' "$1" >&2
		return 1
	fi
}

# shows TARGET WORDS: the table's line for it, with single blanks.
shows() {
	local line
	line=$(sed -n '/^TARGET  */,$p' "$STATE/err" | grep "^$1 " | tr -s ' ')
	same "$1 $2" "$line"
}

# prints TEXT COMMAND...
prints() {
	local text=$1
	shift
	same "$text" "$("$@")"
}

# start COMMAND...: in the background as $CHILD, with signals as a terminal's shell has them.
start() {
	env --default-signal=INT,TERM,HUP "$@" >"$STATE/out" 2>"$STATE/err" </dev/null 3>&- &
	CHILD=$!
}

# ended: waits for it; $status is its status.
ended() {
	status=0
	wait "$CHILD" || status=$?
	CHILD=
}

# The processes whose working directory is this or below it.
working_in() {
	{ ls -ld /proc/[0-9]*/cwd 2>/dev/null || :; } |
		awk -v dir="$1/" '{ split($(NF - 2), p, "/") } index($NF "/", dir) == 1 { print p[3] }'
}

nobody_builds() {
	[ -z "$(working_in "$PWD/_build")" ]
}

# by_shell TARGET... <SCRIPT: a project whose targets are built by `sh -eu recipe TARGET`, the first being
# the default, and their artifact ./made.
by_shell() {
	local target
	{
		printf '%s\n' 'name: p' 'main: { noip: P.main }' 'artifact: made' "target: $1" 'targets:'
		for target; do printf '  %s: { build: { command: [sh, -eu, recipe, %s] } }\n' "$target" "$target"; done
	} >mirari.yml
	cat >recipe
}

# makes_made: the script of by_shell for which it is enough that something is made.
makes_made() {
	printf '%s\n' 'printf "#!/bin/sh\necho made for $1\n" >made.new' 'chmod +x made.new' 'mv made.new made'
}

# two_targets [unix-direct's keys]: two programs of OCaml, that print who they are.
two_targets() {
	cat >mirari.yml <<-END
		name: two
		main: { noip: Hello.main }
		targets:
		  unix-socket: { switch: unix-socket }
		  unix-direct: { switch: unix-direct, main: { noip: Direct.main }${1:+, $1} }
	END
	echo 'let main () = Lwt_io.printl "socket"' >hello.ml
	echo 'let main () = Lwt_io.printl "direct"' >direct.ml
}

# three_targets: these, with directories to embed that differ, and one for xen, which needs a library that
# only its switch has and is no program of ours.
three_targets() {
	mkdir -p "$BATS_TEST_TMPDIR/for socket" "$BATS_TEST_TMPDIR/for direct"
	echo 'socket file' >"$BATS_TEST_TMPDIR/for socket/text"
	echo 'direct file' >"$BATS_TEST_TMPDIR/for direct/text"
	cat >mirari.yml <<-'END'
		name: three
		main: { noip: Hello.main }
		targets:
		  unix-socket: { switch: unix-socket, fs: { static: "../for socket" } }
		  unix-direct:
		    switch: unix-direct
		    main: { noip: Direct.main }
		    depends: [str]
		    fs: { static: "../for direct", more: "../for socket" }
		  xen:
		    switch: xen
		    depends: [demo-lib]
		    artifact: three.xen
		    build: { command: [ocamlfind, ocamlopt, -package, demo-lib, -linkpkg, -o, three.xen, xen.ml] }
	END
	echo 'let main () = Lwt_io.print ("socket, " ^ Option.get (Filesystem_static.read "text"))' >hello.ml
	cat >direct.ml <<-'END'
		let main () =
		  ignore (Str.regexp "x");
		  assert (Filesystem_more.read "text" = Some "socket file\n");
		  Lwt_io.print ("direct, " ^ Option.get (Filesystem_static.read "text"))
	END
	echo 'let () = print_endline ("xen, demo-lib " ^ Demo_lib.version)' >xen.ml
}

# What has been generated and built below a path: everything with its type, bytes and times. A builder's
# own notes of when it ran are left out.
snapshot() {
	find "$@" ! -name _log ! -name 'mirari.*' ! -name log -printf '%p %y %l %i %T@ %s\n' | sort
	find "$@" ! -name _log ! -name 'mirari.*' ! -name log -type f -exec sha256sum {} + | sort -k 2
}

# records: standard output is these and nothing else; each as "TARGET STATUS", read by a tool.
records() {
	local n=0 record
	rm -f "$STATE"/record.*
	awk -v base="$STATE/record." 'BEGIN { n = 1 } { print >(base n) } !NF { n++ }' "$STATE/out"
	while n=$((n + 1)) && [ -e "$STATE/record.$n" ]; do
		record=$STATE/record.$n
		mirari-gen --set=build.system=command --set=build.command=true --set=main.kind=noip \
			--set=main.entry=P.main --set=runtime=lwt --set=target=hvt -n --get=name <"$record" >/dev/null 2>&1 ||
			printf 'no record: '
		printf '%s %s\n' "$(sed -n 's/^target=//p' "$record")" "$(sed -n 's/^build.status=//p' "$record")"
	done
}

# mirrors TARGET: its tree has a link for each source, at the same place, that leads there, and no others.
mirrors() {
	local path
	sources() {
		find . -mindepth 1 \( -name '.*' -o -path ./_build -o -path ./mir-p \) -prune \
			-o \( -type f -o -type l \) -printf '%P\0' | LC_ALL=C sort -z
	}
	links() {
		find "_build/$1" -mindepth 1 \( -name '.*' -o -name _build \) -prune -o -type l -printf '%P\0' |
			LC_ALL=C sort -z
	}
	diff <(sources | tr '\0\n' '\n?') <(links "$1" | tr '\0\n' '\n?') >&2
	while IFS= read -r -d '' path; do
		[ -L "$path" ] && [ ! -e "$path" ] && continue # one that leads nowhere leads nowhere there too
		[ "$path" -ef "_build/$1/$path" ] || {
			printf '%q is another file in the tree\n' "$path" >&2
			return 1
		}
	done < <(sources)
}

# ---- three targets -------------------------------------------------------------------------------

@test "three targets, three compilers: each in its own switch and directory; the programs are theirs" {
	in_opam
	three_targets
	run ! mirari-opam-exec -s unix-direct -- ocamlfind query demo-lib
	run ! mirari-opam-exec -s unix-socket -- ocamlfind query demo-lib
	PATH=$BATS_FILE_TMPDIR/system:$PATH all -j 2
	exits 0
	same "$(printf '%s\n' 'ocamlc switch=none' 'ocamlc switch=unix-direct' 'ocamlopt switch=none' \
		'ocamlopt switch=unix-direct' 'ocamlopt switch=xen')" "$(traced)"
	prints 'socket, socket file' _build/unix-socket/mir-three
	prints 'direct, direct file' _build/unix-direct/mir-three
	prints 'xen, demo-lib 1.0' _build/xen/three.xen
	# what is generated is in the trees alone, and is each one's own
	same "$(printf '%s\n' .mirari _build direct.ml hello.ml mir-three mirari.yml xen.ml)" "$(ls -A)"
	[ ! -e .mirari/generated ]
	[ ! -e .mirari/configured ]
	same "$(printf '%s\n' unix-direct unix-direct.log unix-socket unix-socket.log xen xen.log)" "$(ls -A _build)"
	grep -q Hello.main _build/unix-socket/main.ml
	grep -q Direct.main _build/unix-direct/main.ml
	grep -q 'LIBRARIES = .*str' _build/unix-direct/Makefile
	run ! grep -q 'LIBRARIES = .*str' _build/unix-socket/Makefile
	run ! cmp _build/unix-socket/filesystem_static.ml _build/unix-direct/filesystem_static.ml
	[ ! -e _build/unix-socket/filesystem_more.ml ]
	[ ! -e _build/xen/main.ml ]
	# the link is the default target's
	same _build/unix-socket/mir-three "$(readlink mir-three)"
	prints 'socket, socket file' mirari run
	shows unix-socket 'unix-socket built _build/unix-socket/mir-three'
	shows unix-direct 'unix-direct built _build/unix-direct/mir-three'
	shows xen 'xen built _build/xen/three.xen'
}

@test "again, nothing starts a compiler; an edited source is built by those whose source it is" {
	in_opam
	two_targets
	PATH=$BATS_FILE_TMPDIR/system:$PATH
	all
	exits 0
	traced >/dev/null
	snapshot _build/*/_build mir-two _build/*/mir-two >"$STATE/before"
	all
	exits 0
	same '' "$(traced)"
	same "$(cat "$STATE/before")" "$(snapshot _build/*/_build mir-two _build/*/mir-two)"
	sed -i 's/"direct"/"edited"/' direct.ml
	all
	exits 0
	same "$(printf '%s\n' 'ocamlc switch=unix-direct' 'ocamlopt switch=unix-direct')" "$(traced)"
	prints edited _build/unix-direct/mir-two
	prints socket _build/unix-socket/mir-two
	# the configuration of one target
	sed -i 's/Direct.main/Hello.main/' mirari.yml
	all
	exits 0
	prints socket _build/unix-direct/mir-two
	same "$(printf '%s\n' 'ocamlc switch=unix-direct' 'ocamlopt switch=unix-direct')" "$(traced)"
	# and its switch
	sed -i 's/switch: unix-direct/switch: xen/' mirari.yml
	all
	exits 0
	same "$(printf '%s\n' 'ocamlc switch=xen' 'ocamlopt switch=xen')" "$(traced)"
}

@test "modules that come, move and go are seen, in directories too" {
	in_opam
	two_targets
	echo '<lib>: include' >_tags
	all
	exits 0
	mkdir lib
	echo 'let text = "from lib"' >lib/text.ml
	echo 'let main () = Lwt_io.printl Text.text' >direct.ml
	all
	exits 0
	prints 'from lib' _build/unix-direct/mir-two
	mv lib/text.ml .
	sed -i 's/lib/top/' text.ml
	all
	exits 0
	prints 'from top' _build/unix-direct/mir-two
	mv text.ml other.ml
	all
	exits 1
	shows unix-direct 'unix-direct failed (2) _build/unix-direct.log'
	says Text
	mv other.ml text.ml
	ln -s text.ml alias.ml
	sed -i 's/Text/Alias/' direct.ml
	all
	exits 0
	prints 'from top' _build/unix-direct/mir-two
}

@test "http beside noip" {
	in_opam
	need python3 curl
	mirari-opam-exec -s unix-socket -- ocamlfind query -qe cohttp-lwt-unix >/dev/null ||
		lacking 'cohttp-lwt-unix is not installed'
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	two_targets
	sed -i "s/unix-socket }/unix-socket, main: { http: Www.main }, http: { port: $port, address: 127.0.0.1 } }/" mirari.yml
	echo 'let main _ _ _ = Cohttp_lwt_unix.Server.respond_string ~status:`OK ~body:"page" ()' >www.ml
	all
	exits 0
	prints direct _build/unix-direct/mir-two
	start mirari run
	until_true grep -q listening "$STATE/err"
	prints page curl -sS --max-time 10 --noproxy '*' "http://127.0.0.1:$port/"
	kill -TERM "$CHILD"
	ended
	[ "$status" = 143 ]
}

@test "what is built beside the sources, and what is built in the trees, leave each other alone" {
	in_opam
	three_targets
	mirari configure -q -t unix-direct
	mirari build -q -t unix-direct 2>/dev/null
	prints 'direct, direct file' ./mir-three
	in_tree=(main.ml Makefile filesystem_static.ml filesystem_more.ml .mirari/generated .mirari/configured _build/default)
	snapshot "${in_tree[@]}" >"$STATE/in-tree"
	all
	exits 0
	same "$(cat "$STATE/in-tree")" "$(snapshot "${in_tree[@]}")"
	prints 'socket, socket file' ./mir-three
	prints 'direct, direct file' _build/unix-direct/mir-three
	prints 'direct, direct file' _build/default/main.native
	snapshot _build/unix-socket _build/unix-direct _build/xen >"$STATE/trees"
	# another target, the same as before, and what is configured by default
	for target in unix-socket unix-direct; do
		mirari configure -q -t $target
		mirari build -q -t $target 2>/dev/null
		prints "${target#unix-}, ${target#unix-} file" ./mir-three
		same "$(cat "$STATE/trees")" "$(snapshot _build/unix-socket _build/unix-direct _build/xen)"
	done
	mirari configure -q
	mirari build -q
	prints 'socket, socket file' ./mir-three
	traced >/dev/null
	all
	exits 0
	same 'ocamlopt switch=xen' "$(traced)" # a command of one's own runs each time
	prints 'direct, direct file' _build/unix-direct/mir-three
	same _build/unix-socket/mir-three "$(readlink mir-three)"
}

@test "beside the sources nothing is compiled again because all was built meanwhile" {
	in_opam
	two_targets
	PATH=$BATS_FILE_TMPDIR/system:$PATH
	mirari build -q 2>/dev/null
	all
	exits 0
	traced >/dev/null
	mirari build -q
	same '' "$(traced)"
	prints socket ./mir-two
}

@test "run: the program of the target that is asked for, whatever was built last" {
	in_opam
	two_targets
	all
	exits 0
	prints socket mirari run
	prints ./_build/unix-socket/mir-two mirari run -n -t unix-socket --set=build.dir=_build/unix-socket
	# the link is that of the default target: now another one's
	sed -i '1i target: unix-direct' mirari.yml
	all
	exits 0
	same _build/unix-direct/mir-two "$(readlink mir-two)"
	prints direct ./mir-two
	prints socket mirari run -t unix-socket
	# a build beside the sources of what is run is newer
	sed -i 1d mirari.yml
	sed -i 's/"socket"/"newer"/' hello.ml
	mirari build -q
	prints newer mirari run
}

# The program beside the sources is another target's, and is no link that tells so.
@test "run: after a build beside the sources of another target, the program of the one asked for" {
	in_opam
	two_targets
	all
	exits 0
	mirari configure -q -t unix-direct
	mirari build -q -t unix-direct 2>/dev/null
	prints direct ./mir-two
	prints socket mirari run -t unix-socket
}

# ---- other kinds of projects ---------------------------------------------------------------------

@test "a dune project" {
	in_opam
	need dune
	two_targets
	echo '(lang dune 2.0)' >dune-project
	PATH=$BATS_FILE_TMPDIR/system:$PATH
	all
	exits 0
	run traced
	has 'ocamlopt switch=none'
	has 'ocamlopt switch=unix-direct'
	prints socket _build/unix-socket/mir-two
	prints direct _build/unix-direct/mir-two
	prints socket ./mir-two
	# beside the sources dune leaves a copy of its program; the trees stay
	snapshot _build/unix-socket _build/unix-direct >"$STATE/trees"
	mirari build -q -t unix-direct
	prints direct ./mir-two
	same "$(cat "$STATE/trees")" "$(snapshot _build/unix-socket _build/unix-direct)"
	[ -f _build/unix-socket.log ]
	all
	exits 0
	same _build/unix-socket/mir-two "$(readlink mir-two)"
	prints direct _build/unix-direct/mir-two
}

@test "a dune project that was built beside the sources first" {
	in_opam
	need dune
	two_targets
	echo '(lang dune 2.0)' >dune-project
	mirari build -q
	prints socket ./mir-two
	all
	exits 0
	prints socket _build/unix-socket/mir-two
	prints direct _build/unix-direct/mir-two
	[ ! -L _build/unix-direct/mir-two ]
	prints socket ./mir-two
	same _build/unix-socket/mir-two "$(readlink mir-two)"
}

@test "an obuild project" {
	in_opam
	need obuild
	two_targets
	echo 'build: { system: obuild }' >>mirari.yml
	all
	exits 0
	prints socket _build/unix-socket/mir-two
	prints direct _build/unix-direct/mir-two
}

@test "a command of one's own, and its artifact" {
	makes_made | by_shell unix-socket hvt xen
	sed -i 's/command: \[/system: command, command: [/' mirari.yml
	all
	exits 0
	for target in unix-socket xen hvt; do prints "made for $target" _build/$target/made; done
	same _build/unix-socket/made "$(readlink mir-p)"
	prints 'made for unix-socket' mirari run
	prints 'made for unix-socket' ./mir-p
	prints './_build/unix-socket/made' mirari run -n
}

@test "a command's artifact that was made beside the sources isn't what the trees' commands write to" {
	by_shell unix-socket xen <<<'echo "made for $1" >made'
	mirari build -q
	prints 'made for unix-socket' cat made
	all
	exits 0
	prints 'made for unix-socket' cat made
	prints 'made for unix-socket' cat _build/unix-socket/made
	prints 'made for xen' cat _build/xen/made
}

@test "an artifact with an absolute path is where it is" {
	printf '%s\n' 'name: p' 'main: { noip: P.main }' "artifact: $STATE/made" \
		"build: { command: [cp, mirari.yml, $STATE/made] }" >mirari.yml
	all
	exits 0
	shows unix-socket "- built $STATE/made"
	[ mir-p -ef "$STATE/made" ]
}

@test "one target, and nothing said of targets" {
	in_opam
	printf '%s\n' 'name: one' 'main: { noip: Hello.main }' 'switch: unix-direct' >mirari.yml
	echo 'let main () = Lwt_io.printl "one"' >hello.ml
	all
	exits 0
	same "$(printf '%s\n' 'ocamlc switch=unix-direct' 'ocamlopt switch=unix-direct')" "$(traced)"
	prints one ./mir-one
	prints one mirari run
	same 'unix-socket 0' "$(records)"
	shows unix-socket 'unix-direct built _build/unix-socket/mir-one'
}

@test "a configuration of 2013, whose warnings are given once" {
	in_opam
	printf '%s\n' 'main-noip: Hello.main' 'compiler: unix-direct' 'nonsense' >old.conf
	echo 'let main () = Lwt_io.printl "old"' >hello.ml
	mirari build --all >"$STATE/out" 2>"$STATE/err"
	prints old ./mir-old
	same "$(printf '%s\n' 'ocamlc switch=unix-direct' 'ocamlopt switch=unix-direct')" "$(traced)"
	says 'old.conf:3:1: warning: nonsense'
	same 1 "$(grep -c 'warning: nonsense' "$STATE/err")"
}

@test "a project whose directory has any name, from elsewhere" {
	dir="it's a \"copy\"  100% \$x *) #(é)"
	mkdir "$dir"
	(cd "$dir" && makes_made | by_shell unix-socket xen && mv mirari.yml "other 'one'.yml")
	all "$dir/other 'one'.yml"
	exits 0
	same "unix-socket 0|xen 0" "$(records | paste -sd '|')"
	prints 'made for unix-socket' "$dir/mir-p"
	prints 'made for xen' "$dir/_build/xen/made"
	all "$dir/other 'one'.yml"
	exits 0
	prints 'made for xen' "$dir/_build/xen/made"
}

@test "_build that is a link to another place" {
	makes_made | by_shell unix-socket xen
	mkdir -p "$STATE/elsewhere/deep/down"
	ln -s "$STATE/elsewhere/deep/down" _build
	all
	# it works, or is refused for what it is
	if [ "$status" = 0 ]; then
		prints 'made for xen' _build/xen/made
	else
		says_not 'No such file'
		says _build
	fi
}

@test "packages that are missing in two switches are installed in both" {
	in_opam "$BATS_TEST_TMPDIR/opam"
	two_targets 'depends: [demo-lib]'
	sed -i 's/switch: unix-socket }/switch: unix-socket, depends: [demo-lib] }/; $a packages: [demo-lib]' mirari.yml
	echo 'let main () = Lwt_io.printl ("socket " ^ Demo_lib.version)' >hello.ml
	echo 'let main () = Lwt_io.printl ("direct " ^ Demo_lib.version)' >direct.ml
	all -j 2
	exits 0
	prints 'socket 2.0' _build/unix-socket/mir-two
	prints 'direct 2.0' _build/unix-direct/mir-two
}

@test "--all takes the settings of its command line, not those of the last configure" {
	makes_made | by_shell unix-socket xen
	mirari configure -q --set memory=77 -t xen
	all --set memory=99
	exits 0
	same 'memory=99|memory=99' "$(grep -h ^memory= _build/*/.mirari/configured | paste -sd '|')"
	all
	exits 0
	run ! grep memory _build/unix-socket/.mirari/configured _build/xen/.mirari/configured
	# beside the sources it is still configured as it was
	grep -qx memory=77 .mirari/configured
}

@test "templates of the project are those of the trees" {
	makes_made | by_shell unix-socket xen
	mkdir -p .mirari/templates
	echo 'let () = print_endline ("template of " ^ @name@)' >.mirari/templates/main-noip.ml
	all
	exits 0
	grep -qF 'print_endline ("template of " ^ "p")' _build/unix-socket/main.ml
	mirari clean -q
	same templates "$(ls -A .mirari)"
}

@test "--set target=TARGET is which one is the default, and each is built as itself" {
	makes_made | by_shell unix-socket xen
	all --set target=xen
	exits 0
	same "$(printf '%s\n' 'unix-socket 0' 'xen 0')" "$(records | sort)"
	prints 'made for unix-socket' _build/unix-socket/made
	prints 'made for xen' _build/xen/made
	same _build/xen/made "$(readlink mir-p)"
}

# ---- some fail -----------------------------------------------------------------------------------

@test "one that doesn't compile: the others are built, its log is named, 1" {
	in_opam
	three_targets
	echo 'let main () = this is wrong' >direct.ml
	all
	exits 1
	shows unix-socket 'unix-socket built _build/unix-socket/mir-three'
	shows unix-direct 'unix-direct failed (2) _build/unix-direct.log'
	shows xen 'xen built _build/xen/three.xen'
	says 'File "direct.ml", line 1'
	grep -q 'File "direct.ml", line 1' _build/unix-direct.log
	same "$(printf '%s\n' 'unix-socket 0' 'unix-direct 2' 'xen 0')" "$(records)"
	prints 'xen, demo-lib 1.0' _build/xen/three.xen
	prints 'socket, socket file' ./mir-three
	# mended, it is built
	echo 'let main () = Lwt_io.printl "mended"' >direct.ml
	all
	exits 0
	prints mended _build/unix-direct/mir-three
}

@test "the default target fails: the others are built, and there is no link to what isn't there" {
	by_shell unix-socket xen <<-'END'
		[ "$1" = xen ] || exit 9
		echo x >made
	END
	all
	exits 1
	shows unix-socket '- failed (9) _build/unix-socket.log'
	shows xen '- built _build/xen/made'
	[ ! -L mir-p ]
}

@test "a configuration that is wrong for one target: its error is shown, the others are built, 1" {
	makes_made | by_shell unix-socket hvt xen
	sed -i 's/\(xen: { build: {\)/\1 system: dune,/' mirari.yml
	all
	exits 1
	says 'mirari.yml: error: build.command is given, but build.system is dune'
	shows xen '- failed (65) -'
	shows hvt '- built _build/hvt/made'
	shows unix-socket '- built _build/unix-socket/made'
	same "$(printf '%s\n' 'unix-socket 0' 'hvt 0')" "$(records)"
	same 1 "$(grep -c 'build.system is dune' "$STATE/err")"
	# as are those that only show when it is generated
	makes_made | by_shell unix-socket hvt xen
	sed -i 's/^  xen:.*/  xen: {}/' mirari.yml
	all
	exits 1
	says 'target xen: runtime lwt makes programs for'
	shows xen '- failed (65) _build/xen.log'
	shows hvt '- built _build/hvt/made'
}

@test "a configuration that can't be read as a whole: 65, as for one target, and nothing is made" {
	makes_made | by_shell unix-socket xen
	sed -i 's/xen: {/xen: { memory: lots,/' mirari.yml
	all
	exits 65
	says 'mirari.yml:7:'
	says memory
	same 1 "$(grep -c memory "$STATE/err")"
	same '' "$(cat "$STATE/out")"
	[ ! -e _build ]
	rm mirari.yml
	all
	exits 65
	[ ! -e _build ]
}

@test "a switch that isn't there, and a package that can't be installed: the others are built" {
	in_opam "$BATS_TEST_TMPDIR/opam"
	three_targets
	sed -i 's/switch: unix-direct/switch: nosuch-switch/; s/switch: xen/switch: xen\n    packages: [fail-build]/' mirari.yml
	all
	exits 1
	shows unix-socket 'unix-socket built _build/unix-socket/mir-three'
	run grep '^unix-direct  *nosuch-switch  *failed (65)  *_build/unix-direct.log' "$STATE/err"
	[ "$status" = 0 ]
	says nosuch-switch
	run grep '^xen .*failed (1).*_build/xen.log' "$STATE/err"
	[ "$status" = 0 ]
	grep -q 'The compilation of fail-build.1 failed' _build/xen.log
	same '' "$(traced)"
}

@test "a log that can't be written: it is said why; the others are built" {
	makes_made | by_shell unix-socket xen
	mkdir -p _build/xen.log/of-mine
	all
	exits 1
	shows unix-socket '- built _build/unix-socket/made'
	says '_build/xen.log: Is a directory'
	[ -d _build/xen.log/of-mine ]
}

@test "_build that can't be a directory: it is said why" {
	makes_made | by_shell unix-socket xen
	echo mine >_build
	all
	[ "$status" -ne 0 ]
	says '/_build'
	says directory
	same mine "$(cat _build)"
}

@test "a user's own main.ml or Makefile is refused as beside the sources, and stays" {
	in_opam
	two_targets
	for file in main.ml Makefile; do
		echo mine >$file
		all
		exits 1
		shows unix-socket "unix-socket failed (73) _build/unix-socket.log"
		says "not overwritten: edited by hand, or never generated: $file"
		same mine "$(cat $file)"
		same '' "$(traced)"
		run -73 mirari build -q
		same mine "$(cat $file)"
		rm $file
	done
	all
	exits 0
	# then it appears, or what was generated beside the sources is edited
	echo mine >main.ml
	all
	exits 1
	says 'never generated: main.ml'
	same mine "$(cat main.ml)"
	rm main.ml
	mirari build -q
	echo '(* edited *)' >>main.ml
	cp main.ml "$STATE/edited"
	all
	exits 1
	shows unix-direct "unix-direct failed (73) _build/unix-direct.log"
	cmp main.ml "$STATE/edited"
	# one in a tree
	mirari configure -q --force
	all
	exits 0
	echo '(* edited *)' >>_build/unix-direct/main.ml
	all
	exits 1
	shows unix-socket 'unix-socket built _build/unix-socket/mir-two'
	shows unix-direct "unix-direct failed (73) _build/unix-direct.log"
	grep -q edited _build/unix-direct/main.ml
}

@test "a dry run of mirari-gen refuses for a tree what it would refuse" {
	makes_made | by_shell unix-socket xen
	echo mine >main.ml
	mirari-parse >"$STATE/record"
	run -73 mirari-gen -n -q <"$STATE/record"
	mirari-parse --set build.dir=_build/unix-socket >"$STATE/record"
	run -73 mirari-gen -n -q <"$STATE/record"
	[ ! -e _build ]
}

# ---- side by side --------------------------------------------------------------------------------

# One that builds while another does fails; each takes its time.
alone() {
	cat <<-'END'
		mkdir "$STATE/building" || { echo "somebody else builds"; exit 9; }
		sleep 0.1
		rmdir "$STATE/building"
		echo x >made
	END
}

one_processor() {
	taskset -c "$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')" "$@"
}

@test "-j 2: two build at the same time, and the third once one of them has ended" {
	by_shell unix-socket hvt xen <<-'END'
		: >"$STATE/runs.$1"
		: >"$STATE/begun.$1"
		await "$STATE/begun.unix-socket"
		await "$STATE/begun.hvt"
		if [ "$1" = xen ]; then
			[ ! -e "$STATE/runs.unix-socket" ] || [ ! -e "$STATE/runs.hvt" ]
		else
			sleep 0.3 # with the two of them here
		fi
		echo x >made
		rm "$STATE/runs.$1"
	END
	all -j 2
	exits 0
}

@test "-j 1, and one processor: one after the other, in the configuration's order" {
	need taskset
	(alone && echo 'echo "$1" >>"$STATE/order"') | by_shell xen unix-socket hvt
	all -j 1
	exits 0
	same 'xen unix-socket hvt' "$(paste -sd ' ' "$STATE/order")"
	status=0
	one_processor mirari build --all -q >"$STATE/out" 2>"$STATE/err" || status=$?
	exits 0
}

@test "without -j: as many as there are processors" {
	[ "$(nproc)" -gt 1 ] || lacking 'there is one processor'
	by_shell unix-socket xen <<-'END'
		: >"$STATE/$1"
		await "$STATE/unix-socket"
		await "$STATE/xen"
		echo x >made
	END
	all
	exits 0
}

# parallel N: three targets, each built by a make with four recipes that could all run at once. Each notes how
# many run beside it; none is done before there have been N, and then it waits for one more to come.
parallel() {
	need make
	by_shell unix-socket hvt xen <<<'make -s -f x.mk; echo x >made'
	cat >x.mk <<-'END'
		all: 1 2 3 4
		1 2 3 4:
		#TAB#+@sh job
	END
	sed -i 's/#TAB#+/\t/' x.mk
	cat >job <<-END
		: >"\$STATE/job.\$\$"
		count() { set -- "\$STATE"/job.*; echo \$#; }
		[ "\$(count)" -lt $1 ] || : >"\$STATE/enough"
		[ -e "\$STATE/enough" ] || await "\$STATE/enough"
		for i in 1 2 3; do count >>"\$STATE/counts"; sleep 0.02; done
		rm "\$STATE/job.\$\$"
	END
}

most() {
	sort -n "$STATE/counts" | tail -n 1
}

@test "-j N holds for all jobs of all targets: the makes below share it, and use all of it" {
	local n
	for n in 1 3 5; do
		rm -rf "${STATE:?}"/* _build
		parallel $n
		all -j $n
		exits 0
		same $n "$(most)"
		says_not jobserver
	done
}

# below WORDS... : a Makefile whose recipe is that line.
below() {
	printf 'all:\n\t%s\n' "$*" >"$STATE/Makefile"
}

@test "below a make -j: its jobs are shared, whatever processors there are, and all given back" {
	need taskset python3
	parallel 4
	for end in true false; do
		rm -f "$STATE"/[!M]*
		echo "make -s -f x.mk; echo x >made; $end" >recipe
		below '+mirari build --all -q >/dev/null; echo $$? >"$$STATE/status"; tokens >"$$STATE/tokens"'
		one_processor make -s -j4 -f "$STATE/Makefile" 2>"$STATE/err"
		same "$([ $end = true ] && echo 0 || echo 1)" "$(cat "$STATE/status")"
		same 4 "$(most)"
		same 3 "$(cat "$STATE/tokens")"
		says_not jobserver
	done
	# -j of its own is kept to
	rm -f "$STATE"/[!M]*
	parallel 2
	below '+mirari build --all -q -j 2 >/dev/null; echo $$? >"$$STATE/status"; tokens >"$$STATE/tokens"'
	make -s -j4 -f "$STATE/Makefile"
	same 0 "$(cat "$STATE/status")"
	same 2 "$(most)"
	same 3 "$(cat "$STATE/tokens")"
}

@test "two of them below one make -j share its jobs" {
	mkdir a b
	(cd a && parallel 3)
	(cd b && parallel 3)
	printf 'all: a b\na b:\n\t+mirari build --all -q $@ >/dev/null\n.PHONY: all a b\n' >"$STATE/Makefile"
	make -s -j3 -f "$STATE/Makefile"
	same 3 "$(most)"
}

@test "below a make without -j, or whose recipe has no +: as without it" {
	need taskset
	alone | by_shell unix-socket hvt xen
	for jobs in '' -j1 -j4; do
		below 'mirari build --all -q >/dev/null'
		one_processor make -s $jobs -f "$STATE/Makefile" 2>"$STATE/err"
		says_not jobserver
	done
	below '+mirari build --all -q >/dev/null'
	one_processor make -s -f "$STATE/Makefile"
	# what it is told there counts
	parallel 3
	below 'mirari build --all -q -j 3 >/dev/null'
	make -s -f "$STATE/Makefile"
	same 3 "$(most)"
}

@test "below a make -j that is interrupted, its jobs are given back" {
	need python3
	by_shell unix-socket xen <<<': >"$STATE/begun.$1"; exec sleep 1000'
	below '+sh -c '\''echo $$$$ >"$$STATE/pid"; exec mirari build --all -q'\'' >/dev/null; echo $$? >"$$STATE/status"; tokens >"$$STATE/tokens"'
	start make -s -j3 -f "$STATE/Makefile"
	until_true test -e "$STATE/begun.unix-socket"
	until_true test -e "$STATE/begun.xen"
	kill -TERM "$(cat "$STATE/pid")"
	ended
	same 143 "$(cat "$STATE/status")"
	same 2 "$(cat "$STATE/tokens")"
}

@test "MAKEFLAGS of no use: as without it, and no file of others is taken for a jobserver" {
	native
	makes_made | by_shell unix-socket hvt xen
	seq 1000 >"$STATE/file"
	touch -d '1 hour ago' "$STATE/file"
	stat -c '%s %y' "$STATE/file" >"$STATE/before"
	# shellcheck disable=SC2094 # not by what is meant to leave it alone
	for flags in ' -j4 --jobserver-auth=9,9' ' -j4 --jobserver-auth=8,8' ' -j4 --jobserver-auth=0,9' \
		' -j4 --jobserver-auth=3,4' '-j4 --jobserver-auth=' ' -j4 --jobserver-auth=x,y' \
		' -j4 --jobserver-auth=-1,-2' ' -j4 --jobserver-auth=fifo:/no/such/fifo' ' -j4 --jobserver-auth=fifo:' \
		" -j4 --jobserver-auth=fifo:$STATE/file" ' -j4 --jobserver-auth=99999999999999999999,1' \
		kns '-- X=--jobserver-auth=9,9' $'\xff\x01'; do
		status=0
		MAKEFLAGS=$flags MAKELEVEL=1 timeout 100 mirari build --all -q \
			>"$STATE/out" 2>"$STATE/err" </dev/null 3>&- 4>&- 9<>"$STATE/file" 8>>"$STATE/file" || status=$?
		exits 0
		same 3 "$(records | grep -c ' 0$')"
		same "$flags: $(cat "$STATE/before")" "$flags: $(stat -c '%s %y' "$STATE/file")"
	done
}

@test "ocamlbuild, dune and obuild get one job each below a jobserver, and all processors alone" {
	in_opam
	need dune obuild
	mkdir "$STATE/bin"
	for builder in ocamlbuild dune obuild; do
		printf '#!/bin/sh\necho "$*" >>"$STATE/%s"\nexec %s "$@"\n' $builder "$(command -v $builder)" >"$STATE/bin/$builder"
		chmod +x "$STATE/bin/$builder"
	done
	PATH=$STATE/bin:$PATH
	printf '%s\n' 'name: one' 'main: { noip: Hello.main }' >mirari.yml
	echo 'let main () = Lwt_io.printl "one"' >hello.ml
	for builder in ocamlbuild dune obuild; do
		rm -f dune-project
		[ $builder != dune ] || echo '(lang dune 2.0)' >dune-project
		# in a switch whose directory has none of these
		all -j 8 -s unix-socket --set build.system="$builder"
		exits 0
		same 1 "$(grep -cw -e -j "$STATE/$builder")"
		same 1 "$(grep -c -e '-j 1\b' "$STATE/$builder")"
		rm "$STATE/$builder"
		mirari build -q -s unix-socket --set build.system=$builder 2>/dev/null
		run cat "$STATE/$builder"
		if [ $builder = dune ]; then has_not '-j'; else has "-j $(nproc)"; fi
		mirari clean -q
		rm -rf "${STATE:?}/$builder" _build
	done
}

# ---- output --------------------------------------------------------------------------------------

@test "what two noisy targets print at the same time is kept apart: in their logs, and in one piece each" {
	by_shell unix-socket xen <<-'END'
		: >"$STATE/begun.$1"
		await "$STATE/begun.unix-socket"
		await "$STATE/begun.xen"
		i=0
		while [ $((i += 1)) -le 500 ]; do
			echo "$1 line $i"
			echo "$1 error $i" >&2
			[ $((i % 100)) != 0 ] || sleep 0.02
		done
		printf 'the end of %s' "$1"
		echo x >made
	END
	all -j 2
	exits 0
	for target in unix-socket xen; do
		for ((i = 1; i <= 500; i++)); do printf '%s line %d\n%s error %d\n' $target $i $target $i; done >"$STATE/$target"
		printf 'the end of %s' $target >>"$STATE/$target"
		cmp "$STATE/$target" _build/$target.log
	done
	# whichever was first; then the table
	for order in 'unix-socket xen' 'xen unix-socket'; do
		for target in $order; do
			echo "==> $target"
			cat "$STATE/$target"
			echo
		done >"$STATE/wanted.${order%% *}"
	done
	first=$(sed -n '1s/==> //p' "$STATE/err")
	diff "$STATE/wanted.$first" <(sed '/^TARGET  */,$d' "$STATE/err") | head -n 20 >"$STATE/difference"
	same '' "$(cat "$STATE/difference")"
}

@test "output of any bytes, and none" {
	by_shell unix-socket xen <<-'END'
		[ "$1" = xen ] || printf 'a\000b\377\033[1m\r\n%%s'
		echo x >made
	END
	all
	exits 0
	printf 'a\000b\377\033[1m\r\n%%s' | cmp - _build/unix-socket.log
	[ ! -s _build/xen.log ]
	{
		echo '==> unix-socket'
		printf 'a\000b\377\033[1m\r\n%%s\n'
	} | cmp - <(sed '/^TARGET  */,$d' "$STATE/err")
	# records that get lost
	status=0
	mirari build --all -q 2>"$STATE/err" >/dev/full || status=$?
	exits 74
}

@test "standard output has a record for each target, and nothing else; the table is on standard error" {
	by_shell unix-socket hvt xen <<<'echo noise; echo noise=x; [ "$1" != xen ]; echo x >made'
	sed -i 's/hvt: {/hvt: { switch: 4.14,/; $a block: { d: { path: y } }' mirari.yml
	all
	exits 1
	same "$(printf 'name=p\ntarget=unix-socket\nconfig.dir=%s\nbuild.dir=_build/unix-socket\nbuild.status=0\nbuild.log=%s\nartifact=made\n' \
		"$PWD" "$PWD/_build/unix-socket.log")" "$(sed '/^$/q' "$STATE/out")"
	same "$(printf '%s\n' 'unix-socket 0' 'hvt 65' 'xen 1')" "$(records)"
	grep -qx switch=4.14 "$STATE/out"
	same 3 "$(grep -c '^$' "$STATE/out")"
	same '' "$(tail -n 1 "$STATE/out")"
	run ! grep -q noise "$STATE/out"
	run sed -n '/^TARGET  */,$p' "$STATE/err"
	same "$(printf '%s\n' 'TARGET SWITCH RESULT FILE' 'unix-socket - built _build/unix-socket/made' \
		'hvt 4.14 failed (65) _build/hvt.log' 'xen - failed (1) _build/xen.log')" "$(tr -s ' ' <<<"$output")"
	# a reader of its own, as one would write it in sh
	sh -euc 'while IFS= read -r l; do case $l in "") echo "$t $s" ;; target=*) t=${l#*=} ;; build.status=*) s=${l#*=} ;; esac; done' \
		<"$STATE/out" >"$STATE/read"
	same "$(records)" "$(cat "$STATE/read")"
}

@test "on a terminal: one line about what runs, which is gone in the end, and no records" {
	need python3
	by_shell unix-socket xen <<<': >"$STATE/$1"; await "$STATE/unix-socket"; await "$STATE/xen"; echo "$1 says"; echo x >made'
	terminal mirari build --all -q -j 2 >shown
	grep -qF '0 of 2 built; building unix-socket, xen' raw
	grep -qF '1 of 2 built; building ' raw
	run cat shown
	has_not built\;
	has_not build.status
	same "$(printf '%s\n' '==> unix-socket' '==> xen' 'TARGET SWITCH RESULT FILE' 'unix-socket - built _build/unix-socket/made' \
		'unix-socket says' 'xen - built _build/xen/made' 'xen says' | LC_ALL=C sort)" \
		"$(tr -s ' ' <shown | LC_ALL=C sort)"
	# records are for files and pipes, also there; what isn't a terminal gets no escapes
	terminal sh -c 'mirari build --all -q -j 2 >"$STATE/out"' >shown
	same 'unix-socket 0|xen 0' "$(records | paste -sd '|')"
	grep -q '^TARGET ' shown
	terminal sh -c 'mirari build --all -q -j 2 2>"$STATE/err"' >shown
	same '' "$(cat shown)"
	run ! grep -q $'\033' "$STATE/err"
	says_not built\;
}

@test "on a terminal, interrupted by the key: 130, and the table stands alone" {
	need python3
	by_shell unix-socket hvt xen <<<': >"$STATE/begun"; exec sleep 1000'
	run -130 terminal -i "$STATE/begun" mirari build --all -q -j 1
	same "$(printf '%s\n' 'TARGET SWITCH RESULT FILE' 'unix-socket - failed (130) _build/unix-socket.log' \
		'hvt - not built -' 'xen - not built -')" "$(sed -n '/TARGET/,$p' <<<"$output" | tr -s ' ')"
	until_true nobody_builds
}

# ---- interrupted ---------------------------------------------------------------------------------

# sleeps [MORE]: two targets that don't end by themselves.
sleeps() {
	by_shell unix-socket hvt xen <<<": >\"\$STATE/begun.\$1\"; ${1:+$1; }exec sleep 1000"
	start mirari build --all -q -j 2
	until_true test -e "$STATE/begun.unix-socket"
	until_true test -e "$STATE/begun.hvt"
}

@test "SIGINT, SIGTERM and SIGHUP are passed on; the table tells; 128+N; the rest isn't begun" {
	for signal in INT:130 TERM:143 HUP:129; do
		rm -f "$STATE"/begun.*
		sleeps
		kill -"${signal%:*}" "$CHILD"
		ended
		exits "${signal#*:}"
		until_true nobody_builds
		for target in unix-socket hvt; do
			shows $target "- failed (${signal#*:}) _build/$target.log"
		done
		shows xen '- not built -'
		[ ! -e "$STATE/begun.xen" ]
		same "unix-socket ${signal#*:}|hvt ${signal#*:}" "$(records | paste -sd '|')"
		[ ! -L mir-p ]
	done
	makes_made >recipe
	all
	exits 0
	prints 'made for hvt' _build/hvt/made
}

@test "what a build has started itself is gone too" {
	sleeps 'sleep 1000'
	kill -TERM "$CHILD"
	ended
	exits 143
	until_true nobody_builds
}

@test "interrupted while packages are installed: opam is gone too, and the next run installs them" {
	in_opam "$BATS_TEST_TMPDIR/opam"
	makes_made | by_shell unix-socket xen
	sed -i 's/xen: {/xen: { switch: xen, packages: [slow-build],/' mirari.yml
	export SLOW=$STATE/go
	start mirari build --all -q
	until_true test -e "$SLOW.begun"
	kill -TERM "$CHILD"
	ended
	exits 143
	shows xen 'xen failed (143) _build/xen.log'
	opam_is_gone() { ! pgrep -f "^opam install .*--root=$BATS_TEST_TMPDIR/opam/root" >/dev/null; }
	until_true opam_is_gone
	: >"$SLOW"
	all
	exits 0
	prints 'made for xen' _build/xen/made
}

@test "what ignores the signal is waited for" {
	by_shell unix-socket <<-'END'
		trap '' TERM
		: >"$STATE/begun"
		await "$STATE/go"
		echo x >made
	END
	start mirari build --all -q
	until_true test -e "$STATE/begun"
	kill -TERM "$CHILD"
	sleep 0.3
	kill -0 "$CHILD"
	: >"$STATE/go"
	ended
	exits 143
	shows unix-socket '- built _build/unix-socket/made'
}

@test "an ignored SIGHUP stays ignored, as nohup has it" {
	by_shell unix-socket <<<': >"$STATE/begun"; await "$STATE/go"; echo x >made'
	env --ignore-signal=HUP mirari build --all -q >"$STATE/out" 2>"$STATE/err" </dev/null 3>&- &
	CHILD=$!
	until_true test -e "$STATE/begun"
	kill -HUP "$CHILD"
	sleep 0.2
	: >"$STATE/go"
	ended
	exits 0
	[ -e _build/unix-socket/made ]
}

# held_compiler: ocamlfind waits once a compiler is to run, in a switch that has no ocamlfind of its own.
held_compiler() {
	mkdir -p "$STATE/bin"
	cat >"$STATE/bin/ocamlfind" <<-END
		#!/bin/sh
		case "\$*" in
		'ocamlopt -c '* | *' -linkpkg '*) : >"\$STATE/begun"; await "\$STATE/go" ;;
		esac
		exec "$(command -v ocamlfind)" "\$@"
	END
	chmod +x "$STATE/bin/ocamlfind"
	PATH=$STATE/bin:$PATH
}

@test "interrupted while it compiles: nothing goes on, and the next run ends it well" {
	in_opam
	two_targets
	held_compiler
	for signal in TERM INT; do
		rm -rf _build "$STATE"/begun
		start mirari build --all -q -s unix-socket
		until_true test -e "$STATE/begun"
		kill -$signal "$CHILD"
		ended
		[ "$status" -gt 128 ]
		until_true nobody_builds
		: >"$STATE/go"
		all
		exits 0
		prints socket _build/unix-socket/mir-two
		prints direct _build/unix-direct/mir-two
		prints socket ./mir-two
		rm "$STATE/go"
	done
}

@test "killed with all that it started, at any moment: the next run ends it well" {
	in_opam
	two_targets
	for ((i = 0; i < 4; i++)); do
		rm -rf _build mir-two
		setsid mirari build --all -q >"$STATE/out" 2>&1 </dev/null 3>&- &
		CHILD=$!
		sleep "0.$((i * 11 + 2))"
		kill -KILL -- "-$CHILD" 2>/dev/null || :
		ended
		all
		exits 0
		prints socket _build/unix-socket/mir-two
		prints direct _build/unix-direct/mir-two
		prints socket ./mir-two
	done
}

@test "killed alone: what it started goes on to its end, and the next run ends it well" {
	by_shell unix-socket xen <<<': >"$STATE/begun.$1"; await "$STATE/go"; echo x >made'
	start mirari build --all -q -j 1
	until_true test -e "$STATE/begun.unix-socket"
	kill -KILL "$CHILD"
	ended
	[ "$status" = 137 ]
	: >"$STATE/go"
	until_true test -e _build/unix-socket/made
	until_true nobody_builds
	[ ! -e "$STATE/begun.xen" ]
	all
	exits 0
	same 'unix-socket 0|xen 0' "$(records | paste -sd '|')"
	same _build/unix-socket/made "$(readlink mir-p)"
}

@test "two at the same time in one project: one waits for the other" {
	by_shell unix-socket xen <<-'END'
		mkdir "$STATE/in.$1" || { echo "another builds $1"; exit 9; }
		echo x >>"$STATE/begun.$1"
		await "$STATE/go"
		rmdir "$STATE/in.$1"
		printf '#!/bin/sh\necho made for %s\n' "$1" >made
		chmod +x made
	END
	start mirari build --all -q -j 2
	until_true test -e "$STATE/begun.unix-socket"
	until_true test -e "$STATE/begun.xen"
	mirari build --all -q -j 2 >"$STATE/out2" 2>"$STATE/err2" </dev/null 3>&- &
	second=$!
	sleep 0.5 # in which it could do harm
	: >"$STATE/go"
	ended
	exits 0
	wait $second
	prints 'made for unix-socket' ./mir-p
	prints 'made for xen' _build/xen/made
	grep -q 'waiting for it' "$STATE/err2"
	says_not waiting
	run ! grep -h another _build/xen.log _build/unix-socket.log "$STATE/err" "$STATE/err2"
}

@test "two at the same time, with compilers" {
	in_opam
	two_targets
	start mirari build --all -q
	all
	exits 0
	ended
	exits 0
	prints socket _build/unix-socket/mir-two
	prints direct _build/unix-direct/mir-two
	prints socket ./mir-two
}

# ---- the tree ------------------------------------------------------------------------------------

# mirrored: builds, and the trees are as they should be.
mirrored() {
	all
	exits 0
	mirrors unix-socket
	mirrors xen
}

@test "the tree has a link for each source, also after they come, change, move and go" {
	makes_made | by_shell unix-socket xen
	mkdir -p a/b/c empty
	touch one.ml a/two.ml a/b/three.mli a/b/c/Four.txt
	mirrored
	touch five.c a/six.h
	mirrored
	rm one.ml a/b/three.mli
	mirrored
	mv a/two.ml a/renamed.ml
	mv a/b moved
	mirrored
	rm -r a
	mirrored
	mkdir a
	touch a/two.ml
	mirrored
	# nothing is read: what one edits is seen through the link
	echo edited >a/two.ml
	prints edited cat _build/xen/a/two.ml
}

@test "a file becomes a directory, and a directory a file" {
	makes_made | by_shell unix-socket xen
	touch file
	mkdir dir
	touch dir/in
	mirrored
	rm -r file dir
	mkdir file
	touch file/in dir
	mirrored
	rm -r file dir
	touch file
	mkdir dir
	touch dir/in
	mirrored
}

@test "a directory of directories becomes a file" {
	makes_made | by_shell unix-socket xen
	mkdir -p dir/deep/deeper
	touch dir/deep/deeper/in
	mirrored
	rm -r dir
	echo text >dir
	mirrored
	prints text cat _build/xen/dir
}

@test "sources that are links: to files, to directories, to nowhere, in circles, out of the project" {
	makes_made | by_shell unix-socket xen
	mkdir real "$STATE/outside"
	echo real >real/file
	echo outside >"$STATE/outside/file"
	ln -s real linked
	ln -s real/file to-file
	ln -s "$STATE/outside" out
	ln -s ../p/real sideways
	ln -s nowhere dangling
	ln -s . circle
	ln -s .. up
	mirrored
	prints real cat _build/xen/linked/file
	prints outside cat _build/xen/out/file
	prints real cat _build/unix-socket/sideways/file
	# each becomes the other kind, and back
	rm linked out dangling
	mkdir linked
	touch linked/own out dangling
	mirrored
	rm -r linked out
	ln -s real linked
	ln -s "$STATE/outside" out
	mirrored
	same outside "$(cat "$STATE/outside/file")"
	same "$(printf '%s\n' file)" "$(ls -A "$STATE/outside")"
	same file "$(ls -A real)"
}

@test "names of any bytes" {
	makes_made | by_shell unix-socket xen
	dir="it's a \"dir\" \$HOME \`id\` \\ * ;"
	mkdir "$dir" -- -rf
	touch -- $'two\nlines' $'\xff\xfe' $'tab\there' 'a  b' "'" '"' -n '*' '~' '#' 'x:y' '%s' "$dir/$dir" -rf/-- $'\e[1m' \
		"$(printf '%0255d' 0)"
	mirrored
	[ "$dir/$dir" -ef "_build/xen/$dir/$dir" ]
	rm -- $'two\nlines' $'\xff\xfe' '*' "$dir/$dir"
	mirrored
	mirari clean -q
	[ -e 'a  b' ]
	[ ! -e _build ]
}

@test "64 directories deep, and one more: an error that names it, and nothing is lost" {
	makes_made | by_shell unix-socket xen
	deep=$(printf 'd/%.0s' {1..64})
	mkdir -p "$deep"
	touch "$deep/bottom"
	mirrored
	mkdir "$deep/d"
	all
	exits 1
	says 'more than 64 directories deep'
	rmdir "$deep/d"
	mirrored
}

@test "a directory that may not be read: an error that names it, 77" {
	makes_made | by_shell unix-socket xen
	mkdir -m 0 locked
	as_user=()
	if [ "$(id -u)" = 0 ]; then
		need setpriv
		as_user=(setpriv --bounding-set=-all --inh-caps=-all)
	fi
	status=0
	"${as_user[@]}" mirari build --all -q >"$STATE/out" 2>"$STATE/err" || status=$?
	exits 1
	says 'locked: Permission denied'
	shows unix-socket '- failed (77) _build/unix-socket.log'
	chmod 755 locked
	status=0
	"${as_user[@]}" mirari build --all -q >"$STATE/out" 2>"$STATE/err" || status=$?
	exits 0
}

@test "big files are neither read nor copied" {
	makes_made | by_shell unix-socket xen
	truncate -s 4T big || lacking 'no sparse files here'
	mkdir data
	truncate -s 4T data/big
	chmod 0 data/big
	status=0
	timeout 100 mirari build --all -q >"$STATE/out" 2>"$STATE/err" || status=$?
	exits 0
	mirrors xen
	[ "$(du -sk _build | cut -f1)" -lt 200 ]
	# one for each target, but without their bytes
	mkdir many
	(cd many && seq -f 'file%g' 500 | xargs touch)
	status=0
	timeout 100 mirari build --all -q >"$STATE/out" 2>"$STATE/err" || status=$?
	exits 0
	mirrors xen
}

@test "what is no source isn't in the tree: hidden files, what builders leave, what was generated, links to it" {
	makes_made | by_shell unix-socket xen
	mirari build -q
	mkdir -p .git/x _opam/bin dist/x lib/_build lib/.hidden _build/default
	touch .git/x/y .hidden _opam/bin/ocamlc dist/x/y lib/_build/y lib/.hidden/y _build/default/y
	for suffix in cmi cmo cmx cma cmxa cmxs cmt cmti o; do touch "x.$suffix" "lib/x.$suffix"; done
	ln -s _build/default/main.native mir-other
	ln -s dist/build/x/x mir-third
	mkfifo pipe
	touch lib/kept dist.ml
	mkdir lib/dist
	touch lib/dist/kept
	all
	exits 0
	same "$(printf '%s\n' dist.ml lib lib/dist lib/dist/kept lib/kept made mirari.yml recipe)" \
		"$(cd _build/xen && find . -mindepth 1 ! -path './.mirari*' -printf '%P\n' | LC_ALL=C sort)"
	[ -L _build/xen/lib/dist/kept ]
	[ -e main.ml ] && [ ! -e _build/xen/main.ml ]
}

@test "a source whose suffix begins like a builder's is one" {
	makes_made | by_shell unix-socket xen
	touch rules.cmake run.cmd notes.cmx.txt a.out x.ocaml config.common
	mirrored
}

@test "what a build has left in the tree stays where it isn't in a source's way" {
	by_shell unix-socket xen <<<'mkdir -p out; [ -e out/kept ] || date +%N >out/kept; echo x >made; ln -sf made alias; ln -sf ../../recipe mine'
	all
	exits 0
	kept=$(cat _build/xen/out/kept)
	mkdir out
	touch out/source
	all
	exits 0
	same "$kept" "$(cat _build/xen/out/kept)"
	[ out/source -ef _build/xen/out/source ]
	rm -r out
	all
	exits 0
	same "$kept" "$(cat _build/xen/out/kept)"
	[ ! -L _build/xen/out/source ]
	same made "$(readlink _build/xen/alias)"
}

# ---- build.dir -----------------------------------------------------------------------------------

@test "build.dir: configured, built and run there, again and again; cleaned" {
	in_opam
	two_targets
	find . | sort >"$STATE/original"
	for way in key setting; do
		set=()
		if [ $way = key ]; then
			echo 'build: { dir: _out/deep }' >>mirari.yml
		else
			sed -i '/dir:/d' mirari.yml
			set=(--set build.dir=_out/deep)
		fi
		mirari configure -q "${set[@]}"
		[ -e _out/deep/main.ml ]
		mirari build -q "${set[@]}" 2>"$STATE/err"
		prints socket _out/deep/mir-two
		prints socket mirari run "${set[@]}"
		prints ./_out/deep/mir-two mirari run -n "${set[@]}"
		find _out | sort >"$STATE/built"
		traced >/dev/null
		for i in 1 2 3; do mirari build -q "${set[@]}"; done
		same '' "$(traced)"
		same "$(cat "$STATE/built")" "$(find _out | sort)"
		same '' "$(find . -mindepth 1 -maxdepth 1 -name '*.native' -o -maxdepth 1 -name main.ml -o -maxdepth 1 -name 'mir-*')"
		# seen through the links
		sed -i 's/"socket"/"edited"/' hello.ml
		mirari build -q "${set[@]}" 2>"$STATE/err"
		prints edited mirari run "${set[@]}"
		sed -i 's/"edited"/"socket"/' hello.ml
		rm -rf _out .mirari
	done
	same "$(cat "$STATE/original")" "$(find . | sort)"
}

@test "build.dir: clean removes the tree" {
	makes_made | by_shell unix-socket xen
	find . | sort >"$STATE/original"
	echo 'build: { dir: _out/deep }' >>mirari.yml
	mirari build -q
	mirari clean -q
	same "$(cat "$STATE/original")" "$(find . | sort)"
}

@test "build.dir: the trees of two don't get into each other" {
	makes_made | by_shell unix-socket xen
	mirari build -q --set build.dir=_a
	mirari build -q --set build.dir=_b
	mirari build -q --set build.dir=_a
	all
	exits 0
	run find . -path './_a/_*' -o -path './_b/_*' -o -path './_build/*/_*'
	same '' "$output"
}

@test "build.dir that is a person's directory: what is in it isn't lost" {
	makes_made | by_shell unix-socket xen
	mkdir _mine
	echo mine >_mine/notes
	run -73 --separate-stderr mirari build -q --set build.dir=_mine
	[[ "$stderr" == *'/_mine: has files of others in it'* ]]
	mirari clean -q
	same mine "$(cat _mine/notes)"
	# an empty one is fine, and so is one of ours whose list was lost
	mkdir _empty
	mirari build -q --set build.dir=_empty
	rm -r .mirari
	mirari build -q --set build.dir=_empty
	mirari clean -q
	[ ! -e _empty ]
}

@test "a person's directory where the tree of one target would be: the others are built" {
	makes_made | by_shell unix-socket xen
	mkdir -p _build/xen
	echo mine >_build/xen/notes
	all
	exits 1
	says '/_build/xen: has files of others in it'
	shows unix-socket '- built _build/unix-socket/made'
	shows xen '- failed (73) _build/xen.log'
	mirari clean -q
	same mine "$(cat _build/xen/notes)"
	[ ! -e _build/unix-socket ]
}

@test "build.dir: --all has its own" {
	makes_made | by_shell unix-socket xen
	echo 'build: { dir: _out }' >>mirari.yml
	all
	exits 0
	[ ! -e _out ]
	prints 'made for xen' _build/xen/made
	same _build/unix-socket/made "$(readlink mir-p)"
}

@test "build.dir -n: pasted into a shell, it is the verb" {
	need dash
	makes_made | by_shell unix-socket xen
	echo 'build: { dir: "_it'\''s $HOME" }' >>mirari.yml
	mirari build -n >pasted.sh
	[ ! -e .mirari ]
	mirari configure -n >>pasted.sh
	dash -eu pasted.sh >/dev/null 2>&1
	prints 'made for unix-socket' "_it's \$HOME/made"
	run --separate-stderr mirari build
	same '' "$stderr" # it has been configured
}

@test "build.dir: what can't be one is refused, with what can" {
	makes_made | by_shell unix-socket xen
	cp mirari.yml "$STATE/good.yml"
	for dir in out /abs _a/../b _a/.. ../_a _a/./b _a//b _a/ '' . / ~ build/_x _build _build/default _build/default/x _opam; do
		run -64 --separate-stderr mirari build --set "build.dir=$dir"
		[[ "$stderr" == *build.dir*"begins with '_', or one below it, such as _build/xen"* ]]
		printf '%s\n' "$(cat "$STATE/good.yml")" "build: { dir: '$dir' }" >mirari.yml
		run -65 --separate-stderr mirari-parse
		[[ "$stderr" == *"mirari.yml:8:"*"begins with '_', or one below it, such as _build/xen"* ]]
	done
	cp "$STATE/good.yml" mirari.yml
	same "$(printf '%s\n' mirari.yml recipe)" "$(ls -A)"
	for dir in _ _a _a/b _build/mine '_a b' _é; do
		same "$dir" "$(mirari-parse --set "build.dir=$dir" --get build.dir)"
	done
}

# ---- mir-NAME ------------------------------------------------------------------------------------

@test "mir-NAME: made, kept, and changed from what was built before" {
	makes_made | by_shell unix-socket xen
	all
	exits 0
	same _build/unix-socket/made "$(readlink mir-p)"
	stat -c '%i %z' mir-p >"$STATE/before"
	all
	exits 0
	same "$(cat "$STATE/before")" "$(stat -c '%i %z' mir-p)"
	for old in _build/xen/made _build/default/main.native _build/gone dist/build/p/p; do
		ln -sfn $old mir-p
		all
		exits 0
		same _build/unix-socket/made "$(readlink mir-p)"
	done
	# that of a failure stays as it was
	sed -i '1i false' recipe
	all
	exits 1
	same _build/unix-socket/made "$(readlink mir-p)"
}

@test "mir-NAME that is a person's stays: 73, and it is said" {
	makes_made | by_shell unix-socket xen
	mkdir "$STATE/dir"
	for kind in 'echo mine >mir-p' 'mkdir mir-p' "ln -s $STATE/dir mir-p" 'ln -s recipe mir-p' ': >mir-p'; do
		eval "$kind"
		stat -c '%i %F %s' mir-p >"$STATE/before"
		all
		exits 73
		says '/mir-p: is no link to something built: left as it is'
		same "$(cat "$STATE/before")" "$(stat -c '%i %F %s' mir-p)"
		# they are built all the same, and that is told
		same 'unix-socket 0|xen 0' "$(records | paste -sd '|')"
		shows xen '- built _build/xen/made'
		rm -r mir-p
	done
}

@test "mir-NAME that is a FIFO stays too, and nobody waits for its writer" {
	makes_made | by_shell unix-socket xen
	mkfifo mir-p
	status=0
	timeout 15 mirari build --all -q >"$STATE/out" 2>"$STATE/err" || status=$?
	exits 73
	[ -p mir-p ]
}

@test "mir-NAME that is a person's link to what isn't there now stays too" {
	makes_made | by_shell unix-socket xen
	for to in /no/such/place elsewhere/p _builds/p; do
		ln -sfn "$to" mir-p
		all
		exits 73
		says '/mir-p: is no link to something built: left as it is'
		same "$to" "$(readlink mir-p)"
	done
}

# ---- clean ---------------------------------------------------------------------------------------

@test "clean: trees, logs and link are gone, whatever else was built" {
	in_opam
	need dune
	two_targets
	for steps in 'ocamlbuild all in_tree' 'dune all in_tree' 'dune in_tree all'; do
		builder=${steps%% *}
		[ "$builder" != dune ] || echo '(lang dune 2.0)' >dune-project # dune would make one
		find . | sort >"$STATE/original"
		for step in ${steps#* }; do
			if [ "$step" = all ]; then
				all --set build.system="$builder"
			else
				mirari build -q --set build.system="$builder" >"$STATE/out" 2>"$STATE/err"
			fi
		done
		mirari clean >"$STATE/out" 2>"$STATE/err"
		says 'removed _build/unix-socket.log'
		same "$steps: $(cat "$STATE/original")" "$steps: $(find . | sort)"
		run mirari clean
		has 'nothing has been generated'
	done
}

@test "clean: what has failed leaves nothing either" {
	makes_made | by_shell unix-socket xen
	find . | sort >"$STATE/original"
	echo 'exit 5' >recipe
	all
	exits 1
	mirari clean -q
	same "$(cat "$STATE/original")" "$(find . | sort)"
	# not even begun
	sed -i 's/unix-socket: {.*/unix-socket: { main: { ip: P.main } }/; s/xen: {.*/xen: {}/' mirari.yml
	all
	exits 1
	mirari clean -q
	same "$(cat "$STATE/original")" "$(find . | sort)"
}

edited_stays() {
	in_opam
	two_targets
	all --set build.system="$1"
	exits 0
	mirari build -q --set build.system="$1" 2>/dev/null
	echo '(* edited *)' >>_build/unix-direct/main.ml
	run mirari clean
	[ "$status" = 0 ]
	has 'left _build/unix-direct/main.ml: edited by hand (--force removes it)'
	grep -q edited _build/unix-direct/main.ml
	[ ! -e _build/unix-socket ]
	[ ! -e _build/unix-socket.log ]
	mirari clean -q --force
	[ ! -e _build ]
	[ ! -L mir-two ]
	[ ! -e mir-two ]
}

@test "clean: a generated file that was edited in a tree stays, and with it the tree, without --force" {
	edited_stays ocamlbuild
}

@test "clean: the same when what was built beside the sources is dune's to clean" {
	need dune
	echo '(lang dune 2.0)' >dune-project
	edited_stays dune
}

@test "clean: a person's own files beside ours in _build stay, and so do the sources of the links" {
	makes_made | by_shell unix-socket xen
	mkdir -p lib _build/mine _build/hvt
	echo text >lib/source
	echo text >_build/notes
	echo text >_build/hvt/mine # no tree of ours
	ln -s "$PWD/lib" _build/mine/lib
	all
	exits 0
	mirari clean -q
	same "$(printf '%s\n' . ./_build ./_build/hvt ./_build/hvt/mine ./_build/mine ./_build/mine/lib ./_build/notes ./lib ./lib/source ./mirari.yml ./recipe)" \
		"$(find . | LC_ALL=C sort)"
	same text "$(cat lib/source)"
}

@test "clean: whatever is in the list of trees, nothing is removed but such trees" {
	makes_made | by_shell unix-socket xen
	mkdir .mirari lib "$STATE/outside"
	echo text >lib/source
	echo text >"$STATE/outside/file"
	ln -s "$STATE/outside" _linked
	printf '%s\n' lib ../state/outside "$STATE/outside" _x/../lib . .. '' _linked _linked/file recipe \
		_gone >.mirari/trees
	printf '_no-end-of-line' >>.mirari/trees
	mirari clean -q
	same text "$(cat lib/source)"
	same text "$(cat "$STATE/outside/file")"
	[ -e recipe ]
	[ -L _linked ]
	mkdir -p .mirari
	: >.mirari/trees
	mirari clean -q
	[ ! -e .mirari ]
}

# same_clean WHAT: with and without --force, for the project in the working directory.
same_clean() {
	local options
	cp -a . "$STATE/copy"
	for options in '' -f; do
		snapshot . >"$STATE/before"
		# shellcheck disable=SC2086 # words
		mirari clean -n $options >"$STATE/pasted.sh" 2>/dev/null
		same "$(cat "$STATE/before")" "$(snapshot .)"
		# shellcheck disable=SC2086
		mirari clean -q $options 2>/dev/null
		find . -printf '%P %y %l\n' | sort >"$STATE/by-verb"
		find . -mindepth 1 -delete
		cp -a "$STATE/copy/." .
		dash -eu "$STATE/pasted.sh"
		same "$1 $options: $(cat "$STATE/by-verb")" "$1 $options: $(find . -printf '%P %y %l\n' | sort)"
		find . -mindepth 1 -delete
		cp -a "$STATE/copy/." .
	done
	rm -rf "$STATE/copy"
}

@test "clean -n touches nothing, and what it prints does what clean does" {
	need dash
	in_opam
	dir="it's \$HOME"
	mkdir "$dir"
	cd "$dir"
	two_targets
	same_clean 'nothing built'
	all --set main.entry=Nosuch.main
	exits 1
	same_clean 'one failed'
	all
	exits 0
	same_clean all
	mirari build -q 2>/dev/null
	same_clean 'beside the sources, too'
	echo '(* edited *)' >>_build/unix-direct/main.ml
	same_clean 'one edited'
	echo '(* edited *)' >>main.ml
	same_clean 'two edited'
}

# ---- -n, usage, targets --------------------------------------------------------------------------

@test "-n prints a pipeline for each target, changes nothing, and pasted into a shell builds them" {
	need dash
	in_opam
	three_targets
	mkdir "it's"
	mv ./*.ml mirari.yml "it's"
	sed -i 's|"../for|"../../for|g' "it's/mirari.yml"
	sed -i 's/^name/memory: 32\nname/' "it's/mirari.yml"
	snapshot . >"$STATE/before"
	mirari build --all -q -n --set arg="a 'b' \$HOME" "it's" >"$STATE/pasted.sh"
	same "$(cat "$STATE/before")" "$(snapshot .)"
	same 3 "$(grep -c 'mirari-opam-exec --build$' "$STATE/pasted.sh")"
	dash -eu "$STATE/pasted.sh" >"$STATE/out" 2>&1
	prints 'socket, socket file' "it's/_build/unix-socket/mir-three"
	prints 'direct, direct file' "it's/_build/unix-direct/mir-three"
	prints 'xen, demo-lib 1.0' "it's/_build/xen/three.xen"
	# to the verb it is configured and built
	traced >/dev/null
	all --set arg="a 'b' \$HOME" "it's"
	exits 0
	same 'ocamlopt switch=xen' "$(traced)"
	says_not configuring
	# what is up to date isn't configured again
	run mirari build --all -q -n --set arg="a 'b' \$HOME" "it's"
	has_not '--install'
	has "'--target=xen'"
	# each gets what concerns installing
	run mirari build --all -q -n --create-switch --install-system --wait=7 "it's"
	same 3 "$(grep -c -- '--install .*--install-system.*--create-switch.*--wait=7' <<<"$output")"
	run mirari build --all -q -n --no-install "it's"
	has_not '--install'
	# an error of one
	sed -i 's/\(  *\)build: { command/\1build: { system: dune, command/' "it's/mirari.yml"
	run -1 --separate-stderr mirari build --all -q -n "it's"
	same 2 "$(grep -c 'mirari-opam-exec --build$' <<<"$output")"
	[[ "$stderr" == *'build.system is dune'* ]]
}

@test "usage: 64, what is wrong, and nothing made" {
	makes_made | by_shell unix-socket xen
	for words in '--all -t xen' '--all --target=unix-socket' '--all --xen' '--all --socket' '--all --unix' \
		'-j 2' '--jobs=2' '--all -j 0' '--all -j x' '--all -j -1' '--all -j 1025' '--all -j 1.5' '--all -j 99999999999999999999' \
		'--all --jobs=' '--all --no-install --wait=3' '--all a.yml b.yml' '--all=x' '--all -'; do
		# shellcheck disable=SC2086 # words
		run -64 --separate-stderr mirari build $words
		same '' "$output"
		[ -n "$stderr" ]
	done
	run -64 --separate-stderr mirari build --all -t xen
	[[ "$stderr" == *'--all'*'--target=xen'* ]]
	run -64 --separate-stderr mirari build --all -j 0
	[[ "$stderr" == *'--jobs=0: expected a whole number from 1 to 1024'* ]]
	run -64 --separate-stderr mirari build -j 3
	[[ "$stderr" == *'--all'* ]]
	run -64 --separate-stderr mirari build --all --set memory=lots
	[[ "$stderr" == *memory* ]]
	same "$(printf '%s\n' mirari.yml recipe)" "$(ls -A)"
}

@test "mirari-parse --list-targets: the default first, then those that are listed" {
	printf '%s\n' 'name: p' 'main: { noip: P.main }' >mirari.yml
	same unix-socket "$(mirari-parse --list-targets)"
	echo 'targets: { xen: {}, hvt: { memory: 4 }, unix-socket: }' >>mirari.yml
	same 'unix-socket hvt xen' "$(mirari-parse --list-targets | paste -sd ' ')"
	echo 'target: virtio' >>mirari.yml
	same 'virtio unix-socket hvt xen' "$(mirari-parse --list-targets | paste -sd ' ')"
	same 'xen unix-socket hvt' "$(mirari-parse --list-targets --set target=xen | paste -sd ' ')"
	same 'spt unix-socket hvt xen' "$(mirari-parse --list-targets --set=target=spt - <mirari.yml | paste -sd ' ')"
	echo 'targets: {}' >empty.yml
	printf '%s\n' 'name: p' 'main: { noip: P.main }' >>empty.yml
	same unix-socket "$(mirari-parse --list-targets empty.yml)"
	printf '%s\n' 'main-noip: P.main' >old.conf
	same unix-socket "$(mirari-parse --list-targets old.conf)"
	same unix-direct "$(mirari-parse --list-targets --set target=unix-direct old.conf)"
	run --separate-stderr mirari-parse --list-targets -q /dev/full
	[ "$status" -ne 0 ]
	run -74 sh -c 'mirari-parse --list-targets >/dev/full'
}

@test "mirari-parse --list-targets: what is wrong with the file or the command line" {
	printf '%s\n' 'name: p' 'main: { noip: P.main }' 'targets: { xne: {}, xen: { memory: lots } }' >mirari.yml
	run -65 --separate-stderr mirari-parse --list-targets
	same '' "$output"
	[[ "$stderr" == *'mirari.yml:3:'*xne*"mirari.yml:3:"*memory* ]]
	printf '%s\n' 'name: p' 'main: { noip: P.main }' >mirari.yml
	for words in '-t xen' '--get=name' '--format=json' '--set target=nosuch' '--set nosuch=1' 'a b'; do
		# shellcheck disable=SC2086 # words
		run -64 --separate-stderr mirari-parse --list-targets $words
		same '' "$output"
	done
	run -65 mirari-parse --list-targets nosuch.yml
}
