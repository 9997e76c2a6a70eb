"""Print the matrix: ``python -m tests.record.redaction.matrix``."""

from __future__ import annotations

import sys
import traceback

from tests.record.redaction.matrix.rows import ROWS
from tests.record.redaction.matrix.ways import WAYS, found


def main() -> int:
    wanted = sys.argv[1:]
    leaks = cells = 0
    width = max(map(len, ROWS))
    for i, name in enumerate(WAYS):
        print(f"{'':{width}} {'  |' * i}  {name}")
    for row, story in ROWS.items():
        if wanted and not any(word in row for word in wanted):
            continue
        try:
            made = found(story)
        except AssertionError as error:
            print(f"{row:{width}} ERROR {error}")
            if wanted:
                traceback.print_exc()
            continue
        shown = [
            "  -" if one is None else "  *" if way in story.known else f"{len(one):3}"
            for way, one in made.items()
        ]
        cells += sum(one is not None for one in made.values())
        why = {way: forms for way, forms in made.items() if forms and way not in story.known}
        leaks += len(why)
        print(f"{row:{width}} {''.join(shown)}{f'   {why}' if why else ''}", flush=True)
    for row, story in ROWS.items():
        for way, reason in story.known.items():
            print(f"* {row}, {way}: {reason}")
    print(f"{cells} cells, a secret in {leaks} of them (-: no way leads there)")
    return min(leaks, 1)


if __name__ == "__main__":
    sys.exit(main())
