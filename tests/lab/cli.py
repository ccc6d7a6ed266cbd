"""The commands of scripts/lab.

    scripts/lab shell            an interactive shell inside the lab
    scripts/lab run [LINE] CMD…  runs a command inside the lab and returns its exit status
    scripts/lab verify           asks the lab's resolver for every name and compares with the table; 1 on a difference
    scripts/lab compare [LINE] CAASCAN [--qps N]
                                 the outcomes of `CAASCAN run`, on its own from the root, beside the resolver's, and
                                 its pace at every server; 1 on a difference or above N a second (50; root and TLDs 500)
    scripts/lab zones            the table of zones
    scripts/lab names            tests/lab/names.tsv, to standard output
    scripts/lab check-names      1 when tests/lab/names.tsv is not what `names` prints

LINE is `--loss PERCENT` and `--duplicate PERCENT`: so many of the packets between the lab's clients and all servers, in
either direction, get lost or arrive twice.

`--keep` before the command keeps the state folder with all configuration and logs; the path is printed at the end.
Commands inside find CAASCAN_LAB, the state folder with `root.hints` (zone-file form) and `root.ds` (the trust anchor,
a DS record), and CAASCAN_LAB_RESOLVER, the ADDRESS:PORT of the resolver.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from . import names, namespace, topology
from .compare import compare
from .lossy import LossyLine
from .servers import RESOLVER, Lab
from .verify import verify

_ROOT = Path(__file__).resolve().parents[2]
_NAMES_FILE = Path(__file__).with_name("names.tsv")
_INTERRUPTED = 130
_TERMINATED = 143
# What the user's command gets to end in order when the lab is told to end.
_COMMAND_END_WITHIN_S = 5.0

_LINE_OPTIONS = {"--loss": "loss_percent", "--duplicate": "duplicate_percent"}

# Daemons of Debian live in /usr/sbin, which is not in an ordinary user's path.
_DAEMON_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def print_zones():
    """One line a zone, and below it its names with their outcomes."""
    for zone in topology.all_zones().values():
        trouble = f"; {zone.fault}" if zone.fault else ""
        signed = f", signed ({zone.signed})" if zone.signed else ""
        print(f"{zone.name:26} {zone.at:12} {zone.shows}{signed}{trouble}")
        for issued in names.issued_names(zone):
            where = f" at {issued.label}" if issued.label not in ("-", issued.scanned) else ""
            behind = f", fault of {issued.fault.name}" if issued.fault and issued.fault != zone else ""
            print(f"    {issued.name:40} {issued.outcome}{where}{behind}")
    print("\nproviders:")
    for provider in topology.PROVIDERS.values():
        hosts = ", ".join(nameserver.host for nameserver in provider.nameservers[:2])
        print(f"{provider.key:26} {hosts}{', …' if len(provider.nameservers) > 2 else ''}: {provider.shows}")


def check_names():
    if _NAMES_FILE.read_text(encoding="utf-8") == names.tsv():
        return 0
    print("tests/lab/names.tsv is out of date; run: scripts/lab names > tests/lab/names.tsv", file=sys.stderr)
    return 1


def _run_command(command, environment):
    """Runs the user's command; its servers are not its business, so Ctrl-C is its own to answer."""
    options = {}
    if "SUDO_UID" in os.environ:
        # Entered with sudo: only the servers need root.
        options = {"user": int(os.environ["SUDO_UID"]), "group": int(os.environ["SUDO_GID"]), "extra_groups": []}
    try:
        process = subprocess.Popen(
            command, env=environment, preexec_fn=namespace.die_with_parent, **options
        )
    except OSError as error:
        print(f"scripts/lab: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        while True:
            try:
                status = process.wait()
                return 128 - status if status < 0 else status
            except KeyboardInterrupt:
                continue
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_COMMAND_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _give_back(folder):
    """After sudo: the state folder's files belong to the user again, who removes them."""
    if "SUDO_UID" in os.environ:
        for path in folder.rglob("*"):
            os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]), follow_symlinks=False)


def _line(command):
    """The options of LossyLine that stand behind the command's first word, and the command without them."""
    line, rest = {}, command[1:]
    while len(rest) >= 2 and rest[0] in _LINE_OPTIONS:
        percent = float(rest[1]) if rest[1].replace(".", "", 1).isdigit() else -1.0
        if not 0 <= percent <= 100:
            raise ValueError(rest[1])
        line[_LINE_OPTIONS[rest[0]]] = percent
        rest = rest[2:]
    if line:
        line = {"loss_percent": 0.0, "duplicate_percent": 0.0, **line}
    return line, [command[0], *rest]


def inside(folder, mounts, command):
    """The inner process: network, servers, command, end."""
    folder = Path(folder)
    os.environ["PATH"] = os.environ.get("PATH", "") + ":" + _DAEMON_PATH
    began = time.monotonic()
    try:
        namespace.watch_outer(folder)
        namespace.set_up_network(folder, mounts == "own-mounts")
        line, command = _line(command)
        with contextlib.ExitStack() as stack:
            lab = stack.enter_context(Lab(folder))
            lossy_line = stack.enter_context(LossyLine(**line)) if line else None
            environment = {**os.environ, **lab.environment()}
            if command[0] == "verify":
                print(f"the lab was up after {time.monotonic() - began:.1f} s")
                return 1 if verify(RESOLVER) else 0
            if command[0] == "compare":
                return 0 if compare(folder, command[1], *map(float, command[3:]), line=lossy_line) else 1
            if command[0] == "shell":
                print(
                    f"The lab is up after {time.monotonic() - began:.1f} s. Resolver {environment['CAASCAN_LAB_RESOLVER']}, "
                    f"state {folder}. Ctrl-D ends it.", file=sys.stderr,
                )
                return _run_command([os.environ.get("SHELL", "/bin/sh")], environment)
            return _run_command(command[1:], environment)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except namespace.Ended:
        return _TERMINATED
    except FileNotFoundError as error:
        print(f"scripts/lab: {error.filename} is missing; scripts/setup installs everything", file=sys.stderr)
        return 1
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"scripts/lab: {error}", file=sys.stderr)
        return 1
    finally:
        _give_back(folder)


def main(script, arguments):
    if arguments[:1] == ["--inside"]:
        return inside(arguments[1], arguments[2], arguments[3:])
    keep = arguments[:1] == ["--keep"]
    arguments = arguments[keep:]
    line = []
    if arguments[:1] in (["run"], ["compare"]):
        try:
            _, command = _line(arguments)
        except ValueError as error:
            print(f"scripts/lab: {error}: not a percentage", file=sys.stderr)
            return 2
        line, arguments = arguments[1:len(arguments) - len(command) + 1], command
    match arguments:
        case ["--help" | "-h"]:
            print(__doc__.strip())
            return 0
        case ["zones"]:
            print_zones()
            return 0
        case ["names"]:
            sys.stdout.reconfigure(encoding="utf-8")
            sys.stdout.write(names.tsv())
            return 0
        case ["check-names"]:
            return check_names()
        case ["compare", _, "--qps", number] if not number.replace(".", "", 1).isdigit():
            print(f"scripts/lab: --qps {number}: not a number", file=sys.stderr)
            return 2
        case ["compare", caascan] | ["compare", caascan, "--qps", _]:
            command = ["compare", *line, str(Path(caascan).resolve()), *arguments[2:]]
            return namespace.run_outer(script, _ROOT / "build", command, keep)
        case ["shell"] | ["verify"] | ["run", _, *_]:
            return namespace.run_outer(script, _ROOT / "build", [arguments[0], *line, *arguments[1:]], keep)
    print(
        "scripts/lab: shell | run [LINE] CMD… | verify | compare [LINE] CAASCAN [--qps N] | zones | names | "
        "check-names; see scripts/lab --help", file=sys.stderr,
    )
    return 2
