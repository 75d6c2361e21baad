#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016 # bats' run sets stderr; texts for dom0's shell
# mirari-xl on a real Xen: in dom0, and from outside over ssh.
load lib/common.bash
load lib/xen.bash

setup_file() {
	xen_up 10.0.2.20:80
	xen_guest mirari-xl
}

teardown_file() {
	xen_down
}

setup() {
	xen_place
}

teardown() {
	jobs -p | xargs -r kill -9 2>/dev/null || :
	xen_clean
	dom0 'rm -rf .mirari'
}

# outside COMMAND...: mirari-xl here, on the Xen there
outside() {
	mirari-xl "$1" "${PLACE[@]}" "${@:2}"
}

# said: what the guest printed, of `run`'s output
said() {
	tr -d '\r' <<<"$output"
}

# runs_there NAME
runs_there() {
	dom0_until "xl list $1"
}

@test 'in dom0: it runs to its end, and the status is the reason' {
	for reason in poweroff:0 crash:1 watchdog:1 reboot:75 7:1; do
		run -"${reason#*:}" --separate-stderr dom0 mirari-xl run pvh.xen -- "exit=${reason%:*}"
		has "exit: ${reason%:*}"
	done
	run -1 --separate-stderr dom0 mirari-xl run pvh.xen -- exit=crash
	same 'mirari-xl: pvh: crash' "$stderr"
	run -1 --separate-stderr dom0 mirari-xl run --quiet pvh.xen -- exit=crash
	same '' "$stderr"
	run -0 dom0 mirari-xl list --all
	same '' "$output"
}

@test 'over ssh: the whole way, and every byte of it' {
	args=(a 'b  c' "d'e" 'f"g' 'h\i' "\$HOME \`id\`" 'é %s' '*' '# ;|&<>()[]{}' exit=poweroff)
	run -0 --separate-stderr outside run "$GUEST" -- "${args[@]}"
	same '' "$stderr"
	same hello "$(said | head -n 1)"
	i=0
	for arg in "${args[@]}"; do
		i=$((i + 1))
		said | grep -qxF "arg $i: $arg"
	done
	has 'exit: poweroff'
	for reason in crash:1 reboot:75; do
		run -"${reason#*:}" outside run "$GUEST" -- "exit=${reason%:*}"
	done
	run -0 outside run "$GUEST" -- flood=3000
	same "$(seq 3000 | sed 's/^/line /')" "$(said | grep '^line')"
}

@test 'over ssh: a kernel is copied once, and whole' {
	run -0 outside run "$GUEST"
	dom0 'cmp .mirari/pvh/pvh.xen pvh.xen && touch -d 2001-01-01 .mirari/pvh/pvh.xen'
	run -0 outside run "$GUEST"
	same 2001 "$(dom0 'ls -l --full-time .mirari/pvh/pvh.xen' | sed -E 's/.* (2[0-9]{3})-.*/\1/')"
	cp "$GUEST" other.xen
	printf 'more' >>other.xen
	run -0 outside run --set name=pvh other.xen
	same "$(wc -c <other.xen)" "$(dom0 'wc -c <.mirari/pvh/pvh.xen')"
}

@test 'what is typed arrives, and is not echoed' {
	mkfifo typing
	{
		dom0_until 'grep "echo: on" /var/log/xen/guest-pvh.log'
		printf 'one  \035two\n'
		dom0_until 'grep "echo: one" /var/log/xen/guest-pvh.log'
		printf 'exit reboot\n'
	} >typing 2>/dev/null &
	dom0 'rm -f /var/log/xen/guest-pvh.log'
	run -75 outside run "$GUEST" -- echo <typing
	has 'echo: one  two'
	has 'exit: reboot'
	same 1 "$(said | grep -cx 'one  two')"
}

@test 'a paravirtualised guest: GRUB to its prompt, and what is typed there' {
	dom0 cat /root/guests/grub-x86_64-xen.bin >grub.xen
	run -0 mirari-xl config grub.xen
	has 'type="pv"'
	mkfifo typing
	{
		dom0_until 'grep "grub> " /var/log/xen/guest-grub.log'
		printf 'echo it was typed\rhalt\r'
	} >typing 2>/dev/null &
	dom0 'rm -f /var/log/xen/guest-grub.log'
	run -0 outside run -m 64 grub.xen <typing
	has 'it was typed'
}

