"""`hybrid-dex signature doctor` reads orders as people have them and says what is wrong, by exit code too."""

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hybrid_dex.cli import entry
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, Price, Quantity
from hybrid_dex.signing import Domain, LocalSigner, order_digest, typed_data
from hybrid_dex.signing.order import ORDER_FIELDS
from hybrid_dex.wire import encode, market_message, order_request

TRADER, KEY = LocalSigner(b"\x01" * 32), LocalSigner(b"\x02" * 32)
DOMAIN = Domain(chain_id=31_337, verifying_contract="0x5FbDB2315678afecb367f032d93F642f64180aa3")
OPTIONS = ["--chain-id", "31337", "--contract", DOMAIN.verifying_contract]
ETH = Market.spot(
    "ETH-USDC",
    number=1,
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
)
ORDER = SignedOrder(
    trader=AccountId(TRADER.address),
    market=ETH,
    side=Side.BUY,
    price=Price(250_000),
    quantity=Quantity(15_000),
    max_fee_ppm=FeePpm(500),
    expiry_s=1_800_000_000,
    nonce=Nonce(7, 0, 3),
    signature=b"",
)
SIGNED = TRADER.sign_order(ORDER, DOMAIN)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines as wide as they are, without colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")


def document() -> dict[str, Any]:
    """What the wallet was given."""
    return typed_data(ORDER, DOMAIN)


def text(signature: bytes) -> str:
    """As it is sent."""
    return "0x" + signature.hex()


def ask(tmp_path: Path, order: object, signature: str | None, *options: str) -> int:
    """Run the doctor over a file."""
    path = tmp_path / "order.json"
    path.write_text(json.dumps(order), encoding="utf-8")
    given = [] if signature is None else ["--signature", signature]
    return entry.run(["signature", "doctor", str(path), *OPTIONS, *given, *options])


@pytest.mark.parametrize("form", ["document", "message", "order"])
def test_a_good_signature_is_good(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0, and what was checked."""
    message = document()["message"]
    order = {"document": document(), "message": message, "order": {"order": message}}[form]
    assert ask(tmp_path, order, text(SIGNED.signature)) == 0
    shown = capsys.readouterr().out
    assert "The signature is good." in shown
    assert text(order_digest(ORDER, DOMAIN)) in shown
    assert TRADER.address in shown


def test_the_order_may_come_from_standard_input_with_its_signature(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both in one JSON object."""
    given = {"order": document()["message"], "signature": text(SIGNED.signature)}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(given)))
    assert entry.run(["signature", "doctor", "-", *OPTIONS]) == 0
    assert "good" in capsys.readouterr().out


