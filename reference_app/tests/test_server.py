"""The process: it serves, ends cleanly by a signal, and says in one line why it can not start."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest

from hybrid_dex.errors import ConfigurationError
from reference_app.server import bind, run
from reference_app.settings import LinkSettings, ServerSettings
from reference_app.tests.stack import running, settings
from reference_app.tests.test_settings import FILE


async def start(file: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "reference_app",
        str(file),
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(FILE.replace('data = "here"', f'data = "{tmp_path}/data"').replace("1234", "0"))
    process = await start(file)
    assert process.stderr is not None
    async for line in process.stderr:
        if b"startup complete" in line:
            break
    process.send_signal(signal.SIGTERM)
    _, rest = await process.communicate()
    assert process.returncode == 0, rest
    assert b"Traceback" not in rest


async def test_a_taken_port_is_one_clear_line_and_nothing_is_opened(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        file = tmp_path / "settings.toml"
        text = FILE.replace('data = "here"', f'data = "{tmp_path}/data"')
        file.write_text(text.replace("1234", str(port)))
        process = await start(file)
        out, err = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    (line,) = err.decode().splitlines()
    assert line.startswith(f"hybrid-dex: 127.0.0.1 port {port} can not be used")
    assert not (tmp_path / "data").exists()


def test_an_engine_that_serves_beside_gateways_shares_their_logins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What another gateway ends would go on here, and a request that was seen there be taken here."""
    chosen = settings(
        tmp_path,
        server=ServerSettings(port=0),
        link=LinkSettings(listen="grpc://127.0.0.1:0", plaintext=True),
    )
    assert run(chosen) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hybrid-dex: link.listen lets in other gateways")
    assert "auth.shared = true" in line
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1 port 1 can not be used"):
        bind(ServerSettings(host="192.0.2.1", port=1))


def test_the_kernel_keeps_little_for_a_reader_that_does_not_read() -> None:
    listening = bind(ServerSettings(port=0))
    try:
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 128 * 1024
    finally:
        listening.close()


async def test_a_head_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    hasty = ServerSettings(port=0, header_timeout_s=0.2)
    async with running(settings(tmp_path, server=hasty)) as stack:
        port = int(stack.url.rpartition(":")[2])
        for said in (b"", b"GET /time HTT", b"GET /time HTTP/1.1\r\nHost: x\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            assert await reader.read() == b""
            writer.close()
        assert (await stack.http.get("/time")).status_code == 200
