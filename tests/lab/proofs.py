"""More zones of the lab: those whose answers stand or fall with DNSSEC.

Proofs that something on the way has spoiled, keys and DS records that cannot be had, faults of the zone itself,
signed and unsigned zones within each other, aliases from one into the other, and the wrong proofs of old PowerDNS.
zones.py explains the form.
"""

from .zones import LETS_ENCRYPT, WEB, Zone

WILDCARDS = """
    *.lines   A 192.0.2.81
    *.lines   CAA 0 issue "letsencrypt.org"
    *.stops   A 192.0.2.82
    """

SPOILED_ZONES = (
    Zone("naked-truth.com", "bareback", "every signature is missing, NSEC", signed="nsec", records=WEB + LETS_ENCRYPT,
         names="""
        naked-truth.com servfail dnssec
        www.naked-truth.com servfail dnssec
        """),
    Zone("bare-facts.nl", "bareback", "every signature is missing, NSEC3", signed="nsec3", records=WEB, names="""
        www.bare-facts.nl servfail dnssec
        """),
    Zone("plain-facts.org", "bareback", "the same servers with an unsigned zone", records=WEB + LETS_ENCRYPT, names="""
        www.plain-facts.org found at=plain-facts.org
        """),
    Zone("shirt-sleeves.net", "halfdressed", "the CAA set without its signature", signed="nsec",
         records=WEB + LETS_ENCRYPT, names="""
        shirt-sleeves.net servfail dnssec
        """),
    Zone("rolled-sleeves.org", "halfdressed", "the denial of CAA without any signature", signed="nsec3", records=WEB,
         names="""
        rolled-sleeves.org servfail dnssec
        www.rolled-sleeves.org servfail dnssec
        """),
    Zone("loose-lids.org", "loosecap", "NSEC records without signatures; what exists is proven", signed="nsec",
         records=WEB + LETS_ENCRYPT, names="""
        loose-lids.org found
        www.loose-lids.org servfail dnssec a=answers
        """),
    Zone("loose-caps.com", "loosecap", "NSEC3 records without signatures", signed="nsec3", records=WEB, names="""
        loose-caps.com servfail dnssec a=answers
        nobody.loose-caps.com servfail dnssec
        """),
    Zone("rumour-mill.com", "hearsay", "no NSEC records: neither denials nor wildcards are proven", signed="nsec",
         records=WEB + LETS_ENCRYPT + WILDCARDS, names="""
        rumour-mill.com found
        www.rumour-mill.com servfail dnssec a=answers
        two.lines.rumour-mill.com servfail dnssec
        two.stops.rumour-mill.com servfail dnssec
        """),
    Zone("gossip-column.net", "hearsay", "the same without NSEC3 records", signed="nsec3",
         records=WEB + LETS_ENCRYPT + WILDCARDS, names="""
        gossip-column.net found
        nobody.gossip-column.net servfail dnssec
        two.lines.gossip-column.net servfail dnssec
        """),
    Zone("smudged-ink.nl", "smudge", "the signature of the CAA set is wrong", signed="nsec", records=WEB + LETS_ENCRYPT,
         names="""
        smudged-ink.nl servfail dnssec
        """),
    Zone("smudged-print.com", "smudge", "the signatures of denials are wrong", signed="nsec3", records=WEB, names="""
        smudged-print.com servfail dnssec
        www.smudged-print.com servfail dnssec
        """),
    Zone("two-witnesses.com", "halftrue", "one of two servers strips the signatures", signed="nsec",
         records=WEB + LETS_ENCRYPT, names="""
        two-witnesses.com found
        www.two-witnesses.com found at=two-witnesses.com
        """),
    Zone("second-witness.org", "halfsmudged", "one of two servers spoils the signatures", signed="nsec3", records=WEB,
         names="""
        second-witness.org empty
        www.second-witness.org empty
        """),
)

