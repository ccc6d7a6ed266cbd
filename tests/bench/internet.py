"""The fake Internet, and caascan, or massdns with Unbound, upon it."""

import dataclasses
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from .namespace import CLIENT_CORE, Server, Used, measure
from .table import cpu_us

PROVIDERS = "400"

_UNBOUND = """server:
    interface: 127.0.0.1@5353
    access-control: 127.0.0.0/8 allow
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    logfile: "{folder}/unbound.log"
    verbosity: 0
    do-daemonize: no
    num-threads: 1
    outgoing-range: 8192
    num-queries-per-thread: 32768
    so-rcvbuf: 4m
    so-sndbuf: 4m
    msg-cache-size: 512m
    rrset-cache-size: 1024m
    key-cache-size: 16m
    infra-cache-numhosts: 1000000
    discard-timeout: 0
    wait-limit: 0
    module-config: "{modules}"
    {anchors}
    root-hints: "{hints}"
    use-caps-for-id: yes
    qname-minimisation: no
    harden-below-nxdomain: no
    edns-buffer-size: 1232
    do-ip4: yes
    do-ip6: yes
    prefetch: no
"""


@dataclasses.dataclass
class World:
    """A fake Internet, and what is asked of it."""

    domains: int
    signed: int  # percent
    which: str = "domains"  # or hosts, others
    slow: int = 0  # percent, at one provider
    truncated: int = 0  # ten-thousandths
    delay_ms: int = 0
    loss: int = 0  # percent

    def shares(self):
        return ["--providers", PROVIDERS, "--signed", str(self.signed), "--slow", str(self.slow),
                "--truncated", str(self.truncated)]


@dataclasses.dataclass
class Outcome:
    """One run on it."""

    used: Used
    names: int
    report: dict  # of the fake Internet
    servfail: set  # names
    summary: dict  # of caascan
    broken: list  # promises, in words

    def timed(self):
        return self.used, self.names

    @property
    def questions(self):
        return self.report["questions"]

    def busiest(self, *roles):
        return max((one["busiest_second"] for one in self.report["addresses"] if one["role"] in roles), default=0)


