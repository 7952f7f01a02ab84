"""All that was found of one's own data, as a page, as JSON and as a frame."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mibench.calibration import Calibrated
from mibench.owndata import calibration, cautions, text
from mibench.owndata.lines import UNITS, Line
from mibench.owndata.sample import Sample, described

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Findings:
    """The sample as it was understood, and a line for each estimator; `str` of it is the page.

    `source` is where the data came from, `said` what was understood of its layout, and `left_out` how many columns of
    it were not used. `interrupted` names what was under way when the user ended it. `calibrated` is what the
    calibration came to, None where it was not asked for.
    """

    source: str
    sample: Sample
    lines: tuple[Line, ...]
    unit: str
    seed: int
    said: tuple[str, ...] = ()
    left_out: int = 0
    turned: str = ""
    interrupted: str = ""
    calibrated: Calibrated | None = None

    @cached_property
    def warnings(self) -> list[str]:
        """What may be wrong, each with what to do."""
        return [*cautions.of_sample(self.sample, self.turned), *cautions.of_lines(self.sample, self.lines)]

    @property
    def notes(self) -> list[str]:
        """What stands in the table of estimates, and why something does not."""
        return list(text.notes(self))

    @property
    def answer(self) -> str:
        """What it comes to, in words; empty where nothing could be estimated."""
        return text.answer(self)

    @property
    def fitting(self) -> str:
        """Which true values fit, in words; empty where that was not asked."""
        return "" if self.calibrated is None else calibration.words(self.calibrated, self.unit)

    def to_dict(self) -> dict[str, Any]:
        """The findings as JSON holds them, values in the unit asked for."""
        sample = self.sample
        return {
            "source": self.source,
            "n": sample.n,
            "rows": {"of": sample.of, "missing": sample.dropped, "repeated": sample.repeated},
            "x": [described(one) for one in sample.x],
            "y": [described(one) for one in sample.y],
            "kind": sample.kind,
            "unit": self.unit,
            "seed": self.seed,
            "interrupted": bool(self.interrupted),
            "warnings": self.warnings,
            "estimates": [self._record(line) for line in self.lines],
            "calibrated": self.calibrated.to_dict(UNITS[self.unit]) if self.calibrated else None,
        }

    def to_frame(self) -> "pd.DataFrame":
        """The estimates as a table, a row an estimator."""
        import pandas as pd

        records = [self._record(line) for line in self.lines]
        for record in records:
            record["low"], record["high"] = record.pop("interval") or (math.nan, math.nan)
            record["flags"] = ",".join(record["flags"])
            del record["by_rows"], record["null"]
        return pd.DataFrame(records)

    def _record(self, line: Line) -> dict[str, Any]:
        def scaled(value: float | None) -> float | None:
            return None if value is None else value * UNITS[self.unit]

        spread, interval = line.spread, line.interval
        by_rows = zip(spread.sizes, spread.means, strict=True) if spread else ()
        return {
            "estimator": line.asked.label,
            "value": scaled(line.value),
            "interval": [scaled(end) for end in interval] if interval else None,
            "p": line.p,
            "flags": list(line.estimate.flags) if line.estimate else [],
            "status": line.status,
            "reason": line.reason or None,
            "bound": line.asked.direction,
            "sd": scaled(spread.sd) if spread else None,
            "sd_relative_error": spread.relative_error if spread else None,
            "interval_by": spread.how if spread else line.no_spread or None,
            "drift": scaled(spread.drift) if spread else None,
            "by_rows": [[n, scaled(mean)] for n, mean in by_rows],
            "chosen": line.estimate.chosen if line.estimate else None,
            "permutations": len(line.null),
            "null": [scaled(value) for value in line.null],
        }

    def page(self, width: int = text.WIDTH) -> str:
        """What a person reads, in lines of at most `width`."""
        return text.page(self, text.table(self), width)

    def __str__(self) -> str:
        return self.page()
