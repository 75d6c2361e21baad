#!/usr/bin/env bats
# mirari run with a place: what is handed over to the mirari of another machine, and is an instance of this one. The
# other machine is a real sshd on this one, as in 85-ssh.bats.
load lib/common.bash
load lib/inside.bash
load lib/tenders.bash
load lib/sshd.bash

setup() {
	sshd_setup <<-'END'
		RUN=(mirari run --on "$PLACE" --set "ssh.config=$CONFIG")
		# logged N TEXT [SECONDS]: so often it is in the log of prog
		has_logged() { [ "$(mirari logs prog 2>&1 | grep -c -e "$2")" = "$1" ]; }
		logged() { until_true "${3-20}" has_logged "$1" "$2" || { mirari logs prog >&2; false; }; }
		# field KEY FILE
		field() { sed -nE "s/^$1=([^.]*).*/\1/p" "$2"; }
		status() { mirari ps --all | sed -n 's/^instance.status=//p'; }
		status_there() { there mirari ps --all | sed -n 's/^instance.status=//p'; }
		nothing_there() { same '' "$(there mirari ps --all)"; }
		SERVER='trap "echo told; exit 5" TERM; echo begun; while :; do sleep 0.05; done'
	END
}

@test 'files of every target, in the foreground: arguments, output, exit status, the end by a signal' {
	need qemu-system-x86_64
	inside root <<-'END'
		. ./helpers
		ssh_start
		exits 7 "${RUN[@]}" prog -- -c 'echo "<$0>"; echo err >&2; exit 7' "it's  \$HOME"
		same "<it's  \$HOME>" "$(cat out)"
		same err "$(cat err)"
		for target in spt hvt virtio; do
			exits 3 "${RUN[@]}" "$GUESTS/plain.$target" -- 'a b' exit=3
			has out 'arg 1: a b'
		done
		exits 134 "${RUN[@]}" "$GUESTS/plain.spt" -- abort
		exits 0 "${RUN[@]}" --set target=unix-direct prog -- -c 'mirari ps prog >ps.out'
		has "$THERE/ps.out" target=unix-direct
		: >out
		env --default-signal "${RUN[@]}" prog -- -c "$SERVER" >out 2>err &
		pid=$!
		until_true 90 grep -q begun out
		kill -INT $pid
		wait $pid || same 5 $?
		has out told
		nothing_there
		same '' "$(mirari ps --all)"
		left_here
	END
}

@test 'a project that says where: built here, run there, its paths there' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		mkdir project
		cd project
		cat >mirari.yml <<-YML
			name: keeper
			target: spt
			build: { command: [cp, "$GUESTS/block.spt", keeper.spt] }
			artifact: keeper.spt
			block: { data: { path: $THERE/disk, size: 1M } }
			deploy: $PLACE
			ssh: { config: ../ssh_config }
			arg: [write=kept]
		YML
		exits 0 mirari run -- read
		has out 'arg 1: write=kept' 'arg 2: read'
		[ -e keeper.spt ] && [ -e "$THERE/disk" ]
		exits 65 mirari run -d --set block.data.path=disk
		has err 'block.data.path=disk: a path there has to be absolute'
		# what the file has no device for is said before anything is copied
		rm -r "$THERE/.mirari"
		exits 65 mirari run --set net.eth.host=10.0.0.1/24
		has err eth
		same '' "$(deployed)"
		same '' "$(mirari ps --all)"
		left_here
	END
}

@test 'the network is the other machine’s: addresses are chosen there, ports lead there' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		exits 0 "${RUN[@]}" -n -p 8080:80 "$GUESTS/net.spt"
		! grep -q -e net.service -e 10\\. out
		has out --publish=8080:80
		exits 0 "${RUN[@]}" -d -p 8080:80 --name prog "$GUESTS/net.spt" -- serve
		! grep -q net.service out
		logged 1 serving:
		there mirari ps >ps
		has ps net.service.publish=8080:80 net.service.nat=true net.service.dhcp=true
		nft list ruleset >nft
		has nft 'dport 8080'
		mirari rm -f prog
		# as the configuration has it, and no more
		exits 0 "${RUN[@]}" -d --name prog --set net.service.host=10.9.0.1/24 --set net.service.mtu=1400 "$GUESTS/net.spt" -- ip=10.9.0.2 serve
		logged 1 serving:
		has_logged 1 'mtu: 1400'
		there mirari ps >ps
		has ps net.service.host=10.9.0.1/24
		! grep -q -e nat=true -e dhcp=true ps
		ping -q -c 1 -W 2 10.9.0.2 >/dev/null
		mirari rm -f prog
		nothing_there
		# what has no network
		for file in prog "$GUESTS/plain.spt"; do
			exits 64 "${RUN[@]}" -p 8080:80 "$file"
			has err --publish
		done
		left_here
	END
}

@test 'an instance: seen, stopped, started again and removed here; there is one of it' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		exits 0 "${RUN[@]}" -d prog -- -c "$SERVER"
		logged 1 begun
		same running "$(status)"
		same running "$(status_there)"
		exits 75 "${RUN[@]}" -d prog
		# of another, who has the same machine there
		XDG_STATE_HOME=$HERE/w/other exits 75 "${RUN[@]}" -d prog
		has err 'prog is there already (running)' "mirari-ssh stop --on $PLACE prog"
		same '' "$(XDG_STATE_HOME=$HERE/w/other mirari ps --all)"
		exits 0 mirari restart prog
		logged 2 begun
		has_logged 1 told
		same running "$(status_there)"
		exits 0 mirari stop prog
		has_logged 2 told
		same stopped "$(status)"
		nothing_there
		exits 0 mirari restart prog
		logged 3 begun
		exits 0 mirari stop --timeout 0 prog
		nothing_there
		exits 0 mirari rm prog
		# one that ends by itself, and one that fails
		exits 0 "${RUN[@]}" -d --restart=on-failure:2 prog -- -c 'echo begun; exit 9'
		logged 1 'gave up after 2 restarts' 30
		has_logged 3 begun
		nothing_there
		mirari rm prog
		exits 69 "${RUN[@]}" -d --on ssh://127.0.0.1:1 prog
		has err refused
		same '' "$(mirari ps --all)"
		mirari-ssh check "${ON[@]}"
		left_here
	END
}

@test 'whoever is killed here: what runs there ends, and is not in the way of the next' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		exits 0 "${RUN[@]}" -d --restart=on-failure prog -- -c "$SERVER"
		cp out record
		logged 1 begun
		kill -KILL "$(field instance.pid record)"
		logged 2 begun
		same running "$(status_there)"
		begun=2
		for then in gc 'stop prog'; do
			mirari ps >record
			kill -KILL "$(field instance.supervisor record)" "$(field instance.pid record)"
			until_true 90 eval '[ "$(status)" = lost ]'
			same running "$(status_there)"
			exits 75 "${RUN[@]}" -d prog
			exits 75 mirari rm prog
			exits 0 mirari $then
			nothing_there
			same '' "$(deployed)"
			exits 0 mirari restart prog
			logged $((++begun)) begun
		done
		# all of it there is killed, as when the machine goes down
		there mirari ps >record
		kill -KILL "$(field instance.supervisor record)" "$(field instance.pid record)"
		logged 1 'how it ended isn.t known'
		mirari rm -f prog
		nothing_there
		mirari-ssh check "${ON[@]}"
		left_here
	END
}

@test 'while the other machine cannot be reached, nothing is taken for ended' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		exits 0 "${RUN[@]}" -d --restart=on-failure prog -- -c "$SERVER"
		cp out record
		logged 1 begun
		# killed: started again once the old one could be ended
		ssh_stop
		ssh_cut
		logged 1 'goes on there'
		kill -KILL "$(field instance.pid record)"
		until_true 90 eval 'mirari logs prog >log 2>&1; grep -q "could not be started: what prog has left" log'
		has_logged 1 begun
		same running "$(status_there)"
		ssh_start
		logged 2 begun 40
		same running "$(status_there)"
		# stopped
		ssh_stop
		ssh_cut
		logged 2 'goes on there'
		exits 69 mirari stop prog
		has err 'could not be cleared away' 'mirari gc'
		same lost "$(status)"
		exits 69 mirari gc
		exits 75 mirari rm prog
		ssh_start
		exits 0 mirari gc
		nothing_there
		exits 0 mirari rm prog
		mirari-ssh check "${ON[@]}"
		left_here
	END
}

