#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats' run sets stderr
# mirari run on a real Xen: a project's unikernel from outside, and instances like any other; in dom0 with a network.
load lib/common.bash
load lib/xen.bash

setup_file() {
	xen_up
	xen_guest mirari{,-run,-ps,-logs,-console,-stop,-gc,-rm,-supervise,-tap,-xl}
}

teardown_file() {
	xen_down
}

setup() {
	xen_place
}

teardown() {
	mirari stop --all --timeout 0 2>/dev/null || :
	dom0 'mirari stop --all --timeout 0; mirari rm --all; mirari-tap down --all; rm -rf .mirari' 2>/dev/null || :
	xen_clean
}

logs_say() {
	mirari logs "$1" 2>&1 | grep -q "$2"
}

@test 'a project: configured, built, and run on a server' {
	need gcc
	cp -r "$SOURCE/share/examples/pvh" project
	cd project
	mirari configure
	mirari build
	run -0 --separate-stderr mirari run "${PLACE[@]}" -- one 'two words'
	has 'arg 2: two words'
	has 'exit: poweroff'
	printf '\ndeploy: ssh://dom0\nssh: { config: %s }\n' "$XEN_SSH_CONFIG" >>mirari.yml
	run -1 mirari run -- exit=crash
	has 'exit: crash'
	has 'pvh: crash'
}

@test 'an instance on a server: its log, its console, its end' {
	run -0 --separate-stderr mirari run -d "${PLACE[@]}" --name web "$GUEST" -- echo
	same running "$(field instance.status)"
	until_true logs_say web 'echo: on'
	run -0 mirari logs web
	has 'boot: pvh on xen'
	(echo typed && sleep 2) | timeout 60 mirari console --tail 0 web >/dev/null &
	until_true logs_say web 'echo: typed'
	wait
	run -0 --separate-stderr mirari stop web
	same '' "$stderr"
	logs_say web 'asked for: poweroff'
	run -0 mirari ps --all
	same stopped "$(field instance.status)"
	run dom0 'xl list web; find .mirari -type f'
	has 'invalid domain identifier'
	has_not .mirari/
}

@test 'one that crashes is started again' {
	mirari run -d --restart on-failure:2 "${PLACE[@]}" --name web "$GUEST" -- exit=crash >/dev/null
	until_true logs_say web 'gave up after 2 restarts'
	same 3 "$(mirari logs web | grep -c 'exit: crash')"
	run -0 mirari ps --all
	same 1 "$(field instance.exit)"
	same 2 "$(field instance.restarts)"
}

@test 'killed supervisors leave nothing that gc does not find' {
	for what in process supervisor; do
		mirari run -d "${PLACE[@]}" --name web "$GUEST" -- echo >record
		until_true logs_say web 'echo: on'
		kill -9 "$(sed -nE "s/^instance.$what=([0-9]+).*/\1/p" record)"
		if [ $what = process ]; then
			until_true logs_say web 'ended with status 137'
		else
			until_true eval 'mirari ps --all | grep -q lost'
			run -75 mirari run -d "${PLACE[@]}" --name web "$GUEST"
			run -0 mirari gc
			has web
		fi
		run dom0 'xl list web; find .mirari -type f'
		has 'invalid domain identifier'
		has_not .mirari/
		mirari rm web
	done
	mirari run -d "${PLACE[@]}" --name web "$GUEST" -- echo >record
	until_true logs_say web 'echo: on'
	kill -9 "$(sed -nE 's/^instance.supervisor=([0-9]+).*/\1/p' record)"
	until_true eval 'mirari ps --all | grep -q lost'
	run -0 mirari stop web
	run dom0 'xl list web'
	has 'invalid domain identifier'
}

@test 'a server that cannot be reached is said before anything is started' {
	run -69 mirari run -d --on ssh://127.0.0.1:1 "$GUEST"
	has refused
	run -0 mirari ps --all
	same '' "$output"
	run -64 mirari run -d --on 'ssh://-oProxyCommand=x' "$GUEST"
	run -64 mirari run --rootless --on ssh://dom0 "$GUEST"
	run -64 mirari run --systemd --on ssh://dom0 "$GUEST"
	has 'xendomains(8)'
	if [ ! -e /proc/xen/capabilities ]; then
		run -69 mirari run -d "$GUEST"
		has "no dom0 of Xen"
	fi
}

@test 'in dom0: a bridge with NAT and DHCP for it, and a port that leads there' {
	linux=(--set 'xl.kernel="/root/guests/vmlinuz"' --set 'xl.ramdisk="/root/guests/linux.cpio"' -m 96
		--set 'xl.cmdline="console=hvc0 quiet mitigations=off address=10.77.0.2/24"')
	network=(--set net.service.host=10.77.0.1/24 --set net.service.dhcp=true --set net.service.nat=true -p 8080:80)
	run -0 dom0 "mirari run -d --name linux ${linux[*]@Q} ${network[*]} pvh.xen"
	dom0_until "mirari logs linux | grep 'guest ready'"
	run -0 dom0 mirari-tap list
	has 'address=10.77.0.1/24'
	run -0 dom0 ping -c 2 10.77.0.2
	has '0% packet loss'
	run -0 dom0 wget -q -O - http://10.0.2.15:8080/
	same 'this is Linux at 10.77.0.2/24' "$output"
	run -0 dom0 mirari ps
	same running "$(field instance.status)"
	dom0 mirari stop --timeout 30 linux
	run dom0 xl list linux
	has 'invalid domain identifier'
	run -0 dom0 'mirari-tap down --all; ip link'
	has_not 10.77.0.1
	has_not ': mir'
}
