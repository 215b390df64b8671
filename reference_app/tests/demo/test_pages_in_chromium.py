"""A visitor's first minutes in a real browser: the pages against the whole demo on a chain, settled and final."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reference_app.tests.demo.browsing import SCREENSHOTS, run_script, trading_demo

MOST_CLICKS = 5
"""From nothing to a fill that is looked at; no key is pressed."""


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_visitor_trades_and_everything_settles(tmp_path: Path) -> None:
    folder = os.environ.get(SCREENSHOTS, str(tmp_path / "screenshots"))
    async with trading_demo(tmp_path) as url:
        await run_script("flow", url, folder)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_who_comes_for_the_first_time_trades_by_the_obvious_clicks(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    async with trading_demo(tmp_path) as url:
        found = json.loads((await run_script("first", url)).splitlines()[-1])
    assert found["fill"], "nothing was filled"
    assert len(found["clicks"]) <= MOST_CLICKS, found["clicks"]
    figure(
        f"a first visitor: {found['seconds']:.1f} s and {len(found['clicks'])} clicks from the first paint"
        f" to a fill that is shown ({', '.join(found['clicks'])}), no key pressed"
    )
