#!/usr/bin/env bats
# mirari run FILE: a unikernel without a configuration, in the foreground and detached. Each test is whole in
# namespaces of its own (t/lib/inside.bash); the unikernels and what runs them are those of t/lib/tenders.bash.
load lib/common.bash
load lib/inside.bash
load lib/tenders.bash

setup() {
	native
	tenders
	export GUESTS
	mkdir "$BATS_TEST_TMPDIR/w"
	cat >"$BATS_TEST_TMPDIR/w/helpers" <<-'END'
		export XDG_STATE_HOME=$HERE/w/state
		one() { mirari ps --get "$1" "${2-net}"; }
		logged() { [[ $(mirari logs "${2-net}" 2>&1) == *"$1"* ]]; }
		pings() { ping -q -c 2 -i 0.1 -W 2 "$1" >ping.out || { cat ping.out >&2; return 1; }; }
		guest_of() { one net.service.guest "$@" | sed 's,/.*,,'; }
	END
}

# ---- in the foreground -----------------------------------------------------------------------

@test 'a file without devices: it runs, with its arguments and its status' {
	inside <<-'END'
		. ./helpers
		for target in spt hvt; do
			exits 3 mirari run "$GUESTS/plain.$target" -- --hello=world 'a b' "it's" 'c"d\' exit=3
			has out 'arg 1: --hello=world' 'arg 2: a b' "arg 3: it's" 'arg 4: c"d\'
			exits 0 mirari run -n "$GUESTS/plain.$target" -- 'a b'
			same "mirari-solo5 run $GUESTS/plain.$target -- 'a b'" "$(cat out)"
			cp out pasted
			exits 0 bash pasted
			has out 'arg 1: a b'
			exits 134 mirari run "$GUESTS/plain.$target" -- abort
		done
		cp "$GUESTS/plain.spt" here.spt
		exits 0 mirari run -m 64 -n here.spt
		same "mirari-solo5 run '--memory=64' ./here.spt" "$(cat out)"
		# a program of this system is a unikernel as well
		exits 0 mirari run /bin/echo -- hello
		same hello "$(cat out)"
		gone
	END
}

@test 'a file for virtio' {
	need qemu-system-x86_64
	inside <<-'END'
		. ./helpers
		exits 3 timeout 60 mirari run "$GUESTS/plain.virtio" -- 'a b' exit=3
		has out 'arg 1: a b'
		gone
	END
}

@test 'a tap for each device, with DHCP, and all of it gone at the end' {
	inside <<-'END'
		. ./helpers
		: >out
		mirari run "$GUESTS/net2.spt" -- dhcp >out 2>err &
		pid=$!
		until_true 10 grep -q serving: out
		same 2 "$(ip -o link show group 2013 | wc -l)"
		guest=$(sed -n 's/^serving: //p' out)
		pings "$guest"
		# the same at each start
		taps=$(ip -br address show group 2013 | awk '{ print $1, $3 }')
		mirari-tap list >list
		has list 'name=net2' 'device=service' 'device=second'
		grep -q "^mac=$(sed -n 's/^mac: //p' out)$" list
		kill $pid
		wait $pid || same 143 $?
		gone
		: >out
		mirari run "$GUESTS/net2.spt" -- dhcp >out 2>err &
		pid=$!
		until_true 10 grep -q serving: out
		same "$guest" "$(sed -n 's/^serving: //p' out)"
		same "$taps" "$(ip -br address show group 2013 | awk '{ print $1, $3 }')"
		kill -KILL $pid
		wait $pid || same 137 $?
		gone
		# two of the same file, by other names
		: >one
		mirari run --name one "$GUESTS/net.spt" -- dhcp >one 2>err &
		: >two
		mirari run --name two "$GUESTS/net.spt" -- dhcp >two 2>err &
		until_true 10 grep -q serving: one
		until_true 10 grep -q serving: two
		pings "$(sed -n 's/^serving: //p' one)"
		pings "$(sed -n 's/^serving: //p' two)"
		kill $! %-
		wait
		gone
	END
}

