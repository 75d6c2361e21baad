#include "model/value.h"

#include "core/num.h"
#include "core/strv.h"
#include "core/suggest.h"
#include "model/address.h"
#include "model/publish.h"
#include "model/size.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool only(const char *text, const char *set)
{
	return *text && !text[strspn(text, set)];
}

static bool is_name(const char *value)
{
	return only(value, LETTERS DIGITS "._+-") && strchr(LETTERS DIGITS, value[0]) &&
	       strlen(value) <= VALUE_NAME_MAX;
}

static bool is_in(const char *path, const char *dir)
{
	size_t length = strlen(dir);

	return !strncmp(path, dir, length) && (!path[length] || path[length] == '/');
}

/* ocamlbuild, dune and we ourselves don't look for sources below such a directory. */
static bool is_build_dir(const char *value)
{
	const char *part = value;

	/* the first two are builders' own */
	if (*value != '_' || is_in(value, "_build/default") || is_in(value, "_opam") ||
	    !strcmp(value, "_build"))
		return false;
	for (size_t length; *part; part += length + (part[length] == '/')) {
		length = strcspn(part, "/");
		if (!length || (part[0] == '.' && strspn(part, ".") == length) ||
		    (part[length] == '/' && !part[length + 1]))
			return false;
	}
	return true;
}

static bool is_ipv4(const char *value)
{
	struct in_addr address;

	return inet_pton(AF_INET, value, &address) == 1;
}

static bool is_address(const char *value)
{
	struct in6_addr address;

	return is_ipv4(value) || inet_pton(AF_INET6, value, &address) == 1;
}

static bool is_netmask(const char *value)
{
	struct in_addr address;
	uint32_t zeros;

	if (inet_pton(AF_INET, value, &address) != 1)
		return false;
	zeros = ~ntohl(address.s_addr);
	return (zeros & (zeros + 1)) == 0;
}

static bool is_cidr(const char *value)
{
	struct address ignored;

	return address_parse(value, &ignored);
}

static bool is_mac(const char *value)
{
	const char *hex = DIGITS "abcdefABCDEF";

	if (strlen(value) != 17)
		return false;
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? value[i] != ':' : !strchr(hex, value[i]))
			return false;
	/* the lowest bit of the first byte would make it a multicast address; all zeros is none */
	return strchr("02468aceACE", value[1]) && strspn(value, "0:") < 17;
}

static bool is_interface(const char *value)
{
	return *value && strlen(value) < IFNAMSIZ && strcmp(value, ".") && strcmp(value, "..") &&
	       !value[strcspn(value, "/:% \t")] && value[0] != '-';
}

/* What we give a name to ourselves is plainer than what Linux takes: '%d' would be a number of the
 * kernel's choice, and the name is part of other names. */
static bool is_tap(const char *value)
{
	return only(value, LETTERS DIGITS "_-") && value[0] != '-' && strlen(value) < IFNAMSIZ;
}

static bool is_ocaml_keyword(const char *word)
{
	static const char *const keywords[] = {"and", "as", "assert", "asr", "begin", "class",
	    "constraint", "do", "done", "downto", "else", "end", "exception", "external", "false",
	    "for", "fun", "function", "functor", "if", "in", "include", "inherit", "initializer",
	    "land", "lazy", "let", "lor", "lsl", "lsr", "lxor", "match", "method", "mod", "module",
	    "mutable", "new", "nonrec", "object", "of", "open", "or", "private", "rec", "sig",
	    "struct", "then", "to", "true", "try", "type", "val", "virtual", "when", "while",
	    "with", "_"};

	for (size_t i = 0; i < COUNT_OF(keywords); i++)
		if (!strcmp(word, keywords[i]))
			return true;
	return false;
}

/* module-name . … . value-name of the OCaml manual, section 11.3. Main is the generated module. */
static bool is_ocaml_value(const char *value)
{
	const char *part = value;

	if (!strncmp(value, "Main.", 5))
		return false;
	for (;;) {
		size_t length = strspn(part, LETTERS DIGITS "_'");

		if (part[length] == '\0')
			break;
		if (part[length] != '.' || !(part[0] >= 'A' && part[0] <= 'Z'))
			return false;
		part += length + 1;
	}
	return part != value && ((part[0] >= 'a' && part[0] <= 'z') || part[0] == '_') &&
	       !is_ocaml_keyword(part);
}

static bool is_findlib(const char *value)
{
	return only(value, LETTERS DIGITS "_-.") && value[0] != '-' && value[0] != '.' &&
	       value[strlen(value) - 1] != '.' && !strstr(value, "..");
}

