"""More zones of the lab: those whose answers are got by a longer way, or not got although a longer way was tried.

Truncation and TCP, queries without EDNS, names in mixed case, nested delegations, aliases across operators, IPv6 alone,
special-use addresses, servers that disagree.  zones.py explains the form.
"""

from .zones import LETS_ENCRYPT, WEB, Zone

# About 1.9 KB in one answer: more than the 1232 octets that resolvers offer over UDP.
BIG_SET = "".join(
    f'@ CAA 0 issue "ca{number:02}.example-authority.org; accounturi=https://ca{number:02}.example/account"\n'
    for number in range(20)
)

TRUNCATION_ZONES = (
    Zone("many-cas.com", "tidewater", "a CAA set too big for UDP, on BIND", records=WEB + BIG_SET, names="""
        many-cas.com found
        www.many-cas.com found at=many-cas.com
        """),
    Zone("many-cas.org", "dovecote", "the same on NSD, signed with NSEC", signed="nsec", records=WEB + BIG_SET,
         names="""
        many-cas.org found
        www.many-cas.org found at=many-cas.org
        """),
    Zone("many-cas.nl", "lindenhof", "the same on PowerDNS", records=WEB + BIG_SET, names="""
        many-cas.nl found
        """),
    Zone("long-letters.net", "longhand", "every answer truncated over UDP", records=WEB + LETS_ENCRYPT, names="""
        long-letters.net found
        www.long-letters.net found at=long-letters.net
        """),
    Zone("post.long-letters.net", "tidewater", "a delegation that is only seen over TCP", records=WEB, names="""
        www.post.long-letters.net found at=long-letters.net
        """),
    Zone("short-letters.nl", "shorthand", "CAA truncated over UDP, signed with NSEC3", signed="nsec3", records=WEB,
         names="""
        short-letters.nl empty
        www.short-letters.nl empty
        """),
    Zone("narrow-gate.com", "narrow", "a CAA set too big for UDP, and TCP is refused", records=WEB + BIG_SET, names="""
        narrow-gate.com servfail
        www.narrow-gate.com servfail at=narrow-gate.com
        """),
    Zone("narrow-lane.com", "narrow", "the same servers, with an answer that fits", records=WEB + LETS_ENCRYPT,
         names="""
        narrow-lane.com found
        """),
    Zone("deaf-ears.org", "deaf", "a CAA set too big for UDP, and TCP is accepted without an answer",
         records=WEB + BIG_SET, names="""
        deaf-ears.org timeout history
        """),
)

EDNS_ZONES = (
    Zone("old-clocks.org", "antique", "FORMERR for queries with EDNS", records=WEB + LETS_ENCRYPT, names="""
        old-clocks.org found
        www.old-clocks.org found at=old-clocks.org
        """),
    Zone("tower.old-clocks.org", "quayside", "a delegation from servers without EDNS", records=WEB, names="""
        www.tower.old-clocks.org found at=old-clocks.org
        """),
    Zone("vintage-cars.co.uk", "vintage", "NOTIMP for queries with EDNS", records=WEB, names="""
        vintage-cars.co.uk empty
        www.vintage-cars.co.uk empty
        """),
    Zone("no-extras.com", "ednsless", "queries with EDNS are dropped", records=WEB, names="""
        www.no-extras.com timeout
        """),
    Zone("small-letters.nl", "pedant", "REFUSED for names in mixed case", records=WEB, names="""
        small-letters.nl servfail
        """),
    Zone("lower-case.com", "hardofcase", "names in mixed case are dropped", records=WEB, names="""
        lower-case.com empty
        www.lower-case.com empty
        """),
    Zone("nothing-exists.net", "denier", "NXDOMAIN for CAA, although the names exist", records=WEB, names="""
        nothing-exists.net empty
        www.nothing-exists.net empty
        """),
    Zone("few-words.org", "terse", "an empty message for CAA", records=WEB, names="""
        few-words.org empty version
        www.few-words.org empty version
        """),
    Zone("unfinished.com", "stub", "NOTIMP for everything", names="""
        www.unfinished.com servfail
        """),
    Zone("wrong-house.net", "stranger", "NOTAUTH for everything", names="""
        www.wrong-house.net servfail
        """),
)

