"""A confirmation is of one wallet, for one request, now, once, and never a login."""

import hashlib
import secrets

import attrs
import pytest

from hybrid_dex.defaults.fresh_actions import FreshActions
from hybrid_dex.defaults.login_store import MemoryLoginStore
from hybrid_dex.errors import SignatureError
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.signing import LocalSigner, LoginMessage
from tests.defaults.fakes_of_auth import ALICE, MALLORY, SetClock, login_message, wallet_auth

BODY = b'{"role":"admin"}'
DIGEST = hashlib.sha256(BODY).hexdigest()
TARGET = "/admin/roles/x?y=%2F"


@attrs.define
class Bench:
    clock: SetClock
    actions: FreshActions

    async def principal(self, signer: LocalSigner = ALICE) -> Principal:
        auth = self.actions.auth
        message = login_message(await auth.issue_nonce(), self.clock, signer)
        return (await auth.login(message.text(), signer.sign_login(message))).principal

    async def token(self, principal: Principal, target: str = TARGET, method: str = "PUT") -> str:
        message, _ = await self.actions.begin(principal, method, target, DIGEST)
        signer = ALICE if principal.account == ALICE.address else MALLORY
        return (await self.actions.confirm(principal, message, signer.sign_text(message))).token

    async def spend(self, principal: Principal, token: str, **changes: str | bytes) -> None:
        asked = {"method": "PUT", "target": TARGET, "body": BODY} | changes
        await self.actions.spend(principal, token, **asked)  # type: ignore[arg-type] # by name


@pytest.fixture
def bench() -> Bench:
    clock = SetClock()
    auth = attrs.evolve(
        wallet_auth(clock, store=MemoryLoginStore()), randomness=secrets.token_bytes
    )
    return Bench(clock, FreshActions(auth=auth, tokens=auth.tokens))


async def test_a_token_is_good_for_its_request_once(bench: Bench) -> None:
    principal = await bench.principal()
    token = await bench.token(principal)
    for changes in (
        {"method": "POST"},
        {"target": TARGET + "z"},
        {"target": "/admin/roles/x?y=/"},
        {"body": BODY + b" "},
        {"body": b""},
    ):
        with pytest.raises(SignatureError, match="for another request"):
            await bench.spend(principal, token, **changes)
    await bench.spend(principal, token)
    with pytest.raises(SignatureError, match="used before, or expired"):
        await bench.spend(principal, token)


async def test_the_message_names_the_request_for_whoever_reads_it(bench: Bench) -> None:
    principal = await bench.principal()
    text, expires_at_ms = await bench.actions.begin(principal, "PUT", TARGET, DIGEST)
    parsed = LoginMessage.parse(text)
    assert parsed.statement == "Confirm this one request and no other: PUT"
    assert parsed.uri.endswith(TARGET)
    assert parsed.request_id == DIGEST
    assert parsed.expiration_time_ns == expires_at_ms * 10**6
    assert expires_at_ms == int(bench.clock.now_s * 1000) + 120_000


async def test_another_account_and_another_login_have_no_use_for_it(bench: Bench) -> None:
    principal, again = await bench.principal(), await bench.principal()
    mallory = await bench.principal(MALLORY)
    token = await bench.token(principal)
    for other in (again, mallory):
        with pytest.raises(SignatureError, match="of another login"):
            await bench.spend(other, token)
    message, _ = await bench.actions.begin(principal, "PUT", TARGET, DIGEST)
    with pytest.raises(SignatureError, match="of another account"):
        await bench.actions.confirm(mallory, message, ALICE.sign_text(message))
    with pytest.raises(SignatureError, match="made by another key"):
        await bench.actions.confirm(principal, message, MALLORY.sign_text(message))
    await bench.spend(principal, token)


async def test_a_login_is_no_confirmation_and_a_confirmation_no_login(bench: Bench) -> None:
    principal = await bench.principal()
    login = login_message(await bench.actions.auth.issue_nonce(), bench.clock)
    with pytest.raises(SignatureError, match="statement: of another message"):
        await bench.actions.confirm(principal, login.text(), ALICE.sign_login(login))
    message, _ = await bench.actions.begin(principal, "PUT", TARGET, DIGEST)
    with pytest.raises(SignatureError, match="confirms a request"):
        await bench.actions.auth.login(message, ALICE.sign_text(message))
    unbounded = attrs.evolve(LoginMessage.parse(message), expiration_time=None)
    with pytest.raises(SignatureError, match="statement"):
        await bench.actions.confirm(principal, unbounded.text(), ALICE.sign_login(unbounded))


async def test_it_is_good_for_two_minutes_from_the_message_on(bench: Bench) -> None:
    principal = await bench.principal()
    message, _ = await bench.actions.begin(principal, "PUT", TARGET, DIGEST)
    bench.clock.now_s += 100
    token = (await bench.actions.confirm(principal, message, ALICE.sign_text(message))).token
    bench.clock.now_s += 20
    with pytest.raises(SignatureError, match="expired"):
        await bench.spend(principal, token)
    late, _ = await bench.actions.begin(principal, "PUT", TARGET, DIGEST)
    bench.clock.now_s += 120
    with pytest.raises(SignatureError, match="expiration_time"):
        await bench.actions.confirm(principal, late, ALICE.sign_text(late))


async def test_a_message_is_signed_once(bench: Bench) -> None:
    principal = await bench.principal()
    message, _ = await bench.actions.begin(principal, "PUT", TARGET, DIGEST)
    await bench.actions.confirm(principal, message, ALICE.sign_text(message))
    with pytest.raises(SignatureError, match="nonce"):
        await bench.actions.confirm(principal, message, ALICE.sign_text(message))


@pytest.mark.parametrize("target", ["/a b", "/\u00e9", "/x\ny", "/<>"])
async def test_a_target_that_is_no_address_is_refused(bench: Bench, target: str) -> None:
    principal = await bench.principal()
    with pytest.raises(SignatureError, match="uri"):
        await bench.actions.begin(principal, "PUT", target, DIGEST)
