"""The extension is the exchange's second half: the same storage, never another, and harmless by itself."""

import json
import subprocess
from pathlib import Path

import pytest
from ape.exceptions import ContractLogicError
from eth_utils import keccak
from export_abi import entries
from promises import receipt, signed, voucher
from scenario import EXIT_DELAY, MARKET, PERMIT2, WATCH_LAG, WINDOW_MAX
from web3.exceptions import ContractLogicError as Reverted

CONTRACTS = Path(__file__).resolve().parents[1]
DELAYS = (WATCH_LAG, WINDOW_MAX, EXIT_DELAY)
NOBODY = "0x" + "00" * 20
BEFORE_SETTLE = {
    "EXTENSION()",
    "acceptOwnership()",
    "cancel(uint32,uint64)",
    "cancelWithdrawalRequest(address)",
    "deposit(address,uint256)",
    "eip712Domain()",
    "freeze()",
    "owner()",
    "paused()",
    "renounceOwnership()",
}
"""What the exchange's code compares a call with before settle: users' doors, and what OpenZeppelin brings along."""


@pytest.fixture(scope="module")
def compiled():
    """What the compiler says of the sources without generating code."""
    sources = {
        path.relative_to(CONTRACTS).as_posix(): {"content": path.read_text()}
        for path in (CONTRACTS / "src").rglob("*.sol")
    }
    wanted = {"outputSelection": {"*": {"*": ["storageLayout", "userdoc", "abi"]}}}
    question = {"language": "Solidity", "sources": sources, "settings": wanted}
    answer = subprocess.run(
        [CONTRACTS / "bin" / "solc-v0.8.30"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
        cwd=CONTRACTS,
    )
    compiled = json.loads(answer.stdout)
    errors = [one for one in compiled.get("errors", []) if one["severity"] == "error"]
    assert errors == []
    return compiled["contracts"]


@pytest.fixture(scope="module")
def storage(compiled):
    """The storage layout of both contracts, by the compiler."""

    def layout(name):
        found = compiled[f"src/{name}.sol"][name]["storageLayout"]
        types = {key: kind["label"] for key, kind in found["types"].items()}
        return [
            (entry["slot"], entry["offset"], entry["label"], types[entry["type"]])
            for entry in found["storage"]
        ]

    return layout


def test_both_lay_out_their_storage_alike(storage):
    """Every variable of both: the same slot, place, name and type."""
    assert storage("Exchange") == storage("ExchangeExtension")
    assert len(storage("Exchange")) > 20


def test_settling_finds_operator_pause_and_freeze_in_one_slot(storage):
    places = {label: slot for slot, _, label, _ in storage("Exchange")}
    assert places["_paused"] == places["_operator"] == places["_frozen"]


def test_everything_that_can_be_called_is_documented(compiled):
    """Functions, events and errors: each says to its user what it is. One is a standard's, documented there."""
    exchange = compiled["src/interfaces/IExchange.sol"]["IExchange"]
    said = {kind: exchange["userdoc"].get(kind, {}) for kind in ("methods", "events", "errors")}
    named = {kind: {text.split("(")[0] for text in found} for kind, found in said.items()}
    kinds = {"function": "methods", "event": "events", "error": "errors"}
    missing = {
        entry["name"]
        for entry in exchange["abi"]
        if entry["name"] not in named[kinds[entry["type"]]]
    }
    assert missing == {"eip712Domain", "EIP712DomainChanged"}
    assert len(exchange["abi"]) > 120


def functions(name):
    return {
        "{}({})".format(
            entry["name"],
            ",".join(
                "({})".format(",".join(part["type"] for part in one["components"]))
                if one["type"] == "tuple"
                else one["type"]
                for one in entry["inputs"]
            ),
        )
        for entry in entries(name)
        if entry["type"] == "function"
    }


def test_no_function_of_ours_is_in_both(storage):
    """One in both would be the exchange's alone; that is said of what both inherit, and does the same in both."""
    assert functions("Exchange") & functions("ExchangeExtension") == {
        "acceptOwnership()",
        "eip712Domain()",
        "owner()",
        "paused()",
        "pendingOwner()",
        "renounceOwnership()",
        "transferOwnership(address)",
    }


def test_few_functions_stand_before_settle():
    """A call is compared with the selectors in their order, and each costs every batch some gas."""
    selector = {name: keccak(text=name)[:4] for name in functions("Exchange")}
    settle = selector["settle(bytes)"]
    assert {name for name, own in selector.items() if own < settle} == BEFORE_SETTLE


@pytest.mark.parametrize("name", ["Exchange", "ExchangeExtension"])
def test_the_code_fits_on_chain(scenario, name):
    extension = scenario.read("EXTENSION")
    address = scenario.exchange.address if name == "Exchange" else extension
    assert 10_000 < len(scenario.w3.eth.get_code(address)) <= 24_576


def test_an_exchange_takes_no_extension_with_other_delays(scenario, deploy):
    for delays in ((61, 600, 3600), (60, 601, 3600), (60, 600, 3601)):
        extension = deploy("ExchangeExtension", *delays, PERMIT2).address
        with pytest.raises(ContractLogicError, match=keccak(text="WrongExtension()")[:4].hex()):
            deploy("Exchange", extension, scenario.owner, scenario.operator, *DELAYS)
    for extension in (NOBODY, scenario.owner):
        with pytest.raises(ContractLogicError, match=keccak(text="WrongExtension()")[:4].hex()):
            deploy("Exchange", extension, scenario.owner, scenario.operator, *DELAYS)


def test_what_neither_knows_is_refused(scenario):
    for data in ("0x", "0x01", "0xdeadbeef"):
        with pytest.raises(Reverted):
            scenario.w3.eth.call({"to": scenario.exchange.address, "data": data})


def test_neither_takes_ether(scenario):
    extension = scenario.read("EXTENSION")
    pause = scenario.exchange.encode_abi("pause", args=[])
    for address in (scenario.exchange.address, extension):
        for data in ("0x", pause):
            with pytest.raises(Reverted):
                scenario.w3.eth.call(
                    {"from": scenario.owner, "to": address, "data": data, "value": 1}
                )


@pytest.fixture
def alone(scenario):
    """The extension at its own address, with every function of the exchange."""
    return scenario.w3.eth.contract(scenario.read("EXTENSION"), abi=scenario.exchange.abi)


def test_alone_it_has_nobody_and_nothing(scenario, alone):
    for role in ("owner", "pendingOwner", "operator", "lister", "pauser", "feeCollector"):
        assert alone.functions[role]().call() == NOBODY
    assert alone.functions.assetOf(scenario.market.quote.address).call() == [False, False]
    assert alone.functions.marketOf(MARKET).call()[0] == NOBODY
    assert alone.functions.batchState().call() == [0, 0, 0, bytes(32)]


def test_alone_it_does_nothing(scenario, alone, operator_key):
    """Nobody has a role there, nothing is listed, and no signature is the operator's."""
    trader, quote = scenario.trader(1), scenario.market.quote.address
    promise, canceled = voucher(scenario, trader), receipt(scenario, trader)
    calls = {
        "listAsset": [quote],
        "listMarket": [1, quote, quote, 1, 1],
        "setDepositsOpen": [quote, True],
        "closeMarket": [1],
        "pause": [],
        "withdrawFees": [quote, trader.address],
        "setLister": [trader.address],
        "proposeOperator": [trader.address],
        "acceptOperator": [],
        "transferOwnership": [trader.address],
        "acceptOwnership": [],
        "publishSolvency": [quote, bytes(32), 0],
        "depositWithPermit": [quote, 1, 2**40, 27, bytes(32), bytes(32)],
        "depositWithPermit2": [quote, 1, 0, 2**40, b""],
        "grantSession": [scenario.owner, MARKET, 1, 1, scenario.now() + 60],
        "withdrawWithVoucher": [
            tuple(promise.values()),
            signed(scenario, operator_key, "Voucher", promise),
        ],
        "cancelWithReceipt": [
            tuple(canceled.values()),
            signed(scenario, operator_key, "CancelReceipt", canceled),
        ],
    }
    for name, arguments in calls.items():
        for sender in (scenario.owner, scenario.operator, trader.address):
            with pytest.raises(Reverted):
                alone.functions[name](*arguments).call({"from": sender})


def test_what_can_be_written_there_is_not_the_exchanges(scenario, alone):
    trader = scenario.trader(1)
    scenario.send(alone.functions.approveOrder(b"\x05" * 32), trader.address)
    assert alone.functions.approvalOf(trader.address, b"\x05" * 32).call()[2] is True
    assert scenario.read("approvalOf", trader.address, b"\x05" * 32)[2] is False


def test_an_exchange_begins_with_its_owner_in_every_role(deploy_exchange, scenario):
    exchange = deploy_exchange(scenario.owner, scenario.operator)
    for role in ("owner", "lister", "pauser", "feeCollector"):
        assert exchange.functions[role]().call() == scenario.owner
    assert exchange.functions.operator().call() == scenario.operator
