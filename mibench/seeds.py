"""Seeds as they are asked for: a count, ranges and lists of them, "10", "0-9,15"."""

import contextlib
import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from mibench.errors import UsageError

LARGEST = 10**18
"""No seed and no count is larger: rows keep them as 64-bit integers."""


@dataclass(frozen=True)
class Seeds(Sequence[int]):
    """Seeds in the order they were asked for, each once. Ranges stay ranges: a billion seeds take no room."""

    ranges: tuple[range, ...]

    @classmethod
    def read(cls, text: str) -> "Seeds":
        """`"10"` is the first ten seeds, `"0-9"` the same; `"0-9,15"` a list of ranges and seeds, `"5-5"` one seed."""
        parts = [part.strip() for part in text.split(",")]
        found: list[range] = []
        for part in parts:
            match = re.fullmatch(r"([0-9]{1,30})(?:-([0-9]{1,30}))?", part)
            if not match:
                raise UsageError(f"--seeds {text}: write a count (10), a range (0-9) or a list of them (0-9,15)")
            first, last = int(match[1]), int(match[2] or match[1])
            if len(parts) == 1 and match[2] is None:
                first, last = 0, last - 1
            if last < first:
                raise UsageError(f"--seeds {text}: no seed in it; write a count of at least 1 (10) or a range (0-9)")
            if last > LARGEST:
                raise UsageError(f"--seeds {text}: seeds go up to {LARGEST}")
            found += _beside(range(first, last + 1), found)
        return cls(tuple(found))

    @classmethod
    def of(cls, given: Any) -> "Seeds":
        """Seeds as Python says them: a count, a text for `read`, or any whole numbers, a `range` among them."""
        with contextlib.suppress(TypeError):
            return cls.read(str(given if isinstance(given, str | bool) else operator.index(given)))
        if isinstance(given, range) and given.step == 1:
            return cls.read(f"{given.start}-{given.stop - 1}")
        runs: list[list[int]] = []
        try:
            for seed in map(operator.index, given):
                if runs and seed == runs[-1][1] + 1:
                    runs[-1][1] = seed
                else:
                    runs.append([seed, seed])
        except TypeError as error:
            raise UsageError(f"seeds={given!r:.80}: give a count, a text such as 0-9, or whole numbers") from error
        if not runs:
            raise UsageError(f"seeds={given!r:.80}: there is no seed in it")
        return cls.read(",".join(f"{first}-{last}" for first, last in runs))

    def __len__(self) -> int:
        return sum(map(len, self.ranges))

    def __iter__(self) -> Iterator[int]:
        for part in self.ranges:
            yield from part

    def __contains__(self, seed: object) -> bool:
        return any(seed in part for part in self.ranges)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> "tuple[int, ...]": ...
    def __getitem__(self, index: int | slice) -> "int | tuple[int, ...]":
        if isinstance(index, slice):
            return tuple(self[k] for k in range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        for part in self.ranges:
            if 0 <= place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(f"no seed at {index}: there are {len(self)}")

    def __str__(self) -> str:
        """As `--seeds` takes them: `"0-9,15-15"`."""
        return ",".join(f"{part.start}-{part.stop - 1}" for part in self.ranges)


def _beside(part: range, taken: Iterable[range]) -> list[range]:
    """What of a range is not taken yet."""
    left = [part]
    for other in taken:
        if part.stop <= other.start or other.stop <= part.start:
            continue
        cut = [(range(p.start, min(p.stop, other.start)), range(max(p.start, other.stop), p.stop)) for p in left]
        left = [piece for pair in cut for piece in pair if piece]
    return left
