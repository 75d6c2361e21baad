#!/usr/bin/env bats
# Verbs on detached unikernels: ps, stop, restart, rm, gc. What runs is started by mirari-supervise, as
# mirari run does it; records that nobody could have left behind on purpose are written by hand.

load lib/common.bash
load lib/try.bash

setup() {
	try_setup
	STATE=$XDG_STATE_HOME/mirari
}

# Nothing of a test goes on. What a hostile record says isn't believed for that.
teardown() {
	local pid
	[ ! -e "$T/pids" ] || while read -r pid; do
		kill -KILL -- "$pid" "-$pid" 2>/dev/null || true
	done <"$T/pids"
}

# supervised NAME [OPTION]... -- COMMAND...: in a session of its own; $pid is the program's then.
supervised() {
	local name=$1
	native # valgrind knows no pidfd
	shift
	rm -f "$T/answer"
	setsid mirari-supervise --name "$name" "$@" </dev/null >"$T/answer" 2>"$T/answer.err" 3>&- &
	echo $! >>"$T/pids"
	until_true grep -q '^$' "$T/answer" || {
		cat "$T/answer.err" >&2
		return 1
	}
	pid=$(mirari ps "$name" --get instance.pid)
	echo "$pid" >>"$T/pids"
}

# has_no PATTERN FILE
has_no() {
	! LC_ALL=C grep -qaP "$1" "$2" || flunk "should not be in $2: $1"
}

started_at() {
	sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20
}

# value NAME KEY
value() {
	mirari ps "$1" --get "$2"
}

is_status() {
	[ "$(value "$1" instance.status)" = "$2" ]
}

# written NAME STATUS [FIELD]...: a record
written() {
	local name=$1 status=$2
	shift 2
	mkdir -p -m 700 "$STATE"
	printf '%s\n' "instance.name=$name" "instance.status=$status" \
		"instance.boot=$(cat /proc/sys/kernel/random/boot_id)" "$@" '' >"$STATE/$name.instance"
}

# A program that doesn't end by SIGTERM, nor does what it has started; $T/NAME.child is its number.
stubborn() {
	supervised "$1" -- sh -c 'trap "" TERM; sleep 1000 & echo $! >"$1"; while :; do wait; sleep 0.1; done' \
		sh "$T/$1.child"
	until_true [ -s "$T/$1.child" ]
	child=$(cat "$T/$1.child")
	echo "$child" >>"$T/pids"
}

# gc in a network of its own, since it looks for taps as well
gc() {
	local unshare=(unshare --net)
	[ "$(id -u)" = 0 ] || unshare=(unshare --net --user --map-root-user)
	"${unshare[@]}" true 2>/dev/null || lacking 'there are no network namespaces to make'
	try "${unshare[@]}" mirari gc "$@"
}

# ---- ps ------------------------------------------------------------------------------------------

@test "ps: where nothing was started there is nothing, and nothing is made" {
	try mirari ps
	exits 0
	[ ! -s "$T/out" ] && [ ! -s "$T/err" ] || flunk 'should print nothing'
	try mirari ps --get instance.name
	exits 1
	try mirari ps www
	exits 1
	says "there is no instance 'www'"
	says 'mirari ps --all'
	[ ! -e "$XDG_STATE_HOME" ] || flunk 'should make nothing'
}

@test "ps: what is written, and what it uses" {
	supervised www --set arg='a  b' --set zz.unknown=x -- sleep 1000
	try mirari ps
	exits 0
	for line in instance.name=www instance.status=running 'arg=a  b' zz.unknown=x "instance.pid=$pid" \
		"instance.process=$pid.$(started_at "$pid")" instance.restarts=0; do
		grep -qxF "$line" "$T/out" || flunk "lacks $line"
	done
	grep -qxE 'instance.uptime=[0-9]' "$T/out" || flunk 'lacks uptime'
	grep -qxE 'instance.cpu=[0-9]{1,3}' "$T/out" || flunk 'lacks processor time'
	[ "$(value www instance.memory)" -gt 100000 ]
	[ "$(tail -n 1 "$T/out")" = '' ] || flunk 'should end the record'
	mirari ps | mirari-tap up || flunk 'another tool should read it'
	try mirari ps --get instance.pid
	same "$pid" "$(cat "$T/out")"
	try mirari ps --get zz.none
	exits 1
}

