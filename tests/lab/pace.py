"""How many questions each server address got, and how many of them in its busiest second.

A packet socket on `lo` sees every packet of the lab once on its way out and once on its way in; what comes in for port
53 is counted, with the kernel's time stamps: each UDP datagram, and each TCP segment that carries data (a query fits
one).  On a lossy line it is what goes out to the line, before any of it is lost or doubled.  The servers need not be
trusted to log, the silent ones and the closed ports count too, and a packet that the counter itself missed is reported
by the kernel.
"""

import ipaddress
import socket
import struct
import threading
from collections import defaultdict

_ETH_P_ALL = 0x0003
_PACKET_OUTGOING = 4
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_BUFFER_BYTES = 64 << 20
_HEADERS_BYTES = 128
_DNS_PORT = 53
_POLL_S = 0.2


def _destination(packet):
    """(source, destination) of a packet that carries a question, or None."""
    version = packet[0] >> 4
    if version == 4:
        at, protocol, ends = (packet[0] & 15) * 4, packet[9], packet[12:20]
        length = struct.unpack_from("!H", packet, 2)[0] - at
    elif version == 6:
        at, protocol, ends = 40, packet[6], packet[8:40]
        length = struct.unpack_from("!H", packet, 4)[0]
    else:
        return None
    if protocol not in (socket.IPPROTO_UDP, socket.IPPROTO_TCP):
        return None
    if struct.unpack_from("!H", packet, at + 2)[0] != _DNS_PORT:
        return None
    if protocol == socket.IPPROTO_TCP and length <= (packet[at + 12] >> 4) * 4:
        return None
    half = len(ends) // 2
    return str(ipaddress.ip_address(ends[:half])), str(ipaddress.ip_address(ends[half:]))


def busiest_second(times):
    """The most of the given times, in ns, that lie in any half-open second."""
    times, first, most = sorted(times), 0, 0
    for last, time_ns in enumerate(times):
        while time_ns - times[first] >= 1_000_000_000:
            first += 1
        most = max(most, last - first + 1)
    return most


class Counter:
    """Counts while it is open; sources in `without` are not counted.  Use as a context manager."""

    def __init__(self, without=(), device="lo"):
        self._device = device
        self._without = {str(ipaddress.ip_address(address)) for address in without}
        self._times = defaultdict(list)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.missed = 0

    def __enter__(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._socket.bind((self._device, _ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
                break
            except OSError:
                continue  # Forcing needs a right over the machine and not only over the namespace.
        self._socket.settimeout(_POLL_S)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self.missed = struct.unpack("=II", statistics)[1]
        self._socket.close()

    def _run(self):
        while True:
            try:
                packet, ancillary, _, sender = self._socket.recvmsg(_HEADERS_BYTES, 64)
            except TimeoutError:
                if self._ended.is_set():
                    return
                continue
            if (sender[2] == _PACKET_OUTGOING) == (self._device == "lo"):
                continue
            ends = _destination(packet)
            if ends and ends[0] not in self._without:
                for level, kind, data in ancillary:
                    if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                        seconds, nanoseconds = struct.unpack("=qq", data[:16])
                        self._times[ends[1]].append(seconds * 1_000_000_000 + nanoseconds)

    def busiest(self):
        """(questions in the busiest second, questions in all, address), the busiest first."""
        return sorted(
            ((busiest_second(times), len(times), address) for address, times in self._times.items()),
            key=lambda found: (-found[0], -found[1], found[2]),
        )
