#!/usr/bin/env bats
# mirari logs and mirari console: against instances that mirari-supervise looks after, and against logs
# that were written by hand.

load lib/common.bash
load lib/try.bash

setup() {
	try_setup
	state=$XDG_STATE_HOME/mirari
}

teardown() {
	local pid
	for pid in "${supervisors[@]}"; do
		kill "$pid" 2>/dev/null || continue
		timeout 15 tail --pid="$pid" -f /dev/null || kill -9 "$pid"
	done
}

supervisors=()

# supervise NAME [OPTION]... -- COMMAND...: an instance, once it runs
supervise() {
	local name=$1
	shift
	mirari-supervise --name "$name" "$@" >"$T/$name.record" 2>"$T/$name.err" 3>&- &
	supervisors+=($!)
	until_true grep -qx '' "$T/$name.record"
}

ended() {
	grep -qx -e instance.status=exited -e instance.status=failed -e instance.status=stopped \
		"$state/$1.instance"
}

logged() {
	grep -q -e "$2" "$state/$1.log"
}

# A log by hand, of an instance that was removed.
by_hand() {
	mkdir -p -m 700 "$state"
	cat >"$state/$1.log"
}

shows() {
	printf "$@" | cmp -s - "$T/out" || flunk "should show $(printf "$@" | cat -v)"$'\n--- showed:\n'"$(cat -v "$T/out")"
}

terminal() {
	python3 "$SOURCE/t/lib/terminal.py" "$@"
}

# What a program that is talked to does: each line that comes is answered.
answering() {
	# shellcheck disable=SC2016 # for the inner shell
	echo 'echo ready; printf "prompt> "; while read -r line; do
		[ "$line" != quit ] || exit 3
		printf "got %s\nprompt> " "$line"
	done; sleep 60'
}

@test "logs: stdout to stdout, stderr to stderr, of what has ended" {
	supervise x -- sh -c 'echo out; echo err >&2; printf begun'
	until_true ended x
	soon mirari-logs x
	exits 0
	shows 'out\nbegun\n'
	says err
	! grep -q out "$T/err"
	soon mirari-logs --tail 1 x
	exits 0
}

@test "logs -t: the time in front, RFC 3339, UTC" {
	printf '2026-03-01T10:00:00.500Z stdout F one\nforeign\n2026-03-01T10:00:01.000Z stdout P t\n2026-03-01T10:00:01.000Z stdout F wo\n' |
		by_hand x
	try mirari-logs -t x
	exits 0
	shows '2026-03-01T10:00:00.500Z one\nforeign\n2026-03-01T10:00:01.000Z two\n'
	try mirari-logs x
	shows 'one\nforeign\ntwo\n'
}

@test "logs: the files of a log in their order, and the last lines of all of them" {
	by_hand x <<<'2026-03-01T10:00:02.000Z stdout F three'
	printf '2026-03-01T10:00:01.000Z stdout F two\n' >"$state/x.log.1"
	printf '2026-03-01T10:00:00.000Z stdout F one\n' >"$state/x.log.2"
	try mirari-logs x
	shows 'one\ntwo\nthree\n'
	try mirari-logs --tail 2 x
	shows 'two\nthree\n'
	try mirari-logs --tail=0 x
	exits 0
	shows ''
	try mirari-logs --since 2026-03-01T10:00:01Z x
	shows 'two\nthree\n'
	try mirari-logs --since 2026-03-01T11:00:02+01:00 x
	shows 'three\n'
	try mirari-logs --since 2026-03-01 --tail 1 x
	shows 'three\n'
	try mirari-logs --since 2026-03-02 x
	exits 0
	shows ''
}

