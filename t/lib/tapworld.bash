# What the tests of mirari-tap have in common: a network namespace for each, what is in it, and a
# look at what is left when the test has ended. Loaded behind common, try and netns.

PYTHON=/usr/bin/python3 # one that every user can run

setup() {
	T=$BATS_TEST_TMPDIR
	PIDS=()
	NS=()
	SHARED= # a directory that other users may look into
	export HOME=$T/home
	unset SUDO_UID SUDO_GID PKEXEC_UID DOAS_USER
	mkdir "$HOME" "$T/dir"
	cd "$T/dir" || return 1
	need nft jq mirari-tap "$PYTHON"
	# in a user namespace only its root is known
	OWNER=0 OWNER_NAME=root GROUP=0 GROUP_NAME=root
	if [ "$(id -u)" = 0 ]; then
		OWNER=1234 OWNER_NAME=1234 GROUP=4321 GROUP_NAME=4321
	fi
	OUTSIDE=$(ip -o link show | wc -l)
	netns
	"${NS[@]}" ip link set lo up
	settle
}

# Nothing may be left: no interface, no nftables table, no switched-on forwarding, no process.
teardown() {
	local bad=0
	end_all
	if [ ${#NS[@]} -gt 0 ] && [ -n "${BEFORE-}" ]; then
		"${NS[@]}" mirari-tap down --all --force -q || bad=1
		"${NS[@]}" mirari-tap gc -q || bad=1
		unchanged || bad=1
		no_keeper || bad=1
	fi
	netns_end
	[ -z "${SHARED-}" ] || rm -rf "$SHARED"
	[ -z "${OUTSIDE-}" ] || same "$OUTSIDE" "$(ip -o link show | wc -l)" || bad=1
	return $bad
}

# What is steady of `ip -d -j`: no clocks, nothing that follows whether a tap is open, nor a limit that
# a bridge takes over from its ports, nor the number of a port.
STEADY='walk(if type == "object" then
	with_entries(select(.key | test("timer$|^operstate$|^state$|^topology_change|^tso_max_size$|^tentative$|^designated_port$|^id$|^no$") | not))
	else . end) | map(.flags -= ["NO-CARRIER", "LOWER_UP", "RUNNING"])'

# world [NAMESPACE]: all that mirari-tap could have changed there.
world() {
	local -n at=${1:-NS}
	"${at[@]}" ip -d -j address show | jq -S "$STEADY"
	"${at[@]}" nft list ruleset
	"${at[@]}" cat /proc/sys/net/ipv4/ip_forward
}

# settle: what is there now is what has to be there at the end.
settle() {
	BEFORE=$(world)
}

# unchanged [WORLD]: it is as it was when that was looked at, or settled.
unchanged() {
	diff <(printf '%s\n' "${1:-$BEFORE}") <(world) >"$T/diff" && return
	head -n 40 "$T/diff" >&2
	return 1
}

up() {
	try "${NS[@]}" mirari-tap up "$@"
}

down() {
	try "${NS[@]}" mirari-tap down "$@"
}

ip_() {
	"${NS[@]}" ip "$@"
}

py() {
	"${NS[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/tap.py" "$@"
}

# about INTERFACE FILTER: what jq's filter finds in its `ip -d -j address show`.
about() {
	ip_ -d -j address show dev "$1" | jq -rc ".[0] | $2"
}

# addresses INTERFACE: those that somebody has set.
addresses() {
	about "$1" '[.addr_info[] | select(.local | test("^fe80:.*ff:fe") | not) | "\(.local)/\(.prefixlen)"] | join(" ")'
}

# ours: how many interfaces are in our group.
ours() {
	ip_ -o link show group 2013 | wc -l
}

# here: the names of all interfaces but lo, in their order.
here() {
	ip_ -j link show | jq -r '[.[].ifname // empty | select(. != "lo")] | join(" ")'
}

# got KEY: the values of a key in what was printed.
got() {
	sed -n "s/^$1=//p" "$T/out" | paste -sd' '
}

# begin FILE COMMAND...: in the background; FILE has its first line when this returns.
begin() {
	local file=$1
	shift
	"$@" >"$file" 3>&- &
	PIDS+=($!)
	for _ in {1..1000}; do
		[ ! -s "$file" ] || return 0
		kill -0 $! || return 1
		sleep 0.01
	done
	return 1
}

# others_bridge NAME: with an address that doesn't follow its ports.
others_bridge() {
	ip_ link add "$1" address 02:00:00:00:99:0"$((RANDOM % 10))" type bridge
	ip_ link set "$1" addrgenmode none
	settle
}

# hold TAP [NAME]: a program, as $HOLDING, that has it open.
hold() {
	begin "$T/held" "${NS[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/tap.py" hold "$@"
	HOLDING=$!
}

end() {
	{ kill -KILL "$1" && wait "$1"; } 2>/dev/null || :
}

end_all() {
	local pid
	for pid in "${PIDS[@]}"; do
		end "$pid"
	done
	PIDS=()
}

# The processes that answer DHCP in the test's namespace.
keepers() {
	pgrep --ns "${HOLDERS[0]}" --nslist net -x mirari-keeper | paste -sd' '
}

# One ends soon, not at once.
no_keeper() {
	for _ in {1..300}; do
		[ -n "$(keepers)" ] || return 0
		sleep 0.01
	done
	echo "there is still a keeper: $(keepers)" >&2
	return 1
}

# soon_is EXPECTED COMMAND...: within three seconds that is what it prints.
soon_is() {
	local expected=$1
	shift
	for _ in {1..300}; do
		[ "$("$@")" != "$expected" ] || return 0
		sleep 0.01
	done
	same "$expected" "$("$@")"
}

# ---- other users ------------------------------------------------------------------------------------

# users: skips where we can't be somebody else.
users() {
	[ "$(id -u)" = 0 ] || lacking 'only root can be other users'
	need setpriv mknod
	mknod "$T/tun" c 10 200
	chmod 666 "$T/tun"
}

# as UID COMMAND...: as that user, with a /dev/net/tun that all may open, as udev has it.
as() {
	local user=$1
	shift
	"${NS[@]}" unshare --mount sh -c 'mount --bind "$0" /dev/net/tun; exec "$@"' "$T/tun" \
		setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}

# as_py UID ARGUMENT...
as_py() {
	local user=$1
	shift
	as "$user" "$PYTHON" - "$@" <"$BATS_TEST_DIRNAME/lib/tap.py"
}
