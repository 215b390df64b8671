"""A stage: an exchange's journal, receipts and batches, made by hand so that a test can tamper with them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

import msgspec

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.model.commands import (
    CancelOrder,
    Command,
    ConfirmSettlement,
    Deposit,
    ListMarket,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from hybrid_dex.model.events import EventBatch, FillMade, fresh_events
from hybrid_dex.model.frame import (
    FRAME_VERSION,
    GENESIS_HASH,
    HASH_BYTES,
    Frame,
    FrameKind,
    encode_frame,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.receipts import SignedJournalReceipt, receipts_of
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP, AccountId, FeePpm, OrderId, Price, Quantity
from hybrid_dex.settlement.batching import Group, group_fills, pack_batch
from hybrid_dex.settlement.layout import (
    Batch,
    encode_batch,
    merkle_root,
    new_root,
    trade_ids,
)
from hybrid_dex.signing import Domain, LocalSigner, authorize, journal_receipt_digest
from hybrid_dex.verification import LoggedFrame, SettledBatch, Verdict, verify_log
from hybrid_dex.verification.settled import _digest

MARKET = Market.spot(
    "ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    number=1,
    taker_fee_ppm=500,
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
)
DOMAIN = Domain(chain_id=31337, verifying_contract="0x5FbDB2315678afecb367f032d93F642f64180aa3")
OPERATOR = LocalSigner("0x" + "99" * 32)
TRADERS = tuple(LocalSigner("0x" + f"{number:02x}" * 32) for number in (1, 2, 3))
ALICE, BOB, CAROL = TRADERS
BUY, SELL = Side.BUY, Side.SELL
EPOCH_NS = 1_800_000_000 * 10**9


def shipped() -> Engine:
    return Engine(book=SortedBook, risk=StandardRisk(), requires_signature=True)


class Stage:
    """Commands in, the journal's frames out. Each command has a frame of its own."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.counter = 0
        self.do(ListMarket(market=MARKET))
        for trader in TRADERS:
            self.do(Deposit(account=AccountId(trader.address), asset="USDC", amount=10**12))
            self.do(Deposit(account=AccountId(trader.address), asset="ETH", amount=10**21))

    def do(self, command: Command) -> int:
        """Take a command; return its sequence."""
        self.commands.append(command)
        return len(self.commands)

    def place(
        self,
        trader: LocalSigner,
        side: Side,
        quantity: int,
        price: int,
        time_in_force: TimeInForce = TimeInForce.GTC,
    ) -> int:
        """Take a signed order; return its command's sequence, which its id begins with."""
        return self.do(self.order(trader, side, quantity, price, time_in_force))

    def order(
        self,
        trader: LocalSigner,
        side: Side,
        quantity: int,
        price: int,
        time_in_force: TimeInForce = TimeInForce.GTC,
    ) -> PlaceOrder:
        """A signed order, in a lane of its own."""
        self.counter += 1
        order = SignedOrder(
            trader=AccountId(trader.address),
            market=MARKET,
            side=side,
            time_in_force=time_in_force,
            price=Price(price),
            quantity=Quantity(quantity),
            max_fee_ppm=FeePpm(1_000),
            expiry_s=EPOCH_NS // 10**9 + 86_400,
            nonce=Nonce(self.counter, lane=self.counter % 60_000 + 1),
            signature=b"",
        )
        return PlaceOrder(
            account=order.trader,
            market=MARKET.id,
            side=side,
            price=order.price,
            quantity=order.quantity,
            time_in_force=time_in_force,
            authorization=authorize(trader.sign_order(order, DOMAIN), DOMAIN),
        )

    def replace(self, trader: LocalSigner, sequence: int, *, quantity: int, price: int) -> int:
        """Swap an order that was placed for other terms, signed with the next revision."""
        placed = self.commands[sequence - 1]
        assert isinstance(placed, PlaceOrder)
        assert placed.authorization is not None
        signed = Nonce.unpack(placed.authorization.nonce)
        order = SignedOrder(
            trader=placed.account,
            market=MARKET,
            side=placed.side,
            price=Price(price),
            quantity=Quantity(quantity),
            max_fee_ppm=FeePpm(1_000),
            expiry_s=placed.authorization.expiry_s,
            nonce=msgspec.structs.replace(signed, revision=signed.revision + 1),
            signature=b"",
        )
        return self.do(
            ReplaceOrder(
                account=placed.account,
                order_id=OrderId(sequence << 8),
                price=order.price,
                quantity=order.quantity,
                authorization=authorize(trader.sign_order(order, DOMAIN), DOMAIN),
            )
        )

    def cancel(self, trader: LocalSigner, sequence: int) -> int:
        return self.do(CancelOrder(account=AccountId(trader.address), order_id=sequence << 8))

    def tampered(self, change: Callable[[list[Command]], None]) -> Stage:
        """What the operator shows in place of it: other commands, hashed anew."""
        other = Stage()
        other.commands, other.counter = list(self.commands), self.counter
        change(other.commands)
        return other

    def run(self, make: Callable[[], Engine] = shipped) -> Shown:
        """Journal and apply everything."""
        return Shown(self.commands, make)


