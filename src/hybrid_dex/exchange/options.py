"""What can be set on an exchange, and what it says about its own health."""

from typing import Final

import attrs

from hybrid_dex.model.units import Sequence
from hybrid_dex.model.vouchers import MAX_VOUCHER_LIFETIME_S

__all__ = ["ExchangeHealth", "ExchangeOptions"]

_AT_LEAST_ONE: Final = attrs.validators.ge(1)
_POSITIVE_S: Final = attrs.validators.gt(0.0)


@attrs.frozen(kw_only=True)
class ExchangeOptions:
    """The shell's limits and rhythms. Trading rules are none of its business.

    Attributes:
        leader: this writer's name, as its frames carry it.
        max_frame_commands: how many waiting commands share one frame.
        max_in_flight: frames whose acknowledgement may be awaited at once.
        max_waiting: commands that may wait for the journal; more are refused.
        verify_batch: signed orders verified in one call.
        timer_s: how often expiries are looked for, seconds.
        follower_batches: event batches that may wait for one follower before it is ended.
        history_batches: newest event batches kept for followers that resume.
        projection_batches: event batches that may wait for the records before they are dropped
            from memory and replayed from the journal instead.
        projection_pause_s: how long the records let commands come together after a transaction
            when others wait already, seconds. The first after a rest is written at once.
        projection_process: write the records in a process of their own, where they can be shared
            with one (`SharedRecords`); otherwise beside the event loop, whose interpreter they use.
        snapshot_every: commands between two snapshots.
        snapshot_process: take snapshots in a process of their own; otherwise in a thread, which
            slows matching while it lasts.
        freeze_recovered: once recovered, take everything that the process holds out of the garbage
            collector's sight (`gc.freeze`): it would walk over a large book again and again, and
            matching would stand still meanwhile. Only for a process that lives for its exchange.
        trim_journal: forget the journal below the oldest kept snapshot; records can then not be
            rebuilt from the start.
        append_attempts: how often an append of unknown outcome is read back and tried again.
        retry_s: the first wait before something that failed is tried again, seconds.
        retry_max_s: the longest such wait, seconds.
        drain_s: how long closing waits for settlement and records, seconds.
        audit_s: how often the engine is compared with the chain, seconds.
        audit_accounts: how many accounts one such comparison asks for at most.
        voucher_lifetime_s: for how long a voucher is paid when nobody says otherwise, seconds. Its
            funds are locked so long at most, and until that is final.
    """

    leader: str = attrs.field(default="exchange", validator=attrs.validators.min_len(1))
    max_frame_commands: int = attrs.field(default=512, validator=_AT_LEAST_ONE)
    max_in_flight: int = attrs.field(default=4, validator=_AT_LEAST_ONE)
    max_waiting: int = attrs.field(default=65_536, validator=_AT_LEAST_ONE)
    verify_batch: int = attrs.field(default=128, validator=_AT_LEAST_ONE)
    timer_s: float = attrs.field(default=0.05, validator=_POSITIVE_S)
    follower_batches: int = attrs.field(default=16_384, validator=_AT_LEAST_ONE)
    history_batches: int = attrs.field(default=16_384, validator=_AT_LEAST_ONE)
    projection_batches: int = attrs.field(default=65_536, validator=_AT_LEAST_ONE)
    projection_pause_s: float = attrs.field(default=0.02, validator=attrs.validators.ge(0.0))
    projection_process: bool = False
    snapshot_every: int = attrs.field(default=100_000, validator=_AT_LEAST_ONE)
    snapshot_process: bool = True
    freeze_recovered: bool = False
    trim_journal: bool = False
    append_attempts: int = attrs.field(default=10, validator=_AT_LEAST_ONE)
    retry_s: float = attrs.field(default=0.05, validator=_POSITIVE_S)
    retry_max_s: float = attrs.field(default=5.0, validator=_POSITIVE_S)
    drain_s: float = attrs.field(default=10.0, validator=_POSITIVE_S)
    audit_s: float = attrs.field(default=5.0, validator=_POSITIVE_S)
    audit_accounts: int = attrs.field(default=100, validator=_AT_LEAST_ONE)
    voucher_lifetime_s: int = attrs.field(
        default=3_600,
        validator=[_AT_LEAST_ONE, attrs.validators.le(MAX_VOUCHER_LIFETIME_S)],
    )


@attrs.frozen(kw_only=True)
class ExchangeHealth:
    """One moment of an exchange.

    Attributes:
        sequence: the last applied command.
        position: the journal frame that ended with it.
        epoch: this writer's term.
        journal_ok: whether the last append was acknowledged; commands are refused otherwise.
        halted: why the exchange takes no more commands until it is restarted, or empty.
        waiting: commands that wait for the journal.
        settlement_ok: whether settlement takes fills and yields updates.
        settlement_waiting: groups of fills that wait to be handed to settlement.
        records_ok: whether the records follow; true without records.
        records_lag: commands that the records are behind.
        snapshot_lag: commands since the last snapshot; 0 without snapshots.
        followers: live subscriptions.
    """

    sequence: Sequence
    position: int
    epoch: int
    journal_ok: bool
    halted: str
    waiting: int
    settlement_ok: bool
    settlement_waiting: int
    records_ok: bool
    records_lag: int
    snapshot_lag: int
    followers: int

    @property
    def ready(self) -> bool:
        """Whether a command sent now would be accepted."""
        return self.journal_ok and not self.halted
