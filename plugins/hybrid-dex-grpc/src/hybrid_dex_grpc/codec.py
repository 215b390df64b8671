"""Codec: the library's values to the messages of `engine.proto`, and back.

An order travels as the journal's own command. One that is still to be verified carries what was
signed in its authorization, with neither signer nor hash: those are what verifying finds out. What
can not be read is refused with `FormatError`, as if a caller had passed it.
"""

from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar

import msgspec

from hybrid_dex import (
    Authorization,
    BatchMember,
    CancelOrder,
    ConfigurationError,
    EventBatch,
    FeePpm,
    FormatError,
    HybridDexError,
    Market,
    MarketId,
    Nonce,
    OrderId,
    PlaceOrder,
    Quantity,
    ReduceOrder,
    Refusal,
    RefusedError,
    ReplaceOrder,
    SettlementError,
    SignatureKind,
    SignedOrder,
    SignedReplacement,
    SlowFollowerError,
    UnavailableError,
    UnknownOutcomeError,
)
from hybrid_dex_grpc import engine_pb2 as pb

__all__ = [
    "FORBIDDEN",
    "UNKNOWN",
    "Outcome",
    "Requested",
    "decode_json",
    "error_of",
    "failure_of",
    "from_order",
    "from_outcome",
    "is_verified",
    "to_order",
    "to_outcome",
]

Requested: TypeAlias = (
    SignedOrder | PlaceOrder | SignedReplacement | ReplaceOrder | ReduceOrder | CancelOrder
)
"""What an order message may hold; as the library's ``BatchRequest``."""
Outcome: TypeAlias = EventBatch | Refusal
Listed: TypeAlias = Callable[[MarketId], Market | None]

UNKNOWN: Final = "what"
"""The field of which an engine says that it does not know the request."""
FORBIDDEN: Final = pb.Failure.Kind.FORBIDDEN
_members: Final[msgspec.json.Decoder[BatchMember]] = msgspec.json.Decoder(BatchMember)
_places: Final = msgspec.json.Decoder(PlaceOrder)
_batches: Final = msgspec.json.Decoder(EventBatch)
_refusals: Final = msgspec.json.Decoder(Refusal)
_json: Final = msgspec.json.Encoder()
_T = TypeVar("_T")


# ------------------------------------------------------------------------------------- orders


def from_order(order: Requested) -> pb.Order:
    """Return the message of an order or of a batch's member."""
    if isinstance(order, SignedOrder):
        return pb.Order(signed=_from_signed(order))
    if isinstance(order, SignedReplacement):
        replacement = pb.SignedReplacement(
            order_id=order.order_id,
            terms=_from_signed(order.terms),
            expected_filled=order.expected_filled,
        )
        return pb.Order(signed_replacement=replacement)
    return pb.Order(command=_json.encode(order))


def to_order(message: pb.Order, listed: Listed) -> Requested:
    """Return the order of a message.

    Args:
        message: as it came.
        listed: tells a market's terms.

    Raises:
        FormatError: it holds none, or one that can not be read.
    """
    match message.WhichOneof("form"):
        case "signed":
            return _to_signed(message.signed, listed)
        case "signed_replacement":
            replacement = message.signed_replacement
            filled = (
                replacement.expected_filled if replacement.HasField("expected_filled") else None
            )
            return SignedReplacement(
                order_id=OrderId(replacement.order_id),
                terms=_to_signed(replacement.terms, listed),
                expected_filled=None if filled is None else Quantity(filled),
            )
        case "command":
            return _decoded(_members, message.command, "command")
        case _:
            raise FormatError("form", "an order without one", "signed, command or a replacement")


def is_verified(order: Requested) -> bool:
    """Return whether a gateway says of an order that it verified its signature."""
    return isinstance(order, PlaceOrder | ReplaceOrder) and order.authorization is not None


def _from_signed(order: SignedOrder) -> bytes:
    return _json.encode(
        PlaceOrder(
            account=order.trader,
            market=order.market.id,
            side=order.side,
            price=order.price,
            quantity=order.quantity,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            self_trade=order.self_trade,
            client_order_id=order.client_order_id,
            authorization=Authorization(
                signer="",
                kind=order.signature_kind,
                max_fee_ppm=order.max_fee_ppm,
                expiry_s=order.expiry_s,
                nonce=order.nonce.packed,
                order_hash=b"",
                signature=order.signature,
                proof=order.proof,
                leaf=order.leaf,
            ),
            trigger_price=order.trigger_price,
            display_quantity=order.display_quantity,
            quote_budget=order.quote_budget,
        )
    )