@test 'mirari-ssh check and stop --force' {
	inside root <<-'END'
		. ./helpers
		exits 69 mirari-ssh check "${ON[@]}"
		ssh_start
		exits 0 mirari-ssh check "${ON[@]}" -- prog
		same '' "$(cat out err)"
		exits 64 mirari-ssh check "${ON[@]}" -- a/b
		exits 0 mirari-ssh stop --quiet --force "${ON[@]}" -- prog
		same '' "$(cat out err)"
		exits 1 mirari-ssh stop "${ON[@]}" -- prog
		exits 0 "${RUN[@]}" -d prog -- -c "$SERVER"
		logged 1 begun
		exits 75 mirari-ssh check "${ON[@]}" other prog
		exits 0 mirari-ssh stop --force "${ON[@]}" other -- prog
		nothing_there
		# somebody's own is left
		there mirari run -d --name prog /bin/sleep -- 1000 >/dev/null
		exits 0 mirari-ssh stop --force "${ON[@]}" prog
		has err 'not deployed'
		same running "$(status_there)"
		there mirari rm -f prog
		left_here
	END
}

@test 'servers of other kinds: one session at a time, forced commands, other shells, homes of others' {
	inside root <<-'END'
		. ./helpers
		ssh_start -o MaxSessions=1
		"${RUN[@]}" prog -- -c "$SERVER" >out 2>err &
		pid=$!
		until_true 90 grep -q begun out
		kill $pid
		wait $pid || same 5 $?
		same "$(printf 'begun\ntold')" "$(grep -x -e begun -e told out)"
		same '' "$(grep mirari err)"
		ssh_stop
		for forced in 'echo no' internal-sftp; do
			ssh_start -o "ForceCommand=$forced"
			exits 69 "${RUN[@]}" prog
			has err "aren't run there by a POSIX shell"
			ssh_stop
		done
		ssh_start -o MaxSessions=0
		exits 69 "${RUN[@]}" prog
		has err 'MaxSessions of its sshd_config): ' 'open refused'
		ssh_stop
		ssh_start
		user() {
			mkdir -p "users/$1"
			echo "$1:x:$2:$2::$HERE/w/users/$1:$3" >>/etc/passwd
			at=ssh://$1@127.0.0.1:$PORT
		}
		# a shell that knows no quotes but its own
		printf '#!/bin/sh\necho "$2: Event not found." >&2; exit 1\n' >users.sh
		chmod 755 users.sh
		echo "$PWD/users.sh" >shells
		mount --bind shells /etc/shells
		user csh 0 "$PWD/users.sh"
		exits 69 mirari-ssh check "${ON[@]}" --on "$at"
		has err "aren't run there by a POSIX shell" 'Event not found' "'echo \$SHELL'"
		echo /bin/bash >shells
		# one that complains is heard
		user complains 0 /bin/bash
		echo 'echo complaint >&2' >users/complains/.bashrc
		exits 0 mirari-ssh run "${ON[@]}" --on "$at" prog -- -c 'echo ran'
		same ran "$(cat out)"
		# homes: not ours to write to, another's directory, somewhere else
		user closed 1234 /bin/bash
		exits 77 mirari-ssh run "${ON[@]}" --on "$at" prog
		has err 'make a directory in ~/.mirari' 'Permission denied'
		user taken 1234 /bin/bash
		mkdir -p users/taken/.mirari/prog
		exits 77 mirari-ssh run "${ON[@]}" --on "$at" prog
		has err 'Operation not permitted'
		user moved 0 /bin/bash
		mkdir elsewhere
		ln -s "$PWD/elsewhere" users/moved/.mirari
		exits 0 mirari-ssh run "${ON[@]}" --on "$at" prog -- -c 'echo ran'
		[ -d elsewhere/prog ]
		left_here
	END
}

@test 'two of one name at the same moment: one runs, and it is what its deployer has sent' {
	inside root <<-'END'
		. ./helpers
		ssh_start
		head -c 5000000 /dev/urandom >>prog
		cp prog other
		echo >>other
		for i in 1 2 3 4; do
			mirari-ssh run "${ON[@]}" --set name=one prog -- -c 'sha256sum <"$0"; sleep 1' >out1 2>err1 &
			first=$!
			sleep 0.0$i
			mirari-ssh run "${ON[@]}" --set name=one other -- -c 'sha256sum <"$0"; sleep 1' >out2 2>err2 &
			status1=0 status2=0
			wait $! || status2=$?
			wait $first || status1=$?
			case $status1,$status2 in
			0,75)
				sha256sum <prog | cmp - out1
				has err2 'one is there already'
				;;
			75,0)
				sha256sum <other | cmp - out2
				has err1 'one is there already'
				;;
			*) die "status $status1 and $status2" ;;
			esac
		done
		# what nobody runs any more goes with the next
		exits 0 mirari-ssh run "${ON[@]}" --set name=one prog -- -c :
		same './one ./one/one.SUM.unix-socket ' "$(deployed)"
		left_here
	END
}
