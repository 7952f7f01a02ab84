"""Trials drawn at random for the tests of tables, figures and comparisons: nothing in them was estimated."""

import json
from hashlib import sha256

import numpy as np
import pandas as pd


def identity(*parts):
    """An id as a run's trials have it."""
    return "t" + sha256(repr(parts).encode()).hexdigest()[:16]


def trials(
    estimators=(("ksg", {"k": 3}, "none"), ("mine", {"steps": 100}, "lower")),
    points=((1, 0.5), (1, 2.0), (5, 0.5)),
    samples=(1000,),
    seeds=10,
    bias=0.0,
    sd=0.05,
    shared=0.03,
    rng=0,
    task="gaussian",
):
    """A frame of ok trials: estimate = truth + bias + noise of the sample, which rivals share, + noise of their own."""
    rng = np.random.default_rng(rng)
    rows = []
    for dim, mi in points:
        for n in samples:
            common = rng.normal(0, shared, seeds)
            for name, params, bound in estimators:
                offset = bias.get(name, 0.0) if isinstance(bias, dict) else bias
                for seed in range(seeds):
                    rows.append(
                        {
                            "trial_id": identity(name, json.dumps(params), task, dim, mi, n, seed),
                            "run_id": "run",
                            "status": "ok",
                            "estimator": name,
                            "estimator_params": json.dumps(params),
                            "task": task,
                            "point": f"dim={dim}:mi={mi}",
                            "task_params": json.dumps({"dim": dim, "mi": mi}),
                            "dim_x": dim,
                            "dim_y": dim,
                            "n_samples": n,
                            "seed": seed,
                            "mi_true": mi,
                            "mi_true_error": 0.0,
                            "mi_estimate": mi + offset + common[seed] + rng.normal(0, sd),
                            "mi_std": 0.05,
                            "bound": bound,
                            "ceiling": None,
                            "ess": None,
                            "flags": "",
                            "fit_seconds": rng.uniform(0.1, 0.2) * len(name),
                            "wall_seconds": 1.0,
                            "device": "cpu",
                            "dtype": "float64",
                            "error": None,
                            "path": None,
                            "code": "abc",
                            "schema_version": 1,
                        }
                    )
    return pd.DataFrame(rows)


def fail(frame, where, status="timeout"):
    """The frame with the rows of a mask failed."""
    frame = frame.copy()
    frame.loc[where, "status"] = status
    frame.loc[where, ["mi_estimate", "fit_seconds"]] = np.nan
    frame.loc[where, "error"] = "it did not end well"
    return frame


def models(
    values, seeds=6, score="kl", better="lower", margin=0.05, failed=(), application=("app", "p"), own=(), params="{}"
):
    """Rows of trained models: `values[estimator]` is a list of one value a seed; `own` are baselines."""
    rows = []
    for estimator, each in values.items():
        for seed, value in enumerate(each[:seeds]):
            bad = (estimator, seed) in failed
            kept = {score: {"value": value, "better": better, "margin": margin}}
            rows.append(
                {
                    "trial_id": identity(estimator, application, seed), "estimator": estimator,
                    "estimator_params": "{}", "task": application[0], "point": application[1], "task_params": params,
                    "n_samples": None, "seed": seed, "status": "oom" if bad else "ok", "mi_true": None,
                    "mi_estimate": None, "kind": "application", "fit_seconds": 1.0, "code": "c0de", "schema_version": 1,
                    "scores": None if bad else json.dumps(kept), "flags": "baseline" if estimator in own else "",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
