"""The running exchange that the gateway's tests talk to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reference_app.tests.stack import Stack, Trader, running, settings


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A fresh exchange with two markets and no chain."""
    async with running(settings(tmp_path)) as started:
        yield started


@pytest.fixture
async def alice(stack: Stack) -> Trader:
    """A trader with quote to buy with."""
    return await stack.trader(1, USDC="1000000")


@pytest.fixture
async def bob(stack: Stack) -> Trader:
    """A trader with base to sell."""
    return await stack.trader(2, ETH="1000")
