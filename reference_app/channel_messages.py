"""What each channel tells of one command, as the frames that sockets send.

One function a channel, all of one form, so that what happens and what is told again to who resumes
are the same. A channel that is added gets a function here and a name in `TELLERS`.
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import msgspec

from hybrid_dex.exchange import ExchangeView
from hybrid_dex.feed import Publication
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import AccountId, MarketId
from hybrid_dex.wire import (
    book_message,
    encode,
    execution_message,
    fill_message,
    settlement_messages,
    trade_message,
)
from reference_app.frames import text_frame

__all__ = ["TELLERS", "Teller", "message_frame"]

Teller: TypeAlias = Callable[
    [ExchangeView, Publication, AccountId | None, MarketId | None], Iterator[bytes]
]
"""Yields the messages of a command for an account, a market, or both; all markets for ``None``."""


def message_frame(message: msgspec.Struct) -> bytes:
    """Return a message as it is sent, the same to all who hear it."""
    return text_frame(encode(message))


def _book(
    view: ExchangeView, told: Publication, _account: AccountId | None, market: MarketId | None
) -> Iterator[bytes]:
    for update in told.books:
        known = view.market(update.market)
        if update.market == market and known is not None:
            yield message_frame(book_message(update, known))


def _trades(
    view: ExchangeView, told: Publication, _account: AccountId | None, market: MarketId | None
) -> Iterator[bytes]:
    for trade in told.trades:
        known = view.market(trade.market)
        if trade.market == market and known is not None:
            yield message_frame(trade_message(trade, known))


def _orders(
    view: ExchangeView, told: Publication, account: AccountId | None, market: MarketId | None
) -> Iterator[bytes]:
    for report in told.executions_of(account) if account is not None else ():
        if market in {None, report.market}:
            known = None if report.market is None else view.market(report.market)
            yield message_frame(execution_message(report, known))


def _fills(
    view: ExchangeView, told: Publication, account: AccountId | None, market: MarketId | None
) -> Iterator[bytes]:
    for fill in told.fills:
        known = view.market(fill.market)
        if fill.account == account and market in {None, fill.market} and known is not None:
            yield message_frame(fill_message(fill, known))


def _settlements(
    _view: ExchangeView, told: Publication, account: AccountId | None, market: MarketId | None
) -> Iterator[bytes]:
    moved = [
        fill
        for fill in told.fills
        if fill.account == account
        and market in {None, fill.market}
        and fill.stage is not SettlementStage.MATCHED
    ]
    for message in settlement_messages(moved, sequence=told.sequence):
        yield message_frame(message)


TELLERS: Final[dict[str, Teller]] = {
    "book": _book,
    "trades": _trades,
    "orders": _orders,
    "fills": _fills,
    "settlements": _settlements,
}
"""The channels that tell what happened, and can tell it again."""