@test 'SIGTERM shuts it down, and nothing of it is left' {
	mirari-xl run "${PLACE[@]}" "$GUEST" -- echo >out 2>err &
	pid=$!
	dom0_until 'grep "echo: on" /var/log/xen/guest-pvh.log'
	until_true grep -q 'echo: on' out
	kill -TERM $pid
	ends 143 "$pid"
	grep -q 'asked for: poweroff' out
	same '' "$(cat err)"
	run dom0 'xl list pvh; find .mirari -type f; ps | grep -v grep | grep "xl "'
	has 'invalid domain identifier'
	has_not .mirari
	has_not 'xl -'
}

@test 'one that does not listen is destroyed: after a while, or at a second signal' {
	mirari-xl run "${PLACE[@]}" --timeout 2 "$GUEST" -- echo ignore-shutdown >out 2>err &
	pid=$!
	until_true grep -q 'echo: on' out
	kill -HUP $pid
	ends 129 "$pid"
	same '' "$(outside list)"
	mirari-xl run "${PLACE[@]}" --timeout 600 "$GUEST" -- echo ignore-shutdown >out 2>err &
	pid=$!
	until_true grep -q 'echo: on' out
	kill -TERM $pid
	until_true dom0 "xenstore-read /local/domain/\$(xl domid pvh)/control/shutdown | grep poweroff"
	kill -TERM $pid
	ends 143 "$pid"
	same '' "$(outside list)"
}

@test 'who reads no more ends it' {
	outside run "$GUEST" -- flood=100000 wait 2>err | head -n 3 >out
	same 3 "$(wc -l <out)"
	dom0_until '! xl list pvh'
}

@test 'detached: its record, list, console, wait, stop and destroy' {
	run -0 outside run --detach "$GUEST" -- echo
	has "xen.uuid=4d697261-7269-8"
	domid=$(dom0 xl domid pvh)
	has "xen.domid=$domid"
	record=$output
	run -0 outside list
	has name=pvh
	has "xen.domid=$domid"
	run -75 outside run "$GUEST"
	has 'is there already'
	dom0_until 'grep "echo: on" /var/log/xen/guest-pvh.log'
	{
		printf 'hello there\n'
		dom0_until 'grep "echo: hello" /var/log/xen/guest-pvh.log'
		sleep 1
	} | timeout -s INT 60 mirari-xl console "${PLACE[@]}" pvh >out || :
	mirari-xl wait -r <<<"$record"$'\n' >out 2>&1 &
	waits=$!
	# the record has where
	mirari-xl stop -r <<<"$record"$'\n'
	ends 0 "$waits"
	run -0 outside wait pvh
	run -1 outside stop pvh
	has 'there is no domain pvh'
	run -0 outside stop --force pvh
	outside run --detach "$GUEST" -- wait >record
	mirari-xl wait "${PLACE[@]}" pvh &
	waits=$!
	outside destroy pvh
	ends 137 "$waits"
	run -1 outside wait never-was
	same '' "$(dom0 'find .mirari -type f')"
}

@test 'in dom0: the same by name' {
	dom0 mirari-xl run -d pvh.xen -- wait >record
	same pvh "$(dom0 mirari-xl list | sed -n 's/^name=//p')"
	dom0 mirari-xl stop pvh
	same '' "$(dom0 mirari-xl list)"
}

@test 'the xl file decides: what is to be kept is kept, what is to start again does' {
	run -1 --separate-stderr outside run --set 'xl.on_crash="preserve"' "$GUEST" -- exit=crash
	stderr_has 'is kept as it ended'
	runs_there pvh
	run -75 outside run "$GUEST"
	has crashed
	outside destroy pvh
	mirari-xl run "${PLACE[@]}" --set 'xl.on_reboot="restart"' "$GUEST" -- echo </dev/null >out 2>err &
	pid=$!
	until_true grep -q 'echo: on' out
	first=$(dom0 xl domid pvh)
	dom0 xl reboot pvh
	dom0_until "d=\$(xl domid pvh) && [ \$d != $first ]"
	until_true grep -qz 'echo: on.*echo: on' out
	kill $pid
	wait $pid || :
}

@test "another's domain of that name is left alone" {
	dom0 'sed "s/^name.*/name = \"pvh\"/" guests/grub.xl >g.xl && xl create -q g.xl'
	for command in stop destroy wait console; do
		run -73 outside $command pvh
		has "wasn't made by mirari"
	done
	run -73 outside run "$GUEST"
	dom0 xl list pvh
	same '' "$(outside list)"
	same pvh "$(outside list --all | sed -n 's/^name=//p')"
}

