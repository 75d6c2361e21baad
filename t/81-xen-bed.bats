#!/usr/bin/env bats
# What the other tests of Xen stand on: the machine of t/xen/ is a real Xen, whose guests run and can be seen.
load lib/common.bash
load lib/xen.bash

setup_file() {
	xen_up 10.0.2.20:80
}

teardown_file() {
	xen_down
}

teardown() {
	xen_clean
}

# outside KNOWN_HOSTS ARGUMENT...: virsh here, on the Xen there
outside() {
	need virsh
	virsh -q -c "xen+libssh://root@127.0.0.1:$XEN_SSH_PORT/system?keyfile=$XEN_KEY&known_hosts=$1&known_hosts_verify=normal&sshauth=privkey" "${@:2}" </dev/null
}

@test 'dom0 is that of Xen 4.17, and it is now there' {
	run -0 dom0 xl info
	has 'xen_major              : 4'
	has 'xen_minor              : 17'
	has 'virt_caps              : pv hvm hap'
	there=$(dom0 date +%s)
	here=$(date +%s)
	[ $((here - there)) -lt 60 ]
	[ $((there - here)) -lt 60 ]
}

@test 'ssh is refused where the key of the host is not the one of the bed' {
	ssh-keygen -q -t ed25519 -N '' -f other
	echo "dom0 $(cut -d' ' -f1,2 other.pub)" >known_hosts
	run -255 ssh -F "$XEN_SSH_CONFIG" -o ControlPath=none -o UserKnownHostsFile=known_hosts dom0 true
	has 'Host key verification failed'
}

@test 'a user without rights comes in, and can do nothing to Xen' {
	run -0 ssh -F "$XEN_SSH_CONFIG" -o ControlPath=none -l visitor dom0 id -un
	same visitor "$output"
	run ssh -F "$XEN_SSH_CONFIG" -o ControlPath=none -l visitor dom0 /usr/sbin/xl list
	[ "$status" != 0 ]
	has 'privileged command interface'
	run ssh -F "$XEN_SSH_CONFIG" -o ControlPath=none -l visitor dom0 virsh -c xen:///system list
	[ "$status" != 0 ]
	has 'Permission denied'
}

@test 'a paravirtualised guest: GRUB to its prompt, and nothing of it is left' {
	before=$(dom0 'xl list; xenstore-list /local/domain')
	dom0 xl create -q /root/guests/grub.xl
	dom0_until 'grep "grub> " /var/log/xen/guest-grub.log'
	run -0 dom0 xl list
	has grub
	dom0 xl destroy grub
	dom0_until '! xl list grub'
	# but for the column of processor time
	same "$(sed 's/ [0-9.]*$//' <<<"$before")" "$(dom0 'xl list; xenstore-list /local/domain' | sed 's/ [0-9.]*$//')"
}

@test 'a Linux in PVH mode on the bridge answers dom0 and outside, and goes when asked to' {
	dom0 xl create -q /root/guests/linux-pvh.xl
	dom0_until 'grep "guest ready" /var/log/xen/guest-linux-pvh.log'
	run -0 dom0 bridge link show
	has 'master xenbr0'
	run -0 dom0 ping -c 2 10.0.2.20
	has '0% packet loss'
	run -0 curl -sS --retry 9 --max-time 60 "http://127.0.0.1:$(xen_port 10.0.2.20:80)/"
	same 'this is Linux at 10.0.2.20/24' "$output"
	dom0 xl shutdown linux-pvh
	dom0_until '! xl list linux-pvh'
	run -0 dom0 'ls /sys/class/net'
	has_not vif
}

@test 'libvirt in dom0 and from outside sees the same guest' {
	cat >grub.xml <<-'XML'
		<domain type='xen'>
		  <name>grub</name>
		  <memory unit='MiB'>64</memory>
		  <os><type arch='x86_64' machine='xenpv'>linux</type><kernel>/root/guests/grub-x86_64-xen.bin</kernel></os>
		  <devices><console type='pty'><target type='xen'/></console></devices>
		</domain>
	XML
	outside "$XEN_KNOWN_HOSTS" create grub.xml
	run -0 outside "$XEN_KNOWN_HOSTS" list --name
	has grub
	run -0 dom0 virsh -q -c xen:///system list --name
	has grub
	run -0 dom0 xl list
	has grub
	outside "$XEN_KNOWN_HOSTS" destroy grub
	run -0 dom0 xl list
	has_not grub
	: >nobody
	run outside nobody list
	[ "$status" != 0 ]
	has 'was not accepted'
}

@test 'files come there, and what our tools link is there' {
	head -c 100000 /dev/urandom >file
	dom0_put file :/tmp
	same "$(sha256sum <file)" "$(dom0 sha256sum '<' /tmp/file)"
	dom0_put_tools mirari mirari-parse mirari-solo5 mirari-tap
	for tool in mirari mirari-parse mirari-solo5 mirari-tap; do
		same "$("$tool" --version)" "$(dom0 "$tool" --version)"
	done
	dom0 'nft add table ip t && nft "add chain ip t c { type nat hook postrouting priority 100; }" &&
		nft add rule ip t c counter masquerade && nft delete table ip t'
}

@test 'two machines of one bed at a time don'\''t know of each other' {
	mkdir second
	cd second
	setpriv --pdeathsig KILL "$SOURCE/t/xen/run" restore </dev/null >qemu 2>&1 3>&- 4>&- &
	second=$!
	"$SOURCE/t/xen/reach" $second
	ssh -F ssh_config dom0 touch /root/second
	dom0 '! test -e /root/second'
	kill $second
	wait $second || :
}

@test 'no machine is left where a test was killed' {
	at=@ # bats would take a line that begins with @test for one of its own
	cat >killed.bats <<-END
		BATS_TEST_DIRNAME='$BATS_TEST_DIRNAME'
		load "$BATS_TEST_DIRNAME/lib/common.bash"
		load "$BATS_TEST_DIRNAME/lib/xen.bash"
		setup_file() { xen_up; }
		${at}test hangs { echo "\$XEN_QEMU" >'$BATS_TEST_TMPDIR/qemu' && sleep 1000; }
	END
	setsid env -i PATH="$PATH" MIRARI_XEN="$XEN_BED" "$BATS_ROOT/bin/bats" killed.bats >out 2>&1 </dev/null 3>&- 4>&- &
	bats=$!
	until_true [ -s qemu ] || { cat out >&2 && return 1; }
	qemu=$(cat qemu)
	runs "$qemu"
	# its parent alone: QEMU is of the same group
	kill -KILL "$(ps -o ppid= "$qemu" | tr -d ' ')"
	until_true gone "$qemu"
	kill -KILL -$bats
	wait $bats || :
}
