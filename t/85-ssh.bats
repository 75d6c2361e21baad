#!/usr/bin/env bats
# mirari-ssh: unikernels on another machine, which is a real sshd on this one with a home directory and a state of
# its own (t/lib/sshd.sh). Each test is whole in namespaces of its own (t/lib/inside.bash).
load lib/common.bash
load lib/inside.bash
load lib/tenders.bash
load lib/sshd.bash

setup() {
	sshd_setup </dev/null
}

@test 'a program: its output, its status, its arguments byte by byte; nothing left but its file' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		words=('' ' ' 'a b' $'tab\there' "it's" '"' '\' '\n' '$HOME' '$(touch x)' '`touch x`' '*' '?' '[a]' '~' '!!' '#' ';' '&' '|' '<x' '>x' '(' ')' '{a,b}' '-n' '--' '--help' '%{tap:x}' '=' $'\x01\x7f' $'\xff\xfe' 'é')
		exits 0 mirari-ssh run "${ON[@]}" prog -- -c 'printf "<%s>\n" "$@"' "${words[@]}"
		printf '<%s>\n' _ "${words[@]:1}" >want
		exits 0 mirari-ssh run "${ON[@]}" prog -- -c 'printf "<%s>\n" "$0" "$@"' "${words[@]}"
		printf '<%s>\n' "${words[@]}" | cmp - out
		same '' "$(cat err)"
		exits 3 mirari-ssh run "${ON[@]}" prog -- -c 'echo out; echo err >&2; printf "no end"; exit 3'
		same $'out\nno end' "$(cat out)"
		same err "$(cat err)"
		same './prog ./prog/prog.SUM.unix-socket ' "$(deployed)"
		same 700 "$(stat -c %a "$THERE/.mirari/prog")"
		same 700 "$(stat -c %a "$(the_file)")"
		exits 137 mirari-ssh run "${ON[@]}" prog -- -c 'kill -9 $$'
		exits 255 mirari-ssh run "${ON[@]}" prog -- -c 'exit 255'
		there mirari ps --all >out
		same '' "$(cat out)"
		left_here
	END
}

@test 'unikernels of Solo5, with devices of the machine there' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		for target in spt hvt; do
			exits 3 mirari-ssh run "${ON[@]}" "$GUESTS/plain.$target" -- --hello=world 'a b' exit=3
			has out 'arg 1: --hello=world' 'arg 2: a b'
			exits 134 mirari-ssh run "${ON[@]}" "$GUESTS/plain.$target" -- abort
		done
		mirari-ssh run "${ON[@]}" --set net.service.host=10.9.0.1/24 --set net.service.mtu=1400 "$GUESTS/net.spt" -- ip=10.9.0.2 serve >log 2>&1 &
		pid=$!
		until_true 90 grep -q serving: log
		has log 'mtu: 1400'
		ping -q -c 1 -W 2 10.9.0.2 >/dev/null
		kill $pid
		wait $pid || same 143 $?
		exits 0 mirari-ssh run "${ON[@]}" --set "block.data.path=$HERE/w/disk" --set block.data.size=1M "$GUESTS/block.spt" -- write=kept read
		has out kept
		exits 64 mirari-ssh run "${ON[@]}" --set block.data.path=disk "$GUESTS/block.spt" -- read ||
			exits 65 mirari-ssh run "${ON[@]}" --set block.data.path=disk "$GUESTS/block.spt" -- read
		has err 'block.data.path=disk' absolute
		left_here
	END
}

@test 'a record: what it says of the unikernel goes there, what is of here does not' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		printf '%s\n' name=www target=unix-direct "deploy=$PLACE" "ssh.config=$CONFIG" config.dir=/nowhere \
			"artifact=$PWD/prog" switch=none fs.x=../x arg=-c 'arg=mirari ps www >ps.out; echo "$0"' arg=zero '' >record
		exits 0 mirari-ssh run <record
		same zero "$(cat out)"
		has "$THERE/ps.out" name=www target=unix-direct deploy=local
		! grep -q nowhere "$THERE/ps.out"
		exits 65 mirari-ssh run --set target=hvt <record
		has err 'is for unix-socket' hvt
		exits 64 mirari-ssh run --set deploy=local <record
		has err local 'ssh://'
		exits 64 mirari-ssh run prog </dev/null
		has err --on
		left_here
	END
}

