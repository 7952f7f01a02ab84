"""Classifiers that say what codes and pictures still tell: scikit-learn's, seeded and on one thread."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy.typing as npt
from threadpoolctl import threadpool_limits

from mibench.applications.training.streams import Streams

Codes = npt.NDArray[Any]


def linear(train: tuple[Codes, Codes], test: tuple[Codes, Codes]) -> float:
    """Test accuracy of logistic regression on standardised codes."""
    from sklearn.linear_model import LogisticRegression

    return _accuracy(LogisticRegression(max_iter=2000), train, test)


def small_perceptron(train: tuple[Codes, Codes], test: tuple[Codes, Codes], streams: Streams) -> float:
    """Test accuracy of a perceptron with 200 hidden units on standardised codes."""
    return _accuracy(_perceptron(200, streams), train, test)


def classifier(train: tuple[Codes, Codes], streams: Streams) -> Any:
    """A perceptron with 128 hidden units that has learnt the classes; it has scikit-learn's `predict`."""
    with _quiet():
        return _perceptron(128, streams).fit(*train)


def _perceptron(hidden: int, streams: Streams) -> Any:
    from sklearn.neural_network import MLPClassifier

    state = int(streams.rng("judge").integers(2**31))
    return MLPClassifier((hidden,), max_iter=60, random_state=state)


def _accuracy(model: Any, train: tuple[Codes, Codes], test: tuple[Codes, Codes]) -> float:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with _quiet():
        return float(make_pipeline(StandardScaler(), model).fit(*train).score(*test))


@contextmanager
def _quiet() -> Iterator[None]:
    from sklearn.exceptions import ConvergenceWarning

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # as many passes as there are, and no more, are the judge
        yield