@test 'one right after the other: the next one does not meet what the last one leaves' {
	inside <<-'END'
		. ./helpers
		for _ in {1..12}; do
			exits 0 mirari run "$GUESTS/net.spt"
		done
		# by another name with the port that is about to be free
		for name in one two one three; do
			exits 0 mirari run -p 8080:80 --name $name "$GUESTS/net.spt"
		done
		for _ in {1..8}; do
			exits 0 mirari run -d -p 8080:80 "$GUESTS/net.spt" -- dhcp
			tap=$(one net.service.tap)
			until_true 10 logged serving:
			pings "$(guest_of)"
			# nobody clears it away who was late
			sleep 0.1
			nft list table inet "mirari-$tap" >table
			has table 'dport 8080'
			exits 0 mirari rm -f net
		done
		gone
	END
}

@test 'what is said of a device counts' {
	inside <<-'END'
		. ./helpers
		: >out
		mirari run --set net.service.host=10.9.0.1/24 --set net.service.mac=02:00:00:00:00:07 \
			--set net.service.mtu=1400 "$GUESTS/net.spt" -- ip=10.9.0.2 serve >out 2>err &
		until_true 10 grep -q serving: out
		has out 'mac: 02:00:00:00:00:07' 'mtu: 1400'
		pings 10.9.0.2
		kill $!
		wait
		exits 0 mirari run -n --set net.service.bridge=br0 --set net.service.mac=02:00:00:00:00:07 "$GUESTS/net.spt"
		same "mirari-tap exec --set 'name=net' --set 'net.service.bridge=br0' --set 'net.service.mac=02:00:00:00:00:07' -- mirari-solo5 run '--net=service=%{tap:service}' '--mac=service=02:00:00:00:00:07' $GUESTS/net.spt" "$(cat out)"
		exits 0 mirari run -n -p 8080:80 -p 53:53/udp "$GUESTS/net2.spt"
		has out "--set 'net.service.publish=8080:80' --set 'net.service.publish=53:53/udp' --"
		gone
	END
}

@test 'a block device, made where it is to be' {
	inside <<-'END'
		. ./helpers
		exits 0 mirari run --set block.data.path=disk --set block.data.size=1M "$GUESTS/block.spt" -- write=kept read
		has out 'kept'
		same 1048576 "$(stat -c %s disk)"
		exits 0 mirari run --set block.data.path=disk "$GUESTS/block.spt" -- read
		has out 'kept'
	END
}

@test 'without root: in a network of its own' {
	inside <<-'END'
		. ./helpers
		chmod 777 .
		: >out
		"${ORDINARY[@]}" env HOME="$PWD" mirari run $([ "${ORDINARY[0]}" != env ] || echo --rootless) \
			"$GUESTS/net.spt" -- dhcp >out 2>err &
		until_true 10 grep -q serving: out
		same '' "$(ip -o link show group 2013)"
		kill $!
		wait $! || same 143 $?
		gone
	END
}

@test 'a tap that root has made: its guest gets the address that is kept for it' {
	inside root <<-'END'
		. ./helpers
		export HOME=$PWD
		chmod 777 .
		exits 0 mirari-tap up t0 --owner 65534 --host 10.0.0.1/24 --dhcp
		mac=$(sed -n 's/^net.t0.mac=//p' out)
		keep
		for target in spt hvt; do
			[ -w /dev/kvm ] && "${NOBODY[@]}" test -w /dev/kvm || [ $target = spt ] || continue
			: >out
			"${NOBODY[@]}" mirari run --set net.service.tap=t0 "$GUESTS/net.$target" -- dhcp >out 2>err &
			until_true 10 grep -q serving: out
			has out 'serving: 10.0.0.2' "mac: $mac"
			pings 10.0.0.2
			kill $!
			wait $! || same 143 $?
			gone
		done
		exits 0 "${NOBODY[@]}" env XDG_STATE_HOME=$PWD/mine mirari run -d --set net.service.tap=t0 "$GUESTS/net.spt" -- dhcp
		has out "net.service.mac=$mac"
		"${NOBODY[@]}" env XDG_STATE_HOME=$PWD/mine mirari rm -f net
		gone
		# another MAC address than that isn't this tap's
		exits 73 "${NOBODY[@]}" mirari run --set net.service.tap=t0 --set net.service.mac=02:00:00:00:00:01 "$GUESTS/net.spt" -- dhcp
		has err "$mac" 02:00:00:00:00:01
	END
}

