"""Chains: what differs from one EVM chain to another, as values.

Pure. It must never conclude that a block is final which its rule does not name.

*When is a block final?* Three rules, and what each believes:

- `Confirmations(n)`: n blocks stand on it. For chains without a notion of finality and for local
  ones. Deeper reorganisations are possible in principle; n is the operator's bet against them.
- `FinalizedTag`: the node says so (``finalized``, execution-apis). On Ethereum two thirds of the
  stake must be slashed to undo such a block. On a rollup it is a block whose data stand in a final
  block of Ethereum: neither the sequencer nor Ethereum takes it back.
- `SafeTag`: the node says so (``safe``). On Ethereum the block is justified; on a rollup its data
  stand in a safe block of Ethereum. Sooner, and undone when Ethereum reorganises below it.

Nodes disagree, lag behind and restart, so a tag may move backwards or be missing for a while. What
was final stays final here: `final_height` never falls.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

import attrs

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.settlement.fees import FeePolicy

__all__ = [
    "CHAINS",
    "ChainPreset",
    "Confirmations",
    "DataFee",
    "Finality",
    "FinalizedTag",
    "SafeTag",
    "chain_named",
    "final_height",
    "finality_named",
]

_GWEI: Final = 10**9


@attrs.frozen
class Confirmations:
    """A block is final when so many blocks stand on it."""

    tag: ClassVar[None] = None

    blocks: int = attrs.field(validator=[attrs.validators.instance_of(int), attrs.validators.ge(0)])

    def __str__(self) -> str:
        return f"{self.blocks} confirmations"


@attrs.frozen
class FinalizedTag:
    """A block is final when the node's ``finalized`` block stands on it or is it."""

    tag: ClassVar[Literal["finalized"]] = "finalized"

    def __str__(self) -> str:
        return self.tag


@attrs.frozen
class SafeTag:
    """A block is final when the node's ``safe`` block stands on it or is it."""

    tag: ClassVar[Literal["safe"]] = "safe"

    def __str__(self) -> str:
        return self.tag


Finality: TypeAlias = Confirmations | FinalizedTag | SafeTag


def final_height(rule: Finality, *, head: int, tagged: int | None, previous: int) -> int:
    """Return the height up to which blocks are final.

    Args:
        rule: of the chain.
        head: height of the newest block.
        tagged: height of the block that the rule's tag names, ``None`` without a tag.
        previous: what this returned before; it never falls below.

    >>> final_height(Confirmations(12), head=100, tagged=None, previous=80)
    88
    >>> final_height(FinalizedTag(), head=100, tagged=64, previous=80)
    80
    """
    match rule:
        case Confirmations(blocks=blocks):
            found = head - blocks
        case FinalizedTag() | SafeTag():
            found = previous if tagged is None else min(tagged, head)
    return max(previous, found)


def finality_named(text: str) -> Finality:
    """Return a rule from text: ``finalized``, ``safe`` or a number of confirmations.

    Raises:
        ConfigurationError: it is none of them.
    """
    if text in _TAGS:
        return _TAGS[text]
    if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return Confirmations(int(text))
    raise ConfigurationError(
        f"finality is {text!r}; valid: finalized, safe, or a number of confirmations"
    )


_TAGS: Final[Mapping[str, Finality]] = MappingProxyType(
    {"finalized": FinalizedTag(), "safe": SafeTag()}
)
_MAX_DIGITS: Final = 6


class DataFee(enum.Enum):
    """How a chain charges for a transaction's bytes."""

    IN_GAS = "in gas"
    """In the gas itself: EIP-7623 on Ethereum; as extra gas of the estimate on Arbitrum."""
    OP_STACK = "op stack"
    """Apart from gas, in the chain's coin, as ``GasPriceOracle`` says."""


