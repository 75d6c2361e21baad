#include "core/screen.h"

#include "tap.h"

static const struct {
	const char *text, *want;
} cases[] = {
    {"", ""},
    {"plain, a\ttab\nand lines\r\n", "plain, a\ttab\nand lines\r\n"},
    {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"\x1b[31mred\x1b[0m \x1b[m\x1b[38;5;196m\x1b[38:2::1:2:3mx\x1b[0m",
	"\x1b[31mred\x1b[0m \x1b[m\x1b[38;5;196m\x1b[38:2::1:2:3mx\x1b[0m"},
    {"\x1b[2J\x1b[H", "^[[2J^[[H"},
    {"\x1b]0;title\a", "^[]0;title^G"},
    {"\x1b]52;c;YQ==\x1b\\", "^[]52;c;YQ==^[\\"},
    {"\x1b[6n\x1b[c\x1b[?1h\x1b[>m\x1b[ m", "^[[6n^[[c^[[?1h^[[>m^[[ m"},
    {"\x1b"
     "c\x1bM\x1b\x1b[31m\x1b[m",
	"^[c^[M^[\x1b[31m\x1b[m"},
    {"hidden\rshown", "hidden^Mshown"},
    {"a\r\r\nb", "a^M\r\nb"},
    {"\a\b\v\f\x01\x1f\x7f", "^G^H^K^L^A^_^?"},
    {"\x9b"
     "2J \xc2\x9b"
     "2J \xc2\x80\xc2\x9f\xc2\xa0",
	"?2J ?2J ??\xc2\xa0"},
    {"\xff\xfe\xc3z\xe2\x82z\xc0\x8a\xed\xa0\x80", "???z??z?????"},
    {"\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m",
	"^[[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m"},
    {"\x1b[31", "^[[31"},
    {"\x1b", "^["},
    {"\r", "^M"},
    {"\xe2\x82", "??"},
    {"\x1b[31mred", "\x1b[31mred\x1b[m"},
};

int main(void)
{
	struct screen s = {0};
	struct buf b A_CLEANUP(buf_free) = {0};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t piece = 1; piece < 80; piece = piece < 5 ? piece + 1 : piece * 4) {
			const char *text = cases[i].text;
			size_t left = strlen(text);

			buf_clear(&b);
			while (left) {
				size_t n = left < piece ? left : piece;

				screen_add(&s, &b, text, n);
				text += n;
				left -= n;
			}
			screen_end(&s, &b);
			is_str(buf_str(&b), cases[i].want, "text %zu in pieces of %zu", i, piece);
		}
	buf_clear(&b);
	screen_add(&s, &b, "a\0b\n", 4);
	is_str(buf_str(&b), "a^@b\n", "NUL");
	return tap_end();
}
