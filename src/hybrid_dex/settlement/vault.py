"""What a user does with the vault on chain: deposit, ask for a withdrawal, take it, take it back.

Each call is one transaction signed with the user's own key and waited for until it is in a block
(a plain deposit is two, an approval first; a permit spares that one). Nothing here asks the
exchange for leave: a user can do all of it with the exchange's servers off, but for the voucher and
the cancel receipt, which only the operator can sign. It never settles anything; that is the
operator's backend. Who else may sign for the account is `grants`' business.
"""

import secrets
from types import TracebackType
from typing import Final, Self

import attrs
from web3.contract import AsyncContract

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.vouchers import SignedCancelReceipt, SignedVoucher
from hybrid_dex.settlement.contract_history import answer
from hybrid_dex.settlement.permits import (
    domain_separator,
    permit2_typed_data,
    permit_typed_data,
)
from hybrid_dex.settlement.wallet import (
    RefusedTransactionError,
    Wallet,
    check_address,
    check_number,
    check_recipient,
)

__all__ = ["PendingWithdrawal", "Vault", "VaultBalance"]

_RECEIPT_TIMEOUT_S: Final = 120.0
_PERMIT_LIFETIME_S: Final = 1_800
_NO_LIMIT: Final = 2**256 - 1

# The contract's types.
_AMOUNT_BITS: Final = 112
_COUNTER_BITS: Final = 40
_MARKET_BITS: Final = 32
_NONCE_BITS: Final = 64
_TIME_BITS: Final = 64
_WORD_BITS: Final = 256


@attrs.frozen(kw_only=True)
class VaultBalance:
    """An account's balance of one token in the vault, atoms.

    Attributes:
        balance: all of it.
        tradeable: what settling can spend now.
    """

    balance: int
    tradeable: int


@attrs.frozen(kw_only=True)
class PendingWithdrawal:
    """A withdrawal that was asked for.

    Attributes:
        amount: atoms; ``2**112 - 1`` stands for everything.
        requested_at_s: when, Unix seconds.
        latest_at_s: when it takes effect at the latest.
        effective: whether it can be taken now.
    """

    amount: int
    requested_at_s: int
    latest_at_s: int
    effective: bool


