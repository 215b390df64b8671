"""Trusted auth believes the name that it is given, and proves nothing."""

import random

import msgspec
import pytest

from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.errors import SignatureError
from hybrid_dex.interfaces.auth import Auth
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import AccountId
from tests.signing import seeded_orders


@pytest.fixture
def auth() -> Auth:
    return TrustedAuth()


async def test_an_order_is_its_named_trader_s_without_a_signature(
    auth: Auth, rng: random.Random
) -> None:
    order = seeded_orders.order(rng, AccountId("alice"))
    assert await auth.verify_many([order]) == [
        Authorization(
            signer="alice",
            kind=0,
            max_fee_ppm=order.max_fee_ppm,
            expiry_s=order.expiry_s,
            nonce=order.nonce.packed,
            order_hash=b"",
            signature=b"",
        )
    ]


async def test_an_order_of_nobody_is_refused_beside_the_others(
    auth: Auth, rng: random.Random
) -> None:
    order = seeded_orders.order(rng, AccountId("alice"))
    nobody, somebody = await auth.verify_many(
        [msgspec.structs.replace(order, trader=AccountId("")), order]
    )
    assert isinstance(nobody, Refusal)
    assert nobody.reason is RejectReason.UNAUTHENTICATED
    assert isinstance(somebody, Authorization)


async def test_a_session_is_its_account_s_name(auth: Auth) -> None:
    assert await auth.issue_nonce() != await auth.issue_nonce()
    session = await auth.login("alice", b"")
    assert session.principal.account == "alice"
    assert await auth.refresh(session.refresh_token) == session
    await auth.logout(session.principal)
    assert await auth.authenticate(session.access_token) == session.principal


async def test_no_name_is_no_account(auth: Auth) -> None:
    with pytest.raises(SignatureError, match="account: no account is named"):
        await auth.login("", b"")
    with pytest.raises(SignatureError, match="account: no account is named"):
        await auth.authenticate("")
