#!/usr/bin/env bats
# mirari-solo5 run, for hvt and spt: Solo5's own tenders where they are, else a double of them (t/fake),
# and unikernels of our own (t/guest). Those on QEMU are in 75-solo5-virtio.bats.
load lib/common.bash
load lib/try.bash
load lib/netns.bash
load lib/tenders.bash
load lib/inside.bash

setup() {
	try_setup
	tenders
}

teardown() {
	netns_end
}

# inside, as in lib/inside.bash, as root of the machine: with copies of all that an ordinary user is to run
eval "plain_$(declare -f inside)"
inside() {
	cp "$BUILD/bin/mirari-solo5" "$GUESTS/block.spt" "$GUESTS/net.spt" "$BATS_TEST_TMPDIR/"
	cp -L "$BATS_TEST_TMPDIR/tenders/solo5-spt" "$BATS_TEST_TMPDIR/"
	plain_inside root
}

# guest VARIANT TARGET [WORD]...: mirari-solo5 run of that unikernel
guest() {
	try "${NS[@]}" mirari-solo5 run "$GUESTS/$1.$2" "${@:3}"
}

prints() {
	grep -qxF -e "$1" "$T/out" || { input=$T/out; flunk "should print: $1"; }
}

# becomes EXPECTED: what --dry-run has printed, without the directories of tender and guest
becomes() {
	same "$1" "$(sed -E "s,^[^ ]*/(solo5-|qemu),\1,; s,$GUESTS/,,g" "$T/out")"
}

# A tender that only prints its words.
words_of() {
	printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >"$T/words"
	chmod 755 "$T/words"
	guest "$@" --tender "$T/words"
	exits 0
}

# ---- arguments and the end ---------------------------------------------------------------------------

@test 'arguments arrive as they are' {
	local target odd=('a b' 'c"d' "e'f" 'g\h' '\' '"' ' ' $'tab\there' $'two\nlines' '$HOME `x` *' --hello=world
		-- 'a,b' 'é 日本')
	for target in hvt spt; do
		guest plain $target -- "${odd[@]}"
		exits 0
		for n in "${!odd[@]}"; do
			grep -qF -e "arg $((n + 1)): ${odd[n]}" <(tr '\n' '~' <"$T/out") || [[ ${odd[n]} == *$'\n'* ]] ||
				flunk "lacks ${odd[n]}"
		done
		prints "arg ${#odd[@]}: é 日本"
		[[ "$(cat "$T/out")" == *$': two\nlines\narg 10: $HOME'* ]] || flunk 'should keep the line break'
		same '' "$(cat "$T/err")"
	done
}

@test "the record's arguments come first, and then those behind --" {
	guest plain spt --set arg=one --set 'arg=two words' -- three
	exits 0
	prints 'arg 1: one'
	prints 'arg 2: two words'
	prints 'arg 3: three'
}

@test 'an argument that a unikernel cannot be told is refused' {
	guest plain spt -- a '' b
	exits 65
	says "mirari-solo5: argument 2 is empty, which a unikernel can't be told"
	says 'write --option='
	guest plain hvt --set arg=
	exits 65
	guest plain hvt -- "$(head -c 8191 /dev/zero | tr '\0' a)"
	exits 0
	guest plain hvt -- "$(head -c 8190 /dev/zero | tr '\0' a)" b
	exits 65
	says 'the arguments are 8192 bytes, escaped; a unikernel can be told 8191'
	[ ! -s "$T/out" ] || flunk 'should not run'
}

@test 'exit statuses are the same for hvt and spt' {
	local target
	for target in hvt spt; do
		for status_of in 0 1 7 63 100 127; do
			guest plain $target -- "exit=$status_of"
			exits "$status_of"
			same '' "$(cat "$T/err")"
		done
		guest plain $target -- exit=64
		exits 64
		guest plain $target -- abort
		exits 134
		says "mirari-solo5: $GUESTS/plain.$target: aborted"
		guest plain $target -- exit=255
		exits 134
		guest plain $target -- fault
		exits 134
		says "plain.$target: aborted"
		guest plain $target -q -- fault
		exits 134
		! grep -q aborted "$T/err"
	done
}

