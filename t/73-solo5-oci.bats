#!/usr/bin/env bats
# mirari-solo5 oci: an image that skopeo reads, that fits the schemas of the OCI, and that has what urunc
# looks for; always the same bytes.
load lib/common.bash
load lib/try.bash

# Debian's, which has Debian's modules
PYTHON=/usr/bin/python3
SCHEMAS=/usr/share/gocode/src/github.com/opencontainers/image-spec/schema

elf() {
	$PYTHON "$SOURCE/t/lib/elf.py" "$@"
}

# oci WORD...: without a record
oci() {
	try mirari-solo5 oci "$@" </dev/null
}

# unpack TAR: into ./image; $manifest, $config, $layer are its blobs
unpack() {
	rm -rf image
	mkdir image
	tar -C image -xf "$1"
	manifest=image/blobs/sha256/$(jq -r '.manifests[0].digest' image/index.json | cut -d: -f2)
	config=image/blobs/sha256/$(jq -r .config.digest "$manifest" | cut -d: -f2)
	layer=image/blobs/sha256/$(jq -r '.layers[0].digest' "$manifest" | cut -d: -f2)
}

# annotations: NAME=VALUE, sorted
annotations() {
	jq -r ".$1 | to_entries[] | \"\(.key | sub(\"com.urunc.unikernel.\"; \"\"))=\(.value)\"" "$2" | sort
}

@test "the archive: what is in it, and that its digests and sizes are right" {
	elf www.hvt hvt service=net
	oci www.hvt www.tar
	exits 0
	[ ! -s "$T/out" ] && [ ! -s "$T/err" ] || flunk 'should say nothing'
	same "$(printf '%s\n' blobs/ blobs/sha256/ index.json oci-layout)" \
		"$(tar tf www.tar | grep -v 'sha256/.' | sort)"
	same 'root/root 1970-01-01' "$(TZ=UTC tar tvf www.tar | awk '{ print $2, $4 }' | sort -u)"
	unpack www.tar
	[ "$(ls image/blobs/sha256 | wc -l)" -eq 3 ]
	for blob in image/blobs/sha256/*; do
		same "${blob##*/}" "$(sha256sum "$blob" | cut -d' ' -f1)"
	done
	same "$(stat -c %s "$manifest")" "$(jq '.manifests[0].size' image/index.json)"
	same "$(stat -c %s "$config")" "$(jq .config.size "$manifest")"
	same "$(stat -c %s "$layer")" "$(jq '.layers[0].size' "$manifest")"
	same "sha256:${layer##*/}" "$(jq -r '.rootfs.diff_ids[]' "$config")"
	same "$(printf '%s\n' unikernel/ unikernel/www.hvt urunc.json)" "$(tar tf "$layer")"
	tar -xOf "$layer" unikernel/www.hvt | cmp - www.hvt
}

@test "skopeo reads it, and copies it whole" {
	need skopeo
	elf www.spt spt service=net
	oci www.spt www.tar --image registry.example:5000/team/www:1.2
	exits 0
	unpack www.tar
	skopeo inspect --raw oci-archive:www.tar:1.2 | cmp - "$manifest"
	same amd64/linux "$(skopeo inspect oci-archive:www.tar:1.2 | jq -r '"\(.Architecture)/\(.Os)"')"
	skopeo --insecure-policy copy -q oci-archive:www.tar:1.2 dir:copied
	cmp "copied/${layer##*/}" "$layer"
	cmp copied/manifest.json "$manifest"
	skopeo --insecure-policy copy -q oci-archive:www.tar:1.2 docker-archive:docker.tar:www:1.2
	same registry.example:5000/team/www:1.2 \
		"$(jq -r '.manifests[0].annotations["io.containerd.image.name"]' image/index.json)"
}

