"""Matched fills without engine or keys, for the pure parts of settlement."""

from __future__ import annotations

import hashlib

from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.settlement import MatchedFill, OrderTerms
from hybrid_dex.model.signed_order import Authorization, Nonce
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    FeePpm,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
    fill_id,
)
from hybrid_dex.signing import checksum_address

TOKENS = [checksum_address(bytes([n]) * 20) for n in (200, 201, 202)]
MARKETS = tuple(
    Market.spot(
        name,
        number=number,
        base_decimals=18,
        quote_decimals=6,
        tick="0.01",
        lot="0.0001",
        base_token=TOKENS[number],
        quote_token=TOKENS[0],
    )
    for number, name in ((1, "ETH-USDC"), (2, "BTC-USDC"))
)
BY_ID = {market.id: market for market in MARKETS}


def account(number: int) -> AccountId:
    """An address."""
    return AccountId(checksum_address(number.to_bytes(20, "big")))


def order(
    trader: int,
    side: Side,
    *,
    lane: int = 0,
    counter: int = 1,
    revision: int = 0,
    market: int = 1,
    signed: bool = True,
) -> OrderTerms:
    """An order's terms; the same arguments give the same order."""
    nonce = Nonce(counter, revision, lane)
    identity = f"{trader} {side} {nonce.packed} {market}".encode()
    authorization = Authorization(
        signer=account(trader),
        kind=0,
        max_fee_ppm=1_000,
        expiry_s=2_000_000_000,
        nonce=nonce.packed,
        order_hash=hashlib.sha256(identity).digest(),
        signature=bytes(64),
    )
    return OrderTerms(
        order_id=OrderId(int.from_bytes(authorization.order_hash[:4], "big")),
        account=account(trader),
        side=side,
        price=Price(100),
        quantity=Quantity(1_000),
        post_only=False,
        time_in_force=TimeInForce.GTC,
        authorization=authorization if signed else None,
    )


def command(
    sequence: int, taker: OrderTerms, *makers: OrderTerms, market: int = 1, start: int = 0
) -> list[MatchedFill]:
    """One command's fills, a lot each."""
    return [
        MatchedFill(
            fill_id=fill_id(sequence, start + index),
            at_ns=TimestampNs(sequence * 10**9),
            market=MARKETS[market - 1].id,
            price=maker.price,
            quantity=Quantity(1),
            maker=maker,
            taker=taker,
            maker_fee_ppm=FeePpm(100),
            taker_fee_ppm=FeePpm(500),
            maker_fee=Amount(0),
            taker_fee=Amount(0),
        )
        for index, maker in enumerate(makers)
    ]
