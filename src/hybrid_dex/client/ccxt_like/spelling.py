"""Both spellings of a method, as ccxt has them: ``fetch_order_book`` and ``fetchOrderBook``."""

import inspect
from typing import TypeVar

__all__ = ["Features", "both_spellings", "camel_case"]

_C = TypeVar("_C")

_CAPITALS = {"ohlcv": "OHLCV"}


def camel_case(name: str) -> str:
    """Return ccxt's other spelling of a name.

    >>> camel_case("fetch_order_book"), camel_case("fetch_ohlcv"), camel_case("close")
    ('fetchOrderBook', 'fetchOHLCV', 'close')
    """
    first, *others = name.split("_")
    return first + "".join(_CAPITALS.get(part, part.capitalize()) for part in others)


def both_spellings(kind: type[_C]) -> type[_C]:
    """Give every public method of a class its other spelling."""
    for name, method in list(vars(kind).items()):
        if not name.startswith("_") and inspect.isfunction(method):
            setattr(kind, camel_case(name), method)
    return kind


class Features(dict[str, bool]):
    """ccxt's ``has``: what an exchange can do, by the camel-case name; what is not there is false.

    Args:
        exchange: whose methods they are.
    """

    def __init__(self, exchange: object) -> None:
        methods = [camel_case(name) for name in dir(type(exchange)) if not name.startswith("_")]
        super().__init__({name: True for name in methods if hasattr(exchange, name)})
        self |= {"spot": True, "margin": False, "swap": False, "future": False, "option": False}
        self |= {"publicAPI": True, "privateAPI": True, "ws": True, "CORS": False}

    def __missing__(self, name: str) -> bool:
        return False
