#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016 # bats' run sets stderr; texts for dom0's shell
# mirari-virt and mirari-xl by libvirt on a real Xen: in dom0, and from outside; and what libvirt makes of xl's files and ours.
load lib/common.bash
load lib/xen.bash

setup_file() {
	need virsh
	xen_up
	xen_guest mirari{,-run,-ps,-logs,-console,-stop,-gc,-rm,-supervise,-tap,-xl,-virt}
}

teardown_file() {
	xen_down
}

setup() {
	xen_place
}

# What hangs libvirtd would let all tests fail that follow.
teardown() {
	jobs -p | xargs -r kill -9 2>/dev/null || :
	mirari stop --all --timeout 0 2>/dev/null || :
	dom0 'mirari stop --all --timeout 0; mirari rm --all; rm -rf .mirari' 2>/dev/null || :
	timeout 60 ssh -F "$XEN_SSH_CONFIG" dom0 'virsh -q -c xen:///system list' >/dev/null
	xen_clean
}

virt() {
	timeout 120 mirari-virt "$1" "${PLACE[@]}" "${@:2}"
}

# none: no domain is there, nor defined
none() {
	run -0 dom0 virsh -q -c xen:///system list --all --name
	same Domain-0 "$(grep . <<<"$output")"
}

@test 'in dom0: the console from its first byte to its last, and the status is the reason' {
	# libvirt doesn't tell a reboot from a power off
	for reason in poweroff:0 crash:1 reboot:0; do
		run -"${reason#*:}" --separate-stderr dom0 "mirari-virt run pvh.xen -- exit=${reason%:*} </dev/null"
		same "$(printf '%s\n' hello 'boot: pvh on xen 4.17' 'memory: 32768 KiB' "cmdline: <exit=${reason%:*}>" \
			"arg 1: exit=${reason%:*}" "exit: ${reason%:*}")" "$(tr -d '\r' <<<"$output")"
		[ "$reason" != crash:1 ] || same 'mirari-virt: pvh: crash' "$stderr"
		[ "$reason" = crash:1 ] || same '' "$stderr"
	done
	run -0 dom0 'mirari-virt run pvh.xen -- flood=3000 </dev/null | { sleep 2; cat; }'
	same "$(seq 3000 | sed 's/^/line /')" "$(tr -d '\r' <<<"$output" | grep '^line')"
	has 'exit: poweroff'
	none
}

@test 'libvirtd survives the end of what has its console open' {
	# without being defined meanwhile every second end leaves it deadlocked
	run -0 dom0 'for i in $(seq 12); do timeout 30 mirari-virt run --quiet pvh.xen </dev/null >/dev/null || exit 1; done'
	none
}

@test 'in dom0: SIGTERM asks it to end; one that does not listen is destroyed, by a second one at once' {
	run -0 dom0 'mirari-virt run pvh.xen -- echo </dev/null >o 2>e & p=$!
		until grep -q "echo: on" o; do sleep 0.1; done
		kill $p; wait $p; s=$?; cat o e; exit $s'
	has 'asked for: poweroff'
	has 'exit: poweroff'
	has_not 'mirari-virt:'
	# libvirt waits a minute for a deaf guest; it is told to destroy it all the same
	run -137 timeout 150 ssh -F "$XEN_SSH_CONFIG" dom0 'mirari-virt run pvh.xen -- echo ignore-shutdown </dev/null >o 2>e & p=$!
		until grep -q "echo: on" o; do sleep 0.1; done
		kill $p; sleep 1; kill $p; wait $p; s=$?; cat e; exit $s'
	has 'pvh: destroyed'
	none
}

@test 'in dom0: destroyed by another, it is 137' {
	run -137 dom0 'mirari-virt run pvh.xen -- echo </dev/null >o 2>e & p=$!
		until grep -q "echo: on" o; do sleep 0.1; done
		mirari-virt destroy pvh || exit 1
		wait $p; s=$?; cat e; exit $s'
	same 'mirari-virt: pvh: destroyed' "$output"
	none
}

