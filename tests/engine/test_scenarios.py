"""Scenarios that a trader can read and write: each table in `scenarios/` comes true, row by row.

The words are in `scenarios/README.md`. What a row expects is all that happens: an event that is
not named there fails it.
"""

import re
from pathlib import Path

import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.engine.desk import BookFactory
from hybrid_dex.local import LocalExchange
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    Deposited,
    Event,
    FillMade,
    FillSettled,
    OrderAccepted,
    OrderActivated,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderRefilled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    Withdrawn,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.views import OrderView
from hybrid_dex.testing import ListBook
from hybrid_dex.wire import OrderRequest
from hybrid_dex.wire.words import word as word_of
from tests.engine.driver import check_events
from tests.engine.scenario_chain import Chain, UnsettledExchange
from tests.engine.scenario_control import control, words_of_control
from tests.engine.scenario_market import MarketWords, listed, seconds

FOLDER = Path(__file__).parent / "scenarios"
FILES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
MODES = {mode.name.lower().replace("_", "-"): mode for mode in SelfTradeMode}
SECOND = 10**9


class Scenario:
    """One table at work: names of orders, and what happened in words."""

    def __init__(self, market: Market, *, book: BookFactory, by_hand: bool) -> None:
        self.market = market
        kind = UnsettledExchange if by_hand else LocalExchange
        self.exchange = kind([self.market], book=book)
        self.now_s = self.member = 0
        self.names: dict[str, int] = {}
        self.chain = Chain(self.exchange, self.market, self.names) if by_hand else None
        self.venue = MarketWords(self.exchange, self.market)

    def row(self, who: str, does: str) -> list[str]:
        """Do what a row says and tell what happened."""
        verb, _, rest = does.partition(" ")
        if verb in {"batch", "all-or-none"}:
            return self.batch(who, rest, all_or_none=verb == "all-or-none")
        if verb in {"buy", "sell"} and {"oco", "then"} & set(rest.split()):
            return self.link(who, verb, rest)
        if verb in {"buy", "sell"}:
            return self.place(who, Side[verb.upper()], rest)
        looked = self.venue.look(who, does)
        if looked is not None:
            return looked
        if verb == "has" and rest == "orders":
            orders = self.exchange.view.open_orders(who)
            return [self.order(order) for order in orders] or ["nothing"]
        if verb == "has":
            balance = self.exchange.balance(who, rest)
            return [f"{balance.available} available", f"{balance.held} held"]
        if verb == "shows":
            book = self.exchange.book(self.market)
            rows = {"bid": book.bids, "ask": book.asks}[rest]
            return [f"{quantity} at {price}" for price, quantity in rows] or ["nothing"]
        return self.tell(self.act(who, verb, rest))

    def act(self, who: str, verb: str, rest: str) -> tuple[Event, ...]:
        words = rest.split()
        match verb, words:
            case "deposit", [amount, asset]:
                return self.exchange.deposit(who, asset, amount)
            case "withdraw", [amount, asset]:
                return self.exchange.withdraw(who, asset, amount)
            case "cancel", ["all"]:
                return self.exchange.cancel_all(who)
            case "cancel", ["all", ("bids" | "asks") as side]:
                one = Side.BUY if side == "bids" else Side.SELL
                return self.exchange.cancel_all(who, self.market, one)
            case "cancel", ["id", name]:
                return self.exchange.cancel(who, client_order_id=name)
            case "cancel", [name]:
                return self.exchange.cancel(who, self.names[name])
            case "reduce", [name, "by", lots]:
                return self.exchange.reduce(who, self.names[name], by=lots)
            case "replace", [name, "with", total, "at", price, *flags]:
                return self.exchange.replace(
                    who,
                    self.names[name],
                    quantity=total,
                    price=price,
                    post_only="post-only" in flags,
                    time_in_force=self.time_in_force(flags)[0],
                    trigger_price=self.trigger(flags)[1],
                    expected_filled=self.after("filled", flags),
                    display_quantity=self.after("show", flags),
                )
            case "wait", [time]:
                self.now_s += seconds(time)
                return self.exchange.advance(seconds(time) * SECOND)
        told = self.venue.act(verb, rest)
        if told is not None:
            return told
        command = control(who, verb, rest, self.market)
        if command is not None:
            return self.exchange.execute(command)
        assert self.chain is not None, f"not a row: {verb} {rest}"
        return self.chain.exchange.do(self.chain.command(who, verb, rest))

    def batch(self, who: str, rest: str, *, all_or_none: bool) -> list[str]:
        """Several rows as one command; what happened is told with the member's number."""
        with self.exchange.batch(who, all_or_none=all_or_none) as batch:
            for self.member, part in enumerate(rest.split(" & ")):
                self.row(who, part)
        self.member = 0
        return [
            f"{number}: {words}"
            for number, events in enumerate(batch.answers, start=1)
            for words in self.tell(events)
        ]

    def link(self, who: str, verb: str, rest: str) -> list[str]:
        """`sell 1 oco 2600 stop ...`, or `buy 1 at 2500 then 2600 stop ...`: entry, exits, names."""
        rest, _, names = rest.partition(" as ")
        head, _, tail = rest.partition(" then " if " then " in rest else " oco ")
        quantity, *entry = head.split()
        take_profit, *stop = tail.split()
        side = Side[verb.upper()]
        exits = side if not entry else Side(1 - side)
        legs = [
            OrderRequest(
                market=self.market.id, side=word_of(exits), quantity=quantity, price=take_profit
            ),
            self.leg(exits, quantity, stop),
        ]
        first = self.leg(side, quantity, entry) if entry else None
        for index, name in enumerate(names.split()):
            self.names[name] = self.exchange.view.sequence + 1 << 8 | index
        return self.tell(self.exchange.place_linked(who, *legs, entry=first))

    def leg(self, side: Side, quantity: str, flags: list[str]) -> OrderRequest:
        kind, trigger_price = self.trigger(flags)
        price = self.after("at", flags)
        assert price is not None, flags
        return OrderRequest(
            market=self.market.id,
            side=word_of(side),
            quantity=quantity,
            price=price,
            order_type=f"{kind.lower()}{'market' if 'market' in flags else 'limit'}",
            time_in_force=word_of(TimeInForce.IOC) if "ioc" in flags else None,
            trigger_price=trigger_price,
        )

    def place(self, who: str, side: Side, rest: str) -> list[str]:
        match = re.fullmatch(r"(\S+) at (\S+?)((?: [a-z0-9.-]+)*?)(?: as (\S+))?", rest)
        assert match, rest
        quantity, price, flags, name = match[1], match[2], match[3].split(), match[4]
        time_in_force, expires_at_ns = self.time_in_force(flags)
        kind, trigger_price = self.trigger(flags)
        modes = [MODES[flag] for flag in flags if flag in MODES]
        if name is not None:
            self.names[name] = self.exchange.view.sequence + 1 << 8 | self.member
        events = self.exchange.place(
            who,
            self.market,
            side,
            quantity=quantity,
            price=price,
            order_type=OrderType[f"{kind}{'MARKET' if 'market' in flags else 'LIMIT'}"],
            time_in_force=time_in_force,
            post_only="post-only" in flags,
            self_trade=modes[0] if modes else SelfTradeMode.CANCEL_AGGRESSOR,
            expires_at_ns=expires_at_ns,
            trigger_price=trigger_price,
            client_order_id=self.after("id", flags),
            display_quantity=self.after("show", flags),
            quote_budget=self.after("budget", flags),
        )
        return self.tell(events)

    def after(self, word: str, flags: list[str]) -> str | None:
        """The flag behind a word, if it is there."""
        return flags[flags.index(word) + 1] if word in flags else None

    def time_in_force(self, flags: list[str]) -> tuple[TimeInForce, int | None]:
        if "until" in flags:
            seconds = int(flags[flags.index("until") + 1].removesuffix("s"))
            return TimeInForce.GTD, seconds * SECOND
        for word in ("ioc", "fok"):
            if word in flags:
                return TimeInForce[word.upper()], None
        if "market" in flags:
            return TimeInForce.IOC, None
        return TimeInForce.GTC, None

    def trigger(self, flags: list[str]) -> tuple[str, str | None]:
        for word, kind in (("stop", "STOP_"), ("take-profit", "TAKE_PROFIT_")):
            if word in flags:
                return kind, self.after(word, flags)
        return "", None

    def order(self, order: OrderView) -> str:
        waits = " waiting" if order.waiting else ""
        return f"{self.name(order.order_id)} {self.market.format_quantity(order.open)}{waits}"

    def name(self, order_id: int) -> str:
        names = [name for name, known in self.names.items() if known == order_id]
        return names[0] if names else "it"

    def tell(self, events: tuple[Event, ...]) -> list[str]:
        check_events(events)
        return [words for event in events if (words := self.words(event))]

    def words_of_conditions(self, event: Event) -> str | None:
        match event:
            case OrderRefilled():
                shown = self.market.format_quantity(event.displayed)
                return f"{self.name(event.order_id)} shows {shown} more"
            case OrderActivated():
                lots = self.market.format_quantity(event.active)
                return f"{self.name(event.order_id)} wakes for {lots}"
            case OrderTriggered():
                price = self.market.format_price(event.trigger_price)
                return f"{self.name(event.order_id)} triggered at {price}"
        return None

    def words_of_others(self, event: Event) -> str | None:
        names = {order_id: name for name, order_id in self.names.items()}
        told = None if self.chain is None else self.chain.words(event)
        return (
            told
            or self.words_of_conditions(event)
            or words_of_control(event)
            or self.venue.words(event, names)
        )

    def words(self, event: Event) -> str | None:
        if (told := self.words_of_others(event)) is not None:
            return told
        lots, price = self.market.format_quantity, self.market.format_price
        match event:
            case OrderAccepted():
                return "waits" if event.waiting else "accepted"
            case OrderRejected() | CancelRejected() | CommandRejected():
                return f"refused {event.reason.name}"
            case FillMade():
                maker = self.name(event.maker_order)
                return f"{lots(event.quantity)} at {price(event.price)} with {maker}"
            case OrderCanceled():
                name = self.name(event.order_id)
                return f"{name} canceled {lots(event.open)} {event.reason.name}"
            case OrderExpired():
                return f"{self.name(event.order_id)} expired {lots(event.open)}"
            case OrderReduced():
                return f"{self.name(event.order_id)} reduced to {lots(event.open)}"
            case OrderReplaced():
                place = "in place" if event.kept_priority else "at the back"
                return f"{self.name(event.order_id)} replaced {place}, {lots(event.open)} open"
            case Deposited() | Withdrawn():
                return "done"
            case FillSettled():
                return None
        return type(event).__name__


def tables() -> list[object]:
    """Every scenario of every file: what its text says, and rows."""
    found: list[object] = []
    for path in FILES:
        for part in re.split(r"^## ", path.read_text(), flags=re.MULTILINE)[1:]:
            heading, _, text = part.partition("\n")
            rows = [
                [cell.strip() for cell in line.strip("|").split("|")]
                for line in text.splitlines()
                if line.startswith("|")
            ]
            assert rows[0] == ["who", "does", "then"], path
            found.append(
                pytest.param(
                    listed(text),
                    "Settlement: by hand" in text,
                    rows[2:],
                    id=f"{path.stem}: {heading}",
                )
            )
    return found


@pytest.mark.parametrize("book", [SortedBook, ListBook])
@pytest.mark.parametrize(("market", "by_hand", "rows"), tables())
def test_scenario(market: Market, by_hand: bool, rows: list[list[str]], book: BookFactory) -> None:
    """Each row does what it says, and exactly that, on every book."""
    scenario = Scenario(market, book=book, by_hand=by_hand)
    for who, does, then in rows:
        expected = [words.strip() for words in then.split(";") if words.strip()]
        assert scenario.row(who, does) == expected, f"{who} {does}"
        scenario.exchange.view.check()
