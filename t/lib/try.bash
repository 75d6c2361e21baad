# For tests of one command after another: try runs it, the others look at what it did.
#
#   $T        the test's own directory; the working directory is $T/dir, empty
#   $status   the exit status; $T/out and $T/err are what was printed

setup() {
	try_setup
}

# For a file with a setup of its own.
try_setup() {
	T=$BATS_TEST_TMPDIR
	export HOME=$T/home
	mkdir "$HOME" "$T/dir"
	cd "$T/dir" || return 1
}

# try COMMAND...
try() {
	tried=$*
	status=0
	"$@" >"$T/out" 2>"$T/err" || status=$?
	unremarked
}

# Without what valgrind, as whose script a tool begins then, says of system calls that it doesn't know.
unremarked() {
	local start
	IFS= read -rN 2 start <"$BUILD/bin/mirari-parse" || :
	[ "$start" != '#!' ] || sed -i '/^--[0-9]*-- /d' "$T/err"
}

# flunk WHY: fails the test with all that there is to know. $input names a file to show with it.
flunk() {
	printf '%q: %s\n--- status %s, standard error:\n' "$tried" "$*" "$status" >&2
	head -c 3000 "$T/err" | cat -v >&2
	if [ -n "${input-}" ]; then
		echo "--- $input:" >&2
		head -n 20 "$input" | cut -c 1-200 | cat -v >&2
	fi
	return 1
}

exits() {
	[ "$status" -eq "$1" ] || flunk "should exit $1"
}

says() {
	grep -qF -e "$1" "$T/err" || flunk "should say: $1"
}

# Under valgrind, or built with a sanitizer: slow, and with a memory use of its own.
instrumented() {
	! head -c 4 "$BUILD/bin/mirari-parse" | grep -q ELF || grep -q __asan_init "$BUILD/bin/mirari-parse"
}

# large N: N, or less where that would take too long.
large() {
	if instrumented; then echo $(($1 / 50)); else echo "$1"; fi
}

# soon COMMAND...: as try, but it has 10 seconds.
soon() {
	local limit=10
	! instrumented || limit=300
	try timeout "$limit" "$@"
	[ "$status" -ne 124 ] || flunk 'takes more than 10 seconds'
}
