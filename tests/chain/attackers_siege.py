"""A siege: a mob trades with honest people, block after block, and attacks what was matched.

Everything is real: the engine, the journal, the settlement worker, the node. The mob sees every
match at once, and its transactions pay for a place in front of the batch. The siege only keeps
count; the test says what must hold.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Self

import attrs
import msgspec

from hybrid_dex.exchange import Exchange
from hybrid_dex.exchange.followers import Subscription
from hybrid_dex.model.events import Event, EventBatch, FillMade, FillSettled
from hybrid_dex.model.order import SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId, Amount, FillId, TimestampNs
from hybrid_dex.model.vouchers import SignedCancelReceipt, SignedVoucher
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.signing import LocalSigner, order_digest
from tests.chain.attackers import EVERYTHING, Attacker, redeem
from tests.chain.harness import DELAYS, GIVE_UP_S, Anvil, Trader, World, key

LANES: Final = 4
MIDDLE: Final = 250_000
KINDS: Final = (
    *[SignatureKind.WALLET] * 3,
    *[SignatureKind.SESSION] * 3,
    SignatureKind.BULK,
    SignatureKind.APPROVED,
)
WORDS: Final = (TimeInForce.GTC,) * 4 + (TimeInForce.IOC, TimeInForce.FOK)


@attrs.define
class Raider:
    """Who trades, with a session key beside the own, and knows what to do on chain.

    Attributes:
        trader: signs with the account's own key.
        hand: sends the account's transactions.
        session: the session key.
        approved: orders whose hashes were approved on chain, to be placed later.
        vouchers: what the operator signed, to be redeemed at the worst time.
        receipts: the same, about orders that are dead.
    """

    trader: Trader
    hand: Attacker
    rng: random.Random
    session: LocalSigner
    approved: list[SignedOrder] = attrs.field(factory=list)
    vouchers: list[SignedVoucher] = attrs.field(factory=list)
    receipts: list[SignedCancelReceipt] = attrs.field(factory=list)

    @classmethod
    def of(cls, world: World, number: int, trader: Trader, rng: random.Random) -> Self:
        """The one behind the harness's trader of this number."""
        hand = attrs.evolve(Attacker.of(world, number), careless=True)
        return cls(trader, hand, rng, LocalSigner(key(10_000 + number)))

    def grant(self) -> None:
        """Let the session key trade, for little: budgets run out in the middle of things."""
        rng, now_s = self.rng, self.hand.world.anvil.now_s()
        buy, sell = rng.choice((10**9, 10**11)), rng.choice((500, 50_000))
        market = self.hand.world.market.number
        end_s = now_s + rng.choice((60, 1_000, 86_400))
        self.hand.call("grantSession", self.session.address, market, buy, sell, end_s)

    def revoke_session(self) -> None:
        """Delegate revoke: take everything back from the key."""
        market = self.hand.world.market.number
        self.hand.call("revokeSession", self.session.address, market)

    def approve(self, order: SignedOrder) -> None:
        """Approve an order on chain, as a contract wallet would."""
        bare = msgspec.structs.replace(order, signature=b"", signature_kind=SignatureKind.APPROVED)
        self.hand.call("approveOrder", order_digest(bare, self.trader.domain))
        self.approved.append(bare)

    def revoke_approvals(self) -> None:
        """Delegate revoke: take back what was approved last, placed or not."""
        for order in self.approved[-3:]:
            self.hand.call("revokeApproval", order_digest(order, self.trader.domain))

    def bump_floor(self) -> None:
        """Kill every order signed so far, and some that are not yet."""
        floor = self.trader.counter + self.rng.randrange(1, 30)
        self.hand.call("cancelUpTo", self.hand.world.market.quote.token, floor)
        if self.rng.random() < 0.8:
            self.trader.counter = floor

    def cancel_lane(self) -> None:
        """Kill what a lane holds."""
        nonce = self.trader.counter << 24 | 0xFF << 16 | self.rng.randrange(LANES)
        self.hand.call("cancel", self.hand.world.market.number, nonce)

    def request(self) -> None:
        """Ask for all or some of one token."""
        amount = self.rng.choice((EVERYTHING, 10**18, 10**9))
        self.hand.call("requestWithdrawal", self._token(), amount)

    def take_back(self) -> None:
        """Take a request back, so that the amount trades again."""
        self.hand.call("cancelWithdrawalRequest", self._token())

    def withdraw(self) -> None:
        """Take what may be taken, if anything."""
        self.hand.call("withdraw", self._token(), self.hand.account.address)

    def leave(self) -> None:
        """Exit with everything."""
        market = self.hand.world.market
        self.hand.call("exit", [market.base.token, market.quote.token])

    def come_again(self) -> None:
        """Put into the vault what is in the wallet, and some more."""
        market = self.hand.world.market
        for asset, amount in ((market.base, 5 * 10**18), (market.quote, 20_000 * 10**6)):
            self.hand.call("cancelWithdrawalRequest", asset.token)
            self.hand.token(asset, "mint", self.hand.account.address, amount)
            self.hand.token(asset, "approve", self.hand.world.deployment.contract, EVERYTHING)
            self.hand.call("deposit", asset.token, amount)

    def revoke_allowance(self) -> None:
        """The vault may take nothing of the wallet's any more."""
        for asset in (self.hand.world.market.base, self.hand.world.market.quote):
            self.hand.token(asset, "approve", self.hand.world.deployment.contract, 0)

    def flip(self) -> None:
        """Become a contract, or stop being one."""
        self.hand.set_code(self.rng.choice((self.hand.world.deployment.contract, "0x" + "00" * 20)))

    def redeem(self) -> None:
        """Voucher drain: take what the operator signed for, again if it was taken."""
        for signed in self.rng.sample(self.vouchers, min(2, len(self.vouchers))):
            redeem(self.hand, signed)

    def show_receipt(self) -> None:
        """Cancel at once what the operator called dead, and whatever shared its lane."""
        for signed in self.receipts[-2:]:
            receipt, market = signed.receipt, self.hand.world.market
            terms = (
                receipt.trader,
                market.number,
                receipt.nonce,
                receipt.filled,
                receipt.sequence,
            )
            self.hand.call("cancelWithReceipt", terms, signed.signature)

    def _token(self) -> str | None:
        market = self.hand.world.market
        return self.rng.choice((market.base, market.quote)).token


