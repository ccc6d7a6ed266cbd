"""caascan's own iteration against the resolver, name by name, in one start of the lab; and the pace of it.

Both are asked for the same names.  What counts is what a CA would do: a name is good (found or empty), servfail or
timeout.  Names whose outcome hangs on more than the zone are excepted, each by name, as the table marks them
(EXCEPTED); every other difference makes it fail, and so does an address that was asked more often in one second than it
may be.
"""

import asyncio
import ipaddress
import json
import subprocess
import time
from pathlib import Path

from . import lossy, names, namespace, own_logs, topology
from .pace import Counter, busiest_second
from .providers import PROVIDERS
from .servers import RESOLVER
from .verify import measure
from .zones import HANGS_ON

NAMESERVER_QPS = 50
INFRASTRUCTURE_QPS = 500
_SHOWN_ADDRESSES = 10
_LOOPBACK = ("127.0.0.1", "::1")
_RUN_WITHIN_S = 400


def _infrastructure():
    """The addresses of root and registry servers."""
    return {
        str(ipaddress.ip_address(address))
        for provider in PROVIDERS.values() for nameserver in provider.nameservers for address in nameserver.addresses
        if nameserver.manner in ("root", "registry")
    }


def _hosts():
    return {
        str(ipaddress.ip_address(address)): f"{nameserver.host} ({nameserver.manner})"
        for provider in PROVIDERS.values() for nameserver in provider.nameservers for address in nameserver.addresses
    }


def _run(caascan, folder, rows, qps):
    """Outcome and cause by name, from what `caascan run` published; a name that is in no list is good."""
    listed = folder / "compare.names"
    listed.write_text("".join(f"{row.scanned}\n" for row in rows))
    out = folder / "compare.out"
    command = [
        caascan, "run", "--ct", str(listed), "--out", str(out), "--root-hints", str(folder / "root.hints"),
        "--trust-anchor", str(folder / "root.ds"),
        "--confirm-after", "1s", "--progress", "off", *(["--server-qps", str(qps)] if qps else []),
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, timeout=_RUN_WITHIN_S, check=False, preexec_fn=namespace.die_with_parent
    )
    if done.returncode != 0:
        raise RuntimeError(f"{caascan} run ended with {done.returncode}")
    current = out / "current"
    outcomes = {row.scanned: "good" for row in rows}
    for outcome in ("servfail", "timeout"):
        for part in ("namebright", "other"):
            for name in (current / f"{outcome}-list-{part}.txt").read_text().split():
                outcomes[name] = outcome
    findings = subprocess.run(
        ["zstd", "-dcq", str(current / "findings.ndjson.zst")], check=True, capture_output=True, text=True
    ).stdout
    causes = {finding["name"]: finding["cause"] for finding in map(json.loads, findings.splitlines())}
    balance = json.loads((current / "summary.json").read_text())["names_by_outcome"]
    unreached = balance["not-reached"] + balance["excluded"]
    return outcomes, causes, unreached


def _print_pace(counter, qps):
    """The busiest addresses; returns how many are over their limit."""
    infrastructure, hosts = _infrastructure(), _hosts()
    limits = (qps or NAMESERVER_QPS, qps or INFRASTRUCTURE_QPS)
    busiest = counter.busiest()
    over = [line for line in busiest if line[0] > limits[line[2] in infrastructure]]
    print(f"\n{'address':26} {'busiest s':>9} {'limit':>6} {'in all':>7}  server")
    for most, total, address in [*over, *[line for line in busiest if line not in over][:_SHOWN_ADDRESSES]]:
        limit = limits[address in infrastructure]
        print(
            f"{address:26} {most:9} {limit:6g} {total:7}  {hosts.get(address, 'no server of the lab')}"
            + ("   OVER THE LIMIT" if most > limit else "")
        )
    strangers = [address for *_, address in busiest if address not in hosts]
    special = [a for *_, a in busiest if not ipaddress.ip_address(a).is_global]
    for address in {*strangers, *special}:
        print(f"{address} must not be asked")
    if counter.missed:
        print(f"the counter missed {counter.missed} packets")
    print(
        f"{len(busiest)} addresses got {sum(total for _, total, _ in busiest)} questions, {len(over)} over the limit; "
        f"busiest nameserver {max((m for m, _, a in busiest if a not in infrastructure), default=0)} a second, "
        f"busiest root or TLD server {max((m for m, _, a in busiest if a in infrastructure), default=0)}"
    )
    return len(over) + len({*strangers, *special}) + bool(counter.missed)


