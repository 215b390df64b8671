"""The tests run against the installed distribution, or else against the wheel that it would be."""

import contextlib
import importlib.metadata
import sys
import tempfile
import zipfile
from pathlib import Path

NAME = "hybrid-dex-risk-template"

try:
    importlib.metadata.distribution(NAME)
except importlib.metadata.PackageNotFoundError:
    from hatchling.build import build_wheel  # of no use where it is installed

    _place = tempfile.TemporaryDirectory(prefix=f"{NAME}-")
    with contextlib.chdir(Path(__file__).parent.parent):
        _wheel = build_wheel(_place.name)
    with zipfile.ZipFile(Path(_place.name) / _wheel) as archive:
        archive.extractall(_place.name)
    sys.path.insert(0, _place.name)
