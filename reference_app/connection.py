"""Connection: one socket's session, channels and order entry.

Frames that arrive together are served together: a run of orders is verified, journaled and
acknowledged as one batch, in the order in which it was sent. An ``ack`` of an order means that it
is durable. A connection speaks for nobody until it has logged in, and for nobody again once its
session has ended.
"""

from collections.abc import Sequence as Items
from contextlib import suppress
from typing import Final, TypeAlias

import msgspec

from hybrid_dex.defaults.roles import Role
from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import AccountConnection
from hybrid_dex.interfaces.auth import Principal, Scope
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId, ClientOrderId, MarketId, Sequence
from hybrid_dex.wire import (
    BatchOp,
    CancelAllOp,
    CancelOnDisconnectOp,
    CancelOp,
    Channel,
    ClientMessage,
    ErrorMessage,
    HeartbeatOp,
    KeyLoginOp,
    LadderAnswer,
    LadderOp,
    LinkedOp,
    LoginOp,
    LoginResult,
    PingOp,
    PlaceOp,
    Pong,
    ReduceOp,
    ReplaceOp,
    ScheduleCancelOp,
    SubscribeOp,
    SubscribeResult,
    UnsubscribeOp,
    ack,
    decode_client_message,
    encode,
    encode_ack,
    parse_order_id,
    problem,
    to_ms,
)
from reference_app import order_entry
from reference_app.access import check_market, check_scope, forbidden, unauthenticated
from reference_app.answers import placed_answer
from reference_app.authorizing import key_login
from reference_app.channel_messages import message_frame
from reference_app.frames import text_frame
from reference_app.hub import PUBLIC
from reference_app.outbox import CLOSE_GOING_AWAY, CLOSE_LOST, Outbox
from reference_app.prices import PRICE_CHANNELS
from reference_app.problems import ProblemError, problem_of
from reference_app.services import Services
from reference_app.weights import BAD_MESSAGE, MESSAGES

__all__ = ["Connection"]

_MAX_ID_CHARACTERS: Final = 64
_OF_A_MARKET: Final = frozenset({"book", "book_top", "trades", *PRICE_CHANNELS})
_ADMIN: Final = "admin"
_OF_NO_MARKET: Final = frozenset({"balances", "heartbeat", _ADMIN})
_Key: TypeAlias = tuple[str, MarketId | None]

EntryOp: TypeAlias = (
    CancelOp
    | CancelAllOp
    | ReplaceOp
    | ReduceOp
    | BatchOp
    | LinkedOp
    | ScheduleCancelOp
    | HeartbeatOp
    | CancelOnDisconnectOp
)
"""Order entry other than a place, which is done in runs."""


