"""Deep InfoMax: the encoder, its training, and the probes of its frozen code."""

from collections.abc import Callable
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from mibench.applications.training import judges
from mibench.applications.training.convolution import Reader, Shape, maker, reader
from mibench.applications.training.digits import Part, batches, classes, parts, shares
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import Between, leaky, perceptron, taken_for_real, told_apart
from mibench.applications.training.steps import adam, descend, in_parts, repeatable
from mibench.applications.training.streams import Streams
from mibench.distributions.albums import album
from mibench.interface import MakeTerm, Outcome

if TYPE_CHECKING:
    from mibench.applications.representation import DeepInfoMax, LargeInfoMax

Codes = npt.NDArray[Any]

STANDARDISED = 10_000
"""Pictures, at most, whose codes say how codes are standardised."""

PROBED = 20_000
"""Pictures, at most, that a probe learns from."""

ESTIMATED = 2500
"""Pictures, at most, that the term's own bound is of."""


def train(settings: "DeepInfoMax", make_term: MakeTerm, seed: int, device: str, baseline: str | None) -> Outcome:
    """Learn a code of the pictures and probe it."""
    streams = Streams(seed, device)
    classes(settings.data)  # raises where there are none
    seen, held_out = parts(settings.data, shares(settings.data, settings.percent), streams)
    with repeatable():
        untrained = probes(codes(encoder(settings, streams), seen, held_out), seen, held_out, streams)
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
    encode = encoder(settings, streams)
    width, pair = pairing(settings, encode, streams)
    driver = Driver(make_term, width, settings.code, settings)
    optimiser = adam(encode.parameters(), settings.rate)
    weights = list(encode.parameters())
    prior = Prior(settings, streams) if settings.prior else None
    order, noise = batches(len(seen), settings.batch_size, streams.of("order")), streams.of("noise")

    def run() -> None:
        if driver.term is None and prior is None:
            return
        for step in range(settings.steps):
            x = seen.x[next(order).to(streams.device)]
            shown, code = pair(x)
            z = code + settings.noise * streams.normal(noise, *code.shape)
            driver.learn(shown, z, step)
            loss = prior.fooled(z) if prior else None
            driver.set_gradients(weights, loss, shown, z)
            optimiser.step()

    def score() -> Outcome:
        outcome = judged(codes(encode, seen, held_out), untrained, seen, held_out, streams)
        if driver.term is None:
            return outcome
        with torch.no_grad():
            shown, code = pair(held_out.x[:ESTIMATED])
        z = code + settings.noise * streams.normal(streams.of("evaluation"), *code.shape)
        return Outcome(outcome.scores, driver.nats(shown, z), driver.curves(), outcome.pictures)

    return scored(run, score)


