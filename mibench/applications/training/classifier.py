"""The information bottleneck: a noisy classifier, the grid of β, and the choice on the validation part."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mibench.applications.training.digits import Part, batches, classes, parts
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.infomax import principal
from mibench.applications.training.networks import dense
from mibench.applications.training.steps import adam, repeatable
from mibench.applications.training.streams import Streams
from mibench.interface import Diverged, MakeTerm, Outcome

if TYPE_CHECKING:
    from mibench.applications.bottleneck import Bottleneck

DRAWS = 12
"""Draws of the noise that a prediction is the mean of."""

LOOKS = 40
"""How often a training is judged on the validation part."""

FIRST_NOISE = -2.0
"""s begins near the logistic function of this, 0.12."""


class Classifier(nn.Module):
    """Pictures to codes with noise, and codes to classes: see `Bottleneck`."""

    def __init__(self, settings: "Bottleneck", pixels: int, streams: Streams, classes: int = 10):
        super().__init__()
        first, self.kind, self.code = streams.of("classifier"), settings.encoder, settings.code
        widths = (pixels, *settings.hidden)
        self.hidden = nn.ModuleList(dense(a, b, first) for a, b in pairwise(widths))
        self.mean, self.noise = (dense(settings.hidden[-1], settings.code, first) for _ in range(2))
        self.each = nn.Parameter(torch.zeros(settings.code))
        self.behind = nn.ParameterList(torch.zeros(width) for width in settings.hidden)
        self.standard = nn.BatchNorm1d(settings.code, affine=False)
        self.read = dense(settings.code, classes, first)

    def forward(self, x: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """A drawn code `(n, code)`, and each row's KL(q(z|μ) ‖ N(0, 1)) in nats `(n,)`."""
        for layer, scale in zip(self.hidden, self.behind, strict=True):
            x = functional.relu(layer(x))
            if self.kind == "propagated":
                x = x + (scale + FIRST_NOISE).sigmoid() * _normal(x, noise)
        mean = self.standard(self.mean(x))
        raw = self.noise(x) if self.kind == "gaussian" else self.each.expand_as(mean)
        s = 0.01 + 0.98 * (raw + FIRST_NOISE).sigmoid()
        middle = (1 - s.square()).sqrt() * mean
        divergence = 0.5 * (s.square() + middle.square() - 1) - s.log()
        return middle + s * _normal(mean, noise), divergence.sum(1)


def _normal(like: Tensor, noise: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=noise).to(like.device)


@dataclass(frozen=True)
class Found:
    """A model as it was when it erred least on the validation part."""

    beta: float
    step: int
    model: Classifier
    error: float
    loss: float
    """Cross-entropy on the validation part, which decides between equal errors."""
    mi: float | None


def train(settings: "Bottleneck", make_term: MakeTerm, seed: int, device: str, baseline: str | None) -> Outcome:
    """A classifier for each β, of which one is tested."""
    streams, count = Streams(seed, device), classes(settings.data)
    seen, validation, test = parts(settings.data, (settings.train_size, settings.validation_size), streams)
    seen = redrawn(seen, settings.redrawn, streams, "train", count)
    validation = redrawn(validation, settings.redrawn, streams, "validation", count)
    vib = baseline == "vib"
    alone = not vib and make_term(seen.x.shape[1], settings.code) is None
    betas = sorted({settings.weight * beta for beta in (settings.vib_betas if vib else settings.betas)})
    found: list[Found] = []

    def run() -> None:
        for beta in [0.0] if alone else betas:
            best, broken = fit(replace(settings, weight=beta), make_term, vib, seen, validation, streams)
            found.append(best)
            if broken:
                raise Diverged(f"at beta={beta:g} {broken}")

    with repeatable():
        return scored(run, lambda: tested(found, test, streams))


