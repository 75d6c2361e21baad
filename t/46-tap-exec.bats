#!/usr/bin/env bats
# mirari-tap exec: devices for one program. Each test is whole in namespaces of its own (t/lib/inside.bash).
load lib/common.bash
load lib/inside.bash

# One that takes half a minute begins here.
setup_file() {
	mkdir "$BATS_FILE_TMPDIR/late"
	(BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR/late inside <<-'END'
		got=0
		mirari-tap exec --compat-2013 -d tap0 --host 10.0.0.1/24 -- sh -c 'sleep 31; exit 9' 2>err || got=$?
		same 9 $got
		has err 'has not taken the device tap0 from /tmp/mir-' 'within 30000 ms' 'only what Mirari of 2013 built'
		gone
		echo fine
	END
	) >"$BATS_FILE_TMPDIR/late.out" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/late.pid"
}

teardown_file() {
	pkill -P "$(cat "$BATS_FILE_TMPDIR/late.pid")" || :
}

setup() {
	native
}

# ---- what the program is handed --------------------------------------------------------------

@test 'one device: descriptor 3, and what systemd and backend.ml call things' {
	inside <<-'END'
		exits 0 mirari-tap exec --host 10.0.0.1/24 --mac 02:00:00:00:00:07 --mtu 1400 --set net.service.tap=t0 -- "${GUEST[@]}" show
		has out LISTEN_FDS=1 me=True LISTEN_FDNAMES=service MIRARI_NET_MAC=02:00:00:00:00:07 MIRARI_NET_MTU=1400 \
			MIRARI_NET_GUEST=10.0.0.2/24 MIRARI_NET_GATEWAY=10.0.0.1 'fd 3 tap t0 blocking' 'no child'
		grep -Eq '^SigBlk:\s0+$' out
		same 1 "$(grep -c '^fd ' out)"
		same '' "$(cat err)"
		gone
	END
}

@test 'two devices and twenty: in their order, with lists of what they are' {
	inside <<-'END'
		exits 0 mirari-tap exec --set net.wan.host=10.1.0.1/24 --set net.wan.tap=t1 --set net.wan.mtu=9000 \
			--set net.lan.tap=t0 --set net.lan.mac=02:00:00:00:00:08 --set net.wan.mac=02:00:00:00:00:07 \
			--set net.lan.host=fd00::1/64 -- "${GUEST[@]}" show
		has out LISTEN_FDS=2 LISTEN_FDNAMES=wan:lan MIRARI_NET_MAC=02:00:00:00:00:07,02:00:00:00:00:08 \
			MIRARI_NET_MTU=9000,1500 'fd 3 tap t1 blocking' 'fd 4 tap t0 blocking'
		grep -qx 'MIRARI_NET_GUEST=10.1.0.2/24,' out
		grep -qx 'MIRARI_NET_GATEWAY=10.1.0.1,' out
		same 2 "$(grep -c '^fd ' out)"
		gone
		settings=() names=
		for n in {1..20}; do
			settings+=(--set "net.d$n.tap=t$n" --set "net.d$n.host=10.0.$n.1/24")
			names+=:d$n
		done
		exits 0 mirari-tap exec "${settings[@]}" -- "${GUEST[@]}" show '%{fd:d1}' '%{fd:d8}' '%{fd:d20}'
		has out LISTEN_FDS=20 "LISTEN_FDNAMES=${names#:}" word=3 word=10 word=22
		same 20 "$(grep -c '^fd ' out)"
		for n in {1..20}; do
			has out "fd $((n + 2)) tap t$n blocking"
		done
		gone
	END
}

@test "the caller's descriptors: those in the way are replaced, the others go through" {
	inside <<-'END'
		echo text >file
		exits 0 bash -c 'for fd in {3..40}; do eval "exec $fd<file"; done; exec "$@"' bash \
			mirari-tap exec --set net.a.tap=t0 --set net.a.host=10.0.0.1/24 --set net.b.tap=t1 --set net.b.mtu=1400 \
			--set net.c.tap=t2 --set net.c.mtu=1400 --set net.a.nat=true -- "${GUEST[@]}" show
		has out 'fd 3 tap t0' 'fd 4 tap t1' 'fd 5 tap t2' 'fd 6 /' 'fd 40 /'
		same 38 "$(grep -c '^fd ' out)"
		same 35 "$(grep -c "^fd [0-9]* $PWD/file$" out)"
		gone
		# and where hardly any are free, but may be had
		settings=()
		for n in {1..100}; do
			settings+=(--set "net.d$n.mtu=1400")
		done
		exits 0 bash -c 'ulimit -Sn 80; exec "$@"' bash mirari-tap exec "${settings[@]}" -- "${GUEST[@]}" show '%{fd:d100}'
		has out LISTEN_FDS=100 'fd 102 tap mir' word=102
		gone
		exits 0 bash -c 'ulimit -n 12; exec "$@"' bash \
			mirari-tap exec --set net.a.tap=t0 --set net.a.host=10.0.0.1/24 -- "${GUEST[@]}" show
		has out 'fd 3 tap t0'
		gone
		# and where none are
		exits 0 bash -c 'exec "$@" <&- >&- 2>&-' bash mirari-tap exec --host 10.0.0.1/24 -- \
			sh -c 'readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3 >files'
		same '/dev/null /dev/null /dev/null /dev/net/tun' "$(sed 's,.*/files$,/dev/null,' files | paste -sd' ')" || same "" "$(cat files)"
		gone
	END
}