@test 'devices without a counterpart, other targets, wrong files: said, and nothing made' {
	inside <<-'END'
		. ./helpers
		exits 65 mirari run "$GUESTS/both.spt"
		has err 'both.spt' service data block.data.path
		exits 65 mirari run --set net.other.host=10.0.0.1/24 "$GUESTS/net.spt"
		has err other service
		exits 64 mirari run -t hvt "$GUESTS/net.spt"
		has err 'was built for spt, not for hvt'
		exits 64 mirari run --set memory=lots "$GUESTS/net.spt"
		exits 64 mirari run --name 'a b' "$GUESTS/plain.spt"
		for option in --rootless --publish=80:80; do
			exits 64 mirari run $option "$GUESTS/plain.spt"
			has err 'which plain has none of'
			! grep -q unix-direct err
		done
		for option in --restart=always --cpus=1 --cpuset=0 --log-size=1M --log-files=2; do
			exits 64 mirari run "$option" "$GUESTS/plain.spt"
			has err "mirari run --detach ${option%%=*}"
		done
		head -c 100 "$GUESTS/net.spt" >short.spt
		exits 65 mirari run ./short.spt
		has err short.spt
		exits 69 mirari run --tender=/nonexistent "$GUESTS/plain.spt" || exits 127 mirari run --tender=/nonexistent "$GUESTS/plain.spt"
		same '' "$(ls -A state 2>/dev/null)"
		gone
	END
}

@test 'a unikernel that is told something without --: where its words go is said' {
	exits() { local want=$1; shift; run --separate-stderr "$@"; [ "$status" = "$want" ] || { echo "$status: $stderr"; return 1; }; }
	exits 64 mirari run "$GUESTS/plain.spt" --hello=world
	[[ $stderr == *'unknown option --hello'* && $stderr == *'behind --'*'-- --hello=world'* ]]
	exits 64 mirari-solo5 run "$GUESTS/plain.spt" --hello=world
	[[ $stderr == *'-- --hello=world'* ]]
	exits 64 mirari run "$GUESTS/plain.spt" one two
	[[ $stderr == *"mirari run $GUESTS/plain.spt -- one"* ]]
	# before a file it is an option of ours that was mistyped
	exits 64 mirari run --memry=3 "$GUESTS/plain.spt"
	[[ $stderr == *'did you mean --memory?'* && $stderr != *'behind --'* ]]
}

@test 'a file that is called like a unikernel, or is no text, is looked at as one' {
	exits() { local want=$1; shift; run --separate-stderr "$@"; [ "$status" = "$want" ] || { echo "$status: $stderr"; return 1; }; }
	exits 66 mirari run none.hvt
	[[ $stderr == 'mirari-run: none.hvt: No such file or directory'* ]]
	: >empty.spt
	exits 65 mirari run empty.spt
	[[ $stderr == *'empty.spt: is empty'* ]]
	gzip -c "$GUESTS/plain.spt" >packed
	for name in packed packed.spt; do
		cp packed $name.x
		mv $name.x $name
		exits 65 mirari run $name
		[[ $stderr == *"$name: is compressed by gzip"* ]] || { echo "$stderr"; return 1; }
	done
	echo 'name: x' >text.virtio
	exits 65 mirari run text.virtio
	[[ $stderr == *'is text, not a unikernel'* ]]
	# a flat file with a multiboot header has no magic number at its start
	/usr/bin/python3 "$SOURCE/t/lib/elf.py" elf multiboot
	printf '\2\260\255\033\0\0\1\0\376\117\121\344' >flat
	head -c 8192 /dev/zero >>flat
	exits 0 mirari run -n --set name=flat flat
	[[ $output == *'mirari-solo5 run ./flat' ]] || { echo "$output"; return 1; }
	mkdir project.hvt
	echo 'name: [' >project.hvt/mirari.yml
	exits 65 mirari run project.hvt
	[[ $stderr == *project.hvt/mirari.yml:1* ]]
}

