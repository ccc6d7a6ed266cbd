"""The operators of the lab's Internet: their nameservers, addresses, and how each server behaves.

A nameserver has a *manner*.  Six manners are a real server that listens on the nameserver's own addresses and answers
well; most others are dnsdist on those addresses, which spoils some of the answers of a real server behind it (the
provider's `backend`); two let only UDP through to that server (relay.py); and a few have no server at all.  Everything
else (glue, delegations, dnsdist rules, listening addresses) follows from this table, so a new kind of trouble is one
line in `FRONT_RULES` and one provider.

The addresses are the real ones for the root and the registries and public-looking ones for all others: a resolver, or
caascan, refuses to ask special-use addresses.  Nothing ever leaves the namespace.
"""

from dataclasses import dataclass

from .manners import MANNERS

# Real servers that listen on the nameserver's own addresses: manner -> name of the instance in servers.py.  The root,
# the registries and the hosters are separate instances, because a server that holds both a zone and its child answers
# from the child, and there would be no referral to see.
INSTANCES = {
    "root": "nsd-root",
    "registry": "knot-registry",
    "knot": "knot-hosting",
    "powerdns": "powerdns",
    "bind": "bind",
    "nsd": "nsd-hosting",
}

# Spoiling manners: manner -> (which queries, what dnsdist does with them), both in dnsdist's Lua.  All other queries
# go to the backend.  257 is CAA; written as a number, because dnsdist 1.7 has no name for it.
_WITH_EDNS = "RecordsCountRule(DNSSection.Additional, 1, 65535)"
_MIXED_CASE = 'LuaRule(function(dq) return string.find(dq.qname:toString(), "%u") ~= nil end)'
FRONT_RULES = {
    "caa-servfail": ("QTypeRule(257)", "RCodeAction(DNSRCode.SERVFAIL)"),
    "caa-refused": ("QTypeRule(257)", "RCodeAction(DNSRCode.REFUSED)"),
    "caa-notimp": ("QTypeRule(257)", "RCodeAction(DNSRCode.NOTIMP)"),
    "caa-formerr": ("QTypeRule(257)", "RCodeAction(DNSRCode.FORMERR)"),
    "caa-drop": ("QTypeRule(257)", "DropAction()"),
    "caa-nxdomain": ("QTypeRule(257)", "RCodeAction(DNSRCode.NXDOMAIN)"),
    "caa-empty": ("QTypeRule(257)", "RCodeAction(DNSRCode.NOERROR)"),
    "caa-truncated": ("AndRule({QTypeRule(257), TCPRule(false)})", "TCAction()"),
    "udp-truncated": ("TCPRule(false)", "TCAction()"),
    "edns-formerr": (_WITH_EDNS, "RCodeAction(DNSRCode.FORMERR)"),
    "edns-notimp": (_WITH_EDNS, "RCodeAction(DNSRCode.NOTIMP)"),
    "edns-drop": (_WITH_EDNS, "DropAction()"),
    "case-refused": (_MIXED_CASE, "RCodeAction(DNSRCode.REFUSED)"),
    "case-drop": (_MIXED_CASE, "DropAction()"),
    "dnskey-refused": ("QTypeRule(48)", "RCodeAction(DNSRCode.REFUSED)"),
    "dnskey-servfail": ("QTypeRule(48)", "RCodeAction(DNSRCode.SERVFAIL)"),
    "dnskey-drop": ("QTypeRule(48)", "DropAction()"),
    "dnskey-truncated": ("AndRule({QTypeRule(48), TCPRule(false)})", "TCAction()"),
    "ds-refused": ("QTypeRule(43)", "RCodeAction(DNSRCode.REFUSED)"),
    "ds-servfail": ("QTypeRule(43)", "RCodeAction(DNSRCode.SERVFAIL)"),
    "ds-drop": ("QTypeRule(43)", "DropAction()"),
    "all-servfail": ("AllRule()", "RCodeAction(DNSRCode.SERVFAIL)"),
    "all-refused": ("AllRule()", "RCodeAction(DNSRCode.REFUSED)"),
    "all-notimp": ("AllRule()", "RCodeAction(DNSRCode.NOTIMP)"),
    "all-formerr": ("AllRule()", "RCodeAction(DNSRCode.FORMERR)"),
    "all-notauth": ("AllRule()", "RCodeAction(DNSRCode.NOTAUTH)"),
    "all-drop": ("AllRule()", "DropAction()"),
}

