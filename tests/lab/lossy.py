"""A line between the lab's clients and all servers on which packets get lost and arrive twice.

The kernel's own means (netem) is a module that many kernels lack, so the packets take a way through this process: a TUN
device, to which all that leaves a client or goes to one is routed.  What comes back in is delivered as ever.  The
resolver's traffic and what stays on the loopback addresses keep their way.  Each packet fares by itself, in either
direction, UDP and TCP alike: with 10 % loss one exchange in five fails.
"""

import fcntl
import os
import random
import select
import struct
import subprocess
import threading
from pathlib import Path

from .namespace import CLIENT_V4, CLIENT_V6, RESOLVER_V4, RESOLVER_V6

DEVICE = "lossy"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_TABLE = "53"
_PACKET_OCTETS_MAX = 65535
_POLL_S = 0.2


def _ip(*commands):
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True)


class LossyLine:
    """Loses and doubles packets while it is open; use as a context manager, inside the namespace."""

    def __init__(self, loss_percent, duplicate_percent):
        self._loss, self._duplicate = loss_percent / 100, duplicate_percent / 100
        self._random = random.Random(53)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.packets = self.lost = self.doubled = 0

    def __enter__(self):
        try:
            self._device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise RuntimeError(f"no loss or duplication without TUN devices: /dev/net/tun: {error.strerror}") from error
        fcntl.ioctl(self._device, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
        # Nearly every address is one of this machine's, and a packet from such an address may come in by this device.
        for setting, value in (("accept_local", "1"), ("rp_filter", "0")):
            Path(f"/proc/sys/net/ipv4/conf/{DEVICE}/{setting}").write_text(value)
        Path("/proc/sys/net/ipv4/conf/all/rp_filter").write_text("0")
        _ip(f"link set {DEVICE} mtu {_PACKET_OCTETS_MAX} txqueuelen 10000 up")
        families = (("-4", CLIENT_V4, RESOLVER_V4, "127.0.0.0/8"), ("-6", CLIENT_V6, RESOLVER_V6, "::1"))
        for family, client, resolver, loopback in families:
            _ip(
                f"{family} route add default dev {DEVICE} src {client} table {_TABLE}",
                f"{family} rule add pref 40 lookup local",
                f"{family} rule add pref 20 to {loopback} lookup local",
                f"{family} rule add pref 20 from {resolver} lookup local",
                f"{family} rule add pref 20 to {resolver} lookup local",
                f"{family} rule add pref 30 iif lo lookup {_TABLE}",
                f"{family} rule del pref 0",
            )
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        os.close(self._device)

    def _run(self):
        while not self._ended.is_set():
            if not select.select([self._device], [], [], _POLL_S)[0]:
                continue
            packet = os.read(self._device, _PACKET_OCTETS_MAX)
            self.packets += 1
            if self._random.random() < self._loss:
                self.lost += 1
                continue
            os.write(self._device, packet)
            if self._random.random() < self._duplicate:
                self.doubled += 1
                os.write(self._device, packet)
