"""A risk rule of your own beside the standard ones: no price far from the last trade.

Run it: ``python examples/03_custom_risk.py``. Expected output:

    2500: accepted
    2700: accepted
    2800: RISK_REFUSED, more than 10% above the last trade
"""

import msgspec

import hybrid_dex as dex


class FatFinger:
    """Refuses to pay more than a tenth above the last trade, which it learns from events."""

    version = "fat-finger 1"

    def __init__(self) -> None:
        self._last: dict[dex.MarketId, int] = {}

    def check(self, command: dex.Command, view: dex.LedgerView) -> dex.Refusal | None:
        """Look, never change anything: the order may still be refused by others."""
        order: dex.PlaceOrder | dex.OrderView | None
        if isinstance(command, dex.PlaceOrder):
            order = command
        elif isinstance(command, dex.ReplaceOrder):  # it names the order, and a new price
            order = view.order(command.order_id)
        else:
            return None
        if order is None or order.side is dex.Side.SELL:
            return None
        if command.price * 10 <= self._last.get(order.market, command.price) * 11:
            return None
        detail = "more than 10% above the last trade"
        return dex.Refusal(dex.RejectReason.RISK_REFUSED, "price", detail)

    def observe(self, event: dex.Event, at_ns: dex.TimestampNs) -> None:
        """Remember the last price."""
        if isinstance(event, dex.FillMade):
            self._last[event.market] = event.price

    def snapshot(self) -> bytes:
        """The same state must give the same bytes."""
        return msgspec.json.encode(self._last, order="deterministic")

    def restore(self, state: bytes) -> None:
        """After a restart the rule goes on where it was."""
        try:
            self._last = msgspec.json.decode(state, type=dict[dex.MarketId, int])
        except msgspec.MsgspecError as error:
            raise dex.VersionMismatchError(f"not a state of {self.version}: {error}") from error


if __name__ == "__main__":
    market = dex.Market.spot(
        "ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"
    )
    exchange = dex.LocalExchange([market], risk=dex.RiskChain([dex.StandardRisk(), FatFinger()]))
    exchange.deposit("alice", "USDC", "100000")
    exchange.deposit("bob", "ETH", "1")
    exchange.place("bob", market, dex.Side.SELL, quantity="1", price="2500")
    for price in ("2500", "2700", "2800"):
        event, *_ = exchange.place("alice", market, dex.Side.BUY, quantity="1", price=price)
        if isinstance(event, dex.OrderRejected):
            print(f"{price}: {event.reason.name}, {event.detail}")
        else:
            print(f"{price}: accepted")
