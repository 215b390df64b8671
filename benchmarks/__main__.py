"""All measurements in turn: ``python -m benchmarks [options of engine.py]``.

Each is a script of its own with its own options; only the engine's are passed on, since it is the
one that needs to be told where the peers are.
"""

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("engine.py", "journal.py", "signing.py")


def main() -> int:
    """Run the scripts; the first that fails decides the exit status."""
    for script in SCRIPTS:
        print(f"-- {script}", flush=True)
        arguments = sys.argv[1:] if script == "engine.py" else []
        path = str(Path(__file__).parent / script)
        status = subprocess.run([sys.executable, path, *arguments], check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
