"""Ledger: who owns what, in double entry.

Every posting takes from one place exactly what it gives to another, so the sum per asset over
accounts and fees always equals what the vault holds; `check` adds everything up for tests and
snapshots. Nothing here knows orders or decides whether somebody may do something.

In flight: a fill moves funds at once, the chain follows later. `incoming` and `outgoing` say how
much of that the chain has not shown yet, so that both sides can be compared at any time:
``on chain = available + held + withdrawing + vouchers + outgoing - incoming``.
"""

import msgspec

from hybrid_dex.errors import InvariantError
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.units import AccountId, Amount, AssetId
from hybrid_dex.model.views import Balance

__all__ = ["Entry", "Ledger"]


class Entry(msgspec.Struct, gc=False, array_like=True):
    """One account's funds in one asset, atoms; see `Balance` for the words."""

    available: int = 0
    held: int = 0
    withdrawing: int = 0
    incoming: int = 0
    outgoing: int = 0
    vouchers: int = 0

    def settled(self) -> int:
        """What could leave now: available, and still there if nothing in flight arrived."""
        return min(self.available, self.available + self.held - self.incoming)


class Ledger:
    """All entries, the fees collected and the vault's totals."""

    __slots__ = ("_accounts", "fees", "fees_in_flight", "vault")

    def __init__(self) -> None:
        self._accounts: dict[AccountId, dict[AssetId, Entry]] = {}
        self.vault: dict[AssetId, int] = {}
        self.fees: dict[AssetId, int] = {}
        self.fees_in_flight: dict[AssetId, int] = {}

    def find(self, account: AccountId, asset: AssetId) -> Entry | None:
        """Return an entry that exists."""
        entries = self._accounts.get(account)
        return None if entries is None else entries.get(asset)

    def entry(self, account: AccountId, asset: AssetId) -> Entry:
        """Return an entry, opening it when it is the first. Part of a posting, not of a look."""
        entries = self._accounts.get(account)
        if entries is None:
            entries = self._accounts[account] = {}
        entry = entries.get(asset)
        if entry is None:
            entry = entries[asset] = Entry()
        return entry

    def available(self, account: AccountId, asset: AssetId) -> int:
        """Return what can be traded now."""
        entries = self._accounts.get(account)
        entry = None if entries is None else entries.get(asset)
        return 0 if entry is None else entry.available

    def is_short(self, account: AccountId) -> bool:
        """Return whether anything available is below zero."""
        return any(entry.available < 0 for entry in self._accounts.get(account, {}).values())

    def balance(self, account: AccountId, asset: AssetId) -> Balance:
        """Return an entry as a value; zeros when there is none."""
        entry = self.find(account, asset) or Entry()
        return Balance(
            asset,
            Amount(entry.available),
            Amount(entry.held),
            Amount(entry.withdrawing),
            Amount(entry.incoming),
            Amount(entry.outgoing),
            Amount(entry.vouchers),
        )

    def balances(self, account: AccountId) -> tuple[Balance, ...]:
        """Return every asset the account ever had, by symbol."""
        return tuple(
            self.balance(account, asset) for asset in sorted(self._accounts.get(account, ()))
        )

    @property
    def account_count(self) -> int:
        """How many accounts ever had funds."""
        return len(self._accounts)

    def accounts(self) -> tuple[AccountId, ...]:
        """Return every account that ever had funds, sorted."""
        return tuple(sorted(self._accounts))

    def rows(self) -> list[tuple[AccountId, AssetId, Entry]]:
        """Return all entries, sorted by account and asset."""
        return [
            (account, asset, entries[asset])
            for account, entries in sorted(self._accounts.items())
            for asset in sorted(entries)
        ]

    def put(self, account: AccountId, asset: AssetId, entry: Entry) -> None:
        """Take an entry of a snapshot."""
        self._accounts.setdefault(account, {})[asset] = entry

    # ---------------------------------------------------------------- postings

    def deposit(self, account: AccountId, asset: AssetId, amount: int) -> Entry:
        """Vault grows, the account's available funds grow."""
        entry = self.entry(account, asset)
        self.vault[asset] = self.vault.get(asset, 0) + amount
        entry.available += amount
        return entry

    def withdraw(self, account: AccountId, asset: AssetId, amount: int) -> Entry:
        """The account's available funds shrink, the vault shrinks."""
        return self.deposit(account, asset, -amount)

    def hold(self, account: AccountId, asset: AssetId, amount: int) -> None:
        """Move from available to held; back when negative. The entry is there: it was looked at."""
        entry = self._accounts[account][asset]
        entry.available -= amount
        entry.held += amount

    def hold_if_available(self, account: AccountId, asset: AssetId, amount: int) -> bool:
        """Move from available to held where there is as much; return whether there was."""
        entries = self._accounts.get(account)
        entry = None if entries is None else entries.get(asset)
        if entry is None or entry.available < amount:
            return False
        entry.available -= amount
        entry.held += amount
        return True

    def reserve(self, account: AccountId, asset: AssetId, amount: int) -> Entry:
        """Move from available to withdrawing; back when negative."""
        entry = self.entry(account, asset)
        entry.available -= amount
        entry.withdrawing += amount
        return entry

    def set_aside(self, account: AccountId, asset: AssetId, amount: int) -> Entry:
        """Move from available to vouchers; back when negative."""
        entry = self.entry(account, asset)
        entry.available -= amount
        entry.vouchers += amount
        return entry

    def trade(
        self,
        market: Market,
        buyer: AccountId,
        seller: AccountId,
        *,
        base: int,
        notional: int,
        buyer_fee: int,
        seller_fee: int,
        released: int,
    ) -> None:
        """Post one fill: both legs and both fees out of the holds, and into flight.

        Args:
            market: names base and quote.
            buyer: pays notional and fee out of its hold.
            seller: delivers base out of its hold, pays its fee out of the proceeds.
            base: base atoms.
            notional: quote atoms.
            buyer_fee: quote atoms.
            seller_fee: quote atoms.
            released: quote atoms of the buyer's hold that this fill no longer needs.
        """
        base_id, quote_id = market.base.id, market.quote.id
        paid, received = notional + buyer_fee, notional - seller_fee
        # Both hold what they give, so only what they get may be their first of an asset.
        buys, sells = self._accounts[buyer], self._accounts[seller]
        entry = buys[quote_id]
        entry.held -= paid + released
        entry.available += released
        entry.outgoing += paid
        entry = sells.get(quote_id) or self.entry(seller, quote_id)
        entry.available += received
        entry.incoming += received
        entry = sells[base_id]
        entry.held -= base
        entry.outgoing += base
        entry = buys.get(base_id) or self.entry(buyer, base_id)
        entry.available += base
        entry.incoming += base
        fees = buyer_fee + seller_fee
        if fees:
            self.fees[quote_id] = self.fees.get(quote_id, 0) + fees
            self.fees_in_flight[quote_id] = self.fees_in_flight.get(quote_id, 0) + fees

    def settle(self, market: Market, fill: MatchedFill) -> None:
        """A fill is final: the chain shows it, so it leaves flight. No funds move."""
        buyer, seller, base, paid, received = _legs(market, fill)
        base_id, quote_id = market.base.id, market.quote.id
        self.entry(buyer, quote_id).outgoing -= paid
        self.entry(buyer, base_id).incoming -= base
        self.entry(seller, base_id).outgoing -= base
        self.entry(seller, quote_id).incoming -= received
        if paid != received:
            self.fees_in_flight[quote_id] -= paid - received

    def reverse(self, market: Market, fill: MatchedFill) -> None:
        """A fill failed for ever: give everything back; available may go below zero."""
        self.settle(market, fill)
        buyer, seller, base, paid, received = _legs(market, fill)
        base_id, quote_id = market.base.id, market.quote.id
        self.entry(buyer, quote_id).available += paid
        self.entry(buyer, base_id).available -= base
        self.entry(seller, base_id).available += base
        self.entry(seller, quote_id).available -= received
        if paid != received:
            self.fees[quote_id] -= paid - received

    # ------------------------------------------------------------------ proof

    def check(self) -> None:
        """Add everything up. Raises `InvariantError` when a sum or a sign is wrong."""
        owned: dict[AssetId, int] = dict.fromkeys(self.vault, 0)
        flying: dict[AssetId, int] = {}
        for account, asset, entry in self.rows():
            here = entry.available + entry.held + entry.withdrawing + entry.vouchers
            owned[asset] = owned.get(asset, 0) + here
            flying[asset] = flying.get(asset, 0) + entry.outgoing - entry.incoming
            parts = (entry.held, entry.withdrawing, entry.incoming, entry.outgoing, entry.vouchers)
            if min(parts) < 0:
                raise InvariantError(f"{account} has a negative part of {asset}: {entry}")
        for asset, total in owned.items():
            expected = self.vault.get(asset, 0)
            if total + self.fees.get(asset, 0) != expected:
                raise InvariantError(f"{asset}: accounts and fees do not add up to {expected}")
            if flying.get(asset, 0) != self.fees_in_flight.get(asset, 0):
                raise InvariantError(
                    f"{asset}: what is in flight does not net to the fees in flight"
                )


def _legs(market: Market, fill: MatchedFill) -> tuple[AccountId, AccountId, int, int, int]:
    """Return buyer, seller, base atoms, quote paid by the buyer and quote received."""
    notional = market.notional(fill.price, fill.quantity)
    maker, taker = fill.maker.account, fill.taker.account
    base = market.base_amount(fill.quantity)
    if fill.taker.side is Side.BUY:
        return taker, maker, base, notional + fill.taker_fee, notional - fill.maker_fee
    return maker, taker, base, notional + fill.maker_fee, notional - fill.taker_fee
