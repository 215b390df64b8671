"""The AsyncAPI 3 document of the socket, made from the wire's own types.

So document and decoder can not differ: an operation for each message that a client may send, with
what answers it, and one for each that the server tells. It describes one address, ``/ws``.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, get_args

import msgspec

from hybrid_dex.wire import (
    Ack,
    BatchAnswer,
    BatchOp,
    CancelAllAnswer,
    CancelAllOp,
    CancelOnDisconnectOp,
    CancelOp,
    ClientMessage,
    ErrorMessage,
    HeartbeatOp,
    KeyLoginOp,
    LadderAnswer,
    LadderOp,
    LinkedAnswer,
    LinkedOp,
    LoginOp,
    LoginResult,
    OrderAnswer,
    PingOp,
    PlaceOp,
    Pong,
    ProtectionAnswer,
    ReduceOp,
    ReplaceOp,
    ScheduleCancelOp,
    ServerMessage,
    SubscribeOp,
    SubscribeResult,
    UnsubscribeOp,
    encode,
)
from reference_app.weights import MESSAGES

__all__ = ["RESULTS", "socket_document"]

RESULTS: Final[Mapping[type[msgspec.Struct], type[msgspec.Struct]]] = {
    LoginOp: LoginResult,
    KeyLoginOp: LoginResult,
    SubscribeOp: SubscribeResult,
    UnsubscribeOp: SubscribeResult,
    PlaceOp: OrderAnswer,
    CancelOp: OrderAnswer,
    ReplaceOp: OrderAnswer,
    ReduceOp: OrderAnswer,
    CancelAllOp: CancelAllAnswer,
    BatchOp: BatchAnswer,
    LadderOp: LadderAnswer,
    LinkedOp: LinkedAnswer,
    ScheduleCancelOp: ProtectionAnswer,
    HeartbeatOp: ProtectionAnswer,
    CancelOnDisconnectOp: ProtectionAnswer,
}
"""The result in the ack of each request; a ping is answered by a pong."""

_SCHEMA: Final = "#/components/schemas/{name}"
_CHANNEL: Final = {"$ref": "#/channels/socket"}
_ANSWERS: Final = (Ack, ErrorMessage, Pong)


@lru_cache(maxsize=4)
def socket_document(title: str, host: str, *, secure: bool) -> bytes:
    """Return the document as JSON; made once.

    Args:
        title: the exchange's name.
        host: where it is reached, with its port where that is not the usual one.
        secure: whether by TLS.
    """
    requests: tuple[type[msgspec.Struct], ...] = get_args(ClientMessage)
    told: tuple[type[msgspec.Struct], ...] = get_args(ServerMessage)
    kinds = [*requests, *told, *dict.fromkeys(RESULTS.values())]
    references, schemas = msgspec.json.schema_components(kinds, ref_template=_SCHEMA)
    schemas = _without_discriminators(schemas)
    of = dict(zip(kinds, references, strict=True))
    messages = {kind.__name__: _message(kind, of[kind]) for kind in (*requests, *told)}
    messages |= {f"{kind.__name__}Ack": _ack(kind, of[result]) for kind, result in RESULTS.items()}
    operations = {_tag(kind): _request(kind) for kind in requests}
    operations |= {
        f"tell_{_tag(kind)}": {
            "action": "send",
            "channel": _CHANNEL,
            "title": _summary(kind),
            "messages": [_in_channel(kind.__name__)],
        }
        for kind in told
        if kind not in _ANSWERS
    }
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": title,
            "version": "1",
            "description": "Decimals are strings, times integer milliseconds. Exactly one ack or "
            "error with its id answers a request; an order's ack means that it is durable.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"exchange": {"host": host, "protocol": "wss" if secure else "ws"}},
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name in sorted(messages)
                },
            }
        },
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }
    return encode(document)


def _message(kind: type[msgspec.Struct], schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": kind.__name__, "title": _summary(kind), "payload": schema}


def _ack(kind: type[msgspec.Struct], result: dict[str, Any]) -> dict[str, Any]:
    """The ack of one request: its result is of one type."""
    of_ack = msgspec.json.schema_components([Ack], ref_template=_SCHEMA)[1]["Ack"]
    return {
        "name": f"{kind.__name__}Ack",
        "title": f"The answer to {_tag(kind)}.",
        "payload": of_ack | {"properties": of_ack["properties"] | {"result": result}},
    }


def _request(kind: type[msgspec.Struct]) -> dict[str, Any]:
    answers = ["Pong"] if kind is PingOp else [f"{kind.__name__}Ack", ErrorMessage.__name__]
    return {
        "action": "receive",
        "channel": _CHANNEL,
        "title": _summary(kind),
        "messages": [_in_channel(kind.__name__)],
        "reply": {"channel": _CHANNEL, "messages": [_in_channel(name) for name in answers]},
        **({"x-weight": MESSAGES[kind]} if kind in MESSAGES else {}),
    }


def _without_discriminators(schema: Any) -> Any:  # noqa: ANN401 # JSON of any shape
    """AsyncAPI's discriminators name schemas; ours are told apart by the one value of a field."""
    if isinstance(schema, dict):
        return {
            name: _without_discriminators(value)
            for name, value in schema.items()
            if name != "discriminator" or isinstance(value, str)
        }
    return list(map(_without_discriminators, schema)) if isinstance(schema, list) else schema


def _in_channel(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/socket/messages/{name}"}


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


def _summary(kind: type[msgspec.Struct]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]
