"""Messages that anyone may read: the exchange itself, markets, books and trades.

A market travels with its ``lot_size`` and ``tick_size`` in atoms, so a client rebuilds the very
`Market` that the exchange holds and computes with the same integers.
"""

import zlib
from collections.abc import Sequence as Items
from typing import Final, Literal

import attrs
import msgspec

from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.model.decimal_text import MAX_CHAIN_DIGITS, parse_units
from hybrid_dex.model.fees import FeeSchedule, FeeTier
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import BookUpdate, Trade
from hybrid_dex.model.units import (
    MAX_QUANTITY,
    AssetId,
    FeePpm,
    MarketId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.views import Depth, Indication, Level
from hybrid_dex.wire.scalars import (
    DecimalText,
    IdText,
    Milliseconds,
    SequenceNumber,
    SymbolText,
    parse_fill_id,
    to_ms,
    to_ns,
)
from hybrid_dex.wire.words import MarketStateWord, SideWord, member, word

__all__ = [
    "CHECKSUM_LEVELS",
    "AssetMessage",
    "BookMessage",
    "DomainMessage",
    "FeeTierMessage",
    "FeesMessage",
    "InfoAnswer",
    "LoginTerms",
    "MarketMessage",
    "MarketsAnswer",
    "OpeningMessage",
    "TimeAnswer",
    "TradeMessage",
    "TradesAnswer",
    "asset_message",
    "book_checksum",
    "book_message",
    "book_snapshot_message",
    "fees_message",
    "market_message",
    "schedule_of",
    "to_asset",
    "to_book_update",
    "to_fees",
    "to_market",
    "to_trade",
    "trade_from_record",
    "trade_message",
    "with_checksum",
]

CHECKSUM_LEVELS: Final = 10
"""How many levels of each side a book's checksum covers."""


class AssetMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token.

    Attributes:
        token: the token contract's address, or null where there is no chain.
    """

    id: SymbolText
    decimals: int
    token: str | None = None


class FeeTierMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates of accounts that traded at least ``volume`` in the thirty UTC days before today."""

    volume: DecimalText
    maker_fee_ppm: int
    taker_fee_ppm: int


class FeesMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is charged, parts per million of the notional; a negative maker fee is a rebate.

    Attributes:
        maker_fee_ppm: below the first tier.
        taker_fee_ppm: below the first tier.
        tiers: by rising volume.
    """

    maker_fee_ppm: int
    taker_fee_ppm: int
    tiers: list[FeeTierMessage] = []


class OpeningMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What would trade if an auction ended now.

    Attributes:
        price: the one price.
        quantity: what would trade.
        surplus: what one side wants beyond that at this price.
        surplus_side: which side; null when it comes out even.
    """

    price: DecimalText
    quantity: DecimalText
    surplus: DecimalText
    surplus_side: SideWord | None = None


class MarketMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market and its steps.

    Attributes:
        number: the market's number in the settlement contract.
        tick: the smallest price step, in quote per one base.
        lot: the smallest quantity step, in base.
        lot_size: base atoms per lot, as decimal digits.
        tick_size: quote atoms per lot per tick, as decimal digits.
        maker_fee_ppm: as listed, parts per million of the notional; negative for a rebate.
        taker_fee_ppm: as listed, parts per million of the notional.
        minimum_notional: the smallest notional of an order, in quote.
        state: what the market serves.
        minimum_quantity: the smallest total of an order, in base.
        maximum_quantity: the largest total of an order, in base; null for none.
        maximum_notional: the largest notional of an order, in quote; null for none.
        fee_tiers: as listed. The largest rate that was listed is the most that is ever charged.
        fees: what is charged now where that is not what was listed, otherwise null.
        price_band_ppm: how far from the last price it may trade, parts per million; null for any.
        opening: how an auction would end now; null when nothing crosses.
    """

    id: SymbolText
    number: int
    base: AssetMessage
    quote: AssetMessage
    tick: DecimalText
    lot: DecimalText
    lot_size: DecimalText
    tick_size: DecimalText
    maker_fee_ppm: int
    taker_fee_ppm: int
    minimum_notional: DecimalText
    state: MarketStateWord
    minimum_quantity: DecimalText | None = None
    maximum_quantity: DecimalText | None = None
    maximum_notional: DecimalText | None = None
    fee_tiers: list[FeeTierMessage] = []
    fees: FeesMessage | None = None
    price_band_ppm: int | None = None
    opening: OpeningMessage | None = None


class MarketsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All markets."""

    markets: list[MarketMessage]


class DomainMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The EIP-712 domain that orders are signed for."""

    name: str
    version: str
    chain_id: int
    verifying_contract: str


class LoginTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the EIP-4361 login message must say.

    Attributes:
        domain: the authority that asks for the login.
        uri: what the login is for.
        chain_id: the chain that the session is bound to.
        statement: what the user agrees to, or null.
    """

    domain: str
    uri: str
    chain_id: int
    statement: str | None = None


class InfoAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client must know before it logs in or signs.

    Attributes:
        name: the exchange's name.
        version: the program's version.
        requires_signature: whether orders need their trader's EIP-712 signature.
        chain_id: the settlement's chain, or null where there is none.
        contract: the settlement contract, or null where there is none.
        domain: the EIP-712 domain, or null where there is none.
        login: what a login message must say.
        assets: every asset of every market.
    """

    name: str
    version: str
    requires_signature: bool
    login: LoginTerms
    assets: list[AssetMessage]
    chain_id: int | None = None
    contract: str | None = None
    domain: DomainMessage | None = None


class TimeAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server's clock."""

    time_ms: Milliseconds


class BookMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="book",
):
    """Level 2 of a market: the same message over REST (a snapshot) and the socket.

    ``sequence`` and ``previous`` are command sequences. A follower drops deltas with
    ``sequence`` at or below its own, applies one whose ``previous`` is at or below its own, and
    takes a new snapshot otherwise.

    Attributes:
        previous: of a delta, the ``sequence`` that it follows; null in a snapshot.
        bids: [price, quantity], best first; in a delta quantity "0" removes the level.
        asks: as bids.
        may_cross: the market is in an auction, or was stopped in one: bids may reach the asks.
        checksum: of the book after this message, see `book_checksum`; null over REST, and in deltas
            that are told again.
    """

    market: SymbolText
    kind: Literal["snapshot", "delta"]
    sequence: SequenceNumber
    previous: SequenceNumber | None = None
    at_ms: Milliseconds
    bids: list[tuple[DecimalText, DecimalText]]
    asks: list[tuple[DecimalText, DecimalText]]
    may_cross: bool = False
    checksum: int | None = None


