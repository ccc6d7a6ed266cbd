#!/usr/bin/env python3
"""Each rule of check_house.py finds the breach it is there for, and nothing in a tree without one."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_house  # noqa: E402


class CheckHouse(unittest.TestCase):
    def found(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for top in ("ingest", "scanner", "output", "tests"):
                (root / top).mkdir()
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return check_house.breaches(root)

    def test_breaches_are_found(self):
        for name, text in (
            ("ingest/a.h", '#include "scanner/finding.h"'),
            ("ingest/a.h", '#include "output/publish.h"'),
            ("scanner/a.cc", '#include "output/publish.h"'),
            ("scanner/a.cc", '#include "ingest/leaf.h"'),
            ("output/a.cc", '#include "scanner/engine/engine.h"'),
            ("output/a.cc", '#include "output/commands/command_line.h"'),
            ("scanner/a.cc", '#include "output/commands/command_line.h"'),
            ("output/commands/a.cc", "#include <ldns/ldns.h>"),
            ("scanner/wire/a.cc", '#include "scanner/engine/time.h"'),
            ("scanner/engine/a.cc", '#include "scanner/net/event_loop.h"'),
            ("scanner/engine/a.cc", "#include <ldns/ldns.h>"),
            ("scanner/engine/a.cc", "auto now = std::chrono::steady_clock::now();"),
            ("scanner/engine/a.cc", "#include <thread>"),
            ("output/a.cc", "#include <boost/asio.hpp>"),
            ("output/a.cc", "#include <simdjson.h>"),
            ("scanner/net/a.cc", "#include <zstd.h>"),
            ("scanner/a.cc", "#include <unbound.h>"),
            ("scanner/net/a.cc", "#include <unbound-event.h>"),
            ("scanner/engine/a.cc", '#include "scanner/oracle/oracle.h"'),
            ("scanner/oracle/a.cc", '#include "scanner/net/event_loop.h"'),
            ("output/a.cc", '#include "scanner/oracle/oracle.h"'),
            ("tests/x/exceptions.txt", ""),
            ("tests/servfail-list-other.txt", ""),
        ):
            with self.subTest(name=name, text=text):
                self.assertEqual(1, len(self.found(name, text)))

    def test_what_is_allowed_is_not_a_breach(self):
        for name, text in (
            ("scanner/wire/a.cc", "#include <ldns/ldns.h>"),
            ("scanner/oracle/a.cc", '#include <unbound.h>\n#include "scanner/engine/engine.h"'),
            ("output/a.cc", '#include "scanner/oracle_verdict.h"'),
            ("scanner/net/a.cc", '#include <boost/asio.hpp>\n#include "scanner/engine/engine.h"'),
            ("scanner/a.cc", '#include "ingest/domain_name.h"'),
            ("output/a.cc", '#include "ingest/ingest.h"\n#include "scanner/finding.h"\n#include <zstd.h>'),
            ("ingest/a.cc", "#include <simdjson.h>\n#include <zstd.h>"),
            ("tests/names.txt", ""),
        ):
            with self.subTest(name=name, text=text):
                self.assertEqual([], self.found(name, text))


if __name__ == "__main__":
    unittest.main()
