"""The demo wallet's key is handed out by a demo on this machine's local chain, and nowhere else."""

from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from hybrid_dex.errors import ConfigurationError
from reference_app.app import compose, create_app
from reference_app.demo.accounts import demo_accounts
from reference_app.settings import ChainSettings, ServerSettings, Settings
from reference_app.tests.stack import settings

KEY = "0x" + "11" * 32


def of_a_demo(data: Path, **changes: Any) -> Settings:
    return settings(data, **{"demo": True, "demo_wallet_key": KEY} | changes)


def client_of(chosen: Settings) -> httpx.AsyncClient:
    app = create_app(compose(chosen), opens=False)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x")


async def test_a_demo_hands_its_wallet_to_whoever_asks_and_marks_its_pages(tmp_path: Path) -> None:
    async with client_of(of_a_demo(tmp_path)) as http:
        assert (await http.get("/demo/wallet")).json() == {"private_key": KEY, "rpc_url": ""}


async def test_any_other_exchange_has_no_such_address(tmp_path: Path) -> None:
    for chosen in (settings(tmp_path / "one"), settings(tmp_path / "two", demo=True)):
        async with client_of(chosen) as http:
            assert (await http.get("/demo/wallet")).status_code == 404
            assert (await http.post("/demo/rpc", json={})).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"demo": False},
        {"chain": ChainSettings(name="ethereum")},
        {"chain": ChainSettings(name="base")},
        {"chain": ChainSettings(name="local", chain_id=1)},
        {"chain": ChainSettings(name="other", chain_id=31337, finality="1", block_time_s=1.0)},
        {"server": ServerSettings(host="0.0.0.0", port=0)},
        {"server": ServerSettings(host="192.168.1.5", port=0)},
    ],
)
def test_a_key_for_everybody_is_refused_outside_a_demo_on_the_local_chain(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="demo"):
        of_a_demo(tmp_path, **changes)


def test_the_key_is_never_shown(tmp_path: Path) -> None:
    assert KEY not in repr(of_a_demo(tmp_path))


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "anvil_setBalance"},
        {"method": "evm_mine"},
        {"method": "eth_sendTransaction"},
        {"method": "debug_traceTransaction"},
        {"method": "personal_sign"},
        {"method": "eth_call", "url": "http://example.com"},
        {"method": "eth_call", "jsonrpc": "1.0"},
        {},
    ],
)
async def test_only_what_a_wallet_asks_of_a_node_is_passed_on(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    async with client_of(of_a_demo(tmp_path)) as http:
        reply = await http.post("/demo/rpc", json={"jsonrpc": "2.0", "id": 1} | asked)
        assert reply.status_code in {400, 422}, reply.text
        assert reply.headers["content-type"] == "application/problem+json"
        batch = await http.post(
            "/demo/rpc", json=[{"jsonrpc": "2.0", "id": 1, "method": "eth_call"}]
        )
        assert batch.status_code in {400, 422}


async def test_a_chain_that_is_away_is_a_problem_not_a_failure(tmp_path: Path) -> None:
    question = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    async with client_of(of_a_demo(tmp_path / "none")) as http:
        assert (await http.post("/demo/rpc", json=question)).status_code == 404
    chain = ChainSettings(
        rpc_urls=["http://127.0.0.1:9"], operator_key=KEY, contract="0x" + "22" * 20
    )
    async with client_of(of_a_demo(tmp_path / "away", chain=chain)) as http:
        reply = await http.post("/demo/rpc", json=question)
        assert reply.status_code == 503
        assert reply.json()["detail"] == "the local chain does not answer"


def test_the_visitor_is_nobody_else_and_no_account_that_a_node_funds() -> None:
    accounts = demo_accounts(7)
    others = [accounts.owner, accounts.operator, *accounts.traders]
    assert accounts.visitor.address not in {one.address for one in others}
    assert accounts.funded == (*accounts.traders, accounts.visitor)
    assert attrs.asdict(accounts.visitor)["base"] == "20"
