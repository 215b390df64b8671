"""Retries without pauses."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Every retry follows at once; how often is the caller's own figure."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield
