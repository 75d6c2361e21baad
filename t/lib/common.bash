# What every bats file loads: where the tools are, and what a test may ask for.
#
#   BUILD      the build's directory (default: build beside t/)
#   SOURCE     the project's directory
#   DATA       captures and vectors that don't come with the project; may not be there

bats_require_minimum_version 1.5.0

SOURCE=$(cd "$BATS_TEST_DIRNAME/.." && pwd -P)
BUILD=${MIRARI_BUILD:-$SOURCE/build}
DATA=${MIRARI_DATA:-$SOURCE/../shared/data}
PATH=$BUILD/bin:$PATH
export PATH SOURCE BUILD DATA
export LC_ALL=C.UTF-8
# what runs detached is the test's own
export XDG_STATE_HOME=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-/nonexistent}}/state
unset MIRARI_SHARE OPAMSWITCH OPAMROOT OPAM_SWITCH_PREFIX CDPATH
cd "${BATS_TEST_TMPDIR:-/}" || exit 1

# need PROGRAM...: skips the test, by name, when one isn't there; fails it with MIRARI_MUST_RUN=1.
need() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 || lacking "$program is not installed"
	done
}

# lacking REASON
lacking() {
	if [ "${MIRARI_MUST_RUN:-0}" = 1 ]; then
		echo "MIRARI_MUST_RUN: $1" >&2
		return 1
	fi
	skip "$1"
}

# native: skips where the tools are started by valgrind, which needs descriptors and environment
# variables of its own.
native() {
	head -c 4 "$BUILD/bin/mirari-parse" | grep -q ELF || skip 'not under valgrind, which changes what this looks at'
}

# shellcheck disable=SC2154 # bats' run sets output
# has TEXT: the output of `run` contains it.
has() {
	[[ "$output" == *"$1"* ]] || {
		printf 'not in the output: %s\n--- output:\n%s\n' "$1" "$output" >&2
		return 1
	}
}

# shellcheck disable=SC2154
has_not() {
	[[ "$output" != *"$1"* ]] || {
		printf 'in the output, but should not be: %s\n--- output:\n%s\n' "$1" "$output" >&2
		return 1
	}
}

# The same of what `run --separate-stderr` got there.
# shellcheck disable=SC2154
stderr_has() {
	local output=$stderr
	has "$1"
}

# shellcheck disable=SC2154
stderr_has_not() {
	local output=$stderr
	has_not "$1"
}

# until_true COMMAND...: until it succeeds; the limit, PATIENCE seconds, is for a busy machine, not an expectation
until_true() {
	local end=$((SECONDS + ${PATIENCE:-30}))
	head -c 4 "$BUILD/bin/mirari-parse" | grep -q ELF || end=$((SECONDS + 300)) # under valgrind
	until "$@"; do
		[ $SECONDS -lt $end ] || {
			echo "never: $*" >&2
			return 1
		}
		sleep 0.02
	done
}

# Has the process ended? One that waits for its parent has.
gone() {
	local state
	state=$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null) || return 0
	[ -z "$state" ] || [ "$state" = Z ]
}

runs() {
	! gone "$1"
}

# same EXPECTED ACTUAL, with a diff when they aren't.
same() {
	[ "$1" = "$2" ] || {
		diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") >&2
		return 1
	}
}

# The names of the project's executables.
tools() {
	(cd "$BUILD/bin" && printf '%s\n' mirari*)
}
