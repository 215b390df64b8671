"""Assets and markets: what is traded, in which steps, at which fees.

A market's base, quote, lot and tick never change once listed; that is what makes
``price * quantity * tick_size`` exact for ever, on both sides of the settlement contract.
"""

import enum
import functools
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.model.decimal_text import format_units, parse_step, parse_units, require_text
from hybrid_dex.model.fees import MAKER_RANGE, TAKER_RANGE, FeeSchedule, FeeTier, fee
from hybrid_dex.model.units import (
    MAX_AMOUNT,
    MAX_PRICE,
    MAX_QUANTITY,
    Amount,
    AssetId,
    FeePpm,
    MarketId,
    Price,
    Quantity,
)

__all__ = [
    "MAX_DECIMALS",
    "Asset",
    "FeeSchedule",
    "FeeTier",
    "Market",
    "MarketState",
    "StateCause",
    "fee",
]

MAX_DECIMALS: Final = 36
_AMOUNT: Final = [attrs.validators.ge(Amount(0)), attrs.validators.le(Amount(MAX_AMOUNT))]
_BAND: Final = [attrs.validators.ge(1), attrs.validators.lt(1_000_000)]
_LOTS: Final = [attrs.validators.ge(Quantity(1)), attrs.validators.le(Quantity(MAX_QUANTITY))]


class MarketState(enum.IntEnum):
    """Whether a market matches. Numbers are journaled: never reuse one."""

    OPEN = 1
    """Orders match (SecurityTradingStatus, FIX 326: 17)."""
    HALTED = 2
    """Nothing enters or matches; cancel and reduce are still served (FIX 326: 2)."""
    AUCTION_OPEN = 3
    """Orders rest and may cross; they meet at one price when it opens (FIX 326: 21)."""
    POST_ONLY = 4
    """Only post-only orders enter, so nothing matches: makers quote before the opening."""
    CANCEL_ONLY = 5
    """As halted, but it does not simply go on: it reopens by steps, or it closes."""
    CLOSED = 6
    """Delisted for ever: no order is left (FIX 326: 18)."""


class StateCause(enum.IntEnum):
    """Why a market's state changed."""

    COMMAND = 1
    """Somebody who may asked for it."""
    SCHEDULE = 2
    """It was planned for this time."""
    PRICE_BAND = 3
    """An order would have traded outside the market's price band."""
    INVARIANT = 60
    """The engine broke a rule of its own there: a bug, and the other markets go on."""


@attrs.frozen(kw_only=True)
class Asset:
    """A token that can be deposited.

    Attributes:
        id: the symbol, unique in an exchange.
        decimals: how many decimals one whole unit has; one atom is ``10**-decimals``.
        token: the token contract's checksummed address, or ``None`` where there is no chain.
    """

    id: AssetId
    decimals: int = attrs.field(
        validator=[attrs.validators.ge(0), attrs.validators.le(MAX_DECIMALS)]
    )
    token: str | None = None

    def parse(self, text: str, field: str = "amount") -> Amount:
        """Return decimal ``text`` in atoms, exact or refused with `FormatError`."""
        return Amount(parse_units(field, text, self.decimals))

    def format(self, amount: int) -> str:
        """Return ``amount`` atoms as decimal text."""
        return format_units(amount, self.decimals)


