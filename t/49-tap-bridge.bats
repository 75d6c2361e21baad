#!/usr/bin/env bats
# mirari-tap bridge: bridges for guests that aren't behind a tap of ours. The guests are network
# namespaces at the other end of a cable (veth), with busybox's DHCP client. Each test has a network
# namespace of its own, and ends with a look at what is left there.
load lib/common.bash
load lib/try.bash
load lib/netns.bash
load lib/tapworld.bash

eval "$(declare -f setup | sed '1s/setup/world_setup/')"
eval "$(declare -f teardown | sed '1s/teardown/world_teardown/')"

setup() {
	need busybox
	world_setup
	CABLES=()
	cat >"$T/lease" <<-'END'
		#!/bin/sh
		case $1 in
		bound | renew)
			ip address replace "$ip/$mask" dev "$interface"
			[ -z "$router" ] || ip route replace default via "$router"
			echo "$ip/$mask router=$router dns=$dns mtu=$mtu lease=$lease server=$serverid"
			;;
		esac
	END
	chmod 755 "$T/lease"
	cat >"$T/answers" <<-'END'
		import socket, sys
		server = socket.socket()
		server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		server.bind(("", int(sys.argv[2])))
		server.listen()
		while True:
		    connection, _ = server.accept()
		    connection.sendall(sys.argv[1].encode() + b"\n")
		    connection.close()
	END
}

teardown() {
	local cable
	for cable in "${CABLES[@]}"; do
		ip_ link delete "$cable" 2>/dev/null || :
	done
	world_teardown
}

# cable NAME BRIDGE [MAC]: a guest, "${NAME[@]}", whose eth0 has its other end, vNAME, in the bridge.
cable() {
	local -n guest=$1
	netns_beside "$1"
	ip_ link add "v$1" type veth peer name eth0 netns "$HOLDER"
	CABLES+=("v$1")
	[ -z "$2" ] || ip_ link set "v$1" master "$2"
	ip_ link set "v$1" addrgenmode none up
	"${guest[@]}" ip link set lo up
	"${guest[@]}" ip link set eth0 ${3:+address "$3"} up
}

# lease NAME: what it gets by DHCP, and has from then on.
lease() {
	local -n guest=$1
	shift
	"${guest[@]}" busybox udhcpc -i eth0 -f -q -n -t 5 -T 1 -s "$T/lease" "$@" 2>"$T/udhcpc" || {
		cat "$T/udhcpc" >&2
		return 1
	}
}

# outside: another host, behind up0.
outside() {
	cable out '' ''
	ip_ link set vout name up0
	CABLES+=(up0)
	ip_ address add 192.0.2.1/24 dev up0
	"${out[@]}" ip address add 192.0.2.2/24 dev eth0
}

bridge() {
	try "${NS[@]}" mirari-tap bridge "$@"
}

# record FIELD...: one, on standard input of the command in ON.
record() {
	printf '%s\n' "name=$1" "${@:2}" '' >"$T/in"
	bridge <"$T/in"
}

reservations() {
	ip_ neigh show nud permanent | sed 's/ *$//' | sort
}

tables() {
	"${NS[@]}" nft list tables | sed 's/table inet //' | sort | paste -sd' '
}

# answers NAME PORT: serves a line on it until the test ends.
answers() {
	local -n guest=$1
	"${guest[@]}" "$PYTHON" "$T/answers" "$1" "$2" 3>&- &
	PIDS+=($!)
}

# listeners PORT: how many of the test's namespace.
listeners() {
	"${NS[@]}" ss -Hltn "sport = :$1" | wc -l
}

# reaches NAMESPACE ADDRESS PORT: what is said there.
reaches() {
	local -n from=$1
	"${from[@]}" timeout 5 bash -c 'exec 9<>/dev/tcp/$0/$1 && head -n 1 <&9' "$2" "$3" 2>/dev/null
}

# ---- what is made -----------------------------------------------------------------------------------

