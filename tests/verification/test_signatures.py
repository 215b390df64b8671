"""An order that its trader did not sign is found in a log, and no order that was signed is doubted."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import msgspec
import pytest

from hybrid_dex.model.commands import ApproveOrder, Command, GrantSession, PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import OrderAccepted
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId, Amount, FeePpm, Price, Quantity
from hybrid_dex.signing import LocalSigner, authorize, order_digest
from hybrid_dex.verification import Fraud, verify_log
from tests.verification.stage import (
    ALICE,
    BOB,
    BUY,
    CAROL,
    DOMAIN,
    EPOCH_NS,
    MARKET,
    SELL,
    Stage,
)

BOT = LocalSigner("0x" + "77" * 32)
TOMORROW_S = EPOCH_NS // 10**9 + 86_400


def made_up() -> Stage:
    """A trade, an order that rests, and one that was replaced: all of them signed."""
    stage = Stage()
    stage.place(ALICE, SELL, 3, 250_010)
    stage.place(CAROL, BUY, 2, 250_010)
    rests = stage.place(BOB, BUY, 5, 249_000)
    stage.replace(BOB, rests, quantity=4, price=249_500)
    return stage


def unsigned(lane: int, **changes: object) -> SignedOrder:
    """Alice's terms."""
    order = SignedOrder(
        trader=AccountId(ALICE.address),
        market=MARKET,
        side=SELL,
        price=Price(251_000),
        quantity=Quantity(10),
        max_fee_ppm=FeePpm(1_000),
        expiry_s=TOMORROW_S,
        nonce=Nonce(1, 0, lane),
        signature=b"",
    )
    return msgspec.structs.replace(order, **changes)


def placed(order: SignedOrder, **changes: object) -> PlaceOrder:
    """The command that brings it in."""
    command = PlaceOrder(
        account=order.trader,
        market=MARKET.id,
        side=order.side,
        price=order.price,
        quantity=order.quantity,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        authorization=authorize(order, DOMAIN),
    )
    return msgspec.structs.replace(command, **changes)


def test_orders_of_every_kind_hold() -> None:
    """By wallet, session key, a tree's leaf and an approved hash; GTD is signed as GTC."""
    stage = made_up()
    approved = unsigned(9, signature_kind=SignatureKind.APPROVED)
    alice = AccountId(ALICE.address)
    stage.do(ApproveOrder(account=alice, order_hash=order_digest(approved, DOMAIN)))
    stage.do(
        GrantSession(
            account=alice,
            key=AccountId(BOT.address),
            market=MARKET.id,
            buy_budget=Amount(10**12),
            sell_budget=Quantity(10**6),
            expiry_s=TOMORROW_S,
        )
    )
    ladder = ALICE.sign_bulk([unsigned(lane) for lane in range(1, 6)], DOMAIN)
    session = BOT.sign_session_order(unsigned(7, post_only=True), DOMAIN)
    until = ALICE.sign_order(unsigned(8), DOMAIN)
    for order in (approved, *ladder, session):
        stage.do(placed(order))
    due = {"time_in_force": TimeInForce.GTD, "expires_at_ns": EPOCH_NS + 3_600 * 10**9}
    stage.do(placed(until, **due))
    shown = stage.run()
    entered = [
        event for one in shown.batches for event in one.events if isinstance(event, OrderAccepted)
    ]
    kinds = {event.authorization.kind for event in entered if event.authorization is not None}
    assert kinds == set(SignatureKind)
    verdict = shown.verify()
    assert verdict.findings == ()
    assert verdict.signed == len(entered) + 1


Change = Callable[[PlaceOrder | ReplaceOrder], PlaceOrder | ReplaceOrder]


def resigned(**changes: object) -> Change:
    """The same order under another word of what was signed."""
    return lambda command: msgspec.structs.replace(
        command,
        authorization=msgspec.structs.replace(command.authorization, **changes),  # type: ignore[type-var] # it is signed
    )


def other_account(command: PlaceOrder | ReplaceOrder) -> PlaceOrder | ReplaceOrder:
    """An order of somebody else's, hash and all, with the signature that there was."""
    assert isinstance(command, PlaceOrder)
    assert command.authorization is not None
    signed = command.authorization
    order = unsigned(
        Nonce.unpack(signed.nonce).lane,
        side=command.side,
        price=command.price,
        quantity=command.quantity,
        nonce=Nonce.unpack(signed.nonce),
    )
    return resigned(signer=ALICE.address, order_hash=order_digest(order, DOMAIN))(
        msgspec.structs.replace(command, account=order.trader)
    )


LIES: list[tuple[int, Change, str]] = [
    (10, lambda command: msgspec.structs.replace(command, price=Price(248_000)), "other terms"),
    (10, lambda command: msgspec.structs.replace(command, quantity=Quantity(6)), "other terms"),
    (11, lambda command: msgspec.structs.replace(command, price=Price(249_400)), "other terms"),
    (10, resigned(expiry_s=TOMORROW_S + 1), "other terms"),
    (10, resigned(signature=bytes(64)), "signature"),
    (10, resigned(order_hash=bytes(32)), "other terms"),
    (10, other_account, "typed data"),
]


@pytest.mark.parametrize(("sequence", "change", "words"), LIES)
def test_an_order_that_was_made_up_or_changed_is_found(
    sequence: int, change: Change, words: str
) -> None:
    """Though nothing of it traded, and nobody kept a receipt; without a chain it is not looked at."""
    stage = made_up()

    def lie(commands: list[Command]) -> None:
        command = commands[sequence - 1]
        assert isinstance(command, PlaceOrder | ReplaceOrder)
        commands[sequence - 1] = change(command)

    shown = stage.tampered(lie).run()
    verdict = shown.verify(batches=stage.run().settled()[:0])
    assert {finding.fraud for finding in verdict.findings} == {Fraud.NOT_SIGNED}
    (finding,) = verdict.findings
    assert words in finding.detail
    assert finding.sequence == sequence
    assert verify_log(shown.frames).signed is None


def test_another_contract_is_told_once_and_convicts_nobody() -> None:
    """Who names a wrong chain would else accuse an honest operator, once for each order."""
    verdict = made_up().run().verify(domain=attrs.evolve(DOMAIN, chain_id=1))
    (finding,) = verdict.findings
    assert finding.fraud is Fraud.NOT_SIGNED
    assert "and 3 more" in finding.detail
    assert not Fraud.NOT_SIGNED.convicts
