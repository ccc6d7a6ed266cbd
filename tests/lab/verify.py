"""Asks the lab's resolver for CAA as a CA would, and compares what it says with the table.

Each name is climbed as RFC 8659 section 3 says: the name, then each parent up to the TLD; the first label that fails or
has a set ends it.  15 seconds without an answer count as a time-out.  For a name that fails, two more questions tell
what kind of fault it is: A for the failing label, and NS for the zone at fault.

A resolver remembers silent servers: minutes later it answers SERVFAIL at once for every name of their zones.  The table
states what a CA sees first, so all names are asked at the same time and of a resolver that has just been started.
"""

import asyncio
import time
from dataclasses import dataclass

from . import names
from .question import Client

NO_ANSWER_AFTER_S = 15.0


@dataclass
class Seen:
    """What the resolver made of one name."""

    outcome: str
    label: str
    control: str = "-"
    zone_ns: str = "-"
    detail: str = ""
    seconds: float = 0.0


class Resolver:
    """The lab's Unbound as a CA uses it; each label is asked once."""

    def __init__(self, client):
        self._client = client
        self._replies = {}

    async def _reply(self, name, kind):
        key = (name, kind)
        if key not in self._replies:
            self._replies[key] = asyncio.ensure_future(self._client.ask(name, kind, NO_ANSWER_AFTER_S))
        return await self._replies[key]

    async def climb(self, name):
        label = name
        while label:
            reply = await self._reply(label, "CAA")
            if reply is None:
                return Seen("timeout", label)
            if reply.rcode not in ("NOERROR", "NXDOMAIN"):
                # To a CA any other code is as good, or bad, as SERVFAIL.
                return Seen("servfail", label, detail=" ".join(filter(None, (reply.rcode, reply.extended_error))))
            if reply.has_answer("CAA"):
                return Seen("found", label)
            label = label.partition(".")[2]
        return Seen("empty", "-")

    async def _timed_climb(self, name):
        began = time.monotonic()
        seen = await self.climb(name)
        seen.seconds = time.monotonic() - began
        return seen

    async def answers(self, name, kind):
        reply = await self._reply(name, kind)
        good = reply is not None and reply.rcode in ("NOERROR", "NXDOMAIN") and (kind != "NS" or reply.has_answer("NS"))
        return "answers" if good else "fails"

    async def look_up(self, row):
        """All questions for one name; the control questions need not wait for the verdict that the table expects."""
        if row.zone == "-":
            return await self._timed_climb(row.scanned)
        seen, control, zone_ns = await asyncio.gather(
            self._timed_climb(row.scanned), self.answers(row.label, "A"), self.answers(row.zone, "NS")
        )
        seen.control, seen.zone_ns = control, zone_ns
        return seen


async def measure(address, port):
    """What the resolver makes of every name: a Seen by name."""
    rows = names.lookups()
    client = await Client.connect(address, port)
    resolver = Resolver(client)
    seen = await asyncio.gather(*(resolver.look_up(row) for row in rows))
    client.close()
    return dict(zip((row.scanned for row in rows), seen))


def _mark(row):
    return "by chance" if row.hangs_on == "chance" else "DIFFERS"


def verify(resolver):
    """Prints one line for each name; returns the number of names on which table and resolver differ but by chance."""
    measured = asyncio.run(measure(*resolver))
    different, by_chance = 0, 0
    print(f"{'name':42} {'expected':9} {'measured':9} {'ended at':30} {'A':8} {'zone NS':8} {'s':>4} detail")
    for row in names.lookups():
        seen = measured[row.scanned]
        wrong = (seen.outcome, seen.label, seen.control, seen.zone_ns) != (
            row.outcome, row.label, row.control, row.zone_ns
        )
        by_chance += wrong and row.hangs_on == "chance"
        different += wrong and row.hangs_on != "chance"
        mark = f"   {_mark(row)}: expected {row.label} {row.control} {row.zone_ns}" if wrong else ""
        print(
            f"{row.scanned:42} {row.outcome:9} {seen.outcome:9} {seen.label:30} {seen.control:8} {seen.zone_ns:8} "
            f"{seen.seconds:4.1f} {seen.detail}{mark}"
        )
    print(f"{len(measured)} names, {different} differ, {by_chance} differ by chance")
    return different
