"""Which columns are x and which are y: names, ranges and patterns."""

import difflib
import fnmatch
from collections.abc import Sequence

from mibench.distributions import delimited

ALL_BUT = "all-but:"


def sides(names: Sequence[str], x: Sequence[str], y: Sequence[str]) -> tuple[list[str], list[str]]:
    """The columns of both sides, each in the order asked for. Raises ValueError where they cannot be two sides.

    An item is a name, a range `first..last`, a pattern `gene_*`, or, on one side, `all-but:` what is left out; what is
    left out may be the other side, as `all-but:y`.
    """
    if len(names) < 2:
        there = f"there is one column, {names[0]!r:.60}" if names else "there is no column"
        raise ValueError(f"{there}: x and y need one each")
    if not x and not y:
        return _usual(names)
    if not x or not y:
        given, other = ("x", "y") if x else ("y", "x")
        raise ValueError(f"--{given} is given and --{other} is not: name the columns of both sides")
    if _rest(x) and _rest(y):
        raise ValueError("--x and --y both say all-but: name the columns of one side")
    if _rest(x):
        right = listed(names, y, "y")
        left = _all_but(names, x, {"y": right}, "x")
    else:
        left = listed(names, x, "x")
        right = _all_but(names, y, {"x": left}, "y") if _rest(y) else listed(names, y, "y")
    if both := [name for name in left if name in right]:
        raise ValueError(f"column {both[0]!r} is on both sides: x and y must not share a column")
    return left, right


def _usual(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Two columns are x and y; of more, those called x, x0, x1, … and y, y0, y1, …"""
    if len(names) == 2:
        return [names[0]], [names[1]]
    found = {side: [name for name in names if name[:1] == side and (name[1:] or "0").isdigit()] for side in "xy"}
    if found["x"] and found["y"]:
        return found["x"], found["y"]
    raise ValueError(f"say which columns are --x and which --y; there are {_shown(names)}")


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "") or "none"


def _rest(items: Sequence[str]) -> bool:
    return any(item.startswith(ALL_BUT) for item in items)


def _all_but(names: Sequence[str], items: Sequence[str], other: dict[str, list[str]], side: str) -> list[str]:
    first, *more = items
    out = [first.removeprefix(ALL_BUT), *more] if first.startswith(ALL_BUT) else []
    if not out:
        raise ValueError(f"--{side} {','.join(items)}: all-but: comes first, and all behind it is left out")
    ((called, theirs),) = other.items()
    named = [item for item in out if not (item == called and called not in names)]
    gone = {*theirs, *(listed(names, named, side) if named else [])}
    left = [name for name in names if name not in gone]
    if not left:
        raise ValueError(f"--{side} {','.join(items)}: no column is left")
    return left


def listed(names: Sequence[str], items: Sequence[str], side: str) -> list[str]:
    """The columns that the items of one side name. Raises ValueError for one that is not there or is named twice."""
    found: list[str] = []
    for item in items:
        for name in _meant(names, item, side):
            if name in found:
                raise ValueError(f"--{side}: column {name!r} is given twice")
            found.append(name)
    return found


def _meant(names: Sequence[str], item: str, side: str) -> list[str]:
    if item in names:
        delimited.place(item, names)
        return [item]
    first, dots, last = item.partition("..")
    if dots and first and last:
        start, stop = delimited.place(first, names), delimited.place(last, names)
        if stop < start:
            raise ValueError(f"--{side} {item}: {last!r} stands before {first!r}; write {last}..{first}")
        return list(names[start : stop + 1])
    if any(sign in item for sign in "*?["):
        if matching := [name for name in names if fnmatch.fnmatchcase(name, item)]:
            return matching
        near = difflib.get_close_matches(item.strip("*?"), names, n=1, cutoff=0.4)
        there = f"did you mean {near[0]!r}?" if near else f"there are {_shown(names)}"
        raise ValueError(f"--{side} {item}: no column matches; {there}")
    if holding := next((name for name in names if "," in name and item in map(str.strip, name.split(","))), None):
        raise ValueError(
            f"no column {item!r}; {holding!r} is written with a ? for its comma: {holding.replace(',', '?')}"
        )
    delimited.place(item, names)
    raise AssertionError(item)
