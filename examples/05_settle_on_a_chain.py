"""A trade from two signatures to the vault, on a local chain.

Run ``anvil --block-time 1``, then ``python examples/05_settle_on_a_chain.py http://127.0.0.1:8545``
with its address. Expected output, where the address differs:

    the contract is 0x...
    submitted
    confirmed
    final
    alice has 1 ETH in the vault, bob 2500 USDC
"""

import asyncio
import sys
import tempfile
import time

import hybrid_dex as dex
from hybrid_dex.defaults.login_tokens import DEMO_SECRET, LoginTokens
from hybrid_dex.defaults.wallet_auth import WalletAuth, WalletAuthOptions
from hybrid_dex.settlement.deployment import Deployer
from hybrid_dex.settlement.evm import EvmOptions, EvmSettlement
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.signing import Domain, LocalSigner

MARKET = dex.Market.spot("ETH-USDC", number=1, base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")  # fmt: skip
RICH = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # on every local node
OPERATOR, ALICE, BOB = (f"0x{number:064x}" for number in range(1, 4))  # keys for play


async def main(rpc_url: str, folder: str) -> None:
    """Deploy, deposit, trade, and follow the fill until it is final."""
    deployer = Deployer(rpc_url=rpc_url, key=RICH)
    for account in map(LocalSigner, (OPERATOR, ALICE, BOB)):
        await deployer.give_gas(account.address, 10**18)
    chain = await deployer.deploy([MARKET], operator=LocalSigner(OPERATOR).address)
    (market,), contract = chain.markets, chain.contract
    print(f"the contract is {contract}")
    domain = Domain(chain_id=chain.chain_id, verifying_contract=contract)
    options = EvmOptions(rpc_urls=(rpc_url,), chain="local", contract=contract, operator_key=OPERATOR, store_path=f"{folder}/store", batch_age_s=0.1, matching_lag_s=0, poll_s=0.05)  # fmt: skip
    auth = WalletAuth(domain=domain, tokens=LoginTokens(secret=DEMO_SECRET, issuer="example", audience="example", demo=True), clock=dex.SystemClock(), options=WalletAuthOptions(origins=("http://127.0.0.1",)))  # fmt: skip
    exchange = dex.Exchange([market], settlement=EvmSettlement(options), auth=auth)
    alice, bob = (Vault(rpc_url=rpc_url, contract=contract, key=key) for key in (ALICE, BOB))
    async with alice, bob, exchange, exchange.subscribe() as events:
        for vault, asset, text in ((bob, market.base, "3"), (alice, market.quote, "10000")):
            await deployer.mint(asset, vault.address, asset.parse(text))
            await vault.deposit(asset, asset.parse(text))
        while exchange.view.balance(dex.AccountId(alice.address), market.quote.id).available == 0:
            await anext(events)  # a deposit counts once it is final
        for key, side in ((BOB, dex.Side.SELL), (ALICE, dex.Side.BUY)):
            draft = dex.SignedOrder(trader=dex.AccountId(LocalSigner(key).address), market=market, side=side, price=market.parse_price("2500"), quantity=market.parse_quantity("1"), max_fee_ppm=dex.FeePpm(0), expiry_s=int(time.time()) + 3_600, nonce=dex.Nonce(1), signature=b"")  # fmt: skip
            await exchange.place(LocalSigner(key).sign_order(draft, domain))
        while any(True for _ in exchange.view.unsettled()):
            settled = [e for e in (await anext(events)).events if isinstance(e, dex.FillSettled)]
            print(end="".join(f"{event.stage.name.lower()}\n" for event in settled))
        ether, dollars = await alice.balance(market.base), await bob.balance(market.quote)
        print(f"alice has {market.base.format(ether.balance)} ETH in the vault, bob {market.quote.format(dollars.balance)} USDC")  # fmt: skip
    await deployer.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(str(__doc__).partition(" Expected")[0])
    asyncio.run(main(sys.argv[1], tempfile.mkdtemp()))
