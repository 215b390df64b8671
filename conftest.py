"""What every test of this checkout shares: tiers, seeds, and no skipping in CI.

Nothing here knows the exchange. Fixtures of a room stand in the conftest of its tests.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Generator
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests import tiers

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# A slow, shared machine must not fail a property: no deadlines. No database: a run depends on its
# seed and nothing else.
settings.register_profile(
    tiers.Tier.FAST, max_examples=60, deadline=None, print_blob=True, database=None
)
settings.register_profile(
    tiers.Tier.CI,
    max_examples=400,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    tiers.Tier.PROVE,
    max_examples=4_000,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

SKIPS_FAIL = os.environ.get("CI") == "true"
DECLARED = "declared lack: "
"""How a conformance kit says that a backend breaks a rule as its author declared."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a printed seed be given back."""
    parser.addoption(
        "--seed",
        type=int,
        default=None,
        help="seed of the random tests; the default is drawn afresh and printed",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Fix the tier and the seed before anything is collected; workers get the main run's seed."""
    try:
        settings.load_profile(tiers.current())
    except ValueError as refusal:
        raise pytest.UsageError(*refusal.args) from None
    worker_input: dict[str, int] | None = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.option.seed = worker_input["hybrid_dex_seed"]
    elif config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(2**32)
    if config.option.hypothesis_seed is None:  # read by Hypothesis's own plugin, after this hook
        config.option.hypothesis_seed = str(config.option.seed)


class _SeedForWorkers:
    """Registered only where pytest-xdist is: its hook is unknown otherwise."""

    def pytest_configure_node(self, node: object) -> None:
        """Hand the seed to one worker process."""
        worker_input: dict[str, int] = node.workerinput  # type: ignore[attr-defined] # xdist has no types
        config: pytest.Config = node.config  # type: ignore[attr-defined] # as above
        worker_input["hybrid_dex_seed"] = config.option.seed


def pytest_plugin_registered(manager: pytest.PytestPluginManager) -> None:
    """Join pytest-xdist once it is there."""
    if manager.hasplugin("dsession") and not manager.hasplugin("hybrid_dex_seed"):
        manager.register(_SeedForWorkers(), "hybrid_dex_seed")


def pytest_report_header(config: pytest.Config) -> str:
    """Say what it takes to run the same again."""
    return f"hybrid-dex: tier {tiers.current()}, seed {config.option.seed} (repeat with --seed)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured, and the seed where failures are read, `-q` or not."""
    seed = terminalreporter.config.option.seed
    for report in terminalreporter.stats.get("passed", []):
        for name, figure in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"{report.nodeid}: {figure}")
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"hybrid-dex: seed {seed} (repeat with --seed {seed})")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that scale, so that CI can repeat them with larger figures."""
    for item in items:
        module = getattr(item, "module", None)
        scales = getattr(module, "count", None) is tiers.count
        if scales or item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.tiered)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test passes or fails."""
    report = yield
    return _refuse_skip(report, item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file is collected or fails."""
    report = yield
    return _refuse_skip(report, collector.nodeid)


def _refuse_skip(report: Report, nodeid: str) -> Report:
    """In CI a skipped test is a failed one: a skip hides a missing tool. A declared lack does not."""
    if SKIPS_FAIL and report.outcome == "skipped" and DECLARED not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{nodeid}: skipped, which CI refuses: {report.longrepr}"
    return report


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this run; printed in the header and beside a failure."""
    drawn: int = request.config.option.seed
    print(f"seed {drawn}")  # noqa: T201 # captured, shown when the test fails
    return drawn


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Keep what a proof measured; it is repeated at the end of the run."""
    return partial(record_property, "figure")


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """A generator of this test's own, so that the order of tests changes nothing."""
    return random.Random(f"{seed}:{request.node.nodeid}")


@pytest.fixture
def tier() -> tiers.Tier:
    """The tier of this run."""
    return tiers.current()
