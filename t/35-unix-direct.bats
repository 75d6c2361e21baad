#!/usr/bin/env bats
# Target unix-direct: what mirari-gen writes for it, and programs made of that, with network devices that
# mirari-tap makes and hands over. All of the network is in a namespace of the test's own.
load lib/common.bash
load lib/netns.bash

# The devices of most tests, and what the program is told of them.
HOST=10.0.0.1/24
GUEST=10.0.0.2
MAC=02:00:00:00:00:07
DEVICE=(net.service.host=$HOST net.service.mac=$MAC)

setup_file() {
	export HOME=$BATS_FILE_TMPDIR/home
	mkdir "$HOME"
	command -v ocamlfind >/dev/null && command -v ocamlbuild >/dev/null || return 0
	cp -R "$SOURCE/share/examples/ping" "$BATS_FILE_TMPDIR/ping"
	mkdir "$BATS_FILE_TMPDIR/probe"
	(cd "$BATS_FILE_TMPDIR/probe" && probe_project)
	(cd "$BATS_FILE_TMPDIR/ping" && build) >"$BATS_FILE_TMPDIR/ping.log" 2>&1 || :
	(cd "$BATS_FILE_TMPDIR/probe" && build) >"$BATS_FILE_TMPDIR/probe.log" 2>&1 || :
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p" || return 1
	export HOME=$BATS_FILE_TMPDIR/home PYTHONPATH=$SOURCE/t/lib PYTHONDONTWRITEBYTECODE=1
	SERVER=
}

teardown() {
	[ -z "$SERVER" ] || HOLDERS+=("$SERVER")
	netns_end
}

# build [OPTION of mirari-parse]...
build() {
	mirari-parse -q "$@" | mirari-gen -q | mirari-opam-exec --build
}

# record [FIELD]...
record() {
	printf '%s\n' name=p target=unix-direct deploy=local "config.dir=$PWD" runtime=lwt \
		main.kind=ip main.entry=Hello.main "$@" ''
}

gen() {
	record "$@" | mirari-gen -q
}

files() {
	find . ! -type d -printf '%P\n' | LC_ALL=C sort | paste -sd' '
}

# ---- a network of the test's own -------------------------------------------------------------

# network: the namespace, in which "${NS[@]}" COMMAND... runs.
network() {
	need ping python3 mirari-tap ocamlfind ocamlbuild
	netns
}

# with FIELD...: what a command has to have in front of it to be handed the devices of these fields of a
# record. All that these tests know of how mirari-tap is called is here.
with() {
	local field
	CALL=("${NS[@]}" mirari-tap exec --set name=test)
	for field in "$@"; do
		CALL+=(--set "$field")
	done
	CALL+=(--)
}

# program NAME: one that setup_file built.
program() {
	[ -x "$BATS_FILE_TMPDIR/$1/mir-$1" ] || {
		cat "$BATS_FILE_TMPDIR/$1.log"
		return 1
	}
	echo "$BATS_FILE_TMPDIR/$1/mir-$1"
}

# start COUNT COMMAND...: as $SERVER, with what `with` said, until it answers on so many devices.
start() {
	local count=$1 n
	shift
	: >err
	"${CALL[@]}" "$@" >out 2>err 3>&- &
	SERVER=$!
	for n in {1..500}; do
		[ "$(grep -c 'answering as' err)" -lt "$count" ] || return 0
		kill -0 "$SERVER" || break
		sleep 0.02
	done
	cat out err
	return 1
}

# tap DESCRIPTOR: the host's name for what $SERVER has there.
tap() {
	sed -n 's/^iff:\t//p' "/proc/$SERVER/fdinfo/$1"
}

# answers COUNT OPTION... ADDRESS: all of so many pings.
answers() {
	local count=$1
	shift
	run -0 "${NS[@]}" ping -n -q -W 5 -c "$count" "$@"
	has "$count packets transmitted, $count received, 0% packet loss"
}

# ends STATUS: $SERVER does so, by itself.
ends() {
	local pid=$SERVER status=0
	SERVER=
	timeout 20 tail --pid="$pid" -f /dev/null
	wait "$pid" || status=$?
	same "$1" "$status"
}

# peer [FD]: runs Python, with the module t/lib/peer.py, on the host's side of the tap.
peer() {
	"${NS[@]}" python3 - "$(tap "${1:-3}")" "$GUEST" "$MAC"
}

# ---- a program that does what its arguments say ----------------------------------------------

