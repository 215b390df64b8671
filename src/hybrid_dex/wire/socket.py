"""Messages of the WebSocket: what a client sends, and what it hears.

A client's message is told apart by ``op``, the server's by ``type``. Orders, books, trades and
fills are the very messages of REST. A request carries an ``id`` of the client's choice, and exactly
one ``ack`` or ``error`` with that id answers it; an order's ``ack`` means that it is durable.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from hybrid_dex.wire.admin import BatchesMessage, StatisticsMessage
from hybrid_dex.wire.batches import BatchOrdersRequest, ScheduleCancelRequest
from hybrid_dex.wire.codec import MAX_MESSAGE_BYTES, decode, encode
from hybrid_dex.wire.ladders import LadderRequest
from hybrid_dex.wire.linked import LinkedRequest
from hybrid_dex.wire.markets import BookMessage, TradeMessage
from hybrid_dex.wire.orders import OrderRequest, ReduceRequest, ReplaceRequest
from hybrid_dex.wire.prices import CandleMessage, IntervalWord, TickerMessage
from hybrid_dex.wire.problem import Problem
from hybrid_dex.wire.reports import ExecutionMessage, FillMessage
from hybrid_dex.wire.scalars import (
    AccountText,
    BytesText,
    ClientOrderIdText,
    IdentifierText,
    IdText,
    Milliseconds,
    RequestId,
    SequenceNumber,
    SymbolText,
    TokenText,
)
from hybrid_dex.wire.streams import (
    BalancesMessage,
    BookTopMessage,
    HeartbeatMessage,
    SettlementMessage,
)
from hybrid_dex.wire.words import SideWord

__all__ = [
    "MAX_SERVER_MESSAGE_BYTES",
    "Ack",
    "BatchOp",
    "CancelAllOp",
    "CancelOnDisconnectOp",
    "CancelOp",
    "Channel",
    "ChannelWord",
    "ClientMessage",
    "ErrorMessage",
    "HeartbeatOp",
    "KeyLoginOp",
    "LadderOp",
    "LinkedOp",
    "LoginOp",
    "LoginResult",
    "PingOp",
    "PlaceOp",
    "Pong",
    "ReduceOp",
    "ReplaceOp",
    "ScheduleCancelOp",
    "ServerMessage",
    "SubscribeOp",
    "SubscribeResult",
    "UnsubscribeOp",
    "ack",
    "candle_channel",
    "decode_client_message",
    "decode_server_message",
    "encode_ack",
]

MAX_SERVER_MESSAGE_BYTES = 8 * 1024 * 1024
"""A book snapshot may be long."""

ChannelWord: TypeAlias = Literal[
    "book",
    "book_top",
    "trades",
    "heartbeat",
    "orders",
    "fills",
    "balances",
    "settlements",
    "ticker",
    "candles_1m",
    "candles_5m",
    "candles_15m",
    "candles_1h",
    "candles_4h",
    "candles_1d",
    "admin",
]


class Channel(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What to hear.

    ``book``, ``book_top``, ``trades``, ``ticker`` and ``candles_...`` are public and need a market.
    ``orders``, ``fills`` and ``settlements`` are the account's own, need a login, and take no market
    or one; ``balances`` are, too, and take none. ``heartbeat`` is public and takes none. ``admin``
    needs a login whose account has the role support or a higher one, and takes none.

    Attributes:
        channel: which.
        market: of what.
        after: begin with what was told after this command, instead of a snapshot or of now. Of a
            channel's own last message it is one less: a command may tell several. Refused
            (`UNKNOWN_SEQUENCE`) when that is too long ago. A ``book_top``, ``ticker``, ``candles_...``,
            ``balances`` and ``admin`` begin with how they stand anyway.
    """

    channel: ChannelWord
    market: SymbolText | None = None
    after: SequenceNumber | None = None


class LoginOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="login",
):
    """Bind the connection to a session by its access token; again to refresh it."""

    id: RequestId
    token: TokenText


class KeyLoginOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="op",
    tag="login_key",
):
    """Bind the connection to an API key.

    Attributes:
        id: of the request.
        key: the key's id.
        timestamp_ms: when it was signed.
        signature: over the text of a request whose method is ``LOGIN``, whose target is ``/ws``, and
            whose body is empty.
        window_ms: how much later it may arrive.
    """

    id: RequestId
    key: IdentifierText
    timestamp_ms: Milliseconds
    signature: BytesText
    window_ms: Milliseconds = 5_000


class SubscribeOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="subscribe",
):
    """Hear channels; a book begins with a snapshot."""

    id: RequestId
    channels: list[Channel]


class UnsubscribeOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="unsubscribe",
):
    """Hear channels no longer."""

    id: RequestId
    channels: list[Channel]


class PlaceOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="place",
):
    """Place an order; the ack's result is an `OrderAnswer`."""

    id: RequestId
    order: OrderRequest


class CancelOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="op",
    tag="cancel",
):
    """Cancel an order by one of its ids; the ack's result is an `OrderAnswer`."""

    id: RequestId
    order_id: IdText | None = None
    client_order_id: ClientOrderIdText | None = None


class ReplaceOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="replace",
):
    """Replace an order's terms; the ack's result is an `OrderAnswer`."""

    id: RequestId
    order_id: IdText
    order: ReplaceRequest


class ReduceOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="reduce",
):
    """Lower an order's open quantity in place; the ack's result is an `OrderAnswer`."""

    id: RequestId
    order_id: IdText
    order: ReduceRequest


class CancelAllOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="op",
    tag="cancel_all",
):
    """Cancel all orders, or those of a market, a side, or both: a `CancelAllAnswer`."""

    id: RequestId
    market: SymbolText | None = None
    side: SideWord | None = None


class BatchOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="batch",
):
    """Do several requests as one command; the ack's result is a `BatchAnswer`."""

    id: RequestId
    batch: BatchOrdersRequest


class LadderOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="ladder",
):
    """Place orders that share a signature; the ack's result is a `LadderAnswer`."""

    id: RequestId
    ladder: LadderRequest


class LinkedOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="linked",
):
    """Place an OCO or a bracket; the ack's result is a `LinkedAnswer`."""

    id: RequestId
    linked: LinkedRequest


class ScheduleCancelOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="schedule_cancel",
):
    """Arm, push back or disarm a dead man's switch: a `ProtectionAnswer`."""

    id: RequestId
    switch: ScheduleCancelRequest


class HeartbeatOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="heartbeat",
):
    """Push back every switch of the account: a `ProtectionAnswer`."""

    id: RequestId


class CancelOnDisconnectOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="cancel_on_disconnect",
):
    """Wish that the account's orders go with its last connection: a `ProtectionAnswer`."""

    id: RequestId
    enabled: bool


class PingOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="op",
    tag="ping",
):
    """Ask for a pong."""

    id: RequestId | None = None


ClientMessage: TypeAlias = (
    LoginOp
    | KeyLoginOp
    | SubscribeOp
    | UnsubscribeOp
    | PlaceOp
    | CancelOp
    | ReplaceOp
    | ReduceOp
    | CancelAllOp
    | BatchOp
    | LadderOp
    | LinkedOp
    | ScheduleCancelOp
    | HeartbeatOp
    | CancelOnDisconnectOp
    | PingOp
)
"""Anything that a client sends."""


class Ack(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="ack",
):
    """A request was done. ``result`` is the JSON of its answer; see each op."""

    id: RequestId
    result: msgspec.Raw


class ErrorMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="error",
):
    """A request was refused. ``id`` is null when the message could not be read."""

    id: RequestId | None
    problem: Problem


class Pong(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="pong",
):
    """The answer to a ping, with the server's clock."""

    id: RequestId | None = None
    time_ms: Milliseconds


class LoginResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the connection now speaks for."""

    account: AccountText


class SubscribeResult(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """All channels that the connection now hears.

    Attributes:
        channels: what is heard.
        sequence: after a subscription: what happened after this command is told from now on.
    """

    channels: list[Channel]
    sequence: SequenceNumber | None = None


ServerMessage: TypeAlias = (
    Ack
    | ErrorMessage
    | Pong
    | HeartbeatMessage
    | BookMessage
    | BookTopMessage
    | TradeMessage
    | ExecutionMessage
    | FillMessage
    | BalancesMessage
    | SettlementMessage
    | CandleMessage
    | TickerMessage
    | StatisticsMessage
    | BatchesMessage
)
"""Anything that the server sends."""


_CANDLE_CHANNELS: Final[dict[IntervalWord, ChannelWord]] = {
    "1m": "candles_1m",
    "5m": "candles_5m",
    "15m": "candles_15m",
    "1h": "candles_1h",
    "4h": "candles_4h",
    "1d": "candles_1d",
}


def candle_channel(market: str, interval: IntervalWord) -> Channel:
    """Return the channel of a market's candles of one interval."""
    return Channel(channel=_CANDLE_CHANNELS[interval], market=market)


def ack(id: RequestId, result: msgspec.Struct) -> Ack:
    """Return the acknowledgement of a request."""
    return Ack(id=id, result=msgspec.Raw(encode(result)))


class _Acknowledged(msgspec.Struct, tag_field="type", tag="ack"):
    """As `Ack`, with an answer that is not JSON yet."""

    id: RequestId
    result: msgspec.Struct


def encode_ack(id: RequestId, result: msgspec.Struct) -> bytes:
    """Return the JSON of the acknowledgement of a request: that of `ack`, encoded in one go."""
    return encode(_Acknowledged(id, result))


def decode_client_message(raw: bytes | str, *, max_bytes: int = MAX_MESSAGE_BYTES) -> ClientMessage:
    """Return what a client sent. Raises `MessageError`."""
    return decode(ClientMessage, raw, max_bytes=max_bytes)  # type: ignore[arg-type] # a union is no type[T] yet


def decode_server_message(
    raw: bytes | str, *, max_bytes: int = MAX_SERVER_MESSAGE_BYTES
) -> ServerMessage:
    """Return what the server sent. Raises `MessageError`."""
    return decode(ServerMessage, raw, max_bytes=max_bytes)  # type: ignore[arg-type] # as above