@test "logs --since: so long ago" {
	{
		echo "$(date -u -d '-2 hours' +%FT%T.000Z) stdout F old"
		echo "$(date -u -d '-30 minutes' +%FT%T.000Z) stdout F newer"
		echo "$(date -u -d '-5 seconds' +%FT%T.000Z) stdout F new"
	} | by_hand x
	local since
	for since in 1d 3h 2h50s 7260s; do
		try mirari-logs --since $since x
		shows 'old\nnewer\nnew\n'
	done
	for since in 1h 31m 1h59m 1850s; do
		try mirari-logs --since $since x
		shows 'newer\nnew\n'
	done
	try mirari-logs --since 60s x
	shows 'new\n'
	try mirari-logs --since 0s x
	shows ''
	for since in '' 1 1x h 1h1 -1h 2026-13-01 yesterday 99999999999999d 1.5h; do
		try mirari-logs --since "$since" x
		exits 64
		says "--since=$since: expected a time"
	done
}

@test "logs: wrong words are 64, an unknown name is 1 with what to do" {
	try mirari-logs
	exits 64
	says 'which one?'
	try mirari-logs a b
	exits 64
	says 'not also b'
	try mirari-logs --tail x a
	exits 64
	says '--tail=x: expected a whole number'
	try mirari-logs nobody
	exits 1
	says nobody
	says 'mirari ps'
	try mirari-logs ../x
	exits 64
	try mirari-console nobody
	exits 1
	says 'mirari ps'
	try mirari-console
	exits 64
	try mirari-console --tail=-1 a
	exits 64
	[ ! -e "$state" ] || flunk 'should make nothing'
}

@test "logs of one that was removed with its log kept; console of it is 1" {
	by_hand x <<<'2026-03-01T10:00:02.000Z stdout F kept'
	try mirari-logs x
	exits 0
	shows 'kept\n'
	soon mirari-logs -f x
	exits 0
	shows 'kept\n'
	try mirari-console x
	exits 1
	says 'has ended'
	says 'mirari logs x'
}

@test "logs: what isn't a terminal gets the bytes as they are" {
	supervise x -- printf 'a\0b\033[2J\r\n\377\n'
	until_true ended x
	soon mirari-logs x
	shows 'a\0b\033[2J\r\n\377\n'
}

@test "logs: a terminal gets text and colours, and is commanded by nobody" {
	supervise x -- printf 'a\033[31mred\033[0m \033[2J\033]0;title\007b\rc\r\n\377\302\233 caf\303\251\033[1m\n'
	until_true ended x
	need python3
	terminal -- sh -c 'mirari-logs x 2>/dev/null' >"$T/out"
	printf 'a\033[31mred\033[0m ^[[2J^[]0;title^Gb^Mc\r\n?? caf\303\251\033[1m\n\033[m\nstatus 0\nsettings same\n' |
		cmp - "$T/out" || {
		cat -v "$T/out" >&2
		false
	}
	terminal -- sh -c 'mirari-logs --raw x 2>/dev/null' >"$T/out"
	grep -qF $'\e]0;title' "$T/out"
	terminal -- sh -c 'mirari-console x; echo "it was $?"' >"$T/out"
	grep -qx 'it was 1' "$T/out"
}

@test "logs -f: what comes, at once, until the instance ends" {
	supervise x -- sh -c 'for i in 1 2 3; do echo line $i; sleep 0.3; done; printf end'
	soon mirari-logs -f x
	exits 0
	shows 'line 1\nline 2\nline 3\nend\n'
}

@test "logs -f: over rotations nothing is lost and nothing comes twice" {
	# not before it is followed: what is removed by then can't be shown
	supervise x --log-size 4096 --log-files 5 -- sh -c 'echo ready; until [ -e go ]; do sleep 0.01; done
		i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i + 1)); [ $((i % 50)) -ne 0 ] || sleep 0.02; done'
	timeout 60 mirari-logs -f x >"$T/out" 3>&- &
	until_true grep -qx ready "$T/out"
	: >go
	wait $!
	{ echo ready; seq 0 2999; } | cmp - "$T/out"
	[ "$(ls "$state" | grep -c '^x\.log')" -eq 5 ]
}

@test "logs -f | head ends, and isn't a failure" {
	supervise x -- sh -c 'echo one; sleep 60'
	set -o pipefail
	[ "$(timeout 10 mirari-logs -f x | head -n 1)" = one ]
}

