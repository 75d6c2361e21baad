#!/usr/bin/env bats
# mirari-solo5 inspect: what a file is, against what other programs say of the same one, and what is
# wrong with those that can't be run. Solo5's own unikernels are looked at, too, when their directory is
# $MIRARI_SOLO5_SAMPLES.
load lib/common.bash
load lib/try.bash

elf() {
	python3 "$SOURCE/t/lib/elf.py" "$@"
}

inspect() {
	try mirari-solo5 inspect "$@" </dev/null
}

prints() {
	same "$(printf '%s\n' "$@")" "$(cat "$T/out")"
	[ "$(tail -c 2 "$T/out" | od -An -tx1 | tr -d ' ')" = 0a0a ] || flunk 'should end the record'
}

# refused FILE WHY
refused() {
	inspect "$1"
	exits 65
	[ ! -s "$T/out" ] || flunk 'should print nothing'
	says "mirari-solo5: $1: $2"
}

machine=$(uname -m)

@test "a unikernel: target, ABI, processor, devices" {
	elf www.hvt hvt service=net storage=block
	inspect www.hvt
	exits 0
	prints target=hvt abi=2 arch=x86_64 boot=solo5 device.0.name=service device.0.type=NET_BASIC \
		device.1.name=storage device.1.type=BLOCK_BASIC
	elf www.spt spt:7 --machine=183
	inspect www.spt
	prints target=spt abi=7 arch=aarch64 boot=solo5
	inspect --get target www.spt
	exits 0
	same spt "$(cat "$T/out")"
	inspect --get device.0.name www.spt
	exits 1
	for target in virtio xen; do
		elf www $target service=net
		inspect www --get target
		same $target "$(cat "$T/out")"
	done
	elf www.muen muen
	inspect www.muen
	exits 0
	prints abi=2 arch=x86_64 boot=solo5
}

@test "Xen and multiboot without Solo5" {
	elf kernel xen-pvh
	inspect kernel
	prints target=xen arch=x86_64 boot=xen-pvh
	elf kernel xen-pvh32
	inspect kernel
	prints target=xen arch=x86_64 boot=xen-pvh
	elf kernel multiboot
	inspect kernel
	prints target=virtio arch=x86_64 boot=multiboot
	elf kernel multiboot32
	inspect kernel
	prints target=virtio arch=x86_64 boot=multiboot
}

@test "programs that gcc links, and what it makes on the way there" {
	need gcc
	case $machine in x86_64 | aarch64) ;; *) skip "no target of ours is for $machine" ;; esac
	echo 'int main(void) { return 0; }' >main.c
	gcc -o dynamic main.c
	gcc -no-pie -o fixed main.c
	gcc -static -o static main.c
	gcc -static-pie -o static-pie main.c
	strip -o stripped dynamic
	for program in dynamic fixed static static-pie stripped; do
		inspect $program
		exits 0
		prints target=unix-socket arch="$machine" boot=executable
	done
	gcc -c main.c
	refused main.o 'is an object file (.o) that is not linked yet'
	gcc -shared -fPIC -o main.so main.c
	refused main.so 'is a shared library (.so), not a program'
	ar rc main.a main.o
	refused main.a 'is a library (.a)'
}

@test "programs of this system" {
	case $machine in x86_64 | aarch64) ;; *) skip "no target of ours is for $machine" ;; esac
	local count=0
	for program in /bin/true /bin/sh /usr/bin/perl /usr/bin/env /sbin/ldconfig; do
		[ -e $program ] && [ "$(head -c 4 $program | tail -c 3)" = ELF ] || continue
		inspect $program
		exits 0
		prints target=unix-socket arch="$machine" boot=executable
		count=$((count + 1))
	done
	[ $count -ge 2 ]
}

@test "what is no program is named" {
	: >empty
	refused empty 'is empty'
	echo 'name: www' >www.yml
	refused www.yml 'is text, not a unikernel'
	printf '#!/bin/sh -e\necho\n' >script
	refused script 'is a script (#!/bin/sh -e), not machine code'
	echo hello | gzip >kernel.gz
	refused kernel.gz 'is compressed by gzip: unpack it first, with gunzip'
	tar cf some.tar script
	refused some.tar 'is a tar archive'
	head -c 5000 /dev/zero >zeros
	refused zeros 'begins with zeros'
	printf 'MZ\220\0\3' >program.exe
	refused program.exe 'is a program for DOS, Windows or UEFI (PE)'
	printf '\317\372\355\376\7\0\0\1' >macho
	refused macho 'is a program for macOS (Mach-O)'
	{
		head -c 510 /dev/zero
		printf '\125\252\0\0HdrS'
	} >bzImage
	refused bzImage 'is a Linux kernel (bzImage)'
	printf '\200\1\2\3\4\5\6\7\10' >odd
	refused odd 'is neither an ELF file nor a multiboot one: it begins with the bytes 80 01 02 03 04 05 06 07'
}

