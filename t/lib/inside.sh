# shellcheck shell=bash disable=SC2034 # what scripts of t/lib/inside.bash start with
set -eEuo pipefail
# what the caller has open is none of the test's
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	[ "$fd" -le 2 ] || [ "$(readlink "/proc/$$/fd/$fd")" = "$SCRIPT" ] || eval "exec $fd>&-"
done
unset fd
trap 'echo "inside: line $LINENO: $BASH_COMMAND" >&2' ERR
HERE=${SCRIPT%/*}
PATH=$HERE:$PATH
GUEST=(/usr/bin/python3 "$HERE/guest.py")
NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
# an ordinary user: here, where root is the machine's; else root here is one
ORDINARY=(env)
[ "$(awk '{print $3}' /proc/self/uid_map)" = 1 ] || ORDINARY=("${NOBODY[@]}")
export HOME=$HERE/w
unset SUDO_UID SUDO_GID PKEXEC_UID DOAS_USER
cd "$HERE/w"
# /tmp/mir-PID.sock is in a directory that all share, where process 12 would be everybody's
echo $((RANDOM % 20000 + 300)) >/proc/sys/kernel/ns_last_pid
ip link set lo up
# /dev/net/tun as udev has it
if [ ! -w /dev/net/tun ] || [ "$(stat -c %a /dev/net/tun)" != 666 ]; then
	mknod "$HERE/tun" c 10 200
	chmod 666 "$HERE/tun"
	mount --bind "$HERE/tun" /dev/net/tun
fi

die() {
	printf '%s\n' "$*" >&2
	return 1
}

# same EXPECTED ACTUAL
same() {
	[ "$1" = "$2" ] || {
		diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") >&2
		return 1
	}
}

# has FILE TEXT...: each on some line of the file.
has() {
	local file=$1 text
	shift
	for text in "$@"; do
		grep -qF -e "$text" "$file" || {
			printf 'not in %s: %s\n' "$file" "$text"
			cat "$file"
			return 1
		} >&2
	done
}

# exits STATUS COMMAND...: output goes to out and err.
exits() {
	local want=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$want" ] || {
		printf 'status %s, not %s: %s\n' "$got" "$want" "$*"
		cat out err
		return 1
	} >&2
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((${EPOCHREALTIME/./} + ${1}000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ ${EPOCHREALTIME/./} -lt "$end" ] || die "not in time: $*" || return
		sleep 0.02
	done
}

# Processes, but for this shell and those of $KEEP: what is in no directory is seen, too.
KEEP=' '
processes() {
	local p pid name
	for p in /proc/[0-9]*; do
		pid=${p#/proc/}
		if [ "$pid" = 1 ] || [ "$pid" = $BASHPID ] || [[ $KEEP == *" $pid "* ]]; then
			continue
		fi
		read -r name <"$p/comm" || continue
		echo "$name"
	done 2>/dev/null
}

# What is here beside lo and what was here when `keep` was called.
LINKS=' lo '
left() {
	local link
	while IFS=: read -r _ link _; do
		link=${link# }
		[[ $LINKS == *" ${link%@*} "* ]] || echo "interface $link"
	done < <(ip -o link)
	nft list tables
	[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ] || echo 'ip_forward is on'
	processes
}

# From now on, what is here is the test's own.
keep() {
	local p
	LINKS=' '
	while IFS=: read -r _ p _; do
		p=${p# }
		LINKS+="${p%@*} "
	done < <(ip -o link)
	for p in /proc/[0-9]*; do
		KEEP+="${p#/proc/} "
	done
}

# gone: nothing of ours is left. The limit is for busy machines.
nothing() {
	[ -z "$(left)" ]
}
gone() {
	until_true 10 nothing || {
		left >&2
		ps -ef >&2
		return 1
	}
}

# A second network namespace: its process in $1, a variable.
namespace() {
	unshare --net sleep 600 &
	printf -v "$1" %s $!
	until_true 2 other_net $!
	nsenter --net --target=$! ip link set lo up
}
other_net() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}
# in_ns PID COMMAND...
in_ns() {
	local pid=$1
	shift
	nsenter --net --target="$pid" "$@"
}

# taps of a process, by descriptor
tap_of() {
	sed -n 's/^iff:\t//p' "/proc/$1/fdinfo/$2"
}
says() {
	grep -qF -e "$2" "$1"
}