Move = Callable[[Raider], None]
MOVES: Final[dict[str, tuple[Move, int]]] = {
    "nonce bump": (Raider.bump_floor, 3),
    "cancel": (Raider.cancel_lane, 3),
    "request": (Raider.request, 3),
    "request taken back": (Raider.take_back, 1),
    "withdraw": (Raider.withdraw, 3),
    "exit": (Raider.leave, 2),
    "deposit": (Raider.come_again, 3),
    "allowance revoke": (Raider.revoke_allowance, 1),
    "wallet flip": (Raider.flip, 1),
    "grant": (Raider.grant, 3),
    "session revoke": (Raider.revoke_session, 3),
    "approval revoke": (Raider.revoke_approvals, 2),
    "voucher": (Raider.redeem, 5),
    "receipt": (Raider.show_receipt, 5),
}
"""Each with how often it is chosen."""


@attrs.define
class Watch:
    """The exchange's clock: it follows the chain, and does not step back when that does."""

    anvil: Anvil
    ahead_s: int = 5
    reached_s: int = 0

    def now_ns(self) -> TimestampNs:
        """A little after the newest block there ever was."""
        self.reached_s = max(self.reached_s, self.anvil.now_s())
        return TimestampNs((self.reached_s + self.ahead_s) * 10**9)

    async def sleep(self, seconds: float) -> None:
        """Let the others run."""
        await asyncio.sleep(min(seconds, 0.005))