def redrawn(part: Part, share: float, streams: Streams, name: str, classes: int = 10) -> Part:
    """The part with a share of its labels drawn anew from all classes."""
    rng = streams.rng(f"{name} labels")
    anew, others = rng.random(len(part)) < share, rng.integers(0, classes, len(part))
    labels = np.where(anew, others, part.arrays()[1])
    return Part(part.x, torch.from_numpy(labels).to(streams.device))


def fit(
    settings: "Bottleneck", make_term: MakeTerm, vib: bool, seen: Part, validation: Part, streams: Streams
) -> tuple[Found, Diverged | None]:
    """The classifier of one β, which is `settings.weight`, and why its training ended early, if it broke down."""
    model = Classifier(settings, seen.x.shape[1], streams, classes(settings.data)).to(streams.device)
    driver = Driver(make_term, seen.x.shape[1], settings.code, settings, lower=True)
    weights = list(model.parameters())
    optimiser = adam(weights, settings.rate)
    order, noise = batches(len(seen), settings.batch_size, streams.of("order")), streams.of("noise")
    best: Found | None = None
    broken: Diverged | None = None
    for step in range(1, settings.steps + 1):
        rows = next(order).to(streams.device)
        x = seen.x[rows]
        z, divergence = model(x, noise)
        driver.learn(x, z, step)
        loss = functional.cross_entropy(model.read(z), seen.labels[rows])
        if vib:
            loss = loss + settings.weight * divergence.mean()
        try:
            driver.set_gradients(weights, loss, x, z)
            optimiser.step()
        except Diverged as error:
            broken = error
        if broken or step % max(settings.steps // LOOKS, 1) == 0 or step == settings.steps:
            seen_now = judged(model, validation, streams)
            if best is None or seen_now < (best.error, best.loss):
                mi = None if driver.term is None else driver.nats(validation.x, codes(model, validation, streams)[0])
                best = Found(settings.weight, step, deepcopy(model), *seen_now, mi)
        if broken:
            break
    assert best is not None  # the last step is always looked at
    return best, broken


@torch.no_grad()
def codes(model: Classifier, part: Part, streams: Streams) -> tuple[Tensor, Tensor]:
    """A drawn code of the part, with noise that is the same every time, and each row's divergence."""
    model.eval()
    drawn: tuple[Tensor, Tensor] = model(part.x, streams.of("evaluation"))
    model.train()
    return drawn


@torch.no_grad()
def judged(model: Classifier, part: Part, streams: Streams) -> tuple[float, float]:
    """Error and cross-entropy of the mean prediction."""
    model.eval()
    noise = streams.of("evaluation")
    predicted = torch.stack([model.read(model(part.x, noise)[0]).softmax(1) for _ in range(DRAWS)]).mean(0)
    model.train()
    error = (predicted.argmax(1) != part.labels).double().mean()
    return float(error), float(functional.nll_loss(predicted.clamp(min=1e-12).log(), part.labels))


def tested(found: Sequence[Found], test: Part, streams: Streams) -> Outcome:
    """The scores of the one that erred least on the validation part, and the curves over β of all."""
    errors = [judged(one.model, test, streams)[0] for one in found]
    bounds = [float(codes(one.model, test, streams)[1].mean()) for one in found]
    at = min(range(len(found)), key=lambda k: (found[k].error, found[k].loss))
    best = found[at]
    over: dict[str, Sequence[Any]] = {
        "test-error": errors,
        "validation-error": [one.error for one in found],
        "upper-bound": bounds,
    }
    if best.mi is not None:
        over["mi"] = [one.mi for one in found]
    code = codes(best.model, test, streams)[0].cpu().numpy()
    return Outcome(
        {"test-error": errors[at], "upper-bound": bounds[at], "validation-accuracy": 1 - best.error},
        mi_estimate=best.mi,
        curves={name: list(enumerate(values)) for name, values in over.items()},
        pictures={"embedding": principal(code, code, 2)[1], "labels": test.arrays()[1]},
        chosen={"beta": best.beta, "step": best.step, "betas": [one.beta for one in found]},
    )