probe_project() {
	printf '%s\n' 'name: probe' 'target: unix-direct' 'main: { noip: Probe.main }' >mirari.yml
	cat >probe.ml <<-'END'
		open Lwt.Infix
		module Netif = Backend.Netif

		let hex text =
		  String.concat "" (List.map (fun c -> Printf.sprintf "%02x" (Char.code c)) (List.of_seq (String.to_seq text)))

		let ip = function
		  | `DHCP -> "dhcp"
		  | `IPv4 (address, netmask, gateways) -> String.concat " " (address :: netmask :: gateways)

		let info netif =
		  Printf.printf "%s %s %s %d %d %s\n" (Netif.name netif) (Netif.mac netif)
		    (hex (Netif.mac_bytes netif)) (Netif.mtu netif) (Netif.max_frame netif) (ip (Netif.ip netif))

		let outcome what operation =
		  Lwt.catch
		    (fun () -> operation () >|= fun () -> what ^ " done")
		    (fun error -> Lwt.return (what ^ ": " ^ Printexc.to_string error))
		  >|= print_endline

		(* The next frame of a test, among those that the host sends of its own accord. *)
		let rec next netif =
		  Netif.read netif >>= fun frame ->
		  if Bytes.get_uint16_be frame 12 = 0x88b5 then Lwt.return (Bytes.length frame) else next netif

		let read netif = outcome "read" (fun () -> next netif >|= Printf.printf "%d\n")

		(* Of 400 frames that are there, how many are read before another thread has its turn. *)
		let fair netif =
		  let count = ref 0 and first = ref 0 in
		  let rec all () = if !count = 400 then Lwt.return_unit else Netif.read netif >>= fun _ -> incr count; all () in
		  let reader = all () in
		  let other = Lwt.pause () >|= fun () -> first := !count in
		  Lwt.join [ reader; other ] >|= fun () -> Printf.printf "%d\n" !first

		let tap () =
		  let file = open_in "/proc/self/fdinfo/3" in
		  let rec line () =
		    match String.split_on_char '\t' (input_line file) with [ "iff:"; name ] -> name | _ -> line ()
		  in
		  let name = line () in
		  close_in file;
		  name

		(* We have no rights over the interface: the test's shell, which has, does it, and answers with
		   what that printed. *)
		let as_host command =
		  let ask = open_out "host.do" in
		  Printf.fprintf ask "export TAP=%s; %s\n" (tap ()) command;
		  close_out ask;
		  let answer = open_in "host.done" in
		  (try while true do print_endline (input_line answer) done with End_of_file -> ());
		  close_in answer

		let rec run netif = function
		  | [] -> Lwt.return_unit
		  | "write" :: length :: rest ->
		    let frame = Bytes.make (int_of_string length) '\255' in
		    outcome "write" (fun () -> Netif.write netif frame) >>= fun () -> run netif rest
		  | "read" :: rest -> read netif >>= fun () -> run netif rest
		  | "while-reading" :: command :: rest ->
		    let two = [ read netif; read netif ] in
		    as_host command;
		    Lwt.join two >>= fun () -> run netif rest
		  | "fair" :: rest -> fair netif >>= fun () -> run netif rest
		  | "sh" :: command :: rest ->
		    as_host command;
		    run netif rest
		  | word :: _ -> failwith word

		let main () =
		  match Netif.devices () with
		  | exception Netif.Malformed reason -> prerr_endline reason; exit 65
		  | [] -> prerr_endline (Netif.absent ()); exit 69
		  | first :: _ as all ->
		    List.iter info all;
		    assert (List.for_all (fun d -> Option.get (Netif.find (Netif.name d)) == d) all);
		    assert (Option.is_none (Netif.find "nonesuch"));
		    run first (List.tl (Array.to_list Sys.argv))
	END
	# sends frames of these lengths from the host's side
	cat >send.py <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind((os.environ['TAP'], 0))
		for length in sys.argv[1:]:
		    s.send(b'\xff' * 12 + b'\x88\xb5' + bytes(int(length) - 14))
	END
}

# probe ARGUMENT...: with what `with` said, and with us to do what it asks for as the host.
probe() {
	local program host status=0
	program=$(program probe)
	cd "$BATS_FILE_TMPDIR/probe"
	rm -f host.do host.done
	mkfifo host.do host.done
	while IFS= read -r line <host.do; do
		"${NS[@]}" bash -c "$line" >host.done 2>&1
	done 3>&- &
	host=$!
	timeout 60 "${CALL[@]}" "$program" "$@" || status=$?
	kill "$host"
	return $status
}

