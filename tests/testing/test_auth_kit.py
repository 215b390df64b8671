"""AuthKit passes the auths that ship and refuses every broken one, rule by rule."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import ClassVar

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.errors import SignatureError
from hybrid_dex.interfaces.auth import Auth, LoginClient, OpenSession, Principal, Session
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.signed_order import Authorization, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.testing import AuthBench, AuthKit
from tests.defaults.fakes_of_auth import (
    ALICE,
    DOMAIN,
    MALLORY,
    SetClock,
    login_message,
    wallet_auth,
)
from tests.signing import seeded_orders
from tests.testing.mutants import is_refused

SIGNERS = {AccountId(one.address): one for one in (ALICE, MALLORY)}
ACCOUNTS = (AccountId(ALICE.address), AccountId(MALLORY.address))


def signed_order(account: AccountId, number: int) -> SignedOrder:
    return SIGNERS[account].sign_order(plain_order(account, number), DOMAIN)


def plain_order(account: AccountId, number: int) -> SignedOrder:
    order = seeded_orders.order(random.Random(number), account)
    return msgspec.structs.replace(
        order, time_in_force=TimeInForce.GTC, post_only=False, signature_kind=SignatureKind.WALLET
    )


def signed_tree(account: AccountId, numbers: Sequence[int]) -> list[SignedOrder]:
    orders = [plain_order(account, number) for number in numbers]
    signed = SIGNERS[account].sign_bulk(orders, DOMAIN)
    return [msgspec.structs.replace(order, proof=()) for order in signed]


class WalletKit(AuthKit):
    """Wallet auth, or a mutant of it, with its wallets."""

    kind: Callable[[Auth], Auth] = staticmethod(lambda auth: auth)

    def make_auth(self) -> AuthBench:
        clock = SetClock()

        def login(account: AccountId, nonce: str) -> tuple[str, bytes]:
            message = login_message(nonce, clock, SIGNERS[account])
            return message.text(), SIGNERS[account].sign_login(message)

        def pass_time(seconds: float) -> None:
            clock.now_s += seconds

        return AuthBench(
            auth=type(self).kind(wallet_auth(clock)),
            accounts=ACCOUNTS,
            login=login,
            order=signed_order,
            pass_time=pass_time,
            tree=signed_tree,
        )


class TestWalletAuth(WalletKit):
    pass


BELIEVES = "it believes its caller, and stands behind no network"


class TestTrustedAuth(AuthKit):
    lacks: ClassVar = dict.fromkeys(
        (
            "a_nonce_is_good_once",
            "a_nonce_ends",
            "of_logins_at_once_one_succeeds",
            "only_an_issued_nonce_counts",
            "a_wrong_signature_opens_nothing",
            "a_malformed_message_opens_nothing",
            "other_tokens_speak_for_nobody",
            "an_access_token_ends",
            "refresh_rotates",
            "a_used_refresh_token_ends_the_session",
            "of_refreshes_at_once_one_succeeds_at_most",
            "logout_ends_one_session",
            "open_sessions_are_shown",
            "a_revoked_session_is_void",
            "an_order_with_other_terms_is_refused",
            "a_malformed_signature_is_a_refusal",
            "trees_need_no_proofs",
        ),
        BELIEVES,
    )

    def make_auth(self) -> AuthBench:
        return AuthBench(
            auth=TrustedAuth(),
            accounts=ACCOUNTS,
            login=lambda account, _: (account, b""),
            order=signed_order,
            pass_time=lambda _: None,
        )


class Passes:
    """Does what the auth inside does: mutants change one thing."""

    def __init__(self, inner: Auth) -> None:
        self.inner = inner

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        return await self.inner.verify_many(orders)

    async def issue_nonce(self) -> str:
        return await self.inner.issue_nonce()

    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        return await self.inner.login(message, signature, client)

    async def refresh(self, refresh_token: str) -> Session:
        return await self.inner.refresh(refresh_token)

    async def logout(self, principal: Principal) -> None:
        await self.inner.logout(principal)

    async def authenticate(self, token: str) -> Principal:
        return await self.inner.authenticate(token)

    async def sessions(self, account: AccountId) -> list[OpenSession]:
        return await self.inner.sessions(account)

    async def revoke(self, account: AccountId, session_id: str) -> bool:
        return await self.inner.revoke(account, session_id)


class OneNonce(Passes):
    nonce = ""

    async def issue_nonce(self) -> str:
        self.nonce = self.nonce or await super().issue_nonce()
        return self.nonce


class OpensForSomebody(Passes):
    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        session = await super().login(message, signature, client)
        principal = attrs.evolve(session.principal, account=ACCOUNTS[0])
        return attrs.evolve(session, principal=principal)


class Remembers(Passes):
    """Answers a message that it saw as it did before."""

    def __init__(self, inner: Auth) -> None:
        super().__init__(inner)
        self.seen: dict[str, Session] = {}

    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        if message not in self.seen:
            self.seen[message] = await super().login(message, signature, client)
        return self.seen[message]


class ChecksLate(Passes):
    """Looks whether a message was used, and notes it after a while."""

    def __init__(self, inner: Auth) -> None:
        super().__init__(inner)
        self.used: dict[str, Session] = {}
        self.first: dict[str, Session] = {}

    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        if message in self.used:
            raise SignatureError("nonce", "used", "a fresh one")
        if message not in self.first:
            self.first[message] = await super().login(message, signature, client)
        await asyncio.sleep(0)
        self.used[message] = self.first[message]
        return self.used[message]


class TakesAnyNonce(Passes):
    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        try:
            return await super().login(message, signature, client)
        except SignatureError as error:
            if error.field != "nonce":
                raise
            return opened(ACCOUNTS[0])


class TakesAnySignature(Passes):
    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        try:
            return await super().login(message, signature, client)
        except SignatureError:
            return opened(ACCOUNTS[0])


class Crashes(Passes):
    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        if not message.endswith("Z"):
            raise ValueError(message)
        return await super().login(message, signature, client)


class TakesAnyToken(Passes):
    async def authenticate(self, token: str) -> Principal:
        try:
            return await super().authenticate(token)
        except SignatureError:
            return Principal(account=ACCOUNTS[0], session_id="1")


class SpeaksForAlice(Passes):
    async def authenticate(self, token: str) -> Principal:
        return attrs.evolve(await super().authenticate(token), account=ACCOUNTS[0])


class NeverEnds(Passes):
    """Remembers every token that it ever took."""

    def __init__(self, inner: Auth) -> None:
        super().__init__(inner)
        self.known: dict[str, Principal] = {}

    async def authenticate(self, token: str) -> Principal:
        if token not in self.known:
            self.known[token] = await super().authenticate(token)
        return self.known[token]


class RefreshesInPlace(Passes):
    async def refresh(self, refresh_token: str) -> Session:
        renewed = await super().refresh(refresh_token)
        return attrs.evolve(renewed, refresh_token=refresh_token)


class ForgivesReuse(Passes):
    """Gives the same answer to a refresh token that was used."""

    def __init__(self, inner: Auth) -> None:
        super().__init__(inner)
        self.answers: dict[str, Session] = {}

    async def refresh(self, refresh_token: str) -> Session:
        if refresh_token not in self.answers:
            self.answers[refresh_token] = await super().refresh(refresh_token)
        return self.answers[refresh_token]


class RefreshesForAll(Passes):
    """Gives all who ask at once what it got for the first of them."""

    def __init__(self, inner: Auth) -> None:
        super().__init__(inner)
        self.asked: dict[str, asyncio.Future[Session]] = {}

    async def refresh(self, refresh_token: str) -> Session:
        if (first := self.asked.get(refresh_token)) is None:
            first = asyncio.ensure_future(super().refresh(refresh_token))
            self.asked[refresh_token] = first
        try:
            return await first
        finally:
            self.asked.pop(refresh_token, None)


class KeepsNonces(Passes):
    """Takes a nonce that it issued, however long ago that was."""

    def __init__(self, inner: Auth) -> None:
        super().__init__(inner)
        self.issued: set[str] = set()

    async def issue_nonce(self) -> str:
        nonce = await super().issue_nonce()
        self.issued.add(nonce)
        return nonce

    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        try:
            return await super().login(message, signature, client)
        except SignatureError as error:
            if error.field != "nonce" or not any(nonce in message for nonce in self.issued):
                raise
            return opened(ACCOUNTS[0])


class NeverLogsOut(Passes):
    async def logout(self, principal: Principal) -> None:
        """Nothing."""


class ShowsNoSessions(Passes):
    async def sessions(self, account: AccountId) -> list[OpenSession]:
        return []


class ShowsEverybodysSessions(Passes):
    async def sessions(self, account: AccountId) -> list[OpenSession]:
        return [one for name in ACCOUNTS for one in await super().sessions(name)]


class ForgetsTheClient(Passes):
    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        return await self.inner.login(message, signature)


class NeverRevokes(Passes):
    async def revoke(self, account: AccountId, session_id: str) -> bool:
        return any(one.id == session_id for one in await super().sessions(account))


class RevokesForAnybody(Passes):
    """Ends a session by its id alone."""

    async def revoke(self, account: AccountId, session_id: str) -> bool:
        for name in ACCOUNTS:
            if await super().revoke(name, session_id):
                return True
        return False


class DropsTheLast(Passes):
    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        return (await super().verify_many(orders))[:-1]


class VerifiesTheFirst(Passes):
    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        verdicts = await super().verify_many(orders)
        return verdicts[:1] * len(verdicts)


class RaisesForOne(Passes):
    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        verdicts = await super().verify_many(orders)
        if any(isinstance(verdict, Refusal) for verdict in verdicts):
            raise SignatureError("signature", "is wrong", "a right one")
        return verdicts


class WantsProofs(Passes):
    """Asks about each order alone."""

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        return [one for order in orders for one in await super().verify_many([order])]


class KeepsProofs(Passes):
    """Takes a tree, and does not say where in it an order is."""

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        return [
            msgspec.structs.replace(one, proof=()) if isinstance(one, Authorization) else one
            for one in await super().verify_many(orders)
        ]


def opened(account: AccountId) -> Session:
    principal = Principal(account=account, session_id="1")
    return Session(
        principal=principal,
        access_token="a",
        access_expires_at_ms=1,
        refresh_token="r",
        refresh_expires_at_ms=1,
    )


MUTANTS: list[tuple[str, Callable[[Auth], Auth]]] = [
    ("nonces_are_fresh", OneNonce),
    ("a_login_opens_a_session", OpensForSomebody),
    ("a_nonce_is_good_once", Remembers),
    ("a_nonce_ends", KeepsNonces),
    ("of_logins_at_once_one_succeeds", ChecksLate),
    ("only_an_issued_nonce_counts", TakesAnyNonce),
    ("a_wrong_signature_opens_nothing", TakesAnySignature),
    ("a_malformed_message_opens_nothing", Crashes),
    ("an_access_token_speaks_for_its_account", SpeaksForAlice),
    ("other_tokens_speak_for_nobody", TakesAnyToken),
    ("an_access_token_ends", NeverEnds),
    ("refresh_rotates", RefreshesInPlace),
    ("a_used_refresh_token_ends_the_session", ForgivesReuse),
    ("of_refreshes_at_once_one_succeeds_at_most", RefreshesForAll),
    ("logout_ends_one_session", NeverLogsOut),
    ("open_sessions_are_shown", ShowsNoSessions),
    ("open_sessions_are_shown", ForgetsTheClient),
    ("sessions_are_their_account_s_own", ShowsEverybodysSessions),
    ("sessions_are_their_account_s_own", RevokesForAnybody),
    ("a_revoked_session_is_void", NeverRevokes),
    ("each_order_gets_its_verdict", DropsTheLast),
    ("an_order_with_other_terms_is_refused", VerifiesTheFirst),
    ("a_malformed_signature_is_a_refusal", RaisesForOne),
    ("trees_need_no_proofs", WantsProofs),
    ("trees_need_no_proofs", KeepsProofs),
]


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_a_broken_auth_is_refused(rule: str, mutant: Callable[[Auth], Auth]) -> None:
    """By the rule that it breaks, in words that name the rule."""
    assert is_refused(type("MutantKit", (WalletKit,), {"kind": mutant}), rule)


def test_every_rule_has_an_auth_that_breaks_it() -> None:
    """A rule that nothing can break checks nothing."""
    assert {rule for rule, _ in MUTANTS} == set(AuthKit.rules())
