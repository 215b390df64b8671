"""Whether a proof of solvency proves what was asked for: nothing of it is taken on trust.

The exchange hands the proof out, so it is held against what the client knows: whose it must be, of
which token, of which contract on which chain. That its root was published only the chain can say;
`SolvencyReader` asks a node, best one of your own.
"""

from collections.abc import Sequence
from typing import Protocol

from hybrid_dex.client.errors import UnprovenError
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.signing.solvency import PublishedRoot, SolvencyProof
from hybrid_dex.wire import InfoAnswer

__all__ = ["PublishedRoots", "check_proof"]


class PublishedRoots(Protocol):
    """Who knows which roots were published: `hybrid_dex.settlement.solvency_reading.SolvencyReader`."""

    async def published(self, token: str) -> Sequence[PublishedRoot]:
        """Return a token's roots, the oldest first. Raises `SettlementError`."""
        ...


async def check_proof(
    proof: SolvencyProof,
    *,
    asset: str,
    account: str,
    info: InfoAnswer,
    chain: PublishedRoots | None = None,
) -> None:
    """Return if a proof says what the account has in the vault, as part of all that it owes.

    Args:
        proof: as the exchange gave it.
        asset: of which asset it must be.
        account: whose it must be.
        info: what the exchange said of itself.
        chain: where published roots are read; ``None`` leaves out that question.

    Raises:
        ConfigurationError: there is no chain, or no such asset on it.
        UnprovenError: it proves something else, or nothing.
        SettlementError: the node does not answer.
    """
    token = next((one.token for one in info.assets if one.id == asset), None)
    if token is None or info.chain_id is None or info.contract is None:
        raise ConfigurationError(f"the exchange does not keep {asset} on a chain")
    if (proof.chain_id, proof.contract) != (info.chain_id, info.contract):
        raise UnprovenError(f"it is of {proof.contract} on chain {proof.chain_id}")
    if proof.token != token:
        raise UnprovenError(f"it is of the token {proof.token}, not of {token}")
    if proof.account != account:
        raise UnprovenError(f"it is {proof.account}'s, not {account}'s")
    try:
        holds = proof.holds()
    except FormatError as error:
        raise UnprovenError(f"it is malformed: {error}") from error
    if not holds:
        raise UnprovenError("its amounts and hashes do not lead to its root and sum")
    if chain is None:
        return
    roots = await chain.published(token)
    if not any(root.proves(proof) for root in roots):
        raise UnprovenError("its root was never published on chain")
    if not roots[-1].proves(proof):
        raise UnprovenError(f"a newer root was published in block {roots[-1].block}; ask again")
