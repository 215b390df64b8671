"""Contract wallets that turn on whoever trusted them, in a few instructions each.

Their constructors do everything: fund the vault, approve an order. One of them is gone when its own
transaction ends, the other changes its mind when told to.
"""

from __future__ import annotations

from typing import Any, Final

import attrs
import msgspec
from web3.utils.address import get_create_address

from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import order_digest
from tests.chain.attackers import EVERYTHING, Attacker, exchange_call, token_call

STOP_BEING: Final = bytes.fromhex("33ff")
"""CALLER SELFDESTRUCT"""
CHANGEABLE: Final = bytes.fromhex(
    "5f3560e01c631626ba7e14601457"  # isValidSignature?
    "60015f5500"  # anything else: remember it, STOP
    "00"
    "5b5f54602a57"  # JUMPDEST (20); was anything else called?
    "631626ba7e60e01b5f5260205ff3"  # no: the magic value
    "0000"
    "5b5f5ff3"  # JUMPDEST (42): nothing
)
"""A wallet that calls every signature valid (ERC-1271) until it is called in another way."""

CALL_BYTES: Final = 46
"""What one call takes in a constructor, its calldata apart."""


def constructor(calls: list[tuple[str, bytes]], runtime: bytes | None) -> bytes:
    """Return code that makes these calls, then becomes `runtime`, or nothing at all."""
    tail = b"" if runtime is None else runtime
    data = [call for _, call in calls] + [tail]
    ending = 12 if runtime is not None else len(STOP_BEING)
    offset = len(calls) * CALL_BYTES + ending
    code = b""
    for to, call in calls:
        size = len(call).to_bytes(2)
        code += (
            b"\x61" + size + b"\x61" + offset.to_bytes(2) + b"\x5f\x39"
        )  # PUSH2 x 2, 0, CODECOPY
        code += b"\x5f\x5f\x61" + size + b"\x5f\x5f\x73" + bytes.fromhex(to[2:]) + b"\x5a\xf1"
        code += b"\x3d\x5f\x5f\x3e" + b"\x15\x60\x00\x57"  # keep the reason; failed: to no JUMPDEST
        offset += len(call)
        assert len(code) % CALL_BYTES == 0, len(code)
    if runtime is None:
        code += STOP_BEING
    else:
        size = len(tail).to_bytes(2)
        code += b"\x61" + size + b"\x80\x61" + offset.to_bytes(2) + b"\x5f\x39\x5f\xf3" + b"\x00"
    return code + b"".join(data)


@attrs.define
class Wallet:
    """A contract wallet to be.

    Attributes:
        maker: who deploys it.
        address: where it will be.
    """

    maker: Attacker
    address: str

    @classmethod
    def of(cls, maker: Attacker) -> Wallet:
        """The next contract of this account."""
        return cls(maker, get_create_address(maker.account.address, maker.nonce))

    def approved(self, order: SignedOrder) -> SignedOrder:
        """The same order as the wallet's own, to be approved on chain."""
        return msgspec.structs.replace(
            order,
            trader=AccountId(self.address),
            signature=b"",
            signature_kind=SignatureKind.APPROVED,
        )

    def deploy(self, base: int, *, order: SignedOrder | None, runtime: bytes | None) -> None:
        """Fund the vault, and approve an order."""
        world = self.maker.world
        contract, token = world.deployment.contract, world.market.base.token
        assert token is not None
        calls = [
            (token, token_call("mint", self.address, base)),
            (token, token_call("approve", contract, EVERYTHING)),
            (contract, exchange_call("deposit", token, base)),
        ]
        if order is not None:
            digest = order_digest(order, world.domain)
            calls.append((contract, exchange_call("approveOrder", digest)))
        code = "0x" + constructor(calls, runtime).hex()
        self.maker.send("", code, gas=2_000_000)

    def code(self) -> str:
        """What stands at its address."""
        found: str = self.maker.world.anvil.rpc("eth_getCode", self.address, "latest")
        return found


def order_tuple(order: SignedOrder) -> tuple[Any, ...]:
    """An order as the contract's ABI takes it."""
    market = order.market
    return (
        order.trader,
        market.number,
        market.base.token,
        market.quote.token,
        int(order.side),
        order.flags,
        order.quantity * market.lot_size,
        market.notional(order.price, order.quantity),
        order.max_fee_ppm,
        order.expiry_s,
        order.nonce.packed,
    )
