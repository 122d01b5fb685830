"""Run the benchmarks one after the other: `python -m benchmarks [NAME …]`."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Each in a process of its own, so that none warms up another; 1 if any failed."""
    known = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    names = sys.argv[1:] or [name for name in known if name != "__main__"]
    failed = [name for name in names if not _run(name)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str) -> bool:
    print(f"== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
