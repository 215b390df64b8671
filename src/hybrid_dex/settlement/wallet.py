"""One account's transactions: built, signed here with its key, sent, waited for until in a block.

The key stays in this process. A refusal is told by the contract's own name for it. It decides
nothing about what is sent, and never repeats a transaction.
"""

from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from eth_account import Account
from eth_account.datastructures import SignedMessage
from eth_account.signers.local import LocalAccount
from web3 import AsyncWeb3
from web3.contract import AsyncContract
from web3.contract.async_contract import AsyncContractFunction
from web3.exceptions import (
    ContractCustomError,
    ContractLogicError,
    Web3Exception,
    Web3RPCError,
)
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import TxParams, TxReceipt

from hybrid_dex.errors import ConfigurationError, SettlementError, SignatureError
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.settlement.evm.endpoint import plain
from hybrid_dex.settlement.evm.node_words import Sent, is_contracts_word, sent_as
from hybrid_dex.settlement.evm.provider import ATTEMPTS, HttpProvider
from hybrid_dex.signing import keccak256
from hybrid_dex.signing.address import ZERO_ADDRESS, parse_address

__all__ = [
    "RefusedTransactionError",
    "UnfundedError",
    "Wallet",
    "check_address",
    "check_number",
    "check_recipient",
]

_RECEIPT_TIMEOUT_S: Final = 120.0


def check_number(name: str, value: int, bits: int, unit: str = "number") -> None:
    """Refuse what the contract has no word for, before anything is signed."""
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise ConfigurationError(
            f"{name} is {value!r}; give a whole {unit} from 0 to 2**{bits} - 1"
        )


def check_address(name: str, text: str) -> None:
    """Refuse another text than an EIP-55 address: a name would mean whatever the node says."""
    try:
        parse_address(text, name)
    except SignatureError as error:
        raise ConfigurationError(f"{name} is {text!r}; give {error.valid}") from error


def check_recipient(recipient: str, contract: str) -> None:
    """Refuse whom the contract at an address would not pay."""
    check_address("recipient", recipient)
    if recipient in {ZERO_ADDRESS, contract}:
        raise ConfigurationError(
            f"recipient is {recipient!r}, which the contract never pays; give an address that "
            "somebody holds"
        )


