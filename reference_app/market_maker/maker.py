"""The loop of a market maker: read, decide by the pure functions, send.

What it promises: at most ``max_orders`` live and never more inventory than ``max_inventory``, also
after answers that never came; no quotes while the feed is silent or the socket down; nothing left
behind when it ends. An order whose fate is unknown counts as live until it is found or has expired
by itself. A dead man's switch is armed before the first quote and pushed back all the time, so the
exchange pulls the quotes when this program is killed; and orders are short-lived besides.

Use an account of its own: it cancels all orders of its account in its market.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from hybrid_dex import (
    FormatError,
    Market,
    RefusedError,
    RejectReason,
    Side,
    UnknownOutcomeError,
)
from hybrid_dex.client import (
    ClientOptions,
    ExchangeClient,
    LanesExhaustedError,
    OrderOptions,
    StreamOptions,
    UnreachableError,
)
from hybrid_dex.wire import OrderMessage
from reference_app.market_maker.options import MarketMakerOptions
from reference_app.market_maker.quoting import Ladder, Quote, make_quotes
from reference_app.market_maker.reconciling import (
    Action,
    Cancel,
    LiveOrder,
    Place,
    Replace,
    reconcile,
)
from reference_app.market_maker.reference_price import RandomWalk

__all__ = ["MakerState", "MarketMaker", "client_options"]

_BPS: Final = 10_000
_MS_PER_S: Final = 1_000
_LAST_TRIES: Final = 5
_WRITING_S: Final = 1
"""An order's lifetime begins when it is written, a moment after it is in doubt."""
_NOT_THERE: Final = frozenset({RejectReason.UNKNOWN_ORDER.value, RejectReason.NOT_FOUND.value})
_ENDED: Final = _NOT_THERE | {
    RejectReason.ALREADY_FILLED.value,
    RejectReason.ALREADY_CANCELED.value,
    RejectReason.ALREADY_EXPIRED.value,
}


@attrs.define(kw_only=True)
class MakerState:
    """What a market maker is doing, for whoever shows it; decimal text.

    Attributes:
        reference: the reference price.
        inventory: base gained since the start; negative when lost.
        live: how many orders were live after the last refresh.
        placed: orders placed so far; as the two that follow.
        quoting: whether it quotes; ``False`` while quotes are pulled.
        doubtful: orders whose fate is unknown.
        refusal: the last refusal of the last refresh in words, or an empty string.
    """

    reference: str
    inventory: str = "0"
    live: int = 0
    placed: int = 0
    replaced: int = 0
    canceled: int = 0
    quoting: bool = False
    doubtful: int = 0
    refusal: str = ""


@attrs.frozen
class _Doubt:
    """An order whose fate is unknown, until when it may be live, and how much it is for."""

    until_s: float
    quantity: int


def client_options(options: MarketMakerOptions) -> ClientOptions:
    """Return options for the client, so that a dead feed is noticed in time."""
    return ClientOptions(
        stream=StreamOptions(
            heartbeat_s=options.stale_after_s / 3, backoff_max_s=options.stale_after_s
        )
    )