@attrs.frozen(kw_only=True)
class Market:
    """Two assets and the steps in which they trade.

    Attributes:
        id: the symbol, ``BASE-QUOTE`` by convention.
        number: the market's number in the settlement contract, 0 to 2**32 - 1.
        base: the asset that is bought and sold.
        quote: the asset that pays, fees included.
        lot_size: base atoms per lot.
        tick_size: quote atoms per lot per tick.
        maker_fee_ppm: the maker's fee, parts per million of the notional; negative for a rebate.
        taker_fee_ppm: the taker's fee, parts per million of the notional.
        minimum_notional: the smallest notional of an order, in quote atoms.
        minimum_quantity: the smallest total of an order, in lots.
        maximum_quantity: the largest total of an order, in lots.
        maximum_notional: the largest notional of an order, in quote atoms, or ``None``.
        fee_tiers: other rates for accounts that trade much, by rising volume. With the two rates
            these are the fees at first, and the most that may ever be charged (`FeeSchedule`).
        price_band_ppm: how far from the last price the market may trade, parts per million of it;
            ``None`` for any price. An order that would trade farther stops the market.
    """

    id: MarketId
    number: int = attrs.field(
        default=0, validator=[attrs.validators.ge(0), attrs.validators.lt(2**32)]
    )
    base: Asset
    quote: Asset
    lot_size: int = attrs.field(validator=[attrs.validators.ge(1), attrs.validators.le(MAX_AMOUNT)])
    tick_size: int = attrs.field(
        validator=[attrs.validators.ge(1), attrs.validators.le(MAX_AMOUNT)]
    )
    maker_fee_ppm: FeePpm = attrs.field(default=FeePpm(0), validator=MAKER_RANGE)
    taker_fee_ppm: FeePpm = attrs.field(default=FeePpm(0), validator=TAKER_RANGE)
    minimum_notional: Amount = attrs.field(default=Amount(0), validator=_AMOUNT)
    minimum_quantity: Quantity = attrs.field(default=Quantity(1), validator=_LOTS)
    maximum_quantity: Quantity = attrs.field(default=Quantity(MAX_QUANTITY), validator=_LOTS)
    maximum_notional: Amount | None = attrs.field(
        default=None, validator=attrs.validators.optional(_AMOUNT)
    )
    fee_tiers: tuple[FeeTier, ...] = ()
    price_band_ppm: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(_BAND)
    )

    def __attrs_post_init__(self) -> None:
        if self.base.id == self.quote.id:
            message = f"market {self.id}: base and quote are both {self.base.id}"
            raise ConfigurationError(message)
        if self.minimum_quantity > self.maximum_quantity:
            message = f"market {self.id}: the minimum quantity exceeds the maximum"
            raise ConfigurationError(message)
        if self.maximum_notional is not None and self.minimum_notional > self.maximum_notional:
            message = f"market {self.id}: the minimum notional exceeds the maximum"
            raise ConfigurationError(message)
        # Refuses rates that contradict each other.
        self.fees  # noqa: B018 # a property that raises

    @classmethod
    def spot(
        cls,
        id: str,
        *,
        base_decimals: int,
        quote_decimals: int,
        tick: str,
        lot: str,
        number: int = 0,
        base_token: str | None = None,
        quote_token: str | None = None,
        maker_fee_ppm: int = 0,
        taker_fee_ppm: int = 0,
        minimum_notional: str = "0",
        minimum_quantity: str | None = None,
        maximum_quantity: str | None = None,
        maximum_notional: str | None = None,
        fee_tiers: Iterable[tuple[str, int, int]] = (),
        price_band_ppm: int | None = None,
    ) -> "Market":
        """Build a market from the steps that people write.

        Args:
            id: ``BASE-QUOTE``; the assets take their symbols from it.
            base_decimals: decimals of the base token.
            quote_decimals: decimals of the quote token.
            tick: the smallest price step, in quote per one base.
            lot: the smallest quantity step, in base.
            number: the market's number in the settlement contract.
            base_token: address of the base token, where there is a chain.
            quote_token: address of the quote token, where there is a chain.
            maker_fee_ppm: the maker's fee in parts per million; negative for a rebate.
            taker_fee_ppm: the taker's fee in parts per million.
            minimum_notional: the smallest notional of an order, in quote.
            minimum_quantity: the smallest total of an order, in base; one lot when not given.
            maximum_quantity: the largest total of an order, in base.
            maximum_notional: the largest notional of an order, in quote.
            fee_tiers: (volume in quote, maker ppm, taker ppm) of accounts that traded at least
                that volume in the thirty UTC days before today, by rising volume.
            price_band_ppm: how far from the last price the market may trade, parts per million.

        Raises:
            ConfigurationError: the symbol is not ``BASE-QUOTE``, one lot at one tick is not
                a whole number of quote atoms, at least one, or terms contradict each other.
            FormatError: a text is not plain decimal text, or a quantity is not on a lot.

        >>> market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
        >>> market.lot_size, market.tick_size
        (100000000000000, 1)
        """
        base, dash, quote = id.partition("-")
        if not (base and dash and quote) or " " in id or not id.isprintable():
            message = f"market id {id!r} is not BASE-QUOTE without blanks, such as ETH-USDC"
            raise ConfigurationError(message)
        lot_size = parse_units("lot", lot, base_decimals)
        tick_size = _tick_size(id, tick, lot, lot_size, (base_decimals, quote_decimals))

        def lots(field: str, text: str | None, otherwise: int) -> Quantity:
            if text is None:
                return Quantity(otherwise)
            found = parse_step(field, text, base_decimals, lot_size)
            if not 1 <= found <= MAX_QUANTITY:
                raise _out_of_bounds(
                    field, found, MAX_QUANTITY, lambda n: format_units(n * lot_size, base_decimals)
                )
            return Quantity(found)

        quote_asset = Asset(id=AssetId(quote), decimals=quote_decimals, token=quote_token)
        amount = quote_asset.parse
        return cls(
            id=MarketId(id),
            number=number,
            base=Asset(id=AssetId(base), decimals=base_decimals, token=base_token),
            quote=quote_asset,
            lot_size=lot_size,
            tick_size=tick_size,
            maker_fee_ppm=FeePpm(maker_fee_ppm),
            taker_fee_ppm=FeePpm(taker_fee_ppm),
            minimum_notional=amount(minimum_notional, "minimum_notional"),
            minimum_quantity=lots("minimum_quantity", minimum_quantity, 1),
            maximum_quantity=lots("maximum_quantity", maximum_quantity, MAX_QUANTITY),
            maximum_notional=(
                None if maximum_notional is None else amount(maximum_notional, "maximum_notional")
            ),
            fee_tiers=tuple(
                FeeTier(
                    volume=amount(volume, "fee_tiers"),
                    maker_fee_ppm=FeePpm(maker),
                    taker_fee_ppm=FeePpm(taker),
                )
                for volume, maker, taker in fee_tiers
            ),
            price_band_ppm=price_band_ppm,
        )

    @property
    def fees(self) -> FeeSchedule:
        """The rates that the market is listed with."""
        return FeeSchedule(
            maker_fee_ppm=self.maker_fee_ppm,
            taker_fee_ppm=self.taker_fee_ppm,
            tiers=self.fee_tiers,
        )

    @property
    def worst_fee_ppm(self) -> FeePpm:
        """The most that anybody is ever charged here: what a signed order has to allow."""
        return FeePpm(self.fees.worst_fee_ppm)

    def notional(self, price: int, quantity: int) -> Amount:
        """Return ``quantity`` lots at ``price`` ticks in quote atoms; exact."""
        return Amount(price * quantity * self.tick_size)

    def base_amount(self, quantity: int) -> Amount:
        """Return ``quantity`` lots in base atoms; exact."""
        return Amount(quantity * self.lot_size)

    def parse_price(self, text: str, field: str = "price") -> Price:
        """Return a price text in ticks, or raise `FormatError` with the nearest valid prices."""
        require_text(field, text)
        base, quote = self.base.decimals, self.quote.decimals
        try:
            ticks = _parse_price(text, self.tick_size, self.lot_size, base, quote)
        except FormatError as error:
            raise FormatError(field, error.reason, error.valid) from None
        if ticks is None:
            message = f"market {self.id}: its tick is not a finite decimal"
            raise ConfigurationError(message)
        if 1 <= ticks <= MAX_PRICE:
            return ticks
        raise _out_of_bounds(field, ticks, MAX_PRICE, self.format_price)

    def format_price(self, price: int) -> str:
        """Return a price in ticks as decimal text."""
        return _format_price(
            price, self.tick_size, self.lot_size, self.base.decimals, self.quote.decimals
        )

    def parse_quantity(self, text: str, field: str = "quantity") -> Quantity:
        """Return a quantity text in lots, or raise `FormatError` with the nearest valid ones."""
        lots: Quantity = parse_step(field, text, self.base.decimals, self.lot_size)  # type: ignore[assignment] # its unit
        if 1 <= lots <= MAX_QUANTITY:
            return lots
        raise _out_of_bounds(field, lots, MAX_QUANTITY, self.format_quantity)

    def format_quantity(self, quantity: int) -> str:
        """Return a quantity in lots as decimal text."""
        return format_units(quantity * self.lot_size, self.base.decimals)


