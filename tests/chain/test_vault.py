"""What a user does with the vault from Python reaches the contract, or is refused with its reason."""

from __future__ import annotations

import attrs
import pytest

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.model.units import AssetId, MarketId
from hybrid_dex.model.vouchers import CancelReceipt, SignedCancelReceipt, SignedVoucher, Voucher
from hybrid_dex.settlement.deployment import PERMIT2, Deployer
from hybrid_dex.signing import LocalSigner, cancel_receipt_digest, voucher_digest
from tests.chain.harness import DELAYS, OPERATOR_KEY, OWNER_KEY, Trader, World

USDC = 10**6


async def with_tokens(world: World, atoms: int) -> Trader:
    """A user with tokens in the own wallet, none in the vault, and no approval given."""
    alice = await world.trader(1)
    deployer = Deployer(rpc_url=world.anvil.url, key=OWNER_KEY)
    await deployer.mint(world.market.quote, alice.account, atoms)
    await deployer.close()
    return alice


def like_usdt(world: World, token: str) -> None:
    """Let a token refuse to change an approval that is not zero, as USDT does."""
    behind = "0x" + "ee" * 20
    world.anvil.rpc("anvil_setCode", behind, world.anvil.rpc("eth_getCode", token, "latest"))
    code = (
        "5f3560e01c63095ea7b314603c57"  # approve?
        "5b365f5f375f5f365f73" + behind[2:] + "5af4"  # JUMPDEST (14); what the token does
        "3d5f5f3e6038573d5ffd"  # its reason
        "5b3d5ff3"  # JUMPDEST (56); its answer
        "5b60243515600e57"  # JUMPDEST (60); of nothing: it may
        "63dd62ed3e60e01b5f5233600452600435602452"  # allowance(sender, spender)
        "60205f60445f305afa505f5115600e575f5ffd"  # is nothing: it may
    )
    world.anvil.rpc("anvil_setCode", token, "0x" + code)


async def test_an_approval_that_a_deposit_left_behind_is_in_no_later_ones_way(
    world: World,
) -> None:
    """Also of a token that wants it taken back before it gives another."""
    alice, usdc = await with_tokens(world, 9 * USDC), world.market.quote
    assert usdc.token is not None
    like_usdt(world, usdc.token)
    with pytest.raises(SettlementError):
        await alice.vault.deposit(usdc, 10 * USDC)  # more than there is: only the approval was sent
    await alice.vault.deposit(usdc, 3 * USDC)
    deployer = Deployer(rpc_url=world.anvil.url, key=OWNER_KEY)
    await deployer.mint(usdc, alice.account, 10 * USDC)
    await deployer.close()
    await alice.vault.deposit(usdc, 8 * USDC)  # of the old approval 7 are left
    assert (await alice.vault.balance(usdc)).balance == 11 * USDC


async def test_a_permit_spares_the_approval(world: World) -> None:
    """One transaction; the allowance is used up by it."""
    alice, usdc = await with_tokens(world, 9 * USDC), world.market.quote
    before = world.anvil.height()
    await alice.vault.deposit_with_permit(usdc, 5 * USDC)
    assert world.anvil.height() == before + 1
    await alice.vault.deposit_with_permit(usdc, 4 * USDC)
    assert (await alice.vault.balance(usdc)).balance == 9 * USDC
    assert await alice.vault.wallet_balance(usdc) == 0


async def test_a_token_without_permits_is_refused_before_anything_is_signed(world: World) -> None:
    """With what to do instead."""
    alice, usdc = await with_tokens(world, USDC), world.market.quote
    assert usdc.token is not None
    world.anvil.rpc("anvil_setCode", usdc.token, "0x5f5ffd")
    with pytest.raises(ConfigurationError, match="takes no permits; use deposit"):
        await alice.vault.deposit_with_permit(usdc, 1)
    world.anvil.rpc("anvil_setCode", usdc.token, "0x602060205260205ff3")  # 32 bytes of something
    with pytest.raises(ConfigurationError, match="use deposit"):
        await alice.vault.deposit_with_permit(usdc, 1)


async def test_a_chain_without_permit2_is_told_so(world: World) -> None:
    """Instead of a transaction that can only fail."""
    alice = await with_tokens(world, USDC)
    with pytest.raises(ConfigurationError, match=f"no Permit2 at {PERMIT2}"):
        await alice.vault.deposit_with_permit2(world.market.quote, 1)


def voucher(world: World, account: str, *, salt: int = 1, lives_s: int = 100) -> SignedVoucher:
    """A voucher over 3 USDC that the operator signed."""
    made = Voucher(
        account=account,  # type: ignore[arg-type] # an account's text
        asset=world.market.quote.id,
        amount=3 * USDC,
        recipient=account,
        salt=salt,
        deadline_s=world.anvil.now_s() + lives_s,
    )
    digest = voucher_digest(made, world.market.quote, world.domain)
    return SignedVoucher(voucher=made, signature=LocalSigner(OPERATOR_KEY).sign_digest(digest))


