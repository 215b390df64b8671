"""A11: numbers come out of every door as they went in, to the last bit.

From 0 to 2**256 - 1, through decimal text, the journal, both databases, the contract's ABI and the
running REST server. What the ledger can not hold - more than 2**112 - 1 atoms, as the contract - is
refused in words, never cut, rounded or turned into another number.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from itertools import count as counter
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import create_async_engine
from web3 import Web3

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.defaults.sql_tables import TransferRow
from hybrid_dex.local import LocalExchange
from hybrid_dex.model.commands import Deposit
from hybrid_dex.model.decimal_text import MAX_CHAIN_DIGITS, parse_units
from hybrid_dex.model.events import (
    CommandRejected,
    Deposited,
    EventBatch,
    VoucherIssued,
    VoucherRedeemed,
)
from hybrid_dex.model.frame import GENESIS_HASH, Frame, FrameKind, decode_frame, encode_frame
from hybrid_dex.model.history import EntryKind, LedgerPart, VoucherState
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_AMOUNT, AccountId, AssetId
from hybrid_dex.model.views import Balance
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.wire import BalanceMessage, balance_message, encode
from reference_app.tests.stack import running, settings
from tests.defaults.postgresql_cluster import SERVER_PROGRAMS, private_cluster
from tests.tiers import count

ETHER = Asset(id="ETH", decimals=18)
NAMED = [
    0,
    1,
    10**18 + 1,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**64,
    MAX_AMOUNT,
    MAX_AMOUNT + 1,
    2**128,
    2**256 - 1,
]
RANDOM = count(fast=200, full=5_000)


@pytest.fixture
def numbers(rng: random.Random) -> list[int]:
    """The named ones, and random ones of every length."""
    return NAMED + [rng.getrandbits(rng.randrange(1, 257)) for _ in range(RANDOM)]


def test_decimal_text_keeps_every_atom(numbers: list[int], figure: Callable[[str], None]) -> None:
    """18 decimals and none, there and back, and through a message as JSON."""
    for number in numbers:
        for decimals in (0, 6, 18):
            shown = Asset(id="ETH", decimals=decimals).format(number)
            assert parse_units("amount", shown, decimals, MAX_CHAIN_DIGITS) == number
        raw = encode(balance_message(Balance("ETH", number, 0, 0, 0, 0), ETHER))
        read = msgspec.json.decode(raw, type=BalanceMessage)
        assert parse_units("available", read.available, 18, MAX_CHAIN_DIGITS) == number
    figure(f"{len(numbers)} numbers of up to 256 bits through decimal text and JSON: bit-exact")


async def test_the_journal_keeps_every_atom(
    numbers: list[int], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """On disk, closed and opened again."""
    commands = tuple(Deposit(account="alice", asset="ETH", amount=number) for number in numbers)
    frame = encode_frame(Frame(1, FrameKind.COMMANDS, 1, "a", 0, GENESIS_HASH, commands))
    journal = FileJournal(tmp_path)
    await journal.open()
    assert await journal.append(0, frame) == 1
    await journal.close()
    await journal.open()
    ((_, raw),) = [item async for item in journal.read(0)]
    await journal.close()
    assert [command.amount for command in decode_frame(raw).commands] == numbers
    figure(f"{len(numbers)} numbers through a journal on disk: bit-exact")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    with private_cluster() as folder:
        yield folder


@pytest.mark.parametrize(
    "database", ["sqlite"] + ["postgresql"] * bool(SERVER_PROGRAMS or os.environ.get("CI"))
)
async def test_databases_keep_every_atom(
    database: str,
    numbers: list[int],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    figure: Callable[[str], None],
) -> None:
    """Written by the records, read by SQLAlchemy, and by the database itself as text."""
    url = f"sqlite:///{tmp_path}/records.sqlite"
    if database == "postgresql":
        url = f"postgresql://postgres@/postgres?host={request.getfixturevalue('cluster')}"
    records = SqlRecords(url)
    await records.open()
    sequence = counter(1)
    usual = AccountId("alice"), AssetId("ETH")
    await records.project(
        [
            EventBatch(
                next(sequence),
                1,
                (
                    Deposited(*usual, number, number),
                    VoucherIssued(*usual, number, "0xB", salt, 9, 0, 0),
                    VoucherRedeemed(*usual, number, salt, 0),
                ),
            )
            for salt, number in enumerate(numbers)
        ]
    )
    for salt, number in enumerate(numbers):
        found = await records.voucher(usual[0], salt)
        assert found is not None
        assert (found.amount, found.state) == (number, VoucherState.REDEEMED)
        entries = await records.posting(salt + 1)
        moved = {(one.kind, one.part, one.amount) for one in entries}
        assert number == 0 or (EntryKind.DEPOSIT, LedgerPart.TRADING, number) in moved
        assert number == 0 or (EntryKind.VOUCHER_PAID, LedgerPart.VAULT, number) in moved
        assert sum(one.amount for one in entries) == 0
        after = [one.balance for one in entries if one.part is LedgerPart.VOUCHERS]
        assert after == ([number, 0] if number else [])
    assert [one.total for one in await records.owned(usual[0])] == [0]
    await records.close()
    driver = url.replace("sqlite:", "sqlite+aiosqlite:").replace("ql:", "ql+asyncpg:")
    engine = create_async_engine(driver)
    rows = select(TransferRow.amount).where(TransferRow.index == 0).order_by(TransferRow.sequence)
    raw = sql('SELECT CAST(available AS TEXT) FROM transfers WHERE "index" = 0 ORDER BY sequence')
    async with engine.connect() as connection:
        assert list(await connection.scalars(rows)) == numbers
        assert [int(found) for found in await connection.scalars(raw)] == numbers
    await engine.dispose()
    figure(f"{len(numbers)} numbers through {database}, transfers, vouchers, ledger: bit-exact")


def test_the_abi_keeps_every_atom(numbers: list[int], figure: Callable[[str], None]) -> None:
    """Calls of the shipped contract, encoded and decoded; one bit more is refused."""
    contract = Web3().eth.contract(abi=load_artifact("Exchange").abi)
    token = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    for number in numbers:
        call = contract.encode_abi("requestWithdrawal", args=[token, number])
        assert call.endswith(f"{number:064x}")
        _, arguments = contract.decode_function_input(call)
        assert list(arguments.values()) == [token, number]
    with pytest.raises(Exception, match="requestWithdrawal"):
        contract.encode_abi("requestWithdrawal", args=[token, 2**256])
    figure(f"{len(numbers)} numbers through the contract's ABI: bit-exact")


def test_the_ledger_holds_up_to_its_word_and_refuses_more() -> None:
    """As many atoms as the contract's word; one more, or none, changes nothing."""
    market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
    for number in NAMED:
        exchange = LocalExchange([market])
        (event,) = exchange._step(Deposit(account="alice", asset="ETH", amount=number))
        held = exchange.view.balance("alice", "ETH").available
        if 1 <= number <= MAX_AMOUNT:
            assert (event, held) == (Deposited("alice", "ETH", number, number), number)
        else:
            assert isinstance(event, CommandRejected)
            assert (event.reason, held) == (RejectReason.INVALID_AMOUNT, 0)