class Connection:
    """One socket, without the socket.

    Args:
        services: what it stands on.
        address: where it comes from.
    """

    def __init__(self, services: Services, address: str = "") -> None:
        self._services = services
        self._address = address
        self._view = services.exchange.view
        self._token: str | None = None
        self._principal: Principal | None = None
        self._presence: AccountConnection | None = None
        self._channels: dict[_Key, Channel] = {}
        limits = services.settings.limits
        self.outbox: Final = Outbox(
            self._snapshot,
            messages=limits.queued_messages,
            max_bytes=limits.queued_bytes,
            counters=services.counters,
        )

    # ------------------------------------------------------------- what the hub calls: Listener

    def offer(self, frame: bytes) -> None:
        """Queue a message that must arrive."""
        self.outbox.put(frame)

    def offer_book(self, market: MarketId, frame: bytes) -> None:
        """Queue a delta; a slow reader may get a snapshot in its place."""
        self.outbox.put_delta(market, frame)

    def offer_newest(self, key: str, frame: bytes) -> None:
        """Queue a message in place of one of the same key that still waits."""
        self.outbox.put_newest(key, frame)

    def resnapshot(self, market: MarketId) -> None:
        """Queue a snapshot of a book in place of the deltas that wait."""
        self.outbox.conflate(market)

    def lost(self) -> None:
        """End the connection: private reports or trades may be missing."""
        self.outbox.close(
            CLOSE_LOST, "messages may be missing: connect again and read your orders or the trades"
        )

    def end_admin(self) -> None:
        """The account may not hear the channel `admin` any more."""
        self._forget(Channel(channel=_ADMIN))
        self._fail(None, forbidden(f"the channel {_ADMIN} needs the role {Role.SUPPORT}"))

    def going_away(self) -> None:
        """End the connection: the exchange closes."""
        self.outbox.close(CLOSE_GOING_AWAY, "the exchange restarts")

    # ---------------------------------------------------------------------------------- frames

    async def serve(self, frames: Items[str | bytes]) -> None:
        """Serve frames in order and queue their answers. Never raises for what a frame says."""
        run: list[PlaceOp | LadderOp] = []
        for frame in frames:
            try:
                message = decode_client_message(frame)
            except Exception as error:  # noqa: BLE001 # told to the client, logged when it is ours
                await self._place(run)
                await self._refuse_frame(_id_of(frame), error)
                continue
            if isinstance(message, PlaceOp | LadderOp):
                if run and type(run[0]) is not type(message):
                    await self._place(run)
                run.append(message)
                continue
            await self._place(run)
            await self._answer(message)
        await self._place(run)

    async def check_session(self) -> None:
        """End the private channels when the session has ended meanwhile.

        While that can not be looked up they go on: the next check asks again.
        """
        asked = self._principal
        if asked is None:
            return
        try:
            with suppress(UnavailableError):  # logged where it failed, not by each connection
                await self._now(asked)
        except ProblemError as error:
            if self._principal is None:  # else another login speaks here by now
                self._fail(None, error)

    def close(self) -> None:
        """Hear nothing any more, and be there for nobody. Safe to call twice."""
        for channel in list(self._channels.values()):
            self._forget(channel)
        self._leave()

    async def _answer(self, message: ClientMessage) -> None:
        try:
            await self._count(MESSAGES.get(type(message), 0))
            match message:
                case PingOp():
                    now_ms = to_ms(self._services.clock.now_ns())
                    self._send(Pong(id=message.id, time_ms=now_ms))
                case LoginOp():
                    principal = await self._services.principal(message.token)
                    self._send(ack(message.id, self._log_in(principal, message.token)))
                case KeyLoginOp():
                    principal = await key_login(self._services, message, self._address)
                    self._send(ack(message.id, self._log_in(principal, None)))
                case SubscribeOp():
                    if any(channel.channel == _ADMIN for channel in message.channels):
                        await self._require_role()
                    else:
                        await self._require_reader(message.channels)
                    self._subscribe(message)
                case UnsubscribeOp():
                    for channel in message.channels:
                        self._forget(channel)
                    self._send(ack(message.id, self._heard()))
                case PlaceOp() | LadderOp():
                    await self._place([message])
                case _:
                    self._send(ack(message.id, await self._enter(message)))
        except Exception as error:  # noqa: BLE001 # told to the client, logged when it is ours
            self._fail(message.id, error)

    async def _refuse_frame(self, request_id: int | str | None, error: Exception) -> None:
        try:
            await self._count(BAD_MESSAGE)
        except ProblemError as refusal:
            error = refusal
        self._fail(request_id, error)

    async def _count(self, weight: int) -> None:
        """Count a message for the address, and for the account. Raises `ProblemError`."""
        if not weight:
            return
        await self._services.limiter.request(self._address, weight)
        if self._principal is not None:
            await self._services.limiter.account(self._principal.account, weight)

    # --------------------------------------------------------------------------------- session

    def _log_in(self, principal: Principal, token: str | None) -> LoginResult:
        """Speak for a principal; what another one heard is not heard any more."""
        if self._principal is not None and not _same_reach(self._principal, principal):
            self._log_out()
        self._token, self._principal = token, principal
        if self._presence is None:
            self._presence = self._services.exchange.connection(principal.account)
        return LoginResult(account=principal.account)

    def _log_out(self) -> None:
        for channel in list(self._channels.values()):
            if channel.channel not in PUBLIC:
                self._forget(channel)
        self._token = self._principal = None
        self._leave()

    def _leave(self) -> None:
        """This connection is no longer one of its account's."""
        if self._presence is not None:
            self._presence.end()
            self._presence = None

    async def _require(self, scope: Scope) -> Principal:
        """Return who the connection speaks for, now, with this scope. Raises `ProblemError`."""
        if self._principal is None:
            raise unauthenticated("this connection has not logged in", 'send {"op":"login"} first')
        principal = await self._now(self._principal)
        check_scope(principal, scope)
        return principal

    async def _require_reader(self, channels: Items[Channel]) -> None:
        """Raise `ProblemError` when a channel is private and the login here has ended meanwhile.

        What is wrong with the channels themselves is told first.
        """
        if any(channel.channel not in PUBLIC for channel in channels):
            for channel in channels:
                self._check(channel)
            await self._require(Scope.READ)

    async def _require_role(self) -> None:
        """Raise `ProblemError` unless a login speaks here whose account may see everything."""
        principal = await self._require(Scope.READ)
        if principal.key_id:
            raise forbidden(f"a key may not hear the channel {_ADMIN}; log in with the wallet")
        role = await self._services.identity.roles.of(principal.account)
        if not role.includes(Role.SUPPORT):
            raise forbidden(f"the channel {_ADMIN} needs the role {Role.SUPPORT}")

    async def _now(self, principal: Principal) -> Principal:
        """Return the principal as it stands now; when its login has ended, log out."""
        try:
            if self._token is None:
                return await self._services.key(principal, self._address)
            return await self._services.principal(self._token)
        except ProblemError:
            if self._principal is principal:  # and not one who logged in while that was asked
                self._log_out()
            raise

    # -------------------------------------------------------------------------------- channels

    def _subscribe(self, message: SubscribeOp) -> None:
        """Check all channels, acknowledge, then begin: what a channel begins with follows the ack."""
        wanted: dict[_Key, Channel] = {}
        for channel in message.channels:
            wanted[self._check(channel)] = channel
        fresh = {key: channel for key, channel in wanted.items() if key not in self._channels}
        most = self._services.settings.limits.subscriptions
        if len(self._channels) + len(fresh) > most:
            detail = f"one connection hears at most {most} channels"
            raise ProblemError(problem(RejectReason.RATE_LIMITED, detail, field="channels"))
        hub = self._services.hub
        for key, channel in fresh.items():
            self._channels[key] = msgspec.structs.replace(channel, after=None)
        self._send(ack(message.id, self._heard(hub.sequence)))
        for (name, market), channel in fresh.items():
            if name == _ADMIN and self._principal is not None:
                self._services.watchers.hear(self, self._principal.account)
                continue
            hub.hear(name, self, account=self._whose(name), market=market, after=channel.after)

    def _check(self, channel: Channel) -> _Key:
        """Return what a channel is heard under. Raises `ProblemError`."""
        market = None if channel.market is None else self._services.market(channel.market).id
        if channel.channel in _OF_A_MARKET and market is None:
            detail = f"the channel {channel.channel} is of one market"
            raise ProblemError(
                problem(RejectReason.INVALID_MESSAGE, detail, field="market", valid="a symbol")
            )
        if channel.channel in _OF_NO_MARKET and market is not None:
            detail = f"the channel {channel.channel} is of no market"
            raise ProblemError(
                problem(RejectReason.INVALID_MESSAGE, detail, field="market", valid="none")
            )
        if channel.channel not in PUBLIC and self._principal is None:
            raise unauthenticated(f"the channel {channel.channel} is private", "log in first")
        if channel.channel not in PUBLIC and self._principal is not None:
            check_scope(self._principal, Scope.READ)
            check_market(self._principal, market)
        if channel.after is not None and not self._services.hub.remembers(channel.after):
            detail = "what came after it is no longer kept; begin anew, without it"
            raise ProblemError(problem(RejectReason.UNKNOWN_SEQUENCE, detail, field="after"))
        return channel.channel, market

    def _whose(self, name: str) -> AccountId | None:
        principal = self._principal
        return None if name in PUBLIC or principal is None else principal.account

    def _forget(self, channel: Channel) -> None:
        market = None if channel.market is None else MarketId(channel.market)
        if self._channels.pop((channel.channel, market), None) is None:
            return
        name = channel.channel
        if name == _ADMIN:
            self._services.watchers.forget(self)
            return
        self._services.hub.forget(name, self, account=self._whose(name), market=market)
        if name == "book" and market is not None:
            self.outbox.forget(market)

    def _heard(self, sequence: Sequence | None = None) -> SubscribeResult:
        return SubscribeResult(channels=list(self._channels.values()), sequence=sequence)

    def _snapshot(self, market_id: MarketId) -> bytes:
        return self._services.hub.snapshot(self._services.market(market_id))

    # ----------------------------------------------------------------------------- order entry

    async def _place(self, run: list[PlaceOp | LadderOp]) -> None:
        """Place a run of one kind together, answer each, and empty the run."""
        if not run:
            return
        ops = run.copy()
        run.clear()
        try:
            principal = await self._require(Scope.TRADE)
            sizes = list(map(_size, ops))
            admitted, refusal = await self._services.limiter.run(principal.account, sizes)
            outcomes = await self._outcomes(principal, ops[:admitted])
        except Exception as error:  # noqa: BLE001 # told to the client, logged when it is ours
            for op in ops:
                self._fail(op.id, error)
            return
        pairs = zip(ops[:admitted], outcomes, strict=True)
        answers = [self._acknowledgement(op.id, outcome) for op, outcome in pairs]
        answers += [_failure(op.id, refusal) for op in ops[admitted:] if refusal is not None]
        self.outbox.put(b"".join(map(text_frame, answers)))

    async def _outcomes(
        self, principal: Principal, ops: list[PlaceOp | LadderOp]
    ) -> Items[order_entry.Outcome | LadderAnswer]:
        if not ops:
            return []
        if isinstance(ops[0], LadderOp):
            ladders = [op.ladder for op in ops if isinstance(op, LadderOp)]
            return await order_entry.place_ladders(self._services, principal, ladders)
        orders = [op.order for op in ops if isinstance(op, PlaceOp)]
        return await order_entry.place_run(self._services, principal, orders)

    def _acknowledgement(
        self, request_id: int | str, outcome: order_entry.Outcome | LadderAnswer
    ) -> bytes:
        if isinstance(outcome, Exception):
            return _failure(request_id, outcome)
        if isinstance(outcome, LadderAnswer):
            return encode_ack(request_id, outcome)
        try:
            return encode_ack(request_id, placed_answer(self._view, outcome))
        except Exception as error:  # noqa: BLE001 # told to the client, logged when it is ours
            return _failure(request_id, error)

    async def _enter(self, op: EntryOp) -> msgspec.Struct:
        """Do a request of order entry other than a place, and return its answer."""
        caller, services = await self._require(Scope.TRADE), self._services
        match op:
            case CancelOp():
                order_id = None if op.order_id is None else parse_order_id(op.order_id)
                name = None if op.client_order_id is None else ClientOrderId(op.client_order_id)
                return await order_entry.cancel(services, caller, order_id, name)
            case CancelAllOp():
                return await order_entry.cancel_all(services, caller, op.market, op.side)
            case ReplaceOp():
                order = order_entry.live_order(
                    services, caller.account, parse_order_id(op.order_id)
                )
                return await order_entry.replace(services, caller, order, op.order)
            case ReduceOp():
                order = order_entry.live_order(
                    services, caller.account, parse_order_id(op.order_id)
                )
                return await order_entry.reduce(services, caller, order, op.order)
            case BatchOp():
                return await order_entry.place_batch(services, caller, op.batch)
            case LinkedOp():
                return await order_entry.place_linked(services, caller, op.linked)
            case ScheduleCancelOp():
                return await order_entry.schedule_cancel(services, caller, op.switch)
            case HeartbeatOp():
                return await order_entry.heartbeat(services, caller)
            case CancelOnDisconnectOp():
                return await order_entry.cancel_on_disconnect(services, caller, enabled=op.enabled)

    # --------------------------------------------------------------------------------- answers

    def _send(self, message: msgspec.Struct) -> None:
        self.outbox.put(message_frame(message))

    def _fail(self, request_id: int | str | None, error: Exception) -> None:
        self.outbox.put(text_frame(_failure(request_id, error)))


def _size(op: PlaceOp | LadderOp) -> int:
    """Return how many orders a message brings."""
    return len(op.ladder.rungs) if isinstance(op, LadderOp) else 1


def _failure(request_id: int | str | None, error: Exception) -> bytes:
    return encode(ErrorMessage(id=request_id, problem=problem_of(error)))


def _same_reach(one: Principal, other: Principal) -> bool:
    """Return whether a principal may hear all that another one heard."""
    reach = (one.account, one.scopes, one.markets)
    return reach == (other.account, other.scopes, other.markets)


class _Id(msgspec.Struct):
    id: int | str | None = None


def _id_of(frame: str | bytes) -> int | str | None:
    """Return the id of a frame that is not a message, where one can be read."""
    try:
        found = msgspec.json.decode(frame, type=_Id).id
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    fits = isinstance(found, int) and 0 <= found < 2**53
    return (
        found
        if fits or (isinstance(found, str) and 1 <= len(found) <= _MAX_ID_CHARACTERS)
        else None
    )
