"""No secret is written anywhere: not in logs, errors, representations, the database or arguments."""

import logging
import secrets
from pathlib import Path
from typing import Any

import attrs
import pytest
from cyclopts import App

from hybrid_dex.defaults.fresh_actions import ActionToken
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.interfaces.auth import Principal, Session
from hybrid_dex.model.units import AccountId
from reference_app import commands
from reference_app.admin_commands import app as admin
from reference_app.settings import AuthSettings
from reference_app.tests.keys import confirmation, make_key
from reference_app.tests.stack import ORIGIN, running, settings

CLIENTS = ("httpx", "httpcore", "websockets.client")
"""Whose logs are those of the tests' own clients, in the same process."""


def contents(folder: Path) -> list[bytes]:
    """All files below a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_no_secret_leaves_the_process_but_to_its_owner(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every route of auth, used rightly and wrongly, with everything written kept and searched."""
    caplog.set_level(logging.DEBUG)
    marked = secrets.token_hex(32)
    previous = secrets.token_hex(32)
    auth = AuthSettings(
        secret=marked,
        origins=[ORIGIN],
        previous_secret=previous,
        previous_secret_until_s=1,
    )
    chosen = settings(tmp_path, auth=auth)
    hidden = {marked, previous}
    refusals: list[str] = []
    async with running(chosen) as stack:
        trader = await stack.trader(5)
        login = await trader.login()
        hidden |= {login["access_token"], login["refresh_token"]}

        async def wrong(method: str, path: str, body: Any = None, **headers: str) -> None:
            reply = await stack.http.request(
                method,
                path,
                json=body,
                headers={name.replace("_", "-"): value for name, value in headers.items()},
            )
            assert reply.status_code >= 400, (path, reply.text)
            refusals.append(reply.text)

        bearer = f"Bearer {trader.token}"
        for path in ("/auth/login", "/auth/actions/confirm"):
            signature = "0x" + secrets.token_hex(65)
            message = f"a message with {secrets.token_hex(16)}"
            hidden |= {signature, signature[2:]}
            body = {"message": message, "signature": signature}
            await wrong("POST", path, body, authorization=bearer)
        await wrong("POST", "/auth/refresh", {"refresh_token": login["access_token"]})
        await wrong("POST", "/auth/revoke", {"token": login["refresh_token"]})
        await wrong("GET", "/auth/sessions", authorization=bearer + "x")
        await wrong("GET", f"/nowhere?token={trader.token}", authorization=bearer)
        await wrong("GET", f"/auth/sessions?token={trader.token}", authorization=bearer)
        key = await make_key(trader)
        assert isinstance(key.secret, bytes)
        hidden |= {key.secret.hex()}
        signed = key.headers("DELETE", "/orders")
        hidden |= {signed["hd-signature"], signed["hd-signature"][2:]}
        assert (await stack.http.delete("/orders", headers=signed)).status_code == 200
        refusals.append((await stack.http.delete("/orders", headers=signed)).text)
        body = {"name": "x"}
        token = await confirmation(trader, "POST", "/auth/api-keys", b'{"name":"x"}')
        hidden.add(token)
        for _ in range(2):
            await wrong("POST", "/auth/api-keys", body, authorization=bearer, hd_action=token)
        async with stack.socket() as socket:
            for op in (
                {"op": "login", "token": login["refresh_token"]},
                {"op": "login", "token": trader.token, "more": trader.token},
                key.login(signature=signed["hd-signature"]),
                key.login(signature=signed["hd-signature"] + "zz"),
            ):
                refusals.append(str(await socket.ask(op)))
        renewed = await stack.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
        hidden |= {renewed.json()["access_token"], renewed.json()["refresh_token"]}
        await wrong("POST", "/auth/refresh", {"refresh_token": login["refresh_token"]})
        services = stack.services
        shown = [
            repr(part)
            for part in (
                chosen,
                chosen.auth,
                services.identity,
                services.identity.auth,
                services.identity.auth.tokens,
                services.identity.keys,
                services.identity.actions,
                services.identity.logins,
                services.identity.database,
            )
        ]
    out, err = capfd.readouterr()
    logged = [
        f"{record.getMessage()} {record.args} {record.exc_text}"
        for record in caplog.records
        if not record.name.startswith(CLIENTS)
    ]
    assert logged
    stored = contents(tmp_path)
    assert len(hidden) > 12
    for secret in hidden:
        for where, texts in (
            ("answers", refusals),
            ("representations", shown),
            ("output", [out, err]),
            ("logs", logged),
        ):
            assert not [text for text in texts if secret in text], where
        raw = {secret.encode()}
        if len(secret) == 64 and all(character in "0123456789abcdef" for character in secret):
            raw.add(bytes.fromhex(secret))
        assert not [one for one in stored for part in raw if part in one], "a stolen database"


def test_what_holds_a_secret_does_not_show_it() -> None:
    principal = Principal(account=AccountId("a"), session_id="s")
    session = Session(
        principal=principal,
        access_token="MARK",
        access_expires_at_ms=1,
        refresh_token="MARK",
        refresh_expires_at_ms=1,
    )
    assert "MARK" not in repr(session)
    assert "MARK" not in repr(ActionToken(token="MARK", expires_at_ms=1))
    assert "MARK" not in repr(AuthSettings(secret="MARK", previous_secret="MARK"))
    assert "MARK" not in repr(AuthSettings(database="postgresql://user:MARK@host/name"))


def test_no_command_takes_a_secret_as_an_argument() -> None:
    """Arguments are seen by every program of the machine: keys come from files or the environment."""
    names: set[str] = set()
    for command in (commands.demo, commands.serve, commands.market_maker):
        names |= set(command.__annotations__)
    found = App()
    found.command(admin)
    for command in ("grant", "roles"):
        function = admin[command].default_command
        assert function is not None
        names |= set(function.__annotations__)
    assert not [name for name in names if "secret" in name or "token" in name]
    assert {name for name in names if "key" in name} == {"key_file"}


def test_settings_with_secrets_are_the_ones_that_are_known() -> None:
    hidden = {field.name for field in attrs.fields(AuthSettings) if not field.repr}
    assert hidden == {"secret", "previous_secret", "database"}


def test_a_key_file_that_is_no_text_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "maker.key"
    file.write_bytes(bytes(range(128, 160)))
    with pytest.raises(ConfigurationError, match=r"maker\.key is no text"):
        commands.market_maker(key_file=file, reference_price="2500")
