module Server = Cohttp_lwt_unix.Server

let main _connection request _body =
  let path =
    match Uri.path (Cohttp.Request.uri request) with
    | "" | "/" -> "/index.html"
    | path -> path
  in
  match Filesystem_static.read path with
  | Some body -> Server.respond_string ~status:`OK ~body ()
  | None -> Server.respond_string ~status:`Not_found ~body:("No such file: " ^ path ^ "\n") ()
