"""What no grant can hold is refused by name, before anything is signed or a node is asked."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.model.market import Market
from hybrid_dex.settlement.grants import Grants

KEY = "0x" + "11" * 32
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
BOT = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
MARKET = Market.spot("ETH-DAI", base_decimals=18, quote_decimals=18, tick="0.01", lot="0.0001")
EXPIRY_S = 1_800_000_000


def grants() -> Grants:
    """An account's, at a node that is not there."""
    return Grants(rpc_url="http://127.0.0.1:1", contract=CONTRACT, key=KEY)


@pytest.mark.parametrize("expiry", [EXPIRY_S * 1_000, -1, EXPIRY_S + 0.5, True])
async def test_an_expiry_that_is_no_second_is_refused(expiry: Any) -> None:
    """Milliseconds above all."""
    async with grants() as mine:
        with pytest.raises(ConfigurationError, match=f"^expires_at_s is {expiry!r}; .*seconds"):
            await mine.grant(BOT, MARKET, buy="1", sell="1", expires_at_s=expiry)


async def test_a_budget_beyond_the_contracts_is_refused_with_the_largest() -> None:
    """In the quote asset's own decimals."""
    async with grants() as mine:
        with pytest.raises(FormatError, match=r"^buy: too large; valid: 0 to 79228162514\.26433"):
            await mine.grant(BOT, MARKET, buy="79228162515", sell="0", expires_at_s=EXPIRY_S)


async def test_an_account_or_market_that_is_none_is_refused() -> None:
    """In what is asked, too."""
    other = attrs.evolve(MARKET, number=1)
    async with grants() as mine:
        for account in ("alice", BOT.lower(), BOT[:-1]):
            with pytest.raises(FormatError, match=r"^account: "):
                await mine.session(BOT, other, account=account)
            with pytest.raises(FormatError, match=r"^account: "):
                await mine.is_approved(bytes(32), account=account)