def test_an_order_as_it_was_sent_needs_its_market(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Decimals, symbols and words; the exchange's own JSON says what they are worth."""
    market = tmp_path / "market.json"
    market.write_bytes(encode(market_message(ETH, MarketState.OPEN)))
    sent = json.loads(encode(order_request(SIGNED, ETH)))
    more = ["--market", str(market), "--trader", TRADER.address]
    assert ask(tmp_path, sent, None, *more) == 0
    market.write_text(json.dumps({"markets": [json.loads(market.read_text("utf-8"))]}), "utf-8")
    assert ask(tmp_path, sent, None, *more) == 0
    assert ask(tmp_path, {**sent, "side": "sell"}, None, *more) == 1
    assert "signed to buy, sent to sell" in capsys.readouterr().out
    for left_out, field in ((more[2:], "market"), (more[:2], "trader")):
        assert ask(tmp_path, sent, None, *left_out) == 1
        assert f"error: {field}" in capsys.readouterr().err
    other = {**sent, "market": "BTC-USDC"}
    assert ask(tmp_path, other, None, *more) == 1
    assert "BTC-USDC is not in the file" in capsys.readouterr().err


def test_a_wrong_field_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, the field, what happened and what to do."""
    signed = TRADER.sign_order(msgspec.structs.replace(ORDER, side=Side.SELL), DOMAIN)
    assert ask(tmp_path, document(), text(signed.signature)) == 1
    shown = capsys.readouterr().out
    assert "The signature is not good for this order:" in shown
    assert "  side\n    signed to sell, sent to buy\n    -> 0 buys" in shown


def test_the_documents_own_domain_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deployment that the doctor has never heard of is named all the same."""
    old = Domain(chain_id=31_337, verifying_contract="0x00000000000000000000000000000000000000AA")
    signed = TRADER.sign_order(ORDER, old)
    assert ask(tmp_path, typed_data(ORDER, old), text(signed.signature)) == 1
    shown = capsys.readouterr().out
    assert "verifyingContract" in shown
    assert "0x00000000000000000000000000000000000000AA" in shown


def test_session_keys_trees_and_approvals_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the kind that the order names."""
    message = document()["message"]
    by_key = KEY.sign_session_order(ORDER, DOMAIN)
    assert ask(tmp_path, message, text(by_key.signature), "--session-key", KEY.address) == 1
    assert "signature_kind session" in capsys.readouterr().out
    session = {**message, "signature_kind": "session"}
    assert ask(tmp_path, session, text(by_key.signature), "--session-key", KEY.address) == 0
    other = msgspec.structs.replace(ORDER, side=Side.SELL)
    _, bulk = TRADER.sign_bulk([other, ORDER], DOMAIN)
    leaf = {"signature_kind": "bulk", "proof": [text(node) for node in bulk.proof]}
    assert ask(tmp_path, {**message, **leaf, "leaf": 1}, text(bulk.signature)) == 0
    assert ask(tmp_path, {**message, **leaf}, text(bulk.signature)) == 1
    assert "the order is leaf 1 of the tree, sent as leaf 0" in capsys.readouterr().out
    approved = {**message, "signature_kind": SignatureKind.APPROVED.name.lower()}
    assert ask(tmp_path, approved, None) == 0
    assert text(order_digest(ORDER, DOMAIN)) in capsys.readouterr().out


def test_odd_writing_is_read_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Addresses without checksum, a signature without 0x: right, and refused by the exchange."""
    message = document()["message"]
    lower = {
        **message,
        "trader": TRADER.address.lower(),
        "side": "buy",
        "nonce": hex(int(message["nonce"])),
    }
    assert ask(tmp_path, lower, SIGNED.signature.hex()) == 1
    shown = capsys.readouterr().out
    assert "written without the EIP-55 checksum" in shown
    assert f"write {TRADER.address}" in shown
    assert "written without 0x in front" in shown


def test_json_output_holds_the_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    assert ask(tmp_path, document(), text(KEY.sign_digest(b"\x01" * 32)), "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["good"], found["explained"]) == (False, False)
    assert found["digest"] == text(order_digest(ORDER, DOMAIN))
    assert [finding["field"] for finding in found["findings"]] == ["signature"]
    assert ask(tmp_path, document(), text(SIGNED.signature), "--json") == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


@pytest.mark.parametrize(
    ("order", "signature", "line"),
    [
        ([], "0x00", "order: is no JSON object"),
        ({}, "0x00", "trader: missing in the order"),
        ({"message": {}, "primaryType": "Mail"}, "0x00", "primaryType: is 'Mail'"),
        ({"order": {"trader": "alice"}}, "0x00", "trader: 'alice' is not an address"),
        (document()["message"] | {"nonce": "x"}, "0x00", "nonce: 'x' is no uint64"),
        (document()["message"] | {"side": -1}, "0x00", "side: -1 is no uint8"),
        (document()["message"] | {"expiry": True}, "0x00", "expiry: True is no uint40"),
        (document()["message"] | {"signature_kind": "magic"}, "0x00", "signature_kind: is magic"),
        (document()["message"] | {"leaf": 1}, "0x00", "proof: no path in a tree"),
        (document()["message"], "0xzz", "signature: not whole bytes"),
        (document()["message"], None, "signature: none was given"),
    ],
)
def test_what_can_not_be_read_is_one_line(
    tmp_path: Path,
    order: object,
    signature: str | None,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 1, the field named."""
    assert ask(tmp_path, order, signature) == 1
    output = capsys.readouterr()
    assert f"error: {line}" in output.err
    assert output.out == ""


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe", "order: is no text"),
        (b"[" * 100_000, "order: is nested too deeply"),
        (b'{"quantity": "\\ud800"}', "order: holds half of a character"),
    ],
)
def test_a_file_of_something_else_is_one_line(
    tmp_path: Path, content: bytes, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes that are no text, JSON without an end, half of a pair of surrogates."""
    order, market = tmp_path / "order.json", tmp_path / "market.json"
    order.write_bytes(content)
    market.write_bytes(encode(market_message(ETH, MarketState.OPEN)))
    more = ["--market", str(market), "--trader", TRADER.address]
    assert entry.run(["signature", "doctor", str(order), *OPTIONS, *more]) == 1
    assert f"error: {line}" in capsys.readouterr().err


def test_wrong_usage_has_its_own_exit_code(tmp_path: Path) -> None:
    """A missing option, a contract that is no address, a chain that is none."""
    path = tmp_path / "order.json"
    path.write_text("{}", encoding="utf-8")
    command = ["signature", "doctor", str(path), "--signature", "0x00"]
    assert entry.run([*command, "--chain-id", "1"]) == 2
    assert entry.run([*command, "--chain-id", "1", "--contract", "here"]) == 2
    assert entry.run([*command, "--chain-id", "0", "--contract", TRADER.address]) == 2


def test_a_file_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As every failure of the machine."""
    assert entry.run(["signature", "doctor", "no-such-file.json", *OPTIONS]) == 1
    assert "no-such-file.json" in capsys.readouterr().err


def test_the_descriptor_names_the_deployment(capsys: pytest.CaptureFixture[str]) -> None:
    """An address in any case; the descriptor has its checksum."""
    lower = DOMAIN.verifying_contract.lower()
    assert entry.run(["signature", "descriptor", "--chain-id", "31337", "--contract", lower]) == 0
    bound = json.loads(capsys.readouterr().out)["context"]["eip712"]
    assert bound["deployments"] == [{"chainId": 31337, "address": DOMAIN.verifying_contract}]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("side", 2, "2 is neither"),
        *[
            (name, str(2**256 - 1), f"{2**256 - 1} does not fit")
            for name, kind in ORDER_FIELDS
            if kind != "address"
        ],
    ],
)
def test_a_value_that_no_order_can_have_is_said_beside_the_signature(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    field: str,
    value: object,
    words: str,
) -> None:
    message = {**document()["message"], field: value}
    assert ask(tmp_path, message, text(SIGNED.signature), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["good"]
    assert [one for one in told["findings"] if one["field"] == field and words in one["happened"]]
