"""Vouchers, cancel receipts and session keys over REST: issued, listed, refused, and strictly read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hybrid_dex.errors import SettlementError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import GrantSession
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import last_group
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.settlement.local import LocalSettlement
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_routes import is_problem

USDC_TOKEN = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
KEY = "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599"


class Signing:
    """What a chain's settlement says and signs, put over one that needs none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.halted = ""
        self.broken = False
        signing = self

        async def sign_voucher(_: LocalSettlement, voucher: Voucher) -> bytes:
            if signing.broken:
                raise SettlementError("the key is away")
            return voucher.salt.to_bytes(65, "big")

        async def sign_cancel_receipt(_: LocalSettlement, receipt: CancelReceipt) -> bytes:
            return receipt.sequence.to_bytes(65, "big")

        async def watch_vouchers(_: LocalSettlement, vouchers: Sequence[Voucher]) -> None:
            pass

        def refuse_voucher(_: LocalSettlement, asset: str, recipient: str) -> Refusal | None:
            bad = len(recipient) != 42
            return Refusal(RejectReason.INVALID_VOUCHER, "recipient", "EIP-55") if bad else None

        for method in (sign_voucher, sign_cancel_receipt, watch_vouchers, refuse_voucher):
            monkeypatch.setattr(LocalSettlement, method.__name__, method)
        monkeypatch.setattr(LocalSettlement, "halt_reason", property(lambda _: signing.halted))


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch) -> Signing:
    return Signing(monkeypatch)


async def test_a_voucher_is_issued_and_listed(signing: Signing, stack: Stack) -> None:
    """With every field of the contract's struct; the balance says what is set aside."""
    trader = await stack.trader(71, USDC="100")
    reply = await trader.post("/account/vouchers", {"asset": "USDC", "amount": "40.5"})
    assert reply.status_code == 201, reply.text
    voucher: dict[str, Any] = reply.json()
    salt = stack.services.exchange.view.sequence
    assert voucher.pop("deadline_s") > 1_700_000_000
    assert voucher == {
        "asset": "USDC",
        "amount": "40.5",
        "account": trader.account,
        "token": USDC_TOKEN,
        "atoms": "40500000",
        "recipient": trader.account,
        "salt": str(salt),
        "min_batch": 0,
        "signature": "0x" + salt.to_bytes(65, "big").hex(),
    }
    (listed,) = (await trader.get("/account/vouchers")).json()["vouchers"]
    assert listed | voucher == listed
    (balance,) = (await trader.get("/account/balances")).json()["balances"]
    assert (balance["available"], balance["vouchers"], balance["total"]) == ("59.5", "40.5", "100")
    other = await stack.trader(72)
    assert (await other.get("/account/vouchers")).json() == {"vouchers": []}


async def test_a_voucher_with_a_salt_is_issued_once(signing: Signing, stack: Stack) -> None:
    """The request again gives the voucher again; a stranger's with the same salt is his own."""
    trader = await stack.trader(77, USDC="100")
    body = {"asset": "USDC", "amount": "40", "salt": str(2**40 + 9)}
    first = await trader.post("/account/vouchers", body)
    again = await trader.post("/account/vouchers", body)
    assert first.json()["salt"] == body["salt"]
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    (balance,) = (await trader.get("/account/balances")).json()["balances"]
    assert (balance["available"], balance["vouchers"]) == ("60", "40")
    other = await stack.trader(78, USDC="100")
    foreign = await other.post("/account/vouchers", body)
    assert foreign.json()["account"] == other.account


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"asset": "USDC", "amount": "100.5"}, 422, RejectReason.INSUFFICIENT_FUNDS),
        ({"asset": "USDC", "amount": "0"}, 422, RejectReason.INVALID_AMOUNT),
        ({"asset": "USDC", "amount": "1.0000001"}, 400, RejectReason.INVALID_NUMBER),
        ({"asset": "USDC", "amount": 5}, 400, RejectReason.INVALID_MESSAGE),
        ({"asset": "USDC", "amount": "1", "salt": "5"}, 422, RejectReason.INVALID_VOUCHER),
        ({"asset": "USDC", "amount": "1", "salt": "x"}, 400, RejectReason.INVALID_NUMBER),
        ({"asset": "USDC", "amount": "1", "nonce": "5"}, 400, RejectReason.UNKNOWN_FIELD),
        ({"asset": "DOGE", "amount": "1"}, 404, RejectReason.UNKNOWN_ASSET),
        ({"asset": "USDC", "amount": "1", "recipient": "me"}, 422, RejectReason.INVALID_VOUCHER),
    ],
)
async def test_a_voucher_that_can_not_be_is_refused(
    signing: Signing, stack: Stack, body: dict[str, Any], status: int, reason: RejectReason
) -> None:
    """With its own problem; nothing is set aside."""
    trader = await stack.trader(73, USDC="100")
    is_problem(await trader.post("/account/vouchers", body), status, reason)
    assert (await trader.get("/account/vouchers")).json() == {"vouchers": []}


