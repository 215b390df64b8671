"""Sealed secrets: what must be read again and must not be readable in a stolen database.

AES-256-GCM under a key derived (HKDF-SHA256) from the exchange's secret, which is in no database.
Each seal names its key, so that what was sealed before the secret was changed opens while the
previous one is given, and can be sealed anew. A seal is bound to its place by `context`: moved to
another row it does not open.
"""

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hybrid_dex.defaults.login_tokens import key_name

__all__ = ["SealedSecrets"]

_NAME_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_PURPOSE: Final = b"hybrid-dex sealed secrets v1"


def _derived(secret: bytes) -> AESGCM:
    return AESGCM(
        HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE).derive(secret)
    )


class SealedSecrets:
    """Seals and opens.

    Args:
        secret: what new seals are made with; random, at least 32 bytes.
        previous: what older seals were made with, or ``None``.
        randomness: returns that many unpredictable bytes.
    """

    def __init__(
        self, *, secret: bytes, previous: bytes | None, randomness: Callable[[int], bytes]
    ) -> None:
        secrets = [secret] if previous is None else [previous, secret]
        self._keys = {bytes.fromhex(key_name(one)): _derived(one) for one in secrets}
        self._current = bytes.fromhex(key_name(secret))
        self._randomness = randomness

    def seal(self, secret: bytes, context: str) -> bytes:
        """Return the secret, sealed for one place."""
        nonce = self._randomness(_NONCE_BYTES)
        sealed = self._keys[self._current].encrypt(nonce, secret, context.encode())
        return self._current + nonce + sealed

    def open(self, sealed: bytes, context: str) -> bytes | None:
        """Return what was sealed for this place, or ``None`` when no key opens it there."""
        name, nonce = sealed[:_NAME_BYTES], sealed[_NAME_BYTES : _NAME_BYTES + _NONCE_BYTES]
        key = self._keys.get(name)
        if key is None or len(nonce) != _NONCE_BYTES:
            return None
        try:
            return key.decrypt(nonce, sealed[_NAME_BYTES + _NONCE_BYTES :], context.encode())
        except InvalidTag:
            return None

    def is_current(self, sealed: bytes) -> bool:
        """Return whether it was sealed with the present secret."""
        return sealed[:_NAME_BYTES] == self._current
