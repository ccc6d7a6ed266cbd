"""What the table of scripts/bench says of figures."""

import contextlib
import io
import unittest

from .internet import Outcome, World, _broken
from .iterate import _asked_s
from .namespace import Used
from .table import Table

USED = Used(seconds=2.0, user_s=1.0, system_s=0.5, peak_mib=100.0, status=0)


def report(**more):
    return {"truncated": 0, "at_tlds": {"domains_asked_again": 0}, "others_first_by_10ms": []} | more


class Judging(unittest.TestCase):
    def printed(self, table):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            table.print()
        return out.getvalue()

    def test_a_limit_is_kept_at_its_bound_and_not_beyond(self):
        for figures, bound, kept in (
            ([0.5], {"at_most": 0.5}, True),
            ([0.51], {"at_most": 0.5}, False),
            ([1.8], {"at_least": 1.8}, True),
            ([1.79], {"at_least": 1.8}, False),
            ([9, 0.1, 0.2], {"at_most": 0.5}, True),  # the median
            ([0], {"at_most": 0}, True),
            ([1], {"at_most": 0}, False),
        ):
            with self.subTest(figures=figures, bound=bound):
                table = Table()
                table.limit("what", figures, **bound)
                self.assertEqual(kept, table.kept)
                self.assertIn(" kept" if kept else "NOT KEPT", self.printed(table))

    def test_what_was_not_measured_is_told_and_not_judged(self):
        table = Table()
        table.limit("what", [], at_most=1)
        self.assertTrue(table.kept)
        self.assertIn("not measured", self.printed(table))

    def test_ninety_nine_of_a_hundred_are_of_all_others_not_of_those_asked(self):
        run = Outcome(USED, 100, report(others_first_by_10ms=[50, 0, 48, 1, 1]), set(), {}, [])
        self.assertEqual(0.04, _asked_s(run, 100))
        self.assertIsNone(_asked_s(run, 102))

    def test_promises(self):
        good = {"names_by_outcome": {"empty": 9, "servfail": 1, "found": 0}, "scan": {"timeouts": 1}}
        expected = {"empty": 9, "servfail": 1, "found": 0, "timeout": 0}
        for of_report, summary, broken in (
            ({}, good, 0),
            ({"truncated": 1}, good, 1),
            ({"at_tlds": {"domains_asked_again": 1}}, good, 0),  # a reply was late
            ({"at_tlds": {"domains_asked_again": 2}}, good, 1),
            ({}, good | {"names_by_outcome": {"empty": 10}}, 1),
            ({}, {}, 0),  # the run was ended
        ):
            with self.subTest(report=of_report, summary=summary):
                run = Outcome(USED, 10, report(**of_report), set(), summary, [])
                self.assertEqual(broken, len(list(_broken(run, World(10, 7), expected, True))))


if __name__ == "__main__":
    unittest.main()