KEY_ZONES = (
    Zone("keyless-cars.net", "keyless", "no DNSKEY records, although the parent has a DS record", signed="nsec",
         records=WEB, names="""
        www.keyless-cars.net servfail dnssec
        """),
    Zone("night-porter.org", "keyguard", "REFUSED for DNSKEY", signed="nsec3", records=WEB, names="""
        night-porter.org servfail dnssec
        www.night-porter.org servfail dnssec
        """),
    Zone("day-porter.org", "keyguard", "the same servers with an unsigned zone, of which nobody asks for a key",
         records=WEB + LETS_ENCRYPT, names="""
        day-porter.org found
        """),
    Zone("silent-locksmith.com", "keyquiet", "DNSKEY is dropped", signed="nsec", records=WEB, names="""
        www.silent-locksmith.com timeout dnssec
        """),
    Zone("broken-locksmith.net", "keyfail", "SERVFAIL for DNSKEY", signed="nsec", records=WEB + LETS_ENCRYPT, names="""
        broken-locksmith.net servfail dnssec
        """),
    Zone("long-keyring.org", "keyring", "DNSKEY is truncated over UDP", signed="nsec", records=WEB + LETS_ENCRYPT,
         names="""
        long-keyring.org found
        www.long-keyring.org found at=long-keyring.org
        """),
    # Parents that do not answer for DS.  A child elsewhere is no worse for it as long as the resolver remembers the
    # referral, which holds the DS record or the proof that there is none; a child on the same servers shows no referral.
    Zone("chain-bridge.com", "linkguard", "REFUSED for DS; the zone itself is well", signed="nsec", records=WEB,
         names="""
        www.chain-bridge.com empty
        """),
    Zone("east.chain-bridge.com", "linkguard", "a signed child on the same servers", signed="nsec",
         records=WEB + LETS_ENCRYPT, names="""
        east.chain-bridge.com servfail dnssec ns=fails
        """),
    Zone("west.chain-bridge.com", "linkguard", "an unsigned child on the same servers", records=WEB + LETS_ENCRYPT,
         names="""
        west.chain-bridge.com servfail dnssec ns=fails
        """),
    Zone("toll.chain-bridge.com", "tidewater", "a signed child elsewhere", signed="nsec", records=WEB + LETS_ENCRYPT,
         names="""
        toll.chain-bridge.com found chance
        """),
    Zone("free.chain-bridge.com", "tidewater", "an unsigned child elsewhere", records=WEB + LETS_ENCRYPT, names="""
        free.chain-bridge.com found chance
        """),
    Zone("rope-bridge.net", "linkquiet", "drops DS; the zone itself is well", signed="nsec3", records=WEB, names="""
        www.rope-bridge.net empty
        """),
    Zone("east.rope-bridge.net", "linkquiet", "a signed child on the same servers", signed="nsec3", records=WEB,
         names="""
        www.east.rope-bridge.net timeout dnssec ns=fails
        """),
    Zone("toll.rope-bridge.net", "tidewater", "a signed child elsewhere", signed="nsec", records=WEB, names="""
        www.toll.rope-bridge.net empty chance
        """),
    Zone("foot-bridge.org", "linkfail", "SERVFAIL for DS; the zone itself is well", signed="nsec", records=WEB,
         names="""
        foot-bridge.org empty
        """),
    Zone("east.foot-bridge.org", "linkfail", "an unsigned child on the same servers", records=WEB, names="""
        www.east.foot-bridge.org servfail dnssec ns=fails
        """),
    Zone("no-bridge.com", "linkless", "DS records and the proof of their absence are stripped", signed="nsec",
         records=WEB, names="""
        www.no-bridge.com empty
        """),
    Zone("toll.no-bridge.com", "tidewater", "its signed child", signed="nsec", records=WEB, names="""
        toll.no-bridge.com servfail zone=no-bridge.com dnssec
        """),
    Zone("free.no-bridge.com", "tidewater", "its unsigned child", records=WEB, names="""
        free.no-bridge.com servfail zone=no-bridge.com dnssec
        """),
)

