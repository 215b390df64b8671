"""The socket of one client: connects, logs in, subscribes, recovers, and answers requests.

After a lost connection everything is set up again: the login, every channel, a fresh snapshot for
every book. Orders, fills and trades go on where they were cut, each message once; when the exchange
does not remember that far they begin anew, and their listeners hear `Reconnected`. A request that
was sent and not answered fails with `UnknownOutcomeError`; whoever made it resolves it by id. A
connection on which nothing is heard is probed with a ping, and dropped when that is not answered
either, so a dead peer is noticed within two heartbeats.

A connection speaks for an account only as long as the token lives that it logged in with. So it
logs in anew whenever the token was renewed; where that came too late, as after the machine slept,
it is set up again as after any other loss.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, TypeVar

import attrs
import msgspec

from hybrid_dex.client.book_replica import BookReplica, Step
from hybrid_dex.client.errors import UnreachableError, refused
from hybrid_dex.client.listener import Listener
from hybrid_dex.client.positions import RESUMED, Positions
from hybrid_dex.client.socket_port import Connection, Connector
from hybrid_dex.errors import FormatError, HybridDexError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MarketId, fill_sequence
from hybrid_dex.wire import (
    MAX_SERVER_MESSAGE_BYTES,
    Ack,
    BalancesMessage,
    BatchesMessage,
    BookMessage,
    CandleMessage,
    Channel,
    ClientMessage,
    ErrorMessage,
    ExecutionMessage,
    FillMessage,
    HeartbeatMessage,
    LoginOp,
    LoginResult,
    PingOp,
    ServerMessage,
    StatisticsMessage,
    SubscribeOp,
    SubscribeResult,
    TickerMessage,
    TradeMessage,
    UnsubscribeOp,
    candle_channel,
    decode,
    decode_server_message,
    encode,
    parse_fill_id,
    to_book_update,
)

__all__ = ["Reconnected", "Stream", "StreamEvent", "StreamOptions"]

_T = TypeVar("_T")

_ORDERS: Final = Channel(channel="orders")
_FILLS: Final = Channel(channel="fills")
_ADMIN: Final = Channel(channel="admin")
_BALANCES: Final = Channel(channel="balances")
_HEARTBEAT: Final = Channel(channel="heartbeat")
"""Tells how far the other channels are while they have nothing to tell."""
_OF_NO_MARKET: Final = frozenset({"orders", "fills", "balances", "admin"})


@attrs.frozen
class Reconnected:
    """The connection is there, or there again; what happened before is not told: read it.

    Who listened before the first connection was there hears it, too. Later, listeners to orders,
    fills and trades hear it only when the exchange did not remember that far; otherwise they hear
    all that they missed, and nothing of the cut.
    """


StreamEvent: TypeAlias = (
    ExecutionMessage
    | FillMessage
    | BalancesMessage
    | TradeMessage
    | CandleMessage
    | TickerMessage
    | BookMessage
    | StatisticsMessage
    | BatchesMessage
    | Reconnected
)
"""What a listener hears."""


@attrs.frozen(kw_only=True)
class StreamOptions:
    """How a stream behaves.

    Attributes:
        heartbeat_s: silence after which a ping is sent; as long again, and the connection is dropped.
        timeout_s: how long a request waits for its answer.
        backoff_s: pause before the second attempt to connect; it doubles up to the next.
        backoff_max_s: the longest pause.
        queue: messages that may wait for a listener.
        login_check_s: how often it is asked for a token; it must be less than the half minute before
            a token's end in which the token is renewed.
    """

    heartbeat_s: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    backoff_s: float = attrs.field(default=0.1, validator=attrs.validators.gt(0))
    backoff_max_s: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    queue: int = attrs.field(default=10_000, validator=attrs.validators.ge(1))
    login_check_s: float = attrs.field(
        default=10.0, validator=[attrs.validators.gt(0), attrs.validators.lt(30)]
    )


class Stream:
    """One connection that comes back. Run `run` in a task, or use a client, which does.

    Args:
        connector: opens a connection.
        markets: the markets whose books can be followed.
        token: returns an access token, or ``None`` for public channels only.
        renew: returns another token after one was refused.
        sign_in: makes the login of an API key, in place of a token's, from the request's id.
        options: see `StreamOptions`.
    """

    def __init__(
        self,
        connector: Connector,
        markets: Mapping[MarketId, Market],
        *,
        token: Callable[[], Awaitable[str]] | None = None,
        renew: Callable[[str], Awaitable[str]] | None = None,
        sign_in: Callable[[int], ClientMessage] | None = None,
        options: StreamOptions | None = None,
    ) -> None:
        self._connector = connector
        self._markets = markets
        self._token = token
        self._renew = renew
        self._sign_in = sign_in
        self._options = options or StreamOptions()
        self._connection: Connection | None = None
        self._spoken: str | None = None
        """The token that the connection has logged in with."""
        self._next_id = 0
        self._pending: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._subscribing: dict[int, list[Channel]] = {}
        self._positions = Positions()
        self._channels: dict[Channel, None] = {}
        self._replicas: dict[MarketId, BookReplica] = {}
        self._asking = defaultdict[MarketId, asyncio.Lock](asyncio.Lock)
        self._listeners: dict[Channel, list[Listener[StreamEvent]]] = {}
        self._resyncing: set[asyncio.Task[None]] = set()
        self._ready = asyncio.Event()
        self._heard_at = 0.0
        self._error: Exception | None = None
        self._ended: HybridDexError | None = None

    @property
    def error(self) -> Exception | None:
        """Why the last connection ended, or could not be made."""
        return self._error

    @property
    def ready(self) -> bool:
        """Whether it is connected, logged in and subscribed."""
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        """Return once it is `ready`."""
        await self._ready.wait()

    def silent_s(self) -> float:
        """Return for how many seconds nothing was heard; infinite while not `ready`."""
        if not self._ready.is_set():
            return float("inf")
        return asyncio.get_running_loop().time() - self._heard_at

    async def run(self) -> None:
        """Stay connected until canceled."""
        pause = self._options.backoff_s
        while True:
            try:
                async with self._connector() as connection:
                    await self._serve(connection)
            except HybridDexError as error:
                self._error = error
            finally:
                was_ready = self._ready.is_set()
                self._lose()
            pause = self._options.backoff_s if was_ready else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._options.backoff_max_s)

    async def book(self, market: MarketId) -> BookReplica:
        """Follow a market's book; the replica stays the same one over reconnections.

        Raises:
            RefusedError: the exchange does not tell it now; nothing is followed.
        """
        async with self._asking[market]:  # who asks meanwhile waits whether it is granted
            replica = self._replicas.get(market)
            if replica is None:
                replica = self._replicas[market] = BookReplica(self._markets[market])
                try:
                    await self._subscribe(Channel(channel="book", market=market))
                except RefusedError:  # who asks again is not to get one that never comes
                    del self._replicas[market]
                    raise
            return replica

    async def book_changes(self, market: MarketId) -> Listener[StreamEvent]:
        """Hear of each message that changed the replica of a book, after it did.

        Close the listener when done.
        """
        await self.book(market)
        return self._listener(Channel(channel="book", market=market))

    async def listen(self, channel: Channel) -> Listener[StreamEvent]:
        """Follow the trades of a market, or the account's own orders, fills or balances.

        Close the listener when done.

        Raises:
            RefusedError: the exchange does not tell it now; nothing is followed.
        """
        assert (channel.market is None) == (channel.channel in _OF_NO_MARKET)
        listener = self._listener(channel)
        try:
            await self._subscribe(channel)
        except BaseException:  # refused, or canceled: nobody will read it
            listener.close()
            self._listeners[channel] = [one for one in self._listeners[channel] if not one.closed]
            raise
        return listener

    def _listener(self, channel: Channel) -> Listener[StreamEvent]:
        listener: Listener[StreamEvent] = Listener(self._options.queue)
        if self._ended is not None:
            listener.close(self._ended)
        self._listeners.setdefault(channel, []).append(listener)
        return listener

    async def request(
        self,
        make: Callable[[int], ClientMessage],
        answer: type[_T],
        *,
        timeout_s: float | None = None,
    ) -> _T:
        """Send a request and return its answer.

        Raises:
            RefusedError: the exchange says why.
            UnreachableError: not connected; nothing was sent.
            UnknownOutcomeError: sent, and the connection was lost, the time ran out, or what came
                can not be read.
        """
        connection = self._connection
        if connection is None:
            raise UnreachableError("the socket is not connected")
        self._next_id += 1
        request_id = self._next_id
        future = asyncio.get_running_loop().create_future()
        self._pending[request_id] = future
        try:
            async with asyncio.timeout(timeout_s or self._options.timeout_s):
                try:
                    await connection.send(encode(make(request_id)).decode())
                except UnreachableError as error:  # a part may have left
                    raise UnknownOutcomeError(str(error)) from error
                result = await future
        except TimeoutError:
            raise UnknownOutcomeError(f"request {request_id} was not answered in time") from None
        finally:
            self._pending.pop(request_id, None)
        try:
            return decode(answer, bytes(result), max_bytes=MAX_SERVER_MESSAGE_BYTES)
        except FormatError as error:
            raise UnknownOutcomeError(f"an answer can not be read: {error}") from error

    def close(self) -> None:
        """End every listener. Cancel the task of `run` beside it."""
        self._close_listeners(None)
        for task in self._resyncing:
            task.cancel()

    def end(self, error: HybridDexError) -> None:
        """`run` has ended by an error: it is raised to every listener, those to come too."""
        self._error = self._ended = error
        self._close_listeners(error)

    def _close_listeners(self, error: HybridDexError | None) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.close(error)

    async def _subscribe(self, channel: Channel) -> None:
        """Tell the exchange now if connected; `_set_up` tells it every time it connects.

        What is refused is not told again: all that is followed would be refused with it.
        """
        channels = [channel]
        if channel.channel in RESUMED and _HEARTBEAT not in self._channels:
            channels.append(_HEARTBEAT)
        added = [one for one in channels if one not in self._channels]
        self._channels |= dict.fromkeys(channels)
        if self._ready.is_set():
            try:
                with contextlib.suppress(UnreachableError, UnknownOutcomeError):
                    await self._ask_for(channels)
            except RefusedError:
                for one in added:
                    self._channels.pop(one, None)
                raise
            self._channels |= dict.fromkeys(channels)  # another's refusal may have removed it

    async def _ask_for(self, channels: list[Channel]) -> None:
        """Subscribe. Positions begin as the answer is read: what comes after it counts already."""

        def make(request_id: int) -> SubscribeOp:
            self._subscribing[request_id] = [one for one in channels if one.after is None]
            return SubscribeOp(id=request_id, channels=channels)

        await self.request(make, SubscribeResult)

    async def _resume(self, channels: list[Channel]) -> None:
        """Subscribe to channels again, from where they were cut if the exchange remembers that."""
        asked = self._positions.resume(channels)
        try:
            await self._ask_for(asked)
        except RefusedError as error:
            if error.code != RejectReason.UNKNOWN_SEQUENCE.value:
                raise
            self._positions.forget()
            await self._ask_for(channels)
            asked = channels
        anew = [one for one in asked if one.after is None]
        for listener in (each for one in anew for each in self._listeners.get(one, ())):
            listener.put(Reconnected())

    async def _serve(self, connection: Connection) -> None:
        self._connection = connection
        setup = asyncio.create_task(self._set_up())
        reading = asyncio.create_task(self._read(connection))
        staying: asyncio.Task[None] | None = None
        try:
            await asyncio.wait({setup, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                setup.result()  # raises what went wrong
                staying = asyncio.create_task(self._stay_logged_in())
                await asyncio.wait({staying, reading}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    staying.result()  # raises why it is logged in no more
            await reading
        finally:
            tasks = [task for task in (setup, reading, staying) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _set_up(self) -> None:
        """Log in and subscribe; a request that is not answered ends the connection."""
        try:
            if self._token is not None:
                await self._log_in(await self._token())
            elif self._sign_in is not None:
                await self.request(self._sign_in, LoginResult)
            subscribed: set[Channel] = set()
            while wanted := [one for one in self._channels if one not in subscribed]:
                await self._resume(wanted)  # meanwhile somebody may begin to listen to another
                subscribed.update(wanted)
        except UnknownOutcomeError as error:
            raise UnreachableError(str(error)) from error
        self._heard_at = asyncio.get_running_loop().time()
        self._ready.set()

    async def _log_in(self, token: str) -> None:
        try:
            await self.request(lambda id: LoginOp(id=id, token=token), LoginResult)
        except RefusedError:
            if self._renew is None:
                raise
            token = fresh = await self._renew(token)
            await self.request(lambda id: LoginOp(id=id, token=fresh), LoginResult)
        self._spoken = token

    async def _stay_logged_in(self) -> None:
        """Log in with each new token before the last one ends; channels and positions stay."""
        if self._token is None:
            await asyncio.get_running_loop().create_future()  # there is nothing to renew
            return
        while True:
            await asyncio.sleep(self._options.login_check_s)
            try:
                token = await self._token()
            except UnreachableError:
                continue  # the token at hand is good for a while: asked again before it ends
            if token != self._spoken:
                try:
                    await self._log_in(token)
                except UnknownOutcomeError as error:
                    raise UnreachableError(str(error)) from error

    async def _read(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        probed = False
        while True:
            try:
                async with asyncio.timeout(self._options.heartbeat_s):
                    raw = await connection.receive()
            except TimeoutError:
                if probed:
                    raise UnreachableError("nothing was heard for two heartbeats") from None
                probed = True
                await connection.send(encode(PingOp()).decode())
                continue
            probed, self._heard_at = False, loop.time()
            try:
                self._take(decode_server_message(raw))
            except FormatError as error:
                raise UnreachableError(f"the socket speaks otherwise: {error}") from error

    def _take(self, message: ServerMessage) -> None:
        match message:
            case Ack(id=int(request_id)) if future := self._waiting(request_id):
                self._begun(request_id, message.result)
                future.set_result(message.result)
            case ErrorMessage():
                self._refused(message)
            case BookMessage():
                self._take_book(message)
            case TradeMessage():
                channel = Channel(channel="trades", market=message.market)
                self._tell_new(channel, fill_sequence(parse_fill_id(message.fill_id)), message)
            case TickerMessage():
                self._tell(Channel(channel="ticker", market=message.market), message)
            case CandleMessage():
                self._tell(candle_channel(message.market, message.interval), message)
            case ExecutionMessage():
                self._tell_new(_ORDERS, message.sequence, message)
            case FillMessage():
                made = message.stage == "matched"
                command = fill_sequence(parse_fill_id(message.fill_id)) if made else None
                self._tell_new(_FILLS, command, message)
            case HeartbeatMessage():
                self._positions.passed(message.sequence)
            case StatisticsMessage() | BatchesMessage():
                self._tell(_ADMIN, message)
            case BalancesMessage():
                self._tell(_BALANCES, message)
            case _:
                pass  # an answer that came too late, the answer to a probe, or what nobody asked for

    def _refused(self, message: ErrorMessage) -> None:
        """Tell whoever asked. Raises `UnreachableError` when the connection speaks for nobody now."""
        problem = message.problem
        if isinstance(message.id, int) and (future := self._waiting(message.id)):
            future.set_exception(refused(problem))
        if problem.code == RejectReason.UNAUTHENTICATED.value and self._ready.is_set():
            raise UnreachableError(f"the login of this connection has ended: {problem.detail}")

    def _waiting(self, request_id: int) -> "asyncio.Future[msgspec.Raw] | None":
        future = self._pending.get(request_id)
        return None if future is None or future.done() else future

    def _begun(self, request_id: int, result: msgspec.Raw) -> None:
        """A subscription was granted: what its channels tell comes after the sequence it names."""
        channels = self._subscribing.pop(request_id, [])
        sequence = decode(SubscribeResult, bytes(result)).sequence if channels else None
        if sequence is not None:
            self._positions.begin(channels, sequence)

    def _tell_new(self, channel: Channel, sequence: int | None, message: StreamEvent) -> None:
        """Tell a message, unless it is told again after a cut that came after it."""
        if self._positions.take(channel, sequence):
            self._tell(channel, message)

    def _tell(self, channel: Channel, message: StreamEvent) -> None:
        listeners = self._listeners.get(channel, [])
        for listener in listeners:
            listener.put(message)
        if any(listener.closed for listener in listeners):
            self._listeners[channel] = [item for item in listeners if not item.closed]

    def _take_book(self, message: BookMessage) -> None:
        market = MarketId(message.market)
        replica = self._replicas.get(market)
        if replica is None:
            return  # unsubscribed meanwhile
        step = replica.apply(to_book_update(message, self._markets[market]))
        if step is Step.APPLIED:
            self._tell(Channel(channel="book", market=market), message)
        elif step is Step.GAP:
            task = asyncio.create_task(self._resync(market))
            self._resyncing.add(task)
            task.add_done_callback(self._resyncing.discard)

    async def _resync(self, market: MarketId) -> None:
        """Ask for a new snapshot until it is granted; if the connection is lost, the next one asks."""
        channel = Channel(channel="book", market=market)
        pause = self._options.backoff_s
        with contextlib.suppress(UnreachableError, UnknownOutcomeError):
            while True:
                try:
                    await self.request(
                        lambda id: UnsubscribeOp(id=id, channels=[channel]), SubscribeResult
                    )
                    return await self._ask_for([channel])
                except RefusedError:  # too many requests
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, self._options.backoff_max_s)

    def _lose(self) -> None:
        self._connection = None
        self._ready.clear()
        self._subscribing.clear()
        for replica in self._replicas.values():
            replica.lose()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(UnknownOutcomeError("the connection was lost"))