@test "ELF files that aren't for us are named" {
	elf riscv static --machine=243
	refused riscv 'is for RISC-V processors'
	elf unknown static --machine=12345
	refused unknown 'is for processors of number 12345'
	elf core static --type=4
	refused core 'is a core dump'
	elf other static
	printf '\2' | dd of=other bs=1 seek=5 conv=notrunc status=none
	refused other 'is a big-endian 64-bit program'
	elf other static
	printf '\1' | dd of=other bs=1 seek=4 conv=notrunc status=none
	refused other 'is a 32-bit program (x86_64)'
	printf '\177E' >short
	refused short 'is cut short: the file has 2 bytes'
}

@test "a unikernel that was cut short, at any byte" {
	elf www.hvt hvt service=net storage=block
	size=$(stat -c %s www.hvt)
	for length in 1 3 4 19 20 63 64 100 300 400 $((size / 2)) $((size - 1)); do
		head -c "$length" www.hvt >cut
		refused cut 'is cut short'
	done
}

@test "Solo5's notes must be complete, and the manifest right" {
	elf www.hvt hvt --without=abi service=net
	refused www.hvt 'has a manifest of Solo5, but no ABI note'
	elf www.hvt hvt:3 --without=manifest
	refused www.hvt 'has an ABI note of Solo5 (hvt, version 3), but no manifest'
	elf www.hvt hvt service=net service=block
	refused www.hvt 'bad manifest: two devices are called service'
	elf www.hvt hvt ser-vice=net
	refused www.hvt 'bad manifest: entry 1 has a name of other characters'
	elf www.hvt hvt =net
	refused www.hvt 'bad manifest: entry 1 has no name'
	elf www.hvt hvt "$(printf 'x%.0s' {1..68})=net"
	refused www.hvt "bad manifest: entry 1 has a name that doesn't end"
	# shellcheck disable=SC2046 # words
	elf www.hvt hvt $(printf 'd%s=net ' {1..64})
	refused www.hvt 'bad manifest: it has 65 entries; at most 64'
	# shellcheck disable=SC2046
	elf www.hvt hvt $(printf 'd%s=net ' {1..63})
	inspect www.hvt --get device.62.name
	exits 0
	same d63 "$(cat "$T/out")"
	elf www.hvt hvt --type=3
	refused www.hvt 'is a unikernel for hvt that is position-independent'
}

@test "files that can't be read, and what is no file" {
	inspect nowhere
	exits 66
	says 'mirari-solo5: nowhere: No such file or directory'
	mkdir dir
	refused dir 'is a directory, not a file'
	refused /dev/null 'is a device, not a file'
	mkfifo pipe
	soon mirari-solo5 inspect pipe
	exits 65
	says 'is a pipe, not a file'
	inspect a b
	exits 64
	says 'one file at most, not also b'
	elf secret hvt
	chmod 0 secret
	[ "$(id -u)" != 0 ] || return 0
	inspect secret
	exits 77
}

@test "a name of control characters is no command for the terminal" {
	inspect $'\e]0;x\a'
	exits 66
	says '?]0;x?: No such file'
}

@test "a large file is not read" {
	elf www.hvt hvt service=net --size=$((1 << 40))
	soon mirari-solo5 inspect www.hvt
	exits 0
}

@test "a file that shrinks while it is read is no crash" {
	need timeout
	elf good hvt service=net --size=100000
	(
		trap 'exit 0' TERM
		while :; do
			truncate -s 10 www.hvt
			cat good >www.hvt
		done
	) 2>/dev/null &
	shrinker=$!
	for _ in $(seq "$(large 200)"); do
		inspect www.hvt
		case $status in 0 | 65 | 66) ;; *) break ;; esac
	done
	kill $shrinker
	wait $shrinker 2>/dev/null || true
	case $status in 0 | 65 | 66) ;; *) flunk 'should read it or say what is wrong' ;; esac
}

