"""HistoryKit refuses every broken history, rule by rule; `test_records_kit` shows whom it passes."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.interfaces.history import History, OrderQuery
from hybrid_dex.model.candles import Candle
from hybrid_dex.model.events import (
    EventBatch,
    FillMade,
    FillSettled,
    OrderAccepted,
    VoucherExpired,
    VoucherRedeemed,
)
from hybrid_dex.model.history import (
    EntryKey,
    LedgerEntry,
    SettlementRecord,
    TransferKind,
    TransferRecord,
)
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.views import OrderView
from hybrid_dex.testing import HistoryKit
from hybrid_dex.testing.traffic import ACCOUNTS
from tests.testing.mutants import is_refused


class SqliteKit(HistoryKit):
    kind: Callable[[str], History] = SqlRecords
    length = 500

    def make_records(self) -> History:
        return type(self).kind(f"sqlite:///{self.place}/records.sqlite")


class Without(SqlRecords):
    """Does not see some events."""

    def sees(self, event: object) -> bool:
        raise NotImplementedError

    async def project(self, batches: Sequence[EventBatch]) -> None:
        await super().project(
            [
                EventBatch(one.sequence, one.at_ns, tuple(e for e in one.events if self.sees(e)))
                for one in batches
            ]
        )


class ForgetsReversals(Without):
    def sees(self, event: object) -> bool:
        return not (isinstance(event, FillSettled) and event.stage is SettlementStage.FAILED)


class ForgetsEnds(Without):
    def sees(self, event: object) -> bool:
        return not isinstance(event, VoucherExpired | VoucherRedeemed)


class LosesALeg(SqlRecords):
    async def posting(self, sequence: int) -> list[LedgerEntry]:
        return (await super().posting(sequence))[1:]


class StaleBalances(SqlRecords):
    async def ledger(self, account: str, **asked: Any) -> list[LedgerEntry]:
        found = await super().ledger(account, **asked)
        return [msgspec.structs.replace(one, balance=one.amount) for one in found]


class SkipsOnPages(SqlRecords):
    """Counts from the newest row instead of from the key that it is given."""

    async def ledger(
        self, account: str, *, asset: str | None = None, before: EntryKey | None, limit: int
    ) -> list[LedgerEntry]:
        every = await super().ledger(account, asset=asset, before=None, limit=1000)
        seen = getattr(self, "seen", 0) if before else 0
        self.seen = seen + limit
        return every[seen : seen + limit]


class ResetsHalf(SqlRecords):
    async def reset(self) -> None:
        engine = create_async_engine(self._url)
        async with engine.begin() as connection:
            for table in ("orders", "fills", "transfers", "markets", "accounts", "vouchers"):
                await connection.execute(text(f"DELETE FROM {table}"))
            for table in ("ledger_entries", "settlements", "settlement_transactions", "candles"):
                await connection.execute(text(f"DELETE FROM {table}"))
            await connection.execute(text("UPDATE position SET sequence = 0"))
        await engine.dispose()


class AllKinds(SqlRecords):
    async def transfers(
        self, account: str, kinds: Collection[TransferKind], **asked: Any
    ) -> list[TransferRecord]:
        return await super().transfers(account, list(TransferKind), **asked)


class AllAssets(SqlRecords):
    async def transfers(
        self, account: str, kinds: Collection[TransferKind], **asked: Any
    ) -> list[TransferRecord]:
        return await super().transfers(account, kinds, **asked | {"asset": None})


class NoTransactions(SqlRecords):
    async def settlements(self, *, before: int | None, limit: int) -> list[SettlementRecord]:
        found = await super().settlements(before=before, limit=limit)
        return [msgspec.structs.replace(one, transactions=()) for one in found]


class IgnoresTime(SqlRecords):
    async def find_orders(self, account: str, query: OrderQuery, **asked: Any) -> list[OrderView]:
        plain = OrderQuery(market=query.market, statuses=query.statuses)
        return await super().find_orders(account, plain, **asked)


class FirstOfTheName(SqlRecords):
    """Names the oldest order that an account gave an id."""

    async def order_by_client_id(self, account: str, client_order_id: str) -> OrderView | None:
        every = await self.orders(account, before=None, limit=1000)
        named = [one for one in every if one.client_order_id == client_order_id]
        return named[-1] if named else None


class AnybodysName(SqlRecords):
    """Finds other accounts' orders by their ids."""

    async def order_by_client_id(self, account: str, client_order_id: str) -> OrderView | None:
        found = [
            await super(AnybodysName, self).order_by_client_id(one, client_order_id)
            for one in (account, *ACCOUNTS)
        ]
        return next((one for one in found if one is not None), None)


class FirstHash(SqlRecords):
    """Keeps the hash of the terms with which an order came, whatever it is replaced by."""

    async def project(self, batches: Sequence[EventBatch]) -> None:
        self.first = getattr(self, "first", {})
        for event in (event for one in batches for event in one.events):
            if isinstance(event, OrderAccepted) and event.authorization is not None:
                self.first[event.authorization.order_hash] = event.order_id
        await super().project(batches)

    async def order_by_hash(self, account: str, order_hash: bytes) -> OrderView | None:
        order_id = self.first.get(order_hash)
        found = None if order_id is None else await self.order(order_id)
        return found if found is not None and found.account == account else None


class ForgetsTrades(Without):
    """Draws candles without the last trade."""

    async def candles(self, *asked: Any, **more: Any) -> list[Candle]:
        found = await super().candles(*asked, **more)
        return [msgspec.structs.replace(one, close=one.open) for one in found]

    def sees(self, event: object) -> bool:
        return not isinstance(event, FillMade) or event.fill_id % 3 != 0


class FromTheFirst(SqlRecords):
    """Draws candles however early they begin."""

    async def candles(self, *asked: Any, **more: Any) -> list[Candle]:
        return await super().candles(*asked, **more | {"from_s": None})


class OtherPosition(SqlRecords):
    async def minutes(self, market: str, from_s: int) -> tuple[int, list[Candle]]:
        position, found = await super().minutes(market, from_s)
        return position if found else 0, found


MUTANTS: list[tuple[str, Callable[[str], History]]] = [
    ("accounts_own_what_the_engine_says", ForgetsReversals),
    ("every_posting_sums_to_zero", LosesALeg),
    ("entries_lead_to_their_balances", StaleBalances),
    ("entries_come_newest_first", SkipsOnPages),
    ("grouping_makes_no_difference_to_details", ResetsHalf),
    ("transfers_are_as_they_happened", AllKinds),
    ("transfers_are_as_they_happened", AllAssets),
    ("vouchers_end_once", ForgetsEnds),
    ("settlements_keep_their_transactions", NoTransactions),
    ("orders_are_found_by_what_is_asked", IgnoresTime),
    ("orders_are_found_by_client_order_id", FirstOfTheName),
    ("orders_are_found_by_client_order_id", AnybodysName),
    ("orders_are_found_by_their_hash", FirstHash),
    ("candles_are_what_traded", ForgetsTrades),
    ("candles_are_what_traded", FromTheFirst),
    ("minutes_are_of_the_position_that_they_name", OtherPosition),
]


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_a_broken_history_is_refused(rule: str, mutant: Callable[[str], History]) -> None:
    class Broken(SqliteKit):
        kind = mutant

    assert is_refused(Broken, rule)


def test_every_rule_has_a_history_that_breaks_it() -> None:
    own = {name.removeprefix("test_") for name in vars(HistoryKit) if name.startswith("test_")}
    assert own == {name for name, _ in MUTANTS}
