"""An account that is a contract logs in where its code accepts the signature (ERC-1271)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest
from aiohttp import web
from eth_abi.abi import encode

from hybrid_dex.defaults.login_store import MemoryLoginStore
from hybrid_dex.defaults.wallet_auth import WalletAuth
from hybrid_dex.errors import SignatureError, UnavailableError
from hybrid_dex.settlement.contract_wallets import EvmContractWallets
from hybrid_dex.signing import (
    LocalSigner,
    LoginMessage,
    checksum_address,
    format_date_time,
    personal_digest,
)
from tests.chain.harness import Anvil
from tests.defaults.fakes_of_auth import ORIGIN, SetClock, wallet_auth

WALLET = "0x00000000000000000000000000000000000012a7"
ACCEPTS_01_AND_THE_HASH = (
    "60653560043514"  # the word behind the signature's first byte is the hash
    "60643560f81c60011416"  # and that byte is 1
    "631626ba7e0260e01b60005260206000f3"  # then the magic value, else zero
)
REVERTS = "60006000fd"
BURNS = "5b600056"  # jumps back for ever
ANSWERS_SHORT = "631626ba7e60e01b60005260046000f3"
ANSWERS_ONE = "600160005260206000f3"
NO_OPCODE = "fe"
JUMPS_NOWHERE = "60ff56"
POPS_NOTHING = "50"
GOOD = "0x1626ba7e" + "00" * 28


@pytest.fixture
async def wallets(anvil: Anvil) -> AsyncIterator[EvmContractWallets]:
    made = EvmContractWallets(rpc_urls=[anvil.url], chain_id=31337, timeout_s=60)
    yield made
    await made.close()
    anvil.rpc("anvil_setCode", account(), "0x")


def account() -> str:
    return checksum_address(bytes.fromhex(WALLET[2:]))


def auth_of(wallets: EvmContractWallets | None) -> WalletAuth:
    clock = SetClock(now_s=time.time())
    return attrs.evolve(wallet_auth(clock, store=MemoryLoginStore()), wallets=wallets)


async def message(auth: WalletAuth, address: str) -> str:
    now_ns = auth.clock.now_ns()
    return LoginMessage(
        domain="exchange.example",
        address=address,
        uri=ORIGIN,
        chain_id=31337,
        nonce=await auth.issue_nonce(),
        issued_at=format_date_time(now_ns),
    ).text()


async def test_a_contract_s_login_is_what_its_code_accepts(
    anvil: Anvil, wallets: EvmContractWallets
) -> None:
    anvil.rpc("anvil_setCode", account(), "0x" + ACCEPTS_01_AND_THE_HASH)
    auth = auth_of(wallets)
    text = await message(auth, account())
    good = b"\x01" + personal_digest(text)
    session = await auth.login(text, good)
    assert session.principal.account == account()
    with pytest.raises(SignatureError, match="nonce: unknown, expired or used"):
        await auth.login(text, good)
    for wrong in (b"\x02" + good[1:], good[:1] + bytes(32), good[:-1], bytes(65), b"\x01" * 4_096):
        with pytest.raises(SignatureError, match="signature: made by another key"):
            await auth.login(await message(auth, account()), wrong)
    for wrong in (b"", bytes(4_097)):
        with pytest.raises(SignatureError):
            await auth.login(await message(auth, account()), wrong)


@pytest.mark.parametrize(
    "code",
    [
        REVERTS,
        BURNS,
        NO_OPCODE,
        JUMPS_NOWHERE,
        POPS_NOTHING,
        ANSWERS_SHORT,
        ANSWERS_ONE,
        "00",
        "",
    ],
)
async def test_other_code_accepts_nothing(
    anvil: Anvil, wallets: EvmContractWallets, code: str
) -> None:
    anvil.rpc("anvil_setCode", account(), "0x" + code)
    auth = auth_of(wallets)
    with pytest.raises(SignatureError, match="made by another key"):
        await auth.login(await message(auth, account()), b"\x01" + bytes(32))


async def test_a_wallet_s_own_key_needs_no_chain(anvil: Anvil) -> None:
    """And a wrong signature of a key is not turned into a question that the chain must answer."""
    gone = EvmContractWallets(rpc_urls=["http://127.0.0.1:9"], chain_id=31337)
    signer = LocalSigner("0x" + "a1" * 32)
    auth = auth_of(gone)
    text = await message(auth, signer.address)
    assert (await auth.login(text, signer.sign_text(text))).principal.account == signer.address
    without = auth_of(None)
    text = await message(without, account())
    with pytest.raises(SignatureError):
        await without.login(text, b"\x01" + personal_digest(text))
    await gone.close()


async def test_a_chain_that_does_not_answer_lets_nobody_in_and_is_left_alone(
    anvil: Anvil,
) -> None:
    gone = EvmContractWallets(rpc_urls=["http://127.0.0.1:9"], chain_id=31337, failures=2)
    for _ in range(4):
        with pytest.raises(UnavailableError, match="the chain can not be asked now"):
            await gone.is_valid(account(), bytes(32), b"\x01")
    breaker = await gone._breakers.get_breaker("http://127.0.0.1:9")
    assert breaker.context.state == "opened"
    await gone.close()
    anvil.rpc("anvil_setCode", account(), "0x" + ACCEPTS_01_AND_THE_HASH)
    second = EvmContractWallets(rpc_urls=["http://127.0.0.1:9", anvil.url], chain_id=31337)
    answers = await asyncio.gather(
        *(second.is_valid(account(), bytes(32), b"\x01" + bytes(32)) for _ in range(20))
    )
    assert answers == [True] * 20
    await second.close()
    anvil.rpc("anvil_setCode", account(), "0x")


async def test_a_node_of_another_chain_is_not_believed(anvil: Anvil) -> None:
    anvil.rpc("anvil_setCode", account(), "0x" + ACCEPTS_01_AND_THE_HASH)
    other = EvmContractWallets(rpc_urls=[anvil.url], chain_id=1)
    with pytest.raises(UnavailableError):
        await other.is_valid(account(), bytes(32), b"\x01" + bytes(32))
    await other.close()
    anvil.rpc("anvil_setCode", account(), "0x")


Reply = dict[str, object] | str
"""An error, or what a call returns."""


@attrs.define
class FakeNode:
    """Answers calls of the account as it is told, and calls of anybody else with nothing."""

    account: Reply
    others: Reply = "0x"
    calls: int = 0
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        reply: Reply = "0x7a69"
        if asked["method"] == "eth_call":
            of_account = asked["params"][0]["to"] == account()
            self.calls += of_account
            reply = self.account if of_account else self.others
        told = {"result": reply} if isinstance(reply, str) else {"error": reply}
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], **told})


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[EvmContractWallets]]]:
    """Makes wallets that ask these nodes."""
    runners: list[web.AppRunner] = []
    made: list[EvmContractWallets] = []

    async def start(*nodes: FakeNode) -> EvmContractWallets:
        for node in nodes:
            app = web.Application()
            app.router.add_post("/", node.answer)
            runner = web.AppRunner(app)
            await runner.setup()
            runners.append(runner)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            node.url = f"http://{host}:{port}"
        wallets = EvmContractWallets(rpc_urls=[node.url for node in nodes], chain_id=31337)
        made.append(wallets)
        return wallets

    yield start
    for wallets in made:
        await wallets.close()
    for runner in runners:
        await runner.cleanup()


async def state_of(wallets: EvmContractWallets, node: FakeNode) -> str:
    return (await wallets._breakers.get_breaker(node.url)).context.state


NODES_OWN = [
    {"code": -32005, "message": "daily request count exceeded", "data": {"see": "https://x.test"}},
    {"code": -32005, "message": "limit exceeded", "data": None},
    {"code": -32005, "message": "limit exceeded", "data": "0x" + "ab" * 8},
    {"code": -32603, "message": "internal error"},
    {"code": -32000, "message": "header not found"},
    {"code": -32000, "message": "missing trie node 1f (path ) state 0x2a is not available"},
    {"code": -32601, "message": "Method not found"},
    {},
]


@pytest.mark.parametrize("error", NODES_OWN)
async def test_a_node_s_own_error_is_no_refusal(
    serve: Callable[..., Awaitable[EvmContractWallets]], error: dict[str, object]
) -> None:
    """The next node is asked, and the one that answers no call is left alone after a few."""
    failing, second = FakeNode(error, others=error), FakeNode(GOOD)
    wallets = await serve(failing, second)
    for _ in range(5):
        assert await wallets.is_valid(account(), bytes(32), b"\x01")
    assert (failing.calls, second.calls) == (3, 5)
    assert await state_of(wallets, failing) == "opened"
    alone = await serve(FakeNode(error, others=error))
    with pytest.raises(UnavailableError, match="can not be asked now"):
        await alone.is_valid(account(), bytes(32), b"\x01")


OFFCHAIN = (
    "0x556f1830"
    + bytes(
        encode(
            ["address", "string[]", "bytes", "bytes4", "bytes"],
            [account(), ["https://x.test/{data}"], b"", bytes(4), b""],
        )
    ).hex()
)


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted", "data": "0x"},
        {"code": 3, "message": "execution reverted", "data": OFFCHAIN},
        {"code": -32000, "message": "execution reverted"},
        {"code": -32000, "message": "out of gas"},
        {"code": -32603, "message": "EVM error InvalidFEOpcode"},
        {"code": -32015, "message": "VM execution error.", "data": "err: 0xdf2d9b42"},
    ],
)
async def test_the_contract_s_own_word_is_a_refusal(
    serve: Callable[..., Awaitable[EvmContractWallets]], error: dict[str, object]
) -> None:
    first, second = FakeNode(error), FakeNode(GOOD)
    wallets = await serve(first, second)
    for _ in range(5):
        assert not await wallets.is_valid(account(), bytes(32), b"\x01")
    assert (first.calls, second.calls) == (5, 0)
    assert await state_of(wallets, first) == "closed"


async def test_code_that_a_node_says_nothing_of_puts_no_node_out_of_use(
    serve: Callable[..., Awaitable[EvmContractWallets]],
) -> None:
    """Besu's answer where code fails without a revert: anybody could deploy such code."""
    besu = FakeNode({"code": -32603, "message": "Internal error"})
    wallets = await serve(besu)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            await wallets.is_valid(account(), bytes(32), b"\x01")
    besu.account = GOOD
    assert await wallets.is_valid(account(), bytes(32), b"\x01")
