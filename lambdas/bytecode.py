"""Compiles Python sources to bytecode that loads without a check of its sources.

This is a script without dependencies, because the interpreter of the target version runs it. `python bytecode.py` reads
lines from standard input: source, destination and the name for tracebacks, separated by tabs.
"""

import py_compile
import sys


def main() -> None:
    """Compiles the sources that standard input lists; stops with the error of py_compile at an invalid source."""
    for line in sys.stdin:
        source, destination, name = line.rstrip("\n").split("\t")
        py_compile.compile(
            source,
            destination,
            dfile=name,
            doraise=True,
            # Every file in the zip has the same date, and nobody edits the unpacked files: a check is useless.
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    main()