# ---- what is written -------------------------------------------------------------------------

@test "each builder gets its files, for ip and noip: backend.ml and no other are more than for unix-socket" {
	local builder want kind
	while read -r builder want; do
		for kind in ip noip; do
			mkdir $kind-"$builder"
			(cd $kind-"$builder" && gen main.kind=$kind build.system="$builder" build.command=true >/dev/null)
			same "$want" "$(cd $kind-"$builder" && files)"
			grep -q Hello.main $kind-"$builder/main.ml"
			head -n 1 $kind-"$builder/backend.ml" | grep -q 'Generated by mirari'
			same '' "$(diff -r ip-"$builder" $kind-"$builder" | grep '^Only\|^diff' |
				grep -v '/main.ml\|/\.mirari/generated')"
		done
		mkdir socket-"$builder"
		(cd socket-"$builder" &&
			gen target=unix-socket main.kind=noip build.system="$builder" build.command=true >/dev/null)
		rm {socket,noip}-"$builder"/.mirari/generated
		same "Only in noip-$builder: backend.ml" "$(diff -r socket-"$builder" noip-"$builder")"
	done <<-'END'
		ocamlbuild .mirari/generated Makefile backend.ml main.ml
		dune .mirari/generated backend.ml dune main.ml
		obuild .mirari/generated .mirari/obuild-libraries Makefile backend.ml main.ml main.obuild
		command .mirari/generated backend.ml main.ml
	END
}

@test "lwt is all that is linked, and backend.ml goes with the target" {
	run -0 mirari-gen -q --get=libraries < <(record)
	same 'lwt lwt.unix' "${lines[*]}"
	gen target=unix-socket main.kind=noip >/dev/null
	same '.mirari/generated Makefile main.ml' "$(files)"
	gen >/dev/null
	same '.mirari/generated Makefile backend.ml main.ml' "$(files)"
	# a project's own module of that name is not replaced
	echo 'let mine = 1' >backend.ml
	run -73 gen
	has backend.ml
	same 'let mine = 1' "$(cat backend.ml)"
}

@test "all of it compiles without a warning, with any address; the project's templates go first" {
	need ocamlfind
	cp "$SOURCE/share/examples/ping/ping.ml" .
	local fields
	for fields in '' 'ip.dhcp=true' 'ip.dhcp=false ip.address=10.9.8.7 ip.netmask=255.255.0.0' \
		'ip.address=10.9.8.7 ip.netmask=255.255.0.0 ip.gateway=10.9.0.1'; do
		# shellcheck disable=SC2086 # words
		gen main.entry=Ping.main $fields >/dev/null
		ocamlfind ocamlopt -thread -package lwt.unix -w +a-4-9-40..42-44-45-48-70 -warn-error +a -linkpkg \
			-o p backend.ml ping.ml main.ml
	done
	grep -qF '"10.9.8.7"' backend.ml
	mkdir -p .mirari/templates
	echo 'let backend = @name@' >.mirari/templates/backend.ml
	echo 'let main = @name@' >.mirari/templates/main-ip.ml
	gen >/dev/null
	same 'let backend = "p"' "$(tail -n +2 backend.ml)"
	same 'let main = "p"' "$(tail -n +2 main.ml)"
}

@test "http, and an address without its netmask: 65, said, nothing written" {
	run -65 gen main.kind=http http.port=80 'http.address=*'
	has 'target unix-direct: runtime lwt has no main http for it, only ip and noip'
	run -65 gen ip.address=10.0.0.2
	has 'no ip.netmask: target unix-direct needs it beside ip.address'
	run -65 gen main.kind=noip ip.netmask=255.255.255.0
	has 'no ip.address'
	run -65 gen ip.gateway=10.0.0.1
	has 'no ip.address'
	same '' "$(files)"
	gen ip.dhcp=true ip.gateway=10.0.0.1 >/dev/null
	gen target=unix-socket main.kind=noip ip.address=10.0.0.2 >/dev/null
}

# ---- started without devices, or with nonsense ------------------------------------------------

