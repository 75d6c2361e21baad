module Server = Cohttp_lwt_unix.Server

let content_type file =
  match Filename.extension file with
  | ".html" -> "text/html; charset=utf-8"
  | ".css" -> "text/css; charset=utf-8"
  | ".js" -> "text/javascript; charset=utf-8"
  | ".txt" -> "text/plain; charset=utf-8"
  | ".json" -> "application/json"
  | ".svg" -> "image/svg+xml"
  | ".png" -> "image/png"
  | ".jpg" | ".jpeg" -> "image/jpeg"
  | ".ico" -> "image/x-icon"
  | _ -> "application/octet-stream"

(* A path that ends with a slash is a directory, and its page is index.html. *)
let file_of_path path =
  let length = String.length path in
  if length = 0 || path.[length - 1] = '/' then path ^ "index.html" else path

(* HEAD gets what GET would, but for the body. *)
let respond_file meth file contents =
  let length = string_of_int (String.length contents) in
  let headers =
    Cohttp.Header.of_list [ ("content-type", content_type file); ("content-length", length) ]
  in
  let body = if meth = `HEAD then `Empty else `String contents in
  Server.respond ~headers ~status:`OK ~body ()

let respond_path meth uri =
  let path = Uri.pct_decode (Uri.path uri) in
  let file = file_of_path path in
  match Filesystem_static.read file with
  | Some contents -> respond_file meth file contents
  | None when Filesystem_static.size (path ^ "/index.html") <> None ->
    (* Without the slash, links in that page would start from the directory above. *)
    Server.respond_redirect ~uri:(Uri.with_path uri (path ^ "/")) ()
  | None -> Server.respond_string ~status:`Not_found ~body:"Not found\n" ()

let main _connection request _body =
  match Cohttp.Request.meth request with
  | (`GET | `HEAD) as meth -> respond_path meth (Cohttp.Request.uri request)
  | _ ->
    let headers = Cohttp.Header.init_with "allow" "GET, HEAD" in
    Server.respond_string ~headers ~status:`Method_not_allowed ~body:"Only GET and HEAD\n" ()
