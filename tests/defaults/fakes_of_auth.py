"""What auth is given in tests: a clock that is set, randomness that is counted, a known wallet."""

import attrs

from hybrid_dex.defaults.login_store import LoginStore, MemoryLoginStore
from hybrid_dex.defaults.login_tokens import LoginTokens
from hybrid_dex.defaults.wallet_auth import WalletAuth, WalletAuthOptions
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.signing import Domain, LocalSigner, LoginMessage, format_date_time

ORIGIN = "https://exchange.example"
DOMAIN = Domain(chain_id=31337, verifying_contract="0x5FbDB2315678afecb367f032d93F642f64180aa3")
SECRET = "7f0c1d5b9a3e48626b1f0a9d8c7e5f43"
START_S = 1_800_000_000
ALICE = LocalSigner("0x" + "a1" * 32)
MALLORY = LocalSigner("0x" + "ee" * 32)


@attrs.define
class SetClock:
    """Shows what it is set to."""

    now_s: float = START_S

    def now_ns(self) -> TimestampNs:
        """Return the set time."""
        return TimestampNs(round(self.now_s * 1000) * 10**6)

    async def sleep(self, seconds: float) -> None:
        """Step at once."""
        self.now_s += seconds


@attrs.define
class CountedBytes:
    """Different bytes on each call, the same ones in each run."""

    calls: int = 0

    def __call__(self, size: int) -> bytes:
        """Return the number of the call."""
        self.calls += 1
        return self.calls.to_bytes(size, "big")


def tokens(secret: str = SECRET, issuer: str = "hybrid-dex", audience: str = "api") -> LoginTokens:
    """The exchange's token writer, or that of another."""
    return LoginTokens(secret=secret, issuer=issuer, audience=audience)


def wallet_auth(
    clock: SetClock, *, store: LoginStore | None = None, options: WalletAuthOptions | None = None
) -> WalletAuth:
    """Wallet auth with every source of surprise replaced."""
    return WalletAuth(
        domain=DOMAIN,
        tokens=tokens(),
        clock=clock,
        options=options or WalletAuthOptions(origins=(ORIGIN, "http://localhost:3000")),
        store=store or MemoryLoginStore(),
        randomness=CountedBytes(),
    )


def login_message(nonce: str, clock: SetClock, signer: LocalSigner = ALICE) -> LoginMessage:
    """A message that is acceptable now."""
    return LoginMessage(
        domain="exchange.example",
        address=signer.address,
        uri=ORIGIN + "/login",
        chain_id=DOMAIN.chain_id,
        nonce=nonce,
        issued_at=format_date_time(clock.now_ns()),
    )
