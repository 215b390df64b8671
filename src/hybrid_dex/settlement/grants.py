"""Who may sign for an account besides its own key: session keys and approved orders, on chain.

As with the vault, each call is one transaction of the account's own key, and needs nobody's leave.
Giving counts once it is final, taking back at once on the exchange and under the covered rule on
chain. Neither a session key nor an approval can ever withdraw.
"""

from types import TracebackType
from typing import Final, Self

import attrs

from hybrid_dex.errors import FormatError
from hybrid_dex.model.market import Market
from hybrid_dex.settlement.wallet import Wallet, check_number
from hybrid_dex.signing import parse_address

__all__ = ["Grants", "SessionGrant"]

_RECEIPT_TIMEOUT_S: Final = 120.0
_HASH_BYTES: Final = 32

# The contract's types.
_MOST_QUOTE: Final = 2**96 - 1
_TIME_BITS: Final = 40


@attrs.frozen(kw_only=True)
class SessionGrant:
    """What is left of a session key's grant in one market.

    Attributes:
        buy_budget: quote atoms that its buys may still cost, fees included.
        sell_budget: lots that it may still sell.
        expires_at_s: when it ends, Unix seconds; 0 if there never was one.
        revoked_at_s: when it was revoked, 0 if it was not.
        usable: whether settling takes the key's orders now.
    """

    buy_budget: int
    sell_budget: int
    expires_at_s: int
    revoked_at_s: int
    usable: bool


class Grants:
    """One account's session keys and approvals. Use it in ``async with``.

    Args:
        rpc_url: the node's JSON-RPC address.
        contract: address of the deployed ``Exchange``.
        key: the account's private key; never shown or stored.
        receipt_timeout_s: how long to wait for a transaction to be in a block, seconds.
    """

    def __init__(
        self,
        *,
        rpc_url: str,
        contract: str,
        key: str,
        receipt_timeout_s: float = _RECEIPT_TIMEOUT_S,
    ) -> None:
        self._wallet = Wallet(rpc_url=rpc_url, key=key, receipt_timeout_s=receipt_timeout_s)
        self._exchange = self._wallet.contract("Exchange", contract)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection. Safe to call twice."""
        await self._wallet.close()

    @property
    def address(self) -> str:
        """The account."""
        return self._wallet.address

    async def grant(
        self, key: str, market: Market, *, buy: str, sell: str, expires_at_s: int
    ) -> str:
        """Let a key trade in a market; return the transaction's hash.

        Budgets add to what is left, so the same call tops a grant up.

        Args:
            key: the session key's EIP-55 address.
            market: where it may trade.
            buy: what its buys may cost with fees, as decimal text in the quote asset.
            sell: what it may sell, as decimal text in the base asset.
            expires_at_s: Unix seconds, at most 180 days ahead and no earlier than before.

        Raises:
            FormatError: a budget is not exact, or too large, or the key is no address.
            ConfigurationError: the expiry is no time in Unix seconds.
            SettlementError: the contract refuses, for its reason.
        """
        parse_address(key, "key")
        check_number("expires_at_s", expires_at_s, _TIME_BITS, "number of seconds")
        quote_atoms = 0 if buy == "0" else market.quote.parse(buy, "buy")
        if quote_atoms > _MOST_QUOTE:
            most = market.quote.format(_MOST_QUOTE)
            raise FormatError("buy", "too large", f"0 to {most}")
        lots = 0 if sell == "0" else market.parse_quantity(sell, "sell")
        return await self._wallet.send(
            self._exchange.functions.grantSession(
                key, market.number, quote_atoms, lots, expires_at_s
            )
        )

    async def revoke(self, key: str, market: Market) -> str:
        """Take a key's grant in a market back; the exchange cancels its orders when it sees it."""
        parse_address(key, "key")
        return await self._wallet.send(self._exchange.functions.revokeSession(key, market.number))

    async def session(
        self, key: str, market: Market, *, account: str | None = None
    ) -> SessionGrant:
        """Return what is left of a key's grant, of this account unless another is named."""
        parse_address(key, "key")
        owner = account or self.address
        parse_address(owner, "account")
        buy_budget, sell_budget, expires_at_s, revoked_at_s, usable = await self._wallet.ask(
            self._exchange.functions.sessionOf(owner, key, market.number)
        )
        return SessionGrant(
            buy_budget=buy_budget,
            sell_budget=sell_budget,
            expires_at_s=expires_at_s,
            revoked_at_s=revoked_at_s,
            usable=usable,
        )

    async def approve(self, order_hash: bytes) -> str:
        """Approve an order of this account by its hash, in place of a signature."""
        return await self._wallet.send(self._exchange.functions.approveOrder(_checked(order_hash)))

    async def revoke_approval(self, order_hash: bytes) -> str:
        """Take an approval back, for ever; the exchange cancels the order when it sees it."""
        return await self._wallet.send(
            self._exchange.functions.revokeApproval(_checked(order_hash))
        )

    async def is_approved(self, order_hash: bytes, *, account: str | None = None) -> bool:
        """Whether settling takes an order on its approval now."""
        owner = account or self.address
        parse_address(owner, "account")
        _, _, usable = await self._wallet.ask(
            self._exchange.functions.approvalOf(owner, _checked(order_hash))
        )
        return bool(usable)


def _checked(order_hash: bytes) -> bytes:
    if len(order_hash) != _HASH_BYTES:
        raise FormatError("order_hash", f"{len(order_hash)} bytes", "32 bytes")
    return order_hash
