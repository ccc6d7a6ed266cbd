"""More zones of the lab: servers whose messages are odd, ways to a nameserver that are too long, and TLDs in trouble.

Most of it once unsigned and once signed, where the resolver's word may be another: what it takes for an answer still
has to be proven.  zones.py explains the form.
"""

from .zones import LETS_ENCRYPT, WEB, Zone

CASE_ZONES = (
    Zone("folded-linen.com", "folding", "answers in lower case", records=WEB + LETS_ENCRYPT, names="""
        folded-linen.com found
        www.folded-linen.com found at=folded-linen.com
        """),
    Zone("folded-paper.org", "folding", "answers in lower case, signed", signed="nsec", records=WEB, names="""
        folded-paper.org empty
        www.folded-paper.org empty
        """),
    Zone("folded-maps.net", "refolding", "answers in lower case, and the serial is never the same", records=WEB,
         names="""
        folded-maps.net servfail a=answers ns=answers
        www.folded-maps.net servfail a=answers ns=answers
        """),
    Zone("hidden-drawer.org", "hideaway", "a CAA set that is denied to names in mixed case", records=WEB + LETS_ENCRYPT,
         names="""
        hidden-drawer.org empty
        www.hidden-drawer.org empty
        """),
    # Long, so that no resolver ever asks in lower case by chance: of 13 letters that is one question in 8,192, and a
    # resolver that finds an answer bogus asks for it again and again.
    Zone("hidden-door-behind-the-bookcase.com", "hideaway", "the same, signed: the denial has no proof", signed="nsec",
         records=WEB + LETS_ENCRYPT, names="""
        hidden-door-behind-the-bookcase.com servfail dnssec a=answers
        """),
    Zone("small-print-on-the-last-page.nl", "pedant", "REFUSED for names in mixed case, signed", signed="nsec3",
         records=WEB, names="""
        small-print-on-the-last-page.nl servfail
        """),
    Zone("lower-deck.com", "hardofcase", "names in mixed case are dropped, signed", signed="nsec", records=WEB,
         names="""
        lower-deck.com empty
        """),
)

