"""What Certificate Transparency would hold for the lab, and what caascan must make of it: names.tsv.

The table in zones.py gives the names of each zone; this module deals them out to certificates, adds certificates that
are odd in themselves (expired, renewed, of other issuers, without SANs) and names that must be rejected, and derives
what follows from the topology.  One row is one name in one certificate; the columns are COLUMNS.

Names are written as issued.  Control bytes, the backslash, bytes that are not UTF-8, and blanks are written \\DDD
(decimal), as in zone files, so that a row is always one line; everything else stands for itself, U-labels too.  Dates
are whole days relative to the moment of the scan, so that the file never ages.
"""

from collections import namedtuple
from dataclasses import dataclass

from . import topology
from .zones import HANGS_ON

LETS_ENCRYPT, OTHER_CA, STAGING_CA = "Let's Encrypt", "Example CA", "(STAGING) Let's Encrypt"

COLUMNS = namedtuple("Row", (
    "certificate",  # number; rows of one certificate stand together
    "entry",        # precert | x509: the kind of log entry
    "issuer",       # organisation
    "not_before",   # days
    "not_after",    # days; negative means expired
    "field",        # san | cn
    "name",         # as issued, escaped
    "outcome",      # found | empty | servfail | timeout through a validating resolver; reject; ignored (a CN beside SANs)
    "scanned",      # the name to look up, or "-"
    "label",        # where the climb ended: the failing label, or where the set was found; "-" for empty
    "zone",         # servfail and timeout: the zone at fault
    "provider",     # and its provider, from the names of its nameservers
    "control",      # answers | fails: an A question for the failing label through the same resolver
    "zone_ns",      # answers | fails: an NS question for the zone at fault through the same resolver
    "note",         # what the row shows, or the reason for a reject
    "hangs_on",     # dnssec | chance | version | history (HANGS_ON in zones.py), or "-"
))


@dataclass(frozen=True)
class Issued:
    """One line of a zone's `names`, with everything that follows from it."""

    name: str
    outcome: str
    label: str
    zone: topology.Zone
    fault: topology.Zone | None
    issuer: str
    expired: bool
    control: str
    zone_ns: str
    hangs_on: str

    @property
    def scanned(self):
        return scanned(self.name)


def scanned(name):
    """The name to look up: lower case, A-labels, without `*.` and final dot.  Only for names that are accepted."""
    name = name.removeprefix("*.").removesuffix(".")
    # Python's codec is IDNA 2003, which agrees with UTS 46 on the letters that the lab uses.
    return name.encode("idna").decode("ascii").lower()


def issued_names(zone):
    """The names of one zone of the table."""
    for line in zone.names.splitlines():
        words = line.split()
        if not words:
            continue
        name, outcome, options = words[0], words[1], dict(word.partition("=")[::2] for word in words[2:])
        hangs_on = [word for word in HANGS_ON if word in options]
        known = {"at", "zone", "ca", "expired", "a", "ns", *HANGS_ON}
        if outcome not in ("found", "empty", "servfail", "timeout") or options.keys() - known or len(hangs_on) > 1:
            raise ValueError(f"zone {zone.name}: cannot read {line.strip()!r}")
        label = options.get("at", scanned(name)) if outcome != "empty" else "-"
        fault = None
        if outcome in ("servfail", "timeout"):
            fault = topology.all_zones()[options["zone"]] if "zone" in options else topology.zone_of(label)
        issuer = OTHER_CA if options.get("ca") == "other" else LETS_ENCRYPT
        control = zone_ns = "-"
        if fault:
            control = options.get("a", "answers" if topology.fails_for_caa_only(fault) else "fails")
            zone_ns = options.get("ns", "answers" if topology.answers_at_apex(fault) else "fails")
        yield Issued(
            name, outcome, label, zone, fault, issuer, "expired" in options, control, zone_ns, *hangs_on or "-"
        )


def all_issued():
    return [issued for zone in topology.ZONES for issued in issued_names(zone)]


# Names that are no host names, each with the reason for which ingest must reject it.
REJECTS = (
    ("*", "single label"),
    ("localhost", "single label"),
    ("*.com", "single label"),
    ("com.", "single label"),
    ("a..b.com", "empty label"),
    (".mill-bakery.nl", "empty label"),
    ("", "empty"),
    (" ", "blank"),
    ("www.*.com", "asterisk inside"),
    ("*.*.mill-bakery.nl", "asterisk inside"),
    ("w*.mill-bakery.nl", "asterisk inside"),
    ("192.0.2.7", "IP address"),
    ("2001:db8::7", "IP address"),
    ("two words.mill-bakery.nl", "character"),
    ("https://www.mill-bakery.nl/", "character"),
    ("baker@mill-bakery.nl", "character"),
    ("bell\x07.mill-bakery.nl", "control byte"),
    ("tab\t.mill-bakery.nl", "control byte"),
    ("line\nbreak.mill-bakery.nl", "control byte"),
    ("nul\0.mill-bakery.nl", "control byte"),
    ("escape\x1b[2J.mill-bakery.nl", "control byte"),
    (b"latin-\xfc.mill-bakery.nl".decode("utf-8", "surrogateescape"), "not UTF-8"),
    ("l" * 64 + ".mill-bakery.nl", "label of 64 octets"),
    (".".join(["twenty-octets-of-name"] * 12) + ".nl", "name of more than 253 octets"),
)


