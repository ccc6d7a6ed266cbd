"""Joins the two tables: from providers and zones to what each server must load.

The life of a delegation: a zone names its provider, the provider names its nameservers; the parent zone (the longest
zone of the table above it) gets the NS records, the addresses of those nameservers that lie inside the parent (glue),
and, when both are signed, the DS record that signing.py makes.  The zones in which nameserver names live are made here
too and delegated in the same way.
"""

import functools
from collections import Counter
from dataclasses import dataclass

from .detours import DETOUR_ZONES
from .oddities import ODD_ZONES
from .proofs import PROOF_ZONES
from .providers import CAA_ONLY, FRONT_RULES, HEALTHY, HOPELESS, INSTANCES, PROVIDERS, ROUNDABOUT
from .zones import FAULTS, HARMLESS, PLAIN_ZONES, REGISTRY_ZONES, Zone

ZONES = PLAIN_ZONES + DETOUR_ZONES + PROOF_ZONES + ODD_ZONES

TTL_S = 300
SERIAL = 2024010100

# Record types whose last field is a domain name, which is relative to the zone when it has no final dot.
_NAME_LAST = {"NS", "CNAME", "DNAME", "MX", "PTR"}


@dataclass(frozen=True)
class Record:
    """One record; owner without final dot ("." is the root), names inside `rdata` absolute with final dot."""

    owner: str
    type: str
    rdata: str

    def text(self):
        owner = "." if self.owner == "." else self.owner + "."
        return f"{owner} {TTL_S} IN {self.type} {self.rdata}"


def labels(name):
    return [] if name == "." else name.split(".")


def is_within(name, zone):
    """True when `name` is `zone` or below it."""
    if zone == ".":
        return True
    return name == zone or name.endswith("." + zone)


@functools.cache
def all_zones():
    """Every zone by name: the table's and the homes of the nameserver names."""
    homes = [
        Zone(home, provider.home_at, f"nameserver names of {provider.key}")
        for provider in PROVIDERS.values()
        for home in provider.homes
    ]
    zones = {}
    for zone in (*ZONES, *homes):
        if zone.name in zones:
            raise ValueError(f"zone {zone.name} is described twice")
        if zone.fault and zone.fault not in FAULTS | HARMLESS:
            raise ValueError(f"zone {zone.name}: no such fault: {zone.fault}")
        if zone.at not in PROVIDERS:
            raise ValueError(f"zone {zone.name}: no such provider: {zone.at}")
        zones[zone.name] = zone
    return zones


def _closest(parts):
    for cut in range(len(parts) + 1):
        zone = all_zones().get(".".join(parts[cut:]) or ".")
        if zone:
            return zone
    raise AssertionError("the root is always there")


def zone_of(name):
    """The zone that holds `name`."""
    return _closest(labels(name))


def parent_of(zone):
    return None if zone.name == "." else _closest(labels(zone.name)[1:])


def nameservers(zone):
    return PROVIDERS[zone.at].nameservers


def instances(zone):
    """The real servers that load the zone: none for a lame delegation or where no server would answer from it."""
    if zone.fault == "not-loaded":
        return set()
    loaded = set()
    for manner in PROVIDERS[zone.at].manners():
        if manner in INSTANCES:
            loaded.add(INSTANCES[manner])
        elif manner in CAA_ONLY | ROUNDABOUT | HOPELESS:
            loaded.add(INSTANCES[PROVIDERS[zone.at].backend])
    return loaded


def listeners(instance):
    """The nameserver addresses on which a real server listens itself."""
    manners = {manner for manner, name in INSTANCES.items() if name == instance}
    return sorted({
        address
        for provider in PROVIDERS.values()
        for nameserver in provider.nameservers
        if nameserver.manner in manners
        for address in nameserver.addresses
    })


