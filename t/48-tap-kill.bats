#!/usr/bin/env bats
# mirari-tap exec killed at any moment: nothing at all is left.
load lib/common.bash
load lib/try.bash
load lib/inside.bash

setup() {
	native
}

# within MS: the time in which what is looked at happens; more where tools are slow.
within() {
	if instrumented; then echo $(($1 * 3)); else echo "$1"; fi
}

# killed SEED COUNT WITHIN_MS OPTION...: so many times, each at a random moment of so many milliseconds. What is
# left two seconds later is a failure, with the moment that it was.
killed() {
	inside <<-END
		as=(env)
		[[ "$*" != *--rootless* ]] || as=("\${ORDINARY[@]}")
		/usr/bin/python3 - $1 $2 $3 "\${as[@]}" mirari-tap exec --set name=victim ${*:4} -- ${NAMED:+env TAP=$NAMED} sleep 60 <<-'PYTHON'
		$(victims | sed 's/^/\t\t/')
		PYTHON
	END
}

victims() {
	cat <<-'END'
		import os, random, signal, socket, subprocess, sys, time
		seed, count, within, command = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
		chance = random.Random(seed)
		def processes():
		    found = []
		    for pid in os.listdir("/proc"):
		        if pid.isdigit() and int(pid) not in ours:
		            try:
		                found.append(open("/proc/%s/stat" % pid).read().split(") ")[0])
		            except OSError:
		                pass
		    return found
		def left():
		    found = [name for _, name in socket.if_nameindex() if name != "lo"] + processes()
		    if open("/proc/sys/net/ipv4/ip_forward").read() != "0\n":
		        found.append("ip_forward")
		    return found or subprocess.run(["nft", "list", "tables"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[:-1]
		ours = set(map(int, filter(str.isdigit, os.listdir("/proc"))))
		reached = set()
		for n in range(count):
		    moment = chance.uniform(0, within / 1000)
		    pid = os.posix_spawnp(command[0], command, os.environ)
		    time.sleep(moment)
		    reached.update(name for _, name in socket.if_nameindex())
		    reached.update(p.split("(")[1] for p in processes())
		    os.kill(pid, signal.SIGKILL)
		    os.waitpid(pid, 0)
		    end = time.monotonic() + 2
		    while left() and time.monotonic() < end:
		        time.sleep(0.003)
		    if left():
		        sys.exit("number %d, killed after %.4f s, leaves %s" % (n, moment, left()))
		print(" ".join(sorted(reached)))
	END
}

DEVICES=(--set net.a.host=10.1.0.1/24 --set net.a.tap=t0 --set net.a.dhcp=true --set net.a.nat=true --set net.a.publish=8080:80
	--set net.b.host=10.2.0.1/24 --set net.b.tap=t1 --set net.b.dhcp=true --set net.b.bridge=br0 --set net.b.bridge-create=true)

@test 'two devices with DHCP, NAT, a published port and a new bridge: 100 times' {
	run -0 killed 2013 100 "$(within 30)" "${DEVICES[@]}"
	# the moments were not all before anything was there, nor all after
	has 't0 t1'
	has br0
	has mirari-keeper
	has sleep
}

@test 'two side by side, of which one leaves a tap to the program to open: 50 times each' {
	local status=0 NAMED=
	killed 1 50 "$(within 30)" "${DEVICES[@]}" >first 2>&1 3>&- &
	BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/2
	mkdir "$BATS_TEST_TMPDIR"
	NAMED=%{tap:a}
	killed 2 50 "$(within 30)" "${DEVICES[@]}" || status=$?
	cat first
	wait $! || status=$?
	return $status
}

@test 'without root: 50 times' {
	run -0 killed 3 50 "$(within 60)" --rootless -p 8080:80
	has slirp4netns
	has mirari-rootless
}
