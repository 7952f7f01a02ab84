"""What a trained model comes to: read, checked, and what is right of it kept where something is not."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch
from toy_application import Bound, Toy

import mibench as public
from mibench import store
from mibench.answers import judged, plain, plain_outcome
from mibench.interface import Diverged, Estimate, Outcome, Score
from mibench.result import read_scores

DECLARED = {"a": Score("higher"), "b": Score("lower")}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (0.5, "train returned float; expected an Outcome"),
        (Outcome({"a": 1.0}), "no score 'b'"),
        (Outcome({"a": 1.0, "b": 1.0, "c": 1.0}), "a score 'c' that the application does not declare"),
        (Outcome({"a": "1", "b": 1.0}), "train returned a=1; expected a float"),
        (Outcome({"a": 1.0, "b": 1.0}, chosen={"beta": math.nan}), "chosen that JSON cannot hold"),
        (Outcome({"a": 1.0, "b": 1.0}, pictures={"p": np.array(["x"])}), "a picture 'p' that is no array of numbers"),
        (Outcome({"a": 1.0, "b": 1.0}, curves={"c": [1, 2]}), "no list of (step, value) pairs"),
    ],
)
def test_an_answer_that_is_no_outcome_is_told(answer, said):
    with pytest.raises(ValueError) as told:
        plain_outcome(answer, DECLARED)
    assert said in str(told.value)


FAULTS = {
    "score-missing": ({"scores": {"error": 1.0}}, {"error"}, "no score 'slope', which the application declares"),
    "first-missing": ({"scores": {"slope": 1.0}}, {"slope"}, "no score 'error', which the application declares"),
    "score-undeclared": (
        {"scores": {"error": 1.0, "slope": 1.0, "slpe": 1.0}},
        {"error", "slope"},
        "a score 'slpe' that the application does not declare: declare it in `scores`, or leave it out; did you mean",
    ),
    "score-of-text": ({"scores": {"error": 1.0, "slope": "steep"}}, {"error"}, "slope=steep; expected a float"),
    "no-scores": ({"scores": 0.5}, set(), "scores=0.5; expected a mapping from names"),
    "rows-of-several-lengths": ({"pictures": {"p": [[1], [1, 2]], "file": np.ones(3)}}, None, "a picture 'p' that is"),
    "tensor": ({"pictures": {"p": torch.ones(2, requires_grad=True)}}, None, "give a numpy array"),
    "curve": ({"curves": {"loss": [1, 2], "other": [(0, 1.0)]}}, None, "a curve 'loss' that is no list of"),
    "curves": ({"curves": [(0, 1.0)]}, None, "curves=[(0, 1.0)]; expected a mapping from names"),
    "chosen-of-arrays": ({"chosen": {"beta": np.ones(2)}}, None, "chosen that JSON cannot hold"),
    "chosen-of-two-kinds": ({"chosen": {1: 1, "a": 1}}, None, "chosen that JSON cannot hold"),
    "chosen-alone": ({"chosen": 0.5}, None, "chosen=0.5; expected a mapping from names"),
    "flags": ({"flags": None}, None, "expected a tuple of words"),
    "flag-of-ours": ({"flags": ("baseline",)}, None, "the flag baseline, which mibench alone gives"),
    "several": (
        {"scores": {"error": 1.0}, "flags": None, "chosen": 1, "curves": 1},
        {"error"},
        "no score 'slope', which the application declares: give it a value, NaN if it has none; curves=1; "
        "expected a mapping from names; chosen=1; expected a mapping from names (and 1 more)",
    ),
    "bound-of-text": ({"mi_estimate": "much"}, None, "mi_estimate=much; expected a number or None"),
    "bound": ({"mi_estimate": math.nan}, None, "the term's bound at the end, mi_estimate, is nan"),
    "bound-and-score": ({"mi_estimate": math.inf, "scores": {"error": 1.0}}, {"error"}, "no score 'slope'"),
}
"""What is wrong, which scores are right (None: all), and what is said."""


@dataclasses.dataclass(frozen=True)
class Faulty(Toy):
    fault: str = ""

    def train(self, make_term, *, seed, device, baseline=None):
        found = super().train(make_term, seed=seed, device=device, baseline=baseline)
        return found if baseline else dataclasses.replace(found, **FAULTS[self.fault][0])


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty") / "run"
    points = {name: Faulty(fault=name) for name in FAULTS}
    return folder, public.run({"bound": Bound()}, {"faulty": points}, seeds=1, output=folder)


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_right_of_an_outcome_is_kept(name, faulty):
    """Of a broken term it is no error, as its model is whole; what is scored stands in the row either way."""
    folder, frame = faulty
    _, right, said = FAULTS[name]
    (row,) = frame[(frame["point"] == name) & (frame["estimator"] == "bound")].itertuples()
    assert row.status == ("diverged" if name == "bound" else "error")
    assert said in row.error
    assert row.error.startswith("the term's bound" if name == "bound" else "train returned ")
    assert set(read_scores(None if pd.isna(row.scores) else row.scores)) == (
        {"error", "slope"} if right is None else right
    )
    assert pd.isna(row.mi_estimate) == name.startswith("bound")
    assert pd.isna(row.chosen) == (name.startswith("chosen") or name == "several")
    left = set(store.read_pictures([folder], [row.trial_id]).get(row.trial_id, ()))
    assert left == {"rows-of-several-lengths": {"file"}, "tensor": set()}.get(name, {"codes"})
    curves = set(store.read_named_curves([folder], [row.trial_id]).get(row.trial_id, ()))
    assert curves == {"curve": {"other"}, "curves": set(), "several": set()}.get(name, {"loss"})


def test_a_last_outcome_keeps_what_is_right_of_it():
    last = Outcome({"a": 1.0, "c": 2.0})
    status, columns, found = judged(Diverged("lost", last), lambda one, partial: plain_outcome(one, DECLARED, partial))
    assert status == "diverged"
    assert columns["error"].startswith("lost (train returned a score 'c' that")
    assert found.scores == {"a": 1.0}


def test_scores_come_in_the_order_they_are_declared():
    assert list(plain_outcome(Outcome({"b": 1, "a": np.float32(2)}), DECLARED).scores) == ["a", "b"]


@pytest.mark.parametrize("answer", [-1.01, Estimate(-1.01), Estimate(-1.01, flags=("collapsed",))])
def test_a_nat_below_0_is_flagged_whoever_says_it(answer):
    assert plain(answer).flags == ("collapsed",)
    assert plain(-0.99).flags == ()