@test 'what is there is not copied again, what has changed is; damage is repaired' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		number() { stat -c %i "$(the_file)"; }
		exits 0 mirari-ssh run "${ON[@]}" prog -- -c :
		first=$(number)
		exits 0 mirari-ssh run "${ON[@]}" prog -- -c :
		same "$first" "$(number)"
		chmod 600 "$(the_file)"
		exits 0 mirari-ssh run "${ON[@]}" prog -- -c :
		same "$first" "$(number)"
		echo >>prog
		exits 0 mirari-ssh run "${ON[@]}" prog -- -c :
		second=$(number)
		[ "$first" != "$second" ]
		cmp prog "$(the_file)"
		printf x | dd of="$(the_file)" bs=1 seek=4000 conv=notrunc status=none
		exits 0 mirari-ssh run "${ON[@]}" prog -- -c :
		cmp prog "$(the_file)"
		# arrives as something else
		mkdir bin
		printf '#!/bin/sh\nexec /bin/cat "$@" | tr a b\n' >bin/cat
		chmod +x bin/cat
		ssh_stop
		sed -i "s#PATH=#PATH=$PWD/bin:#" etc/sshd_config
		ssh_start
		echo >>prog
		exits 74 mirari-ssh run "${ON[@]}" prog -- -c :
		has err 'arrived as something else'
		same './prog ./prog/prog.SUM.unix-socket ' "$(deployed)"
		left_here
	END
}

@test 'a full disk there is said, and nothing is left' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		mkdir "$THERE/.mirari"
		mount -t tmpfs -o size=200k none "$THERE/.mirari"
		exits 74 mirari-ssh run "${ON[@]}" prog -- -c :
		has err "$PLACE" 'the disk there is full' 'mirari-ssh gc'
		same './prog ' "$(deployed)"
		umount "$THERE/.mirari"
		# not a directory
		rmdir "$THERE/.mirari"
		: >"$THERE/.mirari"
		exits 73 mirari-ssh run "${ON[@]}" prog -- -c :
		left_here
	END
}

@test 'each way not to be let in has its sentence and what to do' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		try() { exits "$1" timeout 50 mirari-ssh run "${ON[@]}" "${@:2}" prog -- -c :; left_here; }
		# host keys
		mv etc/known_hosts etc/known
		: >etc/known_hosts
		try 69
		has err "isn't known here" "ssh -F $CONFIG -p $PORT root@127.0.0.1"
		same '' "$(cat etc/known_hosts)"
		ssh-keygen -q -t ed25519 -N '' -f etc/other
		echo "[127.0.0.1]:$PORT $(cut -d ' ' -f 1,2 etc/other.pub)" >etc/known_hosts
		try 69
		has err 'another one than before' "ssh-keygen -R '[127.0.0.1]:$PORT'"
		mv etc/known etc/known_hosts
		# who we are
		try 77 --on "ssh://daemon@127.0.0.1:$PORT" || try 69 --on "ssh://daemon@127.0.0.1:$PORT"
		mv etc/key etc/away
		try 77
		has err "doesn't let us in" "ssh-copy-id -F $CONFIG -p $PORT root@127.0.0.1"
		mv etc/away etc/key
		# shells
		try 69 --on "ssh://locked@127.0.0.1:$PORT"
		has err "aren't run there by a POSIX shell" 'currently not available'
		try 69 --on "ssh://noisy@127.0.0.1:$PORT"
		has err 'prints something of its own' welcome .bashrc
		# the way there
		try 69 --on ssh://root@127.0.0.1:1
		has err 'connection refused' ssh://127.0.0.1:PORT
		try 69 --on ssh://192.0.2.1
		has err 'no route' 'ping 192.0.2.1'
		try 69 --on ssh://nowhere.invalid
		has err nowhere.invalid 'getent hosts'
		# an address that nobody has
		ip link add out0 type veth peer out1
		ip link set out1 up
		ip link set out0 up
		ip address add 192.0.2.1/24 dev out0
		try 69 --on ssh://192.0.2.2
		has err "192.0.2.2: " 'ping 192.0.2.2'
		try 66 --set ssh.config=/none
		has err /none
		# no ssh here
		mkdir few
		ln -s "$(type -P env)" few/
		exits 127 few/env PATH="$PWD/few" "$(type -P mirari-ssh)" run "${ON[@]}" prog
		has err 'ssh: command not found' openssh-client
	END
}

