#!/usr/bin/env bats
# mirari-xl config and domxml: what they write, as those read it who have to: xl's own parser
# (build/t/xlread, with libxlutil), libvirt's schemas and its test driver.
load lib/common.bash
load lib/try.bash

elf() {
	python3 "$SOURCE/t/lib/elf.py" "$@"
}

config() {
	try mirari-xl config "$@" </dev/null
}

domxml() {
	try mirari-xl domxml "$@" </dev/null
}

# reads KEY...: what xl finds in what was written, and nothing to complain of
reads() {
	[ -x "$BUILD/t/xlread" ] || lacking 'libxen-dev is not installed'
	"$BUILD/t/xlread" "$T/out" "$@" >"$T/read" 2>"$T/complaints" || {
		input=$T/out flunk "xl should read it: $(cat "$T/complaints")"
	}
	same '' "$(cat "$T/complaints")"
}

# valid: libvirt's schema takes what was written, and its test driver defines it.
valid() {
	need virt-xml-validate xmllint
	cp "$T/out" "$T/domain.xml"
	virt-xml-validate "$T/domain.xml" domain >"$T/validation" 2>&1 || {
		input=$T/out flunk "should be valid: $(cat "$T/validation")"
	}
	sed '1s/.*/<domain type="test">/' "$T/out" >"$T/test.xml"
	virsh -q -c test:///default "define $T/test.xml; dumpxml ${1:-www}" >"$T/defined" 2>&1 || {
		input=$T/out flunk "libvirt should define it: $(cat "$T/defined")"
	}
	sed -i '1{/defined/d}' "$T/defined"
}

# finds XPATH: in what libvirt made of it
finds() {
	xmllint --xpath "$1" <(sed -n '/<domain/,$p' "$T/defined")
}

quiet() {
	[ ! -s "$T/err" ] || flunk 'should say nothing'
}

# ---- config ----------------------------------------------------------------------------------------

@test "config: a file alone" {
	elf www.xen xen-pvh
	config www.xen
	exits 0
	quiet
	reads name uuid type kernel memory vcpus cmdline vif disk on_poweroff on_reboot on_crash on_watchdog
	same "name=www
uuid=4d697261-7269-8649-ad65-e74b556678fb
type=pvh
kernel=$PWD/www.xen
memory=32
vcpus=1
on_poweroff=destroy
on_reboot=destroy
on_crash=destroy
on_watchdog=destroy" "$(cat "$T/read")"
}

@test "config: a PV kernel, and one that is both" {
	elf www.xen xen-pv
	config www.xen
	exits 0
	reads type
	same 'type=pv' "$(cat "$T/read")"
	elf www.xen xen-both
	config www.xen
	reads type
	same 'type=pvh' "$(cat "$T/read")"
	config www.xen --set 'xl.type="pv"'
	exits 0
	reads type
	same 'type=pv' "$(cat "$T/read")"
}

@test "config: devices, memory and arguments by options" {
	elf www.xen xen-pvh
	config www.xen --set net.a.mtu=1500 --net a=xenbr0 --mac a=02:00:00:00:00:0a --net b=br1 --mac b=02:00:00:00:00:0b \
		--block 'data=a, b,' --block root=/dev/vg/root -m 64 -- --hello='it"s \me' b
	exits 0
	quiet
	reads memory cmdline vif disk
	same "memory=64
cmdline=--hello=it\\\"s\\ \\\\me b
vif[]=mac=02:00:00:00:00:0a,bridge=xenbr0,mtu=1500
vif[]=mac=02:00:00:00:00:0b,bridge=br1
disk[]=format=raw,vdev=xvda,access=rw,target=$PWD/a, b,,
xvda rw $PWD/a, b,
disk[]=format=raw,vdev=xvdb,access=rw,target=/dev/vg/root
xvdb rw /dev/vg/root" "$(cat "$T/read")"
}

