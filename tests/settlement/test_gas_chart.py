"""The documentation's gas chart shows the figures that were measured and committed."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "gas_chart.py"
PICTURE = ROOT / "docs" / "assets" / "gas.svg"


def test_the_chart_is_drawn_from_the_committed_snapshot() -> None:
    checked = subprocess.run([sys.executable, str(SCRIPT), "--check"], check=False)
    assert checked.returncode == 0, "run python benchmarks/gas_chart.py"


def test_the_chart_is_a_picture_that_asks_for_nothing() -> None:
    text = PICTURE.read_text()
    ET.fromstring(text)
    assert not any(
        word in text.replace("http://www.w3.org/2000/svg", "") for word in ("http", "url(")
    )
