# For tests that need systemd as it is: it boots as process 1 of namespaces of its own, with no unit of the machine's,
# and what the test says runs as one of its services. Nothing of the machine can be written to but the test's directory.
#
# machine <<'END' ... END runs the text in bash, as `inside` does (t/lib/inside.bash): with what inside.sh defines, and:
#
#   unit NAME WHAT=VALUE...    writes and loads NAME.service, by the unit test t/unit/systemd.c
#   /run/t/w                   is the current directory, and not below /tmp
#   NAME.out                   there is what NAME.service writes

machine() {
	need unshare nsenter ip nft mirari-tap setpriv slirp4netns systemctl
	[ -x /usr/lib/systemd/systemd ] || lacking 'there is no /usr/lib/systemd/systemd'
	[ "$(id -u)" = 0 ] || lacking 'this needs root'
	grep -q cgroup2 /proc/filesystems || lacking 'the kernel has no cgroup2'
	unshare --net --mount --pid --fork --cgroup --uts --ipc true || lacking 'there are no namespaces to make'
	{
		cat "$SOURCE/t/lib/inside.sh" "$SOURCE/t/lib/machine.sh"
		cat
	} >"$BATS_TEST_TMPDIR/script"
	mkdir -p "$BATS_TEST_TMPDIR/w"
	chmod 755 "$BATS_TEST_TMPDIR"
	chmod 777 "$BATS_TEST_TMPDIR/w"
	cp "$BUILD/bin/mirari-tap" "$BUILD/t/unit/systemd" "$SOURCE/t/lib/guest.py" "$BATS_TEST_TMPDIR/"
	unshare --mount "$SOURCE/t/lib/machine-boot" "$BATS_TEST_TMPDIR" </dev/null 3>&- 4>&-
}
