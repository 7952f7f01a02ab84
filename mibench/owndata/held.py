"""Own data that Python holds: frames, Series, arrays, lists, tensors, and objects one by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mibench.distributions import delimited
from mibench.owndata import texts
from mibench.owndata.columns import Raw


@dataclass(frozen=True)
class Held:
    """Columns that are in memory, or mapped."""

    names: tuple[str, ...]
    column: Callable[[str], Any]
    said: tuple[str, ...] = ()

    def read(self, wanted: Sequence[str]) -> dict[str, Raw]:
        """See `Source`."""
        return {name: raw(self.column(name), name) for name in wanted}


def of_array(array: npt.NDArray[Any], who: str) -> Held:
    """The columns of one array, called 0, 1, … or as its records call them."""
    if array.dtype.names:
        return of_arrays({field: array[field] for field in array.dtype.names}, who)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise ValueError(f"{who} has shape {array.shape}; it must be (rows, columns)")
    return Held(tuple(map(str, range(array.shape[1]))), lambda name: array[:, int(name)])


def of_arrays(arrays: Mapping[str, npt.NDArray[Any]], who: str) -> Held:
    """Each array is a column, or several: x becomes x0, x1, …"""
    held: dict[str, npt.NDArray[Any]] = {}
    for name, array in arrays.items():
        if array.ndim not in (1, 2):
            raise ValueError(f"{who}: {name} has shape {array.shape}; it must be (rows,) or (rows, columns)")
        parts = [array] if array.ndim == 1 else list(array.T)
        held |= {name if len(parts) == 1 else f"{name}{k}": part for k, part in enumerate(parts)}
    if len({len(part) for part in held.values()}) > 1:
        sizes = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ValueError(f"{who}: its arrays differ in rows: {sizes}")
    return Held(tuple(held), held.__getitem__)


def of_frame(frame: Any) -> Held:
    """The columns of a DataFrame, of what becomes one, or of a mapping of names to arrays."""
    if hasattr(frame, "to_pandas"):
        frame = frame.to_pandas()
    if isinstance(frame, Mapping):
        return of_arrays({str(name): np.asarray(values) for name, values in frame.items()}, "data")
    if not (hasattr(frame, "columns") and hasattr(frame, "iloc")):
        raise ValueError(
            f"data is of type {type(frame).__name__}: give a DataFrame, a dict of columns or a file's name"
        )
    names = tuple(str(name).strip() for name in frame.columns)
    return Held(names, lambda name: frame.iloc[:, names.index(name)])


def of_side(given: Any, name: str) -> Held:
    """One side as Python holds it: a frame, a Series, an array of one or two dimensions, a list, a tensor."""
    if hasattr(given, "to_pandas"):
        given = given.to_pandas()
    if isinstance(given, Mapping) or (hasattr(given, "columns") and hasattr(given, "iloc")):
        frame = of_frame(given)
        for column in frame.names:
            delimited.place(column, frame.names)
        return frame
    if hasattr(given, "to_numpy") and hasattr(given, "iloc"):
        return Held((str(name if given.name is None else given.name),), lambda _: given)
    if isinstance(given, np.ma.MaskedArray) and not np.ma.getmaskarray(given).any():
        given = given.data
    if isinstance(given, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: drop the masked rows, or give them as NaN")
    if isinstance(given, str):
        raise ValueError(f"{name}={given!r:.40} names columns: say of what with data=")
    try:
        array = _array(given)
    except (ValueError, TypeError, RuntimeError):
        ragged = isinstance(given, list | tuple) and len({np.size(row) for row in given}) > 1
        why = "its rows differ in length" if ragged else "no array (n, dim) of values"
        raise ValueError(f"{name} is of type {type(given).__name__}: {why}") from None
    if array.ndim == 0:
        raise ValueError(f"{name} is of type {type(given).__name__} and no array (n, dim) of values")
    if array.dtype.names:
        return of_array(array, name)
    if array.ndim > 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must be (n,) or (n, dim) with n >= 1 and dim >= 1")
    return of_arrays({name: array}, name)


def _array(given: Any) -> npt.NDArray[Any]:
    """What numpy makes of it. Numbers and texts in one list stay what they are; no library is imported for tensors."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
        given = (given.double() if given.is_floating_point() else given).numpy()
    array = np.asarray(given)
    if array.dtype.kind in "SU" and isinstance(given, list | tuple):
        array = np.array(given, dtype=object)
    return array


def raw(values: Any, name: str) -> Raw:
    """Values of one column as float64 with NaN, or as objects. Raises ValueError for what can be neither."""
    kind, dtype = getattr(getattr(values, "dtype", None), "kind", ""), str(getattr(values, "dtype", ""))
    if dtype.startswith(("datetime", "period")) or kind == "M":
        return _objects([None if str(value) == "NaT" else str(value) for value in values], name)
    if kind in "OSUT" or dtype in WORDS or dtype.startswith("interval"):
        return _objects(values, name, classes=dtype == "category" or dtype.startswith("interval"))
    array = (
        values.to_numpy(dtype=np.float64, na_value=np.nan) if hasattr(values, "isna") and _is_real(values) else values
    )
    array = np.asarray(array)
    if array.dtype.kind == "b":
        return np.where(array, "true", "false").astype(object)
    if array.dtype.kind == "m":  # durations, in seconds
        return np.where(np.isnat(array), np.nan, array / np.timedelta64(1, "s"))
    if array.dtype.kind == "c":
        raise ValueError(f"column {name!r} is complex: give its real and its imaginary part as columns of their own")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"column {name!r} holds {array.dtype} values, which are neither numbers nor categories")
    return finite(array.astype(np.float64), name)


WORDS = ("category", "string", "str", "boolean")


def _is_real(values: Any) -> bool:
    return str(values.dtype).lower().startswith(("int", "uint", "float", "double"))


def _objects(values: Any, name: str, classes: bool = False) -> Raw:
    """Objects of a column: numbers if all are, else texts as they are read from a file; `classes` are categories."""
    found = [
        None if _is_nothing(value) else value.decode(errors="replace") if isinstance(value, bytes) else value
        for value in values
    ]
    given = [value for value in found if value is not None]
    if classes:
        return _as_objects([None if value is None else str(value) for value in found])
    if any(isinstance(value, complex) for value in given):
        raise ValueError(f"column {name!r} is complex: give its real and its imaginary part as columns of their own")
    if given and all(isinstance(value, bool | np.bool_) for value in given):
        return _as_objects([None if value is None else str(bool(value)).lower() for value in found])
    if not any(isinstance(value, str) for value in given):
        try:
            return finite(np.array([np.nan if value is None else float(value) for value in found]), name)
        except (TypeError, ValueError):
            raise ValueError(
                f"column {name!r} holds values such as {given[0]!r:.40}, which are neither numbers nor categories"
            ) from None
    return texts.categories(name, ["" if value is None else str(value) for value in found])


def _as_objects(values: Sequence[Any]) -> Raw:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _is_nothing(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and np.isnan(value))
    )


def finite(values: npt.NDArray[np.float64], name: str) -> Raw:
    """The values. Raises ValueError, naming a row, where one is infinite."""
    if (infinite := np.isinf(values)).any():
        raise ValueError(
            f"column {name!r} holds {values[infinite][0]} at row {np.flatnonzero(infinite)[0] + 1} "
            f"({infinite.sum()} such cells in all): drop or correct them"
        )
    return values
