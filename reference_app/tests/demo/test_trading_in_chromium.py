"""A trader's day in a real browser, piece by piece, against an exchange whose fills settle on a chain."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from reference_app.tests.demo.browsing import Browsing, quiet_demo
from reference_app.tests.test_console_browser import PAYLOADS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browsing]:
    """One exchange and one chain for all of these tests; each trades with accounts of its own."""
    async with quiet_demo(tmp_path_factory.mktemp("browsing")) as started:
        yield started


async def test_every_kind_of_order_is_what_the_page_says_of_it(browsing: Browsing) -> None:
    await browsing.run("orders")


async def test_a_fill_shows_how_far_it_is_and_when_the_chain_takes_that_back(
    browsing: Browsing,
) -> None:
    await browsing.grant(browsing.demo.accounts.owner.address)
    await browsing.run("settling")


async def test_wallets_sign_refuse_and_change_and_a_session_key_needs_none(
    browsing: Browsing,
) -> None:
    await browsing.run("wallets")


async def test_no_text_of_a_stranger_or_of_the_exchange_runs(browsing: Browsing) -> None:
    await browsing.run("hostile", payloads=PAYLOADS)


async def test_everything_is_taken_out_while_the_operator_stands_still(browsing: Browsing) -> None:
    """The last one: it moves the chain's clock, and the exchange rests meanwhile."""
    await browsing.run("leaving")
