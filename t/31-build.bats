#!/usr/bin/env bats
# What mirari-gen writes, built by the real builders, run, and fetched from. The tools alone do it:
# mirari-parse | mirari-gen | mirari-opam-exec --build.
load lib/common.bash

setup_file() {
	# Compilers that write down how they are called.
	mkdir "$BATS_FILE_TMPDIR/wrapped"
	local program real
	for program in ocamlfind ocamlopt ocamlopt.opt ocamlc ocamlc.opt ocamldep ocamldep.opt; do
		real=$(command -v $program) || continue
		printf '#!/bin/sh\nprintf "%%s\\n" "%s $*" >>"$COMPILER_LOG"\nexec "%s" "$@"\n' $program "$real" \
			>"$BATS_FILE_TMPDIR/wrapped/$program"
		chmod +x "$BATS_FILE_TMPDIR/wrapped/$program"
	done
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/p"
	export HOME=$BATS_TEST_TMPDIR/home COMPILER_LOG=$BATS_TEST_TMPDIR/compilers
	cd "$BATS_TEST_TMPDIR/p" || return 1
	SERVER=
}

teardown() {
	if [ -n "$SERVER" ] && kill -KILL "$SERVER" 2>/dev/null; then
		wait "$SERVER" || [ $? -ge 128 ]
	fi
}

# build [OPTION of mirari-parse]...
build() {
	mirari-parse -q "$@" | mirari-gen -q | mirari-opam-exec --build
}

# The same, with the compilers' calls in $COMPILER_LOG: only those that compile or link, not questions.
watched_build() {
	: >"$COMPILER_LOG"
	PATH=$BATS_FILE_TMPDIR/wrapped:$PATH build "$@"
}

compiled() {
	grep -v -e '-config$' -e '-version$' -e '-where$' -e '^ocamlfind printconf' -e '^ocamlfind query' \
		"$COMPILER_LOG"
}