FAULTY_ZONES = (
    Zone("stale-passport.nl", "quayside", "the signatures have run out, NSEC3", signed="nsec3", fault="expired",
         records=WEB, names="""
        www.stale-passport.nl servfail dnssec
        """),
    Zone("early-bird.com", "dovecote", "the signatures are not valid yet", signed="nsec", fault="not-yet-valid",
         records=WEB + LETS_ENCRYPT, names="""
        early-bird.com servfail dnssec
        www.early-bird.com servfail dnssec
        """),
    Zone("late-riser.net", "tidewater", "not valid yet, NSEC3, BIND", signed="nsec3", fault="not-yet-valid",
         records=WEB, names="""
        www.late-riser.net servfail dnssec
        """),
    Zone("lost-luggage.com", "tidewater", "a DS record without a key: the zone has gone unsigned", fault="ds-unsigned",
         records=WEB + LETS_ENCRYPT, names="""
        lost-luggage.com servfail dnssec
        www.lost-luggage.com servfail dnssec
        """),
    Zone("odd-gauge.org", "quayside", "the DS record is of an unknown algorithm", signed="nsec", fault="ds-algorithm",
         records=WEB, names="""
        www.odd-gauge.org empty
        """),
    Zone("odd-thread.org", "quayside", "one of two DS records is of an unknown algorithm, the other of no key",
         signed="nsec", fault="ds-algorithm-beside", records=WEB, names="""
        www.odd-thread.org servfail dnssec
        """),
    Zone("odd-measure.com", "quayside", "the DS record has an unknown digest", signed="nsec3", fault="ds-digest",
         records=WEB + LETS_ENCRYPT, names="""
        odd-measure.com found
        www.odd-measure.com found at=odd-measure.com
        """),
    Zone("grind-stone.net", "quayside", "NSEC3 with 100 iterations and salt", signed="nsec3", fault="iterations-100",
         records=WEB + WILDCARDS, names="""
        nobody.grind-stone.net empty
        three.lines.grind-stone.net found
        """),
    Zone("mill-stone.com", "quayside", "NSEC3 with 200 iterations", signed="nsec3", fault="iterations-200",
         records=WEB, names="""
        mill-stone.com empty
        nobody.mill-stone.com empty
        """),
    Zone("key-heap.org", "quayside", "thirteen keys of one tag, of which the last signs", signed="nsec",
         fault="same-tag", records=WEB + LETS_ENCRYPT, names="""
        key-heap.org servfail version
        """),
    Zone("spare-wheel.com", "quayside", "two DS records, of which one matches", signed="nsec", fault="ds-spare",
         records=WEB + LETS_ENCRYPT, names="""
        www.spare-wheel.com found at=spare-wheel.com
        """),
    Zone("old-digest.net", "quayside", "a DS record with SHA-1", signed="nsec", fault="ds-sha1", records=WEB, names="""
        www.old-digest.net empty
        """),
    Zone("long-digest.nl", "quayside", "a DS record with SHA-384", signed="nsec3", fault="ds-sha384", records=WEB,
         names="""
        www.long-digest.nl empty
        """),
    Zone("two-locks.com", "quayside", "a key for the keys and one for the zone", signed="nsec3", keys="split",
         records=WEB + LETS_ENCRYPT, names="""
        two-locks.com found
        nobody.two-locks.com found at=two-locks.com
        """),
    Zone("prime-locks.org", "dovecote", "RSA/SHA-256", signed="nsec", keys="rsa", records=WEB, names="""
        www.prime-locks.org empty
        """),
    Zone("prime-doors.net", "tidewater", "RSA/SHA-512, two keys", signed="nsec3", keys="rsa-split",
         records=WEB + LETS_ENCRYPT, names="""
        prime-doors.net found
        nobody.prime-doors.net found at=prime-doors.net
        """),
    Zone("curved-locks.com", "quayside", "ECDSA P-384", signed="nsec", keys="p384", records=WEB, names="""
        www.curved-locks.com empty
        """),
    Zone("twisted-locks.nl", "dovecote", "Ed25519", signed="nsec3", keys="ed25519", records=WEB + LETS_ENCRYPT,
         names="""
        www.twisted-locks.nl found at=twisted-locks.nl
        """),
)

