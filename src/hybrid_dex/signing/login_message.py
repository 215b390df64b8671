"""Sign-In with Ethereum (EIP-4361): the text that a wallet shows and signs at login.

The grammar is parsed line by line against the EIP's ABNF; each line is looked at once and the
whole text is capped, so a hostile message costs no more than a good one. What is checked here is
form only. Whether the domain is ours, the nonce was issued and the time is right is for whoever
holds a clock and the nonces (`WalletAuth`).

The signature covers the text as received, so it is the text that is hashed, never a rebuilt one.
A message is signed with the EIP-191 prefix, so it can never be mistaken for a transaction, nor,
having another prefix, for an order.
"""

import re
from typing import Final

import attrs

from hybrid_dex.errors import SignatureError
from hybrid_dex.signing.address import parse_address
from hybrid_dex.signing.date_time import parse_date_time
from hybrid_dex.signing.keccak import keccak256
from hybrid_dex.signing.recover import recover_address
from hybrid_dex.signing.uri import is_authority, is_path_characters, is_scheme, is_uri

__all__ = ["MAX_MESSAGE_BYTES", "LoginMessage", "personal_digest", "recover_personal"]

MAX_MESSAGE_BYTES: Final = 4096
"""Longer messages are refused before anything is parsed."""

_PREAMBLE: Final = " wants you to sign in with your Ethereum account:"
_STATEMENT: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]*+", re.ASCII)
_CHAIN_ID: Final = re.compile(r"[0-9]{1,78}", re.ASCII)  # a uint256 has no more digits
_NONCE: Final = re.compile(r"[A-Za-z0-9]{8,}+", re.ASCII)
_STATEMENT_FORM: Final = "the ASCII characters of URIs, and spaces"
_DATE_FORM: Final = "an RFC 3339 date-time such as 2026-01-31T12:00:00Z"


@attrs.frozen(kw_only=True)
class LoginMessage:
    """The fields of an EIP-4361 message, each valid by the EIP's grammar.

    Building one checks every field, so `text` is always a valid message.

    Attributes:
        domain: RFC 3986 authority that asks for the login, never empty.
        address: EIP-55 address of the account that signs.
        uri: RFC 3986 URI that the login is for.
        chain_id: EIP-155 chain that the session is bound to.
        nonce: at least 8 letters and digits, as the server issued them.
        issued_at: RFC 3339 date-time, as written.
        scheme: scheme of the requesting origin, or ``None`` if not given.
        statement: what the user agrees to, one line; may be empty, ``None`` if absent.
        expiration_time: RFC 3339 date-time from which the message is void.
        not_before: RFC 3339 date-time before which the message is void.
        request_id: RFC 3986 path characters; may be empty.
        resources: RFC 3986 URIs; an empty tuple is a list without entries, ``None`` no list.
    """

    domain: str
    address: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    scheme: str | None = None
    statement: str | None = None
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None

    def __attrs_post_init__(self) -> None:
        if self.scheme is not None and not is_scheme(self.scheme):
            raise SignatureError(
                "scheme", "not a URI scheme", "a letter, then letters, digits, + - ."
            )
        if not self.domain or not is_authority(self.domain):
            raise SignatureError("domain", "not an RFC 3986 authority", "such as example.com:8080")
        parse_address(self.address)
        if self.statement is not None and _STATEMENT.fullmatch(self.statement) is None:
            raise SignatureError("statement", "a character is not allowed", _STATEMENT_FORM)
        _check_uri("uri", self.uri)
        if self.chain_id < 0:
            raise SignatureError("chain_id", "negative", "a whole number")
        if _NONCE.fullmatch(self.nonce) is None:
            raise SignatureError("nonce", "not a nonce", "at least 8 letters and digits")
        _instant("issued_at", self.issued_at)
        if self.expiration_time is not None:
            _instant("expiration_time", self.expiration_time)
        if self.not_before is not None:
            _instant("not_before", self.not_before)
        if self.request_id is not None and not is_path_characters(self.request_id):
            raise SignatureError("request_id", "a character is not allowed", "RFC 3986 pchar")
        for resource in self.resources or ():
            _check_uri("resources", resource)

    @classmethod
    def parse(cls, text: str) -> "LoginMessage":
        """Return the fields of a message.

        Raises:
            SignatureError: the text is over `MAX_MESSAGE_BYTES`, is not ASCII, or leaves the EIP's
                grammar; ``field`` names the first offending field.
        """
        if len(text) > MAX_MESSAGE_BYTES:
            raise SignatureError("message", "too long", f"at most {MAX_MESSAGE_BYTES} bytes")
        if not text.isascii():
            raise SignatureError("message", "not ASCII", "ASCII characters only")
        return _parse_lines(text.split("\n"))

    @property
    def issued_at_ns(self) -> int:
        """``issued_at`` in nanoseconds since the Unix epoch."""
        return _instant("issued_at", self.issued_at)

    @property
    def expiration_time_ns(self) -> int | None:
        """``expiration_time`` in nanoseconds since the Unix epoch, if given."""
        return (
            None
            if self.expiration_time is None
            else _instant("expiration_time", self.expiration_time)
        )

    @property
    def not_before_ns(self) -> int | None:
        """``not_before`` in nanoseconds since the Unix epoch, if given."""
        return None if self.not_before is None else _instant("not_before", self.not_before)

    def text(self) -> str:
        """Return the message for a wallet to sign; `parse` gives these fields back.

        Raises:
            SignatureError: the text would be over `MAX_MESSAGE_BYTES`.
        """
        origin = self.domain if self.scheme is None else f"{self.scheme}://{self.domain}"
        lines = [origin + _PREAMBLE, self.address, ""]
        if self.statement is not None:
            lines.append(self.statement)
        lines += ["", f"URI: {self.uri}", "Version: 1", f"Chain ID: {self.chain_id}"]
        lines += [f"Nonce: {self.nonce}", f"Issued At: {self.issued_at}"]
        if self.expiration_time is not None:
            lines.append(f"Expiration Time: {self.expiration_time}")
        if self.not_before is not None:
            lines.append(f"Not Before: {self.not_before}")
        if self.request_id is not None:
            lines.append(f"Request ID: {self.request_id}")
        if self.resources is not None:
            lines.append("Resources:")
            lines += [f"- {resource}" for resource in self.resources]
        text = "\n".join(lines)
        if len(text) > MAX_MESSAGE_BYTES:
            raise SignatureError("message", "too long", f"at most {MAX_MESSAGE_BYTES} bytes")
        return text