class Encoder(nn.Module):
    """Pictures to codes, whose coordinates are standardised over the batch.

    What it is standardised by after training comes from one batch alone, whatever was seen before: see `codes`.
    """

    def __init__(self, settings: "DeepInfoMax", streams: Streams):
        super().__init__()
        between: Between = "batch" if settings.networks == "convolution" else "plain"
        shape, first = album(settings.data).shape, streams.of("encoder")
        self.read = reader(settings, shape, settings.code, first, between=between)
        self.standard = nn.BatchNorm1d(settings.code, affine=False)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.momentum = 1.0

    def forward(self, x: Tensor) -> Tensor:
        """Codes `(n, code)`."""
        code: Tensor = self.standard(self.read(x))
        return code

    def with_places(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the last convolution but one says of each place, `(n, places, channels)`, and codes."""
        assert isinstance(self.read, Reader)
        maps = self.read.maps(x)
        return maps[-2:][0].flatten(2).transpose(1, 2), self.standard(self.read.told(maps[-1], x))


def encoder(settings: "DeepInfoMax", streams: Streams) -> Encoder:
    """The encoder before training, always the same of one seed."""
    return Encoder(settings, streams).to(streams.device)


Pair = Callable[[Tensor], tuple[Tensor, Tensor]]
"""What the term is on, of pictures: rows `(n, width)` and codes `(n, code)`."""


def pairing(settings: "DeepInfoMax", encode: Encoder, streams: Streams) -> tuple[int, Pair]:
    """How wide the rows are that the code is paired with, and what makes both."""
    shape, places = album(settings.data).shape, streams.of("places")

    def whole(x: Tensor) -> tuple[Tensor, Tensor]:
        return x, encode(x)

    def patch(x: Tensor) -> tuple[Tensor, Tensor]:
        return patches(x, settings.patch, places, shape[0]), encode(x)

    def place(x: Tensor) -> tuple[Tensor, Tensor]:
        said, code = encode.with_places(x)
        return one_each(said, places), code

    if settings.form == "global":
        return prod(shape), whole
    if settings.form == "two-view":
        return settings.code, two_views(settings, encode, places)  # type: ignore[arg-type]
    if settings.networks == "perceptron":
        return shape[0] * settings.patch**2, patch
    return settings.channels[-2:][0], place


def two_views(settings: "LargeInfoMax", encode: Encoder, places: torch.Generator) -> Pair:
    """The codes of two views of each picture."""
    shape = album(settings.data).shape

    def views(x: Tensor) -> tuple[Tensor, Tensor]:
        one, other = (encode(moved(x, settings.shift, shape, places)) for _ in range(2))
        return one, other

    return views


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


def patches(x: Tensor, width: int, places: torch.Generator, channels: int = 1) -> Tensor:
    """A square of each picture `(n, channels · side²)`, at a place of its own: `(n, channels · width²)`."""
    side = isqrt(x.shape[1] // channels)
    squares = x.view(-1, channels, side, side).unfold(2, width, 1).unfold(3, width, 1)
    return one_each(squares.flatten(2, 3).transpose(1, 2).flatten(2), places)


def one_each(said: Tensor, places: torch.Generator) -> Tensor:
    """One of the second axis for each of the first, at random: `(n, places, width)` to `(n, width)`."""
    at = torch.randint(said.shape[1], (len(said),), generator=places).to(said.device)
    return said[torch.arange(len(said), device=said.device), at]


def moved(x: Tensor, shift: int, shape: Shape, places: torch.Generator) -> Tensor:
    """Each picture moved by up to `shift` pixels down and across, on its own; black comes in at the edge."""
    framed = functional.pad(x.view(-1, *shape), (shift,) * 4)
    rows, columns = (
        (torch.randint(2 * shift + 1, (len(x), 1), generator=places) + torch.arange(shape[1])).to(x.device)
        for _ in range(2)
    )
    each = torch.arange(len(x), device=x.device)[:, None, None]
    return framed[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).flatten(1)


def codes(encode: nn.Module, seen: Part, held_out: Part) -> tuple[Codes, Codes]:
    """The frozen code of both parts, without noise, standardised as the first is, by 10 000 of its pictures at most."""
    with torch.no_grad():
        encode.train()(seen.x[:STANDARDISED])
        encode.eval()
        return in_parts(encode, seen.x).cpu().numpy(), in_parts(encode, held_out.x).cpu().numpy()


def baseline_codes(
    settings: "DeepInfoMax", name: str, seen: Part, held_out: Part, streams: Streams
) -> tuple[Codes, Codes]:
    """What a baseline makes of both parts."""
    if name == "raw-pixels":
        return seen.arrays()[0], held_out.arrays()[0]
    if name == "pca":
        return principal(seen.arrays()[0], held_out.arrays()[0], settings.code)
    encode = encoder(settings, streams)
    if name == "autoencoder":
        _autoencoder(settings, encode, seen, streams)
    return codes(encode, seen, held_out)


def _autoencoder(settings: "DeepInfoMax", encode: Encoder, seen: Part, streams: Streams) -> None:
    """Train the encoder with a decoder of mirrored widths to give the picture back."""
    first = streams.of("decoder")
    if settings.networks == "convolution":
        decode = maker(settings, settings.code, album(settings.data).shape, first)
    else:
        decode = perceptron((settings.code, *settings.hidden[::-1], seen.x.shape[1]), first)
    decode = decode.to(streams.device)
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
    train = train[0][:PROBED], train[1][:PROBED]
    return judges.linear(train, test), judges.small_perceptron(train, test, streams)


def judged(
    coded: tuple[Codes, Codes], untrained: tuple[float, float], seen: Part, held_out: Part, streams: Streams
) -> Outcome:
    """The scores of a code, and a plane of it to look at."""
    linear, mlp = probes(coded, seen, held_out, streams)
    scores = {"linear-gain": linear - untrained[0], "linear": linear, "mlp-gain": mlp - untrained[1], "mlp": mlp}
    plane = principal(*coded, 2)[1]
    return Outcome(scores, pictures={"embedding": plane, "labels": held_out.arrays()[1]})
