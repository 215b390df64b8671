"""What the engine says that stands on chain is held against the chain, while trading goes on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hybrid_dex.errors import SettlementError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.commands import Deposit
from hybrid_dex.model.order import Side
from hybrid_dex.model.solvency import Discrepancy, Statement
from hybrid_dex.model.units import AccountId, Amount, AssetId
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import ALICE, BOB, MARKET, FakeClock, fund, order, until

ETH, USDC = MARKET.base.id, MARKET.quote.id


class Comparing(LocalSettlement):
    """Keeps the statements that it is asked to compare, and answers what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[Statement] = []
        self.answers: list[tuple[Discrepancy, ...] | SettlementError | None] = []

    async def compare(self, statement: Statement) -> tuple[Discrepancy, ...] | None:  # type: ignore[override] # here there is something to compare
        answer = self.answers.pop(0) if self.answers else ()
        self.statements.append(statement)
        if isinstance(answer, SettlementError):
            raise answer
        return answer


class Passing(FakeClock):
    """Time passes while somebody sleeps."""

    async def sleep(self, seconds: float) -> None:
        self.at_ns += int(seconds * 10**9)
        await super().sleep(seconds)


def claims(statement: Statement) -> dict[tuple[AccountId, AssetId], int]:
    """What a statement says of accounts."""
    return {(each.account, each.asset): each.amount for each in statement.claims}


async def settled(exchange: Exchange) -> None:
    """Wait until nothing is in flight."""
    await until(lambda: not list(exchange.view.unsettled()))


class TestAuditing:
    async def test_a_statement_adds_up_whatever_is_in_flight(self) -> None:
        settlement = Comparing()
        async with Exchange([MARKET], settlement=settlement, clock=Passing()) as exchange:
            await fund(exchange)
            before = {a: exchange.view.liabilities(a) for a in (ETH, USDC)}
            await exchange.place(order(BOB, Side.SELL, quantity=10))
            await exchange.place(order(ALICE, Side.BUY, quantity=10))
            await settled(exchange)
            seen = len(settlement.statements)
            await until(lambda: len(settlement.statements) > seen + 1)
        whole = [
            statement
            for statement in settlement.statements
            if {account for account, _ in claims(statement)} == {ALICE, BOB}
        ]
        assert whole
        for statement in whole:
            for asset, total in statement.totals:
                assert total == sum(n for (_, of), n in claims(statement).items() if of == asset)
        last = settlement.statements[-1]
        assert dict(last.totals)[ETH] == before[ETH]
        assert dict(last.totals)[USDC] == before[USDC] - exchange.view.fees(USDC)

    async def test_moved_accounts_come_first_and_again_until_they_were_compared(self) -> None:
        settlement = Comparing()
        options = ExchangeOptions(audit_accounts=1)
        async with Exchange(
            [MARKET], settlement=settlement, clock=Passing(), options=options
        ) as exchange:
            accounts = [AccountId(f"account {number}") for number in range(5)]
            for number, account in enumerate(accounts):
                await exchange.execute(
                    Deposit(account=account, asset=ETH, amount=Amount(1 + number))
                )
            for failed in (None, SettlementError("the node is down")):
                settlement.answers = [failed, failed]
                seen = len(settlement.statements)
                await exchange.place(order(BOB, Side.SELL))
                await until(lambda seen=seen: len(settlement.statements) > seen + 3)  # type: ignore[misc] # bound
            seen = len(settlement.statements)
            await until(lambda: len(settlement.statements) > seen + 12)
            turns: Sequence[Statement] = settlement.statements[seen:]
            compared = {account for turn in turns for account, _ in claims(turn)}
            assert compared >= set(accounts), "each has its turn"
            assert all(len(turn.claims) <= 2 for turn in turns), "one account at a time"

    async def test_a_difference_is_told_loudly_and_trading_is_settlements_to_stop(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        settlement = Comparing()
        wrong = Discrepancy(asset=ETH, what=ALICE, expected=5, found=4)
        settlement.answers = [(wrong,)]
        async with Exchange([MARKET], settlement=settlement, clock=Passing()):
            await until(lambda: len(settlement.statements) > 1)
        assert f"{ALICE}: 4 atoms of {ETH} instead of 5" in caplog.text
