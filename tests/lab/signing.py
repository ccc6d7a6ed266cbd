"""Keys, DS records and signatures for the lab's signed zones, with the tools of ldns.

A signed zone has one key (ECDSA P-256) that signs everything, unless the table wants other keys; they are made anew in
each run.  Knot, BIND and NSD get zones that are signed here, offline; PowerDNS gets the key and signs while it answers,
as its users run it.  Signatures start a day ago, so that a resolver without any allowance for clock skew accepts them.
"""

import base64
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

DAY_S = 86400
# More workers than cores do not help: the tools compute, they do not wait.
_WORKERS = 4


# What `keys` of a zone may say -> the keys, each as the options of ldns-keygen.  The first is the one that the parent's
# DS record names.
_KEYS = {
    "": (("-a", "ECDSAP256SHA256", "-k"),),
    "split": (("-a", "ECDSAP256SHA256", "-k"), ("-a", "ECDSAP256SHA256")),
    "rsa": (("-a", "RSASHA256", "-b", "2048", "-k"),),
    "rsa-split": (("-a", "RSASHA512", "-b", "2048", "-k"), ("-a", "RSASHA512", "-b", "1024")),
    "p384": (("-a", "ECDSAP384SHA384", "-k"),),
    "ed25519": (("-a", "ED25519", "-k"),),
}
# The digest of a DS record, as an option of ldns-key2ds; SHA-256 where nothing else is wanted.
_DIGESTS = {"ds-sha1": "-1", "ds-sha384": "-4"}
# Numbers that no registry has given out, nor will soon.
_UNKNOWN_ALGORITHM, _UNKNOWN_DIGEST = "200", "200"
# More keys of one tag than a resolver tries.
_SAME_TAG_KEYS = 12
_SWAPPED = str.maketrans("0123456789abcdef", "fedcba9876543210")


@dataclass(frozen=True)
class Key:
    """A zone's keys: the files, the private part of the first as PowerDNS reads it, and the parent's DS records."""

    bases: tuple
    private: str
    ds: tuple

    @property
    def public(self):
        """The DNSKEY rdata of the first, in octets."""
        flags, protocol, algorithm, *key = self.bases[0].with_name(self.bases[0].name + ".key").read_text().split(
            "DNSKEY", 1)[1].split(";")[0].split()
        return struct.pack("!HBB", int(flags), int(protocol), int(algorithm)) + base64.b64decode("".join(key))


def _tool(*arguments, cwd):
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def _ds_records(fault, rdata):
    """What stands at the parent, from the right DS record."""
    tag, algorithm, kind, digest = rdata
    if fault == "ds-mismatch":
        # The right key tag and algorithm with a digest of no key: the classic key roll that forgot the parent.
        return [(tag, algorithm, kind, digest.translate(_SWAPPED))]
    if fault == "ds-spare":
        return [(tag, algorithm, kind, digest.translate(_SWAPPED)), rdata]
    if fault == "ds-algorithm":
        return [(tag, _UNKNOWN_ALGORITHM, kind, digest)]
    if fault == "ds-digest":
        return [(tag, algorithm, _UNKNOWN_DIGEST, digest)]
    if fault == "ds-algorithm-beside":
        return [(tag, _UNKNOWN_ALGORITHM, kind, digest), (tag, algorithm, kind, digest.translate(_SWAPPED))]
    return [rdata]


def _make_key(zone, folder):
    origin = "." if zone.name == "." else zone.name + "."
    bases = tuple(
        Path(folder, _tool("ldns-keygen", "-r", "/dev/urandom", *options, origin, cwd=folder))
        for options in _KEYS[zone.keys]
    )
    digest = _DIGESTS.get(zone.fault, "-2")
    ds = _tool("ldns-key2ds", "-n", digest, bases[0].with_name(bases[0].name + ".key"), cwd=folder)
    rdata = tuple(ds.split("DS", 1)[1].split(";")[0].split())
    private = bases[0].with_name(bases[0].name + ".private").read_text()
    return Key(bases, private, tuple(" ".join(record) for record in _ds_records(zone.fault, rdata)))


def _key_tag(rdata):
    total = sum(word for (word,) in struct.iter_unpack("!H", rdata))
    return (total + (total >> 16)) & 0xFFFF


def _keys_of_same_tag(real):
    """DNSKEY rdata, as text, of keys that nobody has, with the tag and algorithm of a real one; they sort before it."""
    for number in range(1, _SAME_TAG_KEYS + 1):
        head = real[:4] + struct.pack("!I", number) + bytes(len(real) - 10)
        missing = _key_tag(real) - _key_tag(head + bytes(2))
        # The carry makes it one more or less.
        fakes = (head + struct.pack("!H", (missing + carry) & 0xFFFF) for carry in (0, -1, 1))
        fake = next(fake for fake in fakes if _key_tag(fake) == _key_tag(real))
        flags, protocol, algorithm = struct.unpack_from("!HBB", fake)
        yield f"{flags} {protocol} {algorithm} {base64.b64encode(fake[4:]).decode()}"


def make_keys(zones, folder):
    """Keys for those of `zones` that have any, by zone name; the files are left in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    signed = [zone for zone in zones if zone.signed or zone.fault == "ds-unsigned"]
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
    if zone.fault == "not-yet-valid":
        inception, expiration = now + 30 * DAY_S, now + 60 * DAY_S
    iterations = {"iterations-100": "100", "iterations-200": "200"}.get(zone.fault, "0")
    salt = ["-s", "5a17"] if zone.fault.startswith("iterations") else []
    denial = {
        "nsec": [], "nsec3": ["-n", "-t", iterations, *salt], "nsec3-optout": ["-n", "-t", iterations, *salt, "-p"],
    }[zone.signed]
    origin = "." if zone.name == "." else zone.name + "."
    if zone.fault == "same-tag":
        with unsigned.open("a") as file:
            file.writelines(f"{origin} 300 IN DNSKEY {rdata}\n" for rdata in _keys_of_same_tag(key.public))
    _tool(
        "ldns-signzone", *denial, "-i", _date(inception), "-e", _date(expiration), "-o", origin,
        "-f", str(signed), str(unsigned), *map(str, key.bases), cwd=unsigned.parent,
    )


def sign_all(work, now):
    """Signs (zone, unsigned, signed, key) tuples side by side."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        for done in [pool.submit(sign, *item, now) for item in work]:
            done.result()
