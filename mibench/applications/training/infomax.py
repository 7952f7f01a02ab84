"""Deep InfoMax: the encoder, its training, and the probes of its frozen code."""

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from mibench.applications.training import judges
from mibench.applications.training.digits import Part, batches, parts, shares
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import leaky, perceptron, taken_for_real, told_apart
from mibench.applications.training.steps import adam, descend
from mibench.applications.training.streams import Streams
from mibench.interface import MakeTerm, Outcome
from mibench.neural.company import one_thread

if TYPE_CHECKING:
    from mibench.applications.representation import DeepInfoMax

Codes = npt.NDArray[Any]


def train(settings: "DeepInfoMax", make_term: MakeTerm, seed: int, device: str, baseline: str | None) -> Outcome:
    """Learn a code of the pictures and probe it."""
    streams = Streams(seed, device)
    seen, held_out = parts(settings.data, shares(settings.data, settings.percent), streams)
    with one_thread():
        untrained = probes(codes(encoder(settings, seen.x.shape[1], streams), seen, held_out), seen, held_out, streams)
        if baseline is not None:
            coded = baseline_codes(settings, baseline, seen, held_out, streams)
            return judged(coded, untrained, seen, held_out, streams)
        return learnt(settings, make_term, untrained, seen, held_out, streams)


def learnt(
    settings: "DeepInfoMax",
    make_term: MakeTerm,
    untrained: tuple[float, float],
    seen: Part,
    held_out: Part,
    streams: Streams,
) -> Outcome:
    """The encoder trained with the term, and its scores."""
    encode = encoder(settings, seen.x.shape[1], streams)
    width = seen.x.shape[1] if settings.form == "global" else settings.patch**2
    driver = Driver(make_term, width, settings.code, settings)
    optimiser = adam(encode.parameters(), settings.rate)
    weights = list(encode.parameters())
    prior = Prior(settings, streams) if settings.prior else None
    order, noise = batches(len(seen), settings.batch_size, streams.of("order")), streams.of("noise")
    places = streams.of("places")

    def run() -> None:
        if driver.term is None and prior is None:
            return
        for step in range(settings.steps):
            x = seen.x[next(order).to(streams.device)]
            code = encode(x)
            z = code + settings.noise * streams.normal(noise, *code.shape)
            shown = x if settings.form == "global" else patches(x, settings.patch, places)
            driver.learn(shown, z, step)
            loss = prior.fooled(z) if prior else None
            driver.set_gradients(weights, loss, shown, z)
            optimiser.step()

    def score() -> Outcome:
        outcome = judged(codes(encode, seen, held_out), untrained, seen, held_out, streams)
        if driver.term is None:
            return outcome
        z = encode(held_out.x) + settings.noise * streams.normal(streams.of("evaluation"), len(held_out), settings.code)
        shown = held_out.x if settings.form == "global" else patches(held_out.x, settings.patch, places)
        return Outcome(outcome.scores, driver.nats(shown, z), driver.curves(), outcome.pictures)

    return scored(run, score)


def encoder(settings: "DeepInfoMax", pixels: int, streams: Streams) -> nn.Sequential:
    """The encoder before training, always the same of one seed."""
    first = streams.of("encoder")
    layers = perceptron((pixels, *settings.hidden, settings.code), first)
    return layers.append(nn.BatchNorm1d(settings.code, affine=False, momentum=1.0)).to(streams.device)


class Prior:
    """A discriminator between codes and a standard normal, which learns whenever it is fooled."""

    def __init__(self, settings: "DeepInfoMax", streams: Streams):
        net = perceptron((settings.code, *settings.hidden, 1), streams.of("prior"), leaky)
        self.judge, self.weight = net.to(streams.device), settings.prior
        self.optimiser = adam(self.judge.parameters(), settings.rate)
        self.streams, self.drawn = streams, streams.of("prior's draws")

    def fooled(self, z: Tensor) -> Tensor:
        """What the encoder minimises, after a step of the discriminator."""
        real = self.streams.normal(self.drawn, *z.shape)
        descend(self.optimiser, told_apart(self.judge(real), self.judge(z.detach())))
        return self.weight * taken_for_real(self.judge(z))


def patches(x: Tensor, width: int, places: torch.Generator) -> Tensor:
    """A square of each picture `(n, side²)`, at a place of its own: `(n, width²)`."""
    side = isqrt(x.shape[1])
    squares = x.view(-1, side, side).unfold(1, width, 1).unfold(2, width, 1).flatten(1, 2).flatten(2)
    at = torch.randint(squares.shape[1], (len(x),), generator=places).to(x.device)
    return squares[torch.arange(len(x), device=x.device), at]


def codes(encode: nn.Module, seen: Part, held_out: Part) -> tuple[Codes, Codes]:
    """The frozen code of both parts, without noise, standardised as the first is."""
    with torch.no_grad():
        encode.train()(seen.x)
        encode.eval()
        return encode(seen.x).cpu().numpy(), encode(held_out.x).cpu().numpy()


def baseline_codes(
    settings: "DeepInfoMax", name: str, seen: Part, held_out: Part, streams: Streams
) -> tuple[Codes, Codes]:
    """What a baseline makes of both parts."""
    if name == "raw-pixels":
        return seen.arrays()[0], held_out.arrays()[0]
    if name == "pca":
        return principal(seen.arrays()[0], held_out.arrays()[0], settings.code)
    encode = encoder(settings, seen.x.shape[1], streams)
    if name == "autoencoder":
        _autoencoder(settings, encode, seen, streams)
    return codes(encode, seen, held_out)


def _autoencoder(settings: "DeepInfoMax", encode: nn.Module, seen: Part, streams: Streams) -> None:
    """Train the encoder with a decoder of mirrored widths to give the picture back."""
    first = streams.of("decoder")
    decode = perceptron((settings.code, *settings.hidden[::-1], seen.x.shape[1]), first).to(streams.device)
    optimiser = adam([*encode.parameters(), *decode.parameters()], settings.rate)
    order = batches(len(seen), settings.batch_size, streams.of("order"))
    for _ in range(settings.steps):
        x = seen.x[next(order).to(streams.device)]
        descend(optimiser, functional.mse_loss(decode(encode(x)), x))


def principal(seen: Codes, others: Codes, count: int) -> tuple[Codes, Codes]:
    """The first principal components of both, by the directions of the first."""
    mean = seen.mean(0)
    directions = np.linalg.svd(seen - mean, full_matrices=False)[2][:count].T
    return (seen - mean) @ directions, (others - mean) @ directions


def probes(coded: tuple[Codes, Codes], seen: Part, held_out: Part, streams: Streams) -> tuple[float, float]:
    """Accuracy of the linear probe and of the perceptron."""
    train, test = ((code, part.arrays()[1]) for code, part in zip(coded, (seen, held_out), strict=True))
    return judges.linear(train, test), judges.small_perceptron(train, test, streams)


def judged(
    coded: tuple[Codes, Codes], untrained: tuple[float, float], seen: Part, held_out: Part, streams: Streams
) -> Outcome:
    """The scores of a code, and a plane of it to look at."""
    linear, mlp = probes(coded, seen, held_out, streams)
    scores = {"linear-gain": linear - untrained[0], "linear": linear, "mlp-gain": mlp - untrained[1], "mlp": mlp}
    plane = principal(*coded, 2)[1]
    return Outcome(scores, pictures={"embedding": plane, "labels": held_out.arrays()[1]})
