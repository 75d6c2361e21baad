#!/usr/bin/env bats
# share/examples/pvh on a real Xen: what xl and virsh see of it. What it does elsewhere is in t/82-pvh.bats.
load lib/common.bash
load lib/xen.bash

setup_file() {
	xen_up
	xen_guest
}

teardown_file() {
	xen_down
}

teardown() {
	xen_clean
}

# xl_file NAME COMMANDLINE: what `xl create` takes; the command line is in xl's own notation.
xl_file() {
	printf '%s\n' "name = \"$1\"" 'type = "pvh"' 'kernel = "/root/pvh.xen"' 'memory = 32' 'vcpus = 1' \
		"cmdline = \"$2\"" 'on_reboot = "destroy"' 'on_crash = "destroy"' 'on_watchdog = "destroy"'
}

# creates NAME COMMANDLINE
creates() {
	xl_file "$@" | dom0 "cat >/tmp/$1.xl && xl create -q /tmp/$1.xl"
}

# said NAME: all that it wrote
said() {
	dom0 "cat /var/log/xen/guest-$1.log" | tr -d '\r'
}

# typed NAME: standard input is typed on its console, until that is gone
typed() {
	timeout 100 ssh -tt -F "$XEN_SSH_CONFIG" dom0 "xl console $1"
}

# Names and numbers of all domains, which are there before a test begins when none is still going.
there_is() {
	dom0_until '! xl list | grep null'
	dom0 'xl list; xenstore-list /local/domain' | awk '{ print $1, $2 }'
}

@test 'it says what it was told, byte for byte, and ends well' {
	creates odd "a  b=c \\\"d  e\\\" 'f g' h\\\\ i é %s \$HOME exit=poweroff"
	dom0_until '! xl domid odd'
	same "$(printf '%s\n' hello 'boot: pvh on xen 4.17' 'memory: 32768 KiB' \
		"cmdline: <a  b=c \"d  e\" 'f g' h\\ i é %s \$HOME exit=poweroff>" 'arg 1: a' 'arg 2: b=c' 'arg 3: d  e' 'arg 4: f g' \
		'arg 5: h i' 'arg 6: é' 'arg 7: %s' "arg 8: \$HOME" 'arg 9: exit=poweroff' 'exit: poweroff')" "$(said odd)"
}

@test 'the reason it ends for is what xl reports' {
	for reason in poweroff:0 reboot:1 crash:3 watchdog:4 7:7 200:200; do
		xl_file "end-${reason#*:}" "exit=${reason%:*}" >end.xl
		dom0_put end.xl
		run -0 dom0 xl create -F end.xl
		has "has shut down, reason code ${reason#*:} "
	done
	xl_file fault fault >end.xl
	dom0_put end.xl
	run -0 dom0 xl create -F end.xl
	has 'has shut down, reason code 3 '
	run -0 said fault
	has 'exception 6, '
	# a domain that is suspended stays
	creates sleeper exit=suspend
	dom0_until "xl list sleeper | grep -e '---ss-'"
}

@test 'what is typed on xl console is said again' {
	creates parrot echo
	{
		dom0_until 'grep "echo: on" /var/log/xen/guest-parrot.log' && printf 'one  line\r'
		dom0_until 'grep "echo: one" /var/log/xen/guest-parrot.log' && printf 'twx\177o\nexit reboot\r'
		dom0_until '! xl domid parrot'
	} | typed parrot >out
	tr -d '\r' <out >seen
	grep -qxF 'echo: one  line' seen
	grep -qxF 'echo: two' seen
	grep -qxF 'exit: reboot' seen
	run -0 dom0 cat /var/log/xen/xl-parrot.log
	has 'reason code 1 '
}

@test 'a flood loses nothing' {
	creates flood flood=3000
	dom0_until '! xl domid flood'
	same "$(seq 3000 | sed 's/^/line /')" "$(said flood | grep '^line')"
}

@test 'it ends when it is asked to, by xl and by virsh, and not when it is not to listen' {
	creates gentle wait
	run -0 dom0 xl shutdown -w gentle
	has 'reason code 0'
	run -0 said gentle
	has $'asked for: poweroff\nexit: poweroff'
	creates again echo
	run -0 dom0 xl reboot -w again
	has 'reason code 1'
	cat >virsh.xml <<-'XML'
		<domain type='xen'>
		  <name>virsh</name>
		  <memory unit='MiB'>32</memory>
		  <os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>/root/pvh.xen</kernel><cmdline>wait</cmdline></os>
		  <devices><console type='pty'><target type='xen'/></console></devices>
		</domain>
	XML
	dom0_put virsh.xml
	dom0 virsh -q -c xen:///system create virsh.xml
	dom0 virsh -q -c xen:///system shutdown virsh
	dom0_until '! xl domid virsh'
	creates deaf 'wait ignore-shutdown'
	dom0_until 'grep "arg 2" /var/log/xen/guest-deaf.log'
	# as xl shutdown writes it, which waits for a minute that it is taken away
	run -0 dom0 'at=/local/domain/$(xl domid deaf)/control/shutdown
		xenstore-write $at poweroff && sleep 2 && xenstore-read $at'
	same poweroff "$output"
	run -0 dom0 xl domid deaf
	run -0 said deaf
	has_not 'asked for'
}

@test 'twenty of them do nothing at once, and leave nothing behind' {
	local before used
	before=$(there_is)
	for i in {1..20}; do xl_file "many-$i" wait | sed 's/^memory = .*/memory = 16/' >"many-$i.xl"; done
	dom0_put many-*.xl :/tmp
	dom0 'for i in $(seq 20); do xl create -q /tmp/many-$i.xl || exit 1; done'
	same 20 "$(dom0 xl list | grep -c '^many-')"
	dom0_until '[ $(grep -l "arg 1: wait" /var/log/xen/guest-many-*.log | wc -l) = 20 ]'
	used=$(dom0 'sleep 5; xl list' | awk '/^many-/ { used += $NF } END { print used }')
	# all of what they used since they were created, in seconds
	awk -v used="$used" 'BEGIN { exit !(used < 4) }' || { echo "used $used s" >&2 && return 1; }
	dom0 xl shutdown -a
	dom0_until '! xl list | grep -e many- -e null'
	same "$before" "$(there_is)"
}
