(* What the configuration says of the network. With sockets it is the kernel below that has the
   addresses, so nothing here sets any. *)
let ip : [ `DHCP | `IPv4 of string * string * string list ] =
  match @ip.dhcp?@, @ip.address?@, @ip.netmask?@ with
  | (None | Some false), Some address, Some netmask ->
    let gateway = match @ip.gateway?@ with None -> [] | Some gateway -> [ gateway ] in
    `IPv4 (address, netmask, gateway)
  | _ -> `DHCP

let () =
  ignore ip;
  (* A peer that went away is for the write that notices it, not the end of the program. *)
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  Lwt_main.run (Lwt.map ignore (@main.entry@ ()))
