#!/usr/bin/python3
"""The guest's side of a tap, for tests of mirari-tap exec. By its first argument:

wire PID MAC[,MAC]... COMMAND...   makes eth0, eth1, ... with these addresses in the network namespace of the
                                   process PID, and becomes the command, with their descriptors from WIRE on
pump                               the program that the command runs at last: copies frames between the
                                   descriptors it was handed (LISTEN_FDS) and those of `wire`, so that
                                   whatever runs in that namespace is the guest
show                               what a program is handed, as lines
talk WHAT...                       a guest by hand, on descriptor 3, where there is no namespace to be had
echo ADDRESS PORT                  answers UDP
old COUNT [WAIT]                   takes so many devices as a program of Mirari 0.9.7 does
"""
import fcntl
import os
import select
import socket
import struct
import sys
import time

WIRE = 50
TUNSETIFF, TUNGETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x800454D2, 2, 0x1000


def if_of(fd):
    """The name of the interface behind a descriptor."""
    return fcntl.ioctl(fd, TUNGETIFF, b"\0" * 40)[:16].rstrip(b"\0").decode()


def wire(pid, macs, *command):
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/proc/%s/ns/net" % pid, os.O_RDONLY)
    setns(there)
    for number, mac in enumerate(macs.split(",")):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        name = "eth%d" % number
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
        os.spawnlp(os.P_WAIT, "ip", "ip", "link", "set", name, "address", mac, "up")
        os.dup2(fd, WIRE + number)
    setns(here)
    os.execvp(command[0], command)


def setns(fd):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0):
        sys.exit("setns: " + os.strerror(ctypes.get_errno()))


def pump():
    count = int(os.environ["LISTEN_FDS"])
    pairs = {}
    for i in range(count):
        pairs[3 + i], pairs[WIRE + i] = WIRE + i, 3 + i
    print("pumping", flush=True)
    while True:
        for fd in select.select(list(pairs), [], [])[0]:
            try:
                os.write(pairs[fd], os.read(fd, 70000))
            except OSError as error:
                print("pump: %s" % error, file=sys.stderr)


def show(*words):
    for name in sorted(os.environ):
        if name.startswith(("LISTEN_", "MIRARI_NET_")):
            print("%s=%s" % (name, os.environ[name]))
    print("me=%s" % (os.environ.get("LISTEN_PID") == str(os.getpid())))
    print("ids=%s,%s,%s" % (set(os.getresuid()), set(os.getresgid()), sorted(os.getgroups())))
    for fd in sorted(map(int, os.listdir("/proc/self/fd"))):
        try:
            target = os.readlink("/proc/self/fd/%d" % fd)
        except OSError:
            continue
        if target.startswith("/dev/net/tun"):
            print("fd %d tap %s %s" % (fd, if_of(fd), "blocking" if os.get_blocking(fd) else "not blocking"))
        elif fd > 2:
            print("fd %d %s" % (fd, target))
    print("".join("word=%s\n" % word for word in words), end="")
    with open("/proc/self/status", encoding="ascii") as status:
        print("".join(line for line in status if line.startswith(("Cap", "SigBlk"))), end="")
    try:
        print("child=%s" % (os.waitpid(-1, os.WNOHANG),))
    except ChildProcessError:
        print("no child")


# ---- by hand -------------------------------------------------------------------------------------

ALL = b"\xff" * 6


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return total ^ 0xFFFF


