#!/usr/bin/env bats
# mirari-virt: libvirt's test driver for what is decided before and after a domain runs, and a libvirtd with real
# QEMU (without KVM, so that it is the same everywhere) for all that happens meanwhile.
load lib/common.bash
load lib/try.bash
load lib/netns.bash
load lib/virt.bash

TEST=test:///default

setup_file() {
	virt_start
}

teardown_file() {
	virt_end
}

setup() {
	try_setup
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
	chmod 777 "$T/dir"
	virt_user
}

teardown() {
	local pid
	netns_end
	for pid in "${STARTED[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
	done
	virt_domains | while read -r pid; do kill -KILL "$pid" 2>/dev/null || :; done
}

STARTED=()

# guest VARIANT [WORD]...: run to its end
guest() {
	try timeout 60 "${VIRT[@]}" run --accel=tcg "$W/guest/$1.virtio" "${@:2}" </dev/null
}

# starts [OPTION]... -- WORD...: one that has begun, with $ours looking after it
starts() {
	: >"$T/out"
	"${NS[@]}" "${VIRT[@]}" run --accel=tcg "$@" </dev/null >"$T/out" 2>"$T/err" 3>&- &
	ours=$!
	STARTED+=("$ours")
	until_true grep -q begun "$T/out"
}

ends() {
	tried="what was started"
	status=0
	until_true gone "$ours"
	wait "$ours" || status=$?
	exits "$1"
}

prints() {
	tr -d '\r' <"$T/out" | grep -qxF -e "$1" || { input=$T/out; flunk "should print: $1"; }
}

running() {
	"${AS[@]}" virsh -c "$SESSION" list --name | grep -qx "$1"
}

pvh() {
	need python3
	python3 "$SOURCE/t/lib/elf.py" "$1" xen-pvh
}

# ---- QEMU ----------------------------------------------------------------------------------------

@test 'the console from its first byte to its last, and the exit status' {
	local each
	guest plain -- 'a b' 'c"d' "e'f" '<&>' 'é 日本' exit=7
	exits 7
	same "cmdline: <" "$(head -c 10 "$T/out")"
	prints 'arg 1: a b'
	prints 'arg 2: c"d'
	prints "arg 3: e'f"
	prints 'arg 4: <&>'
	prints 'arg 5: é 日本'
	same 'Solo5: solo5_exit(7) called' "$(tail -n 1 "$T/out" | tr -d '\r')"
	same '' "$(cat "$T/err")"
	for each in exit=0:0 exit=64:64 abort:134 fault:134; do
		guest plain -- "${each%:*}"
		exits "${each#*:}"
	done
	virt_none
}

@test 'nothing of much output is lost, be it read late' {
	local text each
	text=$(head -c 1500 /dev/zero | tr '\0' b)
	for each in 1 2 3 4; do
		guest plain -- "print=1$text" "print=2$text" "print=3$text" "print=4$text" exit=5
		exits 5
		same 4 "$(tr -d '\r' <"$T/out" | grep -cx "[1-4]$text")"
	done
	"${VIRT[@]}" run --accel=tcg "$W/guest/plain.virtio" -- "print=1$text" "print=2$text" "print=3$text" exit=5 \
		</dev/null | { sleep 3; cat >late; }
	same 3 "$(tr -d '\r' <late | grep -cx "[1-3]$text")"
	grep -q 'solo5_exit(5)' late
	virt_none
}

@test 'what is typed arrives, and comes back' {
	native
	try timeout 60 "${VIRT[@]}" run --accel=tcg "$W/guest/plain.virtio" -- echo exit=3 < <(printf 'hello, world.')
	exits 3
	prints 'hello, world.'
	need python3
	python3 "$SOURCE/t/lib/terminal.py" 'expect=begun' settings=other send=abc expect=abc 'send=\x03' \
		'expect=is asked to end' 'send=\x03' 'expect=destroyed' -- "${VIRT[@]}" run --accel=tcg \
		"$W/guest/plain.virtio" -- print=begun echo >"$T/shown"
	grep -qx 'status 137' "$T/shown"
	grep -qx 'settings same' "$T/shown"
	virt_none
}

