#!/usr/bin/env bats
# mirari-parse and YAML: what is read, what is refused and where, what comes out in each format.

load lib/common.bash
load lib/try.bash

# yml LINE...: the file t.yml.
yml() {
	printf '%s\n' "$@" >t.yml
}

# project LINE...: t.yml with all that a project must have, and these lines from line 3 on.
project() {
	yml 'name: x' 'main: { noip: A.b }' "$@"
}

# The record is printed, and nothing said.
reads() {
	try mirari-parse "$@"
	exits 0
	[ ! -s "$T/err" ] || flunk 'should say nothing'
}

# same_record FILE FILE: but for where it is from, and with which options.
same_record() {
	cmp <(grep -av -e '^config\.file=' -e '^config\.option=' "$1") \
		<(grep -av -e '^config\.file=' -e '^config\.option=' "$2") || flunk "$2: not the record in $1"
}

# has_lines LINE...: in the record, in this order.
has_lines() {
	printf '%s\n' "$@" >"$T/lines"
	grep -Fxf "$T/lines" "$T/out" | cmp -s - "$T/lines" ||
		flunk "should have: $(cat -v "$T/lines")
--- has: $(head -c 2000 "$T/out" | cat -v)"
}

# The file is refused with exactly these messages.
refused() {
	try mirari-parse t.yml
	exits 65
	[ ! -s "$T/out" ] || flunk 'should print nothing'
	same "$(printf 't.yml:%s\n' "$@")" "$(cat "$T/err")"
}

# The same, but only how the first message begins; there may be more.
refused_at() {
	try mirari-parse t.yml
	exits 65
	[ ! -s "$T/out" ] || flunk 'should print nothing'
	said=$(<"$T/err")
	[[ $said == "t.yml:$1: error: "* ]] || flunk "should begin with t.yml:$1: error:"
	[[ $said == *"${2-}"* ]] || flunk "should say $2"
}

# put KEY TEXT: t.yml with TEXT, as it is in YAML, in KEY's place on line 3; $column is where it begins.
put() {
	local key=$1 text=$2 name='name: x' main='main: { noip: A.b }' before= after=
	case $key in
	name) name='#' before='name: ' ;;
	main.*) main='#' before='main: { noip: ' after=' }' ;;
	*)
		while [[ $key == *.* ]]; do
			before+="${key%%.*}: { " after+=' }' key=${key#*.}
		done
		before+="$key: "
		;;
	esac
	case $1 in
	depends | packages | arg | build.command | *.publish | *.security-groups) before+='[ ' after=" ]$after" ;;
	esac
	yml "$name" "$main" "$before$text$after"
	column=$((${#before} + 1))
}

# quote TEXT: as a YAML scalar, in $quoted.
quote() {
	quoted="'${1//\'/\'\'}'"
}

# takes KEY VALUE...: each value is fine, and what the record has.
takes() {
	local key=$1 value
	shift
	for value; do
		quote "$value"
		put "$key" "$quoted"
		try mirari-parse --get "$key" t.yml
		exits 0
		same "$value" "$(<"$T/out")"
	done
}

# refuses KEY EXPECTED VALUE...: each value is refused where it is, with what was expected.
refuses() {
	local key=$1 expected=$2 value
	shift 2
	for value; do
		quote "$value"
		put "$key" "$quoted"
		try mirari-parse t.yml
		exits 65
		[ ! -s "$T/out" ] || flunk 'should print nothing'
		said=$(<"$T/err")
		[[ $said == "t.yml:3:$column: error: $key: '${value:0:80}' is not $expected"* ]] ||
			flunk "3:$column: should say that '$value' is not $expected"
		[[ $said != *$'\n'* ]] || flunk 'should say it once'
	done
}

# ---- what is read --------------------------------------------------------------------------------

design() {
	cat >mirari.yml <<-'YAML'
		name: www
		target: unix-socket
		main: { http: Dispatch.main }
		depends: [cohttp-lwt-unix, uri]
		packages: [cohttp-lwt-unix]
		http: { port: 8080, address: "*" }
		fs: { static: ../files }
		net:
		  service: { host: 10.0.0.1/24, dhcp: true }
		memory: 32
		targets:                      # what differs per target, merged over the rest
		  unix-direct: { switch: mirage-unix }
		  xen:         { switch: mirage-xen, memory: 64, xl: { on_crash: preserve } }
	YAML
}

@test "a whole configuration becomes a whole record" {
	design
	reads
	cmp - "$T/out" <<-RECORD
		name=www
		target=unix-socket
		deploy=local
		config.file=$PWD/mirari.yml
		config.dir=$PWD
		main.kind=http
		main.entry=Dispatch.main
		runtime=lwt
		depends=cohttp-lwt-unix
		depends=uri
		packages=cohttp-lwt-unix
		http.port=8080
		http.address=*
		fs.static=../files
		net.service.host=10.0.0.1/24
		net.service.dhcp=true
		memory=32

	RECORD
}

@test "another target has what differs for it" {
	design
	mirari-parse >plain
	reads -t unix-direct
	diff plain <(grep -v ^config.option "$T/out") >changes || [ $? -eq 1 ]
	same $'< target=unix-socket\n> switch=mirage-unix\n> target=unix-direct' "$(grep '^[<>]' changes | sort)"
	reads --target=xen
	same 'memory=64
switch=mirage-xen
target=xen
xl.on_crash=preserve' "$(grep -e ^memory -e ^switch -e ^target -e ^xl "$T/out" | sort)"
	reads -t hvt
	sed s/unix-socket/hvt/ plain >hvt
	same_record hvt "$T/out"
}

@test "YAML's ways to write the same are the same" {
	project 'depends: [lwt, uri]' 'http: { port: 80, address: 127.0.0.1 }' 'arg: ["a b", "#c"]'
	mirari-parse t.yml >"$T/wanted"
	yml '%YAML 1.1' '---' '# comment' '"name": x # comment' 'main:' '  noip: A.b' 'depends:' '- lwt' '-' '  uri' \
		'? http' ': port: "80"' "  'address': >-" '   127.0.0.1' 'arg:' '  - a' '    b' "  - '#c'" '...' '# end'
	reads t.yml
	cmp "$T/wanted" "$T/out"
	yml '{name: x, main: {"noip":A.b},' '"depends":["lwt",uri,],http: {port: 80,' ' address: 127.0.0.1},arg: [a' ' b,"#c"]}'
	reads t.yml
	cmp "$T/wanted" "$T/out"
}

@test "a key with nothing behind it is a section or list without anything" {
	project 'http:' 'depends:' 'net:' 'targets:' '  xen:'
	reads t.yml
	same "$(mirari-parse - < <(printf 'name: x\nmain: { noip: A.b }\n'))" "$(grep -v ^config.file "$T/out")"
	project 'memory:' 'artifact:' 'switch:'
	refused "3:8: error: memory: '' is not a whole number from 1 to 1048576" \
		"4:10: error: artifact: '' is not a path" \
		"5:8: error: switch: '' is not an opam switch: a name or a directory"
}

@test "a device without keys doesn't vanish without a word" {
	project 'net:' '  eth0:' '  eth1: {}' '  eth2: { dhcp: true }'
	refused "4:8: error: net.eth0: has no keys, so there is nothing to say that it is there" \
		"5:9: error: net.eth1: has no keys, so there is nothing to say that it is there"
}

@test "a list of one host address may be written without brackets, other lists not" {
	project 'net: { a: { host: 10.0.0.1/24 }, b: { host: [10.0.0.2/24, "fe80::1/64"] } }'
	reads t.yml
	has_lines net.a.host=10.0.0.1/24 net.b.host=10.0.0.2/24 net.b.host=fe80::1/64
	project 'depends: lwt'
	refused '3:10: error: depends: expected a list such as [one, two], not a single value'
}

# A value for each type of the registry; a type that isn't here fails the tests that use it.
sample() {
	case $1:$2 in
	target:*) echo xen ;;
	runtime:*) echo mirage-2013 ;;
	build.system:*) echo command ;;
	xen.via:*) echo libvirt ;;
	device.*.type:*) echo NET_BASIC ;;
	instance.status:*) echo running ;;
	*:text) echo 'any # text' ;;
	*:path) echo '../a b' ;;
	*:integer) echo 1000 ;;
	*:boolean) echo true ;;
	*:name) echo a.b-1 ;;
	*:IPv4) echo 10.0.0.2 ;;
	*:'address or *') echo '*' ;;
	*:netmask) echo 255.255.0.0 ;;
	*:address/prefix) echo fe80::1/64 ;;
	*:MAC) echo 00:16:3e:00:00:01 ;;
	*:interface) echo br0 ;;
	*:tap) echo tap-0_a ;;
	*:user) echo _chrony ;;
	*:'OCaml value') echo Hello.main ;;
	*:'findlib library') echo lwt.unix ;;
	*:'opam package') echo 'lwt>=5.0' ;;
	*:'opam switch') echo 4.10 ;;
	*:'build directory') echo _build/xen ;;
	*:'opam compiler') echo 4.14.1 ;;
	*:'opam repository') echo mine=https://opam.example.org/repo ;;
	*:place) echo ssh://me@host:22 ;;
	*:ports) echo 8080:80 ;;
	*:size) echo 64M ;;
	*)
		echo "no sample of type '$2', for $1" >&2
		return 1
		;;
	esac
}

# "KEY LIST RESULT VALUE" of each key in the registry, KEY with a name for *; but main's, whose place is another.
registry() {
	local pattern list result type value rest
	mirari-parse --list-keys | while IFS=$'\t' read -r pattern list result type rest; do
		[[ $pattern != main.* ]] || continue
		value=$(sample "$pattern" "$type") || return 1
		echo "${pattern//\*/dev1} $list $result $value"
	done
}

