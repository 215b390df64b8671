"""The market maker: a program that quotes both sides of a market. The client's first user.

What to quote and how to get there are pure functions (`quoting`, `reconciling`); the loop around
them (`maker`) only reads, decides by them, and sends. It uses the client and nothing else of the
exchange. It gives an order book life in a demo; it is not a way to make money.
"""

from reference_app.market_maker.maker import MakerState, MarketMaker
from reference_app.market_maker.options import MarketMakerOptions

__all__ = ["MakerState", "MarketMaker", "MarketMakerOptions"]