# ---- detached --------------------------------------------------------------------------------

@test 'detached: its record, its log, its taps; stop, restart, rm' {
	inside <<-'END'
		. ./helpers
		exits 0 mirari run -d "$GUESTS/net.spt" -- dhcp
		has out name=net target=spt instance.name=net instance.status=running
		same '' "$(cat err)"
		until_true 10 logged serving:
		guest=$(guest_of)
		pings "$guest"
		same "$(ip -br link show group 2013 | awk '{ print $1 }')" "$(one net.service.tap)"
		exits 75 mirari run -d "$GUESTS/net.spt" -- dhcp
		has err 'net' 'mirari stop net' '--name'
		pings "$guest"
		exits 0 mirari stop net
		until_true 10 bash -c '! ip -o link show group 2013 | grep -q .'
		exits 0 mirari ps -a --get instance.status
		same stopped "$(cat out)"
		exits 0 mirari restart net
		same "$guest" "$(guest_of)"
		until_true 10 pings "$guest"
		exits 0 mirari rm -f net
		exits 0 mirari ps -a
		same '' "$(cat out)"
		gone
		same '' "$(ls state/mirari | grep -v lock)"
	END
}

@test 'detached: after a crash it is there again, on the same tap' {
	inside <<-'END'
		. ./helpers
		exits 0 mirari run -d --restart=on-failure "$GUESTS/net.spt" -- dhcp
		until_true 10 logged serving:
		index=$(ip -o link show group 2013)
		first=$(one instance.pid)
		kill -KILL "$first"
		other() { [ "$(one instance.pid)" ] && [ "$(one instance.pid)" != "$first" ]; }
		until_true 20 other
		until_true 20 pings "$(guest_of)"
		same "${index%% *}" "$(ip -o link show group 2013 | sed 's/ .*//')"
		same 1 "$(one instance.restarts)"
		mirari stop net
		gone
	END
}

@test 'detached: started again at once it has its NAT and its ports, which others can have when it is gone' {
	inside <<-'END'
		. ./helpers
		translated() { [[ $(nft list table inet "mirari-$(one net.service.tap)") == *'dport 8080'* ]]; }
		exits 0 mirari run -d -p 8080:80 "$GUESTS/net.spt" -- dhcp
		for n in 1 2 3 4 5 6; do
			exits 0 mirari restart net
			# what cleared up behind the one before has had its time
			sleep 0.4
			translated
		done
		for n in 1 2 3 4 5 6; do
			exits 0 mirari stop --all
			exits 0 mirari run -d -p 8080:80 --name "net$((n % 2))" "$GUESTS/net.spt" -- dhcp
		done
		exits 0 mirari rm -f --all
		gone
	END
}