async def test_a_voucher_pays_at_once_and_only_once(world: World) -> None:
    """Late, forged and foreign ones do not."""
    alice, usdc = await world.trader(1, quote=10 * USDC), world.market.quote
    bob = await world.trader(2)
    signed = voucher(world, alice.account)
    assert not await alice.vault.voucher_used(1)
    await alice.vault.redeem_voucher(signed, usdc)
    assert await alice.vault.voucher_used(1)
    assert await alice.vault.wallet_balance(usdc) == 3 * USDC
    with pytest.raises(SettlementError, match="VoucherAlreadyUsed"):
        await alice.vault.redeem_voucher(signed, usdc)
    with pytest.raises(SettlementError, match="VoucherExpired"):
        await alice.vault.redeem_voucher(voucher(world, alice.account, salt=2, lives_s=-1), usdc)
    forged = attrs.evolve(voucher(world, alice.account, salt=3), signature=signed.signature)
    with pytest.raises(SettlementError, match="NotOperator"):
        await alice.vault.redeem_voucher(forged, usdc)
    with pytest.raises(ConfigurationError, match="not for USDC of"):
        await bob.vault.redeem_voucher(signed, usdc)
    with pytest.raises(ConfigurationError, match="not for OTHER"):
        await alice.vault.redeem_voucher(signed, attrs.evolve(usdc, id=AssetId("OTHER")))


async def test_a_cancel_receipt_cancels_at_once(world: World) -> None:
    """The contract takes the operator's word, and nobody else's."""
    alice, market = await world.trader(1, quote=USDC), world.market
    receipt = CancelReceipt(
        trader=alice.account, market=market.id, nonce=7 << 24, filled=0, sequence=0
    )
    digest = cancel_receipt_digest(receipt, market, world.domain)
    operator, other = LocalSigner(OPERATOR_KEY), LocalSigner(OWNER_KEY)
    forged = SignedCancelReceipt(receipt=receipt, signature=other.sign_digest(digest))
    with pytest.raises(SettlementError, match="NotOperator"):
        await alice.vault.cancel_with_receipt(forged, market)
    signed = SignedCancelReceipt(receipt=receipt, signature=operator.sign_digest(digest))
    await alice.vault.cancel_with_receipt(signed, market)
    foreign = attrs.evolve(signed, receipt=attrs.evolve(receipt, market=MarketId("BTC-USDC")))
    with pytest.raises(ConfigurationError, match="not for"):
        await alice.vault.cancel_with_receipt(foreign, market)


async def test_settling_ends_when_the_operator_is_silent(world: World) -> None:
    """Not before; then every request takes effect at once."""
    alice, usdc = await world.trader(1, quote=USDC), world.market.quote
    with pytest.raises(SettlementError, match="NotFreezable"):
        await alice.vault.freeze()
    assert not await alice.vault.frozen()
    await alice.vault.exit(usdc)
    with pytest.raises(SettlementError, match="NotCovered"):
        await alice.vault.withdraw(usdc)
    world.anvil.rpc("evm_increaseTime", DELAYS.exit_delay_s + 1)
    world.anvil.mine()
    await alice.vault.freeze()
    assert await alice.vault.frozen()
    await alice.vault.withdraw(usdc)
    assert await alice.vault.wallet_balance(usdc) == USDC


@pytest.mark.parametrize("amount", [-1, 2**112, 2**256, 1.0, True])
async def test_what_no_vault_can_hold_is_refused_before_anything_is_sent(
    world: World, amount: int
) -> None:
    """By name, instead of an encoder's complaint; no approval is left standing."""
    alice, usdc = await with_tokens(world, USDC), world.market.quote
    height = world.anvil.height()
    for deposit in (
        alice.vault.deposit,
        alice.vault.deposit_with_permit,
        alice.vault.deposit_with_permit2,
    ):
        with pytest.raises(ConfigurationError, match=rf"amount is {amount!r}; .* 2\*\*112 - 1"):
            await deposit(usdc, amount)
    assert world.anvil.height() == height


async def test_what_the_contract_has_no_word_for_is_refused_by_name(world: World) -> None:
    """And the last that it has is not."""
    vault, usdc = (await world.trader(1)).vault, world.market.quote
    for call, name in (
        (lambda: vault.request_withdrawal(usdc, 2**256), "amount"),
        (lambda: vault.request_withdrawal(usdc, -1), "amount"),
        (lambda: vault.deposit_with_permit(usdc, 1, lifetime_s=-1), "lifetime_s"),
        (lambda: vault.voucher_used(-1), "salt"),
        (lambda: vault.cancel_lane(2**32, 1), "market_number"),
        (lambda: vault.cancel_lane(1, 2**64), "nonce"),
        (lambda: vault.cancel_up_to(usdc, 2**40), "floor"),
        (lambda: vault.balance(usdc, "alice"), "account"),
    ):
        with pytest.raises(ConfigurationError, match=f"^{name} is "):
            await call()
    assert not await vault.voucher_used(2**256 - 1)
    await vault.request_withdrawal(usdc, 2**256 - 1)
    pending = await vault.pending_withdrawal(usdc)
    assert pending is not None
    assert pending.amount == 2**112 - 1