# Nothing was done: no compiler ran, and but for dune, which asks them things each time, none was started.
idle() {
	run ! compiled
	[ -e dune-project ] || same '' "$(cat "$COMPILER_LOG")"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# serve COMMAND...: starts a server, as $SERVER, and waits until it listens.
serve() {
	local n
	rm -f out err
	: >err
	"$@" >out 2>err 3>&- &
	SERVER=$!
	for n in {1..500}; do
		! grep -q 'listening to HTTP' err || return 0
		kill -0 "$SERVER" || break
		sleep 0.02
	done
	cat out err
	return 1
}

# ends_with STATUS: the server gets SIGTERM, and that is its exit status.
ends_with() {
	local pid=$SERVER status=0
	kill -TERM "$pid"
	SERVER=
	wait "$pid" || status=$?
	same "$1" "$status"
}

fetch() {
	curl -sS --max-time 10 --noproxy '*' "$@"
}

# A program of two modules that ends with 7; the files of an HTTP server.
hello_project() {
	printf '%s\n' 'name: hello' 'main: { noip: Hello.main }' 'depends: [lwt.unix]' >mirari.yml
	echo 'let main () = Lwt.bind (Lwt_io.printl Text.text) (fun () -> exit 7)' >hello.ml
	echo 'let text = "one"' >text.ml
}

www_project() {
	printf '%s\n' 'name: www' 'main: { http: Dispatch.main }' 'depends: [uri]' \
		"http: { port: $1, address: '$2' }" 'fs: { static: "the files" }' >mirari.yml
	cat >dispatch.ml <<-'END'
		let main _ request _ =
		  match Uri.pct_decode (Uri.path (Cohttp.Request.uri request)) with
		  | "/boom" -> failwith "boom was asked for"
		  | path ->
		    match Filesystem_static.read path with
		    | Some body -> Cohttp_lwt_unix.Server.respond_string ~status:`OK ~body ()
		    | None -> Cohttp_lwt_unix.Server.respond_string ~status:`Not_found ~body:"no such file" ()
	END
	mkdir -p 'the files/sub dir'
	echo '<p>index' >'the files/index.html'
	python3 -c 'import random, sys; sys.stdout.buffer.write(bytes(range(256)) + random.randbytes(150000))' \
		>'the files/sub dir/binary'
	: >'the files/empty'
}

# use BUILDER: the project in the working directory is built with it from now on.
use() {
	need "$1" ocamlfind make
	if [ "$1" = dune ]; then
		echo '(lang dune 2.0)' >dune-project
	else
		echo "build: { system: $1 }" >>mirari.yml
	fi
}

# says TEXT: the program prints it and ends with 7.
says() {
	run -7 ./mir-hello
	same "$1" "$output"
}

# ---- hello -----------------------------------------------------------------------------------

hello_with() {
	hello_project
	use "$1"
	watched_build
	says one
	compiled | grep -q ocamlopt

	# nothing changed: no compiler starts, the program stays
	local before
	before=$(stat -L -c '%i %y' mir-hello)
	watched_build
	idle
	same "$before" "$(stat -L -c '%i %y' mir-hello)"

	# an edited file, of the same size
	sed -i 's/one/two/' text.ml
	watched_build
	says two
	compiled | grep -q ocamlopt
	watched_build
	idle

	# a new module, and an interface
	echo 'let more = "three"' >extra.ml
	echo 'val text : string' >text.mli
	sed -i 's/"two"/"two and " ^ Extra.more/' text.ml
	watched_build
	says 'two and three'

	# a mistake fails the build each time, and names the file
	echo 'let more = 3' >extra.ml
	run watched_build
	[ "$status" != 0 ]
	has text.ml
	run watched_build
	[ "$status" != 0 ]

	# a removed file that is needed fails it too; one that isn't, doesn't
	rm extra.ml
	run watched_build
	[ "$status" != 0 ]
	has Extra
	rm text.mli
	echo 'let text = "four"' >text.ml
	watched_build
	says four

	# another configuration
	echo 'let main () = Lwt.bind (Lwt_io.printl "other") (fun () -> exit 7)' >other.ml
	sed -i 's/Hello.main/Other.main/' mirari.yml
	watched_build
	says other
	watched_build
	idle
}

@test "hello with ocamlbuild: built, run, rebuilt when something changed and not otherwise" {
	hello_with ocamlbuild
}

@test "hello with dune: built, run, rebuilt when something changed and not otherwise" {
	hello_with dune
}

@test "hello with obuild: built, run, rebuilt when something changed and not otherwise" {
	hello_with obuild
}

@test "hello with a command of its own, word for word" {
	need ocamlfind
	hello_project
	cat >>mirari.yml <<-'END'
		build:
		  system: command
		  command: [sh, -c, 'printf "%s\n" "$@" >words; exec ocamlfind ocamlopt -thread -package lwt.unix -linkpkg -o mir-hello text.ml hello.ml main.ml', sh, 'a  b', '', '$x%%"']
	END
	build
	says one
	same "$(printf '%s\n' 'a  b' '' '$x%%"')" "$(cat words)"
	sed -i 's/one/two/' text.ml
	build
	says two
	# its exit status is the build's, and its standard input empty
	sed -i "s/  command:.*/  command: [sh, -c, 'cat; exit 9']/" mirari.yml
	run -9 build
	same '' "$output"
}

@test "the builder changed in one directory, back and forth: each time what was built is what runs" {
	need ocamlfind ocamlbuild dune obuild make
	hello_project
	local n=0 builder
	for builder in obuild dune ocamlbuild dune; do
		n=$((n + 1))
		echo "let text = \"$builder $n\"" >text.ml
		build --set=build.system=$builder 2>/dev/null
		says "$builder $n"
	done
	# nothing but the builder
	build --set=build.system=ocamlbuild
	says 'dune 4'
}

@test "a project's directory may have any name, a unikernel any that is allowed" {
	need ocamlfind ocamlbuild dune obuild make
	local builder
	for builder in ocamlbuild dune obuild; do
		mkdir "it's \"$builder\"  100% \$x *) #(é)"
		cd "it's \"$builder\"  100% \$x *) #(é)"
		hello_project
		mkdir "the files"
		echo 'content' >"the files/x y"
		echo 'fs: { static: "the files" }' >>mirari.yml
		echo 'let text = Option.get (Filesystem_static.read "x y")' >text.ml
		use $builder
		watched_build --set=name=1a.B_c+d-e
		run -7 ./mir-1a.B_c+d-e
		same content "$output"
		watched_build --set=name=1a.B_c+d-e
		idle
		cd ..
	done
}

@test "make clean removes what make made, and only that" {
	need ocamlfind ocamlbuild obuild make
	hello_project
	local builder before
	for builder in ocamlbuild obuild; do
		mirari-parse --set=build.system=$builder | mirari-gen -q >/dev/null
		before=$(find . | sort)
		make -s
		says one
		make -s clean
		same "$before" "$(find . | sort)"
	done
}

@test "a reader that went away is an error to handle, not the end of the program" {
	need ocamlfind ocamlbuild make python3
	hello_project
	cat >hello.ml <<-'END'
		let main () =
		  match Unix.write_substring Unix.stdout "text" 0 4 with
		  | _ -> exit 7
		  | exception Unix.Unix_error (Unix.EPIPE, _, _) -> exit 8
	END
	build 2>/dev/null
	run python3 -c 'import os, subprocess, sys
reader, writer = os.pipe()
os.close(reader)
sys.exit(subprocess.call(["./mir-hello"], stdout=writer) % 256)'
	same 8 "$status"
}

# ---- www -------------------------------------------------------------------------------------

www_with() {
	need python3 curl
	local port url
	port=$(free_port)
	url=http://127.0.0.1:$port
	www_project "$port" 127.0.0.1
	if [ "$1" = command ]; then
		need ocamlfind
		printf 'build: { system: command, command: [%s] }\n' "ocamlfind, ocamlopt, -thread, -package, cohttp-lwt-unix, \
			-linkpkg, -o, mir-www, filesystem_static.ml, dispatch.ml, main.ml" >>mirari.yml
	else
		use "$1"
	fi
	build
	serve ./mir-www
	grep -q "127.0.0.1 port $port" err

	same '<p>index' "$(fetch "$url/index.html")"
	fetch -o ../got "$url/sub%20dir/binary"
	cmp 'the files/sub dir/binary' ../got
	same "200 0" "$(fetch -o /dev/null -w '%{http_code} %{size_download}' "$url/empty")"
	same "404 12" "$(fetch -o /dev/null -w '%{http_code} %{size_download}' "$url/nonesuch")"
	ends_with 143
	run -7 fetch "$url/index.html"
}

@test "www with ocamlbuild: files served as they are, 404, ended by SIGTERM" {
	www_with ocamlbuild
}

@test "www with dune: files served as they are, 404, ended by SIGTERM" {
	www_with dune
}

@test "www with obuild: files served as they are, 404, ended by SIGTERM" {
	www_with obuild
}

@test "www with a command of its own: files served as they are, 404, ended by SIGTERM" {
	www_with command
}

@test "a server on all addresses: errors are said, other connections go on" {
	need ocamlfind ocamlbuild make curl python3
	local port
	port=$(free_port)
	www_project "$port" '*'
	build 2>/dev/null
	serve ./mir-www
	same '<p>index' "$(fetch "http://127.0.0.1:$port/index.html")"
	if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
		same '<p>index' "$(fetch "http://[::1]:$port/index.html")"
	fi

	# an exception of the program
	same 500 "$(fetch -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/boom")"
	grep -q 'boom was asked for' err
	# a peer that goes away in the middle of an answer, one that talks nonsense, one that says nothing
	python3 - "$port" <<-'END'
		import socket, struct, sys
		ask = b'GET /sub%20dir/binary HTTP/1.1\r\nHost: x\r\n\r\n'
		for text, answer in ((ask * 100, 1), (b'\0\xff nonsense\r\n\r\n', 0), (b'', 0)):
		    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
		    s.sendall(text)
		    s.shutdown(socket.SHUT_WR)
		    s.recv(answer)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
		    s.close()
	END
	same '<p>index' "$(fetch "http://127.0.0.1:$port/index.html")"

	# the port is taken
	run -1 timeout 10 ./mir-www
	has "mir-www: cannot listen on * port $port: Address already in use"
	same '<p>index' "$(fetch "http://127.0.0.1:$port/index.html")"

	# ended while somebody is connected, and started again at once
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	ends_with 143
	exec 9>&-
	serve ./mir-www
	same '<p>index' "$(fetch "http://127.0.0.1:$port/index.html")"
	ends_with 143
}

