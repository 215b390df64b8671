"""Strict JSON: what is refused before, while and after parsing, and with which words."""

import json
import random

import msgspec
import pytest

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import (
    MAX_DEPTH,
    MAX_MESSAGE_BYTES,
    BatchOrdersRequest,
    ClientMessage,
    MessageError,
    OrderRequest,
    PingOp,
    PlaceOp,
    decode,
    decode_client_message,
    encode,
)

PLACE = (
    b'{"op":"place","id":1,"order":{"market":"ETH-USDC","side":"buy","quantity":"1.5",'
    b'"price":"2500.5"}}'
)


def refusal(raw: bytes | str) -> MessageError:
    """What a message is refused with."""
    with pytest.raises(MessageError) as caught:
        decode_client_message(raw)
    return caught.value


def test_a_good_message_is_decoded_and_encoded_back() -> None:
    """Decoding and encoding are inverse; defaults are left out."""
    message = decode_client_message(PLACE)
    assert isinstance(message, PlaceOp)
    assert encode(message) == PLACE
    assert decode_client_message(PLACE.decode()) == message


@pytest.mark.parametrize(
    ("raw", "code", "field", "words"),
    [
        (b'{"op":"ping","x":1}', RejectReason.UNKNOWN_FIELD, "x", "no such field"),
        (b'{"op":"pong"}', RejectReason.INVALID_MESSAGE, "op", "pong"),
        (b"{}", RejectReason.INVALID_MESSAGE, "op", "missing"),
        (b"null", RejectReason.INVALID_MESSAGE, "message", "null"),
        (b"", RejectReason.INVALID_MESSAGE, "message", "not JSON"),
        (b"\xff", RejectReason.INVALID_MESSAGE, "message", "not JSON"),
        (b'{"op":"ping"} x', RejectReason.INVALID_MESSAGE, "message", "not JSON"),
        (b'{"op":"ping","id":NaN}', RejectReason.INVALID_MESSAGE, "message", "not JSON"),
        (b'{"op":"ping","id":1e400}', RejectReason.INVALID_MESSAGE, "", ""),
        (b'{"op":"ping","id":-1}', RejectReason.INVALID_MESSAGE, "id", ""),
        (b'{"op":"ping","id":1.5}', RejectReason.INVALID_MESSAGE, "id", "float"),
        (b'{"op":"ping","id":' + b"9" * 5_000 + b"}", RejectReason.INVALID_MESSAGE, "id", ""),
        (b'{"op":"ping","id":"\xed\xa0\x80"}', RejectReason.INVALID_MESSAGE, "message", "not JSON"),
        (PLACE.replace(b"buy", b"hold"), RejectReason.INVALID_MESSAGE, "order.side", "hold"),
        (PLACE.replace(b'"1.5"', b"1.5"), RejectReason.INVALID_MESSAGE, "order.quantity", "float"),
        (PLACE.replace(b"}}", b',"q":1}}'), RejectReason.UNKNOWN_FIELD, "order.q", "no such field"),
    ],
)
def test_a_bad_message_is_refused_with_its_field(
    raw: bytes, code: RejectReason, field: str, words: str
) -> None:
    """The error names the offending field and carries the stable number."""
    error = refusal(raw)
    assert error.code is code
    assert error.field == field or not field
    assert words in error.reason
    assert error.valid


def test_a_lone_surrogate_in_text_is_refused() -> None:
    """Text that is no Unicode is not JSON."""
    assert refusal('{"op":"ping","id":"\ud800"}').code is RejectReason.INVALID_MESSAGE


@pytest.mark.parametrize(
    "raw",
    [
        b'{"op":"ping","op":"ping"}',
        b'{"op":"ping","id":1,"id":2}',
        b'{"op":"ping","id" \n:1,"id"\t:2}',
        b'{"op":"ping","id":1,"\\u0069d":2}',
        PLACE.replace(b'"price":"2500.5"', b'"price":"2500.5","price":"1"'),
        PLACE.replace(b'"price":"2500.5"', b'"price":"2500.5","\\u0070rice":"1"'),
    ],
)
def test_a_key_given_twice_is_refused(raw: bytes) -> None:
    """Whatever its spelling: two readers might see two orders."""
    error = refusal(raw)
    assert error.reason == "given twice"
    assert error.code is RejectReason.INVALID_MESSAGE


def test_the_same_key_in_two_objects_is_no_repeat() -> None:
    """Keys belong to their object."""
    raw = (
        b'{"op":"subscribe","id":"1","channels":[{"channel":"book","market":"A-B"},'
        b'{"channel":"trades","market":"A-B"}]}'
    )
    assert encode(decode_client_message(raw)) == raw


def test_a_value_that_looks_like_a_key_is_a_value() -> None:
    """Escaped quotes and colons inside of strings confuse nothing."""
    message = PingOp(id='"id":"id":\\')
    assert decode_client_message(encode(message)) == message


