"""RFC 3986: is this text a URI, or an authority?

Only the question is answered; nothing is resolved, decoded or normalized. The grammar is split
at its delimiters from the outside in, and each part is one run over a character class, so the
cost is linear in the length whatever the input.
"""

import re
from typing import Final

__all__ = ["is_authority", "is_path_characters", "is_scheme", "is_uri"]

_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB_DELIMS: Final = r"!$&'()*+,;="
_PERCENT: Final = r"%[0-9A-Fa-f]{2}"


def _run_of(characters: str) -> re.Pattern[str]:
    return re.compile(rf"(?:[{_UNRESERVED}{_SUB_DELIMS}{characters}]|{_PERCENT})*+", re.ASCII)


_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*+", re.ASCII)
_USER: Final = _run_of(":")
_NAME: Final = _run_of("")
_SEGMENT: Final = _run_of(":@")
_PATH: Final = _run_of(":@/")
_QUERY: Final = _run_of(":@/?")
_PORT: Final = re.compile(r"[0-9]*+", re.ASCII)
_FUTURE: Final = re.compile(rf"[vV][0-9A-Fa-f]++\.[{_UNRESERVED}{_SUB_DELIMS}:]++", re.ASCII)
_GROUP: Final = re.compile(r"[0-9A-Fa-f]{1,4}", re.ASCII)
_OCTET: Final = re.compile(r"25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9]", re.ASCII)
_IPV6_GROUPS: Final = 8
_IPV4_OCTETS: Final = 4


def is_scheme(text: str) -> bool:
    """Return whether ``text`` is a URI scheme: a letter, then letters, digits, ``+``, ``-``, ``.``."""
    return _SCHEME.fullmatch(text) is not None


def is_path_characters(text: str) -> bool:
    """Return whether ``text`` is any number of ``pchar``: one path segment, possibly empty."""
    return _SEGMENT.fullmatch(text) is not None


def is_authority(text: str) -> bool:
    """Return whether ``text`` is ``[ userinfo "@" ] host [ ":" port ]``; the empty text is one."""
    user, at, address = text.rpartition("@")
    if at and _USER.fullmatch(user) is None:
        return False
    if address.startswith("["):
        literal, bracket, port = address[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return False
        host_valid = _is_ip_literal(literal)
        port = port[1:]
    else:
        host, _, port = address.partition(":")
        host_valid = _NAME.fullmatch(host) is not None  # an IPv4 address is a reg-name too
    return host_valid and _PORT.fullmatch(port) is not None


def is_uri(text: str) -> bool:
    """Return whether ``text`` is a URI with a scheme (RFC 3986 section 3); never a relative one.

    >>> is_uri("https://example.com:8080/a?b#c"), is_uri("example.com")
    (True, False)
    """
    scheme, colon, rest = text.partition(":")
    if not colon or not is_scheme(scheme):
        return False
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    if _QUERY.fullmatch(fragment) is None or _QUERY.fullmatch(query) is None:
        return False
    if not rest.startswith("//"):
        return _PATH.fullmatch(rest) is not None
    authority, slash, path = rest[2:].partition("/")
    return is_authority(authority) and _PATH.fullmatch(slash + path) is not None


def _is_ip_literal(text: str) -> bool:
    return _is_ipv6(text) or _FUTURE.fullmatch(text) is not None


def _is_ipv6(text: str) -> bool:
    left, gap, right = text.partition("::")
    if not gap:
        return _count_groups(left, may_end_in_ipv4=True) == _IPV6_GROUPS
    before = _count_groups(left, may_end_in_ipv4=False) if left else 0
    after = _count_groups(right, may_end_in_ipv4=True) if right else 0
    if before is None or after is None:
        return False
    return before + after < _IPV6_GROUPS


def _count_groups(text: str, *, may_end_in_ipv4: bool) -> int | None:
    """Return how many 16-bit groups a run without ``::`` is, or ``None`` if it is malformed."""
    groups = text.split(":")
    count = len(groups)
    if may_end_in_ipv4 and "." in groups[-1]:
        octets = groups.pop().split(".")
        if len(octets) != _IPV4_OCTETS or not all(_OCTET.fullmatch(octet) for octet in octets):
            return None
        count += 1
    return count if all(_GROUP.fullmatch(group) for group in groups) else None
