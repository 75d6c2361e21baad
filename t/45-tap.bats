#!/usr/bin/env bats
# mirari-tap up, down, list and gc: what they make, change, refuse and leave. Each test has a network
# namespace of its own, and ends with a look at what is left there.
load lib/common.bash
load lib/try.bash
load lib/netns.bash
load lib/tapworld.bash

# record FIELD...: one, as mirari-parse would write it.
record() {
	printf '%s\n' name=www target=hvt "$@" ''
}

# up_record FIELD...
up_record() {
	record "$@" >"$T/in"
	up <"$T/in"
}

# ---- what is made -----------------------------------------------------------------------------------

@test "a tap by options, and what is said of it" {
	up tap0 --host 10.0.0.1/24 --host fd00::1/64 --mtu 1400 --owner $OWNER --group $GROUP
	exits 0
	same tap0 "$(here)"
	same '"mirari /tap0 mac='"$(got net.tap0.mac)"' guest=10.0.0.2/24" 2013 1400' \
		"$(about tap0 '"\(.ifalias | tojson) \(.group) \(.mtu)"')"
	same '{"type":"tap","pi":false,"vnet_hdr":false,"multi_queue":false,"persist":true,"user":"'$OWNER_NAME'","group":"'$GROUP_NAME'"}' \
		"$(about tap0 '.linkinfo.info_data | .user |= tostring | .group |= tostring')"
	same true "$(about tap0 '.flags | contains(["UP"])')"
	same '10.0.0.1/24 10.0.0.255 fd00::1/64' \
		"$(about tap0 '[.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)", .broadcast // empty] | join(" ")')"
	same "$(about tap0 .ifindex)" "$(got net.tap0.ifindex)"
	same 'tap0 10.0.0.1/24 fd00::1/64 10.0.0.2/24 fd00::2/64' \
		"$(got net.tap0.tap) $(got net.tap0.host) $(got net.tap0.guest)"
	[[ $(got net.tap0.mac) =~ ^02(:[0-9a-f]{2}){5}$ ]]
	# the guest's isn't the host's
	[ "$(got net.tap0.mac)" != "$(about tap0 .address)" ]
	same '' "$(tail -n 1 "$T/out")"
	down tap0
	exits 0
	says 'removed tap0'
	unchanged
}

@test "without an IPv6 address there is no IPv6 on it, with one there is all of it" {
	up four --host 10.0.0.1/24
	up six --host fd00::1/64
	up small --mtu 600 --host 10.0.1.1/24
	sleep 0.1
	same 0 "$(about four '.addr_info | map(select(.family == "inet6")) | length')"
	same 'global link' "$(about six '[.addr_info[].scope] | join(" ")')"
	same 600 "$(about small .mtu)"
}

@test "each option is a key of a record, and the other way round" {
	others_bridge br9
	up one --host 10.0.0.1/24 --guest 10.0.0.9/24 --mac 02:00:00:00:00:01 --mtu 1300 --owner $OWNER --group $GROUP \
		--bridge mirbr --create-bridge
	exits 0
	first=$(world)
	down one -q
	unchanged
	printf '%s\n' net.one.tap=one net.one.host=10.0.0.1/24 net.one.guest=10.0.0.9/24 \
		net.one.mac=02:00:00:00:00:01 net.one.mtu=1300 net.one.owner=$OWNER net.one.group=$GROUP \
		net.one.bridge=mirbr net.one.bridge-create=true '' >"$T/in"
	up <"$T/in"
	exits 0
	comparable() {
		sed -E '/"(ifindex|address|permaddr|.*_id|designated_bridge|local)":/d'
	}
	same "$(comparable <<<"$first")" "$(world | comparable)"
	same 02:00:00:00:00:01 "$(got net.one.mac)"
	same 10.0.0.9/24 "$(got net.one.guest)"
}

@test "a record goes through in order, with the results behind it" {
	up_record unknown.key=1 net.service.host=10.0.0.1/24 'arg=--x=a b ' arg= net.service.later.mac=kept \
		net.service.mac=02:00:00:00:00:09 zz=2 unknown.key=2
	exits 0
	tap=$(got net.service.tap)
	same "$(printf '%s\n' name=www target=hvt unknown.key=1 'arg=--x=a b ' arg= net.service.later.mac=kept zz=2 \
		unknown.key=2 "net.service.tap=$tap" "net.service.ifindex=$(about "$tap" .ifindex)" \
		net.service.mac=02:00:00:00:00:09 net.service.host=10.0.0.1/24 net.service.guest=10.0.0.2/24 '' x)" \
		"$(cat "$T/out"; echo x)"
	# what came out goes in again
	cp "$T/out" "$T/first"
	before=$(world)
	up <"$T/first"
	exits 0
	cmp "$T/first" "$T/out"
	unchanged "$before"
	try "${NS[@]}" mirari-tap down <"$T/first"
	exits 0
	unchanged
}

@test "300 devices of one record, in their order" {
	for i in {1..300}; do
		printf 'net.d%d.host=10.%d.%d.1/24\n' $((301 - i)) $((i / 200)) $((i % 200))
	done >"$T/devices"
	mapfile -t devices <"$T/devices"
	up_record "${devices[@]}" other=last
	exits 0
	same 300 "$(ours)"
	same "$(seq -f 'd%.0f' 300 -1 1)" "$(sed -n 's/^net\.\([a-z0-9]*\)\.tap=.*/\1/p' "$T/out")"
	same "$(cut -d= -f2 "$T/devices")" "$(sed -n 's/^net\..*\.host=//p' "$T/out")"
	same 300 "$(sed -n 's/^net\..*\.mac=//p' "$T/out" | sort -u | wc -l)"
	same other=last "$(sed -n 3p "$T/out")"
	same "$(ip_ -j link show group 2013 | jq -r '.[] | select(.ifname) | "\(.ifname)=\(.ifindex)"' | sort)" \
		"$(paste -d= <(sed -n 's/^net\..*\.tap=//p' "$T/out") <(sed -n 's/^net\..*\.ifindex=//p' "$T/out") | sort)"
	before=$(world)
	up <"$T/in"
	exits 0
	unchanged "$before"
	down --all
	exits 0
	same 'mirari-tap: removed 300 interfaces' "$(cat "$T/err")"
	unchanged
}

@test "a record without devices, and none" {
	up_record a=1
	exits 0
	same "$(record a=1)" "$(cat "$T/out")"
	down <"$T/in"
	exits 0
	for input in '' 'name=www' $'name=www\n\nname=www\n\n'; do
		printf '%s' "$input" >"$T/in"
		up <"$T/in"
		exits 65
		down <"$T/in"
		exits 65
	done
	up --mtu 1400 </dev/null
	exits 64
	unchanged
}

@test "names and MACs are the same each time, and differ by unikernel and device" {
	up_record net.a.host=10.0.0.1/24 net.b.host=10.0.1.1/24
	first=$(cut -d= -f2- <(grep -E '\.(tap|mac)=' "$T/out"))
	same 4 "$(sort -u <<<"$first" | wc -l)"
	down --all -q
	up_record net.a.host=10.0.0.1/24 net.b.host=10.0.1.1/24
	same "$first" "$(cut -d= -f2- <(grep -E '\.(tap|mac)=' "$T/out"))"
	down --all -q
	up --set name=other <"$T/in"
	exits 0
	second=$(cut -d= -f2- <(grep -E '\.(tap|mac)=' "$T/out"))
	same 8 "$(sort -u <<<"$first"$'\n'"$second" | wc -l)"
	# by name, without a record
	up one two --mtu 1400
	same 2 "$(grep -c '\.mac=02:' <(sort -u "$T/out"))"
	for name in "$(got net.one.tap)" $(sed -n 's/^net\..*\.tap=//p' "$T/out"); do
		[ ${#name} -le 15 ]
	done
}

@test "the guest's address: as configured, else the host's neighbour" {
	guest() {
		local expected=$1
		shift
		up_record "$@"
		exits 0
		same "$expected" "$(got net.a.guest)" || flunk "$*"
		down -q <"$T/in"
	}
	guest 10.0.0.2/24 net.a.host=10.0.0.1/24
	guest 10.0.0.253/24 net.a.host=10.0.0.254/24
	guest 10.0.0.77/24 net.a.host=10.0.0.1/24 ip.address=10.0.0.77
	guest 10.0.0.77/16 net.a.host=10.0.0.1/24 ip.address=10.0.0.77 ip.netmask=255.255.0.0
	guest 10.0.0.2/24 net.a.host=10.0.0.1/24 ip.address=10.0.0.77 ip.dhcp=true
	guest '10.0.0.5/24 fd00::5/64' net.a.host=10.0.0.1/24 net.a.guest=10.0.0.5/24 net.a.guest=fd00::5/64 ip.address=10.0.0.9
	guest '10.0.0.9/24 fd00::2/64' net.a.host=10.0.0.1/24 net.a.host=fd00::1/64 ip.address=10.0.0.9
	guest 10.0.0.1/31 net.a.host=10.0.0.0/31
	guest 10.0.0.0/31 net.a.host=10.0.0.1/31
	guest '' net.a.host=10.0.0.1/32
	guest fd00::/127 net.a.host=fd00::1/127
	guest '' net.a.host=fd00::1/128
	guest fd00::1:0:0:1/64 net.a.host=fd00::1:0:0:0/64
	guest 10.0.0.9/32 ip.address=10.0.0.9 net.a.mtu=1400
	# only the first device is what ip.address is about
	up_record net.a.host=10.0.0.1/24 net.b.host=10.0.1.1/24 ip.address=10.0.0.7
	same '10.0.0.7/24 10.0.1.2/24' "$(got net.a.guest) $(got net.b.guest)"
	same '' "$(about "$(got net.a.tap)" '.addr_info[0].broadcast | select(. != "10.0.0.255")')"
}

@test "--get and --set" {
	up tap0 --host 10.0.0.1/24 --get net.tap0.guest
	exits 0
	same 10.0.0.2/24 "$(cat "$T/out")"
	up tap0 --host 10.0.0.1/24 --set net.tap0.mtu=1300 --get net.tap0.nothing
	exits 1
	same 1300 "$(about tap0 .mtu)"
}

# ---- what is there already --------------------------------------------------------------------------

@test "a second up changes nothing" {
	others_bridge br9
	set -- --host 10.0.0.1/24 --host 10.0.0.9/24 --host fd00::1/64 --host fd00::9/64 --host 10.1.0.1/31 --owner $OWNER \
		--mtu 1400 --mac 02:00:00:00:00:07
	up tap0 "$@"
	exits 0
	cp "$T/out" first
	before=$(world)
	up tap0 "$@"
	exits 0
	cmp first "$T/out"
	unchanged "$before"
	up mir1 mir2 --bridge mirbr --create-bridge --host 10.2.0.1/24
	up mir3 --bridge br9
	before=$(world)
	up mir1 mir2 --bridge mirbr --create-bridge --host 10.2.0.1/24
	exits 0
	up mir2 --bridge mirbr --host 10.2.0.1/24
	exits 0
	up mir3 --bridge br9
	exits 0
	unchanged "$before"
	# nothing was sent to those who listen for changes, either
	"${NS[@]}" stdbuf -oL ip monitor link address >events 3>&- &
	PIDS+=($!)
	until grep -q 127.0.0.2 events; do
		ip_ address add 127.0.0.2/8 dev lo
		ip_ address del 127.0.0.2/8 dev lo
	done
	up tap0 "$@"
	up mir1 mir2 --bridge mirbr --create-bridge --host 10.2.0.1/24
	ip_ address add 127.0.0.3/8 dev lo
	ip_ address del 127.0.0.3/8 dev lo
	soon_is 1 bash -c 'grep -q "Deleted.* 127.0.0.3" events && echo 1'
	run cat events
	has_not tap0
	has_not mir
}

@test "down and up again is as before" {
	set -- tap0 --host 10.0.0.1/24 --host fd00::1/64 --owner $OWNER --mtu 1400 --bridge mirbr --create-bridge
	comparable() {
		world | sed -E '/"(ifindex|address|permaddr|.*_id|designated_bridge|local)":/d'
	}
	up "$@"
	before=$(comparable)
	down tap0
	exits 0
	unchanged
	up "$@"
	exits 0
	same "$before" "$(comparable)"
}

@test "MTU and addresses become what is asked for now" {
	up tap0 --host 10.0.0.1/24 --host fd00::1/64
	index=$(about tap0 .ifindex)
	up tap0 --host 10.0.0.1/24 --host fd00::1/64 --mtu 1400
	same 1400 "$(about tap0 .mtu)"
	up tap0 --host 10.0.0.1/24 --host 10.3.0.1/16
	same '10.0.0.1/24 10.3.0.1/16' "$(addresses tap0)"
	up tap0 --host 10.0.0.1/16
	same 10.0.0.1/16 "$(addresses tap0)"
	up tap0 --host fe80::5/64 --host fd00::1/64
	same 'fd00::1/64 fe80::5/64' "$(addresses tap0)"
	before=$(world)
	up tap0 --host fe80::5/64 --host fd00::1/64
	unchanged "$before"
	up tap0 --mtu 1400
	exits 0
	same '' "$(addresses tap0)"
	same "$index" "$(about tap0 .ifindex)"
	ip_ link set tap0 down
	up tap0
	same true "$(about tap0 '.flags | contains(["UP"])')"
}

@test "with its first address a tap doesn't lose those of the same network" {
	# what the kernel does when this is 0, its default: Debian's is 1
	"${NS[@]}" sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/promote_secondaries'
	"${NS[@]}" sh -c 'echo 0 >/proc/sys/net/ipv4/conf/default/promote_secondaries'
	up tap0 --host 10.0.0.1/24 --host 10.0.0.5/24 --host 10.0.0.6/24
	up tap0 --host 10.0.0.5/24 --host 10.0.0.6/24
	exits 0
	same '10.0.0.5/24 10.0.0.6/24' "$(addresses tap0)"
	up tap0 --host 10.0.0.7/24 --host 10.0.0.6/24
	same '10.0.0.6/24 10.0.0.7/24' "$(addresses tap0 | tr ' ' '\n' | sort | paste -sd' ')"
}

@test "IPv6 addresses survive an MTU that is too small for them" {
	up tap0 --host 10.0.0.1/24 --mtu 1000
	up tap0 --host 10.0.0.1/24 --host fd00::1/64 --mtu 1400
	exits 0
	same '10.0.0.1/24 fd00::1/64' "$(addresses tap0)"
	before=$(world)
	up tap0 --host 10.0.0.1/24 --host fd00::1/64 --mtu 1000
	exits 65
	unchanged "$before"
}

@test "owner, group and MAC become what is asked for now" {
	users
	who() {
		about tap0 '.linkinfo.info_data | "\(.user) \(.group)"'
	}
	up tap0 --owner 1234
	index=$(about tap0 .ifindex)
	up tap0 --owner 1235
	exits 0
	same '1235 null' "$(who)"
	up tap0 --owner 1235 --group 99
	exits 0
	same '1235 99' "$(who)"
	up tap0 --owner 1235 --group 100 --mac 02:00:00:00:00:11
	exits 0
	same 02:00:00:00:00:11 "$(got net.tap0.mac)"
	same '"mirari /tap0 mac=02:00:00:00:00:11"' "$(about tap0 '.ifalias | tojson')"
	# no ioctl takes a group away
	before=$(world)
	up tap0 --owner 1235 --mac 02:00:00:00:00:11
	exits 73
	says 'mirari-tap down tap0'
	unchanged "$before"
	same "$index" "$(about tap0 .ifindex)"
	# one that somebody has open keeps its owner: only who attaches can change that
	hold tap0
	up tap0 --owner 1236 --group 100
	exits 75
	says "by python3 ($HOLDING)"
	# but all else is changed
	end "$HOLDING"
	same "$index" "$(about tap0 .ifindex)"
	up tap0 --owner no-such-user
	exits 67
	up tap0 --group no-such-group
	exits 67
}

@test "what is open is changed all the same, but for its owner" {
	up tap0 --host 10.0.0.1/24
	hold tap0
	up tap0 --host 10.0.1.1/24 --mtu 1300
	exits 0
	same 10.0.1.1/24 "$(addresses tap0)"
	same 1300 "$(about tap0 .mtu)"
}

@test "into a bridge, into another, and out of it" {
	others_bridge br9
	ip_ address add 10.9.0.1/24 dev br9
	settle
	up tap0 --host 10.0.0.1/24
	up tap0 --host 10.0.0.1/24 --bridge mirbr --create-bridge
	exits 0
	same 'mirbr ' "$(about tap0 .master) $(addresses tap0)"
	same 10.0.0.1/24 "$(addresses mirbr)"
	same '"mirari bridge owner=0" 2013 0 true' \
		"$(about mirbr '"\(.ifalias | tojson) \(.group) \(.linkinfo.info_data.stp_state) \(.flags | contains(["UP"]))"')"
	mac=$(about mirbr .address)
	up tap1 --bridge mirbr
	same "$mac" "$(about mirbr .address)"
	up tap0 --bridge br9 --host 10.9.0.1/24
	exits 0
	same br9 "$(about tap0 .master)"
	up tap0 --host 10.0.0.9/24
	exits 0
	same 'null 10.0.0.9/24' "$(about tap0 .master) $(addresses tap0)"
	down tap0 tap1
	exits 0
	same 'mirari-tap: removed tap0, tap1, mirbr' "$(cat "$T/err")"
	unchanged
	# our own bridge gets further addresses, and keeps those of other taps
	up tap0 --bridge mirbr --create-bridge --host 10.0.0.1/24
	up tap1 --bridge mirbr --host 10.0.1.1/24
	exits 0
	same '10.0.0.1/24 10.0.1.1/24' "$(addresses mirbr)"
	down tap0
	same 'tap1 mirbr' "$(here | sed 's/br9 //; s/^mirbr tap1$/tap1 mirbr/')"
}

@test "DHCP, NAT and published ports are switched on, changed and off" {
	ports() {
		"${NS[@]}" nft list ruleset | grep -o 'dport [0-9]* dnat ip to [0-9.:]*' | sort -u | paste -sd, || :
	}
	up tap0 --host 10.0.0.1/24
	up tap0 --host 10.0.0.1/24 --dhcp --nat -p 8080:80
	exits 0
	keeper=$(keepers)
	[[ $keeper =~ ^[0-9]+$ ]]
	same "$keeper" "$(about tap0 .ifalias | sed -n 's/.* dhcp=\([0-9]*\)\..*/\1/p')"
	same 'dport 8080 dnat ip to 10.0.0.2:80' "$(ports)"
	same 1 "$("${NS[@]}" cat /proc/sys/net/ipv4/ip_forward)"
	same 1 "$("${NS[@]}" nft list ruleset | grep -c 'ip saddr 10.0.0.0/24 ip daddr .* masquerade')"
	up tap0 --host 10.0.0.1/24 --dhcp -p 8081:81 -p 8082:82/udp
	exits 0
	same 'dport 8081 dnat ip to 10.0.0.2:81,dport 8082 dnat ip to 10.0.0.2:82' "$(ports)"
	same 0 "$("${NS[@]}" nft list ruleset | grep -c 'ip saddr 10.0.0.0/24 ip daddr .* masquerade')"
	# the one before it has ended
	soon_is "$(about tap0 .ifalias | sed -n 's/.* dhcp=\([0-9]*\)\..*/\1/p')" keepers
	up tap0 --host 10.0.0.1/24
	exits 0
	no_keeper
	same '' "$("${NS[@]}" nft list ruleset)"
	same 0 "$("${NS[@]}" cat /proc/sys/net/ipv4/ip_forward)"
	same 'mirari /tap0 mac='"$(got net.tap0.mac)"' guest=10.0.0.2/24' "$(about tap0 .ifalias)"
}

# ---- who may open it --------------------------------------------------------------------------------

@test "it belongs to the user behind sudo, and to nobody else" {
	users
	SUDO_UID=1234 SUDO_GID=1235 up tap0
	exits 0
	same '"1234" null' "$(about tap0 '.linkinfo.info_data | "\(.user | tostring | tojson) \(.group)"')"
	as_py 1234 attach tap0
	run -1 as_py 1235 attach tap0
	has 'Operation not permitted'
	# without sudo it is root's, never anybody's
	up tap1
	same root "$(about tap1 .linkinfo.info_data.user)"
	run -1 as_py 1234 attach tap1
	up tap2 --owner 1234 --group 77
	run -1 as_py 1234 attach tap2
	for variables in SUDO_UID=x "SUDO_UID=1 SUDO_GID=" SUDO_UID=4294967295 PKEXEC_UID=4000000 DOAS_USER=no-such-user; do
		# shellcheck disable=SC2086 # several
		try env $variables "${NS[@]}" mirari-tap up tap9
		exits 64
	done
	same 'tap0 tap1 tap2' "$(here)"
}

# A copy of the tool with the capability, which every user can run.
given() {
	users
	need setcap
	native
	SHARED=$(mktemp -d)
	chmod 755 "$SHARED"
	cp "$BUILD/bin/mirari-tap" "$SHARED"
	setcap cap_net_admin,cap_net_raw+ep "$SHARED/mirari-tap" || lacking 'files here have no capabilities'
	as 1234 "$SHARED/mirari-tap" list || [ $? = 0 ]
}

by() {
	local user=$1
	shift
	try as "$user" "$SHARED/mirari-tap" "$@"
}

@test "with a capability of the file: taps of one's own, named mir…, and no more" {
	given
	ip_ link add br9 type bridge
	ip_ link add mirbr9 type bridge
	up tapr --host 10.9.0.1/24 --owner 1234
	by 1234 up mir0 --host 10.0.0.1/24 --mtu 1400
	exits 0
	same 1234 "$(about mir0 .linkinfo.info_data.user)"
	before=$(world)
	by 1234 up mir0 --host 10.0.0.1/24 --mtu 1400
	exits 0
	unchanged "$before"
	as_py 1234 attach mir0
	run -1 as_py 1235 attach mir0
	for words in 'up tap1' 'up mir1 --owner 1235' 'up mir1 --group 5' 'up mir1 --bridge br9' 'up mir1 --bridge mirbr9' \
		'up mir1 --bridge brx --create-bridge' 'up mir1 --host 10.1.0.1/24 --nat' \
		'up mir1 --host 10.1.0.1/24 -p 8080:80' 'up mir1 mir2 tap3' 'up tapr --host 10.9.0.1/24' 'down br9' 'down mirbr9'; do
		# shellcheck disable=SC2086 # several
		by 1234 $words
		exits 77
	done
	# nor a network that isn't for private use, or that somebody has
	for address in 0.0.0.1/0 8.8.8.8/32 128.0.0.1/1 10.0.0.1/7 192.0.2.1/24 10.9.0.7/32 10.9.128.1/8 2001:db8::1/64 ::2/1; do
		by 1234 up mir1 --host "$address"
		[[ $status =~ ^(77|65)$ ]] || flunk "$address"
	done
	unchanged "$before"
	for words in 'up mir0' 'up mir0 --host 10.0.0.1/24' 'down mir0' 'down mir0 --force'; do
		# shellcheck disable=SC2086 # several
		by 1235 $words
		exits 77
	done
	by 1235 down --all
	exits 0
	by 1235 gc
	exits 0
	unchanged "$before"
	by 1235 up mir5 --bridge mirbr5 --create-bridge --host 10.5.0.1/24 --host fd05::1/64
	exits 0
	by 1235 up mir6 --host 10.6.0.1/24 --dhcp
	exits 0
	# a bridge is its maker's, whatever it is called
	up tapb --bridge mirbr6 --create-bridge --host 10.66.0.1/24
	held=$(world)
	for bridge in mirbr5 mirbr6; do
		by 1234 up mir7 --bridge $bridge --create-bridge --host 10.7.0.1/24
		exits 77
		says 'a bridge that you have made yourself'
		by 1234 down $bridge
		exits 77
	done
	by 1234 down --all -n
	same 'mirari-tap: would remove tapr, mir0' "$(cat "$T/err")"
	unchanged "$held"
	down tapb
	by 1235 down --all
	exits 0
	unchanged "$before"
	no_keeper
	by 1234 down mir0
	exits 0
	# one that root has made for somebody is theirs to remove, but not as they like
	by 1234 down tapr
	exits 0
	up mirn --host 10.7.0.1/24 --nat -p 8080:80 --owner 1234
	mkdir "$SHARED/evil"
	printf '#!/bin/sh\necho ran >%s/evil/ran\nexec /usr/sbin/nft "$@"\n' "$SHARED" >"$SHARED/evil/nft"
	chmod 755 "$SHARED/evil/nft"
	chmod 777 "$SHARED/evil"
	PATH=$SHARED/evil:$PATH by 1234 down mirn
	exits 0
	[ ! -e "$SHARED/evil/ran" ]
	# a set-user-ID tool is no better
	cp "$BUILD/bin/mirari-tap" "$SHARED/suid"
	chmod 4755 "$SHARED/suid"
	try as 1234 "$SHARED/suid" up tap1
	exits 77
	try as 1234 "$SHARED/suid" up mir1 --host 10.1.0.1/24 --nat
	exits 77
	ip_ link del br9
	ip_ link del mirbr9
	unchanged
}

@test "without rights it says what to do" {
	users
	before=$(world)
	chmod 755 "$T" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null || :
	try as 1234 mirari-tap up mir0
	exits 77
	says "sudo mirari-tap up"
	unchanged "$before"
}

# ---- what isn't ours --------------------------------------------------------------------------------

@test "what others made is neither changed nor removed" {
	ip_ tuntap add tap1 mode tap user $OWNER
	ip_ tuntap add tun1 mode tun
	ip_ tuntap add tapm mode tap multi_queue
	ip_ link add dummy1 type veth peer name dummy2
	ip_ link add veth1 type veth peer name veth2
	ip_ link set veth1 up
	ip_ address add 10.8.0.1/24 dev veth1
	ip_ link add br1 type bridge
	ip_ address add 10.8.1.1/24 dev br1
	# half of what marks ours
	ip_ tuntap add alias1 mode tap
	ip_ link set alias1 alias 'mirari www/service mac=02:00:00:00:00:01'
	ip_ tuntap add group1 mode tap
	ip_ link set group1 group 2013
	ip_ link set group1 alias 'not mirari'
	ip_ link set dummy2 group 2013 alias 'mirari www/service mac=02:00:00:00:00:01'
	ip_ link add bralias type bridge
	ip_ link set bralias alias 'mirari bridge owner=0'
	ip_ link add brgroup type bridge
	ip_ link set brgroup group 2013
	ip_ link add brother type bridge
	ip_ link set brother group 2013 alias 'mirari bridge owner=x'
	ip_ tuntap add doomed1 mode tap
	ip_ link set doomed1 group 20130
	settle
	for name in lo tap1 tun1 tapm dummy1 dummy2 veth1 br1 alias1 group1 bralias brgroup brother doomed1; do
		up "$name" --mtu 1300
		exits 73
		up aaa "$name" --mtu 1300
		exits 73
		# not even what it has and we would give it
		record net.a.tap=aaa net.a.host=10.8.2.1/24 net.b.tap="$name" net.b.host=10.8.0.1/24 net.c.tap=veth1 \
			net.c.host=10.8.1.1/24 >"$T/in"
		up <"$T/in"
		[[ $status = 73 || $name = veth1 ]]
		down "$name" --force
		exits 77
		says "$name: isn't made by mirari"
		unchanged
	done
	up mir1 mir2 mir3 --bridge mirbr --create-bridge
	exits 0
	down mir1 mir2
	exits 0
	down --all
	exits 0
	unchanged
	up mir1 mir2 --bridge dummy1
	exits 73
	unchanged
	try "${NS[@]}" mirari-tap gc
	exits 0
	unchanged
	up mir1
	down --all --force
	exits 0
	unchanged
}

@test "a bridge of others is used, and stays as it is" {
	others_bridge br1
	ip_ link set br1 up
	ip_ address add 10.1.0.1/24 dev br1
	sleep 0.1
	settle
	up mir1 --bridge br1
	exits 0
	same br1 "$(about mir1 .master)"
	up mir2 --bridge br1 --create-bridge --host 10.1.0.1/24
	exits 0
	same '10.1.0.1/24 null' "$(addresses br1) $(about br1 .ifalias)"
	before=$(world)
	up mir3 --bridge br1 --host 10.1.0.2/24
	exits 73
	says 'ip address add 10.1.0.2/24 dev br1'
	up mir2 --bridge br1 --host 10.1.0.2/24
	exits 73
	unchanged "$before"
	down --all
	exits 0
	unchanged
	down br1
	exits 77
	unchanged
}

# ---- down -------------------------------------------------------------------------------------------

@test "down refuses what is in use, by its name, unless it is forced" {
	up tap0 tap1 --mtu 1400
	hold tap1 $'odd)\rname'
	before=$(world)
	for words in tap1 'tap0 tap1' 'tap1 tap0' --all '--all -n' 'tap1 -n'; do
		# shellcheck disable=SC2086 # several
		down $words
		exits 75
		says "tap1: it is in use: by odd)"
		says "($HOLDING)"
		says 'mirari-tap down --force tap1'
		unchanged "$before"
	done
	down --all --force -n
	exits 0
	says 'would remove tap0, tap1'
	unchanged "$before"
	down tap1 --force
	exits 0
	same tap0 "$(here)"
	kill -0 "$HOLDING"
	end "$HOLDING"
	down --all
	exits 0
	unchanged
}

@test "down of what isn't there, twice, and of nothing" {
	up tap0
	down tap1 tap0 tap0 ../x '' 0123456789abcdef
	exits 0
	same "mirari-tap: removed tap0
mirari-tap: isn't there: tap1, ../x, '', 0123456789abcdef" "$(cat "$T/err")"
	down tap0
	exits 0
	down tap0 -q
	exits 0
	same '' "$(cat "$T/err")"
	down --all
	exits 0
	down --all tap0
	exits 64
	unchanged
}

@test "down of a record's devices, and of no others" {
	up mine --host 10.7.0.1/24
	up_record net.a.host=10.0.0.1/24 net.b.host=10.0.1.1/24 net.b.bridge=mirbr net.b.bridge-create=true
	down <"$T/in"
	exits 0
	same 3 "$(grep removed "$T/err" | tr , '\n' | wc -l)"
	same mine "$(here)"
	down <"$T/in"
	exits 0
	same mine "$(here)"
}

@test "a bridge of ours goes with its last port, and not before" {
	up mir1 mir2 --bridge mirbr --create-bridge
	before=$(world)
	down mirbr
	exits 75
	says 'mirbr: it is in use: by mir1'
	unchanged "$before"
	ip_ link add veth1 type veth peer name veth2
	ip_ link set veth1 master mirbr
	down mir1 mir2
	exits 0
	# somebody else's port is in it
	same 'mirbr veth1 veth2' "$(here | tr ' ' '\n' | sort | paste -sd' ')"
	down mirbr
	exits 75
	try "${NS[@]}" mirari-tap gc
	exits 0
	same 'mirbr veth1 veth2' "$(here | tr ' ' '\n' | sort | paste -sd' ')"
	ip_ link del veth1
	down mirbr
	exits 0
	unchanged
	up mir1 --bridge mirbr --create-bridge
	down mir1 mirbr
	exits 0
	unchanged
	up mir1 --bridge mirbr --create-bridge
	down --force mirbr
	exits 0
	same mir1 "$(here)"
}

# ---- all or nothing ---------------------------------------------------------------------------------

# fails STATUS WORD...: such an up is refused, and leaves what was there as it was.
fails() {
	local status_=$1 was
	shift
	was=$(world)
	up "$@"
	exits "$status_"
	same '' "$(cat "$T/out")"
	unchanged "$was" || flunk "left something"
}

@test "what fails half-way is undone" {
	others_bridge br1
	ip_ link add dummy1 type veth peer name dummy2
	ip_ address add 10.1.0.1/24 dev br1
	settle
	record net.a.host=10.0.0.1/24 net.a.bridge=mirbr net.a.bridge-create=true net.b.host=10.0.1.1/24 \
		net.b.host=fd00::1/64 >good
	sed -i '$d' good
	# each is the second or third device of a record whose others are fine
	failing() {
		local status_=$1 was
		shift
		(cat good; printf '%s\n' "$@" '') >"$T/in"
		was=$(world)
		up <"$T/in"
		exits "$status_"
		same '' "$(cat "$T/out")"
		unchanged "$was" || flunk "$*: left something"
	}
	all() {
		failing 65 net.c.mtu=65535
		failing 65 net.c.bridge=no-such-bridge
		failing 73 net.c.bridge=dummy1
		failing 73 net.c.bridge=lo
		failing 73 net.c.bridge=br1 net.c.host=10.1.0.9/24
		failing 65 net.c.host=224.0.0.1/24
		failing 65 net.c.host=ff02::1/64
		failing 67 net.c.owner=no-such-user
		failing 73 net.c.tap=dummy1
		failing 73 net.c.tap=lo
		failing 65 net.c.tap=all
		failing 65 net.c.tap=default
		failing 65 net.c.mtu=1000 net.c.host=fd05::1/64
		failing 65 net.c.host=0.0.0.0/8
		failing 65 net.c.host=10.0.9.1/24 net.c.guest=127.0.0.2/8
		failing 65 net.c.bridge=mirbr net.c.bridge-create=true net.c.host=10.0.9.1/24 net.d.mtu=65535
		# NAT and DHCP come last
		failing 65 net.c.host=10.0.5.1/24 net.c.dhcp=true net.d.host=10.0.6.1/0 net.d.nat=true
	}
	all
	unchanged
	# with those that were there before
	record net.a.host=10.4.0.1/24 net.b.host=10.4.1.1/24 net.b.mtu=1300 net.b.mac=02:00:00:00:00:01 \
		net.b.bridge=mirbr net.b.bridge-create=true >"$T/in"
	up <"$T/in"
	exits 0
	ip_ link set "$(got net.a.tap)" down
	all
	down --all
	exits 0
	unchanged
}

@test "without IPv6 an IPv6 address is refused, and nothing stays" {
	"${NS[@]}" sh -c 'echo 1 | tee /proc/sys/net/ipv6/conf/*/disable_ipv6 >/dev/null'
	settle
	up one --host 10.0.0.1/24
	before=$(world)
	up two --host fd00::1/64
	exits 69
	says 'sysctl -w net.ipv6.conf.all.disable_ipv6=0'
	up one two --mtu 1400 --host fd00::1/64
	exits 65
	record net.a.host=10.0.1.1/24 net.b.host=fd00::1/64 net.one.tap=one net.one.host=10.0.0.2/24 >"$T/in"
	up <"$T/in"
	exits 69
	unchanged "$before"
}

@test "owners, DHCP and NAT of taps that were there are as before, too" {
	users
	up one --host 10.0.0.1/24 --owner 1234 --group 7 --dhcp --nat
	up two --host 10.0.1.1/24 -p 9090:90
	before=$(world)
	keeper=$(keepers)
	up three --host 10.0.3.1/24 --dhcp -p 9090:80
	exits 69
	says 'port tcp 9090 is published for the tap two already'
	unchanged "$before"
	same "$keeper" "$(keepers)"
	# this one would have changed all of the first before the second can't have what it wants
	record net.one.tap=one net.one.owner=1235 net.one.group=8 net.one.host=10.0.0.9/24 net.one.dhcp=true \
		net.one.publish=7070:70 net.three.tap=three net.three.host=10.0.3.1/24 net.three.publish=9090:80 >"$T/in"
	up <"$T/in"
	exits 69
	unchanged "$before"
	same "$keeper" "$(keepers)"
	kill -0 "$keeper"
	# a port goes from one to the other
	record net.one.tap=one net.one.owner=1234 net.one.group=7 net.one.host=10.0.0.1/24 net.one.publish=9090:80 \
		net.two.tap=two net.two.host=10.0.1.1/24 >"$T/in"
	up <"$T/in"
	exits 0
	same 0 "$("${NS[@]}" nft list ruleset | grep -c 'table inet mirari-two')"
	no_keeper
}

@test "a bridge has 1023 ports, and no more" {
	up --set name=www < <(
		echo name=www
		printf 'net.d%d.bridge=mirbr\nnet.d%d.bridge-create=true\n' $(for i in {1..1024}; do echo $i $i; done)
		echo
	)
	exits 69
	says 'a bridge has 1023 ports at most'
	unchanged
}

@test "a signal in the middle leaves all or nothing" {
	for i in {1..200}; do
		printf 'net.d%d.host=10.0.%d.1/24\n' $i $i
	done >devices
	mapfile -t devices <devices
	record "${devices[@]}" >"$T/in"
	for moment in 1 SIGINT 3 SIGTERM 6 SIGINT 9 SIGHUP 12 SIGTERM 15 SIGINT 20 SIGTERM; do
		if [[ $moment != [0-9]* ]]; then
			try py interrupt "$ms" "$moment" mirari-tap up -q <"$T/in"
			exits 0
			count=$(ours)
			[[ "$(tail -n 1 "$T/out") $count" =~ ^(-[0-9]+ (0|200)|0 200)$ ]] ||
				flunk "$ms ms, $moment: $(tail -n 1 "$T/out"), $count of 200 taps"
			down --all -q
			unchanged
		fi
		ms=$moment
	done
}

# ---- list -------------------------------------------------------------------------------------------

@test "list: each key, as ip has it" {
	try "${NS[@]}" mirari-tap list
	exits 0
	same '' "$(cat "$T/out")"
	up_record net.a.tap=tap0 net.a.host=10.0.0.1/24 net.a.host=fd00::1/64 net.a.mtu=1400 net.a.owner=$OWNER net.a.group=$GROUP \
		net.b.tap=tap1 net.b.host=10.1.0.1/24 net.b.bridge=mirbr net.b.bridge-create=true net.b.dhcp=true net.b.owner=0
	hold tap0 $'odd\rname'
	py send tap1 7 100
	sleep 0.2
	try "${NS[@]}" mirari-tap list
	exits 0
	same 3 "$(grep -c '^$' "$T/out")"
	for i in tap0 tap1 mirbr; do
		try "${NS[@]}" mirari-tap list $i
		exits 0
		same "$(ip_ -s -d -j address show dev $i | jq -r '.[0] | (if .linkinfo.info_kind == "bridge" then "bridge=" else "tap=" end) + .ifname,
			"ifindex=\(.ifindex)", "state=" + (if .flags | contains(["UP"]) then "up" else "down" end), "mtu=\(.mtu)",
			(.addr_info[] | "address=\(.local)/\(.prefixlen)"), (.master // empty | "master=" + .),
			"rx.bytes=\(.stats64.rx.bytes)", "rx.packets=\(.stats64.rx.packets)",
			"tx.bytes=\(.stats64.tx.bytes)", "tx.packets=\(.stats64.tx.packets)"')" \
			"$(grep -E '^(tap|bridge|ifindex|state|mtu|address|master|rx\..*|tx\..*)=' "$T/out")"
	done
	try "${NS[@]}" mirari-tap list tap0
	same "www a $(got mac) 10.0.0.2/24 true true $OWNER_NAME $GROUP_NAME $HOLDING odd?name" \
		"$(got name) $(got device) $(got mac) $(got guest) $(got persistent) $(got in-use) $(got owner) $(got group) $(got holder.pid) $(got holder.program)"
	same 02:00 "$(got mac | cut -c 1-3)00"
	try "${NS[@]}" mirari-tap list tap1
	same "root false $(keepers) 7 700" "$(got owner) $(got in-use) $(got dhcp.pid) $(got rx.packets) $(got rx.bytes)"
	same '' "$(got holder.pid)$(got group)"
}

@test "list: a table for people" {
	need script
	up_record net.a.tap=tap0 net.a.host=10.0.0.1/24 net.a.host=10.0.5.1/24 net.a.owner=$OWNER \
		net.b.tap=tap1 net.b.host=10.1.0.1/24 net.b.bridge=mirbr net.b.bridge-create=true net.b.owner=0
	up tap2
	hold tap0
	py send tap1 20 1000
	sleep 0.1
	"${NS[@]}" script -qec 'mirari-tap list' /dev/null </dev/null | tr -d '\r' >table
	same "$(printf '%s\n' 'NAME STATE DEVICE ADDRESS BRIDGE OWNER HOLDER RX TX' \
		"tap0 up+ www/a 10.0.0.1/24,10.0.5.1/24 - $OWNER_NAME python3($HOLDING)" \
		'tap1 up www/b - mirbr root - 20K 0' 'tap2 up tap2 - - root - 0 0')" \
		"$(sed -E 's/ +/ /g; /^tap0/s/ [^ ]+ [^ ]+$//; /^mirbr/d' table)"
	grep -qE '^mirbr +up +bridge +10\.1\.0\.1/24' table
	# the columns are below each other
	same 1 "$(awk '{ print index($0, $3) }' <(grep -v '^tap2' table) | sort -u | wc -l)"
	down --all --force -q
	"${NS[@]}" script -qec 'mirari-tap list' /dev/null </dev/null >table
	same '' "$(cat table)"
}

@test "list: others' taps and bridges only when asked for, and no other interfaces" {
	ip_ tuntap add other mode tap
	ip_ link add br1 type bridge
	ip_ link add dummy1 type veth peer name dummy2
	ip_ tuntap add tun1 mode tun
	settle
	up tap0
	try "${NS[@]}" mirari-tap list
	same tap0 "$(got tap)$(got bridge)"
	try "${NS[@]}" mirari-tap list --all
	same 'other tap0 br1' "$(got tap) $(got bridge)"
	same root "$(got owner)"
	try "${NS[@]}" mirari-tap list other br1
	exits 0
	same 'other br1' "$(got tap) $(got bridge)"
	for name in nothing dummy1 lo tun1 '' ../x; do
		try "${NS[@]}" mirari-tap list "$name"
		exits 1
		same '' "$(cat "$T/out")"
	done
	try "${NS[@]}" mirari-tap list nothing tap0 ../x
	exits 1
	same tap0 "$(got tap)"
	says "isn't there: nothing, ../x"
}

# ---- gc ---------------------------------------------------------------------------------------------

@test "gc removes what exec left when it was killed with its keeper, and not before" {
	begin log "${NS[@]}" sh -c 'echo go; exec mirari-tap exec -d a --host 10.1.0.1/24 --bridge mirx --create-bridge --dhcp --nat -p 8080:80 -- sleep 600'
	first=$!
	begin log2 "${NS[@]}" sh -c 'echo go; exec mirari-tap exec -d b --host 10.2.0.1/24 -- sh -c "exec sleep 600" %{tap:b}'
	second=$!
	up mine --host 10.3.0.1/24
	soon_is sleep cat /proc/$first/comm
	soon_is sleep cat /proc/$second/comm
	before=$(world)
	same 4 "$(here | wc -w)"
	try "${NS[@]}" mirari-tap gc
	exits 0
	unchanged "$before"
	# shellcheck disable=SC2046 # several
	kill -KILL $(keepers) $first $second
	end $first
	end $second
	no_keeper
	for _ in {1..100}; do
		[ "$(here | wc -w)" = 4 ] || break
		sleep 0.01
	done
	same 3 "$(here | wc -w)"
	left=$(world)
	try "${NS[@]}" mirari-tap gc -n
	exits 0
	grep -qE 'would remove mir[^,]*, mirx, table inet mirari-mir' "$T/err" || flunk 'should name all'
	unchanged "$left"
	try "${NS[@]}" mirari-tap gc
	exits 0
	grep -qE 'removed mir[^,]*, mirx, table inet mirari-mir' "$T/err" || flunk 'should name all'
	same mine "$(here)"
	same '' "$("${NS[@]}" nft list ruleset)"
	same 0 "$("${NS[@]}" cat /proc/sys/net/ipv4/ip_forward)"
}

@test "what a killed down was about to remove is gc's, unless it is asked for again" {
	up tap0 tap1 --mtu 1400
	ip_ link set tap0 group 20130
	ip_ link set tap1 group 20130
	try "${NS[@]}" mirari-tap list
	same 'tap0 tap1' "$(got tap)"
	up tap0
	exits 0
	try "${NS[@]}" mirari-tap gc
	exits 0
	same tap0 "$(here)"
}

@test "gc removes the table of a tap that somebody else has removed" {
	up tap0 --host 10.0.0.1/24 --nat
	up tap1 --host 10.0.1.1/24 --nat
	ip_ link del tap0
	try "${NS[@]}" mirari-tap gc
	exits 0
	says 'removed table inet mirari-tap0'
	same 1 "$("${NS[@]}" cat /proc/sys/net/ipv4/ip_forward)"
	ip_ link del tap1
	down tap1
	exits 0
	unchanged
}

# ---- DHCP, NAT --------------------------------------------------------------------------------------

@test "DHCP: the guest gets its address, and the keeper ends with the tap" {
	up_record net.a.tap=tap0 net.a.host=10.5.0.1/24 net.a.dhcp=true net.a.mac=02:00:00:00:00:0a \
		net.b.tap=tap1 net.b.host=10.6.0.1/20 net.b.guest=10.6.0.77/20 net.b.dhcp=true net.b.bridge=mirbr net.b.bridge-create=true
	exits 0
	same 2 "$(keepers | wc -w)"
	same '2 5 10.5.0.2 255.255.255.0 10.5.0.1 www' "$(py dhcp tap0 02:00:00:00:00:0a)"
	same '2 5 10.6.0.77 255.255.240.0 - www' "$(py dhcp tap1 "$(got net.b.mac)")"
	# and nobody else does
	run -1 timeout 1 "${NS[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/tap.py" dhcp tap0 02:00:00:00:00:0b || [ "$status" = 124 ]
	# another address, by another keeper: it is the only one that answers
	sed -i 's/^net.a.host=.*/net.a.host=10.5.7.1\/24/' "$T/in"
	up <"$T/in"
	exits 0
	soon_is 2 bash -c "pgrep --ns ${HOLDERS[0]} --nslist net -x mirari-keeper | wc -l"
	for _ in 1 2 3; do
		same '2 5 10.5.7.2 255.255.255.0 10.5.7.1 www' "$(py dhcp tap0 02:00:00:00:00:0a)"
	done
	# it outlives the terminal that started it
	for signal in HUP INT QUIT; do
		# shellcheck disable=SC2046 # several
		kill -$signal $(keepers)
	done
	same '2 5 10.5.7.2 255.255.255.0 10.5.7.1 www' "$(py dhcp tap0 02:00:00:00:00:0a)"
	ip_ link del tap0
	soon_is 1 bash -c "pgrep --ns ${HOLDERS[0]} --nslist net -x mirari-keeper | wc -l"
	down <"$T/in"
	exits 0
	no_keeper
	unchanged
}

@test "a keeper has no descriptors of ours, and holds nobody up" {
	# a pipe that it had would never end
	printf '%s\n' name=w net.a.tap=tap0 net.a.host=10.5.0.1/24 net.a.dhcp=true '' | "${NS[@]}" mirari-tap up 2>&1 | cat >out
	grep -q ^net.a.tap=tap0 out
	# it has a packet socket, and the three of /dev/null
	same 'null null null socket' "$(for fd in /proc/"$(keepers)"/fd/*; do
		readlink "$fd" | sed 's/.*null.*/null/; s/:.*//'
	done | sort | paste -sd' ')"
	same / "$(readlink "/proc/$(keepers)/cwd")"
	# and the interface isn't in use by it
	down tap0
	exits 0
	no_keeper
}

@test "NAT: the guest reaches another network, that network published ports, and others' rules stay" {
	netns_beside OUT
	ip_ link add up0 type veth peer name out0 netns "/proc/${HOLDERS[1]}/ns/net"
	ip_ address add 192.0.2.1/24 dev up0
	ip_ link set up0 addrgenmode none
	ip_ link set up0 up
	"${OUT[@]}" ip address add 192.0.2.2/24 dev out0
	"${OUT[@]}" ip link set out0 up
	"${NS[@]}" nft -f - <<-'END'
		table ip mine {
			chain forward {
				type filter hook forward priority filter; policy accept;
				tcp dport 6667 drop
			}
		}
		table inet mirari_not {
			chain not_a_base {
				ip saddr 192.0.2.9 drop
			}
		}
	END
	settle
	mine=$("${NS[@]}" nft list ruleset)
	up tap0 --host 10.5.0.1/24 --nat -p 8080:80/udp --mac 02:00:00:00:00:0a
	exits 0
	begin echo.log "${OUT[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/tap.py" echo 192.0.2.2 7000
	same 'you are 192.0.2.1' "$(py ask tap0 02:00:00:00:00:0a 10.5.0.2 10.5.0.1 192.0.2.2 7000)"
	begin serve.log "${NS[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/tap.py" serve tap0 02:00:00:00:00:0a 10.5.0.2 80
	same 'guest heard hello' "$("${OUT[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/tap.py" query 192.0.2.1 8080)"
	begin serve.log "${NS[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/tap.py" serve tap0 02:00:00:00:00:0a 10.5.0.2 80
	same 'guest heard hello' "$(py query 127.0.0.1 8080)"
	same "$mine" "$("${NS[@]}" nft list ruleset | sed '/^table inet mirari[-.]/,/^}/d')"
	end_all
	down tap0
	exits 0
	unchanged
	same "$mine" "$("${NS[@]}" nft list ruleset)"
}

@test "NAT: forwarding that was on stays on" {
	"${NS[@]}" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	settle
	up tap0 --host 10.0.0.1/24 --nat
	down tap0
	exits 0
	unchanged
}

# ---- -n ---------------------------------------------------------------------------------------------

# without what is random, or the kernel's own count
planned() {
	local -n there=$1
	"${there[@]}" ip -d -j address show | jq -S "$STEADY"' | map(select(.ifname != "lo")) | sort_by(.ifname) |
		walk(if type == "object" then with_entries(select(.key |
			test("^(ifindex|address|permaddr|.*_id|id|designated_.*|link_index)$") | not)) else . end) |
		map(.addr_info |= map(select(.local | test("^fe80:") | not)))'
	"${there[@]}" nft list ruleset | sed '/^table inet mirari\.forward/,/^}/d'
	"${there[@]}" cat /proc/sys/net/ipv4/ip_forward
}

@test "-n prints commands that do the same" {
	same_plan() {
		netns_beside OTHER
		"${OTHER[@]}" ip link set lo up
		up -n "$@"
		exits 0
		unchanged
		cp "$T/out" plan
		"${OTHER[@]}" sh -eu plan >plan.log 2>&1 || flunk "$(cat plan plan.log)"
		up -q "$@"
		exits 0
		same "$(planned NS)" "$(planned OTHER)" || flunk "$*"
		down --all --force -q
		no_keeper
		unchanged
	}
	same_plan tap0
	same_plan tap0 --host 10.0.0.1/24 --host fd00::1/64 --owner $OWNER --group $GROUP --mtu 1400 --mac 02:00:00:00:00:01
	same_plan tap0 --mtu 600 --host 10.0.0.1/31 --host 10.1.0.1/32
	same_plan tap0 --owner root --host 10.0.0.1/8
	same_plan tap0 tap1 --bridge mirbr --create-bridge --host 10.0.0.1/24 --host fd00::1/64
	same_plan tap0 --host 10.0.0.1/24 --nat -p 8080:80 -p 127.0.0.1:53:53/udp
	same_plan tap0 --bridge 'odd$(x)&;|"br' --create-bridge
	up -n
	exits 65
	up -n tap0 --host 10.0.0.1/24 --dhcp
	exits 0
	grep -q '^# DHCP of 02:.* is answered with 10.0.0.2/24$' "$T/out"
}

# ---- hostile input ----------------------------------------------------------------------------------

@test "hostile names" {
	before=$(world)
	for name in ../x 0123456789abcdef %d tap%d $'a\nb' 'a b' ' ' '' '"x"' "'" 'a/b' / . .. 'ä' $'\x80' 'a:b' 'a.b' 'a=b' 'a;id' \
		'$(id)' $'\x1b[31m' '*'; do
		up -- "$name"
		[[ $status =~ ^6[45]$ ]] || flunk "tap '$name'"
		up -- good "$name"
		[[ $status =~ ^6[45]$ ]] || flunk "tap '$name'"
		up x --set "net.x.tap=$name"
		[[ $status =~ ^6[45]$ ]] || flunk "net.x.tap '$name'"
		record "net.$name.host=10.0.0.1/24" >"$T/in"
		up <"$T/in"
		# a device may be called this; and that is another key
		case $name in 0123456789abcdef | a.b | a=b) ;; *) [ "$status" = 65 ] || flunk "device '$name'" ;; esac
		same 0 "$(LC_ALL=C grep -c $'[\x01-\x08\x0e-\x1f]' "$T/err")"
		down --all -q
	done
	for name in ../x 0123456789abcdef %d $'a\nb' 'a b' '' 'a/b' . .. 'a:b' -x; do
		up good --bridge="$name" --create-bridge
		[[ $status =~ ^6[45]$ ]] || flunk "bridge '$name'"
		up good --bridge="$name"
		[[ $status =~ ^6[45]$ ]] || flunk "bridge '$name'"
	done
	up -x
	exits 64
	up -- -x
	exits 64
	up "$(printf '%065d' 0)"
	exits 64
	record "net.$(printf 'x%.0s' {1..65}).mtu=1400" >"$T/in"
	up <"$T/in"
	exits 65
	unchanged "$before"
	# the longest of each
	record "net.$(printf 'x%.0s' {1..64}).host=223.255.255.253/24" net.b.tap=0123456789-_abc >"$T/in"
	up --set "name=$(printf 'n%.0s' {1..64})" <"$T/in"
	exits 0
	try "${NS[@]}" mirari-tap list
	same 2 "$(got device | wc -w)"
	down --all
	exits 0
}

@test "hostile values" {
	for option in --host=10.0.0.1 --host=10.0.0.1/33 --host=10.0.0.1/-1 --host=10.0.0.1/024 --host=/24 --host= --host=x/24 \
		--host=fd00::1/129 '--host=10.0.0.1/24 ' --host=010.0.0.1/24 --guest=10.0.0.2 --mtu=0 --mtu=67 --mtu=65536 --mtu=-1 \
		--mtu=1e3 --mtu= --mac=01:00:00:00:00:00 --mac=00:00:00:00:00:00 --mac=02:00:00:00:00 --mac=02-00-00-00-00-00 \
		--owner= --owner=-1 '--owner=a b' --owner=4294967295 --group=4294967295 --publish=80 --publish=0:80 --publish=80:65536 \
		--publish=x:80:80 --publish=80:80/sctp --nat --dhcp --publish=8080:80 --create-bridge; do
		up tap0 "$option"
		[[ $status =~ ^6[457]$ ]] || flunk "$option"
	done
	up tap0 tap1 --host 10.0.0.1/24
	exits 65
	up tap0 tap0 --host 10.0.0.1/24
	exits 65
	unchanged
}

@test "output that can't be written is a failure" {
	try "${NS[@]}" sh -c 'mirari-tap up tap0 >/dev/full'
	exits 74
	try "${NS[@]}" sh -c 'mirari-tap list >/dev/full'
	exits 74
}
