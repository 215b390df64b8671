"""Sessions: when tokens are used, refreshed, or replaced by a login."""

import pytest

from hybrid_dex.client.session import TokenStep, login_request, next_step
from hybrid_dex.signing import LocalSigner, LoginMessage, recover_personal
from hybrid_dex.wire import LoginTerms, SessionAnswer, login_signature

SESSION = SessionAnswer(
    account="a",
    access_token="t",
    access_expires_at_ms=100_000,
    refresh_token="r",
    refresh_expires_at_ms=500_000,
)


@pytest.mark.parametrize(
    ("now_ms", "step"),
    [
        (0, TokenStep.USE),
        (69_999, TokenStep.USE),
        (70_000, TokenStep.REFRESH),
        (469_999, TokenStep.REFRESH),
        (470_000, TokenStep.LOGIN),
        (900_000, TokenStep.LOGIN),
    ],
)
def test_tokens_are_renewed_half_a_minute_before_they_end(now_ms: int, step: TokenStep) -> None:
    """A request that is under way does not meet an expired token."""
    assert next_step(SESSION, now_ms) is step


def test_without_a_session_one_logs_in() -> None:
    """Whatever the time."""
    assert next_step(None, 0) is TokenStep.LOGIN


def test_a_login_says_what_the_exchange_asked_for() -> None:
    """Domain, URI, chain, statement and nonce are the exchange's; time and signature are ours."""
    signer = LocalSigner(b"\x05" * 32)
    terms = LoginTerms(domain="x.example", uri="https://x.example/", chain_id=5, statement="Hello.")
    request = login_request(signer, terms, "nonce0001", 1_790_000_000_000_000_000)
    message = LoginMessage.parse(request.message)
    assert (message.domain, message.uri, message.chain_id) == ("x.example", "https://x.example/", 5)
    assert (message.statement, message.nonce) == ("Hello.", "nonce0001")
    assert message.issued_at_ns == 1_790_000_000_000_000_000
    assert recover_personal(request.message, login_signature(request)) == signer.address
