"""Rules: what every conformance kit is made of, and how a broken one is told.

A kit is a plain class. Each of its ``test_`` methods checks one rule of an interface; the method's
name without ``test_`` is the rule's name, its docstring is the rule. Nothing here needs a test
runner, so a kit runs under pytest as it is, and under unittest beside `unittest.TestCase`.

A kit must never skip in silence. What a backend can not do is declared in `lacks`, with the reason;
the rule is tried all the same, and must be broken then: a lack that is none any more fails, and one
that is still there is reported as a skipped test with both reasons. An unknown name in `lacks` is
refused when the class is made.
"""

import asyncio
import functools
import inspect
import tempfile
import unittest
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Final, TypeVar

from hybrid_dex.errors import ConfigurationError

__all__ = ["Kit", "LackDeclared", "RuleBrokenError", "demand", "expect", "made", "raises", "rule"]

_PREFIX: Final = "test_"

_KitT = TypeVar("_KitT", bound="Kit")
_MadeT = TypeVar("_MadeT")


class RuleBrokenError(AssertionError):
    """A backend breaks a rule of its interface.

    Attributes:
        kit: the class under test.
        rule: the rule's name, as `lacks` would take it.
        sentence: the rule.
        found: what happened instead.
    """

    def __init__(self, kit: str, rule: str, sentence: str, found: str) -> None:
        super().__init__(f"{kit} breaks the rule {rule}\n  rule:  {sentence}\n  found: {found}")
        self.kit = kit
        self.rule = rule
        self.sentence = sentence
        self.found = found


class LackDeclared(unittest.SkipTest):
    """A rule is broken, as `lacks` says that it would be; pytest and unittest report a skip."""


class Kit:
    """The base of all kits: which rules there are, and which of them a backend declares to lack.

    Attributes:
        lacks: the rules that the backend can not keep, each with the reason.
        seed: decides every random choice of the kit; a failure repeats with it.
        timeout_s: how long one rule may take before it counts as hanging.
        place: an empty directory of this rule's own, gone afterwards. Two backends that are made
            within one rule stand on the same store: a file below this directory, or a schema or
            stream named after `place.name`.
    """

    lacks: ClassVar[Mapping[str, str]] = {}
    seed: int = 1
    timeout_s: float = 60
    place: Path

    def __init_subclass__(cls) -> None:
        """Refuse a declaration that names no rule, or no reason."""
        super().__init_subclass__()
        rules = cls.rules()
        for name, why in cls.lacks.items():
            if name not in rules:
                raise ConfigurationError(
                    f"{cls.__name__}.lacks names {name!r}; its rules are {', '.join(rules)}"
                )
            if not why:
                raise ConfigurationError(f"{cls.__name__}.lacks[{name!r}] says no reason")

    @classmethod
    def rules(cls) -> dict[str, str]:
        """Return every rule of the kit by name, as its sentence."""
        return {
            name.removeprefix(_PREFIX): _sentence(method)
            for one in reversed(cls.__mro__)
            for name, method in vars(one).items()
            if name.startswith(_PREFIX) and hasattr(method, "__wrapped__")
        }

    async def clean(self) -> None:
        """Release what the factory made beside `place`, such as a schema; nothing by default."""


def rule(
    method: Callable[[_KitT], None] | Callable[[_KitT], Coroutine[object, object, None]],
) -> Callable[[_KitT], None]:
    """Make a method of a kit one of its rules; an async one gets an event loop of its own."""
    name = method.__name__.removeprefix(_PREFIX)

    @functools.wraps(method)
    def checked(self: _KitT) -> None:
        kit, why = type(self).__name__, self.lacks.get(name)
        try:
            with tempfile.TemporaryDirectory(
                prefix="hybrid-dex-", ignore_cleanup_errors=True
            ) as at:
                self.place = Path(at)
                asyncio.run(_try(self, method))
        except Exception as error:
            found = str(error) if isinstance(error, AssertionError) else _raised(error)
            broken = RuleBrokenError(kit, name, _sentence(method), found)
            if why is None:
                raise broken from error
            raise LackDeclared(f"declared lack: {kit} lacks {name}: {why} ({found})") from broken
        if why is not None:
            found = f"it is kept, and `lacks` says that it is not: {why}"
            raise RuleBrokenError(kit, name, _sentence(method), found)

    return checked


async def _try(
    kit: _KitT, method: Callable[[_KitT], None] | Callable[[_KitT], Coroutine[object, object, None]]
) -> None:
    """Check one rule within its time, and clean up behind it."""
    try:
        async with asyncio.timeout(kit.timeout_s):
            checked = method(kit)
            if checked is not None:
                await checked
    except TimeoutError as error:
        raise AssertionError(f"nothing within {kit.timeout_s} seconds") from error
    finally:
        await kit.clean()


async def made(backend: _MadeT | Awaitable[_MadeT]) -> _MadeT:
    """Return what a factory made, or will have made."""
    return await backend if inspect.isawaitable(backend) else backend


def expect(what: str, found: object, wanted: object) -> None:
    """Demand that two values are equal; ``what`` says of what they are."""
    if found != wanted:
        raise AssertionError(f"{what}: expected {_short(wanted)}, got {_short(found)}")


def demand(holds: bool, found: str) -> None:  # noqa: FBT001 # reads as assert does
    """Demand that something holds; ``found`` says what was found otherwise."""
    if not holds:
        raise AssertionError(found)


@contextmanager
def raises(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Demand that a block raises one of these errors; ``what`` says what was done."""
    wanted = " or ".join(error.__name__ for error in errors)
    try:
        yield
    except errors:
        return
    except Exception as error:
        raise AssertionError(f"{what}: expected {wanted}, got {_raised(error)}") from error
    raise AssertionError(f"{what}: expected {wanted}, and nothing was raised")


def _sentence(method: Callable[..., object]) -> str:
    return " ".join((inspect.getdoc(method) or "").split())


def _raised(error: Exception) -> str:
    return f"{type(error).__name__} was raised: {error}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}..."