# A zone in a zone in a zone, each with another operator: quayside, tidewater, dovecote, lindenhof.
NESTED_ZONES = (
    Zone("nested-dolls.com", "quayside", "the outermost of four zones, no CAA", records=WEB, names="""
        nested-dolls.com empty
        www.nested-dolls.com empty
        """),
    Zone("red.nested-dolls.com", "tidewater", "the second, with CAA (BIND)", records=WEB + LETS_ENCRYPT, names="""
        red.nested-dolls.com found
        www.red.nested-dolls.com found at=red.nested-dolls.com
        """),
    Zone("blue.red.nested-dolls.com", "dovecote", "the third, no CAA (NSD)", records=WEB, names="""
        www.blue.red.nested-dolls.com found at=red.nested-dolls.com
        """),
    Zone("gold.blue.red.nested-dolls.com", "lindenhof", "the innermost, no CAA (PowerDNS)", records=WEB, names="""
        gold.blue.red.nested-dolls.com found at=red.nested-dolls.com
        www.gold.blue.red.nested-dolls.com found at=red.nested-dolls.com
        """),
    Zone("lead.blue.red.nested-dolls.com", "balancer", "another innermost: NOTIMP for CAA", records=WEB, names="""
        lead.blue.red.nested-dolls.com servfail
        www.lead.blue.red.nested-dolls.com servfail
        """),
    Zone("iron.red.nested-dolls.com", "vanished", "a silent zone below healthy ones", names="""
        www.iron.red.nested-dolls.com timeout
        """),
    Zone("sealed-boxes.org", "dovecote", "the outer of two signed zones, NSD", signed="nsec3", records=WEB, names="""
        sealed-boxes.org empty
        """),
    Zone("inner.sealed-boxes.org", "tidewater", "the inner, BIND", signed="nsec", records=WEB + LETS_ENCRYPT + """
        *.wild A 192.0.2.89
        """, names="""
        inner.sealed-boxes.org found
        www.inner.sealed-boxes.org found at=inner.sealed-boxes.org
        any.wild.inner.sealed-boxes.org found at=inner.sealed-boxes.org
        """),
)

FAMILY_ZONES = (
    Zone("four-to-six.com", "fadedfour", "silent over IPv4, well over IPv6", records=WEB + LETS_ENCRYPT, names="""
        four-to-six.com found
        www.four-to-six.com found at=four-to-six.com
        """),
    Zone("six-bridges.net", "sixcross", "IPv6-only servers without glue", records=WEB, names="""
        six-bridges.net empty
        www.six-bridges.net empty
        """),
    Zone("six-gates.nl", "sixclosed", "REFUSED, at IPv6 addresses only", names="""
        six-gates.nl servfail
        """),
    Zone("local-only.com", "inside6", "special-use IPv6 addresses only", names="""
        local-only.com servfail
        """),
    Zone("half-local.org", "halfinside", "one nameserver at special-use addresses, one that is fine", records=WEB,
         names="""
        half-local.org empty
        www.half-local.org empty
        """),
    Zone("round-and-round.nl", "ring-one", "nameserver names that can only be found through each other", names="""
        www.round-and-round.nl servfail
        """),
)

DISAGREEING_ZONES = (
    Zone("two-minds.com", "discord", "one server has a name with the CAA set of one CA, the other that of another",
         records=WEB + LETS_ENCRYPT, second=WEB + '@ CAA 0 issue "example-ca.org"\n', names="""
        two-minds.com found
        www.two-minds.com found at=two-minds.com
        """),
    Zone("half-copied.com", "discord", "one server has a name, the other denies it", records=WEB + "new A 192.0.2.90\n",
         second=WEB, names="""
        new.half-copied.com empty
        """),
    Zone("stale-list.com", "quayside", "the zone's own NS set names servers that refuse; its parent's does not",
         records=WEB + LETS_ENCRYPT + "@ NS ns1.lapsed-hosting.org.\n@ NS ns2.lapsed-hosting.org.\n", names="""
        stale-list.com found
        www.stale-list.com found at=stale-list.com
        """),
    Zone("last-resort.net", "lastone", "of four servers only the last is fine", records=WEB, names="""
        last-resort.net empty
        """),
    Zone("double-fault.org", "doublefault", "one server refuses, the other is silent", names="""
        double-fault.org timeout history
        """),
)


