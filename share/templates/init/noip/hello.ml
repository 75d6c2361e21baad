(* mirari.yml names this function as the entry point: unit -> 'a Lwt.t *)
let main () = Lwt_io.printl "Hello, unikernel"
