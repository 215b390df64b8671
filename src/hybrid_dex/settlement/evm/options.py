"""What an operator chooses about settling on an EVM chain."""

from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.settlement.batching import BatchLimits
from hybrid_dex.settlement.transaction_state import FeePolicy

__all__ = ["EvmOptions"]

_POSITIVE: Final = attrs.validators.gt(0.0)
_NOT_NEGATIVE: Final = attrs.validators.ge(0.0)


@attrs.frozen(kw_only=True)
class EvmOptions:
    """Options of `EvmSettlement`. Times are seconds.

    Attributes:
        rpc_url: the node's JSON-RPC address, http or https.
        chain_id: the chain that must be there (EIP-155).
        contract: EIP-55 address of the deployed ``Exchange``.
        operator_key: private key of the contract's operator, 0x-hex; never shown or stored.
        store_path: the SQLite file that settlement resumes from.
        start_block: where a new store begins to read: the contract's deployment block or earlier.
        confirmations: blocks on top of a block until it counts as final.
        batch_age_s: how long a fill waits at most for others before its batch is sent.
        limits: when a batch is full before that.
        heartbeat_s: send an empty batch after this long without one; 0 and anything longer mean a
            quarter of the contract's EXIT_DELAY, after which anyone could end settling for ever. A
            request that waits to be covered gets one in any case.
        gas_ceiling: gas limit of a transaction at most.
        fees: what to offer, and where to stop.
        bump_after_s: replace a transaction that is still not in a block after this long.
        resend_after_s: send the same bytes again after this long.
        poll_s: how often the chain is looked at.
        matching_lag_s: how long a fill takes at most from the engine to `submit`; whole seconds.
        lag_tolerance_s: how long a node may be behind what it said before its chain is believed
            to have become shorter.
        request_timeout_s: limit of one call to the node.
        attempts: tries of one call before settlement waits for the node.
        retry_wait_s: wait before the first repetition; it doubles.
        blocks_per_query: the widest range of blocks asked for at once.
    """

    rpc_url: str = attrs.field(validator=attrs.validators.matches_re(r"https?://\S+"))
    chain_id: int = attrs.field(validator=attrs.validators.ge(1))
    contract: str
    operator_key: str = attrs.field(repr=False)
    store_path: Path = attrs.field(converter=Path)
    start_block: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    confirmations: int = attrs.field(default=12, validator=attrs.validators.ge(0))
    batch_age_s: float = attrs.field(default=2.0, validator=_NOT_NEGATIVE)
    limits: BatchLimits = attrs.field(factory=BatchLimits)
    heartbeat_s: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    gas_ceiling: int = attrs.field(
        default=16_000_000,
        validator=[attrs.validators.ge(1_000_000), attrs.validators.le(1 << 24)],
    )
    fees: FeePolicy = attrs.field(factory=FeePolicy)
    bump_after_s: float = attrs.field(default=30.0, validator=_POSITIVE)
    resend_after_s: float = attrs.field(default=10.0, validator=_POSITIVE)
    poll_s: float = attrs.field(default=1.0, validator=_POSITIVE)
    matching_lag_s: int = attrs.field(default=2, validator=attrs.validators.ge(0))
    lag_tolerance_s: float = attrs.field(default=10.0, validator=_NOT_NEGATIVE)
    request_timeout_s: float = attrs.field(default=10.0, validator=_POSITIVE)
    attempts: int = attrs.field(default=4, validator=attrs.validators.ge(1))
    retry_wait_s: float = attrs.field(default=0.1, validator=_POSITIVE)
    blocks_per_query: int = attrs.field(default=1_000, validator=attrs.validators.ge(1))
