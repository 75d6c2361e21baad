# Unikernels for a test, and what runs them.
#
#   GUESTS    the directory of the unikernels VARIANT.TARGET; t/guest/main.c says what their words do
#             (plain; net: service; net2: service, second; block: data; both: service, data)
#
# tenders: has solo5-hvt and solo5-spt first on PATH. They are Solo5's own, from the directory
# $MIRARI_TENDERS or from PATH, or else the double of t/fake. hvt's own is no use without /dev/kvm.
#
#   REAL      the targets, of hvt and spt, that are run by Solo5's own

# shellcheck disable=SC2034,SC2154 # others use them; common.bash has BUILD
GUESTS=$BUILD/guest
REAL=' '

tenders() {
	local target found
	[ "$(uname -m)" = x86_64 ] || lacking 'the unikernels of the tests are for x86_64'
	mkdir -p "$BATS_TEST_TMPDIR/tenders"
	for target in hvt spt; do
		found=$(real_tender "$target")
		[ -z "$found" ] || REAL+="$target "
		ln -sfn "${found:-$BUILD/fake/solo5-$target}" "$BATS_TEST_TMPDIR/tenders/solo5-$target"
	done
	PATH=$BATS_TEST_TMPDIR/tenders:$PATH
}

# real_tender TARGET: Solo5's own, if it can be run.
real_tender() {
	local candidate=${MIRARI_TENDERS-}/solo5-$1
	[ "$1" != hvt ] || [ -w /dev/kvm ] || return 0
	if [ -z "${MIRARI_TENDERS-}" ]; then
		candidate=$(command -v "solo5-$1") || return 0
	elif [ ! -x "$candidate" ]; then
		candidate=$MIRARI_TENDERS/$1/solo5-$1
	fi
	readlink -e "$candidate"
}
