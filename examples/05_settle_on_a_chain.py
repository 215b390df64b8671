"""A trade from two signatures to final balances in the vault, on a local chain.

Run ``anvil --block-time 1``, then ``python examples/05_settle_on_a_chain.py http://127.0.0.1:8545``
with its address. Expected output:

    bob holds 3 ETH in the vault, alice 10000 USDC
    submitted
    confirmed
    final
    bob holds 2 ETH in the vault, alice 7500 USDC
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from hybrid_dex import (
    AccountId,
    Exchange,
    FeePpm,
    FillSettled,
    Market,
    Nonce,
    PlaceOrder,
    SettlementStage,
    Side,
    SignedOrder,
)
from hybrid_dex.settlement.deployment import Deployer
from hybrid_dex.settlement.evm import EvmOptions, EvmSettlement
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.signing import Domain, LocalSigner, authorize

MARKET = Market.spot(
    "ETH-USDC", number=1, base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"
)
OWNER, OPERATOR, ALICE, BOB = (  # the keys that every local node gives money to
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
)  # fmt: skip


def order(key: str, market: Market, domain: Domain, side: Side) -> PlaceOrder:
    """One ETH at 2500, signed with a key, its signature checked."""
    signer, price, lots = LocalSigner(key), market.parse_price("2500"), market.parse_quantity("1")
    signed = signer.sign_order(
        SignedOrder(
            trader=AccountId(signer.address), market=market, side=side, price=price, quantity=lots,
            max_fee_ppm=FeePpm(0), expiry_s=int(time.time()) + 3_600, nonce=Nonce(1), signature=b"",
        ), domain,
    )  # fmt: skip
    return PlaceOrder(
        account=signed.trader, market=market.id, side=side, price=price, quantity=lots,
        authorization=authorize(signed, domain),
    )  # fmt: skip


async def show(alice: Vault, bob: Vault, market: Market) -> None:
    """Ask the contract, not the exchange."""
    ether, dollars = await bob.balance(market.base), await alice.balance(market.quote)
    ether_text = market.base.format(ether.balance)
    print(
        f"bob holds {ether_text} ETH in the vault, alice {market.quote.format(dollars.balance)} USDC"
    )


async def main(rpc_url: str, folder: Path) -> None:
    """Deploy, deposit, trade, and follow the fill until it is final."""
    deployer = Deployer(rpc_url=rpc_url, key=OWNER)
    chain = await deployer.deploy([MARKET], operator=LocalSigner(OPERATOR).address)
    (market,), contract = chain.markets, chain.contract
    options = EvmOptions(
        rpc_url=rpc_url, chain_id=chain.chain_id, contract=contract, start_block=chain.start_block,
        operator_key=OPERATOR, store_path=folder / "settlement.sqlite3", confirmations=2,
        batch_age_s=0.1, matching_lag_s=0, poll_s=0.05,
    )  # fmt: skip
    domain = Domain(chain_id=chain.chain_id, verifying_contract=contract)
    async with (
        Vault(rpc_url=rpc_url, contract=contract, key=ALICE) as alice,
        Vault(rpc_url=rpc_url, contract=contract, key=BOB) as bob,
        Exchange([market], settlement=EvmSettlement(options)) as exchange,
        exchange.subscribe() as events,
    ):
        for vault, asset, text in ((bob, market.base, "3"), (alice, market.quote, "10000")):
            await deployer.mint(asset, vault.address, asset.parse(text))
            await vault.deposit(asset, asset.parse(text))
        await show(alice, bob, market)
        while not exchange.view.balance(AccountId(alice.address), market.quote.id).available:
            await anext(events)
        await exchange.place(order(BOB, market, domain, Side.SELL))
        await exchange.place(order(ALICE, market, domain, Side.BUY))
        async for batch in events:
            stages = [event.stage for event in batch.events if isinstance(event, FillSettled)]
            print(*(stage.name.lower() for stage in stages), sep="\n", end="\n" if stages else "")
            if SettlementStage.FINAL in stages:
                break
        await show(alice, bob, market)
    await deployer.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(main(sys.argv[1], Path(directory)))