/* The name and version grammar of the opam manual ("Package names", "Versions"). */
static bool is_package(const char *value)
{
	size_t name = strspn(value, LETTERS DIGITS "_+-");
	const char *rest = value + name;

	if (!name || value[0] == '-' || strcspn(value, LETTERS) >= name)
		return false;
	if (!*rest)
		return true;
	if (*rest == '.')
		rest++;
	else if (*rest == '=' || (*rest == '!' && rest[1] == '='))
		rest += 1 + (*rest == '!');
	else if (*rest == '<' || *rest == '>')
		rest += 1 + (rest[1] == '=');
	else
		return false;
	return only(rest, LETTERS DIGITS "_+.~-") && rest[0] != '-';
}

static bool is_compiler(const char *value)
{
	return is_package(value) || (only(value, LETTERS DIGITS "_+.~-") && value[0] != '-');
}

/* opam takes a list of these with commas between them. */
static bool is_repository(const char *value)
{
	size_t name = strspn(value, LETTERS DIGITS "_-");

	return name && value[0] != '-' && value[name] == '=' && value[name + 1] &&
	       !value[strcspn(value, ", ")];
}

static bool is_deploy(const char *value)
{
	struct buf part A_CLEANUP(buf_free) = {0};
	const char *host = value + 6, *at;
	uint64_t port;
	size_t length;

	if (!strcmp(value, "local") || !strcmp(value, "ec2"))
		return true;
	if (strncmp(value, "ssh://", 6))
		return false;
	if ((at = strchr(host, '@'))) {
		buf_add(&part, host, (size_t)(at - host));
		if (!is_name(buf_str(&part)) && strcmp(buf_str(&part), "_"))
			return false;
		host = at + 1;
	}
	length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (length > strlen(host))
		return false;
	buf_clear(&part);
	buf_add(&part, host + (host[0] == '['), length - (host[0] == '[' ? 2 : 0));
	if (host[0] == '[' ? !is_address(buf_str(&part)) : !is_name(buf_str(&part)))
		return false;
	host += length;
	return !*host || (*host == ':' && num_parse(host + 1, 1, 65535, &port) == NUM_OK);
}

static bool is_user(const char *value)
{
	return only(value, LETTERS DIGITS "._-") && value[0] != '-' && strlen(value) <= 32;
}

static bool is_ports(const char *value)
{
	struct publish ignored;

	return publish_parse(value, &ignored);
}

static bool is_size(const char *value)
{
	uint64_t ignored;

	return size_parse(value, &ignored);
}

static bool boolean(const char *value, const char **normal)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {
								    "false", "no", "off"};

	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(value, yes[i]))
			*normal = "true";
		else if (!strcmp(value, no[i]))
			*normal = "false";
	}
	return *normal;
}

static bool is_word(const char *words, const char *value)
{
	size_t length = strlen(value);

	for (const char *word = words; *word; word += strspn(word, " ")) {
		size_t n = strcspn(word, " ");

		if (n == length && !memcmp(word, value, n))
			return true;
		word += n;
	}
	return false;
}

static void describe_words(const char *words, const char *value, struct buf *expected)
{
	struct strv all A_CLEANUP(strv_free) = {0};
	struct suggest suggest;

	for (const char *word = words; *word; word += strspn(word, " ")) {
		strv_add_bytes(&all, word, strcspn(word, " "));
		word += strcspn(word, " ");
	}
	suggest_start(&suggest, value);
	buf_adds(expected, "one of");
	for (size_t i = 0; i < all.count; i++) {
		suggest_offer(&suggest, all.items[i]);
		buf_printf(expected, "%s %s", i ? "," : "", all.items[i]);
	}
	if (suggest.best)
		buf_printf(expected, " (did you mean '%s'?)", suggest.best);
}

