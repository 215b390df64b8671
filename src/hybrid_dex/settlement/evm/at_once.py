"""At once: several questions to a chain, and none left behind when one of them fails."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

__all__ = ["at_once"]

_T = TypeVar("_T")


async def at_once(calls: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Wait for all; when one fails, end the others and raise its error."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