@test "config: of what a project builds" {
	mkdir sub
	elf sub/www.xen xen-pvh
	cat >mirari.yml <<-END
		name: shop
		target: xen
		main: { noip: Hello.main }
		artifact: sub/www.xen
		net: { service: { bridge: xenbr0, mac: "02:00:00:00:00:01" } }
		block: { data: { path: d.img } }
		memory: 48
		cpus: 2
		xl: { on_crash: preserve, cpus: "0-3", pool: '"it''s" # mine' }
	END
	mirari-parse >record
	cd sub
	try mirari-xl config <../record
	exits 0
	quiet
	reads name kernel memory vcpus vif on_crash cpus pool disk
	same "name=shop
kernel=$(cd .. && pwd -P)/sub/www.xen
memory=48
vcpus=2
vif[]=mac=02:00:00:00:00:01,bridge=xenbr0
on_crash=preserve
cpus=0-3
pool=it's
disk[]=format=raw,vdev=xvda,access=rw,target=$(cd .. && pwd -P)/d.img
xvda rw $(cd .. && pwd -P)/d.img" "$(cat "$T/read")"
	# a file beside it
	elf other.xen xen-pv
	try mirari-xl config -r other.xen <../record
	exits 0
	reads name type kernel
	same "name=shop
type=pv
kernel=$PWD/other.xen" "$(cat "$T/read")"
}

@test "config: a configuration of 2013" {
	elf mir-www.xen xen-pv
	cat >www.conf <<-'END'
		main-noip: Hello.main
		xl-memory: 64
		xl-name: "shop"
		xl-on_crash: "preserve"
		xl-vif: [ 'mac=00:16:3E:74:34:32', "bridge=br0" ]
		xl-extra : 'a "b"'
	END
	mirari-parse --target=xen www.conf >record
	try mirari-xl config -r mir-www.xen <record
	exits 0
	reads name memory on_crash vif extra cmdline
	same "name=shop
memory=64
on_crash=preserve
vif[]=mac=00:16:3E:74:34:32
vif[]=bridge=br0
extra=a \"b\"" "$(cat "$T/read")"
	for line in 'name="shop"' memory=64 'on_crash="preserve"' "vif=[ 'mac=00:16:3E:74:34:32', \"bridge=br0\" ]" \
		"extra='a \"b\"'"; do
		grep -qxF "$line" "$T/out" || flunk "should have $line as it was"
	done
}