# ---- records ----------------------------------------------------------------------------------------

record() {
	printf '%s\n' name=www "config.dir=$PWD" "$@" ''
}

@test "a record's artifact, and what is appended" {
	mkdir _build _mirari
	elf _build/www.hvt hvt service=net
	try mirari-solo5 inspect < <(record target=hvt artifact=_build/www.hvt zz.unknown=1)
	exits 0
	prints name=www "config.dir=$PWD" target=hvt artifact=_build/www.hvt zz.unknown=1 abi=2 arch=x86_64 \
		boot=solo5 device.0.name=service device.0.type=NET_BASIC
	elf _build/www.hvt hvt
	cp "$T/out" again
	try mirari-solo5 inspect <again
	exits 0
	prints name=www "config.dir=$PWD" target=hvt artifact=_build/www.hvt zz.unknown=1 abi=2 arch=x86_64 boot=solo5
	try mirari-solo5 inspect -r < <(record "artifact=$PWD/_build/www.hvt")
	same hvt "$(sed -n s/^target=//p "$T/out")"
	cp _build/www.hvt _mirari/
	try mirari-solo5 inspect < <(record build.dir=_mirari artifact=www.hvt)
	exits 0
	try mirari-solo5 inspect < <(record)
	exits 66
	says "$PWD/mir-www: No such file"
	try mirari-solo5 inspect --record _build/www.hvt < <(printf 'name=x\n\n')
	exits 0
	try mirari-solo5 inspect < <(printf 'name=x\nartifact=x\n\n')
	exits 65
	says 'no config.dir'
	try mirari-solo5 inspect < <(echo)
	exits 65
	says 'neither artifact nor name'
}

@test "a file of another target than the record's is refused" {
	elf www.spt spt
	try mirari-solo5 inspect < <(record target=hvt artifact=www.spt)
	exits 65
	says "www.spt: is for spt, but the record's target is hvt"
	says 'mirari build --target=hvt'
	cp "$(type -P true)" mir-www
	for target in unix-socket unix-direct; do
		try mirari-solo5 inspect --get target < <(record target=$target)
		exits 0
		same $target "$(cat "$T/out")"
	done
	try mirari-solo5 inspect < <(record target=xen)
	exits 65
	says "is for unix-socket, but the record's target is xen"
}

@test "a file with --set, and wrong values" {
	elf www.hvt hvt
	inspect www.hvt --set memory=32 --get memory
	exits 0
	same 32 "$(cat "$T/out")"
	inspect www.hvt --set memory=lots
	exits 64
}

# ---- what others say --------------------------------------------------------------------------------

@test "readelf finds the same notes" {
	need readelf
	elf www.hvt hvt:5 service=net
	readelf -nW www.hvt >notes
	grep -qE '^ +Solo5 +0x00000010' notes
	grep -qE '^ +Solo5 +0x000000dc' notes # 12 and 2 × 104
	grep -q 'description data: 01 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00' notes
	grep -q 'description data: 00 00 00 00 01 00 00 00 02 00 00 00 00' notes
}

@test "solo5-elftool agrees on every unikernel of Solo5's tests" {
	[ -n "${MIRARI_SOLO5_SAMPLES-}" ] || skip 'MIRARI_SOLO5_SAMPLES names no directory'
	need solo5-elftool jq
	find "$MIRARI_SOLO5_SAMPLES" -type f -name '*.*' | grep -E '\.(hvt|spt|virtio|xen|muen)$' >files
	[ -s files ]
	while IFS= read -r file; do
		inspect "$file"
		solo5-elftool query-manifest "$file" >manifest 2>/dev/null && solo5-elftool query-abi "$file" >abi 2>/dev/null || {
			exits 65
			continue
		}
		exits 0
		# we have no target for muen and genode
		jq -r '"abi=\(.version)", "target=\(.target)"' abi | grep -v -e =muen -e =genode >expected
		jq -r '.devices | to_entries[] | "device.\(.key).name=\(.value.name)", "device.\(.key).type=\(.value.type)"' \
			manifest >>expected
		same "$(sort expected)" "$(grep -e ^abi= -e ^target= -e ^device "$T/out" | sort)" || flunk "$file"
	done <files
}
