(* The network devices of a unix-direct program. They are tap interfaces of the host's, opened by
   whoever started this process, as `mirari run` and `mirari-tap exec` do, and handed over as
   sd_listen_fds(3) says:

     LISTEN_PID          the process that they are for
     LISTEN_FDS          how many there are: descriptor 3 and those that follow
     LISTEN_FDNAMES      their names, with ":" between them

   What is told of them is in lists with "," between the elements, in the same order:

     MIRARI_NET_MAC      the MAC address of this side: 02:00:00:00:00:01
     MIRARI_NET_MTU      1500
     MIRARI_NET_GUEST    the IPv4 address of this side: 10.0.0.2/24, or nothing
     MIRARI_NET_GATEWAY  the host's: 10.0.0.1, or nothing *)

module Netif : sig
  type t
  (** A network interface, of Ethernet: what is written to it, the host receives on its tap
      interface, and what the host sends there is read from it. *)

  type ip = [ `DHCP | `IPv4 of string * string * string list ]
  (** Where the address comes from: DHCP, or here it is, with its netmask and the gateways. *)

  exception Malformed of string
  (** What the environment says of the devices can't be understood, and why. *)

  exception Gone of string
  (** The host has removed the interface of that name. It doesn't come back. *)

  exception Down of string
  (** The host has set the interface of that name down, and the frame wasn't sent. Later ones may
      be, once it is up again. *)

  val devices : unit -> t list
  (** All that this process was handed, in their order; none when they are another process's.
      @raise Malformed each time, when the environment is. *)

  val find : string -> t option
  (** The device of a name.
      @raise Malformed as {!devices} does. *)

  val absent : unit -> string
  (** Why {!devices} has none, as a message. *)

  val name : t -> string
  (** As the configuration calls it: [service] is what [net.service] describes. *)

  val mac : t -> string
  (** The MAC address that this side is to use, as text: ["02:00:00:00:00:01"]. *)

  val mac_bytes : t -> string
  (** The same as its 6 bytes. *)

  val mtu : t -> int
  (** The largest payload of a frame, in bytes; the Ethernet header isn't part of it. *)

  val max_frame : t -> int
  (** The largest frame: the MTU and 18 bytes, for a header with a VLAN tag. *)

  val ip : t -> ip
  (** What the configuration has in [ip.*]; without it, the address that came with the device; with
      neither, [`DHCP]. This module sets no address and answers nothing: that is for the stack
      that uses it. *)

  val read : t -> Bytes.t Lwt.t
  (** Waits for a frame, from its Ethernet header to the end of its payload: there is no checksum
      behind it. The bytes are the caller's. Larger frames than {!max_frame} are passed over. Of
      several readers each gets frames of its own. Fails with {!Gone}. *)

  val write : t -> Bytes.t -> unit Lwt.t
  (** Sends a frame, whole or not at all, and waits where the host has no room for it. The bytes
      must stay as they are until then. Fails with [Invalid_argument] when they are fewer than the
      14 of a header or more than {!max_frame}, with {!Down}, or with {!Gone}. *)
end = struct
  open Lwt.Infix

  type ip = [ `DHCP | `IPv4 of string * string * string list ]

  type t = {
    name : string;
    fd : Lwt_unix.file_descr;
    mac : string;
    mac_bytes : string;
    mtu : int;
    ip : ip;
    mutable reads : int;
  }

  exception Malformed of string
  exception Gone of string
  exception Down of string

  let () =
    Printexc.register_printer (function
      | Malformed reason -> Some reason
      | Gone name -> Some (name ^ ": the network interface is gone")
      | Down name -> Some (name ^ ": the network interface is down")
      | _ -> None)

  let malformed format = Printf.ksprintf (fun reason -> raise (Malformed reason)) format

  (* ---- the environment ---- *)

  (* Unix has no function for this. The C library's gets the string as it is; it isn't there in
     byte code, where a function that does nothing takes its place. *)
  external unsetenv : string -> (int[@untagged]) = "caml_ml_string_length" "unsetenv" [@@noalloc]

  let pid = Unix.getpid ()

  (* All of it is taken when the program starts, and nothing is left for the processes that it may
     start itself. *)
  let environment =
    let take variable =
      let value = Sys.getenv_opt variable in
      ignore (unsetenv variable);
      (variable, value)
    in
    List.map take
      [ "LISTEN_PID"; "LISTEN_FDS"; "LISTEN_FDNAMES"; "MIRARI_NET_MAC"; "MIRARI_NET_MTU";
        "MIRARI_NET_GUEST"; "MIRARI_NET_GATEWAY" ]

  let value variable = List.assoc variable environment

  let needed variable =
    match value variable with
    | Some text -> text
    | None -> malformed "%s is missing, but LISTEN_FDS is there" variable

  (* Digits and nothing else, which is less than int_of_string takes. *)
  let decimal text =
    let digits = String.length text in
    let rec all i = i = digits || (text.[i] >= '0' && text.[i] <= '9' && all (i + 1)) in
    if digits > 0 && digits < 10 && all 0 && (digits = 1 || text.[0] <> '0') then
      Some (int_of_string text)
    else None

  let number variable least most text =
    match decimal text with
    | Some n when n >= least && n <= most -> n
    | _ -> malformed "%s: %S is not a whole number from %d to %d" variable text least most

  let check_names names =
    let check name =
      if name = "" then malformed "LISTEN_FDNAMES: a name is empty";
      if List.length (List.filter (String.equal name) names) > 1 then
        malformed "LISTEN_FDNAMES: %S is there twice" name
    in
    List.iter check names

  let names count =
    let names = String.split_on_char ':' (needed "LISTEN_FDNAMES") in
    if List.length names <> count then
      malformed "LISTEN_FDNAMES: the number of names is %d, but LISTEN_FDS is %d"
        (List.length names) count;
    check_names names;
    names

  (* One of Mirari's lists. *)
  let list variable count text =
    let elements = String.split_on_char ',' text in
    if List.length elements <> count then
      malformed "%s: the number of elements is %d, but LISTEN_FDS is %d" variable
        (List.length elements) count;
    elements

  let mac_bytes_of text =
    let hexadecimal = function '0' .. '9' | 'a' .. 'f' | 'A' .. 'F' -> true | _ -> false in
    let byte digits =
      if String.length digits = 2 && hexadecimal digits.[0] && hexadecimal digits.[1] then
        Some (Char.chr (int_of_string ("0x" ^ digits)))
      else None
    in
    match List.map byte (String.split_on_char ':' text) with
    | [ Some a; Some b; Some c; Some d; Some e; Some f ]
      when Char.code a land 1 = 0 && [ a; b; c; d; e; f ] <> List.init 6 (fun _ -> '\000') ->
      String.of_seq (List.to_seq [ a; b; c; d; e; f ])
    | _ -> malformed "MIRARI_NET_MAC: %S is not the MAC address of an interface" text

  let is_ipv4 text =
    let octet text = match decimal text with Some n -> n < 256 | None -> false in
    let octets = String.split_on_char '.' text in
    List.length octets = 4 && List.for_all octet octets

  let netmask prefix =
    let octet i =
      let ones = max 0 (min 8 (prefix - (8 * i))) in
      255 land (255 lsl (8 - ones))
    in
    Printf.sprintf "%d.%d.%d.%d" (octet 0) (octet 1) (octet 2) (octet 3)

  let ip_of guest gateway =
    if gateway <> "" && not (is_ipv4 gateway) then
      malformed "MIRARI_NET_GATEWAY: %S is not an IPv4 address" gateway;
    let gateways = if gateway = "" then [] else [ gateway ] in
    match String.split_on_char '/' guest with
    | [ "" ] -> `DHCP
    | [ address; prefix ] when is_ipv4 address ->
      `IPv4 (address, netmask (number "MIRARI_NET_GUEST" 0 32 prefix), gateways)
    | _ -> malformed "MIRARI_NET_GUEST: %S is not an IPv4 address with its prefix length" guest

  (* What the configuration says of the network. *)
  let configured : ip option =
    match @ip.dhcp?@, @ip.address?@, @ip.netmask?@ with
    | Some true, _, _ -> Some `DHCP
    | _, Some address, Some netmask ->
      let gateways = match @ip.gateway?@ with None -> [] | Some gateway -> [ gateway ] in
      Some (`IPv4 (address, netmask, gateways))
    | _ -> None

  (* ---- the descriptors ---- *)

  external descriptor : int -> Unix.file_descr = "%identity"

  (* Whether the number is that of a device of /dev/net/tun: major 10, minor 200, as the kernel's
     list of devices has it. Another descriptor is not what the environment speaks of. *)
  let take number =
    let fd = descriptor number in
    match Unix.fstat fd with
    | { Unix.st_kind = Unix.S_CHR; st_rdev = 2760; _ } ->
      Unix.set_close_on_exec fd;
      fd
    | _ -> malformed "LISTEN_FDS: descriptor %d is none of /dev/net/tun" number
    | exception Unix.Unix_error (Unix.EBADF, _, _) ->
      malformed "LISTEN_FDS: descriptor %d is not open" number

  let rec zip names fds macs mtus ips =
    match names, fds, macs, mtus, ips with
    | name :: names, fd :: fds, mac :: macs, mtu :: mtus, ip :: ips ->
      let fd = Lwt_unix.of_unix_file_descr ~blocking:false ~set_flags:true fd in
      let mac_bytes = mac_bytes_of mac and mtu = number "MIRARI_NET_MTU" 68 65535 mtu in
      let ip = match configured with Some ip -> ip | None -> ip in
      { name; fd; mac = String.lowercase_ascii mac; mac_bytes; mtu; ip; reads = 0 }
      :: zip names fds macs mtus ips
    | _ -> []

  let handed count =
    (* The descriptors first: they must not reach a child even when the rest is malformed. *)
    let fds = List.map take (List.init count (fun i -> 3 + i)) in
    let optional variable =
      match value variable with
      | Some text -> list variable count text
      | None -> List.init count (fun _ -> "")
    in
    let names = names count in
    let macs = list "MIRARI_NET_MAC" count (needed "MIRARI_NET_MAC") in
    let mtus = list "MIRARI_NET_MTU" count (needed "MIRARI_NET_MTU") in
    let ips = List.map2 ip_of (optional "MIRARI_NET_GUEST") (optional "MIRARI_NET_GATEWAY") in
    zip names fds macs mtus ips

  let read_environment () =
    match value "LISTEN_PID", value "LISTEN_FDS" with
    | Some theirs, Some count when number "LISTEN_PID" 1 max_int theirs = pid -> (
      match number "LISTEN_FDS" 0 1000 count with
      | 0 -> []
      | count -> handed count)
    | _ -> []

  let found =
    match read_environment () with
    | devices -> Ok devices
    | exception Malformed reason -> Error reason

  (* ---- what others use ---- *)

  let devices () = match found with Ok devices -> devices | Error reason -> raise (Malformed reason)

  let name t = t.name
  let mac t = t.mac
  let mac_bytes t = t.mac_bytes
  let mtu t = t.mtu
  let max_frame t = t.mtu + 18
  let ip t = t.ip
  let find wanted = List.find_opt (fun t -> t.name = wanted) (devices ())

  let absent () =
    match value "LISTEN_PID" with
    | Some theirs when theirs <> string_of_int pid ->
      Printf.sprintf "the network devices are for process %s, and this is %d" theirs pid
    | _ -> "no network device was handed over"

  (* Interrupted calls, and those that would have to wait, are for Lwt_unix. EBADFD is how a tap
     descriptor says that its interface is gone, and OCaml has no name for it. *)
  let watching t operation =
    Lwt.catch operation (function
      | Unix.Unix_error (Unix.EUNKNOWNERR _, _, _) -> Lwt.fail (Gone t.name)
      | Unix.Unix_error (Unix.EIO, _, _) -> Lwt.fail (Down t.name)
      | error -> Lwt.fail error)

  (* While there are frames a read doesn't wait. Every now and then it lets others go first, so that
     a flood here doesn't stop all else in the program. *)
  let take_turn t =
    t.reads <- t.reads + 1;
    if t.reads land 63 = 0 then Lwt.pause () else Lwt.return_unit

  let rec read t =
    take_turn t >>= fun () ->
    (* One byte more than a frame may have shows that it has too many; the kernel would cut it. *)
    let frame = Bytes.create (max_frame t + 1) in
    watching t (fun () -> Lwt_unix.read t.fd frame 0 (Bytes.length frame)) >>= fun length ->
    if length = 0 then Lwt.fail (Gone t.name)
    else if length > max_frame t then read t
    else Lwt.return (Bytes.sub frame 0 length)

  let rec send t frame wait =
    Lwt.catch
      (fun () -> Lwt_unix.write t.fd frame 0 (Bytes.length frame))
      (function
        | Unix.Unix_error (Unix.ENOBUFS, _, _) ->
          Lwt_unix.sleep wait >>= fun () -> send t frame (min 0.1 (2. *. wait))
        | error -> Lwt.fail error)

  let write t frame =
    let length = Bytes.length frame in
    if length < 14 || length > max_frame t then
      Lwt.fail_invalid_arg
        (Printf.sprintf "Netif.write: %s: a frame of %d bytes, where 14 to %d are possible" t.name
           length (max_frame t))
    else
      watching t (fun () -> send t frame 0.001) >>= fun sent ->
      if sent = length then Lwt.return_unit
      else Lwt.fail_with (Printf.sprintf "%s: %d of %d bytes were sent" t.name sent length)
end
