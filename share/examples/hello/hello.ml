open Lwt.Infix

let main () =
  let rec greet n =
    if n = 0 then Lwt.return_unit
    else Lwt_io.printl "Hello, unikernel" >>= fun () -> Lwt_unix.sleep 0.2 >>= fun () -> greet (n - 1)
  in
  greet 3
