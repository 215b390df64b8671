"""A segment's header is read as it was written, or refused in words."""

import pytest

from hybrid_dex.defaults.journal_segment import (
    HEADER_BYTES,
    MOST_VERSIONS_BYTES,
    Header,
    encode_header,
    parse_header,
)

HEADERS = [
    Header(first=7, capacity=2048, previous=b"p" * 32, versions=versions)
    for versions in ("", "engine 1", "é" * (MOST_VERSIONS_BYTES // 2))
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.versions[:3] or "bare")
def test_a_header_is_read_whatever_stands_behind_it(header: Header) -> None:
    """Records, zeros, or nothing: its length is its own."""
    encoded = encode_header(header)
    assert len(encoded) == header.size
    for behind in (b"", b"\0", b"\0" * 100, b"records"):
        assert parse_header(encoded + behind) == header


@pytest.mark.parametrize("header", HEADERS[:2], ids=["bare", "named"])
def test_a_header_that_was_cut_is_refused(header: Header) -> None:
    """At whatever byte, also within the versions that it names."""
    encoded = encode_header(header)
    for size in range(len(encoded)):
        found = parse_header(encoded[:size])
        if size < HEADER_BYTES:
            assert found == f"the file has {size} bytes, less than its header"
        else:
            assert found == "the header's checksum does not hold"


def test_a_header_names_no_more_than_it_has_room_for() -> None:
    """A length that was damaged is not read as far as it says."""
    header = Header(
        first=1, capacity=2048, previous=bytes(32), versions="x" * (MOST_VERSIONS_BYTES + 1)
    )
    assert parse_header(encode_header(header)) == "the header's checksum does not hold"


@pytest.mark.parametrize("header", HEADERS[:2], ids=["bare", "named"])
def test_a_header_with_any_other_bit_is_refused(header: Header) -> None:
    """Magic, format, positions, versions and checksum alike."""
    encoded = encode_header(header)
    for bit in range(8 * len(encoded)):
        damaged = bytearray(encoded)
        damaged[bit // 8] ^= 1 << bit % 8
        assert isinstance(parse_header(bytes(damaged) + bytes(100)), str)
