"""Keys, DS records and signatures for the lab's signed zones, with the tools of ldns.

Every signed zone has one key (ECDSA P-256) that signs everything; it is made anew in each run.  Knot and NSD get zones
that are signed here, offline; PowerDNS gets the key and signs while it answers, as its users run it.  Signatures
start a day ago, so that a resolver without any allowance for clock skew accepts them.
"""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

DAY_S = 86400
# More workers than cores do not help: the tools compute, they do not wait.
_WORKERS = 4


@dataclass(frozen=True)
class Key:
    """One zone's key: its public record, its private part as ldns and PowerDNS read it, and the DS for the parent."""

    base: Path
    private: str
    ds: str


def _tool(*arguments, cwd):
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def _make_key(zone, folder):
    origin = "." if zone.name == "." else zone.name + "."
    base = Path(folder, _tool("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", origin, cwd=folder))
    ds = _tool("ldns-key2ds", "-n", "-2", base.with_name(base.name + ".key"), cwd=folder)
    rdata = ds.split("DS", 1)[1].split(";")[0].split()
    if zone.fault == "ds-mismatch":
        # The right key tag and algorithm with a digest of no key: the classic key roll that forgot the parent.
        rdata[3] = rdata[3].translate(str.maketrans("0123456789abcdef", "fedcba9876543210"))
    return Key(base, base.with_name(base.name + ".private").read_text(), " ".join(rdata))


def make_keys(zones, folder):
    """Keys for the signed ones among `zones`, by zone name; the files are left in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    signed = [zone for zone in zones if zone.signed]
    with ThreadPoolExecutor(_WORKERS) as pool:
        keys = pool.map(lambda zone: _make_key(zone, folder), signed)
        return dict(zip((zone.name for zone in signed), keys))


def _date(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


def sign(zone, unsigned, signed, key, now):
    """Writes the zone file `signed` from `unsigned`."""
    inception, expiration = now - DAY_S, now + 30 * DAY_S
    if zone.fault == "expired":
        inception, expiration = now - 60 * DAY_S, now - 30 * DAY_S
    denial = {"nsec": [], "nsec3": ["-n", "-t", "0"], "nsec3-optout": ["-n", "-t", "0", "-p"]}[zone.signed]
    origin = "." if zone.name == "." else zone.name + "."
    _tool(
        "ldns-signzone", *denial, "-i", _date(inception), "-e", _date(expiration), "-o", origin,
        "-f", str(signed), str(unsigned), str(key.base), cwd=unsigned.parent,
    )


def sign_all(work, now):
    """Signs (zone, unsigned, signed, key) tuples side by side."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        for done in [pool.submit(sign, *item, now) for item in work]:
            done.result()
