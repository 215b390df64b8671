"""Leaving: takes everything that an account has in a vault out of it, with the operator gone.

It needs a node, the account's key and the contract's address, and asks no server of the exchange.
All it knows it reads from the chain, so it can be stopped at any moment and run again: what was
asked for stays asked for, what was paid is not asked for again. One token that refuses to move
keeps no other back. It never sends anything but ``exit``, ``withdraw`` and ``freeze``.

A request takes effect when the operator's batches have covered it, after ``WINDOW_MAX`` at the
latest, or at once when settling is frozen; anyone may freeze it ``EXIT_DELAY`` after the last
batch. So the wait is never longer than ``WINDOW_MAX``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs

from hybrid_dex.errors import MissingContractError, SettlementError
from hybrid_dex.model.units import MAX_AMOUNT
from hybrid_dex.settlement.contract_history import answer, first_block, read_events
from hybrid_dex.settlement.wallet import (
    RefusedTransactionError,
    UnfundedError,
    Wallet,
    check_address,
    check_recipient,
)

__all__ = ["Departure", "Leaving"]

_EVERYTHING: Final = MAX_AMOUNT
"""What the contract writes for a request of all there is."""
_TOKENS_PER_EXIT: Final = 50
_WITHDRAWAL_GAS: Final = 2_000_000
"""No honest token needs more; a hostile one could take all the gas that its owner has."""
_MOST_FAILURES: Final = 100
"""Polls in a row that the node may fail before its user is asked to look."""
_TELL_EVERY_S: Final = 300
_NOT_YET: Final = "NotCovered"
_NOTHING_LEFT: Final = frozenset({"NothingRequested", "NothingToWithdraw"})


@attrs.frozen(kw_only=True)
class Departure:
    """What came of leaving.

    Attributes:
        paid: atoms by token (EIP-55).
        refused: why a token did not move, by token; its balance still stands in the vault, and
            can be taken whenever the token lets it.
    """

    paid: Mapping[str, int]
    refused: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether nothing is left in the vault."""
        return not self.refused


@attrs.frozen(kw_only=True)
class _Holding:
    token: str
    balance: int
    requested: int
    latest_at_s: int
    effective: bool


def _silent(_line: str) -> None:
    """Tell nobody."""