@functools.lru_cache(maxsize=16_384)
def _format_price(
    price: int, tick_size: int, lot_size: int, base_decimals: int, quote_decimals: int
) -> str:
    """Prices come again and again, and their scale is a large number."""
    atoms = price * tick_size * 10 ** (2 * base_decimals) // lot_size
    return format_units(atoms, quote_decimals + base_decimals)


@functools.lru_cache(maxsize=16_384)
def _parse_price(
    text: str, tick_size: int, lot_size: int, base_decimals: int, quote_decimals: int
) -> Price | None:
    """Return a price text in ticks; ``None`` when a tick is no whole number of what is counted.

    One tick per whole base is tick_size * (lots per base) quote atoms; lots per base may be
    fractional, so both sides are scaled by the lot size.
    """
    step, rest = divmod(tick_size * 10 ** (2 * base_decimals), lot_size)
    return None if rest else Price(parse_step("price", text, quote_decimals + base_decimals, step))


def _tick_size(id: str, tick: str, lot: str, lot_size: int, decimals: tuple[int, int]) -> int:
    """Return quote atoms per lot per tick, which must be whole; decimals of base and quote."""
    base_decimals, quote_decimals = decimals
    precision = len(str(tick).partition(".")[2])  # what is no text is refused with the next line
    numerator: int = parse_units("tick", tick, precision) * 10**quote_decimals * lot_size
    scale: int = 10 ** (precision + base_decimals)
    tick_size, rest = divmod(numerator, scale)
    if lot_size < 1 or tick_size < 1 or rest:
        message = (
            f"market {id}: one lot ({lot}) at one tick ({tick}) is not a whole number of quote atoms; "
            f"use a larger tick or lot, so that tick x lot is a multiple of {format_units(1, quote_decimals)}"
        )
        raise ConfigurationError(message)
    return tick_size


def _out_of_bounds(field: str, value: int, limit: int, show: Callable[[int], str]) -> FormatError:
    reason = "must be greater than zero" if value < 1 else "too large"
    return FormatError(field, reason, f"{show(1)} to {show(limit)}")