@test "ps: memory and processor time are of all that the program has started" {
	supervised fat -- sh -c '{ head -c 50000000 /dev/zero; sleep 1000; } | tail -c 50000000 | cat'
	fat() { [ "$(value fat instance.memory)" -gt 50000000 ] && [ "$(value fat instance.cpu)" -ge 10 ]; }
	until_true fat
}

@test "ps: what has a control group uses what that has counted" {
	mkdir group
	echo 123456789 >group/memory.current
	printf 'usage_usec 4200999\nuser_usec 1\nsystem_usec 2\n' >group/cpu.stat
	sleep 1000 3>&- &
	echo $! >>"$T/pids"
	process=$!.$(started_at $!)
	written www running "instance.supervisor=$process" "instance.process=$process" "instance.cgroup=$PWD/group"
	same 123456789 "$(value www instance.memory)"
	same 4200 "$(value www instance.cpu)"
	# without the controllers, or when it can't be read
	rm group/memory.current
	echo max >group/cpu.stat
	memory=$(value www instance.memory)
	[ "$memory" -gt 100000 ]
	[ "$memory" -lt 100000000 ]
	cpu=$(value www instance.cpu)
	[ "$cpu" -lt 4200 ]
}

@test "ps: uptime is the program's, whatever the clock of the machine says" {
	supervised www --set instance.started=1999-01-01T00:00:00.000Z -- sleep 1000
	sleep 1.1
	uptime=$(value www instance.uptime)
	[ "$uptime" -ge 1 ]
	[ "$uptime" -lt 60 ]
}

@test "ps on a terminal is a table" {
	need script
	supervised www --set target=hvt --set net.service.tap=mir-www --set net.other.tap=mir-w2 -- sleep 1000
	written failing failed instance.exit=134 target=spt instance.restarts=3
	written old exited
	TERM=dumb script -qec 'stty cols 200; mirari ps' /dev/null </dev/null | tr -d '\r' >table
	same 'NAME STATUS TARGET PID UPTIME CPU MEMORY TAPS RESTARTS' "$(head -n 1 table | tr -s ' ')"
	same 'failing failed (134) spt - - - - - 3' "$(sed -n 2p table | tr -s ' ')"
	sed -n 3p table | tr -s ' ' |
		grep -qxE "www running hvt $pid [0-9]s 0\\.[0-9]{2}s [0-9.]+[KM] mir-www,mir-w2 0"
	[ "$(wc -l <table)" -eq 3 ]
	mirari rm --all
	mirari stop www
	script -qec 'mirari ps' /dev/null </dev/null >table
	grep -q 'none runs; mirari ps --all shows 1 that ran' table
}

@test "ps: those that exited or were stopped are for --all, or their names" {
	for status in exited failed stopped lost running; do written "$status" "$status"; done
	same $'failed\nlost\nrunning' "$(mirari ps --get instance.name)"
	same $'exited\nfailed\nlost\nrunning\nstopped' "$(mirari ps -a --get instance.name)"
	same $'stopped\nexited' "$(mirari ps stopped exited --get instance.name)"
	# without a supervisor
	is_status running lost
}

@test "ps: one that isn't there is 1, and the others are shown" {
	written a exited
	for name in none ../a a/../a '' .; do
		try mirari ps "$name" a --get instance.name
		exits 1
		same a "$(cat "$T/out")"
	done
}

