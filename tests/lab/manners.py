"""How the scripted servers spoil the answers of the real server behind them.

Each manner is a function over one question (`Asked`, in scripted.py) that gives the message to send, raw octets, None
for silence, or RESET for the end of the TCP connection.  The signatures and the proofs in what they send come from the
real server, which holds the zone; so whatever is wrong with an answer is what the manner has done to it.
"""

import itertools

from .message import (
    AA, CAA, CNAME, DNAME, DNSKEY, DS, NS, NSEC, NSEC3, QR, RA, RRSIG, SOA, TC, TXT, Record, lower, parse_text,
    read_name, write_name,
)

RESET = object()
MANNERS = {}

_SERVFAIL = 2
_CHAOS = 3
_OLD_POWERDNS = b"PowerDNS Authoritative Server 4.0.3"
_ELSEWHERE = parse_text("ns1.lapsed-hosting.org")


def _manner(name):
    def add(function):
        MANNERS[name] = function
        return function
    return add


# DNSSEC: what the zone has and the answer lacks

@_manner("no-rrsig")
async def _no_rrsig(asked):
    reply = await asked.reply()
    reply.strip(lambda record: record.kind == RRSIG)
    return reply


@_manner("caa-no-rrsig")
async def _caa_no_rrsig(asked):
    return await (_no_rrsig(asked) if asked.kind == CAA else asked.reply())


@_manner("denial-no-rrsig")
async def _denial_no_rrsig(asked):
    reply = await asked.reply()
    reply.strip(lambda record: record.covered in (NSEC, NSEC3))
    return reply


def _strip_denial(reply):
    reply.strip(lambda record: record.kind in (NSEC, NSEC3) or record.covered in (NSEC, NSEC3))


@_manner("no-denial")
async def _no_denial(asked):
    reply = await asked.reply()
    _strip_denial(reply)
    return reply


@_manner("bad-signature")
async def _bad_signature(asked):
    reply = await asked.reply()
    if asked.kind == CAA:
        for record in (*reply.answers, *reply.authority):
            if record.kind == RRSIG:
                record.rdata = record.rdata[:-1] + bytes([record.rdata[-1] ^ 1])
    return reply


@_manner("no-dnskey")
async def _no_dnskey(asked):
    reply = await asked.reply()
    if asked.kind == DNSKEY:
        reply.clear()
    return reply


@_manner("ds-stripped")
async def _ds_stripped(asked):
    """A parent that hands out delegations without DS records and without the proof that there are none."""
    reply = await asked.reply()
    if asked.kind == DS or any(record.kind == NS for record in reply.authority):
        reply.strip(lambda record: record.kind == DS or record.covered == DS)
        _strip_denial(reply)
    return reply


# The case of names

def _fold(reply):
    reply.questions = [(lower(name), *rest) for name, *rest in reply.questions]
    for section in reply.sections():
        for record in section:
            record.owner = lower(record.owner)
            # The real server compresses names into the question, and so they come out in the question's case.
            if record.kind == SOA:
                record.rdata = record.rdata[:-20].lower() + record.rdata[-20:]
            elif record.kind in (NS, CNAME, DNAME):
                record.rdata = record.rdata.lower()


@_manner("case-folded")
async def _case_folded(asked):
    reply = await asked.reply()
    _fold(reply)
    return reply


_serials = itertools.count(1)


@_manner("case-folded-serial")
async def _case_folded_serial(asked):
    """As case-folded, and no two answers show the same serial."""
    reply = await _case_folded(asked)
    for record in (*reply.answers, *reply.authority):
        if record.kind == SOA:
            record.rdata = record.rdata[:-20] + next(_serials).to_bytes(4, "big") + record.rdata[-16:]
    return reply


@_manner("case-hidden")
async def _case_hidden(asked):
    """Repeats the question as it was asked, but looks CAA sets up without folding it: for mixed case there are none."""
    reply = await asked.reply()
    if asked.kind == CAA and asked.name != lower(asked.name):
        other = await asked.ask(asked.name, SOA)
        reply.answers = []
        reply.authority = [record for record in (*other.answers, *other.authority) if record.kind == SOA]
    return reply


