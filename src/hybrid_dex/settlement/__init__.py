"""Settlement: from matched fills to final ones.

The pure part (batching, the life of a transaction, reconciliation with the chain) does no IO; the
backends that drive it are `local`, which has no chain, and `evm`.
"""
