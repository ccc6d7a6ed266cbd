"""DNS messages as the scripted servers need them: taken apart, changed at will, and put together without compression.

Nothing here insists on a message being right; to write wrong ones is the purpose.  Names are tuples of labels in the
case in which they came, () is the root.
"""

import struct
from dataclasses import dataclass, field

A, NS, CNAME, SOA, PTR, MX, TXT, DNAME, OPT, DS, RRSIG, NSEC, DNSKEY, NSEC3, CAA = (
    1, 2, 5, 6, 12, 15, 16, 39, 41, 43, 46, 47, 48, 50, 257,
)
QR, AA, TC, RA = 0x8000, 0x0400, 0x0200, 0x0080
_RCODE = 0x000F
_STEPS_MAX = 256
DO = 0x8000


def lower(name):
    return tuple(label.lower() for label in name)


def parse_text(text):
    """A name from its text, which has no escapes."""
    return tuple(label.encode("ascii") for label in text.split(".") if label)


def read_name(wire, at):
    """The name at an offset and the offset behind it."""
    labels, behind = [], None
    for _ in range(_STEPS_MAX):
        length = wire[at]
        if length >= 0xC0:
            behind = behind or at + 2
            at = struct.unpack_from("!H", wire, at)[0] & 0x3FFF
        elif length:
            labels.append(wire[at + 1:at + 1 + length])
            at += 1 + length
        else:
            return tuple(labels), behind or at + 1
    raise ValueError("a name that does not end")


def write_name(name):
    return b"".join(bytes([len(label)]) + label for label in name) + b"\0"


def _expanded(wire, kind, at, length):
    """The rdata with the names in it written out."""
    if kind in (NS, CNAME, PTR, DNAME):
        return write_name(read_name(wire, at)[0])
    if kind == MX:
        return wire[at:at + 2] + write_name(read_name(wire, at + 2)[0])
    if kind == SOA:
        host, behind = read_name(wire, at)
        mailbox, behind = read_name(wire, behind)
        return write_name(host) + write_name(mailbox) + wire[behind:behind + 20]
    return wire[at:at + length]


@dataclass
class Record:
    """One record; `rdata` holds no compressed names."""

    owner: tuple
    kind: int
    ttl: int
    rdata: bytes
    klass: int = 1

    def wire(self):
        head = struct.pack("!HHIH", self.kind, self.klass, self.ttl, len(self.rdata))
        return write_name(self.owner) + head + self.rdata

    @property
    def covered(self):
        """The type that an RRSIG covers."""
        return struct.unpack_from("!H", self.rdata)[0] if self.kind == RRSIG else None


@dataclass
class Message:
    """A message; questions are (name, type, class)."""

    ident: int
    flags: int
    questions: list
    answers: list = field(default_factory=list)
    authority: list = field(default_factory=list)
    additional: list = field(default_factory=list)

    @classmethod
    def parse(cls, wire):
        """ValueError, IndexError or struct.error when it cannot be read."""
        ident, flags, *counts = struct.unpack_from("!6H", wire)
        message, at = cls(ident, flags, []), 12
        for _ in range(counts[0]):
            name, at = read_name(wire, at)
            message.questions.append((name, *struct.unpack_from("!HH", wire, at)))
            at += 4
        for count, section in zip(counts[1:], message.sections()):
            for _ in range(count):
                owner, at = read_name(wire, at)
                kind, klass, ttl, length = struct.unpack_from("!HHIH", wire, at)
                section.append(Record(owner, kind, ttl, _expanded(wire, kind, at + 10, length), klass))
                at += 10 + length
        return message

    def wire(self):
        sections = self.sections()
        header = struct.pack("!6H", self.ident, self.flags, len(self.questions), *map(len, sections))
        questions = b"".join(write_name(name) + struct.pack("!HH", kind, klass) for name, kind, klass in self.questions)
        return header + questions + b"".join(record.wire() for section in sections for record in section)

    def sections(self):
        return self.answers, self.authority, self.additional

    def strip(self, unwanted):
        """Takes every record out for which `unwanted(record)` is true."""
        for section in self.sections():
            section[:] = [record for record in section if not unwanted(record)]

    def clear(self, *, keep_opt=True):
        """Leaves the header, the question and, if wanted, the OPT record."""
        self.strip(lambda record: not (keep_opt and record.kind == OPT))

    def set(self, flag, on=True):
        self.flags = self.flags | flag if on else self.flags & ~flag

    @property
    def opt(self):
        return next((record for record in self.additional if record.kind == OPT), None)

    @property
    def rcode(self):
        return self.flags & _RCODE

    @rcode.setter
    def rcode(self, code):
        self.flags = self.flags & ~_RCODE | code
