"""On an exchange that settles on a chain, ladders that came over REST and the socket settle."""

from pathlib import Path

import pytest

from reference_app.tests import test_chain_listing
from reference_app.tests.stack import Trader, running
from reference_app.tests.test_batches import recorded
from reference_app.tests.test_chain_listing import USDC, Chain, read, until
from reference_app.tests.test_ladders import Rung, burst, codes, ladder, post

ETH = 10**18
chain = test_chain_listing.chain


@pytest.mark.slow
async def test_the_fills_of_ladders_that_came_over_rest_and_the_socket_settle(
    chain: Chain, tmp_path: Path
) -> None:
    """A ladder of one meets one of the other, then a single order; what bob signed is not alice's."""
    async with running(chain.settings(tmp_path)) as stack:
        alice, bob = await stack.trader(1), await stack.trader(2)
        market, view = stack.market("ETH-USDC"), stack.services.exchange.view
        await chain.deposit(bob, market, 10 * ETH, 0)
        await chain.deposit(alice, market, 0, 100_000 * USDC)
        await read(stack, chain)
        await until(lambda: view.balance(alice.account, market.quote.id).total == 100_000 * USDC)
        await until(lambda: view.balance(bob.account, market.base.id).total == 10 * ETH)
        asks: list[Rung] = [("sell", "0.1", str(2000 + at)) for at in range(5)]
        bids: list[Rung] = [("buy", "0.1", str(2000 + at)) for at in range(3)]
        assert codes(await post(bob, ladder(bob, *asks))) == [None] * 5
        stolen = ladder(bob, *bids)
        taken, refused, resting = await burst(
            alice, ladder(alice, *bids), stolen, ladder(alice, ("buy", "0.1", "1900"))
        )
        assert [one["filled"] for one in taken["result"]["rungs"]] == ["0.1"] * 3
        assert refused["problem"]["field"] == "signature"
        assert codes(resting["result"]) == [None]
        await alice.place("buy", "0.1", "2003")
        assert len(list(view.unsettled())) == 4
        await until(lambda: not list(view.unsettled()))
        assert view.balance(alice.account, market.base.id).total == 4 * ETH // 10
        await recorded(stack)
        assert await _settled(bob) == await _settled(alice) == [("final", "0.1")] * 4


async def _settled(who: Trader) -> list[tuple[str, str]]:
    """Stage and quantity of each of the account's fills, as it reads them."""
    fills = (await who.get("/account/fills")).json()["fills"]
    return [(one["stage"], one["quantity"]) for one in fills]
