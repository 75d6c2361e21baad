#!/usr/bin/env bats
# mirari-solo5 run on virtio: real QEMU, without KVM so that it is the same everywhere, and unikernels of
# our own (t/guest), which have a legacy virtio driver as Solo5's have.
load lib/common.bash
load lib/try.bash
load lib/netns.bash
load lib/tenders.bash

setup() {
	try_setup
	need qemu-system-x86_64
	[ -e "$GUESTS/plain.virtio" ] || lacking 'the unikernels of the tests are for x86_64'
}

teardown() {
	netns_end
}

# guest VARIANT [WORD]...
guest() {
	try "${NS[@]}" timeout 60 mirari-solo5 run --accel=tcg "$GUESTS/$1.virtio" "${@:2}" </dev/null
}

prints() {
	tr -d '\r' <"$T/out" | grep -qxF -e "$1" || { input=$T/out; flunk "should print: $1"; }
}

# starts [OPTION]... -- WORD...: a guest that is there, as $ours
starts() {
	: >"$T/out"
	"${NS[@]}" mirari-solo5 run --accel=tcg "$@" </dev/null >"$T/out" 2>"$T/err" 3>&- &
	ours=$!
	HOLDERS+=("$ours")
	until_true grep -q begun "$T/out"
}

@test 'arguments arrive as they are' {
	local odd=('a b' 'c"d' "e'f" 'g\h' '\' '"' ' ' $'tab\there' $'two\nlines' '$HOME `x` *' --hello=world -append
		'a,b,,c' 'x=y,z=%s' 'é 日本')
	guest plain -- "${odd[@]}"
	exits 0
	for n in "${!odd[@]}"; do
		[[ $(tr -d '\r' <"$T/out") == *"arg $((n + 1)): ${odd[n]}"$'\n'* ]] || flunk "lacks ${odd[n]}"
	done
	same '' "$(cat "$T/err")"
	guest plain -- "$(head -c 8191 /dev/zero | tr '\0' a)"
	exits 0
	grep -q '^arg 1: a\{8191\}' "$T/out" || flunk 'should be told all of it'
	guest plain -- "$(head -c 8192 /dev/zero | tr '\0' a)"
	exits 65
	guest plain
	exits 0
	prints 'cmdline: <>'
}

@test 'a path with blanks is no argument' {
	mkdir 'my dir'
	cp "$GUESTS/block.virtio" 'my dir/x y.virtio'
	try mirari-solo5 run --accel=tcg 'my dir/x y.virtio' --block 'data=my dir/a,b c.img' --set block.data.size=64K -- \
		write=there read 'a b' exit=3 </dev/null
	exits 3
	prints 'arg 1: write=there'
	prints 'arg 3: a b'
	prints 'read: <there>'
	try mirari-solo5 run -n --accel=tcg 'my dir/x y.virtio' --block 'data=my dir/a,b c.img' -- read 'a b'
	sh -c "$(cat "$T/out")" >"$T/pasted" </dev/null || :
	tr -d '\r' <"$T/pasted" | grep -qx 'read: <there>'
	tr -d '\r' <"$T/pasted" | grep -qx 'arg 2: a b'
	# one that QEMU would take for a protocol, and another option
	cp 'my dir/a,b c.img' 'nbd:a,readonly=on'
	guest block --block 'data=nbd:a,readonly=on' -- write=again read
	exits 0
	prints 'read: <again>'
}

@test 'a terminal is as before, also when QEMU was killed' {
	need python3
	cat >qemu <<-'END'
		#!/bin/sh
		echo $$ >pid
		exec qemu-system-x86_64 "$@"
	END
	cat >job <<-END
		#!/bin/sh
		mirari-solo5 run --accel=tcg --tender ./qemu $GUESTS/plain.virtio -- "\$@"
		echo "ended \$?"
		exec python3 -c 'import fcntl, os; print("waits:", not fcntl.fcntl(0, fcntl.F_GETFL) & os.O_NONBLOCK)'
	END
	chmod +x qemu job
	python3 "$SOURCE/t/lib/terminal.py" 'expect=ended 3' -- ./job exit=3 >"$T/out"
	grep -qx 'waits: True' "$T/out"
	grep -qx 'settings same' "$T/out"
	# shellcheck disable=SC2016
	python3 "$SOURCE/t/lib/terminal.py" 'expect=are words' 'expect=begun' settings=other 'run=kill -KILL $(cat pid)' \
		'expect=ended 137' -- ./job 'print=are words' print=begun spin >"$T/out"
	grep -qx 'waits: True' "$T/out"
	grep -qx 'settings same' "$T/out"
}

@test 'exit statuses' {
	local status_of
	for status_of in 0 1 7 63 64 100; do
		guest plain -- "exit=$status_of"
		exits "$status_of"
		same '' "$(cat "$T/err")"
	done
	for words in abort exit=255 fault; do
		guest plain -- $words
		exits 134
		says "mirari-solo5: $GUESTS/plain.virtio: aborted"
	done
}

@test "what a guest says is its status is so only at its end" {
	guest plain -- 'print=Solo5: solo5_exit(9) called' print=end
	exits 0
	guest plain -- 'print=Solo5: solo5_abort() called' exit=4
	exits 4
	# more than is kept of the console
	guest plain -- "print=$(head -c 7000 /dev/zero | tr '\0' a)" exit=5
	exits 5
}

