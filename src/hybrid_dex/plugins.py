"""Plugins: backends found by name when they are asked for.

A distribution names its backend in an entry point of the interface's group; nothing is imported
before somebody asks for that name.

    [project.entry-points."hybrid_dex.journal"]
    nats = "hybrid_dex_nats:NatsJournal"
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from hybrid_dex.errors import PluginError

__all__ = ["GROUP_PREFIX", "INTERFACES", "available", "load"]

GROUP_PREFIX: Final = "hybrid_dex."
INTERFACES: Final = (
    "auth",
    "book",
    "bus",
    "clock",
    "engine",
    "journal",
    "records",
    "risk",
    "settlement",
    "snapshots",
)
"""What can be replaced; each has an entry point group of this name."""


def available(interface: str) -> tuple[str, ...]:
    """Return the names that are installed for an interface, sorted. Imports none of them.

    Raises:
        PluginError: there is no such interface.
    """
    return tuple(sorted({point.name for point in _points(interface)}))


def load(interface: str, name: str) -> object:
    """Return the backend, usually a class, that an installed distribution registered.

    Raises:
        PluginError: no such interface or name, a name that two distributions claim, or an import
            that fails.
    """
    points = [point for point in _points(interface) if point.name == name]
    if not points:
        names = ", ".join(available(interface)) or "none"
        raise PluginError(
            f"no {interface} named {name!r} is installed; installed are: {names}. Install the "
            f"distribution that registers it in the entry point group {GROUP_PREFIX}{interface}"
        )
    if len({point.value for point in points}) > 1:
        owners = ", ".join(sorted(_owner(point) for point in points))
        raise PluginError(
            f"the {interface} {name!r} is registered by several distributions ({owners}); "
            "uninstall all but one"
        )
    point = points[0]
    try:
        return point.load()
    except Exception as error:
        raise PluginError(
            f"the {interface} {name!r} of {_owner(point)} can not be loaded from {point.value}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _points(interface: str) -> tuple[EntryPoint, ...]:
    if interface not in INTERFACES:
        raise PluginError(f"there is no interface {interface!r}; use {', '.join(INTERFACES)}")
    return tuple(entry_points(group=f"{GROUP_PREFIX}{interface}"))


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value
