"""The rule keeps every promise of the `Risk` interface, as the shipped kit checks it."""

from hybrid_dex_risk_template import OrderToTrade

from hybrid_dex import Risk
from hybrid_dex.testing import RiskKit


class TestOrderToTrade(RiskKit):
    """So tight that the kit's traffic meets it."""

    def make_risk(self) -> Risk:
        return OrderToTrade(free=3, ratio=2)


class TestNothingForFree(RiskKit):
    """Nothing enters at all."""

    def make_risk(self) -> Risk:
        return OrderToTrade(free=0, ratio=0)