async def test_an_alarm_and_a_broken_signer_are_told(signing: Signing, stack: Stack) -> None:
    """The first before anything is set aside; the second leaves the voucher open."""
    trader = await stack.trader(74, USDC="100")
    body = {"asset": "USDC", "amount": "1"}
    signing.halted = "a final block is gone"
    reply = await trader.post("/account/vouchers", body)
    assert is_problem(reply, 503, RejectReason.WITHDRAWALS_HALTED).detail == signing.halted
    signing.halted, signing.broken = "", True
    reply = await trader.post("/account/vouchers", body)
    assert is_problem(reply, 503, RejectReason.WITHDRAWALS_HALTED).detail.startswith("the key")
    is_problem(await trader.get("/account/vouchers"), 503, RejectReason.WITHDRAWALS_HALTED)
    signing.broken = False
    assert len((await trader.get("/account/vouchers")).json()["vouchers"]) == 1


async def test_without_a_chain_vouchers_and_receipts_are_refused(
    stack: Stack, alice: Trader
) -> None:
    """And say what to do instead."""
    reply = await alice.post("/account/vouchers", {"asset": "USDC", "amount": "1"})
    found = is_problem(reply, 503, RejectReason.WITHDRAWALS_HALTED)
    assert "withdraw instead" in found.detail
    order_id = (await alice.place("buy", "1", "1000"))["order"]["order_id"]
    await alice.delete(f"/orders/{order_id}")
    reply = await alice.post(f"/orders/{order_id}/receipt", None)
    is_problem(reply, 409, RejectReason.NO_RECEIPT)


async def test_a_canceled_order_has_a_receipt_for_its_trader_only(
    signing: Signing, tmp_path: Path
) -> None:
    """Not while it is live; another's is not there."""
    async with running(settings(tmp_path)) as stack:
        object.__setattr__(stack.services, "settles_on_chain", True)
        trader = await stack.trader(75, USDC="10000")
        stranger = await stack.trader(76)
        order = (await trader.place("buy", "1", "1000"))["order"]
        address = f"/orders/{order['order_id']}/receipt"
        is_problem(await trader.post(address, None), 409, RejectReason.NO_RECEIPT)
        await trader.delete(f"/orders/{order['order_id']}")
        is_problem(await stranger.post(address, None), 404, RejectReason.UNKNOWN_ORDER)
        reply = await trader.post(address, None)
        assert reply.status_code == 200, reply.text
        sequence = last_group(stack.services.exchange.view.sequence)
        assert reply.json() == {
            "order_id": order["order_id"],
            "trader": trader.account,
            "market": 0,
            "nonce": order["nonce"],
            "filled": 0,
            "sequence": sequence,
            "signature": "0x" + sequence.to_bytes(65, "big").hex(),
        }


async def test_session_keys_are_listed_with_what_is_left(stack: Stack) -> None:
    """As decimal text; another's are not shown."""
    trader = await stack.trader(77)
    other = await stack.trader(78)
    await stack.services.exchange.execute(
        GrantSession(
            account=trader.account,
            key=KEY,
            market=stack.market("ETH-USDC").id,
            buy_budget=2_500_000,
            sell_budget=15,
            expiry_s=2_000_000_000,
        )
    )
    assert (await trader.get("/account/sessions")).json() == {
        "session_keys": [
            {
                "key": KEY,
                "market": "ETH-USDC",
                "buy_budget": "2.5",
                "sell_budget": "0.0015",
                "buy_reserved": "0",
                "sell_reserved": "0",
                "expiry_s": 2_000_000_000,
                "revoked": False,
            }
        ]
    }
    assert (await other.get("/account/sessions")).json() == {"session_keys": []}