MESSAGE_ZONES = (
    Zone("mirror-image.com", "mirror", "answers that say they are questions", records=WEB, names="""
        www.mirror-image.com servfail
        """),
    Zone("mirror-writing.org", "mirror", "the same, signed", signed="nsec", records=WEB, names="""
        mirror-writing.org servfail
        """),
    Zone("crossed-lines.net", "crosstalk", "answers another name", records=WEB, names="""
        www.crossed-lines.net servfail
        """),
    Zone("crossed-wires.nl", "typecast", "answers another type", records=WEB, names="""
        www.crossed-wires.nl servfail
        """),
    Zone("mumbled-words.com", "mumble", "answers without the question", records=WEB + LETS_ENCRYPT, names="""
        mumbled-words.com servfail
        """),
    Zone("stuttered-words.net", "stutter", "answers with the question twice", records=WEB + LETS_ENCRYPT, names="""
        stuttered-words.net servfail
        """),
    Zone("wrong-number.org", "misdial", "answers with another ID, which is no answer", records=WEB, names="""
        www.wrong-number.org timeout
        """),
    Zone("torn-pages.com", "shredder", "answers that end in the middle of a record", records=WEB + LETS_ENCRYPT,
         names="""
        torn-pages.com servfail
        www.torn-pages.com servfail
        """),
    Zone("next-edition.net", "newversion", "BADVERS for queries with EDNS", records=WEB, names="""
        www.next-edition.net empty version
        """),
    Zone("last-edition.org", "newversion", "the same, signed", signed="nsec", records=WEB, names="""
        www.last-edition.org servfail dnssec ns=fails
        """),
    Zone("short-answer.com", "terse-aa", "an empty message with AA for CAA", records=WEB, names="""
        www.short-answer.com empty version
        """),
    Zone("shorter-answer.net", "terse-bare", "an empty message without AA and OPT for CAA", records=WEB, names="""
        www.shorter-answer.net empty version
        """),
    Zone("signed-silence.org", "terse-aa", "an empty message for CAA, signed: no proof", signed="nsec", records=WEB,
         names="""
        www.signed-silence.org servfail dnssec a=answers
        """),
    Zone("signed-denial.com", "denier", "NXDOMAIN for CAA, signed: no proof", signed="nsec3", records=WEB, names="""
        www.signed-denial.com servfail dnssec a=answers
        """),
    Zone("humble-pie.net", "humble", "answers without AA", records=WEB + LETS_ENCRYPT, names="""
        humble-pie.net found
        nobody.humble-pie.net found at=humble-pie.net
        """),
    Zone("humble-home.org", "humble", "answers without AA, signed", signed="nsec3", records=WEB, names="""
        humble-home.org empty
        nobody.humble-home.org empty
        """),
    Zone("second-hand.com", "gobetween", "a resolver answers: RA and no AA", records=WEB, names="""
        second-hand.com empty
        nobody.second-hand.com empty
        """),
    Zone("second-best.net", "gobetween", "a resolver answers, signed", signed="nsec", records=WEB + LETS_ENCRYPT,
         names="""
        second-best.net found
        nobody.second-best.net found at=second-best.net
        """),
    Zone("next-door.org", "neighbour", "the SOA of another zone in the denial", records=WEB, names="""
        www.next-door.org empty version
        """),
    Zone("next-street.com", "neighbour", "the same, signed", signed="nsec", records=WEB, names="""
        www.next-street.com servfail dnssec a=answers
        """),
    Zone("side-step.net", "sideways", "a referral to the zone beside", records=WEB, names="""
        www.side-step.net empty version
        """),
    Zone("side-track.org", "sideways", "the same, signed", signed="nsec", records=WEB, names="""
        www.side-track.org servfail dnssec
        """),
    Zone("own-shadow.com", "selfsame", "a referral to the zone itself", records=WEB, names="""
        www.own-shadow.com empty version
        """),
    Zone("own-echo.net", "selfsame", "the same, signed", signed="nsec", records=WEB, names="""
        www.own-echo.net servfail version
        """),
    Zone("up-the-wall.com", "upstairs", "a referral to the root", records=WEB, names="""
        up-the-wall.com servfail
        www.up-the-wall.com servfail
        """),
    Zone("up-the-hill.org", "upstairs", "a referral to the root, signed", signed="nsec", records=WEB, names="""
        www.up-the-hill.org servfail
        """),
    Zone("up-one-floor.net", "landing", "a referral to the TLD", records=WEB, names="""
        www.up-one-floor.net servfail
        """),
    Zone("overfull-cup.org", "overfull", "CAA is truncated, over TCP too", records=WEB, names="""
        www.overfull-cup.org servfail
        """),
    Zone("overfull-jar.com", "overfull", "the same, signed", signed="nsec", records=WEB, names="""
        overfull-jar.com servfail
        """),
    Zone("slammed-door.com", "slammed", "CAA is truncated, and TCP ends with a reset", records=WEB, names="""
        www.slammed-door.com servfail
        """),
    Zone("no-form.net", "formless", "FORMERR for everything", names="""
        www.no-form.net servfail
        """),
    Zone("bad-spelling.org", "scribble", "a CAA record that cannot be parsed is still a set",
         records=WEB + LETS_ENCRYPT,
         names="""
        bad-spelling.org found
        """),
    Zone("forked-tree.nl", "forked", "two DNAME records in an answer", records=WEB + "oak DNAME deep-forest.org.\n",
         names="""
        b.c.oak.forked-tree.nl servfail ns=answers
        """),
    Zone("signed-clocks.org", "antique", "FORMERR for queries with EDNS, signed: proofs cannot be had", signed="nsec",
         records=WEB + LETS_ENCRYPT, names="""
        signed-clocks.org servfail dnssec ns=fails
        """),
    Zone("signed-cars.co.uk", "vintage", "NOTIMP for queries with EDNS, signed", signed="nsec3", records=WEB, names="""
        www.signed-cars.co.uk servfail dnssec ns=fails
        """),
    Zone("signed-letters.net", "longhand", "every answer truncated over UDP, signed", signed="nsec3", records=WEB,
         names="""
        www.signed-letters.net empty
        """),
    Zone("signed-kettle.com", "overload", "SERVFAIL for everything, signed", signed="nsec", names="""
        www.signed-kettle.com servfail
        """),
    Zone("signed-forum.org", "lapsed", "REFUSED for everything, signed", signed="nsec", names="""
        www.signed-forum.org servfail
        """),
    Zone("signed-museum.org", "vanished", "silent servers, signed", signed="nsec", names="""
        www.signed-museum.org timeout
        """),
    Zone("signed-rowing.org", "onegood", "one of two servers refuses, signed", signed="nsec3", records=WEB, names="""
        www.signed-rowing.org empty
        """),
    Zone("signed-timber.com", "steady", "one of two servers is silent, signed: a resolver may need more than 15 s",
         signed="nsec", records=WEB + LETS_ENCRYPT, names="""
        signed-timber.com found chance
        """),
)

