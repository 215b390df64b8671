"""Words and enumerations are the same, both ways."""

import enum
from typing import get_args

import pytest

from hybrid_dex.wire import member, word
from hybrid_dex.wire.words import ENUMERATIONS


@pytest.mark.parametrize(("kind", "literal"), ENUMERATIONS)
def test_every_member_has_its_word_in_the_schema(kind: type[enum.IntEnum], literal: object) -> None:
    """The literal type holds exactly the members' names, and each word leads back."""
    words = [word(item) for item in kind]
    assert tuple(words) == get_args(literal)
    assert [member(kind, text) for text in words] == list(kind)