@test 'detached behind sudo: the user and root find it, and root starts it again' {
	inside root <<-'END'
		. ./helpers
		unset XDG_STATE_HOME
		mkdir -m 700 home && chown 65534:65534 home
		{ grep -v '^nobody:' /etc/passwd; echo "nobody:x:65534:65534::$HERE/w/home:/bin/sh"; } >passwd
		mount --bind passwd /etc/passwd
		mount -t tmpfs none /run && mount -t tmpfs none /var/log
		sudo() { SUDO_UID=65534 SUDO_GID=65534 "$@"; }
		user() { "${NOBODY[@]}" env HOME="$HERE/w/home" "$@"; }
		statuses() { same "$2" "$($1 mirari ps --all --get instance.status | tr '\n' ' ')"; }
		exits 0 sudo mirari run -d "$GUESTS/net.spt" -- dhcp
		exits 0 sudo mirari run -d "$GUESTS/plain.spt" -- tick=1000
		# that is said before the tap is in the way
		exits 75 sudo mirari run -d "$GUESTS/net.spt" -- dhcp
		has err 'net: is running' 'mirari stop net'
		same net "$(user mirari ps --get instance.name)"
		same plain "$(mirari ps --get instance.name)"
		same $'plain\nnet' "$(sudo mirari ps --get instance.name)"
		same running "$(sudo mirari ps net --get instance.status)"
		exits 1 mirari ps net
		exits 0 sudo mirari logs net
		has out 'arg 1: dhcp'
		# the user may not make taps
		exits 77 user mirari restart net
		has err 'sudo mirari restart net'
		exits 0 sudo mirari restart net
		statuses user 'running '
		exits 0 sudo mirari stop net
		exits 0 sudo mirari restart net
		exits 0 user mirari stop net
		exits 0 sudo mirari restart net
		exits 0 sudo mirari stop --all
		statuses sudo 'stopped stopped '
		# what was started without root isn't root's to start
		exits 0 user mirari run -d --name mine /bin/sleep -- 1000
		exits 64 sudo mirari restart mine
		has err 'without sudo'
		statuses user 'running stopped '
		same '' "$(find home -user root)"
		exits 0 sudo mirari rm --force --all
		statuses sudo ''
		gone
	END
}

@test 'detached: killed with its supervisor, gc finds what is left' {
	inside <<-'END'
		. ./helpers
		exits 0 mirari run -d "$GUESTS/net.spt" -- dhcp
		until_true 10 logged serving:
		kill -KILL "$(one instance.supervisor | sed 's/[.].*//')"
		lost() { [ "$(one instance.status)" = lost ]; }
		until_true 10 lost
		exits 0 mirari gc
		gone
		exits 0 mirari rm net
		exits 0 mirari run -d "$GUESTS/net.spt" -- dhcp
		mirari rm -f net
		gone
	END
}

@test 'detached, in a network of its own' {
	inside <<-'END'
		. ./helpers
		chmod 777 .
		mkdir -m 777 state
		as=("${ORDINARY[@]}" env HOME="$PWD" XDG_STATE_HOME="$PWD/mine")
		exits 0 "${as[@]}" mirari run -d --rootless "$GUESTS/net.spt" -- dhcp
		own() { "${as[@]}" mirari logs net 2>&1 | grep -q serving:; }
		until_true 10 own
		same '' "$(ip -o link show group 2013)"
		exits 0 "${as[@]}" mirari ps --get instance.status
		same running "$(cat out)"
		exits 0 "${as[@]}" mirari stop net
		gone
	END
}

@test 'detached: what fails at the start leaves nothing' {
	inside <<-'END'
		. ./helpers
		exits 64 mirari run -d --restart=sometimes "$GUESTS/net.spt"
		has err sometimes
		exits 64 mirari run -d --cpus=none "$GUESTS/net.spt"
		exits 65 mirari run -d "$GUESTS/net.spt" -- $'two\nlines'
		has err newline
		exits 0 mirari ps -a
		same '' "$(cat out)"
		gone
	END
}

