"""The figures of scripts/bench-internet, from what it has measured.

figures.py measure FOLDER COMMAND…       runs the command and writes down what it used
figures.py caascan FOLDER NAMES LIMIT V  one run of caascan, V: 1 with validation, 0 without; status 1: a broken promise
figures.py other FOLDER NAMES            one run of massdns with Unbound
figures.py medians FOLDER                all of these runs; status 1 where validation takes too much

FOLDER/runs.tsv collects one line a run: kind, names/s, CPU in µs a name, signature checks a name, µs of CPU a check.  A
run leaves in FOLDER: `used` (seconds, user, system, peak memory in MiB), `report.json` of the fake Internet, and either
`summary.json` (which tells what its signature checks took) and `outcomes.json` of caascan, or `unbound-cpu` (seconds) and
`answers.ndjson` of massdns.
"""

import collections
import json
import os
import statistics
import sys
import time
from pathlib import Path

# CPU with validation, its signature checks left out, to CPU without.
RATIO_MAX = 1.3


def _read(folder, name):
    return json.loads((folder / name).read_text())


def _measure(folder, command):
    started = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    (folder / "used").write_text(f"{seconds} {used.ru_utime} {used.ru_stime} {used.ru_maxrss / 1024}\n")
    return os.waitstatus_to_exitcode(status)


def _speed(folder, kind, names, more_cpu_s=0.0, checks=0.0, price_us=0.0):
    seconds, user, system, memory_mib = map(float, (folder / "used").read_text().split())
    rate, cpu = names / seconds, 1e6 * (user + system + more_cpu_s) / names
    print(f"  {names} names in {seconds:.2f} s: {rate:.0f} names/s, {cpu:.1f} µs of CPU a name ", end="")
    print(f"(user {1e6 * user / names:.1f}, system {1e6 * system / names:.1f}", end="")
    print(f", Unbound {1e6 * more_cpu_s / names:.1f})" if more_cpu_s else f"), {memory_mib:.0f} MiB at most")
    with (folder / "runs.tsv").open("a") as runs:
        print(kind, rate, cpu, checks, price_us, sep="\t", file=runs)


def _report(folder, names):
    report = _read(folder, "report.json")
    tlds = report["at_tlds"]
    print(f"  {report['questions'] / names:.3f} questions a name; at the TLDs {tlds['questions']} for", end=" ")
    print(f"{tlds['domains']} domains, at most {tlds['questions_per_domain_max']} for one ({tlds['example']}),", end=" ")
    print(f"more than one for {tlds['domains_asked_again']}")
    lost = report["questions_dropped"] + report["replies_lost"]
    print(f"  fake Internet: {1e6 * report['cpu_s'] / report['questions']:.1f} µs of CPU a question, {lost} lost", end="")
    print(f", {report['questions_elsewhere']} to addresses of nobody")
    print(f"  largest reply {report['largest_octets']} octets, {report['truncated']} truncated", end="; ")
    print(f"{report['cpu_before_s']:.1f} s of CPU before the first question")
    return report


def _busiest(report):
    for role in ("root", "tld", "provider"):
        asked = [a for a in report["addresses"] if a["role"] == role]
        if asked:
            most = max(asked, key=lambda a: a["busiest_second"])
            print(f"  {role}: {len(asked)} addresses, busiest second {most['busiest_second']} at {most['address']}")
    return max(address["busiest_second"] for address in report["addresses"])


def _validation(names, scan, expected, report, price_us):
    signed = expected["signed"]
    checked = scan["signatures_checked"]
    print(f"  {signed} signed domains ({expected['expired']} expired, {expected['stripped']} stripped,", end=" ")
    print(f"{expected['wrong_ds']} with another key's DS); {checked} signatures checked", end=", ")
    print(f"{scan['signatures_reused']} known already, {scan['nsec3_hashes']} names hashed")
    print(f"  {checked / max(1, signed):.2f} checks a signed domain, {checked / names:.3f} a name, of", end=" ")
    print(f"{price_us:.1f} µs: {checked * price_us / names:.1f} µs a name")
    chain = report["ds_and_dnskey"]
    print(f"  DS and DNSKEY questions: {chain['root']} at the root", end=", ")
    print(f"{chain['tld_own']} at the TLDs for their own keys", end=", ")
    print(f"{chain['tld'] - chain['tld_own']} there for domains, {chain['provider']} at providers")