def _to_signed(raw: bytes, listed: Listed) -> SignedOrder:
    terms = _decoded(_places, raw, "signed")
    signed, market = terms.authorization, listed(terms.market)
    if market is None:
        raise FormatError("market", f"{terms.market} is not listed", "a listed market")
    if signed is None:
        raise FormatError("signed", "an order without what was signed", "its authorization")
    try:
        kind, nonce = SignatureKind(signed.kind), Nonce.unpack(signed.nonce)
    except ValueError as error:
        raise FormatError("authorization", str(error), "a kind and a nonce") from error
    return SignedOrder(
        trader=terms.account,
        market=market,
        side=terms.side,
        order_type=terms.order_type,
        time_in_force=terms.time_in_force,
        post_only=terms.post_only,
        price=terms.price,
        quantity=terms.quantity,
        max_fee_ppm=FeePpm(signed.max_fee_ppm),
        expiry_s=signed.expiry_s,
        nonce=nonce,
        signature=signed.signature,
        self_trade=terms.self_trade,
        client_order_id=terms.client_order_id,
        signature_kind=kind,
        proof=signed.proof,
        leaf=signed.leaf,
        trigger_price=terms.trigger_price,
        display_quantity=terms.display_quantity,
        quote_budget=terms.quote_budget,
    )


# ------------------------------------------------------------------------------------ answers


def from_outcome(outcome: Outcome) -> pb.Outcome:
    """Return the message of what became of one order."""
    if isinstance(outcome, Refusal):
        return pb.Outcome(refusal=_json.encode(outcome))
    return pb.Outcome(batch=_json.encode(outcome))


def to_outcome(message: pb.Outcome) -> Outcome:
    """Return what became of one order. Raises `FormatError`."""
    if message.WhichOneof("outcome") == "refusal":
        return _decoded(_refusals, message.refusal, "refusal")
    return _decoded(_batches, message.batch, "batch")


def decode_json(kind: type[_T], raw: bytes, field: str) -> _T:
    """Return a value of the library from its JSON. Raises `FormatError`."""
    return _decoded(msgspec.json.Decoder(kind), raw, field)


def _decoded(decoder: "msgspec.json.Decoder[_T]", raw: bytes, field: str) -> _T:
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FormatError(field, f"can not be read: {error}", "the library's own JSON") from error


# ----------------------------------------------------------------------------------- failures

_KINDS: Final[tuple[tuple[type[HybridDexError], pb.Failure.Kind], ...]] = (
    (UnknownOutcomeError, pb.Failure.UNKNOWN_OUTCOME),
    (UnavailableError, pb.Failure.UNAVAILABLE),
    (SlowFollowerError, pb.Failure.UNAVAILABLE),
    (ConfigurationError, pb.Failure.CONFIGURATION),
    (FormatError, pb.Failure.FORMAT),
    (SettlementError, pb.Failure.SETTLEMENT),
)


def failure_of(error: BaseException) -> pb.Failure:
    """Return the message of an exception; what no caller should hear of is said to be internal."""
    if isinstance(error, FormatError):
        return pb.Failure(
            kind=pb.Failure.FORMAT,
            message=str(error),
            field=error.field,
            reason=error.reason,
            valid=error.valid,
        )
    if isinstance(error, RefusedError):
        return pb.Failure(
            kind=pb.Failure.REFUSED, message=error.detail, field=error.field, code=error.code
        )
    kinds = (kind for known, kind in _KINDS if isinstance(error, known))
    kind = next(kinds, pb.Failure.INTERNAL)
    return pb.Failure(kind=kind, message=str(error))


def error_of(failure: pb.Failure) -> HybridDexError:
    """Return the exception that an engine failed with; one that is older knows fewer requests."""
    if failure.kind == pb.Failure.FORMAT and failure.field == UNKNOWN:
        return UnavailableError(
            "the engine is older than this gateway and does not know such a request; upgrade it"
        )
    if failure.kind == pb.Failure.FORMAT:
        return FormatError(failure.field, failure.reason, failure.valid)
    if failure.kind == pb.Failure.REFUSED:
        return RefusedError(failure.code, failure.field, failure.message)
    if failure.kind == FORBIDDEN:
        return ConfigurationError(failure.message)
    for known, kind in _KINDS:
        if kind == failure.kind and known is not SlowFollowerError:
            return known(failure.message)
    return UnknownOutcomeError(f"something broke at the engine: {failure.message}")
