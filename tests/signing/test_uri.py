"""RFC 3986 is followed to the letter, in time linear in the length."""

import pytest

from hybrid_dex.signing.uri import is_authority, is_path_characters, is_scheme, is_uri

PCHAR = "azAZ09-._~!$&'()*+,;=:@%00%aF"


@pytest.mark.parametrize(
    "text",
    [
        # RFC 3986, 1.1.2
        "ftp://ftp.is.co.za/rfc/rfc1808.txt",
        "http://www.ietf.org/rfc/rfc2396.txt",
        "ldap://[2001:db8::7]/c=GB?objectClass?one",
        "mailto:John.Doe@example.com",
        "news:comp.infosystems.www.servers.unix",
        "tel:+1-816-555-1212",
        "telnet://192.0.2.16:80/",
        "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
        # empty parts
        "a:",
        "a:/",
        "a://",
        "a:///",
        "a://@",
        "a://:",
        "a://@:",
        "a:?",
        "a:#",
        "a:?#",
        "a:??",
        "a:#/?",
        # every character of each part
        f"a+-.1:{PCHAR}",
        f"a:/{PCHAR}/{PCHAR}",
        f"a:?{PCHAR}/?",
        f"a:#{PCHAR}/?",
        "a://azAZ09-._~!$&'()*+,;=:%3A@azAZ09-._~!$&'()*+,;=%3a:0123456789//x",
        "a://1.1.1.256",
        "a://[v1F.az:!]/",
        "a://[Vf.~]",
    ],
)
def test_a_uri_is_recognized(text: str) -> None:
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "example.com",
        "//example.com",
        "/path",
        "://example.com",
        "1a:",
        "+a:",
        "a b:",
        "a_:",
        "\u00e9:",
        "a:\u00e9",
        "a: ",
        "a:\n",
        "a:x\n",
        "a:%",
        "a:%0",
        "a:%0g",
        "a:[",
        "a:?[",
        "a:#[",
        "a:##",
        "a:#a#",
        "a:<",
        'a:"',
        "a:\\",
        "a:^",
        "a:`",
        "a:{",
        "a:|",
        "a:}",
        "a:\x7f",
        "a:\x00",
        "a://a b",
        "a://a@b@c",
        "a://a:1:2",
        "a://a:b",
        "a://a:1b",
        "a://[",
        "a://]",
        "a://[]",
        "a://[::1",
        "a://::1]",
        "a://[::1]x",
        "a://[::1]:x",
        "a://x[::1]",
        "a://[::1%25eth0]",
        "a://[v.x]",
        "a://[v1.]",
        "a://[v1x]",
        "a://[vg.x]",
        "a://[127.0.0.1]",
        "a://[example]",
    ],
)
def test_what_is_no_uri_is_not(text: str) -> None:
    assert not is_uri(text)


@pytest.mark.parametrize(
    "address",
    [
        "::",
        "::1",
        "1::",
        "1::8",
        "1:2:3:4:5:6:7:8",
        "ffff:ABCD:0:10:200:3000:f8a:1",
        "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "1:2:3:4:5:6::8",
        "1:2:3::5:6:7:8",
        "::255.255.255.255",
        "::ffff:0.0.0.0",
        "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5::1.2.3.4",
        "::3:4:5:6:7:1.2.3.4",
    ],
)
def test_an_ipv6_address_is_a_host(address: str) -> None:
    assert is_authority(f"[{address}]:443")


@pytest.mark.parametrize(
    "address",
    [
        ":",
        ":::",
        "1",
        "1:",
        ":1",
        "1:2",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "1:2:3:4::5:6:7:8",
        "1::2::3",
        "1:::2",
        "12345::",
        "g::",
        "::1.2.3",
        "::1.2.3.4.5",
        "::1.2.3.256",
        "::01.2.3.4",
        "::1.2.3.",
        "::1.2.3.4:5",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4",
    ],
)
def test_what_is_no_ipv6_address_is_no_host(address: str) -> None:
    assert not is_authority(f"[{address}]")


def test_an_authority_has_no_path() -> None:
    assert is_authority("user:pass@example.com:8080")
    assert is_authority("")
    assert not any(is_authority(f"example.com{character}") for character in "/?# \n")


def test_a_segment_and_a_scheme_are_their_characters() -> None:
    assert is_path_characters(PCHAR)
    assert is_path_characters("")
    assert not any(is_path_characters(character) for character in '/?#[]%^`{}|\\"<> \n\u00e9')
    assert is_scheme("a+-.9Z")
    assert not any(is_scheme(text) for text in ("", "9", "+", "a:", "a/", "a_", "a\n", "\u00e9"))
