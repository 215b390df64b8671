"""LocalSettlement: no chain. Every matched fill is final at once.

Finality still arrives as a command through the journal, as from a chain, so that nothing above
needs to know which settlement it stands on.
"""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Sequence as Items
from typing import Final

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import Command, ConfirmSettlement
from hybrid_dex.model.frame import GENESIS_HASH
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import JournalReceipt
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.solvency import Statement
from hybrid_dex.model.units import AssetId, FillId, Sequence
from hybrid_dex.model.vouchers import CancelReceipt, Voucher

__all__ = ["LocalSettlement"]

_BATCH_FILLS: Final = 1_000
_NO_CHAIN: Final = "this exchange settles without a chain"


class LocalSettlement:
    """Confirms what it is given, in order, each fill once between `open` and `close`."""

    def __init__(self) -> None:
        self._fills: list[FillId] = []
        self._newest = FillId(0)
        self._batch = 0
        self._is_open = False
        self._wake = asyncio.Event()

    @property
    def requires_signature(self) -> bool:
        """Nobody checks a signature here, so none is needed."""
        return False

    @property
    def pause_reason(self) -> str:
        """Whatever is matched is final at once."""
        return ""

    @property
    def capacity(self) -> None:
        """As much as anybody can match."""
        return

    @property
    def halt_reason(self) -> str:
        """There is no vault that would pay against a signature."""
        return f"{_NO_CHAIN}, so there are no vouchers: withdraw instead"

    async def open(self, markets: Items[Market]) -> None:
        """Be ready; what an earlier run confirmed is forgotten."""
        self._fills.clear()
        self._newest = FillId(0)
        self._is_open = True
        self._wake = asyncio.Event()

    async def close(self) -> None:
        """End `updates`. Fills not yet yielded come again from the exchange after a restart."""
        self._is_open = False
        self._wake.set()

    async def submit(self, fills: Items[MatchedFill], journal_hash: bytes = GENESIS_HASH) -> None:
        """Queue fills. They come in ascending order, so a repeat is one that is not newer."""
        for fill in fills:
            if fill.fill_id > self._newest:
                self._newest = fill.fill_id
                self._fills.append(fill.fill_id)
        if self._fills:
            self._wake.set()

    def reached(self, sequence: Sequence) -> None:
        """What is submitted settles by itself: nothing speaks for what was not."""

    async def updates(self) -> AsyncIterator[Command]:
        """Yield one confirmation for all fills that wait, until closed."""
        while self._is_open:
            await self._wake.wait()
            self._wake.clear()
            while self._fills and self._is_open:
                fills = tuple(self._fills[:_BATCH_FILLS])
                del self._fills[:_BATCH_FILLS]
                self._batch += 1
                yield ConfirmSettlement(fills=fills, stage=SettlementStage.FINAL, batch=self._batch)

    async def compare(self, statement: Statement) -> None:
        """There is no chain that could differ."""

    async def refuse_listing(self, market: Market) -> None:
        """Any market settles here."""

    def listed(self, market: Market) -> None:
        """Nothing to note: a fill says all that there is to confirm."""

    async def watch_vouchers(self, vouchers: Items[Voucher]) -> None:
        """Nothing to watch: there is no chain on which a voucher could end."""

    def refuse_voucher(self, asset: AssetId, recipient: str) -> Refusal | None:
        """Refuse: there is no vault that would pay."""
        return Refusal(RejectReason.WITHDRAWALS_HALTED, "", self.halt_reason)

    async def sign_voucher(self, voucher: Voucher) -> bytes:
        """Refuse: there is no vault that would pay."""
        raise ConfigurationError(self.halt_reason)

    async def sign_cancel_receipt(self, receipt: CancelReceipt) -> bytes:
        """Refuse: a canceled order can not be settled here anyway."""
        raise ConfigurationError(f"{_NO_CHAIN}: a canceled order is gone, and needs no receipt")

    async def sign_receipts(self, receipts: Items[JournalReceipt]) -> tuple[bytes, ...]:
        """Refuse: there is no operator whose key anybody knows."""
        raise ConfigurationError(f"{_NO_CHAIN}, so there is no operator's key that signs receipts")