class Guest:
    """A host with ARP, DHCP, and just enough of ICMP, UDP and TCP, on a descriptor."""

    def __init__(self, fd, index=0):
        self.fd = fd
        self.mac = bytes.fromhex(os.environ["MIRARI_NET_MAC"].split(",")[index].replace(":", ""))
        self.ip = socket.inet_aton(os.environ["MIRARI_NET_GUEST"].split(",")[index].split("/")[0])
        self.gateway = socket.inet_aton(os.environ["MIRARI_NET_GATEWAY"].split(",")[index])
        self.gateway_mac = None

    def ether(self, kind, payload, to=None):
        os.write(self.fd, (to or self.gateway_mac or ALL) + self.mac + struct.pack("!H", kind) + payload)

    def receive(self, wanted, what, seconds=8):
        """The next frame that `wanted` finds something in. ARP for us is answered meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                break
            frame = os.read(self.fd, 70000)
            kind, body = frame[12:14], frame[14:]
            if kind == b"\x08\x06" and body[6:8] == b"\0\1" and body[24:28] == self.ip:
                self.ether(0x806, b"\0\1\x08\0\6\4\0\2" + self.mac + self.ip + body[8:18], frame[6:12])
            got = wanted(kind, body)
            if got is not None:
                return got
        sys.exit("no " + what)

    def arp(self):
        self.ether(0x806, b"\0\1\x08\0\6\4\0\1" + self.mac + self.ip + b"\0" * 6 + self.gateway, ALL)
        self.gateway_mac = self.receive(
            lambda kind, body: body[8:14] if kind == b"\x08\x06" and body[6:8] == b"\0\2"
            and body[14:18] == self.gateway else None, "ARP answer")

    def send(self, protocol, to, payload, source=None, mac=None):
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                             self.ip if source is None else source, to)
        self.ether(0x800, header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload, mac)

    def packet(self, protocol, what, wanted):
        """(source, payload) of the next IP packet of that protocol that `wanted` takes."""
        def look(kind, body):
            if kind != b"\x08\0" or body[9] != protocol:
                return None
            length = struct.unpack("!H", body[2:4])[0]
            source, payload = body[12:16], body[(body[0] & 15) * 4:length]
            return (source, payload) if wanted(source, payload) else None
        return self.receive(look, what)

    def ping(self, to):
        message = b"\x08\0\0\0\x12\x34\0\1mirari"
        self.send(1, to, message[:2] + struct.pack("!H", checksum(message)) + message[4:])
        self.packet(1, "echo reply", lambda source, data: source == to and data[0] == 0 and data[4:] == message[4:])

    def udp(self, to, port, data, source_port=4444):
        self.send(17, to, struct.pack("!HHHH", source_port, port, 8 + len(data), 0) + data)

    def get_udp(self, port):
        source, data = self.packet(17, "UDP", lambda source, data: data[2:4] == struct.pack("!H", port))
        return source, struct.unpack("!H", data[:2])[0], data[8:]

    def segment(self, to, ports, numbers, flags, data=b""):
        segment = struct.pack("!HHIIBBHHH", *ports, *numbers, 5 << 4, flags, 8192, 0, 0) + data
        pseudo = self.ip + to + struct.pack("!BBH", 0, 6, len(segment))
        self.send(6, to, segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:])

    def get_segment(self, port, flags, what):
        source, data = self.packet(6, what, lambda source, data: data[2:4] == struct.pack("!H", port)
                                   and data[13] & 0x17 == flags)
        return source, struct.unpack("!HHII", data[:12])

    def dhcp(self):
        """The lease's options, after DISCOVER, OFFER, REQUEST and ACK."""
        def ask(kind, more=b""):
            body = (struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x1234ABCD, 0, 0) + b"\0" * 16 + self.mac + b"\0" * 202
                    + b"\x63\x82\x53\x63\x35\1" + bytes([kind]) + b"\x37\5\1\3\6\x0c\x1a" + more + b"\xff")
            datagram = struct.pack("!HHHH", 68, 67, 8 + len(body), 0) + body
            self.send(17, ALL[:4], datagram, b"\0" * 4, ALL)
            _, got = self.packet(17, "DHCP answer", lambda _, data: data[:4] == b"\0\x43\0\x44"
                                 and data[12:16] == b"\x12\x34\xab\xcd")
            options, rest = {}, got[8 + 240:]
            while rest and rest[0] != 255:
                options[rest[0]] = rest[2:2 + rest[1]]
                rest = rest[2 + rest[1]:]
            return got[24:28], options
        address, offer = ask(1)
        if offer[53] != b"\2":
            sys.exit("no OFFER")
        address, ack = ask(3, b"\x36\4" + offer[54] + b"\x32\4" + address)
        if ack[53] != b"\5":
            sys.exit("no ACK")
        return address, ack