@attrs.frozen(kw_only=True)
class ChainPreset:
    """All that an operator need not look up to settle on a chain.

    Attributes:
        name: for people.
        chain_id: EIP-155.
        finality: when a block is final.
        block_time_s: how often a block comes, seconds.
        poll_s: how often to look, seconds.
        bump_after_s: replace a transaction that is in no block after this long, seconds.
        fees: what to offer, and where to stop.
        data_fee: how bytes are charged for.
        weth: EIP-55 address of wrapped ether, empty where there is none.
        permit2: EIP-55 address of Permit2, empty where there is none.
    """

    name: str
    chain_id: int = attrs.field(validator=attrs.validators.ge(1))
    finality: Finality
    block_time_s: float = attrs.field(validator=attrs.validators.gt(0.0))
    poll_s: float = attrs.field(default=1.0, validator=attrs.validators.gt(0.0))
    bump_after_s: float = attrs.field(default=30.0, validator=attrs.validators.gt(0.0))
    fees: FeePolicy = attrs.field(factory=FeePolicy)
    data_fee: DataFee = DataFee.IN_GAS
    weth: str = ""
    permit2: str = ""


_PERMIT2: Final = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
_OP_STACK_WETH: Final = "0x4200000000000000000000000000000000000006"
_OP_STACK_FEES: Final = FeePolicy(
    ceiling=5 * _GWEI, emergency_ceiling=50 * _GWEI, minimum_tip=_GWEI // 1_000
)

CHAINS: Final[Mapping[str, ChainPreset]] = MappingProxyType(
    {
        # Blocks every 12 s; final after two epochs, 13 to 19 minutes.
        "ethereum": ChainPreset(
            name="Ethereum",
            chain_id=1,
            finality=FinalizedTag(),
            block_time_s=12.0,
            poll_s=2.0,
            bump_after_s=36.0,
            fees=FeePolicy(minimum_tip=_GWEI // 10),
            weth="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
            permit2=_PERMIT2,
        ),
        # First come, first served: a tip buys nothing. Bytes are paid for as extra gas.
        "arbitrum": ChainPreset(
            name="Arbitrum One",
            chain_id=42_161,
            finality=FinalizedTag(),
            block_time_s=0.25,
            poll_s=0.5,
            bump_after_s=10.0,
            fees=FeePolicy(ceiling=5 * _GWEI, emergency_ceiling=50 * _GWEI, minimum_tip=0),
            weth="0x82aF49447D8a07e3bd95BD0d56f35241523fBab1",
            permit2=_PERMIT2,
        ),
        "base": ChainPreset(
            name="Base",
            chain_id=8_453,
            finality=FinalizedTag(),
            block_time_s=2.0,
            bump_after_s=10.0,
            fees=_OP_STACK_FEES,
            data_fee=DataFee.OP_STACK,
            weth=_OP_STACK_WETH,
            permit2=_PERMIT2,
        ),
        "optimism": ChainPreset(
            name="OP Mainnet",
            chain_id=10,
            finality=FinalizedTag(),
            block_time_s=2.0,
            bump_after_s=10.0,
            fees=_OP_STACK_FEES,
            data_fee=DataFee.OP_STACK,
            weth=_OP_STACK_WETH,
            permit2=_PERMIT2,
        ),
        # anvil and the like: nobody reorganises it but a test.
        "local": ChainPreset(
            name="local", chain_id=31_337, finality=Confirmations(2), block_time_s=1.0
        ),
    }
)
"""By the word that names each in settings. Any other chain is a `ChainPreset` of one's own."""


def chain_named(chain: str | ChainPreset) -> ChainPreset:
    """Return a chain by its word in `CHAINS`; one that is given whole is returned as it is.

    Raises:
        ConfigurationError: there is no such word.
    """
    if isinstance(chain, ChainPreset):
        return chain
    if chain not in CHAINS:
        raise ConfigurationError(
            f"no chain is called {chain!r}; known: {', '.join(CHAINS)}; for another one, say its "
            "chain id, finality and block time"
        )
    return CHAINS[chain]
