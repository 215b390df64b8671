"""Preview: what an order would hold, cost and bring, by the very functions that do it.

Looks alone: nothing changes. What matching would bring at better prices is not foretold, as the book
moves before the order is there; what is told is exact at the limit, and a bound everywhere else.
"""

from hybrid_dex.engine.budgets import lots_for
from hybrid_dex.engine.desk import Desk
from hybrid_dex.engine.trading import needed
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.fees import fee
from hybrid_dex.model.order import Side
from hybrid_dex.model.preview import OrderPreview
from hybrid_dex.model.units import Amount, FeePpm, Quantity

__all__ = ["preview"]


def preview(desk: Desk, command: PlaceOrder, rates: tuple[FeePpm, FeePpm]) -> OrderPreview:
    """Return what an order in a listed market would hold, cost and bring.

    Args:
        desk: the state.
        command: the order.
        rates: what its account is charged today as maker and as taker.
    """
    venue = desk.venues[command.market]
    market, account = venue.market, command.account
    maker_ppm, taker_ppm = rates
    worst_ppm = venue.worst_maker_ppm if command.post_only else venue.worst_fee_ppm
    quantity, most = command.quantity, market.notional(command.price, command.quantity)
    notional, budget = most, command.quote_budget
    if budget is not None:
        unit = command.price * venue.tick_size
        quantity = Quantity(min(quantity, lots_for(budget, unit, worst_ppm)))
        notional = market.notional(command.price, quantity)
        # At better prices a budget pays for more lots, and so for more notional than at the limit.
        most = Amount(min(most, lots_for(budget, 1, worst_ppm)))
    worst_fee = Amount(fee(most, worst_ppm))
    hold, hold_asset = Amount(needed(venue, command)), venue.hold_asset(command.side)
    buys = command.side is Side.BUY
    return OrderPreview(
        hold_asset=hold_asset,
        hold=hold,
        available=Amount(desk.ledger.available(account, hold_asset)),
        maker_fee_ppm=maker_ppm,
        taker_fee_ppm=taker_ppm,
        maker_fee=Amount(fee(notional, maker_ppm)),
        taker_fee=Amount(fee(notional, taker_ppm)),
        quantity=quantity,
        pays_asset=hold_asset,
        pays_at_most=hold,
        receives_asset=venue.base_id if buys else venue.quote_id,
        receives_at_least=market.base_amount(quantity) if buys else Amount(notional - worst_fee),
        worst_fee=worst_fee,
    )