@test 'hostile places are refused before anything runs' {
	inside root <<-'END'
		. ./helpers
		mkdir bin
		printf '#!/bin/sh\n: >ran\n' >bin/ssh
		chmod +x bin/ssh
		for place in 'ssh://-oProxyCommand=touch${IFS}x' ssh://-oProxyCommand=x ssh://x@-oProxyCommand=x ssh://-l@x \
			'ssh://$(touch x)' 'ssh://x;touch x' 'ssh://x y' $'ssh://x\ny' 'ssh://x/y' ssh://x:0 ssh:// ssh://[x] local ec2 x ''; do
			PATH=$PWD/bin:$PATH exits 64 mirari-ssh run --on "$place" prog
			PATH=$PWD/bin:$PATH exits 64 mirari-ssh gc --on "$place"
		done
		for name in .. . a/b -x '$(x)' ''; do
			PATH=$PWD/bin:$PATH exits 64 mirari-ssh stop --on ssh://x -- "$name"
		done
		[ ! -e ran ] && [ ! -e x ]
	END
}

@test 'no mirari there, an older one, none of the tools' {
	inside root <<-'END'
		. ./helpers
		mkdir few
		for tool in bash sh cat mkdir chmod touch date rm mv cut find; do ln -s "$(type -P $tool)" few/; done
		sed -i "s#PATH=[^\"]*#PATH=$PWD/few#" etc/sshd_config
		ssh_start
		mkdir none
		for dir in /usr/local/bin /usr/local/sbin /usr/sbin; do mount --bind none $dir; done
		exits 69 mirari-ssh run "${ON[@]}" prog
		has err "$PLACE: there is no mirari" 'make install' 'mirari-xl'
		printf '#!/bin/sh\n[ "$1" != --version ] || echo "mirari 0.0.1"\n[ "$1" != run ] || { echo "mirari-run: unknown option --detach" >&2; exit 64; }\n' >few/mirari
		chmod +x few/mirari
		exits 69 mirari-ssh run "${ON[@]}" prog
		has err 'neither sha256sum nor openssl'
		ln -s "$(type -P openssl)" few/
		exits 64 mirari-ssh run "${ON[@]}" prog
		has err 'unknown option --detach' 'there it is mirari 0.0.1, here mirari '
		left_here
	END
}

@test 'it is stopped with us, gently and then not; also when nobody reads what it prints' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		begin() { : >out; "$@" >out 2>err & pid=$!; until_true 90 grep -q begun out; }
		for signal in TERM INT HUP; do
			begin env --default-signal mirari-ssh run "${ON[@]}" prog -- -c 'trap "echo told; exit 5" TERM; echo begun; while :; do sleep 0.05; done'
			kill -$signal $pid
			wait $pid || same 5 $?
			has out told
		done
		begin mirari-ssh run "${ON[@]}" prog -- -c 'trap "" TERM; echo begun; while :; do sleep 0.05; done'
		kill $pid
		sleep 0.5
		kill $pid
		wait $pid || same 137 $?
		# as a terminal does it: to all of the group
		env --default-signal setsid --wait mirari-ssh run "${ON[@]}" prog -- -c 'trap "echo told; exit 6" TERM; echo begun; while :; do sleep 0.05; done' >out 2>err &
		pid=$!
		until_true 90 grep -q begun out
		kill -INT -- "-$(pgrep -o -x mirari-ssh)"
		wait $pid || same 6 $?
		has out told
		timeout 120 bash -c 'mirari-ssh run "$@" | head -n 1' - "${ON[@]}" prog -- -c 'while :; do echo y; sleep 0.01; done' >out
		same y "$(cat out)"
		there mirari ps --all >out
		same '' "$(cat out)"
		left_here
	END
}

@test 'the connection is lost in the middle: it goes on there, and nothing is shown twice or missing' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		: >out
		mirari-ssh run "${ON[@]}" prog -- -c 'for i in {1..600}; do echo $i; [ $((i % 7)) != 0 ] || echo e$i >&2; [ $((i % 50)) != 0 ] || sleep 0.5; done; exit 4' >out 2>err &
		pid=$!
		until_true 90 grep -qx 50 out
		ssh_cut
		until_true 90 grep -qx 250 out
		ssh_stop
		ssh_cut
		sleep 3
		ssh_start
		wait $pid || same 4 $?
		same "$(seq 600)" "$(cat out)"
		same "$(seq -f e%.0f 7 7 600)" "$(grep ^e err)"
		has err 'the connection was lost; prog goes on there' 'connection refused'
		same 3 "$(grep -c ^mirari-ssh err)"
		# it ends while nobody looks
		: >out
		mirari-ssh run "${ON[@]}" prog -- -c 'echo begun; sleep 1; echo end; exit 9' >out 2>err &
		pid=$!
		until_true 90 grep -q begun out
		ssh_stop
		ssh_cut
		sleep 2
		ssh_start
		wait $pid || same 9 $?
		same $'begun\nend' "$(cat out)"
		# told to end while it can't be reached
		: >out
		mirari-ssh run "${ON[@]}" prog -- -c 'echo begun; exec sleep 1000' >out 2>err &
		pid=$!
		until_true 90 grep -q begun out
		ssh_stop
		ssh_cut
		until_true 90 grep -q lost err
		kill $pid
		wait $pid || same 69 $?
		has err "mirari-ssh stop --on $PLACE prog"
		ssh_start
		exits 0 mirari-ssh stop "${ON[@]}" prog
		same '' "$(deployed)"
		there mirari ps --all >out
		same '' "$(cat out)"
		left_here
	END
}

