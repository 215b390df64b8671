"""Weights: what a request or a message counts for under the rates, against what it costs the exchange.

Both documents repeat them as ``x-weight``: that of OpenAPI beside each operation, that of AsyncAPI
beside each request. Whatever is not named here counts for 1.
"""

from collections.abc import Mapping
from typing import Final

from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from hybrid_dex.wire import KeyLoginOp, LoginOp, PingOp, SubscribeOp, UnsubscribeOp

__all__ = ["BAD_MESSAGE", "MESSAGES", "ROUTES", "route_weight"]

_LIST: Final = 5
"""A question to the records, or a long answer."""
_DOCUMENT: Final = 10
"""An answer of hundreds of kilobytes, or about all accounts."""
_SIGNING: Final = 10
"""The operator signs, or something is written for good."""
_LOGIN: Final = 20
"""A wallet's signature is checked, and a session written."""

ROUTES: Final[Mapping[str, int]] = {
    "begin_action": _LIST,
    "cancel_receipt": _SIGNING,
    "confirm_action": _LOGIN,
    "get_book": _LIST,
    "get_document": _DOCUMENT,
    "get_page": _DOCUMENT,
    "get_receipts": _SIGNING,
    "get_socket_document": _DOCUMENT,
    "get_solvency": _DOCUMENT,
    "get_ticker": _LIST,
    "issue_nonce": _LIST,
    "issue_voucher": _SIGNING,
    "list_audit": _LIST,
    "list_candles": _LIST,
    "list_deposits": _LIST,
    "list_entries": _LIST,
    "list_fills": _LIST,
    "list_orders": _LIST,
    "list_tickers": _DOCUMENT,
    "list_trades": _LIST,
    "list_withdrawals": _LIST,
    "login": _LOGIN,
    "make_key": _SIGNING,
    "refresh": _SIGNING,
    "revoke_token": _LIST,
}
"""The routes that are not as cheap as most, by the name of their function."""
BAD_MESSAGE: Final = 1
"""A frame that is no message: it is answered, too."""
MESSAGES: Final[Mapping[type[Struct], int]] = {
    PingOp: 1,
    LoginOp: 5,
    KeyLoginOp: 5,
    SubscribeOp: 5,
    UnsubscribeOp: 1,
}
"""The messages of a socket that are not order entry, which is counted by the order."""


def route_weight(handler: BaseRouteHandler) -> int:
    """Return what a request of a route counts for."""
    return ROUTES.get(handler.handler_name, 1)