def _chain(other, first, last, end):
    """Aliases c1, c2, … that change between two zones, so that each answer holds one; `other` is the other zone."""
    return "".join(
        f"c{number} CNAME c{number + 1}.{other}.\n" if number < last else f"c{number} CNAME {end}.\n"
        for number in range(first, last + 1, 2)
    )


ALIAS_ZONES = (
    Zone("alias-harbour.org", "tidewater", "aliases to every kind of zone, on BIND", records=WEB + """
        big     CNAME many-cas.org.
        long    CNAME long-letters.net.
        narrow  CNAME narrow-gate.com.
        lane    CNAME narrow-lane.com.
        old     CNAME old-clocks.org.
        unfin   CNAME www.unfinished.com.
        house   CNAME www.wrong-house.net.
        gold    CNAME www.gold.blue.red.nested-dolls.com.
        lead    CNAME www.lead.blue.red.nested-dolls.com.
        iron    CNAME www.iron.red.nested-dolls.com.
        bridge  CNAME www.six-bridges.net.
        gate    CNAME six-gates.nl.
        local   CNAME local-only.com.
        ring    CNAME www.round-and-round.nl.
        mind    CNAME two-minds.com.
        orphan  CNAME www.orphan-works.net.
        lines   CNAME seven.lines.tram-tickets.org.
        *.any   CNAME harbour-books.com.
        *.bad   CNAME www.bright-bakery.com.
        """, names="""
        big.alias-harbour.org found
        long.alias-harbour.org found
        narrow.alias-harbour.org servfail zone=narrow-gate.com
        lane.alias-harbour.org found
        old.alias-harbour.org found
        unfin.alias-harbour.org servfail zone=unfinished.com
        house.alias-harbour.org servfail zone=wrong-house.net
        gold.alias-harbour.org empty
        lead.alias-harbour.org servfail zone=lead.blue.red.nested-dolls.com
        iron.alias-harbour.org timeout zone=iron.red.nested-dolls.com
        bridge.alias-harbour.org empty
        gate.alias-harbour.org servfail zone=six-gates.nl
        local.alias-harbour.org servfail zone=local-only.com
        ring.alias-harbour.org servfail zone=round-and-round.nl
        mind.alias-harbour.org found
        orphan.alias-harbour.org servfail zone=orphan-works.net
        lines.alias-harbour.org found
        x.any.alias-harbour.org found
        x.bad.alias-harbour.org servfail zone=bright-bakery.com
        *.bad.alias-harbour.org empty
        """),
    Zone("grafted-tree.nl", "dovecote", "a whole subtree is an alias (DNAME), to a healthy and to a broken zone",
         records=WEB + """
        oak  DNAME deep-forest.org.
        elm  DNAME old-forum.org.
        """, names="""
        c.oak.grafted-tree.nl empty
        b.c.oak.grafted-tree.nl found
        www.elm.grafted-tree.nl servfail zone=old-forum.org
        """),
    Zone("ping-chain.com", "quayside", "every second link of a chain of aliases (Knot)",
         records=WEB + _chain("pong-chain.net", 1, 11, "c12.pong-chain.net"), names="""
        c1.ping-chain.com servfail
        c3.ping-chain.com found
        """),
    Zone("pong-chain.net", "dovecote", "the other links (NSD), of which the last leads to a CAA set",
         records=WEB + _chain("ping-chain.com", 2, 12, "harbour-books.com"), names="""
        c2.pong-chain.net found
        c12.pong-chain.net found
        """),
)

DETOUR_ZONES = TRUNCATION_ZONES + EDNS_ZONES + NESTED_ZONES + FAMILY_ZONES + DISAGREEING_ZONES + ALIAS_ZONES
