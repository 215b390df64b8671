"""SettlementKit: the rules of the `Settlement` interface that hold on every chain, and on none.

What a chain may do to a backend - reorganise, stall, lie - is the backend's own to prove. Here
stands what the exchange relies on: fills become final once, repeats and restarts double nothing,
facts come unstamped and in order, and promises are signed the same way each time or not at all.

The factory returns a bench: a settlement that is not open yet, and fills that it can settle. Two
benches that are made in one rule are one world: the second settlement is the first one restarted.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Final

import attrs

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import Capacity, ListingSettlement, Settlement
from hybrid_dex.model.commands import Command, ConfirmSettlement, FailSettlement
from hybrid_dex.model.events import FillMade
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import JournalReceipt, ReceiptKind
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.solvency import Discrepancy, Statement
from hybrid_dex.model.units import AssetId, FillId, fill_sequence
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.testing.rules import Kit, demand, expect, made, raises, rule
from hybrid_dex.testing.traffic import traffic

__all__ = ["SettlementBench", "SettlementKit", "matched_groups"]

_FINAL: Final = SettlementStage.FINAL
_SIGNATURE_BYTES: Final = 65
_TURN_S: Final = 0.005


async def _nothing() -> None:
    """Nothing has to happen for fills to settle."""


@attrs.frozen(kw_only=True)
class SettlementBench:
    """A settlement under test, and what it can settle.

    Attributes:
        settlement: not open yet.
        markets: what it is opened with.
        groups: the fills of at least three commands, in journal order, all of which can settle.
        voucher: one that could be signed where there are vouchers at all.
        advance: lets the world go on a step, such as mine a block.
    """

    settlement: Settlement
    markets: Sequence[Market]
    groups: Sequence[Sequence[MatchedFill]]
    voucher: Voucher
    advance: Callable[[], Awaitable[None]] = _nothing


def matched_groups(seed: int, number: int) -> list[list[MatchedFill]]:
    """Return the fills of so many commands in `MARKETS`, unsigned, as an engine matched them.

    For settlements without a chain; on a chain both traders must sign.
    """
    engine, groups = Engine(book=SortedBook, risk=StandardRisk()), list[list[MatchedFill]]()
    for _, events in traffic(engine, Random(seed), 10_000):
        made_now = [event.fill_id for event in events if isinstance(event, FillMade)]
        found = [engine.matched_fill(one) for one in made_now]
        fills = [fill for fill in found if fill is not None]
        if fills:
            groups.append(fills)
        if len(groups) == number:
            return groups
    raise ConfigurationError(f"random traffic has no {number} groups of fills")


class SettlementKit(Kit):
    """Subclass it as ``TestYourSettlement`` and write `make_settlement`."""

    def make_settlement(self) -> SettlementBench | Awaitable[SettlementBench]:
        """Return a settlement on its bench; called again in one rule, the same world restarted."""
        raise NotImplementedError

    # --------------------------------------------------------------- what it says of itself

    @rule
    async def test_questions_are_answered_at_once(self) -> None:
        """Signature, pause, halt and capacity are asked before every order: plain values."""
        async with self._open() as world:
            one = world.settlement
            answers: tuple[object, ...] = (
                one.requires_signature,
                one.pause_reason,
                one.halt_reason,
            )
            kinds = tuple(type(answer) for answer in answers)
            expect("types of signature, pause and halt", kinds, (bool, str, str))
            capacity: object = one.capacity
            good = capacity is None or isinstance(capacity, Capacity)
            demand(good, f"a capacity of {capacity!r}")
            while one.pause_reason:  # it may have to read the chain first
                await world.turn()

    @rule
    async def test_close_may_be_repeated(self) -> None:
        """Close ends `updates`, and a second close is safe."""
        async with self._open() as world:
            await world.settlement.close()
            await world.settlement.close()
            await world.reading

    @rule
    async def test_it_may_be_opened_again(self) -> None:
        """Opened on trial and closed, it is opened once more and settles."""
        async with self._open(on_trial=True) as world:
            await world.submit(world.bench.groups)
            await world.until_final()
            expect("failures", world.failures(), [])

    # ----------------------------------------------------------------------------- fills

    @rule
    async def test_every_fill_becomes_final_once(self) -> None:
        """What is submitted becomes final, and is told final once; nothing fails."""
        async with self._open() as world:
            await world.submit(world.bench.groups)
            await world.until_final()
            expect(
                "how often each fill was told final", world.finals(), dict.fromkeys(world.all, 1)
            )
            expect("failures", world.failures(), [])

    @rule
    async def test_stages_rise(self) -> None:
        """Where no block is lost, a fill is submitted, confirmed, final in this order, or leaps ahead."""
        async with self._open() as world:
            await world.submit(world.bench.groups)
            await world.until_final()
            for fill, stages in world.stages().items():
                expect(f"stages of fill {fill}", stages, sorted(set(stages)))

    @rule
    async def test_updates_are_commands_of_settlement_unstamped(self) -> None:
        """The exchange stamps them: sequence and time are 0; the fills of one are in order of id."""
        async with self._open() as world:
            await world.submit(world.bench.groups)
            await world.until_final()
            for command in world.told:
                stamp = (command.sequence, command.at_ns)
                expect(f"the stamp of a {type(command).__name__}", stamp, (0, 0))
                if isinstance(command, ConfirmSettlement):
                    expect("fills of a command", list(command.fills), sorted(set(command.fills)))

    @rule
    async def test_only_what_was_submitted_is_told(self) -> None:
        """A fill that was not submitted has no stage; no fills make no update."""
        async with self._open() as world:
            await world.settlement.submit([])
            await world.submit(world.bench.groups[:1])
            await world.until_final()
            for _ in range(5):
                await world.turn()
            expect("fills that were told", set(world.stages()), set(world.all))

    @rule
    async def test_a_repeat_is_recognised(self) -> None:
        """A group submitted again settles once; once final, it may at most be told final again."""
        async with self._open() as world:
            await world.submit(world.bench.groups)
            await world.submit(world.bench.groups)
            await world.until_final()
            expect(
                "how often each fill was told final", world.finals(), dict.fromkeys(world.all, 1)
            )
            await world.submit(world.bench.groups)
            for _ in range(20):
                await world.turn()
            for fill, stages in world.stages().items():
                expect(f"stages of fill {fill}", stages, sorted(stages))
            expect("failures", world.failures(), [])

    @rule
    async def test_a_restart_loses_and_doubles_nothing(self) -> None:
        """Closed before all is final, opened again, all submitted again: all becomes final, once.

        What is final and comes again after another restart may at most be told final again.
        """
        async with self._open() as world:
            await world.submit(world.bench.groups[:2])
        before = world.finals()
        async with self._open() as world:
            await world.submit(world.bench.groups)
            await world.until_final()
            for _ in range(20):
                await world.turn()
            expect("failures", world.failures(), [])
            finals = {fill: n for fill, n in world.finals().items() if fill not in before}
            once = {fill: 1 for fill in sorted(world.all) if fill not in before}
            expect("how often each fill was told final after a restart", finals, once)
        async with self._open() as world:
            await world.submit(world.bench.groups[-1:])
            for _ in range(20):
                await world.turn()
            expect("failures after another restart", world.failures(), [])
            for fill, stages in world.stages().items():
                again = [stage.name for stage in stages if stage is not _FINAL]
                expect(f"stages of fill {fill}, final before another restart", again, [])

    # ------------------------------------------------------------------------- listing

    @rule
    async def test_a_market_listed_later_settles_as_one_of_the_start(self) -> None:
        """Where markets are taken while open: it is not refused, a repeat changes nothing, fills settle."""
        async with self._open(()) as world:
            taking: object = world.settlement
            if not isinstance(taking, ListingSettlement):
                return
            for market in world.bench.markets:
                while (refusal := await taking.refuse_listing(market)) is not None:
                    unavailable = refusal.reason is RejectReason.LISTING_UNAVAILABLE
                    demand(unavailable, f"{market.id}, which it can be opened with: {refusal}")
                    await world.turn()  # it may have to read the chain first
                taking.listed(market)
                taking.listed(market)
            await world.submit(world.bench.groups)
            await world.until_final()
            expect("failures", world.failures(), [])

    @rule
    async def test_a_market_is_refused_where_it_would_not_settle(self) -> None:
        """Where orders are signed for a market's steps, other steps are refused; asking changes nothing."""
        async with self._open() as world:
            taking: object = world.settlement
            if not isinstance(taking, ListingSettlement):
                return
            for market in world.bench.markets:
                other = attrs.evolve(market, lot_size=market.lot_size + 1)
                for _ in range(2):
                    refusal: object = await taking.refuse_listing(other)
                    if world.settlement.requires_signature or refusal is not None:
                        demand(isinstance(refusal, Refusal), f"a lot of another size: {refusal!r}")
            await world.submit(world.bench.groups)
            await world.until_final()
            expect("failures", world.failures(), [])

    # ----------------------------------------------------------- promises and comparison

    @rule
    async def test_vouchers_are_signed_the_same_or_not_at_all(self) -> None:
        """Where nothing halts them the same voucher gives the same 65 bytes; else it raises."""
        async with self._open() as world:
            one, voucher = world.settlement, world.bench.voucher
            await one.watch_vouchers([voucher])
            await one.watch_vouchers([voucher])
            if one.halt_reason:
                with raises("signing a voucher", ConfigurationError, SettlementError):
                    await one.sign_voucher(voucher)
                return
            expect(
                "why it could not be signed",
                one.refuse_voucher(voucher.asset, voucher.recipient),
                None,
            )
            signature = await one.sign_voucher(voucher)
            expect("the signature's length", len(signature), _SIGNATURE_BYTES)
            expect("the same voucher signed again", await one.sign_voucher(voucher), signature)
            other = attrs.evolve(voucher, amount=voucher.amount + 1)
            demand(
                await one.sign_voucher(other) != signature, "another voucher, the same signature"
            )

    @rule
    async def test_cancel_receipts_are_signed_the_same_or_not_at_all(self) -> None:
        """The same cancel receipt gives the same 65 bytes, another one others; else it raises."""
        async with self._open() as world:
            one, order = world.settlement, world.bench.groups[0][0].maker
            signed = order.authorization
            receipt = CancelReceipt(
                trader=order.account,
                market=world.bench.groups[0][0].market,
                nonce=1 if signed is None else signed.nonce,
                filled=0,
                sequence=0,
            )
            try:
                signature = await one.sign_cancel_receipt(receipt)
            except (ConfigurationError, SettlementError):
                with raises("signing it again", ConfigurationError, SettlementError):
                    await one.sign_cancel_receipt(receipt)
                return
            expect("the signature's length", len(signature), _SIGNATURE_BYTES)
            again = await one.sign_cancel_receipt(receipt)
            expect("the same cancel receipt signed again", again, signature)
            other = await one.sign_cancel_receipt(attrs.evolve(receipt, filled=1))
            demand(other != signature, "another cancel receipt, the same signature")

    @rule
    async def test_receipts_are_signed_the_same_or_not_at_all(self) -> None:
        """The same receipt gives the same 65 bytes, one for each; a settlement without a key raises."""
        async with self._open() as world:
            one, fill = world.settlement, world.bench.groups[0][0]
            receipt = JournalReceipt(
                kind=ReceiptKind.CANCELED,
                trader=fill.maker.account,
                market=fill.market,
                order_id=fill.maker.order_id,
                quantity=fill.quantity,
                sequence=fill_sequence(fill.fill_id),
                index=0,
                at_ns=fill.at_ns,
                position=1,
                frame_hash=bytes(range(32)),
            )
            other = attrs.evolve(receipt, index=1)
            try:
                signatures = await one.sign_receipts([receipt, other, receipt])
            except ConfigurationError:
                with raises("signing a receipt again", ConfigurationError):
                    await one.sign_receipts([receipt])
                return
            lengths = [len(signature) for signature in signatures]
            expect("lengths of signatures", lengths, 3 * [_SIGNATURE_BYTES])
            expect("the same receipt signed again", signatures[2], signatures[0])
            demand(signatures[1] != signatures[0], "another receipt, the same signature")

    @rule
    async def test_a_voucher_nobody_could_pay_is_refused(self) -> None:
        """In an asset that is not traded, or to nowhere: a Refusal, before its funds are locked."""
        async with self._open() as world:
            one, voucher = world.settlement, world.bench.voucher
            for asset, recipient in ((AssetId("NOTHING"), voucher.recipient), (voucher.asset, "")):
                refusal: object = one.refuse_voucher(asset, recipient)
                demand(isinstance(refusal, Refusal), f"{asset} to {recipient!r}: {refusal!r}")

    @rule
    async def test_an_empty_statement_differs_from_nothing(self) -> None:
        """Compare answers with differences, none of them for a statement that claims nothing, or None."""
        async with self._open() as world:
            statement = Statement(sequence=fill_sequence(FillId(0)), totals=(), claims=())
            answer: tuple[Discrepancy, ...] | None = await world.settlement.compare(statement)
            demand(answer in {None, ()}, f"differences: {answer}")

    @asynccontextmanager
    async def _open(
        self, markets: Sequence[Market] | None = None, *, on_trial: bool = False
    ) -> AsyncIterator["_World"]:
        bench = await made(self.make_settlement())
        if on_trial:
            await bench.settlement.open(bench.markets)
            await bench.settlement.close()
        await bench.settlement.open(bench.markets if markets is None else markets)
        world = _World(bench)
        try:
            yield world
        finally:
            await bench.settlement.close()
            await world.reading


