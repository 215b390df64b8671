"""The client in the shape of ccxt, so that programs written for ccxt run on this exchange.

Needs the ``client`` extra, and nothing of ccxt. `HybridDex` is what there would be ``ccxt.pro.binance``;
the exceptions have ccxt's names.

    from hybrid_dex.client import ccxt_like as ccxt

    async with ccxt.HybridDex({"url": "http://127.0.0.1:8000", "privateKey": key}) as exchange:
        order = await exchange.create_order("ETH/USDC", "limit", "buy", 0.5, 2500)
"""

from hybrid_dex.client.ccxt_like.errors import *  # noqa: F403 # the whole tree, as ccxt has it
from hybrid_dex.client.ccxt_like.errors import __all__ as _errors
from hybrid_dex.client.ccxt_like.exchange import HybridDex

__all__ = ["HybridDex", *(_name for _name in _errors if _name[0].isupper())]  # noqa: PLE0604 # names
