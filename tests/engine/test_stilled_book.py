"""A stilled book keeps every promise of a book, so whatever asks a halted market gets a true answer."""

from hybrid_dex.engine.stilled_book import StilledBook
from hybrid_dex.model.market import Market
from hybrid_dex.testing import BookKit


class TestStilledBook(BookKit):
    """It looks at all its orders for every answer, so the histories are few."""

    histories = 5

    def make_book(self, market: Market) -> StilledBook:
        return StilledBook(())