@test 'output and standard input are the guest' {
	echo input >in
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncat\necho "$@" >&2\n' >tender
	chmod +x tender
	guest plain spt --tender ./tender <in
	exits 0
	same input "$(cat "$T/out")"
	says '--mem=512 --'
}

# ---- signals -----------------------------------------------------------------------------------------

# starts TARGET: a guest that runs, as $! of ours and $child of the tender's.
starts() {
	: >"$T/out"
	mirari-solo5 run "$GUESTS/plain.$1" -- print=begun spin >"$T/out" 2>"$T/err" 3>&- &
	ours=$!
	HOLDERS+=("$ours")
	until_true grep -q begun "$T/out"
	child=$(pgrep -P "$ours")
	HOLDERS+=("$child")
}

@test 'signals reach the guest, and end us' {
	native
	local target signal ours child
	for target in hvt spt; do
		for signal in TERM INT HUP; do
			# a shell's background jobs ignore SIGINT
			set -m
			starts $target
			set +m
			kill "-$signal" "$ours"
			status=0
			wait "$ours" || status=$?
			tried="SIG$signal, $target"
			exits $((128 + $(kill -l $signal)))
			until_true gone "$child"
		done
	done
}

@test 'nothing of it runs on when we are killed' {
	native
	local target ours child
	for target in hvt spt; do
		starts $target
		kill -KILL "$ours"
		until_true gone "$child"
	done
}

@test 'a tender that is killed is told of' {
	native
	local target ours child
	for target in hvt spt; do
		starts $target
		kill -KILL "$child"
		status=0
		wait "$ours" || status=$?
		tried="SIGKILL for the tender of $target"
		exits 137
		says "plain.$target: killed by signal 9 (Killed)"
	done
}

# ---- memory and the like -----------------------------------------------------------------------------

@test 'memory: 512 MiB, and as each tender has it' {
	guest plain hvt -n
	becomes "solo5-hvt '--mem=512' -- plain.hvt"
	guest plain hvt -n --memory 33
	becomes "solo5-hvt '--mem=34' -- plain.hvt"
	guest plain spt -n --set memory=33
	becomes "solo5-spt '--mem=33' -- plain.spt"
	guest plain spt -n --set memory=33 -m 8
	becomes "solo5-spt '--mem=8' -- plain.spt"
	guest plain hvt -n --memory 4097
	exits 65
	says 'memory=4098: hvt has 4096 MiB at most'
	guest plain hvt -n --memory 4096
	exits 0
	for bad in 0 x '' -1 1.5; do
		guest plain hvt -n "--memory=$bad"
		exits 64
		says memory
	done
}

@test 'too little memory is said before anything starts, and what is said is enough' {
	local target needed
	for target in hvt spt; do
		guest plain $target --memory 1
		if [ "$target" = hvt ]; then
			# there are no 1 MiB: its pages are 2
			exits 0
			continue
		fi
		exits 65
		[ ! -s "$T/out" ] || flunk 'should not run'
		needed=$(sed -nE 's/.* needs ([0-9]+) MiB to start/\1/p' "$T/err")
		guest plain $target --memory "$needed"
		exits 0
		guest plain $target --memory $((needed - 1))
		exits 65
	done
}

@test 'a Solo5 unikernel has one processor' {
	guest plain spt --set cpus=2
	exits 65
	says 'cpus=2: a Solo5 unikernel has one processor'
	guest plain spt --set cpus=1
	exits 0
}

@test 'what is no unikernel for a tender is refused' {
	try mirari-solo5 run "$(type -P true)"
	exits 65
	says 'is for unix-socket; what runs here is for hvt, spt or virtio'
	try mirari-solo5 run /nonexistent
	exits 66
	try mirari-solo5 run .
	exits 65
	says 'is a directory'
	try mirari-solo5 run one two
	exits 64
	says 'mirari-solo5 run one -- two'
	guest plain spt --set target=hvt
	exits 65
	says "is for spt, but the record's target is hvt"
}

# ---- the tender --------------------------------------------------------------------------------------