class Shown:
    """A journal, what its commands did, and what was given out about it."""

    def __init__(self, commands: Iterable[Command], make: Callable[[], Engine] = shipped) -> None:
        engine = make()
        self.frames: list[LoggedFrame] = []
        self.batches: list[EventBatch] = []
        self.fills: list[tuple[list[MatchedFill], bytes]] = []
        self._hash = GENESIS_HASH
        self._add(FrameKind.EPOCH, (), engine.versions)
        for sequence, command in enumerate(commands, start=1):
            stamped = msgspec.structs.replace(
                command, sequence=sequence, at_ns=EPOCH_NS + sequence * 10**9
            )
            answer = EventBatch(stamped.sequence, stamped.at_ns, engine.apply(stamped))
            batch = EventBatch(answer.sequence, answer.at_ns, fresh_events(answer))
            self._add(FrameKind.COMMANDS, (stamped,), "")
            self.batches.append(batch)
            made = [
                fill
                for event in batch.events
                if isinstance(event, FillMade)
                and (fill := engine.matched_fill(event.fill_id)) is not None
            ]
            if made:
                self.fills.append((made, self._hash))

    def _add(self, kind: FrameKind, commands: tuple[Command, ...], note: str) -> None:
        frame = Frame(
            version=FRAME_VERSION,
            kind=kind,
            epoch=1,
            leader="exchange",
            at_ns=commands[0].at_ns if commands else EPOCH_NS,  # type: ignore[arg-type] # a time
            previous=self._hash,
            commands=commands,
            note=note,
        )
        raw = encode_frame(frame)
        self._hash = raw[-HASH_BYTES:]
        self.frames.append(LoggedFrame(position=len(self.frames) + 1, raw=raw))

    def claimed(self, batches: Sequence[EventBatch] | None = None) -> list[LoggedFrame]:
        """The log with what the operator claims that happened."""
        told = self.batches if batches is None else batches
        return [
            self.frames[0],
            *(
                LoggedFrame(position=frame.position, raw=frame.raw, events=(batch,))
                for frame, batch in zip(self.frames[1:], told, strict=True)
            ),
        ]

    def receipts(
        self, *sequences: int, signer: LocalSigner = OPERATOR
    ) -> list[SignedJournalReceipt]:
        """What the operator signed about some commands, or about all."""
        found = []
        for sequence in sequences or range(1, len(self.batches) + 1):
            frame = self.frames[sequence]
            for receipt in receipts_of(
                self.batches[sequence - 1], frame.position, frame.raw[-HASH_BYTES:]
            ):
                digest = journal_receipt_digest(receipt, MARKET, DOMAIN)
                found.append(
                    SignedJournalReceipt(receipt=receipt, signature=signer.sign_digest(digest))
                )
        return found

    def groups(self) -> list[Group]:
        return [
            group for made, journal_hash in self.fills for group in group_fills(made, journal_hash)
        ]

    def settled(
        self,
        size: int = 3,
        change: Callable[[list[Group]], list[Group]] = lambda groups: groups,
    ) -> list[SettledBatch]:
        """All fills in batches of so many groups, as the contract would have applied them."""
        groups = self.groups()
        chunks = [groups[begin : begin + size] for begin in range(0, len(groups), size)]
        root, done = bytes(32), []
        for number, chunk in enumerate(chunks, start=1):
            batch = pack_batch(
                change(chunk),
                {MARKET.id: MARKET},
                number=number,
                previous_root=root,
                matched_through_s=EPOCH_NS // 10**9,
                up_to=chunk[-1].sequence,
            )
            root = root_after(batch)
            done.append(SettledBatch(data=encode_batch(batch)))
        return done

    def verify(self, **given: object) -> Verdict:
        """Hold it against itself, or against what was given."""
        options: dict[str, object] = {"domain": DOMAIN, "operator": OPERATOR.address}
        frames = given.pop("frames", self.frames)
        return verify_log(frames, **(options | given))  # type: ignore[arg-type] # by name


def root_after(batch: Batch) -> bytes:
    digests = [
        [_digest(entry, MARKET, DOMAIN) for entry in section.orders] for section in batch.sections
    ]
    return new_root(batch, merkle_root(trade_ids(batch, digests)))


def random_stage(rng: random.Random, length: int = 60) -> Stage:
    """A history of all that traders do."""
    stage = Stage()
    placed: list[tuple[LocalSigner, int]] = []
    for _ in range(length):
        roll = rng.randrange(10)
        if roll < 7 or not placed:
            trader = rng.choice(TRADERS)
            kind = rng.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK))
            side, price = rng.choice((BUY, SELL)), rng.randrange(249_990, 250_010)
            placed.append((trader, stage.place(trader, side, rng.randrange(1, 9), price, kind)))
        else:
            trader, sequence = rng.choice(placed)
            if roll < 9:
                stage.cancel(trader, sequence)
            else:
                stage.do(
                    ReduceOrder(
                        account=AccountId(trader.address),
                        order_id=sequence << 8,
                        by=Quantity(rng.randrange(1, 4)),
                    )
                )
    return stage


__all__ = [
    "ALICE",
    "BOB",
    "BUY",
    "CAROL",
    "DOMAIN",
    "MARKET",
    "MAX_FILLS_PER_GROUP",
    "OPERATOR",
    "SELL",
    "ConfirmSettlement",
    "SettlementStage",
    "Shown",
    "Stage",
    "random_stage",
    "root_after",
]
