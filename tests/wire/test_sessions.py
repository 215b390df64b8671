"""Login and balances on the wire."""

import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.interfaces.auth import Principal, Session
from hybrid_dex.model.units import Amount, AssetId
from hybrid_dex.model.views import Balance
from hybrid_dex.wire import (
    BalanceMessage,
    LoginRequest,
    balance_message,
    decode,
    encode,
    login_signature,
    session_answer,
)
from tests.wire.terms import ALICE, ETH


def test_a_session_is_handed_to_its_owner() -> None:
    """Both tokens with their ends."""
    session = Session(
        principal=Principal(account=ALICE, session_id="s"),
        access_token="a",
        access_expires_at_ms=1,
        refresh_token="r",
        refresh_expires_at_ms=2,
    )
    answer = session_answer(session)
    assert (answer.account, answer.access_token, answer.refresh_token) == ("alice", "a", "r")
    assert answer.role == "trader"
    assert session_answer(session, "support").role == "support"


@pytest.mark.parametrize("length", [1, 64, 65, 4_096])
def test_a_login_signature_has_as_many_bytes_as_the_wallet_wants(length: int) -> None:
    """A key's has 64 or 65, a contract's what its code expects; auth decides which it is."""
    request = LoginRequest(message="m", signature="0x" + "01" * length)
    assert login_signature(decode(LoginRequest, encode(request))) == b"\x01" * length


@pytest.mark.parametrize("text", ["", "0x", "0x0", "01", "0xzz", "0X01", "0x01 "])
def test_a_login_signature_that_is_no_bytes_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="signature"):
        login_signature(LoginRequest(message="m", signature=text))


def test_a_login_signature_is_not_endless() -> None:
    with pytest.raises(FormatError, match="signature"):
        decode(LoginRequest, encode({"message": "m", "signature": "0x" + "01" * 4_097}))


def test_a_balance_is_exact() -> None:
    """Atoms become decimals without loss; the sign of a frozen account is kept."""
    balance = Balance(
        AssetId("ETH"), Amount(-1), Amount(10**18), Amount(5), Amount(0), Amount(2**112 - 1)
    )
    message = decode(BalanceMessage, encode(balance_message(balance, ETH.base)))
    assert message.available == "-0.000000000000000001"
    assert message.total == "1.000000000000000004"
    assert message.in_flight_out == "5192296858534827.628530496329220095"


def test_a_balance_is_shown_in_its_own_asset_only() -> None:
    """Ether shown with the decimals of a dollar would be a lie."""
    balance = Balance(AssetId("ETH"), *(Amount(0),) * 5)
    with pytest.raises(FormatError, match="asset"):
        balance_message(balance, ETH.quote)
