"""Messages about logins and keys: open sessions, API keys, and confirmations by the wallet."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from hybrid_dex.interfaces.auth import OpenSession
from hybrid_dex.wire.scalars import (
    AccountText,
    BytesText,
    IdentifierText,
    Milliseconds,
    SignatureText,
    SymbolText,
    TokenText,
)

__all__ = [
    "ActionAnswer",
    "ActionRequest",
    "ActionTokenAnswer",
    "ApiKeyAnswer",
    "ApiKeyMessage",
    "ApiKeyRequest",
    "ApiKeysAnswer",
    "AuditAnswer",
    "AuditMessage",
    "ConfirmRequest",
    "KeyKindWord",
    "RevokeRequest",
    "RevokedAnswer",
    "RoleMessage",
    "RoleRequest",
    "RoleWord",
    "RolesAnswer",
    "ScopeWord",
    "SessionMessage",
    "SessionsAnswer",
    "session_message",
]

ScopeWord: TypeAlias = Literal["read", "trade"]
RoleWord: TypeAlias = Literal["trader", "support", "operator", "admin"]
KeyKindWord: TypeAlias = Literal["ed25519", "hmac"]
NameText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
NetworkText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, description="an address or a network as CIDR, v4 or v6")
]
DigestText: TypeAlias = Annotated[
    str, Meta(description="64 hexadecimal digits", pattern="^[0-9a-f]{64}$", max_length=64)
]
MethodWord: TypeAlias = Literal["POST", "PUT", "PATCH", "DELETE"]
TargetText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=512, pattern="^/", description="path and query as sent")
]


class SessionMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open login of the account.

    Attributes:
        id: names it, and is no secret.
        opened_at_ms: when the login happened.
        used_at_ms: about when it was last used.
        ends_at_ms: when it ends unless it is refreshed before.
        address: the network address that it came from.
        user_agent: what the program that logged in calls itself.
        current: whether it is the one that asks.
    """

    id: IdentifierText
    opened_at_ms: Milliseconds
    used_at_ms: Milliseconds
    ends_at_ms: Milliseconds
    address: str
    user_agent: str
    current: bool


class SessionsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All open logins of the account, oldest first."""

    sessions: list[SessionMessage]


class RevokedAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many were ended."""

    revoked: int


class RevokeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An access token to void alone; whoever has it may."""

    token: TokenText


class ApiKeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a key shall be.

    Attributes:
        name: what its owner calls it.
        kind: ``ed25519`` with a ``public_key``, or ``hmac``.
        scopes: what it may do.
        expires_at_ms: when it ends, at most a year from now.
        markets: where; null for all markets.
        networks: where its requests may come from; empty for anywhere.
        public_key: 32 bytes of an Ed25519 key.
    """

    name: NameText
    kind: KeyKindWord
    scopes: list[ScopeWord]
    expires_at_ms: Milliseconds
    markets: list[SymbolText] | None = None
    networks: list[NetworkText] = []
    public_key: BytesText | None = None


class ApiKeyMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key of the account; ``used_at_ms`` is about when it was last used, null for never."""

    id: IdentifierText
    name: NameText
    kind: KeyKindWord
    scopes: list[ScopeWord]
    markets: list[SymbolText] | None
    networks: list[NetworkText]
    created_at_ms: Milliseconds
    expires_at_ms: Milliseconds
    used_at_ms: Milliseconds | None


class ApiKeyAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new key. ``secret``, of an HMAC key, is shown this once: 0x and hexadecimal digits."""

    key: ApiKeyMessage
    secret: BytesText | None


class ApiKeysAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All keys of the account, oldest first."""

    keys: list[ApiKeyMessage]


class ActionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one request that the wallet shall confirm.

    Attributes:
        method: its method.
        target: its path and query, as they will be sent.
        body_sha256: SHA-256 of its body, as it will be sent; of nothing when there is none.
    """

    method: MethodWord
    target: TargetText
    body_sha256: DigestText


class ActionAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the wallet signs (EIP-4361), and until when it counts."""

    message: TokenText
    expires_at_ms: Milliseconds


class ConfirmRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The message exactly as it was signed, and its signature, as in a login."""

    message: TokenText
    signature: SignatureText


class ActionTokenAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes with the confirmed request in the header ``HD-Action``, once."""

    action_token: TokenText
    expires_at_ms: Milliseconds


class RoleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The role that an account shall have; ``trader`` takes away any other."""

    role: RoleWord


class RoleMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role above trader, since when, and who gave it."""

    account: AccountText
    role: RoleWord
    granted_at_ms: Milliseconds
    granted_by: str


class RolesAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every account with a role above trader."""

    roles: list[RoleMessage]


class AuditMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who changed what, when; ``id`` rises.

    Attributes:
        detail: the rest, in words.
        request: the id of the action that it is about; empty for none, as are the next four.
        reason: why, in the words of who asked for it.
        before: how it was.
        after: how it is.
        outcome: ``done``, ``refused``, ``proposed``, ``canceled``, ``expired`` or ``unknown``.
    """

    id: int
    at_ms: Milliseconds
    actor: str
    action: str
    subject: str
    detail: str
    request: str = ""
    reason: str = ""
    before: str = ""
    after: str = ""
    outcome: str = ""


class AuditAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The audit log, newest first; ``before`` with the last ``id`` gives the next page."""

    entries: list[AuditMessage]


def session_message(session: OpenSession, current_id: str) -> SessionMessage:
    """Return an open login as its account sees it."""
    return SessionMessage(
        id=session.id,
        opened_at_ms=session.opened_at_ms,
        used_at_ms=session.used_at_ms,
        ends_at_ms=session.ends_at_ms,
        address=session.client.address,
        user_agent=session.client.user_agent,
        current=session.id == current_id,
    )