@test "by name: it is there, says what it is, and a second time changes nothing" {
	bridge xenbr0 --host 10.0.0.1/24 --host fd00::1/64 --dhcp --nat --mtu 1400
	exits 0
	same 'net.xenbr0.bridge=xenbr0 net.xenbr0.mtu=1400 net.xenbr0.dhcp=true net.xenbr0.nat=true net.xenbr0.host=10.0.0.1/24 net.xenbr0.host=fd00::1/64' \
		"$(sed '/^$/d' "$T/out" | paste -sd' ')"
	same xenbr0 "$(here)"
	same '10.0.0.1/24 fd00::1/64' "$(addresses xenbr0)"
	same '1400 2013 0 true' "$(about xenbr0 '"\(.mtu) \(.group) \(.linkinfo.info_data.stp_state) \(.flags | contains(["UP"]))"')"
	keeper=$(keepers)
	[[ $keeper =~ ^[0-9]+$ ]]
	[[ $(about xenbr0 .ifalias) =~ ^"mirari bridge owner=0 kept nat dhcp=$keeper."[0-9]+$ ]]
	same 'mirari-xenbr0 mirari.forward' "$(tables)"
	before=$(world)
	bridge xenbr0 --host 10.0.0.1/24 --host fd00::1/64 --dhcp --nat --mtu 1400
	exits 0
	unchanged "$before"
	same "$keeper" "$(keepers)"
	try "${NS[@]}" mirari-tap list xenbr0
	for line in bridge=xenbr0 kept=true nat=true dhcp.pid="$keeper" address=10.0.0.1/24 owner=root; do
		grep -qxF "$line" "$T/out" || flunk "$line"
	done
	bridge xenbr0 --host 10.0.0.1/24 --get net.xenbr0.host
	same 10.0.0.1/24 "$(cat "$T/out")"
	# it becomes what is asked for now
	same '10.0.0.1/24' "$(addresses xenbr0)"
	same '' "$(tables)"
	no_keeper
	same 'mirari bridge owner=0 kept' "$(about xenbr0 .ifalias)"
	bridge xenbr0 xen-br1 --dhcp
	exits 65
	bridge br_1 br-1
	exits 64
	bridge xenbr0 br-1
	exits 0
	grep -qxF net.br_1.bridge=br-1 "$T/out"
	down xenbr0 br-1
	exits 0
	says 'removed xenbr0, br-1'
	unchanged
}

