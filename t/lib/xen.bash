# For tests that need a Xen: a machine that t/xen/run restores from the test bed, for each file of tests one.
#
#   setup_file() { xen_up [FORWARD...]; }       FORWARD: a guest's ADDRESS:PORT that is to be reached from outside
#   teardown_file() { xen_down; }
#
#   dom0 COMMAND...            runs it there, as root; `<` and exit status are its own
#   dom0_put FILE... [:DIRECTORY]   copies files there, to /root by default
#   dom0_put_tools TOOL...     our executables, where dom0's PATH has them
#   dom0_until TEXT...         runs the text there every tenth of a second until it succeeds
#   xen_guest [TOOL...]        puts share/examples/pvh's unikernel to /root, and these tools
#   xen_place                  sets GUEST (that one, here), PLACE (options of ours that lead to dom0), and PATIENCE
#   ends STATUS PID            waits for it
#   field KEY                  of the record in `run`'s output
#   xen_port ADDRESS:PORT      where on 127.0.0.1 a FORWARD is
#   xen_clean                  destroys what runs there and forgets what was defined, for a teardown
#
# For tools that reach it by themselves: XEN_SSH_CONFIG for `ssh -F` (the host is dom0, or 127.0.0.1 at port XEN_SSH_PORT),
# XEN_KEY and XEN_KNOWN_HOSTS. In dom0: virsh and libvirtd, xl, /root/guests (t/xen/guests), the user visitor without rights,
# whom the same key lets in.

# Runs QEMU as a child of bats' process for the file, and only as long as that lives.
xen_up() {
	need qemu-system-x86_64 zstd cpio ssh ssh-keygen setpriv python3 modprobe apt-get
	[ "$(uname -m)" = x86_64 ] || lacking 'the test bed is for x86_64'
	export XEN_BED=${MIRARI_XEN:-$SOURCE/build/xen} XEN_RUN=$BATS_FILE_TMPDIR/xen
	mkdir "$XEN_RUN"
	local status=0
	"$SOURCE/t/xen/build" "$XEN_BED" >&2 3>&- 4>&- || status=$?
	[ $status != 69 ] || lacking 'the packages of the test bed are not to be had'
	[ $status = 0 ] || return $status
	pushd "$XEN_RUN" >/dev/null || return
	setpriv --pdeathsig KILL "$SOURCE/t/xen/run" restore "$@" </dev/null >qemu 2>&1 3>&- 4>&- &
	export XEN_QEMU=$!
	"$SOURCE/t/xen/reach" "$XEN_QEMU" 3>&- 4>&- || { cat qemu >&2 && return 1; }
	popd >/dev/null || return
	export XEN_SSH_CONFIG=$XEN_RUN/ssh_config XEN_KNOWN_HOSTS=$XEN_RUN/known_hosts XEN_KEY=$XEN_BED/key
	XEN_SSH_PORT=$(xen_port 10.0.2.15:22)
	export XEN_SSH_PORT
}

xen_down() {
	[ -n "${XEN_QEMU-}" ] || return 0
	kill "$XEN_QEMU" 2>/dev/null
	wait "$XEN_QEMU" || :
}

# shellcheck disable=SC2029,SC2032,SC2033 # it is for the shell there
dom0() {
	ssh -F "$XEN_SSH_CONFIG" dom0 "$@"
}

dom0_put() {
	local directory=/root
	[[ ${*: -1} != :* ]] || {
		directory=${*: -1}
		directory=${directory#:}
		set -- "${@:1:$#-1}"
	}
	scp -q -F "$XEN_SSH_CONFIG" "$@" "dom0:$directory/"
}

# Libraries of sanitizers come along: nobody installs them on servers.
dom0_put_tools() {
	local libraries
	native
	libraries=$(ldd "${@/#/$BUILD/bin/}" | sed -nE 's,.*=> (.*/lib[a-z]*san\.so\S*).*,\1,p' | sort -u)
	# shellcheck disable=SC2086 # names without blanks
	[ -z "$libraries" ] || dom0_put $libraries :/usr/lib/x86_64-linux-gnu
	dom0_put "${@/#/$BUILD/bin/}" :/usr/bin
}

xen_guest() {
	[ -e "$BUILD/guest/pvh.xen" ] || lacking 'make guests builds the unikernel'
	[ $# = 0 ] || dom0_put_tools "$@"
	dom0_put "$BUILD/guest/pvh.xen"
}

# shellcheck disable=SC2034 # for the tests
xen_place() {
	PATIENCE=300
	GUEST=$BUILD/guest/pvh.xen
	PLACE=(--on ssh://dom0 --set "ssh.config=$XEN_SSH_CONFIG")
}

ends() {
	local status=0
	wait "$2" || status=$?
	same "$1" "$status"
}

# shellcheck disable=SC2154 # bats' run sets output
field() {
	sed -n "s/^$1=//p" <<<"$output"
}

# One connection, and no process here for each time: machines are busy.
dom0_until() {
	timeout 300 ssh -F "$XEN_SSH_CONFIG" dom0 "until { $*; } >/dev/null 2>&1; do sleep 0.1; done" || {
		echo "never in dom0: $*" >&2
		return 1
	}
}

xen_port() {
	sed -n "s/^$1 //p" "$XEN_RUN/ports" | grep .
}

xen_clean() {
	# shellcheck disable=SC2016 # for the shell there
	dom0 'xl list | sed 1,2d | while read -r name id rest; do xl destroy $id; done
		virsh -q -c xen:///system list --all --name | while read -r name; do
			[ "$name" = Domain-0 ] || [ -z "$name" ] || virsh -q -c xen:///system undefine "$name"
		done'
}