class Internet:
    def __init__(self, bench):
        self.bench = bench
        self.folder = bench.folder
        self.program = bench.program("fake_internet")

    def _text(self, *options):
        return subprocess.run([self.program, *map(str, options)], stdout=subprocess.PIPE, text=True, check=True).stdout

    def slow_addresses(self):
        return self._text("--slow-addresses", "--providers", PROVIDERS).split()

    def _prepare(self, world):
        """Writes the names and the trust anchor; says how many names there are and how they should end."""
        names = self.folder / "names"
        with names.open("wb") as out:
            subprocess.run([self.program, "--names", str(world.domains), "--which", world.which, *world.shares()],
                           stdout=out, check=True)
        if world.signed:
            self._text("--anchors", self.folder / "anchors", "--signed", world.signed)
        expected = json.loads(self._text("--outcomes", world.domains, "--which", world.which, *world.shares()))
        return names, sum(expected["plain"].values()), expected

    def _serve(self, world):
        return Server(self.folder / "report.json", self.program, *world.shares(), "--sign-ahead", world.domains,
                      "--delay-ms", world.delay_ms, "--loss", world.loss)

    def caascan(self, world, *options, validate=True, qps=0, cores=CLIENT_CORE, seconds_max=0, asks_once=True):
        """`qps`: what each address gets, 0: as much as can be. With `seconds_max` the run may end early. `asks_once`:
        it has the memory, and is the one thread, to ask a TLD once for a domain."""
        names, count, expected = self._prepare(world)
        security = ["--trust-anchor", self.folder / "anchors"] if validate and world.signed else ["--no-dnssec"]
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        with self._serve(world) as server:
            # Failures are not confirmed: a confirmation asks the parent again, and waits.
            used = measure(self.folder, self.bench.caascan, "run", "--ct", names, "--out", out, "--progress", "off",
                           "--confirm-rounds", "0", *security, "--server-qps", str(qps or 10_000_000), *options,
                           *self.bench.options, cores=cores, seconds_max=seconds_max,
                           statuses=(0, 3) if seconds_max else (0,))
        whole = used.status == 0
        summary = json.loads((out / "current/summary.json").read_text()) if whole else {}
        failed = {name for path in out.glob("current/servfail-list-*.txt") for name in path.read_text().split()}
        made = Outcome(used, count, server.report, failed, summary, [])
        expected = expected["validated" if security[0] == "--trust-anchor" else "plain"]
        made.broken = list(_broken(made, world, expected, asks_once))
        self._say("caascan", made)
        return made

    def massdns(self, world):
        """massdns with an Unbound beside it, on the same core."""
        names, count, _ = self._prepare(world)
        (self.folder / "resolvers").write_text("127.0.0.1:5353\n")
        (self.folder / "unbound.conf").write_text(_UNBOUND.format(
            folder=self.folder, hints=self.bench.root / "data/root.hints",
            modules="validator iterator" if world.signed else "iterator",
            anchors=f'trust-anchor-file: "{self.folder}/anchors"' if world.signed else ""))
        answers = self.folder / "answers.ndjson"
        with self._serve(world) as server:
            unbound = subprocess.Popen(["taskset", "-c", CLIENT_CORE, self.bench.unbound, "-d", "-c",
                                        self.folder / "unbound.conf"])
            while ":14E9 " not in Path("/proc/net/udp").read_text():
                if unbound.poll() is not None:
                    raise RuntimeError("Unbound does not start")
                time.sleep(0.1)
            before = _cpu_s(unbound.pid)
            used = measure(self.folder, *self.bench.massdns_command(self.folder / "resolvers"), "-o", "J",
                           "-w", answers, names)
            after = _cpu_s(unbound.pid)
            used.user_s += after[0] - before[0]
            used.system_s += after[1] - before[1]
            unbound.terminate()
            unbound.wait()
        failed, answered = set(), set()
        with answers.open() as lines:
            for line in lines:
                answer = json.loads(line)
                name = answer["name"].rstrip(".")
                answered.add(name)
                if answer.get("status") == "SERVFAIL":
                    failed.add(name)
        made = Outcome(used, count, server.report, failed, {}, [])
        if len(answered) != count:
            made.broken.append(f"{count - len(answered)} names have no answer")
        self._say("massdns with Unbound", made)
        return made

    def _say(self, program, made):
        used, report, names = made.used, made.report, made.names
        memory = f" {used.peak_mib:.0f} MiB at most," if program == "caascan" else ""
        print(f"  {program}: {names} names in {used.seconds:.2f} s: {names / used.seconds:.0f} names/s,",
              f"{cpu_us(used, names):.1f} µs of CPU a name ({100 * used.cpu_s / used.seconds:.0f} % of a core),{memory}",
              f"{len(made.servfail)} SERVFAIL")
        tlds = report["at_tlds"]
        lost = report["questions_dropped"] + report["replies_lost"]
        print(f"    {report['questions'] / names:.3f} questions a name ({report['over_tcp']} over TCP),",
              f"{report['lost_by_way']} exchanges lost; at TLDs {tlds['domains_asked_again']} domains asked for again,",
              f"{tlds['example']} most often ({tlds['questions_per_domain_max']}); busiest second:",
              ", ".join(f"{role} {made.busiest(role)}" for role in ("root", "tld", "provider")))
        print(f"    fake Internet: {1e6 * report['cpu_s'] / report['questions']:.1f} µs of CPU a question,",
              f"{lost} lost; largest reply {report['largest_octets']} octets;",
              f"{report['cpu_before_s']:.1f} s of CPU before the first question")
        if made.summary:
            scan = made.summary["scan"]
            chain = report["ds_and_dnskey"]
            checks = scan["signatures_checked"]
            print(f"    {scan['timeouts']} waits in vain, {scan['late']} late replies,",
                  f"{scan['kernel_drops']} lost by our sockets; {checks / names:.3f} signature checks a name,",
                  f"of {signature_us(scan):.1f} µs; DS and DNSKEY questions:",
                  ", ".join(f"{role} {chain[role]}" for role in ("root", "tld", "provider")))
        for line in made.broken:
            print(f"    BROKEN: {line}")
        print(end="", flush=True)


def signature_us(scan):
    return scan["signatures_checked_ns"] / 1e3 / max(1, scan["signatures_checked"])


def _cpu_s(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in fields[11:13]]


def _broken(made, world, expected, asks_once):
    """What caascan promises, or the fake Internet, and has not kept."""
    report, summary = made.report, made.summary
    if report["truncated"] and not world.truncated:
        yield "a reply was truncated, which the fake Internet has no reason for"
    if not summary:
        return
    # A question that nobody answered in time is rightly asked again.
    if asks_once and report["at_tlds"]["domains_asked_again"] > summary["scan"]["timeouts"]:
        yield f"TLDs were asked more than once for {report['at_tlds']['domains_asked_again']} domains"
    found = {word: count for word, count in summary["names_by_outcome"].items() if count}
    wanted = {word: count for word, count in expected.items() if count}
    if found != wanted:
        yield f"outcomes are {found}; of this Internet they are {wanted}"