def fronts(manners=FRONT_RULES):
    """What stands in front of real servers, dnsdist if no other: (provider, manner) -> addresses."""
    table = {}
    for provider in PROVIDERS.values():
        for nameserver in provider.nameservers:
            if nameserver.manner in manners:
                table.setdefault((provider.key, nameserver.manner), []).extend(nameserver.addresses)
    return table


def _addresses(nameserver):
    if nameserver.manner == "nameless":
        return []
    return [
        Record(nameserver.host, "AAAA" if ":" in address else "A", address) for address in nameserver.addresses
    ]


def _absolute(name, zone):
    if name.endswith("."):
        return name
    origin = "" if zone.name == "." else zone.name + "."
    return origin if name == "@" else f"{name}.{origin}"


def disagrees(zone, instance):
    """True when this server, that of the zone's second nameserver, holds other records than that of the first."""
    return bool(zone.second) and INSTANCES.get(nameservers(zone)[1].manner) == instance


def backend_instance(key):
    """The real server behind a provider's fronts."""
    return INSTANCES[PROVIDERS[key].backend]


def table_records(zone, second=False):
    """The records that the table gives for the zone itself."""
    found = []
    for line in (zone.second if second else zone.records).splitlines():
        fields = line.split(None, 2)
        if not fields:
            continue
        owner, kind, rdata = fields
        if kind in _NAME_LAST:
            head, _, last = rdata.rpartition(" ")
            rdata = f"{head} {_absolute(last, zone)}".strip()
        found.append(Record(_absolute(owner, zone).rstrip("."), kind, rdata))
    return found


@functools.cache
def children():
    """Zone name -> the zones delegated from it, in table order."""
    table = {}
    for zone in all_zones().values():
        parent = parent_of(zone)
        if parent:
            table.setdefault(parent.name, []).append(zone)
    return table


def records(zone, ds_of, second=False):
    """All records of a zone, unsigned.  `ds_of` maps zone names to the rdata of their DS records."""
    host = nameservers(zone)[0].host
    mailbox = "hostmaster." if zone.name == "." else f"hostmaster.{zone.name}."
    found = [Record(zone.name, "SOA", f"{host}. {mailbox} {SERIAL} 3600 900 604800 {TTL_S}")]
    found += [Record(zone.name, "NS", nameserver.host + ".") for nameserver in nameservers(zone)]
    found += table_records(zone, second)
    for provider in PROVIDERS.values():
        for nameserver in provider.nameservers:
            if zone_of(nameserver.host).name == zone.name:
                found += _addresses(nameserver)
    for child in children().get(zone.name, ()):
        for nameserver in nameservers(child):
            found.append(Record(child.name, "NS", nameserver.host + "."))
            if is_within(nameserver.host, zone.name):
                found += _addresses(nameserver)
        if zone.signed:
            found += [Record(child.name, "DS", rdata) for rdata in ds_of.get(child.name, ())]
    return list(dict.fromkeys(found))


def registrable_domain(name):
    """The domain that its holder registered: one label more than the closest registry zone."""
    registry = {zone.name for zone in REGISTRY_ZONES}
    parts = labels(name)
    for cut in range(len(parts)):
        if ".".join(parts[cut + 1:]) in registry:
            return ".".join(parts[cut:])
    return name


def provider_label(zone):
    """The provider as caascan names it: that of most of the nameserver names, the bytewise first of equals."""
    domains = Counter(registrable_domain(nameserver.host) for nameserver in nameservers(zone))
    domain = min(domains, key=lambda candidate: (-domains[candidate], candidate))
    return "namebright" if domain == "namebrightdns.com" else domain


def answers_at_apex(zone):
    """True when the zone's servers answer SOA and NS at the apex, and a validating resolver believes them."""
    if zone.fault not in ("", "malformed-caa", *HARMLESS):
        return False
    return bool(PROVIDERS[zone.at].manners() & (CAA_ONLY | HEALTHY))


def fails_for_caa_only(zone):
    return not zone.fault and bool(PROVIDERS[zone.at].manners() & CAA_ONLY)