@test "ps: records that aren't ours are named, and the others shown" {
	written good exited
	printf 'instance.name=cut\ninstance.status=exited\n' >"$STATE/cut.instance"
	printf 'instance.name=other\ninstance.status=exited\n\n' >"$STATE/wrong.instance"
	head -c 2000000 /dev/urandom >"$STATE/noise.instance"
	: >"$STATE/empty.instance"
	ln -s good.instance "$STATE/link.instance"
	mkfifo "$STATE/pipe.instance"
	mkdir "$STATE/dir.instance"
	printf '%s\n' 'instance.name=process' instance.status=running instance.process=-1.-1 '' >"$STATE/process.instance"
	try timeout 10 mirari ps --all --get instance.name
	exits 65
	same good "$(cat "$T/out")"
	for name in cut wrong noise empty link pipe dir process; do says "$STATE/$name.instance"; done
	says 'mirari rm noise'
	for name in cut wrong noise empty link pipe process; do
		try mirari rm "$name"
		exits 0
	done
	rmdir "$STATE/dir.instance"
	try mirari ps --all --get instance.name
	exits 0
}

@test "ps: nothing in a record commands the terminal" {
	need script
	written evil failed $'target=\e]0;owned\a\e[31m\xc2\x9b2J' $'instance.exit=\e[2J' $'net.\x6d.tap=\e[5m' \
		$'instance.restarts=\t\e[1m'
	script -qec 'mirari ps' /dev/null </dev/null | tr -d '\r' >table
	grep -q '^evil' table
	has_no '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' table
}

@test "one whose supervisor was killed is lost, and has no process" {
	supervised www -- sleep 1000
	kill -KILL "$(value www instance.supervisor | cut -d . -f 1)"
	until_true is_status www lost
	until_true gone "$pid"
	try mirari ps www
	has_no '^instance.(pid|process|uptime|memory|cpu)=' "$T/out"
}

# another NAME BOOT OFFSET: a record of process $other, of that boot and with that much at its start time
another() {
	local process=$other.$(($(started_at "$other") + $3))
	written "$1" running "instance.supervisor=$process" "instance.process=$process" "instance.pid=$other" \
		"instance.cgroup=/sys/fs/cgroup"
	[ "$2" = this ] || sed -i "s/^instance.boot=.*/instance.boot=$2/" "$STATE/$1.instance"
}

@test "one of another boot, or whose number is another's now, is lost, and no process of it" {
	native
	sleep 1000 3>&- &
	other=$!
	echo $other >>"$T/pids"
	for case in 'before 0' 'this 1' 'this -1'; do
		# shellcheck disable=SC2086 # words
		another x $case
		is_status x lost
		try mirari ps x --get instance.pid
		exits 1
		gc
		exits 0
		says 'cleared away what was left of x'
		another x $case
		try mirari stop --timeout 0 x
		exits 0
		says 'x: had ended before (lost)'
		another x $case
		try mirari rm --force x
		exits 0
		[ ! -e "$STATE/x.instance" ]
	done
	runs $other
}

# ---- stop ----------------------------------------------------------------------------------------

@test "stop: by SIGTERM, and once is enough" {
	supervised www -- sh -c 'trap "echo told >told; kill \$!; exit 3" TERM; sleep 1000 & wait'
	try mirari stop www
	exits 0
	[ ! -s "$T/err" ] || flunk 'should say nothing'
	same told "$(cat told)"
	gone "$pid"
	is_status www stopped
	try mirari stop www
	exits 0
	says 'www: had ended before (stopped)'
	try mirari stop -q www
	[ ! -s "$T/err" ] || flunk 'should say nothing'
	try mirari stop none www
	exits 1
	says "there is no instance 'none'"
	try mirari stop
	exits 64
	try mirari stop --all www
	exits 64
	for timeout in '' -1 1.5 x 86401; do
		try mirari stop --timeout "$timeout" www
		exits 64
	done
}

