# Network namespaces of a test's own, as root or, by a user namespace, as anybody. All that is in
# them ends with their holders, which teardown has to end: netns_end.
#
#   NS        "${NS[@]}" COMMAND... runs in the one that `netns` made
#   HOLDERS   processes to be ended with the test: the namespaces' own, and what a test adds

HOLDERS=()

# netns: makes the test's namespace; skips where that can't be, or where there is no tap to be had.
netns() {
	need unshare nsenter ip
	if [ ! -r /dev/net/tun ] || [ ! -w /dev/net/tun ]; then
		lacking 'there is no /dev/net/tun to open'
	fi
	local unshare=(unshare --net) enter=(nsenter --net)
	if [ "$(id -u)" != 0 ]; then
		unshare+=(--user --map-root-user)
		enter+=(--user --preserve-credentials)
	fi
	"${unshare[@]}" true || lacking 'there are no network namespaces to make'
	netns_hold "${unshare[@]}"
	NS=("${enter[@]}" "--target=$HOLDER")
}

# netns_beside NAME: another one, which root of the first is root of, too; "${NAME[@]}" runs in it.
netns_beside() {
	local -n beside=$1
	netns_hold "${NS[@]}" unshare --net
	# shellcheck disable=SC2034 # it is the caller's
	beside=("${NS[@]::${#NS[@]}-1}" "--target=$HOLDER")
}

# netns_hold COMMAND...: starts the holder of a namespace by what makes one, as $HOLDER.
netns_hold() {
	"$@" sleep 600 3>&- &
	HOLDER=$!
	HOLDERS+=("$HOLDER")
	for _ in {1..500}; do
		# `sleep` is what it becomes last, when the namespace is there
		[ "$(cat "/proc/$HOLDER/comm")" != sleep ] || return 0
		sleep 0.01
	done
	echo "no namespace by: $*" >&2
	return 1
}

netns_end() {
	local pid
	for pid in "${HOLDERS[@]}"; do
		# the shell says of what is killed that it was
		{ kill -KILL "$pid" && wait "$pid"; } 2>/dev/null || :
	done
	HOLDERS=()
}
