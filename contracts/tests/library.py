"""The library's batch encoder, loaded from the checkout without installing the library here."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

SOURCE = Path(__file__).resolve().parents[2] / "src"


def load_layout() -> ModuleType:
    """Load ``hybrid_dex.settlement.layout`` by its file: its package's shell wants another web3."""
    if str(SOURCE) not in sys.path:
        sys.path.insert(0, str(SOURCE))
    name = "hybrid_dex_settlement_layout"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, SOURCE / "hybrid_dex" / "settlement" / "layout.py"
        )
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
