let address = @http.address@
let port = @http.port@

(* What the configuration says of the network. With sockets it is the kernel below that has the
   addresses, so nothing here sets any. *)
let ip : [ `DHCP | `IPv4 of string * string * string list ] =
  match @ip.dhcp?@, @ip.address?@, @ip.netmask?@ with
  | (None | Some false), Some address, Some netmask ->
    let gateway = match @ip.gateway?@ with None -> [] | Some gateway -> [ gateway ] in
    `IPv4 (address, netmask, gateway)
  | _ -> `DHCP

let listen_on inet_addr =
  let sockaddr = Unix.ADDR_INET (inet_addr, port) in
  let domain = Unix.domain_of_sockaddr sockaddr in
  let socket = Unix.socket ~cloexec:true domain Unix.SOCK_STREAM 0 in
  try
    Unix.setsockopt socket Unix.SO_REUSEADDR true;
    if domain = Unix.PF_INET6 then Unix.setsockopt socket Unix.IPV6_ONLY false;
    Unix.bind socket sockaddr;
    Unix.listen socket 1024;
    socket
  with error ->
    Unix.close socket;
    raise error

(* All addresses are those of IPv6 too, where the kernel has it: one such socket serves both. *)
let listen_everywhere () =
  try listen_on Unix.inet6_addr_any
  with Unix.Unix_error ((Unix.EAFNOSUPPORT | Unix.EADDRNOTAVAIL), _, _) ->
    listen_on Unix.inet_addr_any

(* The socket is made here and not by the server, which would neither say which address it failed
   on nor when it began to listen. *)
let listen () =
  let fail reason =
    Printf.eprintf "%s: cannot listen on %s port %d: %s\n" @artifact@ address port reason;
    exit 1
  in
  try if address = "*" then listen_everywhere () else listen_on (Unix.inet_addr_of_string address)
  with
  | Unix.Unix_error (error, _, _) -> fail (Unix.error_message error)
  | Failure _ -> fail "not an IP address"

(* The server answers an exception with status 500 and tells nobody what it was. *)
let callback connection request body =
  Lwt.catch
    (fun () -> @main.entry@ connection request body)
    (fun error ->
      Printf.eprintf "%S: %s\n%!" (Cohttp.Request.resource request) (Printexc.to_string error);
      Lwt.fail error)

let () =
  ignore ip;
  (* A peer that went away is for the write that notices it, not the end of the program. *)
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  let socket = listen () in
  Printf.eprintf "listening to HTTP on %s port %d\n%!" address port;
  Lwt_main.run
    (Cohttp_lwt_unix.Server.create
       ~mode:(`TCP (`Socket (Lwt_unix.of_unix_file_descr socket)))
       (Cohttp_lwt_unix.Server.make ~callback ()))