def personal_digest(text: str) -> bytes:
    """Return the EIP-191 digest of a text, as ``personal_sign`` of a wallet hashes it."""
    data = text.encode("utf-8")
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode("ascii") + data)


def recover_personal(text: str, signature: bytes) -> str:
    """Return the EIP-55 address that signed ``text`` with ``personal_sign``.

    Besides the forms of `recover_address`, v may be 0 or 1: some hardware wallets write it so.

    Raises:
        SignatureError: the signature is malformed.
    """
    return recover_address(personal_digest(text), signature, plain_parity=True)


class _Lines:
    """The lines of a message, taken in order; each line is looked at once."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._next = 0

    def take(self, field: str) -> str:
        if self.ended():
            raise SignatureError(field, "missing", "every mandatory line, in the order of EIP-4361")
        self._next += 1
        return self._lines[self._next - 1]

    def take_value(self, field: str, label: str) -> str:
        line = self.take(field)
        if not line.startswith(label):
            raise SignatureError(
                field, "missing or out of order", f"a line that begins with {label!r}"
            )
        return line[len(label) :]

    def take_optional(self, field: str, label: str) -> str | None:
        return self.take_value(field, label) if self.next_starts_with(label) else None

    def take_empty(self, field: str) -> None:
        if self.take(field):
            raise SignatureError(field, "must stand between empty lines", "the layout of EIP-4361")

    def next_starts_with(self, label: str) -> bool:
        return not self.ended() and self._lines[self._next].startswith(label)

    def ended(self) -> bool:
        return self._next == len(self._lines)


def _parse_lines(raw: list[str]) -> LoginMessage:
    lines = _Lines(raw)
    first = lines.take("domain")
    if not first.endswith(_PREAMBLE):
        raise SignatureError("message", "its first line is another one", f"<domain>{_PREAMBLE}")
    scheme, delimiter, domain = first.removesuffix(_PREAMBLE).partition("://")
    if not delimiter:
        scheme, domain = "", scheme
    address = lines.take("address")
    lines.take_empty("statement")
    statement = _take_statement(lines)
    uri = lines.take_value("uri", "URI: ")
    if lines.take_value("version", "Version: ") != "1":
        raise SignatureError("version", "unknown version", "1")
    chain_id = lines.take_value("chain_id", "Chain ID: ")
    if _CHAIN_ID.fullmatch(chain_id) is None:
        raise SignatureError("chain_id", "not a chain number", "decimal digits, at most 78")
    nonce = lines.take_value("nonce", "Nonce: ")
    issued_at = lines.take_value("issued_at", "Issued At: ")
    expiration_time = lines.take_optional("expiration_time", "Expiration Time: ")
    not_before = lines.take_optional("not_before", "Not Before: ")
    request_id = lines.take_optional("request_id", "Request ID: ")
    return LoginMessage(
        scheme=scheme if delimiter else None,
        domain=domain,
        address=address,
        statement=statement,
        uri=uri,
        chain_id=int(chain_id),
        nonce=nonce,
        issued_at=issued_at,
        expiration_time=expiration_time,
        not_before=not_before,
        request_id=request_id,
        resources=_take_resources(lines),
    )


def _take_statement(lines: _Lines) -> str | None:
    """Take ``[ statement LF ] LF``: an empty line alone means that there is no statement."""
    statement = lines.take("statement")
    if not statement and lines.next_starts_with("URI: "):
        return None
    lines.take_empty("statement")
    return statement


def _take_resources(lines: _Lines) -> tuple[str, ...] | None:
    if lines.ended():
        return None
    if lines.take("resources") != "Resources:":
        raise SignatureError("message", "an unknown or misplaced line", "Resources: or the end")
    resources: list[str] = []
    while not lines.ended():
        resources.append(lines.take_value("resources", "- "))
    return tuple(resources)


def _check_uri(field: str, text: str) -> None:
    if not is_uri(text):
        raise SignatureError(field, "not an RFC 3986 URI", "such as https://example.com/login")


def _instant(field: str, text: str) -> int:
    instant = parse_date_time(text)
    if instant is None:
        raise SignatureError(field, "not a date and time", _DATE_FORM)
    return instant
