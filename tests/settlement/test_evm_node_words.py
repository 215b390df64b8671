"""What nodes of each client say, and what it means."""

import pytest

from hybrid_dex.settlement.evm.node_words import is_contracts_word

CONTRACTS_WORDS = {
    "geth, a revert": {"code": 3, "message": "execution reverted: no", "data": "0x08c379a0"},
    "geth, gas": {"code": -32000, "message": "out of gas"},
    "geth, opcode": {"code": -32000, "message": "invalid opcode: INVALID"},
    "geth, jump": {"code": -32000, "message": "invalid jump destination"},
    "geth, stack": {"code": -32000, "message": "stack underflow (0 <=> 1)"},
    "geth, full stack": {"code": -32000, "message": "stack limit reached 1024 (1023)"},
    "geth, memory": {"code": -32000, "message": "gas uint64 overflow"},
    "geth, a static call": {"code": -32000, "message": "write protection"},
    "geth, return data": {"code": -32000, "message": "return data out of bounds"},
    "Reth, gas": {"code": -32003, "message": "out of gas: gas required exceeds: 3000000"},
    "Reth, opcode": {"code": -32003, "message": "EVM error: InvalidFEOpcode"},
    "anvil, a revert": {"code": 3, "message": "execution reverted", "data": "0x"},
    "anvil, gas": {"code": -32603, "message": "EVM error OutOfGas"},
    "anvil, opcode": {"code": -32603, "message": "EVM error OpcodeNotFound"},
    "Nethermind, a revert": {"code": -32015, "message": "VM execution error.", "data": "revert"},
    "Nethermind, an error": {
        "code": -32015,
        "message": "VM execution error.",
        "data": "err: 0xdf2d9b42 (supplied gas 3000000)",
    },
    "Nethermind, gas": {"code": -32003, "message": "out of gas", "data": "0x"},
    "Nethermind, stack": {"code": -32003, "message": "stack underflow"},
    "Besu": {"code": 3, "message": "Execution reverted", "data": "0x"},
    "Besu, before": {"code": -32000, "message": "Execution reverted"},
    "Hardhat": {
        "code": -32603,
        "message": "Error: VM Exception while processing transaction: invalid opcode",
        "data": {"message": "invalid opcode", "data": "0x"},
    },
}


@pytest.mark.parametrize("client", CONTRACTS_WORDS)
def test_a_failure_of_the_code_is_the_contract_s_word(client: str) -> None:
    assert is_contracts_word(CONTRACTS_WORDS[client])


@pytest.mark.parametrize(
    "error",
    [
        {"code": -32005, "message": "limit exceeded"},
        {"code": -32005, "message": "request rate limited", "data": {"see": "reverted"}},
        {"code": -32603, "message": "Internal error"},
        {"code": -32000, "message": "header not found"},
        {"code": -32000, "message": "execution aborted (timeout = 5s)"},
        {"code": -32000, "message": "World state unavailable"},
        {"code": 429, "message": None},
        {},
        "out of gas",
        None,
    ],
)
def test_any_other_error_is_the_node_s(error: object) -> None:
    assert not is_contracts_word(error)
