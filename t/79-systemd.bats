#!/usr/bin/env bats
# Units for systemd. They are rendered by t/unit/systemd.c; that systemd reads them as they were meant is seen where it
# runs them, as process 1 of namespaces of the test's own (t/lib/machine.bash), and for users by the manager of one.
load lib/common.bash
load lib/machine.bash
load lib/tenders.bash

setup() {
	native
	need systemd-analyze
	# a manager has to have a directory for itself, even to verify
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
	mkdir -m 700 "$XDG_RUNTIME_DIR"
}

render() {
	"$BUILD/t/unit/systemd" "$@"
}

# Every combination that makes sense, as words for render: a line each.
combinations() {
	local target network user more
	for target in hvt 'hvt kvm' 'spt' 'virtio jit' 'virtio kvm' unix-socket unix-direct; do
		for network in '' network 'network nat' 'network clean_up=/usr/bin/true'; do
			for user in '' user=1000 rootless; do
				for more in '' 'restart=on-failure memory_max=33554432 cpus_percent=150' \
					'restart=on-failure:3 cpuset=0,2-3 writable=/dev/sdb writable=/srv/x%' \
					'restart=always environment=A=b writable=/tmp/x'; do
					echo "target=$target $network $user $more"
				done
			done
		done
	done
}

# ---- read by systemd without running it ------------------------------------------------------

