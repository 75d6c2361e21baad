(* Answers ARP requests for its IPv4 address (RFC 826) and ICMP echo requests to it (RFC 791, 792 and
   1122), and nothing else. *)

open Lwt.Infix
module Netif = Backend.Netif

let ethernet_header = 14
let ip_header = 20
let mac frame offset = Bytes.sub_string frame offset 6
let address frame offset = Bytes.get_int32_be frame offset

(* The sum of 16 bit words in ones' complement (RFC 1071); an odd last byte is the upper half of a
   word. Over bytes that include their own checksum it is 0xffff. *)
let sum frame offset length =
  let add sum word =
    let sum = sum + word in
    (sum land 0xffff) + (sum lsr 16)
  in
  let rec from sum offset left =
    if left >= 2 then from (add sum (Bytes.get_uint16_be frame offset)) (offset + 2) (left - 2)
    else if left = 1 then add sum (Bytes.get_uint8 frame offset lsl 8)
    else sum
  in
  from 0 offset length

let put_checksum frame at offset length =
  Bytes.set_uint16_be frame at 0;
  Bytes.set_uint16_be frame at (sum frame offset length lxor 0xffff)

(* From us to the sender of a frame. *)
let put_ethernet reply us frame =
  Bytes.blit frame 6 reply 0 6;
  Bytes.blit_string us 0 reply 6 6;
  Bytes.blit frame 12 reply 12 2

let arp_reply us ours frame =
  let asks =
    Bytes.length frame >= ethernet_header + 28
    && Bytes.get_uint16_be frame 14 = 1 (* Ethernet *)
    && Bytes.get_uint16_be frame 16 = 0x0800 (* IPv4 *)
    && Bytes.get_uint16_be frame 18 = 0x0604 (* lengths of their addresses *)
    && Bytes.get_uint16_be frame 20 = 1 (* a request *)
    && Int32.equal (address frame 38) ours
  in
  if not asks then None
  else begin
    let reply = Bytes.sub frame 0 (ethernet_header + 28) in
    put_ethernet reply us frame;
    Bytes.set_uint16_be reply 20 2;
    Bytes.blit_string us 0 reply 22 6;
    Bytes.set_int32_be reply 28 ours;
    (* its sender's addresses, both of them *)
    Bytes.blit frame 22 reply 32 10;
    Some reply
  end

(* One machine: neither 0.0.0.0/8, nor 127.0.0.0/8, nor multicast and what is above it. *)
let is_host address =
  let first = Int32.to_int (Int32.shift_right_logical address 24) in
  first <> 0 && first <> 127 && first < 224

(* Where the ICMP message begins, and its length, in a packet that is complete, right, and to us. *)
let icmp_message ours frame =
  let at = ethernet_header in
  if Bytes.length frame < at + ip_header then None
  else
    let version = Bytes.get_uint8 frame at lsr 4 in
    let header = 4 * (Bytes.get_uint8 frame at land 15) in
    (* Behind the packet the frame may have more bytes, to make it long enough for Ethernet. *)
    let total = Bytes.get_uint16_be frame (at + 2) in
    let fragment = Bytes.get_uint16_be frame (at + 6) land 0x3fff in
    if
      version = 4 && header >= ip_header && total >= header
      && Bytes.length frame >= at + total
      && sum frame at header = 0xffff
      && fragment = 0
      && Bytes.get_uint8 frame (at + 9) = 1
      && Int32.equal (address frame (at + 16)) ours
      && is_host (address frame (at + 12))
      && not (Int32.equal (address frame (at + 12)) ours)
    then Some (at + header, total - header)
    else None

let put_ip reply frame ours length =
  let at = ethernet_header in
  Bytes.fill reply at ip_header '\000';
  Bytes.set_uint8 reply at 0x45;
  (* the type of service of the request *)
  Bytes.set_uint8 reply (at + 1) (Bytes.get_uint8 frame (at + 1));
  Bytes.set_uint16_be reply (at + 2) length;
  (* not to be fragmented, so that it needs no identification (RFC 6864) *)
  Bytes.set_uint16_be reply (at + 6) 0x4000;
  Bytes.set_uint8 reply (at + 8) 64;
  Bytes.set_uint8 reply (at + 9) 1;
  Bytes.set_int32_be reply (at + 12) ours;
  Bytes.set_int32_be reply (at + 16) (address frame (at + 12));
  put_checksum reply (at + 10) at ip_header

(* Options of the request are left out; identifier, sequence number and data stay. *)
let echo_reply us ours frame =
  match icmp_message ours frame with
  | Some (at, length)
    when length >= 8
         && Bytes.get_uint16_be frame at = 0x0800 (* echo request *)
         && sum frame at length = 0xffff ->
    let message = ethernet_header + ip_header in
    let reply = Bytes.create (message + length) in
    put_ethernet reply us frame;
    put_ip reply frame ours (ip_header + length);
    Bytes.blit frame at reply message length;
    Bytes.set_uint8 reply message 0;
    put_checksum reply (message + 2) message length;
    Some reply
  | _ -> None

(* The answer to a frame, if it is for us and is to have one. A sender that is a group, or ourselves,
   gets none: an answer must not become many. *)
let answer us ours frame =
  if Bytes.length frame < ethernet_header then None
  else
    let target = mac frame 0 and sender = mac frame 6 in
    let to_us = target = us and to_all = target = "\255\255\255\255\255\255" in
    if Char.code sender.[0] land 1 = 1 || sender = us then None
    else
      match Bytes.get_uint16_be frame 12 with
      | 0x0806 when to_us || to_all -> arp_reply us ours frame
      | 0x0800 when to_us -> echo_reply us ours frame
      | _ -> None

let rec serve netif us ours =
  Netif.read netif >>= fun frame ->
  (match answer us ours frame with
  | None -> Lwt.return_unit
  | Some reply ->
    (* A frame to an interface that is down is lost, as on a cable that is pulled. *)
    Lwt.catch
      (fun () -> Netif.write netif reply)
      (function Netif.Down _ -> Lwt.return_unit | error -> Lwt.fail error))
  >>= fun () -> serve netif us ours

let main netif =
  match Netif.ip netif with
  | `DHCP ->
    Lwt.fail_with
      (Netif.name netif ^ ": there is no address, and no DHCP client here: configure ip.address")
  | `IPv4 (text, _, _) ->
    let ours = Scanf.sscanf text "%ld.%ld.%ld.%ld" (fun a b c d ->
      List.fold_left (fun sum n -> Int32.add (Int32.shift_left sum 8) n) 0l [ a; b; c; d ])
    in
    Printf.eprintf "ping: %s: answering as %s, %s\n%!" (Netif.name netif) text (Netif.mac netif);
    serve netif (Netif.mac_bytes netif) ours
