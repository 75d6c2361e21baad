#!/usr/bin/python3
"""Makes small ELF files: unikernels with Solo5's notes, and other things that a loader would read.

elf.py FILE TARGET[:VERSION] [DEVICE=net|block]...    a unikernel
    --machine=N --type=N      of the ELF header
    --without=abi|manifest    leave this note out
    --size=BYTES              padded to that (sparse)
elf.py FILE xen-pvh|xen-pvh32|xen-pv|xen-both|multiboot|multiboot32|static    what these are
"""
import struct
import sys

TARGETS = ['hvt', 'spt', 'virtio', 'muen', 'genode', 'xen']
BASE = 0x100000
LOAD, INTERP, NOTE = 1, 3, 4


def note(owner, kind, text):
    name = owner.encode() + b'\0'
    return struct.pack('<III', len(name), len(text), kind) + name + bytes(-len(name) % 4) + text


def manifest(devices):
    entries = [struct.pack('<68sI32x', b'', 1 << 30)]
    for device in devices:
        name, kind = device.split('=')
        entries.append(struct.pack('<68sI32x', name.encode(), {'block': 1, 'net': 2}[kind]))
    return note('Solo5', 0x3154464d, struct.pack('<4xII', 1, len(entries)) + b''.join(entries))


def abi(target, version):
    return note('Solo5', 0x31494241, struct.pack('<IIII', TARGETS.index(target) + 1, version, 0, 0))


def multiboot(offset, flags=1 << 16):
    return struct.pack('<IIIIIIII16x', 0x1badb002, flags, -(0x1badb002 + flags) & 0xffffffff,
                       BASE + offset, BASE, 0, 0, BASE + offset + 48)


def elf(parts, machine, kind):
    """parts: (segment type, bytes), each in a segment of its own"""
    at = 64 + 56 * len(parts)
    headers = body = b''
    for segment, text in parts:
        pad = -at % 8
        body += bytes(pad) + text
        at += pad
        headers += struct.pack('<IIQQQQQQ', segment, 5, at, BASE, BASE, len(text), len(text), 4)
        at += len(text)
    return struct.pack('<4s12BHHIQQQIHHHHHH', b'\x7fELF', 2, 1, 1, *([0] * 9), kind, machine, 1,
                       BASE, 64, 0, 0, 64, 56, len(parts), 64, 0, 0) + headers + body


def elf32(parts, kind):
    at = 52 + 32 * len(parts)
    headers = body = b''
    for segment, text in parts:
        headers += struct.pack('<IIIIIIII', segment, at, BASE, BASE, len(text), len(text), 5, 4)
        body += text
        at += len(text)
    return struct.pack('<4s12BHHIIIIIHHHHHH', b'\x7fELF', 1, 1, 1, *([0] * 9), kind, 3, 1,
                       BASE, 52, 0, 0, 52, 32, len(parts), 40, 0, 0) + headers + body


def main(path, what, *words):
    options = dict(w[2:].split('=', 1) for w in words if w.startswith('--'))
    devices = [w for w in words if not w.startswith('--')]
    machine, kind = int(options.get('machine', 62)), int(options.get('type', 2))
    code = (LOAD, b'\xf4\xeb\xfd\x90')
    pvh, pv = note('Xen', 18, struct.pack('<I', BASE)), note('Xen', 1, struct.pack('<Q', BASE))
    if what in ('xen-pvh', 'xen-pv', 'xen-both'):
        notes = {'xen-pvh': pvh, 'xen-pv': pv, 'xen-both': pv + pvh}[what]
        text = elf([code, (NOTE, notes)], machine, kind)
    elif what == 'multiboot':
        text = b'\xeb\xfe\x90\x90' + multiboot(4)
    elif what == 'multiboot32':
        text = elf32([(LOAD, multiboot(84, 3))], kind)
    elif what == 'xen-pvh32':
        text = elf32([code, (NOTE, note('Xen', 18, struct.pack('<I', BASE)))], kind)
    elif what == 'static':
        text = elf([code], machine, kind)
    else:
        target, _, version = what.partition(':')
        parts = [(INTERP, b'/nonexistent/solo5/\0'), code]
        if options.get('without') != 'abi':
            parts.append((NOTE, abi(target, int(version or 2))))
        if options.get('without') != 'manifest':
            parts.append((NOTE, manifest(devices)))
        text = elf(parts, machine, kind)
    with open(path, 'wb') as file:
        file.write(text)
        if 'size' in options:
            file.truncate(int(options['size']))


main(*sys.argv[1:])