@test "guests get addresses: unknown ones of the pool, one of a record its own" {
	bridge xenbr0 --host 10.0.0.1/24 --dhcp
	record db net.eth.bridge=xenbr0 net.eth.guest=10.0.0.77/24
	exits 0
	same "net.eth.bridge=xenbr0 net.eth.mac=$(got net.eth.mac) net.eth.guest=10.0.0.77/24" \
		"$(grep ^net "$T/out" | paste -sd' ')"
	cable one xenbr0 02:00:00:00:00:01
	cable two xenbr0 02:00:00:00:00:02
	cable db xenbr0 "$(got net.eth.mac)"
	lease one >first
	lease two >second
	lease db >third
	run cat first second third
	has '10.0.0.77/24 router=10.0.0.1 '
	same 3 "$(cut -d/ -f1 first second third | sort -u | wc -l)"
	same 3 "$(grep -c '^10\.0\.0\.[0-9]*/24 router=10.0.0.1 .*lease=3600 server=10.0.0.1$' <(cat first second third))"
	same 0 "$(grep -c '^10\.0\.0\.\(0\|1\|255\)/' <(cat first second third))"
	"${one[@]}" ping -c 1 -W 2 10.0.0.1
	"${one[@]}" ping -c 1 -W 2 10.0.0.77
	# always the same, also by another keeper
	same "$(cat first)" "$(lease one)"
	kill "$(keepers)"
	no_keeper
	bridge xenbr0 --host 10.0.0.1/24 --dhcp
	exits 0
	same "$(cat second)" "$(lease two)"
	same "$(cat first)" "$(lease one)"
	# what it asks for is given where that is free, and refused where it isn't
	same 10.0.0.99/24 "$(lease two -r 10.0.0.99 | cut -d' ' -f1 | sed "s,^$(cut -d/ -f1 second)/24\$,10.0.0.99/24,")"
	cable other xenbr0 02:00:00:00:00:03
	[[ $(lease other -r 10.0.0.77) != 10.0.0.77/* ]]
	down xenbr0
	exits 75
	says 'which is a port of it'
	down --force xenbr0
	exits 0
	no_keeper
}

@test "a network of four: the pool is one address" {
	bridge xenbr0 --host 10.0.0.1/30 --dhcp
	cable one xenbr0 02:00:00:00:00:01
	cable two xenbr0 02:00:00:00:00:02
	[[ $(lease one) == 10.0.0.2/30\ * ]]
	! lease two -t 2 || flunk 'there is no other'
	same '' "$(lease two -t 2)"
}

@test "NAT: guests reach the outside, and nobody reaches them" {
	outside
	bridge xenbr0 --host 10.0.0.1/24 --dhcp --nat
	cable one xenbr0 02:00:00:00:00:01
	lease one >got
	"${one[@]}" ping -c 1 -W 2 192.0.2.2
	answers out 7000
	soon_is out reaches one 192.0.2.2 7000
	answers one 7001
	"${out[@]}" ip route add 10.0.0.0/24 via 192.0.2.1
	! reaches out "$(cut -d/ -f1 got)" 7001 || flunk 'it should not be reached'
	bridge xenbr0 --host 10.0.0.1/24 --dhcp
	same '' "$(tables)"
	same 0 "$("${NS[@]}" cat /proc/sys/net/ipv4/ip_forward)"
}

@test "published ports of two unikernels on one bridge; what one takes away leaves the other's" {
	outside
	bridge xenbr0 --host 10.0.0.1/24 --dhcp
	record web net.eth.bridge=xenbr0 net.eth.host=10.0.0.1/24 net.eth.publish=8080:80
	exits 0
	cp "$T/out" web.record
	cable web xenbr0 "$(got net.eth.mac)"
	record db net.eth.bridge=xenbr0 net.eth.host=10.0.0.1/24 net.eth.guest=10.0.0.3/24 net.eth.publish=8081:80 \
		net.eth.publish=8082:82/udp
	exits 0
	cp "$T/out" db.record
	cable db xenbr0 "$(got net.eth.mac)"
	same 10.0.0.2/24 "$(lease web | cut -d' ' -f1)"
	same 10.0.0.3/24 "$(lease db | cut -d' ' -f1)"
	answers web 80
	answers db 80
	soon_is web reaches out 192.0.2.1 8080
	soon_is db reaches out 192.0.2.1 8081
	soon_is db reaches NS 127.0.0.1 8081
	soon_is db reaches web 10.0.0.1 8081
	# the first once more, and without its port
	bridge <web.record
	exits 0
	same web "$(reaches out 192.0.2.1 8080)"
	same db "$(reaches out 192.0.2.1 8081)"
	# a port is one guest's
	record third net.eth.bridge=xenbr0 net.eth.host=10.0.0.1/24 net.eth.guest=10.0.0.4/24 net.eth.publish=8081:1
	exits 69
	says 'port tcp 8081 is published for the guest xenbr0.'
	same 2 "$(reservations | wc -l)"
	down <web.record
	exits 0
	same 1 "$(reservations | wc -l)"
	! reaches out 192.0.2.1 8080 || flunk 'that port is gone'
	same db "$(reaches out 192.0.2.1 8081)"
	grep -v publish db.record >without.record
	bridge <without.record
	same '' "$(tables)"
	down <db.record
	exits 0
	same xenbr0 "$(here | tr ' ' '\n' | grep xenbr0)"
	same '' "$(reservations)"
}

@test "a record without a bridge: one of its own for each device that asks, and others untouched" {
	record www other=1 net.a.host=10.5.0.1/24 net.a.dhcp=true net.b.model=x net.c.host=10.6.0.1/24 net.c.dhcp=true \
		net.c.mac=02:00:00:00:00:0c net.a.guest=10.5.0.9/24 net.b.mac=02:00:00:00:00:0b
	exits 0
	a=$(got net.a.bridge) c=$(got net.c.bridge)
	[[ $a =~ ^mir[0-9a-z]{8}$ && $c =~ ^mir[0-9a-z]{8}$ && $a != "$c" ]]
	same "$(printf '%s\n' name=www other=1 net.a.dhcp=true net.b.model=x net.c.dhcp=true net.b.mac=02:00:00:00:00:0b \
		net.a.bridge="$a" net.a.mac="$(got net.a.mac)" net.a.host=10.5.0.1/24 net.a.guest=10.5.0.9/24 \
		net.c.bridge="$c" net.c.mac=02:00:00:00:00:0c net.c.host=10.6.0.1/24 net.c.guest=10.6.0.2/24)" \
		"$(sed '/^$/d' "$T/out")"
	cp "$T/out" first
	before=$(world)
	bridge <first
	exits 0
	cmp first "$T/out"
	comparable() {
		sed -E 's/ wanted=[0-9]+//'
	}
	same "$(comparable <<<"$before")" "$(world | comparable)"
	cable one "$a" "$(got net.a.mac)"
	cable two "$c" 02:00:00:00:00:0c
	[[ $(lease one) == '10.5.0.9/24 router=10.5.0.1 '* ]]
	# the way to everywhere else is that of the first
	[[ $(lease two) == '10.6.0.2/24 router= '* ]]
	# the bridge of a guest that is there stays
	down <first
	exits 0
	says "isn't there: mir"
	same "$a $c" "$(here | tr ' ' '\n' | grep ^mir | paste -sd' ')"
	same '' "$(reservations)"
	ip_ link delete vone
	ip_ link delete vtwo
	bridge <first
	down <first
	says "removed $a, $c"
	unchanged
}

@test "one that isn't ours is used as it is, and never changed" {
	others_bridge br9
	ip_ address add 10.9.0.1/24 dev br9
	ip_ link set br9 up
	settle
	record www net.a.bridge=br9 net.a.bridge-create=true
	exits 0
	unchanged
	same br9 "$(got net.a.bridge)"
	record www net.a.bridge=br9 net.a.host=10.9.0.1/24
	exits 0
	unchanged
	for more in net.a.host=10.8.0.1/24 'net.a.host=10.9.0.1/24 net.a.dhcp=true' 'net.a.host=10.9.0.1/24 net.a.nat=true' \
		'net.a.host=10.9.0.1/24 net.a.publish=80:80' net.a.mtu=1400; do
		# shellcheck disable=SC2086 # several
		record www net.a.bridge=br9 $more
		exits 73
		says "br9: isn't made by mirari"
	done
	bridge br9 --host 10.8.0.1/24
	exits 73
	down br9
	exits 77
	down <"$T/in"
	exits 0
	record www net.a.bridge=lo
	exits 73
	record www net.a.bridge=none0
	exits 65
	says 'there is no such bridge'
	unchanged
}

@test "an address is one guest's, and not the host's; what fails leaves nothing" {
	bridge xenbr0 --host 10.0.0.1/24
	before=$(world)
	record www net.a.bridge=xenbr0 net.a.guest=10.0.0.5/24
	record two net.a.bridge=xenbr0 net.a.guest=10.0.0.5/24
	exits 69
	says '10.0.0.5 is reserved for another guest, 02:'
	record two net.a.bridge=xenbr0 net.a.guest=10.0.0.1/24
	exits 65
	says "10.0.0.1 is the host's own address"
	record two net.b.bridge=new0 net.b.host=10.7.0.1/24 net.b.dhcp=true net.a.bridge=xenbr0 net.a.guest=10.0.0.5/24
	exits 69
	same xenbr0 "$(here)"
	same 1 "$(reservations | wc -l)"
	no_keeper
	# a guest whose address is another now
	record www net.a.bridge=xenbr0 net.a.guest=10.0.0.6/24
	exits 0
	same "10.0.0.6 dev xenbr0 lladdr $(got net.a.mac) PERMANENT proto 213" "$(reservations)"
	down <"$T/in"
	same "$(sed 's/ wanted=[0-9]*//' <<<"$before")" "$(world | sed 's/ wanted=[0-9]*//')"
	# two of one record
	record www net.a.host=10.1.0.1/24 net.b.host=10.1.0.1/24
	exits 65
	bridge b1 b2 --host 10.1.0.1/24
	exits 65
	# a program that has the port
	answers NS 8080
	soon_is 1 listeners 8080
	record www net.a.bridge=new0 net.a.host=10.1.0.1/24 net.a.dhcp=true net.a.publish=8080:80
	exits 69
	same xenbr0 "$(here)"
	no_keeper
}

@test "taps come and go; a bridge that was asked for stays, and a tap's guest has one DHCP" {
	bridge xenbr0 --host 10.0.0.1/24 --dhcp
	up tap0 --bridge xenbr0 --host 10.0.0.1/24 --guest 10.0.0.50/24 --dhcp
	exits 0
	cat >"$T/talk" <<-'END'
		import os, sys
		sys.argv = ["guest.py"]
		sys.path.insert(0, os.environ["LIB"])
		import guest, socket, fcntl, struct
		fd = os.open("/dev/net/tun", os.O_RDWR)
		fcntl.ioctl(fd, guest.TUNSETIFF, struct.pack("16sH22x", b"tap0", guest.IFF_TAP | guest.IFF_NO_PI))
		os.environ["MIRARI_NET_GUEST"], os.environ["MIRARI_NET_GATEWAY"] = "10.0.0.50/24", "10.0.0.1"
		g = guest.Guest(fd)
		for _ in range(5):
		    print(socket.inet_ntoa(g.dhcp()[0]))
	END
	LIB=$BATS_TEST_DIRNAME/lib MIRARI_NET_MAC=$(got net.tap0.mac) "${NS[@]}" "$PYTHON" "$T/talk" >talked
	same 10.0.0.50 "$(sort -u talked)"
	# and nobody else gets its address
	cable one xenbr0 02:00:00:00:00:01
	[[ $(lease one -r 10.0.0.50) != 10.0.0.50/* ]]
	ip_ link delete vone
	down tap0
	exits 0
	says 'removed tap0'
	try "${NS[@]}" mirari-tap gc
	exits 0
	same xenbr0 "$(here)"
	# one of taps becomes one that stays
	up tap1 --bridge mirbr --create-bridge --host 10.1.0.1/24
	bridge mirbr --host 10.1.0.1/24
	down tap1
	same 'xenbr0 mirbr' "$(here)"
	down --all
	exits 0
	unchanged
}

@test "gc clears those of records that have gone, after a while" {
	bridge xenbr0 --host 10.0.0.1/24
	record www net.a.host=10.5.0.1/24 net.a.dhcp=true net.a.nat=true net.a.publish=8080:80
	exits 0
	a=$(got net.a.bridge)
	keeper=$(keepers)
	try "${NS[@]}" mirari-tap gc
	exits 0
	same '' "$(cat "$T/err")"
	# nothing that ends beside it takes it away, however old it is
	ip_ link set "$a" alias "mirari bridge owner=0 wanted=1 nat $(about "$a" .ifalias | grep -o 'dhcp=.*')"
	try "${NS[@]}" mirari-tap exec --host 10.8.0.1/24 --set net.service.bridge=mirx --set net.service.bridge-create=true -- true
	exits 0
	soon_is "xenbr0 $a" here
	# nor is one with a port litter
	cable one "$a"
	try "${NS[@]}" mirari-tap gc
	same '' "$(cat "$T/err")"
	ip_ link delete vone
	try "${NS[@]}" mirari-tap gc -n
	says "would remove $a"
	try "${NS[@]}" mirari-tap gc
	says "removed $a"
	same xenbr0 "$(here)"
	same '' "$(tables)"
	no_keeper
	# tables of what somebody else has removed
	record www net.a.host=10.5.0.1/24 net.a.nat=true net.a.publish=8080:80
	ip_ link delete "$(got net.a.bridge)"
	try "${NS[@]}" mirari-tap gc
	exits 0
	says "table inet mirari-$a."
	says "table inet mirari-$a"
	same '' "$(tables)"
}

# ---- several, and killed ----------------------------------------------------------------------------

@test "two and more at once, on one bridge and on their own" {
	record_of() {
		printf '%s\n' "name=u$1" net.a.bridge=xenbr0 net.a.host=10.0.0.1/24 net.a.guest=10.0.0.$((10 + $1))/24 \
			net.a.dhcp=true net.a.nat=true "net.a.publish=$((9000 + $1)):80" "net.b.host=10.$((20 + $1)).0.1/24" ''
	}
	pids=()
	for i in {1..8}; do
		record_of $i >in$i
		"${NS[@]}" mirari-tap bridge <in$i >out$i 2>err$i 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || { cat err*; return 1; }
	done
	same 9 "$(here | wc -w)"
	same 16 "$(reservations | wc -l)"
	[[ $(keepers) =~ ^[0-9]+$ ]]
	same 10 "$(tables | wc -w)"
	pids=()
	for i in {1..8}; do
		"${NS[@]}" mirari-tap down <out$i 2>err$i 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || { cat err*; return 1; }
	done
	# the last has taken the bridge along: gc would leave it for a minute
	no_keeper
	unchanged
}

@test "bridge against down: it is there whole, or says so" {
	for i in $(seq "$(large 40)"); do
		"${NS[@]}" mirari-tap bridge xenbr0 --host 10.0.0.1/24 --dhcp >/dev/null 2>err 3>&- &
		pid=$!
		try "${NS[@]}" mirari-tap down -q xenbr0
		exits 0
		wait $pid || { cat err; return 1; }
		[ -z "$(here)" ] || same 10.0.0.1/24 "$(addresses xenbr0)"
		try "${NS[@]}" mirari-tap down -q xenbr0
	done
	no_keeper
}

# cleared: what there is when gc has been here.
cleared() {
	"${NS[@]}" mirari-tap gc -q
	here
	tables
}

@test "killed at any moment, it is whole or gc clears it" {
	native
	words=(xenbr0 --host 10.0.0.1/24 --dhcp --nat)
	whole=0 halves=0
	for i in $(seq "$(large 100)"); do
		"${NS[@]}" mirari-tap bridge "${words[@]}" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.0$((RANDOM % 50 + 10))"
		pkill -KILL -P $pid 2>/dev/null || :
		kill -KILL $pid 2>/dev/null || :
		wait $pid 2>/dev/null || :
		case $(ip_ -j link show xenbr0 2>/dev/null | jq -r '.[0].ifalias') in
		*' kept '*) whole=$((whole + 1)) ;;
		*)
			halves=$((halves + 1))
			# the nft that it had started may come to its end only now
			soon_is '' cleared
			;;
		esac
		# a second one is as if there had been no first, with one keeper that answers
		if [ $((i % 10)) = 0 ]; then
			bridge "${words[@]}"
			exits 0
		fi
		[ -z "$(here)" ] || down -q xenbr0
		no_keeper
		unchanged
	done
	echo "whole: $whole, not: $halves"
	[ $whole -gt 0 ] && [ $halves -gt 0 ]
}

@test "a keeper that the mark doesn't name is silent" {
	bridge xenbr0 --host 10.0.0.1/24 --dhcp
	cable one xenbr0 02:00:00:00:00:01
	first=$(lease one)
	ip_ link set xenbr0 alias 'mirari bridge owner=0 kept'
	! lease one -t 2 || flunk 'it should be silent'
	bridge xenbr0 --host 10.0.0.1/24 --dhcp
	same 2 "$(keepers | wc -w)"
	same "$first" "$(lease one)"
}

# ---- words and rights -------------------------------------------------------------------------------

@test "-n: commands for a shell, which do the same" {
	comparable() {
		world | sed -E '/"(ifindex|address|permaddr|.*_id|designated_bridge|local)":/d; s/ wanted=[0-9]+//; s/ dhcp=[0-9.]+//'
		reservations
	}
	printf '%s\n' name=www net.a.bridge=xenbr0 net.a.host=10.0.0.1/24 net.a.nat=true net.a.publish=8080:80 \
		net.b.host=10.1.0.1/24 net.c.bridge=xenbr0 net.c.guest=10.0.0.9/24 net.d.x=1 '' >in
	bridge -n <in
	exits 0
	unchanged
	cp "$T/out" commands
	bridge <in
	exits 0
	first=$(comparable)
	down -q <in
	no_keeper
	unchanged
	"${NS[@]}" sh -e commands
	same "$(sed '/"inet mirari.forward"/d; /^table inet mirari.forward/,/^}/d' <<<"$first")" "$(comparable)"
	# what the shell has switched on is the shell's to switch off
	"${NS[@]}" sysctl -q -w net.ipv4.ip_forward=0
	down -q <in
	unchanged
	bridge -n br0 --dhcp --host 10.0.0.1/24
	grep -qF '# DHCP on br0 is answered' "$T/out"
	grep -qF "alias 'mirari bridge owner=0 kept'" "$T/out"
}

@test "with a capability of the file: bridges of one's own, without NAT" {
	users
	need setcap
	native
	SHARED=$(mktemp -d)
	chmod 755 "$SHARED"
	cp "$BUILD/bin/mirari-tap" "$SHARED"
	setcap cap_net_admin,cap_net_raw+ep "$SHARED/mirari-tap" || lacking 'files here have no capabilities'
	by() {
		local user=$1
		shift
		try as "$user" "$SHARED/mirari-tap" "$@"
	}
	by 1234 bridge mirbr --host 10.0.0.1/24 --dhcp
	exits 0
	before=$(world)
	for words in 'br0' 'mirb --host 8.8.8.1/24' 'mirb --host 10.0.0.9/24' 'mirb --host 10.1.0.1/24 --nat'; do
		# shellcheck disable=SC2086 # several
		by 1234 bridge $words
		exits 77
	done
	by 1235 bridge mirbr --host 10.0.0.1/24
	exits 77
	by 1235 down mirbr
	exits 77
	unchanged "$before"
	by 1234 bridge --set net.a.bridge=mirbr --set net.a.guest=10.0.0.7/24 <<<$'name=www\n'
	exits 0
	same 1 "$(reservations | wc -l)"
	cable one mirbr "$(got net.a.mac)"
	[[ $(lease one) == 10.0.0.7/24\ * ]]
	ip_ link delete vone
	by 1235 down --set net.a.bridge=mirbr --set net.a.guest=10.0.0.7/24 <<<$'name=www\n'
	exits 77
	by 1234 down --set net.a.bridge=mirbr --set net.a.guest=10.0.0.7/24 <<<$'name=www\n'
	exits 0
	same '' "$(reservations)"
	by 1234 down mirbr
	exits 0
	no_keeper
	unchanged
	try as 1234 mirari-tap bridge mirbr --host 10.0.0.1/24
	exits 77
}

@test "with a command it becomes that, once the bridges are there" {
	try "${NS[@]}" mirari-tap bridge --set name=x --set net.a.host=10.0.0.1/24 --set net.a.bridge=br7 -- \
		sh -c 'ip -br address show br7 | tr -s " "; cat; exit 7' <<<'its input'
	exits 7
	[[ "$(cat "$T/out")" == br7*10.0.0.1/24*$'\n''its input' ]]
	printf 'name=x\nnet.a.host=10.0.0.2/24\nnet.a.bridge=br8\n\n' >"$T/in"
	try "${NS[@]}" mirari-tap bridge --record -- sh -c 'ip -br link show br8 && cat' <"$T/in"
	exits 0
	try "${NS[@]}" mirari-tap bridge --set name=x --set net.a.host=10.0.0.1/24 --set net.a.bridge=lo -- touch ran
	[ ! -e ran ]
	# where there is nothing to be made
	try "${NS[@]}" mirari-tap bridge --set name=x -- true
	exits 0
	try "${NS[@]}" mirari-tap bridge --set name=x -- "$T/nothing"
	exits 127
}
