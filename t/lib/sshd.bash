# What files of tests have in common that need another machine: a real sshd on this one (t/lib/sshd.sh), for scripts of
# t/lib/inside.bash. Loaded behind common, inside and tenders.
#
#   sshd_setup     for setup(); on standard input: what else is to be in ./helpers, before ssh_prepare

sshd_setup() {
	native
	need ssh ssh-keygen
	SSHD=$("$SOURCE/t/lib/sshd-need" "$BUILD") || lacking 'there is no sshd to be had'
	export SSHD
	tenders
	export GUESTS
	mkdir "$BATS_TEST_TMPDIR/w"
	{
		cat "$SOURCE/t/lib/sshd.sh"
		# shellcheck disable=SC2016 # for the script
		echo 'export XDG_STATE_HOME=$HERE/w/state'
		cat
		echo ssh_prepare
	} >"$BATS_TEST_TMPDIR/w/helpers"
	# a program that is its own, under a name that no other has
	cp /bin/bash "$BATS_TEST_TMPDIR/w/prog"
}
