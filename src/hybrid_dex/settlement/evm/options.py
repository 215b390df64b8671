"""What an operator chooses about settling on an EVM chain."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import attrs

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.settlement.batching import BatchLimits
from hybrid_dex.settlement.chains import CHAINS, ChainPreset, Finality, chain_named
from hybrid_dex.settlement.fees import FeePolicy

__all__ = ["EvmOptions"]

_T = TypeVar("_T")
_URL: Final = re.compile(r"https?://\S+")
_POSITIVE: Final = attrs.validators.gt(0.0)
_NOT_NEGATIVE: Final = attrs.validators.ge(0.0)


def _of_chain(read: Callable[[ChainPreset], _T]) -> _T:
    """Return a default that is the chain's."""

    def default(options: "EvmOptions") -> _T:
        return read(options.chain)

    made: _T = attrs.Factory(default, takes_self=True)
    return made


def _urls(value: Sequence[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise ConfigurationError("rpc_urls is one text; list the addresses: ('http://...',)")
    return tuple(value)


def _check_urls(_instance: object, _attribute: object, urls: tuple[str, ...]) -> None:
    """Refuse what is no node's address, without repeating it: it may hold a provider's key."""
    if not urls:
        raise ConfigurationError("rpc_urls names no node; name one at least")
    for number, url in enumerate(urls, 1):
        if not _is_address(url):
            raise ConfigurationError(
                f"entry {number} of rpc_urls is not an address such as https://node.example/key "
                "(http or https; WebSockets are not used)"
            )


def _is_address(url: str) -> bool:
    """Whether a text can be a node's address; a port has to be one."""
    try:
        parts = urlsplit(url)
        return _URL.fullmatch(url) is not None and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@attrs.frozen(kw_only=True)
class EvmOptions:
    """Options of `EvmSettlement`. Times are seconds.

    Attributes:
        rpc_urls: JSON-RPC addresses of nodes of the chain, http or https, the preferred first. One
            is used at a time; the others are compared with it, and take over when it fails.
        chain: a word of `CHAINS`, or a `ChainPreset` for another chain. What follows and is not
            given is as it says.
        chain_id: the chain that must be there (EIP-155).
        finality: when a block counts as final.
        fees: what to offer per gas, and where to stop.
        bump_after_s: replace a transaction that is still not in a block after this long.
        poll_s: how often the chain is looked at.
        contract: EIP-55 address of the deployed ``Exchange``.
        operator_key: private key of the contract's operator, 0x-hex; never shown or stored.
        store_path: the SQLite file that settlement resumes from.
        start_block: where a new store begins to read: the contract's deployment block or earlier.
        batch_age_s: how long a fill waits at most for others before its batch is sent.
        limits: when a batch is full before that.
        heartbeat_s: send an empty batch after this long without one; 0 and anything longer mean a
            quarter of the contract's EXIT_DELAY, after which anyone could end settling for ever. A
            request that waits to be covered gets one in any case.
        receipt_wait_s: send an empty batch for a cancel receipt that waits for one, but not within
            this long of the batch before: anyone can ask for receipts.
        gas_limit: gas of a transaction at most (EIP-7825 allows 2**24).
        resend_after_s: send the same bytes again after this long.
        matching_lag_s: how long a fill takes at most from the engine to `submit`; whole seconds.
        lag_tolerance_s: how long a node may be behind what it said before its chain is believed
            to have become shorter, or the node to have lost a block.
        survey_s: how often every node is asked for its chain and its newest block.
        node_lag_s: a node whose newest block is older than another's by more is not used.
        failures: calls in a row that a node may fail before it is left alone for a while.
        rest_s: for how long; then one call tries it.
        request_timeout_s: limit of one call to a node.
        attempts: tries of one call before settlement waits for the node.
        retry_wait_s: wait before the first repetition; it doubles.
        blocks_per_query: the widest range of blocks asked for at once.
    """

    rpc_urls: tuple[str, ...] = attrs.field(
        converter=_urls,
        validator=_check_urls,
        repr=False,  # providers put their keys into addresses
    )
    chain: ChainPreset = attrs.field(converter=chain_named)
    chain_id: int = attrs.field(
        default=_of_chain(lambda chain: chain.chain_id), validator=attrs.validators.ge(1)
    )
    finality: Finality = attrs.field(default=_of_chain(lambda chain: chain.finality))
    fees: FeePolicy = attrs.field(default=_of_chain(lambda chain: chain.fees))
    bump_after_s: float = attrs.field(
        default=_of_chain(lambda chain: chain.bump_after_s), validator=_POSITIVE
    )
    poll_s: float = attrs.field(default=_of_chain(lambda chain: chain.poll_s), validator=_POSITIVE)
    contract: str
    operator_key: str = attrs.field(repr=False)
    store_path: Path = attrs.field(converter=Path)
    start_block: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    batch_age_s: float = attrs.field(default=2.0, validator=_NOT_NEGATIVE)
    limits: BatchLimits = attrs.field(factory=BatchLimits)
    heartbeat_s: float = attrs.field(default=0.0, validator=_NOT_NEGATIVE)
    receipt_wait_s: float = attrs.field(default=60.0, validator=_NOT_NEGATIVE)
    gas_limit: int = attrs.field(
        default=16_000_000,
        validator=[attrs.validators.ge(1_000_000), attrs.validators.le(1 << 24)],
    )
    resend_after_s: float = attrs.field(default=10.0, validator=_POSITIVE)
    matching_lag_s: int = attrs.field(default=2, validator=attrs.validators.ge(0))
    lag_tolerance_s: float = attrs.field(default=10.0, validator=_NOT_NEGATIVE)
    survey_s: float = attrs.field(default=10.0, validator=_NOT_NEGATIVE)
    node_lag_s: float = attrs.field(default=30.0, validator=_POSITIVE)
    failures: int = attrs.field(default=4, validator=attrs.validators.ge(1))
    rest_s: float = attrs.field(default=5.0, validator=_POSITIVE)
    request_timeout_s: float = attrs.field(default=10.0, validator=_POSITIVE)
    attempts: int = attrs.field(default=4, validator=attrs.validators.ge(1))
    retry_wait_s: float = attrs.field(default=0.1, validator=_POSITIVE)
    blocks_per_query: int = attrs.field(default=1_000, validator=attrs.validators.ge(1))

    def __attrs_post_init__(self) -> None:
        if len(set(self.rpc_urls)) != len(self.rpc_urls):
            raise ConfigurationError("rpc_urls names one node twice; its word would count twice")
        if self.chain_id != self.chain.chain_id and self.chain is not CHAINS["local"]:
            raise ConfigurationError(
                f"the chain id of {self.chain.name} is {self.chain.chain_id}, not "
                f"{self.chain_id}; correct one of the two"
            )
