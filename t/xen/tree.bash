# shellcheck shell=bash
# What the roots of dom0 and of its guests are put together by: out of ./stage, into $root.
LOADER=stage/usr/lib64/ld-linux-x86-64.so.2

# make_root DIRECTORY
make_root() {
	local directory
	root=$1
	rm -rf "$root"
	mkdir -p "$root"/{dev,proc,sys,run,tmp,root,etc,var/log,usr/{bin,sbin,lib,lib64}}
	for directory in bin sbin lib lib64; do
		ln -s "usr/$directory" "$root/$directory"
	done
	ln -s ../run "$root/var/run"
	ln -s ../run/lock "$root/var/lock"
}

# take PATH...: files or directories of the stage
take() {
	local path
	for path; do
		mkdir -p "$root/$(dirname "$path")"
		cp -RL "stage/$path" "$root/$(dirname "$path")/"
	done
}

# take_programs PATH...: below usr/, with the libraries that they link
take_programs() {
	local libraries path
	take "${@/#/usr/}"
	# shellcheck disable=SC2153 # of ./packages
	libraries=$(for path; do
		"$LOADER" --inhibit-cache --library-path "stage/usr/$LIBRARIES" --list "stage/usr/$path"
	done | sed -n 's,.*=> stage/\([^ ]*\).*,\1,p' | sort -u)
	# shellcheck disable=SC2086 # names without blanks
	take $libraries
}

# take_busybox: its commands are there where no other program has the name.
take_busybox() {
	local applet
	take usr/bin/busybox
	for applet in $("$root/bin/busybox" --list); do
		[ -e "$root/bin/$applet" ] || [ -e "$root/sbin/$applet" ] || ln -s busybox "$root/bin/$applet"
	done
}

# take_modules KERNEL MODULE...: with those that they need
take_modules() {
	local kernel=$1 module
	shift
	depmod -b stage "$kernel"
	for module; do
		modprobe -d "$PWD/stage" -S "$kernel" --show-depends "$module"
	done | sed -n "s,^insmod $PWD/stage/\([^ ]*\).*,\1,p" | sort -u >modules
	[ -s modules ] || return 1
	# shellcheck disable=SC2046 # names without blanks
	take $(cat modules) "lib/modules/$kernel"/modules.{builtin,builtin.modinfo,order}
	rm modules
	depmod -b "$root" "$kernel"
}

# pack FILE: as an initramfs, all of it root's
pack() {
	(cd "$root" && find . -print0 | sort -z | cpio --null -o -H newc -R 0:0 --quiet) >"$1"
}