class TradeMessage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="trade",
):
    """A public trade."""

    market: SymbolText
    fill_id: IdText
    price: DecimalText
    quantity: DecimalText
    taker_side: SideWord
    at_ms: Milliseconds


class TradesAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market's trades, newest first; ``next`` is the cursor of the next page, null on the last."""

    trades: list[TradeMessage]
    next: IdText | None = None


def asset_message(asset: Asset) -> AssetMessage:
    """Return an asset as the wire shows it."""
    return AssetMessage(id=asset.id, decimals=asset.decimals, token=asset.token)


def to_asset(message: AssetMessage) -> Asset:
    """Return the asset of a message. Raises `FormatError`."""
    try:
        return Asset(id=AssetId(message.id), decimals=message.decimals, token=message.token)
    except ValueError as error:
        raise FormatError("decimals", str(error.args[0]), "0 to 36") from error


def market_message(
    market: Market,
    state: MarketState,
    fees: FeeSchedule | None = None,
    opening: Indication | None = None,
) -> MarketMessage:
    """Return a market as the wire shows it; ``fees`` are those charged now."""
    most_lots, most_notional = market.maximum_quantity, market.maximum_notional
    return MarketMessage(
        id=market.id,
        number=market.number,
        base=asset_message(market.base),
        quote=asset_message(market.quote),
        tick=market.format_price(1),
        lot=market.format_quantity(1),
        lot_size=str(market.lot_size),
        tick_size=str(market.tick_size),
        maker_fee_ppm=market.maker_fee_ppm,
        taker_fee_ppm=market.taker_fee_ppm,
        minimum_notional=market.quote.format(market.minimum_notional),
        state=word(state),
        minimum_quantity=market.format_quantity(market.minimum_quantity),
        maximum_quantity=None if most_lots == MAX_QUANTITY else market.format_quantity(most_lots),
        maximum_notional=None if most_notional is None else market.quote.format(most_notional),
        fee_tiers=_tier_messages(market.fees, market),
        fees=None if fees is None or fees == market.fees else fees_message(fees, market),
        price_band_ppm=market.price_band_ppm,
        opening=None if opening is None else _opening_message(opening, market),
    )


