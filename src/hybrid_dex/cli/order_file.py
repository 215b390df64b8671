"""Orders as people have them at hand, read for the signature doctor.

Three forms of JSON: the typed-data document that was given to a wallet, the fields of its message
alone, or the order as it was sent to the exchange, which needs the market beside it. Whatever is
written strangely but can be meant is taken and said; what can not be is refused with its field.
"""

import json
from collections.abc import Mapping
from typing import Final

import attrs

from hybrid_dex.errors import FormatError
from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.address import checksum_address
from hybrid_dex.signing.bulk import check_place
from hybrid_dex.signing.doctor import Finding, read_address
from hybrid_dex.signing.domain import DOMAIN_FIELDS
from hybrid_dex.signing.order import ORDER_FIELDS, order_message
from hybrid_dex.wire import (
    MarketMessage,
    MarketsAnswer,
    OrderRequest,
    decode,
    encode,
    is_too_deep,
    parse_hex,
    to_market,
    to_order,
)

__all__ = ["OrderFile", "read_order"]

_SIDES: Final = {"buy": 0, "sell": 1}
_MAX_WORD: Final = 2**256 - 1
_NO_SIGNATURE: Final = "0x" + "00" * 65


@attrs.frozen(kw_only=True)
class OrderFile:
    """What was read.

    Attributes:
        values: the order's fields, as the doctor takes them.
        domain: the document's own domain; empty if it came with none.
        signature: the text beside the order, if there is one.
        kind: the signature kind that the order names.
        proof: of a bulk order, its siblings.
        leaf: of a bulk order, its place.
        findings: what is wrong with how it was written.
    """

    values: Mapping[str, bytes | int]
    domain: Mapping[str, str | bytes | int] = attrs.field(factory=dict)
    signature: str | None = None
    kind: SignatureKind = SignatureKind.WALLET
    proof: tuple[bytes, ...] = ()
    leaf: int = 0
    findings: tuple[Finding, ...] = ()


def read_order(text: str, *, market: str | None, trader: str | None) -> OrderFile:
    """Return the order in a JSON text.

    Args:
        text: a typed-data document, its message, or an order as sent.
        market: the exchange's JSON of a market or of all; needed for an order as sent.
        trader: who trades; an order as sent does not say.

    Raises:
        FormatError: it is no order; names the field.
    """
    found = _object("order", text)
    found = {"signature": found.get("signature"), **(_members(found.get("order")) or found)}
    signature = found["signature"]
    kind, proof, leaf = _place(found)
    domain: dict[str, str | bytes | int] = {}
    if "message" in found:
        if found.get("primaryType", "Order") != "Order":
            raise FormatError("primaryType", f"is {found['primaryType']!r}", "Order")
        domain = _domain(_members(found.get("domain")))
        found = _members(found["message"])
    elif "quantity" in found and "baseAmount" not in found:
        found = _as_sent(found, market, trader)
    values: dict[str, bytes | int] = {}
    findings: tuple[Finding, ...] = ()
    for name, type_ in ORDER_FIELDS:
        if name not in found:
            names = ", ".join(field for field, _ in ORDER_FIELDS)
            raise FormatError(name, "missing in the order", f"all of {names}")
        values[name], said = _value(name, type_, found[name])
        findings += said
    return OrderFile(
        values=values,
        domain=domain,
        signature=signature if isinstance(signature, str) else None,
        kind=kind,
        proof=proof,
        leaf=leaf,
        findings=findings,
    )


def _members(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _place(found: Mapping[str, object]) -> tuple[SignatureKind, tuple[bytes, ...], int]:
    """The order's signature kind, and its place in a bulk tree."""
    word = str(found.get("signature_kind") or "wallet").upper()
    if word not in SignatureKind.__members__:
        words = ", ".join(kind.name.lower() for kind in SignatureKind)
        raise FormatError("signature_kind", f"is {word.lower()}", f"one of {words}")
    kind = SignatureKind[word]
    texts, leaf = found.get("proof") or [], _integer(found.get("leaf") or 0)
    if not isinstance(texts, list) or leaf is None:
        raise FormatError("proof", "is no list, or leaf is no number", "as the order was sent")
    proof = tuple(parse_hex("proof", str(text), (32,)) for text in texts)
    if kind is SignatureKind.BULK or proof or leaf:
        check_place(proof, leaf)
    return kind, proof, leaf


def _object(field: str, text: str) -> dict[str, object]:
    if is_too_deep(text.encode("utf-8", "surrogatepass")):
        raise FormatError(field, "is nested too deeply", "a JSON object")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise FormatError(field, f"is no JSON: {error}", "a JSON object") from error
    if not isinstance(found, dict):
        raise FormatError(field, "is no JSON object", "an object with the order's fields")
    return found


def _domain(fields: Mapping[str, object]) -> dict[str, str | bytes | int]:
    domain: dict[str, str | bytes | int] = {}
    for name, kind in DOMAIN_FIELDS:
        if name in fields:
            domain[name] = (
                str(fields[name]) if kind == "string" else _value(name, kind, fields[name])[0]
            )
    return domain


def _value(name: str, kind: str, value: object) -> tuple[bytes | int, tuple[Finding, ...]]:
    if kind == "address":
        return read_address(value if isinstance(value, str) else "", name)
    if name == "side" and isinstance(value, str) and value.lower() in _SIDES:
        return _SIDES[value.lower()], ()
    number = _integer(value)
    if number is None or not 0 <= number <= _MAX_WORD:
        raise FormatError(name, f"{value!r} is no {kind}", "a whole number, in atoms")
    return number, ()


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _as_sent(
    found: Mapping[str, object], market: str | None, trader: str | None
) -> dict[str, object]:
    """The signed fields of an order as it was sent to the exchange."""
    if market is None:
        raise FormatError(
            "market",
            "its steps and tokens are not known",
            "--market with the exchange's JSON of it",
        )
    if trader is None:
        raise FormatError("trader", "an order as sent does not name it", "--trader")
    message = {name: value for name, value in found.items() if value is not None}
    signed = {"signature": _NO_SIGNATURE, "signature_kind": "wallet", "proof": (), "leaf": 0}
    try:
        sent = encode({**message, **signed})
    except UnicodeEncodeError as error:
        raise FormatError(
            "order", "holds half of a character", "the text as it was sent"
        ) from error
    request = decode(OrderRequest, sent)
    listed = _object("market", market)
    all_of_them = (
        decode(MarketsAnswer, market.encode()).markets
        if "markets" in listed
        else [decode(MarketMessage, market.encode())]
    )
    for one in all_of_them:
        if one.id == request.market:
            raw, _ = read_address(trader, "trader")
            order = to_order(request, to_market(one), AccountId(checksum_address(raw)))
            assert isinstance(order, SignedOrder), "it was given a signature"
            return order_message(order)
    names = ", ".join(one.id for one in all_of_them)
    raise FormatError("market", f"{request.market} is not in the file", f"one of {names}")