class MarketMaker:
    """Quotes one market for one account.

    Args:
        client: open, with the account's signer.
        options: see `MarketMakerOptions`.
        on_state: is told the state after every refresh.
        now_s: seconds since the Unix epoch.

    Raises:
        FormatError: a price or quantity of the options does not fit the market.
    """

    def __init__(
        self,
        client: ExchangeClient,
        options: MarketMakerOptions,
        *,
        on_state: Callable[[MakerState], None] | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._options = options
        self._on_state = on_state
        self._now_s = now_s
        self._market: Market = client.market(options.market)
        market = self._market
        self._quantity = market.parse_quantity(options.quantity, "quantity")
        self._max_inventory = market.parse_quantity(options.max_inventory, "max_inventory")
        self._walk = RandomWalk.begin(
            market.parse_price(options.reference_price, "reference_price"),
            step_ppm=options.step_ppm,
            seed=options.seed,
            lowest=_BPS // options.spacing_bps * (options.levels + 1),
        )
        self._start: int | None = None
        self._armed_s = 0.0
        self._look_s = min(options.stale_after_s, options.absent_after_s) / 4
        self._doubts: dict[str, _Doubt] = {}
        self._unsure: set[str] = set()
        """Orders whose replacement got no answer: it may still arrive as long as they live."""
        self._state = MakerState(reference=market.format_price(self._walk.price))

    @property
    def state(self) -> MakerState:
        """What it is doing: a copy."""
        return attrs.evolve(self._state)

    async def run(self, stop: asyncio.Event) -> None:
        """Quote until ``stop`` is set or the task is canceled; then cancel every order.

        Raises:
            UnreachableError, UnknownOutcomeError, RefusedError: the orders could not be canceled in
                the end; they expire by themselves.
        """
        try:
            await self._client.live_book(self._market.id)
            while not stop.is_set():
                await self.refresh()
                await self._watch(stop)
        finally:
            await self._leave()

    async def refresh(self) -> None:
        """Bring the live orders to the quotes once, or pull them while the feed is silent.

        What the exchange refuses is told and tried again at the next refresh.
        """
        self._walk.step()
        self._state.refusal = ""
        try:
            if self._start is None:
                await self._begin()
            if self._stale():
                await self.pull()
            else:
                await self._arm()
                await self._quote()
        except (UnreachableError, UnknownOutcomeError, RefusedError) as error:
            self._state.quoting, self._state.refusal = False, str(error)
        self._state.reference = self._market.format_price(self._walk.price)
        if self._on_state is not None:
            self._on_state(self.state)

    async def pull(self) -> None:
        """Cancel all quotes."""
        canceled = await self._client.cancel_all(self._market.id)
        self._state.quoting, self._state.live = False, 0
        self._state.canceled += len(canceled.canceled)

    async def _arm(self) -> None:
        """Push the dead man's switch back. If it fired, the next refresh finds the quotes gone."""
        timeout_ms = max(1, round(self._options.absent_after_s * _MS_PER_S))
        self._armed_s = asyncio.get_running_loop().time()
        await self._client.schedule_cancel(timeout_ms, self._market.id)

    async def _begin(self) -> None:
        """Cancel what an earlier run left, and note what the account holds."""
        await self.pull()
        self._start = await self._base_lots()

    async def _quote(self) -> None:
        # Doubts before orders: one that arrives in between is listed and in doubt, never in neither.
        await self._resolve_doubts()
        # Orders before balances: a fill in between then shrinks the quotes instead of growing them.
        live = [self._live(order) for order in await self._client.open_orders(self._market.id)]
        inventory = await self._base_lots() - (self._start or 0)
        doubtful = sum(doubt.quantity for doubt in self._doubts.values())
        quotes = make_quotes(self._walk.price, inventory, self._ladder(doubtful))
        max_orders = self._options.max_orders - len(self._doubts)
        actions = reconcile(quotes, live, max_orders=max_orders)
        await self._act(actions)
        orders = self._client.known_orders()
        state = self._state
        state.quoting, state.doubtful = True, len(self._doubts)
        state.inventory = _signed(inventory, self._market)
        state.live = sum(order.market == self._market.id for order in orders)

    async def _act(self, actions: Sequence[Action]) -> None:
        """Do one after the other; after a refused replacement only what shrinks the exposure."""
        may_grow = True
        for action in actions:
            if not (may_grow or _shrinks(action)):
                continue
            try:
                await self._do(action)
            except (RefusedError, LanesExhaustedError) as error:
                self._state.refusal = str(error)
                may_grow = may_grow and isinstance(action, Place)
                if isinstance(action, Replace) and _crosses(error):
                    await self._do(Cancel(action.order))

    async def _do(self, action: Action) -> None:
        client, market, state = self._client, self._market, self._state
        match action:
            case Place(quote):
                await self._place(quote)
                state.placed += 1
            case Replace(order, quote):
                self._unsure.add(order.order_id)
                try:
                    await client.replace(
                        order.order_id,
                        quantity=market.format_quantity(order.filled + quote.quantity),
                        price=market.format_price(quote.price),
                        options=self._order_options(),
                        expected_filled=market.format_quantity(order.filled),
                    )
                except (RefusedError, UnreachableError, LanesExhaustedError):
                    self._unsure.discard(order.order_id)
                    raise
                self._unsure.discard(order.order_id)
                state.replaced += 1
            case Cancel(order):
                await self._cancel(order.order_id)

    async def _cancel(self, order_id: str) -> None:
        try:
            await self._client.cancel(order_id)
        except RefusedError as error:
            if error.code not in _ENDED:
                raise  # it lives
        else:
            self._state.canceled += 1

    async def _place(self, quote: Quote) -> None:
        name = f"mm-{secrets.token_hex(10)}"
        lifetime_s = self._options.order_lifetime_s + _WRITING_S
        self._doubts[name] = _Doubt(self._now_s() + lifetime_s, quote.quantity)
        try:
            await self._client.place(
                self._market.id,
                quote.side,
                self._market.format_quantity(quote.quantity),
                self._market.format_price(quote.price),
                options=self._order_options(),
                client_order_id=name,
            )
        except (RefusedError, FormatError, UnreachableError, LanesExhaustedError):
            del self._doubts[name]
            raise
        del self._doubts[name]

    async def _resolve_doubts(self) -> None:
        """Doubt no longer what is found, nor what is not there and can not arrive any more.

        An order whose replacement may still arrive is canceled, and the replacement with it.
        """
        for order_id in list(self._unsure):
            await self._cancel(order_id)
            self._unsure.discard(order_id)
        for name, doubt in list(self._doubts.items()):
            # Before it is looked for: so nothing comes in between.
            expired = await self._expired(doubt)
            try:
                await self._client.order_by_client_id(name)
            except RefusedError as error:
                if error.code not in _NOT_THERE or not expired:
                    continue
            del self._doubts[name]

    async def _expired(self, doubt: _Doubt) -> bool:
        """Whether the order is over also by the exchange's clock, which decides."""
        if self._now_s() < doubt.until_s:
            return False
        return await self._client.server_time_ms() >= doubt.until_s * _MS_PER_S

    async def _watch(self, stop: asyncio.Event) -> None:
        """Wait for the next refresh; pull quotes at once when the feed falls silent."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._options.interval_s
        while (left := end - loop.time()) > 0 and not stop.is_set():
            try:
                async with asyncio.timeout(min(left, self._look_s)):
                    await stop.wait()
            except TimeoutError:
                if self._state.quoting:
                    await self._look(loop.time())

    async def _look(self, now_s: float) -> None:
        """Between two refreshes: pull quotes that nobody watches, or say that somebody does."""
        try:
            if self._stale():
                await self.pull()
            elif now_s >= self._armed_s + self._options.absent_after_s / 4:
                await self._arm()
        except (UnreachableError, UnknownOutcomeError, RefusedError) as error:
            self._state.refusal = str(error)  # tried again at the next look

    async def _leave(self) -> None:
        for attempt in range(_LAST_TRIES):
            try:
                await self.pull()
                await self._client.schedule_cancel(0, self._market.id)
            except (UnreachableError, UnknownOutcomeError, RefusedError):
                if attempt == _LAST_TRIES - 1:
                    raise
                await asyncio.sleep(self._look_s)
            else:
                return

    def _stale(self) -> bool:
        return self._client.stream.silent_s() > self._options.stale_after_s

    async def _base_lots(self) -> int:
        """Return the base that the account owns, in whole lots."""
        balances = await self._client.balances()
        base = self._market.base
        balance = balances.get(base.id)
        if balance is None or balance.total.startswith("-"):
            return 0
        return base.parse(balance.total) // self._market.lot_size

    def _ladder(self, doubtful: int) -> Ladder:
        options, market = self._options, self._market
        lowest = (
            self._walk.price
            * (_BPS - options.skew_bps - options.levels * options.spacing_bps)
            // _BPS
            - options.levels
        )
        notional = max(1, market.notional(max(lowest, 1), 1))
        return Ladder(
            levels=options.levels,
            spacing_bps=options.spacing_bps,
            quantity=self._quantity,
            max_inventory=max(0, self._max_inventory - doubtful),
            skew_bps=options.skew_bps,
            minimum=max(1, -(-market.minimum_notional // notional)),
        )

    def _order_options(self) -> OrderOptions:
        lifetime_s = self._options.order_lifetime_s
        if self._client.info.requires_signature:
            return OrderOptions(post_only=True, lifetime_s=lifetime_s)
        return OrderOptions(post_only=True, expires_at_ms=int((self._now_s() + lifetime_s) * 1000))

    def _live(self, order: OrderMessage) -> LiveOrder:
        market = self._market
        return LiveOrder(
            order_id=order.order_id,
            side=Side[order.side.upper()],
            price=market.parse_price(order.price),
            open=_lots(order.open, market),
            filled=_lots(order.filled, market),
            replaceable=self._client.can_replace(order),
        )


def _shrinks(action: Action) -> bool:
    return isinstance(action, Cancel) or (
        isinstance(action, Replace) and action.quote.quantity <= action.order.open
    )


def _crosses(error: Exception) -> bool:
    """Whether a quote was refused because it would trade at once: the old one must go too."""
    return (
        isinstance(error, RefusedError) and error.code == RejectReason.POST_ONLY_WOULD_CROSS.value
    )


def _lots(text: str, market: Market) -> int:
    return 0 if text == "0" else market.parse_quantity(text)


def _signed(lots: int, market: Market) -> str:
    return f"-{market.format_quantity(-lots)}" if lots < 0 else market.format_quantity(lots)
