"""Starts the program: the console shows the picture of its last start first, then imports what it needs."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program with the arguments of the process, and end it with the exit code."""
    if sys.argv[1:] not in ([], ["run"]) or sys.platform == "win32":
        from workshop_console.console.cli import main as run

        run()
        return
    import os
    import signal

    from workshop_console.console.terminal import first_picture

    def ended(number: int, _frame: object) -> None:
        # In order: the terminal is no longer as it was found. And at once: an exception may come up where
        # Python drops it, and nothing was begun yet.
        if first_picture.give_back():
            os._exit(128 + number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGINT, ended)
    try:
        first_picture.show()
        from workshop_console.console.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        first_picture.give_back()


if __name__ == "__main__":
    main()