@test 'words: %{fd:} as often as one likes, and whatever else has a per cent sign' {
	inside <<-'END'
		exits 0 mirari-tap exec --set net.a.host=10.0.0.1/24 --set net.b.mtu=1400 -- "${GUEST[@]}" show \
			'--net:a=@%{fd:a},%{fd:b}%{fd:a}' '%{http_code}' '%{fd:a' '%%{fd:b}' '%{' '%{fdx:a}' '' 'a b%{fd:b}"' \
			'%{%}{fd:a}' '%{%}%{fd:b}' '100%{%}' '%{%}{%}'
		has out 'word=--net:a=@3,43' 'word=%{http_code}' 'word=%{fd:a' 'word=%4' 'word=%{fdx:a}' 'word=a b4"'
		# what stands for a per cent sign
		has out 'word=%{fd:a}' 'word=%4' 'word=100%' 'word=%{%}'
		grep -qx 'word=%{' out
		grep -qx 'word=' out
		gone
	END
}

@test '%{tap:}: the program opens it by name; it is there until the end, and then is not' {
	inside <<-'END'
		cat >open.py <<-'PY'
			import fcntl, os, struct, sys
			fd = os.open('/dev/net/tun', os.O_RDWR)
			fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', sys.argv[1].encode(), 0x1002))
			print(sys.argv[1:], os.environ['LISTEN_FDS'], os.environ['LISTEN_FDNAMES'])
		PY
		exits 0 mirari-tap exec --set net.a.tap=t0 --set net.a.host=10.0.0.1/24 --set net.b.tap=t1 --set net.b.mtu=1400 \
			-- /usr/bin/python3 open.py '%{tap:a}' '%{tap:a}-%{fd:b}'
		has out "['t0', 't0-3'] 1 b"
		gone
		# one that never opens it, and is killed
		mirari-tap exec --set net.a.tap=t0 --set net.a.host=10.0.0.1/24 -- sh -c 'exec sleep 60' sh '%{tap:a}' &
		until_true 2 ip link show t0
		until_true 2 says /proc/$!/comm sleep
		mirari-tap list t0 >list
		has list persistent=true in-use=false
		kill -KILL $!
		wait $! || :
		gone
	END
}

@test 'what makes no sense is said with 64, and nothing is made' {
	inside <<-'END'
		refused() {
			local text=$1
			shift
			exits 64 mirari-tap exec --set net.a.host=10.0.0.1/24 --set net.a.bridge=br0 --set net.a.bridge-create=true "$@"
			has err "$text"
			nothing
		}
		refused 'there is no such device, only a' -- true '%{fd:b}'
		refused '%{tap:aa}' -- true '%{tap:aa}'
		refused '%{fd:}' -- true '%{fd:}'
		refused 'a tap is opened once' -- true '%{fd:a}' '%{tap:a}'
		refused 'there is no command' --
		refused 'there is no command'
		refused 'hands devices over by a socket' --compat-2013 -- true '%{fd:a}'
		refused 'hands devices over by a socket' --compat-2013 -- true '%{tap:a}'
		refused 'takes names of 1 to 10 bytes' --compat-2013 --set net.longer-than-ten.mtu=1400 -- true
		refused 'unknown option --no-such' --no-such -- true
		refused "isn't one of" --owner root -- true
		exits 64 mirari-tap exec -- true
		has err 'there is no device' 'mirari-tap exec --host'
		exits 64 mirari-tap exec -d net0 -- true
		has err 'nothing is said of it'
		exits 65 mirari-tap exec -p 80:80 -- true
		exits 65 mirari-tap exec --record -- true </dev/null
		nothing
	END
}

@test "standard input is the program's own; with --record it is empty" {
	inside <<-'END'
		same 'for it' "$(echo 'for it' | mirari-tap exec --host 10.0.0.1/24 -- cat)"
		printf 'name=x\nnet.a.host=10.0.0.1/24\n\n' |
			mirari-tap exec --record -- sh -c 'readlink /proc/self/fd/0; echo $LISTEN_FDNAMES; cat' >out
		same $'/dev/null\na' "$(cat out)"
		# options come on top of a record
		printf 'name=x\nnet.a.host=10.0.0.1/24\nnet.a.mtu=1400\n\n' |
			mirari-tap exec --record --set net.a.mtu=1300 -d b --host 10.0.1.1/24 -- sh -c 'echo $LISTEN_FDNAMES $MIRARI_NET_MTU' >out
		same 'a:b 1300,1500' "$(cat out)"
		gone
	END
}

# ---- how it ends -----------------------------------------------------------------------------

@test "the exit status and the signal are the program's own; then nothing is left" {
	inside <<-'END'
		devices=(--set net.a.host=10.1.0.1/24 --set net.a.nat=true --set net.a.dhcp=true --set net.a.publish=8080:80
			--set net.b.host=10.2.0.1/24 --set net.b.bridge=br0 --set net.b.bridge-create=true --set net.b.dhcp=true)
		exits 7 mirari-tap exec "${devices[@]}" -- sh -c 'ip -o link; nft list tables; cat /proc/sys/net/ipv4/ip_forward; exit 7'
		gone
		has out ' mir' ' br0: '
		for signal in TERM KILL ABRT SEGV HUP; do
			mirari-tap exec "${devices[@]}" -- sh -c 'ulimit -c 0; : >up; exec sleep 60' &
			until_true 3 test -e up
			same 2 "$(mirari-tap list | grep -c ^tap=)"
			nft list tables >tables
			has tables 'table inet mirari-mir'
			same 1 "$(cat /proc/sys/net/ipv4/ip_forward)"
			same 2 "$(processes | grep -c mirari-keeper)"
			kill -$signal $!
			got=0
			wait $! || got=$?
			same $((128 + $(kill -l $signal))) $got
			gone
			rm up
		done
	END
}

