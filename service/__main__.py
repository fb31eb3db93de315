"""The console script `marquee`: runs the command-line application."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Runs one command; prints one sentence for a failure that an operator can fix."""
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_default:  # Ctrl-C during the imports ends the process without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from service.cli.application import app

    if is_default:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except Exception as error:
        from service.cli.error_messages import find_failure

        failure = find_failure(error)
        if failure is None:
            raise
        sys.stderr.write(f"marquee: {failure.sentence}\n")
        sys.exit(failure.exit_code)


if __name__ == "__main__":
    main()