@test 'detached: the record leads the others to it' {
	guest plain -d -- echo exit=3
	exits 0
	grep -qx name=plain "$T/out"
	grep -qx "libvirt.uri=$SESSION" "$T/out"
	grep -qxE 'xen.uuid=4d697261-7269-8[0-9a-f-]+' "$T/out"
	grep -qxE 'xen.domid=[0-9]+' "$T/out"
	cp "$T/out" record
	same '' "$(tail -n 1 record)"
	try "${VIRT[@]}" list
	for line in name=plain state=running memory=32 cpus=1 "$(grep ^xen.uuid= record)"; do
		prints "$line"
	done
	try "${VIRT[@]}" list nosuch
	exits 1
	says 'nosuch: no such domain'
	# the same again isn't started, nor is another that has its name
	guest plain
	exits 75
	says 'plain: is running already'
	says "mirari-virt stop --uri '$SESSION' plain"
	guest net --set name=plain
	[ "$status" -ne 0 ] || flunk 'should be refused'
	need python3
	python3 "$SOURCE/t/lib/terminal.py" 'expect=leaves' settings=other send=abc expect=abc 'send=\x1d' \
		'expect=goes on' -- "${VIRT[@]}" console plain >"$T/shown"
	grep -qx 'settings same' "$T/shown"
	grep -qx 'status 0' "$T/shown"
	running plain
	"${VIRT[@]}" wait <record >"$T/waited" 2>&1 3>&- &
	ours=$!
	STARTED+=("$ours")
	try "${VIRT[@]}" stop --timeout 1 <record
	exits 0
	says 'was destroyed'
	ends 137
	virt_none
	try "${VIRT[@]}" stop <record
	exits 1
	says 'no such domain'
}

@test 'one at a time has the console' {
	starts "$W/guest/plain.virtio" -- print=begun echo exit=2
	try "${VIRT[@]}" console plain </dev/null
	exits 75
	says 'somebody looks at it already'
	kill "$ours"
	ends 137
}

@test 'signals ask it to end, then destroy it; another one at once' {
	local start
	starts "$W/guest/plain.virtio" -- print=begun spin
	start=$SECONDS
	kill -TERM "$ours"
	ends 137
	[ $((SECONDS - start)) -ge 4 ] || flunk 'should give it time'
	says 'plain: destroyed'
	virt_none
	starts "$W/guest/plain.virtio" -- print=begun spin
	kill -TERM "$ours"
	sleep 0.3
	start=${EPOCHREALTIME/[.,]/}
	kill -TERM "$ours"
	ends 137
	# what libvirt needs itself is under two seconds here
	[ $((${EPOCHREALTIME/[.,]/} - start)) -le 4500000 ] || flunk 'should not wait'
	virt_none
}

@test 'who has read enough ends it' {
	"${VIRT[@]}" run --accel=tcg "$W/guest/plain.virtio" -- print=begun tick=100 </dev/null 2>"$T/err" 3>&- |
		grep -q -m 1 begun
	virt_none
}

@test 'killed, it leaves the domain, which is found' {
	starts "$W/guest/plain.virtio" -- print=begun tick=100
	kill -KILL "$ours"
	wait "$ours" || :
	try "${VIRT[@]}" list --get name
	same plain "$(cat "$T/out")"
	try timeout 2 "${VIRT[@]}" console plain </dev/null
	grep -q tick "$T/out" || flunk 'should go on'
	try "${VIRT[@]}" destroy plain
	exits 0
	same '' "$(cat "$T/err")"
	virt_none
}

@test 'QEMU that is killed is no good end' {
	starts "$W/guest/plain.virtio" -- print=begun spin
	kill -KILL "$(virt_domains)"
	ends 1
	says 'nobody could say how'
	virt_none
}

@test 'libvirtd ends: the domain goes on, and so do we' {
	local daemon
	starts "$W/guest/plain.virtio" -- print=begun sleep=7000 print=later exit=6
	daemon=$(cat "$W/run/libvirt/libvirtd.pid")
	kill "$daemon"
	until_true gone "$daemon"
	ends 6
	prints later
	says 'the connection is lost; plain goes on'
	says 'connected again; plain runs'
	virt_none
}

@test 'a connection to elsewhere is lost: its console comes back' {
	need virt-ssh-helper
	cat >"$W/ssh" <<-END
		#!/bin/sh
		echo \$\$ >>$W/run/ssh.pids
		exec virt-ssh-helper $SESSION
	END
	chmod 755 "$W/ssh"
	local there="qemu+ssh://elsewhere/session?command=$W/ssh"
	starts --uri "$there" "$W/guest/plain.virtio" -- print=begun tick=200
	kill "$(tail -n 1 "$W/run/ssh.pids")"
	until_true grep -q 'connected again; plain runs' "$T/err"
	lines() { [ "$(grep -c tick "$T/out")" -gt "$1" ]; }
	until_true lines "$(($(grep -c tick "$T/out") + 3))"
	# stopped while there is no connection
	mv "$W/ssh" "$W/away"
	kill "$(tail -n 1 "$W/run/ssh.pids")"
	lost_twice() { [ "$(grep -c 'the connection is lost' "$T/err")" = 2 ]; }
	until_true lost_twice
	kill "$ours"
	sleep 1
	runs "$ours"
	# and again: no more patience
	kill "$ours"
	ends 69
	says 'no connection to stop plain by; it may go on'
	running plain
	"${VIRT[@]}" destroy -q plain
	virt_none
}

