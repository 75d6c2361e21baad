#!/usr/bin/env bats
# The double of solo5-hvt and solo5-spt (t/fake) against what Solo5's own do: what they are told on the
# command line, what they say, how they end. The same is expected of Solo5's own where these are
# (t/lib/tenders.bash), so that what is written here stays true.
bats_require_minimum_version 1.5.0
load lib/common.bash
load lib/netns.bash
load lib/tenders.bash

setup() {
	tenders
}

teardown() {
	netns_end
}

# all_tenders FUNCTION: for both targets, the double's and, where it is, Solo5's own, as $tender.
all_tenders() {
	local target tender
	for target in hvt spt; do
		tender=$BUILD/fake/solo5-$target
		"$1"
		if [[ $REAL == *" $target "* ]]; then
			tender=$(real_tender "$target")
			"$1"
		fi
	done
}

# What the cases name: files and taps, in the test's own namespace.
world() {
	local plain=$GUESTS/plain.$target
	printf x >short
	: >empty
	printf '%-100s' 'no ELF' >text
	rm -f disk
	truncate -s 65536 disk
	truncate -s 700 odd
	truncate -s 512 one
	# the notes are "Solo5", then target and version, or padding, version and entries
	perl -0777 -pe 's/Solo5(\0\0\0[\x01\x02]\0\0\0\x02)/Solo6$1/' "$plain" >noabi
	perl -0777 -pe 's/(Solo5\0\0\0[\x01\x02]\0\0\0)\x02/$1\x09/' "$plain" >abi9
	perl -0777 -pe 's/Solo5(\0\0\0\0\0\0\0\x01)/Solo6$1/' "$plain" >nomft
	perl -0777 -pe 's/(Solo5\0\0\0\0\0\0\0)\x01/$1\x02/' "$plain" >mft2
}

taps() {
	local tap
	netns
	"${NS[@]}" ip link set lo up
	for tap in t0 t1 fifteenletters0 down0; do
		"${NS[@]}" ip tuntap add "$tap" mode tap
		[ "$tap" = down0 ] || "${NS[@]}" ip link set "$tap" up
	done
}

