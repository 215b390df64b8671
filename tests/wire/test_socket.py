"""Messages of the socket: told apart by one word, each answered by its id."""

import pytest

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import (
    Ack,
    BatchOp,
    BatchOrdersRequest,
    BookMessage,
    CancelAllOp,
    CancelMember,
    CancelOnDisconnectOp,
    CancelOp,
    Channel,
    ClientMessage,
    ErrorMessage,
    HeartbeatOp,
    LoginOp,
    LoginResult,
    MessageError,
    PingOp,
    Pong,
    ReduceMember,
    ReduceRequest,
    ReplaceMember,
    ReplaceOp,
    ReplaceRequest,
    ScheduleCancelOp,
    ScheduleCancelRequest,
    ServerMessage,
    SubscribeOp,
    UnsubscribeOp,
    ack,
    decode,
    decode_client_message,
    decode_server_message,
    encode,
    problem,
)

CHANNELS = [Channel(channel="book", market="ETH-USDC"), Channel(channel="orders")]


@pytest.mark.parametrize(
    "message",
    [
        LoginOp(id=1, token="t"),
        SubscribeOp(id="a", channels=CHANNELS),
        UnsubscribeOp(id=2, channels=CHANNELS),
        CancelOp(id=3, order_id="1280"),
        CancelOp(id=3, client_order_id="mm-1"),
        ReplaceOp(id=4, order_id="1280", order=ReplaceRequest(quantity="1", price="2")),
        CancelAllOp(id=5, market="ETH-USDC", side="buy"),
        BatchOp(
            id=6,
            batch=BatchOrdersRequest(
                members=[
                    CancelMember(client_order_id="a"),
                    ReduceMember(order_id="1280", order=ReduceRequest(by="1")),
                    ReplaceMember(order_id="1280", order=ReplaceRequest(quantity="1", price="2")),
                ],
                all_or_none=True,
            ),
        ),
        ScheduleCancelOp(id=7, switch=ScheduleCancelRequest(timeout_ms=5_000, market="ETH-USDC")),
        HeartbeatOp(id=8),
        CancelOnDisconnectOp(id=9, enabled=True),
        PingOp(),
    ],
)
def test_what_a_client_sends_survives_the_wire(message: ClientMessage) -> None:
    """Every operation but place, which has its own tests."""
    assert decode_client_message(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        ack(1, LoginResult(account="alice")),
        ErrorMessage(id="a", problem=problem(RejectReason.UNKNOWN_MARKET)),
        ErrorMessage(id=None, problem=problem(RejectReason.INVALID_MESSAGE)),
        Pong(time_ms=5),
        BookMessage(market="A-B", kind="snapshot", sequence=1, at_ms=0, bids=[("1", "2")], asks=[]),
    ],
)
def test_what_the_server_sends_survives_the_wire(message: ServerMessage) -> None:
    """The result of an ack is the answer of the request, whole."""
    assert decode_server_message(encode(message)) == message


def test_the_result_of_an_ack_is_read_by_its_request() -> None:
    """Whoever asked knows the type of the answer."""
    received = decode_server_message(encode(ack("x", LoginResult(account="alice"))))
    assert isinstance(received, Ack)
    assert decode(LoginResult, bytes(received.result)) == LoginResult(account="alice")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"op":"subscribe","id":1,"channels":[{"channel":"gossip"}]}',
        b'{"op":"subscribe","id":1,"channels":[{"channel":"book","levels":5}]}',
        b'{"op":"cancel","id":1,"order_id":""}',
        b'{"op":"login","id":1,"token":""}',
        b'{"type":"ack","id":1,"result":{}}',
    ],
)
def test_other_messages_are_refused(raw: bytes) -> None:
    """Unknown channels and fields, empty texts, and the server's own words."""
    with pytest.raises(MessageError):
        decode_client_message(raw)
