"""What traders and others do on chain to undo a match: each attack is one short script.

An attacker writes transactions straight into the node's pool, with a tip above the operator's, and
never waits: they come into the next block, in front of the batch that settles what was matched.
The node must not mine by itself meanwhile, see `by_hand`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import attrs
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from hybrid_dex.model.market import Asset
from hybrid_dex.model.vouchers import SignedVoucher
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.signing import LocalSigner
from tests.chain.harness import OWNER_KEY, Anvil, Trader, World, key

ETHER: Final = 10**18
GWEI: Final = 10**9
LAST_COUNTER: Final = (1 << 40) - 1
LAST_LANE: Final = (1 << 16) - 1
EVERYTHING: Final = (1 << 112) - 1
BURN_ALL: Final = "0xfe"
"""Code that takes all gas of whoever calls it, and reverts."""

_EXCHANGE: Final = Web3().eth.contract(abi=load_artifact("Exchange").abi)
_TOKEN: Final = Web3().eth.contract(abi=load_artifact("MockERC20").abi)


def exchange_call(name: str, *arguments: Any) -> bytes:
    """Calldata for the exchange's contract."""
    return bytes.fromhex(_EXCHANGE.encode_abi(name, args=list(arguments))[2:])


def token_call(name: str, *arguments: Any) -> bytes:
    """Calldata for a token."""
    return bytes.fromhex(_TOKEN.encode_abi(name, args=list(arguments))[2:])


@contextlib.contextmanager
def by_hand(anvil: Anvil) -> Iterator[None]:
    """Mine only when told to, so that a block holds what the test put into the pool."""
    anvil.rpc("evm_setAutomine", False)
    try:
        yield
    finally:
        anvil.rpc("evm_setAutomine", True)


@attrs.define
class Attacker:
    """Somebody with a key, who sends without waiting.

    Attributes:
        world: where.
        account: the key.
        tip: wei per gas to the builder; the operator offers one gwei.
        nonce: of the next transaction.
        lane: the lane of the order that is to be undone.
        sent: hashes, in order.
        careless: go on when the node does not take a transaction.
    """

    world: World
    account: LocalAccount
    tip: int = 50 * GWEI
    nonce: int = 0
    lane: int = 0
    sent: list[str] = attrs.field(factory=list)
    careless: bool = False

    @classmethod
    def of(cls, world: World, number: int) -> Attacker:
        """The attacker behind the harness's trader of this number."""
        return cls._with(world, key(100 + number))

    @classmethod
    def owner(cls, world: World) -> Attacker:
        """The contract's owner, turned against its users."""
        return cls._with(world, OWNER_KEY)

    @classmethod
    def _with(cls, world: World, secret: str) -> Attacker:
        made = cls(world, Account.from_key(secret))
        made.refresh()
        return made

    def refresh(self) -> None:
        """Read the next nonce: after transactions that did not go through here, or got lost."""
        self.nonce = int(
            self.world.anvil.rpc("eth_getTransactionCount", self.account.address, "pending"), 16
        )

    def call(self, name: str, *arguments: Any, gas: int = 400_000) -> str:
        """Call the exchange's contract."""
        data = "0x" + exchange_call(name, *arguments).hex()
        return self.send(self.world.deployment.contract, data, gas=gas)

    def token(self, asset: Asset, name: str, *arguments: Any) -> str:
        """Call a token."""
        assert asset.token is not None
        return self.send(asset.token, "0x" + token_call(name, *arguments).hex())

    def send(self, to: str, data: str, *, gas: int = 400_000, **fields: Any) -> str:
        """Put a transaction into the pool; return its hash."""
        signed = self.account.sign_transaction(
            {
                "type": 2,
                "chainId": self.world.deployment.chain_id,
                "nonce": self.nonce,
                "to": to,
                "data": data,
                "value": 0,
                "gas": gas,
                "maxFeePerGas": 500 * GWEI,
                "maxPriorityFeePerGas": self.tip,
                **fields,
            }
        )
        self.nonce += 1
        raw = "0x" + bytes(signed.raw_transaction).hex()
        try:
            found: str = self.world.anvil.rpc("eth_sendRawTransaction", raw)
        except AssertionError:  # the pool keeps few transactions of an account that has code
            if not self.careless:
                raise
            self.refresh()
            return ""
        self.sent.append(found)
        return found

    def set_code(self, *targets: str) -> str:
        """Point the own account at somebody's code (EIP-7702); the zero address clears it."""
        authorizations = [
            self.account.sign_authorization(
                {
                    "chainId": self.world.deployment.chain_id,
                    "address": bytes.fromhex(target[2:]),
                    "nonce": self.nonce + index,
                }
            )
            for index, target in enumerate(targets, start=1)
        ]
        sent = self.send(self.account.address, "0x", type=4, authorizationList=authorizations)
        self.nonce += len(targets) if sent else 0
        return sent