class _World:
    """An open settlement, and all that it told."""

    def __init__(self, bench: SettlementBench) -> None:
        self.bench = bench
        self.settlement = bench.settlement
        self.told: list[Command] = []
        self.all: list[FillId] = []
        self.reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for command in self.settlement.updates():
            self.told.append(command)

    async def submit(self, groups: Sequence[Sequence[MatchedFill]]) -> None:
        """Submit groups as the exchange does, and say how far it came."""
        for fills in groups:
            await self.settlement.submit(fills)
            self.all += [fill.fill_id for fill in fills if fill.fill_id not in self.all]
        self.settlement.reached(fill_sequence(max(self.all)))

    async def turn(self) -> None:
        """Let everybody work for a moment."""
        await asyncio.sleep(_TURN_S)
        await self.bench.advance()

    async def until_final(self) -> None:
        """Let the world go on until every fill is final, or has failed."""
        while not set(self.all) <= set(self.finals()) | set(self.failures()):
            if self.reading.done():
                await self.reading
                raise AssertionError("updates ended while the settlement is open")
            await self.turn()

    def stages(self) -> dict[FillId, list[SettlementStage]]:
        """What each fill went through, in the order in which it was told."""
        found = dict[FillId, list[SettlementStage]]()
        for command in self.told:
            if isinstance(command, ConfirmSettlement):
                for fill in command.fills:
                    found.setdefault(fill, []).append(command.stage)
        return found

    def finals(self) -> dict[FillId, int]:
        """How often each fill was told to be final."""
        found = {fill: stages.count(_FINAL) for fill, stages in self.stages().items()}
        return {fill: times for fill, times in sorted(found.items()) if times}

    def failures(self) -> list[FillId]:
        """Which fills failed."""
        failed = [command for command in self.told if isinstance(command, FailSettlement)]
        return [failure.fill_id for command in failed for failure in command.failures]
