"""Health of settlement: what an operator looks at, as a value.

It only reports. Whether matching should pause is decided by whoever reads `lagging`.
"""

import enum

import attrs

from hybrid_dex.settlement.endpoints import EndpointHealth

__all__ = ["SettlementHealth", "SettlementState"]


class SettlementState(enum.StrEnum):
    """How settlement is doing."""

    CLOSED = "closed"
    RUNNING = "running"
    WAITING = "waiting"
    """The node or the contract does not answer as it should; nothing is lost, it is tried again."""
    HALTED = "halted"
    """Something happened that needs a person: see `alarm`."""


@attrs.frozen(kw_only=True)
class SettlementHealth:
    """What settlement knows of itself.

    Attributes:
        state: in one word.
        chain_id: the chain.
        contract: the contract's address.
        head_block: newest block that was read; 0 before the first.
        head_age_s: how long ago it was made; by the clocks of both, so it may be off by theirs.
        final_block: highest final block whose facts are stored.
        batch: number of the last batch that is in a block.
        queued: fills that wait for a batch.
        unsettled: fills that are not final, queued ones included.
        oldest_unsettled_s: age of the oldest one not in a block yet, 0.0 if there is none.
        undelivered: updates that the exchange has not taken.
        lagging: whether matching should pause: settlement can not keep what it promises.
        error: what is being retried, or an empty string.
        alarm: what needs a person, or an empty string: what halted settlement, a node that can
            not be trusted, or a vault that is not what the engine says.
        endpoints: the nodes, and what is thought of each.
        audited_block: the newest final block at which vault and engine were found equal.
        nameless: addresses of tokens with deposits that no market here names: they are credited
            once one does.
    """

    state: SettlementState
    chain_id: int
    contract: str
    head_block: int = 0
    head_age_s: float = 0.0
    final_block: int = 0
    batch: int = 0
    queued: int = 0
    unsettled: int = 0
    oldest_unsettled_s: float = 0.0
    undelivered: int = 0
    lagging: bool = False
    error: str = ""
    alarm: str = ""
    endpoints: tuple[EndpointHealth, ...] = ()
    audited_block: int = 0
    nameless: tuple[str, ...] = ()
