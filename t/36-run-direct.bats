#!/usr/bin/env bats
# mirari run -t unix-direct: the tap from the configuration, the unikernel that is really pinged, and
# nothing left of it, however it ends.

load lib/common.bash
load lib/netns.bash

setup_file() {
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	cp -R "$SOURCE/share/examples/ping" "$BATS_FILE_TMPDIR/ping"
	chmod -R u+w "$BATS_FILE_TMPDIR/ping"
	(cd "$BATS_FILE_TMPDIR/ping" && mirari build -q --no-install) >"$BATS_FILE_TMPDIR/ping.log" 2>&1 || :
}

setup() {
	cp -a "$BATS_FILE_TMPDIR/ping" "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p" || return 1
	export HOME=$BATS_FILE_TMPDIR/home
	[ -x mir-ping ] || {
		cat "$BATS_FILE_TMPDIR/ping.log" >&2
		return 1
	}
}

teardown() {
	netns_end
}

# start COMMAND...: as $SERVER, in the namespace, until it answers.
start() {
	: >err
	"${NS[@]}" "$@" >out 2>err 3>&- &
	SERVER=$!
	HOLDERS+=("$SERVER")
	for _ in {1..500}; do
		! grep -q 'answering as' err || return 0
		kill -0 "$SERVER" || break
		sleep 0.02
	done
	cat out err >&2
	return 1
}

interfaces() {
	"${NS[@]}" ip -br link | awk '{ print $1 }' | paste -sd' '
}

# nothing_left: within two seconds, what was there before.
nothing_left() {
	for _ in {1..100}; do
		[ "$(interfaces)" != lo ] || return 0
		sleep 0.02
	done
	"${NS[@]}" ip link >&2
	return 1
}

pings() {
	"${NS[@]}" ping -q -c 2 -i 0.1 -W 2 "$1" >ping.out || {
		cat ping.out err >&2
		return 1
	}
}

@test "-n prints the command, which runs in a shell as it is" {
	netns
	run -0 mirari run -n
	same "mirari-tap exec --set 'name=ping' --set 'net.service.host=10.0.0.1/24' -- ./mir-ping" "$output"
	run -0 mirari run -n --rootless -p 8080:80 -p 53:53/udp --set ip.address=10.0.0.9 --set ip.netmask=255.255.255.0 -- 'a b'
	same "mirari-tap exec --rootless --set 'name=ping' --set 'ip.address=10.0.0.9' --set 'ip.netmask=255.255.255.0' --set 'net.service.host=10.0.0.1/24' --set 'net.service.publish=8080:80' --set 'net.service.publish=53:53/udp' -- ./mir-ping 'a b'" "$output"
	mirari run -n >pasted
	start dash -eu ./pasted
	pings 10.0.0.2
	# the shell's child
	kill "$("${NS[@]}" mirari-tap list | sed -n 's/^holder.pid=//p')"
	wait "$SERVER" || [ $? = 143 ]
	nothing_left
}

@test "the tap is made, the unikernel answers, and all is gone when it is told to end" {
	netns
	start mirari run
	pings 10.0.0.2
	run -0 "${NS[@]}" mirari-tap list
	has 'name=ping'
	has 'device=service'
	has 'address=10.0.0.1/24'
	has "holder.pid=$SERVER"
	kill -TERM "$SERVER"
	status=0
	wait "$SERVER" || status=$?
	[ "$status" = 143 ]
	nothing_left
}

@test "the whole of a record arrives: MTU, MAC, bridge, the address that the unikernel was told" {
	netns
	mirari build -q --no-install --set ip.address=10.7.0.9 --set ip.netmask=255.255.0.0 2>/dev/null
	cat >mirari.yml <<-'END'
		name: ping
		target: unix-direct
		main: { ip: Ping.main }
		ip: { address: 10.7.0.9, netmask: 255.255.0.0 }
		net:
		  service: { host: 10.7.0.1/16, mtu: 1400, mac: "02:00:00:00:00:07", bridge: { name: br7, create: true } }
	END
	mirari build -q --no-install
	start mirari run
	pings 10.7.0.9
	grep -q '10.7.0.9, 02:00:00:00:00:07' err
	run -0 "${NS[@]}" ip -j -d link
	same '1400 br7' "$(jq -r '.[] | select(.linkinfo.info_kind == "tun") | "\(.mtu) \(.master)"' <<<"$output")"
	kill -KILL "$SERVER"
	wait "$SERVER" || [ $? = 137 ]
	nothing_left
}

@test "nothing is left after SIGKILL, a crash, Ctrl-C on a terminal, and an end of its own" {
	netns
	need python3
	for signal in KILL ABRT HUP; do
		start mirari run
		kill "-$signal" "$SERVER"
		wait "$SERVER" || [ $? -ge 128 ]
		nothing_left
	done
	cat >terminal.py <<-'END'
		import os, pty, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp('mirari', ['mirari', 'run'])
		text = b''
		while b'answering as' not in text:
		    text += os.read(fd, 1000)
		os.write(fd, b'\x03')
		_, status = os.waitpid(pid, 0)
		print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 'exited %d' % os.WEXITSTATUS(status))
	END
	run -0 "${NS[@]}" timeout 20 python3 terminal.py
	same 2 "$output"
	nothing_left
	printf '#!/bin/sh\nexit 7\n' >mir-ping
	run -7 "${NS[@]}" mirari run
	nothing_left
}

@test "in a network of its own: no interface here, and a port of ours that leads there" {
	netns
	need slirp4netns
	"${NS[@]}" ip link set lo up
	start mirari run --rootless -p 8080:7
	same lo "$(interfaces)"
	run -0 "${NS[@]}" ss -Hltn 'sport = :8080'
	has 8080
	kill -TERM "$SERVER"
	wait "$SERVER" || [ $? = 143 ]
	for _ in {1..100}; do
		[ -n "$("${NS[@]}" ss -Hltn 'sport = :8080')" ] || return 0
		sleep 0.02
	done
	return 1
}

@test "no device, no program, options for another target: said, and nothing made" {
	netns
	printf 'name: ping\ntarget: unix-direct\nmain: { ip: Ping.main }\n' >mirari.yml
	run -69 --separate-stderr "${NS[@]}" mirari run
	[[ $stderr == *'mirari run -t unix-direct'* ]]
	printf '#!/bin/sh\necho ran\n' >mir-ping
	run -0 "${NS[@]}" mirari run
	same ran "$output"
	rm mir-ping
	for set in memory=32 net.service.host=10.0.0.1/24; do
		run -127 --separate-stderr "${NS[@]}" mirari run --no-build --set $set
		[[ $stderr == *'mir-ping: No such file'*"isn't built yet: mirari build"* ]]
	done
	same lo "$(interfaces)"
	for option in --rootless -p8080:80; do
		run -64 --separate-stderr "${NS[@]}" mirari run -t unix-socket --set main.kind=noip $option
		[[ $stderr == *'mirari run -t unix-direct'* ]]
	done
	run -64 --separate-stderr "${NS[@]}" mirari run -p 8080:80x
	[[ $stderr == *'--publish=8080:80x: expected'* ]]
}
