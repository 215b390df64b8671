"""C4: Schemathesis over the running exchange: what the OpenAPI document says is what happens.

All its checks: no server error, no undocumented status, type or schema, no ignored login, what the
document forbids is refused; with examples, edge cases, random requests, and chains of requests.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from reference_app.tests.processes import BUYER, Serving, serving
from tests.defaults.databases import DATABASES, auth_cluster
from tests.tiers import Tier, count, current

__all__ = ["auth_cluster"]

EXAMPLES = 10 if current() is Tier.CI else count(fast=2, full=500)
"""Random requests for an operation, beside its examples and edge cases, which are thousands already."""
CONFIGURATION = """
# What a schema can not say - steps of a market, fields that exclude each other, what an account has -
# is refused with one of these; of a 400 `schemathesis_checks` wants the field.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 408, 409, 422, 429, 503]

# 413 is a refusal, too.
[checks.negative_data_rejection]
expected-statuses = ["4xx"]

# Vouchers are paid by a vault on chain, and here is none.
[[operations]]
include-path = "/account/vouchers"
[operations.checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", 503]
"""
CHECKS = "reference_app.tests.schemathesis_checks"
ENDS_THE_LOGIN = "/auth/(logout|sessions)"
"""Sent in the midst of the others it would leave them without a login, so these have a run of their own."""


@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("database", DATABASES)
async def test_the_exchange_does_what_its_document_says(
    database: str,
    tmp_path: Path,
    seed: int,
    figure: Callable[[str], None],
    request: pytest.FixtureRequest,
) -> None:
    top = auth = ""
    if database == "postgresql":
        folder: Path = request.getfixturevalue("auth_cluster")
        urls = [await made(folder) for _ in range(2)]
        top, auth = f'records = "{urls[0]}"', f'database = "{urls[1]}"'
    async with serving(tmp_path, top=top, auth=auth) as house:
        await granted(tmp_path / "settings.toml")
        async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
            document = (await http.get("/openapi.json")).json()
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(plain(document)))
        (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
        told = await checked(house, file, seed, "--exclude-path-regex", ENDS_THE_LOGIN)
        await checked(house, file, seed, "--include-path-regex", ENDS_THE_LOGIN)
        assert "Traceback" not in house.log.read_text()
    cases = next(line.strip() for line in told.splitlines() if re.search(r"\d+ generated", line))
    figure(f"{database}, {EXAMPLES} examples an operation: {cases}")


async def granted(settings: Path) -> None:
    """Make the account that asks an administrator, so that no route is closed to it by its role."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("hybrid-dex")), "admin", "grant", BUYER.address,
        "--role", "admin", "--settings", str(settings), stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0


async def checked(house: Serving, file: Path, seed: int, *which: str) -> str:
    """Run Schemathesis on some operations, logged in; return what it says."""
    token = await house.token(BUYER)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli",
        "--config-file", str(file.parent / "schemathesis.toml"),
        "run", str(file), "--url", house.url, *which,
        "--header", f"Authorization: Bearer {token}",
        "--checks", "all", "--mode", "all", "--no-color", "--continue-on-failure", "--no-shrink",
        "--max-examples", str(EXAMPLES), "--seed", str(seed),
        "--generation-with-security-parameters", "false",
        "--generation-database", "none", "--request-timeout", "60",
        "--suppress-health-check", "all",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        cwd=file.parent,
        env=dict(os.environ) | {"COLUMNS": "140", "SCHEMATHESIS_HOOKS": CHECKS},
    )  # fmt: skip
    output, _ = await process.communicate()
    told = output.decode()
    assert process.returncode == 0, told[-20_000:]
    return told


def plain(schema: Any) -> Any:
    """The document without `prefixItems` of equal items, which this Schemathesis can not read."""
    if isinstance(schema, list):
        return list(map(plain, schema))
    if not isinstance(schema, dict):
        return schema
    items = schema.get("prefixItems")
    if items and all(item == items[0] for item in items):
        rest = {name: value for name, value in schema.items() if name != "prefixItems"}
        return rest | {"items": plain(items[0])}
    return {name: plain(value) for name, value in schema.items()}


async def made(folder: Path) -> str:
    """A fresh database of a cluster; its address."""
    name = f"app_{uuid4().hex}"
    connection = await asyncpg.connect(host=str(folder), user="postgres", database="postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"postgresql://postgres@/{name}?host={folder}"