# ---- the examples ----------------------------------------------------------------------------

# example NAME: a copy of it is the working directory. Its README says how it is run.
example() {
	need ocamlfind ocamlbuild make
	cp -R "$SOURCE/share/examples/$1" ../example
	cd ../example || return 1
	grep -qF "\`mirari configure && mirari build && mirari run\`" README.md
}

# on_port FILE: puts a free port into a configuration, as $PORT and in $URL.
on_port() {
	need curl python3
	PORT=$(free_port)
	URL=http://127.0.0.1:$PORT
	grep -q 8080 "$1"
	grep -q 'http://localhost:8080/' README.md
	sed -i "s/8080/$PORT/" "$1"
}

@test "example hello: as its README says" {
	example hello
	mirari configure && mirari build
	run -0 mirari run
	same "Hello, unikernel|Hello, unikernel|Hello, unikernel" "$(paste -sd'|' <<<"$output")"
	grep -qF "\`mirari build && mirari run\`" README.md
	sed -i 's/Hello, unikernel/Goodbye/; s/greet 3/greet 1/' hello.ml
	mirari build
	run -0 mirari run
	same Goodbye "$output"
}

@test "example www: as its README says" {
	example www
	on_port mirari.yml
	mirari configure && mirari build
	serve mirari run

	same "200 text/html; charset=utf-8" "$(fetch -o ../got -w '%{http_code} %{content_type}' "$URL/")"
	cmp files/index.html ../got
	same "200 image/png" "$(fetch -o ../got -w '%{http_code} %{content_type}' "$URL/favicon.png")"
	cmp files/favicon.png ../got
	same "200 $URL/about/" "$(fetch -L -o ../got -w '%{http_code} %{url_effective}' "$URL/about")"
	cmp files/about/index.html ../got
	same 404 "$(fetch -o /dev/null -w '%{http_code}' "$URL/nonesuch")"
	same 404 "$(fetch -o /dev/null -w '%{http_code}' --path-as-is "$URL/../mirari.yml")"
	same 405 "$(fetch -o /dev/null -w '%{http_code}' -d x=y "$URL/")"
	same "200 0 $(stat -c %s files/style.css)" \
		"$(fetch -I -o ../got -w '%{http_code} %{size_download} ' "$URL/style.css")$(
			sed -n 's/^content-length: \([0-9]*\).*/\1/ip' ../got)"
	ends_with 143

	# a changed file
	grep -q "\`mirari build\` puts it into the program" README.md
	echo '<p>changed' >files/index.html
	mirari build
	serve mirari run
	same '<p>changed' "$(fetch "$URL/")"
	ends_with 143
}

@test "example www-2013: as its README says" {
	example www-2013
	on_port www.conf
	mirari configure && mirari build
	serve mirari run
	fetch -o ../got "$URL/"
	cmp files/index.html ../got
	fetch -o ../got "$URL/lines.txt"
	cmp files/lines.txt ../got
	same "404 No such file: /nonesuch" "$(fetch -w '%{http_code} ' -o ../got "$URL/nonesuch")$(cat ../got)"
	ends_with 143

	# the same as YAML
	grep -qF "\`mirari-parse --format=yaml www.conf\`" README.md
	mirari-parse --format=yaml www.conf >mirari.yml
	same "$(mirari-parse www.conf | grep -v ^config.file=)" "$(mirari-parse mirari.yml | grep -v ^config.file=)"
}