# Children that the parent's own servers serve, so that no referral is ever seen, and children elsewhere.
FAMILY_TREES = (
    Zone("family-tree.org", "quayside", "a signed zone with children on the same servers, NSEC", signed="nsec",
         records=WEB + "x.y.empty A 192.0.2.91\n" + WILDCARDS, names="""
        family-tree.org empty
        empty.family-tree.org empty
        y.empty.family-tree.org empty
        west.stops.family-tree.org empty
        """),
    Zone("son.family-tree.org", "quayside", "a signed child on the same servers", signed="nsec3",
         records=WEB + LETS_ENCRYPT, names="""
        son.family-tree.org found
        www.son.family-tree.org found at=son.family-tree.org
        """),
    Zone("grandson.son.family-tree.org", "quayside", "a signed child of that", signed="nsec", records=WEB, names="""
        www.grandson.son.family-tree.org found at=son.family-tree.org
        """),
    Zone("stepson.family-tree.org", "quayside", "a signed child on the same servers whose DS record matches no key",
         signed="nsec", fault="ds-mismatch", records=WEB + LETS_ENCRYPT, names="""
        stepson.family-tree.org servfail dnssec
        www.stepson.family-tree.org servfail dnssec
        """),
    Zone("uncle.family-tree.org", "quayside", "a signed child on the same servers whose signatures have run out",
         signed="nsec3", fault="expired", records=WEB, names="""
        www.uncle.family-tree.org servfail dnssec
        """),
    Zone("cousin.family-tree.org", "quayside", "an unsigned child on the same servers", records=WEB + LETS_ENCRYPT,
         names="""
        cousin.family-tree.org found
        www.cousin.family-tree.org found at=cousin.family-tree.org
        """),
    Zone("nephew.cousin.family-tree.org", "quayside", "a signed child of the unsigned one: no chain leads to it",
         signed="nsec", fault="expired", records=WEB, names="""
        www.nephew.cousin.family-tree.org found at=cousin.family-tree.org
        """),
    Zone("friend.family-tree.org", "tidewater", "an unsigned child elsewhere", records=WEB + LETS_ENCRYPT, names="""
        www.friend.family-tree.org found at=friend.family-tree.org
        """),
    Zone("clan-house.net", "quayside", "a signed zone with children on the same servers, NSEC3", signed="nsec3",
         records=WEB + "x.y.empty A 192.0.2.91\n" + WILDCARDS, names="""
        y.empty.clan-house.net empty
        south.lines.clan-house.net found
        """),
    Zone("hall.clan-house.net", "quayside", "a signed child on the same servers", signed="nsec", records=WEB, names="""
        www.hall.clan-house.net empty
        """),
    Zone("barn.clan-house.net", "quayside", "an unsigned child on the same servers", records=WEB, names="""
        barn.clan-house.net empty
        www.barn.clan-house.net empty
        """),
    Zone("gate.clan-house.net", "dovecote", "an unsigned child elsewhere", records=WEB + LETS_ENCRYPT, names="""
        gate.clan-house.net found
        """),
    Zone("open-house.nl", "quayside", "a signed zone with children, NSEC3 with opt-out", signed="nsec3-optout",
         records=WEB, names="""
        nobody.open-house.nl empty
        """),
    Zone("attic.open-house.nl", "quayside", "an unsigned child on the same servers, opted out",
         records=WEB + LETS_ENCRYPT, names="""
        www.attic.open-house.nl found at=attic.open-house.nl
        """),
    Zone("cellar.open-house.nl", "tidewater", "an unsigned child elsewhere, opted out", records=WEB, names="""
        www.cellar.open-house.nl empty
        """),
    Zone("porch.open-house.nl", "quayside", "a signed child on the same servers", signed="nsec3", records=WEB, names="""
        www.porch.open-house.nl empty
        """),
    Zone("power-house.com", "lindenhof", "a signed zone with children on the same servers, PowerDNS", signed="nsec3",
         records=WEB, names="""
        power-house.com empty
        """),
    Zone("coal.power-house.com", "lindenhof", "an unsigned child on the same servers", records=WEB + LETS_ENCRYPT,
         names="""
        www.coal.power-house.com found at=coal.power-house.com
        """),
    Zone("wind.power-house.com", "lindenhof", "a signed child on the same servers", signed="nsec", records=WEB,
         names="""
        www.wind.power-house.com empty
        """),
    Zone("wild-meadow.com", "dovecote", "wildcards, signed with NSEC3", signed="nsec3", records=WEB + WILDCARDS,
         names="""
        four.lines.wild-meadow.com found
        four.stops.wild-meadow.com empty
        lines.wild-meadow.com empty
        """),
    Zone("wild-hedge.org", "tidewater", "wildcards, signed with NSEC, BIND", signed="nsec", records=WEB + WILDCARDS,
         names="""
        four.lines.wild-hedge.org found
        four.stops.wild-hedge.org empty
        """),
)

