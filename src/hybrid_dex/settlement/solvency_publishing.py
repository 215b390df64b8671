"""Publishes roots on chain, and the proofs that lead to them.

Only what was read as solvent should be published; whoever calls this has made sure of it. A root
says of which block it is through the proofs: each names it.
"""

from hybrid_dex.settlement.solvency_proofs import ProofFolder
from hybrid_dex.settlement.solvency_reading import SolvencyReading, TokenReading
from hybrid_dex.settlement.wallet import Wallet

__all__ = ["publish_roots"]


async def publish_roots(
    reading: SolvencyReading, *, rpc_url: str, key: str, proofs: ProofFolder | None = None
) -> list[tuple[TokenReading, str]]:
    """Publish the root and sum of each token; return each with its transaction's hash.

    Args:
        reading: the vault at a block.
        rpc_url: the node's JSON-RPC address.
        key: the operator's private key; never shown or stored.
        proofs: where every account's proof is written before the first root is sent.

    Raises:
        RefusedTransactionError: the key is not the operator's.
        SettlementError: the node does not answer.
        OSError: the proofs can not be written.
    """
    sent = []
    if proofs is not None:
        for token in reading.tokens:
            proofs.write(
                token.tree(),
                chain_id=reading.chain_id,
                contract=reading.contract,
                block=reading.block,
            )
    async with Wallet(rpc_url=rpc_url, key=key) as wallet:
        exchange = wallet.contract("Exchange", reading.contract)
        for token in reading.tokens:
            tree = token.tree()
            call = exchange.functions.publishSolvency(token.token, tree.root, tree.total)
            sent.append((token, await wallet.send(call)))
            if proofs is not None:
                proofs.publish(token.token, reading.block)
    return sent
