"""A domain separates chains and deployments and can not be misconfigured silently."""

import pytest
from eth_account.messages import encode_typed_data

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.signing import ZERO_ADDRESS, Domain

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@pytest.mark.parametrize("chain_id", [1, 31337, 2**256 - 1])
def test_the_separator_is_the_one_of_eth_account(chain_id: int) -> None:
    domain = Domain(chain_id=chain_id, verifying_contract=CONTRACT)
    message = encode_typed_data(
        domain_data=domain.typed_data_fields(), message_types={"A": []}, message_data={}
    )
    assert domain.separator == message.header


@pytest.mark.parametrize("chain_id", [0, -1, 2**256])
def test_a_chain_id_out_of_range_is_refused(chain_id: int) -> None:
    with pytest.raises(ConfigurationError, match=f"chain_id is {chain_id}; configure"):
        Domain(chain_id=chain_id, verifying_contract=CONTRACT)


def test_the_zero_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="zero address; configure the deployed contract"):
        Domain(chain_id=1, verifying_contract=ZERO_ADDRESS)


def test_an_address_without_checksum_is_refused() -> None:
    with pytest.raises(SignatureError, match="verifying_contract: its capitals"):
        Domain(chain_id=1, verifying_contract=CONTRACT.lower())
