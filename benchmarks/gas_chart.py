"""Draw where the gas of settling goes: ``python benchmarks/gas_chart.py [--check]``.

The figures are those that ``contracts/tests/test_gas.py`` measured and committed in the gas snapshot; the picture
is `docs/assets/gas.svg`, plain text that refers to nothing outside itself. ``--check`` writes nothing and fails when
the picture shows other figures.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

ROOT: Final = Path(__file__).resolve().parents[1]
SNAPSHOT: Final = ROOT / "contracts" / "gas-snapshot.json"
PICTURE: Final = ROOT / "docs" / "assets" / "gas.svg"

COLORS: Final = {
    "transaction": "#90a4ae",
    "calldata": "#4dd0e1",
    "storage": "#5c6bc0",
    "signatures": "#ab47bc",
    "hashing": "#ffa726",
    "event": "#bdbdbd",
    "computation": "#66bb6a",
}
WIDTH, LEFT, BAR, GAP, TOP = 800, 250, 22, 14, 56
SCALE_END, SCALE_STEP = 85_000, 10_000

Where: TypeAlias = Mapping[str, int]


def main() -> int:
    """Write the picture, or say whether it is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    drawn = chart(charted(json.loads(SNAPSHOT.read_text())))
    if parser.parse_args().check:
        return int(drawn != PICTURE.read_text())
    PICTURE.write_text(drawn)
    return 0


def charted(snapshot: Mapping[str, Mapping[str, object]]) -> dict[str, Where]:
    """Return the cases of which the snapshot says where their gas goes."""
    found: dict[str, Where] = {}
    for case, figures in snapshot.items():
        where = figures.get("where")
        if isinstance(where, dict):
            found[case] = where
    return found


def chart(cases: Mapping[str, Where]) -> str:
    """Return the picture: one bar a case, one colour a purpose, gas per fill to scale."""
    height = TOP + len(cases) * (BAR + GAP) + 24
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        '  font-family="sans-serif" font-size="12" fill="#607d8b">',
        "  <title>Gas per fill, by what it is spent on</title>",
        *_legend(),
        *_scale(height),
    ]
    for row, (case, where) in enumerate(cases.items()):
        lines.extend(_bar(TOP + row * (BAR + GAP), case, where))
    return "\n".join([*lines, "</svg>", ""])


def _legend() -> Iterator[str]:
    for place, (name, color) in enumerate(COLORS.items()):
        x = 10 + place * 112
        yield f'  <rect x="{x}" y="12" width="12" height="12" fill="{color}"/>'
        yield f'  <text x="{x + 17}" y="22">{name}</text>'


def _scale(height: int) -> Iterator[str]:
    for gas in range(0, SCALE_END, SCALE_STEP):
        x = LEFT + _length(gas)
        yield f'  <line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{height - 22}" stroke="#cfd8dc"/>'
        yield f'  <text x="{x}" y="{height - 8}" text-anchor="middle">{gas // 1000}k</text>'


def _bar(top: int, case: str, where: Where) -> Iterator[str]:
    yield f'  <text x="{LEFT - 8}" y="{top + 15}" text-anchor="end">{case}</text>'
    x = LEFT
    for name, color in COLORS.items():
        width = _length(where[name])
        hint = f"<title>{name}: {where[name]:,} gas</title>"
        yield (
            f'  <rect x="{x}" y="{top}" width="{width}" height="{BAR}" fill="{color}">{hint}</rect>'
        )
        x += width
    yield f'  <text x="{x + 5}" y="{top + 15}">{sum(where.values()):,}</text>'


def _length(gas: int) -> int:
    return gas * (WIDTH - LEFT - 60) // SCALE_END


if __name__ == "__main__":
    sys.exit(main())
