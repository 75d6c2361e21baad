let fail status reason =
  Printf.eprintf "%s: %s\n%!" @artifact@ reason;
  exit status

let nothing_to_do () =
  Printf.eprintf "%s: %s\n" @artifact@ (Backend.Netif.absent ());
  fail 69
    ("start it with mirari run -t unix-direct, or as root with\n  mirari-tap exec --set name="
   ^ @name@ ^ " --set net.service.host=10.0.0.1/24 -- ./" ^ @artifact@)

(* The first that fails ends the program, as an exception that nobody catches does; it would
   otherwise be kept until all the others have ended. *)
let start device =
  Lwt.catch
    (fun () -> Lwt.map ignore (@main.entry@ device))
    (function
      | Backend.Netif.Gone _ as error -> fail 69 (Printexc.to_string error)
      | error ->
        !Lwt.async_exception_hook error;
        Lwt.return_unit)

let () =
  (* A peer that went away is for the write that notices it, not the end of the program. *)
  Sys.set_signal Sys.sigpipe Sys.Signal_ignore;
  match Backend.Netif.devices () with
  | exception Backend.Netif.Malformed reason -> fail 65 reason
  | [] -> nothing_to_do ()
  | devices -> Lwt_main.run (Lwt.join (List.map start devices))
