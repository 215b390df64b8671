"""Write siwe_valid.json and siwe_invalid.json: EIP-4361 messages by the EIP's ABNF.

Run from the checkout's root: ``python -m tests.vectors.generate_siwe``. Texts are put together
here, line by line, and signed by eth-account, so nothing comes from hybrid_dex.signing.
"""

import json
from pathlib import Path

from eth_account import Account
from eth_account.messages import encode_defunct

FOLDER = Path(__file__).parent
KEY = "0x" + "4361" * 16
ADDRESS = Account.from_key(KEY).address
PREAMBLE = " wants you to sign in with your Ethereum account:"

BASE = {
    "origin": "exchange.example",
    "address": ADDRESS,
    "statement": "Sign in to trade. Nothing is paid: https://exchange.example/terms",
    "uri": "https://exchange.example/login",
    "version": "1",
    "chain_id": "31337",
    "nonce": "0a1B2c3D4e5F",
    "issued_at": "2026-01-31T12:00:00.000Z",
}
FULL = {
    **BASE,
    "expiration_time": "2026-01-31T12:05:00Z",
    "not_before": "2026-01-31T11:59:00Z",
    "request_id": "request-1",
    "resources": ["https://exchange.example/a", "ipfs://bafy/x"],
}
LABELS = {
    "uri": "URI: ",
    "version": "Version: ",
    "chain_id": "Chain ID: ",
    "nonce": "Nonce: ",
    "issued_at": "Issued At: ",
    "expiration_time": "Expiration Time: ",
    "not_before": "Not Before: ",
    "request_id": "Request ID: ",
}
Fields = dict[str, str | list[str]]


def lines_of(fields: Fields) -> list[str]:
    """The lines of a message; a field that is absent has no line."""
    statement = fields.get("statement")
    lines = [f"{fields['origin']}{PREAMBLE}", str(fields["address"]), ""]
    lines += [] if statement is None else [str(statement)]
    lines += [""]
    lines += [f"{label}{fields[name]}" for name, label in LABELS.items() if name in fields]
    if "resources" in fields:
        lines += ["Resources:", *(f"- {resource}" for resource in fields["resources"])]
    return lines


def with_field(name: str, value: str | list[str], fields: Fields | None = None) -> str:
    """The text with one field changed."""
    return "\n".join(lines_of({**(fields or FULL), name: value}))


def without(*names: str) -> str:
    """The text without some fields."""
    return "\n".join(lines_of({name: value for name, value in FULL.items() if name not in names}))


def moved(line: int, to: int) -> str:
    """The text with one line elsewhere."""
    lines = lines_of(FULL)
    lines.insert(to, lines.pop(line))
    return "\n".join(lines)


def valid() -> dict[str, dict[str, object]]:
    """Name to text, the fields that must be read from it, and a signature."""
    optional = ("expiration_time", "not_before", "request_id", "resources")
    cases: dict[str, Fields] = {"all fields": FULL, "mandatory fields and statement": BASE}
    for index, name in enumerate(optional):
        cases[f"optional: only {name}"] = {**BASE, name: FULL[name]}
        kept = [other for other in optional if other != name]
        cases[f"optional: all but {name}"] = {**BASE, **{other: FULL[other] for other in kept}}
        cases[f"optional: first {index}"] = {
            **BASE,
            **{other: FULL[other] for other in optional[:index]},
        }
    no_statement = {name: value for name, value in FULL.items() if name != "statement"}
    cases["no statement"] = no_statement
    cases["no statement, nothing optional"] = {k: v for k, v in BASE.items() if k != "statement"}
    values: dict[str, list[str]] = {
        "origin": [
            "localhost",
            "localhost:3000",
            "127.0.0.1",
            "127.0.0.1:8080",
            "user@127.0.0.1",
            "user:pass@exchange.example:443",
            "[::1]",
            "[2001:db8::7]:8080",
            "[v1.x]",
            "https://exchange.example",
            "http://localhost:3000",
            "chrome-extension://abcdefghijklmnop",
            "a%20b.example",
            "EXCHANGE.example",
            "under_score.example",
            "exchange.example:",
        ],
        "statement": [
            "",
            " ",
            "x",
            "URI: https://elsewhere.example",
            "abcXYZ019 :/?#[]@!$&'()*+,;=-._~",
            "Version: 1",
        ],
        "uri": [
            "https://exchange.example",
            "https://exchange.example/?a=b&c=d#e/f?g",
            "https://127.0.0.1:4361",
            "https://[::ffff:1.2.3.4]/",
            "did:key:z6Mk",
            "a:",
        ],
        "chain_id": ["0", "1", "4", "007", str(2**256 - 1)],
        "nonce": ["12345678", "abcdefgh", "A" * 200],
        "issued_at": [
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00.123456789012Z",
            "2026-01-31T12:00:00+05:30",
            "2026-01-31T12:00:00-00:00",
            "2024-02-29T12:00:00Z",
            "2016-12-31T23:59:60Z",
            "0000-01-01T00:00:00Z",
        ],
        "request_id": ["", "some_id", "a:b@c!$&'()*+,;=-._~%20"],
    }
    for name, texts in values.items():
        for text in texts:
            cases[f"{name}: {text[:60]!r}"] = {**FULL, name: text}
    cases["resources: none listed"] = {**FULL, "resources": []}
    cases["resources: many"] = {**FULL, "resources": [f"urn:x:{index}" for index in range(100)]}
    return {name: signed(fields) for name, fields in cases.items()}