class RefusedTransactionError(SettlementError):
    """The contract refuses a transaction; nothing was changed but the gas that it may have cost.

    Attributes:
        reason: the contract's own word for it, or what it reverted with.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnfundedError(SettlementError):
    """The account can not pay for gas; nothing was sent."""


class Wallet:
    """One key at one node. Use it in ``async with``.

    Args:
        rpc_url: the node's JSON-RPC address.
        key: private key, 0x-hex; never shown or stored.
        receipt_timeout_s: how long to wait for a transaction to be in a block, seconds.
    """

    def __init__(
        self, *, rpc_url: str, key: str, receipt_timeout_s: float = _RECEIPT_TIMEOUT_S
    ) -> None:
        try:
            self._account: LocalAccount = Account.from_key(key)
        except Exception:  # noqa: BLE001 # eth-keys and eth-utils raise many kinds, all with the key
            raise ConfigurationError(
                "key is not a private key: 0x and 64 hexadecimal digits"
            ) from None
        self._provider = HttpProvider(rpc_url, attempts=ATTEMPTS)
        self.web3 = AsyncWeb3(self._provider)
        self.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        self._timeout_s = receipt_timeout_s
        self._errors: dict[str, str] = {}

    @property
    def address(self) -> str:
        """The EIP-55 address of the key."""
        return str(self._account.address)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection. Safe to call twice."""
        await self._provider.disconnect()

    def contract(self, name: str, address: str) -> AsyncContract:
        """Return a contract of this package at an address; its errors are told by name.

        Raises:
            ConfigurationError: the address is not in EIP-55 form.
        """
        if not AsyncWeb3.is_checksum_address(address):
            raise ConfigurationError(f"{address!r} is no EIP-55 address")
        abi = load_artifact(name).abi
        for entry in abi:
            if entry["type"] == "error":
                selector = keccak256(_signature(entry).encode())[:4].hex()
                self._errors[selector] = str(entry["name"])
        return self.web3.eth.contract(address=AsyncWeb3.to_checksum_address(address), abi=abi)

    def sign_typed_data(self, message: dict[str, Any]) -> SignedMessage:  # Any: EIP-712's JSON
        """Sign a whole EIP-712 message: types, primary type, domain and message."""
        return self._account.sign_typed_data(full_message=message)

    async def ask(self, call: AsyncContractFunction) -> Any:  # noqa: ANN401 # what the ABI says
        """Return what a view says in the newest block.

        Raises:
            RefusedTransactionError: it reverts.
            SettlementError: the node does not answer, or with what can not be read.
        """
        try:
            return await call.call({"from": self._account.address})
        except ContractCustomError as error:
            raise self._refusal(call.fn_name, error) from error
        except ContractLogicError as error:
            raise _reverted(call.fn_name, error) from error
        except (
            Web3Exception,
            aiohttp.ClientError,
            OSError,
            ValueError,
            OverflowError,  # eth_abi's, of a text that says to be longer than any memory
        ) as error:
            words = plain(error) or type(error).__name__
            raise SettlementError(f"{call.fn_name}: {words}") from error

    async def send(self, call: AsyncContractFunction, *, gas_limit: int | None = None) -> str:
        """Send a transaction; return its hash once it is in a block.

        Args:
            call: what to call.
            gas_limit: refuse to send anything that needs more gas.

        Raises:
            RefusedTransactionError: the contract refuses it, or it needs more gas; nothing was
                sent, or it was reverted.
            UnfundedError: the account can not pay for gas; nothing was sent.
            SettlementError: the node does not answer. If it says so while waiting, the transaction
                may still come into a block: look before repeating it.
        """
        try:
            fields = await self._fields(call, gas_limit)
            signed = self._account.sign_transaction(fields)  # type: ignore[arg-type] # web3's own
            sent = await self.web3.eth.send_raw_transaction(signed.raw_transaction)
            receipt: TxReceipt = await self.web3.eth.wait_for_transaction_receipt(
                sent, timeout=self._timeout_s
            )
        except ContractCustomError as error:
            raise self._refusal(call.fn_name, error) from error
        except ContractLogicError as error:
            raise _reverted(call.fn_name, error) from error
        except (Web3Exception, aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, Web3RPCError) and sent_as(_words(error)) is Sent.UNFUNDED:
                raise UnfundedError(
                    f"{call.fn_name}: {self.address} can not pay for gas ({_words(error)}); send "
                    "it some of the chain's coin"
                ) from error
            words = plain(error) or type(error).__name__
            raise SettlementError(f"{call.fn_name}: {words}") from error
        transaction = "0x" + bytes(sent).hex()
        if receipt["status"] != 1:
            raise RefusedTransactionError(
                f"{call.fn_name} was reverted in {transaction}", "reverted"
            )
        return transaction

    async def _fields(self, call: AsyncContractFunction, gas_limit: int | None) -> TxParams:
        nonce = await self.web3.eth.get_transaction_count(self._account.address, "pending")
        try:
            fields = await call.build_transaction({"from": self._account.address, "nonce": nonce})
        except Web3RPCError as error:
            if not is_contracts_word((error.rpc_response or {}).get("error")):
                raise
            reason = _words(error)  # it needs more gas than there is
            raise RefusedTransactionError(
                f"{call.fn_name} can not be sent: {reason}", reason
            ) from error
        needed = fields.get("gas", 0)
        if gas_limit is not None and needed > gas_limit:
            raise RefusedTransactionError(
                f"{call.fn_name} needs {needed} gas, more than {gas_limit}", "gas"
            )
        return fields

    def _refusal(self, name: str, error: ContractCustomError) -> RefusedTransactionError:
        data = error.data if isinstance(error.data, str) else ""
        reason = self._errors.get(data.removeprefix("0x")[:8], data or "no reason")
        return RefusedTransactionError(f"{name} is refused: {reason}", reason)


def _words(error: Web3RPCError) -> str:
    """Return what the node said."""
    return str((error.rpc_response or {}).get("error", {}).get("message", error))


def _reverted(name: str, error: ContractLogicError) -> RefusedTransactionError:
    reason = error.message or "no reason"
    return RefusedTransactionError(f"{name} is refused: {reason}", reason)


def _signature(entry: dict[str, Any]) -> str:  # Any: JSON of the ABI specification
    return f"{entry['name']}({','.join(_type(part) for part in entry['inputs'])})"


def _type(part: dict[str, Any]) -> str:  # Any: JSON of the ABI specification
    kind = str(part["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(each) for each in part['components'])}){kind.removeprefix('tuple')}"
