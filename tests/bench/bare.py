"""A client that does nothing but send and receive: the floor of what a question can cost on this machine."""

import ipaddress
import json

from .namespace import Server, Used, measure

FIRST, PORT = "45.80.0.1", "5353"


def servers(count):
    base = ipaddress.IPv4Address(FIRST)
    return [f"{base + offset}:{PORT}" for offset in range(count)]


def responder(bench, *options):
    return Server(bench.folder / "report.json", bench.program("wire_responder"), "--port", PORT, *options)


def client(bench, count, addresses, *options):
    """Beside a `responder`. What was used, the answers, the questions without one."""
    measured = measure(bench.folder, bench.program("bare_client"), "--to", FIRST, "--port", PORT, "--count", str(count),
                       "--addresses", str(addresses), *options)
    said = json.loads((bench.folder / "log").read_text())
    # What it spends before its clock starts is no part of the floor.
    used = Used(said["seconds"], said["user_s"], said["system_s"], measured.peak_mib, 0)
    return used, said["answers"], said["sent"] - said["answers"]
