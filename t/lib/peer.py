"""The host's side of a tap for the tests of unix-direct: frames by hand, and what comes back. A test's script imports all
of it. Its arguments are the interface, and the program's IPv4 and MAC addresses.
"""
import random, socket, struct, sys, time

from guest import checksum

HOST, GUEST = socket.inet_aton('10.0.0.1'), socket.inet_aton(sys.argv[2])
THEIR = bytes.fromhex(sys.argv[3].replace(':', ''))
OUR = bytes.fromhex('0200000000aa')
ALL = b'\xff' * 6
socket_ = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
socket_.bind((sys.argv[1], 0))

def summed(data, at):
    data = data[:at] + b'\0\0' + data[at + 2:]
    return data[:at] + struct.pack('!H', checksum(data)) + data[at + 2:]

def ether(payload, type=0x0800, to=THEIR, source=OUR):
    return to + source + struct.pack('!H', type) + payload

def ip(payload, source=HOST, to=GUEST, protocol=1, options=b'', fragment=0, version=4, tos=0, ihl=None,
       total=None, bad=0):
    words = 5 + len(options) // 4 if ihl is None else ihl
    length = 20 + len(options) + len(payload) if total is None else total
    header = struct.pack('!BBHHHBBH4s4s', version << 4 | words, tos, length, 7, fragment, 9, protocol, 0,
                         source, to) + options
    header = summed(header, 10)
    return header[:10] + bytes([header[10] ^ bad]) + header[11:] + payload

def echo(seq, data=b'', id=0x1234, type=8, code=0, bad=0):
    message = summed(struct.pack('!BBHHH', type, code, 0, id, seq) + data, 2)
    return message[:2] + bytes([message[2] ^ bad]) + message[3:]

def arp(oper=1, htype=1, ptype=0x800, lengths=(6, 4), sender=HOST, target=GUEST):
    return struct.pack('!HHBBH6s4s6s4s', htype, ptype, *lengths, oper, OUR, sender, b'\0' * 6, target)

def send(frame):
    socket_.send(frame)

# The next frame from the program, to us or anybody.
def receive(timeout=10):
    end = time.monotonic() + timeout
    while True:
        socket_.settimeout(max(0.001, end - time.monotonic()))
        frame, (_, _, kind, _, _) = socket_.recvfrom(70000)
        if kind != socket.PACKET_OUTGOING and frame[6:12] == THEIR:
            return frame

# What comes before the answer to an echo request that is sent last: all that was answered.
def answers(*frames):
    global last
    last += 1
    for frame in frames:
        send(frame)
    send(ether(ip(echo(last, b'last', id=0xffff))))
    got = []
    while True:
        frame = receive()
        if frame[12:14] == b'\x08\0' and frame[-4:] == b'last' and frame[38:42] == struct.pack('!HH', 0xffff, last):
            return got
        got.append(frame)
last = 0

def ignored(what, *frames):
    got = answers(*frames)
    if got:
        sys.exit('%s: answered with %s' % (what, got[0].hex()))

def replied(what, request, seq, data, tos=0):
    got = answers(request)
    wanted = ether(ip(b''), to=OUR, source=THEIR)[:14]
    if len(got) != 1:
        sys.exit('%s: %d answers' % (what, len(got)))
    frame = got[0]
    header, message = frame[14:34], frame[34:]
    if (frame[:14] != wanted or checksum(header) or header[0] != 0x45 or header[1] != tos or header[9] != 1
            or struct.unpack('!H', header[2:4])[0] != len(frame) - 14 or header[12:] != GUEST + HOST
            or message != echo(seq, data, type=0)):
        sys.exit('%s: wrong answer %s' % (what, frame.hex()))