@test 'in dom0: detached; list, console, wait, stop, destroy' {
	run -0 dom0 'mirari-virt run -d pvh.xen -- echo'
	same xen:///system "$(field libvirt.uri)"
	same "$(dom0 xl domid pvh)" "$(field xen.domid)"
	has xen.uuid=4d697261-7269-8
	record=$output
	run -0 dom0 mirari-virt list
	same running "$(field state)"
	same "$(sed -n 's/^xen.uuid=//p' <<<"$record")" "$(field xen.uuid)"
	run -75 dom0 'mirari-virt run pvh.xen </dev/null'
	has 'is running already'
	run dom0 '{ until grep -q "echo: typed" o; do [ -e sent ] || echo typed; touch sent; sleep 0.1; done; } | timeout 20 mirari-virt console pvh >o; rm sent; cat o'
	has 'echo: typed'
	# who has left the console leaves nothing of that
	dom0_until '! virsh -q -c xen:///system list --all --persistent --name | grep pvh'
	run -0 dom0 'mirari-virt wait pvh & p=$!; sleep 1; mirari-virt stop pvh && wait $p'
	none
	run -1 dom0 'mirari-virt stop pvh'
	has 'no such domain'
	run -0 dom0 'mirari-virt stop --force pvh; mirari-virt destroy --force --set xen.via=libvirt -- pvh'
	same '' "$output"
	run -137 dom0 'mirari-virt run -d pvh.xen -- wait >r; mirari-virt wait pvh & p=$!; sleep 1; mirari-virt destroy -r <r; wait $p'
	none
}

@test 'killed, it leaves a domain that is found; and what it was defined by goes with it' {
	dom0 'mirari-virt run pvh.xen -- echo </dev/null >o 2>e & p=$!
		until grep -q "echo: on" o; do sleep 0.1; done; kill -9 $p'
	run -0 dom0 mirari-virt list --get name
	same pvh "$output"
	run -0 dom0 'mirari-virt stop pvh'
	none
	# by itself, when nobody looks
	dom0 'mirari-virt run pvh.xen -- echo </dev/null >o 2>e & p=$!
		until grep -q "echo: on" o; do sleep 0.1; done; kill -9 $p; xl shutdown -w pvh' >/dev/null
	dom0_until 'virsh -c xen:///system list --all | grep "pvh.*shut off"'
	run -0 dom0 mirari-virt list --all --get name
	has_not pvh
	run -0 dom0 'mirari-virt run pvh.xen </dev/null'
	none
}

@test "what somebody has defined isn't undefined" {
	mirari-xl domxml --set name=kept "$GUEST" -- wait | sed 's,<kernel>.*</kernel>,<kernel>/root/pvh.xen</kernel>,' >kept.xml
	dom0_put kept.xml
	dom0 'virsh -q -c xen:///system define kept.xml; virsh -q -c xen:///system start kept'
	run dom0 'timeout 2 mirari-virt console kept </dev/null'
	run -0 dom0 'mirari-virt destroy kept; virsh -q -c xen:///system list --all --name'
	has kept
	run -1 dom0 'mirari-virt run --set name=kept pvh.xen </dev/null'
	has "is defined, but doesn't run"
}

@test 'from outside, by our own ssh: run, and all that one does with it' {
	run -1 --separate-stderr virt run "$GUEST" -- 'b  c' exit=crash </dev/null
	has 'arg 1: b  c'
	same 'mirari-virt: pvh: crash' "$stderr"
	dom0 'cmp .mirari/pvh/pvh.xen pvh.xen'
	run -0 virt run -d "$GUEST" -- echo
	same ssh://dom0 "$(field deploy)"
	same libvirt "$(field xen.via)"
	same '' "$(field libvirt.uri)"
	record=$output
	run -0 virt list
	same pvh "$(field name)"
	same ssh://dom0 "$(field deploy)"
	# the record has where, and by what
	run -0 mirari-xl list --set "$(grep ^ssh.config= <<<"$record")" --set xen.via=libvirt --on ssh://dom0
	same pvh "$(field name)"
	timeout 60 mirari-xl stop -r <<<"$record"$'\n'
	none
	run -0 dom0 'find .mirari -type f'
	same '' "$output"
	timeout 100 mirari-virt run "${PLACE[@]}" "$GUEST" -- echo </dev/null >out 2>err &
	pid=$!
	until_true grep -q 'echo: on' out
	pkill -TERM -P $pid mirari-virt
	ends 0 "$pid"
	grep -q 'asked for: poweroff' out
	none
	run -0 dom0 'find .mirari -type f'
	same '' "$output"
}

