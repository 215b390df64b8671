"""A sealed secret opens in its place, with its key, and nowhere else."""

import secrets

import pytest

from hybrid_dex.defaults.sealed_secrets import SealedSecrets
from tests.defaults.fakes_of_auth import SECRET

OTHER = b"another secret of thirty-two bytes"


def sealed(secret: bytes = SECRET.encode(), previous: bytes | None = None) -> SealedSecrets:
    return SealedSecrets(secret=secret, previous=previous, randomness=secrets.token_bytes)


def test_what_is_sealed_opens_in_its_place_and_is_not_seen() -> None:
    seal = sealed().seal(b"a key's secret", "key1")
    assert b"secret" not in seal
    assert sealed().open(seal, "key1") == b"a key's secret"
    assert sealed().open(seal, "key2") is None
    assert sealed(OTHER).open(seal, "key1") is None
    assert sealed().seal(b"a key's secret", "key1") != seal


def test_any_changed_byte_voids_the_seal() -> None:
    seal = sealed().seal(b"a key's secret", "key1")
    for place in range(len(seal)):
        changed = seal[:place] + bytes([seal[place] ^ 1]) + seal[place + 1 :]
        assert sealed().open(changed, "key1") is None


@pytest.mark.parametrize("length", [0, 7, 8, 19, 20, 21])
def test_a_seal_that_is_cut_opens_nothing(length: int) -> None:
    assert sealed().open(sealed().seal(b"secret", "key1")[:length], "key1") is None


def test_an_older_seal_opens_with_the_previous_secret_and_says_so() -> None:
    old = sealed().seal(b"secret", "key1")
    both = sealed(OTHER, previous=SECRET.encode())
    assert both.open(old, "key1") == b"secret"
    assert not both.is_current(old)
    new = both.seal(b"secret", "key1")
    assert both.is_current(new)
    assert sealed(OTHER).open(new, "key1") == b"secret"
    assert SECRET not in repr(both)
