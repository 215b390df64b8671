"""Settings: files and environment are read, and what is unknown or unsafe is refused by name."""

import time
from pathlib import Path
from typing import Any

import attrs
import pytest

from hybrid_dex.defaults.system_clock import SystemClock
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.settlement.chains import CHAINS, Confirmations, SafeTag
from hybrid_dex.signing import Domain
from reference_app.app import compose
from reference_app.engine_process import run_engine
from reference_app.identity import make_identity
from reference_app.settings import (
    AuthSettings,
    ChainSettings,
    LinkSettings,
    OpeningBalance,
    ServerSettings,
    Settings,
    load_settings,
)
from reference_app.tests.stack import ETH_USDC, limits, settings

ALICE = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
DOMAIN = Domain(chain_id=31337, verifying_contract="0x" + "00" * 19 + "01")
FILE = """
[hybrid-dex]
name = "mine"
data = "here"
[hybrid-dex.server]
port = 1234
[hybrid-dex.auth]
secret = "0123456789abcdefghijklmnopqrstuvwxyz"
origins = ["https://exchange.example"]
[[hybrid-dex.markets]]
id = "ETH-USDC"
base_decimals = 18
quote_decimals = 6
tick = "0.01"
lot = "0.0001"
base_token = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
quote_token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
"""


def money(account: str) -> OpeningBalance:
    return OpeningBalance(account=account, asset="ETH", amount="1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(FILE)
    return path


def test_a_file_is_read_and_the_environment_overrides_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_DEX_SERVER_PORT", "4321")
    monkeypatch.setenv("HYBRID_DEX_AUTH_SECRET", "z" * 10 + "0123456789abcdefghijklmnop")
    loaded = load_settings([file])
    assert (loaded.name, loaded.data, loaded.server.port) == ("mine", file.parent / "here", 4321)
    assert loaded.token_secret.startswith("zzz")
    assert loaded.records_url == f"sqlite:///{file.parent}/here/records.sqlite"
    assert loaded.markets[0].market().lot_size == 10**14
    assert "0123456789" not in repr(loaded)


def test_a_list_in_the_environment_is_separated_by_commas(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYBRID_DEX_CHAIN_OPERATOR_KEY", "0x01")
    monkeypatch.setenv("HYBRID_DEX_CHAIN_CONTRACT", "0x" + "22" * 20)
    monkeypatch.setenv(
        "HYBRID_DEX_CHAIN_RPC_URLS", "https://one.example/k, https://two.example:8/k"
    )
    assert load_settings([file]).chain.rpc_urls == [
        "https://one.example/k",
        "https://two.example:8/k",
    ]
    monkeypatch.setenv("HYBRID_DEX_CHAIN_RPC_URLS", "")
    assert load_settings([file]).chain.rpc_urls == []


def test_a_chain_is_its_name_and_what_differs() -> None:
    assert ChainSettings(name="arbitrum").preset() == CHAINS["arbitrum"]
    safe = ChainSettings(name="base", finality="safe", fee_ceiling_wei=7, poll_s=3.0).preset()
    assert (safe.finality, safe.fees.ceiling, safe.poll_s) == (SafeTag(), 7, 3.0)
    assert safe.fees.emergency_ceiling == CHAINS["base"].fees.emergency_ceiling
    assert ChainSettings(chain_id=1337).preset().chain_id == 1337
    own = ChainSettings(name="other", chain_id=7, finality="20", block_time_s=3.0).preset()
    assert (own.chain_id, own.finality, own.block_time_s) == (7, Confirmations(20), 3.0)


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (ChainSettings(name="arbitrum", chain_id=1), "42161"),
        (ChainSettings(name="other", chain_id=7), "needs chain.chain_id, chain.finality"),
        (ChainSettings(name="polygon"), "known: ethereum"),
        (ChainSettings(finality="soon"), "finalized, safe"),
        (ChainSettings(fee_ceiling_wei=10**18), "emergency_ceiling"),
    ],
)
def test_a_chain_that_can_not_be_is_refused(chain: ChainSettings, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Settings(demo=True, markets=[ETH_USDC], chain=chain)


def test_a_later_file_overrides_an_earlier_one(file: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.toml"
    second.write_text('[hybrid-dex]\nname = "other"\n')
    assert load_settings([file, second]).name == "other"


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("[hybrid-dex.server2]\nport = 1\n", "server2"),
        ("[hybrid-dex.limits]\norders = 1\n", "limits.orders"),
        ("[hybrid-dex.limits]\ndepth = 0\n", "depth"),
        ("[hybrid-dex.limits]\ndepth = 'x'\n", "depth"),
        ("[hybrid-dex.limits]\ndepth = 1.5\n", "limits.depth.*not a whole number: 1.5"),
        ("[hybrid-dex.limits]\ndepth = true\n", "limits.depth.*not a whole number: True"),
        ("[hybrid-dex.risk]\nposition = 0.5\n", "risk.position"),
        ("[hybrid-dex.chain]\nheartbeat_s = inf\n", "chain.heartbeat_s.*not a number: inf"),
        ("[hybrid-dex.chain]\npoll_s = nan\n", "chain.poll_s.*not a number: nan"),
        ("[hybrid-dex\n", r"settings\.toml can not be used: .*line 18"),
        ("[server]\nport = 1\n", r"nothing reads 'server' in .*; settings stand in \[hybrid-dex\]"),
    ],
)
def test_what_a_file_may_not_say_is_named(file: Path, added: str, said: str) -> None:
    file.write_text(FILE + added)
    with pytest.raises(ConfigurationError, match=said):
        load_settings([file])


