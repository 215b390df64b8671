"""The exceptions that programs written for ccxt catch, under ccxt's names and in its tree.

    BaseError
    +-- ExchangeError
    |   +-- AuthenticationError
    |   |   +-- PermissionDenied
    |   |   |   +-- AccountNotEnabled
    |   |   +-- AccountSuspended
    |   +-- ArgumentsRequired
    |   +-- BadRequest
    |   |   +-- BadSymbol
    |   +-- OperationRejected
    |   |   +-- MarketClosed
    |   +-- InsufficientFunds
    |   +-- InvalidOrder
    |   |   +-- OrderNotFound
    |   |   +-- OrderImmediatelyFillable
    |   |   +-- OrderNotFillable
    |   |   +-- DuplicateOrderId
    |   +-- NotSupported
    |   +-- ExchangeClosedByUser
    +-- OperationFailed
    |   +-- NetworkError
    |   |   +-- DDoSProtection
    |   |   +-- RateLimitExceeded
    |   |   +-- ExchangeNotAvailable
    |   |   |   +-- OnMaintenance
    |   |   +-- InvalidNonce
    |   |   +-- RequestTimeout
    |   +-- BadResponse

`to_ccxt` says which of them an error of this library is. The error itself stays behind it, as
``__cause__``, with the stable number of the refusal.
"""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, ParamSpec, TypeVar

from hybrid_dex.client.errors import LaggingListenerError, UnreachableError
from hybrid_dex.client.lanes import LanesExhaustedError
from hybrid_dex.errors import FormatError, HybridDexError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.reasons import RejectReason

__all__ = [
    "AccountNotEnabled",
    "AccountSuspended",
    "ArgumentsRequired",
    "AuthenticationError",
    "BadRequest",
    "BadResponse",
    "BadSymbol",
    "BaseError",
    "DDoSProtection",
    "DuplicateOrderId",
    "ExchangeClosedByUser",
    "ExchangeError",
    "ExchangeNotAvailable",
    "InsufficientFunds",
    "InvalidNonce",
    "InvalidOrder",
    "MarketClosed",
    "NetworkError",
    "NotSupported",
    "OnMaintenance",
    "OperationFailed",
    "OperationRejected",
    "OrderImmediatelyFillable",
    "OrderNotFillable",
    "OrderNotFound",
    "PermissionDenied",
    "RateLimitExceeded",
    "RequestTimeout",
    "speaks_ccxt",
    "to_ccxt",
]


class BaseError(Exception):
    """The root of all of them."""


class ExchangeError(BaseError):
    """The exchange refuses; sent again, it would refuse again."""


class AuthenticationError(ExchangeError):
    """Nobody, or somebody else, is logged in; or a signature is not the trader's."""


class PermissionDenied(AuthenticationError):
    """Whoever is logged in may not do this."""


class AccountNotEnabled(PermissionDenied):
    """The account can not do this yet."""


class AccountSuspended(AuthenticationError):
    """The account is frozen or was stopped."""


class ArgumentsRequired(ExchangeError):
    """An argument is missing."""


class BadRequest(ExchangeError):
    """The request is not well formed."""


class BadSymbol(BadRequest):
    """There is no such market or asset."""


class OperationRejected(ExchangeError):
    """Well formed, and not now."""


class MarketClosed(OperationRejected):
    """The market does not take this now."""


class InsufficientFunds(ExchangeError):
    """The available balance does not cover it."""


class InvalidOrder(ExchangeError):
    """The order can not be so."""


class OrderNotFound(InvalidOrder):
    """There is no such order, or it has ended."""


class OrderImmediatelyFillable(InvalidOrder):
    """A post-only order would trade at once."""


class OrderNotFillable(InvalidOrder):
    """There is nothing that it could trade with."""


class DuplicateOrderId(InvalidOrder):
    """The client order id was used for another order."""


class NotSupported(ExchangeError):
    """This exchange does not have that."""


class ExchangeClosedByUser(ExchangeError):
    """`close` was called meanwhile."""


class OperationFailed(BaseError):
    """It did not work out; it may later."""


class NetworkError(OperationFailed):
    """The way to the exchange is broken."""


class DDoSProtection(NetworkError):
    """Something before the exchange refuses."""


class RateLimitExceeded(NetworkError):
    """Too many requests."""


class ExchangeNotAvailable(NetworkError):
    """The exchange can not be reached, or takes nothing now."""


class OnMaintenance(ExchangeNotAvailable):
    """The exchange pauses."""


class InvalidNonce(NetworkError):
    """A nonce or a time is not acceptable any more."""


class RequestTimeout(NetworkError):
    """Sent, and no answer came: look for the order by its client order id before repeating it."""


class BadResponse(OperationFailed):
    """The answer can not be read."""


