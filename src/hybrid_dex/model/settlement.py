"""What settlement works on: matched fills with the signed terms of both orders."""

import enum

import msgspec

from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    FeePpm,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
)

__all__ = ["FillFailure", "MatchedFill", "OrderTerms", "SettlementStage"]


class SettlementStage(enum.IntEnum):
    """How far a fill has come. Every surface shows it, and none says final before finality."""

    MATCHED = 1
    SUBMITTED = 2
    """Its batch is signed, stored and broadcast."""
    CONFIRMED = 3
    """Its batch is in a block."""
    FINAL = 4
    """That block can no longer be reorganised away, by the chain's finality rule."""
    FAILED = 5
    """The contract skipped it; the ledger reversed it."""


class OrderTerms(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The terms of one order that settlement needs, as they stood when the fill was made.

    Attributes:
        order_id: the engine's id.
        account: whose funds.
        side: buy or sell.
        price: signed limit in ticks.
        quantity: signed total in lots.
        post_only: signed flag.
        time_in_force: signed flag (IOC and FOK).
        authorization: the signature, or ``None`` where the settlement needs none.
    """

    order_id: OrderId
    account: AccountId
    side: Side
    price: Price
    quantity: Quantity
    post_only: bool
    time_in_force: TimeInForce
    authorization: Authorization | None


class MatchedFill(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A fill on its way to the chain.

    Attributes:
        fill_id: (command sequence, index); all fills of one command form a group.
        at_ns: when it was matched.
        market: where.
        price: the maker's limit, ticks.
        quantity: lots.
        maker: the resting order's terms.
        taker: the aggressor's terms.
        maker_fee_ppm: the rate charged to the maker.
        taker_fee_ppm: the rate charged to the taker.
        maker_fee: quote atoms.
        taker_fee: quote atoms.
    """

    fill_id: FillId
    at_ns: TimestampNs
    market: MarketId
    price: Price
    quantity: Quantity
    maker: OrderTerms
    taker: OrderTerms
    maker_fee_ppm: FeePpm
    taker_fee_ppm: FeePpm
    maker_fee: Amount
    taker_fee: Amount


class FillFailure(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A fill that the contract skipped.

    Attributes:
        fill_id: which.
        reason: the contract's skip code.
        culprit: the order that is to blame and loses what is left of it, or ``None``.
    """

    fill_id: FillId
    reason: int
    culprit: OrderId | None = None
