# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # what scripts of t/lib/inside.bash read for an sshd of their own
#
# A real sshd on 127.0.0.1, for root, whose home directory there is "$THERE", which has blanks and a quote in its
# name. It knows nothing of the machine's own: its keys and configuration are the test's, its processes end with
# the test's namespace. What runs there has the tools and the tenders that run here, and a state of its own.
#
#   SSHD       the program (t/lib/sshd-need)
#   PLACE      ssh://root@127.0.0.1:PORT
#   ON         (--set ssh.config=FILE --on PLACE)
#   THERE      the home directory

PORT=2222
PLACE=ssh://root@127.0.0.1:$PORT
THERE="$HERE/w/it's there"
CONFIG=$HERE/w/ssh_config
ON=(--set "ssh.config=$CONFIG" --on "$PLACE")
export XDG_RUNTIME_DIR=$HERE/w/run TMPDIR=$HERE/w/tmp

ssh_prepare() {
	mkdir -p "$THERE" "$XDG_RUNTIME_DIR" "$TMPDIR" etc
	chmod 700 "$THERE" "$XDG_RUNTIME_DIR" "$TMPDIR"
	mount -t tmpfs none /run
	mkdir /run/sshd # of Debian's sshd, for its unprivileged half
	{
		grep -v '^root:' /etc/passwd
		echo "root:x:0:0::$THERE:/bin/bash"
		echo "locked:x:0:0::$THERE:/usr/sbin/nologin"
		echo "noisy:x:0:0::$HERE/w/noisy:/bin/bash"
	} >etc/passwd
	grep -q '^sshd:' etc/passwd || echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin' >>etc/passwd
	mount --bind etc/passwd /etc/passwd
	mkdir noisy
	echo 'echo welcome' >noisy/.bashrc
	ssh-keygen -q -t ed25519 -N '' -f etc/hostkey
	ssh-keygen -q -t ed25519 -N '' -f etc/key
	cat >etc/sshd_config <<-END
		ListenAddress 127.0.0.1:$PORT
		HostKey $PWD/etc/hostkey
		AuthorizedKeysFile $PWD/etc/key.pub
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin yes
		PidFile $PWD/etc/sshd.pid
		SetEnv "PATH=$PATH" "XDG_STATE_HOME=$THERE/state"
	END
	cat >"$CONFIG" <<-END
		IdentityFile $PWD/etc/key
		IdentitiesOnly yes
		UserKnownHostsFile $PWD/etc/known_hosts
		GlobalKnownHostsFile /dev/null
	END
	echo "[127.0.0.1]:$PORT $(cut -d ' ' -f 1,2 etc/hostkey.pub)" >etc/known_hosts
}

# ssh_start [OPTION...]: more lines of sshd_config by -o
ssh_start() {
	"$SSHD" -f "$HERE/w/etc/sshd_config" -E "$HERE/w/etc/sshd.log" "$@"
	until_true 5 listens
}

listens() {
	bash -c ": </dev/tcp/127.0.0.1/$PORT"
}

# Ends the listener; connections stay.
ssh_stop() {
	local pid
	pid=$(<etc/sshd.pid)
	kill "$pid"
	until_true 5 not kill -0 "$pid"
}

# Ends the connections that are there, as a machine does that goes down.
ssh_cut() {
	local p args
	for p in /proc/[0-9]*; do
		{ IFS= read -rd '' args <"$p/cmdline"; } 2>/dev/null || continue
		case $args in 'sshd: root@'*) kill -KILL "${p#/proc/}" ;; esac
	done
}

not() {
	! "$@"
}

# there COMMAND...: as what runs there sees it
there() {
	(cd "$THERE" && HOME=$THERE XDG_STATE_HOME=$THERE/state "$@")
}

deployed() {
	(cd "$THERE/.mirari" 2>/dev/null && find . -mindepth 1 | LC_ALL=C sort | sed -E 's/\.[0-9a-f]{16}\./.SUM./' | tr '\n' ' ')
}

# the_file [NAME]: the only one that there is of it
the_file() {
	local all=("$THERE/.mirari/${1-prog}/${1-prog}".*)
	[ ${#all[@]} = 1 ] && echo "${all[0]}"
}

# Nothing of a connection is left here: no process of ssh, no socket.
unconnected() {
	[ -z "$(find "$XDG_RUNTIME_DIR" "$TMPDIR" -name 'mirari-ssh*')" ] || return
	! processes | grep -qx -e ssh -e mirari-ssh
}
left_here() {
	until_true 10 unconnected || {
		ls -lR "$XDG_RUNTIME_DIR" "$TMPDIR"
		ps -ef
		return 1
	} >&2
}
