"""The self-consistency table: on pictures whose mutual information no one knows, ratios of estimates are known.

Song & Ermon 2020 (arXiv:1910.06222) ask three things of an estimator: no information about another picture's rows;
no more from data and processed data than from the data; twice as much from two independent pairs as from one. An
estimate that is right passes, and so may one that is wrong by a factor: this is a table of ratios, not of truths.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SWEEP = "self-consistency"
TESTS = (("data processing", "twice", 1), ("additivity", "pair", 2))


def table(trials: "pd.DataFrame") -> "pd.DataFrame":
    """One row an estimator, n and test: mean and standard deviation over seeds of the ratio, and what it should be.

    `trials` has the columns of a results folder. A ratio is taken within a seed; `seeds` says how many there were.
    """
    import pandas as pd

    ok = trials[(trials["task"] == SWEEP) & (trials["status"] == "ok")]
    keys = ["estimator", "estimator_params", "n_samples", "seed"]
    estimates = ok.pivot_table(index=keys, columns="point", values="mi_estimate", aggfunc="last")
    whole = max((p for p in estimates.columns if p.startswith("rows-")), key=lambda p: int(p[5:]), default=None)
    pairs = [
        (test, f"{kind}-{rows}", f"rows-{rows}", float(ratio)) for test, kind, ratio in TESTS for rows in range(100)
    ]
    if whole is not None:
        pairs.append(("independence", "blank", whole, 0.0))
    found = []
    for test, above, below, expected in pairs:
        if above in estimates and below in estimates:
            ratio = (estimates[above] / estimates[below]).dropna()
            for group, values in ratio.groupby(level=keys[:3]):
                row: dict[str, Any] = dict(zip(keys[:3], tuple(group), strict=True))  # type: ignore[arg-type]
                spread = values.std(ddof=1) if len(values) > 1 else float("nan")
                row |= {"test": test, "ratio_of": f"{above} / {below}", "expected": expected}
                found.append(row | {"ratio": values.mean(), "sd": spread, "seeds": len(values)})
    columns = [*keys[:3], "test", "ratio_of", "expected", "ratio", "sd", "seeds"]
    return pd.DataFrame(found, columns=columns).sort_values(columns[:5], ignore_index=True)