@test "each of its JSON files fits the OCI's schema" {
	need $PYTHON jq
	[ -d $SCHEMAS ] || lacking 'golang-github-opencontainers-image-spec-dev is not installed'
	$PYTHON -c 'import jsonschema' 2>/dev/null || lacking 'python3-jsonschema is not installed'
	cat >validate.py <<-'P'
		import glob, json, os, sys
		import jsonschema
		directory, name, path = sys.argv[1:]
		files = {os.path.basename(f): json.load(open(f)) for f in glob.glob(directory + "/*.json")}
		class Resolver(jsonschema.RefResolver):
		    def resolve_remote(self, uri):
		        return files[os.path.basename(uri)]
		schema = files[name]
		jsonschema.Draft4Validator(schema, resolver=Resolver.from_schema(schema)).validate(json.load(open(path)))
	P
	elf www.hvt hvt service=net storage=block
	echo disk >disk.img
	oci www.hvt www.tar --set block.storage.path=disk.img --set 'arg=a "b" \c' --set arg=é
	exits 0
	unpack www.tar
	$PYTHON validate.py $SCHEMAS image-layout-schema.json image/oci-layout
	$PYTHON validate.py $SCHEMAS image-index-schema.json image/index.json
	$PYTHON validate.py $SCHEMAS image-manifest-schema.json "$manifest"
	$PYTHON validate.py $SCHEMAS config-schema.json "$config"
	# the check itself can fail
	jq 'del(.layers[0].digest)' "$manifest" >broken
	! $PYTHON validate.py $SCHEMAS image-manifest-schema.json broken 2>/dev/null
	jq '.rootfs.type = 1' "$config" >broken
	! $PYTHON validate.py $SCHEMAS config-schema.json broken 2>/dev/null
}

@test "what urunc reads: annotations, labels, and urunc.json in base64" {
	elf web.hvt hvt service0=net disk=block
	echo disk >disk.img
	oci web.hvt www.tar --set name=www --set arg=--hello='a "b"' --set arg=-l --set block.disk.path=disk.img
	exits 0
	unpack www.tar
	same "$(printf '%s\n' binary=/unikernel/www.hvt block=/unikernel/disk.block \
		'cmdline=--hello=a\ \"b\" -l' hypervisor=hvt mountRootfs=false solo5BlkDev=disk \
		solo5NetDev=service0 unikernelType=mirage useDMBlock=false)" "$(annotations annotations "$manifest")"
	same "$(annotations annotations "$manifest")" "$(annotations config.Labels "$config")"
	tar -xOf "$layer" urunc.json >urunc.json
	jq '{annotations: map_values(@base64d)}' urunc.json >decoded
	same "$(annotations annotations "$manifest")" "$(annotations annotations decoded)"
	same '["--hello=a\\ \\\"b\\\"","-l"]' "$(jq -c .config.Cmd "$config")"
	tar -xOf "$layer" unikernel/disk.block | cmp - disk.img
	elf web.virtio virtio service=net --machine=62
	oci web.virtio www.tar
	unpack www.tar
	same "$(printf '%s\n' binary=/unikernel/web.virtio cmdline= hypervisor=qemu mountRootfs=false \
		unikernelType=mirage useDMBlock=false)" "$(annotations annotations "$manifest")"
	# containerd wants a word, and one of nothing is none for the guest
	same '[""]' "$(jq -c .config.Cmd "$config")"
	elf web.spt spt --machine=183 service=net
	oci web.spt www.tar
	unpack www.tar
	same arm64 "$(jq -r .architecture "$config")"
	same arm64 "$(jq -r '.manifests[0].platform.architecture' image/index.json)"
}

@test "the same input is the same bytes: elsewhere, later, by another name" {
	elf www.hvt hvt service=net
	oci www.hvt one.tar --set arg=x
	mkdir other
	cp www.hvt other/
	touch -d 2001-01-01 other/www.hvt
	chmod 755 other/www.hvt
	(umask 077 && TZ=Asia/Tokyo LC_ALL=C mirari-solo5 oci "$PWD/other/www.hvt" --output two.tar --set arg=x)
	cmp one.tar two.tar
	same 600 "$(stat -c %a two.tar)"
	oci www.hvt three.tar --set arg=y
	! cmp -s one.tar three.tar
}

