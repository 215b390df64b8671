"""What the clients of `gateway` send: signed orders, as the bytes that go over the wire.

All of it is made before a clock starts. Bids rest below offers, so that books grow and nothing
depends on what others sent.
"""

import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import httpx

from benchmarks.gateway_exchange import MARKET, ORIGIN, TRADERS, settings
from hybrid_dex.defaults.wallet_auth import WalletAuth
from hybrid_dex.model.order import Side
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, Price, Quantity
from hybrid_dex.signing import Domain, LocalSigner, LoginMessage, format_date_time
from hybrid_dex.wire import (
    BatchOrdersRequest,
    LadderOp,
    PlaceMember,
    PlaceOp,
    encode,
    ladder_request,
    order_request,
)
from reference_app.app import compose

LADDER: Final = 8
BATCH: Final = 20
_LANES: Final = 60_000
_TERMS: Final = MARKET.market()
_NUMBERS: Final = defaultdict[str, Iterator[int]](count)
"""Of each trader: an order that rests holds its lane, and there is one lane for each of so many."""
_IDS: Final = count(1)


def domain() -> Domain:
    """Return what orders are signed for."""
    auth = compose(settings(Path())).auth
    assert isinstance(auth, WalletAuth)
    return auth.domain


def unsigned(signer: LocalSigner) -> SignedOrder:
    """Return the next order of a trader, not signed yet."""
    number = next(_NUMBERS[signer.address])
    side = Side.BUY if number % 2 else Side.SELL
    base = 100_000 if side is Side.BUY else 200_000
    return SignedOrder(
        trader=AccountId(signer.address),
        market=_TERMS,
        side=side,
        price=Price(base + number // 2 % 1_000),
        quantity=Quantity(10),
        max_fee_ppm=FeePpm(500),
        expiry_s=int(time.time()) + 86_400,
        nonce=Nonce(1 + number // _LANES, lane=number % _LANES),
        signature=bytes(65),
    )


def wallet_orders(signer: LocalSigner, number: int, where: Domain) -> list[SignedOrder]:
    """Return orders, each signed alone."""
    return [signer.sign_order(unsigned(signer), where) for _ in range(number)]


def ladders(signer: LocalSigner, number: int, where: Domain) -> list[SignedOrder]:
    """Return orders of which each `LADDER` share one signature."""
    return [
        order
        for _ in range(-(-number // LADDER))
        for order in signer.sign_bulk([unsigned(signer) for _ in range(LADDER)], where)
    ]


def request_bytes(method: str, path: str, token: str, body: bytes) -> bytes:
    """Return a request with the headers that a client sends."""
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: localhost:8000\r\naccept: */*\r\n"
        f"user-agent: benchmark\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def rest_orders(orders: list[SignedOrder], token: str) -> list[bytes]:
    """Return one request an order."""
    return [
        request_bytes("POST", "/orders", token, encode(order_request(order, _TERMS)))
        for order in orders
    ]


def rest_batches(orders: list[SignedOrder], token: str) -> list[bytes]:
    """Return one request for each `BATCH` orders."""
    made: list[bytes] = []
    for start in range(0, len(orders), BATCH):
        members = [
            PlaceMember(order=order_request(order, _TERMS))
            for order in orders[start : start + BATCH]
        ]
        body = encode(BatchOrdersRequest(members=members))
        made.append(request_bytes("POST", "/orders/batch", token, body))
    return made


def socket_orders(orders: list[SignedOrder]) -> list[bytes]:
    """Return one frame an order."""
    return [
        client_frame(encode(PlaceOp(id=next(_IDS), order=order_request(order, _TERMS))))
        for order in orders
    ]


def socket_ladders(orders: list[SignedOrder]) -> list[bytes]:
    """Return one frame a ladder."""
    made: list[bytes] = []
    for start in range(0, len(orders), LADDER):
        request = ladder_request(orders[start : start + LADDER])
        assert request is not None, "they have all in common that a ladder asks for"
        made.append(client_frame(encode(LadderOp(id=next(_IDS), ladder=request))))
    return made


def client_frame(payload: bytes) -> bytes:
    """Return a text frame as a client sends it; a mask of zeros is a mask (RFC 6455, 5.3)."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x81, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", 0x81, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x81, 0xFF, size)
    return head + bytes(4) + payload


def log_in(address: str, signer: LocalSigner) -> str:
    """Wait for the exchange and return an access token."""
    with httpx.Client(base_url=f"http://{address}", timeout=60) as http:
        _wait(http)
        nonce = http.post("/auth/nonce").json()["nonce"]
        message = LoginMessage(
            domain="localhost:8000",
            address=signer.address,
            uri=ORIGIN,
            chain_id=31337,
            nonce=nonce,
            issued_at=format_date_time(time.time_ns()),
        )
        body = {"message": message.text(), "signature": "0x" + signer.sign_login(message).hex()}
        token: str = http.post("/auth/login", json=body).json()["access_token"]
        return token


def _wait(http: httpx.Client) -> None:
    for _ in range(600):
        try:
            if http.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the exchange does not start")


def each_trader(number: int) -> Iterator[tuple[LocalSigner, int]]:
    """Yield every trader with its share of so many orders."""
    for signer in TRADERS:
        yield signer, number // len(TRADERS)
