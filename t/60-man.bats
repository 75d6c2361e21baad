#!/usr/bin/env bats
# The manual against the tools: each says what the other does, and every example runs.
#
# In a section EXAMPLES a literal block (.Bd -literal … .Ed) is a script when its first line begins
# with "$ ":
#
#   $ command        what is typed; "> " continues it
#   anything else    what it prints: these lines are on its standard output, in this order, with
#                    others between them or not; "..." in one stands for any text
#
# It runs under sh -eu in a directory of its own, which has what make_project makes. Those of
# mirari-opam-exec(1) have a root of opam too, by lib/opam-root, and those of mirari-tap(1) and
# mirari-gc(1) a network namespace each. A block that isn't a script is a configuration, which
# mirari-parse must read.

load lib/common.bash

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_project
	mkdir home
}

make_project() {
	mkdir project project/files
	cat >project/mirari.yml <<-END
		name: hello
		main: { noip: Hello.main }
		depends: [lwt.unix]
	END
	cat >project/app.conf <<-END
		main-noip: Hello.main
		depends: lwt.unix
	END
	echo 'let main () = Lwt_io.printl "Hello, unikernel"' >project/hello.ml
	echo '<p>Hello</p>' >project/files/index.html
}

pages() {
	(cd "$SOURCE/man" && printf '%s\n' *.[1-8])
}

# source text -> text as it is shown, for the escapes that the pages use where text is literal
plain() {
	sed -e 's/\\e/\x01/g; s/\\(aq/'\''/g; s/\\(dq/"/g; s/\\&//g' \
		-e '/\\/{ s/^/unknown escape: /; w /dev/stderr' -e 'q1; }' -e 's/\x01/\\/g'
}

# section PAGE NAME: its source
section() {
	sed -n "/^\\.Sh $2\$/,/^\\.Sh /p" "$SOURCE/man/$1" | sed '1d; $d'
}

# split_blocks DIR <SOURCE: each literal block as DIR/N
split_blocks() {
	awk -v dir="$1" '
		/^\.Bd -literal/ { file = dir "/" ++n; next }
		/^\.Ed/ { close(file); file = "" }
		file { print >file }'
}

is_script() {
	[ "$(head -c 2 "$1")" = '$ ' ]
}

# in_order EXPECTED ACTUAL: every line of EXPECTED is in ACTUAL, in this order
in_order() {
	local wanted line
	exec 5<"$2"
	while IFS= read -r wanted; do
		case $wanted in '' | ...) continue ;; esac
		while :; do
			IFS= read -r line <&5 || {
				printf 'not printed: %s\n' "$wanted" >&2
				return 1
			}
			# shellcheck disable=SC2053 # a pattern: what is not "..." is quoted
			[[ $line == $(printf '%q' "$wanted" | sed 's/\.\.\./*/g') ]] && break
		done
	done <"$1"
}

# What a script is run by: words in front of sh.
RUN=(exec)

# run_script NAME BLOCK: in a new copy of the project
run_script() {
	local dir=$BATS_TEST_TMPDIR/$1
	mkdir "$dir"
	cp -a "$BATS_FILE_TMPDIR/project" "$dir/project"
	plain <"$2" >"$dir/text" || return
	sed -n 's/^[$>] //p' "$dir/text" >"$dir/script"
	sed '/^[$>] /d' "$dir/text" >"$dir/shown"
	(cd "$dir/project" && "${RUN[@]}" sh -eu ../script) </dev/null >"$dir/out" 2>"$dir/err" &&
		in_order "$dir/shown" "$dir/out" 2>>"$dir/err" && return
	printf '%s: example failed:\n' "$1"
	cat "$dir/text"
	printf -- '--- standard output:\n'
	cat "$dir/out"
	printf -- '--- standard error:\n'
	cat "$dir/err"
	return 1
} >&2

# run_examples PAGE
run_examples() {
	local blocks=$BATS_TEST_TMPDIR/blocks.$1 block failed=0
	mkdir "$blocks"
	section "$1" EXAMPLES | split_blocks "$blocks"
	for block in "$blocks"/*; do
		[ -e "$block" ] || {
			echo "$1: no examples" >&2
			return 1
		}
		is_script "$block" || continue
		run_script "$1.${block##*/}" "$block" || failed=1
	done
	return $failed
}

