"""Ledger of facts: which facts of the followed blocks count, and what the engine is told.

Pure. It is fed the facts of one block after another and answers with commands. It must never tell
as final what can still go away, and never forget what a user did on chain.

Two rules decide when a fact counts:

- What *adds* (a deposit, a session's budget, an approval, a paid withdrawal or voucher, a request
  taken back) counts once its block is final. Its position, ``block << 24 | log index``, lets the
  engine refuse a repeat.
- What *weakens* an order or a balance (a requested withdrawal, a canceled lane, a cancel by
  receipt, a raised floor, a revoked session or approval, a closing market) counts in the newest
  block already: the contract gives settlement only so long to see it, and a receipt acts at once.
  A revocation carries its own position, so that what it revokes stays dead when that becomes final
  later. A market that closes on chain is halted; only an operator opens it again.

So the amount that an account can not trade is the largest that any prefix of the blocks that are
not final would ask for: a new request counts at once, its end only when final. A reorganisation
that takes a request away gives the amount back, unless the request came again in the same look.

A voucher ends when the vault paid it, or when a final block is past its deadline and none paid it.

A token may be listed on chain before a market of the exchange names it. What happens to it then
is remembered, final facts only, and told when the token has a name, at a start or by `name`; the
position is then that of the telling, above everything that the engine knows. The facts of blocks
that are not final are named where they stand, and count by the rules above.

The same holds of session keys in a market that is not listed here yet: what is left of their
grants is remembered, and told when the market is listed.

`owed` follows what the vault must owe by the facts alone. When the contract says otherwise, a node
left out a log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import attrs
import msgspec

from hybrid_dex.model.commands import (
    ApproveOrder,
    Command,
    CompleteWithdrawal,
    Deposit,
    ExpireVoucher,
    GrantSession,
    RaiseFloor,
    RedeemVoucher,
    RequestWithdrawal,
    RevokeApproval,
    RevokeLane,
    RevokeSession,
    SetMarketState,
)
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.units import MAX_AMOUNT, AccountId, Amount, AssetId, MarketId, Quantity
from hybrid_dex.model.vouchers import Voucher
from hybrid_dex.settlement.facts import (
    ApprovalRevokedSeen,
    CanceledByReceiptSeen,
    DepositSeen,
    Fact,
    FeesWithdrawnSeen,
    FloorSeen,
    LaneCanceledSeen,
    MarketClosingSeen,
    OrderApprovedSeen,
    RequestCanceledSeen,
    RequestSeen,
    SessionGrantedSeen,
    SessionRevokedSeen,
    VoucherRedeemedSeen,
    WithdrawnSeen,
    position,
)

__all__ = ["Ledger", "LedgerState", "market_names", "moved", "token_names", "unlisted_market"]

_ENDED_KEPT: Final = 1 << 14
"""So many ended vouchers are remembered: far more than end while the engine takes one command."""
_LATE_LOG: Final = 1 << 23
"""Log indexes from here on are no log's: the places of what is told late, in a final block."""

_Key: TypeAlias = tuple[AccountId, AssetId]
_SessionKey: TypeAlias = tuple[AccountId, AccountId, MarketId]
_RequestFact: TypeAlias = RequestSeen | RequestCanceledSeen | WithdrawnSeen


class LedgerState(msgspec.Struct):
    """What of a `Ledger` must survive a restart.

    Attributes:
        requested: open requests by the final blocks: account, asset, amount.
        told: what the engine was last told about each.
        owed: what the vault owes by the facts of the final blocks.
        unproven: the assets of which the contract has not said the same yet.
        nameless: what accounts brought in, or took out, of tokens that have no name here yet.
        nameless_lanes: the keys up to which lane 0 was canceled for such a base token.
        nameless_floors: the floors for such a quote token.
        late: the highest position that was made up for something told late.
        unlisted: grants in markets that are not listed here: account, key, market, what it may
            spend and sell, and its expiry.
    """

    requested: list[tuple[AccountId, AssetId, Amount]] = []
    told: list[tuple[AccountId, AssetId, Amount]] = []
    owed: dict[AssetId, int] = {}
    unproven: list[AssetId] = []
    nameless: list[tuple[AccountId, AssetId, int]] = []
    nameless_lanes: list[tuple[AccountId, AssetId, int]] = []
    nameless_floors: list[tuple[AccountId, AssetId, int]] = []
    late: int = 0
    unlisted: list[tuple[AccountId, AccountId, MarketId, int, int, int]] = []


