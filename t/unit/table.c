#include "core/table.h"

#include "tap.h"

static void table(const char *const *words, size_t columns, const char *expected, const char *what)
{
	struct strv cells A_CLEANUP(strv_free) = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	strv_add_words(&cells, words);
	buf_adds(&out, ">");
	table_add(&out, &cells, columns);
	is_str(buf_str(&out), expected, "%s", what);
}
#define table(columns, expected, what, ...) \
	table((const char *const[]){__VA_ARGS__, NULL}, columns, expected, what)

static void test_cells(void)
{
	static const struct {
		double amount;
		const char *units, *want;
	} sizes[] = {{0, " KM", "0"}, {1023, " KM", "1023"}, {1024, " KM", "1.0K"},
	    {1536, " KM", "1.5K"}, {10240, " KM", "10K"}, {3e12, " KM", "2861023M"},
	    {0.4, "KM", "0K"}, {9, "KM", "9K"}, {9 * 1024, "KM", "9.0M"}};

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct strv cells A_CLEANUP(strv_free) = {0};

		table_size(&cells, sizes[i].amount, sizes[i].units);
		is_str(cells.items[0], sizes[i].want, "%s", sizes[i].want);
	}
	for (int i = 0; i < 3; i++) {
		struct strv cells A_CLEANUP(strv_free) = {0};

		table_cell(&cells, i == 0 ? NULL : i == 1 ? "" : "x");
		is_str(cells.items[0], i < 2 ? "-" : "x", "a cell");
	}
}

int main(void)
{
	struct strv none = {0};
	struct buf out A_CLEANUP(buf_free) = {0};

	table_add(&out, &none, 3);
	is_str(buf_str(&out), "", "nothing");
	table(1, ">A\nlonger\n\n", "one column", "A", "longer", "");
	table(2, ">A     B\nlong  x\n", "two", "A", "B", "long", "x");
	table(2, ">LONG  B\na     x\n", "a heading that is the widest", "LONG", "B", "a", "x");
	table(3, ">A  B   C\n1  22\n", "a short last line", "A", "B", "C", "1", "22");
	table(3, ">A  B  C\n1  2  3\n4\n", "a shorter one", "A", "B", "C", "1", "2", "3", "4");
	table(2, ">A  B\n   x\n", "an empty cell", "A", "B", "", "x");
	/* widths are of characters */
	table(2, ">\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xab  x\nabc  y\n", "UTF-8",
	    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xab", "x", "abc", "y");
	/* what a terminal would act on is replaced, and takes the room that it then has */
	table(2, ">a?[31mb  x\nabcdefg  y\n", "an escape", "a\x1b[31mb", "x", "abcdefg", "y");
	table(2, ">a?b?  x\nabcd  y\n", "newline and tab", "a\nb\t", "x", "abcd", "y");
	table(2, ">a?b  x\nabc  y\n", "what is no UTF-8",
	    "a\xff"
	    "b",
	    "x", "abc", "y");
	table(2, ">a??  x\nabc  y\n", "nor a whole character", "a\xe2\x82", "x", "abc", "y");
	test_cells();
	return tap_end();
}
