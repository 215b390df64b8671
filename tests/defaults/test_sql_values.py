"""What a database can not take is told from a database that can not be reached."""

from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Text, literal, select
from sqlalchemy.exc import OperationalError

from hybrid_dex.defaults.sql_values import first_line, is_id, refused_value
from hybrid_dex.errors import FormatError
from tests.defaults.databases import auth_cluster, opened

__all__ = ["auth_cluster"]


@pytest.mark.parametrize("text", ["0xA1", "key-1", "c0ffee", "a b"])
def test_printable_ascii_can_be_an_id(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["\0", "a\0", "é", "\n", "\x7f", "\ud800"])
def test_nothing_else_can(text: str) -> None:
    assert not is_id(text)


def test_an_error_that_is_not_about_a_value_refuses_none() -> None:
    assert refused_value(OSError("gone")) is None
    assert refused_value(OperationalError("SELECT 1", None, OSError("gone"))) is None


def test_an_error_is_told_in_one_line_and_never_in_none() -> None:
    assert first_line(OSError("gone\nfor good")) == "gone"
    assert first_line(TimeoutError()) == "it did not answer in time"
    assert first_line(ConnectionResetError()) == "ConnectionResetError"


async def test_a_value_that_postgresql_can_not_take_is_refused_as_one(auth_cluster: Path) -> None:
    async with opened(f"postgresql://postgres@/postgres?host={auth_cluster}") as database:
        for value, kind in (("\0", Text()), ("\ud800", Text()), (2**63, BigInteger())):
            for transaction in (database.reading, database.writing):
                with pytest.raises(FormatError, match="outside of what the database keeps"):
                    async with transaction() as connection:
                        await connection.execute(select(literal(value, type_=kind)))
        async with database.reading() as connection:
            assert await connection.scalar(select(literal("x", type_=Text()))) == "x"