class Ledger:
    """Facts of the followed blocks, and what they mean to the engine.

    Call `see` for every accepted block, `forget` for every dropped one, `final` for every final
    one, each in order, and `changes` after each look at the chain.

    Args:
        state: what an earlier run stored.
        names: the configured assets by token address. A fact names a token without a name by its
            address; ``None`` takes every asset as known.
        markets: the listed markets by what they are called unlisted; ``None`` takes every one as
            listed.
    """

    def __init__(
        self,
        state: LedgerState,
        names: Mapping[str, AssetId] | None = None,
        markets: Mapping[MarketId, MarketId] | None = None,
    ) -> None:
        self._known = None if names is None else frozenset[AssetId]()
        self._listed = None if markets is None else frozenset[MarketId]()
        self._requested: dict[_Key, int] = {(a, s): n for a, s, n in state.requested}
        self._told: dict[_Key, int] = {(a, s): n for a, s, n in state.told}
        self._owed = dict(state.owed)
        self.unproven = set(state.unproven)
        self._nameless = {(a, s): n for a, s, n in state.nameless}
        self._lanes = {(a, s): n for a, s, n in state.nameless_lanes}
        self._floors = {(a, s): n for a, s, n in state.nameless_floors}
        self._late = state.late
        self._grants: dict[_SessionKey, tuple[int, int, int]] = {
            (account, key, market): (buys, sells, expiry_s)
            for account, key, market, buys, sells, expiry_s in state.unlisted
        }
        self._blocks: list[tuple[Fact, ...]] = []
        self._head = 0
        self._dirty: set[_Key] = set()
        self.name({} if names is None else names, {} if markets is None else markets)
        self._vouchers: dict[tuple[AccountId, int], Voucher] = {}
        self._ended: dict[tuple[AccountId, int], None] = {}

    @property
    def state(self) -> LedgerState:
        """What must be stored to go on from the final block."""
        return LedgerState(
            requested=[(a, s, Amount(n)) for (a, s), n in sorted(self._requested.items())],
            told=[(a, s, Amount(n)) for (a, s), n in sorted(self._told.items())],
            owed=dict(sorted(self._owed.items())),
            unproven=sorted(self.unproven),
            nameless=_rows(self._nameless),
            nameless_lanes=_rows(self._lanes),
            nameless_floors=_rows(self._floors),
            late=self._late,
            unlisted=[(*key, *limits) for key, limits in sorted(self._grants.items())],
        )

    @property
    def known(self) -> frozenset[AssetId]:
        """The assets that have a name here."""
        return self._known or frozenset()

    @property
    def nameless(self) -> frozenset[str]:
        """The addresses of tokens with balances in the vault that no market here names."""
        return frozenset(asset for (_, asset), n in self._nameless.items() if n)

    def name(
        self, names: Mapping[str, AssetId], markets: Mapping[MarketId, MarketId] | None = None
    ) -> list[Command]:
        """Know tokens and markets by their names from now on; return what the engine must know at once.

        Between two looks only. What is remembered of them is told by the next `changes`.
        """
        markets = {} if markets is None else markets
        if self._known is not None:
            self._known |= frozenset(names.values())
        if self._listed is not None:
            self._listed |= frozenset(markets.values())
        self._grants = {
            (account, key, markets.get(market, market)): limits
            for (account, key, market), limits in self._grants.items()
        }
        self._requested = _named(self._requested, names)
        self._nameless = _named(self._nameless, names)
        self._lanes, self._floors = _named(self._lanes, names), _named(self._floors, names)
        self._owed = {names.get(asset, asset): amount for asset, amount in self._owed.items()}
        self.unproven = {names.get(asset, asset) for asset in self.unproven}
        self._dirty |= self._requested.keys() | self._told.keys()
        commands: list[Command] = []
        lowest = self._head - len(self._blocks) + 1
        for index, facts in enumerate(self._blocks):
            self._blocks[index] = tuple(_named_fact(fact, names, markets) for fact in facts)
            self._touch(self._blocks[index])
            for before, fact in zip(facts, self._blocks[index], strict=True):
                # It was passed over as long as its asset or market had no name.
                command = None if fact is before else self._revocation(fact, lowest + index)
                if command is not None:
                    commands.append(command)
        return commands

    # Blocks

    def see(self, facts: tuple[Fact, ...], block: int) -> list[Command]:
        """Take the facts of the new head; return what the engine must know at once."""
        self._blocks.append(facts)
        self._head = block
        self._touch(facts)
        commands: list[Command] = []
        for fact in facts:
            command = self._revocation(fact, block)
            if command is not None:
                commands.append(command)
        return commands

    def forget(self) -> tuple[Fact, ...]:
        """Drop the head's facts and return them. What was revoked stays so: its owner asked."""
        facts = self._blocks.pop()
        self._head -= 1
        self._touch(facts)
        return facts

    def final(self, block: int) -> tuple[tuple[Fact, ...], list[Command]]:
        """Take the lowest block's facts as final; return them and what the engine must know."""
        facts = self._blocks.pop(0)
        self._touch(facts)
        commands: list[Command] = []
        for fact in facts:
            self._book(fact)
            command = self._addition(fact, position(block, fact.log))
            if command is not None:
                commands.append(command)
        return facts, commands

    def changes(self, block: int) -> list[Command]:
        """Return what follows from all facts together, as of a final block.

        The requests whose amount is no longer what the engine was told, and what was remembered of
        tokens that have a name now.
        """
        commands = self._late_commands(block)
        for key in sorted(self._dirty):
            if not self._is_known(key[1]):
                continue
            wanted = self._reserve(key)
            if wanted != self._told.get(key, 0):
                account, asset = key
                commands.append(
                    RequestWithdrawal(account=account, asset=asset, amount=Amount(wanted))
                )
                if wanted:
                    self._told[key] = wanted
                else:
                    del self._told[key]
        self._dirty.clear()
        return commands

    def waiting(self) -> Iterator[int]:
        """Yield when each request was made that is not final yet, Unix seconds."""
        for facts in self._blocks:
            for fact in facts:
                if isinstance(
                    fact,
                    RequestSeen
                    | LaneCanceledSeen
                    | FloorSeen
                    | MarketClosingSeen
                    | SessionRevokedSeen
                    | ApprovalRevokedSeen,
                ):
                    yield fact.requested_at_s

    # Vouchers

    def watch(self, vouchers: Iterable[Voucher]) -> None:
        """Remember open vouchers until they end. A repeat changes nothing.

        The engine may still call open what has just ended: it has not taken that yet.
        """
        for voucher in vouchers:
            key = (voucher.account, voucher.salt)
            if key not in self._ended:
                self._vouchers.setdefault(key, voucher)

    def end(self, account: AccountId, salt: int) -> None:
        """A voucher was paid or has expired, which the engine may hear of later."""
        self._vouchers.pop((account, salt), None)
        self._ended[account, salt] = None
        if len(self._ended) > _ENDED_KEPT:
            del self._ended[next(iter(self._ended))]

    def overdue(self, time_s: int) -> tuple[Voucher, ...]:
        """Return the vouchers that no block at or after this final time can pay."""
        return tuple(
            voucher for _, voucher in sorted(self._vouchers.items()) if voucher.deadline_s < time_s
        )

    def expire(self, voucher: Voucher) -> ExpireVoucher:
        """End an overdue voucher that no final block paid."""
        self.end(voucher.account, voucher.salt)
        return ExpireVoucher(account=voucher.account, asset=voucher.asset, salt=voucher.salt)

    # What the vault owes

    def owed(self) -> dict[AssetId, int]:
        """Return what the vault owes by all facts up to the head, of assets with a beginning."""
        return moved(self._owed, (fact for facts in self._blocks for fact in facts))

    def begin(self, owed: Mapping[AssetId, int]) -> None:
        """Take what the vault is believed to owe at the head as the beginning for these assets."""
        nothing = dict.fromkeys(owed, 0)
        since = moved(nothing, (fact for facts in self._blocks for fact in facts))
        self._owed |= {asset: amount - since[asset] for asset, amount in owed.items()}
        self.unproven |= owed.keys()

    # One fact

    def _revocation(self, fact: Fact, block: int) -> Command | None:
        match fact:
            case LaneCanceledSeen() | CanceledByReceiptSeen():
                if not self._is_known(fact.asset):
                    return None
                return RevokeLane(
                    account=fact.account, asset=fact.asset, lane=fact.lane, key=fact.key
                )
            case FloorSeen():
                if not self._is_known(fact.asset):
                    return None
                return RaiseFloor(account=fact.account, asset=fact.asset, floor=fact.floor)
            case MarketClosingSeen():
                return SetMarketState(market=fact.market, state=MarketState.HALTED)
            case SessionRevokedSeen() if self._is_listed(fact.market):
                return RevokeSession(
                    account=fact.account,
                    key=fact.key,
                    market=fact.market,
                    position=position(block, fact.log),
                )
            case ApprovalRevokedSeen():
                return RevokeApproval(
                    account=fact.account,
                    order_hash=fact.order_hash,
                    position=position(block, fact.log),
                )
            case _:
                return None

    def _addition(self, fact: Fact, at: int) -> Command | None:
        match fact:
            case DepositSeen() | WithdrawnSeen() if not self._is_known(fact.asset):
                return None
            case DepositSeen():
                return Deposit(
                    account=fact.account, asset=fact.asset, amount=fact.amount, position=at
                )
            case WithdrawnSeen():
                return CompleteWithdrawal(
                    account=fact.account, asset=fact.asset, amount=fact.amount, position=at
                )
            case VoucherRedeemedSeen() if self._is_known(fact.asset):
                self.end(fact.account, fact.salt)
                return RedeemVoucher(
                    account=fact.account,
                    asset=fact.asset,
                    amount=fact.amount,
                    salt=fact.salt,
                    position=at,
                )
            case SessionGrantedSeen() if self._is_listed(fact.market):
                return GrantSession(
                    account=fact.account,
                    key=fact.key,
                    market=fact.market,
                    buy_budget=Amount(fact.buy_budget),
                    sell_budget=Quantity(fact.sell_budget),
                    expiry_s=fact.expiry_s,
                    position=at,
                )
            case OrderApprovedSeen():
                return ApproveOrder(account=fact.account, order_hash=fact.order_hash, position=at)
            case _:
                return None

    def _book(self, fact: Fact) -> None:
        """Keep what a final fact leaves behind."""
        self._owed = moved(self._owed, (fact,))
        match fact:
            case RequestSeen() | RequestCanceledSeen() | WithdrawnSeen():
                key = (fact.account, fact.asset)
                self._requested.pop(key, None)
                if isinstance(fact, RequestSeen):
                    self._requested[key] = fact.amount
                elif isinstance(fact, WithdrawnSeen):
                    self._take_told(key, fact.amount)
            case LaneCanceledSeen() | CanceledByReceiptSeen() if fact.asset is not None:
                _keep_highest(self._lanes, (fact.account, fact.asset), fact.key, self._known)
            case FloorSeen():
                _keep_highest(self._floors, (fact.account, fact.asset), fact.floor, self._known)
            case SessionGrantedSeen() | SessionRevokedSeen():
                self._book_session(fact)
            case _:
                pass
        if isinstance(fact, DepositSeen | WithdrawnSeen | VoucherRedeemedSeen) and (
            not self._is_known(fact.asset)
        ):
            key = (fact.account, fact.asset)
            signed = fact.amount if isinstance(fact, DepositSeen) else -fact.amount
            left = self._nameless.pop(key, 0) + signed
            if left:
                self._nameless[key] = left

    def _book_session(self, fact: SessionGrantedSeen | SessionRevokedSeen) -> None:
        """Keep what a key may do in a market that is not listed; a revocation leaves nothing."""
        session = (fact.account, fact.key, fact.market)
        if isinstance(fact, SessionRevokedSeen):
            self._grants.pop(session, None)
        elif not self._is_listed(fact.market):
            buys, sells, expiry_s = self._grants.get(session, (0, 0, 0))
            self._grants[session] = (
                buys + fact.buy_budget,
                sells + fact.sell_budget,
                max(expiry_s, fact.expiry_s),
            )

    # Tokens and markets that got a name

    def _late_commands(self, block: int) -> list[Command]:
        """Tell what was remembered of tokens and markets that have a name now, once."""
        commands: list[Command] = []
        for key in [key for key in sorted(self._nameless) if self._is_known(key[1])]:
            account, asset = key
            amount = self._nameless.pop(key)
            at = self._late_place(block)
            kind = Deposit if amount > 0 else CompleteWithdrawal
            commands.append(
                kind(account=account, asset=asset, amount=Amount(abs(amount)), position=at)
            )
        for key in [key for key in sorted(self._lanes) if self._is_known(key[1])]:
            account, asset = key
            highest = self._lanes.pop(key)
            commands.append(RevokeLane(account=account, asset=asset, lane=0, key=highest))
        for key in [key for key in sorted(self._floors) if self._is_known(key[1])]:
            account, asset = key
            commands.append(RaiseFloor(account=account, asset=asset, floor=self._floors.pop(key)))
        return commands + self._late_grants(block)

    def _late_grants(self, block: int) -> list[Command]:
        commands: list[Command] = []
        for session in [one for one in sorted(self._grants) if self._is_listed(one[2])]:
            account, key, market = session
            buys, sells, expiry_s = self._grants.pop(session)
            commands.append(
                GrantSession(
                    account=account,
                    key=key,
                    market=market,
                    buy_budget=Amount(buys),
                    sell_budget=Quantity(sells),
                    expiry_s=expiry_s,
                    position=self._late_place(block),
                )
            )
        return commands

    def _late_place(self, block: int) -> int:
        """Return the next place of what is told late."""
        self._late = max(self._late + 1, position(block, _LATE_LOG))
        return self._late

    def _is_listed(self, market: MarketId) -> bool:
        return self._listed is None or market in self._listed

    def _is_known(self, asset: AssetId | None) -> bool:
        return self._known is None or asset is None or asset in self._known

    # Requests

    def _take_told(self, key: _Key, paid: int) -> None:
        """A payment takes from what the engine put aside; the rest stays there until told."""
        left = self._told.pop(key, 0) - paid
        if left > 0:
            self._told[key] = left

    def _touch(self, facts: Iterable[Fact]) -> None:
        self._dirty.update((fact.account, fact.asset) for fact in _requests(facts))

    def _reserve(self, key: _Key) -> int:
        requested, paid = self._requested.get(key, 0), 0
        most = requested
        for facts in self._blocks:
            for fact in _requests(facts):
                if (fact.account, fact.asset) != key:
                    continue
                requested = fact.amount if isinstance(fact, RequestSeen) else 0
                if isinstance(fact, WithdrawnSeen):
                    paid += fact.amount
                most = max(most, requested + paid)
        return min(most, MAX_AMOUNT)