@test 'net: a tap of ours, a ping' {
	native
	need ping
	[ "$(id -u)" = 0 ] || lacking 'a session in a network namespace of its own needs root to make it'
	netns
	"${NS[@]}" mirari-tap up tap0 --host 10.0.0.1/24 --owner 65534 >"$T/record"
	# one whose QEMU is in that namespace, with /dev/net/tun as udev has it
	mknod "$W/tun" c 10 200
	chmod 666 "$W/tun"
	NS+=(unshare --mount sh -c 'mount --bind "$0" /dev/net/tun && exec "$@"' "$W/tun")
	mkdir "$W/run2"
	chown 65534:65534 "$W/run2"
	VIRT=("${AS[@]}" "XDG_RUNTIME_DIR=$W/run2" mirari-virt)
	starts "$W/guest/net.virtio" --net service=tap0 -- print=begun serve
	until_true grep -q serving "$T/out"
	prints "mac: $(sed -n 's/^net.tap0.mac=//p' "$T/record")"
	"${NS[@]}" ping -nc 3 -w 20 10.0.0.2 >"$T/ping"
	kill -TERM "$ours"
	sleep 0.2
	kill -TERM "$ours"
	ends 137
	# it is there as before
	"${NS[@]}" ip link show tap0 >"$T/link"
	try "${NS[@]}" "${VIRT[@]}" run "$W/guest/net.virtio" --net service=tap9
	exits 65
	says tap9
	virt_pids "$W"/run2/libvirt/{libvirtd,virtlogd}.pid >daemons
	while read -r pid; do
		kill "$pid"
		until_true gone "$pid"
	done <daemons
}

@test 'block' {
	truncate -s 1M disk.img
	chmod 666 disk.img
	guest block --block data=disk.img -- write=hello read exit=2
	exits 2
	prints 'read: <hello>'
	grep -aq hello disk.img
	guest block -- read
	exits 65
	says 'nothing for data'
}

# ---- the test driver -----------------------------------------------------------------------------

@test 'a domain without a console: started, told to end' {
	pvh x.xen
	mirari-virt run --uri "$TEST" x.xen </dev/null >"$T/out" 2>"$T/err" 3>&- &
	ours=$!
	STARTED+=("$ours")
	sleep 1
	runs "$ours"
	kill "$ours"
	# that driver's domains do as they are told
	ends 0
	same '' "$(cat "$T/err")"
	try mirari-virt run -d --uri "$TEST" x.xen --set name=other --get name
	exits 0
	prints other
}

@test "another's domain is neither started over nor ended" {
	pvh x.xen
	try mirari-virt run --uri "$TEST" x.xen --set name=test </dev/null
	exits 1
	says "test: $TEST has a domain of this name, which isn't ours"
	for verb in stop destroy; do
		try mirari-virt $verb --uri "$TEST" test
		exits 1
		says "test: that domain isn't one of ours"
	done
	try mirari-virt list --uri "$TEST"
	exits 0
	same '' "$(cat "$T/out")"
	try mirari-virt list --uri "$TEST" --all
	prints name=test
	prints ours=false
	cat >world.xml <<-END
		<node><domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>x</name>
		<memory>65536</memory><os><type>hvm</type></os>
		<metadata><test:runstate>5</test:runstate></metadata></domain></node>
	END
	sed -i 's,<metadata>.*</metadata>,<test:runstate>5</test:runstate>,' world.xml
	try mirari-virt run --uri "test://$PWD/world.xml" x.xen </dev/null
	exits 1
	says "which is defined, but doesn't run"
	says "virsh -c 'test://$PWD/world.xml' undefine x"
}

@test 'a unikernel of another kind than the driver starts' {
	pvh x.xen
	try "${VIRT[@]}" run --uri "$SESSION" x.xen </dev/null
	exits 65
	says "is for Xen, which libvirt's QEMU driver doesn't start"
	says '--uri xen:///system'
}