def escaped(name):
    """The form in which a name stands in names.tsv."""
    raw = name.encode("utf-8", "surrogateescape")
    text = ""
    for character in raw.decode("utf-8", "surrogateescape"):
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            text += f"\\{code - 0xDC00:03d}"
        elif code <= 0x20 or code == 0x7F or character == "\\":
            text += f"\\{code:03d}"
        else:
            text += character
    return text


def _expectation(issued):
    """The columns from `outcome` to `hangs_on` for a name of the table."""
    fault = issued.fault
    zone, provider = (fault.name, topology.provider_label(fault)) if fault else ("-", "-")
    return (
        issued.outcome, issued.scanned, issued.label, zone, provider, issued.control, issued.zone_ns, issued.zone.shows,
        issued.hangs_on,
    )


class _Ledger:
    """Numbers the certificates and spreads their dates."""

    def __init__(self):
        self.rows = []
        self._number = 0

    def certificate(self, entries, issuer=LETS_ENCRYPT, expired=False, note=""):
        """Adds one certificate; `entries` are (field, name, expectation)."""
        self._number += 1
        # 90 days each; spread over what is possible, and never within a day of a boundary.
        not_before = -(91 + self._number * 7 % 80) if expired else -(1 + self._number * 7 % 80)
        kind = "x509" if self._number % 3 == 0 else "precert"
        for field, name, expectation in entries:
            *columns, shows, hangs_on = expectation
            self.rows.append(COLUMNS(
                self._number, kind, issuer, not_before, not_before + 90 if not expired else not_before + 89,
                field, escaped(name), *columns, note or shows, hangs_on,
            ))


def _rejected(reason):
    return ("reject", "-", "-", "-", "-", "-", "-", reason, "-")


IGNORED = ("ignored", "-", "-", "-", "-", "-", "-", "", "-")


def rows():
    """All rows of names.tsv, in an order that never changes."""
    ledger = _Ledger()
    by_scanned = {}
    for zone in topology.ZONES:
        groups = {}
        for issued in issued_names(zone):
            by_scanned.setdefault(issued.scanned, issued)
            groups.setdefault((issued.issuer, issued.expired), []).append(issued)
        for (issuer, expired), group in groups.items():
            ledger.certificate([("san", issued.name, _expectation(issued)) for issued in group], issuer, expired)

    def again(name):
        return ("san", name, _expectation(by_scanned[scanned(name)]))

    ledger.certificate([again("harbour-books.com"), again("www.harbour-books.com")], note="a renewal")
    ledger.certificate([again("bright-bakery.com")], expired=True, note="expired, but the name has a later one")
    ledger.certificate([again("bright-bakery.com")], issuer=OTHER_CA, note="also known from another issuer")
    ledger.certificate([again("tennis-club.com"), again("city-library.nl"), again("bank-holiday.nl")],
                       note="one certificate over several zones")
    ledger.certificate([("cn", "cn-only.mill-bakery.nl", ("empty", "cn-only.mill-bakery.nl", *["-"] * 5, "", "-"))],
                       note="no SAN: the CN counts")
    ledger.certificate([("cn", "not-asked.mill-bakery.nl", IGNORED), again("mill-bakery.nl")],
                       note="a CN beside SANs does not count")
    ledger.certificate([("cn", "Device 12", IGNORED)], note="no SAN and a CN that is no host name")
    ledger.certificate([("san", "_service.mill-bakery.nl", ("empty", "_service.mill-bakery.nl", *["-"] * 5, "", "-"))],
                       note="an underscore is allowed")
    ledger.certificate(
        [("san", "staging.bright-tours.org", ("servfail", "staging.bright-tours.org", "staging.bright-tours.org",
                                              "bright-tours.org", "namebright", "answers", "answers", "", "-"))],
        issuer=STAGING_CA, note="an issuer whose name only contains that of another")
    for name, reason in REJECTS:
        ledger.certificate([("san", name, _rejected(reason)), again("mill-bakery.nl")])
    return ledger.rows


def lookups():
    """One row for each distinct name to look up."""
    distinct = {}
    for row in rows():
        if row.scanned != "-":
            distinct.setdefault(row.scanned, row)
    return list(distinct.values())


def tsv():
    """The text of names.tsv."""
    lines = ["#" + "\t".join(COLUMNS._fields)]
    lines += ["\t".join(str(column) for column in row) for row in rows()]
    return "\n".join(lines) + "\n"
