"""The scripted servers: one process for all of them, each address with a manner of manners.py.

    python3 -m lab.scripted CONFIGURATION.json

They stand in front of a real server as dnsdist does, and do to its answers what dnsdist cannot.  Nothing is cached but
the chains of NSEC records, which never change.  Every question is logged with the address that got it.
"""

import asyncio
import json
import socket
import struct
import sys
import time
from pathlib import Path

from .manners import MANNERS, RESET
from .message import DO, OPT, SOA, TC, Message, Record

READY = "ready"
_BACKEND = "127.0.0.1"
_ANSWER_WITHIN_S = 5.0
_PLAIN_OCTETS_MAX = 512
_EDNS_OCTETS = 1232


class _Datagrams(asyncio.DatagramProtocol):
    """A socket whose datagrams go to `receive(data, sender)`."""

    def __init__(self, receive):
        self._receive = receive

    def datagram_received(self, data, addr):
        self._receive(data, addr)

    def error_received(self, exc):
        pass  # An ICMP message about a client that is gone.


class Backend:
    """The real server behind the fronts: any number of questions at once, over TCP where UDP does not do."""

    def __init__(self, port):
        self._port = port
        self._waiting = {}
        self._last = 0
        self._transport = None

    async def start(self):
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self._received), remote_addr=(_BACKEND, self._port)
        )

    def _received(self, data, _):
        waiting = self._waiting.pop(data[:2], None)
        if waiting and not waiting.done():
            waiting.set_result(data)

    async def ask(self, query):
        """The reply in full to the octets of a query, with the query's ID; TimeoutError when there is none."""
        self._last = (self._last + 1) & 0xFFFF
        ours = self._last.to_bytes(2, "big")
        self._waiting[ours] = waiting = asyncio.get_running_loop().create_future()
        try:
            self._transport.sendto(ours + query[2:])
            reply = Message.parse(await asyncio.wait_for(waiting, _ANSWER_WITHIN_S))
        finally:
            self._waiting.pop(ours, None)
        if reply.flags & TC:
            reply = Message.parse(await asyncio.wait_for(self._ask_over_tcp(query), _ANSWER_WITHIN_S))
        reply.ident = int.from_bytes(query[:2], "big")
        return reply

    async def _ask_over_tcp(self, query):
        reader, writer = await asyncio.open_connection(_BACKEND, self._port)
        try:
            writer.write(len(query).to_bytes(2, "big") + query)
            length = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(length)
        finally:
            writer.close()


class Asked:
    """One question of a client."""

    def __init__(self, backend, query, over_tcp):
        self._backend = backend
        self._query = query
        self.message = Message.parse(query)
        self.name, self.kind, _ = self.message.questions[0]
        self.over_tcp = over_tcp

    async def reply(self):
        """What the real server says."""
        return await self._backend.ask(self._query)

    async def ask(self, name, kind):
        """What the real server says to another question, asked with DO."""
        opt = Record((), OPT, DO, b"", _EDNS_OCTETS)
        return await self._backend.ask(Message(0, 0, [(name, kind, 1)], additional=[opt]).wire())

    async def zone(self):
        """The apex of the zone to which the real server counts the name; for a delegation, the zone it is made in."""
        for cut in range(len(self.name)):
            reply = await self.ask(self.name[cut:], SOA)
            for record in (*reply.answers, *reply.authority):
                if record.kind == SOA:
                    return record.owner
        return ()

    def fitted(self, message):
        """The octets of a message, truncated where the client cannot take so many in a datagram."""
        wire = message.wire()
        opt = self.message.opt
        room = min(max(opt.klass, _PLAIN_OCTETS_MAX), _EDNS_OCTETS) if opt else _PLAIN_OCTETS_MAX
        if self.over_tcp or len(wire) <= room:
            return wire
        message.clear()
        message.set(TC)
        return message.wire()


class Front:
    """One address."""

    def __init__(self, address, manner, backend, log):
        self._address = address
        self._answer = MANNERS[manner]
        self._backend = backend
        self._log = log
        self._transport = None
        self._tasks = set()

    async def start(self):
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._datagram), local_addr=(self._address, 53)
        )
        await asyncio.start_server(self._connection, self._address, 53)

    async def _result(self, query, client, over_tcp):
        """Octets, None or RESET."""
        self._log.write(f"[{time.time():.3f}] Packet from {client[0]}:{client[1]} for a question\n")
        try:
            asked = Asked(self._backend, query, over_tcp)
            result = await self._answer(asked)
            return asked.fitted(result) if isinstance(result, Message) else result
        except (ValueError, IndexError, struct.error, TimeoutError, StopIteration, RuntimeError) as error:
            print(f"{self._address}: {error!r}", flush=True)
            return None

    def _datagram(self, query, client):
        async def answer():
            result = await self._result(query, client, over_tcp=False)
            if isinstance(result, bytes):
                self._transport.sendto(result, client)

        task = asyncio.ensure_future(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, reader, writer):
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                query = await reader.readexactly(length)
                result = await self._result(query, writer.get_extra_info("peername"), over_tcp=True)
                if result is RESET:
                    # No lingering: the kernel ends the connection with a reset.
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    return
                if result is not None:
                    writer.write(len(result).to_bytes(2, "big") + result)
                    await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass  # The client has ended it.
        finally:
            writer.close()


async def _serve(fronts):
    backends = {}
    for front in fronts:
        if front["port"] not in backends:
            backends[front["port"]] = Backend(front["port"])
            await backends[front["port"]].start()
        log = open(front["log"], "w", buffering=1, encoding="ascii")
        await Front(front["address"], front["manner"], backends[front["port"]], log).start()
    print(READY, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text())))