@test 'block: made, written, read; of 512 bytes only' {
	guest block --block data=disk.img --set block.data.size=1M -- write=hello read
	exits 0
	prints 'capacity: 1048576'
	prints 'sector: 512'
	prints 'read: <hello>'
	same '600 1048576' "$(stat -c '%a %s' disk.img)"
	guest block --block data=disk.img -- read
	prints 'read: <hello>'
	guest block --block data=disk.img --set block.data.sector=4096
	exits 65
	says 'on virtio sectors have 512 bytes'
}

@test 'block: what one unikernel has belongs to no other, whatever they are for' {
	tenders
	truncate -s 64K disk.img
	starts "$GUESTS/block.virtio" --block data=disk.img -- print=begun spin
	for target in virtio spt; do
		try mirari-solo5 run "$GUESTS/block.$target" --block data=disk.img -- read
		exits 75
		says 'block.data: disk.img is in use by another unikernel'
	done
	kill "$ours"
	wait "$ours" || :
	: >"$T/begun"
	mirari-solo5 run "$GUESTS/block.spt" --block data=disk.img -- print=begun spin >"$T/begun" 3>&- &
	HOLDERS+=("$!")
	until_true grep -q begun "$T/begun"
	guest block --block data=disk.img -- read
	exits 75
	kill "$!"
	wait "$!" || :
	guest block --block data=disk.img -- read
	exits 0
}

@test 'net: a ping, its MAC address, its MTU' {
	need ping
	netns
	"${NS[@]}" mirari-tap up tap0 --host 10.0.0.1/24 --mtu 1400 >"$T/record"
	starts "$GUESTS/net.virtio" --net service=tap0 -- print=begun serve
	until_true grep -q serving "$T/out"
	prints "mac: $(sed -n 's/^net.tap0.mac=//p' "$T/record")"
	prints 'mtu: 1400'
	"${NS[@]}" ping -nc 3 -w 20 10.0.0.2 >"$T/ping"
	kill "$ours"
	status=0
	wait "$ours" || status=$?
	tried='SIGTERM'
	exits 143
	# and it can be had again at once
	guest net --net service=tap0 --mac service=02:00:00:00:00:09 -- print=x
	exits 0
}

@test 'devices are those of the manifest, in its order' {
	netns
	"${NS[@]}" mirari-tap up t0 --host 10.0.0.1/24 >/dev/null
	"${NS[@]}" mirari-tap up t1 --host 10.1.0.1/24 >/dev/null
	guest both --block data=disk.img --net service=t0 --set block.data.size=64K -- read
	exits 0
	prints 'capacity: 65536'
	starts "$GUESTS/net2.virtio" --net second=t1 --net service=t0 -- print=begun serve
	until_true grep -q serving "$T/out"
	"${NS[@]}" ping -nc 1 -w 20 -I t0 10.0.0.2 >"$T/ping"
	kill "$ours"
	wait "$ours" || :
	guest net2 --net second=t1
	exits 65
	says 'nothing for service'
}

@test 'mirari-tap exec makes the tap, and QEMU takes it' {
	native
	need ping
	netns
	"${NS[@]}" mirari-tap exec --host 10.0.0.1/24 -- mirari-solo5 run --accel=tcg "$GUESTS/net.virtio" \
		--net 'service=%{tap:service}' -- serve >"$T/out" 2>"$T/err" 3>&- </dev/null &
	ours=$!
	HOLDERS+=("$ours")
	until_true grep -q serving "$T/out"
	"${NS[@]}" ping -nc 1 -w 20 10.0.0.2 >"$T/ping"
	kill "$ours"
	wait "$ours" || :
	! "${NS[@]}" mirari-tap list | grep -q ^tap=
}

@test 'signals end QEMU and us, and nothing is left' {
	native
	local signal child
	for signal in TERM INT HUP KILL; do
		set -m
		starts "$GUESTS/plain.virtio" -- print=begun spin
		set +m
		child=$(pgrep -P "$ours")
		kill "-$signal" "$ours"
		status=0
		wait "$ours" || status=$?
		tried="SIG$signal"
		exits $((128 + $(kill -l $signal)))
		until_true gone "$child"
	done
	starts "$GUESTS/plain.virtio" -- print=begun spin
	child=$(pgrep -P "$ours")
	kill -KILL "$child"
	status=0
	wait "$ours" || status=$?
	tried='SIGKILL for QEMU'
	exits 137
	says 'killed by signal 9'
}

@test 'no QEMU: what installs it' {
	mkdir bin
	ln -s "$BUILD"/bin/mirari* bin/
	try env "PATH=$PWD/bin" mirari-solo5 run "$GUESTS/plain.virtio"
	exits 69
	says 'there is no qemu-system-x86_64: not in PATH'
	says 'sudo apt-get install qemu-system-x86'
}

@test 'the command is shown, and does the same in a shell' {
	guest plain -n --memory 64 -- 'a b'
	same "qemu-system-x86_64 -no-user-config -nodefaults -no-reboot -machine pc -accel tcg -cpu max -m 64 -display none -monitor none -chardev 'stdio,id=console' -serial chardev:console -device isa-debug-exit -kernel plain.virtio -append 'a\\ b'" \
		"$(sed -E "s,^[^ ]*/,,; s,$GUESTS/,," "$T/out")"
	status=0
	sh -c "$(cat "$T/out")" >"$T/pasted" </dev/null || status=$?
	same 83 "$status"
	tr -d '\r' <"$T/pasted" | grep -qx 'arg 1: a b'
	guest plain -n --accel=xen
	exits 64
	guest plain -q -n --memory 2000
	exits 0
	same '' "$(cat "$T/err")"
	guest plain -n --memory 2000
	says 'memory=2000: Solo5 on virtio uses 1024 MiB at most'
}
