"""One figure in a process of its own: `python -m benchmarks.measure WORKLOAD SUBJECT OPTIONS`."""

from __future__ import annotations

import json
import sys

from benchmarks import workloads
from benchmarks.timing import collector


def main() -> None:
    """Measure and print one line of JSON."""
    name, subject, options = sys.argv[1:]
    setting = collector()
    values = workloads.load(name).measure(subject, **json.loads(options))
    print(json.dumps({**values, "gc": setting}))


if __name__ == "__main__":
    main()