class _Chain:
    """The NSEC records of a zone in the order in which old PowerDNS keeps them."""

    def __init__(self, apex, found):
        self._apex = apex
        self._found = sorted(((self._key(name), name, records) for name, records in found), key=lambda one: one[0])
        self._names = {lower(name)[cut:] for _, name, _ in self._found for cut in range(len(name) - len(apex) + 1)}

    @classmethod
    async def walk(cls, asked, apex):
        """Along the next names, as the real server gives them."""
        found, name = [], lower(apex)
        while not found or name != lower(apex):
            # What lies behind a delegation is not for this zone to say, but the name after it can be asked for.
            for question in (name, (name[0] + b"-", *name[1:])):
                reply = await asked.ask(question, NSEC)
                records = [
                    record for record in (*reply.answers, *reply.authority)
                    if lower(record.owner) == name and NSEC in (record.kind, record.covered)
                ]
                if records:
                    break
            found.append((name, records))
            name = lower(read_name(next(record.rdata for record in records if record.kind == NSEC), 0)[0])
        return cls(lower(apex), found)

    def _key(self, name):
        return b" ".join(reversed(name[:len(name) - len(self._apex)]))

    def exists(self, name):
        return lower(name) in self._names

    def before(self, name):
        """The records of the last name not behind `name`, octet by octet: upper case sorts before lower case."""
        key = self._key(name)
        return [records for stored, _, records in self._found if stored <= key][-1]

    def source_of_wildcard(self, name):
        """`*` below the closest encloser, in the case of the question."""
        cut = next(cut for cut in range(1, len(name) + 1) if self.exists(name[cut:]))
        return (b"*", *name[cut:])


_chains = {}


@_manner("old-powerdns")
async def _old_powerdns(asked):
    """PowerDNS 4.0.0 to 4.0.3 with a database behind it, signing with NSEC: the names whose NSEC it looks for are not
    brought to lower case, and the database compares octets.  Answers at the apex and those that need no NSEC are right,
    and so is what an alias leads to."""
    reply = await asked.reply()
    if lower(asked.name) == (b"version", b"bind"):
        reply.clear()
        reply.rcode = 0
        reply.set(AA)
        reply.answers.append(Record(asked.name, TXT, 0, bytes([len(_OLD_POWERDNS)]) + _OLD_POWERDNS, _CHAOS))
        return reply
    if not any(record.kind == NSEC for record in reply.authority):
        return reply
    if any(record.kind == CNAME for record in reply.answers):
        return reply
    apex = read_name(next(record.rdata for record in reply.authority if record.covered == NSEC), 18)[0]
    delegation = next((record.owner for record in reply.authority if record.kind == NS), None)
    # A delegation is looked for as it stands in the question.
    targets = [asked.name[-len(delegation):] if delegation else asked.name]
    if lower(apex) not in _chains:
        _chains[lower(apex)] = await _Chain.walk(asked, apex)
    chain = _chains[lower(apex)]
    if delegation is None and not reply.answers and not chain.exists(asked.name):
        targets.append(chain.source_of_wildcard(asked.name))
    _strip_denial(reply)
    for records in {id(found): found for found in map(chain.before, targets)}.values():
        reply.authority += records
    return reply


# Messages that are odd

@_manner("qr-clear")
async def _qr_clear(asked):
    reply = await asked.reply()
    reply.set(QR, False)
    return reply


@_manner("wrong-name")
async def _wrong_name(asked):
    reply = await asked.reply()
    reply.questions = [((b"other", *name[1:]), *rest) for name, *rest in reply.questions]
    return reply


@_manner("wrong-type")
async def _wrong_type(asked):
    reply = await asked.reply()
    reply.questions = [(name, kind ^ 1, klass) for name, kind, klass in reply.questions]
    return reply


@_manner("no-question")
async def _no_question(asked):
    reply = await asked.reply()
    reply.questions = []
    return reply


