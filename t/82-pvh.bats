#!/usr/bin/env bats
# share/examples/pvh: the unikernel in C, which a command builds; in real QEMU, without KVM, and from real
# GRUB. On Xen it is in tests of their own.
load lib/common.bash
load lib/try.bash

GUEST=$BUILD/guest/pvh.xen
GRUB=/usr/lib/grub/i386-pc
QEMU=(qemu-system-x86_64 -accel tcg -m 32 -display none -nodefaults -no-reboot -serial stdio)

setup() {
	try_setup
	[ "$(uname -m)" = x86_64 ] || lacking 'the unikernel is for x86_64'
}

teardown() {
	[ -z "${guest-}" ] || kill "$guest" 2>/dev/null || :
}

# boots COMMANDLINE [OPTION]...: until it ends
boots() {
	need qemu-system-x86_64
	try timeout 60 "${QEMU[@]}" "${@:2}" -kernel "$GUEST" -append "$1" </dev/null
}

# prints LINE...: one after another, and nothing else behind the first
prints() {
	same "$(printf '%s\n' "$@")" "$(tr -d '\r' <"$T/out")"
}

# types_at COMMANDLINE [OPTION]...: a guest whose input is descriptor 7
types_at() {
	need qemu-system-x86_64
	mkfifo in
	timeout 60 "${QEMU[@]}" "${@:2}" -kernel "$GUEST" -append "$1" <in >"$T/out" 2>"$T/err" &
	guest=$!
	tried="types_at $*"
	exec 7>in
}

ends() {
	status=0
	wait "$guest" || status=$?
	exec 7>&-
	exits "$1"
}

@test 'mirari configure and build make it, without any main' {
	need gcc make
	cp -R "$SOURCE/share/examples/pvh" project
	rm -f project/pvh.xen
	cd project
	ls -A >../before
	try mirari configure
	exits 0
	try mirari build
	exits 0
	[ -s pvh.xen ] || flunk 'should be there'
	same "$(printf '%s\n' .mirari pvh.xen)" "$(ls -A | diff ../before - | sed -n 's/^> //p')"
	try mirari-solo5 inspect pvh.xen </dev/null
	exits 0
	prints target=xen arch=x86_64 boot=xen-pvh boot=multiboot
	touch -d '1 hour' main.c
	cp pvh.xen first
	try mirari build
	exits 0
	cmp pvh.xen first
	[ pvh.xen -nt first ] || flunk 'should be built again'
	[ "$(stat -c %s pvh.xen)" -lt 102400 ] || flunk 'should be small'
}

@test 'gcc and clang have nothing to remark, and two builds are equal wherever they are' {
	local cc
	for cc in gcc clang; do
		need $cc make
		for place in here 'over there'; do
			cp -R "$SOURCE/share/examples/pvh" "$place"
			try make -s -C "$place" CC=$cc WERROR=1 FILE="$T/$cc-${place%% *}"
			exits 0
			rm -r "$place"
		done
		same '' "$(cat "$T/err")"
		cmp "$T/$cc-here" "$T/$cc-over"
		GUEST=$T/$cc-here
		boots 'exit=7' -device isa-debug-exit
		exits 15
	done
	# there is no C library of 32 bits to be had
	same '' "$(grep -hoE '#include <[^>]*>' "$SOURCE"/share/examples/pvh/*.[ch] | sort -u |
		grep -vxE '#include <std(arg|bool|def|int|noreturn)\.h>')"
}

@test 'QEMU boots it by PVH, and it is told its command line byte for byte' {
	boots "a  b=c \"d  e\" 'f \"g' h\\ i \\\"j é %s \$HOME exit=crash" -device isa-debug-exit
	exits 7
	prints hello 'boot: pvh on pc' 'memory: 32255 KiB' \
		"cmdline: <a  b=c \"d  e\" 'f \"g' h\\ i \\\"j é %s \$HOME exit=crash>" 'arg 1: a' 'arg 2: b=c' 'arg 3: d  e' \
		'arg 4: f "g' 'arg 5: h i' 'arg 6: "j' 'arg 7: é' 'arg 8: %s' "arg 9: \$HOME" 'arg 10: exit=crash' \
		'exit: crash'
	same '' "$(cat "$T/err")"
	boots '' -m 64
	exits 0
	prints hello 'boot: pvh on pc' 'memory: 65023 KiB' 'cmdline: <>' 'exit: poweroff'
	boots "$(head -c 2000 /dev/zero | tr '\0' x)"
	exits 0
	grep -q '^cmdline: <x\{2000\}>' "$T/out" || flunk 'should be told all of it'
}

