"""SqlRecords keeps exact rows, once each, on SQLite and on PostgreSQL alike.

Both kinds of database are in `record_databases`, the steps of the schema in `test_migrations`.
"""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Dialect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import create_async_engine

from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.defaults.sql_tables import Atoms
from hybrid_dex.errors import ConfigurationError, SequenceError, UnavailableError
from hybrid_dex.model.events import (
    CommandRejected,
    Deposited,
    Event,
    EventBatch,
    FillMade,
    FillSettled,
    MarketListed,
    MarketStateChanged,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderRejected,
    OrderReplaced,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    WithdrawalChanged,
    Withdrawn,
)
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.market_events import FeesChanged
from hybrid_dex.model.order import (
    CancelReason,
    OrderStatus,
    OrderType,
    SelfTradeMode,
    Side,
    TimeInForce,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import (
    MAX_PRICE,
    MAX_QUANTITY,
    AccountId,
    Amount,
    AssetId,
    FeePpm,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
    fill_id,
    order_id,
)
from tests.defaults.postgresql_cluster import private_cluster
from tests.defaults.record_databases import DATABASES, new_postgresql, raw

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ALICE, BOB, CAROL = AccountId("alice"), AccountId("bob"), AccountId("carol")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A private PostgreSQL cluster on a Unix socket; its folder."""
    with private_cluster() as folder:
        yield folder


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/records.sqlite"
    return await new_postgresql(request.getfixturevalue("cluster"), str(tmp_path))


@pytest.fixture
async def records(url: str) -> AsyncIterator[SqlRecords]:
    opened = SqlRecords(url)
    await opened.open()
    yield opened
    await opened.close()


def batch(sequence: int, *events: Event) -> EventBatch:
    return EventBatch(Sequence(sequence), TimestampNs(sequence * 1_000), events)


def accepted(
    sequence: int,
    account: AccountId = ALICE,
    *,
    side: Side = Side.BUY,
    price: int = 250_000,
    quantity: int = 10,
    client_order_id: str | None = None,
    nonce: int | None = None,
) -> OrderAccepted:
    proof = None
    if nonce is not None:
        proof = Authorization("0xAb", 0, 500, 9, nonce, bytes(range(32)), bytes(64))
    return OrderAccepted(
        order_id=order_id(sequence),
        account=account,
        market=MARKET.id,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price=Price(price),
        quantity=Quantity(quantity),
        post_only=True,
        self_trade=SelfTradeMode.CANCEL_RESTING,
        expires_at_ns=None,
        client_order_id=client_order_id,  # type: ignore[arg-type]
        authorization=proof,
    )


def filled(
    sequence: int,
    index: int = 0,
    *,
    maker: tuple[OrderId, AccountId, int, int],
    taker: tuple[OrderId, AccountId, int, int],
    quantity: int = 4,
    market: str = "ETH-USDC",
    fee: int = 0,
) -> FillMade:
    return FillMade(
        fill_id=fill_id(sequence, index),
        market=MarketId(market),
        price=Price(250_000),
        quantity=Quantity(quantity),
        taker_side=Side.SELL,
        maker_order=maker[0],
        taker_order=taker[0],
        maker=maker[1],
        taker=taker[1],
        maker_open=Quantity(maker[2]),
        taker_open=Quantity(taker[2]),
        maker_filled=Quantity(maker[3]),
        taker_filled=Quantity(taker[3]),
        maker_fee=Amount(fee),
        taker_fee=Amount(2 * fee),
    )


def settled(fill: FillMade, stage: SettlementStage, number: int, reason: int = 0) -> FillSettled:
    return FillSettled(
        fill_id=fill.fill_id,
        market=fill.market,
        maker=fill.maker,
        taker=fill.taker,
        maker_order=fill.maker_order,
        taker_order=fill.taker_order,
        stage=stage,
        batch=number,
        transaction="0xabc",
        reason=reason,
    )


def trade(fee: int = 0) -> tuple[EventBatch, EventBatch, FillMade]:
    """Alice's bid of 10 rests; Bob sells 4 into it."""
    fill = filled(2, maker=(order_id(1), ALICE, 6, 4), taker=(order_id(2), BOB, 0, 4), fee=fee)
    return (
        batch(1, accepted(1, client_order_id="mine", nonce=2**64 - 1)),
        batch(2, accepted(2, BOB, side=Side.SELL, quantity=4), fill),
        fill,
    )


async def status(records: SqlRecords, sequence: int) -> tuple[OrderStatus, int, int, int]:
    view = await records.order(order_id(sequence))
    assert view is not None
    return view.status, view.quantity, view.open, view.filled


async def test_an_order_comes_back_with_every_field_it_had(records: SqlRecords) -> None:
    """Enums, exact integers at their bounds, the u64 nonce and the hash survive."""
    top = accepted(1, price=MAX_PRICE, quantity=MAX_QUANTITY, client_order_id="~", nonce=2**64 - 1)
    await records.project([batch(1, top)])
    view = await records.order(order_id(1))
    assert view is not None
    assert (view.price, view.quantity, view.open, view.filled) == (
        MAX_PRICE,
        MAX_QUANTITY,
        MAX_QUANTITY,
        0,
    )
    assert view.nonce == 2**64 - 1
    assert view.order_hash == bytes(range(32))
    assert (view.side, view.status) == (Side.BUY, OrderStatus.NEW)
    assert view.self_trade is SelfTradeMode.CANCEL_RESTING
    assert view.post_only is True
    assert (view.accepted_at_ns, view.expires_at_ns) == (1_000, None)
    assert view.client_order_id == "~"
    assert await records.order(order_id(2)) is None


async def test_fills_move_both_orders_and_carry_their_settlement_stage(records: SqlRecords) -> None:
    first, second, fill = trade(fee=2**112 - 1)
    await records.project([first, second])
    assert await status(records, 1) == (OrderStatus.PARTIALLY_FILLED, 10, 6, 4)
    assert await status(records, 2) == (OrderStatus.FILLED, 4, 0, 4)
    (found,) = await records.fills(account=ALICE, market=None, before=None, limit=10)
    assert found.fill == fill
    assert (found.stage, found.batch, found.at_ns) == (SettlementStage.MATCHED, 0, 2_000)

    await records.project([batch(3, settled(fill, SettlementStage.FINAL, 7))])
    (found,) = await records.fills(account=BOB, market=MARKET.id, before=None, limit=10)
    assert (found.stage, found.batch, found.transaction) == (SettlementStage.FINAL, 7, "0xabc")

    await records.project([batch(4, settled(fill, SettlementStage.FAILED, 8, reason=3))])
    (found,) = await records.fills(account=None, market=None, before=None, limit=10)
    assert found.stage is SettlementStage.FAILED
    assert await records.fills(account=CAROL, market=None, before=None, limit=10) == []


@pytest.mark.parametrize("together", [True, False])
async def test_every_end_of_an_order_is_told(records: SqlRecords, together: bool) -> None:
    """The rows do not depend on how batches are grouped into calls."""
    gone = (AccountId("alice"), MARKET.id)
    left = (Quantity(3), Quantity(7), Quantity(0))
    batches = [
        batch(1, accepted(1)),
        batch(2, accepted(2)),
        batch(3, accepted(3)),
        batch(4, accepted(4)),
        batch(
            5,
            OrderCanceled(
                order_id(1), *gone, CancelReason.REQUESTED, Quantity(10), Quantity(0), None
            ),
        ),
        batch(6, OrderExpired(order_id(2), *gone, Quantity(10), Quantity(0), None)),
        batch(
            7,
            OrderReduced(order_id(3), *gone, *left, self_trade=False, quantity=Quantity(7)),
        ),
        batch(
            8,
            OrderReplaced(
                order_id=order_id(4),
                account=ALICE,
                market=MARKET.id,
                side=Side.BUY,
                price=Price(5),
                quantity=Quantity(20),
                open=Quantity(20),
                filled=Quantity(0),
                time_in_force=TimeInForce.GTD,
                post_only=False,
                expires_at_ns=TimestampNs(99),
                kept_priority=False,
                authorization=None,
            ),
        ),
    ]
    for group in [batches] if together else [[one] for one in batches]:
        await records.project(group)
    assert await status(records, 1) == (OrderStatus.CANCELED, 10, 0, 0)
    assert await status(records, 2) == (OrderStatus.EXPIRED, 10, 0, 0)
    assert await status(records, 3) == (OrderStatus.NEW, 7, 7, 0)
    assert await status(records, 4) == (OrderStatus.NEW, 20, 20, 0)
    replaced = await records.order(order_id(4))
    assert replaced is not None
    assert (replaced.price, replaced.expires_at_ns, replaced.time_in_force) == (
        5,
        99,
        TimeInForce.GTD,
    )


async def test_the_answer_to_a_repeated_order_counts_once(records: SqlRecords) -> None:
    """Its batch carries the events of the first command again."""
    first, second, fill = trade()
    await records.project([first, second, EventBatch(Sequence(3), first.at_ns, second.events)])
    assert await records.position() == 3
    assert await status(records, 1) == (OrderStatus.PARTIALLY_FILLED, 10, 6, 4)
    (found,) = await records.fills(account=None, market=None, before=None, limit=10)
    assert (found.fill, found.at_ns) == (fill, 2_000)


async def test_self_trade_prevention_leaves_the_total_as_it_was_ordered(
    records: SqlRecords,
) -> None:
    by, left = Quantity(3), Quantity(7)
    gone = (ALICE, MARKET.id, by, left, Quantity(0))
    reduced = OrderReduced(order_id(1), *gone, self_trade=True, quantity=Quantity(10))
    await records.project([batch(1, accepted(1)), batch(2, reduced)])
    assert await status(records, 1) == (OrderStatus.NEW, 10, 7, 0)


async def test_repeats_are_ignored_and_gaps_refused(records: SqlRecords) -> None:
    first, second, _ = trade()
    await records.project([first])
    await records.project([first, second])
    await records.project([first, second])
    await records.project([])
    assert await records.position() == 2
    assert len(await records.fills(account=None, market=None, before=None, limit=10)) == 1
    with pytest.raises(SequenceError, match="stand at 2 and were given 4"):
        await records.project([batch(4, accepted(4))])
    with pytest.raises(SequenceError):
        await records.project([batch(3, accepted(3)), batch(5, accepted(5))])
    assert await records.position() == 2
    assert await records.order(order_id(3)) is None


async def test_position_and_rows_survive_a_restart(url: str) -> None:
    first, second, _ = trade()
    records = SqlRecords(url)
    await records.open()
    await records.open()
    await records.project([first])
    await records.close()
    await records.close()
    again = SqlRecords(url)
    await again.open()
    assert await again.position() == 1
    await again.project([second])
    assert await status(again, 1) == (OrderStatus.PARTIALLY_FILLED, 10, 6, 4)
    await again.close()


async def test_reset_and_project_again_gives_the_same_rows(records: SqlRecords) -> None:
    first, second, _ = trade()
    await records.project([batch_with_funds_and_market(), *shifted(first, second)])
    before = await records.fills(account=None, market=None, before=None, limit=10)
    await records.reset()
    assert await records.position() == 0
    assert await records.orders(ALICE, before=None, limit=10) == []
    await records.project([batch_with_funds_and_market(), *shifted(first, second)])
    assert await records.fills(account=None, market=None, before=None, limit=10) == before


def batch_with_funds_and_market() -> EventBatch:
    usdc, most = AssetId("USDC"), Amount(2**112 - 1)
    return batch(
        1,
        MarketListed(MARKET),
        MarketStateChanged(MARKET.id, MarketState.HALTED),
        Deposited(ALICE, usdc, most, most),
        WithdrawalChanged(ALICE, usdc, Amount(5), Amount(-3)),
        Withdrawn(ALICE, usdc, Amount(1), Amount(0)),
        VoucherIssued(ALICE, usdc, most, "0xB", 7, 9, 0, Amount(2)),
        VoucherRedeemed(ALICE, usdc, most, 7, Amount(2)),
        VoucherExpired(ALICE, usdc, Amount(4), 8, Amount(6)),
        CommandRejected(ALICE, RejectReason.INVALID_AMOUNT, "amount", "too large"),
        OrderRejected(
            order_id(1), ALICE, MARKET.id, RejectReason.MARKET_HALTED, "market", "halted", None
        ),
    )


def shifted(*batches: EventBatch) -> list[EventBatch]:
    return [EventBatch(Sequence(b.sequence + 1), b.at_ns, b.events) for b in batches]


async def test_transfers_and_markets_are_kept_exactly(records: SqlRecords, url: str) -> None:
    await records.project([batch_with_funds_and_market()])
    rows = await raw(url, 'SELECT kind, amount, available FROM transfers ORDER BY "index"')
    assert [(kind, int(amount), int(left)) for kind, amount, left in rows] == [
        ("deposit", 2**112 - 1, 2**112 - 1),
        ("withdrawal_request", 5, -3),
        ("withdrawal", 1, 0),
        ("voucher", 2**112 - 1, 2),
        ("voucher_redeemed", 2**112 - 1, 2),
        ("voucher_expired", 4, 6),
    ]
    rows = await raw(url, "SELECT id, lot_size, tick_size, state FROM markets")
    assert [(i, int(lot), int(tick), s) for i, lot, tick, s in rows] == [
        ("ETH-USDC", 10**14, 1, MarketState.HALTED)
    ]
    fees = FeeSchedule(maker_fee_ppm=FeePpm(1), taker_fee_ppm=FeePpm(2))
    await records.project([batch(2, FeesChanged(MARKET.id, fees))])
    columns = "base_decimals, quote_decimals, base_token, minimum_quantity, maximum_quantity, fees"
    ((*terms, charged),) = await raw(url, f"SELECT {columns} FROM markets")
    assert terms == [18, 6, None, 1, MAX_QUANTITY]
    assert msgspec.json.decode(charged, type=FeeSchedule) == fees


async def test_pages_are_newest_first_and_complete(records: SqlRecords) -> None:
    """Fills of an account on either side, self trades once, across pages of any size."""
    fills = []
    for n in range(1, 31):
        maker, taker = [(ALICE, BOB), (BOB, ALICE), (BOB, CAROL), (ALICE, ALICE)][n % 4]
        fills.append(
            filled(
                n,
                maker=(order_id(1), maker, 1, 1),
                taker=(order_id(2), taker, 1, 1),
                market="ETH-USDC" if n % 3 else "BTC-USDC",
            )
        )
    await records.project([batch(n, fill) for n, fill in enumerate(fills, 1)])
    expected = [f.fill_id for f in reversed(fills) if ALICE in {f.maker, f.taker}]
    for size in (1, 7, 1000):
        assert await walk(records, size, market=None) == expected
    of_market = [
        f.fill_id for f in reversed(fills) if ALICE in {f.maker, f.taker} and f.market == "BTC-USDC"
    ]
    assert await walk(records, 2, market=MarketId("BTC-USDC")) == of_market
    for limit in (0, -1, 1001):
        with pytest.raises(ValueError, match="1 to 1000"):
            await records.fills(account=None, market=None, before=None, limit=limit)


async def walk(records: SqlRecords, size: int, market: MarketId | None) -> list[FillId]:
    found: list[FillId] = []
    before = None
    while page := await records.fills(account=ALICE, market=market, before=before, limit=size):
        assert len(page) <= size
        found.extend(record.fill.fill_id for record in page)
        before = found[-1]
    return found


async def test_orders_are_found_by_account_and_client_order_id(records: SqlRecords) -> None:
    await records.project([batch(n, accepted(n, client_order_id=f"c{n}")) for n in range(1, 6)])
    await records.project([batch(6, accepted(6, BOB, client_order_id="c1"))])
    page = await records.orders(ALICE, before=None, limit=3)
    assert [view.order_id for view in page] == [order_id(n) for n in (5, 4, 3)]
    page = await records.orders(ALICE, before=order_id(3), limit=3)
    assert [view.order_id for view in page] == [order_id(n) for n in (2, 1)]
    mine = await records.order_by_client_id(ALICE, "c1")
    assert mine is not None
    assert mine.order_id == order_id(1)
    assert await records.order_by_client_id(BOB, "c2") is None


async def test_a_large_run_is_projected_in_pieces(records: SqlRecords) -> None:
    """More rows than one statement may have parameters for."""
    await records.project([batch(n, accepted(n)) for n in range(1, 5_001)])
    assert await records.position() == 5_000
    assert len(await records.orders(ALICE, before=None, limit=1000)) == 1_000


async def test_many_rows_at_once_are_as_exact_as_few(records: SqlRecords) -> None:
    """On PostgreSQL they are copied: every column type, nulls and the u64 nonce, and all or nothing."""
    few = [batch(n, accepted(n, nonce=2**64 - n, client_order_id=f"c{n}")) for n in range(1, 4)]
    await records.project(few)
    many = [batch(n, accepted(n, nonce=2**64 - n if n % 2 else None)) for n in range(4, 604)]
    await records.project(many)
    for n in (1, 4, 5, 603):
        view = await records.order(order_id(n))
        assert view is not None
        assert view.nonce == (2**64 - n if n % 2 else None)
        assert (view.order_hash, view.post_only) == (bytes(range(32)) if n % 2 else b"", True)
    sides = {"maker": (order_id(1), ALICE, 1, 1), "taker": (order_id(2), BOB, 1, 1)}
    await records.project([batch(604, *(filled(604, n, **sides) for n in range(300)))])
    clash = batch(606, *(filled(606, n, **sides) for n in range(300)), filled(604, 7, **sides))
    with pytest.raises(UnavailableError):
        await records.project([batch(605, accepted(605)), clash])
    assert await records.position() == 604
    assert await records.order(order_id(605)) is None
    newest = await records.fills(account=ALICE, market=None, before=None, limit=1)
    assert newest[0].fill.fill_id == fill_id(604, 299)


async def test_readers_see_whole_transactions_while_the_writer_works(records: SqlRecords) -> None:
    async def write() -> None:
        for n in range(1, 41):
            await records.project([batch(n, accepted(n))])

    async def read() -> None:
        while (position := await records.position()) < 40:
            newest = await records.orders(ALICE, before=None, limit=1)
            assert not newest or newest[0].order_id >= order_id(int(position))

    await asyncio.gather(write(), read(), read())


async def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    records = SqlRecords(url)
    await records.open()
    await records.project([batch(1, accepted(1))])
    await records.close()
    engine = create_async_engine(
        url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
    )
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'records_9999'"))
    await engine.dispose()
    with pytest.raises(ConfigurationError, match="written by another version"):
        await SqlRecords(url).open()
    assert await raw(url, "SELECT sequence FROM position") == [(1,)]


OPEN = """
import asyncio, sys
from hybrid_dex.defaults.sql_records import SqlRecords
records = SqlRecords(sys.argv[1])
async def main():
    await records.open()
    await records.close()
asyncio.run(main())
"""


async def test_several_processes_may_open_an_empty_database_at_once(url: str) -> None:
    starting = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, url) for _ in range(3)
    ]
    assert [await process.wait() for process in starting] == [0, 0, 0]
    assert await raw(url, "SELECT count(*) FROM position") == [(1,)]


