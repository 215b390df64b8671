"""Every kind of fraud is found, and called by its name; an honest exchange is not accused."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.interfaces.book import Allocation, Incoming
from hybrid_dex.model.commands import AdvanceTime, Command, PlaceOrder
from hybrid_dex.model.events import (
    EventBatch,
    FillMade,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
)
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.receipts import ReceiptKind, SignedJournalReceipt
from hybrid_dex.model.units import Price, Quantity, last_group
from hybrid_dex.model.vouchers import CancelReceipt, SignedCancelReceipt
from hybrid_dex.settlement.batch import FillEntry
from hybrid_dex.settlement.layout import decode_batch, encode_batch
from hybrid_dex.signing import LocalSigner, cancel_receipt_digest, journal_receipt_digest
from hybrid_dex.verification import (
    Fraud,
    LoggedFrame,
    SettledBatch,
    SkippedFill,
    Verdict,
    read_log,
    verify_log,
    write_log,
)
from tests.tiers import count
from tests.verification.stage import (
    ALICE,
    BOB,
    BUY,
    CAROL,
    DOMAIN,
    MARKET,
    OPERATOR,
    SELL,
    Stage,
    random_stage,
    shipped,
)

HISTORIES = count(fast=8, full=500)


def frauds(verdict: Verdict) -> set[Fraud]:
    return {finding.fraud for finding in verdict.findings}


def of_receipt(verdict: Verdict, receipt: int) -> set[Fraud]:
    return {finding.fraud for finding in verdict.findings if finding.receipt == receipt}


class TestHonest:
    def test_random_histories_hold_with_all_receipts_and_batches(self, seed: int) -> None:
        """With and without the operator's claims of what happened; nothing is left unlooked at."""
        fills = receipts = 0
        for number in range(HISTORIES):
            shown = random_stage(random.Random(f"{seed}:{number}")).run()
            given = shown.receipts()
            verdict = shown.verify(
                frames=shown.claimed() if number % 2 else shown.frames,
                receipts=given,
                batches=shown.settled(),
            )
            assert verdict.findings == (), number
            assert verdict.settled is not None
            assert (verdict.settled.settled, verdict.settled.unsettled) == (verdict.fills, 0)
            assert verdict.commands == len(shown.batches)
            fills, receipts = fills + verdict.fills, receipts + verdict.receipts
        assert fills > 4 * HISTORIES
        assert receipts > 20 * HISTORIES

    def test_a_file_gives_the_same_log_back(self, tmp_path: Path, rng: random.Random) -> None:
        """Line by line, to the byte; a line that is none is refused with its number."""
        shown = random_stage(rng).run()
        path = tmp_path / "public.log"
        path.write_bytes(b"".join(write_log(shown.claimed())))
        assert list(read_log(path)) == shown.claimed()
        assert verify_log(read_log(path)).holds
        path.write_bytes(path.read_bytes() + b"{}\n")
        with pytest.raises(FormatError, match=f"line {len(shown.frames) + 1}"):
            list(read_log(path))

    def test_what_is_missing_for_a_proof_is_asked_for(self) -> None:
        """No domain, no operator: no silence that looks like a proof."""
        shown = _trade().run()
        with pytest.raises(ConfigurationError, match="chain id"):
            verify_log(shown.frames, batches=[])
        with pytest.raises(ConfigurationError, match="operator"):
            verify_log(shown.frames, receipts=shown.receipts(), domain=DOMAIN)


def cancel_receipt(order: PlaceOrder, *, nonce: int, command: int) -> SignedCancelReceipt:
    """The operator's word that nothing up to a nonce of the order's lane trades after a command."""
    word = CancelReceipt(
        trader=order.account, market=MARKET.id, nonce=nonce, filled=0, sequence=last_group(command)
    )
    signature = OPERATOR.sign_digest(cancel_receipt_digest(word, MARKET, DOMAIN))
    return SignedCancelReceipt(receipt=word, signature=signature)


def _trade() -> Stage:
    """Two makers at a price, a better one, and a taker of two lots."""
    stage = Stage()
    stage.place(ALICE, SELL, 3, 250_010)
    stage.place(BOB, SELL, 3, 250_010)
    stage.place(ALICE, SELL, 1, 250_000)
    stage.place(CAROL, BUY, 2, 250_010)
    return stage


