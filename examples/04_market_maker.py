"""Quote both sides of a market: what a market maker decides, without a server.

`MarketMaker` sends these decisions through `ExchangeClient`.

Run it: ``python examples/04_market_maker.py``. Expected output:

    the reference is 2500
    place buy 0.5 at 2497.5
    place buy 0.5 at 2495
    place sell 0.5 at 2502.5
    place sell 0.5 at 2505
    the best ask was filled, the reference is 2510
    replace sell 2505 by sell 0.5 at 2513.27
    replace buy 2497.5 by buy 0.5 at 2508.24
    replace buy 2495 by buy 0.5 at 2505.73
    place sell 0.5 at 2515.78
"""

from hybrid_dex import Market, Side
from reference_app.market_maker.quoting import Ladder, Quote, make_quotes
from reference_app.market_maker.reconciling import Cancel, LiveOrder, Place, Replace, reconcile

market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ladder = Ladder(levels=2, spacing_bps=10, quantity=5_000, max_inventory=50_000, skew_bps=30)


def words(quote: Quote) -> str:
    """A quote as people write it."""
    quantity = market.format_quantity(quote.quantity)
    return f"{quote.side.name.lower()} {quantity} at {market.format_price(quote.price)}"


def decide(reference: str, inventory: int, live: list[LiveOrder]) -> None:
    """Print how to get from the live orders to the quotes."""
    quotes = make_quotes(market.parse_price(reference), inventory, ladder)
    for action in reconcile(quotes, live, max_orders=10):
        match action:
            case Place(quote):
                print("place", words(quote))
            case Replace(order, quote):
                side, price = order.side.name.lower(), market.format_price(order.price)
                print(f"replace {side} {price} by {words(quote)}")
            case Cancel(order):
                print("cancel", order.order_id)


if __name__ == "__main__":
    print("the reference is 2500")
    decide("2500", 0, [])
    print("the best ask was filled, the reference is 2510")
    left = [(Side.BUY, 249_750), (Side.BUY, 249_500), (Side.SELL, 250_500)]
    live = [
        LiveOrder(order_id=str(number), side=side, price=price, open=5_000, filled=0)
        for number, (side, price) in enumerate(left)
    ]
    decide("2510", -5_000, live)