@test "stop: one that doesn't end is killed when its time is over, and what it has started" {
	stubborn www
	SECONDS=0
	try mirari stop --timeout 1 www
	exits 0
	[ $SECONDS -ge 1 ] && [ $SECONDS -le 3 ] || flunk "took $SECONDS s"
	says 'www: was killed'
	gone "$pid"
	gone "$child"
	is_status www stopped
}

@test "stop: several have their time together" {
	for n in 1 2 3 4 5; do stubborn w$n; done
	supervised gentle -- sleep 1000
	SECONDS=0
	try mirari stop --all --timeout 1
	exits 0
	[ $SECONDS -le 4 ] || flunk "took $SECONDS s"
	same "$(yes stopped | head -n 6)" "$(mirari ps --all --get instance.status)"
}

@test "stop: a supervisor that hangs is killed, its program too" {
	stubborn www
	supervisor=$(value www instance.supervisor)
	kill -STOP "${supervisor%.*}"
	try mirari stop --timeout 0 www
	exits 0
	gone "${supervisor%.*}"
	gone "$pid"
	gone "$child"
	is_status www stopped
	has_no '^instance.process=' "$STATE/www.instance"
	[ ! -e "$STATE/www.console" ]
}

@test "stop: one that is lost and still runs is ended" {
	stubborn www
	supervisor=$(value www instance.supervisor)
	kill -KILL "${supervisor%.*}"
	until_true is_status www lost
	runs "$pid"
	try mirari stop www
	exits 0
	gone "$pid"
	gone "$child"
	is_status www stopped
}

# ---- restart -------------------------------------------------------------------------------------

@test "restart: the same command in the same place, with the environment of now" {
	mkdir elsewhere
	cd elsewhere
	WHO=first supervised www --set arg=kept -- sh -c 'echo "$WHO $1" >>ran; exec sleep 1000' sh 'a  b'
	cd ..
	before=$pid
	WHO=second try mirari restart www
	exits 0
	grep -qxF instance.name=www "$T/out" || flunk 'should print the record'
	[ -z "$(tail -n 1 "$T/out")" ] || flunk 'should end the record'
	pid=$(value www instance.pid)
	echo "$pid" >>"$T/pids"
	[ "$pid" != "$before" ]
	gone "$before"
	same "$pid" "$(sed -n 's/^instance.pid=//p' "$T/out")"
	is_status www running
	same kept "$(value www arg)"
	until_true [ "$(wc -l <elsewhere/ran)" -eq 2 ]
	same $'first a  b\nsecond a  b' "$(cat elsewhere/ran)"
	# its supervisor has a session of its own, and nothing of ours
	supervisor=$(value www instance.supervisor)
	same "${supervisor%.*}" "$(ps -o sid= "${supervisor%.*}" | tr -d ' ')"
	same '/dev/null /dev/null /dev/null' "$(echo $(readlink /proc/"${supervisor%.*}"/fd/{0,1,2}))"
	mirari stop www
	try mirari restart www
	exits 0
	is_status www running
	mirari stop www
}

@test "restart: nothing is stopped when one can't be started again" {
	supervised www -- sleep 1000
	written odd exited
	for name in odd none; do
		try mirari restart www $name
		[ "$status" -ne 0 ] || flunk 'should fail'
		runs "$pid"
	done
	exits 1
	try mirari restart odd
	exits 65
	says "odd: how it was started isn't written down"
	try mirari restart
	exits 64
}

@test "restart: what it says when it doesn't start" {
	cp "$(command -v sleep)" program
	supervised www -- ./program 1000
	rm program
	try mirari restart www
	exits 127
	says ./program
	says "www: didn't start"
	gone "$pid"
	written gone exited "instance.dir=$T/nowhere" instance.command=true
	try mirari restart gone
	exits 71
	says "$T/nowhere: No such file or directory"
	written quick exited "instance.dir=$T" instance.command=true
	try mirari restart quick
	exits 65
	says 'true: ended without saying that it runs'
}