class TestTheLog:
    def test_a_damaged_frame_is_found(self) -> None:
        shown = _trade().run()
        frame = shown.frames[3]
        raw = bytearray(frame.raw)
        raw[20] ^= 1
        bad = LoggedFrame(position=frame.position, raw=bytes(raw))
        verdict = shown.verify(frames=[*shown.frames[:3], bad, *shown.frames[4:]])
        assert frauds(verdict) == {Fraud.BROKEN_CHAIN}
        assert verdict.frames == 3

    def test_a_frame_that_was_taken_out_is_missed(self) -> None:
        shown = _trade().run()
        assert frauds(shown.verify(frames=[*shown.frames[:3], *shown.frames[4:]])) == {
            Fraud.BROKEN_CHAIN
        }
        renumbered = [
            LoggedFrame(position=place, raw=frame.raw)
            for place, frame in enumerate([*shown.frames[:3], *shown.frames[4:]], start=1)
        ]
        assert frauds(shown.verify(frames=renumbered)) == {Fraud.BROKEN_CHAIN}

    def test_versions_that_do_not_ship_prove_nothing_and_convict_nobody(self) -> None:
        class Own(SortedBook):
            version = "own 7"

        def make() -> Engine:
            return Engine(book=Own, risk=StandardRisk(), requires_signature=True)

        shown = _trade().run(make)
        verdict = shown.verify()
        assert frauds(verdict) == {Fraud.NOT_REPLAYABLE}
        assert not Fraud.NOT_REPLAYABLE.convicts
        assert shown.verify(make_engine=lambda _: make()).holds


class Later(SortedBook):
    """A book that favours the last at a price, and says that it is the one that ships."""

    version = "SortedBook"

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        rows = [row for row in self.orders() if row.side is SELL and row.price <= incoming.price]
        for row in sorted(rows, key=lambda one: (one.price, -one.order_id)):
            if incoming.side is BUY and incoming.open > 0:
                lots = min(incoming.open, row.quantity)
                yield Allocation(row.order_id, row.account, row.price, lots, row.quantity)


class TestPriority:
    def test_an_order_that_was_passed_over_is_named(self) -> None:
        """A dishonest book's claims: the rules make others, and the later maker was not first."""
        stage = Stage()
        first = stage.place(ALICE, SELL, 3, 250_010)
        stage.place(BOB, SELL, 3, 250_010)
        stage.place(CAROL, BUY, 3, 250_010)
        shown = stage.run(lambda: Engine(book=Later, risk=StandardRisk(), requires_signature=True))
        verdict = shown.verify(frames=shown.claimed())
        assert frauds(verdict) == {Fraud.PASSED_OVER, Fraud.OTHER_EVENTS}
        (passed,) = [one for one in verdict.findings if one.fraud is Fraud.PASSED_OVER]
        assert f"order {first << 8} at 250010 was before it" in passed.detail

    def test_a_fill_at_a_wrong_price_is_named(self) -> None:
        shown = _trade().run()
        told = [_priced(batch, 1) for batch in shown.batches]
        assert frauds(shown.verify(frames=shown.claimed(told))) == {
            Fraud.WRONG_PRICE,
            Fraud.OTHER_EVENTS,
        }

    def test_an_order_that_rests_though_it_could_trade_is_named(self) -> None:
        """The claims leave its fills out."""
        shown = _trade().run()
        told = [
            EventBatch(
                batch.sequence,
                batch.at_ns,
                tuple(event for event in batch.events if not isinstance(event, FillMade)),
            )
            for batch in shown.batches
        ]
        verdict = shown.verify(frames=shown.claimed(told))
        assert frauds(verdict) == {Fraud.PASSED_OVER, Fraud.OTHER_EVENTS}

    def test_a_fill_of_nobody_is_named(self) -> None:
        """The claims have one more fill."""
        shown = _trade().run()
        told = [
            EventBatch(batch.sequence, batch.at_ns, (*batch.events, batch.events[-1]))
            if any(isinstance(event, FillMade) for event in batch.events)
            else batch
            for batch in shown.batches
        ]
        verdict = shown.verify(frames=shown.claimed(told))
        assert frauds(verdict) >= {Fraud.RULE_BROKEN, Fraud.OTHER_EVENTS}

    def test_an_ioc_whose_remainder_could_trade_is_named(self) -> None:
        stage = Stage()
        stage.place(ALICE, SELL, 3, 250_000)
        stage.place(BOB, BUY, 5, 250_000, TimeInForce.IOC)
        shown = stage.run()
        told = list(shown.batches)
        last = told[-1]
        accepted, _, canceled = last.events
        told[-1] = EventBatch(last.sequence, last.at_ns, (accepted, canceled))
        assert Fraud.PASSED_OVER in frauds(shown.verify(frames=shown.claimed(told)))

    @pytest.mark.parametrize("name", ["BTC-USDC", ""])
    def test_claims_of_a_market_that_is_not_listed_are_named(self, name: str) -> None:
        """Of every kind of event, one at a time; the check goes on behind it."""
        stage = _trade()
        stage.cancel(BOB, 9)
        stage.replace(ALICE, 8, quantity=5, price=250_030)
        shown = stage.run()
        tried = set()
        for at, batch in enumerate(shown.batches):
            for index, event in enumerate(batch.events):
                if not isinstance(getattr(event, "market", None), str):
                    continue
                events = list(batch.events)
                events[index] = msgspec.structs.replace(event, market=name)
                told = list(shown.batches)
                told[at] = EventBatch(batch.sequence, batch.at_ns, tuple(events))
                verdict = shown.verify(
                    frames=shown.claimed(told),
                    batches=shown.settled(),
                    receipts=shown.receipts(8),
                )
                assert frauds(verdict) >= {Fraud.RULE_BROKEN, Fraud.OTHER_EVENTS}
                assert any("is not listed" in finding.detail for finding in verdict.findings)
                tried.add(type(event))
        assert tried == {OrderAccepted, OrderReplaced, OrderCanceled, FillMade}

    def test_claims_of_numbers_that_no_receipt_could_hold_are_named(self) -> None:
        """Such as a price of more bits than there are."""
        shown = _trade().run()
        told = [_priced(batch, 2**63) for batch in shown.batches]
        verdict = shown.verify(frames=shown.claimed(told), receipts=shown.receipts())
        assert frauds(verdict) >= {Fraud.WRONG_PRICE, Fraud.OTHER_EVENTS, Fraud.OMITTED}


