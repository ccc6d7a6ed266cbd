"""Measures and judges the programs of scripts/bench.

usage: wire.py client FOLDER KIND -- COMMAND…   runs a client; its figures go to FOLDER/client.json, its words to log
       wire.py keep FOLDER NAMES                adds that run to FOLDER/runs.ndjson, once its responder has ended
       wire.py forged FOLDER NAMES              judges a run in which answers were forged
       wire.py breakdown FOLDER                 says where the CPU of the run in FOLDER/perf.data went
       wire.py table FOLDER                     prints all figures and the limits; status 1: one is not kept
       wire.py resolvers FIRST COUNT PORT       prints COUNT addresses from FIRST on, one a line

KIND names a row: bare, segmented, massdns or caascan, a dash, and `one` or `many` servers. The responder of each run
has written FOLDER/report.json, caascan FOLDER/summary.json.
"""

import ipaddress
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

# Limits; CPU is that of the client alone, for each answered question.
ONE_CPU_MAX = 0.55  # of massdns's
ONE_RATE_MIN = 1.8  # of massdns's
MANY_CPU_MAX = 0.85  # of massdns's
MANY_ABOVE_BARE_MAX = 0.5  # of what massdns takes above the bare client
FORGED_MIN = 2_000_000

# Who a symbol belongs to; the first pattern that is found counts.
PARTS = (
    ("parsing (wire)", r"caascan::wire::|ldns_"),
    ("engine", r"caascan::engine::"),
    ("sockets and event loop", r"caascan::net::|boost::asio|UdpSockets|EventLoop"),
    ("reading names", r"caascan::dump::|caascan::ingest|caascan::DomainName|caascan::NameQueue|canonical|psl_|idn2_"),
    ("output", r"caascan::"),
    ("allocation and copying (libc)", r""),
)


def _client(folder, kind, command):
    started = time.monotonic()
    with (folder / "log").open("wb") as log:
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)])
        _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    status = os.waitstatus_to_exitcode(status)
    if status != 0:
        sys.stderr.write(f"  status {status}: {(folder / 'log').read_text(errors='replace')}")
        return 1
    figures = {"kind": kind, "seconds": seconds, "user_s": used.ru_utime, "system_s": used.ru_stime}
    if kind.startswith(("bare", "segmented")):
        # What it spends before its clock starts is no part of the floor.
        figures.update(json.loads((folder / "log").read_text()))
    (folder / "client.json").write_text(json.dumps(figures))
    return 0


