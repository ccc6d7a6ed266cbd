"""A small DNS client: just enough to ask the lab's servers and to read their verdict.

Queries carry RD, AD and an OPT record of 1232 octets without DO, as a CA's client sends them.  Replies come from servers
of the lab, so malformed ones are simply an error here; caascan itself has its own parser.
"""

import asyncio
import itertools
import socket
import struct
from dataclasses import dataclass, field

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "AAAA": 28, "CAA": 257}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN"}
_OPT = 41
_EDE = 15
_ids = itertools.count(1)
# Between two questions of one client: a burst of hundreds overflows the buffer of the server's socket.
_SPACING_S = 0.002
# A question without an answer is asked once more, should the datagram have been lost after all.
_AGAIN_AFTER_S = 5.0


@dataclass
class Reply:
    """What a reply says: rcode as text, flags, owner and type of each record, and the extended error, if any."""

    rcode: str
    authoritative: bool
    authenticated: bool
    truncated: bool
    answers: list = field(default_factory=list)
    authority: list = field(default_factory=list)
    extended_error: str = ""

    def has_answer(self, kind):
        return any(record_type == TYPES[kind] for _, record_type in self.answers)


def encode(ident, name, kind, recursion=True):
    """The wire form of a query."""
    wire_name = b"".join(
        bytes([len(label)]) + label for label in name.rstrip(".").encode("ascii").split(b".") if label
    )
    header = struct.pack("!6H", ident, 0x0120 if recursion else 0, 1, 0, 0, 1)
    opt = struct.pack("!BHHIH", 0, _OPT, 1232, 0, 0)
    return header + wire_name + struct.pack("!BHH", 0, TYPES[kind], 1) + opt


def _name(wire, at):
    """The name at an offset as text and the offset behind it; pointers are followed a bounded number of times."""
    parts, behind = [], None
    for _ in range(128):
        length = wire[at]
        if length >= 0xC0:
            behind = behind or at + 2
            at = struct.unpack_from("!H", wire, at)[0] & 0x3FFF
        elif length:
            parts.append(wire[at + 1:at + 1 + length].decode("latin-1"))
            at += 1 + length
        else:
            return ".".join(parts).lower() or ".", behind or at + 1
    raise ValueError("a name that does not end")


def _extended_error(rdata):
    at = 0
    while at + 4 <= len(rdata):
        code, length = struct.unpack_from("!HH", rdata, at)
        if code == _EDE and length >= 2:
            info = struct.unpack_from("!H", rdata, at + 4)[0]
            return f"{info} {rdata[at + 6:at + 4 + length].decode('utf-8', 'replace')}".strip()
        at += 4 + length
    return ""


def decode(wire):
    """A Reply from its wire form; ValueError, IndexError or struct.error when it cannot be read."""
    _, flags, questions, answers, authority, additional = struct.unpack_from("!6H", wire)
    reply = Reply(
        RCODES.get(flags & 15, str(flags & 15)), bool(flags & 0x0400), bool(flags & 0x0020), bool(flags & 0x0200)
    )
    at = 12
    for _ in range(questions):
        at = _name(wire, at)[1] + 4
    for count, section in ((answers, reply.answers), (authority, reply.authority), (additional, None)):
        for _ in range(count):
            owner, at = _name(wire, at)
            kind, _, _, length = struct.unpack_from("!HHIH", wire, at)
            rdata = wire[at + 10:at + 10 + length]
            at += 10 + length
            if section is not None:
                section.append((owner, kind))
            elif kind == _OPT:
                reply.extended_error = _extended_error(rdata)
    return reply


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ask(address, name, kind, *, port=53, wait_s=1.0, recursion=False):
    """One question, one datagram: the Reply, or None when nothing came in time or nobody listens."""
    ident = next(_ids) & 0xFFFF
    with socket.socket(_family(address), socket.SOCK_DGRAM) as udp:
        udp.settimeout(wait_s)
        udp.connect((address, port))
        try:
            udp.send(encode(ident, name, kind, recursion))
            while True:
                wire = udp.recv(65535)
                if wire[:2] == struct.pack("!H", ident):
                    return decode(wire)
        except OSError:
            return None


class Client(asyncio.DatagramProtocol):
    """Asks one server many questions at once over one socket; create it with `Client.connect`."""

    def __init__(self):
        self._waiting = {}
        self._transport = None
        self._server = None
        self._next = 0.0

    @classmethod
    async def connect(cls, address, port=53):
        _, client = await asyncio.get_running_loop().create_datagram_endpoint(cls, remote_addr=(address, port))
        client._server = (address, port)
        return client

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        waiting = self._waiting.pop(data[:2], None)
        if waiting and not waiting.done():
            waiting.set_result(decode(data))

    def error_received(self, exc):
        pass  # The resolver is known to be up; a stray ICMP message changes nothing.

    def close(self):
        self._transport.close()

    async def ask(self, name, kind, wait_s):
        """The Reply, or None after `wait_s` seconds; a truncated one is got again over TCP."""
        try:
            return await asyncio.wait_for(self._ask(name, kind), wait_s)
        except TimeoutError:
            return None

    async def _ask(self, name, kind):
        ident = struct.pack("!H", next(_ids) & 0xFFFF)
        query = encode(struct.unpack("!H", ident)[0], name, kind)
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        self._waiting[ident] = waiting
        try:
            self._next = max(self._next + _SPACING_S, loop.time())
            await asyncio.sleep(self._next - loop.time())
            while not waiting.done():
                self._transport.sendto(query)
                await asyncio.wait([waiting], timeout=_AGAIN_AFTER_S)
            reply = waiting.result()
        finally:
            self._waiting.pop(ident, None)
        return await self._ask_over_tcp(query) if reply.truncated else reply

    async def _ask_over_tcp(self, query):
        reader, writer = await asyncio.open_connection(*self._server)
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            return decode(await reader.readexactly(length))
        finally:
            writer.close()