def _priced(batch: EventBatch, by: int) -> EventBatch:
    events = tuple(
        msgspec.structs.replace(event, price=Price(event.price + by))
        if isinstance(event, FillMade)
        else event
        for event in batch.events
    )
    return EventBatch(batch.sequence, batch.at_ns, events)


class TestReceipts:
    def test_an_order_that_was_left_out_is_missed(self) -> None:
        stage = _trade()
        victim = stage.place(BOB, SELL, 1, 249_990)
        kept = stage.run().receipts(victim)

        def leave_out(commands: list[Command]) -> None:
            commands[victim - 1] = AdvanceTime()

        verdict = stage.tampered(leave_out).run().verify(receipts=kept)
        assert of_receipt(verdict, 0) == {Fraud.REWRITTEN, Fraud.OMITTED}

    def test_an_order_that_something_went_in_before_is_named(self) -> None:
        stage = _trade()
        victim = stage.place(BOB, BUY, 1, 250_010)
        kept = stage.run().receipts(victim)

        def front_run(commands: list[Command]) -> None:
            commands.insert(victim - 1, stage.order(ALICE, BUY, 1, 250_010))

        verdict = stage.tampered(front_run).run().verify(receipts=kept)
        assert Fraud.FRONT_RUN in of_receipt(verdict, 0)
        (found,) = [one for one in verdict.findings if one.fraud is Fraud.FRONT_RUN]
        assert f"command {victim + 1}; the operator signed command {victim}" in found.detail

    def test_orders_that_changed_places_are_named(self) -> None:
        stage = Stage()
        first = stage.place(ALICE, SELL, 3, 250_010)
        second = stage.place(BOB, SELL, 3, 250_010)
        kept = stage.run().receipts(first, second)

        def swap(commands: list[Command]) -> None:
            commands[first - 1], commands[second - 1] = commands[second - 1], commands[first - 1]

        verdict = stage.tampered(swap).run().verify(receipts=kept)
        assert of_receipt(verdict, 0) == {Fraud.REWRITTEN, Fraud.FRONT_RUN}
        assert of_receipt(verdict, 1) == {Fraud.REWRITTEN, Fraud.REORDERED}

    def test_a_fill_after_the_order_was_canceled_is_named(self) -> None:
        """By the receipt of the cancel, and by the one for the chain."""
        stage = Stage()
        maker = stage.place(ALICE, SELL, 3, 250_010)
        gone = stage.cancel(ALICE, maker)
        kept = stage.run().receipts(gone)
        stage.place(BOB, BUY, 3, 250_010)

        def revive(commands: list[Command]) -> None:
            commands[gone - 1] = AdvanceTime()

        placed = stage.commands[maker - 1]
        assert isinstance(placed, PlaceOrder)
        assert placed.authorization is not None
        given = [*kept, cancel_receipt(placed, nonce=placed.authorization.nonce, command=gone)]
        assert stage.run().verify(receipts=given).holds
        verdict = stage.tampered(revive).run().verify(receipts=given)
        assert of_receipt(verdict, 0) == {
            Fraud.REWRITTEN,
            Fraud.OMITTED,
            Fraud.FILLED_AFTER_CANCEL,
        }
        assert of_receipt(verdict, 1) == {Fraud.FILLED_AFTER_CANCEL}

    def test_a_fill_of_later_terms_breaks_no_word_about_the_ones_before(self) -> None:
        """A receipt for the chain ends the terms before a replacement; the order itself goes on."""
        stage = Stage()
        maker = stage.place(ALICE, SELL, 3, 250_010)
        placed = stage.commands[maker - 1]
        assert isinstance(placed, PlaceOrder)
        assert placed.authorization is not None
        before = placed.authorization.nonce
        changed = stage.replace(ALICE, maker, quantity=5, price=250_020)
        kept = cancel_receipt(placed, nonce=before, command=changed)
        stage.place(BOB, BUY, 5, 250_020)
        assert stage.run().verify(receipts=[kept]).holds
        after = cancel_receipt(placed, nonce=before + (1 << 16), command=changed)
        verdict = stage.run().verify(receipts=[kept, after])
        assert of_receipt(verdict, 0) == set()
        assert of_receipt(verdict, 1) == {Fraud.FILLED_AFTER_CANCEL}

    def test_other_terms_than_were_signed_are_named(self) -> None:
        stage = _trade()
        shown = stage.run()
        (kept,) = shown.receipts(9)
        receipt = attrs.evolve(kept.receipt, quantity=Quantity(99))
        digest = journal_receipt_digest(receipt, MARKET, DOMAIN)
        signed = SignedJournalReceipt(receipt=receipt, signature=OPERATOR.sign_digest(digest))
        verdict = shown.verify(receipts=[signed])
        assert frauds(verdict) == {Fraud.OTHER_CONTENT}
        assert "the operator signed 99 lots" in verdict.findings[0].detail

    @pytest.mark.parametrize("place", [{"sequence": 0}, {"position": 0}])
    def test_a_place_that_no_log_has_is_named(self, place: dict[str, int]) -> None:
        """Commands and records count from 1; the operator signed all the same."""
        shown = _trade().run()
        receipt = attrs.evolve(shown.receipts(9)[0].receipt, **place)  # type: ignore[arg-type] # by name
        digest = journal_receipt_digest(receipt, MARKET, DOMAIN)
        signed = SignedJournalReceipt(receipt=receipt, signature=OPERATOR.sign_digest(digest))
        verdict = shown.verify(receipts=[signed])
        assert frauds(verdict) == {Fraud.OMITTED}
        assert "begins with 1" in verdict.findings[0].detail

    def test_a_fill_that_was_left_out_is_missed(self) -> None:
        """The maker kept the receipt of its fill."""
        stage = _trade()
        taker = len(stage.commands)
        kept = [
            one for one in stage.run().receipts(taker) if one.receipt.kind is ReceiptKind.FILLED
        ]

        def leave_out(commands: list[Command]) -> None:
            commands[taker - 1] = AdvanceTime()

        verdict = stage.tampered(leave_out).run().verify(receipts=kept)
        assert of_receipt(verdict, 0) == {Fraud.REWRITTEN, Fraud.OMITTED}

    def test_a_receipt_that_the_operator_did_not_sign_convicts_nobody(self) -> None:
        """Another key, another word, another chain, no signature at all."""
        shown = _trade().run()
        (honest,) = shown.receipts(8)
        forged = shown.receipts(8, signer=LocalSigner("0x" + "55" * 32))[0]
        changed = attrs.evolve(honest, receipt=attrs.evolve(honest.receipt, price=Price(1)))
        nothing = attrs.evolve(honest, signature=bytes(65))
        for receipt in (forged, changed, nothing):
            assert frauds(shown.verify(receipts=[receipt])) == {Fraud.FORGED_RECEIPT}
        other = attrs.evolve(DOMAIN, chain_id=1)
        assert frauds(shown.verify(receipts=[honest], domain=other)) == {
            Fraud.FORGED_RECEIPT,
            Fraud.NOT_SIGNED,
        }
        assert not Fraud.FORGED_RECEIPT.convicts

    def test_a_log_that_ends_too_early_is_not_taken_for_a_lie(self) -> None:
        shown = _trade().run()
        kept = shown.receipts(len(shown.batches))
        verdict = shown.verify(frames=shown.frames[:-1], receipts=kept)
        assert frauds(verdict) == {Fraud.NOT_COVERED}
        assert not Fraud.NOT_COVERED.convicts


