"""What a question costs on the wire: caascan asking resolvers, beside massdns and beside a client that does nothing but
send and receive; and forged replies."""

import collections
import json
import re
import shutil
import subprocess

from . import bare
from .namespace import CLIENT_CORE, SERVER_CORE, load, measure
from .table import cpu_us, median

# Limits; CPU is that of the client alone, for each answered question, as a share of massdns's.
ONE_CPU_MAX = 0.55
ONE_RATE_MIN = 1.8
MANY_CPU_MAX = 0.85
MANY_ABOVE_BARE_MAX = 0.5  # of what massdns takes above the bare client

FORGED_EACH = 6
FORGED_KINDS = ("mismatch_id", "mismatch_address", "mismatch_case", "mismatch_question")

# Who a symbol belongs to; the first pattern that is found counts.
PARTS = (
    ("parsing (wire)", r"caascan::wire::|ldns_"),
    ("engine", r"caascan::engine::"),
    ("sockets and event loop", r"caascan::net::|boost::asio|UdpSockets|EventLoop"),
    ("reading names", r"caascan::dump::|caascan::ingest|caascan::DomainName|caascan::NameQueue|canonical|psl_|idn2_"),
    ("output", r"caascan::"),
    ("allocation and copying (libc)", r""),
)


class Wire:
    def __init__(self, bench):
        self.bench = bench
        self.folder = bench.folder
        self.runs = collections.defaultdict(list)  # by (program, servers): used, answers
        self.lost = collections.Counter()

    def _names(self, count):
        names = self.folder / "wire-names"
        with names.open("wb") as out:
            subprocess.run([self.bench.program("wire_responder"), "--names", str(count)], stdout=out, check=True)
        return names

    def _caascan(self, servers, names):
        config = self.folder / "caascan.toml"
        config.write_text(f"resolver = {json.dumps(servers)}\n")
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        return [self.bench.caascan, "run", "--config", config, "--ct", names, "--out", self.folder / "out",
                "--progress", "off", "--confirm-rounds", "0", "--server-qps", "10000000", *self.bench.options]

    def _summary(self):
        return json.loads((self.folder / "out/current/summary.json").read_text())

    def _massdns(self, servers, names, count):
        (self.folder / "resolvers").write_text("\n".join(servers) + "\n")
        # Good answers are not written, by neither: failing names alone are looked for.
        used = measure(self.folder, *self.bench.massdns_command(self.folder / "resolvers"), "-o", "L", "--filter",
                       "SERVFAIL", "-w", self.folder / "answers", names)
        return used, count, 0

    def _ours(self, servers, names):
        used = measure(self.folder, *self._caascan(servers, names))
        return used, self._summary()["scan"]["replies"], 0

    def _run(self, program, whom, run):
        with bare.responder(self.bench) as responder:
            used, answers, lost = run()
        report = responder.report
        lost += report["questions_dropped"] + report["answers_lost"]
        if program == "caascan":
            lost += report["answers"] - answers
        # massdns asks again, and does not tell: what it asked twice says nothing of caascan.
        if program != "massdns":
            self.lost[program] += lost
        self.runs[program, whom].append((used, answers))
        print(f"  {program}, {whom}: {answers / used.seconds:.0f} answers/s,",
              f"{cpu_us(used, answers):.2f} µs of CPU each, {lost} lost;",
              f"responder {1e6 * report['cpu_s'] / max(1, report['questions']):.2f} µs",
              f"at {report['addresses']} addresses", flush=True)

    def measure(self):
        count = self.bench.sizes.wire_names
        names = self._names(count)
        parts = {"one server": bare.servers(1), "many servers": bare.servers(self.bench.sizes.servers)}
        for run in range(1, self.bench.runs + 1):
            print(f"wire, run {run}; load {load()}")
            for whom, servers in parts.items():
                self._run("bare client", whom, lambda at=len(servers): bare.client(self.bench, count, at))
                if len(servers) == 1:
                    self._run("bare client, joined", whom, lambda: bare.client(self.bench, count, 1, "--segment"))
                if self.bench.massdns:
                    self._run("massdns", whom, lambda to=servers: self._massdns(to, names, count))
                self._run("caascan", whom, lambda to=servers: self._ours(to, names))
        shares = self._breakdown(parts["many servers"], names) if shutil.which("perf") else {}
        self._tell(shares)

    def _breakdown(self, servers, names):
        """Where caascan's CPU goes: shares by part."""
        data = self.folder / "perf.data"
        with bare.responder(self.bench):
            measure(self.folder, "perf", "record", "-q", "-F", "997", "-o", data, "--", "taskset", "-c", CLIENT_CORE,
                    *self._caascan(servers, names), cores=f"{CLIENT_CORE},{SERVER_CORE}")
        report = subprocess.run(
            ["perf", "report", "-i", data, "--stdio", "-q", "--no-children", "--sort", "dso,symbol", "-F",
             "period,dso,symbol", "-t", "\t"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        periods = collections.Counter()
        for line in report.stdout.splitlines():
            fields = [field.strip() for field in line.split("\t")]
            if len(fields) < 3 or not fields[0].isdigit():
                continue
            part = "kernel"
            if not fields[2].startswith("[k]"):
                part = next(name for name, pattern in PARTS if re.search(pattern, fields[2]))
            periods[part] += int(fields[0])
        return {part: period / periods.total() for part, period in periods.items()}

    def _tell(self, shares):
        table, runs = self.bench.table, self.runs

        def ratios(figure, whom):
            pairs = zip(runs["caascan", whom], runs["massdns", whom], strict=False)
            return [figure(*ours) / figure(*other) for ours, other in pairs]

        def rate(used, answers):
            return answers / used.seconds

        one, many = "one server", "many servers"
        table.section(f"1. wire: {self.bench.sizes.wire_names} questions to one server, as a resolver")
        for program in ("bare client", "bare client, joined", "massdns", "caascan"):
            table.figures(program, runs[program, one])
        table.limit("caascan's CPU, times massdns's", ratios(cpu_us, one), at_most=ONE_CPU_MAX)
        table.limit("caascan's answers a second, times massdns's", ratios(rate, one), at_least=ONE_RATE_MIN)
        table.section(f"   to {self.bench.sizes.servers} servers, each datagram by itself")
        for program in ("bare client", "massdns", "caascan"):
            table.figures(program, runs[program, many])
        ours = median([cpu_us(*run) for run in runs["caascan", many]])
        for part in ("kernel", *(name for name, _ in PARTS)):
            if shares:
                table.part(part, ours * shares.get(part, 0))
        table.limit("caascan's CPU, times massdns's", ratios(cpu_us, many), at_most=MANY_CPU_MAX)
        above = [(cpu_us(*mine) - cpu_us(*floor)) / (cpu_us(*other) - cpu_us(*floor)) for mine, other, floor in
                 zip(runs["caascan", many], runs["massdns", many], runs["bare client", many], strict=False)]
        table.limit("caascan's CPU above the bare client's, times massdns's", above, at_most=MANY_ABOVE_BARE_MAX)
        table.none("answers lost by caascan, or on the way to the bare client", self.lost.total())

    def forged(self):
        """Each true answer has six forged ones around it."""
        count = self.bench.sizes.forged_names
        print(f"forged replies; load {load()}", flush=True)
        names = self._names(count)
        with bare.responder(self.bench, "--forge") as responder:
            measure(self.folder, *self._caascan(bare.servers(1), names))
        summary = self._summary()
        outcomes = {word: number for word, number in summary["names_by_outcome"].items() if number}
        seen = {kind: summary["scan"][kind] for kind in FORGED_KINDS}
        print(f"  {responder.report['forged']} forged replies around {responder.report['answers']} true ones;",
              ", ".join(f"{kind} {number}" for kind, number in seen.items()) + "; outcomes:", outcomes, flush=True)
        table = self.bench.table
        table.section(f"6. forged: {count} names, {FORGED_EACH} forged replies around each answer")
        table.limit("forged replies", [responder.report["forged"]], at_least=FORGED_EACH * count, form="{:.0f}")
        table.none("names that believed one", count - outcomes.get("empty", 0))
        table.none("kinds of forgery that were not noticed", sum(number == 0 for number in seen.values()))
