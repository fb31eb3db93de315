"""Compiles Python sources to bytecode that is loaded without a look at them; run by the interpreter that it is for.

A script on its own, so that any interpreter of the right version can run it: `python bytecode.py` reads lines of
source, destination and the name that tracebacks show, parted by tabs, from standard input.
"""

import py_compile
import sys


def main() -> None:
    """Compiles what standard input names; ends with py_compile's own error at a source that is no Python."""
    for line in sys.stdin:
        source, destination, name = line.rstrip("\n").split("\t")
        py_compile.compile(
            source,
            destination,
            dfile=name,
            doraise=True,
            # A zip's dates say nothing, and what is unpacked from it is never edited: nothing is to be compared.
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    main()