@test 'from outside: a connection that is lost is made again' {
	timeout 200 mirari-virt run "${PLACE[@]}" "$GUEST" -- echo </dev/null >out 2>err &
	pid=$!
	until_true grep -q 'echo: on' out
	dom0 'for p in $(pidof dropbear); do [ "$(cut -d" " -f4 /proc/$p/stat)" = 1 ] || kill $p; done' || :
	until_true grep -q 'connected again; pvh runs' err
	grep -q 'the connection is lost; pvh goes on' err
	dom0 xl shutdown -w pvh >/dev/null
	ends 0 "$pid"
	none
}

@test 'mirari-xl by libvirt over ssh; and which of them is taken' {
	run -0 timeout 100 mirari-xl run "${PLACE[@]}" --via libvirt "$GUEST" -- one </dev/null
	has 'arg 1: one'
	run -0 timeout 100 mirari-xl destroy --force "${PLACE[@]}" --via libvirt -- pvh
	none
	# where there is no xl; it isn't hidden from the others for long
	dom0 'mv /usr/sbin/xl /usr/sbin/xl.away'
	run timeout 100 mirari-xl run "${PLACE[@]}" "$GUEST" -- two </dev/null
	dom0 'mv /usr/sbin/xl.away /usr/sbin/xl'
	same 0 "$status"
	has 'arg 1: two'
	# neither of them lets us in: xl's word is the better one
	run -77 mirari-xl list --on ssh://visitor@dom0 --set "ssh.config=$XEN_SSH_CONFIG"
	has 'log in as root'
	run -77 mirari-virt list --on ssh://visitor@dom0 --set "ssh.config=$XEN_SSH_CONFIG"
	has "libvirt there can't be reached"
	run -69 mirari-virt list --on ssh://127.0.0.1:1
	has refused
	run -64 mirari-virt list --on ssh://-oProxyCommand=x
	run -64 mirari-virt run "${PLACE[@]}" "$BUILD/guest/plain.virtio"
	has 'mirari run --on ssh://dom0'
}

@test "by libvirt's own ssh, which takes a program in place of a configuration" {
	printf '#!/bin/sh\nexec ssh -F "%s" "$@"\n' "$XEN_SSH_CONFIG" >ssh
	chmod +x ssh
	there="xen+ssh://dom0/system?command=$PWD/ssh"
	run -0 timeout 60 mirari-virt list --all --get name --uri "$there"
	has Domain-0
	# the kernel is there already, at the same path
	mkdir -p "$BATS_TEST_TMPDIR/own"
	cp "$GUEST" own/
	dom0 "mkdir -p $PWD/own && cp pvh.xen $PWD/own/"
	run -1 timeout 60 mirari-virt run --uri "$there" own/pvh.xen -- exit=crash </dev/null
	has 'exit: crash'
	run -0 timeout 60 mirari-virt run -d --uri "$there" own/pvh.xen -- wait
	same "$there" "$(field libvirt.uri)"
	timeout 60 mirari-virt stop -r <<<"$output"$'\n'
	none
}

@test 'mirari run by libvirt: an instance like any other' {
	by=(--set xen.via=libvirt)
	run -1 mirari run "${PLACE[@]}" "${by[@]}" "$GUEST" -- exit=crash </dev/null
	has 'exit: crash'
	run -0 --separate-stderr mirari run -d "${PLACE[@]}" "${by[@]}" --name web "$GUEST" -- echo
	same running "$(field instance.status)"
	until_true eval 'mirari logs web | grep -q "echo: on"'
	(echo typed && sleep 2) | timeout 60 mirari console --tail 0 web >/dev/null &
	until_true eval 'mirari logs web | grep -q "echo: typed"'
	wait
	run -0 --separate-stderr mirari stop web
	same '' "$stderr"
	mirari logs web | grep -q 'asked for: poweroff'
	none
	mirari rm web
	for what in process supervisor; do
		mirari run -d "${PLACE[@]}" "${by[@]}" --name web "$GUEST" -- echo >record
		until_true eval 'mirari logs web | grep -q "echo: on"'
		kill -9 "$(sed -nE "s/^instance.$what=([0-9]+).*/\1/p" record)"
		if [ $what = process ]; then
			until_true eval 'mirari logs web 2>&1 | grep -q "ended with status 137"'
		else
			until_true eval 'mirari ps --all | grep -q lost'
			run -0 mirari gc
			has web
		fi
		none
		mirari rm web
	done
}

