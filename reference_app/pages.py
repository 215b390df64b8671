"""The built pages: read once, kept in memory, served by their exact names.

Nothing that a request says reaches the file system, so no path can leave the folder. Everything
that has a hash in its name may be kept for ever; the page itself is asked for again each time. Pages run
their own scripts only, load nothing from elsewhere, and can not turn text into markup.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

__all__ = ["BUILT", "PAGE_POLICY", "Page", "Pages", "load_pages"]

BUILT: Final = Path(__file__).parent / "web" / "dist"
"""Where `make web` writes."""

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Images from data are the icons that wallets announce themselves with (EIP-6963)."""

_INDEX: Final = "index.html"
_HASHED: Final = "assets/"
_FOREVER: Final = "public, max-age=31536000, immutable"
_AGAIN: Final = "no-cache"
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Nothing else is served, whatever lies in the folder."""
_DEMO_MARK: Final = b'<html lang="en"'
_NOT_BUILT: Final = (
    b"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>No pages</title></head>"
    b"<body><h1>The pages were not built</h1><p>Run <code>make web</code> in the checkout (it needs "
    b"Node.js 20.19 or newer) and start again. The API works without them: "
    b"<a href='/openapi'>/openapi</a></p></body></html>"
)


@attrs.frozen(kw_only=True)
class Page:
    """One file.

    Attributes:
        media_type: to which the framework adds the character set.
        body: by encoding; ``""`` is the file itself.
        cache_control: for how long it may be kept.
        policy: whether it is a page, which needs the pages' policy.
        status: 200, or 503 for what stands in place of pages that were not built.
    """

    media_type: str
    body: Mapping[str, bytes]
    cache_control: str
    policy: bool = False
    status: int = 200

    def encoded(self, accepted: str) -> tuple[str, bytes]:
        """Return the best encoding that a client takes, by its Accept-Encoding, and the bytes."""
        wanted = set[str]()
        for part in accepted.lower().split(","):
            name, _, weight = (piece.strip() for piece in part.partition(";"))
            if weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
                wanted.add(name)
        for encoding, _ in _ENCODINGS:
            if encoding in wanted and encoding in self.body:
                return encoding, self.body[encoding]
        return "", self.body[""]


@attrs.frozen(kw_only=True)
class Pages:
    """All files of the pages.

    Attributes:
        index: what every page's address answers.
        files: the others, by path.
        built: whether there are pages.
    """

    index: Page
    files: Mapping[str, Page]
    built: bool


def load_pages(folder: Path = BUILT, *, demo: bool = False) -> Pages:
    """Read the built pages.

    Args:
        folder: what was built.
        demo: tell the page that a demo wallet is there to be had.
    """
    if not (folder / _INDEX).is_file():
        missing = Page(
            media_type=_MEDIA_TYPES[".html"],
            body={"": _NOT_BUILT},
            cache_control="no-store",
            status=503,
        )
        return Pages(index=missing, files={}, built=False)
    files = {
        path.relative_to(folder).as_posix(): _read(path, path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*"))
        if path.suffix in _MEDIA_TYPES and path.is_file()
    }
    index = files.pop(_INDEX)
    if demo:
        text = index.body[""].replace(_DEMO_MARK, _DEMO_MARK + b' data-demo="true"', 1)
        index = attrs.evolve(index, body={"": text})
    return Pages(index=index, files=files, built=True)


def _read(path: Path, name: str) -> Page:
    body = {"": path.read_bytes()}
    for encoding, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if packed.is_file() and name != _INDEX:
            body[encoding] = packed.read_bytes()
    return Page(
        media_type=_MEDIA_TYPES[path.suffix],
        body=body,
        cache_control=_FOREVER if name.startswith(_HASHED) else _AGAIN,
        policy=name == _INDEX,
    )