@test 'systemd-analyze verify has nothing to say about any combination' {
	mkdir units user
	n=0
	while read -r words; do
		n=$((n + 1))
		directory=units
		[[ $words != *rootless* ]] || directory=user
		# shellcheck disable=SC2086
		render name=u$n word=/usr/bin/true $words >$directory/u$n.service
	done < <(combinations)
	[ $n -ge 300 ]
	run -0 systemd-analyze verify --man=no units/*.service
	same '' "$output"
	run -0 systemd-analyze verify --man=no --user user/*.service
	same '' "$output"
	# it would be heard if it had
	echo 'RestartSteps2=1' >>units/u1.service
	run systemd-analyze verify --man=no units/u1.service
	has RestartSteps2
}

@test 'how exposed a service is stays as low as it was' {
	exposure() {
		render word=/usr/bin/true "${@:2}" >x.service
		figure=$(systemd-analyze security --no-pager --offline=true x.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
		awk -v got="$figure" -v most="$1" 'BEGIN { exit !(got != "" && got <= most) }' || {
			echo "exposure $figure, not $1: ${*:2}" >&2
			return 1
		}
	}
	exposure 0.7 target=hvt kvm
	exposure 0.6 target=spt
	exposure 2.7 target=hvt kvm network nat
	exposure 2.7 target=virtio jit network nat user=1000
	exposure 1.7 target=unix-socket
	exposure 1.5 target=unix-socket user=1000
	exposure 2.8 target=unix-direct network nat
	exposure 1.0 target=hvt kvm rootless
	exposure 3.0 target=hvt kvm rootless network
}

# ---- run by it -------------------------------------------------------------------------------

@test 'words, a directory and variables arrive as they are, whatever they hold' {
	machine <<-'END'
		odd=('' ' ' ' lead' 'trail ' ';' ';a' '\;' '#' '"' "'" 'a"b'\''c' '\' '\\' 'a\' '\x41' '\n' '%' '%n' '%%' '%{tap:service}'
			'$HOME' '${HOME}' '$$' '$' '-' '@' ':' '+' '!' '-a' '@b' é '☃' $'a\nb' $'\n' $'\r' $'\t' $'\001\177' '~' '*' '{a,b}'
			'=' 'a=b' '\u00e9' '\' "$(printf '%2000s' x)")
		directory='/run/t/w/a b%n"'\''$HOME \x41 \'
		mkdir "$directory"
		cp /run/t/systemd '/run/t/w/pro gram %n $HOME'
		words=()
		for word in "${odd[@]}"; do words+=("word=$word"); done
		for program in /run/t/systemd '/run/t/w/pro gram %n $HOME'; do
			rm -f odd.out
			unit odd target=unix-socket "dir=$directory" "environment=ODD=${odd[*]//[$'\r\001\177']/}" \
				"word=$program" word=probe word=words "${words[@]}"
			systemctl start odd
			until_true 5 is_state odd inactive
			(cd "$directory" && ODD="${odd[*]//[$'\r\001\177']/}" "$program" probe words "${odd[@]}") >want
			same "$(cat want)" "$(cat odd.out)"
		done
		# where each line ends in a way of its own
		for directory in '/run/t/w/blank ' '/run/t/w/back\' $'/run/t/w/tab\t'; do
			mkdir "$directory"
			rm -f odd.out
			unit odd target=unix-socket "dir=$directory" word=/run/t/systemd word=probe word=words
			systemctl start odd
			until_true 5 is_state odd inactive
			(cd "$directory" && systemd probe words) >want
			same "$(cat want)" "$(cat odd.out)"
		done
	END
}

@test 'a guest without a network is let do what tenders do, and nothing else' {
	machine <<-'END'
		: >disk
		: >'di sk%'
		# relative, since what is named is let be seen
		probe=(word=/run/t/systemd word=probe word=rights word=write=/run/t/w/disk 'word=write=/run/t/w/di sk%'
			word=write=/run/t/w/new word=write=/run/new word=write=/etc/new word=write=tmp/own word=read=/dev/kvm
			word=read=/dev/net/tun word=read=root word=read=home)
		writable=(writable=/run/t/w/disk 'writable=/run/t/w/di sk%')
		for target in hvt spt virtio; do
			unit $target target=$target "${probe[@]}" "${writable[@]}"
			systemctl start $target
			until_true 5 is_state $target inactive
			has $target.out 'NoNewPrivs:	1' 'Seccomp:	2' 'seccomp: yes' 'unix socket: Address family not' \
				'internet socket: Address family not' 'reads /proc/meminfo: No such' \
				'user namespace: Operation not' 'writes tmp/own: yes' 'writes /run/new: Read-only' 'writes /run/t/w/disk: yes' 'writes /run/t/w/di sk%: yes' \
				'writes /run/t/w/new: Read-only' 'writes /etc/new: Read-only' 'reads /dev/net/tun: No such' \
				'reads root: Permission denied' 'reads home: Permission denied'
			same 5 "$(grep -Ec '^Cap...:	0+$' $target.out)"
		done
		has hvt.out 'asks for its personality: yes' 'makes code: Operation not'
		has spt.out 'asks for its personality: yes' 'makes code: yes'
		has virtio.out 'asks for its personality: Operation not' 'makes code: Operation not'
		unit kvm target=virtio kvm jit "${probe[@]}"
		systemctl start kvm
		until_true 5 is_state kvm inactive
		has kvm.out 'makes code: yes' 'writes /run/t/w/disk: Read-only' 'reads /dev/net/tun: Operation not'
		[ ! -c /dev/kvm ] || has kvm.out 'reads /dev/kvm: yes'
		unit user target=hvt user=65534 "${probe[@]}" "${writable[@]}"
		chown 65534 disk
		systemctl start user
		until_true 5 is_state user inactive
		[ ! -e /tmp/own ]
		has user.out 'sees process 1: No such' 'Uid:	65534	65534	65534	65534' 'writes /run/t/w/disk: yes' 'writes /run/t/w/di sk%: Permission denied'
	END
}

@test 'a program has the network of the host, without a capability but for low ports' {
	machine <<-'END'
		probe=(target=unix-socket word=/run/t/systemd word=probe word=rights word=write=/run/t/w/new word=write=/run/new)
		for user in 0 65534; do
			more=(user=$user)
			[ $user != 0 ] || more=()
			unit p$user "${probe[@]}" "${more[@]}"
			systemctl start p$user
			until_true 5 is_state p$user inactive
			has p$user.out 'NoNewPrivs:	1' 'internet socket: yes' 'connects: Connection refused' 'unix socket: yes' \
				'CapBnd:	0000000000000400' 'CapEff:	0000000000000400' 'user namespace: Operation not' \
				'asks for its personality: Operation not' 'writes /run/t/w/new: Read-only' 'writes /run/new: Read-only' \
				"Uid:	$user	$user"
		done
	END
}

@test 'taps, NAT, DHCP and ports as the unit has them, and nothing is left when it has ended' {
	machine <<-'END'
		tap=(word=/run/t/mirari-tap word=exec word=--host word=10.0.0.1/24 word=--dhcp)
		nat=(network nat "${tap[@]}" word=--nat word=-p word=8080:80 word=--bridge word=br0 word=--create-bridge word=--)
		guest=(word=/usr/bin/python3 word=/run/t/guest.py word=talk word=dhcp word=ping,10.0.0.1 word=serve-tcp,80,eighty
			word=wait,tmp/up)
		unit nat target=hvt "${nat[@]}" "${guest[@]}"
		unit direct target=unix-direct "${nat[@]}" "${guest[@]}"
		unit user target=spt user=65534 "${nat[@]}" "${guest[@]}"
		for unit in nat direct user; do
			systemctl start $unit
			until_true 10 says $unit.out 'done ping'
			has $unit.out 'lease 10.0.0.2'
			same 1 "$(cat /proc/sys/net/ipv4/ip_forward)"
			same eighty "$(timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.0.1/8080; cat <&3')"
			same "active $([ $unit = user ] && echo 65534 || echo 0)" \
				"$(state $unit ActiveState) $(stat -c %u "/proc/$(state $unit MainPID)")"
			systemctl stop $unit
			same 'success inactive' "$(state $unit Result ActiveState)"
			gone
		done
		# what is given by name stays when its program ends, but for the keeper
		by_name=(network "${tap[@]}" word=-- word=/run/t/systemd word=probe)
		unit name target=hvt "${by_name[@]}" word=wait 'word=%{tap:service}'
		unit fails target=hvt restart=on-failure:2 "${by_name[@]}" word=exit word=3 'word=%{tap:service}'
		systemctl start name
		until_true 5 says name.out waiting
		ip -o link | grep -q mir
		systemctl stop name
		same 'success inactive' "$(state name Result ActiveState)"
		has name.out SIGTERM
		gone
		systemctl start name
		until_true 5 bash -c '[ $(grep -c waiting name.out) = 2 ]'
		kill -KILL "$(state name MainPID)"
		until_true 5 is_state name failed
		gone
		# and each start finds room for its taps
		systemctl start fails
		until_true 15 is_state fails failed
		same 3 "$(grep -c runs fails.out)"
		gone
	END
}

@test 'the keeper was killed, too: what the unit cleans up with is enough' {
	machine <<-'END'
		unit name target=hvt network nat clean_up=/run/t/mirari-tap clean_up=gc clean_up=-q word=/run/t/mirari-tap word=exec \
			word=--host word=10.0.0.1/24 word=--nat word=--bridge word=br0 word=--create-bridge word=-- \
			word=/run/t/systemd word=probe word=wait 'word=%{tap:service}'
		ended() {
			is_state name inactive || is_state name failed
		}
		for signal in KILL TERM; do
			rm -f name.out
			systemctl start name
			until_true 5 says name.out waiting
			mapfile -t keepers < <(grep -lx mirari-keeper /proc/[0-9]*/comm | cut -d/ -f3)
			kill -KILL "${keepers[@]}"
			kill -$signal "$(state name MainPID)"
			until_true 5 ended
			gone
		done
	END
}

