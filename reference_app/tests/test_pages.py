"""Pages are served by exact name under a strict policy; no path leaves the folder, and nothing is made up."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from reference_app.app import compose, create_app
from reference_app.pages import PAGE_POLICY, load_pages
from reference_app.routes.pages import PAGE_PATHS
from reference_app.tests.stack import settings

HASHED = "/assets/index-1a2b3c4d.js"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as `make web` leaves it, with what must never be served beside it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><div id="root"></div></html>'
    )
    (folder / "icon.svg").write_text("<svg/>")
    script = folder / HASHED.removeprefix("/")
    script.write_text("plain")
    script.with_name(script.name + ".br").write_bytes(b"packed by brotli")
    script.with_name(script.name + ".gz").write_bytes(b"packed by gzip")
    (folder / ".stamp").write_text("")
    (folder / "notes.txt").write_text("nobody's business")
    (tmp_path / "secret.js").write_text("secret")
    return folder


@pytest.fixture
async def http(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("reference_app.app.load_pages", lambda **kind: load_pages(built, **kind))
    app = create_app(compose(settings(tmp_path / "data")), opens=False)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        path.replace("{market:str}", "ETH-USDC").replace("{section:str}", "users")
        for path in PAGE_PATHS
    ],
)
async def test_every_page_is_the_one_document_under_the_strict_policy(
    http: httpx.AsyncClient, path: str
) -> None:
    reply = await http.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"] == PAGE_POLICY
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "data-demo" not in reply.text


def test_the_policy_lets_nothing_inline_run_and_nothing_be_loaded_from_elsewhere() -> None:
    assert "unsafe" not in PAGE_POLICY
    assert "http" not in PAGE_POLICY
    assert "*" not in PAGE_POLICY
    assert "default-src 'none'" in PAGE_POLICY
    assert "require-trusted-types-for 'script'" in PAGE_POLICY


async def test_the_first_address_leads_to_trading(http: httpx.AsyncClient) -> None:
    reply = await http.get("/")
    assert reply.status_code in {302, 307}
    assert reply.headers["location"] == "/trade"


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br, zstd", "br", b"packed by brotli"),
        ("gzip", "gzip", b"packed by gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", b"packed by gzip"),
        ("identity", None, b"plain"),
        ("", None, b"plain"),
    ],
)
async def test_hashed_files_are_kept_for_ever_in_the_best_encoding_taken(
    http: httpx.AsyncClient, accepted: str, encoding: str | None, content: bytes
) -> None:
    async with http.stream("GET", HASHED, headers={"accept-encoding": accepted}) as reply:
        raw = b"".join([part async for part in reply.aiter_raw()])
    assert raw == content
    assert reply.headers.get("content-encoding") == encoding
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["vary"] == "accept-encoding"
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/%00",
        "/%00",
        "/trade/%00/x",
        "/assets/../secret.js",
        "/assets/..%2fsecret.js",
        "/..%2fsecret.js",
        "/assets/%2e%2e/%2e%2e/secret.js",
        "/assets/..%5csecret.js",
        "/assets/....//secret.js",
        "/%2fetc%2fpasswd",
        "/assets/%2e%2e%2findex.html",
        "/.stamp",
        "/notes.txt",
        "/index.html",
        "/assets/",
        "/assets",
        "/assets/index-1a2b3c4d.js.br",
        "/assets/index-1a2b3c4d.js%00.css",
        "/nothing",
    ],
)
async def test_whatever_is_no_page_is_not_found(http: httpx.AsyncClient, path: str) -> None:
    reply = await http.get(path)
    assert reply.status_code == 404, reply.text
    assert "secret" not in reply.text
    assert reply.headers["content-type"] == "application/problem+json"


async def test_pages_take_no_writes(http: httpx.AsyncClient) -> None:
    assert (await http.post("/trade", json={})).status_code == 405


async def test_pages_that_were_not_built_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reference_app.app.load_pages", lambda **kind: load_pages(tmp_path, **kind))
    app = create_app(compose(settings(tmp_path / "data")), opens=False)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://x"
    ) as client:
        reply = await client.get("/trade")
        assert reply.status_code == 503
        assert "make web" in reply.text
        assert (await client.get("/openapi")).status_code == 200
