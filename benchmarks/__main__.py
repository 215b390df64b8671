"""All measurements in turn: ``python -m benchmarks [--peers PYTHON] [NAMES...]``.

Each is a script of its own with its own options, which its docstring explains. Here they run with
their defaults, one after the other, for two at once would measure each other; names choose some of
them. Nothing here passes or fails but for a script that can not run.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
TITLES: Final = {
    "engine": "the book and the engine, beside other Python order books",
    "growth": "what a command costs as orders, accounts, markets and levels grow",
    "signing": "signed orders, beside one bare public key recovery",
    "journal": "the disk's sync, and commands through the whole exchange",
    "snapshots": "a large book: pauses, snapshots, restart and recovery",
    "gateway": "signed orders over a socket, acknowledged when durable",
}
WITH_PEERS: Final = "engine"


def main() -> int:
    """Run the scripts; the first that fails decides the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(TITLES)}")
    parser.add_argument("--peers", help="a Python in whose environment the peers are installed")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(TITLES))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are: {', '.join(TITLES)}")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores", flush=True)
    for name in [name for name in TITLES if name in arguments.names] or TITLES:
        peers = ["--peers", arguments.peers] if arguments.peers and name == WITH_PEERS else []
        print(f"\n== {name}: {TITLES[name]}\n", flush=True)
        began = time.monotonic()
        command = [sys.executable, str(FOLDER / f"{name}.py"), *peers]
        status = subprocess.run(command, check=False).returncode
        if status:
            print(f"== {name} ended with status {status}", file=sys.stderr)
            return status
        print(f"\n== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