@test "config: configurations of 2013, those that were published among them" {
	elf www.xen xen-pv
	local conf count=0
	printf '%s\n' 'main-noip: Hello.main' 'xl-memory: 64' 'xl-on_crash: "preserve"' "xl-name: 'www'" >own.conf
	for conf in own.conf "$DATA"/conf-2013/*.conf; do
		[ -e "$conf" ] || continue # these don't come with the project
		mirari-parse --target=xen --set=name=www "$conf" >record 2>/dev/null
		try mirari-xl config -r www.xen <record
		exits 0
		reads name memory on_crash
		grep -qx 'name=www' "$T/read"
		count=$((count + 1))
	done
	[ $count -ge 1 ]
}

@test "config -o: the file is there as a whole, or as it was" {
	elf www.xen xen-pvh
	config www.xen -o www.xl
	exits 0
	[ ! -s "$T/out" ] || flunk 'should print nothing'
	mirari-xl config www.xen | cmp - www.xl
	same 644 "$(stat -c %a www.xl)"
	cp www.xl before
	config www.xen -o www.xl --set 'xl.pool="open'
	exits 65
	cmp before www.xl
	config www.xen -o nowhere/www.xl
	exits 73
	same $'before\nwww.xen\nwww.xl' "$(ls -A)"
	tried='mirari-xl config >/dev/full' status=0
	mirari-xl config www.xen >/dev/full 2>"$T/err" || status=$?
	exits 74
}

# refuses WHY HINT OPTION...
refuses() {
	local why=$1 hint=$2
	shift 2
	config "$@"
	exits 65
	[ ! -s "$T/out" ] || flunk 'should print nothing'
	says "mirari-xl: $why"
	says "mirari-xl: $hint"
}

@test "config: what xl couldn't read is said before it is written" {
	elf www.xen xen-pvh
	refuses 'xl.pool: "open has no closing "' 'it is written to the xl file as it is' www.xen --set 'xl.pool="open'
	refuses "xl.vif: [ 'a' has no closing ]" 'it is written' www.xen --set "xl.vif=[ 'a'"
	refuses 'xl.Memory: xl takes no such key' '' www.xen --set xl.Memory=3
	refuses "name: '17' would be taken for a domain's number" '--set name=x17' www.xen --set name=17
	refuses 'xl.memory: ' '' www.xen --set xl.memory=much
}

@test "config: xl takes what it doesn't know in silence; we don't" {
	elf www.xen xen-pvh
	config www.xen --set xl.memroy=32 --set xl.maxmem=lots --set xl.pci=x
	exits 0
	says "mirari-xl: xl.memroy: xl doesn't know that key; did you mean memory?"
	says 'mirari-xl: xl.maxmem: xl wants a number, not lots'
	says 'mirari-xl: xl.pci: xl wants a list: pci=["..."]'
	config -q www.xen --set xl.memroy=32
	exits 0
	quiet
	reads memroy
	same memroy=32 "$(cat "$T/read")"
}

@test "config: what isn't a Xen kernel is named as what it is" {
	elf www.hvt hvt
	refuses 'www.hvt was built for hvt, not for xen' 'mirari build -t xen' www.hvt
	elf www.virtio virtio
	refuses "$PWD/www.virtio was built for virtio, not for xen" 'mirari build -t xen' www.virtio
	elf www static
	refuses 'www is a program of this system, not a kernel for xen' 'mirari build -t xen' www
	echo hello >text
	refuses 'text: ' '' text
	elf www.xen xen-pvh
	printf 'name=x\ntarget=hvt\n\n' >record
	try mirari-xl config -r www.xen <record
	exits 65
	says "www.xen: is for xen, but the record's target is hvt"
	config nowhere.xen
	exits 66
}

@test "config: usage" {
	elf www.xen xen-pvh
	config www.xen other
	exits 64
	says 'mirari-xl config www.xen -- other ...'
	config www.xen -m lots
	exits 64
	config www.xen --net xenbr0
	exits 64
	says "'xenbr0' is not DEVICE=bridge"
	config www.xen --mac a=1
	exits 64
	try mirari-xl
	exits 64
	domxml www.xen --for vmware
	exits 64
	says "--for is xen, qemu, kvm or test, not 'vmware'"
	config www.xen --for qemu
	exits 64
}

# ---- domxml ----------------------------------------------------------------------------------------

@test "domxml: for Xen, of both kinds" {
	elf www.xen xen-pvh
	domxml www.xen --net a=xenbr0 --block data=d.img --set net.b.mac=02:00:00:00:00:0b --set net.b.mtu=1400 -- 'a b'
	exits 0
	quiet
	valid
	same xenpvh "$(finds 'string(/domain/os/type)')"
	same "$PWD/www.xen" "$(finds 'string(/domain/os/kernel)')"
	same 'a\ b' "$(finds 'string(/domain/os/cmdline)')"
	same xenbr0 "$(finds 'string(//interface/source/@bridge)')"
	same "$PWD/d.img" "$(finds 'string(//disk/source/@file)')"
	same 1 "$(finds 'count(/domain/metadata/*[local-name()="unikernel"])')"
	elf www.xen xen-pv
	domxml www.xen --set 'xl.cpus="0-3"' --set xl.maxmem=64 --set xl.maxvcpus=4 --set xl.on_crash=preserve \
		--set "xl.vif=['mac=00:16:3e:74:34:32,bridge=br0']"
	exits 0
	quiet
	valid
	same linux "$(finds 'string(/domain/os/type)')"
	same preserve "$(finds 'string(/domain/on_crash)')"
	same br0 "$(finds 'string(//interface/source/@bridge)')"
	same 1/4 "$(finds 'concat(/domain/vcpu/@current, "/", /domain/vcpu)')"
}

@test "domxml: for QEMU" {
	elf www.virtio virtio data=block service=net
	domxml --for qemu www.virtio --set net.service.tap=tap0 --set net.service.mtu=1400 --block data=/d \
		--log "$T/log" --emulator /usr/bin/qemu-system-x86_64 -- a
	exits 0
	quiet
	valid
	same hvm "$(finds 'string(/domain/os/type)')"
	same tap0/no "$(finds 'concat(//interface/target/@dev, "/", //interface/target/@managed)')"
	same 0x03/0x04 "$(finds 'concat(//disk/address/@slot, "/", //interface/address/@slot)')"
	same "$T/log" "$(finds 'string(//serial/log/@file)')"
	same 1 "$(finds 'count(/domain/features/acpi)')"
	elf www.xen xen-pvh
	domxml --for kvm www.xen
	exits 0
	valid
	elf www.xen xen-pv
	domxml --for qemu www.xen
	exits 65
	says 'is a PV kernel, which only Xen starts'
	domxml www.virtio --set net.service.tap=tap0 --block data=/d
	exits 65
	says 'was built for virtio, not for xen'
	says 'mirari-xl domxml --for qemu'
}

@test "domxml: what libvirt can't be told is said" {
	elf www.xen xen-pvh
	domxml www.xen --set 'xl.pool="x"' --set xl.memroy=3 --log /x --set xl.on_poweroff=soft-reset
	exits 0
	valid
	says "xl.pool: libvirt isn't told of it"
	says "xl.memroy: xl doesn't know that key; did you mean memory?"
	says 'xl.on_poweroff: soft-reset: has no counterpart for libvirt'
	says 'log /x: on Xen'
	domxml www.xen -- $'a\eb'
	exits 65
	says 'libvirt takes UTF-8 without control characters'
}

@test "domxml for the test driver is what libvirt takes as it is" {
	need virsh
	elf www.xen xen-pvh
	domxml --for test www.xen --net a=br0
	exits 0
	virsh -q -c test:///default create "$T/out"
}

@test "text of all kinds, in both" {
	[ -x "$BUILD/t/xlread" ] || lacking 'libxen-dev is not installed'
	elf www.xen xen-pvh
	python3 - "$BUILD/t/xlread" <<-'END'
		import random, subprocess, sys, xml.etree.ElementTree as xml
		random.seed(6)
		letters = '"\'\\,[]#;= <>&{}%$`é日😀\x7f:\t' + ']]>' + 'a'

		def text(length):
		    return ''.join(random.choice(letters) for _ in range(1 + random.randrange(length)))

		def run(*words):
		    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout

		for n in range(150):
		    path, argument, kernel = '/' + text(20), 'x' + text(20), text(12).replace('/', '') + '.xen'
		    with open(kernel, 'wb') as copy, open('www.xen', 'rb') as original:
		        copy.write(original.read())
		    words = ['./' + kernel, '--set=name=www', '--block=data=' + path, '--', argument]
		    escaped = ''.join('\\' + c if c in ' \t\n\v\f\r"\'\\' else c for c in argument)
		    with open('www.xl', 'wb') as file:
		        file.write(run('mirari-xl', 'config', *words))
		    read = run(sys.argv[1], 'www.xl', 'kernel', 'cmdline', 'disk').decode().split('\n')
		    assert read[0].endswith('/' + kernel) and read[1] == 'cmdline=' + escaped, (read, words)
		    assert read[3] == 'xvda rw ' + path, (read, words)
		    domain = xml.fromstring(run('mirari-xl', 'domxml', *words))
		    assert domain.findtext('os/kernel').endswith('/' + kernel), words
		    assert domain.findtext('os/cmdline') == escaped, words
		    source = domain.find('devices/disk/source')
		    assert (source.get('file') or source.get('dev')) == path, words
	END
}

@test 'config -o: a file is replaced as a whole, a pipe is written to' {
	elf www.xen xen-pvh
	mkfifo pipe
	timeout 60 cat pipe >got &
	mirari-xl config www.xen -o pipe
	wait
	[ -p pipe ]
	grep -q '^name=' got
	echo old >file
	mirari-xl config www.xen -o file
	cmp file got
	run -73 mirari-xl config www.xen -o nowhere/file
}
