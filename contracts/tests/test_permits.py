"""A signature deposits what its own signer holds, for its signer, and failing it takes nothing."""

import pytest
from eth_account.messages import encode_typed_data
from scenario import PERMIT2, TYPES
from web3.exceptions import ContractLogicError

HUGE = 2**256 - 1


@pytest.fixture
def token(scenario, deploy):
    """A listed token with EIP-2612 permits, of which traders 1 and 2 hold 1000 each outside."""
    token = deploy("PermitToken")
    scenario.do(scenario.owner, "listAsset", token.address)
    for index in (1, 2):
        scenario.send(token.functions.mint(scenario.trader(index).address, 1000), scenario.owner)
    return token


@pytest.fixture
def permit(scenario, token):
    """Sign an EIP-2612 permit for the exchange."""

    def permit(trader, amount, deadline=HUGE, nonce=None):
        fields = {
            "owner": "address",
            "spender": "address",
            "value": "uint256",
            "nonce": "uint256",
            "deadline": "uint256",
        }
        signed = nonce is None
        message = {
            "owner": trader.address,
            "spender": scenario.exchange.address,
            "value": amount,
            "nonce": token.functions.nonces(trader.address).call() if signed else nonce,
            "deadline": deadline,
        }
        document = {
            "types": {
                "EIP712Domain": TYPES["EIP712Domain"],
                "Permit": [{"name": name, "type": kind} for name, kind in fields.items()],
            },
            "primaryType": "Permit",
            "domain": {
                "name": "Permit",
                "version": "1",
                "chainId": scenario.w3.eth.chain_id,
                "verifyingContract": token.address,
            },
            "message": message,
        }
        found = trader.account.sign_message(encode_typed_data(full_message=document))
        return deadline, found.v, found.r.to_bytes(32, "big"), found.s.to_bytes(32, "big")

    return permit


def test_a_permit_deposits_without_an_approval(scenario, token, permit):
    trader = scenario.trader(1)
    receipt = scenario.do(trader, "depositWithPermit", token.address, 400, *permit(trader, 400))
    event = scenario.exchange.events.Deposited().process_log(receipt["logs"][-1])["args"]
    assert (event["account"], event["amount"], event["balance"]) == (trader.address, 400, 400)
    assert scenario.balance(trader, token) == scenario.read("liabilities", token.address) == 400
    assert token.functions.balanceOf(scenario.exchange.address).call() == 400


def test_a_permit_that_somebody_used_first_does_no_harm(scenario, token, permit):
    trader = scenario.trader(1)
    deadline, v, r, s = permit(trader, 400)
    scenario.send(
        token.functions.permit(trader.address, scenario.exchange.address, 400, deadline, v, r, s),
        scenario.trader(2).address,
    )
    scenario.do(trader, "depositWithPermit", token.address, 400, deadline, v, r, s)
    assert scenario.balance(trader, token) == 400


def test_a_permit_of_another_owner_moves_nothing(scenario, token, permit):
    """Whoever has seen a signature can not deposit with it: only what the sender holds can come."""
    victim, thief = scenario.trader(1), scenario.trader(2)
    with scenario.reverts("ERC20InsufficientAllowance(address,uint256,uint256)"):
        scenario.do(thief, "depositWithPermit", token.address, 400, *permit(victim, 400))
    assert scenario.balance(thief, token) == 0
    assert token.functions.balanceOf(victim.address).call() == 1000


@pytest.mark.parametrize("wrong", ["expired", "nonce", "amount"])
def test_a_permit_that_fails_takes_nothing(scenario, token, permit, wrong):
    trader = scenario.trader(1)
    arguments = {
        "expired": lambda: permit(trader, 400, deadline=scenario.now() - 1),
        "nonce": lambda: permit(trader, 400, nonce=5),
        "amount": lambda: permit(trader, 399),
    }[wrong]()
    with scenario.reverts("ERC20InsufficientAllowance(address,uint256,uint256)"):
        scenario.do(trader, "depositWithPermit", token.address, 400, *arguments)
    assert token.functions.balanceOf(trader.address).call() == 1000


@pytest.mark.parametrize("name", ["MockERC20", "MockWETH", "dai"])
def test_a_token_without_such_permits_takes_the_allowance_that_there_is(scenario, deploy, name):
    """None at all, a fallback that takes anything, or DAI's own kind: with an approval it works."""
    arguments = {"MockERC20": ("Plain", "PLN", 18), "MockWETH": (), "dai": (1 << 14, 18)}[name]
    other = deploy("WeirdToken" if name == "dai" else name, *arguments)
    trader = scenario.trader(1)
    scenario.do(scenario.owner, "listAsset", other.address)
    if name == "MockWETH":
        funding = other.functions.deposit().transact({"from": trader.address, "value": 100})
        scenario.w3.eth.wait_for_transaction_receipt(funding)
    else:
        scenario.send(other.functions.mint(trader.address, 100), trader.address)
    nothing = (HUGE, 27, b"\x01" * 32, b"\x01" * 32)
    with pytest.raises(ContractLogicError):
        scenario.do(trader, "depositWithPermit", other.address, 60, *nothing)
    assert other.functions.balanceOf(trader.address).call() == 100
    scenario.send(other.functions.approve(scenario.exchange.address, 60), trader.address)
    scenario.do(trader, "depositWithPermit", other.address, 60, *nothing)
    assert scenario.balance(trader, other) == 60