@test "restart: what somebody has open isn't the instance's for ever; one that is named twice is started once" {
	need flock
	supervised www -- sleep 1000
	exec 8>held
	flock 8
	try mirari restart www www
	value www instance.pid >>"$T/pids"
	exits 0
	same 1 "$(grep -c ^instance.name= "$T/out")"
	is_status www running
	exec 8>&-
	flock -n held true || flunk 'it is held still'
	mirari stop www
}

@test "restart: of one that can't be started now nothing is lost" {
	printf '#!/bin/sh\necho first; exec sleep 1000\n' >program
	chmod 755 program
	supervised www --restart always --set arg=kept -- ./program
	until_true grep -q first "$STATE/www.log"
	mv program program.good
	printf '#!/nonexistent\n' >program
	chmod 755 program
	try mirari restart www
	exits 127
	gone "$pid"
	same 'stopped kept always' "$(value www instance.status) $(value www arg) $(value www instance.restart)"
	has_no '^instance.(pid|process)=' "$STATE/www.instance"
	grep -q first "$STATE/www.log"
	[ ! -e "$STATE/www.console" ]
	mv program.good program
	try mirari restart www
	exits 0
	is_status www running
	same always "$(value www instance.restart)"
	# nor is it of one that was lost
	supervisor=$(value www instance.supervisor)
	kill -KILL "${supervisor%.*}"
	until_true is_status www lost
	until_true gone "$(sed -n 's/^instance.pid=//p' "$STATE/www.instance")"
	printf '#!/nonexistent\n' >program
	try mirari restart www
	exits 127
	is_status www lost
	gc
	is_status www lost
	try mirari rm www
	exits 0
	# of a first start nothing is kept, as before
	try mirari-supervise --name www -- ./program
	exits 127
	same lock "$(ls "$STATE")"
}

# ---- rm ------------------------------------------------------------------------------------------

@test "rm: one that has ended, with its logs or without" {
	for name in a b; do
		written $name exited
		touch "$STATE/$name.log" "$STATE/$name.log.1" "$STATE/$name.log.12" "$STATE/$name.log.x"
	done
	try mirari rm a
	exits 0
	try mirari rm --keep-logs b
	exits 0
	same 'a.log.x b.log b.log.1 b.log.12 b.log.x lock' "$(cd "$STATE" && echo *)"
	try mirari rm a
	exits 1
	says "there is no instance 'a'"
	try mirari rm --force a
	exits 0
	try mirari rm
	exits 64
	try mirari rm --all a
	exits 64
}

@test "rm: not what runs, but with --force" {
	stubborn www
	written done exited
	try mirari rm www
	exits 75
	says "www: is running, as process $pid"
	says 'mirari stop www'
	try mirari rm --all
	exits 0
	same www "$(mirari ps --all --get instance.name)"
	SECONDS=0
	try mirari rm --force www
	exits 0
	[ $SECONDS -le 2 ] || flunk "took $SECONDS s"
	gone "$pid"
	gone "$child"
	same lock "$(ls "$STATE")"
}

@test "rm: of all, what nobody can read is left" {
	written done exited
	echo garbage >"$STATE/odd.instance"
	try mirari rm --all
	exits 65
	says "$STATE/odd.instance"
	same 'lock odd.instance' "$(cd "$STATE" && echo *)"
	try mirari rm --all --force
	exits 0
	same lock "$(ls "$STATE")"
}

# ---- gc ------------------------------------------------------------------------------------------

@test "gc: what is left of those whose supervisor was killed" {
	stubborn www
	written fine exited
	supervisor=$(value www instance.supervisor)
	kill -KILL "${supervisor%.*}"
	until_true is_status www lost
	gc --dry-run
	exits 0
	says 'would clear away what is left of www'
	runs "$pid"
	grep -qx instance.status=running "$STATE/www.instance"
	gc
	exits 0
	says 'cleared away what was left of www'
	gone "$pid"
	gone "$child"
	grep -qx instance.status=lost "$STATE/www.instance"
	has_no '^instance.(pid|process|supervisor)=' "$STATE/www.instance"
	[ ! -e "$STATE/www.console" ]
	gc
	exits 0
	[ ! -s "$T/err" ] || flunk 'should have nothing to do'
	is_status fine exited
	is_status www lost
	try mirari restart www
	exits 0
	mirari stop --timeout 0 www
}

