"""Match orders in memory: no chain, no keys, no files.

Run it: ``python examples/01_match_in_memory.py``. Expected output:

    alice wants 2 ETH at up to 2501
    fill: 1.5 ETH at 2500
    bids: 0.5 at 2501
    alice has 1.5 ETH and 5000 USDC, 1250.5 USDC held
    refused: INSUFFICIENT_FUNDS, needs 9 ETH, available 1.5
    not a price: 2500.001 is not a multiple of 0.01
"""

from hybrid_dex import FillMade, FormatError, LocalExchange, Market, OrderRejected, Side

market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")


def main() -> None:
    """Two traders, one fill, and what a refusal looks like."""
    exchange = LocalExchange([market])
    exchange.deposit("alice", "USDC", "10000.5")
    exchange.deposit("bob", "ETH", "3")
    exchange.place("bob", market, Side.SELL, quantity="1.5", price="2500.00")

    print("alice wants 2 ETH at up to 2501")
    for event in exchange.place("alice", market, Side.BUY, quantity="2", price="2501"):
        if isinstance(event, FillMade):
            quantity, price = (
                market.format_quantity(event.quantity),
                market.format_price(event.price),
            )
            print(f"fill: {quantity} ETH at {price}")
    for price, quantity in exchange.book(market).bids:
        print(f"bids: {quantity} at {price}")
    ether, dollars = exchange.balance("alice", "ETH"), exchange.balance("alice", "USDC")
    print(f"alice has {ether.available} ETH and {dollars.available} USDC, {dollars.held} USDC held")

    # What the rules refuse is an event; what is no number at all is an exception.
    (event,) = exchange.place("bob", market, Side.SELL, quantity="9", price="2600")
    if isinstance(event, OrderRejected):
        print(f"refused: {event.reason.name}, {event.detail}")
    try:
        exchange.place("bob", market, Side.SELL, quantity="1", price="2500.001")
    except FormatError as error:
        print("not a price:", error.reason)


if __name__ == "__main__":
    main()