def to_market(message: MarketMessage) -> Market:
    """Return the market of a message, equal to the exchange's own. Raises `FormatError`."""
    quote = to_asset(message.quote)
    try:
        market = Market(
            id=MarketId(message.id),
            number=message.number,
            base=to_asset(message.base),
            quote=quote,
            lot_size=parse_units("lot_size", message.lot_size, 0, MAX_CHAIN_DIGITS),
            tick_size=parse_units("tick_size", message.tick_size, 0, MAX_CHAIN_DIGITS),
            maker_fee_ppm=FeePpm(message.maker_fee_ppm),
            taker_fee_ppm=FeePpm(message.taker_fee_ppm),
            minimum_notional=quote.parse(message.minimum_notional, "minimum_notional"),
            fee_tiers=_tiers("fee_tiers", message.fee_tiers, quote),
            price_band_ppm=message.price_band_ppm,
        )
        market = _with_sizes(market, message)
    except (ValueError, ConfigurationError) as error:
        raise FormatError("market", str(error.args[0]), "a market's terms") from error
    if market.format_price(1) != message.tick or market.format_quantity(1) != message.lot:
        raise FormatError("tick", "does not agree with tick_size and lot_size", "equal steps")
    return market


def to_fees(message: MarketMessage) -> FeeSchedule:
    """Return what a market charges now. Raises `FormatError`."""
    fees = message.fees
    if fees is None:
        return to_market(message).fees
    return schedule_of(fees, to_asset(message.quote))


def schedule_of(fees: FeesMessage, quote: Asset) -> FeeSchedule:
    """Return rates as the engine charges them. Raises `FormatError`."""
    try:
        return FeeSchedule(
            maker_fee_ppm=FeePpm(fees.maker_fee_ppm),
            taker_fee_ppm=FeePpm(fees.taker_fee_ppm),
            tiers=_tiers("fees", fees.tiers, quote),
        )
    except (ValueError, ConfigurationError) as error:
        raise FormatError("fees", str(error.args[0]), "a market's rates") from error


def book_message(update: BookUpdate, market: Market) -> BookMessage:
    """Return a snapshot or delta of a book."""
    return BookMessage(
        market=market.id,
        kind="snapshot" if update.previous is None else "delta",
        sequence=update.sequence,
        previous=update.previous,
        at_ms=to_ms(update.at_ns),
        bids=_levels(update.bids, market),
        asks=_levels(update.asks, market),
        may_cross=update.may_cross,
    )


def book_checksum(bids: Items[tuple[str, str]], asks: Items[tuple[str, str]]) -> int:
    """Return the CRC-32 of the best levels of a book, as the wire writes them.

    Of the first 10 bids and then the first 10 asks, best first, ``price:quantity``, joined by ``|``.

    >>> book_checksum([("10", "1")], [("11", "0.5")]) == zlib.crc32(b"10:1|11:0.5")
    True
    """
    levels = (*bids[:CHECKSUM_LEVELS], *asks[:CHECKSUM_LEVELS])
    return zlib.crc32("|".join(f"{price}:{quantity}" for price, quantity in levels).encode())


def with_checksum(message: BookMessage, book: Depth | BookUpdate, market: Market) -> BookMessage:
    """Return a message with the checksum of the book as it is after it; its best levels suffice."""
    best = (
        _levels(book.bids[:CHECKSUM_LEVELS], market),
        _levels(book.asks[:CHECKSUM_LEVELS], market),
    )
    return msgspec.structs.replace(message, checksum=book_checksum(*best))


def book_snapshot_message(
    depth: Depth,
    market: Market,
    *,
    sequence: Sequence,
    at_ns: TimestampNs,
    state: MarketState = MarketState.OPEN,
) -> BookMessage:
    """Return the engine's depth as of ``sequence``, the last command that it has applied."""
    return book_message(
        BookUpdate(
            market=market.id,
            sequence=sequence,
            previous=None,
            at_ns=at_ns,
            bids=depth.bids,
            asks=depth.asks,
            may_cross=state not in {MarketState.OPEN, MarketState.POST_ONLY, MarketState.CLOSED},
        ),
        market,
    )


