#!/usr/bin/env bats
# What holds for every executable: DESIGN's contract of options, records and exit statuses. The tools
# are found, not named, so that a new one is checked as soon as it is built.

load lib/common.bash
load lib/try.bash

prints_nothing() {
	[ ! -s "$T/out" ] || flunk "should print nothing to standard output, printed $(head -c 200 "$T/out" | cat -v)"
}

prints() {
	printf "$@" | cmp -s - "$T/out" || flunk "should print $(printf "$@" | cat -v), printed $(head -c 500 "$T/out" | cat -v)"
}

# The working directory, which `setup` leaves empty, is still empty.
writes_nothing() {
	[ -z "$(ls -A)" ] || flunk "should write nothing, wrote $(ls -A)"
}

# Standard error is UTF-8 without control characters, C1's too, which terminals obey.
safe_for_terminals() {
	iconv -f UTF-8 -t UTF-8 "$T/err" >"$T/converted" 2>/dev/null || flunk 'says what is not UTF-8'
	! LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$T/err" ||
		flunk 'passes control characters on'
}

# The names of options, one a line: long ones with --.
options() {
	"$1" --list-options | cut -f 1
}

# Each way to start a tool so that it reads a record: that is what --get is for. A tool that needs more
# words than its name for that has them here.
readers() {
	local tool
	for tool in $(tools); do
		case $tool in
		mirari-parse | mirari-ps) ;;
		mirari-opam-exec)
			echo "$tool --install"
			echo "$tool --build"
			echo "$tool --record -- touch ran"
			;;
		mirari-tap)
			echo "$tool up"
			echo "$tool down"
			echo "$tool bridge"
			echo "$tool exec --record -- touch ran"
			;;
		mirari-solo5)
			echo "$tool inspect $(type -P true) --record"
			echo "$tool oci --record image.tar"
			;;
		mirari-xl)
			echo "$tool config"
			echo "$tool domxml --record"
			echo "$tool stop"
			;;
		mirari-ssh) echo "$tool run --record --on=ssh://127.0.0.1:1 $(type -P true)" ;;
		mirari-virt)
			echo "$tool run --record $(type -P true)"
			echo "$tool stop"
			;;
		mirari-supervise) echo "$tool --record --name=x -- touch ran" ;;
		*) ! options "$tool" | grep -qx -e --get || echo "$tool" ;;
		esac
	done
}

# Those that write the record out again.
filters() {
	readers | grep -vx -e 'mirari-opam-exec --build' -e 'mirari-tap down' -e 'mirari-xl .*' -e 'mirari-virt stop' -e '.* --record .*'
}

# A record that every tool can work on, in its lines.
record() {
	printf '%s\n' name=x target=unix-socket deploy=local "config.dir=$T/dir" main.kind=noip \
		main.entry=Hello.main runtime=lwt "$@" ''
}

hostile=$'a\e]0;owned\a\e[31m\x9b2J\xc2\x9b2J\x7f\xff\xc0\xafb'

@test "there are tools, and tools that read records" {
	[ "$(tools | wc -l)" -ge 6 ]
	[ "$(readers | wc -l)" -ge 4 ]
	[ "$(filters | wc -l)" -ge 2 ]
}

@test "--help: examples first, 79 columns and 40 lines at most" {
	for tool in $(tools); do
		for option in --help -h; do
			try "$tool" "$option" </dev/null
			exits 0
			[ ! -s "$T/err" ] || flunk 'should say nothing'
			[ "$(wc -L <"$T/out")" -le 79 ] || flunk "is $(wc -L <"$T/out") columns wide"
			[ "$(wc -l <"$T/out")" -le 40 ] || flunk "has $(wc -l <"$T/out") lines"
			[[ $(head -n 1 "$T/out") == "$tool - "[a-z]* ]] || flunk 'should begin with what it is for'
			examples=$(grep -n '^Examples:$' "$T/out") || flunk 'has no examples'
			usage=$(grep -n "^Usage: $tool " "$T/out") || flunk 'has no usage'
			[ "${examples%%:*}" -lt "${usage%%:*}" ] || flunk 'examples should come before options'
			sed -n "$((${examples%%:*} + 1))p" "$T/out" | grep -q "^  .*mirari" ||
				flunk 'the first example should run mirari'
			grep -qx "More: man $tool" "$T/out" || flunk 'should name its manual'
		done
	done
}

