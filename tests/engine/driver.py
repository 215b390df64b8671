"""Drives an engine in tests: stamps commands, proves the state after each, and reads the events."""

from typing import Final, get_args

import msgspec

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.interfaces.risk import Risk
from hybrid_dex.model.commands import (
    CancelOrder,
    Command,
    Deposit,
    ListMarket,
    PlaceOrder,
    ReplaceOrder,
)
from hybrid_dex.model.events import CancelRejected, CommandRejected, Event, OrderRejected
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.signed_order import Authorization, Nonce, SignatureKind

BUY, SELL = Side.BUY, Side.SELL
NO_LIMITS = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
SECOND = 10**9


def make_market(
    id: str = "ETH-USDC", *, lot_size: int = 10, tick_size: int = 1, **terms: object
) -> Market:
    base, _, quote = id.partition("-")
    return Market(
        id=id,
        base=Asset(id=base, decimals=8),
        quote=Asset(id=quote, decimals=6),
        lot_size=lot_size,
        tick_size=tick_size,
        **terms,
    )


MARKET = make_market(maker_fee_ppm=1_000, taker_fee_ppm=2_000)


def make_engine(*, risk: Risk | None = None, requires_signature: bool = False) -> Engine:
    return Engine(
        book=SortedBook,
        risk=StandardRisk(NO_LIMITS) if risk is None else risk,
        requires_signature=requires_signature,
    )


def authorize(
    counter: int = 1,
    *,
    revision: int = 0,
    lane: int = 0,
    max_fee_ppm: int = 2_000,
    expiry_s: int = 1_000,
    key: str | None = None,
) -> Authorization:
    """A signature that somebody verified; the engine does not look at the bytes.

    With `key`, that session key's.
    """
    nonce = Nonce(counter, revision, lane).packed
    kind = SignatureKind.WALLET if key is None else SignatureKind.SESSION
    signer = "0xA1" if key is None else key
    return Authorization(signer, kind, max_fee_ppm, expiry_s, nonce, b"h" * 32, b"s" * 64)


FIELDS: Final = {
    *(name for kind in get_args(Command) for name in kind.__struct_fields__),
    *Authorization.__struct_fields__,
    "fees",
    "signature",
    "signature_kind",
    "",
}
"""What a refusal may name: fields of commands and signatures, parts of what they stand for, nothing."""


_read: Final = msgspec.json.Decoder(tuple[Event, ...]).decode


def check_events(events: tuple[Event, ...]) -> None:
    """Each can be read back as it was written; a refusal says what would be valid, and where."""
    assert _read(msgspec.json.encode(events)) == events
    for event in events:
        if isinstance(event, OrderRejected | CancelRejected | CommandRejected):
            assert event.detail, event
            assert event.field in FIELDS, event


class Driver:
    """An engine with one market, at time `at_ns`; `proves` goes off where a book is very large."""

    def __init__(self, engine: Engine | None = None, *, market: Market = MARKET) -> None:
        self.engine = make_engine() if engine is None else engine
        self.market = market
        self.at_ns = 0
        self.proves = True
        self.do(ListMarket(market=market))

    def do(self, command: Command) -> tuple[Event, ...]:
        """Stamp and apply a command, read its events, and prove the state after it."""
        sequence = self.engine.sequence + 1
        stamped = msgspec.structs.replace(command, sequence=sequence, at_ns=self.at_ns)
        events = self.engine.apply(stamped)
        check_events(events)
        if self.proves:
            self.engine.check()
        return events

    def fund(self, *accounts: str, amount: int = 10**12) -> None:
        for account in accounts:
            for asset in (self.market.base.id, self.market.quote.id):
                self.do(Deposit(account=account, asset=asset, amount=amount))

    def place(
        self, account: str, side: Side, quantity: int, price: int, **terms: object
    ) -> tuple[Event, ...]:
        terms = {"market": self.market.id} | terms
        return self.do(
            PlaceOrder(account=account, side=side, quantity=quantity, price=price, **terms)
        )

    def rest(self, account: str, side: Side, quantity: int, price: int, **terms: object) -> int:
        """Place an order that must rest whole; return its id."""
        events = self.place(account, side, quantity, price, **terms)
        assert [type(event).__name__ for event in events] == ["OrderAccepted"], events
        return self.engine.sequence << 8

    def replace(
        self, account: str, order_id: int, quantity: int, price: int, **terms: object
    ) -> tuple[Event, ...]:
        return self.do(
            ReplaceOrder(
                account=account, order_id=order_id, quantity=quantity, price=price, **terms
            )
        )

    def cancel(self, account: str, order_id: int) -> tuple[Event, ...]:
        return self.do(CancelOrder(account=account, order_id=order_id))

    def available(self, account: str, asset: str) -> int:
        return self.engine.balance(account, asset).available
