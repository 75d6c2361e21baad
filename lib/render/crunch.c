#include "render/crunch.h"

#include "render/ocaml.h"

#include <string.h>

void crunch_file(struct buf *into, size_t index, const struct buf *bytes)
{
	buf_printf(into, "let file_%zu = ", index);
	ocaml_string(into, buf_str(bytes), bytes->length);
	buf_adds(into, "\n\n");
}

void crunch_end(struct buf *into, const struct strv *names)
{
	buf_adds(into, "let file_list = [");
	for (size_t i = 0; i < names->count; i++) {
		buf_adds(into, "\n  ");
		ocaml_string(into, names->items[i], strlen(names->items[i]));
		buf_addc(into, ';');
	}
	buf_adds(into, "\n]\n\n"
		       "let read name =\n"
		       "  let length = String.length name in\n"
		       "  let name =\n"
		       "    if length > 0 && name.[0] = '/' then String.sub name 1 (length - 1)\n"
		       "    else name\n"
		       "  in\n"
		       "  match name with\n");
	for (size_t i = 0; i < names->count; i++) {
		buf_adds(into, "  | ");
		ocaml_string(into, names->items[i], strlen(names->items[i]));
		buf_printf(into, " -> Some file_%zu\n", i);
	}
	buf_adds(into, "  | _ -> None\n\n"
		       "let size name =\n"
		       "  match read name with\n"
		       "  | Some bytes -> Some (String.length bytes)\n"
		       "  | None -> None\n");
}
