"""What a guest, or another program, does with a tap: for the tests of mirari-tap.

    hold TAP [COMM]            opens it and says "held"; until it is killed
    attach TAP                 opens it, and ends
    send TAP COUNT LENGTH      so many frames from the guest
    dhcp TAP MAC               DISCOVER and REQUEST; prints what was given
    ask TAP MAC IP GATEWAY ADDRESS PORT [SOURCE]
                               a datagram to there; prints the answer
    serve TAP MAC IP PORT      answers one datagram, and says "ready" before
    echo ADDRESS PORT          without a tap: answers datagrams with who has sent them
    query ADDRESS PORT         without a tap: sends one, prints the answer
    interrupt MS SIGNAL COMMAND...
                               starts it, sends the signal, prints how it ended

It stands alone: users who may not look into this directory get it by standard input.
"""
import fcntl, os, select, signal, socket, struct, subprocess, sys, time

TIMEOUT = 10


def attach(name):
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', name.encode(), 0x1002))
    return fd


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total > 0xffff:
        total = (total >> 16) + (total & 0xffff)
    return total ^ 0xffff


def udp_frame(to, source, address, destination, port, to_port, payload):
    udp = struct.pack('!HHHH', port, to_port, 8 + len(payload), 0) + payload
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, address, destination)
    header = header[:10] + struct.pack('!H', checksum(header)) + header[12:]
    return to + source + b'\x08\0' + header + udp


def frames(fd, again=lambda: None):
    """Those from the host. A tap that was opened just now may lose some: what asks for them is done again."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.3)[0]:
            yield os.read(fd, 65536)
        else:
            again()
    sys.exit('nothing came')


def write_up(fd, frame):
    """The host's side may be up a moment later than we have it open."""
    for _ in range(200):
        try:
            return os.write(fd, frame)
        except OSError:
            time.sleep(0.01)
    sys.exit('the tap takes nothing')


class Guest:
    def __init__(self, tap, own_mac, ip):
        self.fd, self.mac, self.ip = attach(tap), mac(own_mac), socket.inet_aton(ip)

    def arp(self, oper, to_mac, to_ip):
        write_up(self.fd, (b'\xff' * 6 if oper == 1 else to_mac) + self.mac + b'\x08\x06' +
                 struct.pack('!HHBBH6s4s6s4s', 1, 0x800, 6, 4, oper, self.mac, self.ip, to_mac, to_ip))

    def datagrams(self, again=lambda: None):
        """(source MAC, source, ports, payload); ARP for us is answered."""
        for frame in frames(self.fd, again):
            if frame[12:14] == b'\x08\x06' and frame[38:42] == self.ip and frame[21] == 1:
                self.arp(2, frame[22:28], frame[28:32])
            elif frame[12:14] == b'\x08\x06' and frame[21] == 2 and frame[28:32] == self.wanted:
                self.peer = frame[22:28]
                yield None
            elif frame[12:14] == b'\x08\0' and frame[23] == 17 and frame[30:34] == self.ip:
                yield (frame[6:12], frame[26:30], struct.unpack('!HH', frame[34:38]), frame[42:])

    def ask(self, gateway, address, port, source):
        self.wanted = socket.inet_aton(gateway)
        first = lambda: self.arp(1, b'\0' * 6, self.wanted)
        first()
        for got in self.datagrams(first):
            if got is None:
                write_up(self.fd, udp_frame(self.peer, self.mac, socket.inet_aton(source) if source else self.ip,
                                            socket.inet_aton(address), 4000, port, b'hello'))
            elif got[2] == (port, 4000):
                return got[3].decode()

    def serve(self, port):
        self.wanted = None
        print('ready', flush=True)
        for peer, source, ports, payload in self.datagrams():
            if ports[1] == port:
                write_up(self.fd, udp_frame(peer, self.mac, self.ip, source, port, ports[0],
                                            b'guest heard ' + payload))
                return


def dhcp(tap, own_mac):
    fd, own = attach(tap), mac(own_mac)

    def message(kind, options):
        fixed = struct.pack('!BBBBIHH4s4s4s4s16s64s128s', 1, 1, 6, 0, 0x5eed, 0, 0x8000, b'', b'', b'', b'', own, b'', b'')
        return udp_frame(b'\xff' * 6, own, b'\0' * 4, b'\xff' * 4, 68, 67,
                         fixed + b'\x63\x82\x53\x63\x35\x01' + bytes([kind]) + options + b'\xff')

    def answer(kind, options):
        ask = lambda: write_up(fd, message(kind, options))
        ask()
        for frame in frames(fd, ask):
            if frame[12:14] == b'\x08\0' and frame[23] == 17 and frame[34:38] == b'\0\x43\0\x44':
                body, found, at = frame[42:], {}, 240
                while body[at] != 255:
                    found[body[at]] = body[at + 2:at + 2 + body[at + 1]]
                    at += 2 + body[at + 1]
                return body[16:20], found

    ip = lambda b: socket.inet_ntoa(b) if b else '-'
    offered, offer = answer(1, b'')
    given, ack = answer(3, b'\x32\x04' + offered + b'\x36\x04' + offer[54])
    print(offer[53][0], ack[53][0], ip(given), ip(ack[1]), ip(ack.get(3)), ack.get(12, b'-').decode())


def main(what, *words):
    if what == 'hold':
        fd = attach(words[0])
        if len(words) > 1:
            with open('/proc/self/comm', 'w') as f:
                f.write(words[1])
        print('held', flush=True)
        signal.pause()
    elif what == 'attach':
        try:
            attach(words[0])
        except OSError as error:
            sys.exit(os.strerror(error.errno))
    elif what == 'send':
        fd = attach(words[0])
        for _ in range(int(words[1])):
            write_up(fd, b'\xff' * 6 + b'\x02\0\0\0\0\x01\x88\xb5' + bytes(int(words[2]) - 14))
    elif what == 'dhcp':
        dhcp(*words)
    elif what == 'ask':
        print(Guest(*words[:3]).ask(words[3], words[4], int(words[5]), words[6] if len(words) > 6 else None))
    elif what == 'serve':
        Guest(*words[:3]).serve(int(words[3]))
    elif what == 'echo':
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((words[0], int(words[1])))
        print('ready', flush=True)
        while True:
            data, peer = s.recvfrom(65536)
            s.sendto(b'you are ' + peer[0].encode(), peer)
    elif what == 'query':
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(0.3)
        s.connect((words[0], int(words[1])))
        for _ in range(30):
            s.send(b'hello')
            try:
                print(s.recv(65536).decode())
                return
            except TimeoutError:
                pass
        sys.exit('no answer')
    elif what == 'interrupt':
        process = subprocess.Popen(words[2:], stdin=sys.stdin)
        time.sleep(float(words[0]) / 1000)
        process.send_signal(getattr(signal, words[1]))
        print(process.wait())
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