# Manners of relay.py, which hands datagrams on unchanged and leaves TCP to the kernel: manner -> its option.
RELAYS = {"udp-only": "--tcp=refused", "tcp-silent": "--tcp=silent"}

# Manners without a server: "closed" has addresses on which nobody listens, so the kernel answers "port unreachable";
# "nameless" has no address records, or none that can be found; "internal" has special-use addresses, which nobody may
# ask.
SERVERLESS = {"closed", "nameless", "internal"}

# Manners under which CAA fails and all other types are answered.  Behind a relay it is for the size of the CAA set.
CAA_ONLY = {
    "caa-servfail", "caa-refused", "caa-notimp", "caa-formerr", "caa-drop", "caa-no-rrsig", "bad-signature",
    "truncated-always", "tcp-reset", *RELAYS,
}

# Manners under which a resolver gets its answers after all, by one way or another.
ROUNDABOUT = {
    "caa-nxdomain", "caa-empty", "caa-truncated", "udp-truncated", "edns-formerr", "edns-notimp", "case-drop",
    "dnskey-truncated", "case-folded", "case-hidden", "bad-version", "caa-empty-aa", "caa-empty-bare", "foreign-soa",
    "not-authoritative", "recursion-lame", "broken-caa", "apex-caa-servfail", "old-powerdns",
    "denial-no-rrsig", "no-denial", "ds-stripped", "ds-refused", "ds-servfail", "ds-drop",
}

# The rest of those with a real server behind them: what they make of its answers is of no use to a resolver.
HOPELESS = {"dnskey-refused", "dnskey-servfail", "dnskey-drop", *MANNERS} - CAA_ONLY - ROUNDABOUT

HEALTHY = set(INSTANCES) | ROUNDABOUT


@dataclass(frozen=True)
class Nameserver:
    """One nameserver name with its addresses and its manner."""

    host: str
    addresses: tuple
    manner: str


@dataclass(frozen=True)
class Provider:
    """An operator: a set of nameservers that all zones placed with it share.

    `homes` are the zones in which the nameserver names live.  They are made by topology.py and placed with the provider
    `home_at`: with the operator itself, unless its servers are too ill for their own addresses to be found.
    """

    key: str
    shows: str
    nameservers: tuple
    homes: tuple
    home_at: str
    backend: str = "powerdns"

    def manners(self):
        return {nameserver.manner for nameserver in self.nameservers}


def pair(number, v4=True):
    """Two addresses for each of two nameservers, in different networks, as registries ask for."""
    for third in (1, 2):
        addresses = f"45.{76 + third}.{number}.53", f"2a0e:b10{third}:{number}::53"
        yield addresses if v4 else addresses[1:]


def operator(key, zone, number, manner, shows, *, second=None, home_at=None, backend=None, v4=True):
    """The usual operator: ns1 and ns2 in one zone of its own, both in the same manner unless `second` is given.

    Behind a scripted manner is Knot: the home zone is not signed, so it is served as it is, or with the operator
    `home_at`.
    """
    scripted = bool({manner, second} & MANNERS.keys())
    backend = backend or ("knot" if scripted or manner.startswith(("dnskey-", "ds-")) else "powerdns")
    if scripted:
        home_at = home_at or "quayside"
    first_addresses, second_addresses = pair(number, v4)
    return Provider(
        key=key,
        shows=shows,
        nameservers=(
            Nameserver(f"ns1.{zone}", first_addresses, manner),
            Nameserver(f"ns2.{zone}", second_addresses, second or manner),
        ),
        homes=(zone,),
        home_at=home_at or key,
        backend=backend,
    )