@test "without a device: 69, and how to start it" {
	need ocamlfind ocamlbuild
	local ping
	ping=$(program ping)
	run -69 "$ping"
	has 'mir-ping: no network device was handed over'
	has 'mirari run -t unix-direct'
	has 'mirari-tap exec --set name=ping --set net.service.host=10.0.0.1/24 -- ./mir-ping'
	LISTEN_FDS=1 LISTEN_FDNAMES=x run -69 "$ping"
	has 'no network device was handed over'
	LISTEN_PID=1 LISTEN_FDS=1 run -69 "$ping"
	has 'the network devices are for process 1, and this is'
	run -69 bash -c 'LISTEN_PID=$$ exec "$1"' - "$ping"
	run -69 bash -c 'LISTEN_PID=$$ LISTEN_FDS=0 exec "$1"' - "$ping"
}

@test "descriptors that are no devices: 65, and which" {
	need ocamlfind ocamlbuild
	local ping count
	ping=$(program ping)
	run -65 bash -c 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=x exec "$1" 3</dev/null' - "$ping"
	has 'LISTEN_FDS: descriptor 3 is none of /dev/net/tun'
	run -65 bash -c 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=x exec "$1" 3</etc/passwd' - "$ping"
	has 'LISTEN_FDS: descriptor 3 is none of /dev/net/tun'
	run -65 bash -c 'LISTEN_PID=$$ LISTEN_FDS=1000 LISTEN_FDNAMES=x exec "$1" 3<&-' - "$ping"
	has 'mir-ping: LISTEN_FDS: descriptor 3 is no'
	for count in '' -1 x 1x 0x1 01 1_0 ' 1' 1001 99999999999999999999; do
		LISTEN_FDS=$count run -65 bash -c 'LISTEN_PID=$$ exec "$1"' - "$ping"
		has 'mir-ping: LISTEN_FDS: '
		has 'is not a whole number from 0 to 1000'
	done
	LISTEN_PID=none LISTEN_FDS=1 run -65 "$ping"
	has 'LISTEN_PID: "none" is not a whole number'
}

@test "malformed variables: 65, which, and why" {
	network
	local ping variable value reason
	ping=$(program ping)
	with "${DEVICE[@]}"
	while IFS='|' read -r variable value reason; do
		run -65 timeout 20 "${CALL[@]}" env "$variable=$value" "$ping"
		same "mir-ping: $variable: $reason" "$output"
	done <<-'END'
		LISTEN_FDNAMES||a name is empty
		LISTEN_FDNAMES|a:b|the number of names is 2, but LISTEN_FDS is 1
		MIRARI_NET_MAC||"" is not the MAC address of an interface
		MIRARI_NET_MAC|02:00:00:00:00:0|"02:00:00:00:00:0" is not the MAC address of an interface
		MIRARI_NET_MAC|02:00:00:00:00:0g|"02:00:00:00:00:0g" is not the MAC address of an interface
		MIRARI_NET_MAC|02:00:00:00:00:01:02|"02:00:00:00:00:01:02" is not the MAC address of an interface
		MIRARI_NET_MAC|03:00:00:00:00:01|"03:00:00:00:00:01" is not the MAC address of an interface
		MIRARI_NET_MAC|00:00:00:00:00:00|"00:00:00:00:00:00" is not the MAC address of an interface
		MIRARI_NET_MAC|02:00:00:00:00:01,|the number of elements is 2, but LISTEN_FDS is 1
		MIRARI_NET_MTU||"" is not a whole number from 68 to 65535
		MIRARI_NET_MTU|67|"67" is not a whole number from 68 to 65535
		MIRARI_NET_MTU|65536|"65536" is not a whole number from 68 to 65535
		MIRARI_NET_MTU|1500,1500|the number of elements is 2, but LISTEN_FDS is 1
		MIRARI_NET_GUEST|10.0.0.2|"10.0.0.2" is not an IPv4 address with its prefix length
		MIRARI_NET_GUEST|10.0.0/24|"10.0.0/24" is not an IPv4 address with its prefix length
		MIRARI_NET_GUEST|10.0.0.256/24|"10.0.0.256/24" is not an IPv4 address with its prefix length
		MIRARI_NET_GUEST|fd00::2/64|"fd00::2/64" is not an IPv4 address with its prefix length
		MIRARI_NET_GUEST|10.0.0.2/24/|"10.0.0.2/24/" is not an IPv4 address with its prefix length
		MIRARI_NET_GUEST|10.0.0.2/33|"33" is not a whole number from 0 to 32
		MIRARI_NET_GUEST|,|the number of elements is 2, but LISTEN_FDS is 1
		MIRARI_NET_GATEWAY|gateway|"gateway" is not an IPv4 address
		MIRARI_NET_GATEWAY|,|the number of elements is 2, but LISTEN_FDS is 1
		LISTEN_PID|-1|"-1" is not a whole number from 1 to 4611686018427387903
	END
	for variable in LISTEN_FDNAMES MIRARI_NET_MAC MIRARI_NET_MTU; do
		run -65 timeout 20 "${CALL[@]}" env -u $variable "$ping"
		same "mir-ping: $variable is missing, but LISTEN_FDS is there" "$output"
	done
	with net.a.host=10.0.0.1/24 net.b.host=10.0.1.1/24
	run -65 timeout 20 "${CALL[@]}" env LISTEN_FDNAMES=a:a "$ping"
	same 'mir-ping: LISTEN_FDNAMES: "a" is there twice' "$output"
	# another's: as a child of the one that they are for
	run -69 timeout 20 "${CALL[@]}" bash -c '"$1"; exit $?' - "$ping"
	has 'the network devices are for process'
}

