"""ccxt's exceptions have ccxt's names and tree, and every refusal is one of them."""

from __future__ import annotations

import pytest

from hybrid_dex.client import LaggingListenerError, LanesExhaustedError, UnreachableError
from hybrid_dex.client import ccxt_like as ccxt
from hybrid_dex.client.ccxt_like.errors import to_ccxt
from hybrid_dex.errors import (
    ConfigurationError,
    FormatError,
    HybridDexError,
    RefusedError,
    UnknownOutcomeError,
)
from hybrid_dex.model.reasons import RejectReason

PARENTS = {
    "ExchangeError": "BaseError",
    "AuthenticationError": "ExchangeError",
    "PermissionDenied": "AuthenticationError",
    "AccountNotEnabled": "PermissionDenied",
    "AccountSuspended": "AuthenticationError",
    "ArgumentsRequired": "ExchangeError",
    "BadRequest": "ExchangeError",
    "BadSymbol": "BadRequest",
    "OperationRejected": "ExchangeError",
    "MarketClosed": "OperationRejected",
    "InsufficientFunds": "ExchangeError",
    "InvalidOrder": "ExchangeError",
    "OrderNotFound": "InvalidOrder",
    "OrderImmediatelyFillable": "InvalidOrder",
    "OrderNotFillable": "InvalidOrder",
    "DuplicateOrderId": "InvalidOrder",
    "NotSupported": "ExchangeError",
    "ExchangeClosedByUser": "ExchangeError",
    "OperationFailed": "BaseError",
    "NetworkError": "OperationFailed",
    "DDoSProtection": "NetworkError",
    "RateLimitExceeded": "NetworkError",
    "ExchangeNotAvailable": "NetworkError",
    "OnMaintenance": "ExchangeNotAvailable",
    "InvalidNonce": "NetworkError",
    "RequestTimeout": "NetworkError",
    "BadResponse": "OperationFailed",
}
"""As in ccxt 4.5.90, python/ccxt/base/errors.py."""


def test_the_tree_is_that_of_ccxt() -> None:
    assert set(ccxt.__all__) == {"HybridDex", "BaseError", *PARENTS}
    for name, parent in PARENTS.items():
        assert getattr(ccxt, name).__bases__ == (getattr(ccxt, parent),), name


@pytest.mark.parametrize("reason", list(RejectReason))
def test_every_refusal_is_an_exception_of_ccxt(reason: RejectReason) -> None:
    found = to_ccxt(RefusedError(int(reason), "", "why"))
    assert isinstance(found, ccxt.BaseError)
    assert type(found) is not ccxt.BaseError
    assert str(int(reason)) in str(found)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RefusedError(RejectReason.INSUFFICIENT_FUNDS, "", ""), ccxt.InsufficientFunds),
        (RefusedError(RejectReason.UNKNOWN_ORDER, "", ""), ccxt.OrderNotFound),
        (RefusedError(RejectReason.ALREADY_FILLED, "", ""), ccxt.OrderNotFound),
        (RefusedError(RejectReason.RATE_LIMITED, "", ""), ccxt.RateLimitExceeded),
        (RefusedError(RejectReason.UNAUTHENTICATED, "", ""), ccxt.AuthenticationError),
        (RefusedError(RejectReason.INVALID_QUANTITY, "", ""), ccxt.InvalidOrder),
        (RefusedError(RejectReason.UNKNOWN_FIELD, "", ""), ccxt.BadRequest),
        (RefusedError(8_001, "", ""), ccxt.ExchangeError),
        (UnknownOutcomeError("?"), ccxt.RequestTimeout),
        (UnreachableError("?"), ccxt.ExchangeNotAvailable),
        (LaggingListenerError("?"), ccxt.NetworkError),
        (LanesExhaustedError("?"), ccxt.OperationRejected),
        (FormatError("price", "odd", "even"), ccxt.InvalidOrder),
        (FormatError("before", "odd", "even"), ccxt.BadRequest),
        (ConfigurationError("?"), ccxt.ExchangeError),
    ],
)
def test_an_error_becomes_the_one_that_a_program_catches(
    error: HybridDexError, kind: type[ccxt.BaseError]
) -> None:
    assert type(to_ccxt(error)) is kind
    assert str(to_ccxt(error)) == str(error)
