"""Messages of login and of the account: sessions, balances."""

import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.interfaces.auth import Session
from hybrid_dex.model.market import Asset
from hybrid_dex.model.views import Balance
from hybrid_dex.wire.api_keys import RoleWord
from hybrid_dex.wire.scalars import (
    AccountText,
    DecimalText,
    Milliseconds,
    SignatureText,
    SymbolText,
    TokenText,
    signature_bytes,
)

__all__ = [
    "BalanceMessage",
    "BalancesAnswer",
    "LoginRequest",
    "NonceAnswer",
    "RefreshRequest",
    "SessionAnswer",
    "balance_message",
    "login_signature",
    "session_answer",
]


class NonceAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A login nonce, good once and for a short time (EIP-4361)."""

    nonce: TokenText


class LoginRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed login.

    Attributes:
        message: the EIP-4361 text exactly as it was signed.
        signature: 65 bytes r, s, v of ``personal_sign``, in hexadecimal; of an account that is a
            contract, what its ``isValidSignature`` accepts (ERC-1271).
    """

    message: TokenText
    signature: SignatureText


class RefreshRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token that buys the next session, once."""

    refresh_token: TokenText


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session: ``access_token`` goes into the Authorization header as a bearer token.

    Attributes:
        role: what the account may do beside trading, when this was answered.
    """

    account: AccountText
    access_token: TokenText
    access_expires_at_ms: Milliseconds
    refresh_token: TokenText
    refresh_expires_at_ms: Milliseconds
    role: RoleWord = "trader"


class BalanceMessage(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True
):
    """One account's balance of one asset; decimal text.

    Attributes:
        available: can be traded now; negative only while the account is frozen.
        held: reserved by open orders.
        withdrawing: waits for a withdrawal requested on chain.
        in_flight_in: part of `available` or `held` that came from fills not final yet.
        in_flight_out: debited by fills that are not final yet; still in the vault on chain.
        total: available, held, withdrawing and in vouchers.
        vouchers: set aside for open vouchers; still in the vault on chain.
    """

    asset: SymbolText
    available: DecimalText
    held: DecimalText
    withdrawing: DecimalText
    in_flight_in: DecimalText
    in_flight_out: DecimalText
    total: DecimalText
    vouchers: DecimalText = "0"


class BalancesAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All balances of an account, by asset."""

    balances: list[BalanceMessage]


def session_answer(session: Session, role: RoleWord = "trader") -> SessionAnswer:
    """Return a session as its owner receives it."""
    return SessionAnswer(
        account=session.principal.account,
        access_token=session.access_token,
        access_expires_at_ms=session.access_expires_at_ms,
        refresh_token=session.refresh_token,
        refresh_expires_at_ms=session.refresh_expires_at_ms,
        role=role,
    )


def login_signature(request: LoginRequest) -> bytes:
    """Return the signature's bytes. Raises `FormatError`."""
    return signature_bytes(request.signature)


def balance_message(balance: Balance, asset: Asset) -> BalanceMessage:
    """Return a balance as decimal text, exactly."""
    if balance.asset != asset.id:
        raise FormatError("asset", f"is {asset.id}, the balance is in {balance.asset}", "its asset")
    return BalanceMessage(
        asset=asset.id,
        available=asset.format(balance.available),
        held=asset.format(balance.held),
        withdrawing=asset.format(balance.withdrawing),
        in_flight_in=asset.format(balance.in_flight_in),
        in_flight_out=asset.format(balance.in_flight_out),
        total=asset.format(balance.total),
        vouchers=asset.format(balance.vouchers),
    )