# ---- Netif -----------------------------------------------------------------------------------

@test "a device is as the environment says, and children get nothing of it" {
	network
	with "${DEVICE[@]}" net.service.mtu=1400
	run -0 probe sh 'env | grep "^LISTEN\|^MIRARI_NET" || ls -l /proc/self/fd | grep tun || echo nothing'
	same "service $MAC 020000000007 1400 1418 $GUEST 255.255.255.0 10.0.0.1|nothing" "$(paste -sd'|' <<<"$output")"
	# several
	with net.a.host=10.0.0.1/25 net.b.host=10.1.0.1/8
	run -0 probe
	has ' 10.0.0.2 255.255.255.128 10.0.0.1'
	has ' 10.1.0.2 255.0.0.0 10.1.0.1'
	same "a b" "$(cut -d' ' -f1 <<<"$output" | paste -sd' ')"
	[ "$(cut -d' ' -f2 <<<"$output" | sort -u | wc -l)" = 2 ]
	# what was told of the address left out, and MACs in capitals
	with "${DEVICE[@]}"
	CALL+=(env -u MIRARI_NET_GUEST -u MIRARI_NET_GATEWAY MIRARI_NET_MAC=02:AB:00:00:00:0F)
	run -0 probe
	same 'service 02:ab:00:00:00:0f 02ab0000000f 1500 1518 dhcp' "$output"
	CALL+=(env MIRARI_NET_GUEST= MIRARI_NET_GATEWAY=)
	run -0 probe
	has ' dhcp'
	CALL+=(env MIRARI_NET_GUEST=10.0.0.2/0)
	run -0 probe
	has ' 10.0.0.2 0.0.0.0'
}

@test "frames: whole, of every length that is possible and no other" {
	network
	need jq
	with "${DEVICE[@]}"
	local rx='ip -j -s link show dev "$TAP" | jq -c ".[0].stats64.rx | [.packets, .bytes]"'
	run -0 probe write 13 write 14 sh "$rx" write 1518 sh "$rx" write 1519 sh "$rx" \
		sh 'python3 send.py 14 1514 60' read read read
	same "$(printf '%s\n' \
		'write: Invalid_argument("Netif.write: service: a frame of 13 bytes, where 14 to 1518 are possible")' \
		'write done' '[1,14]' 'write done' '[2,1532]' \
		'write: Invalid_argument("Netif.write: service: a frame of 1519 bytes, where 14 to 1518 are possible")' \
		'[2,1532]' 14 'read done' 1514 'read done' 60 'read done')" "$(tail -n +2 <<<"$output")"
	# larger than was said: not cut, but passed over
	run -0 probe sh 'ip link set "$TAP" mtu 9000 && python3 send.py 1519 1518 9000 60' read read
	same '1518 read done 60 read done' "$(tail -n +2 <<<"$output" | paste -sd' ')"
	# two readers
	run -0 probe while-reading 'python3 send.py 100 200'
	same '100 200 done done read read' "$(tail -n +2 <<<"$output" | tr ' ' '\n' | sort | paste -sd' ')"
}

@test "an interface that is down, up again, and gone" {
	network
	with "${DEVICE[@]}"
	run -0 probe sh 'ip link set "$TAP" down' write 60 sh 'ip link set "$TAP" up' write 60 \
		sh 'python3 send.py 60' read while-reading 'ip link del "$TAP"' read write 60
	same "$(printf '%s\n' 'write: service: the network interface is down' 'write done' 60 'read done' \
		'read: service: the network interface is gone'{,,} \
		'write: service: the network interface is gone')" "$(tail -n +2 <<<"$output")"
}

