"""The words of scenarios about markets: terms, states, auctions, fees and plans.

See `scenarios/README.md`.
"""

import re

from hybrid_dex.local import LocalExchange
from hybrid_dex.model.events import Event, FillMade, MarketStateChanged
from hybrid_dex.model.fees import FeeSchedule, FeeTier
from hybrid_dex.model.market import Market, MarketState, StateCause
from hybrid_dex.model.market_events import (
    FeesChanged,
    FeesScheduled,
    MarketStateScheduled,
    MarketUncrossed,
    PlanCanceled,
    PlanFailed,
)
from hybrid_dex.model.order import Side

SECOND = 10**9
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
TIER = re.compile(r"from (\S+) maker (-?\d+) ppm, taker (-?\d+) ppm")
FEES = re.compile(r"maker (-?\d+) ppm, taker (-?\d+) ppm")


def seconds(text: str) -> int:
    """How long ``5s``, ``2h`` or ``1d`` is."""
    return int(text[:-1]) * UNITS[text[-1]]


def listed(text: str) -> Market:
    """The market that a scenario's text describes."""
    fees = re.search(r"^Fees: (.*)$", text, re.MULTILINE)
    base = FEES.match(fees[1]) if fees else None
    terms = re.search(r"^Terms: (.*)$", text, re.MULTILINE)
    rows = [row.rsplit(" ", 1) for row in terms[1].split("; ")] if terms else []
    sizes: dict[str, str] = {name.replace(" ", "_"): value for name, value in rows}
    band = sizes.pop("band", None)
    return Market.spot(
        "ETH-USDC",
        base_decimals=18,
        quote_decimals=6,
        tick="0.01",
        lot="0.0001",
        maker_fee_ppm=int(base[1]) if base else 0,
        taker_fee_ppm=int(base[2]) if base else 0,
        fee_tiers=[
            (volume, int(maker), int(taker))
            for volume, maker, taker in TIER.findall(fees[1] if fees else "")
        ],
        price_band_ppm=None if band is None else int(band.removesuffix("%")) * 10_000,
        **sizes,
    )


class MarketWords:
    """What a table says of the market as commands, and what became of it as words."""

    def __init__(self, exchange: LocalExchange, market: Market) -> None:
        self.exchange = exchange
        self.market = market
        self.crossing = 0

    def state(self, words: str) -> MarketState:
        return MarketState[words.upper().replace("-", "_")]

    def act(self, verb: str, rest: str) -> tuple[Event, ...] | None:
        """Do a row about the market; ``None`` when it is about something else."""
        exchange, market = self.exchange, self.market
        match verb, rest.split():
            case "is", [state]:
                return exchange.set_market_state(market, self.state(state))
            case "is", [state, "near", price]:
                return exchange.set_market_state(market, self.state(state), reference_price=price)
            case "becomes", [state, "at", when]:
                due_ns = seconds(when) * SECOND
                return exchange.schedule_market_state(market, self.state(state), due_ns)
            case "forgets", ["what", "is", "planned", "at", when]:
                return exchange.cancel_plan(market, seconds(when) * SECOND)
            case "charges", _:
                fees, _, when = rest.partition(" at ")
                found = FEES.match(fees)
                assert found, rest
                due_ns = seconds(when) * SECOND if when else None
                return exchange.schedule_fees(market, self.schedule(found, fees), due_ns)
        return None

    def schedule(self, found: re.Match[str], text: str) -> FeeSchedule:
        return FeeSchedule(
            maker_fee_ppm=int(found[1]),
            taker_fee_ppm=int(found[2]),
            tiers=tuple(
                FeeTier(
                    volume=self.market.quote.parse(volume),
                    maker_fee_ppm=int(maker),
                    taker_fee_ppm=int(taker),
                )
                for volume, maker, taker in TIER.findall(text)
            ),
        )

    def look(self, who: str, what: str) -> list[str] | None:
        """What can be read of the market; ``None`` when something else is asked."""
        if what == "pays":
            maker, taker = self.exchange.view.rates(who, self.market.id)
            return [f"maker {maker} ppm", f"taker {taker} ppm"]
        if what == "shows opening":
            found = self.exchange.indication(self.market)
            if found is None:
                return ["nothing"]
            told = [f"{found.quantity} at {found.price}"]
            if found.surplus_side is not None:
                side = "buy" if found.surplus_side is Side.BUY else "sell"
                told.append(f"{found.surplus} left to {side}")
            return told
        if what == "shows state":
            state = self.exchange.view.market_state(self.market.id)
            return [state.name.lower().replace("_", "-")]
        return None

    def words(self, event: Event, names: dict[int, str]) -> str | None:
        """What happened to the market, and who met in an opening."""
        lots, price = self.market.format_quantity, self.market.format_price
        match event:
            case MarketStateChanged() if event.cause is StateCause.COMMAND:
                return "done"
            case MarketStateChanged():
                return f"{event.state.name.lower().replace('_', '-')} by {event.cause.name}"
            case MarketUncrossed():
                self.crossing = event.quantity
                return f"opens with {lots(event.quantity)} at {price(event.price)}"
            case FillMade() if self.crossing:
                self.crossing -= event.quantity
                taker, maker = names.get(event.taker_order, "it"), names[event.maker_order]
                return f"{lots(event.quantity)} of {taker} with {maker}"
            case MarketStateScheduled() | FeesScheduled():
                return "planned"
            case FeesChanged() | PlanCanceled():
                return "done"
            case PlanFailed():
                return f"failed {event.reason.name}"
        return None