@test 'a connection that is lost is made again, and the guest has not noticed' {
	mkfifo typing
	mirari-xl run "${PLACE[@]}" "$GUEST" -- echo <typing >out 2>err &
	pid=$!
	exec 9>typing
	until_true grep -q 'echo: on' out
	# all connections of dropbear but its listening process
	dom0 'for p in $(pidof dropbear); do [ "$(cut -d" " -f4 /proc/$p/stat)" = 1 ] || kill $p; done' || :
	until_true grep -q 'is connected again' err
	grep -q 'is lost' err
	echo typed >&9
	until_true grep -q 'echo: typed' out
	kill -TERM $pid
	ends 143 "$pid"
	exec 9>&-
	grep -q 'asked for: poweroff' out
	run dom0 xl list pvh
	has 'invalid domain identifier'
}

@test 'killed at any moment: what is left is found, and cleared away' {
	for wait in 0.05 0.3 0.6 0.9 1.5 3; do
		mirari-xl run "${PLACE[@]}" "$GUEST" -- wait </dev/null >out 2>err &
		pid=$!
		sleep $wait
		kill -9 $pid
		wait $pid || :
		outside destroy --force pvh
		run dom0 'xl list pvh; find .mirari -type f'
		has 'invalid domain identifier'
		has_not '.mirari/'
	done
}

@test 'a vif on a bridge, and a Linux there that answers' {
	# Linux's own image isn't what we look into: its kernel is xl's to find
	linux=(--set 'xl.kernel="/root/guests/vmlinuz"' --set 'xl.ramdisk="/root/guests/linux.cpio"' -m 96 --set name=linux
		--set 'xl.cmdline="console=hvc0 quiet mitigations=off address=10.0.2.20/24"')
	run -0 dom0 "mirari-xl run -d --net service=xenbr0 ${linux[*]@Q} pvh.xen"
	dom0_until 'grep "guest ready" /var/log/xen/guest-linux.log'
	run -0 dom0 ping -c 2 10.0.2.20
	has '0% packet loss'
	mac=$(mirari-xl config --net service=xenbr0 --set name=linux "$GUEST" | sed -nE 's/.*mac=([0-9a-f:]*).*/\1/p')
	[ -n "$mac" ]
	dom0 "ip neigh | grep '^10.0.2.20 .*$mac'"
	run -0 curl -sS --retry 9 --max-time 60 "http://127.0.0.1:$(xen_port 10.0.2.20:80)/"
	same 'this is Linux at 10.0.2.20/24' "$output"
	outside stop --timeout 60 linux
}

@test 'twenty of them at once, and nothing is left' {
	before=$(dom0 'xl list; xenstore-list /local/domain' | awk '{ print $1, $2 }')
	for i in {1..20}; do
		dom0 "mirari-xl run -d -m 16 --set name=many-$i pvh.xen -- wait" >/dev/null
	done
	same 20 "$(outside list | grep -c '^name=many-')"
	for i in {1..20}; do
		[ $((i % 2)) = 0 ] || dom0 mirari-xl destroy "many-$i"
		[ $((i % 2)) = 1 ] || dom0 mirari-xl stop "many-$i"
	done
	dom0_until '! xl list | grep -e many- -e null'
	same "$before" "$(dom0 'xl list; xenstore-list /local/domain' | awk '{ print $1, $2 }')"
}

@test 'what is wrong is said before anything is made' {
	run -1 outside run -m 100000 "$GUEST"
	has 'memory'
	run -1 outside run --set 'xl.vif=["bridge=nosuch"]' "$GUEST"
	has 'ssh://dom0: xl create: '
	run dom0 xl list pvh
	has 'invalid domain identifier'
	run -77 mirari-xl list --on ssh://visitor@dom0 --set "ssh.config=$XEN_SSH_CONFIG"
	has 'log in as root'
	if [ ! -e /proc/xen/capabilities ]; then
		run -69 mirari-xl run "$GUEST"
		has "no dom0 of Xen"
		has 'mirari run --on ssh://'
	fi
	run -64 mirari-xl list --on ec2
	run -64 mirari-xl list --on ssh://-oProxyCommand=true
	run -65 mirari-xl stop </dev/null
	run -64 outside stop one two
}