def _caascan(folder, names, limit, validated):
    broken = []
    report = _read(folder, "report.json")
    scan = _read(folder, "summary.json")["scan"]
    outcomes = _read(folder, "outcomes.json")
    kind = "caascan, validating" if validated else "caascan"
    checks = scan["signatures_checked"] / names
    price_us = scan["signatures_checked_ns"] / 1e3 / max(1, scan["signatures_checked"])
    _speed(folder, kind if limit == 0 else f"{kind}, paced", names, checks=checks, price_us=price_us)
    _report(folder, names)
    if validated:
        _validation(names, scan, outcomes, report, price_us)
    busiest = _busiest(report)
    if limit and busiest > limit:
        broken.append(f"an address was asked {busiest} times in a second; the limit is {limit}")
    summary = _read(folder, "summary.json")
    print(f"  {scan['timeouts']} waits in vain, {scan['late']} late replies, {scan['kernel_drops']} lost by our sockets")
    # A question that nobody answered in time is rightly asked again.
    if report["at_tlds"]["domains_asked_again"] > scan["timeouts"]:
        broken.append("a TLD was asked more than once for a registrable domain")
    found = {word: count for word, count in summary["names_by_outcome"].items() if count}
    expected = {word: count for word, count in outcomes["validated" if validated else "plain"].items() if count}
    print("  outcomes:", ", ".join(f"{word} {count}" for word, count in found.items()))
    if found != expected or sum(found.values()) != names:
        broken.append(f"the outcomes of this Internet are {expected}")
    if report["truncated"]:
        broken.append("a reply was truncated, and there is no TCP: that is the fake Internet's fault")
    for line in broken:
        print(f"  BROKEN: {line}")
    return 1 if broken else 0


def _other(folder, names):
    _speed(folder, "massdns with Unbound", names, float((folder / "unbound-cpu").read_text()))
    _report(folder, names)
    with (folder / "answers.ndjson").open() as answers:
        statuses = collections.Counter(json.loads(line).get("status", "?") for line in answers)
    print("  statuses:", ", ".join(f"{word} {count}" for word, count in sorted(statuses.items())), end="")
    print(f"; {names - sum(statuses.values())} names without one")
    return 0


def _medians(folder):
    runs = collections.defaultdict(list)
    for line in (folder / "runs.tsv").read_text().splitlines():
        kind, *columns = line.split("\t")
        runs[kind].append([float(column) for column in columns])
    medians = {}
    for kind, figures in runs.items():
        rate, cpu, _, _ = medians[kind] = [statistics.median(figure) for figure in zip(*figures, strict=True)]
        print(f"{kind}, median of {len(figures)}: {rate:.0f} names/s, {cpu:.1f} µs of CPU a name")
    if "massdns with Unbound" in medians:
        for kind in ("caascan", "caascan, validating"):
            if kind not in medians:
                continue
            ours, other = medians[kind], medians["massdns with Unbound"]
            print(f"{kind}: {ours[0] / other[0]:.2f} times the names/s of massdns with Unbound", end="")
            print(f", {ours[1] / other[1]:.2f} times the CPU a name")
    if "caascan, validating" not in medians:
        return 0
    if len(runs["caascan"]) != len(runs["caascan, validating"]):
        print("validation: no price of it, as a run failed")
        return 1
    # Of each run by itself: its figures were taken one after the other, under the same load of other programs.
    pairs = zip(runs["caascan"], runs["caascan, validating"], strict=True)
    ratios = [(valid[1] - valid[2] * valid[3]) / plain[1] for plain, valid in pairs]
    ratio = statistics.median(ratios)
    _, validated, checks, price_us = medians["caascan, validating"]
    print(f"validation: {validated - medians['caascan'][1]:.1f} µs of CPU a name, of which {checks:.3f}", end=" ")
    print(f"signature checks of {price_us:.1f} µs take {checks * price_us:.1f}")
    print(f"  without these, what a name takes unvalidated times {ratio:.2f} (at most {RATIO_MAX}); runs:", end=" ")
    print(", ".join(f"{one:.2f}" for one in ratios))
    if ratio > RATIO_MAX:
        print("  BROKEN: validation takes too much beside its signature checks")
        return 1
    return 0


if __name__ == "__main__":
    where = Path(sys.argv[2])
    if sys.argv[1] == "measure":
        sys.exit(_measure(where, sys.argv[3:]))
    numbers = [int(text) for text in sys.argv[3:]]
    sys.exit({"caascan": _caascan, "other": _other, "medians": _medians}[sys.argv[1]](where, *numbers))
