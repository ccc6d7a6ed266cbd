"""The zones of the lab: where each is served, what it holds, and what a CA sees when it looks up CAA for its names.

This table, which detours.py, proofs.py and oddities.py continue, is the only place where a zone is described; zone
files, databases, delegations, DS records, the sample's certificates and the expected outcomes are all made from it.

`records` is zone-file text, one record a line, owner names relative to the zone, without SOA and NS.  `names` is what
Certificate Transparency holds for the zone, one name a line, as issued:

    NAME  OUTCOME  [at=LABEL] [zone=ZONE] [ca=other] [expired] [a=…] [ns=…] [HANGS-ON]

OUTCOME is found, empty, servfail or timeout, as a CA sees it through a validating resolver.  `at` is the label that
failed, or where the set was found, when it is not the name itself; `zone` is the zone at fault when it is not the zone
that holds that label, for instance behind an alias.  `ca=other` puts the name into a certificate of another issuer,
`expired` into one that has run out.  `a` and `ns` are answers or fails, where the control questions (A for the label
that failed, NS for the zone at fault) come out otherwise than the provider's manner lets expect.

HANGS-ON says on what the outcome hangs besides the zone itself: one of HANGS_ON, and the last column of names.tsv.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Zone:
    """One zone.  `signed` is "" or "nsec", "nsec3", "nsec3-optout"; `fault` is one of FAULTS or HARMLESS, `keys` of the
    sets of keys in signing.py."""

    name: str
    at: str
    shows: str
    records: str = ""
    names: str = ""
    signed: str = ""
    fault: str = ""
    keys: str = ""
    second: str = ""  # the records at the second nameserver, where it disagrees with the first


# What can be wrong with a zone itself, whatever its servers are:
FAULTS = {
    "expired": "the signatures ran out a month ago",
    "not-yet-valid": "the signatures are those of next month",
    "ds-mismatch": "the DS record at the parent matches no key of the zone",
    "ds-unsigned": "a DS record at the parent, but the zone is not signed",
    "ds-algorithm-beside": "of two DS records one is of an algorithm that nobody knows, the other matches no key",
    "same-tag": "twelve more keys with the tag of the one that signs",
    "not-loaded": "the servers do not have the zone (lame delegation)",
    "malformed-caa": "a CAA record of one name in the database cannot be parsed",
    "malformed-apex": "a CAA record of the apex in the database cannot be parsed",
}

# What may look like a fault and is none.
HARMLESS = {
    "ds-algorithm": "a DS record of an algorithm that nobody knows: as good as none",
    "ds-digest": "a DS record with a digest that nobody knows: as good as none",
    "ds-spare": "two DS records, of which one matches",
    "ds-sha1": "a DS record with SHA-1",
    "ds-sha384": "a DS record with SHA-384",
    "iterations-100": "NSEC3 with 100 iterations and salt, which is still validated",
    "iterations-200": "NSEC3 with 200 iterations, which is more than is validated: as good as unsigned",
}

# On what an outcome may hang; whoever compares two programs excepts such a name, and says so.
HANGS_ON = {
    "dnssec": "only validation shows the fault",
    "chance": "on the case of the letters in the questions, or on which servers are asked, or when",
    "version": "on the version of the resolver; the table has that of 1.17.1",
    "history": "on what the resolver knows of the servers: it goes on with a silent one for longer than 15 s",
}

# Addresses of web servers in the zones; nothing listens there, and CAA questions never need them.
WEB = "@ A 192.0.2.80\n@ AAAA 2001:db8::80\nwww A 192.0.2.80\n"
MAIL = "@ MX 10 mail\nmail A 192.0.2.25\n"
LETS_ENCRYPT = '@ CAA 0 issue "letsencrypt.org"\n'

REGISTRY_ZONES = (
    Zone(".", "root", "the root, signed with NSEC", signed="nsec"),
    Zone("com", "gtld", "signed with NSEC3 and opt-out, as the real one", signed="nsec3-optout", names="""
        www.never-registered.com empty
        """),
    Zone("net", "gtld", "signed with NSEC3 and opt-out", signed="nsec3-optout"),
    Zone("org", "org-registry", "signed with NSEC3 and opt-out", signed="nsec3-optout"),
    Zone("nl", "nl-registry", "signed with NSEC3 and opt-out", signed="nsec3-optout"),
    Zone("uk", "uk-registry", "signed with NSEC3", signed="nsec3"),
    Zone("co.uk", "uk-registry", "a registry zone below a registry zone", signed="nsec3"),
    Zone("coop", "coop-registry", "a TLD that is not signed"),
    Zone("aero", "aero-registry", "one of two servers of the TLD refuses", signed="nsec3-optout"),
    Zone("travel", "travel-registry", "a TLD whose DS record matches no key", signed="nsec3", fault="ds-mismatch"),
    Zone("pro", "pro-registry", "a TLD whose signatures have run out", signed="nsec", fault="expired"),
    Zone("jobs", "jobs-registry", "a TLD whose servers fail", signed="nsec"),
    Zone("tel", "tel-registry", "a TLD whose servers are silent", signed="nsec"),
    Zone("cat", "cat-registry", "a TLD that fails for CAA of its own name", signed="nsec"),
)

HEALTHY_ZONES = (
    Zone("harbour-books.com", "quayside", "CAA at the apex, signed with NSEC", signed="nsec",
         records=WEB + MAIL + LETS_ENCRYPT + """
        @    CAA 0 issuewild ";"
        blog CNAME www
        """, names="""
        harbour-books.com found
        www.harbour-books.com found at=harbour-books.com
        blog.harbour-books.com found at=harbour-books.com
        *.harbour-books.com found
        mail.harbour-books.com found at=harbour-books.com ca=other
        """),
    Zone("quiet-garden.com", "quayside", "no CAA, signed with NSEC3", signed="nsec3", records=WEB + MAIL, names="""
        quiet-garden.com empty
        www.quiet-garden.com empty
        mail.quiet-garden.com empty
        nothing-here.quiet-garden.com empty
        *.quiet-garden.com empty
        """),
    Zone("mill-bakery.nl", "quayside", "no CAA, unsigned", records=WEB + MAIL, names="""
        mill-bakery.nl empty
        www.mill-bakery.nl empty
        old.mill-bakery.nl empty expired
        WWW.Mill-Bakery.NL. empty
        """),
    Zone("tram-tickets.org", "quayside", "a wildcard with CAA, one without, unsigned", records=WEB + """
        *.lines   A 192.0.2.81
        *.lines   CAA 0 issue "letsencrypt.org"
        *.stops   A 192.0.2.82
        """, names="""
        *.lines.tram-tickets.org empty
        five.lines.tram-tickets.org found
        *.stops.tram-tickets.org empty
        central.stops.tram-tickets.org empty
        """),
    Zone("signed-wildcards.net", "quayside", "the same, signed with NSEC", signed="nsec", records=WEB + """
        *.lines   A 192.0.2.81
        *.lines   CAA 0 issue "letsencrypt.org"
        *.stops   A 192.0.2.82
        """, names="""
        nine.lines.signed-wildcards.net found
        west.stops.signed-wildcards.net empty
        signed-wildcards.net empty
        """),
    Zone("deep-forest.org", "quayside", "deep names, empty non-terminals, CAA half way up, signed with NSEC3",
         signed="nsec3", records=WEB + """
        a.b.c      A 192.0.2.83
        b.c        CAA 0 issue "letsencrypt.org"
        w.x.y.z    A 192.0.2.84
        """, names="""
        a.b.c.deep-forest.org found at=b.c.deep-forest.org
        *.b.c.deep-forest.org found at=b.c.deep-forest.org
        c.deep-forest.org empty
        w.x.y.z.deep-forest.org empty
        v.w.x.y.z.deep-forest.org empty
        deep-forest.org empty
        """),
    Zone("orchard-cider.co.uk", "lindenhof", "CAA at the apex on PowerDNS, unsigned",
         records=WEB + MAIL + LETS_ENCRYPT + '@ CAA 0 iodef "mailto:hostmaster@orchard-cider.co.uk"\n', names="""
        orchard-cider.co.uk found
        www.orchard-cider.co.uk found at=orchard-cider.co.uk
        shop.orchard-cider.co.uk found at=orchard-cider.co.uk expired
        """),
    Zone("lantern-festival.net", "lindenhof", "no CAA, signed by PowerDNS as it answers, NSEC", signed="nsec",
         records=WEB + MAIL + "*.tickets A 192.0.2.85\n", names="""
        lantern-festival.net empty
        www.lantern-festival.net empty
        front.tickets.lantern-festival.net empty
        nobody.lantern-festival.net empty
        """),
    Zone("velvet-curtain.nl", "lindenhof", "CAA at the apex, signed by PowerDNS as it answers, NSEC3", signed="nsec3",
         records=WEB + LETS_ENCRYPT, names="""
        velvet-curtain.nl found
        www.velvet-curtain.nl found at=velvet-curtain.nl
        """),
    Zone("xn--bcher-kva.nl", "quayside", "an internationalised name, as CT holds it in either form", records=WEB,
         names="""
        bücher.nl empty
        www.xn--bcher-kva.nl empty
        """),
    Zone("glueless-lamps.nl", "crossborder", "the nameserver names are in two other TLDs", records=WEB + LETS_ENCRYPT,
         names="""
        glueless-lamps.nl found
        www.glueless-lamps.nl found at=glueless-lamps.nl
        """),
    Zone("six-oars.org", "sixonly", "the nameservers have IPv6 addresses only", records=WEB, names="""
        six-oars.org empty
        www.six-oars.org empty
        """),
    Zone("half-timbered.com", "steady", "one of two servers is silent", records=WEB + LETS_ENCRYPT, names="""
        half-timbered.com found
        www.half-timbered.com found at=half-timbered.com
        """),
    Zone("rowing-club.org", "onegood", "one of two servers refuses", records=WEB, names="""
        rowing-club.org empty
        www.rowing-club.org empty
        """),
    Zone("quilt-makers.com", "patchwork", "one of two servers answers CAA with SERVFAIL", signed="nsec", records=WEB,
         names="""
        quilt-makers.com empty
        www.quilt-makers.com empty
        """),
    Zone("alias-market.com", "quayside", "aliases to healthy and to broken zones", records=WEB + """
        books  CNAME www.orchard-cider.co.uk.
        apex   CNAME orchard-cider.co.uk.
        garden CNAME www.quiet-garden.com.
        gone   CNAME www.never-registered.com.
        pay    CNAME www.bright-bakery.com.
        forum  CNAME www.old-forum.org.
        expo   CNAME www.closed-museum.org.
        alias1 CNAME alias2
        alias2 CNAME alias1
        """, names="""
        books.alias-market.com empty
        apex.alias-market.com found
        garden.alias-market.com empty
        gone.alias-market.com empty
        pay.alias-market.com servfail zone=bright-bakery.com
        forum.alias-market.com servfail zone=old-forum.org
        expo.alias-market.com timeout zone=closed-museum.org
        alias1.alias-market.com servfail
        alias-market.com empty
        """),
)

NAMEBRIGHT_ZONES = (
    Zone("bright-bakery.com", "namebright", "CAA answered with SERVFAIL", records=WEB + MAIL, names="""
        bright-bakery.com servfail
        www.bright-bakery.com servfail
        mail.bright-bakery.com servfail
        *.bright-bakery.com servfail
        """),
    Zone("bright-cycles.com", "namebright", "the same, with names further down", records=WEB + "eu.shop A 192.0.2.86\n",
         names="""
        eu.shop.bright-cycles.com servfail
        shop.bright-cycles.com servfail
        bright-cycles.com servfail
        www.bright-cycles.com servfail
        """),
    Zone("bright-garage.net", "namebright", "the same, in net; one name in an expired certificate only", records=WEB,
         names="""
        bright-garage.net servfail
        www.bright-garage.net servfail
        old.bright-garage.net servfail expired
        """),
    Zone("bright-tours.org", "namebright", "the same, in org; one name of another issuer only", records=WEB, names="""
        bright-tours.org servfail
        www.bright-tours.org servfail
        api.bright-tours.org servfail ca=other
        """),
    Zone("bright-books.co.uk", "namebright", "the same, below co.uk", records=WEB, names="""
        bright-books.co.uk servfail
        www.bright-books.co.uk servfail
        """),
    Zone("bright-notary.com", "namebright", "the same, but the zone is signed", signed="nsec", records=WEB, names="""
        bright-notary.com servfail
        www.bright-notary.com servfail
        """),
    Zone("xn--blten-lva.com", "namebright", "the same, with an internationalised name", records=WEB, names="""
        blüten.com servfail
        www.xn--blten-lva.com servfail
        """),
)

BROKEN_ZONES = (
    Zone("knotted-rope.org", "quayside", "a name that fails (an alias loop), with names below it: one has its own CAA set "
         "and is found, from the other the climb goes on into the failing name", records=WEB + """
        shop        CNAME store
        store       CNAME shop
        secure.shop CAA 0 issue "letsencrypt.org"
        plain.shop  A 192.0.2.87
        """, names="""
        knotted-rope.org empty
        shop.knotted-rope.org servfail
        secure.shop.knotted-rope.org found
        eu.secure.shop.knotted-rope.org found at=secure.shop.knotted-rope.org
        plain.shop.knotted-rope.org servfail at=shop.knotted-rope.org
        """),
    Zone("copper-kettle.nl", "lindenhof", "a CAA record of one name in the database cannot be parsed: PowerDNS 4.7 then "
         "fails for that name and for all below it, whatever they hold", fault="malformed-caa", records=WEB + """
        shop        A 192.0.2.87
        shop        CAA letsencrypt
        secure.shop CAA 0 issue "letsencrypt.org"
        """, names="""
        copper-kettle.nl empty
        www.copper-kettle.nl empty
        shop.copper-kettle.nl servfail
        *.shop.copper-kettle.nl servfail
        secure.shop.copper-kettle.nl servfail
        """),
    Zone("brass-kettle.nl", "lindenhof", "the same at the apex, and so for every name of the zone",
         fault="malformed-apex", records=WEB + "@ CAA letsencrypt\n", names="""
        brass-kettle.nl servfail
        www.brass-kettle.nl servfail
        """),
    Zone("tennis-club.com", "cloudfence", "REFUSED for CAA", records=WEB + MAIL, names="""
        tennis-club.com servfail
        www.tennis-club.com servfail
        *.courts.tennis-club.com servfail
        """),
    Zone("chess-club.net", "cloudfence", "REFUSED for CAA, signed", signed="nsec", records=WEB, names="""
        chess-club.net servfail
        www.chess-club.net servfail
        """),
    Zone("city-library.nl", "balancer", "NOTIMP for CAA", records=WEB, names="""
        city-library.nl servfail
        www.city-library.nl servfail
        """),
    Zone("paper-mill.co.uk", "oldbox", "FORMERR for CAA, with and without EDNS", records=WEB, names="""
        paper-mill.co.uk servfail
        www.paper-mill.co.uk servfail
        """),
    Zone("bank-holiday.nl", "firewall", "CAA queries are dropped", records=WEB, names="""
        bank-holiday.nl timeout
        www.bank-holiday.nl timeout
        """),
    Zone("night-train.org", "firewall", "CAA queries are dropped, signed", signed="nsec3", records=WEB, names="""
        night-train.org timeout
        """),
    Zone("hot-kettle.com", "overload", "SERVFAIL for everything", records=WEB, names="""
        hot-kettle.com servfail
        www.hot-kettle.com servfail
        """),
    Zone("old-forum.org", "lapsed", "REFUSED for everything", records=WEB, names="""
        old-forum.org servfail
        www.old-forum.org servfail
        """),
    Zone("moved-away.com", "quayside", "a healthy operator that does not have the zone", fault="not-loaded", names="""
        moved-away.com servfail
        www.moved-away.com servfail
        *.moved-away.com servfail
        """),
    Zone("closed-shop.com", "vanished", "silent servers", records=WEB, names="""
        closed-shop.com timeout
        www.closed-shop.com timeout
        """),
    Zone("closed-museum.org", "vanished", "silent servers", records=WEB, names="""
        closed-museum.org timeout
        """),
    Zone("empty-office.co.uk", "closed", "nobody listens on the servers' addresses", names="""
        empty-office.co.uk timeout
        """),
    Zone("orphan-works.net", "dissolved", "the nameserver names do not exist", names="""
        orphan-works.net servfail
        www.orphan-works.net servfail
        """),
    Zone("intranet-portal.com", "inside", "the nameservers have special-use addresses only", names="""
        intranet-portal.com servfail
        www.intranet-portal.com servfail
        """),
    Zone("expired-passport.com", "quayside", "the signatures have run out", signed="nsec", fault="expired",
         records=WEB + LETS_ENCRYPT, names="""
        expired-passport.com servfail dnssec
        www.expired-passport.com servfail dnssec
        """),
    Zone("wrong-key.net", "lindenhof", "the DS record matches no key", signed="nsec", fault="ds-mismatch", records=WEB,
         names="""
        wrong-key.net servfail dnssec
        www.wrong-key.net servfail dnssec
        """),
    Zone("green-energy.com", "quayside", "healthy with CAA, but a child zone of it is not", records=WEB + LETS_ENCRYPT,
         names="""
        green-energy.com found
        www.green-energy.com found at=green-energy.com
        """),
    Zone("api.green-energy.com", "namebright", "the child: CAA answered with SERVFAIL below a healthy zone",
         records="@ A 192.0.2.88\nv1 A 192.0.2.88\n", names="""
        api.green-energy.com servfail
        v1.api.green-energy.com servfail
        """),
    Zone("stage.green-energy.com", "lapsed", "another child: REFUSED for everything", names="""
        stage.green-energy.com servfail
        """),
)

PLAIN_ZONES = REGISTRY_ZONES + HEALTHY_ZONES + NAMEBRIGHT_ZONES + BROKEN_ZONES