SIGNED_ALIAS_ZONES = (
    Zone("signpost.com", "quayside", "aliases from a signed zone", signed="nsec3", records=WEB + """
        first    CNAME second
        second   CNAME third
        third    CNAME last
        last     CAA 0 issue "letsencrypt.org"
        nothing  CNAME www
        nowhere  CNAME nobody
        loop1    CNAME loop2
        loop2    CNAME loop1
        plain    CNAME orchard-cider.co.uk.
        barn     CNAME www.barn.clan-house.net.
        secure   CNAME harbour-books.com.
        expired  CNAME expired-passport.com.
        naked    CNAME www.naked-truth.com.
        rumour   CNAME two.lines.rumour-mill.com.
        porter   CNAME www.night-porter.org.
        fence    CNAME tennis-club.com.
        *.any    CNAME harbour-books.com.
        *.bad    CNAME www.expired-passport.com.
        """, names="""
        first.signpost.com found
        nothing.signpost.com empty
        nowhere.signpost.com empty
        loop1.signpost.com servfail
        plain.signpost.com found
        barn.signpost.com empty
        secure.signpost.com found
        expired.signpost.com servfail zone=expired-passport.com dnssec
        naked.signpost.com servfail zone=naked-truth.com dnssec
        rumour.signpost.com servfail zone=rumour-mill.com dnssec
        porter.signpost.com servfail zone=night-porter.org dnssec
        fence.signpost.com servfail zone=tennis-club.com
        x.any.signpost.com found
        x.bad.signpost.com servfail zone=expired-passport.com dnssec
        """),
    Zone("loose-signpost.nl", "tidewater", "aliases from an unsigned zone into signed ones", records=WEB + """
        secure   CNAME harbour-books.com.
        expired  CNAME www.expired-passport.com.
        lids     CNAME www.loose-lids.org.
        witness  CNAME two-witnesses.com.
        """, names="""
        secure.loose-signpost.nl found
        expired.loose-signpost.nl servfail zone=expired-passport.com dnssec
        lids.loose-signpost.nl servfail zone=loose-lids.org dnssec a=answers
        witness.loose-signpost.nl found
        """),
    Zone("smudged-signpost.net", "smudge", "an alias whose own signature is wrong", signed="nsec",
         records=WEB + "books CNAME harbour-books.com.\n", names="""
        books.smudged-signpost.net servfail dnssec
        """),
    Zone("rumoured-signpost.org", "hearsay", "a wildcard alias without its proof", signed="nsec",
         records=WEB + "*.any CNAME harbour-books.com.\n", names="""
        x.any.rumoured-signpost.org servfail dnssec
        """),
    Zone("signed-grafts.net", "dovecote", "DNAME in a signed zone (NSD)", signed="nsec", records=WEB + """
        oak  DNAME deep-forest.org.
        ash  DNAME mill-bakery.nl.
        elm  DNAME expired-passport.com.
        fir  DNAME old-forum.org.
        pine DNAME oak
        """, names="""
        b.c.oak.signed-grafts.net found
        www.ash.signed-grafts.net empty
        www.elm.signed-grafts.net servfail zone=expired-passport.com dnssec
        www.fir.signed-grafts.net servfail zone=old-forum.org
        b.c.pine.signed-grafts.net found
        oak.signed-grafts.net empty
        """),
    Zone("knotty-grafts.com", "quayside", "DNAME in a signed zone (Knot), NSEC3", signed="nsec3", records=WEB + """
        oak  DNAME signed-wildcards.net.
        """, names="""
        nine.lines.oak.knotty-grafts.com found
        west.stops.oak.knotty-grafts.com empty
        """),
    Zone("smudged-grafts.nl", "smudge", "a DNAME whose signature is wrong", signed="nsec3", records=WEB + """
        oak  DNAME harbour-books.com.
        """, names="""
        www.oak.smudged-grafts.nl servfail dnssec
        """),
)