@test "gc: what a program has started ends with it, also when that has ended already" {
	supervised www -- sh -c '(trap "" TERM; echo $$ >group; exec sleep 1000) & echo $! >child; wait'
	until_true [ -s child ]
	cat child >>"$T/pids"
	supervisor=$(value www instance.supervisor)
	kill -KILL "${supervisor%.*}"
	until_true gone "$pid"
	runs "$(cat child)"
	gc
	exits 0
	gone "$(cat child)"
}

@test "gc: all that is in the control group is killed, and that removed" {
	need findmnt
	groups=$(findmnt -t cgroup2 -n -o TARGET | head -n 1)
	[ -n "$groups" ] || lacking 'there are no control groups of version 2'
	for group in "$groups/mirari-$$" "$groups/mirari-www$$"; do
		rmdir "$group" 2>/dev/null || true
		mkdir "$group" 2>/dev/null || lacking 'no control group can be made'
	done
	[ -e "$group/cgroup.kill" ] || lacking 'the kernel has no cgroup.kill (Linux 5.14)'
	for name in $$ www$$; do
		setsid sh -c 'echo $$ >"$1/cgroup.procs"; echo $$; exec sleep 1000' sh "$groups/mirari-$name" </dev/null \
			>"$name.pid" 3>&- &
		until_true [ -s $name.pid ]
		cat $name.pid >>"$T/pids"
	done
	# of the one that a record belongs to, not of another
	written www$$ running "instance.cgroup=$groups/mirari-$$"
	gc
	runs "$(cat $$.pid)"
	written www$$ running "instance.cgroup=$group"
	gc
	exits 0
	gone "$(cat www$$.pid)"
	[ ! -e "$group" ]
	runs "$(cat $$.pid)"
	kill -KILL "$(cat $$.pid)"
	until_true rmdir "$groups/mirari-$$"
}

@test "gc: goes on behind a record that can't be read" {
	written b running
	echo garbage >"$STATE/a.instance"
	gc -q
	exits 65
	says "$STATE/a.instance"
	grep -qx instance.status=lost "$STATE/b.instance"
	gc b
	exits 64
}

# ---- the directory -------------------------------------------------------------------------------

@test "a directory where others may write isn't used by anybody" {
	written a exited
	chmod 777 "$STATE"
	for verb in 'ps' 'stop a' 'restart a' 'rm a' 'rm --force a'; do
		# shellcheck disable=SC2086 # words
		try mirari $verb
		exits 77
		says "$STATE: others may write there"
	done
	gc
	exits 77
	[ -e "$STATE/a.instance" ]
}

@test "a directory that can't be made: why, and what to do" {
	[ -d /dev/pts ] || lacking 'there is no /dev/pts, where nobody can make a directory'
	XDG_STATE_HOME=/dev/pts/none/state try mirari-supervise --name a -- true
	exits 77
	grep -qE 'create /dev/pts/none: (Operation not permitted|Permission denied)' "$T/err" || flunk 'should say why'
	says 'export XDG_STATE_HOME='
}

@test "a name is taken by one of many, and they all say so" {
	native
	for n in {1..12}; do
		setsid mirari-supervise --name same -- sleep 1000 </dev/null >"record.$n" 2>"said.$n" 3>&- &
		echo $! >>"$T/pids"
	done
	ended() { [ "$(cat record.* said.* | grep -cE '^instance.name=|same: is [a-z]+, as process')" -eq 12 ]; }
	until_true ended
	same 1 "$(cat record.* | grep -c ^instance.name=)"
	mirari stop --timeout 0 same
}