@test "a flood leaves others their turn" {
	network
	with "${DEVICE[@]}"
	run -0 probe sh 'python3 send.py $(yes 60 | head -n 450)' fair
	[ "$(tail -n 1 <<<"$output")" -le 200 ]
}

@test "ip.* of the configuration goes before what comes with the device" {
	network
	mkdir configured
	cd configured
	probe_project
	build --set ip.address=10.7.7.7 --set ip.netmask=255.255.0.0 --set ip.gateway=10.7.0.1 2>/dev/null
	with "${DEVICE[@]}"
	run -0 timeout 20 "${CALL[@]}" ./mir-probe
	has ' 1518 10.7.7.7 255.255.0.0 10.7.0.1'
	build --set ip.dhcp=true 2>/dev/null
	run -0 timeout 20 "${CALL[@]}" ./mir-probe
	has ' 1518 dhcp'
}

# ---- main.kind ip ----------------------------------------------------------------------------

# ip_project: a main that ends, fails or waits for ever, by the name of its device.
ip_project() {
	printf '%s\n' 'name: each' 'target: unix-direct' 'main: { ip: Each.main }' >mirari.yml
	cat >each.ml <<-'END'
		let main netif =
		  let name = Backend.Netif.name netif in
		  Printf.printf "%s %d\n%!" name (List.length (Backend.Netif.devices ()));
		  match name with
		  | "ends" -> Lwt.return_unit
		  | "fails" -> failwith "this one fails"
		  | "late" -> Lwt.bind (Lwt_unix.sleep 0.1) (fun () -> Lwt.fail_with "late failure")
		  | _ -> fst (Lwt.wait ())
	END
}

@test "main is called once for each device; all of them end, or the first that fails ends the program" {
	network
	ip_project
	build 2>/dev/null
	with net.ends.host=10.0.0.1/24
	run -0 timeout 20 "${CALL[@]}" ./mir-each
	same 'ends 1' "$output"
	local how
	for how in 'fails this one fails' 'late late failure'; do
		with net.waits.host=10.0.0.1/24 net.ends.host=10.0.1.1/24 "net.${how%% *}.host=10.0.2.1/24"
		run -2 timeout 20 "${CALL[@]}" ./mir-each
		has 'waits 3'
		has "${how%% *} 3"
		has 'ends 3'
		has "Fatal error: exception Failure(\"${how#* }\")"
	done
	with net.waits.host=10.0.0.1/24 net.ends.host=10.0.2.1/24
	run -124 timeout 1 "${CALL[@]}" ./mir-each
}

# ---- ping ------------------------------------------------------------------------------------

ping_with() {
	network
	need "$1" make
	cp -R "$SOURCE/share/examples/ping/." .
	if [ "$1" = dune ]; then
		echo '(lang dune 2.0)' >dune-project
	else
		echo "build: { system: $1 }" >>mirari.yml
	fi
	build 2>/dev/null
	with "${DEVICE[@]}"
	start 1 ./mir-ping
	answers 3 -i 0.2 $GUEST
	grep "^$GUEST .* lladdr $MAC " < <("${NS[@]}" ip neigh show)
	kill -TERM "$SERVER"
	ends 143
	same '' "$("${NS[@]}" ip -o link show | grep -v ' lo: ' || :)"
	# and built by hand, it is the same again
	build 2>/dev/null
}

@test "ping with ocamlbuild" {
	ping_with ocamlbuild
}

@test "ping with dune" {
	ping_with dune
}

@test "ping with obuild" {
	ping_with obuild
}

@test "example ping: as its README says" {
	network
	need make
	cp -R "$SOURCE/share/examples/ping" ../example
	cd ../example
	grep -qF "\`mirari configure && mirari build && sudo mirari run\`" README.md
	grep -qF 'ping 10.0.0.2' README.md
	mirari configure && mirari build
	local command
	command=$(sed -n 's/^`sudo \(mirari-tap exec .*\)` runs .*/\1/p' README.md)
	[ -n "$command" ]
	read -ra CALL <<<"$command"
	CALL=("${NS[@]}" "${CALL[@]}")
	start 1
	answers 3 -i 0.2 10.0.0.2
	same '' "$(cat out)"
	run cat err
	[[ $output =~ ^'ping: service: answering as 10.0.0.2, '02(:[0-9a-f]{2}){5}$ ]]
	"${NS[@]}" ip link del "$(tap 3)"
	ends 69
	grep -q 'mir-ping: service: the network interface is gone' err
}