@test 'a tender that is not there: where it was looked for, and what installs it' {
	local clean=(env "PATH=$BUILD/bin:/usr/bin:/bin")
	PATH=/usr/bin:/bin type -P solo5-spt >/dev/null && skip 'solo5-spt is in /usr/bin'
	try "${clean[@]}" mirari-solo5 run "$GUESTS/plain.spt"
	exits 69
	says 'there is no solo5-spt: not in PATH'
	says 'opam install solo5; or say where it is: --tender PATH'
	try "${clean[@]}" "OPAMROOT=$T/none" mirari-solo5 run --set switch=xen "$GUESTS/plain.spt"
	exits 69
	says 'not in PATH'
	guest plain spt --tender ./none
	exits 127
	says '--tender ./none: No such file or directory'
	echo text >text
	guest plain spt --tender ./text
	exits 126
	says '--tender ./text: Permission denied'
}

@test 'the tender of the opam switch comes before that of PATH' {
	need opam
	local exports prefix
	exports=$("$SOURCE/t/lib/opam-root" "$T/opam")
	eval "$exports"
	prefix=$(opam var --switch=xen prefix)
	guest plain spt -n --set switch=xen
	exits 0
	[[ $(cat "$T/out") == "$T/"*tenders/solo5-spt* ]] || [[ $(cat "$T/out") != "$prefix"* ]] ||
		flunk 'the switch has none yet'
	mkdir -p "$prefix/bin"
	ln -s "$(type -P solo5-spt)" "$prefix/bin/solo5-spt"
	guest plain spt -n --set switch=xen
	exits 0
	[[ $(cat "$T/out") == "$prefix/bin/solo5-spt "* ]] || flunk 'should be that of the switch'
	guest plain spt --set switch=xen -- exit=3
	exits 3
	PATH=$BUILD/bin:/usr/bin:/bin
	guest plain hvt -n --set switch=xen
	exits 69
	says "not in the opam switch xen ($prefix/bin), not in PATH"
	guest plain spt -n --set switch=nowhere
	[ "$status" -eq 69 ] || exits 0
	[ "$status" -eq 0 ] || says "the opam switch nowhere isn't there"
}

# ---- devices -----------------------------------------------------------------------------------------

@test 'devices that do not fit: both sides, and nothing is made' {
	guest both hvt --net service=tap0 --block disk=new.img --set block.disk.size=1M
	exits 65
	says 'both.hvt has the devices service (NET_BASIC), data (BLOCK_BASIC); it is given net service, block disk: nothing for data, nobody wants disk'
	says '--set block.data.path=FILE'
	[ -z "$(ls -A)" ] || flunk 'should make nothing'
	guest plain spt --net service=tap0
	exits 65
	says 'plain.spt has no devices; it is given net service: nobody wants service'
	guest net spt
	exits 65
	says 'nothing for service'
	guest net spt --mac service=02:00:00:00:00:01
	exits 65
	says 'net.service has no tap yet'
	for bad in service =x service=tap/0 a.b=tap0 'service=' 'ser vice=tap0'; do
		guest net spt --net "$bad"
		exits 64
	done
	guest net spt --net service=tap0 --mac service=01:00:00:00:00:00
	exits 64
}

@test 'block: a file is made as large as it is to be, and used again' {
	local target
	for target in hvt spt; do
		rm -f disk.img
		guest block $target --block data=disk.img --set block.data.size=1M -- write=hello read
		exits 0
		prints 'capacity: 1048576'
		prints 'read: <hello>'
		same '600 1048576' "$(stat -c '%a %s' disk.img)"
		[ "$(stat -c %b disk.img)" -lt 100 ] || flunk 'should be sparse'
		guest block $target --block data=disk.img --set block.data.size=2M -- read
		exits 0
		prints 'read: <hello>'
		says 'block.data: disk.img has 1048576 bytes, not the 2097152 of block.data.size; it stays as it is'
		same 1048576 "$(stat -c %s disk.img)"
		guest block $target -q --block data=disk.img --set block.data.size=2M -- read
		same '' "$(cat "$T/err")"
		guest block $target --block data=disk.img --set block.data.sector=4096 -- read
		exits 0
		prints 'sector: 4096'
	done
}

