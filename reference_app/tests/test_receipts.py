"""Receipts over REST: one's own, of a command, an acceptance or a fill; refused when there are none."""

from collections.abc import Sequence

import pytest

from hybrid_dex.client import ExchangeClient
from hybrid_dex.errors import RefusedError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import JournalReceipt
from hybrid_dex.model.units import AccountId
from hybrid_dex.settlement.local import LocalSettlement
from hybrid_dex.signing import LocalSigner, journal_receipt_digest, recover_address
from hybrid_dex.wire import ReceiptMessage, ReceiptsAnswer, decode, to_receipt
from reference_app.tests.stack import Stack
from reference_app.tests.test_routes import is_problem

OPERATOR = LocalSigner("0x" + "17" * 32)


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    """Signs as a chain's settlement does, over one that needs none."""

    async def sign_receipts(
        _: LocalSettlement, receipts: Sequence[JournalReceipt]
    ) -> tuple[bytes, ...]:
        return tuple(
            OPERATOR.sign_digest(
                journal_receipt_digest(one, stack.market(one.market), stack.services.domain)
            )
            for one in receipts
        )

    monkeypatch.setattr(LocalSettlement, "sign_receipts", sign_receipts)
    object.__setattr__(stack.services, "settles_on_chain", True)


def believed(stack: Stack, answer: bytes) -> list[ReceiptMessage]:
    """The messages in an answer, each signed by the operator."""
    messages = decode(ReceiptsAnswer, answer).receipts
    for message in messages:
        market = stack.market(message.market)
        signed = to_receipt(message)
        digest = journal_receipt_digest(signed.receipt, market, stack.services.domain)
        assert recover_address(digest, signed.signature) == OPERATOR.address
    return messages


@pytest.mark.usefixtures("signing")
async def test_each_side_gets_its_own_receipts(stack: Stack) -> None:
    """Of the command that filled both: the maker learns nothing of the taker's order."""
    maker, taker = await stack.trader(81, ETH="5"), await stack.trader(82, USDC="9000")
    first = (await maker.place("sell", "1"))["order"]["order_id"]
    report = await taker.place("buy", "1")
    sequence = int(report["order"]["order_id"]) >> 8
    accepted = believed(stack, (await maker.get(f"/receipts?order_id={first}")).content)
    assert [(one.kind, one.order_id) for one in accepted] == [("accepted", first)]
    mine = believed(stack, (await taker.get(f"/receipts?sequence={sequence}")).content)
    assert [(one.kind, one.side, one.trader) for one in mine] == [
        ("accepted", "buy", taker.account),
        ("filled", "buy", taker.account),
    ]
    theirs = believed(stack, (await maker.get(f"/receipts?sequence={sequence}")).content)
    assert [(one.kind, one.side, one.trader) for one in theirs] == [
        ("filled", "sell", maker.account)
    ]
    by_fill = believed(stack, (await maker.get(f"/receipts?fill_id={mine[1].fill_id}")).content)
    assert by_fill == theirs


@pytest.mark.usefixtures("signing")
async def test_what_there_is_no_receipt_for_is_a_problem(stack: Stack) -> None:
    """A stranger's, an unknown number, two questions at once, none."""
    maker, other = await stack.trader(83, ETH="5"), await stack.trader(84)
    first = (await maker.place("sell", "1", "3000"))["order"]["order_id"]
    reply = await other.get(f"/receipts?order_id={first}")
    is_problem(reply, 409, RejectReason.NO_RECEIPT)
    reply = await maker.get("/receipts?sequence=1000000")
    is_problem(reply, 404, RejectReason.UNKNOWN_SEQUENCE)
    for query in ("", f"?order_id={first}&sequence=3"):
        is_problem(await maker.get(f"/receipts{query}"), 400, RejectReason.INVALID_MESSAGE)
    reply = await maker.get("/receipts?order_id=-1")
    is_problem(reply, 400, RejectReason.INVALID_NUMBER)
    assert (await stack.http.get("/receipts?sequence=1")).status_code == 401


async def test_without_a_chain_nobody_signs(stack: Stack) -> None:
    """The route says so."""
    trader = await stack.trader(85)
    is_problem(await trader.get("/receipts?sequence=1"), 409, RejectReason.NO_RECEIPT)


@pytest.mark.usefixtures("signing")
async def test_a_client_keeps_the_operators_word(stack: Stack) -> None:
    """Of its own order; what is not its own is refused."""
    signer = LocalSigner("0x" + "77" * 32)
    maker = await stack.trader(86, ETH="5")
    first = (await maker.place("sell", "1", "3000"))["order"]["order_id"]
    usdc = stack.market("ETH-USDC").quote
    await stack.services.exchange.deposit(
        AccountId(signer.address), usdc.id, usdc.parse("9000", "amount")
    )
    async with ExchangeClient(stack.url, signer=signer) as client:
        placed = await client.place("ETH-USDC", "buy", "1", "2500")
        (receipt,) = await client.receipts(order_id=placed.order.order_id)
        assert (receipt.kind, receipt.trader) == ("accepted", signer.address)
        assert await client.receipts(sequence=receipt.sequence) == [receipt]
        with pytest.raises(RefusedError, match="did nothing to such an order"):
            await client.receipts(order_id=first)