@test "ping: large ones, odd ones, many" {
	network
	with "${DEVICE[@]}"
	start 1 "$(program ping)"
	local size
	for size in 1472 1471 1 0 56; do
		answers 2 -i 0.01 -s $size $GUEST
	done
	answers 200 -i 0.002 $GUEST
	answers 20 -i 0.002 -p a55a -s 1001 -Q 0x28 $GUEST
	# larger than the MTU is in fragments, which it doesn't put together
	run -1 "${NS[@]}" ping -n -q -W 1 -c 1 -s 1473 $GUEST
	# nobody has other addresses
	run -1 "${NS[@]}" ping -n -q -W 1 -c 1 10.0.0.3
	answers 1 $GUEST
}

@test "ping: two devices, each with its address" {
	network
	with net.one.host=10.0.0.1/24 net.two.host=10.0.1.1/24 net.two.mtu=576
	start 2 "$(program ping)"
	grep -q 'ping: one: answering as 10.0.0.2, ' err
	grep -q 'ping: two: answering as 10.0.1.2, ' err
	answers 200 -i 0.002 10.0.0.2 &
	local other=$!
	answers 3 -i 0.1 10.0.1.2
	answers 3 -i 0.1 -s 548 10.0.1.2
	wait $other
	run -1 "${NS[@]}" ping -n -q -W 1 -c 1 -M do -s 549 10.0.1.2
	"${NS[@]}" ip link set "$(tap 4)" down
	answers 3 -i 0.1 10.0.0.2
	"${NS[@]}" ip link set "$(tap 4)" up
	answers 3 -i 0.1 10.0.1.2
}

@test "ping: no address to answer for is said" {
	network
	with "${DEVICE[@]}"
	run -2 timeout 20 "${CALL[@]}" env MIRARI_NET_GUEST= "$(program ping)"
	has 'service: there is no address, and no DHCP client here: configure ip.address'
}

@test "ping: what it has to answer, byte by byte" {
	network
	with "${DEVICE[@]}"
	start 1 "$(program ping)"
	peer <<-'END'
		from peer import *
		for length in list(range(0, 70)) + [255, 256, 1471, 1472]:
		    data = random.Random(length).randbytes(length)
		    replied('data of %d bytes' % length, ether(ip(echo(length, data))), length, data)
		replied('data of ones', ether(ip(echo(1, b'\xff' * 99))), 1, b'\xff' * 99)
		replied('sequence 65535', ether(ip(echo(65535, b'x'))), 65535, b'x')
		replied('padded', ether(ip(echo(2, b'x'))) + b'\xee' * 30, 2, b'x')
		replied('options', ether(ip(echo(3, b'xyz'), options=b'\x07\x07\x04\0\0\0\0\0')), 3, b'xyz')
		replied('type of service', ether(ip(echo(4), tos=0xb8)), 4, b'', tos=0xb8)
		replied('not to be fragmented', ether(ip(echo(5), fragment=0x4000)), 5, b'')
		for what, request in (('to all', ether(arp(), 0x0806, ALL)), ('to it', ether(arp(), 0x0806)),
		                      ('padded', ether(arp(), 0x0806, ALL) + b'\xee' * 18),
		                      ('a probe', ether(arp(sender=b'\0' * 4), 0x0806, ALL))):
		    got = answers(request)
		    sender = b'\0' * 4 if what == 'a probe' else HOST
		    want = ether(struct.pack('!HHBBH', 1, 0x800, 6, 4, 2) + THEIR + GUEST + OUR + sender, 0x0806, OUR, THEIR)
		    if got != [want]:
		        sys.exit('ARP %s: %s' % (what, [g.hex() for g in got]))
	END
}

