"""What the servers that can say so have logged themselves: every question, at which of their addresses, and when.

BIND names the address in its query log; dnsdist and the scripted servers keep one log for each address.  NSD logs no
questions, Knot's and PowerDNS's logs do not tell one address of theirs from another, and where nobody answers nobody logs.
"""

import ipaddress
import re
import time
from collections import defaultdict

from . import topology
from .manners import MANNERS
from .providers import FRONT_RULES

# 24-Nov-2026 18:00:00.123 client @0x7f… 45.76.0.10#5353 (www.x.org): query: www.x.org IN CAA -E(0)D (45.77.21.53)
_BIND = re.compile(r"^(\S+ [\d:]+)\.(\d{3}) client @\S+ (\S+)#\d+ .*: query: .* \((\S+)\)$")
# [1764007200.123] Packet from 45.76.0.10:5353 for www.x.org. CAA with id 4711
_FRONT = re.compile(r"^\[(\d+)\.(\d{3})\d*\] Packet from (\S+):\d+ for ")


def front_log(folder, address):
    """Where the questions at one address are logged, by dnsdist or by a scripted server."""
    return folder / f"front-{address.replace(':', '_')}.queries"


def _lines(file):
    return file.read_text(errors="replace").splitlines() if file.exists() else []


def _canonical(address):
    return str(ipaddress.ip_address(address.strip("[]")))


def questions(folder, since_s, without):
    """Times in ns by address, for every address that logs, also where it is none; without those of some sources."""
    times = defaultdict(list)

    def add(address, seconds, milliseconds, source):
        time_ns = (int(seconds) * 1000 + int(milliseconds)) * 1_000_000
        if time_ns >= since_s * 1e9 and _canonical(source) not in without:
            times[_canonical(address)].append(time_ns)

    for address in topology.listeners("bind"):
        times[_canonical(address)] = []
    for line in _lines(folder / "bind.log"):
        if found := _BIND.match(line):
            date, milliseconds, source, address = found.groups()
            # BIND logs local time.
            add(address, time.mktime(time.strptime(date, "%d-%b-%Y %H:%M:%S")), milliseconds, source)
    for group in topology.fronts(FRONT_RULES.keys() | MANNERS.keys()).values():
        for address in group:
            times[_canonical(address)] = []
            for line in _lines(front_log(folder, address)):
                if found := _FRONT.match(line):
                    add(address, *found.groups())
    return times