def token_names(*markets: Market) -> dict[str, AssetId]:
    """Return the markets' assets by their tokens' addresses."""
    assets = (asset for market in markets for asset in (market.base, market.quote))
    return {asset.token: asset.id for asset in assets if asset.token is not None}


def market_names(*markets: Market) -> dict[MarketId, MarketId]:
    """Return the markets' symbols by what they were called before they were listed."""
    return {unlisted_market(market.number): market.id for market in markets}


def unlisted_market(number: int) -> MarketId:
    """Return what a market of the contract is called that is not listed here."""
    return MarketId(f"number {number}")


def _requests(facts: Iterable[Fact]) -> Sequence[_RequestFact]:
    return [
        fact
        for fact in facts
        if isinstance(fact, RequestSeen | RequestCanceledSeen | WithdrawnSeen)
    ]


def moved(owed: Mapping[AssetId, int], facts: Iterable[Fact]) -> dict[AssetId, int]:
    """Return what the vault owes after some facts, of the assets that are given."""
    after = dict(owed)
    for fact in facts:
        if isinstance(fact, DepositSeen) and fact.asset in after:
            after[fact.asset] += fact.amount
        elif (
            isinstance(fact, WithdrawnSeen | VoucherRedeemedSeen | FeesWithdrawnSeen)
            and fact.asset in after
        ):
            after[fact.asset] -= fact.amount
    return after


def _keep_highest(
    kept: dict[_Key, int], key: _Key, value: int, known: frozenset[AssetId] | None
) -> None:
    if known is not None and key[1] not in known:
        kept[key] = max(value, kept.get(key, 0))


def _named(kept: Mapping[_Key, int], names: Mapping[str, AssetId]) -> dict[_Key, int]:
    return {(account, names.get(asset, asset)): n for (account, asset), n in kept.items()}


def _named_fact(
    fact: Fact, names: Mapping[str, AssetId], markets: Mapping[MarketId, MarketId]
) -> Fact:
    """Return a fact under the name that its token or market has now, or the same one."""
    market: MarketId | None = getattr(fact, "market", None)
    if market is not None and market in markets:
        return attrs.evolve(fact, market=markets[market])  # type: ignore[arg-type] # it has the field
    asset: AssetId | None = getattr(fact, "asset", None)
    if asset is None or asset not in names:
        return fact
    return attrs.evolve(fact, asset=names[asset])  # type: ignore[arg-type] # it has the field


def _rows(kept: Mapping[_Key, int]) -> list[tuple[AccountId, AssetId, int]]:
    return [(account, asset, value) for (account, asset), value in sorted(kept.items())]
