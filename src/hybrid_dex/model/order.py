"""The words of an order: side, type, time in force, modes and status.

Numbers are journaled, and `Side` is also the contract's: never reuse or change one. The FIX tag
after a word is where it comes from.
"""

import enum
from typing import Final

__all__ = ["CancelReason", "OrderStatus", "OrderType", "SelfTradeMode", "Side", "TimeInForce"]


class Side(enum.IntEnum):
    """Side (FIX 54), numbered as in the signed order."""

    BUY = 0
    SELL = 1


class OrderType(enum.IntEnum):
    """OrdType (FIX 40)."""

    LIMIT = 1
    MARKET = 2
    """Immediate, and never worse than its protection price, which is the signed limit."""
    STOP_LIMIT = 3
    """Waits until a fill reaches its trigger - a buy at or above, a sell at or below - then a limit
    order (FIX 4)."""
    STOP_MARKET = 4
    """The same, then a market order (FIX 3)."""
    TAKE_PROFIT_LIMIT = 5
    """Waits for the other side of the price - a buy at or below, a sell at or above - then a limit
    order (FIX K, limit if touched)."""
    TAKE_PROFIT_MARKET = 6
    """The same, then a market order (FIX J, market if touched)."""

    @property
    def waits(self) -> bool:
        """Whether an order of this type waits for a trigger price before it enters the book."""
        return self >= OrderType.STOP_LIMIT

    @property
    def is_market(self) -> bool:
        """Whether it is immediate once it enters the book; its price is the protection price."""
        return self in _MARKETS

    @property
    def is_stop(self) -> bool:
        """Whether it waits for the price to turn against its side's holder."""
        return self in _STOPS


_MARKETS: Final = (OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
_STOPS: Final = (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)


class TimeInForce(enum.IntEnum):
    """TimeInForce (FIX 59)."""

    GTC = 1
    """Rests until filled or canceled."""
    GTD = 2
    """Rests until `expires_at_ns`, then expires."""
    IOC = 3
    """Trades what it can at once; the remainder is canceled."""
    FOK = 4
    """Trades whole at once or not at all."""


class SelfTradeMode(enum.IntEnum):
    """SelfMatchPreventionInstruction (FIX 2964) of the incoming order."""

    CANCEL_AGGRESSOR = 1
    CANCEL_RESTING = 2
    CANCEL_BOTH = 3
    DECREMENT_AND_CANCEL = 4
    """Both lose the overlap; the smaller one is canceled."""


class OrderStatus(enum.IntEnum):
    """OrdStatus (FIX 39)."""

    NEW = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 4
    EXPIRED = 5
    REJECTED = 6


class CancelReason(enum.IntEnum):
    """Why an order or a part of it was canceled."""

    REQUESTED = 1
    """The trader asked, by cancel, cancel-all or a replace at or below what was filled."""
    REMAINDER = 2
    """What an IOC or market order could not trade at once."""
    FILL_OR_KILL = 3
    """A FOK that could not trade whole."""
    SELF_TRADE = 4
    """Self-trade prevention."""
    REVOKED = 5
    """The signature was revoked on chain (lane, floor or exit)."""
    UNCOVERED = 6
    """The funds behind it left: an on-chain withdrawal or a failed settlement."""
    SETTLEMENT_FAILED = 7
    """Its own fill failed to settle."""
    POST_ONLY = 10
    """Its trigger was reached, and by then it would have traded at once."""
    LINKED = 11
    """The order that it is linked to took its place, or ended."""
    MARKET_CLOSED = 20
    """The market was delisted."""
    PRICE_BAND = 21
    """It would have traded outside the market's price band, which stopped the market."""
    SCHEDULED = 30
    """A scheduled cancel was due (a dead man's switch)."""
    DISCONNECTED = 31
    """The account's last connection ended, and it wished so."""
    KILL_SWITCH = 32
    """The operator stopped the account, or everybody."""
