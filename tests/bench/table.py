"""The table of scripts/bench: figures, ratios, limits, and whether they are kept."""

import statistics

_WHAT, _FIGURE = 62, 11


def cpu_us(used, names):
    return 1e6 * used.cpu_s / names


def median(figures):
    return statistics.median(figures) if figures else None


class Table:
    def __init__(self):
        self._lines = []
        self.kept = True

    def section(self, title):
        self._lines.append(title)

    def figures(self, what, runs):
        """Medians of a program's runs: pairs of what was used and how many names, or answers."""
        if not runs:
            return self._line("  " + what, ["not measured"])
        columns = [[names / used.seconds, 1e6 * used.user_s / names, 1e6 * used.system_s / names, cpu_us(used, names)]
                   for used, names in runs]
        rate, *cpu = map(median, zip(*columns, strict=True))
        return self._line("  " + what, [f"{rate:.0f}", *(f"{one:.2f}" for one in cpu)])

    def part(self, what, cpu):
        self._line("    of it " + what, ["", "", "", f"{cpu:.2f}"])

    def say(self, text):
        self._lines.append("  " + text)

    def limit(self, what, figures, at_most=None, at_least=None, form="{:.2f}"):
        """The median of `figures`, which is to be kept to a limit."""
        bound = f">= {at_least}" if at_most is None else f"<= {at_most}" if at_most else "= 0"
        figure = median(figures)
        if figure is None:
            return self._line("  " + what, ["not measured"], bound=bound)
        kept = figure >= at_least if at_most is None else figure <= at_most
        self.kept = self.kept and kept
        return self._line("  " + what, [], form.format(figure), bound, "kept" if kept else "NOT KEPT")

    def ratio(self, what, figures):
        """A median without a limit."""
        if figures:
            self._line("  " + what, [], f"{median(figures):.2f}")

    def none(self, what, count):
        """Something that must not be."""
        self.limit(what, [count], at_most=0, form="{:.0f}")

    def _line(self, what, figures, value="", bound="", verdict=""):
        columns = "".join(f"{one:>{_FIGURE}}" for one in figures + [""] * (4 - len(figures)))
        if figures == ["not measured"]:
            columns = f"{figures[0]:>{4 * _FIGURE}}"
        self._lines.append(f"{what:<{_WHAT}}{columns}  {value:>7}  {bound:<11}{verdict}".rstrip())

    def print(self):
        head = "".join(f"{one:>{_FIGURE}}" for one in ("a second", "µs user", "µs system", "µs CPU"))
        print(f"\n{'median of the runs':<{_WHAT}}{head}  {'is':>7}  limit")
        for line in self._lines:
            print(line)
        print("every limit is kept" if self.kept else "A LIMIT IS NOT KEPT")