@test 'block: names that a tender would not take' {
	local target
	mkdir 'my dir' 'a,b:c'
	for target in hvt spt; do
		cp "$GUESTS/block.$target" "my dir/-x y.$target"
		rm -f 'my dir/d k.img'
		try mirari-solo5 run "my dir/-x y.$target" --block 'data=my dir/d k.img' --set block.data.size=64K -- write=there read
		exits 0
		prints 'read: <there>'
		same 65536 "$(stat -c %s 'my dir/d k.img')"
		try mirari-solo5 run -n "my dir/-x y.$target" --block 'data=my dir/d k.img' -- read 'a b'
		exits 0
		same 0 "$(grep -c mirari "$T/out" | sed 's/^[1-9].*/0/')"
		# the command does the same in a shell
		sh -c "$(cat "$T/out")" >"$T/pasted"
		grep -qx 'read: <there>' "$T/pasted"
		grep -qx 'arg 2: a b' "$T/pasted"
		guest block $target --block 'data=a,b:c/x' --set block.data.size=64K -- read
		exits 0
		rm 'a,b:c/x'
	done
}

@test 'block: what cannot be used is refused before anything is made' {
	mkdir dir
	truncate -s 1000 odd.img
	: >empty.img
	refused() {
		local status_of=$1 text=$2
		shift 2
		guest block spt "$@"
		exits "$status_of"
		says "$text"
		same 'dir empty.img odd.img' "$(ls | paste -sd' ')"
	}
	refused 66 'block.data: none.img: No such file or directory' --block data=none.img
	says '--set block.data.size=64M makes it'
	refused 65 'dir is a directory' --block data=dir
	refused 65 'neither a file nor a block device' --block data=/dev/null
	refused 65 'odd.img is 1000 bytes, no sectors of 512' --block data=odd.img
	refused 65 'empty.img is 0 bytes, no sectors of 512' --block data=empty.img
	refused 65 'would be 1000 bytes, no sectors of 512' --block data=new.img --set block.data.size=1000
	refused 65 '768 is no power of two' --block data=new.img --set block.data.size=1M --set block.data.sector=768
	refused 73 'is to be made in nowhere' --block data=nowhere/new.img --set block.data.size=1M
	says 'mkdir -p nowhere'
	refused 65 'block.data has no path' --set block.data.size=1M
}

@test 'block: a file that may not be written is refused' {
	inside <<-'END'
		truncate -s 64K disk.img
		chmod 644 disk.img
		mkdir mine
		chmod 755 mine
		chown 0:0 mine disk.img
		exits 77 "${NOBODY[@]}" mirari-solo5 run "$HERE/block.spt" --block data=disk.img -- read
		has err 'block.data: disk.img: Permission denied'
		exits 77 "${NOBODY[@]}" mirari-solo5 run "$HERE/block.spt" --block data=mine/new.img --set block.data.size=64K
		has err 'mine/new.img is to be made in mine: Permission denied'
		exits 0 "${NOBODY[@]}" mirari-solo5 run "$HERE/block.spt" --block data=new.img --set block.data.size=64K
	END
}

@test 'block: what one unikernel has belongs to no other' {
	native
	local target other ours child
	truncate -s 1M disk.img
	ln disk.img same.img
	ln -s disk.img link.img
	for target in hvt spt; do
		: >"$T/begun"
		mirari-solo5 run "$GUESTS/block.$target" --block data=disk.img -- print=begun spin >"$T/begun" 2>"$T/err" 3>&- &
		ours=$!
		PIDS+=("$ours")
		until_true grep -q begun "$T/begun"
		child=$(pgrep -P "$ours")
		PIDS+=("$child")
		for other in hvt spt; do
			for path in disk.img same.img link.img; do
				guest block $other --block data=$path --set block.data.size=1M -- read
				exits 75
				says "block.data: $path is in use by another unikernel"
				says "fuser -v $path"
				same '' "$(cat "$T/out")"
			done
		done
		# what is only looked at isn't in the way
		guest block spt -n --block data=disk.img
		exits 0
		kill "$ours"
		wait "$ours" || :
		guest block $target --block data=disk.img -- read
		exits 0
		# a tender that is killed has it no longer, either
		: >"$T/begun"
		mirari-solo5 run "$GUESTS/block.$target" --block data=disk.img -- print=begun spin >"$T/begun" 2>"$T/err" 3>&- &
		ours=$!
		PIDS+=("$ours")
		until_true grep -q begun "$T/begun"
		kill -KILL "$ours"
		wait "$ours" || :
		guest block $target --block data=disk.img -- read
		exits 0
	done
	[ -e disk.img ] || flunk 'should still be there'
}