/* The types that are a test and a phrase. */
static const struct {
	bool (*test)(const char *value);
	const char *expected;
} simple[] = {
    [VALUE_BUILD_DIR] = {is_build_dir,
	"a directory of the project whose name begins with '_', or one below it, such as "
	"_build/xen (not a builder's own: _build, _build/default, _opam)"},
    [VALUE_NAME] = {is_name, "a name of letters, digits, '.', '_', '+' and '-' (at most 64)"},
    [VALUE_ADDRESS] = {is_address, "an IPv4 or IPv6 address"},
    [VALUE_IPV4] = {is_ipv4, "an IPv4 address such as 10.0.0.2"},
    [VALUE_NETMASK] = {is_netmask, "a netmask such as 255.255.255.0"},
    [VALUE_CIDR] = {is_cidr, "an address with its prefix length, such as 10.0.0.1/24"},
    [VALUE_MAC] = {is_mac, "a unicast MAC address such as 00:16:3e:00:00:01"},
    [VALUE_INTERFACE] = {is_interface,
	"an interface name (at most 15 bytes, without / : % or blank)"},
    [VALUE_TAP] = {is_tap, "a tap's name (letters, digits, '_' and '-', at most 15)"},
    [VALUE_OCAML_VALUE] = {is_ocaml_value,
	"an OCaml value path such as Dispatch.main (not in Main, which is the generated module)"},
    [VALUE_FINDLIB] = {is_findlib, "a findlib library such as lwt.unix"},
    [VALUE_PACKAGE] = {is_package, "an opam package such as lwt, lwt.5.6.1 or lwt>=5.0"},
    [VALUE_COMPILER] = {is_compiler,
	"a compiler such as 4.14.1 or ocaml-base-compiler.4.14.1, or another opam package"},
    [VALUE_REPOSITORY] = {is_repository, "NAME=URL, an opam repository (no blank or comma in it)"},
    [VALUE_DEPLOY] = {is_deploy, "local, ec2 or ssh://[USER@]HOST[:PORT]"},
    [VALUE_USER] = {is_user, "a user or group (letters, digits, '.', '_' and '-', at most 32)"},
    [VALUE_PORTS] = {is_ports, "[ADDRESS:]HOST:GUEST[/udp], two ports such as 8080:80"},
    [VALUE_SIZE] = {is_size, "a size in bytes such as 64M (K, M, G or T)"},
};

const char *value_type_name(enum value_type type)
{
	static const char *const names[] = {
	    [VALUE_TEXT] = "text",
	    [VALUE_PATH] = "path",
	    [VALUE_BUILD_DIR] = "build directory",
	    [VALUE_WORD] = "word",
	    [VALUE_INTEGER] = "integer",
	    [VALUE_BOOLEAN] = "boolean",
	    [VALUE_NAME] = "name",
	    [VALUE_ADDRESS] = "address",
	    [VALUE_LISTEN] = "address or *",
	    [VALUE_IPV4] = "IPv4",
	    [VALUE_NETMASK] = "netmask",
	    [VALUE_CIDR] = "address/prefix",
	    [VALUE_MAC] = "MAC",
	    [VALUE_INTERFACE] = "interface",
	    [VALUE_TAP] = "tap",
	    [VALUE_OCAML_VALUE] = "OCaml value",
	    [VALUE_FINDLIB] = "findlib library",
	    [VALUE_PACKAGE] = "opam package",
	    [VALUE_SWITCH] = "opam switch",
	    [VALUE_COMPILER] = "opam compiler",
	    [VALUE_REPOSITORY] = "opam repository",
	    [VALUE_DEPLOY] = "place",
	    [VALUE_USER] = "user",
	    [VALUE_PORTS] = "ports",
	    [VALUE_SIZE] = "size",
	};

	return names[type];
}

static bool passes(const struct value_rule *rule, const char *value, const char **normal)
{
	uint64_t number;

	switch (rule->type) {
	case VALUE_TEXT:
		return true;
	case VALUE_PATH:
		return *value;
	case VALUE_SWITCH:
		return *value && *value != '-' && *value != ' ';
	case VALUE_WORD:
		return is_word(rule->words, value);
	case VALUE_INTEGER:
		return num_parse(value, rule->min, rule->max, &number) == NUM_OK;
	case VALUE_BOOLEAN:
		return boolean(value, normal);
	case VALUE_LISTEN:
		return !strcmp(value, "*") || is_address(value);
	default:
		return simple[rule->type].test(value);
	}
}

static void describe(const struct value_rule *rule, const char *value, struct buf *expected)
{
	switch (rule->type) {
	case VALUE_PATH:
		buf_adds(expected, "a path");
		break;
	case VALUE_SWITCH:
		buf_adds(expected, "an opam switch: a name or a directory");
		break;
	case VALUE_WORD:
		describe_words(rule->words, value, expected);
		break;
	case VALUE_INTEGER:
		buf_printf(expected, "a whole number from %llu to %llu",
		    (unsigned long long)rule->min, (unsigned long long)rule->max);
		break;
	case VALUE_BOOLEAN:
		buf_adds(expected, "true or false");
		break;
	case VALUE_LISTEN:
		buf_adds(expected, "an IPv4 or IPv6 address, or * for all");
		break;
	default:
		buf_adds(expected, simple[rule->type].expected);
	}
}

bool value_check(
    const struct value_rule *rule, const char *value, const char **normal, struct buf *expected)
{
	*normal = NULL;
	if (passes(rule, value, normal))
		return true;
	describe(rule, value, expected);
	return false;
}

bool value_fits(enum value_type type, const char *value)
{
	const struct value_rule rule = {.type = type};
	const char *ignored = NULL;

	return passes(&rule, value, &ignored);
}
