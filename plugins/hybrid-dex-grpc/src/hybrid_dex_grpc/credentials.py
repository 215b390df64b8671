"""Credentials: who may speak to whom. Mutual TLS, or plaintext within one machine when told so.

Nothing else is offered: an engine takes commands, so whoever can reach it without showing a
certificate could cancel anybody's orders.
"""

import ipaddress
import ssl
from pathlib import Path
from typing import Final

import grpc

from hybrid_dex import ConfigurationError, LinkOptions

__all__ = ["LOCAL", "channel_credentials", "peer_name", "server_credentials", "target_of"]

LOCAL: Final = "local"
"""The name of a gateway that came without a certificate."""
_SCHEME: Final = "grpc://"
_UNIX: Final = "unix:"


def target_of(address: str) -> str:
    """Return where gRPC finds an address: ``grpc://host:port`` or ``grpc://unix:/path``.

    Raises:
        ConfigurationError: it is neither.
    """
    target = address.removeprefix(_SCHEME)
    host, colon, port = target.rpartition(":")
    is_port = port.isascii() and port.isdigit() and int(port) < 2**16
    if address.startswith(_SCHEME) and (
        target.startswith(_UNIX + "/") or (colon and host and is_port and "/" not in target)
    ):
        return target
    raise ConfigurationError(
        f"{address!r} is no address of an engine; write grpc://host:port or grpc://unix:/path"
    )


def channel_credentials(target: str, options: LinkOptions) -> grpc.ChannelCredentials | None:
    """Return what a gateway shows and believes; ``None`` for plaintext.

    Raises:
        ConfigurationError: the options are not those of either way, or a file can not be read.
    """
    files = _files(target, options)
    if files is None:
        return None
    certificate, key, authority = files
    return grpc.ssl_channel_credentials(authority, key, certificate)


def server_credentials(target: str, options: LinkOptions) -> grpc.ServerCredentials | None:
    """Return what an engine shows and demands; ``None`` for plaintext. Raises: as above."""
    files = _files(target, options)
    if files is None:
        return None
    certificate, key, authority = files
    return grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)


def peer_name(context: "grpc.aio.ServicerContext[object, object]") -> str:
    """Return the name in a gateway's certificate: its first alternative name, or its common name."""
    shown = context.auth_context()
    for kind in ("x509_subject_alternative_name", "x509_common_name"):
        for name in shown.get(kind, ()):
            return bytes(name).decode(errors="replace")
    return LOCAL


def _files(target: str, options: LinkOptions) -> tuple[bytes, bytes, bytes] | None:
    """Return certificate, key and authority, or ``None`` where plaintext is allowed."""
    paths = (options.certificate, options.key, options.authority)
    if options.plaintext:
        if any(path is not None for path in paths):
            raise ConfigurationError("plaintext and certificates are both set; choose one")
        if not _within_machine(target):
            raise ConfigurationError(
                f"{target} can be reached from other machines, and plaintext is for this one alone; "
                "set certificate, key and authority, or use 127.0.0.1, [::1] or unix:/path"
            )
        return None
    certificate, key, authority = paths
    if certificate is None or key is None or authority is None:
        raise ConfigurationError(
            "an engine is reached by mutual TLS: set certificate, key and authority (PEM files); "
            "within one machine, plaintext = true does without"
        )
    files = _read(certificate), _read(key), _read(authority)
    _check(certificate, key, authority)
    return files


def _within_machine(target: str) -> bool:
    if target.startswith(_UNIX):
        return True
    host = target.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may mean another machine tomorrow


def _check(certificate: Path, key: Path, authority: Path) -> None:
    """Refuse what gRPC would end the process for, or say nothing about but that it can not connect."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # or it asks the terminal
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"{certificate} and {key} are no certificate and its key, both PEM and the key without "
            f"a password: {error}"
        ) from error
    try:
        context.load_verify_locations(authority)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(f"{authority} holds no certificate in PEM: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} can not be read: {error.strerror}") from error