@test 'detached: what cannot be run is said, and is no instance' {
	inside <<-'END'
		. ./helpers
		exits 66 mirari run -d --set block.data.path=none "$GUESTS/block.spt"
		has err 'block.data: none: No such file or directory' block.data.size=64M
		exits 66 mirari run -d --set block.data.path=none --restart=always "$GUESTS/both.spt"
		has err 'block.data: none'
		exits 127 mirari run -d --tender ./nonesuch "$GUESTS/plain.spt"
		has err nonesuch
		exits 65 mirari run -d -m 1 "$GUESTS/plain.spt"
		has err 'memory=1'
		exits 65 mirari run -d "$GUESTS/plain.spt" -- ''
		has err 'argument 1 is empty'
		exits 0 mirari ps -a
		same '' "$(cat out)"
		gone
		# what is to be made isn't made by asking, nor is a tap that is to come needed
		exits 0 mirari run -d --set block.data.path=disk --set block.data.size=64K "$GUESTS/both.spt" -- write=kept read dhcp
		until_true 10 logged 'serving:' both
		mirari rm -f both
		gone
	END
}

@test 'a project behind sudo is built by who it belongs to' {
	inside root <<-'END'
		. ./helpers
		mkdir -m 755 home project
		chown 65534:65534 home project
		{ grep -v '^nobody:' /etc/passwd; echo "nobody:x:65534:65534::$HERE/w/home:/bin/sh"; } >passwd
		mount --bind passwd /etc/passwd
		cp "$GUESTS/plain.spt" project/base
		chmod 755 project/base
		printf '%s\n' 'name: mine' 'target: spt' 'main: { noip: Any.thing }' 'artifact: mine' \
			'build: { command: [sh, -c, "echo $HOME $(id -u) $(id -ru) >who; [ ! -e fails ] || exit 9; cp base mine"] }' >project/mirari.yml
		export SUDO_UID=65534 SUDO_GID=65534
		exits 0 mirari run project
		has out 'cmdline: <>'
		same "$HERE/w/home 65534 65534" "$(cat project/who)"
		same '' "$(find project -user root ! -name base ! -name mirari.yml)"
		touch project/base
		touch project/fails
		exits 9 mirari run project
		rm project/fails
		# one that is root's is built by root
		chown -R 0:0 project
		exits 0 mirari run project
		has project/who ' 0 0'
		gone
	END
}

@test 'detached: what the caller has open is closed there, so that nobody waits for its end' {
	inside <<-'END'
		. ./helpers
		{ mirari run -d "$GUESTS/plain.spt" -- tick=1000 3>&1 >record; } | timeout 5 cat >out
		same '' "$(cat out)"
		mirari rm -f plain
		gone
	END
}

@test 'detached: -n prints what does it' {
	inside <<-'END'
		. ./helpers
		exits 0 mirari run -n -d --restart=always --log-files=2 "$GUESTS/net.spt" -- "it's" dhcp
		bash -eu ./out >record
		running() { mirari ps --get instance.status net | grep -qx running; }
		until_true 10 running
		until_true 10 logged serving:
		has record instance.restart=always
		logged "arg 1: it's"
		mirari restart net >record
		until_true 10 running
		mirari rm -f net
		gone
	END
}

# ---- a project -------------------------------------------------------------------------------

@test 'what a unikernel is told, and how its files are called, is not for mirari-tap to replace' {
	inside <<-'END'
		. ./helpers
		cp "$GUESTS/both.spt" '%{tap:service}.spt'
		words=('%{tap:service}' --fd=%{fd:none} '%{%}' 100% '%{')
		exits 0 mirari run --set 'block.data.path=%{fd:service}' --set block.data.size=64K './%{tap:service}.spt' -- "${words[@]}"
		for n in 1 2 3 4 5; do
			has out "arg $n: ${words[n - 1]}"
		done
		[ -e '%{fd:service}' ]
		exits 0 mirari run -n --set 'block.data.path=%{fd:service}' './%{tap:service}.spt' -- "${words[@]}"
		cp out pasted
		exits 0 bash pasted
		has out "arg 2: ${words[1]}"
		gone
	END
}