class Vault:
    """One user's door to the vault. Use it in ``async with``.

    Args:
        rpc_url: the node's JSON-RPC address.
        contract: address of the deployed ``Exchange``.
        key: the user's private key; never shown or stored.
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

    @property
    def address(self) -> str:
        """The user's EIP-55 address: the account on the exchange."""
        return self._wallet.address

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

    async def deposit(self, asset: Asset, amount: int) -> str:
        """Move atoms from the user's wallet into the vault; return the transaction's hash.

        Approves the vault for exactly this amount first, unless it may take that much already.

        Raises:
            ConfigurationError: no vault can hold the amount; nothing was sent.
            SettlementError: a transaction was refused, with the contract's reason.
        """
        check_number("amount", amount, _AMOUNT_BITS)
        token = self._token(asset)
        await self._approve(token, self._exchange.address, amount, amount)
        return await self._wallet.send(self._exchange.functions.deposit(token.address, amount))

    async def deposit_with_permit(
        self, asset: Asset, amount: int, *, lifetime_s: int = _PERMIT_LIFETIME_S
    ) -> str:
        """Deposit in one transaction, with an EIP-2612 permit instead of an approval.

        Args:
            asset: its token must take permits.
            amount: atoms.
            lifetime_s: how long the permit holds, counted from the newest block.

        Raises:
            ConfigurationError: the token takes no permits, or its domain is not the usual one; use
                `deposit`. Or no vault can hold the amount.
            SettlementError: the transaction was refused, with the contract's reason.
        """
        check_number("amount", amount, _AMOUNT_BITS)
        check_number("lifetime_s", lifetime_s, _TIME_BITS)
        token = self._token(asset)
        domain = await self._permit_domain(token)
        deadline_s = await self._now_s() + lifetime_s
        nonce = await self._wallet.ask(token.functions.nonces(self.address))
        signed = self._wallet.sign_typed_data(
            permit_typed_data(
                domain,
                owner=self.address,
                spender=self._exchange.address,
                value=amount,
                nonce=nonce,
                deadline_s=deadline_s,
            )
        )
        r, s = (value.to_bytes(32, "big") for value in (signed.r, signed.s))
        call = self._exchange.functions.depositWithPermit(
            token.address, amount, deadline_s, signed.v, r, s
        )
        return await self._wallet.send(call)

    async def deposit_with_permit2(
        self, asset: Asset, amount: int, *, lifetime_s: int = _PERMIT_LIFETIME_S
    ) -> str:
        """Deposit through Uniswap's Permit2, by a signature that names the vault and the amount.

        Approves Permit2 for the token first, without a limit as Permit2 is meant to be used,
        unless it may take that much already.

        Raises:
            ConfigurationError: there is no Permit2 on this chain; use `deposit`. Or no vault can hold
                the amount.
            SettlementError: a transaction was refused, with the contract's reason.
        """
        check_number("amount", amount, _AMOUNT_BITS)
        check_number("lifetime_s", lifetime_s, _TIME_BITS)
        token = self._token(asset)
        permit2 = str(await self._wallet.ask(self._exchange.functions.PERMIT2()))
        web3 = self._wallet.web3
        if not await answer("eth_getCode", web3.eth.get_code(web3.to_checksum_address(permit2))):
            raise ConfigurationError(f"there is no Permit2 at {permit2} on this chain; use deposit")
        await self._approve(token, permit2, amount, _NO_LIMIT)
        nonce, deadline_s = secrets.randbits(256), await self._now_s() + lifetime_s
        signed = self._wallet.sign_typed_data(
            permit2_typed_data(
                permit2=permit2,
                chain_id=await answer("eth_chainId", web3.eth.chain_id),
                token=token.address,
                spender=self._exchange.address,
                amount=amount,
                nonce=nonce,
                deadline_s=deadline_s,
            )
        )
        call = self._exchange.functions.depositWithPermit2(
            token.address, amount, nonce, deadline_s, bytes(signed.signature)
        )
        return await self._wallet.send(call)

    async def redeem_voucher(self, signed: SignedVoucher, asset: Asset) -> str:
        """Take what the operator signed for, at once; the voucher names who is paid.

        Args:
            signed: as the exchange gave it.
            asset: the one that the voucher names.

        Raises:
            ConfigurationError: the voucher is another account's or asset's.
            SettlementError: refused: past its deadline, paid already, or not signed by the
                operator; the contract's reason says which.
        """
        voucher = signed.voucher
        if voucher.account != self.address or voucher.asset != asset.id:
            raise ConfigurationError(
                f"the voucher is for {voucher.asset} of {voucher.account}, not for {asset.id} of "
                f"{self.address}"
            )
        values = (
            voucher.account,
            self._token(asset).address,
            voucher.amount,
            voucher.recipient,
            voucher.salt,
            voucher.deadline_s,
            voucher.min_batch,
        )
        call = self._exchange.functions.withdrawWithVoucher(values, signed.signature)
        return await self._wallet.send(call)

    async def voucher_used(self, salt: int) -> bool:
        """Return whether the user's voucher with this salt was paid."""
        check_number("salt", salt, _WORD_BITS)
        return bool(
            await self._wallet.ask(self._exchange.functions.voucherUsed(self.address, salt))
        )

    async def cancel_with_receipt(self, signed: SignedCancelReceipt, market: Market) -> str:
        """Make a cancel take effect on chain at once, with the operator's word for it.

        Raises:
            ConfigurationError: the receipt is another trader's or market's.
            SettlementError: refused: settling has not come so far yet, or it is not signed by the
                operator; the contract's reason says which.
        """
        receipt = signed.receipt
        if receipt.trader != self.address or receipt.market != market.id:
            raise ConfigurationError(
                f"the receipt is for {receipt.trader} in {receipt.market}, not for {self.address} "
                f"in {market.id}"
            )
        values = (
            receipt.trader,
            market.number,
            receipt.nonce,
            receipt.filled,
            receipt.sequence,
        )
        call = self._exchange.functions.cancelWithReceipt(values, signed.signature)
        return await self._wallet.send(call)

    async def freeze(self) -> str:
        """End settling for everybody; possible EXIT_DELAY after the last batch, for anyone."""
        return await self._wallet.send(self._exchange.functions.freeze())

    async def frozen(self) -> bool:
        """Return whether settling has ended, so that every request takes effect at once."""
        return bool(await self._wallet.ask(self._exchange.functions.frozen()))

    async def request_withdrawal(self, asset: Asset, amount: int) -> str:
        """Ask for atoms to leave; `withdraw` pays them once the request is covered.

        It replaces an earlier request. The exchange stops trading the amount when it sees it.

        Raises:
            ConfigurationError: it is no amount; nothing was sent.
            SettlementError: the transaction was refused, with the contract's reason.
        """
        check_number("amount", amount, _WORD_BITS)
        token = self._token(asset).address
        return await self._wallet.send(self._exchange.functions.requestWithdrawal(token, amount))

    async def cancel_request(self, asset: Asset) -> str:
        """Take a requested withdrawal back."""
        token = self._token(asset).address
        return await self._wallet.send(self._exchange.functions.cancelWithdrawalRequest(token))

    async def withdraw(self, asset: Asset, recipient: str | None = None) -> str:
        """Pay a covered request out, to the user or to ``recipient``.

        Raises:
            ConfigurationError: the contract would not pay the recipient; nothing was sent.
            SettlementError: the transaction was refused, with the contract's reason.
        """
        token, payee = self._token(asset).address, recipient or self.address
        check_recipient(payee, self._exchange.address)
        return await self._wallet.send(self._exchange.functions.withdraw(token, payee))

    async def exit(self, *assets: Asset) -> str:
        """Ask for everything of these assets; nobody can prevent it."""
        tokens = [self._token(asset).address for asset in assets]
        return await self._wallet.send(self._exchange.functions.exit(tokens))

    async def cancel_lane(self, market_number: int, nonce: int) -> str:
        """Cancel the user's orders of one lane up to a signed nonce (packed u64)."""
        check_number("market_number", market_number, _MARKET_BITS)
        check_number("nonce", nonce, _NONCE_BITS)
        return await self._wallet.send(self._exchange.functions.cancel(market_number, nonce))

    async def cancel_up_to(self, quote: Asset, floor: int) -> str:
        """Cancel all the user's orders quoted in an asset with a counter below ``floor``."""
        check_number("floor", floor, _COUNTER_BITS)
        token = self._token(quote).address
        return await self._wallet.send(self._exchange.functions.cancelUpTo(token, floor))

    async def balance(self, asset: Asset, account: str | None = None) -> VaultBalance:
        """Return what an account, the user's own by default, has in the vault."""
        token, owner = self._token(asset).address, account or self.address
        check_address("account", owner)
        return VaultBalance(
            balance=await self._wallet.ask(self._exchange.functions.balanceOf(owner, token)),
            tradeable=await self._wallet.ask(self._exchange.functions.tradeableOf(owner, token)),
        )

    async def liabilities(self, asset: Asset) -> int:
        """Return the atoms that the vault owes of an asset: all balances, and all fees."""
        return int(
            await self._wallet.ask(self._exchange.functions.liabilities(self._token(asset).address))
        )

    async def wallet_balance(self, asset: Asset) -> int:
        """Return the atoms in the user's own wallet."""
        return int(await self._wallet.ask(self._token(asset).functions.balanceOf(self.address)))

    async def pending_withdrawal(self, asset: Asset) -> PendingWithdrawal | None:
        """Return the request that waits, or ``None``."""
        token = self._token(asset).address
        amount, requested_at_s, latest_at_s, effective = await self._wallet.ask(
            self._exchange.functions.pendingWithdrawal(self.address, token)
        )
        if not amount:
            return None
        return PendingWithdrawal(
            amount=amount,
            requested_at_s=requested_at_s,
            latest_at_s=latest_at_s,
            effective=effective,
        )

    def _token(self, asset: Asset) -> AsyncContract:
        if asset.token is None:
            raise ConfigurationError(f"asset {asset.id} has no token address")
        return self._wallet.contract("MockERC20", asset.token)

    async def _approve(self, token: AsyncContract, spender: str, least: int, amount: int) -> None:
        """Let somebody take ``amount``, unless it may take ``least`` already."""
        allowed = await self._wallet.ask(token.functions.allowance(self.address, spender))
        if allowed >= least:
            return
        approve = token.functions.approve
        try:
            await self._wallet.send(approve(spender, amount))
        except RefusedTransactionError:
            if not allowed:
                raise
            # USDT and its like: an approval that something is left of has to be taken back first.
            await self._wallet.send(approve(spender, 0))
            await self._wallet.send(approve(spender, amount))

    async def _permit_domain(self, token: AsyncContract) -> dict[str, object]:
        """Return the token's EIP-712 domain, proven by what the token itself says of it."""
        views, chain_id = (
            token.functions,
            await answer("eth_chainId", self._wallet.web3.eth.chain_id),
        )
        try:
            separator = bytes(await self._wallet.ask(views.DOMAIN_SEPARATOR()))
            name = str(await self._wallet.ask(views.name()))
        except SettlementError as error:
            raise ConfigurationError(f"{token.address} takes no permits; use deposit") from error
        for version in ("1", "2", None):
            found = domain_separator(
                name=name, version=version, chain_id=chain_id, token=token.address
            )
            if found == separator:
                domain: dict[str, object] = {"name": name}
                if version is not None:
                    domain["version"] = version
                return domain | {"chainId": chain_id, "verifyingContract": token.address}
        raise ConfigurationError(f"the domain of {token.address} is an unusual one; use deposit")

    async def _now_s(self) -> int:
        block = await answer("eth_getBlockByNumber", self._wallet.web3.eth.get_block("latest"))
        return int(block["timestamp"])