def test_deposits_by_signature_stop_where_deposits_do(scenario, token, permit):
    trader = scenario.trader(1)
    by_permit = ("depositWithPermit", token.address, 400, *permit(trader, 400))
    by_permit2 = ("depositWithPermit2", token.address, 400, 0, HUGE, b"")
    for call in (by_permit, by_permit2):
        scenario.do(scenario.owner, "pause")
        with scenario.reverts("EnforcedPause()"):
            scenario.do(trader, *call)
        scenario.do(scenario.owner, "unpause")
        scenario.do(scenario.owner, "setDepositsOpen", token.address, False)
        with scenario.reverts("DepositsClosed(address)"):
            scenario.do(trader, *call)
        scenario.do(scenario.owner, "setDepositsOpen", token.address, True)
    scenario.advance(3601)
    scenario.do(trader, "freeze")
    for call in (by_permit, by_permit2):
        with scenario.reverts("AlreadyFrozen()"):
            scenario.do(trader, *call)


# Permit2


@pytest.fixture
def permit2(scenario, deploy):
    """Permit2 at its address, for this test."""
    code = scenario.w3.eth.get_code(deploy("MockPermit2").address)
    scenario.rpc("anvil_setCode", PERMIT2, "0x" + bytes(code).hex())


def permission(scenario, trader, token, amount, *, nonce=0, deadline=HUGE, spender=None):
    """The arguments after the amount, signed for Permit2."""
    document = {
        "types": {
            "EIP712Domain": [one for one in TYPES["EIP712Domain"] if one["name"] != "version"],
            "TokenPermissions": [
                {"name": "token", "type": "address"},
                {"name": "amount", "type": "uint256"},
            ],
            "PermitTransferFrom": [
                {"name": "permitted", "type": "TokenPermissions"},
                {"name": "spender", "type": "address"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ],
        },
        "primaryType": "PermitTransferFrom",
        "domain": {
            "name": "Permit2",
            "chainId": scenario.w3.eth.chain_id,
            "verifyingContract": PERMIT2,
        },
        "message": {
            "permitted": {"token": token.address, "amount": amount},
            "spender": spender or scenario.exchange.address,
            "nonce": nonce,
            "deadline": deadline,
        },
    }
    signature = trader.account.sign_message(encode_typed_data(full_message=document)).signature
    return nonce, deadline, bytes(signature)


@pytest.fixture
def approved(scenario, token, permit2):
    """Trader 1, who lets Permit2 move the token."""
    trader = scenario.trader(1)
    scenario.send(token.functions.approve(PERMIT2, HUGE), trader.address)
    return trader


def test_permit2_deposits_by_signature(scenario, token, approved):
    assert scenario.read("PERMIT2") == PERMIT2
    for nonce in (0, 700):
        scenario.do(
            approved,
            "depositWithPermit2",
            token.address,
            400,
            *permission(scenario, approved, token, 400, nonce=nonce),
        )
    assert scenario.balance(approved, token) == 800
    assert token.functions.balanceOf(scenario.exchange.address).call() == 800


def test_a_permit2_signature_is_good_once(scenario, token, approved):
    call = (token.address, 400, *permission(scenario, approved, token, 400))
    scenario.do(approved, "depositWithPermit2", *call)
    with scenario.reverts("InvalidNonce()"):
        scenario.do(approved, "depositWithPermit2", *call)
    assert scenario.balance(approved, token) == 400


def test_permit2_refuses_what_was_not_signed(scenario, token, approved):
    thief = scenario.trader(2)
    good = permission(scenario, approved, token, 400)
    for sender, amount, arguments in (
        (thief, 400, good),
        (approved, 401, good),
        (approved, 399, good),
        (approved, 400, permission(scenario, approved, token, 400, spender=thief.address)),
        (approved, 400, permission(scenario, approved, scenario.market.quote, 400)),
    ):
        with scenario.reverts("InvalidSigner()"):
            scenario.do(sender, "depositWithPermit2", token.address, amount, *arguments)
    late = permission(scenario, approved, token, 400, deadline=scenario.now() - 1)
    with scenario.reverts("SignatureExpired(uint256)"):
        scenario.do(approved, "depositWithPermit2", token.address, 400, *late)
    assert token.functions.balanceOf(approved.address).call() == 1000


def test_permit2_credits_what_came(scenario, deploy, permit2):
    token, trader = deploy("FeeOnTransferToken"), scenario.trader(1)
    scenario.do(scenario.owner, "listAsset", token.address)
    scenario.send(token.functions.mint(trader.address, 1000), scenario.owner)
    scenario.send(token.functions.approve(PERMIT2, HUGE), trader.address)
    scenario.do(
        trader,
        "depositWithPermit2",
        token.address,
        1000,
        *permission(scenario, trader, token, 1000),
    )
    assert scenario.balance(trader, token) == scenario.read("liabilities", token.address) == 990


def test_a_chain_without_permit2_says_so(scenario, token):
    trader = scenario.trader(1)
    with scenario.reverts("NoPermit2()"):
        scenario.do(trader, "depositWithPermit2", token.address, 1, 0, HUGE, b"")