@test 'no libvirt, no driver, no route, no permission' {
	try "${VIRT[@]}" list --uri "qemu+unix:///system?socket=$W/nosuch"
	exits 69
	says 'sudo systemctl start libvirtd'
	try "${VIRT[@]}" list --uri nosuch:///session
	exits 69
	says 'libvirt-daemon-driver-qemu'
	try "${VIRT[@]}" list --uri xen:///session
	exits 69
	says 'libvirt-daemon-driver-xen'
	try "${VIRT[@]}" list --uri qemu+ssh://user@127.0.0.1:1/system
	exits 69
	says 'ssh -p 1 user@127.0.0.1 virsh uri'
	try "${VIRT[@]}" list --uri 'qemu+ssh://-oProxyCommand=touch%20owned/system'
	[ "$status" -ne 0 ] || flunk 'should be refused'
	[ ! -e owned ]
	try "${VIRT[@]}" list --uri test:///nosuch
	exits 64
	[ "$(id -u)" = 0 ] || lacking 'a socket that the user may not open takes root to make'
	mkdir -m 700 "$W/closed"
	try "${VIRT[@]}" list --uri "qemu+unix:///system?socket=$W/closed/socket"
	exits 77
	says 'sudo usermod -aG libvirt'
}

@test 'which connection' {
	pvh x.xen
	try env LIBVIRT_DEFAULT_URI=$TEST mirari-virt list --all --get libvirt.uri
	prints $TEST
	try env LIBVIRT_DEFAULT_URI=nosuch:/// mirari-virt list --all --set libvirt.uri=$TEST --get name
	prints test
	try env LIBVIRT_DEFAULT_URI=qemu:///nosuch mirari-virt list --set target=xen
	says xen:///system
	printf '%s\n' name=test libvirt.uri=$TEST '' >record
	try mirari-virt list --record --all --get name <record
	prints test
	try mirari-virt run -n --uri $TEST x.xen -- a b
	exits 0
	grep -q '<name>x</name>' "$T/out"
	grep -q "type='test'" "$T/out"
}

@test 'wrong words' {
	pvh x.xen
	try mirari-virt stop --timeout soon --uri $TEST test
	exits 64
	try mirari-virt console --uri $TEST test other
	exits 64
	try mirari-virt run --uri $TEST x.xen y.xen
	exits 64
	try mirari-virt run --uri $TEST --accel=xen x.xen
	exits 64
	try mirari-virt wait --uri $TEST nosuch
	exits 1
}

# ---- mirari run ----------------------------------------------------------------------------------

@test 'mirari run by libvirt: an instance like any other' {
	native
	local tool what
	for tool in mirari{,-run,-ps,-logs,-console,-stop,-gc,-rm,-supervise}; do
		install -m 755 "$BUILD/bin/$tool" "$W/bin/"
	done
	AS+=("XDG_STATE_HOME=$W/home/state")
	by=(--set "libvirt.uri=$SESSION")
	logs_say() { "${AS[@]}" mirari logs plain 2>&1 | grep -q "$1"; }
	try timeout 60 "${AS[@]}" mirari run "${by[@]}" "$W/guest/plain.virtio" -- 'a b' exit=7 </dev/null
	exits 7
	prints 'arg 1: a b'
	try timeout 60 "${AS[@]}" mirari run -d "${by[@]}" "$W/guest/plain.virtio" -- print=begun echo
	exits 0
	prints instance.status=running
	until_true logs_say begun
	running plain
	(printf 'typed\n' && sleep 3) | timeout 60 "${AS[@]}" mirari console --tail 0 plain >/dev/null &
	until_true logs_say typed
	wait
	try timeout 60 "${AS[@]}" mirari ps
	prints name=plain
	try timeout 60 "${AS[@]}" mirari stop --timeout 1 plain
	exits 0
	virt_none
	"${AS[@]}" mirari rm plain
	for what in process supervisor; do
		timeout 60 "${AS[@]}" mirari run -d "${by[@]}" "$W/guest/plain.virtio" -- print=begun echo >"$T/record"
		until_true logs_say begun
		kill -KILL "$(sed -nE "s/^instance.$what=([0-9]+).*/\1/p" "$T/record")"
		if [ $what = process ]; then
			until_true logs_say 'ended with status 137'
		else
			lost() { "${AS[@]}" mirari ps --all | grep -q lost; }
			until_true lost
			try timeout 60 "${AS[@]}" mirari gc
			exits 0
			says plain
		fi
		virt_none
		"${AS[@]}" mirari rm plain
	done
	# one that isn't there is fine for those who clear away, and its name may stand behind --
	try timeout 60 "${VIRT[@]}" destroy --force -- plain
	exits 0
	same '' "$(cat "$T/err")"
	try timeout 60 "${VIRT[@]}" destroy plain
	exits 1
}
