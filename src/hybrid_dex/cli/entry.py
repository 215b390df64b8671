"""Start of the command line.

Exit codes: 0 done, 1 failed with one line that says what to do, 2 wrong usage, 130 interrupted. Where
nobody reads on, as behind `| head`, it ends with 1 and says nothing.
"""

import difflib
import errno
import importlib.metadata
import inspect
import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint
from typing import Final

from cyclopts import App, CycloptsError
from rich.console import Console
from rich.text import Text

from hybrid_dex.errors import HybridDexError

__all__ = ["main"]

_GROUP: Final = "hybrid_dex.commands"
_FAILED: Final = 1
_USAGE: Final = 2
_INTERRUPTED: Final = 130
_LISTS: Final = ("--help", "-h")
_FROM_THE_APP: Final = ("admin", "demo", "market-maker", "serve")
_EXTRAS: Final = {"receipts": "evm", "records": "sql", "signature": "signing", "solvency": "evm"}
"""What commands of this library stand on, beside the command line itself."""


def main() -> None:
    """Run the command line and exit."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal or a pipe may take less than is shown, such as a file's name of odd bytes.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    complaints = Console(stderr=True, soft_wrap=True, highlight=False)
    commands = {found.name: found for found in importlib.metadata.entry_points(group=_GROUP)}
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        return _unknown(arguments[0], sorted(commands), complaints)
    try:
        lists = not arguments or arguments[0] in _LISTS
        outcome = _application(commands.values(), complaints, describe=lists)(
            arguments, exit_on_error=False, print_error=True, result_action="return_value"
        )
    except CycloptsError:  # printed already, with what was meant
        return _USAGE
    except HybridDexError as error:
        return _fail(complaints, str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ImportError as error:
        return _fail(complaints, _missing(error, arguments[0] if arguments else ""))
    except BrokenPipeError:
        return _unread()
    except OSError as error:
        return _fail(complaints, _advice(error))
    return outcome if isinstance(outcome, int) else 0


def _application(commands: Iterable[EntryPoint], complaints: Console, *, describe: bool) -> App:
    app = App(
        name="hybrid-dex",
        help="An exchange to embed or to run.",
        version=importlib.metadata.version("hybrid-dex"),
        error_console=complaints,
        # In one line, as everything else: a frame would cut what is wider than the terminal.
        error_formatter=lambda error: Text(f"error: {error}", style="red"),
        suppress_keyboard_interrupt=False,
    )
    for command in sorted(commands, key=lambda found: found.name):
        summary = _summary(command) if describe else None
        # By its path: imported when it is run.
        app.command(command.value, name=command.name, help=summary)
    return app


def _summary(command: EntryPoint) -> str:
    """Return what a command does in one line, or nothing when it can not be imported."""
    try:
        found = command.load()
        described = found.help if isinstance(found, App) else inspect.getdoc(found)
        return (described or "").partition("\n")[0]
    except (ImportError, AttributeError):
        return ""


def _unknown(name: str, commands: Sequence[str], complaints: Console) -> int:
    """Say where a command comes from, or which one may have been meant."""
    if name in _FROM_THE_APP:
        return _fail(
            complaints,
            f"`hybrid-dex {name}` belongs to the reference exchange; "
            "install it: pip install hybrid-dex-reference-app",
        )
    near = difflib.get_close_matches(name, commands, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(commands) or 'none'}"
    _fail(complaints, f"there is no command {name}; {meant}")
    return _USAGE


def _missing(error: ImportError, command: str) -> str:
    """Return one line for a command that can not be imported, with what to install."""
    cause = error
    while isinstance(cause.__cause__, ImportError):
        cause = cause.__cause__
    extra = _EXTRAS.get(command)
    wanted = f'"hybrid-dex[cli,{extra}]"' if extra else "hybrid-dex-reference-app"
    return f"{cause}; install what this command needs: pip install {wanted}"


def _fail(complaints: Console, line: str) -> int:
    complaints.print(f"error: {line}", style="red", markup=False)
    return _FAILED


def _unread() -> int:
    """Whoever read the output went away: what is left of it goes nowhere, at the end too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return _FAILED


def _advice(error: OSError) -> str:
    """Return one line for a failure of the machine, with what to do about it."""
    if error.errno == errno.ENOSPC:
        return f"the disk is full ({error.filename or 'no space left'}); free some space and start again"
    if error.errno == errno.EADDRINUSE:
        return "the port is taken; stop what uses it, or choose another with --port"
    if error.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
        return f"{error.filename or 'a file'} can not be opened; check its owner and permissions"
    return str(error) or type(error).__name__