WAY_ZONES = (
    Zone("needle-stack.com", "crowd", "of seventeen servers the last is fine; a resolver may give up before",
         records=WEB, names="""
        www.needle-stack.com empty chance
        """),
    Zone("roll-call.com", "roster", "of twelve nameserver names the last exists; a resolver may give up before",
         records=WEB, names="""
        www.roll-call.com empty chance
        """),
    Zone("three-flights.co.uk", "stair-3", "three delegations without glue, one behind the other", records=WEB,
         names="""
        www.three-flights.co.uk empty chance
        """),
    Zone("six-flights.com", "stair-6", "six delegations without glue in a row; a resolver may give up before",
         records=WEB, names="""
        www.six-flights.com empty chance
        """),
)

TLD_ZONES = (
    Zone("sun-trips.travel", "quayside", "below a TLD whose DS record matches no key", records=WEB + LETS_ENCRYPT,
         names="""
        sun-trips.travel servfail zone=travel dnssec
        www.sun-trips.travel servfail zone=travel dnssec
        """),
    Zone("snow-trips.travel", "tidewater", "the same, signed", signed="nsec", records=WEB, names="""
        www.snow-trips.travel servfail zone=travel dnssec
        never-registered.travel servfail zone=travel dnssec
        """),
    Zone("tax-advice.pro", "quayside", "below a TLD whose signatures have run out", records=WEB, names="""
        www.tax-advice.pro servfail zone=pro dnssec
        """),
    Zone("harvest.jobs", "quayside", "below a TLD whose servers fail", records=WEB + LETS_ENCRYPT, names="""
        harvest.jobs servfail zone=jobs
        www.harvest.jobs servfail zone=jobs
        """),
    Zone("mobile-phones.tel", "quayside", "below a TLD whose servers are silent", records=WEB, names="""
        www.mobile-phones.tel timeout zone=tel
        """),
    Zone("dairy.coop", "quayside", "below an unsigned TLD", records=WEB + LETS_ENCRYPT, names="""
        dairy.coop found
        """),
    Zone("vineyard.coop", "dovecote", "below an unsigned TLD, signed: no chain leads to it", signed="nsec",
         fault="expired", records=WEB, names="""
        www.vineyard.coop empty
        """),
    Zone("glider-club.aero", "quayside", "below a TLD of which one server refuses", signed="nsec", records=WEB,
         names="""
        www.glider-club.aero empty
        """),
    Zone("llibres.cat", "tidewater", "below a TLD that fails for CAA of its own name; this one has a set",
         records=WEB + LETS_ENCRYPT, names="""
        llibres.cat found
        www.llibres.cat found at=llibres.cat
        """),
    Zone("formatge.cat", "tidewater", "the same, and this one has none: the climb reaches the TLD", records=WEB,
         names="""
        formatge.cat servfail at=cat a=answers
        www.formatge.cat servfail at=cat a=answers
        """),
)

ODD_ZONES = CASE_ZONES + MESSAGE_ZONES + WAY_ZONES + TLD_ZONES