# said: standard error in one line, with what differs by version, place or build replaced.
said() {
	sed -E '/^usage:/,$d; s/^solo5-'"$target"'/TENDER/; s/version v.*/version VERSION/; s/.*Assertion.*/ASSERTION/
		s/\([0-9]+ < 1048576 \|\| [0-9]+/(ENTRY < 1048576 || ENTRY/; s,'"$GUESTS"'/[a-z0-9.]*,FILE,' err |
		sed ':a; N; $!ba; s,\n, / ,g'
}

# meets: $tender does what is expected in all cases; says which it doesn't.
meets() {
	local line number words want got bad=0 count=0 out=$BATS_TEST_TMPDIR/out.${tender//\//_}
	world
	mkdir -p "$out"
	while IFS= read -r line; do
		eval "words=(${line##*|})"
		for number in "${!words[@]}"; do
			case ${words[number]} in
			@OTHER) words[number]=$GUESTS/plain.virtio ;;
			@[a-z]*) words[number]=$GUESTS/${words[number]#@}.$target ;;
			esac
		done
		got=0
		count=$((count + 1))
		"${NS[@]}" timeout 10 "$tender" "${words[@]}" >"$out/$count" 2>err 9</dev/null </dev/null || got=$?
		want=${line%|*}
		[ "$want" = "$got|$(said)" ] || {
			printf 'words:    %s\nexpected: %s\ngot:      %s|%s\n' "${line##*|}" "$want" "$got" "$(said)" >&2
			bad=1
		}
	done < <(cases_any; "cases_$target")
	return $bad
}

# What is expected: STATUS|STANDARD ERROR, lines joined by " / ", usage left out|WORDS, as for the shell,
# where a word @VARIANT is our unikernel.
cases_any() {
	cat <<-'CASES'
		0||@plain
		7||@plain exit=7
		255||@plain abort
		1|TENDER: Missing KERNEL operand|
		1|TENDER: Missing KERNEL operand|--
		1|TENDER: Missing KERNEL operand|--mem=64
		1||--help
		1||--help @plain
		1||--bogus --help @plain
		0||@plain --help
		0|TENDER tender, version VERSION / ABI version 2|--version
		0|TENDER tender, version VERSION / ABI version 2|--bogus --version x
		0||@plain --version
		0||-- @plain
		1|TENDER: --: Could not open: No such file or directory|-- -- @plain
		1|TENDER: --version: Could not open: No such file or directory|-- --version
		1|TENDER: Invalid option: `--bogus'|--bogus @plain
		1|TENDER: Invalid option: `-'|- @plain
		1|TENDER: Invalid option: `-m64'|-m64 @plain
		1|TENDER: Invalid option: `--memory=64'|--memory=64 @plain
		1|TENDER: Invalid option: `--quiet'|--mem=64 --quiet @plain
		1|TENDER: Invalid option: `--dumpcore=/tmp'|--dumpcore=/tmp @plain
		1|TENDER: Invalid option: `--gdb'|--gdb @plain
		1|TENDER: Invalid option: `--mem'|--mem @plain
		1|TENDER: 64: Could not open: No such file or directory|--mem 64 @plain
		1|TENDER: Malformed argument to --mem|--mem=0 @plain
		1|TENDER: Malformed argument to --mem|--mem= @plain
		1|TENDER: Malformed argument to --mem|--mem=lots @plain
		3||--mem=32 @plain exit=3
		3||--mem=64k @plain exit=3
		1|TENDER: /dev/null: invalid executable: elf header does not match the expected size (0 != 64)|--mem=lots --bogus /dev/null
		3||--mem=64 --mem=4 @plain exit=3
		4||--mem=64 -- @plain exit=4
		5||@plain --mem=0 --net:service=none -- exit=5
		1|TENDER: short: invalid executable: elf header does not match the expected size (1 != 64)|short
		1|TENDER: empty: invalid executable: elf header does not match the expected size (0 != 64)|empty
		1|TENDER: text: invalid executable: invalid or unsupported executable (elf header invalid while loading note)|text
		1|TENDER: /bin/sh: invalid executable: invalid or unsupported executable (elf header invalid while loading note)|/bin/sh
		1|TENDER: nothing: Could not open: No such file or directory|nothing a b
		1|TENDER: noabi: No Solo5 ABI information found in executable|noabi
		1|TENDER: abi9: Executable requests unsupported ABI version 9|abi9
		1|TENDER: nomft: No Solo5 manifest found in executable|nomft
		1|TENDER: mft2: Solo5 manifest is invalid|mft2
		1|TENDER: nothing: Could not open: No such file or directory|--mem=0 --bogus nothing
		0||@plain '' a '' 'b c' ''
		0||@plain 'a\ b' '"c d"' "'e f'" 'g"h'
		64||@plain 'a\'
		1|TENDER: Device 'service' of type NET_BASIC declared but not attached. / TENDER: All declared devices must be attached. See --help for syntax.|@net
		1|TENDER: Device 'service' of type NET_BASIC declared but not attached. / TENDER: Device 'second' of type NET_BASIC declared but not attached. / TENDER: All declared devices must be attached. See --help for syntax.|@net2
		1|TENDER: Device 'data' of type BLOCK_BASIC declared but not attached. / TENDER: All declared devices must be attached. See --help for syntax.|@block
		1|TENDER: Device 'service' of type NET_BASIC declared but not attached. / TENDER: All declared devices must be attached. See --help for syntax.|--block:data=disk @both
		1|TENDER: Device 'data' of type BLOCK_BASIC declared but not attached. / TENDER: All declared devices must be attached. See --help for syntax.|--net:service=t0 @both
		1|TENDER: Device 'service' of type NET_BASIC declared but not attached. / TENDER: All declared devices must be attached. See --help for syntax.|--net-mac:service=02:00:00:00:00:07 @net
		0||--net:service=t0 @net
		0||--net:service=t0 -- @net
		0||--net:second=t0 --net:service=t1 @net2
		0||--net:service=t0 --net-mac:service=02:00:00:00:00:07 @net
		0||--net-mac:service=02:00:00:00:00:07 --net:service=t0 @net
		0||--net-mac:service=2:0:0:0:0:7 --net:service=t0 @net
		0||--net-mac:service=02:00:00:00:00:07:08 --net:service=t0 @net
		0||--net:service='t0 t1' @net
		0||--net:service=fifteenletters0 @net
		1|TENDER: Resource not declared in manifest: 'service' / TENDER: Invalid option: `--net:service=t0'|--net:service=t0 @plain
		1|TENDER: Resource not declared in manifest: 'other' / TENDER: Invalid option: `--net:other=t0'|--net:other=t0 @net
		1|TENDER: Resource not declared in manifest: 'data' / TENDER: Invalid option: `--net:data=t0'|--net:data=t0 @both
		1|TENDER: Resource not declared in manifest: 'other' / TENDER: Invalid option: `--net-mac:other=02:00:00:00:00:07'|--net-mac:other=02:00:00:00:00:07 @net
		1|TENDER: Invalid option: `--net:service='|--net:service= @net
		1|TENDER: Invalid option: `--net:service'|--net:service @net
		1|TENDER: Invalid option: `--net:=t0'|--net:=t0 @net
		1|TENDER: Invalid option: `--net:a-b=t0'|--net:a-b=t0 @net
		1|TENDER: Invalid option: `--net=t0'|--net=t0 @net
		1|TENDER: Invalid option: `--net-mac:service=02:00:00:00:00'|--net-mac:service=02:00:00:00:00 @net
		1|TENDER: Invalid option: `--net-mac:service=x'|--net-mac:service=x --net:service=t0 @net
		1|TENDER: Invalid option: `--net-mac:service=02-00-00-00-00-07'|--net-mac:service=02-00-00-00-00-07 @net
		1|TENDER: Could not attach interface: none: No such file or directory / TENDER: Invalid option: `--net:service=none'|--net:service=none @net
		1|TENDER: Could not attach interface: down0: Network is down / TENDER: Invalid option: `--net:service=down0'|--net:service=down0 @net
		1|TENDER: Could not attach interface: lo: Invalid argument / TENDER: Invalid option: `--net:service=lo'|--net:service=lo @net
		1|TENDER: Could not attach interface: sixteen_letters_: File name too long / TENDER: Invalid option: `--net:service=sixteen_letters_'|--net:service=sixteen_letters_ @net
		1|TENDER: Could not attach interface: fifteenletters0xxxx: File name too long / TENDER: Invalid option: `--net:service=fifteenletters0xxxxyyyy'|--net:service=fifteenletters0xxxxyyyy @net
		1|TENDER: Could not attach interface: t0: Device or resource busy / TENDER: Invalid option: `--net:second=t0'|--net:service=t0 --net:second=t0 @net2
		1|TENDER: Could not attach interface: @x: Invalid argument / TENDER: Invalid option: `--net:service=@x'|--net:service=@x @net
		1|TENDER: Could not attach interface: @: Invalid argument / TENDER: Invalid option: `--net:service=@'|--net:service=@ @net
		1|TENDER: Could not attach interface: @-1: Numerical result out of range / TENDER: Invalid option: `--net:service=@-1'|--net:service=@-1 @net
		1|TENDER: Could not attach interface: @77: Bad file descriptor / TENDER: Invalid option: `--net:service=@77'|--net:service=@77 @net
		1|TENDER: Could not attach interface: @9: Success / TENDER: Invalid option: `--net:service=@9'|--net:service=@9 @net
		0||--block:data=disk @block
		0||--block:data=disk @block read
		0||--block:data=disk @block 'write=abc' read
		0||--block:data=disk --block-sector-size:data=4096 @block read
		0||--block-sector-size:data=1024 --block:data=disk @block read
		0||--net:service=t0 --block:data=disk @both read
		1|TENDER: Could not open block device: nothing: No such file or directory|--block:data=nothing @block
		1|TENDER: Could not open block device: .: Is a directory|--block:data=. @block
		1|TENDER: data: Backing storage size must be block aligned (512 bytes)|--block:data=odd @block
		1|TENDER: data: Backing storage size must be block aligned (4096 bytes)|--block:data=one --block-sector-size:data=4096 @block
		1|TENDER: data: Backing storage must be at least 1 block (512 bytes) in size|--block:data=empty @block
		1|TENDER: Block size must be a multiple of 2 greater than or equal 512 / TENDER: Invalid option: `--block-sector-size:data=256'|--block-sector-size:data=256 --block:data=disk @block
		1|TENDER: Block size must be a multiple of 2 greater than or equal 512 / TENDER: Invalid option: `--block-sector-size:data=768'|--block-sector-size:data=768 --block:data=disk @block
		1|TENDER: Block size must be a multiple of 2 greater than or equal 512 / TENDER: Invalid option: `--block-sector-size:data=0'|--block-sector-size:data=0 --block:data=disk @block
		1|TENDER: Invalid option: `--block-sector-size:data=x'|--block-sector-size:data=x --block:data=disk @block
		1|TENDER: Resource not declared in manifest: 'other' / TENDER: Invalid option: `--block:other=disk'|--block:other=disk @block
		1|TENDER: Resource not declared in manifest: 'service' / TENDER: Invalid option: `--block:service=disk'|--block:service=disk @both
		1|TENDER: Resource not declared in manifest: 'other' / TENDER: Invalid option: `--block-sector-size:other=512'|--block-sector-size:other=512 @block
		1|TENDER: Invalid option: `--block:data='|--block:data= @block
		1|TENDER: Invalid option: `--block:data'|--block:data @block
		1|TENDER: Invalid option: `--disk=disk'|--disk=disk @block
	CASES
}

cases_hvt() {
	cat <<-'CASES'
		255||@plain fault
		1|TENDER: FILE: Executable is not for the solo5-hvt target|@OTHER
		1|TENDER: Invalid option: `--x-exec-heap'|--x-exec-heap @plain
		3|TENDER: adjusting memory to 2097152 bytes|--mem=1 @plain exit=3
		3|TENDER: adjusting memory to 2097152 bytes|--mem=3 @plain exit=3
		3||--mem=4096 @plain exit=3
		1|TENDER: guest memory size 4297064448 bytes exceeds the max size 4294967296 bytes|--mem=4098 @plain exit=3
		1|TENDER: adjusting memory to 18446744073707454464 bytes / TENDER: guest memory size 18446744073707454464 bytes exceeds the max size 4294967296 bytes|--mem=-1 @plain
	CASES
}

cases_spt() {
	cat <<-'CASES'
		139||@plain fault
		1|TENDER: FILE: Executable is not for the solo5-spt target|@OTHER
		3|TENDER: WARNING: The use of --x-exec-heap is dangerous and not recommended as it makes the heap and stack executable.|--x-exec-heap @plain exit=3
		1|TENDER: FILE: invalid executable: e_entry does not fall within the memory allocation range (ENTRY < 1048576 || ENTRY >= 1048576)|--mem=1 @plain
		3||--mem=3 @plain exit=3
		3||--mem=4098 @plain exit=3
		134|ASSERTION|--mem=-1 @plain
	CASES
}

@test 'options, devices, files: what is said, and exit statuses' {
	need perl
	taps
	all_tenders meets
	# and what guests say is the same under both
	for target in hvt spt; do
		[[ $REAL != *" $target "* ]] || diff -r "$BATS_TEST_TMPDIR"/out.*solo5-"$target"
	done
}

# The tender's words and the blanks between them, as the guest has them: 8191 bytes at most.
longest() {
	local text
	printf -v text '%04095d' 0
	run -0 --separate-stderr "$tender" "$GUESTS/plain.$target" "$text" "$text"
	[ "${lines[0]}" = "cmdline: <$text $text>" ]
	run -1 --separate-stderr "$tender" "$GUESTS/plain.$target" "$text" "0$text"
	[ "$output" = '' ]
	same "solo5-$target: Guest command line too long (max=8191 characters)" "$stderr"
	run -1 --separate-stderr "$tender" "$GUESTS/plain.$target" "$text" "$text" ''
	[ "$output" = '' ]
}

@test "the guest's command line is at most 8191 bytes" {
	all_tenders longest
}

# ends SIGNAL STATUS MESSAGE: what a signal makes of a guest that is busy or waits.
ends() {
	local what status=0 pid
	for what in spin tick=10; do
		# what runs in the background has SIGINT ignored
		: >out
		env --default-signal=INT "$tender" "$GUESTS/plain.$target" print=begun "$what" >out 2>err 3>&- &
		pid=$!
		for _ in {1..500}; do
			! grep -q begun out || break
			sleep 0.01
		done
		kill "-$1" "$pid"
		wait "$pid" || status=$?
		same "$2 $3" "$status $(cat err)"
	done
}

end_hvt_or_spt() {
	if [ "$target" = hvt ]; then
		ends TERM 1 'solo5-hvt: Exiting on signal 15'
		ends INT 1 'solo5-hvt: Exiting on signal 2'
		ends HUP 129 ''
	else
		ends TERM 143 ''
		ends INT 130 ''
		ends HUP 129 ''
	fi
	ends KILL 137 ''
}

@test 'signals' {
	all_tenders end_hvt_or_spt
}
