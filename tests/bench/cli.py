"""The command scripts/bench."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import namespace
from .iterate import Iterate
from .table import Table
from .wire import Wire

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("caascan", "wire_responder", "bare_client", "fake_internet")
POINTS = ("wire", "iterate", "head-of-line", "polite", "flat", "forged", "threads")

# Option, its value with --quick, otherwise, and what it is.
SIZES = (
    ("--wire-names", 100_000, 1_000_000, "wire: questions of a run"),
    ("--servers", 1000, 1000, "wire: servers of the part with many of them"),
    ("--domains", 5_000, 100_000, "iterate: registrable domains, each with its www"),
    ("--slow-domains", 30_000, 200_000, "head-of-line: domains"),
    ("--slow-qps", 200, 200, "head-of-line: the limit at each of the slow provider's addresses"),
    ("--slow-memory", "32MiB", "256MiB", "head-of-line: --memory; fewer names may be under way than are slow"),
    ("--paced-domains", 2_000, 20_000, "polite: domains, each with its www"),
    ("--paced-qps", 200, 200, "polite: the limit of each address"),
    ("--flat-small", 20_000, 100_000, "flat: domains of the smaller run"),
    ("--flat-large", 60_000, 1_000_000, "flat: and of the larger one"),
    ("--forged-names", 50_000, 333_334, "forged: names, each with six forged replies"),
    ("--kills", 3, 20, "forged: how often scripts/kill-test kills"),
    ("--threads-domains", 20_000, 100_000, "threads: domains"),
)


class Bench:
    """What all points have in common."""

    def __init__(self, given, folder):
        self.root = ROOT
        self.folder = folder
        self.build = Path(given.build)
        self.caascan = self.build / "caascan"
        self.options = given.options
        self.runs = given.runs
        self.signed = given.signed
        self.sizes = given
        self.massdns = os.environ.get("MASSDNS")
        self.massdns_window = os.environ.get("MASSDNS_WINDOW", "4000")
        self.unbound = os.environ.get("UNBOUND", "unbound")
        self.table = Table()

    def program(self, name):
        return self.build / "tests/bench" / name

    def massdns_command(self, resolvers):
        # SERVFAIL is an answer here: without --retry never, massdns asks for it 50 times.
        return [self.massdns, "-r", resolvers, "-t", "CAA", "-q", "--root", "--retry", "never", "--socket-count", "4",
                "--rcvbuf", "4194304", "--sndbuf", "4194304", "-s", self.massdns_window, "-i", "2000"]

    def kills(self):
        print("killed at random moments", flush=True)
        failed = subprocess.run([ROOT / "scripts/kill-test", "--kills", str(self.sizes.kills), "--build", self.build],
                                check=False).returncode != 0
        self.table.none(f"sets that differ after {self.sizes.kills} kills", int(failed))


def read(description, arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=description, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("points", nargs="*", metavar="POINT", help=", ".join(POINTS) + " (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes and one run: whether the harness works")
    parser.add_argument("--runs", type=int, metavar="N", help="of each point; the table has medians (3)")
    parser.add_argument("--signed", type=int, metavar="PERCENT", default=7,
                        help="of the domains, below signed TLDs (7; 0: nothing is signed or validated)")
    parser.add_argument("--build", metavar="DIR", help="where the programs are (build/release, built first)")
    for option, _, default, what in SIZES:
        parser.add_argument(option, type=type(default), metavar="N" if isinstance(default, int) else "SIZE",
                            help=f"{what} ({default})")
    options = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, options = arguments[:at], arguments[at + 1:]
    given = parser.parse_args(arguments)
    given.options = options
    unknown = set(given.points) - set(POINTS)
    if unknown:
        parser.error(f"no such point: {', '.join(sorted(unknown))}")
    given.points = given.points or list(POINTS)
    given.runs = given.runs or (1 if given.quick else 3)
    for option, quick, default, _ in SIZES:
        word = option.removeprefix("--").replace("-", "_")
        if getattr(given, word) is None:
            setattr(given, word, quick if given.quick else default)
    return given


def main(program, description, arguments):
    inside = arguments[:1] == ["--inside"]
    given = read(description, arguments[inside:])
    if not inside:
        if not given.build:
            subprocess.run([ROOT / "scripts/build", "release", *PROGRAMS], check=True)
        namespace.enter(program, arguments)
    given.build = Path(given.build or ROOT / "build/release").resolve()
    namespace.set_up()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given, Path(folder))
        print(f"{namespace.machine()}; load {namespace.load()}", flush=True)
        wire, iterate = Wire(bench), Iterate(bench)
        steps = (("wire", wire.measure), ("iterate", iterate.real_work), ("head-of-line", iterate.head_of_line),
                 ("polite", iterate.polite), ("", iterate.tell_polite), ("flat", iterate.flat), ("forged", wire.forged),
                 ("forged", bench.kills), ("threads", iterate.threads))
        for point, step in steps:
            if not point or point in given.points:
                step()
        print(f"load {namespace.load()}")
        bench.table.print()
        return 0 if bench.table.kept else 1