async def test_several_records_may_open_an_empty_database_at_once(url: str) -> None:
    all_records = [SqlRecords(url) for _ in range(4)]
    await asyncio.gather(*(records.open() for records in all_records))
    assert {await records.position() for records in all_records} == {0}
    assert await raw(url, "SELECT count(*) FROM position") == [(1,)]
    for records in all_records:
        await records.close()


async def test_a_database_that_can_not_be_used_is_named_without_its_password() -> None:
    for bad in ("", "mysql://x/y", "sqlite+pysqlite:///x", "nonsense"):
        with pytest.raises(ConfigurationError, match="is not one of sqlite"):
            SqlRecords(bad)
    with pytest.raises(ConfigurationError, match="sqlite") as refused:
        await SqlRecords("sqlite:////nowhere/at/all/records.sqlite").open()
    # The driver's thread answers once more after it failed, and must find this loop running.
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 10)
    assert "\n" not in str(refused.value)
    with pytest.raises(ConfigurationError, match=r"postgresql.*can not be used") as refused:
        await SqlRecords("postgresql://user:hunter2@/name?host=/nowhere").open()
    assert "hunter2" not in str(refused.value)
    with pytest.raises(UnavailableError, match="not open"):
        await SqlRecords("sqlite://").position()


async def test_records_in_memory_need_no_file() -> None:
    records = SqlRecords("sqlite://")
    await records.open()
    await records.project(list(trade()[:2]))
    assert await records.position() == 2
    await records.close()


def test_atoms_refuse_what_they_can_not_hold_exactly() -> None:
    atoms = Atoms()
    dialects: list[Dialect] = [sqlite.dialect(), postgresql.dialect()]  # type: ignore[no-untyped-call] # SQLAlchemy's
    for dialect in dialects:
        for value in (0, 1, -1, 2**112 - 1, 10**78 - 1, 1 - 10**78, None):
            stored = atoms.process_bind_param(value, dialect)
            assert atoms.process_result_value(stored, dialect) == value
        for value in (10**78, -(10**78)):
            with pytest.raises(ValueError, match="78 digits"):
                atoms.process_bind_param(value, dialect)
        for wrong in (1.0, "1", Decimal(1), True):
            with pytest.raises(TypeError, match="atoms are an int"):
                atoms.process_bind_param(wrong, dialect)  # type: ignore[arg-type]