def test_an_unknown_variable_and_a_missing_file_are_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=r"no settings file .*absent\.toml"):
        load_settings([file.parent / "absent.toml"])
    monkeypatch.setenv("HYBRID_DEX_SERVER_PROT", "1")
    with pytest.raises(ConfigurationError, match=r"nothing reads .*HYBRID_DEX_SERVER_PROT"):
        load_settings([file])


def test_unsafe_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="HYBRID_DEX_AUTH_SECRET is not set"):
        Settings(markets=[ETH_USDC])
    with pytest.raises(ConfigurationError, match="no market"):
        Settings(demo=True)
    with pytest.raises(ConfigurationError, match="public secret"):
        Settings(demo=True, markets=[ETH_USDC], server=ServerSettings(host="0.0.0.0"))
    with pytest.raises(ConfigurationError, match="OPERATOR_KEY"):
        Settings(
            demo=True, markets=[ETH_USDC], chain=ChainSettings(rpc_urls=["http://127.0.0.1:1"])
        )
    good = settings(tmp_path)
    chain = ChainSettings(rpc_urls=["http://127.0.0.1:1"], operator_key="0x01")
    gateway = {"engine": "grpc://127.0.0.1:1", "auth": attrs.evolve(good.auth, shared=True)}
    for changes in ({}, gateway):
        with pytest.raises(ConfigurationError, match=r"chain\.contract is not set"):
            attrs.evolve(good, chain=chain, **changes)
    for changed, said in (
        (attrs.evolve(good, auth=AuthSettings(secret="short", origins=["http://a"])), "secret"),
        (attrs.evolve(good, auth=attrs.evolve(good.auth, origins=[])), "origin"),
        (attrs.evolve(good, auth=attrs.evolve(good.auth, origins=["localhost"])), "origin"),
        (attrs.evolve(good, chain=ChainSettings(contract="0x12")), "contract"),
        (attrs.evolve(good, records="mysql://x"), "records"),
        (attrs.evolve(good, limits=limits(storage="memory://")), "would block"),
        (attrs.evolve(good, limits=limits(storage="nonsense")), "limits.storage"),
        (attrs.evolve(good, markets=[attrs.evolve(ETH_USDC, tick="0.0000001")]), "tick"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            compose(changed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"opening_balances": [money("alice")]}, "'alice', which nobody can log in as"),
        ({"opening_balances": [money(ALICE.lower())]}, f"valid: {ALICE}"),
        ({"demo_wallet_key": "0x12"}, "demo_wallet_key: the private key is not 32 bytes"),
    ],
)
def test_play_money_is_for_accounts_that_can_be(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Settings(demo=True, markets=[ETH_USDC], **changes)


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ({"taker_fee_ppm": 40_000}, "taker_fee_ppm"),
        ({"fee_tiers": (("0", 1, 2),)}, "volume"),
        ({"price_band_ppm": 0}, "price_band_ppm"),
        ({"base_decimals": 100}, "decimals"),
        ({"number": -1}, "number"),
        ({"maximum_quantity": "many"}, "maximum_quantity"),
    ],
)
def test_a_term_that_no_market_can_have_is_named_with_its_market(
    tmp_path: Path, term: dict[str, Any], said: str
) -> None:
    chosen = settings(tmp_path, markets=[attrs.evolve(ETH_USDC, **term)])
    with pytest.raises(ConfigurationError, match=f"market ETH-USDC: .*{said}"):
        compose(chosen)