_P = ParamSpec("_P")
_T = TypeVar("_T")

_ORDER_FIELDS: Final = frozenset(
    {"price", "quantity", "trigger_price", "display_quantity", "quote_budget", "side"}
)
_BY_RANGE: Final[dict[int, type[BaseError]]] = {
    1: InvalidOrder,
    2: PermissionDenied,
    3: OperationRejected,
    4: OperationRejected,
    5: InvalidOrder,
    6: ExchangeError,
    7: BadRequest,
    9: ExchangeError,
}
_BY_REASON: Final[dict[RejectReason, type[BaseError]]] = {
    RejectReason.POST_ONLY_WOULD_CROSS: OrderImmediatelyFillable,
    RejectReason.DUPLICATE_CLIENT_ORDER_ID: DuplicateOrderId,
    RejectReason.ORDER_REQUIRED: ArgumentsRequired,
    RejectReason.BATCH_REFUSED: OperationRejected,
    RejectReason.BATCH_CONFLICT: OperationRejected,
    RejectReason.SIGNATURE_REQUIRED: AuthenticationError,
    RejectReason.BAD_SIGNATURE: AuthenticationError,
    RejectReason.UNAUTHENTICATED: AuthenticationError,
    RejectReason.LOGIN_REFUSED: AuthenticationError,
    RejectReason.NONCE_USED: InvalidNonce,
    RejectReason.NONCE_REVOKED: InvalidNonce,
    RejectReason.FEE_CAP_TOO_LOW: InvalidOrder,
    RejectReason.REPLACEMENT_TERMS: InvalidOrder,
    RejectReason.INSUFFICIENT_FUNDS: InsufficientFunds,
    RejectReason.UNSETTLED_FUNDS: InsufficientFunds,
    RejectReason.SESSION_BUDGET: InsufficientFunds,
    RejectReason.ORDER_NOTIONAL_LIMIT: InvalidOrder,
    RejectReason.SELF_TRADE: InvalidOrder,
    RejectReason.INVALID_AMOUNT: BadRequest,
    RejectReason.PRICE_BAND: InvalidOrder,
    RejectReason.ACCOUNT_FROZEN: AccountSuspended,
    RejectReason.KILL_SWITCH: AccountSuspended,
    RejectReason.ORDER_RATE_LIMIT: RateLimitExceeded,
    RejectReason.UNKNOWN_MARKET: BadSymbol,
    RejectReason.UNKNOWN_ASSET: BadSymbol,
    RejectReason.MARKET_HALTED: MarketClosed,
    RejectReason.MARKET_POST_ONLY: MarketClosed,
    RejectReason.MARKET_CANCEL_ONLY: MarketClosed,
    RejectReason.MARKET_CLOSED: MarketClosed,
    RejectReason.MARKET_IN_AUCTION: MarketClosed,
    RejectReason.SETTLEMENT_BACKLOG: OnMaintenance,
    RejectReason.UNKNOWN_ORDER: OrderNotFound,
    RejectReason.ALREADY_FILLED: OrderNotFound,
    RejectReason.ALREADY_CANCELED: OrderNotFound,
    RejectReason.ALREADY_EXPIRED: OrderNotFound,
    RejectReason.ALREADY_REJECTED: OrderNotFound,
    RejectReason.RATE_LIMITED: RateLimitExceeded,
    RejectReason.RECEIVE_WINDOW: InvalidNonce,
    RejectReason.UNAVAILABLE: ExchangeNotAvailable,
    RejectReason.UNKNOWN_OUTCOME: RequestTimeout,
}


def to_ccxt(error: HybridDexError) -> BaseError:
    """Return ccxt's exception for an error of this library.

    >>> to_ccxt(RefusedError(3001, "quantity", "you have 5 USDC"))
    InsufficientFunds('3001 quantity: you have 5 USDC')
    """
    return _kind(error)(str(error))


def _kind(error: HybridDexError) -> type[BaseError]:
    match error:
        case RefusedError():
            known = {int(reason): kind for reason, kind in _BY_REASON.items()}
            return known.get(error.code) or _BY_RANGE.get(error.code // 1_000, ExchangeError)
        case UnknownOutcomeError():
            return RequestTimeout
        case UnreachableError():
            return ExchangeNotAvailable
        case LaggingListenerError():
            return NetworkError
        case LanesExhaustedError():
            return OperationRejected
        case FormatError():
            return InvalidOrder if error.field in _ORDER_FIELDS else BadRequest
        case _:
            return ExchangeError


def speaks_ccxt(
    method: Callable[_P, Awaitable[_T]],
) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Let a method raise ccxt's exceptions in place of this library's."""

    @functools.wraps(method)
    async def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await method(*args, **kwargs)
        except HybridDexError as error:
            raise to_ccxt(error) from error

    return call
