"""What `gateway` measured, as a table in Markdown and as a picture."""

from collections.abc import Iterator
from typing import Final

import attrs

COLORS: Final = {
    "receive": "#90a4ae",
    "decode": "#4dd0e1",
    "verify": "#ab47bc",
    "journal": "#8d6e63",
    "risk and match": "#66bb6a",
    "publish": "#ffa726",
    "acknowledge": "#5c6bc0",
    "send": "#bdbdbd",
    "tell the records": "#ffcc80",
    "records": "#ef9a9a",
}
APART: Final = "records"
"""The stage that a process of its own does."""
WIDTH, LEFT, BAR, TOP = 800, 140, 20, 30

Budget = dict[str, float]


@attrs.frozen
class Level:
    """The times within which answers came, at a share of the highest rate; milliseconds."""

    share: float
    p50_ms: float
    p99_ms: float
    p999_ms: float


@attrs.frozen(kw_only=True)
class Way:
    """One way in: orders a second by the clock, processor microseconds of the exchange for one.

    Its records are written by a process of their own, whose microseconds stand apart. `bare_us` is a
    bare recovery, the mean of right before and right after.
    """

    name: str
    rate: float
    used_us: float
    records_us: float
    bare_us: float
    levels: list[Level]


@attrs.frozen(kw_only=True)
class Figures:
    """All of a run.

    Attributes:
        machine: what it ran on.
        recover_us: processor time of a bare recovery before and after.
        ways: the ways in.
        others: everything else, by name.
        budget: the stages of the socket's path, in bare recoveries.
    """

    machine: str
    recover_us: tuple[float, float]
    ways: list[Way]
    others: dict[str, float]
    budget: Budget

    @property
    def bare_us(self) -> float:
        """A bare recovery: the mean of before and after."""
        return sum(self.recover_us) / 2


def table(figures: Figures) -> str:
    """Return everything as Markdown."""
    return "\n".join([*_ways(figures), "", *_others(figures), "", *stages(figures.budget)])


def _ways(figures: Figures) -> Iterator[str]:
    before, after = figures.recover_us
    yield f"{figures.machine}; a bare recovery {before:.1f} us before, {after:.1f} us after"
    yield ""
    yield (
        "| | orders/s by the clock | a bare recovery, us | x its rate | processor us "
        "| x recovery, processor | the same with the records' process |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for way in figures.ways:
        bare = way.bare_us
        yield (
            f"| {way.name} | {way.rate:,.0f} | {bare:.1f} | {way.rate * bare / 1e6:.2f} | "
            f"{way.used_us:.1f} | {bare / way.used_us:.2f} | "
            f"{bare / (way.used_us + way.records_us):.2f} |"
        )
    yield ""
    yield (
        "| acknowledged after, ms: p50 / p99 / p99.9 | "
        + " | ".join(f"{level.share:.0%} of the most" for level in figures.ways[0].levels)
        + " |"
    )
    yield "| --- |" + " --- |" * len(figures.ways[0].levels)
    for way in figures.ways:
        cells = (f"{one.p50_ms:.1f} / {one.p99_ms:.1f} / {one.p999_ms:.1f}" for one in way.levels)
        yield f"| {way.name} | " + " | ".join(cells) + " |"


def _others(figures: Figures) -> Iterator[str]:
    found, bare = figures.others, figures.bare_us
    alone, hot = found["alone_us"], found["sync_us"] + bare
    floor = found["sync_alone_us"] + found["recover_alone_us"]
    yield "| | |"
    yield "| --- | --- |"
    yield (
        f"| durable / not durable, by the clock; by processor time | "
        f"{found['durable_rate']:.2f}; {found['durable_used']:.2f} |"
    )
    yield f"| replay, commands and members of batches of a processor second | {found['replay_per_s']:,.0f} |"
    yield (
        f"| one at a time, p50 / (a sync and a recovery that come alone, too) | {alone:,.0f} us / "
        f"({found['sync_alone_us']:,.0f} + {found['recover_alone_us']:,.0f}) us = "
        f"{alone / floor:.1f} |"
    )
    yield (
        f"| the same / (a sync and a recovery of many after each other) | {alone:,.0f} us / "
        f"{hot:,.0f} us = {alone / hot:.1f} |"
    )
    yield (
        f"| socket orders/s with {found['readers']:,.0f} readers of the book | "
        f"{found['readers_orders_per_s']:,.0f} |"
    )
    yield (
        f"| deltas delivered a second; of a processor second | {found['deliveries_per_s']:,.0f}; "
        f"{found['deliveries_per_processor_s']:,.0f} |"
    )
    yield (
        f"| orders told to a reader, of a processor second; a delta tells a turn's | "
        f"{found['told_per_processor_s']:,.0f} |"
    )
    yield (
        f"| acknowledged beside those readers at 25%, ms: p50 / p99 / p99.9 | "
        f"{found['readers_p50_ms']:.1f} / {found['readers_p99_ms']:.1f} / "
        f"{found['readers_p999_ms']:.1f} |"
    )
    yield f"| memory of a reader that never reads | {found['dead_reader_bytes'] / 1e6:.2f} MB |"
    yield f"| others' p99 beside such readers | {found['dead_reader_p99']:.2f}x |"


def stages(budget: Budget) -> Iterator[str]:
    """Yield the table of the stages."""
    recover_us = budget["recover_us"]
    yield "| stage of a socket's order, alone | bare recoveries | microseconds |"
    yield "| --- | --- | --- |"
    total = 0.0
    for name in COLORS:
        if name != APART:
            total += budget[name]
            yield f"| {name} | {budget[name]:.2f} | {budget[name] * recover_us:.1f} |"
    yield f"| together | {total:.2f} | {total * recover_us:.1f} |"
    apart = budget[APART]
    yield f"| {APART}, in a process of their own | {apart:.2f} | {apart * recover_us:.1f} |"


def chart(budget: Budget) -> str:
    """Return the picture: a bar a stage, in bare recoveries."""
    longest = max(budget[name] for name in COLORS)
    scale = (WIDTH - LEFT - 80) / max(longest, 1.0)
    height = TOP + len(COLORS) * (BAR + 10) + 10
    one = round(LEFT + scale)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        '  font-family="sans-serif" font-size="12" fill="#607d8b">',
        "  <title>Processor time of an order by stage, in bare public key recoveries</title>",
        f'  <line x1="{one}" y1="{TOP - 8}" x2="{one}" y2="{height - 8}" stroke="#cfd8dc"/>',
        f'  <text x="{one}" y="{TOP - 12}" text-anchor="middle">one bare recovery</text>',
    ]
    for row, (name, color) in enumerate(COLORS.items()):
        y, length = TOP + row * (BAR + 10), round(budget[name] * scale)
        lines += (
            f'  <text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{name}</text>',
            f'  <rect x="{LEFT}" y="{y}" width="{length}" height="{BAR}" fill="{color}"/>',
            f'  <text x="{LEFT + length + 6}" y="{y + 14}">{budget[name]:.2f}</text>',
        )
    return "\n".join([*lines, "</svg>", ""])