@test 'block: one file is no two devices' {
	/usr/bin/python3 "$SOURCE/t/lib/elf.py" two.spt spt one=block two=block
	truncate -s 64K disk.img
	ln -s disk.img link.img
	for path in disk.img link.img; do
		try mirari-solo5 run two.spt --tender /bin/true --block one=disk.img --block two=$path
		exits 65
		says "block.two: $path is what block.one has"
	done
	try mirari-solo5 run two.spt --tender /bin/true --block one=new.img --block two=./new.img --set block.one.size=1M --set block.two.size=1M
	exits 65
	[ ! -e new.img ] || flunk 'should make nothing'
	try mirari-solo5 run two.spt --tender /bin/true --block one=new.img --block two=disk.img --set block.one.size=1M
	exits 0
}

@test 'block: a file is not made through a link to nowhere' {
	ln -s nowhere link.img
	guest block spt --block data=link.img --set block.data.size=1M
	exits 73
	says 'block.data: link.img is a link to nowhere, which is not there'
	says 'truncate -s SIZE nowhere'
	[ ! -e nowhere ]
}

@test 'block: what was made is gone again when the tender cannot start' {
	printf '\177ELF nothing' >tender
	chmod +x tender
	guest block spt --tender ./tender --block data=new.img --set block.data.size=1M
	exits 126
	says 'exec ./tender'
	same tender "$(ls)"
	truncate -s 1M old.img
	guest block spt --tender ./tender --block data=old.img --set block.data.size=1M
	exits 126
	[ -e old.img ] || flunk 'should leave what was there'
}

# ---- taps --------------------------------------------------------------------------------------------

@test 'net: the guest answers on its tap, with the MAC address that mirari-tap has for it' {
	need ping
	local target mac
	netns
	"${NS[@]}" mirari-tap up tap0 --host 10.0.0.1/24 >"$T/record"
	mac=$(sed -n 's/^net.tap0.mac=//p' "$T/record")
	for target in hvt spt; do
		"${NS[@]}" mirari-solo5 run "$GUESTS/net.$target" --net service=tap0 -- serve >"$T/out" 2>"$T/err" 3>&- &
		ours=$!
		HOLDERS+=("$ours")
		until_true grep -q serving "$T/out"
		prints "mac: $mac"
		"${NS[@]}" ping -nc 1 -w 5 10.0.0.2 >"$T/ping"
		# it is in use now
		guest net $target --net service=tap0
		exits 75
		says 'tap0: it is in use: by solo5-'
		kill "$ours"
		wait "$ours" || :
	done
	guest net spt --net service=tap0 --mac service=02:00:00:00:00:07 -n
	[[ $(cat "$T/out") == *--net-mac:service=02:00:00:00:00:07* ]]
}

@test 'net: a tap that cannot be used is said before the tender starts' {
	netns
	"${NS[@]}" ip tuntap add down0 mode tap
	"${NS[@]}" ip tuntap add tun0 mode tun
	"${NS[@]}" ip link set tun0 up
	"${NS[@]}" ip tuntap add many0 mode tap multi_queue
	"${NS[@]}" ip link set lo up
	guest net spt --net service=none0
	exits 65
	says 'service: there is no interface none0'
	says 'sudo mirari-tap up none0'
	guest net spt --net service=down0
	exits 75
	says 'service: down0 is down'
	says 'ip link set down0 up'
	for kind in lo tun0 many0; do
		guest net spt --net service=$kind
		exits 73
		says 'it is of another kind'
	done
	guest net spt -n --net service=none0
	exits 0
	[ "$("${NS[@]}" ip -o link | wc -l)" -eq 4 ] || flunk 'should make no interface'
}

