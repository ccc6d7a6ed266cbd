"""A network namespace that has nothing but a loopback device, and the programs in it. Every address is this machine's,
as in the lab: whoever listens at all addresses is all servers."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

_SETUP = ("link set lo up", "addr add 45.76.0.10/32 dev lo", "-6 addr add 2a0e:b100::10/128 dev lo nodad",
          "route add local 0.0.0.0/0 dev lo src 45.76.0.10", "-6 route add local ::/0 dev lo src 2a0e:b100::10")
_MEASURE = Path(__file__).with_name("measure.py")

CLIENT_CORE = "0"
SERVER_CORE = "1"


def enter(program, arguments):
    """Starts `program` again inside such a namespace, with --inside before its arguments."""
    ways = [["unshare", "-n"]]
    if os.geteuid() != 0:
        ways = [["unshare", "-rn"], ["sudo", "--preserve-env=MASSDNS,MASSDNS_WINDOW,UNBOUND", "unshare", "-n"]]
    while len(ways) > 1 and subprocess.run([*ways[0], "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        ways.pop(0)
    os.execvp(ways[0][0], [*ways[0], sys.executable, "-B", program, "--inside", *arguments])


def set_up():
    """Once inside. From then on SIGTERM is an exception, so that servers and files do not outlive the program."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    for command in _SETUP:
        subprocess.run(["ip", *command.split()], check=True)
    Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1")


def load():
    return " ".join(Path("/proc/loadavg").read_text().split()[:3])


def machine():
    models = [line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return f"{os.cpu_count()} cores, {models[0] if models else 'unknown'}"


@dataclasses.dataclass
class Used:
    """What a measured program took."""

    seconds: float
    user_s: float
    system_s: float
    peak_mib: float
    status: int

    @property
    def cpu_s(self):
        return self.user_s + self.system_s


def measure(folder, *command, cores=CLIENT_CORE, seconds_max=0, statuses=(0,)):
    """Runs a program to its end, or for so long. What it says is in FOLDER/log. SystemExit: another status."""
    with subprocess.Popen([sys.executable, "-B", _MEASURE, folder / "used.json", folder / "log", cores, str(seconds_max),
                           *command]) as process:
        try:
            process.wait()
        except BaseException:
            process.terminate()
            raise
    used = Used(**json.loads((folder / "used.json").read_text()))
    if used.status not in statuses:
        sys.exit(f"status {used.status}: {' '.join(map(str, command))}\n{(folder / 'log').read_text(errors='replace')}")
    return used


class Server:
    """A server of tests/bench, for as long as the block lasts; then `report` is what it was asked."""

    def __init__(self, report, program, *options):
        self._file = report
        self._command = ["taskset", "-c", SERVER_CORE, program, "--report", report, *map(str, options)]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        try:
            if "ready" not in self._process.stdout.readline():
                raise RuntimeError(f"does not start: {self._command}")
        except BaseException:
            self._process.terminate()
            raise
        return self

    def __exit__(self, failed, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        if failed is None:
            self.report = json.loads(self._file.read_text())
