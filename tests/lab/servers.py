"""The daemons of the lab: their configuration, start, readiness and end.

Each daemon runs in the foreground as a child of this process, in a session of its own (Ctrl-C in the lab's shell does
not reach it) and with the kernel's order to die with its parent.  None changes its user: in an ordinary user's
namespace there is only one.  A daemon is ready when it answers for the last of its zones; nobody sleeps and hopes.
"""

import contextlib
import json
import os
import signal
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from . import namespace, own_logs, signing, topology
from .manners import MANNERS
from .providers import FRONT_RULES, INSTANCES, RELAYS, ROOT_SERVERS
from .question import ask
from .scripted import READY

READY_WITHIN_S = 20.0
_READY_POLL_S = 0.02
_END_WITHIN_S = 3.0

# Where dnsdist finds the real servers behind it: port on 127.0.0.1 by instance.
_BACKEND_PORTS = {"powerdns": 5301, "knot-hosting": 5302}
RESOLVER = ("127.0.0.1", 53)

_SQLITE_SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")

# Ranges a CA's resolver never asks: IANA's special-purpose registries, without those that are globally reachable.
_NEVER_ASKED = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4", "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "2001:2::/48", "2001:db8::/32",
    "fc00::/7", "fe80::/10", "ff00::/8",
)


def _indented(key, values):
    return "".join(f"    {key}: {value}\n" for value in values)


def _database_columns(record):
    """Content, TTL and priority as PowerDNS keeps them: names without final dot, the preference of an MX apart."""
    words, priority = record.rdata.split(" "), 0
    if record.type == "MX":
        priority = int(words.pop(0))
    if record.type in ("SOA", "NS", "CNAME", "MX"):
        words = [word.rstrip(".") for word in words]
    return " ".join(words), topology.TTL_S, priority