@test "every executable has a page" {
	for tool in $(tools); do
		[ -e "$SOURCE/man/$tool.1" ] || {
			echo "no page: $tool.1" >&2
			false
		}
	done
}

@test "every page of section 1 has an executable" {
	for page in $(pages); do
		case $page in *.1) [ -x "$BUILD/bin/${page%.1}" ] || echo "no executable: $page" ;; esac
	done >"$BATS_TEST_TMPDIR/without"
	same "" "$(cat "$BATS_TEST_TMPDIR/without")"
}

@test "mandoc has nothing to say about any page" {
	need mandoc
	cd "$SOURCE/man"
	# shellcheck disable=SC2046 # names of pages have no blanks
	run mandoc -Tlint -Wwarning $(pages)
	same "" "$output"
	[ "$status" -eq 0 ]
}

@test "every page has the sections that people look for" {
	for page in $(pages); do
		for name in NAME DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qx "\\.Sh $name" "$SOURCE/man/$page" || {
				echo "$page: no $name" >&2
				false
			}
		done
	done
}

@test "pages refer to pages that are there" {
	cd "$SOURCE/man"
	# shellcheck disable=SC2046 # names of pages have no blanks
	same "" "$(sed -nE 's/^\.(It )?Xr (mirari[a-z-]*) ([0-9]).*/\2.\3/p' $(pages) | sort -u |
		while read -r page; do [ -e "$page" ] || echo "$page"; done)"
}

@test "no page has a path of this machine" {
	run grep -nE '/(home|root|work|tmp)/' "$SOURCE"/man/*
	same "" "$output"
}

# Options as "-q" and "--target=", "=" when there is an argument, as the page has them after .It.
page_options() {
	sed -n 's/^\.It Fl /Fl /p' "$SOURCE/man/$1.1" | sed 's/ , /\n/g' |
		sed -E 's/^Fl /-/; s/ Ns = Ns Ar .*/=/' | sort
}

tool_options() {
	"$1" --list-options | awk -F '\t' '{ print $1 ($1 ~ /^--/ && $2 != "" ? "=" : "") }' | sort
}

@test "the options of every tool are those of its page" {
	for tool in $(tools); do
		same "$(echo "$tool"; tool_options "$tool")" "$(echo "$tool"; page_options "$tool")"
	done
}

@test "SYNOPSIS names no option that isn't there" {
	for tool in $(tools); do
		section "$tool.1" SYNOPSIS | grep -oE 'Fl -[a-z0-9-]{2,}' | sed 's/Fl /-/' | sort -u |
			while read -r option; do
				"$tool" --list-options | cut -f1 | grep -qxe "$option" || echo "$tool $option"
			done
	done >"$BATS_TEST_TMPDIR/wrong"
	same "" "$(cat "$BATS_TEST_TMPDIR/wrong")"
}

# A name that the reader chooses is in capitals in a page and * in the registry.
starred() {
	sed -E 's/\.[A-Z]+(\.|[ \t]|$)/.*\1/'
}

@test "mirari-records(5) has the keys of the registry, with their types" {
	same "$(mirari-parse --list-keys |
		awk -F '\t' '{ print $1 "\t" $4 ($2 == "list" ? ", list" : "") }' | sort)" \
		"$(sed -nE 's/^\.It Va ([^ ]+) Pq (.+)/\1\t\2/p' "$SOURCE/man/mirari-records.5" | starred | sort)"
}

@test "mirari-records(5) explains every type" {
	mirari-parse --list-keys | cut -f4 | sort -u | while read -r type; do
		grep -qxF ".It $type" "$SOURCE/man/mirari-records.5" || echo "$type"
	done >"$BATS_TEST_TMPDIR/missing"
	same "" "$(cat "$BATS_TEST_TMPDIR/missing")"
}

@test "mirari-records(5) tells results from configuration" {
	local all=$SOURCE/man/mirari-records.5
	same "$(mirari-parse --list-keys | awk -F '\t' '$3 == "result" { print $1, $5 }' | sort)" \
		"$(sed -n '/^\.Ss Results/,/^\.Ss Types/p' "$all" |
			awk '/^\.It Va/ { key = $3 } /^\.Xr/ && key { print key, $2; key = "" }' | starred | sort)"
}

# Lines "KEY TAB EXAMPLE": what stands after .It and .Dl
page_examples() {
	section mirari-config.5 "$1" | awk '
		/^\.It Ic / { keys = substr($0, 5) }
		/^\.Dl / && keys { print keys "\t" substr($0, 5); keys = "" }' | plain
}