# The line of YAML, of sections as deep as the key is.
place() {
	local key=$1 before='' after=''
	quote "$3"
	[ "$2" = one ] || quoted="[ $quoted ]"
	while [[ $key == *.* ]]; do
		before+="${key%%.*}: { " after+=' }' key=${key#*.}
	done
	echo "$before$key: $quoted$after"
}

@test "every key of the registry has its place, at the top and in a target" {
	registry >keys
	[ "$(wc -l <keys)" -ge 40 ]
	while read -r key list result value; do
		[ "$result" = config ] || continue
		line=$(place "$key" "$list" "$value")
		[ "$key" = name ] || yml 'name: x' 'main: { noip: A.b }' "$line"
		[ "$key" != name ] || yml 'main: { noip: A.b }' "$line"
		reads --get "$key" t.yml
		same "$value" "$(cat "$T/out")"
		[ "$key" != target ] || continue
		project 'targets:' "  spt: { $line }"
		reads -t spt --get "$key" t.yml
		same "$value" "$(cat "$T/out")"
		mirari-parse t.yml >without
		! grep -qxF "$key=$value" without || flunk "$key: in another target's record"
	done <keys
}

@test "keys that tools write are not configured" {
	registry >keys
	grep -q ' result ' keys
	while read -r key list result value; do
		[ "$result" = result ] || continue
		project "$(place "$key" "$list" "$value")"
		try mirari-parse t.yml
		exits 65
		says "error: $key: is written by mirari-"
		try mirari-parse --set "$key=$value" t.yml
		exits 64
		says "$key"
	done <keys
}

@test "all keys at once, in every format and back" {
	registry >keys
	local set=()
	while read -r key list result value; do
		[ "$result" = config ] || continue
		set+=("--set=$key=$value")
		[ "$list" = one ] || set+=("--set=$key=$value")
		[[ $key != *dev1* ]] || set+=("--set=${key/dev1/dev-2_x}=$value")
	done < <(grep -v 'fs\.' keys)
	project 'fs: { a: b, c: d }'
	reads "${set[@]}" t.yml
	cp "$T/out" record
	reads --format=yaml "${set[@]}" t.yml
	cp "$T/out" again.yml
	reads again.yml
	same_record record "$T/out"
	reads --format=json "${set[@]}" t.yml
	cp "$T/out" json
	json_is_record json record
	reads --format=shell "${set[@]}" t.yml
	cp "$T/out" shell
	shell_is_record shell record sh bash
}

# ---- types ---------------------------------------------------------------------------------------

a64=$(printf 'a%.0s' {1..64})

@test "types: names" {
	takes name x hello-1.2 A+b_c 9lives no null 1e3 "$a64"
	refuses name 'a name of letters' '' -x --x .x _x +x 'a b' a/b ../x 'a;b' 'a$b' '$(x)' '`x`' 'a"b' "a'b" 'a&b' é \
		"a$a64" 'x ' '~'
	takes net.e.owner root www-data _chrony 1000
	refuses net.e.owner 'a user or group' '' -x 'a b' a:b
	takes ec2.region eu-west-1
	takes ec2.security-groups sg-1
	refuses ec2.security-groups 'a name' 'sg-1,sg-2' ''
}

@test "types: words" {
	takes target unix-socket unix-direct hvt spt virtio xen
	refuses target 'one of unix-socket, unix-direct, hvt, spt, virtio, xen' '' Xen unix 'unix-socket unix-direct' 'xen '
	takes runtime lwt mirage-2013 mirage
	refuses runtime 'one of lwt, mirage-2013, mirage' Lwt 2013 ''
	takes build.system ocamlbuild dune obuild mirage command
	refuses build.system 'one of' make ''
	takes xen.via xl libvirt
	refuses xen.via 'one of xl, libvirt' xm
}

@test "types: places to deploy to" {
	takes deploy local ec2 ssh://host ssh://me@host ssh://host:22 ssh://me@h.example:65535 'ssh://[::1]' \
		'ssh://root@[fe80::1]:2222' ssh://10.0.0.1
	refuses deploy 'local, ec2 or ssh://' '' Local ssh ssh: ssh:// ssh:host http://h ssh://-oProxyCommand=x ssh://me@-h \
		ssh://-me@h ssh://@h ssh://me@ ssh://me:secret@h ssh://a@b@c ssh://h: ssh://h:0 ssh://h:65536 ssh://h:022 \
		ssh://h/path 'ssh://h;x' 'ssh://h x' 'ssh://$(x)' 'ssh://`x`' "ssh://h'" 'ssh://[::1' 'ssh://[::1]x' 'ssh://[h]' 'ssh://['
}

@test "types: OCaml values" {
	takes main.entry Hello.main A.b Dispatch.Sub.main "A.b'" A_1.b_2 A._x Main_.x Mainly.x
	refuses main.entry 'an OCaml value path' '' A main _main a.b A.B A. .a A..b A.b. 'A.b; exit 1' 'A.b ()' 'A.b (*' 'A .b' \
		'(fun () -> A.b ())' 'A.b"' 'A.b\n' "'a" 1a A.1a A.let let A.fun A.rec A._ _ Main.x 'A.(b)' 'A.b;;' é.a A.é '-x' \
		'#use "x"' '~a'
}

@test "types: libraries and packages" {
	takes depends lwt lwt.unix cohttp-lwt-unix a_b 0install ppx_deriving.show
	refuses depends 'a findlib library' '' -x --help .x x. a..b 'a b' 'a,b' 'a;b' "a'b" 'a"b' a/b ../x '$x' '`x`' 'a)' é 'a b'
	takes packages lwt lwt.5.6.1 'lwt>=5.0' lwt=5 lwt!=5 'lwt<6' 'lwt>5' 'lwt<=5.0~rc1' conf-g++ 0install lwt.v0.15+x
	refuses packages 'an opam package' '' -y --yes 5 5.6 'lwt ' 'lwt uri' 'lwt;x' 'lwt>' lwt. 'lwt>=' 'lwt>=-x' 'lwt=>5' \
		lwt==5 'lwt>=5 & x' '$(x)' '`x`' "lwt'" 'lwt"' a/b ./x lwt@5 é
}

@test "types: an opam package's relation is one that opam has" {
	refuses packages 'an opam package' 'lwt!5' 'lwt!'
}

@test "types: switches" {
	takes switch 4.10 4.14.1 mirage-xen . ./x /srv/my project 'ocaml-base-compiler.4.14.1'
	refuses switch 'an opam switch' '' -x --yes ' x'
}

@test "types: what a switch is made of" {
	takes opam.create 4.14.1 4.14.1+flambda 5.2.0~rc1 ocaml-base-compiler.4.14.1 'ocaml>=4.14' ocaml-variants.4.14.1+options lwt
	refuses opam.create 'a compiler such as 4.14.1' '' -x --yes 'a b' a,b 'a;b' a/b '$(x)' '`x`' "a'b" 'a"b' é
	takes opam.repository mine=https://opam.example.org a-B_1=git+https://h/r#branch r=/srv/repo r=file:///a r=a=b 'r=a;b'
	refuses opam.repository 'NAME=URL, an opam repository' '' mine =x mine= 'a b=c' 'a=b c' a=b,c a,b=c -a=b --yes=b a.b=c 'a= b' é=b
}

@test "types: paths and text" {
	takes artifact x ./x '/a b/é' 'a;b' "a'b" -x
	refuses artifact 'a path' ''
	takes fs.static .. '*) exit 1 (*' '%s%n' 'a"b\c'
	refuses fs.static 'a path' ''
	takes block.d.path /dev/sdb
	takes arg '' -x '$(x)' 'a b' "'" '"' '\' '#' '~' ' a ' 'a: b' '- a' 'é日😀'
	takes xl.on_crash '' '"preserve"' "[ 'mac=00:16:3e:00:00:01' ]"
	takes build.command make '' ';'
	takes libvirt.uri 'qemu+ssh://h/system?a=b&c'
}

@test "types: booleans, which are stored as true and false" {
	takes ip.dhcp true false
	takes install true false
	for pair in yes:true on:true no:false off:false; do
		for text in "${pair%:*}" "'${pair%:*}'"; do
			put net.e.nat "$text"
			reads --get net.e.nat t.yml
			same "${pair#*:}" "$(cat "$T/out")"
		done
	done
	refuses net.e.dhcp 'true or false' '' True TRUE y n 1 0 null '~' 'true ' t ja
}

@test "types: numbers" {
	takes http.port 1 80 65535
	refuses http.port 'a whole number from 1 to 65535' '' 0 65536 080 0x50 0o17 0b1 8_080 +80 -1 80.0 8e1 ' 80' '80 ' \
		18446744073709551697 99999999999999999999999 http ٣
	takes memory 1 1048576
	refuses memory 'a whole number from 1 to 1048576' 0 1048577 1_000 32M 1.5
	takes cpus 1 1024
	refuses cpus 'a whole number' 0 1025
	takes net.e.mtu 68 1500 65535
	refuses net.e.mtu 'a whole number' 67 65536
	takes block.d.sector 512 4096
	refuses block.d.sector 'a whole number' 511 4097
	takes block.d.size 1 512K 64M 1G 2T
	refuses block.d.size 'a size in bytes' '' 0 64m 64MB M 1.5G -1 64MM '64 M' 0x10 007 99999999999999999999G
}

@test "types: addresses" {
	takes ip.address 10.0.0.2 0.0.0.0 255.255.255.255
	refuses ip.address 'an IPv4 address' '' 10.0.0 10.0.0.256 010.0.0.1 10.0.0.1/24 ::1 ' 10.0.0.1' 10.0.0.1. host 10
	takes ip.netmask 255.255.255.0 255.255.255.255 255.128.0.0 0.0.0.0
	refuses ip.netmask 'a netmask' '' 255.0.255.0 0.255.255.255 255.255.255 24 /24 255.255.255.1
	takes http.address '*' 127.0.0.1 ::1 :: 0.0.0.0
	refuses http.address 'an IPv4 or IPv6 address, or *' '' localhost '**' 1.2.3 '[::1]' 1.2.3.4:80 ::1%lo ::g
	takes net.e.host 10.0.0.1/24 10.0.0.1/0 10.0.0.1/32 fe80::1/64 ::/128
	refuses net.e.host 'an address with its prefix length' '' 10.0.0.1 10.0.0.1/ 10.0.0.1/33 ::1/129 10.0.0.1/024 /24 \
		10.0.0/24 10.0.0.1/-1 10.0.0.1/24/24 10.0.0.1/255.0.0.0
}

@test "types: what network devices have" {
	takes net.e.mac 00:16:3e:00:00:01 FE:dc:BA:98:76:54
	refuses net.e.mac 'a unicast MAC address' '' 01:00:5e:00:00:01 ff:ff:ff:ff:ff:ff 00-16-3e-00-00-01 00:16:3e:00:00 \
		00:16:3e:00:00:01:02 00:16:3e:00:00:0g 0:16:3e:00:00:01 00163e000001 0b:00:00:00:00:00
	takes net.e.bridge br0 a.b fifteen-bytes-x
	refuses net.e.bridge 'an interface name' '' sixteen-bytes-xx . .. a/b a:b 'a b' -x 'a%d'
	takes net.e.tap tap0 fifteen-bytes-x A_b-9
	refuses net.e.tap "a tap's name" '' sixteen-bytes-xx . a.b a/b a:b 'a b' -x 'tap%d' é
	takes net.e.publish 8080:80 1:65535 53:53/udp 80:80/tcp 127.0.0.1:8080:80 10.0.0.1:53:53/udp
	refuses net.e.publish '[ADDRESS:]HOST:GUEST[/udp]' '' 8080 8080: :80 0:80 80:0 a:b 8080:80:1 65536:80 080:80 '80 :80' \
		80:80/ 80:80/UDP 80:80/sctp 80/udp:80 localhost:80:80 ::1:80:80 1.2.3:80:80 1.2.3.4:80 1.2.3.4::80 1.2.3.4:80:80:80
}

@test "bridge as a mapping: its name, and whether it is made" {
	project 'net: { a: { bridge: br0 }, b: { bridge: { name: br1, create: yes } }, c: { bridge: { create: no, name: br2 } } }'
	reads t.yml
	has_lines net.a.bridge=br0 net.b.bridge=br1 net.b.bridge-create=true net.c.bridge-create=false net.c.bridge=br2
	! grep -q net.a.bridge-create "$T/out"
	project 'net: { a: { bridge: br3, bridge-create: true } }'
	reads t.yml
	has_lines net.a.bridge=br3 net.a.bridge-create=true
	# what a target has goes over the rest
	project 'net: { a: { bridge: { name: br0, create: true } } }' 'targets: { xen: { net: { a: { bridge: { create: false } } } } }'
	reads -t xen t.yml
	has_lines net.a.bridge-create=false net.a.bridge=br0
}

@test "bridge as a mapping: all that is wrong with it, and where" {
	project 'net: { e: { bridge: {} } }'
	refused '3:13: error: net.e.bridge: expected a name for it'
	project 'net: { e: { bridge: { create: true } } }' 'cpus: 0'
	refused '3:13: error: net.e.bridge: expected a name for it' "4:7: error: cpus: '0' is not a whole number from 1 to 1024"
	project 'net: { e: { bridge: { nam: x, name: [a], create: maybe }, mtu: 1 } }'
	refused '3:23: error: net.e.bridge.nam: unknown key, expected name or create' \
		'3:37: error: net.e.bridge: expected a single value, not a list' \
		"3:50: error: net.e.bridge-create: 'maybe' is not true or false" \
		"3:64: error: net.e.mtu: '1' is not a whole number from 68 to 65535"
	project 'net: { e: { bridge: { name: a, name: b, create: true }, bridge-create: true, bridge: c } }'
	refused '3:32: error: net.e.bridge: given before, on line 3' '3:57: error: net.e.bridge-create: given before, on line 3' \
		'3:78: error: net.e.bridge: given before, on line 3'
	project 'net: { e: { bridge: [a] } }'
	refused '3:21: error: net.e.bridge: expected a single value, not a list'
}

@test "text is never taken for something else" {
	for text in no yes on 1e3 0x10 4.10 1.0 007 null true 2001-01-01 1_000 0o17; do
		yml "name: $text" 'main: { noip: A.b }' "switch: $text" "arg: [$text]" "xl: { k: $text }"
		reads t.yml
		has_lines "name=$text" "switch=$text" "arg=$text" "xl.k=$text"
	done
	project 'xl: { no: a, 1e3: b, null: c, 007: d, true: e }'
	reads t.yml
	has_lines xl.no=a xl.1e3=b xl.null=c xl.007=d xl.true=e
}

# ---- a switch and what it is made of ------------------------------------------------------------

# made_of LINE...: all that the record has of a switch.
made_of() {
	reads "${options[@]}" t.yml
	same "$(printf '%s\n' "$@")" "$(grep -e '^switch=' -e '^opam\.' "$T/out" || true)"
}

@test "switch as a mapping: its name, what it is made of, its repositories" {
	options=()
	project 'switch: { name: s, create: 4.14.1, repositories: { one: "https://h/a?b=c", two: file:///d } }'
	made_of switch=s opam.create=4.14.1 'opam.repository=one=https://h/a?b=c' opam.repository=two=file:///d
	project 'switch:' '  repositories:' '    one: x' '  create:' '  - ocaml-wrapped' '  - lwt>=5.0' '  name: 4.10'
	made_of switch=4.10 opam.create=ocaml-wrapped 'opam.create=lwt>=5.0' opam.repository=one=x
	project 'switch: { name: ./here }'
	made_of switch=./here
	# nothing is as good as not given
	project 'switch:' '  name: s' '  create:' '  repositories:'
	made_of switch=s
	project 'switch: { name: s, create: [], repositories: {} }'
	made_of switch=s
	# the same in the section opam, whose list needs no brackets
	project 'switch: s' 'opam: { create: 4.14.1, repository: one=x }'
	made_of switch=s opam.create=4.14.1 opam.repository=one=x
	project 'opam: { create: [a, b], repository: [one=x, two=y] }'
	made_of opam.create=a opam.create=b opam.repository=one=x opam.repository=two=y
	project 'switch: { name: s, create: a }' 'opam: { repository: one=x }'
	made_of switch=s opam.create=a opam.repository=one=x
}

@test "switch as a mapping: all that is wrong with it, and where" {
	project 'switch: {}'
	refused '3:1: error: switch: expected a name for it'
	project 'switch: { create: a }' 'cpus: 0'
	refused '3:1: error: switch: expected a name for it' "4:7: error: cpus: '0' is not a whole number from 1 to 1024"
	project 'switch: { name: [a], create: { b: c } }' 'cpus: 0'
	refused '3:17: error: switch: expected a single value, not a list' \
		'3:30: error: opam.create: expected a list such as [one, two], not a mapping' \
		"4:7: error: cpus: '0' is not a whole number from 1 to 1024"
	project 'switch: { name: s, repositories: [a] }'
	refused '3:34: error: opam.repository: expected a mapping such as { NAME: URL }, not a list'
	project 'switch: { name: s, repositories: a=b }'
	refused '3:34: error: opam.repository: expected a mapping such as { NAME: URL }, not a single value'
	project 'switch:' '  name: -s' '  create: [-x, "a b"]' '  repositories:' '    -a: b' '    a b: c' '    c: "d,e"' '    f:' '    g: [h]' 'cpus: 0'
	refused "4:9: error: switch: '-s' is not an opam switch: a name or a directory" \
		"5:12: error: opam.create: '-x' is not a compiler such as 4.14.1 or ocaml-base-compiler.4.14.1, or another opam package" \
		"5:16: error: opam.create: 'a b' is not a compiler such as 4.14.1 or ocaml-base-compiler.4.14.1, or another opam package" \
		"7:9: error: opam.repository: '-a=b' is not NAME=URL, an opam repository (no blank or comma in it)" \
		"8:10: error: opam.repository: 'a b=c' is not NAME=URL, an opam repository (no blank or comma in it)" \
		"9:8: error: opam.repository: 'c=d,e' is not NAME=URL, an opam repository (no blank or comma in it)" \
		"10:7: error: opam.repository: 'f=' is not NAME=URL, an opam repository (no blank or comma in it)" \
		'11:8: error: opam.repository: expected a URL, not a list' \
		"12:7: error: cpus: '0' is not a whole number from 1 to 1024"
	project 'switch: { name: s, creat: [{ a: b }] }' 'cpus: 0'
	refused '3:20: error: switch.creat: unknown key, expected name, create or repositories' \
		"4:7: error: cpus: '0' is not a whole number from 1 to 1024"
	project 'switch: { name: s, name: t, create: a, create: b, repositories: {}, repositories: [x] }'
	refused '3:20: error: switch: given before, on line 3' '3:40: error: opam.create: given before, on line 3' \
		'3:69: error: opam.repository: given before, on line 3'
	project 'switch: s' 'switch: { name: t }'
	refused '4:1: error: switch: given before, on line 3'
	project 'switch: { name: s, create: "a\0b", repositories: { c: "d\0e" } }'
	refused "3:28: error: opam.create: the value contains a NUL byte, which a record can't carry" \
		"3:55: error: opam.repository: the value contains a NUL byte, which a record can't carry"
	for line in 'switch: { name: &a s }' 'switch: &a { name: s }' 'switch: { &a name: s }' 'switch: { name: s, create: *a }' \
		'switch: { name: s, repositories: &a {} }' 'switch: { name: s, repositories: { a: *b } }' \
		'switch: { name: s, repositories: { *a : b } }'; do
		project "$line"
		try mirari-parse t.yml
		exits 65
		same 1 "$(wc -l <"$T/err")"
		says 'anchors, aliases and tags are not accepted'
	done
	for line in 'switch: { name: s, ? [a] : b }' 'switch: { name: s, repositories: { ? [a] : b } }'; do
		project "$line" 'cpus: 0'
		try mirari-parse t.yml
		exits 65
		same "t.yml:4:7: error: cpus: '0' is not a whole number from 1 to 1024" "$(tail -n +2 "$T/err")"
		says "error: expected a key in front of ':'"
	done
	project 'targets: { xen: { switch: { nmae: s, create: -x } } }'
	refused '3:29: error: switch.nmae: unknown key, expected name, create or repositories' \
		"3:46: error: opam.create: '-x' is not a compiler such as 4.14.1 or ocaml-base-compiler.4.14.1, or another opam package"
}

@test "a repository given twice is refused" {
	project 'switch: { name: s, repositories: { a: x, b: y, a: z } }'
	refused_at 3:48 'given before, on line 3'
}

@test "what a switch is made of can't be given in two ways" {
	project 'switch: { name: s, create: a }' 'opam: { create: b }'
	refused_at 4:9 'given before, on line 3'
	project 'opam: { repository: a=x }' 'switch: { name: s, repositories: { b: y } }'
	refused_at 4:20 'given before, on line 3'
}

@test "a target's switch by its name isn't made of what the others are; a mapping is merged" {
	project 'switch: { name: common, create: [a, b], repositories: { r: x } }' 'targets:' \
		'  unix-direct: { memory: 3 }' \
		'  hvt: { switch: { create: c } }' \
		'  spt: { switch: { name: named } }' \
		'  virtio: { switch: { name: own, create: d, repositories: { s: y } } }' \
		'  xen: { switch: plain }'
	options=(-t unix-direct)
	made_of switch=common opam.create=a opam.create=b opam.repository=r=x
	options=(-t hvt)
	made_of switch=common opam.create=c opam.repository=r=x
	options=(-t spt)
	made_of switch=named opam.create=a opam.create=b opam.repository=r=x
	options=(-t virtio)
	made_of switch=own opam.create=d opam.repository=s=y
	options=(-t xen)
	made_of switch=plain
	# it's another one, and yet made of something
	for line in 'switch: plain, opam: { create: c }' 'opam: { create: c }, switch: plain'; do
		project 'switch: { name: common, create: [a, b], repositories: { r: x } }' "targets: { xen: { $line } }"
		made_of switch=plain opam.create=c
	done
	options=()
	made_of switch=common opam.create=a opam.create=b opam.repository=r=x
}

@test "what a switch is made of goes to every format, and back" {
	project 'switch: { name: s, create: [4.14.1, "lwt>=5.0"], repositories: { one: "https://h/a?b=c#d", two: "x:y" } }'
	mirari-parse t.yml >record
	mirari-parse --format=yaml t.yml >back.yml
	reads back.yml
	same_record record "$T/out"
	mirari-parse --format=json t.yml >json
	json_is_record json record
	jq -e '.switch == "s" and .opam == { "create": ["4.14.1", "lwt>=5.0"], "repository": ["one=https://h/a?b=c#d", "two=x:y"] }' json
	mirari-parse --format=shell t.yml >shell
	shell_is_record shell record sh bash
	reads --set opam.create=other --get opam.create t.yml
	same other "$(cat "$T/out")"
}

# ---- what is refused, and where ------------------------------------------------------------------

@test "all errors of a file, in its order" {
	yml 'name: -www' \
		'target: unix-sockt' \
		'main: { http: dispatch.main }' \
		'depends: [lwt, "a b", -x]' \
		'http: { port: 80800, adress: "*" }' \
		'fs: [static]' \
		'net:' \
		'  service: { host: 10.0.0.1, mtuu: 1 }' \
		'memory: [1]' \
		'memory: 32' \
		'config: { dir: /x }' \
		'targets:' \
		'  zen: { memory: 1 }' \
		'  hvt: { memory: 0, target: xen }' \
		'quite-unknown: [a, {b: c}]' \
		'cpus: many'
	refused "1:7: error: name: '-www' is not a name of letters, digits, '.', '_', '+' and '-' (at most 64)" \
		"2:9: error: target: 'unix-sockt' is not one of unix-socket, unix-direct, hvt, spt, virtio, xen (did you mean 'unix-socket'?)" \
		"3:15: error: main.entry: 'dispatch.main' is not an OCaml value path such as Dispatch.main (not in Main, which is the generated module)" \
		"4:16: error: depends: 'a b' is not a findlib library such as lwt.unix" \
		"4:23: error: depends: '-x' is not a findlib library such as lwt.unix" \
		"5:15: error: http.port: '80800' is not a whole number from 1 to 65535" \
		"5:22: error: http.adress: unknown key (did you mean 'address'?)" \
		"6:5: error: fs: expected a mapping, not a list" \
		"8:20: error: net.service.host: '10.0.0.1' is not an address with its prefix length, such as 10.0.0.1/24" \
		"8:30: error: net.service.mtuu: unknown key (did you mean 'mtu'?)" \
		"9:9: error: memory: expected a single value, not a list" \
		"10:1: error: memory: given before, on line 9" \
		"11:11: error: config.dir: is written by mirari-parse, not configured" \
		"13:3: error: targets.zen: unknown target (did you mean 'xen'?)" \
		"14:18: error: memory: '0' is not a whole number from 1 to 1048576" \
		"14:21: error: target: has no place inside targets" \
		"15:1: error: quite-unknown: unknown key" \
		"16:7: error: cpus: 'many' is not a whole number from 1 to 1024"
}

@test "name and main must be there" {
	yml 'memory: 3'
	refused " error: name is missing: add a line such as 'name: hello'" \
		" error: main is missing: add a line such as 'main: { noip: Hello.main }'"
	yml 'name: x' 'runtime: mirage'
	reads t.yml
	# a command builds from any language, for the target that has it
	for build in 'command: [make]' 'system: command, command: [make]'; do
		yml 'name: x' "build: { $build }"
		reads t.yml
		has_lines build.system=command build.command=make
	done
	yml 'name: x' 'build: { system: dune }'
	refused " error: main is missing: add a line such as 'main: { noip: Hello.main }'"
	yml 'name: x' 'targets: { xen: { build: { command: [make] } } }'
	refused ' error: main is missing for target unix-socket'
	reads --target=xen t.yml
	yml 'name: x' 'main: { noip: A.b }' 'build: { system: dune, command: [make] }'
	refused ' error: build.command is given, but build.system is dune'
}

@test "columns count characters" {
	project 'xl: { é: "日本語😀", a: ü, a: ö }'
	try mirari-parse t.yml
	exits 65
	says 't.yml:3:24: error: xl.a: given before'
	project 'xl: { a: "日本語😀é" }' 'arg: ["日本", [x]]'
	refused_at '4:13'
}

@test "the nearest key, target or word is offered; far ones are not" {
	project 'memroy: 1'
	refused "3:1: error: memroy: unknown key (did you mean 'memory'?)"
	project 'htpp: { port: 1 }'
	refused "3:1: error: htpp: unknown key (did you mean 'http'?)"
	project 'http: { prot: 1 }'
	refused "3:9: error: http.prot: unknown key (did you mean 'port'?)"
	project 'net: { e: { hots: 10.0.0.1/24 } }'
	refused "3:13: error: net.e.hots: unknown key (did you mean 'host'?)"
	project 'targets: { unix-sokcet: {} }'
	refused "3:12: error: targets.unix-sokcet: unknown target (did you mean 'unix-socket'?)"
	project 'targets: { esxi: { memory: 1 } }'
	refused '3:12: error: targets.esxi: unknown target, expected one of unix-socket unix-direct hvt spt virtio xen'
	project 'runtime: lwtt'
	refused "3:10: error: runtime: 'lwtt' is not one of lwt, mirage-2013, mirage (did you mean 'lwt'?)"
	project 'zzzzzzzz: 1'
	refused '3:1: error: zzzzzzzz: unknown key'
	project 'http: { memory: 1 }'
	refused '3:9: error: http.memory: unknown key'
	project 'compiler: 4.10'
	refused_at 3:1 'unknown key'
}

@test "a key given twice is refused, in every section" {
	project 'name: y' 'main: { http: C.d }' 'http: { port: 1, port: 1 }' 'fs: { a: x, "a": x }' 'net:' \
		'  e: { mtu: 1500, mtu: 1500 }' '  e: {}' 'depends: [lwt]' 'depends: [uri]' \
		'targets: { xen: { memory: 1, memory: 2 }, xen: {} }' 'targets: {}'
	refused '3:1: error: name: given before, on line 1' \
		'4:1: error: main: given before, on line 2' \
		'5:18: error: http.port: given before, on line 5' \
		'6:13: error: fs.a: given before, on line 6' \
		'8:19: error: net.e.mtu: given before, on line 8' \
		'9:3: error: net.e: given before, on line 8' \
		'11:1: error: depends: given before, on line 10' \
		'12:30: error: memory: given before, on line 12' \
		'12:43: error: xen: given before, on line 12' \
		'13:1: error: targets: given before, on line 12'
}

@test "the same key in two targets, or in one and at the top, is no repetition" {
	project 'memory: 1' 'targets: { xen: { memory: 2 }, hvt: { memory: 3 } }'
	reads --get memory t.yml
	same 1 "$(cat "$T/out")"
	reads -t xen --get memory t.yml
	same 2 "$(cat "$T/out")"
	reads -t hvt --get memory t.yml
	same 3 "$(cat "$T/out")"
}

@test "main and its kind can't be given in two ways" {
	project 'main.kind: http'
	try mirari-parse t.yml
	exits 65
	yml 'name: x' 'main.kind: noip'
	try mirari-parse t.yml
	exits 65
}

@test "main's kind and entry are there together" {
	yml 'name: x'
	try mirari-parse --set main.kind=http t.yml
	exits 65
	says main
	try mirari-parse --set main.entry=A.b t.yml
	exits 65
	says main
	reads --set main.kind=http --set main.entry=A.b t.yml
	has_lines main.kind=http main.entry=A.b
}

@test "unknown keys are refused where they are" {
	project 'kernel: x' 'http: { ssl: true }' 'net: { e: { vlan: 3, a: { b: c } } }' 'name.x: y' 'xl: { a.b: c }' 'fs: { a.b: c }' \
		'"": x' 'net: { e: 3 }'
	try mirari-parse t.yml
	exits 65
	same '3:1
4:9
5:13
5:22
6:1
7:7
8:7
9:1
10:1' "$(sed -n 's/^t.yml:\([0-9]*:[0-9]*\): error: .*/\1/p' "$T/err")"
	[ "$(wc -l <"$T/err")" -eq 9 ] || flunk 'should say nine things'
	project 'targets: { xen: { targets: { hvt: { memory: 3 } } } }'
	refused_at 3:19 'unknown key'
	project 'target.x: 1' '"http.port": 80' 'http: { "a.b": c }' 'net: { e.mtu: 1500 }'
	try mirari-parse t.yml
	exits 65
	same $'3:1\n4:1\n5:9\n6:8' "$(sed -n 's/^t.yml:\([0-9]*:[0-9]*\): error: .*/\1/p' "$T/err")"
}

@test "names in keys are what a record, or an OCaml module, can have" {
	project 'fs: { a-b: x }'
	refused_at 3:12 'fs.a-b'
	project 'fs: { "a b": x }'
	refused_at 3:14 'fs.a b'
	project 'net: { "e 0": { mtu: 1500 } }'
	refused_at 3:22
	project 'xl: { é: x }'
	refused_at 3:10
	project 'xl: { "a=b": x }'
	refused_at 3:14
	project 'fs: { A_1: x, 9: y }'
	reads t.yml
	has_lines fs.A_1=x fs.9=y
}

@test "keys of 255 bytes are read, longer ones refused" {
	local long
	long=$(printf 'k%.0s' {1..255})
	project "xl: { $long: v }"
	reads t.yml
	has_lines "xl.$long=v"
	project "xl: { ${long}k: v }"
	refused "3:7: error: expected a key in front of ':', of at most 255 bytes and without '.'"
	project "? ${long}${long}${long}${long}k" ': v' 'memory: 0'
	refused "3:3: error: expected a key in front of ':', of at most 255 bytes and without '.'" \
		"5:9: error: memory: '0' is not a whole number from 1 to 1048576"
}

@test "a node of the wrong kind is refused, and reading goes on behind it" {
	project 'memory: { a: [b, { c: d }] }' 'cpus: [1, 2]' 'http: 8080' 'fs: [a]' 'depends: { a: b }' 'arg: [[a], { b: c }, d]' \
		'net: { e: { mac: [a] }, f: x }' 'targets: [xen]' 'install: maybe'
	refused '3:9: error: memory: expected a single value, not a mapping' \
		'4:7: error: cpus: expected a single value, not a list' \
		'5:7: error: http: expected a mapping, not a single value' \
		'6:5: error: fs: expected a mapping, not a list' \
		'7:10: error: depends: expected a list such as [one, two], not a mapping' \
		'8:7: error: arg: expected single values in the list, not a list' \
		'8:12: error: arg: expected single values in the list, not a mapping' \
		'9:18: error: net.e.mac: expected a single value, not a list' \
		'9:28: error: net.f: expected a mapping, not a single value' \
		'10:10: error: targets: expected a mapping of targets, not a list' \
		"11:10: error: install: 'maybe' is not true or false"
}

@test "main has one of three kinds" {
	for kind in noip ip http; do
		yml 'name: x' "main: { $kind: A.b }"
		reads t.yml
		has_lines "main.kind=$kind" main.entry=A.b
	done
	yml 'name: x' 'main: A.b' 'cpus: 0'
	refused '2:7: error: main: expected a mapping such as { noip: Hello.main }, not a single value' \
		"3:7: error: cpus: '0' is not a whole number from 1 to 1024"
	yml 'name: x' 'main: [A.b]'
	refused '2:7: error: main: expected a mapping such as { noip: Hello.main }, not a list'
	yml 'name: x' 'main: {}'
	refused '2:7: error: main: expected one of noip, ip and http'
	yml 'name: x' 'main: { noip: A.b, http: C.d }' 'cpus: 0'
	refused '2:20: error: main: more than one of noip, ip and http' \
		"3:7: error: cpus: '0' is not a whole number from 1 to 1024"
	yml 'name: x' 'main: { noip: A.b, noip: C.d }'
	refused_at 2:20
	yml 'name: x' 'main: { noip: A.b, tcp: { a: [C.d] } }' 'cpus: 0'
	refused '2:20: error: main.tcp: unknown key, expected noip, ip or http' \
		"3:7: error: cpus: '0' is not a whole number from 1 to 1024"
	yml 'name: x' 'main: { noip: [A.b], }' 'cpus: 0'
	refused '2:15: error: main.noip: expected an OCaml value path, not a list' \
		"3:7: error: cpus: '0' is not a whole number from 1 to 1024"
	yml 'name: x' 'main: { http: }'
	refused_at 2:15 "main.entry: '' is not an OCaml value path"
}

@test "keys that are lists or mappings are refused, and reading goes on behind them" {
	local behind="4:7: error: cpus: '0' is not a whole number from 1 to 1024"
	project '? [a, b]' 'cpus: 0'
	refused_at 3:3
	[ "$(wc -l <"$T/err")" -eq 2 ] && says "$behind"
	project 'http: { { a: b }: c, port: 1 }' 'cpus: 0'
	refused_at 3:9
	[ "$(wc -l <"$T/err")" -eq 2 ] && says "$behind"
}

@test "keys of main that are lists or mappings are refused, and reading goes on behind them" {
	for key in '[a]' '{ a: b }' '[[a], b]'; do
		yml 'name: x' "main: { noip: A.b, ? $key : cpus }" '' 'cpus: 0'
		refused_at 2:22
		[ "$(wc -l <"$T/err")" -eq 2 ] || flunk 'should say two things'
		says "t.yml:4:7: error: cpus: '0' is not a whole number from 1 to 1024"
	done
	yml 'name: x' 'main: { [a]: b }' '' 'cpus: 0'
	refused_at 2:9
	says "t.yml:4:7: error: cpus: '0' is not a whole number from 1 to 1024"
}

@test "keys of targets that are lists or mappings are refused, and reading goes on behind them" {
	for key in '[a]' '{ a: b }'; do
		project "targets: { ? $key : { memory: 0 }, hvt: { memory: 0 } }" 'cpus: 0'
		refused_at 3:14
		same "t.yml:4:7: error: cpus: '0' is not a whole number from 1 to 1024" "$(tail -n 1 "$T/err")"
		! grep -q -e 'nested' -e 'document' "$T/err" || flunk 'should say what is so'
	done
}

@test "a message is one line, whatever is in what it is about" {
	for line in '"a\nt.yml:9:9: error: forged": 1' 'targets: { "a\nb": {} }' 'memory: "a\nb"' 'http: { "a\nb\nc": 1 }' \
		'"a\rb": 1' 'main: { "a\nb": A.b }' 'arg: ["a\nb"]' 'target: "\n"' '"\e[31m\x9b\u0085\u2028": "\a"' 'memory: "\x9b31m"' \
		'memory: "\x7f\x80"'; do
		project "$line"
		try mirari-parse t.yml
		exits 65
		! grep -qv '^t\.yml:[0-9]*:[0-9]*: error: ' "$T/err" || flunk 'says a line of the input'
		! LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$T/err" || flunk 'passes control characters on'
		iconv -f UTF-8 -t UTF-8 "$T/err" >/dev/null || flunk 'says what is not UTF-8'
	done
}

@test "a value can't inject: refused, with its line" {
	for value in -x --help "a';x'" 'a";x"' 'a;x' 'a$(x)' 'a`x`' 'a|x' 'a&x' 'a >x' 'a *) x (*' 'a x'; do
		for key in name main.entry depends packages deploy; do
			quote "$value"
			put "$key" "$quoted"
			refused_at "3:$column" "$key"
		done
	done
	for value in -x --yes; do
		put switch "$value"
		refused_at "3:$column" switch
	done
	for key in name main.entry depends packages switch deploy artifact arg xl.a fs.a build.command libvirt.uri; do
		put "$key" '"A.a\nb=c"'
		refused_at "3:$column" "$key"
		put "$key" '"A.a\rb=c"'
		refused_at "3:$column" "$key"
		put "$key" '"A.a\0b"'
		refused_at "3:$column" NUL
	done
	project 'net: { "a=b\nc": { mtu: 1500 } }' 'xl: { "a\nb": c }' 'fs: { "a\nb": c }' 'xl: { "a=b": c }'
	refused_at 3:25
}

@test "a NUL ends nothing early" {
	yml 'name: x' 'main: { noip: "A.b\0; exit 1" }'
	refused_at 2:15
	yml 'name: x' 'main: { "noip\0x": A.b }'
	refused_at 2:9
	project 'targets: { "xen\0x": { memory: 1 } }'
	refused_at 3:12
	project '"memory\0x": 1'
	refused_at 3:1
	project 'http: { "port\0x": 1 }'
	refused_at 3:9
	project 'memory: "1\0x"'
	refused_at 3:9
	project 'arg: ["a\0b"]'
	refused_at 3:7
}

@test "anchors, aliases and tags are refused" {
	local say='anchors, aliases and tags are not accepted: write the value out'
	for line in 'memory: &a 1' 'memory: *a' '&a memory: 1' '*a : 1' 'memory: !!int 1' 'memory: ! 1' '!x memory: 1' 'arg: &a [x]' \
		'arg: !!seq [x]' 'http: &a { port: 1 }' 'http: !!map { port: 1 }' 'http: *a' 'targets: &a {}' 'main: &a { noip: A.b }' \
		'unknown: &a x' 'unknown: *a' '<<: *a' 'xl: { a: *b }' 'targets: { xen: &a {} }' 'targets: { xen: *a }' 'targets: { *a : {} }' \
		'unknown: [[*a]]'; do
		project "$line"
		try mirari-parse t.yml
		exits 65
		says "$say"
		[[ $(grep -F "$say" "$T/err") == t.yml:3:* ]] || flunk 'should say where'
	done
	for line in 'main: { noip: *a }' 'main: { noip: &a A.b }' 'main: { *a : A.b }' 'main: { noip: A.b, *a : cpus }' \
		'main: { &a noip: A.b }' 'main: { noip: !!str A.b }'; do
		yml 'name: x' "$line" 'cpus: 1'
		try mirari-parse t.yml
		exits 65
		says "$say"
		[ "$(wc -l <"$T/err")" -eq 1 ] || flunk 'should say only that'
	done
	yml '--- &a' 'name: x'
	refused_at 1:5 "$say"
	yml '- &a [x]' '- *a'
	refused_at 1:1
}

@test "an alias bomb goes off nowhere" {
	{
		echo 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
		for i in {1..30}; do
			echo "a$i: &a$i [*a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1))]"
		done
	} >t.yml
	soon mirari-parse t.yml
	exits 65
	[[ $(head -n 1 "$T/err") == t.yml:1:* ]]
}

# levels N OPEN: N times the text.
levels() {
	printf -- "$2%.0s" $(seq "$1")
}

@test "10 000 levels of nesting are refused early, wherever they are" {
	for before in 'memory: ' 'depends: ' 'fs: ' 'net: ' 'unknown: ' 'targets: ' 'targets: { xen: ' 'main: ' 'name: '; do
		for open in '[' '{ a: ' '[ { a: '; do
			project "$before$(levels 10000 "$open")"
			soon mirari-parse t.yml
			exits 65
			[ "$(wc -l <"$T/err")" -le 3 ] || flunk 'should stop reading'
			says 'nested deeper than 32 levels'
		done
	done
	for before in 'memory:' 'arg:' 'unknown:' 'main:'; do
		for open in '- ' '? '; do
			yml 'name: x' "$before" " $(levels 10000 "$open")x"
			soon mirari-parse t.yml
			exits 65
			[ "$(wc -l <"$T/err")" -le 3 ] || flunk 'should stop reading'
			says 't.yml:3:'
		done
	done
	seq -f '%.0f' 0 2000 | awk '{ printf "%" $1 "sa:\n", "" }' >t.yml
	soon mirari-parse t.yml
	exits 65
	says 'nested deeper than 32 levels'
	printf '%s' "$(levels 10000 '[')" >t.yml
	soon mirari-parse t.yml
	exits 65
}

@test "what isn't YAML is refused where it stops being so" {
	project 'http: { port: 1'
	refused_at 4:1
	project 'arg: [a' 'memory: 1'
	refused_at 4:7
	project 'arg: "a'
	refused_at 4:1
	project ' memory: 1'
	refused_at 3:2
	project 'memory: 1: 2'
	refused_at 3:10
	project 'arg: [a]]'
	refused_at 3:9
	project '@a: 1'
	refused_at 3:1
	project 'arg: ["\z"]'
	refused_at 3:8
	yml '%YAML 9.9' '---' 'name: x'
	refused_at 1:1
}

@test "tabs: between words yes, as indentation no" {
	project $'memory:\t3\t# three' $'arg: ["a\tb",\tc\t]'
	reads t.yml
	has_lines memory=3 $'arg=a\tb' arg=c
	project 'http:' $'\tport: 3'
	refused_at 4:1
	project 'http:' $'  port:\t3' $'\taddress: "*"'
	refused_at 5:1
}

@test "bytes that aren't UTF-8 are refused where they are" {
	printf 'name: x\nmain: { noip: A.b }\narg:\n- é\n- "aé\xff"\n' >t.yml
	refused_at 5:6 '0xff'
	printf 'name: x\nmain: { noip: A.b }\narg: [\xc0\xaf]\n' >t.yml # overlong
	refused_at 3:7
	printf 'name: x\nmain: { noip: A.b }\narg: [日\xed\xa0\x80]\n' >t.yml # a surrogate
	refused_at 3:8
	printf 'name: x\nmain: { noip: A.b }\narg: [\xf4\x90\x80\x80]\n' >t.yml # past the last
	refused_at 3:7
	printf 'name: x\nmain: { noip: A.b }\narg: [a\xe6\x97]\n' >t.yml # cut short
	refused_at 3:9 0x5d
	printf 'name: x\nmain: { noip: A.b }\narg: [a\xe6' >t.yml # cut short by the end
	refused_at 3:8
	printf 'name: x\r\nmain: { noip: A.b }\r\narg: [\xff]\r\n' >t.yml
	refused_at 3:7
	printf '\xffname: x\n' >t.yml
	refused_at 1:1
}

@test "control bytes are refused where they are" {
	for byte in 00 01 07 08 0b 0c 0e 1b 1f 7f; do
		printf "name: x\nmain: { noip: A.b }\narg:\n- é\n- \"é\\x$byte\"\n" >t.yml
		refused_at 5:5 "0x$byte"
	done
	printf 'name: x\nmain: { noip: A.b }\n\0' >t.yml
	refused_at 3:1 0x00
	printf '\0' >t.yml
	refused_at 1:1
	{ printf 'name: x\nmain: { noip: A.b }\narg:\n' && seq -f '- %.0f' 20000 && printf -- '- "a\0"\n'; } >t.yml
	refused_at 20004:5 0x00
}

@test "UTF-16 is refused" {
	for encoding in UTF-16LE UTF-16BE UTF-16 UTF-32LE; do
		project 'memory: 1'
		iconv -f UTF-8 -t "$encoding" t.yml >u.yml
		mv u.yml t.yml
		try mirari-parse t.yml
		exits 65
		[[ $(cat "$T/err") == t.yml:1:[12]:* ]] || flunk 'should say where'
	done
}

@test "a byte order mark in front is nothing" {
	project 'memory: 1'
	mirari-parse t.yml >"$T/wanted"
	{ printf '\xef\xbb\xbf' && cat t.yml; } >u.yml
	mv u.yml t.yml
	reads t.yml
	cmp "$T/wanted" "$T/out"
	printf '\xef\xbb\xbfnmae: x\nmain: { noip: A.b }\nmemory: 0\n' >t.yml
	refused_at 1:1
	says 't.yml:3:9: error: memory'
	printf '\xef\xbb\xbfname: x\nmain: { noip: A.b }\narg: [\xff]\n' >t.yml
	refused_at 3:7
}

@test "lines may end in CR LF" {
	project 'arg:' '- "a' '  b"' '- c' 'memory: 1'
	mirari-parse t.yml >"$T/wanted"
	sed -i 's/$/\r/' t.yml
	reads t.yml
	cmp "$T/wanted" "$T/out"
	project '' 'memory: 0' 'cpus: 0'
	sed -i 's/$/\r/' t.yml
	refused "4:9: error: memory: '0' is not a whole number from 1 to 1048576" \
		"5:7: error: cpus: '0' is not a whole number from 1 to 1024"
}

@test "the last line may have no newline" {
	project 'memory: 1'
	mirari-parse t.yml >"$T/wanted"
	truncate -s -1 t.yml
	reads t.yml
	cmp "$T/wanted" "$T/out"
	printf 'name: x\nmain: { noip: A.b }\nmemory: 0' >t.yml
	refused_at 3:9
}

@test "a file without a document, or with two, or with something else than a mapping" {
	: >t.yml
	refused ' error: is empty: see mirari-config(5), or mirari init'
	printf '\n\n' >t.yml
	refused ' error: is empty: see mirari-config(5), or mirari init'
	yml '# a' '' '  # b'
	refused ' error: is empty: see mirari-config(5), or mirari init'
	project '---' 'name: y'
	refused '3:1: error: more than one document'
	project '...' '---' 'name: y'
	refused_at 4:1 'more than one document'
	yml '---'
	refused_at 2:1 'expected a mapping'
	yml 'hello'
	refused_at 1:1 'expected a mapping'
	yml '- a'
	refused_at 1:1 'expected a mapping'
	yml '[a]'
	refused_at 1:1 'expected a mapping'
	yml '{}'
	refused " error: name is missing: add a line such as 'name: hello'" \
		" error: main is missing: add a line such as 'main: { noip: Hello.main }'"
}

# ---- targets, --target, --set, --get -------------------------------------------------------------

@test "a target's values and lists take the place of the others; sections are merged" {
	yml 'name: x' 'main: { http: A.b }' 'depends: [lwt, uri]' 'http: { port: 80, address: 127.0.0.1 }' \
		'net: { a: { mtu: 1500, nat: true }, b: { mtu: 1400 } }' 'xl: { a: 1, b: 2 }' 'fs: { s: x }' 'arg: [one]' \
		'targets:' '  spt:' '    main: { noip: C.d }' '    depends: [fmt]' '    http: { port: 81 }' \
		'    net: { a: { mtu: 9000 }, c: { mtu: 68 } }' '    xl: { b: 3 }' '    fs: { t: y }' '    name: y' '    arg: []'
	reads -t spt t.yml
	cat >wanted <<-RECORD
		name=y
		target=spt
		deploy=local
		config.file=$PWD/t.yml
		config.dir=$PWD
		main.kind=noip
		main.entry=C.d
		runtime=lwt
		depends=fmt
		http.port=81
		http.address=127.0.0.1
		fs.t=y
		fs.s=x
		net.a.mtu=9000
		net.a.nat=true
		net.c.mtu=68
		net.b.mtu=1400
		xl.b=3
		xl.a=1

	RECORD
	same_record wanted "$T/out"
	reads t.yml
	has_lines name=x main.kind=http main.entry=A.b depends=lwt depends=uri http.port=80 fs.s=x net.a.mtu=1500 net.b.mtu=1400 xl.a=1 \
		xl.b=2
	grep -qx arg=one "$T/out"
	! grep -q -e fmt -e 81 -e 9000 -e net.c -e C.d "$T/out"
}

@test "name and main may be in the targets only" {
	yml 'targets: { xen: { name: x, main: { noip: A.b } } }'
	reads -t xen t.yml
	has_lines name=x main.kind=noip
	try mirari-parse t.yml
	exits 65
	says 'name is missing'
}

@test "every target is checked, also those that aren't asked for" {
	project 'targets:' '  hvt: { memory: 0 }' '  spt: { nmae: x }' '  xen: { xl: [a] }' '  virtio: { main: {} }'
	refused "4:18: error: memory: '0' is not a whole number from 1 to 1048576" \
		"5:10: error: nmae: unknown key (did you mean 'name'?)" \
		'6:14: error: xl: expected a mapping, not a list' \
		'7:19: error: main: expected one of noip, ip and http'
}

@test "--target is before the file's target, which is before unix-socket" {
	project
	reads --get target t.yml
	same unix-socket "$(cat "$T/out")"
	project 'target: hvt' 'targets: { hvt: { memory: 1 }, xen: { memory: 2 } }'
	reads --get memory t.yml
	same 1 "$(cat "$T/out")"
	for form in '--target=xen' '--target xen' '-t xen' '-txen' '--set=target=xen'; do
		reads $form --get memory t.yml
		same 2 "$(cat "$T/out")"
		reads $form --get target t.yml
		same xen "$(cat "$T/out")"
	done
	for word in '' Xen unix 'xen '; do
		try mirari-parse --target "$word" t.yml
		exits 64
		says 'expected one of unix-socket, unix-direct, hvt, spt, virtio, xen'
	done
	try mirari-parse --target=unix-sokcet t.yml
	exits 64
	says "did you mean 'unix-socket'?"
}

@test "--set is before target and file; a list is replaced as a whole" {
	project 'depends: [lwt, uri]' 'memory: 1' 'targets: { unix-socket: { memory: 2 } }'
	reads --set memory=3 --set depends=a --set=depends=b --set arg=x=y --set install=no t.yml
	has_lines depends=a depends=b install=false memory=3 arg=x=y
	[ "$(grep -c -e ^depends -e ^memory "$T/out")" -eq 3 ]
	reads --set name=y --set main.kind=http --get http.port t.yml
	same 8080 "$(cat "$T/out")"
	reads --set name=y --set main.kind=noip --set main.entry=C.d - < <(printf 'memory: 1\n')
	has_lines name=y main.kind=noip main.entry=C.d
}

@test "--set is checked as the file is" {
	project
	for setting in memory=lots memory= memroy=1 name=-x fs.a-b=x main.entry=x $'arg=a\nb' xl.a.b=c; do
		try mirari-parse --set "$setting" t.yml
		[ "$status" -eq 64 ] || exits 65
		[ ! -s "$T/out" ] || flunk 'should print nothing'
		says '--set'
		says "${setting%%=*}"
	done
}

@test "--set of what is no setting is a mistake in the command" {
	project
	for setting in memory '' =x; do
		try mirari-parse --set "$setting" t.yml
		exits 64
		says '--set'
	done
}

@test "--get prints values, in order, and 1 is none" {
	project 'depends: [lwt, uri, lwt]' 'arg: ["", " a ", "b"]'
	reads --get depends t.yml
	same $'lwt\nuri\nlwt' "$(cat "$T/out")"
	reads --get arg t.yml
	printf '\n a \nb\n' | cmp - "$T/out"
	reads --get deploy t.yml
	same local "$(cat "$T/out")"
	for key in memory nosuch '' dep; do
		try mirari-parse --get "$key" t.yml
		exits 1
		[ ! -s "$T/out" ]
		[ ! -s "$T/err" ]
	done
	try mirari-parse --get name --format=json t.yml
	exits 64
}

@test "what goes without saying" {
	yml 'name: x' 'main: { http: A.b }'
	reads t.yml
	has_lines target=unix-socket deploy=local runtime=lwt http.port=8080 'http.address=*'
	yml 'name: x' 'main: { http: A.b }' 'http: { address: "::1" }'
	reads t.yml
	has_lines http.port=8080
	has_lines http.address=::1
	project
	reads t.yml
	! grep -q ^http "$T/out"
	project 'build: { command: [make, all] }'
	reads t.yml
	has_lines build.command=make build.command=all
	has_lines build.system=command
}

# ---- formats -------------------------------------------------------------------------------------

# Values that somebody's quoting gets wrong.
nasty=('' ' ' '  two  ' a "'" '"' "''" '\' '\n' 'a\' '$HOME' '$(touch pwned)' '`touch pwned`' '!!' '*' '?' '[a-z]*' '~' '~root' '#c'
	'a # c' 'a: b' 'a:' '- a' '-' '--' '-n' '-e a\tb' '---' '...' '%s%n%d' '%TAG' '@a' '`a' '&a' '*a' '!a' '{a}' '[a]' '{' ']' ',' '|' '>'
	'>-' '? a' '=' '==' 'a=b' '<<' 'null' 'Null' 'true' 'no' 'yes' 'on' 'y' '1e3' '0x10' '007' '1_000' '.5' '.inf' '1:30' '2001-01-01'
	$'tab\tin' $'\ttab' $'tab\t' $'a\tb  c' ';' 'a;b' '(' ')' 'a|b' 'é' '日本語' '😀' $'\u00a0' $'a\u00a0' $'\u0085' $'a\u0085b' $'a\u2028b'
	$'\u2029' $'\ufeffa' $'a\ufeff' $'\ue000' $'\x01' $'a\x1b[31mb' $'\x7f' $'\x08' 'a  b' "it's" '"quoted"' "\$'x'" '</script>' '\u0000' '%00')

# nasty_record [FORMAT]: a file's record that has all of these as arguments and as values of xl's keys.
nasty_record() {
	local value i=0
	set -- "--format=${1-records}"
	for value in "${nasty[@]}"; do
		set -- "$@" --set "arg=$value" --set "xl.k$i=$value"
		i=$((i + 1))
	done
	project
	mirari-parse "$@" t.yml
}

# json_is_record JSON RECORD
json_is_record() {
	need jq
	jq -r '[paths(scalars) as $p | ([$p[] | strings] | join(".")) + "=" + (getpath($p) | tostring)] | .[]' "$1" >"$T/flat"
	echo >>"$T/flat"
	cmp "$2" "$T/flat"
}

# shell_is_record SHELLVARS RECORD SHELL...: evaluated, the variables have what the record has.
shell_is_record() {
	local vars=$1 record=$2 key value shell
	local -A values=()
	shift 2
	while IFS= read -r key; do
		[ "$key" ] || continue
		value=${key#*=} key=${key%%=*}
		values[$key]+=${values[$key]+$'\n'}$value
	done <"$record"
	for shell; do
		need "$shell"
		rm -f pwned "$T/expected"
		cp "$vars" "$T/script"
		for key in "${!values[@]}"; do
			printf 'printf "%%s\\n" "$mirari_%s"\n' "${key//[.-]/_}" >>"$T/script"
			printf '%s\n' "${values[$key]}" >>"$T/expected"
		done
		"$shell" -eu "$T/script" >"$T/seen"
		cmp "$T/expected" "$T/seen"
		[ ! -e pwned ]
	done
}

@test "--format=records is what there is without it" {
	design
	cmp <(mirari-parse) <(mirari-parse --format=records)
}

@test "--format: one of four" {
	project
	for format in xml '' JSON; do
		try mirari-parse --format "$format" t.yml
		exits 64
		says 'expected one of records, json, shell, yaml'
	done
	try mirari-parse --format=jsn t.yml
	exits 64
	says "did you mean 'json'?"
	try mirari-parse --from=jaml t.yml
	exits 64
	says "did you mean 'yaml'?"
}

@test "--format=json: objects for sections, lists, numbers and booleans" {
	need jq
	design
	mirari-parse --format=json >json
	jq -e . json >/dev/null
	jq -e '.name == "www" and .http == {"port": 8080, "address": "*"} and .memory == 32 and .depends == ["cohttp-lwt-unix", "uri"]' json
	jq -e '.net.service == {"host": ["10.0.0.1/24"], "dhcp": true} and .packages == ["cohttp-lwt-unix"] and .fs.static == "../files"' json
	jq -e '.main == {"kind": "http", "entry": "Dispatch.main"} and .config.dir == $dir' --arg dir "$PWD" json
	mirari-parse >record
	json_is_record json record
}

@test "--format=json carries every value" {
	nasty_record >record
	nasty_record json >json
	json_is_record json record
}

@test "--format=shell: a variable for each key, for eval" {
	design
	mirari-parse --format=shell >shell
	sh -euc '. ./shell; [ "$mirari_name" = www ]; [ "$mirari_http_address" = "*" ]; [ "$mirari_net_service_host" = 10.0.0.1/24 ]'
	sh -euc 'eval "$(mirari-parse --format=shell)"; [ "$(echo $mirari_depends)" = "cohttp-lwt-unix uri" ]'
	mirari-parse >record
	shell_is_record shell record sh bash
}

@test "--format=shell carries every value, to sh and to bash" {
	nasty_record >record
	nasty_record shell >shell
	shell_is_record shell record sh bash
}

@test "--format=shell refuses two keys that would be one variable" {
	project 'net: { a-b: { mtu: 1500 }, a_b: { mtu: 1400 } }'
	try mirari-parse --format=shell t.yml
	exits 65
	[ ! -s "$T/out" ]
	says net.a-b.mtu
	says net.a_b.mtu
	reads --format=json t.yml
}

@test "--format=yaml is read as the same record" {
	design
	mirari-parse >record
	mirari-parse --format=yaml | mirari-parse - >again
	same_record record again
	mirari-parse --format=yaml | mirari-parse --format=yaml - | cmp - <(mirari-parse --format=yaml)
	for target in unix-direct hvt xen; do
		mirari-parse -t "$target" >record
		mirari-parse -t "$target" --format=yaml | mirari-parse - >again
		same_record record again
	done
}

@test "--format=yaml carries every value" {
	nasty_record >record
	nasty_record yaml >again.yml
	reads again.yml
	same_record record "$T/out"
}

@test "--format=yaml quotes text that other readers would take for something else" {
	yml 'name: no' 'main: { noip: A.b }' 'memory: 32' 'install: on' 'switch: 4.10' 'artifact: plain/file.x' 'xl: { k: null, y: 1e3, l: Yes }'
	reads --format=yaml t.yml
	has_lines "name: 'no'" "switch: '4.10'" 'install: true' 'artifact: plain/file.x' 'memory: 32' "  k: 'null'" "  'y': '1e3'" "  l: 'Yes'"
}

@test "--format=yaml of what --set changed is read as the same record" {
	design
	for setting in main.entry=Other.main main.kind=noip net.late.mtu=1500 http.address=::1 memory=1 xl.a=b target=hvt; do
		reads --set "$setting" mirari.yml
		sort "$T/out" >record
		reads --set "$setting" --format=yaml mirari.yml
		cp "$T/out" again.yml
		reads again.yml
		sort "$T/out" >again
		same_record record again
	done
}

@test "what isn't UTF-8 passes as records and shell; json and yaml refuse it" {
	project
	for format in records shell; do
		mirari-parse --format="$format" --set $'arg=a\xffb' t.yml >out
		LC_ALL=C grep -qa $'a\xffb' out
	done
	eval "$(mirari-parse --format=shell --set $'arg=a\xffb' t.yml)"
	same $'a\xffb' "$mirari_arg"
	for format in json yaml; do
		try mirari-parse --format="$format" --set $'arg=a\xffb' t.yml
		exits 65
		[ ! -s "$T/out" ] || flunk 'should print nothing'
		says 'not UTF-8'
	done
}

# ---- files ---------------------------------------------------------------------------------------

@test "standard input: no file in the record, messages say so" {
	project
	try mirari-parse - <t.yml
	exits 0
	! grep -q ^config.file "$T/out"
	has_lines "config.dir=$PWD"
	try mirari-parse - < <(printf 'name: -x\nmain: { noip: A.b }\n')
	exits 65
	says 'standard input:1:7: error: name'
	mirari-parse - <t.yml | cmp - <(cat t.yml | mirari-parse -)
	try mirari-parse - </dev/null
	exits 65
	says 'standard input: error: is empty'
}

@test "closed descriptors don't mix with the file's" {
	native
	project
	mirari-parse t.yml >"$T/wanted"
	mirari-parse t.yml <&- | cmp - "$T/wanted"
	mirari-parse t.yml 2>&- | cmp - "$T/wanted"
	mirari-parse t.yml <&- 2>&- | cmp - "$T/wanted"
	yml 'name: -x'
	mirari-parse t.yml 2>&- >out || status=$?
	[ "$status" -eq 65 ]
	[ ! -s out ]
	status=0
	mirari-parse t.yml <&- >&- 2>&- || status=$?
	[ "$status" -eq 65 ]
}

@test "mirari.yml of the directory is found, else its only *.conf" {
	try mirari-parse
	exits 65
	says 'no configuration: neither mirari.yml nor a *.conf'
	says 'mirari init'
	printf 'main-noip: A.b\n' >app.conf
	touch .hidden.conf app.conf~ conf
	reads
	has_lines name=app "config.file=$PWD/app.conf"
	printf 'main-noip: A.b\n' >b.conf
	try mirari-parse
	exits 65
	says 'more than one *.conf: app.conf, b.conf'
	project
	try mirari-parse
	exits 65
	mv t.yml mirari.yml
	reads
	has_lines name=x "config.file=$PWD/mirari.yml"
	try mirari-parse a b
	exits 64
}

@test "a directory is looked into; another's file has its directory" {
	mkdir -p sub/deep
	try mirari-parse sub
	exits 65
	says 'sub: no configuration'
	project
	mv t.yml sub/mirari.yml
	reads sub
	has_lines "config.file=$PWD/sub/mirari.yml" "config.dir=$PWD/sub"
	reads sub/deep/../mirari.yml
	has_lines "config.file=$PWD/sub/mirari.yml" "config.dir=$PWD/sub"
	ln -s sub link
	reads link/mirari.yml
	has_lines "config.dir=$PWD/sub"
	reads "$PWD/sub/mirari.yml"
	has_lines "config.file=$PWD/sub/mirari.yml"
	printf 'name: -x\n' >sub/mirari.yml
	try mirari-parse sub
	exits 65
	says 'sub/mirari.yml:1:7: error: name'
}

@test "names of files and directories may have anything but what a record can't carry" {
	local odd="a b'\"\$(x)=é;"
	mkdir "$odd"
	project
	mv t.yml "$odd/$odd.yml"
	reads "$odd/$odd.yml"
	has_lines "config.file=$PWD/$odd/$odd.yml"
	project
	mv t.yml -- '-t.yml'
	reads -- -t.yml
	has_lines "config.file=$PWD/-t.yml"
	mkdir $'a\nb'
	mv -- -t.yml $'a\nb/t.yml'
	try mirari-parse $'a\nb/t.yml'
	exits 65
	[ ! -s "$T/out" ]
	! grep -qv ^mirari-parse: "$T/err" || flunk 'should begin each line with its name'
}

@test "what is no file is refused: a directory, a device, nothing" {
	try mirari-parse nosuch.yml
	exits 65
	says 'mirari-parse: nosuch.yml: No such file or directory'
	try mirari-parse nosuch/x.yml
	exits 65
	mkdir mirari.yml
	try mirari-parse
	exits 65
	says 'mirari.yml: is a directory, not a file'
	for device in /dev/null /dev/zero /dev/full; do
		soon mirari-parse "$device"
		exits 65
		says "$device: is a device or socket, not a file"
	done
	ln -s loop loop
	try mirari-parse loop
	[ "$status" -eq 65 ] || exits 71
	try mirari-parse ''
	exits 65
}

@test "a pipe is a file" {
	project
	mirari-parse - <t.yml >"$T/wanted"
	mkfifo f.yml
	cat t.yml >f.yml &
	soon mirari-parse f.yml
	wait $!
	exits 0
	cmp "$T/wanted" <(grep -v ^config.file "$T/out")
	soon mirari-parse <(cat t.yml)
	exits 0
}

@test "a file that may not be read is 77" {
	project
	chmod 000 t.yml
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		cp "$(command -v mirari-parse)" ./mirari-parse
		chmod 755 mirari-parse .
		try setpriv --reuid=65534 --regid=65534 --clear-groups ./mirari-parse t.yml
	else
		try mirari-parse t.yml
	fi
	exits 77
	says 't.yml: Permission denied'
	[ ! -s "$T/out" ]
}

@test "a file of more than 64 MiB is refused" {
	truncate -s 70M t.yml
	soon mirari-parse t.yml
	exits 65
	says 't.yml: larger than'
	soon mirari-parse - < <(head -c 70000000 /dev/zero)
	exits 65
	says 'standard input: larger than'
}

@test "a value as long as a record's line is read, a longer one refused" {
	head -c 65531 /dev/zero | tr '\0' a >long
	project "arg: [ \"$(cat long)\" ]"
	reads t.yml
	[ "$(grep '^arg=' "$T/out" | wc -c)" -eq 65536 ]
	project "arg: [ \"$(cat long)a\" ]"
	refused_at '3:8'
	project "arg: [ \"$(cat long long)\" ]" 'memory: 0'
	refused_at '3:8' 'longer than 65535 bytes'
	says 't.yml:4:9: error: memory'
	[ "$(wc -c <"$T/err")" -lt 1000 ]
}

# ---- large files ---------------------------------------------------------------------------------

@test "time is linear: names, list items, devices, errors" {
	local head='name: x\nmain: { noip: A.b }\n' n
	n=$(large 300000)
	{ printf "$head" && echo fs: && seq -f '  d%.0f: x' "$n"; } >t.yml
	soon mirari-parse t.yml
	exits 0
	[ "$(grep -c ^fs. "$T/out")" -eq "$n" ]
	{ printf "$head" && yes 'memory: 3' | head -n "$n"; } >t.yml
	soon mirari-parse t.yml
	exits 65
	[ "$(wc -l <"$T/err")" -eq $((n - 1)) ]
	same "t.yml:$((n + 2)):1: error: memory: given before, on line 3" "$(tail -n 1 "$T/err")"
	{ printf "$head" && echo net: && seq "$(large 100000)" | awk '{ print "  d" $1 ":\n    mtu: 1500\n    nat: true" }'; } >t.yml
	soon mirari-parse t.yml
	exits 0
	[ "$(grep -c ^net. "$T/out")" -eq $((2 * $(large 100000))) ]
	{ printf "$head" && seq -f 'unknown%.0f: x' "$(large 50000)"; } >t.yml
	soon mirari-parse t.yml
	exits 65
	[ "$(wc -l <"$T/err")" -eq "$(large 50000)" ]
}

@test "time is linear: a list of a million, in every format" {
	local n
	n=$(large 1000000)
	{ printf 'name: x\nmain: { noip: A.b }\narg:\n' && yes -- '- a' | head -n "$n"; } >t.yml
	for format in records json shell yaml; do
		soon mirari-parse --format="$format" t.yml
		exits 0
		[ "$(wc -c <"$T/out")" -gt $((2 * n)) ]
	done
	{ printf 'name: x\nmain: { noip: A.b }\narg: [' && yes 'a,' | head -n "$n" | tr -d '\n' && echo ']'; } >t.yml # one line
	soon mirari-parse t.yml
	exits 0
	[ "$(grep -c ^arg= "$T/out")" -eq "$n" ]
}

@test "time is linear: devices that come back, in every format" {
	local n
	n=$(large 20000)
	{
		printf 'name: x\nmain: { noip: A.b }\nnet:\n'
		seq "$n" | awk '{ print "  d" $1 ": { mtu: 1500 }" }'
		printf 'targets:\n  unix-socket:\n    net:\n'
		seq "$n" | awk '{ print "      d" $1 ": { nat: true }" }'
	} >t.yml
	for format in records json shell yaml; do
		soon mirari-parse --format="$format" t.yml
		exits 0
	done
	reads t.yml
	[ "$(grep -c '^net.d[0-9]*.nat=true' "$T/out")" -eq "$n" ]
	same "$(printf 'net.d%d.nat=true\nnet.d%d.mtu=1500\n' "$n" "$n")" "$(grep "^net.d$n\." "$T/out")"
}

@test "memory is linear: 10 MB in 300 MB" {
	! instrumented || skip 'memory is not its own under valgrind or a sanitizer'
	{
		printf 'name: x\nmain: { noip: A.b }\ndepends:\n'
		seq -f '- library-number-%.0f' 250000
		echo fs:
		seq -f '  directory_%.0f: ../files/of/the/project' 100000
	} >t.yml
	[ "$(wc -c <t.yml)" -gt 9000000 ]
	try bash -c 'ulimit -v 300000; exec mirari-parse t.yml'
	exits 0
	[ "$(wc -l <"$T/out")" -eq 350009 ]
	head -c 10000000 /dev/zero | tr '\0' a >long
	{ printf 'name: x\nmain: { noip: A.b }\narg: ["' && cat long && echo '"]'; } >t.yml
	try bash -c 'ulimit -v 300000; exec mirari-parse t.yml'
	exits 65
	says 'longer than 65535 bytes'
}