def talk(*words):
    guests = [Guest(3 + i, i) for i in range(int(os.environ["LISTEN_FDS"]))]
    for guest in guests:
        guest.arp()
    print("ready", flush=True)
    guest = guests[0]
    for word in words:
        what, *args = word.split(",")
        if what == "on":
            guest = guests[int(args[0])]
        elif what == "dhcp":
            address, ack = guest.dhcp()
            print("lease %s mask %s router %s dns %s name %s" % tuple(
                [socket.inet_ntoa(address)] + [socket.inet_ntoa(ack[o]) if o in ack else "-" for o in (1, 3, 6)]
                + [ack.get(12, b"-").decode()]))
        elif what == "ping":
            guest.ping(socket.inet_aton(args[0]))
        elif what == "connect":  # a whole handshake, and back to nothing
            to, port = socket.inet_aton(args[0]), int(args[1])
            guest.segment(to, (40000, port), (1000, 0), 0x02)
            _, (_, _, seq, ack) = guest.get_segment(40000, 0x12, "SYN ACK")
            guest.segment(to, (40000, port), (ack, seq + 1), 0x14)
        elif what == "udp":
            guest.udp(socket.inet_aton(args[0]), int(args[1]), args[2].encode())
            print("udp answer", guest.get_udp(4444)[2].decode())
        elif what == "serve-udp":
            source, port, data = guest.get_udp(int(args[0]))
            guest.udp(source, port, b"you said " + data, int(args[0]))
        elif what == "serve-tcp":  # a byte of SYN is one that has come through
            source, (theirs, ours, seq, _) = guest.get_segment(int(args[0]), 0x02, "SYN")
            guest.segment(source, (ours, theirs), (5000, seq + 1), 0x12)
            guest.get_segment(int(args[0]), 0x10, "ACK")
            guest.segment(source, (ours, theirs), (5001, seq + 1), 0x18, args[1].encode())
            guest.segment(source, (ours, theirs), (5001 + len(args[1]), seq + 1), 0x11)
        elif what == "wait":
            open(args[0], "w", encoding="ascii").close()
            time.sleep(600)
        print("done", word, flush=True)


def echo(address, port):
    answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    answering.bind((address, int(port)))
    print("ready", flush=True)
    while True:
        data, peer = answering.recvfrom(1000)
        answering.sendto(b"you said " + data, peer)


# ---- 2013 ----------------------------------------------------------------------------------------

def old(count, wait="0"):
    """lib/host/compat2013.h has the protocol."""
    print("left=%s" % sorted(fd for fd in map(int, os.listdir("/proc/self/fd")) if fd > 2
                             and os.path.exists("/proc/self/fd/%d" % fd)))
    time.sleep(float(wait))
    path = "/tmp/mir-%d.sock" % os.getpid()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(1)
    for _ in range(int(count)):
        connection, _ = listening.accept()
        message, control, flags, _ = connection.recvmsg(11, socket.CMSG_SPACE(4))
        fd = struct.unpack("i", control[0][2])[0]
        print("%r %s %d" % (message.decode(), if_of(fd), flags & socket.MSG_CTRUNC), flush=True)
        connection.shutdown(socket.SHUT_RDWR)
    end = time.monotonic() + 2
    while os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)
    print("path is there" if os.path.exists(path) else "path is gone")


if __name__ == "__main__":
    {"wire": wire, "pump": pump, "show": show, "talk": talk, "echo": echo, "old": old}[sys.argv[1]](*sys.argv[2:])
