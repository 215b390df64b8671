"""The `hybrid-dex` command: finds its sub-commands, turns failures into one clear line.

Sub-commands come from the entry points of the group `hybrid_dex.commands`; each names a function
(or a cyclopts `App`) and is loaded only when it is run or listed. The library itself never imports
the reference app, whose commands arrive that way.
"""

from hybrid_dex.cli.entry import main

__all__ = ["main"]
