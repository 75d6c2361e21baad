(* mirari.yml names Dispatch.main as the entry point, and embeds files/ as Filesystem_static. *)
module Server = Cohttp_lwt_unix.Server

let main _connection request _body =
  let path = Uri.path (Cohttp.Request.uri request) in
  let name = if path = "/" then "index.html" else path in
  match Filesystem_static.read name with
  | Some body -> Server.respond_string ~status:`OK ~body ()
  | None -> Server.respond_not_found ()