@test "mirari-config(5) has every key that can be configured" {
	same "$(mirari-parse --list-keys | awk -F '\t' '$3 == "config" { print $1 }' | sort)" \
		"$(page_examples 'THE YAML FORMAT' | cut -f1 | sed 's/ , /\n/g' | sed 's/^Ic //' |
			starred | sort)"
}

@test "mirari-config(5): the example of each key gives that key" {
	local keys example key
	local -a all
	page_examples 'THE YAML FORMAT' | while IFS=$'\t' read -r keys example; do
		{
			[[ $example == name:* ]] || echo 'name: x'
			[[ $example == main:* ]] || echo 'main: { noip: X.main }'
			printf '%s\n' "$example"
		} >one.yml
		run mirari-parse one.yml
		read -ra all < <(sed 's/Ic //g; s/ ,//g' <<<"$keys")
		for key in "${all[@]}"; do
			grep -qE "^$(sed -E 's/\.[A-Z]+/.[a-z_]+/; s/\./\\./g' <<<"$key")=" <<<"$output" ||
				printf '%s: %s\n%s\n' "$key" "$example" "$output"
		done
	done >wrong
	same "" "$(cat wrong)"
}

@test "mirari-config(5): the examples of 2013 are read without a warning" {
	local keys example
	page_examples 'THE FORMAT OF 2013' | while IFS=$'\t' read -r keys example; do
		{
			[[ $example == main-* ]] || echo 'main-noip: X.main'
			printf '%s\n' "$example"
			# one without the other is a warning
			[[ $example != http-port:* ]] || echo 'http-address: *'
		} >one.conf
		# shellcheck disable=SC2069 # what is wrong is all that goes on
		{ mirari-parse one.conf || echo "status $? from: $example" >&2; } 2>&1 >one.record
	done >wrong
	same "" "$(cat wrong)"
	[ "$(page_examples 'THE FORMAT OF 2013' | wc -l)" -ge 8 ]
}

@test "the configurations among the examples are read" {
	local count=0 page block
	for page in $(pages); do
		mkdir "$page"
		section "$page" EXAMPLES | split_blocks "$page"
		for block in "$page"/*; do
			is_script "$block" && continue
			plain <"$block" >text
			if grep -q '^main-' text; then
				mirari-parse --from=conf --set=name=x - <text
			else
				mirari-parse - <text
			fi
			count=$((count + 1))
		done
	done
	[ "$count" -ge 2 ]
}

@test "the examples of every page run" {
	need ocamlfind ocamlbuild
	local page failed=0
	export HOME=$BATS_FILE_TMPDIR/home XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
	for page in $(pages); do
		case $page in mirari-opam-exec.1 | mirari-tap.1 | mirari-gc.1) continue ;; esac
		run_examples "$page" || failed=1
	done
	[ $failed -eq 0 ]
}

@test "the examples of mirari-opam-exec(1) run" {
	need opam ocamlfind ocamlbuild
	exports=$("$SOURCE/t/lib/opam-root" "$BATS_FILE_TMPDIR/opam")
	eval "$exports"
	run_examples mirari-opam-exec.1
}

# alone COMMAND...: in a network namespace of its own, where we are root; nothing of it survives. That
# the command has left no interface is a part of its success.
alone() {
	local unshare=(unshare --net)
	[ "$(id -u)" = 0 ] || unshare=(unshare --net --user --map-root-user)
	# shellcheck disable=SC2016 # for the inner shell
	"${unshare[@]}" env -u SUDO_UID -u SUDO_GID -u PKEXEC_UID -u DOAS_USER sh -c '
		"$@"
		status=$?
		mirari-tap gc --quiet
		left=$(mirari-tap list | grep -e ^tap= -e ^bridge=) && {
			printf "left behind: %s\n" $left >&2
			status=1
		}
		mirari-tap down --all --force --quiet
		exit $status' alone "$@"
}

@test "the examples of mirari-tap(1) and mirari-gc(1) run" {
	need unshare ip nft slirp4netns
	[ -r /dev/net/tun ] && [ -w /dev/net/tun ] || lacking 'there is no /dev/net/tun to open'
	alone true || lacking 'there are no network namespaces to make'
	RUN=(alone)
	run_examples mirari-tap.1
	run_examples mirari-gc.1
}