@test 'killed at any moment: what runs there can be stopped, and gc removes what is left' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		head -c 3000000 /dev/urandom >>prog
		for wait in 0.02 0.06 0.1 0.15 0.2 0.25 0.3 0.4 0.5 0.7; do
			mirari-ssh run "${ON[@]}" prog -- -c 'exec sleep 1000' >/dev/null 2>&1 &
			pid=$!
			sleep $wait
			kill -KILL $pid
			wait $pid || same 137 $?
			left_here
			status=0
			mirari-ssh stop -q "${ON[@]}" prog 2>err || status=$?
			[ $status = 0 ] || [ $status = 1 ] || { cat err; false; }
		done
		# one that still runs is in the way of the next, and isn't touched by gc
		: >out
		mirari-ssh run "${ON[@]}" prog -- -c 'echo begun; exec sleep 1000' >out 2>err &
		pid=$!
		until_true 90 grep -q begun out
		kill -KILL $pid
		wait $pid || :
		exits 75 mirari-ssh run "${ON[@]}" prog
		has err 'prog is there already (running)' "mirari-ssh stop --on $PLACE prog"
		mkdir -p "$THERE/.mirari/old" "$THERE/.mirari/new" "$THERE/.mirari/theirs" "$THERE/.mirari/domain"
		: >"$THERE/.mirari/old/old.hvt"
		: >"$THERE/.mirari/theirs/letter"
		: >"$THERE/.mirari/domain/domain.xl"
		: >"$THERE/.mirari/prog/.prog.unix-socket.999999.0000abcd"
		: >"$THERE/.mirari/prog/.prog.unix-socket.$$.0000abcd"
		find "$THERE/.mirari" -exec touch -d '10 minutes ago' {} +
		: >"$THERE/.mirari/prog/.prog.unix-socket.999998.0000abcd"
		touch "$THERE/.mirari/new"
		exits 0 mirari-ssh gc "${ON[@]}"
		has err 'removed: ~/.mirari/old' 'removed: ~/.mirari/prog/.prog.unix-socket.999999.0000abcd' 'removed: ~/.mirari/domain'
		same "./new ./prog ./prog/.prog.unix-socket.$$.0000abcd ./prog/.prog.unix-socket.999998.0000abcd ./prog/prog.SUM.unix-socket ./theirs ./theirs/letter " "$(deployed)"
		# by xl: those that run, and all when it doesn't say
		mkdir "$THERE/bin" "$THERE/.mirari/one" "$THERE/.mirari/two"
		: >"$THERE/.mirari/one/one.xl"
		: >"$THERE/.mirari/two/two.xl"
		find "$THERE/.mirari" -exec touch -d '10 minutes ago' {} +
		printf '#!/bin/sh\nexit 1\n' >"$THERE/bin/xl"
		chmod +x "$THERE/bin/xl"
		exits 0 mirari-ssh gc "${ON[@]}"
		has err "doesn't say which domains run"
		[ -e "$THERE/.mirari/one/one.xl" ] && [ -e "$THERE/.mirari/two/two.xl" ]
		printf '#!/bin/sh\necho "Name ID Mem VCPUs State Time"; echo "Domain-0 0 512 1 r- 1.0"; echo "one 1 64 1 b- 0.1"\n' >"$THERE/bin/xl"
		exits 0 mirari-ssh gc "${ON[@]}"
		has err 'removed: ~/.mirari/two'
		[ -e "$THERE/.mirari/one/one.xl" ] && [ ! -e "$THERE/.mirari/two" ]
		exits 0 mirari-ssh stop "${ON[@]}" prog
		# one of that name that somebody else has started isn't ours
		there mirari run -d --name prog /bin/sleep -- 1000 >/dev/null
		exits 1 mirari-ssh stop "${ON[@]}" prog
		has err 'started there by somebody'
		exits 75 mirari-ssh run "${ON[@]}" prog
		has err 'name=NAME'
		there mirari rm -f prog
		exits 1 mirari-ssh stop "${ON[@]}" prog
		left_here
	END
}