@test "net: another user's tap is said to be so" {
	inside <<-'END'
		ip tuntap add t0 mode tap user 0
		ip tuntap add t1 mode tap group 0
		ip tuntap add t2 mode tap user 65534
		ip tuntap add t3 mode tap
		for tap in t0 t1 t2 t3; do
			ip link set $tap up
		done
		for tap in t0 t1; do
			exits 77 "${NOBODY[@]}" mirari-solo5 run "$HERE/net.spt" --net service=$tap
			has err "$tap: it belongs to another user or group" "mirari-tap up $tap --owner"
		done
		for tap in t2 t3; do
			exits 0 "${NOBODY[@]}" mirari-solo5 run "$HERE/net.spt" --net service=$tap
		done
		# root may
		exits 0 mirari-solo5 run "$HERE/net.spt" --net service=t2
	END
}

@test 'net: two devices, each on its tap' {
	netns
	for tap in t0 t1; do
		"${NS[@]}" ip tuntap add $tap mode tap
		"${NS[@]}" ip link set $tap up
	done
	for target in hvt spt; do
		guest net2 $target --net second=t0 --net service=t1
		exits 0
		guest net2 $target -n --net second=t0 --net service=t1 --mac service=02:00:00:00:00:01 --mac second=02:00:00:00:00:02
		becomes "solo5-$target '--mem=512' '--net:service=t1' '--net-mac:service=02:00:00:00:00:01' '--net:second=t0' '--net-mac:second=02:00:00:00:00:02' -- net2.$target"
		guest net2 $target --net service=t1
		exits 65
		says 'nothing for second'
	done
}

# ---- records -----------------------------------------------------------------------------------------

@test 'a record: artifact, devices, arguments; and no standard input is left' {
	local target
	mkdir -p project/_out elsewhere
	netns
	"${NS[@]}" mirari-tap up t0 --host 10.0.0.1/24 >"$T/up"
	for target in hvt spt; do
		cp "$GUESTS/both.$target" "project/_out/x.$target"
		printf '%s\n' name=x target=$target "config.dir=$PWD/project" build.dir=_out artifact=x.$target memory=16 \
			net.service.tap=t0 net.service.mac=02:00:00:00:00:09 net.service.host=10.0.0.1/24 \
			block.data.path=data.img block.data.size=64K 'arg=read' 'arg=a b' unknown.key=1 '' >"$T/record"
		cd elsewhere
		try "${NS[@]}" mirari-solo5 run -r <"$T/record"
		exits 0
		prints 'capacity: 65536'
		prints 'arg 2: a b'
		[ -e ../project/data.img ] || flunk 'should make the file beside the configuration'
		try "${NS[@]}" mirari-solo5 run <"$T/record"
		exits 0
		try "${NS[@]}" mirari-solo5 run -r -n <"$T/record"
		same "solo5-$target '--mem=16' '--net:service=t0' '--net-mac:service=02:00:00:00:00:09' '--block:data=P/project/data.img' -- P/project/_out/x.$target read 'a\\ b'" \
			"$(sed -E "s,^[^ ]*/solo5-,solo5-,; s,$T/dir/,P/,g" "$T/out")"
		# a path on the command line is as seen from here
		truncate -s 512 here.img
		try "${NS[@]}" mirari-solo5 run -r --block data=here.img <"$T/record"
		exits 0
		prints 'capacity: 512'
		cd ..
		rm project/data.img
	done
	printf '#!/bin/sh\ncat\n' >cat
	chmod +x cat
	try "${NS[@]}" mirari-solo5 run -r --tender ./cat < <(sed '$d' "$T/record"; echo)
	exits 0
	[ ! -s "$T/out" ] || flunk 'should have nothing to read'
}

@test 'mirari-tap exec makes the tap, mirari-solo5 run takes it' {
	native
	need ping
	netns
	for target in hvt spt; do
		"${NS[@]}" mirari-tap exec --host 10.0.0.1/24 -- mirari-solo5 run "$GUESTS/net.$target" \
			--net 'service=%{tap:service}' -- serve >"$T/out" 2>"$T/err" 3>&- &
		ours=$!
		HOLDERS+=("$ours")
		until_true grep -q serving "$T/out"
		"${NS[@]}" ping -nc 1 -w 5 10.0.0.2 >"$T/ping"
		kill "$ours"
		wait "$ours" || :
		! "${NS[@]}" mirari-tap list | grep -q ^tap=
	done
}
