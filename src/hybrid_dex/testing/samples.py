"""Samples: one plain value of every command and every event, whatever is added to them.

A backend that is shown something it has no use for must let it pass. These are made from the
declared types, so that a new command or event is shown to every kit without a line here.
"""

import enum
import types
import typing
from collections.abc import Iterator
from typing import Final

import msgspec

from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import Event
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.testing.traffic import ACCOUNTS, MARKETS

__all__ = ["every_command", "every_event"]

_TEXTS: Final = {
    "account": ACCOUNTS[0],
    "maker": ACCOUNTS[0],
    "taker": ACCOUNTS[1],
    "market": MARKETS[0].id,
    "asset": MARKETS[0].quote.id,
}


def every_command() -> Iterator[Command]:
    """Yield one command of every kind."""
    for kind in typing.get_args(Command):
        yield _struct(kind)


def every_event() -> Iterator[Event]:
    """Yield one event of every kind."""
    for kind in typing.get_args(Event):
        yield _struct(kind)


def _struct(kind: type) -> typing.Any:  # noqa: ANN401 # an instance of whatever kind is given
    return kind(**{one.name: _value(one.name, one.type) for one in msgspec.structs.fields(kind)})


def _value(name: str, kind: object) -> object:
    """Return the plainest value of a declared type; of a choice, none or else the first."""
    members = typing.get_args(kind)
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return None if type(None) in members else _value(name, members[0])
    if typing.get_origin(kind) is tuple:
        return (
            (_value(name, members[0]),)
            if members[-1] is ...
            else tuple(_value(name, member) for member in members)
        )
    kind = getattr(kind, "__supertype__", kind)
    known: dict[object, object] = {
        int: 1,
        bool: False,
        bytes: bytes(32),
        Market: MARKETS[0],
        Asset: MARKETS[0].base,
        FeeSchedule: FeeSchedule(),
        RiskLimits: RiskLimits(),
    }
    if kind is str:
        return _TEXTS.get(name, "x")
    if kind in known:
        return known[kind]
    assert isinstance(kind, type)
    return next(iter(kind)) if issubclass(kind, enum.Enum) else _struct(kind)
