"""Learning curves that runs left beside their rows."""

import json
from collections.abc import Iterable
from pathlib import Path

Curve = list[tuple[int, float | None]]


def read(folders: Iterable[Path], wanted: Iterable[str]) -> dict[str, Curve]:
    """The curves of the trials wanted, by trial_id: (step, validation value in nats), None where it was not finite.

    Trials without a curve, and files that cannot be read as one, are passed over.
    """
    ids = set(wanted)
    found: dict[str, Curve] = {}
    for folder in folders:
        for path in sorted((folder / "curves").glob("*.json")):
            if path.stem in ids:
                try:
                    curve = [(int(step), None if v is None else float(v)) for step, v in json.loads(path.read_text())]
                except (OSError, ValueError, TypeError):
                    continue
                if curve:
                    found[path.stem] = curve
    return found
