"""The `hybrid-dex` command: finds its sub-commands, turns failures into one clear line.

Sub-commands come from the entry points of the group `hybrid_dex.commands`; each names a function
(or a cyclopts `App`) and is loaded only when it is run or listed. The library itself never imports
the reference app, whose commands arrive that way.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit; say what to install where the extra ``cli`` is missing."""
    try:
        from hybrid_dex.cli import entry
    except ModuleNotFoundError as error:
        print(
            f'error: {error}; install the command line: pip install "hybrid-dex[cli]"',
            file=sys.stderr,
        )
        sys.exit(1)
    entry.main()
