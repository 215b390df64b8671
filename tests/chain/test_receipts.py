"""What settled on a real chain is what the public log has, and the operator's receipts hold."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.file_journal_reader import FileJournalReader
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.order import Side
from hybrid_dex.model.receipts import SignedJournalReceipt
from hybrid_dex.model.units import fill_sequence
from hybrid_dex.signing import Domain
from hybrid_dex.verification import LoggedFrame, verify_log
from hybrid_dex.verification.chain import read_chain
from tests.chain.harness import World
from tests.chain.test_exchange import exchange
from tests.chain.test_promises import ETH, USDC, funded_both, settled, trade


async def test_log_receipts_and_batches_of_a_real_chain_agree(world: World, tmp_path: Path) -> None:
    """Read from the node: the batches, who the operator is, and which chain it is."""
    alice = await world.trader(1, quote=10_000 * USDC)
    bob = await world.trader(2, base=ETH)
    folder = tmp_path / "journal"
    receipts: list[SignedJournalReceipt] = []
    async with exchange(world, FileJournal(folder)) as running:
        await world.until(partial(funded_both, running, world, alice, bob))
        expiry_s = world.anvil.now_s() + 86_400
        for lots in (400, 700):
            await trade(
                world,
                running,
                bob.order(world.market, Side.SELL, 250_000, lots, expiry_s=expiry_s),
                alice.order(world.market, Side.BUY, 250_000, lots, expiry_s=expiry_s),
            )
            newest = max(fill.fill_id for fill in running.view.unsettled())
            given = await running.receipts(sequence=fill_sequence(newest))
            assert not isinstance(given, Refusal), given
            receipts += given
        await settled(world, running)
    reading = await read_chain(
        rpc_url=world.anvil.url, contract=world.deployment.contract, blocks_per_query=50
    )
    domain = Domain(chain_id=reading.chain_id, verifying_contract=world.deployment.contract)
    verdict = verify_log(
        (
            LoggedFrame(position=record.position, raw=record.frame)
            for record in FileJournalReader(folder).records()
        ),
        receipts=receipts,
        batches=reading.batches,
        domain=domain,
        operator=reading.operator,
    )
    assert verdict.findings == ()
    assert verdict.receipts == 6
    assert verdict.settled is not None
    assert (verdict.settled.settled, verdict.settled.unsettled) == (2, 0)