def crowd(world: World, numbers: Iterable[int], *, base: int, quote: int) -> list[Trader]:
    """Traders with atoms of the first market in the vault, all funded in a few blocks.

    They share the door of a user that has nothing: only what is asked of the chain is of use.
    """
    door = Vault(rpc_url=world.anvil.url, contract=world.deployment.contract, key=key(99))
    world._vaults.append(door)
    made = []
    with by_hand(world.anvil):
        for number in numbers:
            attacker = Attacker.of(world, number)
            world.anvil.rpc("anvil_setBalance", attacker.account.address, hex(1_000 * ETHER))
            for asset, amount in ((world.market.base, base), (world.market.quote, quote)):
                if amount:
                    attacker.token(asset, "mint", attacker.account.address, amount)
                    attacker.token(asset, "approve", world.deployment.contract, EVERYTHING)
                    attacker.call("deposit", asset.token, amount)
            made.append(Trader(LocalSigner(key(100 + number)), door, world.domain))
            if len(made) % 25 == 0:  # a block holds only so much
                world.anvil.mine()
        world.anvil.mine()
    return made


def deposit(attacker: Attacker) -> None:
    """Put ten ether's worth of atoms of both tokens into the vault."""
    for asset in (attacker.world.market.base, attacker.world.market.quote):
        attacker.token(asset, "mint", attacker.account.address, 10 * ETHER)
        attacker.token(asset, "approve", attacker.world.deployment.contract, EVERYTHING)
        attacker.call("deposit", asset.token, 10 * ETHER)


Script = Callable[[Attacker], object]


def bump_floor(attacker: Attacker) -> None:
    """Nonce bump: every order below a floor is dead once that counts."""
    attacker.call("cancelUpTo", attacker.world.market.quote.token, 1_000)


def cancel_lane(attacker: Attacker) -> None:
    """Cancel: the order's lane up to the last counter there is."""
    attacker.call("cancel", attacker.world.market.number, LAST_COUNTER << 24 | attacker.lane)


def request_all(attacker: Attacker) -> None:
    """Balance drain, politely: ask for all of both tokens."""
    for asset in (attacker.world.market.base, attacker.world.market.quote):
        attacker.call("requestWithdrawal", asset.token, EVERYTHING)


def drain(attacker: Attacker) -> None:
    """Balance drain, rudely: ask for all and take it in the same block."""
    request_all(attacker)
    for asset in (attacker.world.market.base, attacker.world.market.quote):
        attacker.call("withdraw", asset.token, attacker.account.address)


def leave(attacker: Attacker) -> None:
    """Exit, which nobody can prevent."""
    market = attacker.world.market
    attacker.call("exit", [market.base.token, market.quote.token], gas=200_000)


def revoke_allowance(attacker: Attacker) -> None:
    """Allowance revoke: the vault may take no token of the wallet's any more, nor finds any."""
    contract = attacker.world.deployment.contract
    for asset in (attacker.world.market.base, attacker.world.market.quote):
        attacker.token(asset, "approve", contract, 0)


def refuse_calls(attacker: Attacker) -> None:
    """Receiver callback: the account and both tokens burn the gas of whoever calls them."""
    market = attacker.world.market
    for place in (attacker.account.address, market.base.token, market.quote.token):
        attacker.world.anvil.rpc("anvil_setCode", place, BURN_ALL)


def become_contract(attacker: Attacker) -> None:
    """Wallet flip: the account gets code, so that checks of its signature might ask that."""
    attacker.set_code(attacker.world.deployment.contract)


def flip_back(attacker: Attacker) -> None:
    """Wallet flip, twice in one transaction: code, and none again."""
    attacker.set_code(attacker.world.deployment.contract, "0x" + "00" * 20)


def let_expire(attacker: Attacker) -> None:
    """Expiry lapse (P1): the signed expiry is long past when the batch comes into a block."""
    attacker.world.anvil.rpc("evm_increaseTime", 400)


def redeem(attacker: Attacker, signed: SignedVoucher) -> None:
    """Voucher drain: have the vault pay what the operator signed for."""
    voucher, market = signed.voucher, attacker.world.market
    asset = market.base if voucher.asset == market.base.id else market.quote
    terms = (
        voucher.account,
        asset.token,
        voucher.amount,
        voucher.recipient,
        voucher.salt,
        voucher.deadline_s,
        voucher.min_batch,
    )
    attacker.call("withdrawWithVoucher", terms, signed.signature)


def everything_at_once(attacker: Attacker) -> None:
    """Whatever one account can do, in one block."""
    bump_floor(attacker)
    cancel_lane(attacker)
    drain(attacker)
    leave(attacker)
    revoke_allowance(attacker)
    become_contract(attacker)


TRADER_ATTACKS: Final[dict[str, Script]] = {
    "nonce bump": bump_floor,
    "cancel": cancel_lane,
    "request": request_all,
    "balance drain": drain,
    "exit": leave,
    "allowance revoke": revoke_allowance,
    "receiver callback": refuse_calls,
    "wallet flip": become_contract,
    "wallet flip and back": flip_back,
    "expiry lapse": let_expire,
    "everything": everything_at_once,
}
"""By the name under which the attack is known."""


def close_market(attacker: Attacker) -> None:
    """The owner delists the market."""
    attacker.call("closeMarket", attacker.world.market.number)


def propose_operator(attacker: Attacker) -> None:
    """The owner wants another operator."""
    attacker.call("proposeOperator", key_address(9))


OWNER_ATTACKS: Final[dict[str, Script]] = {
    "market closed": close_market,
    "operator replaced": propose_operator,
}


def key_address(number: int) -> str:
    """Address of one of the tests' keys."""
    return str(Account.from_key(key(number)).address)
