# A libvirtd of the tests' own, for one file: it is that of an ordinary user's session, which the first
# connection starts, with a home and a runtime directory that end with the file. It runs real QEMU.
#
#   W        the user's directory: $W/home, $W/run
#   AS       "${AS[@]}" COMMAND... runs as that user
#   VIRT     "${VIRT[@]}" WORD... is mirari-virt as that user
#   SESSION  the connection
#
# shellcheck disable=SC2034,SC2154 # others use them; common.bash has BUILD

SESSION=qemu:///session

# To be called by setup_file, and virt_end by teardown_file.
virt_start() {
	need qemu-system-x86_64 virsh libvirtd
	[ -e "$BUILD/guest/plain.virtio" ] || lacking 'the unikernels of the tests are for x86_64'
	# sockets have short names
	W=$(mktemp -d /tmp/mirari-virt.XXXXXX)
	export W
	mkdir "$W/home" "$W/run" "$W/guest" "$W/bin"
	cp "$BUILD"/guest/*.virtio "$W/guest/"
	cp "$BUILD/bin/mirari-virt" "$BUILD/bin/mirari-solo5" "$W/bin/"
	chmod 711 "$W"
	chmod -R a+rX "$W/guest" "$W/bin"
	virt_user
	[ "$(id -u)" != 0 ] || chown 65534:65534 "$W/home" "$W/run"
	chmod 700 "$W/home" "$W/run"
	"${AS[@]}" virsh -c "$SESSION" list >/dev/null || lacking "libvirtd's QEMU driver doesn't start"
}

# In each test.
virt_user() {
	AS=(env -u LIBVIRT_DEFAULT_URI)
	# root has no session
	[ "$(id -u)" != 0 ] || AS=(setpriv --reuid=65534 --regid=65534 --clear-groups -- env -u LIBVIRT_DEFAULT_URI)
	AS+=("HOME=$W/home" "XDG_RUNTIME_DIR=$W/run" "PATH=$W/bin:$PATH")
	VIRT=("${AS[@]}" mirari-virt)
}

# The processes that libvirt has started, one a line: QEMU, or the daemons.
virt_domains() {
	virt_pids "$W"/run/libvirt/qemu/run/[!d]*.pid
}
virt_daemons() {
	virt_pids "$W"/run/libvirt/{libvirtd,virtlogd}.pid
}
virt_pids() {
	local file pid
	for file; do
		[ ! -e "$file" ] || { read -r pid <"$file" || :; } 2>/dev/null
		[ -z "${pid-}" ] || echo "$pid"
		pid=
	done
}

virt_end() {
	local pid
	[ -n "${W-}" ] || return 0
	for pid in $(virt_daemons) $(virt_domains); do
		kill "$pid" 2>/dev/null || :
		until_true gone "$pid"
	done
	rm -rf "$W"
}

# No domain is left; each test ends like that.
virt_none() {
	same '' "$("${AS[@]}" virsh -c "$SESSION" list --all --name | sed '/^$/d')"
}
