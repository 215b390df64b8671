"""What nodes of each client say, and what it means."""

import pytest

from hybrid_dex.settlement.evm.node_words import Sent, is_contracts_word, sent_as

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
    "Besu, an estimate": {
        "code": -32000,
        "message": "Transaction processing could not be completed due to an exception",
    },
    "geth, an estimate": {"code": -32000, "message": "gas required exceeds allowance (30000000)"},
    "Nethermind, an estimate": {
        "code": -32000,
        "message": "Gas estimation failed due to out of gas",
    },
    "Hardhat": {
        "code": -32603,
        "message": "Error: VM Exception while processing transaction: invalid opcode",
        "data": {"message": "invalid opcode", "data": "0x"},
    },
    "Hardhat, from a wallet": {
        "code": -32603,
        "message": "Internal JSON-RPC error.",
        "data": {"message": "execution reverted: no"},
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


ACCEPTED, NONCE_USED, UNDERPRICED, UNFUNDED, REFUSED = (
    Sent.ACCEPTED,
    Sent.NONCE_USED,
    Sent.UNDERPRICED,
    Sent.UNFUNDED,
    Sent.REFUSED,
)
SENT = {
    "geth": {
        "already known": ACCEPTED,
        "nonce too low: next nonce 5, tx nonce 4": NONCE_USED,
        "transaction underpriced: gas tip cap 0, minimum needed 1": UNDERPRICED,
        "transaction gas price below minimum: gas tip cap 0, minimum needed 1": UNDERPRICED,
        "replacement transaction underpriced": UNDERPRICED,
        "max fee per gas less than block base fee: address 0xab": UNDERPRICED,
        "fee cap less than block base fee": UNDERPRICED,
        "insufficient funds for gas * price + value: balance 1, tx cost 2": UNFUNDED,
        "nonce too high": REFUSED,
        "txpool is full": REFUSED,
        "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)": REFUSED,
        "max priority fee per gas higher than max fee per gas": REFUSED,
        "future transaction tries to replace pending": REFUSED,
    },
    "Erigon": {
        "ALREADY_EXISTS: already known": ACCEPTED,
        "INTERNAL_ERROR: existing tx with same hash": ACCEPTED,
        "existing txn with same hash": ACCEPTED,
        "INTERNAL_ERROR: nonce too low": NONCE_USED,
        "INTERNAL_ERROR: could not replace existing tx": UNDERPRICED,
        "INTERNAL_ERROR: replaced by transaction with higher tip": UNDERPRICED,
        "FEE_TOO_LOW: underpriced": UNDERPRICED,
        "FEE_TOO_LOW: fee too low": UNDERPRICED,
        "INTERNAL_ERROR: insufficient funds": UNFUNDED,
        "INTERNAL_ERROR: pending sub-pool is full": REFUSED,
    },
    "Reth and anvil": {
        "already known": ACCEPTED,
        "transaction already imported": ACCEPTED,
        "nonce too low: next nonce 5, tx nonce 4": NONCE_USED,
        "transaction underpriced": UNDERPRICED,
        "transaction priority fee below minimum required priority fee 1000": UNDERPRICED,
        "[0xab]: insufficient gas price to replace existing transaction.": UNDERPRICED,
        "[0xab] Transaction feeCap 7 below chain minimum.": UNDERPRICED,
        "insufficient funds for gas * price + value: have 1 want 2": UNFUNDED,
        "Insufficient funds for gas * price + value": UNFUNDED,
        "transaction type not supported": REFUSED,
    },
    "Nethermind": {
        "AlreadyKnown": ACCEPTED,
        "OldNonce, Current nonce: 5, nonce of rejected tx: 4": NONCE_USED,
        "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7": UNDERPRICED,
        "FeeTooLow, EffectivePriorityFeePerGas too low 1 < 2, BaseFee: 7": UNDERPRICED,
        "FeeTooLowToCompete": UNDERPRICED,
        "ReplacementNotAllowed": UNDERPRICED,
        "OwnNonceAlreadyUsed": UNDERPRICED,
        "InsufficientFunds, Account balance: 1, cumulative cost: 2": UNFUNDED,
        "NonceGap, Future nonce. Expected nonce: 5": REFUSED,
        "NonceTooFarInFuture": REFUSED,
        "GasLimitExceeded": REFUSED,
    },
    "Besu": {
        "Known transaction": ACCEPTED,
        "Nonce too low": NONCE_USED,
        "Replacement transaction underpriced": UNDERPRICED,
        "Gas price below configured minimum gas price": UNDERPRICED,
        "Gas price below current base fee": UNDERPRICED,
        "Upfront cost exceeds account balance": UNFUNDED,
        "Nonce too high": REFUSED,
        "Transaction nonce is too distant from current sender nonce": REFUSED,
        "An invalid transaction with a lower nonce exists": REFUSED,
        "Transaction fee cap exceeded": REFUSED,
    },
    "OpenEthereum": {
        "Transaction with the same hash was already imported.": ACCEPTED,
        "Transaction nonce is too low. Try incrementing the nonce.": NONCE_USED,
        "Transaction gas price is too low. There is another transaction": UNDERPRICED,
        "Transaction gas price supplied is too low.": UNDERPRICED,
    },
    "rollups": {
        "known transaction. transaction with hash 0xab is already in the system": ACCEPTED,
        "tx already in mempool": ACCEPTED,
        "unknown transaction type": REFUSED,
    },
}


@pytest.mark.parametrize(
    ("words", "sent"),
    [(words, sent) for told in SENT.values() for words, sent in told.items()],
)
def test_what_is_said_to_a_transaction_is_understood(words: str, sent: Sent) -> None:
    """Beside what the package puts before it, and however it is spelled."""
    assert sent_as(f"send: Web3RPCError: {words}") is sent
    assert sent_as(words.upper().replace(" ", "_")) is sent
