"""The points on the fake Internet: real work, head of line, politeness, flatness, threads."""

import dataclasses
import os

from . import bare
from .internet import Internet, World, signature_us
from .namespace import CLIENT_CORE, SERVER_CORE, load
from .table import cpu_us, median

# Names a second, times those of massdns with Unbound.
NEAR_RATE_MIN = 10
FAR_RATE_MIN = 5
FAR_DELAY_MS, FAR_LOSS_PERCENT = 20, 1
FLOOR_QUESTIONS = 200_000  # of the bare client
# With more, the delegations of canaries leave the cache that the default --memory gives, and are asked for again.
ASKED_ONCE_DOMAINS = 100_000
# CPU with validation, its signature checks left out, to CPU without.
VALIDATION_MAX = 1.3
# The slow provider: its share, when 99 % of the others are asked, and how much of its limit it is asked.
SLOW_PERCENT = 30
OTHERS_TIME_MAX = 1.1
SLOW_USE_MIN = 0.8
TRUNCATED = 500  # ten-thousandths of the domains, where pace is looked at
FLAT_CPU_MAX = 1.1
FLAT_MEMORY_MIB, FLAT_PEAK_MAX = 256, 1.2
THREADS_RATE_MIN = 1.7


class Iterate:
    def __init__(self, bench):
        self.bench = bench
        self.internet = Internet(bench)
        self.paced = []  # what was run, the busiest second, the limit

    def _world(self, domains, **more):
        return World(domains=domains, signed=self.bench.signed, **more)

    def _each_run(self, point):
        for run in range(1, self.bench.runs + 1):
            print(f"{point}, run {run}; load {load()}", flush=True)
            yield run

    def _promises(self, *runs):
        self.bench.table.none("promises broken (they are named above)", sum(len(one.broken) for one in runs))

    def real_work(self):
        near = self._world(self.bench.sizes.domains, which="hosts")
        far = dataclasses.replace(near, delay_ms=FAR_DELAY_MS, loss=FAR_LOSS_PERCENT)
        ours, others, plain, validating = {"near": [], "far": []}, {"near": [], "far": []}, [], []
        question_us = []
        once = near.domains <= ASKED_ONCE_DOMAINS
        # A domain's keys and denials are its own; a second name of it would halve what they cost.
        alone = dataclasses.replace(near, which="domains")
        for _ in self._each_run("iterate"):
            with bare.responder(self.bench):
                used, answers, _ = bare.client(self.bench, FLOOR_QUESTIONS, self.bench.sizes.servers)
            question_us.append(cpu_us(used, answers))
            plain.append(self.internet.caascan(alone, validate=False, asks_once=once))
            validating.append(self.internet.caascan(alone, asks_once=once))
            for where, world in (("near", near), ("far", far)):
                ours[where].append(self.internet.caascan(world, asks_once=once))
                if self.bench.massdns:
                    others[where].append(self.internet.massdns(world))
        table = self.bench.table
        for where, least, title in (
                ("near", NEAR_RATE_MIN,
                 f"2. iterate: {near.domains} domains and their www, {near.signed} % signed, validated"),
                ("far", FAR_RATE_MIN,
                 f"   the same at {FAR_DELAY_MS} ms, {FAR_LOSS_PERCENT} % of the datagrams lost each way")):
            table.section(title)
            table.figures("massdns with Unbound", [one.timed() for one in others[where]])
            table.figures("caascan", [one.timed() for one in ours[where]])
            pairs = list(zip(ours[where], others[where], strict=False))
            table.limit("names a second, times those of massdns with Unbound",
                        [other.used.seconds / mine.used.seconds for mine, other in pairs], at_least=least)
            # Beside other programs on the core this is the steadier figure.
            table.ratio("CPU a name of massdns with Unbound, times that of caascan",
                        [cpu_us(*other.timed()) / cpu_us(*mine.timed()) for mine, other in pairs])
            # What no client could do without: the bare client's CPU for each question, and the signature checks.
            floors = [mine.questions / mine.names * of_one + _checks_us(mine)
                      for mine, of_one in zip(ours[where], question_us, strict=True)]
            table.part("questions at what a bare client takes, and signature checks", median(floors))
            table.ratio("names a second if it took no more, times those of massdns with Unbound",
                        [1e6 / floor * other.used.seconds / other.names
                         for floor, other in zip(floors, others[where], strict=False)])
            differing = [sorted(mine.servfail ^ other.servfail) for mine, other in pairs]
            for names in filter(None, differing):
                print(f"  {where}: SERVFAIL in one of both only, {len(names)} names:", ", ".join(names[:10]))
            table.limit("names that are SERVFAIL here or at Unbound, not at both",
                        [max(map(len, differing))] if differing else [], at_most=0, form="{:.0f}")
            self._promises(*ours[where], *others[where])
        if near.signed:
            self._validation(plain, validating)

    def _validation(self, plain, validating):
        table = self.bench.table
        table.section("   what validation takes, the domains alone")
        table.figures("caascan, not validating", [one.timed() for one in plain])
        table.figures("caascan, validating", [one.timed() for one in validating])
        ratios, checks = [], []
        for without, with_it in zip(plain, validating, strict=True):
            checks.append(_checks_us(with_it))
            ratios.append((cpu_us(*with_it.timed()) - checks[-1]) / cpu_us(*without.timed()))
        table.part("signature checks", median(checks))
        table.limit("CPU with it, signature checks left out, times that without", ratios, at_most=VALIDATION_MAX)
        self._promises(*plain, *validating)

    def head_of_line(self):
        """A provider that is slow because it has a limit, beside all others who have none."""
        sizes = self.bench.sizes
        addresses = self.internet.slow_addresses()
        limits = [word for address in addresses for word in ("--limit", f"{address}/32={sizes.slow_qps}")]
        # Few names under way, so that those of the slow provider are more than that.
        options = ["--memory", sizes.slow_memory]
        all_of_it = self._world(sizes.slow_domains, slow=SLOW_PERCENT)
        others = dataclasses.replace(all_of_it, which="others")
        times, unlimited_times, uses, unasked, runs = [], [], [], 0, []
        for _ in self._each_run("head of line"):
            alone = self.internet.caascan(others, *options, asks_once=False)
            # Long enough to tell: the slow provider may need far longer than all others.
            mixed = self.internet.caascan(all_of_it, *options, *limits, seconds_max=20 + 3 * alone.used.seconds,
                                          asks_once=False)
            # What the slow provider's names cost the others only because there are more names.
            unlimited = self.internet.caascan(all_of_it, *options, asks_once=False)
            runs += [alone, mixed, unlimited]
            without, within = _asked_s(alone, alone.names), _asked_s(mixed, alone.names)
            unlimited_times.append((within or mixed.used.seconds) / _asked_s(unlimited, alone.names))
            report = mixed.report
            slow = sum(one["questions"] for one in report["addresses"] if one["role"] == "slow")
            slow_s = max(report["slow_last_s"] - report["slow_first_s"], 1)
            uses.append(slow / slow_s / (sizes.slow_qps * len(addresses)))
            self.paced.append(("head of line", mixed.busiest("slow"), sizes.slow_qps))
            if within is None:
                unasked += 1
            # Where the run was ended before, it takes longer than this.
            times.append((within or mixed.used.seconds) / without)
            print(f"  99 % of the others asked within {without:.2f} s without the slow provider,",
                  f"with it{'' if within else ' not even'} within {within or mixed.used.seconds:.2f} s;",
                  f"it was asked {slow} times in {slow_s:.2f} s, {100 * uses[-1]:.0f} % of its limit", flush=True)
        table = self.bench.table
        table.section(f"3. head of line: {SLOW_PERCENT} % of {sizes.slow_domains} domains at "
                      f"{len(addresses)} addresses of {sizes.slow_qps} a second each, --memory {sizes.slow_memory}")
        table.limit("until 99 % of the others are asked, times that without it", times, at_most=OTHERS_TIME_MAX)
        table.ratio("the same, times that with it but without its limit", unlimited_times)
        table.none("runs that ended before that", unasked)
        table.limit("questions to the slow provider, times its limit", uses, at_least=SLOW_USE_MIN)
        self._promises(*runs)

    def polite(self):
        sizes = self.bench.sizes
        near = self._world(sizes.paced_domains, which="hosts", truncated=TRUNCATED)
        far = dataclasses.replace(near, delay_ms=FAR_DELAY_MS, loss=FAR_LOSS_PERCENT)
        runs = []
        for _ in self._each_run("polite"):
            for where, world in (("near", near), (f"at {FAR_DELAY_MS} ms with loss", far)):
                runs.append(self.internet.caascan(world, qps=sizes.paced_qps))
                self.paced.append((where, runs[-1].busiest("root", "tld", "provider"), sizes.paced_qps))
        self._runs_of_polite = runs

    def tell_polite(self):
        """Of all runs that kept a limit."""
        table, runs = self.bench.table, getattr(self, "_runs_of_polite", [])
        if not self.paced:
            return
        tcp = sum(one.report["over_tcp"] for one in runs)
        table.section(f"4. polite: questions in the busiest second of any address, {tcp} of all over TCP")
        for where in dict.fromkeys(where for where, _, _ in self.paced):
            of_it = [(busiest, limit) for other, busiest, limit in self.paced if other == where]
            table.limit(f"{where}, worst of {len(of_it)} runs", [max(busiest for busiest, _ in of_it)],
                        at_most=of_it[0][1], form="{:.0f}")
        if runs:
            table.limit("questions over TCP", [tcp], at_least=1, form="{:.0f}")
            self._promises(*runs)

    def flat(self):
        sizes = self.bench.sizes
        small, large = [], []
        for _ in self._each_run("flat"):
            for runs, domains in ((small, sizes.flat_small), (large, sizes.flat_large)):
                runs.append(self.internet.caascan(self._world(domains), "--memory", f"{FLAT_MEMORY_MIB}MiB",
                                                  asks_once=False))
        table = self.bench.table
        table.section(f"5. flat: sorted domains, validated, --memory {FLAT_MEMORY_MIB}MiB")
        for runs in (small, large):
            table.figures(f"{runs[0].names} names", [one.timed() for one in runs])
        table.limit("CPU a name, larger to smaller",
                    [cpu_us(*b.timed()) / cpu_us(*a.timed()) for a, b in zip(small, large, strict=True)],
                    at_most=FLAT_CPU_MAX)
        table.limit("largest peak of resident memory, times --memory",
                    [max(one.used.peak_mib for one in small + large) / FLAT_MEMORY_MIB], at_most=FLAT_PEAK_MAX)
        self._promises(*small, *large)

    def threads(self):
        """Where there is no third core, the second thread shares one with the fake Internet: what two take for a name
        can be told then, but not how fast they would be."""
        world = self._world(self.bench.sizes.threads_domains)
        free = (os.cpu_count() or 1) > 2
        cores = f"{CLIENT_CORE},{2 if free else SERVER_CORE}"
        one, two = [], []
        for _ in self._each_run("threads"):
            one.append(self.internet.caascan(world, "--threads", "1"))
            two.append(self.internet.caascan(world, "--threads", "2", cores=cores, asks_once=False))
        table = self.bench.table
        table.section(f"7. threads: {world.domains} domains" +
                      ("" if free else "; no third core, so the second thread shares one with the fake Internet"))
        for runs, title in ((one, "one thread"), (two, "two threads")):
            table.figures(title, [each.timed() for each in runs])
        # Two cores have two seconds of CPU each second, of which the fake Internet had its own.
        seconds = [each.used.seconds - (0 if free else each.report["cpu_s"] / 2) for each in two]
        rates = [a.used.seconds / b for a, b in zip(one, seconds, strict=True)]
        if free:
            table.limit("names a second of two, times those of one", rates, at_least=THREADS_RATE_MIN)
        else:
            table.ratio("names a second of two, times those of one, its CPU counted out", rates)
        table.limit("CPU a name of two, times that of one",
                    [cpu_us(*b.timed()) / cpu_us(*a.timed()) for a, b in zip(one, two, strict=True)],
                    at_most=round(2 / THREADS_RATE_MIN, 2))
        self._promises(*one, *two)


def _checks_us(run):
    """CPU for signature checks, of each name."""
    scan = run.summary["scan"]
    return scan["signatures_checked"] / run.names * signature_us(scan)


def _asked_s(run, others):
    """Seconds from the first question until 99 % of the others had been asked; none: they were not."""
    asked = 0
    for slot, count in enumerate(run.report["others_first_by_10ms"], 1):
        asked += count
        if asked >= 0.99 * others:
            return slot / 100
    return None