class Lab:
    """Makes everything below one folder, starts it, and ends it.  Use as a context manager, from the main thread."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._daemons = {}
        self._logs = {}
        self._zones = list(topology.all_zones().values())
        self._keys = {}

    def __enter__(self):
        try:
            self._write_zones()
            self._start_nsd("nsd-root")
            self._start_knot("knot-registry")
            self._start_knot("knot-hosting")
            self._start_powerdns()
            self._start_nsd("nsd-hosting")
            self._start_bind("bind")
            self._start_dnsdist()
            self._start_relays()
            self._start_scripted()
            self._start_unbound()
            self._wait_until_ready()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """SIGTERM to every daemon, and SIGKILL to the process group of each that does not listen."""
        for daemon in self._daemons.values():
            daemon.terminate()
        until = time.monotonic() + _END_WITHIN_S
        for daemon in self._daemons.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(max(0.0, until - time.monotonic()))
        for daemon in self._daemons.values():
            # The group outlives its leader when a daemon leaves workers behind.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
        self._daemons.clear()

    def environment(self):
        """What a command in the lab is told."""
        address, port = RESOLVER
        return {
            "CAASCAN_LAB": str(self.folder),
            "CAASCAN_LAB_RESOLVER": f"{address}:{port}",
        }

    # Zones

    def _loaded_at(self, instance):
        return [zone for zone in self._zones if instance in topology.instances(zone)]

    def _write_zones(self):
        """Keys first, because a parent holds its children's DS; then every file, signed side by side."""
        self._keys = signing.make_keys(self._zones, self.folder / "keys")
        ds_of = {name: key.ds for name, key in self._keys.items()}
        self._records = {zone.name: topology.records(zone, ds_of) for zone in self._zones}
        folder = self.folder / "zones"
        folder.mkdir()
        work = []
        for zone in self._zones:
            if topology.instances(zone) <= {"powerdns"}:
                continue
            file = self._zone_file(zone)
            text = "".join(record.text() + "\n" for record in self._records[zone.name])
            if zone.second:
                other = "".join(record.text() + "\n" for record in topology.records(zone, ds_of, second=True))
                self._zone_file(zone, second=True).write_text(other)
            if zone.signed:
                unsigned = file.with_suffix(".unsigned")
                unsigned.write_text(text)
                work.append((zone, unsigned, file, self._keys[zone.name]))
            else:
                file.write_text(text)
        signing.sign_all(work, int(time.time()))
        hints = "".join(
            f". 3600000 IN NS {letter}.root-servers.net.\n"
            f"{letter}.root-servers.net. 3600000 IN A {v4}\n{letter}.root-servers.net. 3600000 IN AAAA {v6}\n"
            for letter, v4, v6 in ROOT_SERVERS
        )
        (self.folder / "root.hints").write_text(hints)
        (self.folder / "root.ds").write_text("".join(f". IN DS {rdata}\n" for rdata in ds_of["."]))

    def _zone_file(self, zone, second=False):
        return self.folder / "zones" / ("root.zone" if zone.name == "." else zone.name + ".zone" + ".second" * second)

    def _zones_of(self, instance):
        """(zone name with final dot, zone file) for all that a server loads."""
        for zone in self._loaded_at(instance):
            origin = "." if zone.name == "." else zone.name + "."
            yield origin, self._zone_file(zone, topology.disagrees(zone, instance))

    # Daemons

    def _start(self, name, command, environment=None):
        log = self.folder / f"{name}.log"
        self._logs[name] = log
        with log.open("wb") as out:
            self._daemons[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=self.folder,
                start_new_session=True, preexec_fn=namespace.die_with_parent, env=environment,
            )

    def _configure(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return str(file)

    def _start_nsd(self, instance):
        """Response rate limiting is off: the lab's clients are few and ask much."""
        run = self.folder
        zones = "".join(
            f'zone:\n    name: "{origin}"\n    zonefile: "{file}"\n' for origin, file in self._zones_of(instance)
        )
        config = self._configure(f"{instance}.conf", f"""\
server:
{_indented("ip-address", topology.listeners(instance))}\
    username: ""
    chroot: ""
    zonesdir: "{run}"
    database: ""
    pidfile: ""
    xfrdfile: ""
    zonelistfile: "{run}/{instance}.zonelist"
    xfrdir: "{run}"
    server-count: 1
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
{zones}""")
        self._start(instance, ["nsd", "-d", "-c", config])

    def _start_knot(self, instance):
        run = self.folder / instance
        run.mkdir()
        listen = [f"{address}@53" for address in topology.listeners(instance)]
        if instance in _BACKEND_PORTS:
            listen.append(f"127.0.0.1@{_BACKEND_PORTS[instance]}")
        zones = "".join(
            f'  - domain: "{origin}"\n    file: "{file}"\n' for origin, file in self._zones_of(instance)
        )
        config = self._configure(f"{instance}.conf", f"""\
server:
    rundir: "{run}"
    listen: [ {", ".join(f'"{address}"' for address in listen)} ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 2
control:
    listen: "{run}/ctl"
log:
  - target: stderr
    any: info
database:
    storage: "{run}"
template:
  - id: default
    semantic-checks: off
    journal-content: none
    zonefile-sync: -1
zone:
{zones}""")
        self._start(instance, ["knotd", "-c", config])

    def _start_bind(self, instance):
        """BIND listens on addresses of interfaces only, so its own are given to `lo`.

        It runs from a copy: where AppArmor guards /usr/sbin/named, that may read /etc/bind and little else.
        """
        run = self.folder / instance
        run.mkdir()
        listen = topology.listeners(instance)
        for address in listen:
            namespace.add_address(address)
        v4, v6 = ("".join(f"{a}; " for a in listen if (":" in a) == six) for six in (False, True))
        zones = "".join(
            f'zone "{origin}" {{ type primary; file "{file}"; check-names ignore; }};\n'
            for origin, file in self._zones_of(instance)
        )
        config = self._configure(f"{instance}.conf", f"""\
options {{
    directory "{run}";
    listen-on {{ {v4}}};
    listen-on-v6 {{ {v6}}};
    interface-interval 0;
    recursion no;
    dnssec-validation no;
    notify no;
    allow-transfer {{ none; }};
    empty-zones-enable no;
    pid-file none;
    lock-file none;
    session-keyfile none;
    querylog yes;
}};
controls {{ }};
{zones}""")
        named = shutil.copy2(shutil.which("named") or "named", run / "named")
        self._start(instance, [str(named), "-g", "-n", "1", "-c", config])

    def _start_relays(self):
        for (key, manner), addresses in topology.fronts(RELAYS).items():
            port = _BACKEND_PORTS[topology.backend_instance(key)]
            relay = Path(__file__).with_name("relay.py")
            self._start(f"relay-{key}", [sys.executable, "-B", str(relay), RELAYS[manner], str(port), *addresses])

    def _start_scripted(self):
        """One process for all scripted servers."""
        fronts = [
            {
                "address": address, "manner": manner, "port": _BACKEND_PORTS[topology.backend_instance(key)],
                "log": str(own_logs.front_log(self.folder, address)),
            }
            for (key, manner), group in topology.fronts(MANNERS).items() for address in group
        ]
        config = self._configure("scripted.json", json.dumps(fronts, indent=1))
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        self._start("scripted", [sys.executable, "-B", "-m", "lab.scripted", config], environment)

    def _start_powerdns(self):
        """The database is filled as a control panel would fill it; PowerDNS signs with the keys in it as it answers."""
        run = self.folder / "powerdns"
        run.mkdir()
        database = run / "zones.sqlite3"
        zones = self._loaded_at("powerdns")
        self._fill_database(database, zones)
        addresses = [*topology.listeners("powerdns"), f"127.0.0.1:{_BACKEND_PORTS['powerdns']}"]
        # No cache: an answer never depends on the question before it.
        (run / "pdns.conf").write_text(f"""\
launch=gsqlite3
gsqlite3-database={database}
gsqlite3-dnssec=yes
local-address={", ".join(addresses)}
socket-dir={run}
security-poll-suffix=
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
daemon=no
guardian=no
write-pid=no
""")
        for zone in zones:
            if zone.signed:
                subprocess.run(
                    ["pdnsutil", f"--config-dir={run}", "rectify-zone", zone.name], capture_output=True, check=True
                )
        self._start("powerdns", ["pdns_server", f"--config-dir={run}"])

    def _fill_database(self, file, zones):
        database = sqlite3.connect(file)
        database.executescript("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;" + _SQLITE_SCHEMA.read_text())
        for number, zone in enumerate(zones, 1):
            database.execute("INSERT INTO domains (id, name, type) VALUES (?, ?, 'NATIVE')", (number, zone.name))
            for record in self._records[zone.name]:
                database.execute(
                    "INSERT INTO records (domain_id, name, type, content, ttl, prio) VALUES (?, ?, ?, ?, ?, ?)",
                    (number, record.owner, record.type, *_database_columns(record)),
                )
            if zone.signed:
                database.execute(
                    "INSERT INTO cryptokeys (domain_id, flags, active, published, content) VALUES (?, 257, 1, 1, ?)",
                    (number, self._keys[zone.name].private),
                )
            if zone.signed.startswith("nsec3"):
                database.execute(
                    "INSERT INTO domainmetadata (domain_id, kind, content) VALUES (?, 'NSEC3PARAM', '1 0 0 -')",
                    (number,),
                )
        database.commit()
        database.close()

    def _start_dnsdist(self):
        """One process for every front; the destination address says whose manners apply."""
        addresses = [address for group in topology.fronts().values() for address in group]
        lines = ['setACL({"0.0.0.0/0", "::/0"})', 'setSecurityPollSuffix("")']
        for address in addresses:
            quoted = f"[{address}]:53" if ":" in address else f"{address}:53"
            lines.append(f'addLocal("{quoted}")')
        for name, port in _BACKEND_PORTS.items():
            lines.append(f'newServer({{address="127.0.0.1:{port}", pool="{name}"}}):setUp()')
        for number, ((key, manner), group) in enumerate(topology.fronts().items()):
            selector, action = FRONT_RULES[manner]
            backend = topology.backend_instance(key)
            lines.append(f"local asked{number} = newNMG()")
            for address in group:
                lines.append(f'asked{number}:addMask("{address}")')
                # The last five: binary, append, buffered, verbose only, with time.
                log = f'LogAction("{own_logs.front_log(self.folder, address)}", false, false, false, false, true)'
                lines.append(f'one = newNMG() one:addMask("{address}") addAction(NetmaskGroupRule(one, false), {log})')
            lines.append(f"local here{number} = NetmaskGroupRule(asked{number}, false)")
            lines.append(f"addAction(AndRule({{here{number}, {selector}}}), {action})")
            lines.append(f'addAction(here{number}, PoolAction("{backend}"))')
        config = self._configure("dnsdist.conf", "\n".join(lines) + "\n")
        self._start("dnsdist", ["dnsdist", "--supervised", "--disable-syslog", "-C", config])

    def _start_unbound(self):
        """The resolver of a CA, as far as Let's Encrypt has told what it runs, with the lab's root and anchor.

        Nothing is cached but what Unbound knows about servers (lameness, time-outs), so each question shows the zones
        as they are and not the question before.  It asks from addresses of its own, so that its questions can be told
        from others.  discard-timeout and wait-limit, which Debian's 1.17.1 has been given,
        are off: they would drop answers because of the client and not because of the zone.

        outbound-msg-retry is above the five of a CA.  Whoever draws a silent server four times in a row wants three
        equal answers for each address of the zone, in lower case.  Where one of two servers is silent, the other one's
        two addresses cannot give twelve in five sends each, and a good answer takes two minutes.  That is chance, one
        lookup in some hundreds, and would be a time-out to all who ask.
        """
        address, port = RESOLVER
        for outgoing in (namespace.RESOLVER_V4, namespace.RESOLVER_V6):
            namespace.add_address(outgoing)
        config = self._configure("unbound.conf", f"""\
server:
    interface: {address}
    interface: ::1
    port: {port}
    outgoing-interface: {namespace.RESOLVER_V4}
    outgoing-interface: {namespace.RESOLVER_V6}
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    username: ""
    chroot: ""
    directory: "{self.folder}"
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    logfile: ""
    verbosity: 1
    log-servfail: yes
    val-log-level: 2
    ede: yes
    num-threads: 1
    outgoing-range: 4096
    num-queries-per-thread: 4096
    outgoing-num-tcp: 200
    outbound-msg-retry: 8
    discard-timeout: 0
    wait-limit: 0
    module-config: "validator iterator"
    root-hints: "{self.folder}/root.hints"
    trust-anchor-file: "{self.folder}/root.ds"
    val-sig-skew-min: 0
    val-sig-skew-max: 0
    do-ip4: yes
    do-ip6: yes
    use-caps-for-id: yes
    qname-minimisation: no
    harden-glue: yes
    harden-dnssec-stripped: yes
    harden-below-nxdomain: no
    edns-buffer-size: 1232
    cache-min-ttl: 0
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
    neg-cache-size: 0
    prefetch: no
    do-not-query-localhost: yes
{_indented("do-not-query-address", _NEVER_ASKED)}\
remote-control:
    control-enable: yes
    control-interface: "{self.folder}/unbound.ctl"
    control-use-cert: no
""")
        self._start("unbound", ["unbound", "-d", "-c", config])

    # Readiness

    def _wait_until_ready(self):
        until = time.monotonic() + READY_WITHIN_S
        for instance in INSTANCES.values():
            address = topology.listeners(instance)[-1]
            for zone in self._loaded_at(instance):
                self._await(
                    instance, until, lambda: ask(address, zone.name, "SOA"), lambda reply: reply.authoritative,
                    f" for {zone.name} at {address}",
                )
        for (_, manner), group in topology.fronts().items():
            if manner not in ("all-drop", "edns-drop"):
                self._await("dnsdist", until, lambda: ask(group[-1], ".", "SOA"), lambda _: True)
        for (key, _), group in topology.fronts(RELAYS).items():
            self._await(f"relay-{key}", until, lambda: ask(group[-1], ".", "SOA"), lambda _: True)
        self._await("scripted", until, lambda: self._logs["scripted"].read_text().split(), lambda said: READY in said)
        self._await(
            "unbound", until, lambda: ask(RESOLVER[0], ".", "SOA", recursion=True), lambda reply: reply.authenticated
        )

    def _await(self, name, until, question, good, about=""):
        while True:
            if self._daemons[name].poll() is not None:
                raise RuntimeError(f"{name} has ended by itself:\n{self._log_tail(name)}")
            reply = question()
            if reply and good(reply):
                return
            if time.monotonic() > until:
                raise RuntimeError(f"{name} is not ready{about} after {READY_WITHIN_S:.0f} s:\n{self._log_tail(name)}")
            time.sleep(_READY_POLL_S)

    def _log_tail(self, name):
        return "\n".join(self._logs[name].read_text(errors="replace").splitlines()[-15:])