@test 'what it has started may keep a tap: then the rest stays as long' {
	inside <<-'END'
		devices=(--host 10.0.0.1/24 --nat --dhcp --bridge br0 --create-bridge)
		staying='until [ -e stop ]; do sleep 0.02; done'
		exits 4 mirari-tap exec "${devices[@]}" -- sh -c "($staying) & exit 4"
		sleep 0.5
		left >there
		has there br0 'inet mirari-' mirari-keeper
		touch stop
		gone
		rm stop
		exits 4 mirari-tap exec --host 10.0.0.1/24 -- sh -c "($staying) 3<&- & exit 4"
		until_true 10 bash -c '! ip -o link | grep -q mir'
		touch stop
		gone
	END
}

@test 'a whole group is told to end, as systemd does: the keeper outlives the program, and cleans up' {
	inside <<-'END'
		mirari-tap exec --host 10.0.0.1/24 --nat --dhcp --bridge br0 --create-bridge -- \
			sh -c ': >up; exec sleep 60' '%{tap:service}' &
		program=$!
		until_true 3 test -e up
		mapfile -t keepers < <(grep -lx mirari-keeper /proc/[0-9]*/comm | cut -d/ -f3)
		same 2 ${#keepers[@]}
		kill -TERM "${keepers[@]}"
		sleep 0.2
		kill -0 "${keepers[@]}"
		kill -TERM $program
		got=0
		wait $program || got=$?
		same 143 $got
		gone
	END
}

@test 'a command that is not there, or is no program: 127 and 126, with nothing made' {
	inside <<-'END'
		devices=(--host 10.0.0.1/24 --bridge br0 --create-bridge --nat)
		echo text >file
		printf 'garbage' >broken
		chmod 755 broken
		exits 127 mirari-tap exec "${devices[@]}" -- no-such-command
		nothing
		exits 127 mirari-tap exec "${devices[@]}" -- ./no-such-command
		# a directory of PATH that is closed to us has nothing for us
		mkdir closed
		chmod 000 closed
		PATH=$PWD/closed:$PATH exits 127 "${ORDINARY[@]}" mirari-tap exec --rootless -- no-such-command
		exits 126 mirari-tap exec "${devices[@]}" -- ./file
		has err './file: Permission denied'
		exits 126 mirari-tap exec "${devices[@]}" -- /tmp
		nothing
		exits 127 mirari-tap exec --rootless -- no-such-command
		nothing
		# what only exec finds out
		exits 126 mirari-tap exec "${devices[@]}" -- ./broken
		has err 'Exec format error'
		gone
	END
}

@test 'Ctrl-C on a terminal: it is the program that gets it, and the keeper cleans up' {
	inside <<-'END'
		cat >terminal.py <<-'PY'
			import os, pty, signal, sys, time
			pid, terminal = pty.fork()
			if pid == 0:
			    os.execvp('mirari-tap', ['mirari-tap', 'exec', '--host', '10.0.0.1/24', '--nat', '--dhcp', '--', 'sh', '-c', sys.argv[1]])
			said = b''
			while b'ready' not in said:
			    said += os.read(terminal, 1000)
			os.write(terminal, b'\x03')
			time.sleep(0.1)
			keepers = [p for p in os.listdir('/proc') if p.isdigit() and open('/proc/%s/comm' % p).read() == 'mirari-keeper\n']
			print(len(keepers), [os.getsid(int(k)) == int(k) for k in keepers], 'same session:', [os.getsid(int(k)) == pid for k in keepers])
			if len(sys.argv) > 2:
			    os.write(terminal, b'q\n')
			print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
		PY
		/usr/bin/python3 terminal.py 'trap "" INT; echo ready; read line; exit 5' q >out
		has out 'same session: [False]' 5
		same 1 "$(cut -c1 out | head -n 1)"
		gone
		/usr/bin/python3 terminal.py 'echo ready; read line' >out
		same -2 "$(tail -n 1 out)"
		gone
	END
}

# ---- with which rights -----------------------------------------------------------------------

@test 'the program has no capability, and is whoever called sudo' {
	inside root <<-'END'
		exits 0 mirari-tap exec --host 10.0.0.1/24 --nat --dhcp -- "${GUEST[@]}" show
		has out 'ids={0},{0},['
		same 5 "$(grep -Ec '^Cap(Inh|Prm|Eff|Bnd|Amb):\s0+$' out)"
		# nor a way to get some: a program of root's, with file capabilities or set-user-ID
		exits 2 mirari-tap exec --host 10.0.0.1/24 -- ip link set lo down
		ip link show lo | grep -q UP
		read -r user uid gid < <(getent passwd | awk -F: '$3 && $3 < 60000 {print $1, $3, $4; exit}')
		groups=$(id -G "$user" | tr ' ' '\n' | sort -n | paste -sd, | sed 's/,/, /g')
		SUDO_UID=$uid SUDO_GID=$gid exits 0 mirari-tap exec --host 10.0.0.1/24 --nat --dhcp -- "${GUEST[@]}" show
		has out "ids={$uid},{$gid},[$groups]" 'fd 3 tap mir' 'no child'
		same 4 "$(grep -Ec '^Cap(Inh|Prm|Eff|Amb):\s0+$' out)"
		# with a home of its own, where what it writes can be
		SUDO_UID=$uid SUDO_GID=$gid exits 0 mirari-tap exec --host 10.0.0.1/24 -- env
		has out "HOME=$(getent passwd "$user" | cut -d: -f6)" "USER=$user" "LOGNAME=$user"
		HOME=/mine exits 0 mirari-tap exec --host 10.0.0.1/24 -- env
		has out HOME=/mine
		# whose the tap is, when it goes by name
		SUDO_UID=$uid SUDO_GID=$gid exits 0 mirari-tap exec --host 10.0.0.1/24 -- mirari-tap list '%{tap:service}'
		has out "owner=$user"
		SUDO_UID=$uid SUDO_GID=nonsense exits 64 mirari-tap exec --host 10.0.0.1/24 -- true
		SUDO_UID=4294967295 SUDO_GID=1 exits 64 mirari-tap exec --host 10.0.0.1/24 -- true
		SUDO_UID=$uid exits 64 mirari-tap exec --host 10.0.0.1/24 -- true
		gone
		# a program that this user may not execute
		cp /bin/true mine
		chmod 700 mine
		SUDO_UID=$uid SUDO_GID=$gid exits 126 mirari-tap exec --host 10.0.0.1/24 --nat --bridge br0 --create-bridge -- ./mine
		gone
	END
}

@test "in a user namespace root's rights are enough, and are given up" {
	inside <<-'END'
		cat >within.sh <<-'SH'
			mirari-tap exec --host 10.0.0.1/24 --nat --dhcp --bridge br0 --create-bridge -- "$@" || exit
			for n in $(seq 50); do
				[ "$(ip -o link | wc -l)$(nft list tables)" != 1 ] || exit 0
				sleep 0.02
			done
			ip -o link; nft list tables
			exit 1
		SH
		exits 0 "${ORDINARY[@]}" unshare --net --user --map-root-user sh within.sh "${GUEST[@]}" show
		has out 'fd 3 tap mir'
		same 5 "$(grep -Ec '^Cap(Inh|Prm|Eff|Bnd|Amb):\s0+$' out)"
	END
}

@test 'a capability of the file: taps of its own for an ordinary user, without NAT' {
	command -v setcap >/dev/null || lacking 'setcap is not installed'
	inside root <<-'END'
		setcap cap_net_admin,cap_net_raw,cap_net_bind_service+ep "$HERE/mirari-tap" 2>/dev/null || setcap cap_net_admin+ep "$HERE/mirari-tap"
		exits 0 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 -- "${GUEST[@]}" show
		has out 'ids={65534},{65534},[]' 'fd 3 tap mir'
		same 4 "$(grep -Ec '^Cap(Inh|Prm|Eff|Amb):\s0+$' out)"
		gone
		exits 0 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 --bridge mirbr --create-bridge -- sh -c 'ip link show mirbr; : %{tap:service}'
		gone
		exits 77 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 --nat -- true
		exits 77 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 --bridge br0 --create-bridge -- true
		exits 77 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 --set net.service.tap=eth9 -- true
		gone
		# another's tap is not touched
		mirari-tap up mirroot --host 10.9.0.1/24 >/dev/null
		exits 77 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 --set net.service.tap=mirroot -- true
		mirari-tap down -q mirroot
		gone
		# DHCP, as far as the capability goes
		setcap cap_net_admin,cap_net_raw,cap_net_bind_service+ep "$HERE/mirari-tap"
		exits 0 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 --dhcp -- "${GUEST[@]}" talk dhcp
		has out 'lease 10.0.0.2 mask 255.255.255.0 router 10.0.0.1'
		gone
	END
}

@test 'a tap that root has made for a user is enough; what is different is said' {
	inside root <<-'END'
		mirari-tap up mine --host 10.9.0.1/24 --dhcp --owner nobody >up
		mac=$(sed -n 's/^net.mine.mac=//p' up)
		keep
		base=(--set net.service.tap=mine --set net.service.host=10.9.0.1/24)
		ip -d link show mine >before
		exits 0 "${NOBODY[@]}" mirari-tap exec "${base[@]}" -- "${GUEST[@]}" show
		has out 'ids={65534},{65534},[]' 'fd 3 tap mine blocking' "MIRARI_NET_MAC=$mac" MIRARI_NET_GUEST=10.9.0.2/24
		exits 0 "${NOBODY[@]}" mirari-tap exec "${base[@]}" -- sh -c 'echo %{tap:service}'
		has out mine
		# DHCP is what root's keeper answers
		exits 0 "${NOBODY[@]}" mirari-tap exec "${base[@]}" --set net.service.dhcp=true -- "${GUEST[@]}" talk dhcp ping,10.9.0.1
		has out 'lease 10.9.0.2 ' 'done ping'
		exits 0 mirari-tap exec "${base[@]}" --set net.service.dhcp=true -- "${GUEST[@]}" show
		has out "MIRARI_NET_MAC=$mac"
		other() {
			exits 73 "$@" mirari-tap exec "${base[@]}" --set "net.service.$setting" -- true
			has err "mine is there, but $text" 'sudo mirari-tap up mine'
		}
		while read -r setting text; do
			other "${NOBODY[@]}"
			other env
		done <<-'LIST'
			host=10.8.0.1/24 doesn't have the address 10.8.0.1/24
			host=fd00::1/64 doesn't have the address fd00::1/64
			mtu=1400 has an MTU of 1500, not 1400
			bridge=br9 isn't in the bridge br9
			mac=02:00:00:00:00:09 is for a guest with the MAC 02:
			nat=true has neither NAT nor published ports
			publish=8080:80 has neither NAT nor published ports
		LIST
		exits 73 "${NOBODY[@]}" mirari-tap exec "${base[@]}" --set net.service.dhcp=true --set net.service.guest=10.9.0.7/24 -- true
		has err '10.9.0.2/24, not 10.9.0.7/24'
		# somebody else's
		exits 77 setpriv --reuid=12345 --regid=12345 --clear-groups -- mirari-tap exec "${base[@]}" -- true
		has err 'it belongs to another user'
		# in use: a moment is waited for
		"${NOBODY[@]}" mirari-tap exec "${base[@]}" -- sh -c ': >taken; exec sleep 60' &
		until_true 3 test -e taken
		exits 75 "${NOBODY[@]}" mirari-tap exec "${base[@]}" -- true
		has err 'it is in use: by sleep'
		kill $!
		wait $! || :
		exits 0 "${NOBODY[@]}" mirari-tap exec "${base[@]}" -- true
		ip -d link show mine >after
		same "$(sed 's/NO-CARRIER,//' before)" "$(sed 's/NO-CARRIER,//' after)"
		gone
		mirari-tap down -q mine
	END
}

@test 'without any right and without a tap, what to do is said' {
	inside root <<-'END'
		exits 77 "${NOBODY[@]}" mirari-tap exec --host 10.0.0.1/24 --bridge br0 --create-bridge --nat --dhcp -- true
		has err 'only root (CAP_NET_ADMIN)' 'sudo mirari-tap up' 'mirari-tap exec --rootless'
		gone
		# the command that is advised makes what is needed, all of it
		base=(--set name=www --set net.a.host=10.1.0.1/24 --set net.a.host=fd00:1::1/64 --set net.a.guest=10.1.0.9/24
			--set net.a.guest=fd00:1::2/64 --set net.a.nat=true --set net.a.dhcp=true --set net.a.mtu=1400
			--set net.a.publish=127.0.0.1:8080:80 --set net.a.publish=53:53/udp
			--set net.b.host=10.2.0.1/24 --set net.b.bridge=br1 --set net.b.bridge-create=true
			--set net.b.mac=02:00:00:00:00:07)
		advice() { sed -nE 's/^mirari-tap: once: (.*); or, which needs no root.*/\1/p' err | sed 's/sudo //g'; }
		exits 77 "${NOBODY[@]}" mirari-tap exec "${base[@]}" -- true
		advice >all
		USER=nobody bash -eu all >/dev/null
		exits 0 "${NOBODY[@]}" mirari-tap exec "${base[@]}" -- true
		# what is there is left alone
		tap=$(sed -n 's/.* && mirari-tap up \([^ ]*\) .*/\1/p' all)
		mirari-tap down -q "$tap"
		exits 77 "${NOBODY[@]}" mirari-tap exec "${base[@]}" -- true
		same 1 "$(advice | grep -o 'mirari-tap up' | wc -l)"
		same "mirari-tap up $tap --host 10.2.0.1/24 --bridge br1 --create-bridge --mac 02:00:00:00:00:07 --owner \$USER" "$(advice)"
		mirari-tap down -q --all
		gone
		ip tuntap add foreign mode tap
		keep
		exits 73 mirari-tap exec --host 10.0.0.1/24 --set net.service.tap=foreign -- true
		has err "isn't made by mirari"
		mirari-tap exec --set name=one --host 10.0.0.1/24 -- sh -c ': >up; exec sleep 60' &
		until_true 3 test -e up
		exits 75 mirari-tap exec --set name=one --host 10.0.0.1/24 -- true
		has err 'it is in use: by sleep'
		exits 0 mirari-tap exec --set name=two --host 10.0.1.1/24 -- true
		kill $!
		wait $! || :
		# one that a program is to open itself
		mirari-tap exec --set name=one --set net.service.tap=t0 --host 10.0.0.1/24 -- env TAP=%{tap:service} sleep 60 &
		until_true 3 says /proc/$!/comm sleep
		exits 75 mirari-tap exec --set name=one --set net.service.tap=t0 --host 10.0.0.1/24 -- true
		has err "it was made for process $!"
		exits 75 mirari-tap up t0 --host 10.0.0.1/24
		has err "it was made for process $!"
		kill $!
		wait $! || :
		gone
	END
}

# ---- traffic: a namespace is the guest -------------------------------------------------------

@test 'DHCP: real clients get what the record says, and the host answers' {
	need busybox ping
	inside <<-'END'
		namespace GUEST_NS
		keep
		cat >lease.sh <<-'SH'
			#!/bin/sh
			[ "$1" = bound ] || exit 0
			ip address add "$ip/$mask" dev "$interface"
			ip route add default via "$router"
			echo "ip $ip mask $subnet router $router dns $dns host $hostname lease $lease mtu $mtu" >"$PWD/lease"
		SH
		chmod 755 lease.sh
		"${GUEST[@]}" wire $GUEST_NS 02:00:00:00:00:07,02:00:00:00:00:08 mirari-tap exec --set name=www \
			--set net.service.host=10.0.0.1/24 --set net.service.mac=02:00:00:00:00:07 --set net.service.dhcp=true --set net.service.mtu=1400 \
			--set net.lan.host=10.7.0.1/28 --set net.lan.guest=10.7.0.9/28 --set net.lan.mac=02:00:00:00:00:08 --set net.lan.dhcp=true \
			--set net.lan.bridge=br0 --set net.lan.bridge-create=true \
			-- "${GUEST[@]}" pump >pumped 2>&1 &
		pump=$!
		until_true 5 says pumped pumping
		in_ns $GUEST_NS busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -O mtu -s "$PWD/lease.sh" >udhcpc 2>&1 || { cat udhcpc pumped; exit 1; }
		has lease 'ip 10.0.0.2 mask 255.255.255.0 router 10.0.0.1 ' 'host www' 'lease 86400' 'mtu 1400'
		in_ns $GUEST_NS ping -q -n -c 3 -i 0.01 -W 5 10.0.0.1 >pinged
		has pinged ' 0% packet loss'
		ping -q -n -c 3 -i 0.01 -W 5 10.0.0.2 >pinged
		has pinged ' 0% packet loss'
		# the second device, which is in a bridge: not the default route
		sed -i 's/^ip route.*//' lease.sh
		in_ns $GUEST_NS busybox udhcpc -i eth1 -n -q -f -t 5 -T 1 -s "$PWD/lease.sh" >udhcpc 2>&1 || { cat udhcpc pumped; exit 1; }
		has lease 'ip 10.7.0.9 mask 255.255.255.240 router  '
		in_ns $GUEST_NS ping -q -n -c 3 -i 0.01 -W 5 10.7.0.1 >pinged
		has pinged ' 0% packet loss'
		# nobody else is answered
		in_ns $GUEST_NS ip link set eth0 address 02:00:00:00:00:99
		! in_ns $GUEST_NS busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s "$PWD/lease.sh" >udhcpc 2>&1
		kill -KILL $pump
		wait $pump || :
		gone
	END
}

@test 'NAT and published ports: curl from the guest to the world, and from the world to the guest' {
	need curl
	inside <<-'END'
		namespace GUEST_NS
		namespace WORLD
		ip link add up0 type veth peer name up1 netns $WORLD
		ip address add 192.0.2.1/24 dev up0
		ip link set up0 up
		in_ns $WORLD ip address add 192.0.2.2/24 dev up1
		in_ns $WORLD ip link set up1 up
		mkdir -p world guest
		echo world >world/name
		echo guest >guest/name
		in_ns $WORLD /usr/bin/python3 -m http.server -d world 80 >world.log 2>&1 &
		until_true 5 in_ns $WORLD curl -s http://127.0.0.1/
		keep
		"${GUEST[@]}" wire $GUEST_NS 02:00:00:00:00:07 mirari-tap exec --host 10.0.0.1/24 --mac 02:00:00:00:00:07 --nat -p 8080:80 \
			-p 192.0.2.1:8081:80 -p 5353:53/udp -- "${GUEST[@]}" pump >pumped 2>&1 &
		pump=$!
		until_true 5 says pumped pumping
		in_ns $GUEST_NS ip address add 10.0.0.2/24 dev eth0
		in_ns $GUEST_NS ip route add default via 10.0.0.1
		nsenter --net --target=$GUEST_NS /usr/bin/python3 -m http.server -d guest 80 >guest.log 2>&1 &
		server=$!
		until_true 5 in_ns $GUEST_NS curl -s http://127.0.0.1/
		same world "$(in_ns $GUEST_NS curl -s --max-time 5 http://192.0.2.2/name)"
		has world.log 192.0.2.1
		same guest "$(in_ns $WORLD curl -s --max-time 5 http://192.0.2.1:8080/name)"
		same guest "$(in_ns $WORLD curl -s --max-time 5 http://192.0.2.1:8081/name)"
		has guest.log 192.0.2.2
		same guest "$(curl -s --max-time 5 http://192.0.2.1:8080/name)"
		same guest "$(curl -s --max-time 5 http://127.0.0.1:8080/name)"
		exits 7 curl -s --max-time 5 http://127.0.0.1:8081/name
		nsenter --net --target=$GUEST_NS "${GUEST[@]}" echo 0.0.0.0 53 >echo 2>&1 &
		echo=$!
		until_true 5 says echo ready
		same 'you said hello' "$(in_ns $WORLD timeout 5 bash -c 'exec 9<>/dev/udp/192.0.2.1/5353; printf hello >&9; head -c 14 <&9')"
		kill $server $echo
		wait $server $echo || :
		kill -KILL $pump
		wait $pump || :
		gone
		# the port is the world's no more
		exits 7 in_ns $WORLD curl -s --max-time 5 http://192.0.2.1:8080/name
	END
}

@test "a port that another tap publishes: said, and the first one's stays" {
	inside <<-'END'
		mirari-tap exec --set name=one --host 10.0.0.1/24 -p 8080:80 -- sh -c ': >up; exec sleep 60' &
		first=$!
		until_true 3 test -e up
		keep
		exits 69 mirari-tap exec --set name=two --host 10.0.1.1/24 --bridge br0 --create-bridge -p 8080:80 -- true
		has err 8080
		until_true 2 bash -c '! ip link show br0'
		same 1 "$(nft list tables | grep -c mirari-mir)"
		kill $first
		wait $first || :
		KEEP=' '
		LINKS=' lo '
		gone
	END
}

@test "'up' again: what answers DHCP is replaced, and goes" {
	inside <<-'END'
		mirari-tap up t0 --host 10.0.0.1/24 --dhcp >/dev/null
		mirari-tap up t0 --host 10.0.0.1/24 --dhcp --mac 02:00:00:00:00:01 >/dev/null
		one() { [ "$(processes | grep -c mirari-keeper)" = 1 ]; }
		none() { ! processes | grep -q mirari-keeper; }
		until_true 10 one
		mirari-tap up t0 --host 10.0.0.1/24 >/dev/null
		until_true 10 none
		mirari-tap down -q t0
		gone
	END
}

# ---- without root ----------------------------------------------------------------------------

@test 'rootless: a network of its own, DHCP, ping, TCP and UDP to the outside' {
	inside <<-'END'
		ip address add 198.51.100.1/32 dev lo
		/usr/bin/python3 -m http.server -b 198.51.100.1 8000 >/dev/null 2>&1 &
		"${GUEST[@]}" echo 198.51.100.1 8001 >/dev/null &
		until_true 5 bash -c ': >/dev/tcp/198.51.100.1/8000'
		keep
		for user in env "${ORDINARY[0]}"; do
			as=(env)
			[ $user = env ] || as=("${ORDINARY[@]}")
			exits 0 "${as[@]}" mirari-tap exec --rootless -- "${GUEST[@]}" show
			has out LISTEN_FDNAMES=service MIRARI_NET_GUEST=10.0.0.2/24 'fd 3 tap mir' 'no child'
			same 1 "$(grep -c '^fd ' out)"
			same 5 "$(grep -Ec '^Cap(Inh|Prm|Eff|Bnd|Amb):\s0+$' out)"
			[ $user = env ] || has out 'ids={65534},{65534},'
			exits 0 "${as[@]}" mirari-tap exec --rootless -- "${GUEST[@]}" talk dhcp ping,10.0.0.1 \
				connect,198.51.100.1,8000 udp,198.51.100.1,8001,hello
			has out 'lease 10.0.0.2 mask 255.255.255.0 router 10.0.0.1 dns 10.0.2.3' 'done ping' 'done connect' 'udp answer you said hello'
			same '' "$(cat err)"
			gone
		done
		# what is said counts: the first device is as the record has it, and the second in a bridge
		exits 3 mirari-tap exec --rootless --set net.a.host=10.1.0.1/24 --set net.b.host=10.2.0.1/24 --set net.b.dhcp=true \
			--set net.b.bridge=br0 --set net.b.bridge-create=true -- sh -c \
			'"$@" ping,10.1.0.1 connect,198.51.100.1,8000 on,1 dhcp ping,10.2.0.1 connect,198.51.100.1,8000 || exit; ip -o link; exit 3' \
			sh "${GUEST[@]}" talk
		has out 'lease 10.2.0.2' 'br0:' 'uplink0:' 'done ping,10.2.0.1'
		same 2 "$(grep -c 'done connect' out)"
		gone
		# whoever may open it on the host
		exits 0 "${ORDINARY[@]}" mirari-tap exec --rootless --set net.service.owner=12345 --set net.service.group=12345 -- true
		exits 0 mirari-tap exec --rootless --set net.a.tap=byname --set net.a.host=10.1.0.1/24 -- ip -o link show '%{tap:a}'
		has out byname
		gone
	END
}

@test "rootless: published ports lead from the host to the program's" {
	need curl
	inside <<-'END'
		ip address add 198.51.100.1/32 dev lo
		keep
		"${ORDINARY[@]}" mirari-tap exec --rootless -p 8080:80 -p 127.0.0.1:8081:81 -p 8053:53/udp -- "${GUEST[@]}" talk \
			serve-tcp,80,eighty serve-tcp,81,local serve-udp,53 >talk 2>&1 &
		program=$!
		until_true 5 says talk ready
		read_one() { timeout 5 bash -c "exec 9<>/dev/tcp/$1/$2; head -c $3 <&9"; }
		same eighty "$(read_one 198.51.100.1 8080 6)"
		until_true 5 says talk 'done serve-tcp,80'
		! bash -c ': >/dev/tcp/198.51.100.1/8081' 2>/dev/null
		same local "$(read_one 127.0.0.1 8081 5)"
		until_true 5 says talk 'done serve-tcp,81'
		same 'you said hello' "$(timeout 5 bash -c 'exec 9<>/dev/udp/198.51.100.1/8053; printf hello >&9; head -c 14 <&9')"
		wait $program
		gone
		# taken, or not for us
		/usr/bin/python3 -m http.server 8090 >/dev/null 2>&1 &
		until_true 5 bash -c ': >/dev/tcp/127.0.0.1/8090'
		keep
		exits 73 "${ORDINARY[@]}" mirari-tap exec --rootless -p 8090:80 -- true
		has err 'tcp port 8090 of 0.0.0.0: Address already in use' "ss -nlpt 'sport = :8090'"
		exits 64 "${ORDINARY[@]}" mirari-tap exec --rootless -p 8091:80 -p 127.0.0.1:8091:81 -- true
		has err 'tcp port 8091 is wanted twice'
		exits 65 mirari-tap exec --host 10.0.0.1/24 -p 8091:80 -p 8091:81 -- true
		has err "net.service.publish: the host's port 8091 is wanted twice"
		gone
	END
}

@test 'rootless: what forbids it is said, with the command that helps, which does' {
	inside root <<-'END'
		chmod 755 .
		within() {
			"${NOBODY[@]}" unshare --user --map-user=65534 --map-group=65534 --keep-caps sh -c \
				'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$@"
		}
		exits 77 within mirari-tap exec --rootless -p 8080:80 --set name=www -- true
		has err 'no network without root here: user.max_user_namespaces is 0' 'sudo mirari-tap up mir' ' --host 10.0.0.1/24 ' ' --dhcp ' ' -p 8080:80 ' '--owner $USER'
		gone
		advice=$(sed -n 's/^mirari-tap: sudo //p' err)
		USER=nobody bash -c "$advice" >/dev/null
		exits 0 "${NOBODY[@]}" mirari-tap exec --set name=www --host 10.0.0.1/24 --dhcp -p 8080:80 -- "${GUEST[@]}" talk dhcp ping,10.0.0.1
		has out 'lease 10.0.0.2'
		mirari-tap down -q --all
		gone
		PATH=$HERE exits 127 "$HERE/mirari-tap" exec --rootless -- /bin/true
		has err slirp4netns 'apt-get install slirp4netns'
		chmod 600 /dev/net/tun
		exits 77 "${NOBODY[@]}" mirari-tap exec --rootless -- true
		has err '/dev/net/tun: Permission denied' 'sudo chmod 666 /dev/net/tun'
		gone
	END
}

@test 'rootless: killed, it leaves no slirp4netns, no monitor, no keeper' {
	inside <<-'END'
		for signal in KILL TERM ABRT; do
			"${ORDINARY[@]}" mirari-tap exec --rootless -p 8080:80 -- sh -c 'ulimit -c 0; : >up; while :; do sleep 0.1; done' &
			until_true 5 test -e up
			processes >running
			has running slirp4netns mirari-rootless mirari-keeper
			kill -$signal $!
			wait $! || :
			gone
			rm up
		done
		# the uplink gone, the program lives on, and its end is the end
		"${ORDINARY[@]}" mirari-tap exec --rootless -- sh -c ': >up; exec sleep 60' &
		until_true 5 test -e up
		kill -KILL $(ps -e -o pid=,comm= | awk '$2 == "slirp4netns" {print $1}')
		until_true 2 bash -c '! pgrep slirp4netns'
		kill -0 $!
		kill $!
		wait $! || :
		gone
	END
}

# ---- 2013 ------------------------------------------------------------------------------------

@test 'compat-2013: devices one by one over the socket, to whoever listens late' {
	inside <<-'END'
		exits 0 mirari-tap exec --compat-2013 --set net.tap0.host=10.0.0.1/24 --set net.tap0.tap=t0 --set net.tap0.dhcp=true \
			--set net.b.tap=t1 --set net.b.mtu=1400 --set net.tenletters.tap=t2 --set net.tenletters.mtu=1400 -- "${GUEST[@]}" old 3 0.3
		same "left=[]
		'tap0      e' t0 0
		'b         e' t1 0
		'tenletterse' t2 0
		path is gone" "$(sed 's/^\t*//' out)" || same "$(printf '%s\n' 'left=[]' "'tap0      e' t0 0" "'b         e' t1 0" "'tenletterse' t2 0" 'path is gone')" "$(cat out)"
		same '' "$(cat err)"
		gone
		# another sits on the path before it
		cat >squat.sh <<-'SH'
			/usr/bin/python3 -c 'import os, socket, sys, time
			s = socket.socket(socket.AF_UNIX)
			s.bind("/tmp/mir-%s.sock" % sys.argv[1])
			s.listen()
			time.sleep(1)' $$ &
			sleep 0.6
			rm -f /tmp/mir-$$.sock
			kill $!
		SH
		sed -i 's/^\t*//' squat.sh
		exits 0 mirari-tap exec --compat-2013 -d tap0 --host 10.0.0.1/24 -- sh squat.sh
		has err 'another process listens there; nothing was sent to it'
		gone
		# killed meanwhile
		mirari-tap exec --compat-2013 -d tap0 --host 10.0.0.1/24 -- sh -c ': >up; exec sleep 60' 2>err &
		until_true 3 test -e up
		kill -KILL $!
		wait $! || :
		gone
		has err 'ended before it took the device tap0'
	END
}

@test 'compat-2013 without root, and as another user' {
	inside root <<-'END'
		SUDO_UID=65534 SUDO_GID=65534 exits 0 mirari-tap exec --compat-2013 -d tap0 --host 10.0.0.1/24 --set net.tap0.tap=t0 -- "${GUEST[@]}" old 1
		has out "'tap0      e' t0 0" 'path is gone'
		exits 0 "${NOBODY[@]}" mirari-tap exec --rootless --compat-2013 -d tap0 --set net.tap0.tap=t0 -- "${GUEST[@]}" old 1
		has out "'tap0      e' t0 0" 'path is gone'
		same '' "$(cat err)"
		gone
	END
}

# ---- doctor ----------------------------------------------------------------------------------

@test 'doctor: records, lines on a terminal, and 1 when something is bad' {
	inside root <<-'END'
		exits 0 mirari-tap doctor
		same '' "$(cat err)"
		awk -v RS= '{ if ($1 !~ /^check=/ || $2 !~ /^grade=(ok|warning|bad)$/ || $0 !~ /\ntext=/) exit 1 }' out
		for check in tun privilege rootless nft slirp4netns ip_forward rp_filter firewall; do
			has out "check=$check"
		done
		script -qec 'mirari-tap doctor' /dev/null </dev/null | tr -d '\r' >lines
		grep -Eq '^ok +tun: ' lines
		! grep -q = lines || ! grep -q ^check= lines
		exits 74 bash -c 'mirari-tap doctor >/dev/full'
		umount /dev/net/tun 2>/dev/null || :
		mkdir -p empty
		mount --bind empty /dev/net
		exits 1 mirari-tap doctor
		awk -v RS= '/check=tun\n/ && /grade=bad\n/ && /advice=/ { found = 1 } END { exit !found }' out
		{ script -qec 'mirari-tap doctor' /dev/null </dev/null || :; } | tr -d '\r' >lines
		grep -Eq '^bad +tun: ' lines
		exits 69 mirari-tap exec --host 10.0.0.1/24 -- true
		has err "/dev/net/tun isn't there" 'modprobe tun'
		exits 64 mirari-tap doctor tap0
		gone
	END
}

@test 'compat-2013: a program that never listens lives on, and what is wrong is said' {
	need unshare mirari-tap
	timeout 40 tail --pid="$(cat "$BATS_FILE_TMPDIR/late.pid")" -f /dev/null
	cat "$BATS_FILE_TMPDIR/late.out"
	! grep -q 'skip\|MIRARI_MUST_RUN' "$BATS_FILE_TMPDIR/late.out" || lacking "$(cat "$BATS_FILE_TMPDIR/late.out")"
	grep -qx fine "$BATS_FILE_TMPDIR/late.out"
}