def to_book_update(message: BookMessage, market: Market) -> BookUpdate:
    """Return the update of a message. Raises `FormatError`."""
    if (message.kind == "delta") != (message.previous is not None):
        raise FormatError("previous", "does not go with the kind", "given in a delta only")
    return BookUpdate(
        market=market.id,
        sequence=Sequence(message.sequence),
        previous=None if message.previous is None else Sequence(message.previous),
        at_ns=to_ns(message.at_ms),
        bids=_parse_levels("bids", message.bids, market),
        asks=_parse_levels("asks", message.asks, market),
        may_cross=message.may_cross,
        checksum=message.checksum,
    )


def trade_message(trade: Trade, market: Market) -> TradeMessage:
    """Return a trade as the public sees it."""
    return TradeMessage(
        market=market.id,
        fill_id=str(trade.fill_id),
        price=market.format_price(trade.price),
        quantity=market.format_quantity(trade.quantity),
        taker_side=word(trade.taker_side),
        at_ms=to_ms(trade.at_ns),
    )


def trade_from_record(record: FillRecord, market: Market) -> TradeMessage:
    """Return a recorded fill as the public sees it."""
    fill = record.fill
    return trade_message(
        Trade(
            fill_id=fill.fill_id,
            market=fill.market,
            price=fill.price,
            quantity=fill.quantity,
            taker_side=fill.taker_side,
            at_ns=record.at_ns,
        ),
        market,
    )


def to_trade(message: TradeMessage, market: Market) -> Trade:
    """Return the trade of a message. Raises `FormatError`."""
    return Trade(
        fill_id=parse_fill_id(message.fill_id),
        market=market.id,
        price=market.parse_price(message.price),
        quantity=market.parse_quantity(message.quantity),
        taker_side=member(Side, message.taker_side),
        at_ns=to_ns(message.at_ms),
    )


def _with_sizes(market: Market, message: MarketMessage) -> Market:
    """Return a market with the bounds of its orders, which are counted in its own steps."""
    least, most, notional = (
        message.minimum_quantity,
        message.maximum_quantity,
        message.maximum_notional,
    )
    lots = market.parse_quantity
    return attrs.evolve(
        market,
        minimum_quantity=Quantity(1) if least is None else lots(least, "minimum_quantity"),
        maximum_quantity=(
            Quantity(MAX_QUANTITY) if most is None else lots(most, "maximum_quantity")
        ),
        maximum_notional=(
            None if notional is None else market.quote.parse(notional, "maximum_notional")
        ),
    )


def _opening_message(opening: Indication, market: Market) -> OpeningMessage:
    side = opening.surplus_side
    return OpeningMessage(
        price=market.format_price(opening.price),
        quantity=market.format_quantity(opening.quantity),
        surplus=market.format_quantity(opening.surplus),
        surplus_side=None if side is None else word(side),
    )


def fees_message(fees: FeeSchedule, market: Market) -> FeesMessage:
    """Return rates as they are shown."""
    return FeesMessage(
        maker_fee_ppm=fees.maker_fee_ppm,
        taker_fee_ppm=fees.taker_fee_ppm,
        tiers=_tier_messages(fees, market),
    )


def _tier_messages(fees: FeeSchedule, market: Market) -> list[FeeTierMessage]:
    return [
        FeeTierMessage(
            volume=market.quote.format(tier.volume),
            maker_fee_ppm=tier.maker_fee_ppm,
            taker_fee_ppm=tier.taker_fee_ppm,
        )
        for tier in fees.tiers
    ]


def _tiers(field: str, messages: list[FeeTierMessage], quote: Asset) -> tuple[FeeTier, ...]:
    return tuple(
        FeeTier(
            volume=quote.parse(message.volume, field),
            maker_fee_ppm=FeePpm(message.maker_fee_ppm),
            taker_fee_ppm=FeePpm(message.taker_fee_ppm),
        )
        for message in messages
    )


def _levels(levels: tuple[Level, ...], market: Market) -> list[tuple[str, str]]:
    return [
        (market.format_price(level.price), market.format_quantity(level.quantity))
        for level in levels
    ]


def _parse_levels(field: str, pairs: list[tuple[str, str]], market: Market) -> tuple[Level, ...]:
    return tuple(
        Level(
            Price(market.parse_price(price, field)),
            Quantity(0) if quantity == "0" else market.parse_quantity(quantity, field),
        )
        for price, quantity in pairs
    )
