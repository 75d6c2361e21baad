#!/usr/bin/env bats
# The format of 2013, `key: value` lines, read as Mirari 0.9.7 read them: each case follows from its
# lib/util.ml (key_value, strip, split, subcommand) and the create functions of lib/mirari.ml.

load lib/common.bash
load lib/try.bash
input=app.conf

# conf LINE...: app.conf, with a main function in line 1.
conf() {
	printf '%s\n' 'main-noip: A.b' "$@" >app.conf
}

# The record without what every record has.
body() {
	grep -av -e '^name=app$' -e '^target=unix-socket$' -e '^deploy=local$' -e '^config\.' -e '^runtime=lwt$' \
		-e '^main.kind=noip$' -e '^main.entry=A.b$' -e '^$' "$T/out" || [ $? -eq 1 ]
}

# is_read LINE...: app.conf's record, body only, is exactly this.
is_read() {
	try mirari-parse app.conf
	exits 0
	[ "$(body)" = "$(printf '%s\n' "$@")" ] || flunk "should be: $*
--- is: $(body | head -c 2000)"
}

# warns [LINE:COLUMN...]: there are warnings in these places, and nothing else is said.
warns() {
	local line places=
	while IFS= read -r line; do
		[[ $line == app.conf:*:*': warning: '* ]] || flunk "no warning: $line"
		line=${line#app.conf:}
		places+=" ${line%%: *}"
	done <"$T/err"
	[ "$places" = "${*:+ $*}" ] || flunk "should warn in ${*:-no place}, does in$places"
}

# refused LINE:COLUMN [TEXT]: it is an error, there.
refused() {
	try mirari-parse app.conf
	exits 65
	[ ! -s "$T/out" ] || flunk 'should print nothing'
	grep -q "^app\.conf:$1: error: " "$T/err" || flunk "should be refused at $1"
	says "${2-}"
}

# The example in the README of 0.9.7, without its comments' prose.
readme() {
	if [ -e "$DATA/conf-2013/app.conf" ]; then
		cat "$DATA/conf-2013/app.conf"
		return
	fi
	cat <<-'CONF'
		# IP configuration

		ip-use-dhcp: true

		# ip-address: 10.0.0.2
		# ip-netmask: 255.255.255.0
		# ip-gateway: 10.0.0.1

		fs-static: ../files
		fs-template: ../tmpl

		# HTTP configuration
		http-port: 80
		http-address: *

		main-http: Dispatch.main
		# main-ip: Ping.min
		# main-noip: Noip.main

		depends: cohttp.syntax, uri, re, cow.syntax
		packages: mirage-net, cow

		compiler: 4.01.0dev+mirage-xen

		xl-memory: 32
		xl-on_crash: preserve
		xl-vif: [ 'mac=00:16:3E:74:34:32' ]

	CONF
}

@test "the example of 2013" {
	readme >app.conf
	try mirari-parse -t xen
	exits 0
	warns
	cmp - <(grep -v ^config.option= "$T/out") <<-RECORD
		name=app
		target=xen
		deploy=local
		config.file=$PWD/app.conf
		config.dir=$PWD
		main.kind=http
		main.entry=Dispatch.main
		runtime=lwt
		depends=cohttp.syntax
		depends=uri
		depends=re
		depends=cow.syntax
		packages=mirage-net
		packages=cow
		switch=4.01.0dev+mirage-xen
		ip.dhcp=true
		http.port=80
		http.address=*
		fs.static=../files
		fs.template=../tmpl
		xl.memory=32
		xl.on_crash=preserve
		xl.vif=[ 'mac=00:16:3E:74:34:32' ]

	RECORD
}

@test "a line is split at its first colon" {
	conf 'fs-a:b' 'fs-c: d:e' 'xl-f::g' "xl-vif: [ 'mac=00:16:3E:74:34:32' ]" 'xl-empty:' 'xl-colon: :'
	is_read fs.a=b fs.c=d:e xl.f=:g "xl.vif=[ 'mac=00:16:3E:74:34:32' ]" xl.empty= xl.colon=:
	warns
}

@test "values are stripped of blanks, tabs and carriage returns at both ends" {
	conf $'xl-a: \t  x  y \t ' $'xl-b:\t\tz\r' $'xl-c:  \r' $'fs-d:\r../files \r' $'xl-e: \v\fx\f'
	is_read fs.d=../files 'xl.a=x  y' xl.b=z xl.c= $'xl.e=\v\fx\f'
	warns
}

@test "keys are not stripped: such lines are ignored" {
	conf ' fs-a: x' $'\txl-b: x' 'depends : lwt' ' depends: lwt' 'compiler : x' ' main-ip: A.c' 'fs -a: x' ' packages: x'
	is_read
	warns 2:1 3:1 4:1 5:1 6:1 7:1 8:1 9:1
	says 'ignored, as Mirari 0.9.7 did'
	conf 'ip-address : 1.2.3.4'
	is_read ip.address=10.0.0.2 ip.netmask=255.255.255.0 ip.gateway=10.0.0.1
	warns 2:1
	conf 'fs-a : x'
	refused 2:8 'fs.a '
}

@test "comments and empty lines are nothing" {
	conf '' '   ' $'\t' '# a' '#fs-a: x' '  # fs-a: x' $'\t#' '#:' $'\r' $' \r'
	is_read
	warns
}

@test "what is no line of the format is ignored" {
	conf 'hello' 'fs-a' '-' ':' '::' ':x' '-:' '-:x' 'fs:x' 'fs: x' 'main: A.c' 'ip: x' 'foo-bar: x' 'foo: x' 'http:80' 'xl' \
		'name: y' 'target: xen' 'memory: 3'
	is_read
	warns {2..20}:1
	says "app.conf:2:1: warning: hello: no ':'; ignored, as Mirari 0.9.7 did"
	says 'app.conf:10:1: warning: fs: unknown key; ignored, as Mirari 0.9.7 did'
}

@test "a section's first letter may be a capital, and no other" {
	conf 'Fs-a: x' 'Ip-address: 1.2.3.4' 'Http-port: 80' 'Http-address: 127.0.0.1' 'Xl-B: y'
	is_read ip.address=1.2.3.4 ip.netmask=255.255.255.0 ip.gateway=10.0.0.1 http.port=80 http.address=127.0.0.1 fs.a=x xl.B=y
	warns
	conf 'FS-a: x' 'fS-a: x' 'IP-address: 1.2.3.4' 'HTTP-port: 80' 'XL-a: x' 'xL-a: x' 'MAIN-noip: A.c' 'Depends: lwt' \
		'Packages: lwt' 'Compiler: x' 'DEPENDS: lwt'
	is_read
	warns {2..12}:1
	printf 'Main-http: A.c\n' >app.conf
	try mirari-parse app.conf
	exits 0
	grep -qx main.entry=A.c "$T/out"
}

@test "a name is what is behind the first dash" {
	conf 'xl-a-b: x' 'xl--: y' 'xl-on_crash: z' 'xl-9: 9'
	is_read xl.a-b=x xl.-=y xl.on_crash=z xl.9=9
	warns
	conf 'main-no-ip: A.c' 'ip-use-dhcp-: true' 'http-port-: 80'
	is_read ip.address=10.0.0.2 ip.netmask=255.255.255.0 ip.gateway=10.0.0.1
	warns 2:1 3:1 4:1
}

@test "names that a module or a record can't have are errors" {
	conf 'fs-a-b: x'
	refused 2:9 fs.a-b
	conf 'fs-: x'
	refused 2:6
	conf 'xl-: x'
	refused 2:6
	conf 'xl-a.b: x'
	refused 2:9
	conf 'xl-a b: x'
	refused 2:9
	conf 'fs-é: x'
	try mirari-parse app.conf
	exits 65
	says 'app.conf:2:'
}

@test "ip: any line is a static address, with the defaults of 2013" {
	local defaults=(ip.address=10.0.0.2 ip.netmask=255.255.255.0 ip.gateway=10.0.0.1)
	conf
	is_read
	conf 'ip-address: 1.2.3.4'
	is_read ip.address=1.2.3.4 "${defaults[@]:1}"
	warns
	conf 'ip-address: 1.2.3.4' 'ip-netmask: 255.0.0.0' 'ip-gateway: 1.2.3.1'
	is_read ip.address=1.2.3.4 ip.netmask=255.0.0.0 ip.gateway=1.2.3.1
	warns
	conf 'ip-gateway: 1.2.3.1'
	try mirari-parse app.conf
	same $'ip.address=10.0.0.2\nip.gateway=1.2.3.1\nip.netmask=255.255.255.0' "$(body | sort)"
	conf 'ip-use-dhcp: false'
	is_read "${defaults[@]}"
	warns
	conf 'ip-anything: x'
	is_read "${defaults[@]}"
	warns 2:1
	conf 'ip-address: 1.2.3' 'ip-gateway: x' 'ip-netmask: 255.0.255.0'
	refused 2:13 ip.address
	refused 3:13 ip.gateway
	refused 4:13 ip.netmask
}

@test "ip-use-dhcp: true is DHCP, anything else is not" {
	conf 'ip-use-dhcp: true'
	is_read ip.dhcp=true
	warns
	conf $'ip-use-dhcp:\ttrue \r'
	is_read ip.dhcp=true
	warns
	for value in True TRUE yes 1 '' 'true x' '"true"'; do
		conf "ip-use-dhcp: $value"
		is_read ip.address=10.0.0.2 ip.netmask=255.255.255.0 ip.gateway=10.0.0.1
		[ "$(wc -l <"$T/err")" -eq 1 ] || flunk 'should warn'
		says 'app.conf:2:'
	done
}

@test "with DHCP, addresses are ignored, each with its line" {
	conf 'ip-address: 1.2.3.4' 'ip-use-dhcp: true' 'ip-gateway: 1.2.3.1'
	is_read ip.dhcp=true
	warns 2:1 4:1
}

@test "a value that 0.9.7 did not look at is no error" {
	conf 'ip-use-dhcp: true' 'ip-address: none'
	is_read ip.dhcp=true
	warns 3:1
	conf 'ip-address: 1.2.3.4' 'ip-address: none' 'http-port: 80' 'http-port: none' 'http-address: *'
	is_read ip.address=1.2.3.4 ip.netmask=255.255.255.0 ip.gateway=10.0.0.1 http.port=80 'http.address=*'
	warns 3:1 5:1
	conf 'main-x: not a value' 'http-x: y' 'compiler: 4.01' 'compiler:'
	is_read switch=4.01
	warns 2:1 3:1 5:1
}

@test "http: port and address" {
	conf 'http-port: 80' 'http-address: *'
	is_read http.port=80 'http.address=*'
	conf 'http-address: 127.0.0.1' 'http-port: 8080'
	try mirari-parse app.conf
	same $'http.address=127.0.0.1\nhttp.port=8080' "$(body | sort)"
	conf 'http-port: 80 # web' 'http-address: *'
	refused 2:12 http.port
	conf 'http-port: 0' 'http-address: localhost'
	refused 2:12 http.port
	refused 3:15 http.address
	conf 'http-x: 1'
	is_read
	warns 2:1
}

@test "http: one of port and address without the other was ignored" {
	conf 'http-port: 80'
	try mirari-parse app.conf
	exits 0
	warns 2:1
	conf 'http-address: 127.0.0.1'
	try mirari-parse app.conf
	exits 0
	warns 2:1
}

@test "main: one of three, the first of it" {
	for kind in noip ip http; do
		printf 'main-%s: A.c\n' "$kind" >app.conf
		try mirari-parse app.conf
		exits 0
		warns
		grep -qx "main.kind=$kind" "$T/out"
		grep -qx main.entry=A.c "$T/out"
	done
	conf 'main-noip: A.c' 'Main-noip: A.d' 'main-x: A.e'
	is_read
	warns 2:1 3:1 4:1
	conf 'main-noip: A.c' 'main-http: A.d'
	refused 3:1 'main-http: main-noip is given too'
	conf 'main-ip: A.c' 'main-http: A.d'
	refused 2:1
	refused 3:1
	printf 'fs-a: x\n' >app.conf
	try mirari-parse app.conf
	exits 65
	says 'main is missing'
	printf 'main-noip: A.b; exit 1\n' >app.conf
	refused 1:12 main.entry
	printf 'main-noip:\n' >app.conf
	refused 1:11 main.entry
}

@test "depends and packages: words between commas, of every line" {
	conf 'depends: cohttp.syntax, uri ,re,lwt' $'packages:mirage-net,\tcow\t, lwt.2.4.0\r'
	is_read depends=cohttp.syntax depends=uri depends=re depends=lwt packages=mirage-net packages=cow packages=lwt.2.4.0
	warns
	conf 'depends: b, a' 'fs-x: y' 'depends: d,c' 'depends: b'
	is_read depends=b depends=a depends=d depends=c depends=b fs.x=y
	warns
	conf 'depends:' 'packages: ,' 'depends: ,,  , a ,, ,b,' $'packages: \t\r'
	is_read depends=a depends=b
	warns
}

@test "words of a list that are none are errors, where they are" {
	conf 'depends: lwt, a b ,-x' 'packages: lwt,--yes, a;b'
	refused 2:15 "'a b' is not a findlib library"
	refused 2:20 "'-x'"
	refused 3:15 "'--yes' is not an opam package"
	refused 3:22 "'a;b'"
	[ "$(wc -l <"$T/err")" -eq 4 ]
}

@test "compiler is the switch, the first one" {
	conf 'compiler: 4.01.0dev+mirage-xen'
	is_read switch=4.01.0dev+mirage-xen
	conf 'compiler: a' 'compiler: b'
	is_read switch=a
	warns 3:1
	conf 'compiler: -x'
	refused 2:11 switch
}

@test "of what is there more than once the first counts: ip, http" {
	conf 'ip-address: 1.1.1.1' 'Ip-address: 2.2.2.2' 'ip-netmask: 255.0.0.0' 'ip-netmask: 255.255.0.0' 'ip-gateway: 1.1.1.2' \
		'ip-gateway: 2.2.2.1' 'http-port: 1' 'http-port: 2' 'http-address: *' 'http-address: 127.0.0.1'
	is_read ip.address=1.1.1.1 ip.netmask=255.0.0.0 ip.gateway=1.1.1.2 http.port=1 'http.address=*'
	warns 3:1 5:1 7:1 9:1 11:1
	conf 'ip-use-dhcp: true' 'ip-use-dhcp: false'
	is_read ip.dhcp=true
	warns 3:1
	conf 'ip-use-dhcp: false' 'ip-use-dhcp: true'
	is_read ip.address=10.0.0.2 ip.netmask=255.255.255.0 ip.gateway=10.0.0.1
	warns 3:1
}

@test "of fs and xl every line was used, so that the last counts" {
	conf 'fs-a: 1' 'xl-a: 1' 'fs-b: x' 'Fs-a: 2' 'Xl-a: 2' 'xl-b: x' 'fs-a: 3' 'xl-A: y'
	is_read fs.b=x fs.a=3 xl.a=2 xl.b=x xl.A=y
	warns 5:1 6:1 8:1
	says 'given before; this one counts'
}

@test "xl lines are verbatim, in their order" {
	conf 'xl-vif: [ "mac=00:16:3e:00:00:01,bridge=xenbr0" ]' 'xl-on_crash: "preserve"' "xl-disk: [ 'phy:/dev/vg/x,xvda,w' ]" \
		'xl-extra: a=b c="d e"' 'xl-z: # no comment' 'xl-y: \n $HOME `x` %s' "xl-x: it's" 'xl-memory: 0x20' 'xl-empty:' 'xl-u: é日😀'
	is_read 'xl.vif=[ "mac=00:16:3e:00:00:01,bridge=xenbr0" ]' 'xl.on_crash="preserve"' "xl.disk=[ 'phy:/dev/vg/x,xvda,w' ]" \
		'xl.extra=a=b c="d e"' 'xl.z=# no comment' 'xl.y=\n $HOME `x` %s' "xl.x=it's" xl.memory=0x20 xl.empty= xl.u=é日😀
	warns
}

@test "the name is the file's, without its extension" {
	conf
	mkdir -p dir.d
	for file in app a.b x-1; do
		cp app.conf "dir.d/$file.conf"
		try mirari-parse --get name "dir.d/$file.conf"
		exits 0
		same "$file" "$(cat "$T/out")"
	done
	cp app.conf other.txt
	try mirari-parse --from=conf --get name other.txt
	exits 0
	same other "$(cat "$T/out")"
	try mirari-parse --set name=y --get name app.conf
	same y "$(cat "$T/out")"
	cp app.conf 'a b.conf'
	try mirari-parse 'a b.conf'
	exits 65
	says "a b.conf: error: name: 'a b' is not a name"
	cp app.conf plain
	try mirari-parse --from=conf plain
	exits 65
	says 'plain: error: '
	says name
	try mirari-parse --from=conf - <app.conf
	exits 65
	try mirari-parse --from=conf --set name=y - <app.conf
	exits 0
	grep -qx name=y "$T/out"
}

@test "what says the format is the file's name, or --from" {
	conf 'fs-a: x'
	cp app.conf app.yml
	try mirari-parse app.yml
	exits 65
	try mirari-parse --from=conf app.yml
	exits 0
	grep -qx fs.a=x "$T/out"
	printf 'name: y\nmain: { noip: A.b }\n' >y.conf
	try mirari-parse --from=yaml y.conf
	exits 0
	grep -qx name=y "$T/out"
}

@test "--quiet: no warnings, but errors" {
	conf 'foo: x' 'fs-a: x' 'fs-a: y'
	try mirari-parse -q app.conf
	exits 0
	[ ! -s "$T/err" ] || flunk 'should say nothing'
	try mirari-parse --quiet app.conf
	[ ! -s "$T/err" ] || flunk 'should say nothing'
	conf 'ip-address: x'
	try mirari-parse -q app.conf
	exits 65
	says 'app.conf:2:13: error: ip.address'
}

@test "all errors are told, warnings among them, in the file's order" {
	printf '%s\n' 'compiler: -x' 'foo: y' 'fs-a-b: z' 'main-noip: a' 'depends: -x' 'ip-address: x' >app.conf
	try mirari-parse app.conf
	exits 65
	same '1:11 error
2:1 warning
3:9 error
4:12 error
5:10 error
6:13 error' "$(sed -n 's/^app\.conf:\([0-9]*:[0-9]*\): \([a-z]*\): .*/\1 \2/p' "$T/err" | head -n 6)"
}

@test "lines may end in CR LF, and the last one without anything" {
	readme >app.conf
	mirari-parse app.conf >"$T/wanted"
	sed -i 's/$/\r/' app.conf
	try mirari-parse app.conf
	exits 0
	warns
	cmp "$T/wanted" "$T/out"
	readme >app.conf
	truncate -s -2 app.conf
	try mirari-parse app.conf
	exits 0
	warns
	cmp "$T/wanted" "$T/out"
	printf 'main-noip: A.b\nfs-a: x' >app.conf
	is_read fs.a=x
}

@test "a byte order mark in front is nothing" {
	{ printf '\xef\xbb\xbf' && readme; } >app.conf
	try mirari-parse app.conf
	exits 0
	warns
	cp "$T/out" marked
	readme >app.conf
	mirari-parse app.conf | cmp - marked
	printf '\xef\xbb\xbfmain-noip: A.b\nfs-a: x\n' >app.conf
	is_read fs.a=x
	warns
	printf '\xef\xbb\xbfmain-noip: a\n' >app.conf
	refused 1:12
}

@test "NUL bytes are refused with their line, wherever they are" {
	for line in 'fs-a: x\0' 'fs-a\0: x' '\0' '# \0' '\0fs-a: x' 'fs-a: x\0; y' 'foo\0'; do
		printf "main-noip: A.b\n\n$line\nfs-b: x\n" >app.conf
		refused '3:[0-9]*' 'NUL'
	done
	printf 'main-noip: A.b\0' >app.conf
	refused '1:[0-9]*' 'NUL'
}

@test "carriage returns inside a value are refused, other bytes are kept" {
	conf $'xl-a: x\ry'
	refused 2:7 'carriage return'
	conf $'fs-a: x\ry' $'depends: x\ry'
	refused 2:7
	refused 3:10
	conf $'xl-a: \x01\e[31m\x7f\xff\xfe\xc0' $'fs-a: \xff'
	is_read $'fs.a=\xff' $'xl.a=\x01\e[31m\x7f\xff\xfe\xc0'
}

@test "hostile bytes in warnings and errors don't reach the terminal" {
	local hostile=$'a\e]0;owned\a\e[31m\x9b2J\xc2\x9b2J\x7f\xff\xc0\xafb'
	for line in "$hostile" "$hostile: x" "fs-$hostile: x" "fs-x: y"$'\r'"$hostile" "ip-address: $hostile" "ip-use-dhcp: $hostile" \
		"main-$hostile: x" "xl-$hostile: x" "depends: $hostile, $hostile" "ip-$hostile: x" "$(printf 'é%.0s' {1..60})"; do
		conf "$line"
		try mirari-parse app.conf
		[ -s "$T/err" ] || flunk 'should say something'
		iconv -f UTF-8 -t UTF-8 "$T/err" >"$T/converted" 2>/dev/null || flunk 'says what is not UTF-8'
		! LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$T/err" || flunk 'passes control characters on'
	done
}

@test "values longer than a record's line are refused with their line" {
	head -c 65530 /dev/zero | tr '\0' a >long
	conf "xl-a: $(cat long)"
	is_read "xl.a=$(cat long)"
	conf "xl-a: $(cat long)a" 'ip-address: x'
	refused 2:7 'longer than 65535 bytes'
	refused 3:13
	conf "fs-$(cat long)a: x"
	try mirari-parse app.conf
	exits 65
	says 'app.conf:2:'
	[ "$(wc -c <"$T/err")" -lt 2000 ]
	conf "$(cat long long)" "foo$(cat long): x"
	is_read
	warns 2:1 3:1
	[ "$(wc -c <"$T/err")" -lt 1000 ]
}

@test "an empty file has no main" {
	: >app.conf
	try mirari-parse app.conf
	exits 65
	says 'main is missing'
}

# ---- to YAML and back ----------------------------------------------------------------------------

# comes_back [OPTION...]: app.conf as YAML gives app.conf's record.
comes_back() {
	mirari-parse "$@" -q app.conf >before
	mirari-parse "$@" -q --format=yaml app.conf >after.yml
	try mirari-parse "$@" after.yml
	exits 0
	[ ! -s "$T/err" ] || flunk 'should say nothing'
	cmp <(grep -v -e '^config\.file=' -e '^config\.option=' before) \
		<(grep -v -e '^config\.file=' -e '^config\.option=' "$T/out")
}

@test "the example of 2013 as YAML is the same record" {
	readme >app.conf
	comes_back
	comes_back -t xen
	comes_back -t unix-direct
	head -n 1 after.yml | grep -qx 'name: app'
}

@test "every kind of line as YAML is the same record" {
	conf 'ip-address: 1.2.3.4' 'http-port: 1' 'http-address: 127.0.0.1' 'fs-a: x' 'fs-B: y' 'depends: a,b' 'depends: c' 'packages: p' \
		'compiler: /srv/x y' 'xl-a: 1' 'xl-b: 2' 'fs-a: z'
	comes_back
	conf 'ip-use-dhcp: true' 'depends: a,b,c,d,e,f,g,h,i,j,k,l'
	comes_back
	printf 'main-http: A.b\n' >app.conf
	comes_back
	printf 'main-ip: A.b\nip-x: y\n' >app.conf
	comes_back
}

@test "nasty values as YAML are the same record" {
	local values=('' "'" '"' '""' '\' '\n' 'a\' '$HOME' '`x`' '!!' '*' '?' '~' '#c' 'a # c' 'a: b' 'a:' ':a' '- a' - -- --- ... '%s' '%TAG' '@a' '&a' '*a'
		'!a' '{a}' '[a]' '{' '}' '[' ']' ',' 'a,b' '|' '>' '>-' '? a' = 'a=b' '<<' null Null true no yes on y 1e3 0x10 007 1_000 .5 .inf 1:30
		2001-01-01 $'a\tb  c' é 日本語 😀 $'\u00a0' $'a\u0085b' $'\u2028' $'\ufeffa' $'\ue000' $'\x01' $'a\x1b[31mb' $'\x7f' 'a  b' "it's" '"q" r' '\u0000'
		"$(printf 'x%.0s' {1..2000})" "$(printf 'y z %.0s' {1..500})end")
	local lines=() i=0
	for value in "${values[@]}"; do
		lines+=("xl-k$i: $value" "xl-$i: $value" "xl-K-$i: $value")
		[ -z "$value" ] || lines+=("fs-d$i: $value")
		i=$((i + 1))
	done
	lines+=('xl-no: 1' 'xl-null: 2' 'xl-1e3: 3' 'xl--: 4' 'xl-true: 5' "xl-$(printf 'k%.0s' {1..200}): 6")
	conf "${lines[@]}"
	comes_back
	[ "$(grep -c '^xl\.' before)" -eq $((3 * i + 6)) ]
}

@test "what YAML can't carry is refused, not changed" {
	conf $'xl-a: \xff'
	try mirari-parse --format=yaml app.conf
	exits 65
	[ ! -s "$T/out" ]
	says xl.a
}

# ---- large files ---------------------------------------------------------------------------------

@test "time is linear: 10 MB of each kind of line" {
	local n
	n=$(large 300000)
	{ echo 'main-noip: A.b' && seq -f 'xl-k%.0f: some value for this' "$n"; } >app.conf
	soon mirari-parse app.conf
	exits 0
	[ "$(grep -c ^xl. "$T/out")" -eq "$n" ]
	{ echo 'main-noip: A.b' && seq -f 'fs-same: some value %.0f' "$n" && seq -f 'xl-other: %.0f' "$n"; } >app.conf
	soon mirari-parse app.conf
	exits 0
	same "fs.same=some value $n
xl.other=$n" "$(body)"
	[ "$(wc -l <"$T/err")" -eq $((2 * n - 2)) ]
	{ echo 'main-noip: A.b' && printf 'depends:' && seq -f ' library%.0f,' "$n" | tr -d '\n' && echo && seq -f 'packages: p%.0f' "$n"; } >app.conf
	soon mirari-parse app.conf
	exits 0
	[ "$(body | wc -l)" -eq $((2 * n)) ]
	{ echo 'main-noip: A.b' && seq -f 'unknown%.0f: some value' "$n" && seq -f 'no colon %.0f' "$n"; } >app.conf
	soon mirari-parse app.conf
	exits 0
	[ "$(wc -l <"$T/err")" -eq $((2 * n)) ]
}

@test "time is linear: repeated keys behind many others" {
	local n key
	n=$(large 100000)
	for key in 'main-noip: A.b' 'ip-address: 1.2.3.4' 'ip-use-dhcp: true' 'http-port: 1' 'compiler: x' 'depends: x' 'fs-x: y' 'main-x: A.b'; do
		{ echo 'main-noip: A.b' && echo "$key" && seq -f 'xl-k%.0f:' "$n" && yes "$key" | head -n "$n"; } >app.conf
		soon mirari-parse app.conf
		exits 0
	done
}

@test "memory is linear: 10 MB in 300 MB" {
	! instrumented || skip 'memory is not its own under valgrind or a sanitizer'
	{ echo 'main-noip: A.b' && seq -f 'xl-parameter%.0f: [ "some value that is longer" ]' 200000; } >app.conf
	[ "$(wc -c <app.conf)" -gt 9000000 ]
	try bash -c 'ulimit -v 300000; exec mirari-parse app.conf'
	exits 0
	[ "$(body | wc -l)" -eq 200000 ]
	head -c 10000000 /dev/zero | tr '\0' , >commas
	{ echo 'main-noip: A.b' && printf 'depends: ' && cat commas; } >app.conf
	try timeout 10 bash -c 'ulimit -v 300000; exec mirari-parse app.conf'
	exits 0
	same '' "$(body)"
}
