"""Estimators as published: what they set, what stays as it was, and values that are read where training saw them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from frames import trials

torch = pytest.importorskip("torch")

from mibench import catalogue, specs, trial  # noqa: E402
from mibench.errors import UsageError  # noqa: E402
from mibench.findings.selection import select  # noqa: E402
from mibench.findings.summary import tidy  # noqa: E402

FOUND = catalogue.discover()
KNOWN = sorted(name for name, made in FOUND.estimators.items() if getattr(made, "published", None))


def made(spec):
    return FOUND.estimator(spec).estimator


def pairs(n=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    return x, x + rng.standard_normal((n, 2))


@pytest.mark.parametrize(
    ("spec", "known", "seed"),
    [
        ("mine", "tb399176af5a285ff", 2965518380),
        ("jsd:steps=400", "t4f55ced5771ba1ab", 3469006438),
        ("deep-infomax", "ta0a571e526d688c3", 2825506674),
    ],
)
def test_fields_that_came_later_change_no_id_and_no_stream_there_was(spec, known, seed):
    """Both are from before there was a recipe."""
    (point,) = FOUND.points("gaussian/dim=1:mi=0.5")
    one = trial.Trial(FOUND.estimator(spec), point, 1000, 0, "cpu", "", 0.5)
    assert (one.id, one.estimator_seed) == (known, seed)
    assert not {"recipe", "window"} & json.loads(one.choice.params).keys()


@pytest.mark.parametrize("name", KNOWN)
def test_a_recipe_sets_what_it_says_and_is_in_the_row(name):
    choice = FOUND.estimator(f"{name}:recipe=published")
    settings = specs.fields(choice.estimator)
    said = made(name).published.settings.items()
    assert {**settings, **{k: list(v) if isinstance(v, tuple) else v for k, v in said}} == settings
    assert {"inputs": "plain", **json.loads(choice.params)} == settings
    assert choice.estimator.direction == "none"


@pytest.mark.parametrize("name", KNOWN)
def test_another_process_rebuilds_the_same_from_the_changes(name):
    first = FOUND.estimator(f"{name}:recipe=published:steps=700")
    assert FOUND.choice(name, first.changes).estimator == first.estimator
    assert first.estimator.steps == 700, "what the user sets wins"


@pytest.mark.parametrize("name", ["flo", "doe", "deep-infomax"])
def test_an_estimator_without_one_says_so(name):
    with pytest.raises(UsageError, match="has no settings as published: leave recipe=mibench"):
        FOUND.estimator(f"{name}:recipe=published")


def test_what_cannot_be_run_says_why():
    with pytest.raises(UsageError, match="recipe='papers' is none of mibench, published"):
        FOUND.estimator("mine:recipe=papers")
    with pytest.raises(ValueError, match="recipe=published says how estimates were made and means nothing in a term"):
        made("mine:recipe=published").term(2, 2)
    with pytest.raises(ValueError, match="window=5 means nothing in a term"):
        made("mine:window=5").term(2, 2)
    with pytest.raises(ValueError, match="folds=3 tests each row once, and window=5 none"):
        made("mine:window=5:folds=3").estimate(*pairs())
    with pytest.raises(ValueError, match="window=30 must be at least 0 and at most steps=20"):
        made("mine:window=30:steps=20").estimate(*pairs())


def test_jensen_shannon_as_published_is_read_at_the_critic_less_one():
    """So at the best critic of independent pairs, which is 0, it is −1/e."""
    joint, marginal = torch.randn(40, dtype=torch.float64), torch.randn(40, 3, dtype=torch.float64)
    shifted, plain = made("jsd:reads=nwj-shifted"), made("jsd:reads=nwj")
    assert torch.allclose(shifted.bound(joint, marginal), plain.bound(joint - 1, marginal - 1))
    assert float(shifted.bound(torch.zeros(4), torch.zeros(4, 3))) == pytest.approx(-np.exp(-1))


def test_a_window_is_the_mean_over_the_last_batches():
    """So the window of two is the mean of the windows of one at the last step and at the last but one."""

    def value(steps, window):
        return made(f"mine:recipe=published:steps={steps}:window={window}").estimate(*pairs(), seed=1).value

    assert value(30, 2) == pytest.approx((value(30, 1) + value(29, 1)) / 2, rel=1e-14)


def test_all_steps_are_taken_however_validation_goes():
    """Independent pairs learnt by heart: a held-out value stops early near 0, one of the training batches rises."""
    x, y = np.random.default_rng(2).standard_normal((2, 150, 20))
    seen = replace(made("mine:recipe=published"), patience=1, validate_every=10, steps=300).estimate(x, y, seed=0)
    held_out = replace(made("mine"), patience=1, validate_every=10, steps=300).estimate(x, y, seed=0)
    assert (seen.steps, seen.flags, seen.std) == (300, ("training-batch",), None)
    assert held_out.steps < 300
    assert abs(held_out.value) < 0.3 < 1 < seen.value


@pytest.mark.parametrize("name", KNOWN)
def test_each_runs_and_is_the_same_alone_and_in_company(name):
    small = {"steps": 12, "window": 4, "validate_every": 5, "hidden": (13, 7), "batch_size": 32, "negatives": 7}
    estimator = replace(made(f"{name}:recipe=published"), **small)
    data = [pairs(seed=seed) for seed in range(2)]
    both = estimator.estimate_many([x for x, _ in data], [y for _, y in data], seeds=[0, 1])
    assert estimator.estimate(*data[1], seed=1) == both[1]
    assert "training-batch" in both[0].flags
    assert np.isfinite(both[0].value)


def test_an_infonce_of_training_batches_has_their_ceiling():
    estimator = made("infonce:recipe=published:steps=2:window=1")
    assert estimator.estimate(*pairs()).ceiling == pytest.approx(np.log(64))


def test_a_table_names_the_recipe_and_not_all_that_it_sets():
    params = [
        json.loads(FOUND.estimator(f"mine{more}").params)
        for more in ("", ":recipe=published", ":recipe=published:steps=9")
    ]
    plain, published, shorter = (trials((("mine", one, "lower"),)) for one in params)
    assert set(tidy(pd.concat([plain, published]))["label"]) == {"mine recipe=mibench", "mine recipe=published"}
    rows = tidy(pd.concat([plain, published, shorter]))
    assert set(rows["label"]) == {
        "mine recipe=mibench steps=5000",
        "mine recipe=published steps=2400",
        "mine recipe=published steps=9",
    }
    assert set(select(rows, ["mine:recipe=mibench"])["label"]) == {"mine recipe=mibench steps=5000"}
