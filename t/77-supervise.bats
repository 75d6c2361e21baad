#!/usr/bin/env bats
# mirari-supervise: programs that crash, that don't stop, that flood; and being killed itself.
load lib/common.bash
load lib/try.bash

setup() {
	try_setup
	S=$XDG_STATE_HOME/mirari
	begun=()
}

# Whatever a test has begun and not ended is ended here.
teardown() {
	local pid
	for pid in "${begun[@]}"; do
		kill -QUIT "$pid" 2>/dev/null || continue
		wait "$pid" 2>/dev/null || true
	done
}

# within SECONDS COMMAND...: until it succeeds; these are limits for a busy machine, not expectations
within() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || {
			printf 'never: %s\n' "$*" >&2
			tail -n 20 "$S"/*.instance "$S"/*.log >&2 || true
			return 1
		}
		sleep 0.02
	done
}

# begin NAME OPTION... -- COMMAND...: a supervisor in the background, once it says that the program runs
begin() {
	local name=$1
	shift
	mirari-supervise --name "$name" "$@" >"$T/$name.record" 2>"$T/$name.err" 3>&- </dev/null &
	supervisor=$!
	begun+=("$supervisor")
	within 20 said "$name" || {
		cat "$T/$name.err" >&2
		return 1
	}
}

# Has it written a whole record?
said() {
	[ -s "$T/$1.record" ] && [ -z "$(tail -n 1 "$T/$1.record")" ]
}

# get NAME KEY: as the record of the instance is now
get() {
	sed -n "s/^instance\.$2=//p" "$S/$1.instance"
}

is() {
	[ "$(get "$1" "$2")" = "$3" ]
}

log() {
	cut -d ' ' -f 2,4- "$S/$1.log"
}

logged() {
	log "$1" | grep -qxF -e "$2"
}

# ends NAME STATUS: the supervisor ends with it
ends() {
	status=0
	wait "$supervisor" || status=$?
	[ "$status" -eq "$1" ] || {
		printf 'the supervisor ended with %s, not %s\n' "$status" "$1" >&2
		tail -n 20 "$S"/*.log >&2
		return 1
	}
}

@test 'a program that ends well: its record, its output, and nothing left' {
	run -0 --separate-stderr mirari-supervise --name a.b -- sh -c 'echo one; echo two >&2; pwd; printf end'
	has "instance.name=a.b"
	has "instance.status=running"
	has "instance.log=$S/a.b.log"
	has "instance.dir=$T/dir"
	has "instance.restart=no"
	has "instance.restarts=0"
	[ "${lines[-1]}" ]
	[ -z "$stderr" ]
	pid=$(sed -n 's/^instance.pid=//p' <<<"$output")
	logged a.b "stderr mirari: started: pid $pid"
	same "stdout one
stdout $T/dir
stdout end" "$(log a.b | grep ^stdout)"
	logged a.b 'stderr two'
	logged a.b 'stderr mirari: ended with status 0'
	is a.b status exited
	is a.b exit 0
	is a.b pid ''
	[ "$(get a.b started)" ] && [ "$(get a.b ended)" ]
	[ ! -e "$S/a.b.console" ]
}

@test 'the exit status is the last one of the program' {
	for wanted in 1 64 255; do
		run -$wanted mirari-supervise --name a -- sh -c "exit $wanted"
		is a exit $wanted
		is a status failed
	done
	run -137 mirari-supervise --name a -- sh -c 'kill -KILL $$'
	logged a 'stderr mirari: ended with status 137 (SIGKILL)'
	run -134 mirari-supervise --name a -- sh -c 'exit 134'
	logged a 'stderr mirari: ended with status 134 (abort)'
}

@test 'a command that is not there, or is no program: nothing stays' {
	printf 'no program' >text
	cp text executable
	chmod +x executable
	try mirari-supervise --name a -- nowhere-to-be-found
	exits 127
	says 'mirari-supervise: nowhere-to-be-found: command not found'
	try mirari-supervise --name a -- ./nowhere
	exits 127
	try mirari-supervise --name a -- ./text
	exits 126
	try mirari-supervise --name a -- ./executable
	exits 126
	says 'exec ./executable: Exec format error'
	[ ! -s "$T/out" ]
	same '' "$(ls "$S" | grep -vx lock)"
	# nor are the log and the record of an earlier one touched
	run -0 mirari-supervise --name a -- echo hello
	try mirari-supervise --name a -- ./executable
	exits 126
	logged a 'stdout hello'
	is a status exited
	same 1 "$(grep -c started "$S/a.log")"
}

@test 'bad usage' {
	for words in '-- true' '--name a' '--name a --restart sometimes -- true' '--name a --restart on-failure:0 -- true' \
		'--name a --log-size x -- true' '--name a --log-files 0 -- true' '--name a --memory-max 0 -- true' \
		'--name a --cpus 0 -- true' '--name a --cpuset 1- -- true' '--name a/b -- true' '--name .. -- true' \
		'--name a --set x -- true' '--name a --set=X=y -- true'; do
		# shellcheck disable=SC2086 # words
		try mirari-supervise $words
		exits 64
		[ ! -s "$T/out" ]
	done
	try mirari-supervise --name a --set memory=lots -- true
	exits 65
	[ ! -e "$S" ]
}

@test 'when the record can not be written, the program is ended again' {
	tried='mirari-supervise >/dev/full' status=0
	mirari-supervise --name a -- sh -c 'echo $$ >pid; exec sleep 60' 2>"$T/err" >/dev/full || status=$?
	exits 74
	says 'write standard output: No space left on device'
	[ ! -s pid ] || gone "$(cat pid)"
	same '' "$(ls "$S" | grep -vx lock)"
}

@test '--set goes into the record; how to start it again is there without' {
	native
	begin a --set target=hvt --set net.service.tap=tap7 --set instance.status=lost --set instance.exit=3 -- sleep 60
	grep -qx target=hvt "$S/a.instance"
	grep -qx net.service.tap=tap7 "$S/a.instance"
	is a status running
	is a exit ''
	same "mirari-supervise
--name
a
--set
target=hvt
--set
net.service.tap=tap7
--set
instance.status=lost
--set
instance.exit=3
--
sleep
60" "$(get a command)"
	same "$(cat "$T/a.record")" "$(cat "$S/a.instance")"
	begin b --set instance.command=mine --set instance.dir=/ -- sleep 60
	is b command mine
	is b dir /
	# what a record can't carry isn't changed, but left out
	begin c -- sh -c $'sleep 60\n'
	is c command ''
}

@test 'it lets go of standard input, output and error' {
	begin a -- sleep 60
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$supervisor/fd/$fd")" = /dev/null ]
	done
}

@test 'SIGTERM, SIGINT and SIGHUP: the program gets SIGTERM, and has its time' {
	for signal in TERM INT HUP; do
		# a job of a shell without job control ignores SIGINT
		begin a -- sh -c 'trap "echo bye; sleep 0.2; echo gone; exit 7" TERM; echo ready; while :; do sleep 0.05; done'
		within 20 logged a 'stdout ready'
		kill -$signal "$supervisor"
		[ $signal != INT ] || {
			sleep 0.2
			is a status running
			kill "$supervisor"
		}
		within 20 is a status stopping || is a status stopped
		ends 0
		is a status stopped
		is a exit 7
		logged a 'stdout gone'
		logged a 'stderr mirari: ended with status 7; stopped'
		mv "$S/a.log" "$S/a.$signal"
	done
	run -0 /usr/bin/python3 - "$S" <<-'END'
		import os, signal, subprocess, sys, time
		signal.signal(signal.SIGINT, signal.SIG_DFL)
		p = subprocess.Popen(["mirari-supervise", "--name", "i", "--", "sleep", "60"], stdout=subprocess.PIPE)
		p.stdout.read()
		p.send_signal(signal.SIGINT)
		assert p.wait(20) == 0
		assert "instance.status=stopped" in open(sys.argv[1] + "/i.instance").read()
	END
}

@test 'a program that ignores SIGTERM goes on until SIGQUIT' {
	begin a -- sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
	pid=$(get a pid)
	within 20 logged a 'stdout ready'
	kill "$supervisor"
	within 20 is a status stopping
	sleep 0.3
	runs "$pid"
	is a status stopping
	kill -QUIT "$supervisor"
	ends 0
	gone "$pid"
	is a status stopped
	is a exit 137
}

@test 'what the program has started ends with it' {
	begin a -- sh -c 'sleep 61 & echo $! >1; setsid sleep 62 & echo $! >2; (setsid sh -c "sleep 63 & echo \$! >3; wait" &); while [ ! -s 3 ]; do sleep 0.02; done; echo all; sleep 60'
	within 20 logged a 'stdout all'
	for n in 1 2 3; do runs "$(cat $n)"; done
	kill "$supervisor"
	ends 0
	for n in 1 2 3; do gone "$(cat $n)"; done
	# in its own group, holding the pipe open, while the program has ended by itself
	run -5 mirari-supervise --name b -- sh -c 'sleep 61 & echo $! >4; echo last; exit 5'
	gone "$(cat 4)"
	logged b 'stdout last'
}

@test 'a crash loop: each wait is longer, and on-failure:N gives up' {
	run -9 mirari-supervise --name a --restart on-failure:3 -- sh -c 'echo run; exit 9'
	same 4 "$(log a | grep -cx 'stdout run')"
	is a status failed
	is a restarts 3
	is a exit 9
	is a next ''
	logged a 'stderr mirari: ended with status 9; gave up after 3 restarts'
	waits=($(log a | sed -n 's/.*status 9; again in \(.*\) ms/\1/p'))
	[ ${#waits[@]} -eq 3 ]
	((waits[0] >= 50 && waits[0] <= 100 && waits[1] >= 100 && waits[1] <= 200 && waits[2] >= 200 && waits[2] <= 400))
	# and they were waited for
	run -0 /usr/bin/python3 - "$S/a.log" "${waits[@]}" <<-'END'
		import datetime, sys
		when = lambda words: [datetime.datetime.fromisoformat(l[:23]).timestamp() for l in open(sys.argv[1]) if words in l]
		for start, end, wait in zip(when("started")[1:], when("again in"), sys.argv[2:]):
		    assert start - end >= int(wait) / 1000 - 0.002, (start, end, wait)
	END
}

@test 'which ends are retried' {
	run -64 mirari-supervise --name a --restart on-failure -- sh -c 'exit 64'
	logged a 'stderr mirari: ended with status 64 (usage)'
	run -0 mirari-supervise --name a --restart on-failure -- true
	run -127 mirari-supervise --name a --restart on-failure -- sh -c 'exit 127'
	is a restarts 0
	begin b --restart always -- sh -c 'exit 0'
	within 20 is b restarts 2
	kill "$supervisor"
	ends 0
	is b status stopped
}

@test 'a program that is not there for its restart' {
	printf '#!/bin/sh\nrm -f prog\nexit 1\n' >prog
	chmod +x prog
	run -127 mirari-supervise --name a --restart on-failure -- ./prog
	log a | grep -q '^stderr mirari: could not be started: exec ./prog: No such file'
	is a status failed
	is a exit 127
}

@test 'stopped while it waits' {
	begin a --restart always -- sh -c 'exit 3'
	within 20 is a restarts 4
	within 20 is a status waiting
	[ "$(get a next)" ]
	is a pid ''
	kill "$supervisor"
	ends 0
	is a status stopped
	is a next ''
	logged a 'stderr mirari: stopped'
}

@test 'the record is current while it is restarted' {
	begin a --restart always -- sh -c 'echo $$ >>pids; sleep 0.1; exit 2'
	for round in 1 2; do
		within 20 is a restarts $round
		within 20 is a status waiting
		is a exit 2
	done
	within 20 is a status running
	[ "$(get a pid)" = "$(tail -n 1 pids)" ]
}

@test 'descriptors are handed on by LISTEN_FDS at each start' {
	native
	cat >listener <<-'END'
		import os, socket, sys
		assert os.environ["LISTEN_PID"] == str(os.getpid()), (os.environ["LISTEN_PID"], os.getpid())
		assert os.environ["LISTEN_FDS"] == "2" and os.environ["LISTEN_FDNAMES"] == "a:b"
		s = socket.socket(fileno=3)
		others = sorted(int(f) for f in os.listdir("/proc/self/fd") if int(f) > 4 and os.path.exists("/proc/self/fd/" + f))
		print("others", others, flush=True)
		client, _ = s.accept()
		client.sendall(os.read(4, 5))
		client.close()
		sys.exit(1)
	END
	cat >starter <<-'END'
		import os, socket, sys, time
		def connect():
		    c = socket.create_connection(s.getsockname(), 20)
		    return c.recv(100)
		s = socket.socket()
		s.bind(("127.0.0.1", 0))
		s.listen(10)
		r, w = os.pipe()
		os.write(w, b"abcdefghijklmno")
		out_r, out_w = os.pipe()
		pid = os.fork()
		if pid == 0:
		    os.dup2(out_w, 1)
		    os.dup2(s.fileno(), 100)
		    os.dup2(r, 101)
		    os.closerange(3, 100)
		    os.dup2(100, 3)
		    os.dup2(101, 4)
		    os.closerange(5, 4096)
		    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="a:b")
		    os.execvp("mirari-supervise", ["mirari-supervise", "--name", "l", "--restart", "on-failure:2", "--", sys.executable, "listener"])
		os.close(out_w)
		os.read(out_r, 10000)
		assert [connect(), connect(), connect()] == [b"abcde", b"fghij", b"klmno"]
		assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
	END
	run -0 /usr/bin/python3 starter
	# none of the supervisor's own among them
	same 3 "$(log l | grep -cxF 'stdout others []')"
	is l restarts 2
	# handed to somebody else, it stays so
	LISTEN_PID=1 LISTEN_FDS=1 run -0 mirari-supervise --name m -- sh -c 'echo "$LISTEN_PID $LISTEN_FDS"'
	logged m 'stdout 1 1'
}

@test 'signals and environment are as they were' {
	A=b run -0 mirari-supervise --name a -- sh -c 'echo "$A"; grep -E "^Sig(Blk|Ign)" /proc/self/status'
	logged a 'stdout b'
	same "$(sh -c 'exec grep -E "^Sig(Blk|Ign)" /proc/self/status' | sed 's/^/stdout /')" "$(log a | grep Sig)"
}

@test 'a flood is logged within its size, in no more memory' {
	native
	begin a --log-size 1M --log-files 3 -- sh -c 'echo ready; read go; yes "$(printf "%0100d" 0)" | head -c 200000000; echo; echo done; sleep 60'
	within 20 logged a 'stdout ready'
	before=$(awk '/^VmRSS/ { print $2 }' "/proc/$supervisor/status")
	/usr/bin/python3 - "$S/a.console" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(b"go\n")
		s.recv(1)
	END
	within 120 logged a 'stdout done'
	after=$(awk '/^VmHWM/ { print $2 }' "/proc/$supervisor/status")
	# kB; address sanitizer's own memory aside
	instrumented || ((after - before < 2000))
	same 'a.log a.log.1 a.log.2' "$(cd "$S" && echo a.log*)"
	for file in "$S"/a.log.*; do
		size=$(stat -c %s "$file")
		((size > 1000000 && size <= 1048576))
	done
}

@test 'an idle supervisor does not wake up' {
	begin a -- sleep 60
	sleep 0.3
	before=$(grep ctxt "/proc/$supervisor/status")
	sleep 2
	same "$before" "$(grep ctxt "/proc/$supervisor/status")"
}

@test 'nor does one that waits for the next start' {
	native
	begin a --restart always -- true
	waits() { is a status waiting && is a restarts 6; }
	within 20 waits
	# for 3.2 to 6.4 seconds
	sleep 0.3
	before=$(grep ctxt "/proc/$supervisor/status")
	sleep 2
	same "$before" "$(grep ctxt "/proc/$supervisor/status")"
	waits
}

@test 'the log on a full disk: the program goes on, and what is missing is noted' {
	need unshare mount
	unshare -rm true || lacking 'there are no mount namespaces to make'
	# shellcheck disable=SC2016 # for the inner shell
	run -0 unshare -rm sh -ec '
		mkdir -p "$1/mirari"
		chmod 700 "$1/mirari"
		mount -t tmpfs -o size=256k,mode=700 none "$1/mirari"
		mirari-supervise --name a --log-size 0 -- sh -c "
			i=0; while [ \$i -lt 5000 ]; do echo \"line \$i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; i=\$((i+1)); done
			: >\"$2/filled\"; while [ ! -e \"$2/emptied\" ]; do sleep 0.05; done; echo last" >/dev/null &
		while [ ! -e "$2/filled" ]; do sleep 0.05; done
		sleep 0.2
		: >"$1/mirari/a.log"
		: >"$2/emptied"
		wait $!
		cat "$1/mirari/a.log"' sh "$XDG_STATE_HOME" "$T"
	[[ $output =~ mirari:\ ([0-9]+)\ lines\ are\ missing\ here ]]
	((BASH_REMATCH[1] > 1000 && BASH_REMATCH[1] < 5000))
	has 'stdout F last'
	has 'ended with status 0'
}

@test '50 at once for one name: one has it' {
	for i in {1..50}; do
		(
			status=0
			mirari-supervise --name a -- sleep 60 >"$T/out.$i" 2>"$T/err.$i" 3>&- </dev/null || status=$?
			echo $status >"$T/status.$i"
		) &
	done
	fifty_but_one() {
		[ "$(cat "$T"/status.* 2>/dev/null | wc -l)" -eq 49 ]
	}
	within 60 fifty_but_one
	same "75" "$(cat "$T"/status.* | sort -u)"
	same 1 "$(cat "$T"/out.* | grep -c '^instance.pid=')"
	same 49 "$(cat "$T"/err.* | grep -c 'a: is \(running\|starting\), as process')"
	is a status running
	runs "$(get a pid)"
	kill "$(get a supervisor | cut -d . -f 1)"
	wait
	is a status stopped
}

@test 'killed at 50 random moments: no program goes on, and the name is free again' {
	native
	run -0 /usr/bin/python3 - "$S" 77 <<-'END'
		import os, random, signal, subprocess, sys, time
		state, chance = sys.argv[1], random.Random(int(sys.argv[2]))
		def record():
		    try:
		        return dict(l.rstrip("\n").split("=", 1) for l in open(state + "/k.instance") if "=" in l)
		    except FileNotFoundError:
		        return {}
		def mine():
		    found = []
		    for pid in filter(str.isdigit, os.listdir("/proc")):
		        try:
		            words = open("/proc/%s/cmdline" % pid, "rb").read().split(b"\0")
		            if b"program-of-test-77" in words:
		                found.append(int(pid))
		        except OSError:
		            pass
		    return found
		seen = set()
		for n in range(50):
		    p = subprocess.Popen(["mirari-supervise", "--name", "k", "--restart", "always", "--", "sh", "-c",
		        "trap 'exit 1' TERM; sleep 0.0%d; exit 1" % chance.randrange(10), "program-of-test-77"],
		        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
		    time.sleep(chance.choice([0.02, 0.3, 0.8]) * chance.random())
		    p.kill()
		    assert p.wait() == -signal.SIGKILL, p.stderr.read()
		    seen.add(record().get("instance.status"))
		    end = time.monotonic() + 20
		    while mine():
		        assert time.monotonic() < end, "number %d leaves %s" % (n, mine())
		        time.sleep(0.01)
		    if record():
		        assert record()["instance.status"] in ("starting", "running", "waiting"), record()
		        pid = int(record()["instance.supervisor"].split(".")[0])
		        assert not os.path.exists("/proc/%d" % pid) or pid != p.pid
		print(*sorted(map(str, seen)))
	END
	# the moments were not all of one kind
	has running
	has waiting
	# a lost one gives its name away
	run -0 mirari-supervise --name k -- echo anew
	logged k 'stdout anew'
}

@test 'the console: what is typed arrives, what is printed is seen' {
	begin a -- sh -c 'echo hello; while read -r line; do echo "got $line"; done'
	run -0 /usr/bin/python3 - "$S/a.console" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(20)
		s.connect(sys.argv[1])
		s.sendall(b"one\ntwo\n")
		got = b""
		while b"got two\n" not in got:
		    got += s.recv(1000)
		assert b"got one\n" in got, got
	END
	logged a 'stdout got two'
}

@test 'more typed than is read: neither side is stuck, nothing grows' {
	native
	begin a -- sh -c 'echo ready; sleep 60'
	run -0 /usr/bin/python3 - "$S/a.console" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(1)
		s.connect(sys.argv[1])
		sent = 0
		try:
		    while sent < 10000000:
		        sent += s.send(b"x" * 65536)
		except TimeoutError:
		    pass
		assert 100000 < sent < 2000000, sent
	END
	instrumented || (($(awk '/^VmHWM/ { print $2 }' "/proc/$supervisor/status") < 8000))
	before=$(awk '{ print $14 + $15 }' "/proc/$supervisor/stat")
	sleep 1
	after=$(awk '{ print $14 + $15 }' "/proc/$supervisor/stat")
	((after - before < 20))
	kill "$supervisor"
	ends 0
}

@test '--cpuset: the program may run only there' {
	first=$(sed -n 's/^Cpus_allowed_list:\s*\([0-9]*\).*/\1/p' /proc/self/status)
	run -0 mirari-supervise --name a --cpuset "$first" -- grep Cpus_allowed_list /proc/self/status
	logged a "stdout Cpus_allowed_list:	$first"
	try mirari-supervise --name b --cpuset 8191 -- true
	exits 69
	says 'none of these processors can be had'
	says 'sys/devices/system/cpu/online'
	[ ! -e "$S/b.instance" ]
}

# Where they can be had they hold, else the message says what is missing, before anything runs.
@test '--memory-max and --cpus: they hold, or are an error' {
	for limit in --memory-max=64M --cpus=0.5; do
		try mirari-supervise --name a "$limit" -- sh -c 'echo ran >ran; cat /proc/self/cgroup'
		if [ "$status" = 0 ]; then
			group=$(log a | sed -n 's/^stdout 0:://p')
			[[ $group == */mirari-a ]]
			[[ $(get a cgroup) == *"$group" ]]
			[ ! -e "$(get a cgroup)" ]
			rm ran
			continue
		fi
		exits 69
		says 'systemd-run' || says 'mount -t cgroup2'
		[ ! -e ran ]
		[ ! -e "$S/a.instance" ]
	done
}