def _keep(folder, names):
    """Adds the run whose responder has just ended."""
    figures = json.loads((folder / "client.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    kind = figures["kind"]
    lost = report["questions_dropped"] + report["answers_lost"]
    answered = report["answers"]
    if kind.startswith("caascan"):
        scan = json.loads((folder / "summary.json").read_text())["scan"]
        answered = scan["replies"]
        lost += report["answers"] - answered
    elif kind.startswith("massdns"):
        # It says nothing of answers that it did not see; but then it asks again.
        answered = names
        lost += report["questions"] - names
    else:
        answered = figures["answers"]
        lost += figures["sent"] - answered
    figures.update(answered=answered, lost=lost, names=names)
    with (folder / "runs.ndjson").open("a") as runs:
        print(json.dumps(figures), file=runs)
    cpu = 1e6 * (figures["user_s"] + figures["system_s"]) / answered
    print(f"  {kind}: {answered / figures['seconds']:.0f} answers/s, {cpu:.2f} µs of CPU each, {lost} lost", end="; ")
    print(f"responder {1e6 * report['cpu_s'] / max(1, report['questions']):.2f} µs at {report['addresses']} addresses")
    return 0


def _forged(folder, names):
    scan = json.loads((folder / "summary.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    outcomes = {word: count for word, count in scan["names_by_outcome"].items() if count}
    kinds = ("mismatch_id", "mismatch_address", "mismatch_case", "mismatch_question")
    seen = {kind: scan["scan"][kind] for kind in kinds}
    result = {
        "forged": report["forged"], "seen": sum(seen.values()) + scan["scan"]["late"], "kinds": seen,
        "believed": names - outcomes.get("empty", 0),
        "kept": report["forged"] >= FORGED_MIN and outcomes == {"empty": names} and all(seen.values()),
    }
    (folder / "forged.json").write_text(json.dumps(result))
    print(f"  {report['forged']} forged replies around {report['answers']} true ones;", end=" ")
    print(", ".join(f"{kind} {count}" for kind, count in seen.items()), end="; outcomes: ")
    print(", ".join(f"{word} {count}" for word, count in outcomes.items()))
    return 0


def _breakdown(folder):
    report = subprocess.run(
        ["perf", "report", "-i", folder / "perf.data", "--stdio", "-q", "--no-children", "--sort", "dso,symbol",
         "-F", "period,dso,symbol", "-t", "\t"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    shares, total = {}, 0
    for line in report.stdout.splitlines():
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) < 3 or not fields[0].isdigit():
            continue
        period, symbol = int(fields[0]), fields[2]
        part = "kernel"
        if not symbol.startswith("[k]"):
            part = next(name for name, pattern in PARTS if re.search(pattern, symbol))
        shares[part] = shares.get(part, 0) + period
        total += period
    if total:
        (folder / "breakdown.json").write_text(json.dumps({part: count / total for part, count in shares.items()}))
    return 0


def _row(what, figures=None, ratio="", limit="", kept=None):
    columns = figures or [""] * 4
    verdict = {None: "", True: "met", False: "NOT MET"}[kept]
    text = "".join(f"{column:>14}" for column in columns)
    print(f"{what:<52}{text}  {ratio:>7}  {limit:<9}{verdict}".rstrip())


def _cpu(run):
    return 1e6 * (run["user_s"] + run["system_s"]) / run["answered"]


def _rate(run):
    return run["answered"] / run["seconds"]


def _table(folder):
    runs = {}
    for line in (folder / "runs.ndjson").read_text().splitlines():
        run = json.loads(line)
        runs.setdefault(run["kind"], []).append(run)
    good = True

    def medians(kind):
        if kind not in runs:
            return ["not measured", "", "", ""]
        per = [[_rate(run), 1e6 * run["user_s"] / run["answered"],
                1e6 * run["system_s"] / run["answered"], _cpu(run)] for run in runs[kind]]
        rate, *cpu = [statistics.median(figure) for figure in zip(*per, strict=True)]
        return [f"{rate:.0f}", *(f"{one:.2f}" for one in cpu)]

    def limit(what, ratios, bound, at_most):
        nonlocal good
        if not ratios:
            _row(what, ratio="-", limit=f"{'<=' if at_most else '>='} {bound}")
            return
        ratio = statistics.median(ratios)
        kept = ratio <= bound if at_most else ratio >= bound
        good = good and kept
        _row(what, ratio=f"{ratio:.2f}", limit=f"{'<=' if at_most else '>='} {bound}", kept=kept)

    def pairs(ours, other):
        return zip(runs.get(ours, []), runs.get(other, []), strict=False)

    print()
    _row("what", ["answers/s", "µs user", "µs system", "µs CPU"], "ratio", "limit")
    print("one server, asked as a resolver")
    for kind, what in (("bare-one", "bare client, sendmmsg"), ("segmented-one", "bare client, UDP_SEGMENT"),
                       ("massdns-one", "massdns"), ("caascan-one", "caascan")):
        _row("  " + what, medians(kind))
    limit("  caascan: CPU to massdns's", [_cpu(a) / _cpu(b) for a, b in pairs("caascan-one", "massdns-one")],
          ONE_CPU_MAX, True)
    limit("  caascan: answers/s to massdns's", [_rate(a) / _rate(b) for a, b in pairs("caascan-one", "massdns-one")],
          ONE_RATE_MIN, False)
    print("many servers, each datagram by itself")
    for kind, what in (("bare-many", "bare client, sendmmsg"), ("massdns-many", "massdns"),
                       ("caascan-many", "caascan")):
        _row("  " + what, medians(kind))
    shares_at = folder / "breakdown.json"
    if shares_at.exists() and "caascan-many" in runs:
        whole = statistics.median(_cpu(run) for run in runs["caascan-many"])
        shares = json.loads(shares_at.read_text())
        for part in ("kernel", *(name for name, _ in PARTS)):
            _row(f"    of it {part}", ["", "", "", f"{whole * shares.get(part, 0):.2f}"])
    else:
        _row("    of it kernel, parsing, engine, output", ["not measured", "", "", ""])
    limit("  caascan: CPU to massdns's", [_cpu(a) / _cpu(b) for a, b in pairs("caascan-many", "massdns-many")],
          MANY_CPU_MAX, True)
    both = zip(pairs("caascan-many", "massdns-many"), runs.get("bare-many", []), strict=False)
    above = [(_cpu(ours) - _cpu(bare)) / (_cpu(other) - _cpu(bare)) for (ours, other), bare in both]
    limit("  caascan: CPU above the bare client, to massdns's", above, MANY_ABOVE_BARE_MAX, True)
    for kind, of_kind in sorted(runs.items()):
        lost = sum(run["lost"] for run in of_kind)
        # What massdns asked twice says nothing of caascan.
        if lost and not kind.startswith("massdns"):
            good = False
        if lost:
            print(f"{kind}: {lost} answers lost in {len(of_kind)} runs")
    if (folder / "forged.json").exists():
        forged = json.loads((folder / "forged.json").read_text())
        good = good and forged["kept"]
        _row(f"forged replies: {forged['forged']}, of {len(forged['kinds']) + 2} kinds; believed",
             ratio=str(forged["believed"]), limit="= 0", kept=forged["kept"])
    return 0 if good else 1


def _resolvers(first, count, port):
    base = ipaddress.IPv4Address(first)
    for offset in range(count):
        print(f"{base + offset}:{port}")
    return 0


def main(arguments):
    what = arguments[0]
    if what == "resolvers":
        return _resolvers(arguments[1], int(arguments[2]), arguments[3])
    folder = Path(arguments[1])
    if what == "client":
        return _client(folder, arguments[2], arguments[4:])
    if what in ("keep", "forged"):
        return {"keep": _keep, "forged": _forged}[what](folder, int(arguments[2]))
    return {"breakdown": _breakdown, "table": _table}[what](folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