@test "--version is the tool's name and the version" {
	for tool in $(tools); do
		try "$tool" --version </dev/null
		exits 0
		prints '%s %s\n' "$tool" "$(cat "$SOURCE/VERSION")"
	done
}

@test "--list-options: option, argument and meaning, as --help has them" {
	for tool in $(tools); do
		try "$tool" --list-options </dev/null
		exits 0
		bad=$(grep -vP '^(-[a-zA-Z0-9]|--[a-z][a-z0-9-]+)\t([A-Z][A-Z0-9=:/]*)?\t\S.*$' "$T/out") &&
			flunk "malformed: $bad"
		same '' "$(cut -f 1 "$T/out" | sort | uniq -d)"
		for option in --help -h --version --list-options; do
			grep -q "^$option	" "$T/out" || flunk "lacks $option"
		done
		"$tool" --help >"$T/help" </dev/null
		while IFS= read -r line; do
			option=${line%%$'\t'*} meaning=${line##*$'\t'}
			argument=${line#*$'\t'} argument=${argument%%$'\t'*}
			[[ $option == --* ]] || continue
			grep -qF -e "$option${argument:+=$argument} " "$T/help" || flunk "--help lacks $option"
			grep -qF -e "$meaning" "$T/help" || flunk "--help lacks '$meaning'"
		done <"$T/out"
	done
}

@test "an unknown option is 64, named, with the nearest one" {
	for tool in $(tools); do
		try "$tool" --quite-unknown=value </dev/null
		exits 64
		prints_nothing
		says "$tool: unknown option --quite-unknown"
		says "$tool --help"
		try "$tool" --versoin </dev/null
		exits 64
		says 'did you mean --version?'
		try "$tool" -Z </dev/null
		exits 64
		says "$tool: unknown option -Z"
		writes_nothing
	done
}

@test "options are not abbreviated" {
	for tool in $(tools); do
		for option in $(options "$tool" | grep '^--'); do
			try "$tool" "${option%?}" x </dev/null
			exits 64
			says "unknown option ${option%?}"
			# of two letters one is no hint
			[[ $option == --?? ]] || says "did you mean $option?"
		done
		writes_nothing
	done
}

@test "each option that takes a value needs one, and no other takes one" {
	for tool in $(tools); do
		"$tool" --list-options >"$T/options" </dev/null
		while IFS= read -r line; do
			option=${line%%$'\t'*}
			argument=${line#*$'\t'} argument=${argument%%$'\t'*}
			if [ "$argument" ]; then
				try "$tool" "$option" </dev/null
				says 'needs a value'
			elif [[ $option == --* ]]; then
				try "$tool" "$option=x" </dev/null
				says 'takes no value'
			else
				continue
			fi
			exits 64
			prints_nothing
		done <"$T/options"
		writes_nothing
	done
}

@test "help that can't be written is 74" {
	for tool in $(tools); do
		for option in --help --version --list-options; do
			tried="$tool $option >/dev/full" status=0
			"$tool" "$option" >/dev/full 2>"$T/err" </dev/null || status=$?
			exits 74
			says "$tool: write standard output: No space left on device"
		done
	done
}

@test "closed standard descriptors do no harm" {
	native
	for tool in $(tools); do
		tried="$tool with closed descriptors" status=0
		: >"$T/out"
		"$tool" --version >"$T/out" 2>"$T/err" <&- || status=$?
		exits 0
		prints '%s %s\n' "$tool" "$(cat "$SOURCE/VERSION")"
		"$tool" --version >&- 2>"$T/err" </dev/null || status=$?
		[ "$status" -lt 128 ] || flunk 'crashes without a standard output'
		status=0
		"$tool" --no-such-option >"$T/out" 2>&- </dev/null || status=$?
		exits 64
		prints_nothing
		status=0
		"$tool" --no-such-option <&- >&- 2>&- || status=$?
		exits 64
	done
	while read -ra reader; do
		status=0
		"${reader[@]}" <&- >"$T/out" 2>"$T/err" || status=$?
		exits 65
		status=0
		printf 'name' | "${reader[@]}" >&- 2>&- || status=$?
		exits 65
		writes_nothing
	done < <(readers)
}

@test "hostile words don't reach the terminal as control characters" {
	for tool in $(tools); do
		for word in "--no$hostile" "-$hostile" "--$hostile=x"; do
			try "$tool" "$word" </dev/null
			exits 64
			safe_for_terminals
		done
		try "$tool" "/nowhere/$hostile" "$hostile" </dev/null
		[ "$status" -ne 0 ] || flunk 'should fail'
		safe_for_terminals
	done
}

@test "a newline in a word doesn't begin a message of its own" {
	for tool in $(tools); do
		try "$tool" $'--no\nmirari: all is well' </dev/null
		exits 64
		! grep -qv "^$tool: " "$T/err" || flunk 'says a line that is not its own'
	done
}

@test "mirari VERB is mirari-VERB" {
	for tool in $(tools); do
		[ "$tool" != mirari ] || continue
		for option in --help --version --list-options; do
			try mirari "${tool#mirari-}" "$option" </dev/null
			exits 0
			cmp "$T/out" <("$tool" "$option" </dev/null)
		done
		try mirari "${tool#mirari-}" --no-such-option </dev/null
		exits 64
		says "$tool: unknown option --no-such-option"
	done
	while read -ra reader; do
		try mirari "${reader[0]#mirari-}" "${reader[@]:1}" < <(printf 'name=x')
		exits 65
		prints_nothing
		writes_nothing
	done < <(readers)
}

@test "mirari: no command, an unknown one, one near to a known one" {
	try mirari
	exits 64
	prints_nothing
	try mirari quite-unknown
	exits 64
	says "mirari: no command 'quite-unknown'"
	try mirari buidl
	exits 64
	says "did you mean 'mirari build'?"
	try mirari ../bin/mirari-parse --version
	exits 64
	try mirari "$hostile"
	exits 64
	safe_for_terminals
}

@test "mirari help lists every command" {
	try mirari help
	exits 0
	for tool in $(tools); do
		[ "$tool" = mirari ] || grep -qx "${tool#mirari-}" "$T/out" || flunk "lacks $tool"
	done
	status=0 tried='mirari help >/dev/full'
	mirari help >/dev/full 2>"$T/err" || status=$?
	exits 74
}

# ---- tools that read a record --------------------------------------------------------------------

# refuses FORMAT...: as printf makes it on standard input, it is bad input for each reader, and they do
# nothing.
refuses() {
	local reader
	while read -ra reader; do
		try "${reader[@]}" < <(printf "$@")
		exits 65
		prints_nothing
		writes_nothing
		[ -s "$T/err" ] || flunk 'should say why'
		! grep -qv "^${reader[0]}: " "$T/err" || flunk 'each line should begin with its name'
		safe_for_terminals
	done < <(readers)
}

@test "a record that doesn't end is refused: nothing is printed, nothing written" {
	refuses 'name=x'
	says 'ends in the middle of a line'
	refuses 'name=x\n'
	says 'not ended by an empty line'
	refuses '%s\n' "$(record)" # all but its empty line
	says 'not ended by an empty line'
	refuses '%s' "$(record)"
	refuses 'name=x\nmemory'
}

@test "no record, or more than one, is refused" {
	refuses ''
	refuses 'name=x\n\nname=y\n\n'
	refuses 'name=x\n\n\n'
	refuses 'name=x\n\nname=y'
	while read -ra reader; do
		try "${reader[@]}" </dev/null
		says 'no record on standard input'
		says 'mirari-parse'
	done < <(readers)
}

@test "an empty record is refused by who needs something of it" {
	try mirari-gen < <(echo)
	exits 65
	prints_nothing
	writes_nothing
}

@test "lines that are no fields are refused, with their number" {
	for line in 'no equals sign' '=x' 'Name=x' '1a=x' '.a=x' 'a.=x' 'a..b=x' 'a b=x' ' a=x' 'aB=x' 'a.b!=x' 'é=x' \
		'a/b=x' 'a\rb=x' 'a=x\r' 'a=x\rb' '\r' 'a=\0' '\0a=x' 'a\0=x' 'a=b\0'; do
		refuses "name=x\n$line\n\n"
		says 'standard input:2: '
	done
}

@test "hostile bytes in a record don't reach the terminal" {
	refuses 'name=x\n%s\n\n' "$hostile"
	refuses 'name=x\n%s=x\n\n' "$hostile"
	refuses 'name=%s\n\n' "$hostile"
	refuses 'name=x\nmain.entry=%s\n\n' "$hostile"
	refuses 'name=x\n%sé\n\n' "$(printf 'é%.0s' {1..40})" # cut in the middle of a character
	refuses 'name=x\nmemory=a%s\n\n' "$(printf 'é%.0s' {1..60})"
}

@test "a line of 65535 bytes is read, one of 65536 refused" {
	head -c 65529 /dev/zero | tr '\0' a >"$T/long"
	while read -ra filter; do
		try "${filter[@]}" < <(record "zz.zz=$(cat "$T/long")")
		exits 0
		LC_ALL=C grep -qx "zz.zz=a\{65529\}" "$T/out" ||
			[ "$(LC_ALL=C grep '^zz' "$T/out" | wc -c)" -eq 65536 ] || flunk 'should copy the line'
		rm -rf ./* .mirari
	done < <(filters)
	refuses 'name=x\nzz.zz=%sa\n\n' "$(cat "$T/long")"
	says 'standard input:2: line longer than 65535 bytes'
	refuses 'name=x\n%s' "$(cat "$T/long" "$T/long" "$T/long")"
}

@test "a known key with a value of the wrong type is refused" {
	for field in memory=lots memory=0 memory=007 memory= cpus=-1 ip.dhcp=yes ip.address=10.0.0 target=zen \
		main.kind=tcp 'main.entry=Hello.main; exit 1' main.entry=hello name=-x name= 'name=a b' http.port=0 \
		http.port=65536 fs.a-b=/x fs.a= 'depends=a b' packages=-y switch=-s deploy=ssh://-oProxyCommand=x \
		net.e0.mac=01:00:00:00:00:00 generated=; do
		refuses '%s\n\n' "$(record "$field" | sed '$d')"
		says "${field%%=*}"
	done
}

@test "standard input that can't be read is 71" {
	while read -ra reader; do
		try "${reader[@]}" </
		exits 71
		prints_nothing
		writes_nothing
	done < <(readers)
}

@test "what a filter doesn't know passes through it, in order" {
	local odd=(zz.unknown=1 another-key=x=y zz.empty= 'zz.spaces=  a  ' zz.unknown=2 $'zz.tab=\ta\t' zz.equals==
		zz.Segment.9_-.A=x 'zz.utf8=é 日本 😀' $'zz.bytes=\xff\xfe\x01\e\x7f' zz.last=)
	while read -ra filter; do
		try "${filter[@]}" < <(record "${odd[@]}" arg=b arg=a arg=b)
		exits 0
		[ -z "$(tail -n 1 "$T/out")" ] || flunk 'should end the record'
		[ "$(grep -c '^$' "$T/out")" -eq 1 ] || flunk 'should write one record'
		LC_ALL=C grep -a '^zz\|^another' "$T/out" | cmp - <(printf '%s\n' "${odd[@]}") ||
			flunk 'should copy unknown keys in order'
		record "${odd[@]}" arg=b arg=a arg=b | sed '$d' >"$T/in"
		LC_ALL=C grep -aFxf "$T/in" "$T/out" | cmp - "$T/in" || flunk 'should keep all lines in order'
		rm -rf ./* .mirari
	done < <(filters)
}

@test "--set replaces what the record has, and repeated adds to it" {
	while read -ra filter; do
		try "${filter[@]}" --set zz.one=new --set zz.list=a --set=zz.list=b --set zz.added== --set memory=9 < <(record \
			zz.one=old zz.one=older zz.list=x zz.list=y zz.kept=k memory=1)
		exits 0
		same $'memory=9\nzz.added==\nzz.kept=k\nzz.list=a\nzz.list=b\nzz.one=new' \
			"$(grep -e ^zz -e ^memory "$T/out" | sort)"
		rm -rf ./* .mirari
	done < <(filters)
}

@test "--set of what a record can't carry is 64" {
	while read -ra reader; do
		for setting in novalue '' =x Bad=x a..b=x 'a b=x' é=x $'a=b\nc=d' $'a=b\rc' "$hostile" "$hostile=x" \
			"a=$(head -c 65535 /dev/zero | tr '\0' a)"; do
			try "${reader[0]}" "--set=$setting" "${reader[@]:1}" < <(record)
			exits 64
			prints_nothing
			writes_nothing
			safe_for_terminals
		done
	done < <(readers)
	try mirari-parse --set novalue -
	exits 64
	try mirari-parse --set Bad=x - < <(printf 'name: x\nmain: { noip: A.b }\n')
	exits 64
}

@test "--set goes through the same checks as the record" {
	while read -ra reader; do
		try "${reader[0]}" --set=memory=lots "${reader[@]:1}" < <(record)
		[ "$status" -eq 64 ] || exits 65
		prints_nothing
		writes_nothing
		says memory
	done < <(readers)
}

@test "--get prints the values of one key, and 1 is that there are none" {
	while read -ra filter; do
		try "${filter[@]}" --get zz.list < <(record zz.list=a zz.other=x zz.list= zz.list=c=)
		exits 0
		prints 'a\n\nc=\n'
		try "${filter[@]}" --get=name < <(record)
		exits 0
		prints 'x\n'
		for key in zz zz.lis zz.list.x '' NAME; do
			try "${filter[@]}" --get "$key" < <(record zz.list=a)
			exits 1
			prints_nothing
		done
		rm -rf ./* .mirari
	done < <(filters)
}

@test "--get is not taken without effect" {
	# where something is run, its output is standard output
	for mode in --build '-- echo ran' '--record -- echo ran'; do
		try mirari-opam-exec --get name $mode < <(record build.command=echo build.command=ran)
		[ "$status" -eq 64 ] || prints 'x\n'
	done
	try mirari-gen --diff --get name < <(record)
	[ "$status" -eq 64 ] || prints 'x\n'
}

@test "a record that can't be written is 74" {
	while read -ra filter; do
		status=0 tried="${filter[*]} >/dev/full"
		"${filter[@]}" < <(record) >/dev/full 2>"$T/err" || status=$?
		exits 74
		says "${filter[0]}: write standard output: No space left on device"
		rm -rf ./* .mirari
	done < <(filters)
}

@test "mirari-parse FILE >/dev/full is 74, in every format" {
	printf 'name: x\nmain: { noip: A.b }\n' >x.yml
	for option in --format={records,json,shell,yaml} --get=name --list-keys; do
		status=0 tried="mirari-parse $option >/dev/full"
		mirari-parse "$option" x.yml >/dev/full 2>"$T/err" || status=$?
		exits 74
	done
}

@test "no tool acts on what a failing one leaves" {
	while read -ra reader; do
		tried="mirari-parse of a bad file, into ${reader[*]}" status=0
		mirari-parse - < <(printf 'nmae: x\n') 2>/dev/null | "${reader[@]}" >"$T/out" 2>"$T/err" || status=$?
		exits 65
		prints_nothing
		writes_nothing
	done < <(readers)
}

@test "a record of 200 000 lines passes within 10 seconds" {
	record >"$T/in"
	sed -i '$d' "$T/in"
	{ seq -f 'zz.k%.0f=x' 100000 && seq -f 'arg=%.0f' 100000 && echo; } >>"$T/in"
	while read -ra filter; do
		soon "${filter[@]}" <"$T/in"
		exits 0
		[ "$(wc -l <"$T/out")" -ge 200008 ] || flunk 'should keep every line'
		rm -rf ./* .mirari
	done < <(filters)
}