def signed(fields: Fields) -> dict[str, object]:
    """A text, its fields and its signature."""
    text = "\n".join(lines_of(fields))
    expected: dict[str, object] = {
        name: value for name, value in fields.items() if name != "version"
    }
    scheme, separator, domain = str(expected.pop("origin")).rpartition("://")
    expected["domain"] = domain
    expected["chain_id"] = str(int(str(fields["chain_id"])))
    if separator:
        expected["scheme"] = scheme
    signature = Account.sign_message(encode_defunct(text=text), KEY).signature
    return {"text": text, "fields": expected, "signature": "0x" + bytes(signature).hex()}


def invalid() -> dict[str, dict[str, str]]:
    """Name to text and the first field that is wrong."""
    cases: dict[str, tuple[str, str]] = {}
    for field in ("uri", "version", "chain_id", "nonce", "issued_at"):
        cases[f"{field} missing"] = (field, without(field))
    lines = lines_of(FULL)
    labels = [*LABELS]
    for index, field in enumerate(labels[:4]):
        cases[f"{field} after the next"] = (field, moved(5 + index, 6 + index))
    cases["issued_at after expiration_time"] = ("issued_at", moved(9, 10))
    cases["expiration_time after not_before"] = ("message", moved(10, 11))
    cases["not_before after request_id"] = ("message", moved(11, 12))
    cases["request_id after resources"] = ("resources", moved(12, 15))
    cases["resources before not_before"] = ("resources", moved(11, 15))
    for field in LABELS:
        doubled = lines_of(FULL)
        position = 5 + labels.index(field)
        doubled.insert(position, doubled[position])
        cases[f"{field} twice"] = (_after(field), "\n".join(doubled))
    wrong: dict[str, list[str]] = {
        "origin": [
            "",
            "#bad",
            "a b",
            "a/b",
            "a?b",
            "a[b",
            "[::1",
            "[::g]",
            "a:b",
            "a@b@c",
            "\u00e9.example",
        ],
        "address": [
            "",
            ADDRESS.lower(),
            "0x" + ADDRESS[2:].upper(),
            "0X" + ADDRESS[2:],
            ADDRESS[2:],
            ADDRESS[:-1],
            ADDRESS + "0",
            " " + ADDRESS,
            ADDRESS + " ",
        ],
        "statement": [
            '"',
            "%",
            "<b>",
            "\\",
            "^",
            "`",
            "{}",
            "|",
            "tab\there",
            "\x00",
            "\r",
            "caf\u00e9",
        ],
        "uri": [
            "",
            "exchange.example",
            ":x",
            "//x",
            "a: b",
            "a:%zz",
            "a://[::12345]",
            "a:\u00e9",
            "a:<",
        ],
        "version": ["", "0", "2", "11", "01", "1.0", " 1", "1 "],
        "chain_id": ["", "?", "-1", "+1", "1.0", "0x1", "1 ", "1e3", "1_0", "\u0661", "9" * 79],
        "nonce": ["", "1234567", "1234567-", "123456789!", "12345678 ", "1234 5678", "\uff11" * 8],
        "issued_at": [
            "",
            "now",
            "2026-01-31",
            "2026-02-31T12:00:00Z",
            "2026-01-31T12:00:00",
            "1769860800",
        ],
        "expiration_time": ["", "Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)", "2026-13-01T00:00:00Z"],
        "not_before": ["", "2026-01-31T25:00:00Z", "2026-01-31T12:00:00+24:00"],
        "request_id": ["a b", "a/b", "a?b", "a#b", "[a]", "a%", "caf\u00e9"],
    }
    for field, texts in wrong.items():
        for text in texts:
            named = "message" if not text.isascii() else {"origin": "domain"}.get(field, field)
            cases[f"{field}: {text[:40]!r}"] = (named, with_field(field, text))
    cases["scheme begins with a digit"] = ("scheme", with_field("origin", "1a://exchange.example"))
    cases["scheme is empty"] = ("scheme", with_field("origin", "://exchange.example"))
    cases["scheme without a domain"] = ("domain", with_field("origin", "https://"))
    for text in (":x", "https://a - https://b", "", " https://a", "https://a "):
        cases[f"first resource: {text!r}"] = ("resources", with_field("resources", [text, "a:"]))
        cases[f"second resource: {text!r}"] = ("resources", with_field("resources", ["a:", text]))
    cases["resource without a dash"] = ("resources", "\n".join([*lines, "https://a"]))
    cases["resource with another dash"] = ("resources", "\n".join([*lines, "* https://a"]))
    cases["resources on the line of their label"] = (
        "message",
        "\n".join([*lines[:-3], "Resources: a:"]),
    )
    cases["statement of two lines"] = ("statement", with_field("statement", "one\ntwo"))
    cases["statement of two lines, framed"] = ("uri", with_field("statement", "one\n\ntwo"))
    cases["no empty line before the statement"] = ("statement", "\n".join([*lines[:2], *lines[3:]]))
    cases["no empty line after the statement"] = ("statement", "\n".join([*lines[:4], *lines[5:]]))
    cases["no statement, one empty line"] = ("statement", "\n".join([*lines[:3], *lines[5:]]))
    cases["too many empty lines"] = ("uri", "\n".join([*lines[:3], "", "", "", *lines[5:]]))
    cases["trailing line feed"] = ("resources", "\n".join([*lines, ""]))
    cases["trailing line feed, no resources"] = ("message", "\n".join([*lines[:-3], ""]))
    cases["leading line feed"] = ("message", "\n".join(["", *lines]))
    cases["carriage returns"] = ("message", "\r\n".join(lines))
    cases["unknown line"] = ("message", "\n".join([*lines[:-3], "Other: 1"]))
    cases["another preamble"] = (
        "message",
        "\n".join(["exchange.example wants you to sign in:", *lines[1:]]),
    )
    cases["lower case labels"] = ("uri", "\n".join([*lines[:5], lines[5].lower(), *lines[6:]]))
    cases["label without a space"] = (
        "nonce",
        "\n".join([*lines[:8], "Nonce:12345678", *lines[9:]]),
    )
    cases["nothing"] = ("message", "")
    cases["only the preamble"] = ("address", lines[0])
    cases["cut after the address"] = ("statement", "\n".join(lines[:2]))
    cases["cut after the version"] = ("chain_id", "\n".join(lines[:7]))
    cases["too long"] = ("message", with_field("statement", "x" * 4096))
    return {name: {"field": field, "text": text} for name, (field, text) in cases.items()}


def _after(field: str) -> str:
    """Who complains when ``field`` comes twice."""
    labels = [*LABELS]
    following = labels[labels.index(field) + 1 :]
    mandatory = labels[:5]
    return following[0] if following and following[0] in mandatory else "message"


def document(about: str, vectors: object) -> str:
    """A whole file."""
    content = {
        "about": about,
        "generator": "python -m tests.vectors.generate_siwe",
        "vectors": vectors,
    }
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    valid_text = document("EIP-4361 messages that must be read, signed by eth-account", valid())
    invalid_text = document("messages that must be refused, with the field at fault", invalid())
    (FOLDER / "siwe_valid.json").write_text(valid_text, encoding="utf-8")
    (FOLDER / "siwe_invalid.json").write_text(invalid_text, encoding="utf-8")
