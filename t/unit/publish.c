#include "model/publish.h"

#include "tap.h"

#include <arpa/inet.h>

int main(void)
{
	static const struct {
		const char *text, *address;
		unsigned host, guest;
		bool udp;
	} good[] = {
	    {"8080:80", "0.0.0.0", 8080, 80, false},
	    {"1:65535", "0.0.0.0", 1, 65535, false},
	    {"65535:1/tcp", "0.0.0.0", 65535, 1, false},
	    {"53:53/udp", "0.0.0.0", 53, 53, true},
	    {"127.0.0.1:8080:80", "127.0.0.1", 8080, 80, false},
	    {"0.0.0.0:8080:80/udp", "0.0.0.0", 8080, 80, true},
	    {"255.255.255.255:8080:80", "255.255.255.255", 8080, 80, false},
	};
	static const char *const bad[] = {"", ":", "::", "80", "80:", ":80", "0:80", "80:0",
	    "65536:80", "80:65536", "99999:80", "080:80", "80:080", "+80:80", "-80:80", "80 :80",
	    "80: 80", " 80:80", "80:80 ", "80:80/", "80:80/sctp", "80:80/UDP", "80:80/udp/udp",
	    "80:80/udpx", "/udp", "80/udp:80", "80/udp:80/udp", "80:80:80", ":80:80",
	    "localhost:80:80", "1.2.3:80:80", "1.2.3.4.5:80:80", "1.2.3.256:80:80",
	    "01.2.3.4:80:80", "1.2.3.4:80", "1.2.3.4:80:", "1.2.3.4::80", "1.2.3.4:80:80:80",
	    "[::1]:80:80", "::1:80:80", "80:80,81:81", "80-81:80-81", "8080:80/tcp:1",
	    "1.2.3.4/udp:80:80", "255.255.255.2550:80:80", "x", "*:80:80", "\xef\xbc\x98:80"};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		char text[INET_ADDRSTRLEN];
		struct publish p;

		if (!ok(publish_parse(good[i].text, &p), "%s", good[i].text))
			continue;
		inet_ntop(AF_INET, &p.address, text, sizeof text);
		is_str(text, good[i].address, "its address");
		ok(p.host == good[i].host && p.guest == good[i].guest && p.udp == good[i].udp,
		    "its ports");
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct publish p = {.host = 7777};

		ok(!publish_parse(bad[i], &p) && p.host == 7777, "not '%s'", bad[i]);
	}
	return tap_end();
}
