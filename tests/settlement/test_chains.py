"""A chain needs a settings entry only, and no block is final that its rule does not name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.settlement.chains import (
    CHAINS,
    ChainPreset,
    Confirmations,
    Finality,
    FinalizedTag,
    SafeTag,
    chain_named,
    final_height,
    finality_named,
)
from hybrid_dex.settlement.evm import EvmOptions

RULES = st.one_of(
    st.integers(0, 70).map(Confirmations), st.just(FinalizedTag()), st.just(SafeTag())
)
TAG = st.none() | st.integers(0, 300)
"""Where the node says that its tag is: anywhere, backwards too, or nowhere."""


@given(rule=RULES, looks=st.lists(st.tuples(st.integers(0, 300), TAG), max_size=40))
def test_finality_never_falls_and_never_passes_what_the_rule_names(
    rule: Finality, looks: list[tuple[int, int | None]]
) -> None:
    """On a chain whose head and tag jump about, reorganised, lagging, without a tag."""
    final = 0
    for head, tagged in looks:
        found = final_height(rule, head=head, tagged=tagged, previous=final)
        assert found >= final
        if found > final:
            assert found <= head
            if isinstance(rule, Confirmations):
                assert head - found == rule.blocks
            else:
                assert tagged is not None
                assert found <= tagged
        final = found


def test_each_rule_on_a_chain() -> None:
    """A head at 100 with safe 95 and finalized 64; then a node that was restarted and lags."""
    assert final_height(Confirmations(12), head=100, tagged=None, previous=0) == 88
    assert final_height(Confirmations(0), head=100, tagged=None, previous=0) == 100
    assert final_height(SafeTag(), head=100, tagged=95, previous=0) == 95
    assert final_height(FinalizedTag(), head=100, tagged=64, previous=0) == 64
    assert final_height(FinalizedTag(), head=100, tagged=32, previous=64) == 64
    assert final_height(FinalizedTag(), head=100, tagged=None, previous=64) == 64
    assert final_height(FinalizedTag(), head=100, tagged=105, previous=64) == 100


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("finalized", FinalizedTag()),
        ("safe", SafeTag()),
        ("0", Confirmations(0)),
        ("64", Confirmations(64)),
    ],
)
def test_a_rule_is_named_by_text(text: str, rule: Finality) -> None:
    """As it stands in settings."""
    assert finality_named(text) == rule


@pytest.mark.parametrize("text", ["", "Finalized", "latest", "-1", "1.5", "١٢", "9" * 9])
def test_no_other_text_names_a_rule(text: str) -> None:
    """The message says which do."""
    with pytest.raises(ConfigurationError, match="finalized, safe, or a number"):
        finality_named(text)


@pytest.mark.parametrize("word", CHAINS)
def test_a_named_chain_needs_no_other_setting(word: str) -> None:
    """Its id, finality, fees and pace are the preset's; addresses are EIP-55."""
    preset = CHAINS[word]
    options = EvmOptions(
        rpc_urls=["http://127.0.0.1:1"],
        chain=word,
        contract="0x000000000000000000000000000000000000dEaD",
        operator_key="0x01",
        store_path="nowhere",
    )
    assert (options.chain_id, options.finality) == (preset.chain_id, preset.finality)
    assert (options.fees, options.poll_s) == (preset.fees, preset.poll_s)
    for address in filter(None, (preset.weth, preset.permit2)):
        assert Web3.is_checksum_address(address)
    assert preset.fees.ceiling < preset.fees.emergency_ceiling


def test_chains_are_told_apart() -> None:
    """No two have one id; an id that contradicts the name is refused, but not a local fork's."""
    assert len({preset.chain_id for preset in CHAINS.values()}) == len(CHAINS)
    given_ = {
        "rpc_urls": ("http://127.0.0.1:1",),
        "contract": "0x000000000000000000000000000000000000dEaD",
        "operator_key": "0x01",
        "store_path": "nowhere",
    }
    with pytest.raises(ConfigurationError, match="42161"):
        EvmOptions(chain="arbitrum", chain_id=1, **given_)
    assert EvmOptions(chain="local", chain_id=1, **given_).chain_id == 1


def test_another_chain_is_a_preset_of_ones_own() -> None:
    """A word that is none is refused, with those that are."""
    own = ChainPreset(name="mine", chain_id=7, finality=Confirmations(3), block_time_s=3.0)
    assert chain_named(own) is own
    with pytest.raises(ConfigurationError, match="ethereum, arbitrum, base, optimism, local"):
        chain_named("mine")


def test_rpc_urls_is_a_list_of_different_addresses() -> None:
    """One text is not read letter by letter, and one node has one word."""
    given_ = {
        "chain": "local",
        "contract": "0x000000000000000000000000000000000000dEaD",
        "operator_key": "0x01",
        "store_path": "nowhere",
    }
    for urls in ("http://127.0.0.1:1", ("http://127.0.0.1:1", "http://127.0.0.1:1")):
        with pytest.raises(ConfigurationError, match="rpc_urls"):
            EvmOptions(rpc_urls=urls, **given_)
    ports = (("http://127.0.0.1:85450/KEY",), ("http://node.example:KEY",), ("http://[::1/KEY",))
    for bad in ((), ("http://127.0.0.1:1", "wss://node.example/KEY"), *ports):
        with pytest.raises(ConfigurationError, match="rpc_urls") as refused:
            EvmOptions(rpc_urls=bad, **given_)
        assert "KEY" not in str(refused.value)
    assert "127.0.0.1" not in repr(EvmOptions(rpc_urls=("http://127.0.0.1:1/key",), **given_))