@test 'what ends a program: what counts as failed, and what is started again' {
	machine <<-'END'
		# how END POLICY WANT: how often it has run then, the result, and the state
		how() {
			local unit=u$((++n))
			# shellcheck disable=SC2086
			unit $unit target=hvt restart=$2 word=/run/t/systemd word=probe ${1/#/word=}
			systemctl start $unit 2>/dev/null || :
			sleep 0.3
			same "$3" "$(grep -c runs $unit.out) $(state $unit Result SubState)" || die "$*"
			systemctl stop $unit
		}
		n=0
		how 'exit word=0' always '1 success auto-restart'
		how 'exit word=0' on-failure '1 success dead'
		how 'exit word=1' no '1 exit-code failed'
		how 'exit word=1' on-failure '1 exit-code auto-restart'
		how 'exit word=134' on-failure '1 exit-code auto-restart'
		how 'exit word=64' on-failure '1 exit-code failed'
		how 'exit word=126' on-failure '1 exit-code failed'
		how 'exit word=127' on-failure '1 exit-code failed'
		how 'exit word=64' always '1 exit-code auto-restart'
		how 'signal word=9' on-failure '1 signal auto-restart'
		# which for systemd is no failure
		how 'signal word=15' on-failure '1 success auto-restart'
		how 'signal word=15' no '1 success dead'
		how 'exit word=143' on-failure '1 success auto-restart'
		how 'exit word=143' no '1 success dead'
		# told to end, it isn't started again whatever it makes of that
		unit told target=hvt restart=always word=/run/t/systemd word=probe word=wait
		systemctl start told
		until_true 5 says told.out waiting
		systemctl stop told
		same 'success dead' "$(state told Result SubState)"
		# the third start is the last
		unit limit target=hvt restart=on-failure:2 word=/run/t/systemd word=probe word=exit word=1
		systemctl start limit
		until_true 15 is_state limit failed
		same 3 "$(grep -c runs limit.out)"
	END
}

@test 'without root, by the manager of a user: the same, in a network of its own' {
	machine <<-'END'
		mkdir -m 755 /run/t/user
		mkdir -p home
		: >home/disk
		chown 65534 home home/disk
		cat >/run/systemd/system/manager.service <<-'UNIT'
			[Service]
			Type=notify
			User=65534
			Delegate=yes
			RuntimeDirectory=user/65534
			Environment=XDG_RUNTIME_DIR=/run/user/65534 HOME=/run/t/w/home SYSTEMD_UNIT_PATH=/run/t/user
			Environment=SYSTEMD_GENERATOR_PATH=/run/none ASAN_OPTIONS=detect_leaks=0
			ExecStart=/usr/lib/systemd/systemd --user --unit=basic.target --log-target=null
			KillMode=mixed
		UNIT
		cp -r /run/systemd/system/{*.target,service.d} /run/t/user/
		sed -i 's,/run/t/w/,&home/,' /run/t/user/service.d/out.conf
		user() {
			"${NOBODY[@]}" env XDG_RUNTIME_DIR=/run/user/65534 "$@"
		}
		user_unit() {
			local name=$1
			shift
			systemd "name=$name" rootless "$@" >"/run/t/user/$name.service"
		}
		user_state() {
			user systemctl --user show -P "$2" "$1"
		}
		user_is() {
			[ "$(user_state "$1" ActiveState)" = "$2" ]
		}
		rights=(word=/run/t/systemd word=probe word=rights word=write=/run/t/w/home/disk word=write=/run/t/w/home/new)
		user_unit guest target=hvt "${rights[@]}" writable=/run/t/w/home/disk
		user_unit program target=unix-socket "${rights[@]}" writable=/run/t/w/home/disk
		user_unit net target=hvt network word=/run/t/mirari-tap word=exec word=--rootless word=-p word=8080:80 word=-- \
			word=/usr/bin/python3 word=/run/t/guest.py word=talk word=dhcp word=ping,10.0.0.1 word=serve-tcp,80,eighty word=wait,/dev/null
		user_unit rights target=hvt network word=/run/t/mirari-tap word=exec word=--rootless word=-- "${rights[@]}"
		systemctl daemon-reload
		systemctl start manager
		keep
		for unit in guest program rights; do
			user systemctl --user start $unit
			until_true 10 user_is $unit inactive
			has home/$unit.out 'NoNewPrivs:	1' 'Seccomp:	2' 'CapEff:	0000000000000000' 'writes /run/t/w/home/new: Read-only'
		done
		for unit in guest program; do
			has home/$unit.out 'CapBnd:	0000000000000000' 'user namespace: Operation not' 'writes /run/t/w/home/disk: yes'
		done
		has home/guest.out 'internet socket: Address family not' 'asks for its personality: yes'
		has home/program.out 'connects: Connection refused'
		has home/rights.out 'writes /run/t/w/home/disk: Read-only' 'asks for its personality: yes' 'makes code: Operation not'
		user systemctl --user start net
		until_true 10 says home/net.out 'done ping'
		has home/net.out 'lease 10.0.0.2'
		same eighty "$(timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080; cat <&3')"
		user systemctl --user stop net
		same 'success inactive' "$(user_state net Result) $(user_state net ActiveState)"
		gone
	END
}

@test 'unikernels, by each tender and by QEMU: they run, are reached, write to their disks, and end as told' {
	local target
	tenders
	need qemu-system-x86_64
	for target in hvt spt virtio; do
		cp "$GUESTS"/{plain,net,block}.$target "$BATS_TEST_TMPDIR/"
	done
	cp -L "$BATS_TEST_TMPDIR"/tenders/solo5-* "$BUILD/bin/mirari-solo5" "$BATS_TEST_TMPDIR/"
	# the double of hvt runs the guest's code itself
	[[ $REAL == *' hvt '* ]] || touch "$BATS_TEST_TMPDIR/double"
	machine <<-'END'
		tap=(network nat clean_up=/run/t/mirari-tap clean_up=gc clean_up=-q word=/run/t/mirari-tap word=exec
			word=--host word=10.0.0.1/24 word=--mac word=02:00:00:00:00:07 word=--nat word=--dhcp word=--)
		for target in hvt spt virtio; do
			run=(word=/run/t/mirari-solo5 word=run word=--memory word=32)
			facts=(target=$target restart=on-failure)
			case $target in
			hvt) facts+=("$([ -e ../double ] && echo jit || echo kvm)") run+=(word=--tender word=/run/t/solo5-hvt) ;;
			spt) run+=(word=--tender word=/run/t/solo5-spt) ;;
			virtio) facts+=(jit) run+=(word=--accel word=tcg) ;;
			esac
			truncate -s 65536 disk
			unit plain-$target "${facts[@]}" "${run[@]}" word=/run/t/plain.$target word=-- 'word=print=100% of $HOME' word=exit=64
			unit block-$target "${facts[@]}" "${run[@]}" word=--block word=data=/run/t/w/disk word=/run/t/block.$target \
				word=-- word=write=this word=read writable=/run/t/w/disk
			unit net-$target "${facts[@]}" "${tap[@]}" "${run[@]}" word=/run/t/net.$target word=--net \
				'word=service=%{tap:service}' word=--mac word=service=02:00:00:00:00:07 word=-- word=dhcp
			systemctl start plain-$target || die "$(cat plain-$target.out)"
			until_true 10 is_state plain-$target failed
			has plain-$target.out '100% of $HOME'
			same 'exit-code 64 0' "$(state plain-$target Result ExecMainStatus NRestarts)"
			systemctl start block-$target
			until_true 10 is_state block-$target inactive
			same 'success 0' "$(state block-$target Result NRestarts)"
			same this "$(head -c 4 disk)"
			rm disk
			systemctl start net-$target
			until_true 10 ping -c 1 -W 1 10.0.0.2 || die "$(cat net-$target.out)"
			systemctl stop net-$target
			same 'success inactive 0' "$(state net-$target Result ActiveState NRestarts)"
			gone
		done
	END
}
