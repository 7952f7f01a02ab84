"""The self-consistency table holds ratios within a seed, and nothing of trials that failed."""

import pandas as pd
import pytest

from mibench.findings import consistency

COLUMNS = ["task", "point", "estimator", "estimator_params", "n_samples", "seed", "status", "mi_estimate"]


def trials(*rows):
    return pd.DataFrame(
        [("self-consistency", point, "e", "{}", 100, seed, status, value) for point, seed, status, value in rows],
        columns=COLUMNS,
    )


def test_ratios_are_taken_within_a_seed():
    made = consistency.table(
        trials(
            ("rows-2", 0, "ok", 2.0),
            ("rows-2", 1, "ok", 4.0),
            ("pair-2", 0, "ok", 3.0),
            ("pair-2", 1, "ok", 8.0),
            ("rows-8", 0, "ok", 5.0),
            ("blank", 0, "ok", 0.5),
        )
    ).set_index("test")
    assert made.loc["additivity", "ratio"] == pytest.approx((3 / 2 + 8 / 4) / 2)
    assert made.loc["additivity", "expected"] == 2
    assert made.loc["additivity", "sd"] == pytest.approx(0.5 / 2**0.5)
    assert made.loc["additivity", "seeds"] == 2
    assert made.loc["independence", "ratio_of"] == "blank / rows-8"
    assert made.loc["independence", "ratio"] == pytest.approx(0.1)
    assert made.loc["independence", "expected"] == 0


def test_a_failed_trial_gives_no_ratio():
    made = consistency.table(trials(("rows-2", 0, "ok", 2.0), ("twice-2", 0, "error", float("nan"))))
    assert made.empty
    assert list(made.columns) == list(consistency.table(trials()).columns)