@test 'how it ends' {
	local reason
	for reason in poweroff:83 reboot:3 suspend:5 crash:7 watchdog:9 0:83 1:3 100:201; do
		boots "exit=${reason%:*}" -device isa-debug-exit
		exits "${reason#*:}"
		boots "exit=${reason%:*}" -device isa-debug-exit,iobase=0xf4
		exits "${reason#*:}"
	done
	# without that device
	boots exit=poweroff
	exits 0
	boots exit=reboot -monitor none
	exits 0
	boots 'fault exit=poweroff' -device isa-debug-exit
	exits 7
	grep -q '^exception 6, ' "$T/out" || flunk 'should say what it was'
	for word in exit=never exit= exit=256 exit=-1 wait=x flood=99999999999; do
		boots "$word" -device isa-debug-exit
		exits 7
		tr -d '\r' <"$T/out" | grep -qx "can't be: $word" || flunk "should refuse $word"
	done
}

@test 'it waits for so long, without using the processor' {
	local start=$EPOCHREALTIME ticks
	types_at wait=4 -device isa-debug-exit
	until_true grep -q 'arg 1: wait=4' "$T/out"
	sleep 0.5
	child=$(pgrep -P "$guest")
	read -ra before <"/proc/$child/stat"
	sleep 2
	read -ra after <"/proc/$child/stat"
	ticks=$((after[13] + after[14] - before[13] - before[14]))
	ends 83
	[ $((${EPOCHREALTIME/./} - ${start/./})) -ge 4000000 ] || flunk 'should take four seconds'
	[ $ticks -lt 60 ] || flunk "used $ticks of 200 ticks"
}

@test 'lines that are typed on the serial port are said again' {
	types_at 'echo flood=2 exit=9' -device isa-debug-exit
	until_true grep -q 'echo: on' "$T/out"
	printf 'one  line\r' >&7
	until_true grep -q 'echo: one  line' "$T/out"
	printf 'twx\b\177wo\n\r\nthree\n%s\nquit\n' "$(head -c 500 /dev/zero | tr '\0' y)" >&7
	ends 19
	same "$(printf '%s\n' 'echo: on' 'one  line' 'echo: one  line' "twx"$'\b \b\b \b'wo 'echo: two' three 'echo: three' \
		"$(head -c 500 /dev/zero | tr '\0' y)" "echo: $(head -c 500 /dev/zero | tr '\0' y)" quit 'echo: off' \
		'line 1' 'line 2' 'exit: 9')" "$(tr -d '\r' <"$T/out" | sed -n '/^echo: on/,$p')"
	rm in
	types_at echo -device isa-debug-exit
	until_true grep -q 'echo: on' "$T/out"
	printf 'exit nowhere\nexit watchdog\n' >&7
	ends 9
	tr -d '\r' <"$T/out" | grep -qx 'nowhere is no reason to exit' || flunk 'should refuse that'
}

@test 'a flood loses nothing' {
	boots flood=3000 -device isa-debug-exit
	exits 83
	same "$(seq 3000 | sed 's/^/line /')" "$(tr -d '\r' <"$T/out" | grep '^line')"
}

@test 'GRUB boots the same file by multiboot' {
	need grub-mkimage qemu-system-x86_64
	[ -e "$GRUB/lnxboot.img" ] || lacking 'grub-pc-bin is not installed'
	cp "$GUEST" pvh.xen
	cat >grub.cfg <<-'END'
		serial
		terminal_output serial
		multiboot (memdisk)/pvh.xen 'a  b' "c\"d" e\\f "it's" exit=watchdog
		boot
	END
	tar -cf memdisk.tar pvh.xen grub.cfg
	grub-mkimage -O i386-pc -m memdisk.tar -p '(memdisk)' -o core.img biosdisk memdisk tar multiboot serial terminal \
		boot normal
	# GRUB looks like a Linux kernel that way, and what it boots doesn't
	try timeout 60 "${QEMU[@]}" -device isa-debug-exit -kernel "$GRUB/lnxboot.img" -initrd core.img </dev/null
	exits 9
	same "$(printf '%s\n' 'boot: multiboot on pc' 'memory: 32255 KiB' "cmdline: <\"a  b\" c\\\"d e\\\\f it\\'s exit=watchdog>" \
		'arg 1: a  b' 'arg 2: c"d' 'arg 3: e\f' "arg 4: it's" 'arg 5: exit=watchdog' 'exit: watchdog')" \
		"$(tr -d '\r' <"$T/out" | sed -n '/^boot:/,$p')"
}
