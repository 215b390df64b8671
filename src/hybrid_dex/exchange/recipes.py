"""Recipes: an engine made again from the line that names its versions.

A journal names what its commands were applied with. Where that is what ships - the sorted book, the
standard limits - the line says it all, and a program that knows nothing else of an exchange can
replay its journal. It must never guess: an engine whose own line would be another is not made.
"""

import re
from typing import Final

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import ENGINE_VERSION
from hybrid_dex.errors import VersionMismatchError
from hybrid_dex.exchange.follower import EngineRecipe

__all__ = ["recipe_of"]

_LINE: Final = re.compile(r"engine (\d+); book (.+?); risk (.+?)(; signed orders only)?")


def recipe_of(versions: str) -> EngineRecipe:
    """Return what makes an engine of these versions.

    Raises:
        VersionMismatchError: another program is needed, or its own book or risk; says which.
    """
    line = _LINE.fullmatch(versions)
    if line is None:
        raise VersionMismatchError(f"{versions!r} names no versions of engine, book and risk")
    if int(line[1]) != ENGINE_VERSION:
        raise VersionMismatchError(
            f"this was written by engine {line[1]} and this program has engine {ENGINE_VERSION}; "
            "use the program that wrote it"
        )
    risk = StandardRisk.of_version(line[3])
    if risk is not None:
        recipe = EngineRecipe(book=SortedBook, risk=risk, requires_signature=line[4] is not None)
        if recipe().versions == versions:
            return recipe
    raise VersionMismatchError(
        f"{versions!r} is not what ships; name a function that makes the engine: --engine module:name"
    )