def test_an_engine_in_another_process_and_what_gateways_share(tmp_path: Path) -> None:
    good = settings(tmp_path)
    away = attrs.evolve(
        good, engine="grpc://127.0.0.1:1", auth=attrs.evolve(good.auth, shared=True)
    )
    assert away.is_gateway
    assert not good.is_gateway
    balance = money(ALICE)
    for changes, said in (
        ({"engine": "elsewhere"}, "engine is 'elsewhere'"),
        ({"bus": "redis"}, "bus is 'redis'"),
        ({"auth": good.auth}, "set auth.shared = true"),
        ({"link": LinkSettings(listen="grpc://127.0.0.1:2")}, "remove one of the two"),
        ({"demo": True, "opening_balances": [balance]}, "belong to the engine's settings"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            attrs.evolve(away, **changes)
    for changes, said in (
        ({}, "mutual TLS"),
        ({"engine": "carrier-pigeon://here"}, "no engine named 'carrier-pigeon'"),
        ({"engine": "grpc://nowhere"}, "no address of an engine"),
        ({"bus": "carrier-pigeon://here"}, "no bus named 'carrier-pigeon'"),
        ({"bus": "redis://127.0.0.1:port"}, "can not be used"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            compose(attrs.evolve(away, **changes))


def test_the_files_of_a_link_are_beside_the_file_that_names_them(file: Path) -> None:
    table = '[hybrid-dex.link]\nlisten = "grpc://127.0.0.1:1"\ncertificate = "engine.crt"\n'
    file.write_text(FILE + table)
    loaded = load_settings([file])
    assert loaded.link.certificate == file.parent / "engine.crt"
    assert loaded.link.key is None


def test_an_engine_alone_needs_an_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_engine(settings(tmp_path)) == 1
    assert "link.listen" in capsys.readouterr().err


def test_a_demo_on_this_machine_needs_no_secret(tmp_path: Path) -> None:
    demo = attrs.evolve(
        settings(tmp_path), demo=True, auth=AuthSettings(origins=["http://localhost:8000"])
    )
    assert compose(demo).settings.demo


def test_a_refusal_of_our_own_is_told_in_our_own_words(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[hybrid-dex]\ndemo = true\n")
    with pytest.raises(ConfigurationError) as refused:
        load_settings([file])
    assert str(refused.value) == (
        "the settings can not be used: no market is configured; add a [[hybrid-dex.markets]] table"
    )


@pytest.mark.parametrize("table", ["server", "limits"])
def test_a_value_that_can_not_be_is_named_with_its_table(tmp_path: Path, table: str) -> None:
    """Several tables have a field of this name."""
    path = tmp_path / "settings.toml"
    path.write_text(f"[hybrid-dex.{table}]\nconnections_per_address = -1\n")
    with pytest.raises(ConfigurationError) as refused:
        load_settings([path])
    assert str(refused.value) == (
        f"the settings can not be used: [hybrid-dex.{table}] "
        "'connections_per_address' must be >= 1: -1"
    )


def test_a_previous_secret_needs_its_time_and_is_good_for_a_month_at_most(tmp_path: Path) -> None:
    secret, now_s = "c0ffee5a1b2c3d4e5f60718293a4b5c6", int(time.time())

    def auth(**changes: Any) -> AuthSettings:
        present = "0123456789abcdefghijklmnopqrstuvwxyz"
        return AuthSettings(secret=present, origins=["https://exchange.example"], **changes)

    for changes in ({"previous_secret": secret}, {"previous_secret_until_s": now_s}):
        with pytest.raises(ConfigurationError, match="belong together"):
            settings(tmp_path, auth=auth(**changes))
    for until_s, good in ((now_s + 30 * 86_400, True), (now_s + 32 * 86_400, False)):
        chosen = settings(
            tmp_path, auth=auth(previous_secret=secret, previous_secret_until_s=until_s)
        )
        assert secret not in repr(chosen)
        if good:
            make_identity(chosen, SystemClock(), DOMAIN)
        else:
            with pytest.raises(ConfigurationError, match="more than 31 days"):
                make_identity(chosen, SystemClock(), DOMAIN)


def test_logins_are_kept_beside_the_records_unless_said_otherwise(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    assert chosen.auth_url == f"sqlite:///{tmp_path / 'auth.sqlite'}"
    elsewhere = attrs.evolve(chosen.auth, database="postgresql://user:MARK@host/name", shared=True)
    shared = attrs.evolve(chosen, auth=elsewhere)
    identity = make_identity(shared, SystemClock(), DOMAIN)
    assert not identity.logins.alone
    assert not identity.keys.alone
    assert "MARK" not in identity.database.shown
    wrong = attrs.evolve(chosen, auth=attrs.evolve(chosen.auth, database="mysql://host"))
    with pytest.raises(ConfigurationError, match="auth database"):
        make_identity(wrong, SystemClock(), DOMAIN)


def test_access_tokens_live_for_an_hour_at_most() -> None:
    AuthSettings(access_life_s=3_600)
    with pytest.raises(ValueError, match="access_life_s"):
        AuthSettings(access_life_s=3_601)
