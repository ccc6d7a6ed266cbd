#!/usr/bin/env python3
"""The rules of the house that a compiler does not check: which folder may include what, which library lives where,
what the engine must not know, and how test files may be called.

usage: check_house.py [ROOT]     prints one line for each breach; status 1 where there is any
"""
import pathlib
import re
import sys

# Includes point one way: main -> output/commands -> output -> scanner -> ingest. Of ingest the scanner sees its products only.
SCANNER_MAY_SEE_OF_INGEST = {"domain_name.h", "assert.h", "option_text.h", "text_digest.h"}
OUTPUT_MAY_SEE_OF_SCANNER = {
    "finding.h", "oracle_verdict.h", "store/finding_store.h", "store/json_text.h", "store/zstd_lines.h"}

# Library header -> the folders that may include it.
LIBRARIES = {
    r"ldns/": ("scanner/wire/",),
    r"unbound(-event)?\.h": ("scanner/oracle/",),
    r"boost/asio": ("scanner/net/",),
    r"simdjson": ("ingest/",),
    r"zstd": ("ingest/", "scanner/store/", "output/"),
}

# What no line of the engine may mention: it decides, and does nothing else.
ENGINE_MUST_NOT = re.compile(
    r"steady_clock|system_clock|#include <(thread|mutex|fstream|filesystem|iostream)>|getenv|boost/asio|sys/socket")

PUBLISHED = re.compile(
    r"^((servfail|timeout)-(list|zones)-(namebright|other)\.txt|exceptions\.txt|providers\.tsv|SHA256SUMS)$")


def breaches(root):
    found = []
    for folder in ("ingest", "scanner", "output"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cc", ".in"):
                continue
            name = path.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                problem = breach_of(name, line)
                if problem:
                    found.append(f"{name}:{number}: {problem}")
    for path in sorted((root / "tests").rglob("*")):
        if path.is_file() and PUBLISHED.match(path.name):
            found.append(f"{path.relative_to(root).as_posix()}: bears a published file's name")
    return found


def breach_of(name, line):
    if name.startswith("scanner/engine/") and ENGINE_MUST_NOT.search(line):
        return "the engine knows no clock, thread, file or socket"
    include = re.match(r'\s*#include ["<]([^">]+)[">]', line)
    if not include:
        return None
    header = include.group(1)
    for library, folders in LIBRARIES.items():
        if re.match(library, header) and not name.startswith(folders):
            return f"<{header}> belongs to {' and '.join(folders)}"
    top = header.split("/")[0]
    if name.startswith("output/commands/"):
        return None
    if header.startswith("output/commands/"):
        return f"only main.cc sees {header}"
    if name.startswith("ingest/") and top in ("scanner", "output"):
        return f"ingest must not see {header}"
    if name.startswith("scanner/"):
        if top == "output":
            return f"the scanner must not see {header}"
        if top == "ingest" and header.removeprefix("ingest/") not in SCANNER_MAY_SEE_OF_INGEST:
            return f"the scanner sees ingest's products only, not {header}"
    if name.startswith("output/") and top == "scanner":
        if header.removeprefix("scanner/") not in OUTPUT_MAY_SEE_OF_SCANNER:
            return f"output sees findings only, not {header}"
    parts = re.match(r"scanner/(wire|engine|net|store|oracle)/", name)
    if parts and header.startswith("scanner/"):
        order = {
            "wire": ("wire",), "engine": ("wire", "engine"), "net": ("wire", "engine", "net"), "store": ("store",),
            "oracle": ("wire", "engine", "oracle"),
        }
        seen = re.match(r"scanner/(wire|engine|net|store|oracle)/", header)
        if seen and seen.group(1) not in order[parts.group(1)]:
            return f"scanner/{parts.group(1)} must not see {header}"
    return None


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    found = breaches(root)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