@test 'mirari run by libvirt in dom0' {
	run -0 dom0 'mirari run -t xen --set xen.via=libvirt pvh.xen -- three </dev/null'
	has 'arg 1: three'
	run -0 dom0 'mirari run -d --set xen.via=libvirt --name web pvh.xen -- echo'
	dom0_until 'mirari logs web | grep "echo: on"'
	run -0 dom0 'virsh -q -c xen:///system list --name'
	has web
	dom0 'mirari stop web; mirari rm web'
	none
}

# What two XMLs of libvirt's say alike: its own words for each, sorted, without what both may leave out.
meaning() {
	xmlstarlet sel -t -m /domain \
		-v 'concat("name ", name)' -n -v 'concat("uuid ", uuid)' -n \
		-v 'concat("memory ", memory * (1 + 1023 * (memory/@unit = "MiB")))' -n -v 'concat("vcpu ", vcpu)' -n \
		-v 'concat("os ", os/type, " ", os/type/@machine)' -n -v 'concat("kernel ", os/kernel)' -n \
		-v 'concat("cmdline ", os/cmdline)' -n \
		-v 'concat("ends ", on_poweroff, " ", on_reboot, " ", on_crash)' -n \
		-m devices/interface -v 'concat("net ", mac/@address, " ", source/@bridge)' -n -b \
		-m devices/disk -v 'concat("disk ", source/@file, source/@dev, " ", target/@dev, " ", boolean(readonly))' -n "$1"
}

# In xl's files libvirt's own reader knows no escapes, and so none that have some.
@test "libvirt reads xl's file as what our XML says" {
	need xmlstarlet
	truncate -s 1M disk.img
	words=(--set name=twin -m 48 --set cpus=2 --net service=xenbr0 --mac service=02:00:00:00:00:01 --net other=xenbr0
		--block data=/root/disk.img "$GUEST")
	for each in "$GUEST" grub.xen; do
		[ -e "$each" ] || dom0 cat /root/guests/grub-x86_64-xen.bin >"$each"
		words[-1]=$each
		mirari-xl config "${words[@]}" -- one é '<&>' exit=7 >twin.xl
		mirari-xl domxml "${words[@]}" -- one é '<&>' exit=7 >twin.xml
		dom0_put twin.xl
		dom0 virsh -c xen:///system domxml-from-native xen-xl twin.xl >native.xml
		meaning twin.xml >ours
		meaning native.xml >theirs
		same "$(cat theirs)" "$(cat ours)"
		grep -q '^net 02:00:00:00:00:01 xenbr0$' ours
		grep -q '^disk /root/disk.img xvda false$' ours
		grep -q '^memory 49152$' ours
	done
}

@test 'our XML is defined, started, listed, destroyed and undefined by virsh' {
	mirari-xl domxml --net service=xenbr0 "$GUEST" -- wait | sed 's,<kernel>.*</kernel>,<kernel>/root/pvh.xen</kernel>,' >pvh.xml
	dom0_put pvh.xml
	virsh() { dom0 "virsh -q -c xen:///system $*"; }
	virsh define pvh.xml
	virsh start pvh
	run -0 virsh list --name
	has pvh
	same "$(virsh domuuid pvh)" "$(mirari-xl domxml "$GUEST" | sed -n 's,.*<uuid>\(.*\)</uuid>,\1,p')"
	dom0 xl list pvh
	# xl's side sees whose it is
	run -0 mirari-xl list "${PLACE[@]}" --via xl
	same pvh "$(field name)"
	virsh destroy pvh
	virsh undefine pvh
	none
}
