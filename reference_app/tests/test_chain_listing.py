"""On an exchange that settles on a chain, two admins list what the contract has, without a restart."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AssetId, MarketId
from hybrid_dex.settlement.deployment import Delays, Deployer, Deployment
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.settlement.wallet import Wallet
from hybrid_dex.signing import LocalSigner
from reference_app.settings import ChainSettings, MarketSettings, Settings
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_admin_actions import Office, office_of
from reference_app.tests.test_routes import is_problem
from tests.chain.harness import OPERATOR_KEY, OWNER_KEY, Anvil

GIVE_UP_S: Final = 90.0
NO_TOKEN: Final = LocalSigner(OWNER_KEY).address
USDC, SOL = 10**6, 10**9
ETH_USDC = Market.spot(
    "ETH-USDC", number=1, base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"
)
SOL_USDC: Final[dict[str, Any]] = {
    "id": "SOL-USDC",
    "number": 7,
    "base_decimals": 9,
    "quote_decimals": 6,
    "tick": "0.01",
    "lot": "0.001",
}


@attrs.define
class Chain:
    """A node that makes a block a second and one for each transaction, with an exchange's contract."""

    anvil: Anvil
    deployment: Deployment
    deployer: Deployer

    def settings(self, data: Path) -> Settings:
        """Settings of an exchange that settles there, with the one market of the deployment."""
        market = self.deployment.markets[0]
        told = MarketSettings(
            id=market.id,
            number=market.number,
            base_decimals=18,
            quote_decimals=6,
            tick="0.01",
            lot="0.0001",
            base_token=market.base.token,
            quote_token=market.quote.token,
        )
        chain = ChainSettings(
            contract=self.deployment.contract,
            rpc_urls=[self.anvil.url],
            operator_key=OPERATOR_KEY,
            start_block=self.deployment.start_block,
            batch_age_s=0.05,
            poll_s=0.05,
        )
        return settings(data, markets=[told], chain=chain)

    async def list_market(self, **changes: Any) -> dict[str, Any]:
        """List the new market as the lister; return its terms as a proposal has them."""
        terms = SOL_USDC | changes
        usdc = self.deployment.markets[0].quote
        market = attrs.evolve(Market.spot(**terms), quote=usdc)
        listed = await self.deployer.list_market(self.deployment.contract, market)
        return terms | {"base_token": listed.base.token, "quote_token": usdc.token}

    async def as_lister(self, name: str, *arguments: Any) -> None:
        """Call the contract as its lister."""
        async with Wallet(rpc_url=self.anvil.url, key=OWNER_KEY) as wallet:
            exchange = wallet.contract("Exchange", self.deployment.contract)
            await wallet.send(exchange.functions[name](*arguments))

    async def deposit(self, trader: Trader, market: Market, base: int, quote: int) -> None:
        """Mint and deposit, atoms."""
        self.anvil.rpc("anvil_setBalance", trader.account, hex(10**20))
        key = "0x" + bytes(trader.key.key).hex()
        async with Vault(
            rpc_url=self.anvil.url, contract=self.deployment.contract, key=key
        ) as vault:
            for asset, amount in ((market.base, base), (market.quote, quote)):
                if amount:
                    await self.deployer.mint(asset, trader.account, amount)
                    await vault.deposit(asset, amount)