@test "console: the log first, then what comes: nothing is missing, nothing twice" {
	supervise x -- sh -c 'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i + 1)); [ $((i % 20)) -ne 0 ] || sleep 0.02; done'
	local i
	for i in 1 2 3 4; do
		sleep 0.1
		mirari-console --tail 100000 x </dev/null >"$T/console.$i" &
		consoles[i]=$!
	done
	for i in 1 2 3 4; do
		wait "${consoles[i]}"
		grep -v '^mirari: ' "$T/console.$i" | cmp - <(seq 0 1999)
	done
	[ ! -e "$state/x.console" ]
}

@test "console: typed lines are the program's input; a prompt is shown; its end is ours" {
	supervise x -- sh -c "$(answering)"
	until_true logged x ready
	soon mirari-console --tail 0 x < <(sleep 0.3; echo hello; sleep 0.3; echo quit)
	exits 0
	[[ "$(cat "$T/out")" == 'prompt> got hello'$'\n''prompt> '* ]] || flunk "showed $(cat "$T/out")"
	until_true ended x
}

@test "console on a terminal: ^] leaves, and the instance goes on" {
	need python3
	supervise x -- sh -c "$(answering)"
	until_true logged x ready
	terminal 'expect=^] leaves' 'expect=ready' 'expect=prompt> ' settings=other 'send=hi\r' 'expect=got hi' \
		'send=half\x1d' -- mirari-console x >"$T/out"
	grep -qx 'mirari-console: left; x goes on' "$T/out"
	grep -qx 'status 0' "$T/out"
	grep -qx 'settings same' "$T/out"
	terminal 'expect=prompt> ' 'send=\x04' 'send=again\r' 'expect=got again' 'send=quit\r' -- mirari-console x >"$T/out"
	grep -qx 'mirari-console: x has ended' "$T/out"
	grep -qx 'status 0' "$T/out"
	grep -qx 'settings same' "$T/out"
	# what stood before ^] wasn't sent
	! logged x half
}

@test "console on a terminal: settings are as before after ^C, SIGTERM, and while it is stopped" {
	native # valgrind doesn't let itself be stopped
	need python3
	supervise x -- sh -c "$(answering)"
	until_true logged x ready
	terminal 'expect=prompt> ' settings=other 'send=\x1a' stopped settings=same continue settings=other \
		'send=ok\r' 'expect=got ok' 'send=\x03' -- mirari-console x >"$T/out"
	grep -qx 'status 130' "$T/out"
	grep -qx 'settings same' "$T/out"
	terminal 'expect=prompt> ' settings=other kill=SIGTERM -- mirari-console x >"$T/out"
	grep -qx 'status 143' "$T/out"
	grep -qx 'settings same' "$T/out"
	terminal 'expect=prompt> ' settings=other hangup -- mirari-console x >"$T/out"
	# by SIGHUP, or since nobody is there to read or to be written to
	grep -qxE "status (0|74|129)" "$T/out"
	terminal 'expect=prompt> ' settings=other 'send=quit\r' -- mirari-console x >"$T/out"
	grep -qx 'settings same' "$T/out"
}

@test "console on a terminal: what the program prints commands nothing, unless --raw" {
	need python3
	supervise x -- sh -c 'read -r l; printf "\033]0;title\007\033[32mgreen\n"; read -r l'
	terminal 'expect=^] leaves' 'send=go\r' 'expect=green' 'send=\x1d' -- mirari-console x >"$T/out"
	grep -qF $'^[]0;title^G\e[32mgreen' "$T/out"
	! grep -qF $'\e]' "$T/out"
	terminal 'expect=green' 'send=\x1d' -- mirari-console --raw x >"$T/out"
	grep -qF $'\e]0;title\a' "$T/out"
}

@test "console: one that doesn't read holds nobody up" {
	supervise x -- sh -c 'read -r l; i=0; while [ $i -lt 30 ]; do head -c 100000 /dev/zero | tr "\0" x; echo; i=$((i + 1)); done; echo done; sleep 60'
	mkfifo "$T/slow"
	mirari-console x </dev/null >"$T/slow" 2>/dev/null &
	local slow=$!
	exec 4<"$T/slow"
	echo go | mirari-console --tail 0 x | grep -m 1 -q done
	exec 4<&-
	wait $slow
	until_true logged x done
}
