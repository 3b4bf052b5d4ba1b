"""`python -m tests.acceptance.faults`: does every fault at length, and prints the table."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.faults.catalogue import FAULTS
from tests.acceptance.faults.table import LONG, SHORT, Line, markdown


def main() -> int:
    """Do the faults that are named, or all; 1 if anything was lost or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.faults", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="WORDS", help="faults with these words in their names; none means all"
    )
    parser.add_argument("--short", action="store_true", help="as `make test` does them")
    asked = parser.parse_args()
    done: list[tuple[str, Line]] = []
    for fault in FAULTS:
        if asked.names and not any(words in fault.name for words in asked.names):
            continue
        if not fault.is_possible():
            sys.stderr.write(f"not here: {fault.name} (needs {fault.needs})\n")
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            done.append((fault.name, fault.run(Path(folder), SHORT if asked.short else LONG)))
        sys.stderr.write(f"{fault.name}: {time.monotonic() - began:.0f} s\n")
    sys.stdout.write("\n".join(markdown(done)) + "\n")
    return int(any(line.lost or line.wrong for _, line in done))


if __name__ == "__main__":
    sys.exit(main())