@attrs.define
class Fate:
    """What became of a fill.

    Attributes:
        honest: whether one of its sides is an honest trader's.
        matched_s: when it was matched, Unix seconds.
        settled_s: when it was last seen in a block.
        stages: as told, in order.
    """

    honest: bool
    matched_s: float
    settled_s: float = 0.0
    stages: list[SettlementStage] = attrs.field(factory=list)


@attrs.define
class Siege:
    """Block after block of it."""

    world: World
    clock: Watch
    running: Exchange
    settlement: EvmSettlement
    told: Subscription
    honest: list[Raider]
    mob: list[Raider]
    rng: random.Random
    fates: dict[FillId, Fate] = attrs.field(factory=dict)
    moves: Counter[str] = attrs.field(factory=Counter)
    told_of: Counter[str] = attrs.field(factory=Counter)

    async def block(self) -> None:
        """Trade, attack, mine, and let settlement see it."""
        rng = self.rng
        orders = [order for each in self.honest for _ in range(2) for order in self.orders(each)]
        for raider in self.mob:
            if rng.random() < 0.7:
                orders += self.orders(raider, eager=True)
        rng.shuffle(orders)
        await self.running.place_many(orders)
        for raider in self.mob:
            if rng.random() < 0.2:
                await self.ask_for_promises(raider)
        attacked = self.take()
        early = rng.random() < 0.5
        if early:
            self.attack(attacked)
        await self.batch_is_sent()
        if not early:
            self.attack(attacked)
        if rng.random() < 0.05:
            await self.stall()
        self.mine(rng.choice((1, 2, 4, 12, 12, 12, 25)))
        if rng.random() < 0.1:
            self.reorganise(rng.randrange(1, 4))
        await self.followed()
        self.take()

    async def ask_for_promises(self, raider: Raider) -> None:
        """Have the operator sign a voucher, and that an order is dead."""
        rng, account, view = self.rng, raider.trader.account, self.running.view
        asset = rng.choice((self.world.market.base, self.world.market.quote))
        most = view.balance(account, asset.id).available
        if most > 0:
            voucher = await self.running.issue_voucher(
                account,
                asset.id,
                Amount(rng.randrange(1, most + 1)),
                deadline_s=self.clock.now_ns() // 10**9 + rng.choice((20, 60, 600)),
            )
            if isinstance(voucher, SignedVoucher):
                raider.vouchers.append(voucher)
        for order in view.open_orders(account)[:2]:
            answer = await self.running.cancel(account, order.order_id)
            if isinstance(answer, EventBatch):
                receipt = await self.running.cancel_receipt(order.order_id, answer)
                if isinstance(receipt, SignedCancelReceipt):
                    raider.receipts.append(receipt)

    def orders(self, raider: Raider, *, eager: bool = False) -> list[SignedOrder]:
        """What one places now: an order signed in one of four ways, or some in a tree."""
        rng, trader, domain = self.rng, raider.trader, raider.trader.domain
        kind = rng.choice(KINDS)
        order = self._order(trader, eager=eager)
        if kind is SignatureKind.SESSION:
            return [raider.session.sign_session_order(order, domain)]
        if kind is SignatureKind.BULK:
            others = [self._order(trader, eager=eager) for _ in range(rng.randrange(3))]
            return list(trader.signer.sign_bulk([order, *others], domain))
        if kind is SignatureKind.APPROVED:
            raider.approve(order)
            return [rng.choice(raider.approved)]  # most are not final yet, and refused
        return [order]

    def _order(self, trader: Trader, *, eager: bool) -> SignedOrder:
        rng = self.rng
        side = rng.choice((Side.BUY, Side.SELL))
        edge = rng.randrange(0, 5) if eager else -rng.randrange(0, 4)
        order = trader.order(
            self.world.market,
            side,
            MIDDLE + (edge if side is Side.BUY else -edge),
            rng.choice((1, 7, rng.randrange(1, 2_000))),
            lane=rng.randrange(LANES if eager else 20 * LANES),
            time_in_force=rng.choice(WORDS) if eager else TimeInForce.GTC,
            expiry_s=self.world.anvil.now_s() + rng.choice((8, 30, 400, 86_400)),
        )
        return msgspec.structs.replace(order, self_trade=rng.choice(tuple(SelfTradeMode)))

    def attack(self, accounts: set[AccountId]) -> None:
        """Let those whose orders were matched undo it, and a few others do what they like."""
        for raider in self.mob:
            threatened = raider.trader.account in accounts
            if self.rng.random() > (0.8 if threatened else 0.1):
                continue
            weights = [weight for _, weight in MOVES.values()]
            for name in self.rng.choices(list(MOVES), weights, k=self.rng.randrange(1, 4)):
                MOVES[name][0](raider)
                self.moves[name] += 1

    def mine(self, seconds: int) -> None:
        """Mine what is in the pool, some seconds later."""
        self.clock.now_ns()
        rpc = self.world.anvil.rpc
        rpc("evm_setNextBlockTimestamp", self.clock.reached_s + seconds)
        rpc("evm_mine")

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by empty ones: what was in them is in no pool any more."""
        self.world.anvil.rpc("anvil_reorg", depth, [])
        self.mine(1)
        for each in (*self.mob, *self.honest):
            each.hand.refresh()
        self.moves["reorganisation"] += 1

    async def stall(self) -> None:
        """The chain stands still for longer than WATCH_LAG: nothing may be matched meanwhile."""
        before = self.clock.ahead_s
        self.clock.ahead_s = DELAYS.watch_lag_s + 30
        fills = len(self.fates)
        await self.running.place_many(
            [self._order(each.trader, eager=True) for each in self.honest]
        )
        self.take()
        assert len(self.fates) == fills, "matched while the chain stood still"
        self.mine(DELAYS.watch_lag_s + 30)
        self.clock.ahead_s = before
        self.moves["stall"] += 1

    async def batch_is_sent(self) -> None:
        """Wait until what was matched is in the pool, or can not be now."""
        for _ in range(400):
            stages = [self.running.view.settlement_stage(fill) for fill in self.open()]
            health = self.settlement.health()
            if SettlementStage.MATCHED not in stages or health.error:
                return
            await asyncio.sleep(0.005)

    async def drain(self) -> None:
        """Mine until every fill is final or failed, and everything is told."""
        give_up = time.monotonic() + GIVE_UP_S
        while self.open() or self.settlement.health().undelivered:
            assert time.monotonic() < give_up, self.settlement.health()
            await self.batch_is_sent()
            self.mine(4)
            await self.followed()
            self.take()

    async def followed(self) -> None:
        """Wait until settlement read the newest block."""
        await self.world.until(
            lambda: self.settlement.health().head_block >= self.world.anvil.height(), mine=False
        )

    def open(self) -> list[FillId]:
        """Fills that are neither final nor failed."""
        over = (SettlementStage.FINAL, SettlementStage.FAILED)
        return [
            f for f, fate in self.fates.items() if not fate.stages or fate.stages[-1] not in over
        ]

    def take(self) -> set[AccountId]:
        """Take what was told since the last time; return who traded."""
        traded: set[AccountId] = set()
        for batch in self.told.take():
            for event in batch.events:
                self.told_of[type(event).__name__] += 1
                traded |= self._note(event, batch.at_ns / 10**9)
        return traded

    def _note(self, event: Event, at_s: float) -> set[AccountId]:
        honest = {each.trader.account for each in self.honest}
        if isinstance(event, FillMade):
            sides = {event.maker, event.taker}
            self.fates[event.fill_id] = Fate(bool(sides & honest), at_s)
            return sides
        if isinstance(event, FillSettled):
            fate = self.fates[event.fill_id]
            fate.stages.append(event.stage)
            if event.stage is SettlementStage.CONFIRMED:
                fate.settled_s = at_s
        return set()
