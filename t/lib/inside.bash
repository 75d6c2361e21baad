# For tests that run whole in network, mount and process namespaces of their own: what the test leaves behind is
# seen in there, and ends with it.
#
# inside <<'END' ... END runs the text in bash, with what inside.sh defines, in the directory $BATS_TEST_TMPDIR.

# inside [root]: with `root` it has to be the machine's, else a user namespace will do.
inside() {
	local options=(--net --mount --pid --fork --mount-proc --kill-child)
	need unshare nsenter ip nft mirari-tap setpriv slirp4netns
	[ -x /usr/bin/python3 ] || lacking 'there is no /usr/bin/python3'
	if [ "$(id -u)" != 0 ]; then
		[ "${1-}" != root ] || lacking 'this needs root'
		[ -w /dev/net/tun ] || lacking '/dev/net/tun may not be opened'
		options+=(--user --map-root-user)
	fi
	unshare "${options[@]}" true || lacking 'there are no namespaces to make'
	{
		cat "$SOURCE/t/lib/inside.sh"
		cat
	} >"$BATS_TEST_TMPDIR/script"
	mkdir -p "$BATS_TEST_TMPDIR/w"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
	chmod 777 "$BATS_TEST_TMPDIR/w"
	# a copy, where an ordinary user gets at it
	cp "$BUILD/bin/mirari-tap" "$SOURCE/t/lib/guest.py" "$BATS_TEST_TMPDIR/"
	SCRIPT=$BATS_TEST_TMPDIR/script timeout -k 5 100 unshare "${options[@]}" \
		bash "$BATS_TEST_TMPDIR/script" </dev/null 3>&- 4>&-
}