def _check_counter(counter, logged):
    """The counter beside what servers logged themselves; returns the number of addresses where they differ."""
    counted = {address: (most, total) for most, total, address in counter.busiest()}
    different = 0
    for address, times in sorted(logged.items()):
        most, total = counted.get(address, (0, 0))
        if total != len(times):
            different += 1
            print(f"{address}: {total} questions counted, but {len(times)} in the log of its server")
    most = max(map(busiest_second, logged.values()))
    total = sum(map(len, logged.values()))
    print(
        f"{len(logged)} of the addresses keep logs of their own: {total} questions, "
        f"{most} in the busiest second; {different} differ from the counter"
    )
    return different


# Marks of the table (HANGS_ON in zones.py) that excuse a difference -> the outcomes, the resolver's and caascan's, that
# they excuse; None excuses any.
EXCEPTED = {
    "chance": None,
    "version": None,
    # The resolver says SERVFAIL in the end, or when it knows the silent servers already; caascan says servfail, because
    # a server answered.
    "history": {("timeout", "servfail")},
}


def _excused(hangs_on, outcomes):
    return hangs_on in EXCEPTED and (EXCEPTED[hangs_on] is None or outcomes in EXCEPTED[hangs_on])


def compare(folder, caascan, qps=None, line=None):
    """Prints the tables; True when all is as it should be.  `line` is the LossyLine before caascan, if any."""
    folder = Path(folder)
    rows = names.lookups()
    seen = asyncio.run(measure(*RESOLVER))
    others = (namespace.RESOLVER_V4, namespace.RESOLVER_V6, *_LOOPBACK)
    began = time.time()
    with Counter(others, lossy.DEVICE if line else "lo") as counter:
        outcomes, causes, unreached = _run(caascan, folder, rows, qps)
    logged = own_logs.questions(folder, began, others)
    equal, different, excepted = 0, 0, {mark: [] for mark in EXCEPTED}
    print(f"{'name':42} {'unbound':9} {'caascan':9} {'zone':30} cause")
    for row in rows:
        resolver = seen[row.scanned].outcome
        resolver = "good" if resolver in ("found", "empty") else resolver
        zone = topology.all_zones()[row.zone] if row.zone != "-" else topology.zone_of(row.scanned)
        mark = ""
        if outcomes[row.scanned] == resolver:
            equal += 1
        elif _excused(row.hangs_on, (resolver, outcomes[row.scanned])):
            excepted[row.hangs_on].append(row.scanned)
            mark = f"   excepted: {row.hangs_on}"
        else:
            different += 1
            mark = "   DIFFERS"
        print(
            f"{row.scanned:42} {resolver:9} {outcomes[row.scanned]:9} {zone.name:30} "
            f"{causes.get(row.scanned, '-')}{mark}"
        )
    too_fast = _print_pace(counter, qps)
    if line:
        print(f"{line.packets} packets on the line, {line.lost} lost, {line.doubled} doubled")
    else:
        too_fast += _check_counter(counter, logged)
    if unreached:
        print(f"{unreached} names were not reached")
    print()
    for mark, excused in excepted.items():
        print(f"excepted, {mark} ({HANGS_ON[mark]}): {', '.join(excused) or 'none'}")
    print(f"{len(rows)} compared, {equal} equal, {sum(map(len, excepted.values()))} excepted, {different} differ")
    return not different and not unreached and not too_fast
