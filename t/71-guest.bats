#!/usr/bin/env bats
# The unikernel of the tests (t/guest): virtio under QEMU; hvt and spt under Solo5's tenders where these are,
# else under the double (t/lib/tenders.bash). What is different between the three is said where it is.
bats_require_minimum_version 1.5.0
load lib/common.bash
load lib/netns.bash
load lib/tenders.bash

TARGETS=(hvt spt virtio)
MAC=02:00:00:00:00:07

setup() {
	need qemu-system-x86_64
	tenders
}

teardown() {
	netns_end
}

# prepare TARGET VARIANT WORDS...: COMMAND is what runs that unikernel, its devices being the taps t0 and t1 and
# the file `disk`.
prepare() {
	local target=$1 variant=$2 unikernel=$GUESTS/$2.$1 nets=() blocks=() i
	shift 2
	case $variant in net | both) nets=(service) ;; net2) nets=(service second) ;; esac
	case $variant in block | both) blocks=(data) ;; esac
	if [ "$target" = virtio ]; then
		COMMAND=(qemu-system-x86_64 -accel tcg -machine pc -m 64 -nodefaults -no-user-config -display none -no-reboot
			-serial stdio -device isa-debug-exit -kernel "$unikernel" -append "$*")
		for i in "${!nets[@]}"; do
			COMMAND+=(-netdev "tap,id=n$i,ifname=t$i,script=no,downscript=no"
				-device "virtio-net-pci,netdev=n$i,addr=$((2 + i)),mac=${MAC%7}$((7 + i)),host_mtu=1400")
		done
		[ ${#blocks[@]} = 0 ] ||
			COMMAND+=(-drive id=d,file=disk,if=none,format=raw -device virtio-blk-pci,drive=d,addr=8)
	else
		COMMAND=("solo5-$target" --mem=32)
		for i in "${!nets[@]}"; do
			COMMAND+=("--net:${nets[i]}=t$i" "--net-mac:${nets[i]}=${MAC%7}$((7 + i))")
		done
		COMMAND+=("${blocks[@]/%/=disk}" -- "$unikernel" "$@")
		COMMAND=("${COMMAND[@]/#data=/--block:data=}")
	fi
}

# status TARGET STATUS: what it is under that target. QEMU's is Solo5's `41 * 2 + 1` for all.
status() {
	if [ "$1" = virtio ]; then
		echo 83
	else
		echo "$2"
	fi
}

# guest TARGET VARIANT STATUS WORDS...: it runs to its end, with that status; what it says is `output`.
guest() {
	local target=$1 want=$3
	prepare "$1" "$2" "${@:4}"
	run -"$(status "$target" "$want")" --separate-stderr timeout 30 "${NS[@]}" "${COMMAND[@]}" </dev/null
	output=${output//$'\r'/}
}

# taps: t0 with 10.0.0.1/24, and t1, in a namespace.
taps() {
	netns
	"${NS[@]}" ip link set lo up
	for tap in t0 t1; do
		"${NS[@]}" ip tuntap add "$tap" mode tap
		"${NS[@]}" ip link set "$tap" mtu 1400 up
	done
	"${NS[@]}" ip address add 10.0.0.1/24 dev t0
}

# begin TEXT TARGET VARIANT WORDS...: starts it, until it has said the text; GUEST is its process.
begin() {
	local text=$1
	prepare "${@:2}"
	: >out
	"${NS[@]}" "${COMMAND[@]}" >out 2>err </dev/null 3>&- &
	GUEST=$!
	HOLDERS+=("$GUEST")
	for _ in {1..1000}; do
		! grep -q "$text" out || return 0
		kill -0 "$GUEST" || break
		sleep 0.02
	done
	cat out err >&2
	return 1
}

end() {
	kill "$GUEST"
	wait "$GUEST" || :
	HOLDERS=("${HOLDERS[@]/$GUEST/}")
}

said() {
	local text
	for text in "$@"; do
		grep -qxF -e "$text" <(tr -d '\r' <out) || {
			printf 'not said: %s\n' "$text"
			cat out
			return 1
		} >&2
	done
}

@test 'the files: executables of their target, which no kernel takes for its own' {
	need readelf
	for file in "$GUESTS"/*.{hvt,spt,virtio}; do
		run -0 readelf -nlW "$file"
		has 'interpreter: /nonexistent/solo5/'
		has 'EXEC (Executable file)'
		has '0x3154464d'
		has '0x31494241'
		[ "$(grep -c 'NOTE  ' <<<"$output")" = 3 ]
		[ "$(grep -c 'LOAD .* RWE ' <<<"$output")" = 0 ]
		run -127 "$file"
	done
	same 15 "$(find "$GUESTS/" -type f ! -name pvh.xen | wc -l)"
}

@test "words: blanks, backslashes and both quotes, as MirageOS' parse-argv has them" {
	local expected
	expected=$(cat <<-'END'
		arg 1: a b
		arg 2: c  d
		arg 3: e\"f
		arg 4: g'h
		arg 5: i"j
		arg 6: k\l
		arg 7: mno
		arg 8: p, q
		arg 9: --hello=world
		arg 10: open end
	END
	)
	for target in "${TARGETS[@]}"; do
		guest "$target" plain 0 'a\ b "c  d"' "'e\\\"f'" '  g\'\''h' "\"i\\\"j\" k\\\\l m'n'o '' \"\" \"p, q\"" --hello=world '"open end'
		same "$expected" "$(grep '^arg' <<<"$output")"
		has "cmdline: <a\\ b \"c  d\" 'e\\\"f'   g\\'h \"i\\\"j\" k\\\\l m'n'o '' \"\" \"p, q\" --hello=world \"open end>"
		guest "$target" plain 64 'a b\'
		has 'Invalid escaping at end of string'
		guest "$target" plain 0
		same "cmdline: <>
Solo5: solo5_exit(0) called" "$output"
	done
}

@test 'ends: exit, abort, and by an exception' {
	for target in "${TARGETS[@]}"; do
		guest "$target" plain 7 print=text exit=7 print=more
		has 'Solo5: solo5_exit(7) called'
		has $'\ntext\n'
		has_not $'\nmore'
		guest "$target" plain 255 abort
		has 'Solo5: solo5_abort() called'
		if [ "$target" = spt ]; then
			prepare spt plain fault
			run -139 "${COMMAND[@]}"
		else
			guest "$target" plain 255 fault
			has 'Solo5: ABORT: trap'
		fi
	done
}

@test 'time: it sleeps for as long as it is told' {
	local begun elapsed
	for target in "${TARGETS[@]}"; do
		begin 'tick 1' "$target" plain tick=20
		begun=$(date +%s%N)
		for _ in {1..500}; do
			! grep -q 'tick 26' out || break
			sleep 0.01
		done
		elapsed=$((($(date +%s%N) - begun) / 1000000))
		end
		# half a second; late on a busy machine, but not early
		[ "$elapsed" -ge 400 ] || { echo "$target: $elapsed ms" >&2; return 1; }
		[ "$elapsed" -le 4000 ] || { echo "$target: $elapsed ms" >&2; return 1; }
	done
}

@test 'network: answers ARP and ping, of all sizes, for its own address only' {
	need ping
	taps
	for target in "${TARGETS[@]}"; do
		for variant in net net2 both; do
			[ $variant != both ] || truncate -s 4096 disk
			begin serving "$target" $variant ip=10.0.0.7 serve
			said "mac: $MAC" 'mtu: 1400' 'serving: 10.0.0.7'
			"${NS[@]}" ping -c 2 -i 0.1 -W 5 10.0.0.7
			"${NS[@]}" ping -c 1 -W 5 -s 1372 10.0.0.7
			same "10.0.0.7 lladdr $MAC" "$("${NS[@]}" ip neigh show dev t0 nud reachable | grep -o '^.*07')"
			[ $variant != net ] || run ! "${NS[@]}" ping -c 1 -W 1 10.0.0.2
			end
		done
	done
}

@test 'network: a lease of a DHCP server that is not ours' {
	need busybox ping
	busybox --list | grep -qx udhcpd || lacking 'this busybox has no udhcpd'
	taps
	cat >udhcpd.conf <<-END
		start 10.0.0.77
		end 10.0.0.77
		interface t0
		lease_file $PWD/leases
		pidfile $PWD/pid
		option subnet 255.255.255.0
		option router 10.0.0.1
		option lease 600
	END
	: >leases
	"${NS[@]}" busybox udhcpd -f -I 10.0.0.1 udhcpd.conf 2>/dev/null 3>&- &
	HOLDERS+=($!)
	for target in "${TARGETS[@]}"; do
		begin serving "$target" net dhcp
		said 'lease: 10.0.0.77/24 via 10.0.0.1' 'serving: 10.0.0.77'
		"${NS[@]}" ping -c 1 -W 5 10.0.0.77
		end
	done
}

@test 'block device: reads and writes its first sector' {
	for target in "${TARGETS[@]}"; do
		printf 'begins so\0and ends' >disk
		truncate -s 65536 disk
		guest "$target" block 0 read 'write=written\ by\ the\ guest' read
		same 'capacity: 65536
sector: 512
read: <begins so>
written: <written by the guest>
capacity: 65536
sector: 512
read: <written by the guest>' "$(grep -v '^arg\|^cmdline\|^Solo5' <<<"$output")"
		same 'written by the guest' "$(head -c 20 disk)"
		[ "$(stat -c %s disk)" = 65536 ]
	done
	# sectors are the host's choice, but for virtio
	for target in hvt spt; do
		run -0 "solo5-$target" --mem=32 --block:data=disk --block-sector-size:data=4096 "$GUESTS/block.$target" read write=x
		has 'sector: 4096'
	done
}

@test 'virtio: devices are those of the manifest, in their order, and all there' {
	taps
	truncate -s 4096 disk
	prepare virtio both read
	run -83 timeout 30 "${NS[@]}" "${COMMAND[@]/addr=2/addr=9}" </dev/null
	has 'a device is not in the manifest, or not at its place'
	has 'solo5_abort() called'
	prepare virtio net serve
	run -83 timeout 30 "${NS[@]}" "${COMMAND[@]/net.virtio/plain.virtio}" </dev/null
	has 'a device is not in the manifest'
	run -83 timeout 30 "${NS[@]}" "${COMMAND[@]/net.virtio/net2.virtio}" </dev/null
	has 'All declared devices must be attached'
}

@test 'virtio: without isa-debug-exit, it is switched off' {
	prepare virtio plain exit=7
	for i in "${!COMMAND[@]}"; do
		[ "${COMMAND[i]}" != isa-debug-exit ] || unset "COMMAND[i-1]" "COMMAND[i]"
	done
	run -0 timeout 30 "${COMMAND[@]}" </dev/null
	has 'solo5_exit(7) called'
}
