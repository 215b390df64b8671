"""Settlement on an EVM chain: batches of fills through the deployed ``Exchange`` contract.

`EvmSettlement` is the shell around the pure parts of the room above. Inside: `options` what the
operator chooses, `store` what survives a crash, `node` and `contract` what is asked of the chain,
`watcher` reads, `sender` writes, and `pipeline` is the state between the two.
"""

from hybrid_dex.settlement.evm.options import EvmOptions
from hybrid_dex.settlement.evm.settlement import EvmSettlement

__all__ = ["EvmOptions", "EvmSettlement"]
