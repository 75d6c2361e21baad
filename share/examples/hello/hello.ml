open Lwt.Infix

let rec greet times =
  if times = 0 then Lwt.return_unit
  else
    Lwt_io.printl "Hello, unikernel" >>= fun () ->
    Lwt_unix.sleep 0.2 >>= fun () -> greet (times - 1)

let main () = greet 3