ROOT_SERVERS = (
    ("a", "198.41.0.4", "2001:503:ba3e::2:30"),
    ("b", "170.247.170.2", "2801:1b8:10::b"),
    ("c", "192.33.4.12", "2001:500:2::c"),
    ("d", "199.7.91.13", "2001:500:2d::d"),
    ("e", "192.203.230.10", "2001:500:a8::e"),
    ("f", "192.5.5.241", "2001:500:2f::f"),
    ("g", "192.112.36.4", "2001:500:12::d0d"),
    ("h", "198.97.190.53", "2001:500:1::53"),
    ("i", "192.36.148.17", "2001:7fe::53"),
    ("j", "192.58.128.30", "2001:503:c27::2:30"),
    ("k", "193.0.14.129", "2001:7fd::1"),
    ("l", "199.7.83.42", "2001:500:9f::42"),
    ("m", "202.12.27.33", "2001:dc3::35"),
)

_PROVIDERS = (
    Provider(
        "root", "the root servers, at their real addresses (NSD)",
        tuple(Nameserver(f"{letter}.root-servers.net", (v4, v6), "root") for letter, v4, v6 in ROOT_SERVERS),
        homes=("root-servers.net",), home_at="root",
    ),
    Provider(
        "gtld", "the registry of com and net (Knot)",
        (
            Nameserver("a.gtld-servers.net", ("192.5.6.30", "2001:503:a83e::2:30"), "registry"),
            Nameserver("b.gtld-servers.net", ("192.33.14.30", "2001:503:231d::2:30"), "registry"),
        ),
        homes=("gtld-servers.net",), home_at="gtld",
    ),
    Provider(
        "org-registry", "the registry of org (Knot)",
        (
            Nameserver("b0.org.afilias-nst.org", ("199.19.54.1", "2001:500:c::1"), "registry"),
            Nameserver("d0.org.afilias-nst.org", ("199.19.57.1", "2001:500:f::1"), "registry"),
        ),
        homes=("afilias-nst.org",), home_at="org-registry",
    ),
    Provider(
        "nl-registry", "the registry of nl (Knot)",
        (
            Nameserver("ns1.dns.nl", ("194.0.28.53", "2001:678:2c:0:194:0:28:53"), "registry"),
            Nameserver("ns3.dns.nl", ("194.0.25.24", "2001:678:20::24"), "registry"),
        ),
        homes=("dns.nl",), home_at="nl-registry",
    ),
    Provider(
        "uk-registry", "the registry of uk and co.uk, which are two zones on the same servers (Knot)",
        (
            Nameserver("nsa.nic.uk", ("156.154.100.3", "2001:502:ad09::3"), "registry"),
            Nameserver("dns1.nic.uk", ("213.248.216.1", "2a01:618:400::1"), "registry"),
        ),
        homes=("nic.uk",), home_at="uk-registry",
    ),
    operator("quayside", "quayside-dns.net", 1, "knot", "healthy, Knot"),
    operator("lindenhof", "lindenhof-dns.nl", 2, "powerdns", "healthy, PowerDNS with SQLite"),
    operator(
        "namebright", "namebrightdns.com", 3, "caa-servfail",
        "SERVFAIL for CAA, everything else answered well (dnsdist in front of PowerDNS)",
    ),
    operator("cloudfence", "cloudfence-dns.net", 4, "caa-refused", "REFUSED for CAA only", backend="knot"),
    operator("balancer", "balancer-dns.net", 5, "caa-notimp", "NOTIMP for CAA only"),
    operator("oldbox", "oldbox-dns.com", 6, "caa-formerr", "FORMERR for CAA only", backend="knot"),
    operator("firewall", "firewalled-dns.nl", 7, "caa-drop", "drops CAA, answers everything else", backend="knot"),
    operator("overload", "overloaded-dns.com", 8, "all-servfail", "SERVFAIL for everything", home_at="quayside"),
    operator("lapsed", "lapsed-hosting.org", 9, "all-refused", "REFUSED for everything", home_at="quayside"),
    operator("vanished", "vanished-dns.com", 10, "all-drop", "silent: drops everything", home_at="quayside"),
    operator("closed", "closed-dns.co.uk", 11, "closed", "nobody listens: port unreachable", home_at="quayside"),
    operator(
        "steady", "steady-dns.net", 12, "knot", "one of two servers is silent, the other is fine",
        second="all-drop",
    ),
    operator(
        "onegood", "onegood-dns.org", 13, "powerdns", "one of two servers refuses, the other is fine",
        second="all-refused",
    ),
    operator(
        "patchwork", "patchwork-dns.com", 14, "knot", "one of two servers answers CAA with SERVFAIL, the other is fine",
        second="caa-servfail", backend="knot",
    ),
    operator(
        "dissolved", "dissolved-hosting.com", 15, "nameless", "the nameserver names do not exist", home_at="quayside",
    ),
    Provider(
        "inside", "the nameservers have special-use addresses only",
        (
            Nameserver("ns1.inside-dns.net", ("10.20.0.53",), "internal"),
            Nameserver("ns2.inside-dns.net", ("192.168.20.53", "fd00:20::53"), "internal"),
        ),
        homes=("inside-dns.net",), home_at="quayside",
    ),
    Provider(
        "sixonly", "healthy, but the servers have IPv6 addresses only (Knot)",
        (
            Nameserver("ns1.sixonly-dns.net", ("2a0e:b101:17::53",), "knot"),
            Nameserver("ns2.sixonly-dns.net", ("2a0e:b102:17::53",), "knot"),
        ),
        homes=("sixonly-dns.net",), home_at="sixonly",
    ),
    Provider(
        "crossborder", "healthy, nameserver names in two other TLDs, so there is no glue (PowerDNS)",
        (
            Nameserver("ns1.crossborder-dns.org", ("45.77.18.53",), "powerdns"),
            Nameserver("ns2.crossborder-dns.co.uk", ("45.78.18.53", "2a0e:b102:18::53"), "powerdns"),
        ),
        homes=("crossborder-dns.org", "crossborder-dns.co.uk"), home_at="quayside",
    ),
    operator("tidewater", "tidewater-dns.com", 21, "bind", "healthy, BIND 9"),
    operator("dovecote", "dovecote-dns.org", 22, "nsd", "healthy, NSD"),
    operator("longhand", "longhand-dns.net", 23, "udp-truncated", "truncates everything over UDP, TCP works"),
    operator("shorthand", "shorthand-dns.nl", 24, "caa-truncated", "truncates CAA over UDP, TCP works", backend="knot"),
    operator("narrow", "narrow-dns.com", 25, "udp-only", "refuses TCP, so what is too big cannot be had"),
    operator("deaf", "deaf-dns.net", 26, "tcp-silent", "accepts TCP and says nothing", backend="knot"),
    operator("antique", "antique-dns.org", 27, "edns-formerr", "FORMERR for queries with EDNS, the rest answered"),
    operator("vintage", "vintage-dns.co.uk", 28, "edns-notimp", "NOTIMP for queries with EDNS", backend="knot"),
    operator("ednsless", "ednsless-dns.com", 29, "edns-drop", "drops queries with EDNS", home_at="quayside"),
    operator("pedant", "pedant-dns.nl", 30, "case-refused", "REFUSED for names in mixed case", home_at="quayside"),
    operator("hardofcase", "hardofcase-dns.com", 31, "case-drop", "drops names in mixed case", home_at="quayside"),
    operator("denier", "denier-dns.net", 32, "caa-nxdomain", "NXDOMAIN for CAA, whatever exists"),
    operator("terse", "terse-dns.org", 33, "caa-empty", "an empty message for CAA, without SOA"),
    operator("stub", "stub-dns.com", 34, "all-notimp", "NOTIMP for everything", home_at="quayside"),
    operator("stranger", "stranger-dns.net", 35, "all-notauth", "NOTAUTH for everything", home_at="quayside"),
    operator(
        "discord", "discord-dns.com", 36, "knot", "two healthy servers with different data: Knot, BIND", second="bind",
    ),
    operator(
        "doublefault", "doublefault-dns.org", 37, "all-refused", "one of two servers refuses, the other is silent",
        second="all-drop", home_at="quayside",
    ),
    Provider(
        "lastone", "four servers: one refuses, one fails, one is silent, the last is fine",
        (
            Nameserver("ns1.lastone-dns.net", ("45.77.38.53",), "all-refused"),
            Nameserver("ns2.lastone-dns.net", ("45.77.38.54",), "all-servfail"),
            Nameserver("ns3.lastone-dns.net", ("45.78.38.53",), "all-drop"),
            Nameserver("ns4.lastone-dns.net", ("45.78.38.54", "2a0e:b102:38::54"), "nsd"),
        ),
        homes=("lastone-dns.net",), home_at="lastone",
    ),
    Provider(
        "fadedfour", "each nameserver is silent at its IPv4 address and fine at its IPv6 addresses (BIND)",
        (
            Nameserver("ns1.fadedfour-dns.com", ("45.77.39.53",), "all-drop"),
            Nameserver("ns1.fadedfour-dns.com", ("2a0e:b101:39::53", "2a0e:b101:39::54"), "bind"),
            Nameserver("ns2.fadedfour-dns.com", ("45.78.39.53",), "all-drop"),
            Nameserver("ns2.fadedfour-dns.com", ("2a0e:b102:39::53", "2a0e:b102:39::54"), "bind"),
        ),
        homes=("fadedfour-dns.com",), home_at="tidewater",
    ),
    Provider(
        "sixcross", "healthy, IPv6 addresses only and no glue (NSD, BIND)",
        (
            Nameserver("ns1.sixcross-dns.co.uk", ("2a0e:b101:40::53",), "nsd"),
            Nameserver("ns2.sixcross-dns.net", ("2a0e:b102:40::53",), "bind"),
        ),
        homes=("sixcross-dns.co.uk", "sixcross-dns.net"), home_at="sixonly",
    ),
    operator(
        "sixclosed", "sixclosed-dns.nl", 41, "all-refused", "REFUSED for everything, at IPv6 addresses only",
        home_at="tidewater", v4=False,
    ),
    Provider(
        "inside6", "special-use IPv6 addresses only: unique local, mapped IPv4, documentation",
        (
            Nameserver("ns1.inside6-dns.com", ("fd12:3456::53", "::ffff:10.20.0.53"), "internal"),
            Nameserver("ns2.inside6-dns.com", ("2001:db8:20::53", "fe80::53"), "internal"),
        ),
        homes=("inside6-dns.com",), home_at="tidewater",
    ),
    Provider(
        "halfinside", "one nameserver has special-use addresses only, the other is fine (Knot)",
        (
            Nameserver("ns1.halfinside-dns.org", ("172.16.5.53", "fd00:5::53"), "internal"),
            Nameserver("ns2.halfinside-dns.org", ("45.78.43.53",), "knot"),
        ),
        homes=("halfinside-dns.org",), home_at="halfinside",
    ),
    Provider(
        "ring-one", "the way to its nameserver names leads through ring-two, and back",
        (
            Nameserver("ns1.ring-one-dns.com", ("45.77.44.53",), "nameless"),
            Nameserver("ns2.ring-one-dns.com", ("45.78.44.53",), "nameless"),
        ),
        homes=("ring-one-dns.com",), home_at="ring-two",
    ),
    Provider(
        "ring-two", "the way to its nameserver names leads through ring-one, and back",
        (
            Nameserver("ns1.ring-two-dns.net", ("45.77.45.53",), "nameless"),
            Nameserver("ns2.ring-two-dns.net", ("45.78.45.53",), "nameless"),
        ),
        homes=("ring-two-dns.net",), home_at="ring-one",
    ),

    # DNSSEC: a real server holds the signed zone, and something takes away or spoils a part of what proves it.
    operator("bareback", "bareback-dns.com", 46, "no-rrsig", "strips every signature"),
    operator("halfdressed", "halfdressed-dns.net", 47, "caa-no-rrsig", "strips the signatures of answers to CAA"),
    operator("loosecap", "loosecap-dns.org", 48, "denial-no-rrsig", "strips the signatures of NSEC and NSEC3 records"),
    operator("hearsay", "hearsay-dns.nl", 49, "no-denial", "strips NSEC and NSEC3 records"),
    operator("smudge", "smudge-dns.com", 50, "bad-signature", "spoils the signatures of answers to CAA"),
    operator("keyless", "keyless-dns.net", 51, "no-dnskey", "has no DNSKEY records, it says"),
    operator("keyguard", "keyguard-dns.org", 52, "dnskey-refused", "REFUSED for DNSKEY"),
    operator("keyquiet", "keyquiet-dns.com", 53, "dnskey-drop", "drops DNSKEY"),
    operator("keyfail", "keyfail-dns.net", 54, "dnskey-servfail", "SERVFAIL for DNSKEY"),
    operator("keyring", "keyring-dns.org", 55, "dnskey-truncated", "truncates DNSKEY over UDP, TCP works"),
    operator("linkguard", "linkguard-dns.com", 56, "ds-refused", "REFUSED for DS"),
    operator("linkquiet", "linkquiet-dns.net", 57, "ds-drop", "drops DS"),
    operator("linkfail", "linkfail-dns.org", 58, "ds-servfail", "SERVFAIL for DS"),
    operator("linkless", "linkless-dns.com", 59, "ds-stripped", "strips DS records and the proof that there are none"),
    operator("halftrue", "halftrue-dns.net", 60, "knot", "one of two servers strips signatures", second="no-rrsig"),
    operator(
        "halfsmudged", "halfsmudged-dns.org", 61, "bad-signature", "one of two servers spoils signatures",
        second="knot",
    ),
    operator("ironworks", "ironworks-dns.nl", 62, "old-powerdns", "PowerDNS 4.0.3: the wrong NSEC for mixed case"),

    # The case of names, and messages that are odd.
    operator("folding", "folding-dns.com", 63, "case-folded", "answers in lower case"),
    operator("refolding", "refolding-dns.net", 64, "case-folded-serial", "the same, with a new serial each"),
    operator("hideaway", "hideaway-dns.org", 65, "case-hidden", "has no CAA set for names in mixed case"),
    operator("mirror", "mirror-dns.com", 66, "qr-clear", "answers that say they are questions"),
    operator("crosstalk", "crosstalk-dns.net", 67, "wrong-name", "answers another name"),
    operator("typecast", "typecast-dns.org", 68, "wrong-type", "answers another type"),
    operator("mumble", "mumble-dns.com", 69, "no-question", "answers without the question"),
    operator("stutter", "stutter-dns.net", 70, "two-questions", "answers with the question twice"),
    operator("misdial", "misdial-dns.org", 71, "wrong-id", "answers with another ID"),
    operator("shredder", "shredder-dns.com", 72, "cut-off", "answers that end in the middle of a record"),
    operator("newversion", "newversion-dns.net", 73, "bad-version", "BADVERS for queries with EDNS"),
    operator("terse-aa", "terse-aa-dns.org", 74, "caa-empty-aa", "an empty message with AA for CAA"),
    operator("terse-bare", "terse-bare-dns.com", 75, "caa-empty-bare", "an empty message without AA and OPT for CAA"),
    operator("humble", "humble-dns.net", 76, "not-authoritative", "answers without AA"),
    operator("gobetween", "gobetween-dns.org", 77, "recursion-lame", "answers as a resolver: RA and no AA"),
    operator("neighbour", "neighbour-dns.com", 78, "foreign-soa", "denies CAA with the SOA of another zone"),
    operator("sideways", "sideways-dns.net", 79, "sideways", "refers to the zone beside", home_at="quayside"),
    operator("selfsame", "selfsame-dns.org", 80, "self-referral", "refers to the zone itself", home_at="quayside"),
    operator("upstairs", "upstairs-dns.com", 81, "upward-root", "refers to the root", home_at="quayside"),
    operator("landing", "landing-dns.net", 82, "upward-tld", "refers to the TLD", home_at="quayside"),
    operator("overfull", "overfull-dns.org", 83, "truncated-always", "truncates CAA, over TCP too"),
    operator("slammed", "slammed-dns.com", 84, "tcp-reset", "truncates CAA, and TCP ends with a reset"),
    operator("formless", "formless-dns.net", 85, "all-formerr", "FORMERR for everything", home_at="quayside"),
    operator("scribble", "scribble-dns.org", 86, "broken-caa", "CAA records that cannot be parsed"),
    operator("forked", "forked-dns.com", 87, "two-dnames", "two DNAME records where there is one"),

    # Ways to nameservers that are too long or too many.
    Provider(
        "crowd", "seventeen servers: sixteen refuse, the last is fine",
        (
            *(Nameserver(f"ns{n}.crowd-dns.com", (f"45.77.90.{n}",), "all-refused") for n in range(1, 17)),
            Nameserver("ns17.crowd-dns.com", ("45.78.90.53",), "knot"),
        ),
        homes=("crowd-dns.com",), home_at="quayside",
    ),
    Provider(
        "roster", "twelve nameserver names in other TLDs, of which eleven do not exist",
        (
            *(Nameserver(f"ns{n}.roster-dns.org", (f"45.77.91.{n}",), "nameless") for n in range(1, 12)),
            Nameserver("ns12.roster-dns.org", ("45.78.91.53",), "knot"),
        ),
        homes=("roster-dns.org",), home_at="quayside",
    ),
    *(
        operator(
            f"stair-{step}", f"stair-{step}.{tld}", 91 + step, "knot",
            f"healthy; to its nameserver names without glue it is {step} times the same",
            home_at=f"stair-{step - 1}" if step > 1 else "quayside",
        )
        for step, tld in enumerate(("com", "org", "nl", "net", "co.uk", "org"), 1)
    ),

    # Registries, most of them in trouble.
    operator("travel-registry", "travel-registry.net", 101, "registry", "a registry (Knot)", home_at="quayside"),
    operator("pro-registry", "pro-registry.org", 102, "registry", "a registry (Knot)", home_at="quayside"),
    operator("coop-registry", "coop-registry.com", 103, "registry", "a registry (Knot)", home_at="quayside"),
    operator(
        "aero-registry", "aero-registry.net", 104, "registry", "a registry, one of two servers refuses",
        second="all-refused", home_at="quayside",
    ),
    operator(
        "jobs-registry", "jobs-registry.org", 105, "all-servfail", "a registry: SERVFAIL for everything",
        home_at="quayside",
    ),
    operator("tel-registry", "tel-registry.com", 106, "all-drop", "a registry: silent", home_at="quayside"),
    operator(
        "cat-registry", "cat-registry.net", 107, "apex-caa-servfail", "a registry: SERVFAIL for CAA of the TLD",
        home_at="quayside",
    ),
)

PROVIDERS = {provider.key: provider for provider in _PROVIDERS}