class TestBatches:
    def test_a_fill_that_the_log_does_not_have_is_named(self) -> None:
        stage = _trade()
        stage.do(AdvanceTime())
        more = _trade()
        more.place(CAROL, BUY, 1, 250_010)
        verdict = stage.run().verify(batches=more.run().settled())
        assert Fraud.SETTLED_NOT_IN_LOG in frauds(verdict)

    @pytest.mark.parametrize("size", [1, 9])
    def test_what_was_settled_behind_the_end_of_the_log_convicts_nobody(self, size: int) -> None:
        """The exchange goes on; what the log does have is judged all the same, and only once told."""
        stage = _trade()
        for _ in range(2):
            stage.place(CAROL, BUY, 1, 250_010)
        shown = stage.run()
        verdict = shown.verify(frames=shown.frames[:-2], batches=shown.settled(size=size))
        assert [finding.fraud for finding in verdict.findings] == [Fraud.NOT_COVERED]
        assert "the log ends with command 11" in verdict.findings[0].detail
        assert verdict.settled is not None
        assert (verdict.settled.settled, verdict.settled.batches) == (2, 4 - min(3, size))
        other = stage.tampered(lambda commands: commands.__setitem__(9, AdvanceTime())).run()
        verdict = other.verify(frames=other.frames[:-2], batches=shown.settled(size=size))
        assert frauds(verdict) > {Fraud.SETTLED_OTHERWISE, Fraud.NOT_COVERED}

    @pytest.mark.parametrize("role", ["maker", "taker"])
    def test_another_fee_than_the_log_has_is_named(self, role: str) -> None:
        """Below what its trader signed the contract takes any, and no root is made of it."""
        shown = _trade().run()
        (settled,) = shown.settled()
        batch = decode_batch(settled.data)
        (section,) = batch.sections
        (group,) = section.groups
        dearer = group.taker if role == "taker" else group.fills[0].maker
        orders = tuple(
            msgspec.structs.replace(order, fee_rate_ppm=order.fee_rate_ppm + 100)
            if index == dearer
            else order
            for index, order in enumerate(section.orders)
        )
        sections = (msgspec.structs.replace(section, orders=orders),)
        data = encode_batch(msgspec.structs.replace(batch, sections=sections))
        verdict = shown.verify(batches=[SettledBatch(data=data)])
        assert frauds(verdict) == {Fraud.SETTLED_OTHERWISE}
        assert f"a {role}'s fee of" in verdict.findings[0].detail

    def test_a_fill_of_another_quantity_is_named(self) -> None:
        shown = _trade().run()
        (settled,) = shown.settled()
        batch = decode_batch(settled.data)
        (section,) = batch.sections
        (group,) = section.groups
        fills = (FillEntry(group.fills[0].maker, group.fills[0].lots + 1), *group.fills[1:])
        data = encode_batch(_with(batch, msgspec.structs.replace(group, fills=fills)))
        assert frauds(shown.verify(batches=[SettledBatch(data=data)])) == {Fraud.SETTLED_OTHERWISE}

    def test_another_maker_at_another_price_is_named(self) -> None:
        """The worse offer was settled in place of the better one."""
        shown = _trade().run()
        (settled,) = shown.settled()
        batch = decode_batch(settled.data)
        (section,) = batch.sections
        (group,) = section.groups
        swapped = tuple(reversed([fill.maker for fill in group.fills]))
        fills = tuple(
            FillEntry(maker, fill.lots) for maker, fill in zip(swapped, group.fills, strict=True)
        )
        data = encode_batch(_with(batch, msgspec.structs.replace(group, fills=fills)))
        verdict = shown.verify(batches=[SettledBatch(data=data)])
        assert frauds(verdict) == {Fraud.SETTLED_OTHERWISE}
        assert "at 250010, not at 250000" in verdict.findings[0].detail

    def test_fills_that_a_batch_leaves_out_are_named(self) -> None:
        stage = _trade()
        stage.place(CAROL, BUY, 1, 250_010)
        verdict = stage.run().verify(batches=stage.run().settled(change=lambda one: one[1:]))
        assert Fraud.NEVER_SETTLED in frauds(verdict)

    def test_what_is_behind_the_last_batch_is_counted_and_no_fraud(self) -> None:
        stage = _trade()
        stage.place(CAROL, BUY, 1, 250_010)
        shown = stage.run()
        verdict = shown.verify(batches=shown.settled(size=1)[:1])
        assert verdict.holds
        assert verdict.settled is not None
        assert (verdict.settled.settled, verdict.settled.unsettled) == (2, 1)

    def test_batches_of_another_journal_or_out_of_line_are_named(self) -> None:
        """Another journal's hash, one missing between two, bytes that are no batch."""
        stage = _trade()
        stage.place(CAROL, BUY, 1, 250_010)
        stage.place(CAROL, BUY, 1, 250_010)
        shown = stage.run()
        first, second, third = shown.settled(size=1)
        assert frauds(shown.verify(batches=[first, third])) >= {Fraud.BROKEN_BATCHES}
        batch = msgspec.structs.replace(decode_batch(first.data), journal_hash=b"j" * 32)
        lied = SettledBatch(data=encode_batch(batch))
        assert frauds(shown.verify(batches=[lied])) == {Fraud.BROKEN_BATCHES}
        assert frauds(shown.verify(batches=[first, SettledBatch(data=b"x")])) == {
            Fraud.BROKEN_BATCHES
        }
        assert shown.verify(batches=[first, second, third]).holds

    def test_a_log_whose_orders_nobody_signed_is_no_log_of_what_settled(self) -> None:
        """Neither what a batch holds nor what it speaks for; nothing is taken on trust."""
        stage = _trade()
        stage.place(CAROL, BUY, 1, 250_010)
        settled = stage.run().settled(size=1)

        def unsign(commands: list[Command]) -> None:
            commands[:] = [
                msgspec.structs.replace(one, authorization=None)
                if isinstance(one, PlaceOrder)
                else one
                for one in commands
            ]

        shown = stage.tampered(unsign).run(
            lambda: Engine(book=SortedBook, risk=StandardRisk(), requires_signature=False)
        )
        verdict = shown.verify(batches=settled)
        assert frauds(verdict) == {
            Fraud.BROKEN_BATCHES,
            Fraud.SETTLED_OTHERWISE,
            Fraud.NOT_SIGNED,
        }
        assert any("the log's is not" in finding.detail for finding in verdict.findings)
        assert frauds(shown.verify(batches=[])) == {Fraud.NOT_SIGNED}

    def test_what_was_skipped_is_told_with_its_reason_and_can_not_be_made_up(self) -> None:
        """The next batch repeats the root that follows from what really settled."""
        stage = _trade()
        stage.place(CAROL, BUY, 1, 250_010)
        shown = stage.run()
        first, second = shown.settled(size=1)
        sequence = decode_batch(first.data).sections[0].groups[0].sequence
        skip = SkippedFill(market=1, sequence=sequence, index=0, culprit=2, reason=16)
        lied = attrs.evolve(first, skipped=(skip,))
        verdict = shown.verify(batches=[lied])
        assert verdict.settled is not None
        assert (verdict.settled.skipped, verdict.settled.settled) == ({"funds": 1}, 1)
        assert frauds(shown.verify(batches=[lied, second])) == {Fraud.BROKEN_BATCHES}


def _with(batch: object, group: object) -> object:
    sections = tuple(
        msgspec.structs.replace(section, groups=(group,))
        for section in batch.sections  # type: ignore[attr-defined] # it is a batch
    )
    return msgspec.structs.replace(batch, sections=sections)  # type: ignore[type-var] # it is one


def test_the_stage_is_the_engine_that_ships() -> None:
    """What the tests call shipped is what the verifier makes from the log alone."""
    assert _trade().run(shipped).verify().holds