# What PowerDNS 4.0.0 to 4.0.3 makes of mixed case: with every letter below the apex the chance that a question has it
# in lower case is halved.  A resolver tries a few times.
OLD_POWERDNS_ZONES = (
    Zone("iron-foundry.com", "ironworks", "PowerDNS 4.0.3, signed with NSEC", signed="nsec", records=WEB + """
        administration-office      A 192.0.2.92
        certificates-department    A 192.0.2.92
        certificates-department    CAA 0 issue "letsencrypt.org"
        branch-office-warehous     A 192.0.2.92
        x.branch-office-warehouse  A 192.0.2.92
        quarterly-accounts-archive A 192.0.2.92
        *.wildcard-customers       A 192.0.2.92
        *.wildcard-subscribers     A 192.0.2.92
        *.wildcard-subscribers     CAA 0 issue "letsencrypt.org"
        alias-of-the-office        CNAME administration-office
        alias-of-certificates      CNAME certificates-department
        m                          A 192.0.2.92
        """, names="""
        iron-foundry.com empty
        administration-office.iron-foundry.com servfail dnssec a=answers
        *.administration-office.iron-foundry.com servfail dnssec a=answers
        certificates-department.iron-foundry.com found
        branch-office-warehouse.iron-foundry.com servfail dnssec
        quarterly-accounts-backup.iron-foundry.com servfail dnssec
        any.wildcard-customers.iron-foundry.com servfail dnssec
        any.wildcard-subscribers.iron-foundry.com servfail dnssec
        aaa.iron-foundry.com empty
        alias-of-the-office.iron-foundry.com empty
        alias-of-certificates.iron-foundry.com found
        www.iron-foundry.com servfail chance a=answers
        m.iron-foundry.com empty chance
        """),
    Zone("delegated-subsidiary.iron-foundry.com", "tidewater", "an unsigned child elsewhere, whose DS record is denied",
         records=WEB + LETS_ENCRYPT, names="""
        www.delegated-subsidiary.iron-foundry.com servfail zone=iron-foundry.com dnssec
        """),
    Zone("affiliated-company.iron-foundry.com", "tidewater", "a signed child elsewhere", signed="nsec",
         records=WEB + LETS_ENCRYPT, names="""
        www.affiliated-company.iron-foundry.com found at=affiliated-company.iron-foundry.com
        """),
    Zone("hammered-iron.net", "ironworks", "the same servers, NSEC3: no fault", signed="nsec3", records=WEB + """
        administration-office      A 192.0.2.92
        """, names="""
        administration-office.hammered-iron.net empty
        nobody.hammered-iron.net empty
        """),
    Zone("cast-iron.org", "ironworks", "the same servers, unsigned: no fault", records=WEB, names="""
        www.cast-iron.org empty
        """),
)

PROOF_ZONES = (
    SPOILED_ZONES + KEY_ZONES + FAULTY_ZONES + FAMILY_TREES + SIGNED_ALIAS_ZONES + OLD_POWERDNS_ZONES
)