@test "ping: what it must not answer, and answers after" {
	network
	with "${DEVICE[@]}"
	start 1 "$(program ping)"
	peer <<-'END'
		from peer import *
		other = socket.inet_aton('10.0.0.3')
		request = arp()
		for length in range(len(request)):
		    ignored('ARP of %d bytes' % length, ether(request[:length], 0x0806, ALL))
		for what, packet in (('another\'s', arp(target=other)), ('a reply', arp(oper=2)), ('no operation', arp(oper=0)),
		                     ('hardware', arp(htype=6)), ('protocol', arp(ptype=0x86dd)), ('lengths', arp(lengths=(6, 16))),
		                     ('lengths', arp(lengths=(0, 0))), ('lengths', arp(lengths=(255, 255)))):
		    ignored('ARP, ' + what, ether(packet, 0x0806, ALL))
		ignored('ARP to another', ether(request, 0x0806, bytes.fromhex('020000000099')))
		ignored('ARP from a group', ether(request, 0x0806, ALL, source=ALL))
		ignored('ARP from itself', ether(request, 0x0806, ALL, source=THEIR))

		whole = ip(echo(1, b'x' * 40))
		for length in range(len(whole)):
		    ignored('IP of %d bytes' % length, ether(whole[:length]))
		for total in list(range(0, 28)) + [69, 1500, 65535]:
		    ignored('IP that says %d' % total, ether(ip(echo(1, b'x' * 40), total=total)))
		for ihl in list(range(0, 5)) + list(range(6, 16)):
		    ignored('a header that says %d' % ihl, ether(ip(echo(1, b'x' * 40), ihl=ihl)))
		for length in range(8):
		    ignored('ICMP of %d bytes' % length, ether(ip(summed(b'\x08' + b'\0' * 7, 2)[:length])))
		for what, packet in (('version', ip(echo(1), version=6)), ('version', ip(echo(1), version=0)),
		                     ('protocol', ip(echo(1), protocol=17)), ('to another', ip(echo(1), to=other)),
		                     ('to all', ip(echo(1), to=b'\xff' * 4)), ('to all of the net', ip(echo(1), to=b'\n\0\0\xff')),
		                     ('to a group', ip(echo(1), to=b'\xe0\0\0\1')), ('from all', ip(echo(1), source=b'\xff' * 4)),
		                     ('from a group', ip(echo(1), source=b'\xe0\0\0\1')), ('from nobody', ip(echo(1), source=b'\0' * 4)),
		                     ('from 127.0.0.1', ip(echo(1), source=b'\x7f\0\0\1')), ('from itself', ip(echo(1), source=GUEST)),
		                     ('header checksum', ip(echo(1), bad=1)), ('ICMP checksum', ip(echo(1, bad=0x10))),
		                     ('first fragment', ip(echo(1), fragment=0x2000)), ('last fragment', ip(echo(1), fragment=1)),
		                     ('fragment', ip(echo(1), fragment=0x3fff)), ('a reply', ip(echo(1, type=0))),
		                     ('a code', ip(echo(1, code=1))), ('a timestamp', ip(echo(1, type=13) + b'\0' * 12))):
		    ignored('IP, ' + what, ether(packet))
		ignored('to another station', ether(whole, to=bytes.fromhex('020000000099')))
		ignored('to all stations', ether(whole, to=ALL))
		ignored('from a group', ether(whole, source=bytes.fromhex('01005e000001')))
		ignored('another protocol', ether(whole, 0x86dd))
		ignored('a VLAN', THEIR + OUR + b'\x81\0\0\5\x08\0' + whole)
	END
	answers 3 -i 0.1 $GUEST
	same 1 "$(wc -l <err)"
}

@test "ping: 2000 random frames, and answers after" {
	network
	with "${DEVICE[@]}"
	start 1 "$(program ping)"
	peer <<-'END'
		from peer import *
		dice = random.Random(20131105)
		whole = [ether(ip(echo(1, b'y' * 60))), ether(arp(), 0x0806, ALL)]
		answered = 0
		def frame(n):
		    if n % 4 == 0:
		        return dice.randbytes(dice.randrange(14, 1515))
		    if n % 4 == 1:
		        return ether(dice.randbytes(dice.randrange(0, 1501)), dice.choice((0x0800, 0x0806)), dice.choice((THEIR, ALL)))
		    # one that would be answered, with some bytes changed, and cut or made longer
		    data = bytearray(dice.choice(whole))
		    for _ in range(dice.randrange(1, 4)):
		        data[dice.randrange(12, len(data))] = dice.randrange(256)
		    if n % 4 == 2:
		        data = data[:dice.randrange(14, len(data))] + dice.randbytes(dice.randrange(0, 300))
		    return bytes(data)
		for turn in range(40):
		    answered += len(answers(*[frame(n) for n in range(50)]))
		print(answered, 'of 2000 answered')
	END
	answers 3 -i 0.1 $GUEST
	same 1 "$(wc -l <err)"
}
