"""RiskLimits: what an account may do; and the tier that an account is in."""

import attrs
import msgspec

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.units import AccountId

__all__ = ["DEFAULT_TIER", "AccountTier", "RiskControls", "RiskLimits"]

DEFAULT_TIER = "default"
"""The tier of every account that is in no other."""


@attrs.frozen(kw_only=True)
class RiskLimits:
    """What an account may do; ``None`` is no limit.

    Attributes:
        order_notional: the largest order, in whole units of the quote asset.
        open_orders: how many orders may rest at once, over all markets.
        daily_volume: what may trade in a UTC day, in whole units of the quote asset.
        refuse_self_trade: refuse an order whose price crosses a resting order of the account or its
            group, instead of leaving it to the order's self-trade mode.
        prefunded: cover orders with final funds only, not with proceeds in flight to settlement.
        price_band_ppm: how far beyond the last trade a buy may pay, or a sell take less, parts per
            million of it.
        orders_per_second: how many orders and replacements may enter in a second of command time.
        position: how much of a base asset the account may have once its buys are filled, in whole
            units.
        unsettled_fills: no order enters while so many fills of all accounts are not final.
        unsettled_age_s: no order enters once the oldest fill that is not final is this old.
    """

    order_notional: int | None = 1_000_000
    open_orders: int | None = 100
    daily_volume: int | None = 10_000_000
    refuse_self_trade: bool = False
    prefunded: bool = False
    price_band_ppm: int | None = None
    orders_per_second: int | None = None
    position: int | None = None
    unsettled_fills: int | None = None
    unsettled_age_s: int | None = None

    def __attrs_post_init__(self) -> None:
        for name, limit in attrs.asdict(self).items():
            if limit is not None and limit < 0:
                message = f"the limit {name} is {limit}; valid: 0 or more, or None for none"
                raise ConfigurationError(message)


class AccountTier(msgspec.Struct, frozen=True):
    """What commands said about an account's risk.

    Attributes:
        name: the tier's name.
        limits: the tier's; ``None`` when no command set any.
        killed: the account, or everybody, is stopped.
    """

    name: str
    limits: RiskLimits | None
    killed: bool


class RiskControls(msgspec.Struct, frozen=True, kw_only=True):
    """All that commands set about accounts.

    Attributes:
        tiers: the limits of each tier, by name.
        members: the accounts that are in a tier of their own, with its name, by account.
        stopped: the accounts whose kill switch is engaged, sorted.
        stops_all: everybody's is.
        groups: the accounts that are of a group, with its name, by account.
    """

    tiers: tuple[tuple[str, RiskLimits], ...]
    members: tuple[tuple[AccountId, str], ...]
    stopped: tuple[AccountId, ...]
    stops_all: bool
    groups: tuple[tuple[AccountId, str], ...]