@test "of a record: its artifact, its name, its arguments" {
	elf built.hvt hvt service=net
	record() { printf '%s\n' name=www "config.dir=$PWD" artifact=built.hvt arg=--x "$@" ''; }
	try mirari-solo5 oci www.tar < <(record)
	exits 0
	unpack www.tar
	same '["--x"]' "$(jq -c .config.Cmd "$config")"
	tar -xOf "$layer" unikernel/www.hvt | cmp - built.hvt
	for words in '-r two.tar' '--output two.tar' '-r -o two.tar' '-r built.hvt two.tar' '-r built.hvt -o two.tar'; do
		rm -f two.tar
		# shellcheck disable=SC2086 # words
		try mirari-solo5 oci $words < <(record)
		exits 0
		cmp www.tar two.tar
	done
	mkdir sub
	echo disk >sub/disk.img
	elf sub/built.hvt hvt service=net storage=block
	try mirari-solo5 oci www.tar < <(printf '%s\n' name=www "config.dir=$PWD/sub" artifact=built.hvt \
		block.storage.path=disk.img '')
	exits 0
	unpack www.tar
	tar -xOf "$layer" unikernel/storage.block | cmp - sub/disk.img
}

@test "what urunc can't attach is said" {
	elf www.hvt hvt
	oci www.hvt www.tar
	exits 0
	says 'www.hvt: it has no network device'
	elf www.hvt hvt a=net b=net c=block d=block
	oci www.hvt www.tar
	exits 0
	says 'it has 2 network devices; urunc attaches one'
	says 'it has 2 block devices; urunc attaches one'
	says 'no content for the block device c: --set block.c.path=FILE'
}

@test "a Deployment for Kubernetes" {
	$PYTHON -c 'import yaml' 2>/dev/null || lacking 'python3-yaml is not installed'
	elf www.hvt hvt service=net
	oci www.hvt --image registry.example/www:1 --k8s --set name=No_1.x --set memory=64 --set cpus=2 \
		--set http.port=8080
	exits 0
	[ -z "$(ls | grep -v www.hvt)" ] || flunk 'should write no file'
	$PYTHON -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))' <"$T/out" >deployment.json
	same 'apps/v1 Deployment no-1-x 1' "$(jq -r '"\(.apiVersion) \(.kind) \(.metadata.name) \(.spec.replicas)"' deployment.json)"
	same '{"app":"no-1-x"}' "$(jq -c .spec.selector.matchLabels deployment.json)"
	same '{"app":"no-1-x"}' "$(jq -c .spec.template.metadata.labels deployment.json)"
	same '{"runtimeClassName":"urunc","nodeSelector":{"kubernetes.io/arch":"amd64"},"containers":[{"name":"no-1-x","image":"registry.example/www:1","ports":[{"containerPort":8080}],"resources":{"limits":{"memory":"64Mi","cpu":2}}}]}' \
		"$(jq -c .spec.template.spec deployment.json)"
	for name in no 1e3 0x1 null 12 true; do
		oci www.hvt --image r/x:1 --k8s --set "name=$name"
		exits 0
		same "\"$name\"" "$($PYTHON -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)["metadata"]["name"]))' <"$T/out")"
	done
	oci www.hvt --image r/x:1 --k8s -o both.tar
	exits 0
	tar tf both.tar >/dev/null
	grep -q '^kind: Deployment' "$T/out"
}

@test "wrong words" {
	elf www.hvt hvt
	oci
	exits 64
	says 'what is to be written is missing'
	oci a b c
	exits 64
	oci www.hvt --k8s
	exits 64
	says '--k8s needs --image'
	for reference in '' 'a b' a// 'a:' '$(x)' $'a\nb' 'a@sha256:0'; do
		oci www.hvt www.tar --image "$reference"
		exits 64
		says 'image '
	done
	[ ! -e www.tar ]
}