@test 'a project of another language: built first, then run with its devices' {
	inside <<-'END'
		. ./helpers
		cat >mirari.yml <<-YML
			name: mine
			target: spt
			main: { noip: Any.thing }
			build: { command: [cp, "$GUESTS/both.spt", mine.spt] }
			artifact: mine.spt
			memory: 32
			arg: [dhcp]
			net: { service: { host: 10.5.0.1/24, dhcp: true } }
			block: { data: { path: disk, size: 64K } }
		YML
		: >out
		mirari run -q >out 2>err &
		until_true 20 grep -q serving: out
		pings 10.5.0.2
		same 65536 "$(stat -c %s disk)"
		kill $!
		wait $! || same 143 $?
		gone
		# nothing is built again, and what doesn't fit is seen before a tap is made
		sed -i '/^block/d' mirari.yml
		touch -r mine.spt mirari.yml
		exits 65 mirari run
		has err mine.spt data
		exits 65 mirari run --set net.service.host=10.5.0.1/24 --set net.more.host=10.6.0.1/24 --set block.data.path=disk
		has err more
		gone
	END
}

# ---- as a service ----------------------------------------------------------------------------

@test 'a project whose file is for another target than that which is run: said, and not run' {
	inside <<-'END'
		. ./helpers
		cp "$GUESTS/plain.spt" mine
		printf '%s\n' 'name: mine' 'target: hvt' 'main: { noip: Any.thing }' 'artifact: mine' \
			'build: { command: ["true"] }' >mirari.yml
		touch mine
		exits 65 mirari run --no-build
		has err 'mine: is for spt, but' hvt 'mirari build --target=hvt'
		same '' "$(cat out)"
		exits 0 mirari run --no-build -t spt
		# nor is a file itself run as what it isn't
		for target in hvt unix-socket; do
			exits 64 mirari run --set target=$target "$GUESTS/plain.spt"
			has err "plain.spt was built for spt, not for $target"
		done
		exits 64 mirari run --set artifact=/bin/true "$GUESTS/plain.spt"
		has err artifact
		# a Solo5 unikernel has one processor: what can't be is not passed over
		exits 65 mirari run --set cpus=2 "$GUESTS/plain.spt"
		has err 'cpus=2'
		exits 0 mirari run --set cpus=1 "$GUESTS/plain.spt"
	END
}

@test '--systemd: a unit that systemd accepts, whatever is in it' {
	need systemd-analyze
	inside <<-'END'
		. ./helpers
		mkdir 'odd %dir'
		cd 'odd %dir'
		accepted() {
			exits 0 mirari run --systemd "$@"
			cp out unit.service
			exits 0 systemd-analyze verify --man=no ./unit.service
			same '' "$(cat out err)"
		}
		for target in spt hvt; do
			accepted --restart=on-failure:5 --cpus=0.5 --cpuset=0 "$GUESTS/plain.$target" -- 'a b' '100%' '$HOME' "it's"
			has unit.service 'Restart=on-failure' 'CPUQuota=50%' 'AllowedCPUs=0' "Description=Unikernel plain ($target)"
			! grep -q '^ExecStart=.*mirari-tap' unit.service
			accepted --restart=always -p 8080:80 --set block.data.path=disk --set block.data.size=1M "$GUESTS/both.$target"
			has unit.service 'Restart=always' mirari-tap
			# made once it runs, so that where it will be has to be writable
			grep -q '^ReadWritePaths=.*/odd' unit.service
			accepted --rootless "$GUESTS/net.$target"
			has unit.service WantedBy=default.target
		done
		accepted -m 32 /bin/true
		has unit.service MemoryMax=33554432
		exits 64 mirari run --systemd -d /bin/true
		exits 64 mirari run --systemd --restart=never /bin/true
		exits 64 mirari run --systemd --log-size=1M /bin/true
		exits 65 mirari run --systemd /bin/echo -- $'not\xff UTF-8'
		same '' "$(cat out)"
		gone
	END
}