@_manner("two-questions")
async def _two_questions(asked):
    reply = await asked.reply()
    reply.questions *= 2
    return reply


@_manner("wrong-id")
async def _wrong_id(asked):
    reply = await asked.reply()
    reply.ident ^= 1
    return reply


@_manner("cut-off")
async def _cut_off(asked):
    """The message ends in the middle of a record, and no flag says so."""
    reply = await asked.reply()
    reply.strip(lambda record: record.kind not in (SOA, CAA, NS))
    return reply.wire()[:-7]


@_manner("bad-version")
async def _bad_version(asked):
    """BADVERS for every version of EDNS, and nothing else."""
    reply = await asked.reply()
    if reply.opt:
        reply.clear()
        reply.opt.ttl |= 1 << 24
    return reply


@_manner("caa-empty-aa")
async def _caa_empty_aa(asked):
    reply = await asked.reply()
    if asked.kind == CAA:
        reply.clear()
        reply.set(AA)
    return reply


@_manner("caa-empty-bare")
async def _caa_empty_bare(asked):
    reply = await asked.reply()
    if asked.kind == CAA:
        reply.clear(keep_opt=False)
        reply.set(AA, False)
    return reply


@_manner("not-authoritative")
async def _not_authoritative(asked):
    reply = await asked.reply()
    reply.set(AA, False)
    return reply


@_manner("recursion-lame")
async def _recursion_lame(asked):
    """What a resolver says that somebody delegated a zone to."""
    reply = await asked.reply()
    reply.set(AA, False)
    reply.set(RA)
    return reply


@_manner("foreign-soa")
async def _foreign_soa(asked):
    """A denial with the SOA record of a zone beside the one that was asked about."""
    reply = await asked.reply()
    if asked.kind == CAA:
        for record in reply.authority:
            if record.kind == SOA:
                record.owner = (b"beside-" + record.owner[0], *record.owner[1:])
    return reply


async def _refer(asked, owner, host):
    reply = await asked.reply()
    reply.clear()
    reply.set(AA, False)
    reply.rcode = 0
    reply.authority = [Record(owner, NS, 300, write_name(host))]
    return reply


@_manner("sideways")
async def _sideways(asked):
    apex = await asked.zone()
    return await _refer(asked, (b"beside-" + apex[0], *apex[1:]), _ELSEWHERE)


@_manner("self-referral")
async def _self_referral(asked):
    return await _refer(asked, await asked.zone(), _ELSEWHERE)


@_manner("upward-root")
async def _upward_root(asked):
    return await _refer(asked, (), parse_text("a.root-servers.net"))


@_manner("upward-tld")
async def _upward_tld(asked):
    return await _refer(asked, asked.name[-1:], parse_text("a.gtld-servers.net"))


@_manner("truncated-always")
async def _truncated_always(asked):
    reply = await asked.reply()
    if asked.kind == CAA:
        reply.clear()
        reply.set(TC)
    return reply


@_manner("tcp-reset")
async def _tcp_reset(asked):
    if asked.kind != CAA:
        return await asked.reply()
    return RESET if asked.over_tcp else await _truncated_always(asked)


@_manner("broken-caa")
async def _broken_caa(asked):
    """CAA records whose tag would be longer than the record."""
    reply = await asked.reply()
    for record in reply.answers:
        if record.kind == CAA:
            record.rdata = b"\0\x40issue"
    return reply


@_manner("two-dnames")
async def _two_dnames(asked):
    reply = await asked.reply()
    for record in [record for record in reply.answers if record.kind == DNAME]:
        reply.answers.insert(0, Record(record.owner, DNAME, record.ttl, write_name(parse_text("mill-bakery.nl"))))
    return reply


@_manner("apex-caa-servfail")
async def _apex_caa_servfail(asked):
    """Fails for CAA of the zone's own name; for names below it all is well."""
    reply = await asked.reply()
    if asked.kind == CAA and lower(asked.name) == lower(await asked.zone()):
        reply.clear()
        reply.rcode = _SERVFAIL
    return reply

