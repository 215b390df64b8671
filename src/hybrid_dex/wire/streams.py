"""Messages that only the socket has: the top of a book, changed balances, settlements, heartbeats.

Every message of a channel says the command that it is as of, or that did it. A reader that remembers
the last one resumes from there: everything after it is told, or it is said that this is too long ago.
"""

from collections.abc import Iterable

import msgspec

from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.reports import FillReport
from hybrid_dex.model.views import Balance, Level, Top
from hybrid_dex.wire.scalars import (
    DecimalText,
    IdText,
    Milliseconds,
    SequenceNumber,
    SymbolText,
    to_ms,
)
from hybrid_dex.wire.sessions import BalanceMessage, balance_message
from hybrid_dex.wire.words import StageWord, word

__all__ = [
    "BalancesMessage",
    "BookTopMessage",
    "HeartbeatMessage",
    "SettlementMessage",
    "balances_message",
    "book_top_message",
    "settlement_messages",
]

PriceLevel = tuple[DecimalText, DecimalText]


class BookTopMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="book_top",
):
    """The best level of each side, [price, quantity]; null where a side is empty.

    A slow reader gets the newest only.
    """

    market: SymbolText
    sequence: SequenceNumber
    at_ms: Milliseconds
    bid: PriceLevel | None
    ask: PriceLevel | None


class BalancesMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="balances",
):
    """Balances as they stand after ``sequence``: first all of the account's, then those that changed."""

    sequence: SequenceNumber
    at_ms: Milliseconds
    balances: list[BalanceMessage]


class SettlementMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="settlement",
):
    """Fills of the account in one market moved to a stage of settlement together.

    Attributes:
        stage: how far they are now; it may step back from confirmed to submitted.
        batch: the settlement batch.
        transaction: the transaction's hash, or an empty string without a chain.
        failure: the contract's skip code when they failed, otherwise 0.
        fills: which.
    """

    market: SymbolText
    sequence: SequenceNumber
    stage: StageWord
    batch: int
    transaction: str
    failure: int
    fills: list[IdText]


class HeartbeatMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="heartbeat",
):
    """The server is there, and all that its channels tell up to ``sequence`` was sent before this."""

    sequence: SequenceNumber
    time_ms: Milliseconds


def book_top_message(top: Top, market: Market, *, sequence: int, at_ns: int) -> BookTopMessage:
    """Return the top of a book."""
    return BookTopMessage(
        market=market.id,
        sequence=sequence,
        at_ms=to_ms(at_ns),
        bid=_level(top.bid, market),
        ask=_level(top.ask, market),
    )


def balances_message(
    balances: Iterable[tuple[Balance, Asset]], *, sequence: int, at_ns: int
) -> BalancesMessage:
    """Return balances as they stand after a command."""
    rows = [balance_message(balance, asset) for balance, asset in balances]
    return BalancesMessage(sequence=sequence, at_ms=to_ms(at_ns), balances=rows)


def settlement_messages(fills: Iterable[FillReport], *, sequence: int) -> list[SettlementMessage]:
    """Return what one command told of the settlement of one account's fills."""
    groups: dict[tuple[object, ...], list[FillReport]] = {}
    for fill in fills:
        key = (fill.market, fill.stage, fill.batch, fill.transaction, fill.failure)
        groups.setdefault(key, []).append(fill)
    return [
        SettlementMessage(
            market=group[0].market,
            sequence=sequence,
            stage=word(group[0].stage),
            batch=group[0].batch,
            transaction=group[0].transaction,
            failure=group[0].failure,
            fills=list(dict.fromkeys(str(fill.fill_id) for fill in group)),
        )
        for group in groups.values()
    ]


def _level(level: Level | None, market: Market) -> tuple[str, str] | None:
    if level is None:
        return None
    return market.format_price(level.price), market.format_quantity(level.quantity)