@pytest.fixture
async def chain() -> AsyncIterator[Chain]:
    with Anvil("--block-time", "1", "--mixed-mining") as anvil:
        for secret in (OWNER_KEY, OPERATOR_KEY):
            anvil.rpc("anvil_setBalance", LocalSigner(secret).address, hex(10**24))
        delays = Delays(watch_lag_s=60, window_max_s=1_000, exit_delay_s=100_000)
        operator = LocalSigner(OPERATOR_KEY).address
        deployer = Deployer(rpc_url=anvil.url, key=OWNER_KEY)
        try:
            deployment = await deployer.deploy([ETH_USDC], operator=operator, delays=delays)
            yield Chain(anvil, deployment, deployer)
        finally:
            await deployer.close()


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something that the chain brings."""
    give_up = time.monotonic() + GIVE_UP_S
    while not reached():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)


async def read(stack: Stack, chain: Chain) -> None:
    """Wait until settlement has read the chain to its head, all that is listed there being final."""
    settlement: Any = stack.services.exchange.settlement  # type: ignore[attr-defined] # it is here
    height = chain.anvil.height()
    await until(lambda: settlement.health().final_block >= height)


async def trade(office: Office, bob: Trader) -> None:
    """Bob sells a tenth to alice, and that becomes final."""
    view = office.engine.view
    for trader, side in ((bob, "sell"), (office.alice, "buy")):
        await trader.place(side, "0.1", "20", market="SOL-USDC")
    assert len(list(view.unsettled())) == 1
    await until(lambda: not list(view.unsettled()))


@pytest.mark.slow
async def test_two_admins_list_a_new_token_and_it_trades_settles_and_outlives_a_restart(
    chain: Chain, tmp_path: Path
) -> None:
    """Deposits from before the listing count; the settings never name the market."""
    chosen = chain.settings(tmp_path)
    async with running(chosen) as stack:
        office = await office_of(stack, usdc="")
        bob, sol = await stack.trader(2), AssetId("SOL")
        terms = await chain.list_market()
        market = attrs.evolve(Market.spot(**terms), quote=chain.deployment.markets[0].quote)
        await chain.deposit(bob, market, 5 * SOL, 0)
        await chain.deposit(office.alice, market, 0, 100 * USDC)
        await read(stack, chain)
        alarms = (await office.admin.get("/admin/alarms")).json()["alarms"]
        assert [terms["base_token"] in alarm["detail"] for alarm in alarms] == [True]
        listed = await office.both(kind="list_market", market=terms, state="halted")
        assert listed == ("not listed", "listed, halted")
        view = office.engine.view
        await until(lambda: view.balance(bob.account, sol).total == 5 * SOL)
        assert (await office.admin.get("/admin/alarms")).json()["alarms"] == []
        opened = await office.both(kind="open_market", market="SOL-USDC", state="open")
        assert opened == ("halted", "open")
        await trade(office, bob)
        assert view.balance(office.alice.account, sol).total == SOL // 10
    async with running(chosen) as stack:
        office = await office_of(stack, usdc="")
        bob = await stack.trader(2)
        assert [one.id for one in office.engine.markets] == ["ETH-USDC", "SOL-USDC"]
        await read(stack, chain)
        bob.counters = office.alice.counters = iter(range(100, 200))
        await trade(office, bob)
        assert office.engine.view.balance(office.alice.account, sol).total == 2 * SOL // 10
        assert office.engine.health().ready


@pytest.mark.slow
async def test_what_the_contract_does_not_have_is_refused_at_the_proposal_and_at_the_end(
    chain: Chain, tmp_path: Path
) -> None:
    """By a code, and by the field of the terms; nothing is listed, and the proposal is over."""
    async with running(chain.settings(tmp_path)) as stack:
        office = await office_of(stack, usdc="")
        await read(stack, chain)
        token = chain.deployment.markets[0].base.token
        usdc = chain.deployment.markets[0].quote.token
        early = SOL_USDC | {"base_token": token, "quote_token": usdc}
        missing = await office.propose(kind="list_market", market=early | {"base_decimals": 18})
        is_problem(missing, 409, RejectReason.LISTED_OTHERWISE_ON_CHAIN)
        terms = await chain.list_market()
        await read(stack, chain)
        wrong = [
            ({"number": 8}, RejectReason.NOT_LISTED_ON_CHAIN, "number"),
            ({"base_token": NO_TOKEN}, RejectReason.NOT_LISTED_ON_CHAIN, "base_token"),
            ({"quote_token": None}, RejectReason.LISTED_OTHERWISE_ON_CHAIN, "quote_token"),
            ({"lot": "0.01"}, RejectReason.LISTED_OTHERWISE_ON_CHAIN, "lot"),
            ({"tick": "0.02"}, RejectReason.LISTED_OTHERWISE_ON_CHAIN, "tick"),
            ({"base_decimals": 8}, RejectReason.LISTED_OTHERWISE_ON_CHAIN, "base_decimals"),
            ({"quote_decimals": 7}, RejectReason.LISTED_OTHERWISE_ON_CHAIN, "quote_decimals"),
        ]
        for change, reason, field in wrong:
            refused = await office.propose(kind="list_market", market=terms | change)
            assert is_problem(refused, 409, reason).field == f"action.market.{field}"
        waiting = await office.propose(kind="list_market", market=terms)
        await chain.as_lister("closeMarket", 7)
        ended = await office.confirm(waiting.json())
        closing = is_problem(ended, 409, RejectReason.NOT_LISTED_ON_CHAIN)
        assert (closing.field, "reopenMarket" in closing.detail) == ("action.market.number", True)
        line = await office.line(waiting.json()["id"])
        assert (line["outcome"], line["before"]) == ("refused", "not listed")
        assert office.engine.view.market(MarketId("SOL-USDC")) is None
        await chain.as_lister("reopenMarket", 7)
        await office.both(kind="list_market", market=terms, state="halted")


async def test_while_the_chain_can_not_be_asked_nothing_is_listed(
    chain: Chain, tmp_path: Path
) -> None:
    """The proposal is refused, and may be made again later."""
    async with running(chain.settings(tmp_path)) as stack:
        office = await office_of(stack, usdc="")
        terms = await chain.list_market()
        await read(stack, chain)
        waiting = await office.propose(kind="list_market", market=terms)
        chain.anvil.stop()
        for refused in (
            await office.propose(kind="list_market", market=terms),
            await office.confirm(waiting.json()),
        ):
            problem = is_problem(refused, 409, RejectReason.LISTING_UNAVAILABLE)
            assert (problem.field, "no market is taken now" in problem.detail) == (
                "action.market",
                True,
            )
