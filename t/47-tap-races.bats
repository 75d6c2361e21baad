#!/usr/bin/env bats
# mirari-tap many times at once, killed, and with many taps. Each test has a network namespace of its
# own; what is left there is looked at when it ends.
load lib/common.bash
load lib/try.bash
load lib/netns.bash
load lib/tapworld.bash

# race NAME ROUNDS
race() {
	try "${NS[@]}" "$PYTHON" "$BATS_TEST_DIRNAME/lib/taprace.py" "$@"
	cat "$T/out"
	exits 0
}

# many COUNT: a record with so many devices.
many() {
	local count i
	count=$(large "$1")
	echo name=many
	for ((i = 0; i < count; i++)); do
		echo "net.d$i.host=10.$((i / 250)).$((i % 250)).1/24"
	done
	echo
}

@test "two ups for one name: both do it, once" {
	race one_name "$(large 50)"
}

@test "up against down --all: each is done or says to try again, and nothing is half made" {
	race up_and_down "$(large 100)"
}

@test "killed at any moment, up leaves only what is whole" {
	printf 'name=k\n\n' >empty-record
	race killed "$(large 200)"
	down --all
	exits 0
	try "${NS[@]}" mirari-tap gc
	exits 0
	unchanged
}

@test "1000 taps: made, listed, removed" {
	many 1000 >many
	race many "$(large 1000)"
}

@test "20 ups at once, alone and in one bridge" {
	race parallel 20
}

@test "an up that fails takes nothing of another's with it" {
	race failing "$(large 25)"
}

@test "list and down while interfaces come and go" {
	many 300 >many
	race listed "$(large 50)"
}

@test "NAT and ports for eight taps at once" {
	race translated 8
}
