"""Adversarially learned inference: encoder, decoder and discriminator, and what they give back."""

from collections.abc import Callable
from math import nan
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mibench.applications.training import judges
from mibench.applications.training.classes import from_uniform
from mibench.applications.training.convolution import Shape, maker, reader
from mibench.applications.training.digits import Part, as_seen, batches, classes, parts, shares
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import Between, leaky, taken_for_real, told_apart
from mibench.applications.training.similarity import LEAST_SIDE, ms_ssim
from mibench.applications.training.steps import AT_ONCE, adam, decayed, descend, in_parts, repeatable
from mibench.applications.training.streams import Streams
from mibench.distributions.albums import album
from mibench.interface import MakeTerm, Outcome

if TYPE_CHECKING:
    from mibench.applications.reconstruction import Bidirectional

MADE = 2000
"""Made pictures whose classes are counted."""

SHOWN = 32
"""Pictures kept to look at."""


class Encoder(nn.Module):
    """A normal code of a picture: its mean, and a draw."""

    def __init__(self, settings: "Bidirectional", shape: Shape, streams: Streams):
        super().__init__()
        between: Between = "batch" if settings.networks == "convolution" else "plain"
        self.net = reader(settings, shape, 2 * settings.code, streams.of("encoder"), between=between)

    def mean(self, x: Tensor) -> Tensor:
        """The middle of the code."""
        mean: Tensor = self.net(x).chunk(2, 1)[0]
        return mean

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """A code drawn with standard normal noise; the log standard deviation is kept within ±5."""
        mean, raw = self.net(x).chunk(2, 1)
        drawn: Tensor = mean + (5 * torch.tanh(raw / 5)).exp() * noise
        return drawn


def networks(settings: "Bidirectional", streams: Streams) -> tuple[Encoder, nn.Module]:
    """Encoder and decoder before training, always the same of one seed."""
    shape = album(settings.data).shape
    decode = maker(settings, settings.code, shape, streams.of("decoder"))
    return Encoder(settings, shape, streams).to(streams.device), decode.to(streams.device)


def train(settings: "Bidirectional", make_term: MakeTerm, seed: int, device: str, baseline: str | None) -> Outcome:
    """Train the networks, or a baseline, and score them."""
    streams = Streams(seed, device)
    seen, held_out = parts(settings.data, shares(settings.data, settings.percent), streams)
    if "accuracy" in settings.scores:
        classes(settings.data)  # raises where there are none, before hours of training
    with repeatable():
        if baseline == "mean-picture":
            mean = seen.x.mean(0, keepdim=True)
            return judged(settings, lambda x: mean.expand(len(x), -1), None, seen, held_out, streams)
        if baseline == "autoencoder":
            return autoencoder(settings, seen, held_out, streams)
        return adversaries(settings, make_term, seen, held_out, streams)


def adversaries(
    settings: "Bidirectional", make_term: MakeTerm, seen: Part, held_out: Part, streams: Streams
) -> Outcome:
    """The encoder and the decoder against the discriminator, with the term beside them."""
    encode, decode = networks(settings, streams)
    shape, first = album(settings.data).shape, streams.of("discriminator")
    judge = reader(settings, shape, 1, first, leaky, "spectral", beside=settings.code).to(streams.device)
    driver = Driver(make_term, seen.x.shape[1], settings.code, settings)
    weights = [*encode.parameters(), *decode.parameters()]
    makes = adam(weights, settings.rate, 0.5)
    judges_ = adam(judge.parameters(), settings.judge_rate, 0.5)
    order, noise = batches(len(seen), settings.batch_size, streams.of("order")), streams.of("noise")

    def run() -> None:
        for step in range(settings.steps):
            decayed(makes, settings.rate, step, settings.steps)
            decayed(judges_, settings.judge_rate, step, settings.steps)
            x = seen.x[next(order).to(streams.device)]
            z, spread = (streams.normal(noise, len(x), settings.code) for _ in range(2))
            code = encode(x, spread)
            pair, made = torch.cat([x, code], 1), torch.cat([decode(z), z], 1)
            descend(judges_, told_apart(judge(pair.detach()), judge(made.detach())))
            driver.learn(x, code, step)
            loss = taken_for_real(judge(made)) + taken_for_real(-judge(pair))
            driver.set_gradients(weights, loss, x, code)
            makes.step()

    def score() -> Outcome:
        encode.eval()
        outcome = judged(settings, lambda x: decode(encode.mean(x)), decode, seen, held_out, streams)
        if driver.term is None:
            return outcome
        x = held_out.x[:MADE]
        with torch.no_grad():
            code = encode(x, streams.normal(streams.of("evaluation"), len(x), settings.code))
        return Outcome(outcome.scores, driver.nats(x, code), driver.curves(), outcome.pictures)

    return scored(run, score)


def autoencoder(settings: "Bidirectional", seen: Part, held_out: Part, streams: Streams) -> Outcome:
    """The same two networks, with the code's mean alone, by the squared error."""
    encode, decode = networks(settings, streams)
    optimiser = adam([*encode.parameters(), *decode.parameters()], settings.rate)
    order = batches(len(seen), settings.batch_size, streams.of("order"))
    for step in range(settings.steps):
        decayed(optimiser, settings.rate, step, settings.steps)
        x = seen.x[next(order).to(streams.device)]
        descend(optimiser, (decode(encode.mean(x)) - x).square().sum(1).mean())
    encode.eval()
    return judged(settings, lambda x: decode(encode.mean(x)), decode, seen, held_out, streams)


@torch.no_grad()
def judged(
    settings: "Bidirectional",
    give_back: Callable[[Tensor], Tensor],
    decode: nn.Module | None,
    seen: Part,
    held_out: Part,
    streams: Streams,
) -> Outcome:
    """The scores of what is given back of the pictures held out, and of made ones; see `Bidirectional`."""
    if decode is not None:
        decode.eval()
    shape, back = album(settings.data).shape, in_parts(give_back, held_out.x)
    scores = {"squared-error": float((back - held_out.x).square().sum(1).mean())}
    pictures = {"originals": held_out.x[:SHOWN], "reconstructions": back[:SHOWN]}
    made = None
    if decode is not None:
        made = decode(streams.normal(streams.of("made"), MADE, settings.code))
        pictures["generated"] = made[:SHOWN]
    if "ms-ssim" in settings.scores:
        scores["ms-ssim"] = similarity(back.view(-1, *shape), held_out.x.view(-1, *shape))
    if "accuracy" in settings.scores:
        told, (_, labels) = judges.classifier(seen.arrays(), streams), held_out.arrays()
        scores["accuracy"] = float((told.predict(back.cpu().numpy()) == labels).mean())
        if made is not None:
            scores["generated-kl"] = from_uniform(told.predict(made.cpu().numpy()), classes(settings.data))
    return Outcome(
        {name: scores[name] for name in settings.scores if name in scores},
        pictures={name: as_seen(picture.cpu().numpy(), shape) for name, picture in pictures.items()},
    )


def similarity(back: Tensor, x: Tensor) -> float:
    """The mean of `ms_ssim` over pictures; nan where they are too small for it."""
    if x.shape[-1] < LEAST_SIDE:
        return nan
    pairs = zip(torch.split(back, AT_ONCE), torch.split(x, AT_ONCE), strict=True)
    return float(torch.cat([ms_ssim(*pair) for pair in pairs]).mean())
