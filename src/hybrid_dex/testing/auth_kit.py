"""AuthKit: every rule of the `Auth` interface, for whoever decides otherwise who asks.

What a login message and a signature are is the backend's own affair, so the factory returns it on a
bench: the auth, two accounts, what signs for them, and its clock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import attrs
import msgspec

from hybrid_dex.errors import SignatureError
from hybrid_dex.interfaces.auth import Auth, LoginClient, Session
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, Nonce, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, Price, Quantity
from hybrid_dex.testing.rules import Kit, demand, expect, made, raises, rule

__all__ = ["AuthBench", "AuthKit"]

_TOGETHER: Final = 20


@attrs.frozen(kw_only=True)
class AuthBench:
    """An auth under test, and what it takes to ask it something.

    Attributes:
        auth: a fresh one, that knows of no login.
        accounts: two accounts that may log in and sign orders.
        login: returns the message and the signature of an account's login with a nonce.
        order: returns an account's order, signed as it must be; another one for each number.
        pass_time: moves the auth's clock on by so many seconds.
        tree: returns an account's orders under one signature, all of a tree in the order of their
            leaves and without proofs, one for each number; ``None`` where the auth knows no trees,
            which ``lacks`` then says of ``trees_need_no_proofs``.
    """

    auth: Auth
    accounts: tuple[AccountId, AccountId]
    login: Callable[[AccountId, str], tuple[str, bytes]]
    order: Callable[[AccountId, int], SignedOrder]
    pass_time: Callable[[float], None]
    tree: Callable[[AccountId, Sequence[int]], Sequence[SignedOrder]] | None = None

    async def session(self, account: AccountId) -> Session:
        """Log an account in."""
        return await self.auth.login(*self.login(account, await self.auth.issue_nonce()))


class AuthKit(Kit):
    """Subclass it as ``TestYourAuth`` and write `make_auth`."""

    def make_auth(self) -> AuthBench | Awaitable[AuthBench]:
        """Return a fresh auth on its bench."""
        raise NotImplementedError

    # --------------------------------------------------------------------- logging in

    @rule
    async def test_nonces_are_fresh(self) -> None:
        """Every nonce is text that was never issued before."""
        bench = await made(self.make_auth())
        nonces = [await bench.auth.issue_nonce() for _ in range(100)]
        expect("different nonces", len(set(nonces)), 100)
        demand(all(nonces), "an empty nonce")

    @rule
    async def test_a_login_opens_a_session(self) -> None:
        """A signed message with a fresh nonce opens a session of its account, with two tokens."""
        bench = await made(self.make_auth())
        for account in bench.accounts:
            session = await bench.session(account)
            expect("the session's account", session.principal.account, account)
            demand(bool(session.access_token and session.refresh_token), "an empty token")
            demand(session.access_expires_at_ms > 0, "an access token without an end")
            demand(session.refresh_expires_at_ms > 0, "a refresh token without an end")

    @rule
    async def test_a_nonce_is_good_once(self) -> None:
        """The same message does not open a second session."""
        bench = await made(self.make_auth())
        message = bench.login(bench.accounts[0], await bench.auth.issue_nonce())
        await bench.auth.login(*message)
        with raises("the same login again", SignatureError):
            await bench.auth.login(*message)

    @rule
    async def test_a_nonce_ends(self) -> None:
        """One that nobody used for a day opens nothing, though the message is signed just now."""
        bench = await made(self.make_auth())
        nonce = await bench.auth.issue_nonce()
        bench.pass_time(24 * 3600)
        with raises("a login with a nonce of yesterday", SignatureError):
            await bench.auth.login(*bench.login(bench.accounts[0], nonce))

    @rule
    async def test_of_logins_at_once_one_succeeds(self) -> None:
        """The same message sent many times at once opens exactly one session."""
        bench = await made(self.make_auth())
        message = bench.login(bench.accounts[0], await bench.auth.issue_nonce())
        answers = await asyncio.gather(
            *(bench.auth.login(*message) for _ in range(_TOGETHER)), return_exceptions=True
        )
        opened = [one for one in answers if isinstance(one, Session)]
        refused = [one for one in answers if isinstance(one, SignatureError)]
        expect("sessions and refusals", (len(opened), len(refused)), (1, _TOGETHER - 1))

    @rule
    async def test_only_an_issued_nonce_counts(self) -> None:
        """A message with a nonce that this auth did not issue is refused."""
        bench, other = await made(self.make_auth()), await made(self.make_auth())
        nonce = await bench.auth.issue_nonce()
        altered = nonce[:-1] + ("0" if nonce[-1] != "0" else "1")
        for unknown in (altered, "0123456789abcdef"):
            with raises(f"a login with the nonce {unknown}", SignatureError):
                await bench.auth.login(*bench.login(bench.accounts[0], unknown))
        foreign = await other.auth.issue_nonce()
        if foreign != nonce:
            with raises("a login with another auth's nonce", SignatureError):
                await bench.auth.login(*bench.login(bench.accounts[0], foreign))

    @rule
    async def test_a_wrong_signature_opens_nothing(self) -> None:
        """Another account's signature, one of other text, a cut one or none raise SignatureError."""
        bench = await made(self.make_auth())
        alice, bob = bench.accounts
        nonce = await bench.auth.issue_nonce()
        message, signature = bench.login(alice, nonce)
        _, of_bob = bench.login(bob, nonce)
        _, of_other = bench.login(alice, await bench.auth.issue_nonce())
        cut = signature[
            :-2
        ]  # without its last byte it may be a whole one of the compact form (EIP-2098)
        for wrong in (of_bob, of_other, cut, b"", bytes(len(signature))):
            with raises(f"a login signed {wrong.hex()[:16]!r}", SignatureError):
                await bench.auth.login(message, wrong)

    @rule
    async def test_a_malformed_message_opens_nothing(self) -> None:
        """Text that is no login message raises SignatureError."""
        bench = await made(self.make_auth())
        message, signature = bench.login(bench.accounts[0], await bench.auth.issue_nonce())
        for text in ("", " ", "hello", message + "x", message[:-1], "\x00" * 9):
            with raises(f"a login with {text[:12]!r}", SignatureError):
                await bench.auth.login(text, signature)

    # ----------------------------------------------------------------------- sessions

    @rule
    async def test_an_access_token_speaks_for_its_account(self) -> None:
        """Authenticate returns the principal of the login, for each of several sessions."""
        bench = await made(self.make_auth())
        sessions = [
            await bench.session(account) for account in (*bench.accounts, bench.accounts[0])
        ]
        for session in sessions:
            found = await bench.auth.authenticate(session.access_token)
            expect("who the token speaks for", found, session.principal)

    @rule
    async def test_other_tokens_speak_for_nobody(self) -> None:
        """Garbage, an altered token, or a refresh token where an access token belongs: refused."""
        bench = await made(self.make_auth())
        session = await bench.session(bench.accounts[0])
        token = session.access_token
        middle = len(token) // 2
        altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
        for wrong in ("", "x", token[:-4], altered, session.refresh_token):
            with raises(f"authenticating {wrong[:12]!r}", SignatureError):
                await bench.auth.authenticate(wrong)
        for wrong in ("", "x", session.access_token):
            with raises(f"refreshing {wrong[:12]!r}", SignatureError):
                await bench.auth.refresh(wrong)

    @rule
    async def test_an_access_token_ends(self) -> None:
        """At the time that the session names, and not before."""
        bench = await made(self.make_auth())
        early = await bench.session(bench.accounts[0])
        bench.pass_time(1)
        later = await bench.session(bench.accounts[1])
        life_s = (later.access_expires_at_ms - early.access_expires_at_ms) / 1000
        demand(0 < life_s <= 2, "the end of a token does not follow the clock")
        await bench.auth.authenticate(early.access_token)
        bench.pass_time(31 * 24 * 3600)
        for session in (early, later):
            with raises("authenticating a token of a month ago", SignatureError):
                await bench.auth.authenticate(session.access_token)
            with raises("refreshing a session of a month ago", SignatureError):
                await bench.auth.refresh(session.refresh_token)

    @rule
    async def test_refresh_rotates(self) -> None:
        """A refresh token buys new tokens for the same account, and those buy the next."""
        bench = await made(self.make_auth())
        session = await bench.session(bench.accounts[0])
        for _ in range(3):
            renewed = await bench.auth.refresh(session.refresh_token)
            expect("the account", renewed.principal.account, bench.accounts[0])
            demand(renewed.refresh_token != session.refresh_token, "the old refresh token again")
            found = await bench.auth.authenticate(renewed.access_token)
            expect("who the new token speaks for", found, renewed.principal)
            session = renewed

    @rule
    async def test_a_used_refresh_token_ends_the_session(self) -> None:
        """One of two holders is a thief: both are out, and other sessions are not."""
        bench = await made(self.make_auth())
        other = await bench.session(bench.accounts[0])
        session = await bench.session(bench.accounts[0])
        renewed = await bench.auth.refresh(session.refresh_token)
        with raises("a used refresh token", SignatureError):
            await bench.auth.refresh(session.refresh_token)
        with raises("the access token of the session", SignatureError):
            await bench.auth.authenticate(renewed.access_token)
        with raises("the newest refresh token of the session", SignatureError):
            await bench.auth.refresh(renewed.refresh_token)
        await bench.auth.authenticate(other.access_token)

    @rule
    async def test_of_refreshes_at_once_one_succeeds_at_most(self) -> None:
        """The same refresh token used many times at once buys one new pair of tokens, or none."""
        bench = await made(self.make_auth())
        session = await bench.session(bench.accounts[0])
        answers = await asyncio.gather(
            *(bench.auth.refresh(session.refresh_token) for _ in range(_TOGETHER)),
            return_exceptions=True,
        )
        refused = [one for one in answers if isinstance(one, SignatureError)]
        demand(len(refused) >= _TOGETHER - 1, f"{len(refused)} of {_TOGETHER} were refused")

    @rule
    async def test_logout_ends_one_session(self) -> None:
        """Its tokens are void at once, those of the account's other sessions are not; repeats are safe."""
        bench = await made(self.make_auth())
        other = await bench.session(bench.accounts[0])
        session = await bench.session(bench.accounts[0])
        await bench.auth.authenticate(session.access_token)
        for _ in range(2):
            await bench.auth.logout(session.principal)
            with raises("a token after logout", SignatureError):
                await bench.auth.authenticate(session.access_token)
            with raises("a refresh after logout", SignatureError):
                await bench.auth.refresh(session.refresh_token)
        await bench.auth.authenticate(other.access_token)

    @rule
    async def test_open_sessions_are_shown(self) -> None:
        """Oldest first, with when they were opened and what they came from, until they end."""
        bench = await made(self.make_auth())
        alice = bench.accounts[0]
        client = LoginClient(address="192.0.2.7", user_agent="a browser")
        message = bench.login(alice, await bench.auth.issue_nonce())
        first = await bench.auth.login(*message, client)
        bench.pass_time(2)
        second = await bench.session(alice)
        shown = await bench.auth.sessions(alice)
        wanted = [first.principal.session_id, second.principal.session_id]
        expect("the sessions", [one.id for one in shown], wanted)
        expect("what the first came from", shown[0].client, client)
        demand(
            shown[0].opened_at_ms < shown[1].opened_at_ms <= shown[1].used_at_ms,
            "the times of opening and use do not follow the clock",
        )
        demand(all(one.ends_at_ms > one.opened_at_ms for one in shown), "no end, or an early one")
        await bench.auth.logout(first.principal)
        left = await bench.auth.sessions(alice)
        expect("the sessions after logout", [one.id for one in left], wanted[1:])

    @rule
    async def test_sessions_are_their_account_s_own(self) -> None:
        """An account neither sees nor ends another's sessions."""
        bench = await made(self.make_auth())
        alice, bob = bench.accounts
        session = await bench.session(alice)
        expect("the other account's sessions", await bench.auth.sessions(bob), [])
        ended = await bench.auth.revoke(bob, session.principal.session_id)
        demand(not ended, "a session was ended by another account")
        await bench.auth.authenticate(session.access_token)

    @rule
    async def test_a_revoked_session_is_void(self) -> None:
        """Its tokens at once, those of other sessions not; a second time there is none to end."""
        bench = await made(self.make_auth())
        alice = bench.accounts[0]
        other, session = await bench.session(alice), await bench.session(alice)
        await bench.auth.authenticate(session.access_token)
        session_id = session.principal.session_id
        demand(await bench.auth.revoke(alice, session_id), "the session was not found")
        with raises("a token of a revoked session", SignatureError):
            await bench.auth.authenticate(session.access_token)
        with raises("a refresh of a revoked session", SignatureError):
            await bench.auth.refresh(session.refresh_token)
        demand(not await bench.auth.revoke(alice, session_id), "a session ended twice")
        await bench.auth.authenticate(other.access_token)

    # ------------------------------------------------------------------------- orders

    @rule
    async def test_each_order_gets_its_verdict(self) -> None:
        """In turn: an authorization that repeats what the order says, for as many as there are."""
        bench = await made(self.make_auth())
        expect("verdicts on no orders", await bench.auth.verify_many([]), [])
        orders = [bench.order(bench.accounts[n % 2], n) for n in range(1, 40)]
        verdicts = await bench.auth.verify_many(orders)
        expect("how many verdicts", len(verdicts), len(orders))
        for order, verdict in zip(orders, verdicts, strict=True):
            demand(isinstance(verdict, Authorization), f"a good order is refused: {verdict}")
            found = tuple(getattr(verdict, name) for name in ("max_fee_ppm", "expiry_s", "nonce"))
            wanted = (order.max_fee_ppm, order.expiry_s, order.nonce.packed)
            expect("fee cap, expiry and nonce", found, wanted)

    @rule
    async def test_an_order_with_other_terms_is_refused(self) -> None:
        """Any signed term changed after signing gives a Refusal; its neighbours are not concerned."""
        bench = await made(self.make_auth())
        good = bench.order(bench.accounts[0], 1)
        for name, order in _altered(good, bench.accounts[1]).items():
            verdicts = await bench.auth.verify_many([good, order, good])
            _demand_refusal(f"another {name}", verdicts[1])
            for verdict in (verdicts[0], verdicts[2]):
                demand(isinstance(verdict, Authorization), f"its neighbour is refused: {verdict}")

    @rule
    async def test_a_malformed_signature_is_a_refusal(self) -> None:
        """Never an exception: the other orders of the call have verdicts, too."""
        bench = await made(self.make_auth())
        good = bench.order(bench.accounts[0], 1)
        for signature in (b"", b"\x00", bytes(64), bytes(65), b"\xff" * 65, b"x" * 4_000):
            order = msgspec.structs.replace(good, signature=signature)
            _, verdict = await bench.auth.verify_many([good, order])
            _demand_refusal(f"a signature of {len(signature)} bytes", verdict)

    @rule
    async def test_trees_need_no_proofs(self) -> None:
        """All of a tree is taken without proofs and gets them, or is refused whole, among others."""
        bench = await made(self.make_auth())
        demand(
            bench.tree is not None, "the bench has no `tree`: an auth without trees `lacks` this"
        )
        assert bench.tree is not None
        verify, single = bench.auth.verify_many, bench.order(bench.accounts[0], 1)
        for size in (1, 2, 3, 8):
            trees = [bench.tree(one, range(10, 10 + size)) for one in bench.accounts]
            orders = [single, *trees[0], *trees[1], single]
            verdicts = await verify(orders)
            expect("how many verdicts", len(verdicts), len(orders))
            for order, verdict in zip(orders, verdicts, strict=True):
                demand(isinstance(verdict, Authorization), f"a good order is refused: {verdict}")
                proof = verdict.proof if isinstance(verdict, Authorization) else ()
                alone = msgspec.structs.replace(order, proof=proof)
                expect("the verdict on it alone, with its proof", await verify([alone]), [verdict])
            changed = msgspec.structs.replace(
                trees[0][-1], quantity=Quantity(trees[0][-1].quantity + 1)
            )
            found = await verify([single, *trees[0][:-1], changed, *trees[1]])
            for verdict in found[1 : 1 + size]:
                _demand_refusal("an order of a tree of which one was changed", verdict)
            for verdict in (found[0], *found[1 + size :]):
                demand(isinstance(verdict, Authorization), f"its neighbour is refused: {verdict}")


def _altered(order: SignedOrder, other: AccountId) -> dict[str, SignedOrder]:
    """The order with one signed term changed, by the term's name."""
    nonce = order.nonce
    changes: dict[str, dict[str, object]] = {
        "trader": {"trader": other},
        "side": {"side": Side(1 - order.side)},
        "price": {"price": Price(order.price + 1)},
        "quantity": {"quantity": Quantity(order.quantity + 1)},
        "fee cap": {"max_fee_ppm": FeePpm(order.max_fee_ppm + 1)},
        "expiry": {"expiry_s": order.expiry_s + 1},
        "nonce": {"nonce": Nonce(nonce.counter + 1, nonce.revision, nonce.lane)},
        "post-only flag": {"post_only": not order.post_only},
        "time in force": {"time_in_force": TimeInForce.FOK},
        "market": {"market": attrs.evolve(order.market, number=order.market.number + 1)},
    }
    return {name: msgspec.structs.replace(order, **change) for name, change in changes.items()}


def _demand_refusal(what: str, verdict: Authorization | Refusal) -> None:
    reason = verdict.reason if isinstance(verdict, Refusal) else None
    demand(isinstance(reason, RejectReason), f"{what}: it gets {verdict}")
