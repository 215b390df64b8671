"""Publishes roots on chain, and writes the proofs that lead to them.

Only what was read as solvent should be published; whoever calls this has made sure of it. A root
says of which block it is through the proofs: `write_proofs` names it in each.
"""

from pathlib import Path

from hybrid_dex.settlement.solvency_reading import SolvencyReading, TokenReading
from hybrid_dex.settlement.wallet import Wallet

__all__ = ["publish_roots", "write_proofs"]


async def publish_roots(
    reading: SolvencyReading, *, rpc_url: str, key: str
) -> list[tuple[TokenReading, str]]:
    """Publish the root and sum of each token; return each with its transaction's hash.

    Args:
        reading: the vault at a block.
        rpc_url: the node's JSON-RPC address.
        key: the operator's private key; never shown or stored.

    Raises:
        RefusedTransactionError: the key is not the operator's.
        SettlementError: the node does not answer.
    """
    sent = []
    async with Wallet(rpc_url=rpc_url, key=key) as wallet:
        exchange = wallet.contract("Exchange", reading.contract)
        for token in reading.tokens:
            tree = token.tree()
            call = exchange.functions.publishSolvency(token.token, tree.root, tree.total)
            sent.append((token, await wallet.send(call)))
    return sent


def write_proofs(reading: SolvencyReading, folder: Path) -> None:
    """Write each account's proof to ``<token>/<account>.json`` in a folder."""
    for token in reading.tokens:
        tree = token.tree()
        place = folder / token.token
        place.mkdir(parents=True, exist_ok=True)
        for account in tree.amounts:
            made = tree.prove(
                account, chain_id=reading.chain_id, contract=reading.contract, block=reading.block
            )
            (place / f"{account}.json").write_bytes(made.encode())
