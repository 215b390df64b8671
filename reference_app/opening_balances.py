"""Play money: what accounts of a demo without a chain begin with.

Where a chain is, funds come from deposits and nowhere else; the settings refuse these there.
"""

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.market import Asset
from hybrid_dex.model.units import AccountId
from reference_app.settings import OpeningBalance

__all__ = ["credit_opening_balances"]


async def credit_opening_balances(exchange: Exchange, balances: list[OpeningBalance]) -> None:
    """Credit each balance to an account that never had any of that asset.

    Raises:
        ConfigurationError: an asset that no market has.
        FormatError: an amount that is not exact.
    """
    assets: dict[str, Asset] = {}
    for market in exchange.view.markets():
        assets |= {market.base.id: market.base, market.quote.id: market.quote}
    for balance in balances:
        asset = assets.get(balance.asset)
        if asset is None:
            raise ConfigurationError(
                f"opening_balances: no market has {balance.asset}; there are: {', '.join(sorted(assets))}"
            )
        account = AccountId(balance.account)
        known = {one.asset for one in exchange.view.balances(account)}
        if asset.id not in known:
            await exchange.deposit(account, asset.id, asset.parse(balance.amount))