@test "what urunc doesn't start is refused" {
	for target in xen muen; do
		elf www $target
		oci www www.tar
		exits 65
		says "www: is for $target; urunc starts unikernels for hvt, spt and virtio only"
	done
	oci "$(type -P true)" www.tar
	exits 65
	says 'is for unix-socket'
	echo text >text
	oci text www.tar
	exits 65
	says 'is text'
	oci nowhere www.tar
	exits 66
	elf www.hvt hvt storage=block
	oci www.hvt www.tar --set block.storage.path=nowhere
	exits 66
	says 'nowhere: No such file'
	oci www.hvt www.tar --set arg=$'\xff'
	exits 65
	says 'an argument is not UTF-8'
	oci www.hvt www.tar --set arg=x --set arg=
	exits 65
	says "argument 2 is empty, which a unikernel can't be told"
	[ ! -e www.tar ] && [ -z "$(ls | grep part)" ] || flunk 'should leave nothing'
}

@test "where it is written" {
	elf www.hvt hvt service=net
	cp www.hvt copy
	oci www.hvt www.hvt
	exits 64
	says 'www.hvt: is what the image is made of'
	cmp www.hvt copy
	oci www.hvt /dev/null
	exits 73
	[ -c /dev/null ]
	mkdir dir
	oci www.hvt dir
	exits 73
	oci www.hvt nowhere/www.tar
	exits 73
	echo old >www.tar
	oci www.hvt www.tar
	exits 0
	tar tf www.tar >/dev/null
}

@test "a disk that is full leaves what was there" {
	need unshare mount
	elf www.hvt hvt service=net --size=300000
	unshare -rm true 2>/dev/null || lacking 'there are no user namespaces to make'
	mkdir full
	# shellcheck disable=SC2016 # for the inner shell
	try unshare -rm sh -c 'mount -t tmpfs -o size=200k none full && echo old >full/www.tar &&
		{ mirari-solo5 oci www.hvt full/www.tar; echo $?; cat full/www.tar; ls full; }'
	same $'74\nold\nwww.tar' "$(cat "$T/out")"
	says 'No space left on device'
}

@test "a large unikernel takes little memory, and too large a one is refused" {
	elf www.hvt hvt service=net --size=$((300 << 20))
	(
		instrumented || ulimit -v $((100 << 10)) # which need more for themselves
		mirari-solo5 oci www.hvt www.tar
	)
	unpack www.tar
	same "${layer##*/}" "$(sha256sum "$layer" | cut -d' ' -f1)"
	rm -rf image www.tar
	elf www.hvt hvt service=net --size=$((1 << 33))
	soon mirari-solo5 oci www.hvt www.tar
	exits 65
	says 'more than a tar archive holds (8 GiB)'
	[ ! -e www.tar ] && [ -z "$(ls | grep part)" ] || flunk 'should leave nothing'
}

@test "interrupted, it leaves what was there" {
	native
	elf www.hvt hvt service=net --size=$((4 << 30))
	echo old >www.tar
	mirari-solo5 oci www.hvt www.tar &
	pid=$!
	for _ in {1..500}; do # until it writes
		[ "$(sed -n 's/^wchar: //p' "/proc/$pid/io")" -gt 1000000 ] && break
		sleep 0.01
	done
	kill -KILL $pid
	! wait $pid
	same $'www.hvt\nwww.tar' "$(ls)"
	same old "$(cat www.tar)"
}

@test "a block device that grows or shrinks meanwhile is refused" {
	elf www.hvt hvt service=net storage=block --size=$((40 << 20))
	truncate -s 40M disk
	(
		trap 'exit 0' TERM
		while :; do
			truncate -s 41M disk
			truncate -s 40M disk
		done
	) &
	changer=$!
	for _ in $(seq "$(large 50)"); do
		oci www.hvt www.tar --set block.storage.path=disk
		case $status in
		0) continue ;;
		65)
			says 'while it was read'
			break
			;;
		*) break ;;
		esac
	done
	kill $changer
	wait $changer 2>/dev/null || true
	case $status in 0 | 65) ;; *) flunk 'should be fine, or say what happened' ;; esac
}