class Leaving:
    """One account's way out.

    Args:
        rpc_url: a node's JSON-RPC address.
        contract: EIP-55 address of the deployed ``Exchange``.
        key: the account's private key; never shown or stored.
        recipient: who is paid; the account itself by default.
        tokens: EIP-55 addresses; all that the contract ever listed by default.
        from_block: where the contract's logs begin; found by itself on most nodes.
        blocks_per_query: the widest range of blocks asked for at once.
        poll_s: how often the chain is looked at while waiting, seconds.
        tell: called with each step in words.
        sleep: how to wait.

    Raises:
        ConfigurationError: key, contract or a token is none, or the contract would never pay the
            recipient.
    """

    def __init__(
        self,
        *,
        rpc_url: str,
        contract: str,
        key: str,
        recipient: str | None = None,
        tokens: Sequence[str] = (),
        from_block: int | None = None,
        blocks_per_query: int = 10_000,
        poll_s: float = 3.0,
        tell: Callable[[str], None] = _silent,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._wallet = Wallet(rpc_url=rpc_url, key=key)
        self._exchange = self._wallet.contract("Exchange", contract)
        self._recipient = recipient or self._wallet.address
        check_recipient(self._recipient, self._exchange.address)
        for token in tokens:
            check_address("token", token)
        self._tokens = tuple(tokens)
        self._from_block = from_block
        self._blocks = blocks_per_query
        self._poll_s = poll_s
        self._tell = tell
        self._sleep = sleep
        self._paid: dict[str, int] = {}
        self._refused: dict[str, str] = {}

    async def leave(self) -> Departure:
        """Ask for everything, wait, and take it; return what came of it.

        Raises:
            MissingContractError: there is no contract at the address.
            UnfundedError: the account can not pay for gas; send it some and run it again.
            SettlementError: the node does not answer; run it again.
        """
        async with self._wallet:
            tokens, markets = await self._listed()
            while True:
                holdings = await self._holdings(tokens)
                if not holdings:
                    break
                ready = [each for each in holdings if each.effective]
                if ready:
                    for holding in ready:
                        await self._take(holding)
                    continue
                await self._ask_for(holdings, markets)
                await self._wait(tokens)
        if not self._paid and not self._refused:
            self._tell(f"{self._wallet.address} has nothing in this vault")
        return Departure(paid=dict(self._paid), refused=dict(self._refused))

    # Steps

    async def _ask_for(
        self, holdings: Sequence[_Holding], markets: Sequence[tuple[str, str]]
    ) -> None:
        """Ask for all that is there, and for what a last fill could still turn it into."""
        held = {each.token for each in holdings}
        wanted = dict.fromkeys(each.token for each in holdings if each.requested < each.balance)
        if not wanted:
            return
        for pair in markets:
            if held.intersection(pair):
                for token in set(pair) - held - self._refused.keys():
                    if (await self._holding(token)).requested != _EVERYTHING:
                        wanted[token] = None
        views = self._exchange.functions
        window_s = await self._wallet.ask(views.WINDOW_MAX())
        self._tell(
            f"asking for everything of {len(wanted)} tokens; it takes {_duration(window_s)} at most"
        )
        tokens = list(wanted)
        for first in range(0, len(tokens), _TOKENS_PER_EXIT):
            sent = await self._wallet.send(views.exit(tokens[first : first + _TOKENS_PER_EXIT]))
            self._tell(f"asked for in transaction {sent}")

    async def _wait(self, tokens: Sequence[str]) -> None:
        """Return once something that is held has taken effect."""
        told_at_s, failures = None, 0
        while True:
            try:
                holdings = await self._holdings(tokens)
                if not holdings or any(each.effective for each in holdings):
                    return
                if any(not each.requested for each in holdings):
                    return  # a last fill brought a token that was not asked for
                if await self._freeze():
                    continue
                now_s = await self._now_s()
                failures = 0
            except (RefusedTransactionError, UnfundedError):
                raise
            except SettlementError as error:
                failures += 1
                if failures > _MOST_FAILURES:
                    raise
                self._tell(f"the node does not answer ({error}); trying again")
            else:
                latest_s = max(each.latest_at_s for each in holdings)
                if told_at_s is None or now_s - told_at_s >= _TELL_EVERY_S:
                    told_at_s = now_s
                    self._tell(
                        f"waiting until {_time(latest_s)} at the latest, "
                        f"{_duration(latest_s - now_s)} from now"
                    )
            await self._sleep(self._poll_s)

    async def _freeze(self) -> bool:
        """End settling when the operator has been silent for too long; return whether it did."""
        views = self._exchange.functions
        if await self._wallet.ask(views.frozen()):
            return False
        _, matched_through_s, _, _ = await self._wallet.ask(views.batchState())
        freezable_s = matched_through_s + await self._wallet.ask(views.EXIT_DELAY())
        if await self._now_s() <= freezable_s:
            return False
        self._tell("the operator has been silent for too long: ending settling, for everyone")
        try:
            sent = await self._wallet.send(views.freeze())
        except RefusedTransactionError as error:
            if error.reason not in {"AlreadyFrozen", "NotFreezable"}:
                raise
            return False  # somebody else was faster, or a batch came after all
        self._tell(f"settling ended in transaction {sent}: everything takes effect at once")
        return True

    async def _take(self, holding: _Holding) -> None:
        """Withdraw one token; a token that refuses keeps no other back."""
        token, name = holding.token, await self._name(holding.token)
        call = self._exchange.functions.withdraw(token, self._recipient)
        try:
            sent = await self._wallet.send(call, gas_limit=_WITHDRAWAL_GAS)
        except RefusedTransactionError as error:
            if error.reason == _NOT_YET or error.reason in _NOTHING_LEFT:
                await self._sleep(self._poll_s)
                return
            self._refused[token] = error.reason
            if holding.requested < holding.balance:  # so that all of it can go when one can
                await self._wallet.send(self._exchange.functions.exit([token]))
            self._tell(
                f"{name} does not move: {error.reason}. The balance stays yours in the vault; run "
                "this again when the token lets it go"
            )
            return
        left = (await self._holding(token)).balance
        paid = holding.balance - left
        self._paid[token] = self._paid.get(token, 0) + paid
        shown = await self._amount(token, paid)
        self._tell(f"{shown} {name} paid to {self._recipient} in transaction {sent}")

    # Reading

    async def _listed(self) -> tuple[list[str], list[tuple[str, str]]]:
        """Return the tokens to look at, and the markets between them."""
        web3 = self._wallet.web3
        head = await answer("eth_blockNumber", web3.eth.block_number)
        code = await answer("eth_getCode", web3.eth.get_code(self._exchange.address))
        if not code:
            raise MissingContractError(
                f"there is no contract at {self._exchange.address}; check address and node"
            )
        if self._tokens:
            return list(self._tokens), []
        first = self._from_block
        if first is None:
            first = await first_block(self._exchange, head)
        tokens, markets = [], []
        for event in await read_events(
            self._exchange,
            ("AssetListed", "MarketListed"),
            first=first,
            last=head,
            blocks_per_query=self._blocks,
            progress=lambda _what, _done, _total: None,
        ):
            values = event["args"]
            if event["event"] == "AssetListed":
                tokens.append(str(values["token"]))
            else:
                markets.append((str(values["base"]), str(values["quote"])))
        return tokens, markets

    async def _holdings(self, tokens: Iterable[str]) -> list[_Holding]:
        found = [await self._holding(token) for token in tokens if token not in self._refused]
        return [each for each in found if each.balance]

    async def _holding(self, token: str) -> _Holding:
        views, account = self._exchange.functions, self._wallet.address
        balance = await self._wallet.ask(views.balanceOf(account, token))
        requested, _, latest_at_s, effective = await self._wallet.ask(
            views.pendingWithdrawal(account, token)
        )
        return _Holding(
            token=token,
            balance=balance,
            requested=requested,
            latest_at_s=latest_at_s,
            effective=bool(requested) and effective,
        )

    async def _now_s(self) -> int:
        block = await answer("eth_getBlockByNumber", self._wallet.web3.eth.get_block("latest"))
        return int(block["timestamp"])

    async def _name(self, token: str) -> str:
        """Return the token's own name for itself, made harmless, or its address."""
        try:
            contract = self._wallet.contract("MockERC20", token)
            symbol = str(await self._wallet.ask(contract.functions.symbol()))
        except SettlementError:
            return token
        return "".join(each for each in symbol if each.isascii() and each.isalnum())[:16] or token

    async def _amount(self, token: str, atoms: int) -> str:
        try:
            contract = self._wallet.contract("MockERC20", token)
            decimals = int(await self._wallet.ask(contract.functions.decimals()))
        except (SettlementError, OverflowError):
            return f"{atoms} atoms of"
        whole, rest = divmod(atoms, 10**decimals)
        return f"{whole}.{rest:0{decimals}d}".rstrip("0").rstrip(".") if decimals else str(atoms)


def _time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: int) -> str:
    """Write a span in the two largest units that it has."""
    parts = [(seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "min")]
    parts.append((seconds % 60, "s"))
    shown = [f"{count} {unit}" for count, unit in parts if count > 0][:2]
    return " ".join(shown) or "0 s"
