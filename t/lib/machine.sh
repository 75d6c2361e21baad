# shellcheck shell=bash # behind inside.sh, in scripts of t/lib/machine.bash

unit() {
	local name=$1
	shift
	systemd "name=$name" "$@" >"/run/systemd/system/$name.service"
	systemctl daemon-reload
}

# state NAME PROPERTY...: their values, with blanks between.
state() {
	local name=$1 property
	shift
	for property; do
		systemctl show --property="$property" --value "$name.service"
	done | paste -sd' '
}
is_state() {
	[ "$(state "$1" ActiveState)" = "$2" ]
}

keep