def test_size_is_checked_before_anything_is_parsed() -> None:
    """One byte over the limit is refused whatever it holds; the limit itself is not."""
    assert refusal(b"x" * (MAX_MESSAGE_BYTES + 1)).code is RejectReason.MESSAGE_TOO_LARGE
    padded = b'{"op":"ping"}'.ljust(MAX_MESSAGE_BYTES)
    assert decode_client_message(padded) == PingOp()
    assert refusal(padded + b" ").code is RejectReason.MESSAGE_TOO_LARGE


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth_is_checked_before_anything_is_parsed(opening: bytes) -> None:
    """Nesting that would exhaust the parser's stack never reaches it."""
    error = refusal(opening * (MAX_MESSAGE_BYTES // len(opening)))
    assert error.reason == "nested too deeply"
    assert refusal(opening * (2 * MAX_DEPTH + 1)).reason == "nested too deeply"


def test_brackets_inside_strings_do_not_nest() -> None:
    """A string may hold any number of brackets."""
    message = PingOp(id="[{" * 30)
    assert decode_client_message(encode(message)) == message


def test_what_the_standard_parser_refuses_or_reads_otherwise_is_refused(
    rng: random.Random,
) -> None:
    """Mangled messages are refused, or mean the same to Python's own parser."""
    base = PLACE.replace(b'"id":1', b'"id":"a\\"b"')
    for _ in range(2_000):
        raw = bytearray(base)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randint(0, 2)] = bytes(rng.choices(b'{}[]",:\\1.eu "i', k=1))
        try:
            message = decode_client_message(bytes(raw))
        except MessageError:
            continue
        given = json.loads(raw)
        assert msgspec.to_builtins(message) == given or isinstance(message, PlaceOp)
        assert decode(ClientMessage, encode(message)) == message  # type: ignore[arg-type]


def test_decode_takes_any_message_type() -> None:
    """A body of REST is decoded the same way."""
    order = decode(OrderRequest, b'{"market":"A-B","side":"sell","quantity":"1","price":"2"}')
    assert order.side == "sell"


def test_values_may_be_alike_and_keys_may_not() -> None:
    """A text that is there twice is looked at again, and refused only where both are keys."""
    order = b'{"market":"buy","side":"buy","quantity":"2","price":"2","client_order_id":"side"}'
    assert decode(OrderRequest, order).client_order_id == "side"
    with pytest.raises(MessageError, match="given twice"):
        decode(OrderRequest, order[:-1] + b',"price" :"3"}')


def test_a_default_that_is_given_makes_up_for_no_repeated_key() -> None:
    """Nor does a tag that need not be given: what is written again must not have texts that were not there."""
    order = b'{"market":"A-B","side":"buy","quantity":"1","price":"2","post_only":false}'
    assert not decode(OrderRequest, order).post_only
    twice = order.replace(b',"post_only":false', b',"post_only":false,"post_only":false')
    with pytest.raises(MessageError, match="given twice"):
        decode(OrderRequest, twice)
    assert decode(PingOp, b'{"id":1}') == PingOp(id=1)
    with pytest.raises(MessageError, match="given twice"):
        decode(PingOp, b'{"id":1,"id":1,"id":1}')


def test_a_batch_that_repeats_a_key_in_one_member_is_refused() -> None:
    """However many members say the same words, and whatever the others leave out."""
    order = PLACE[PLACE.index(b'"order"') : -1]
    member = b'{"op":"place",' + order + b"}"
    raw = b'{"members":[' + b",".join([member] * 20) + b"]}"
    assert len(decode(BatchOrdersRequest, raw).members) == 20
    at = raw.rindex(b'"side"')
    with pytest.raises(MessageError, match="given twice"):
        decode(BatchOrdersRequest, raw[:at] + b'"side":"buy",' + raw[at:])


def test_nesting_is_told_from_many_objects_side_by_side(rng: random.Random) -> None:
    """The quick look says what counting bracket by bracket says."""
    for _ in range(2_000):
        raw, depth, deepest = b"", 0, 0
        for _ in range(rng.randint(1, 60)):
            deeper = depth == 0 or rng.random() < 0.5
            if rng.random() < 0.2:
                raw += rng.choice([b'""', b'"[{"', b'"\\"]"', b"1,"])
            raw += rng.choice(b"[{").to_bytes() if deeper else rng.choice(b"]}").to_bytes()
            depth += 1 if deeper else -1
            deepest = max(deepest, depth)
        reason = refusal(raw + b" x").reason
        assert (reason == "nested too deeply") is (deepest > MAX_DEPTH), raw


class Listed(msgspec.Struct, array_like=True, omit_defaults=True):
    text: str = "x"


class Making(msgspec.Struct, omit_defaults=True):
    number: int = 0
    text: str = msgspec.field(default_factory=lambda: "z")


class Changing(msgspec.Struct, omit_defaults=True):
    number: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        self.text = "z"


class Holding(msgspec.Struct, omit_defaults=True):
    number: int = 0
    listed: list[Listed] = []
    held: list["Holding"] = []


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (Holding, b'{"number":1,"number":2,"listed":[[]]}'),
        (Holding, b'{"held":[{"number":1,"number":2}]}'),
        (Making, b'{"number":1,"number":2,"number":3}'),
        (Changing, b'{"number":1,"number":2,"number":3}'),
    ],
)
def test_types_that_write_more_than_they_were_given_are_looked_at_key_by_key(
    kind: type, raw: bytes
) -> None:
    """No message of the protocol is one; `decode` is everybody's."""
    assert decode(kind, b"{}") == kind()
    with pytest.raises(MessageError, match="given twice"):
        decode(kind, raw)