async def test_the_rest_server_tells_every_atom(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Balances as a client reads them; an order beyond every bound is refused by its field."""
    fitting = [1, 10**18 + 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64]
    fitting.append(MAX_AMOUNT - sum(fitting))
    async with running(settings(tmp_path)) as stack:
        traders = [await stack.trader(number) for number in range(1, len(fitting) + 1)]
        assert (await traders[0].get("/account/balances")).json() == {"balances": []}
        for trader, number in zip(traders, fitting, strict=True):
            await stack.services.exchange.deposit(trader.account, ETHER.id, number)
            (row,) = json.loads((await trader.get("/account/balances")).content)["balances"]
            assert parse_units("available", row["available"], 18, MAX_CHAIN_DIGITS) == number
        for field in ("quantity", "price"):
            for text in (str(2**128), str(2**256 - 1), f"0.{'0' * 18}1", "0"):
                order = traders[-1].order("sell", quantity="1", price="2500") | {field: text}
                reply = await traders[-1].post("/orders", order)
                assert reply.status_code in {400, 422}, reply.text
                assert reply.json()["field"] == field
        assert (await traders[-1].get("/orders/open")).json()["orders"] == []
    figure(f"{len(fitting)} balances of 1 to 2**112 - 1 atoms through the REST server: bit-exact")
