"""Adversarially learned inference: encoder, decoder and discriminator, and what they give back."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mibench.applications.training import judges
from mibench.applications.training.classes import from_uniform
from mibench.applications.training.digits import Part, batches, parts, shares
from mibench.applications.training.driver import Driver, scored
from mibench.applications.training.networks import leaky, perceptron, taken_for_real, told_apart
from mibench.applications.training.steps import adam, decayed, descend
from mibench.applications.training.streams import Streams
from mibench.interface import MakeTerm, Outcome
from mibench.neural.company import one_thread

if TYPE_CHECKING:
    from mibench.applications.reconstruction import Bidirectional

MADE = 2000
"""Made pictures whose classes are counted."""

SHOWN = 32
"""Pictures kept to look at."""


class Encoder(nn.Module):
    """A normal code of a picture: its mean, and a draw."""

    def __init__(self, settings: "Bidirectional", pixels: int, streams: Streams):
        super().__init__()
        self.net = perceptron((pixels, *settings.hidden, 2 * settings.code), streams.of("encoder"))

    def mean(self, x: Tensor) -> Tensor:
        """The middle of the code."""
        mean: Tensor = self.net(x).chunk(2, 1)[0]
        return mean

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """A code drawn with standard normal noise; the log standard deviation is kept within ±5."""
        mean, raw = self.net(x).chunk(2, 1)
        drawn: Tensor = mean + (5 * torch.tanh(raw / 5)).exp() * noise
        return drawn


def networks(settings: "Bidirectional", pixels: int, streams: Streams) -> tuple[Encoder, nn.Sequential]:
    """Encoder and decoder before training, always the same of one seed."""
    widths = (settings.code, *settings.hidden[::-1], pixels)
    decode = perceptron(widths, streams.of("decoder"), between="batch").append(nn.Sigmoid())
    return Encoder(settings, pixels, streams).to(streams.device), decode.to(streams.device)


def train(settings: "Bidirectional", make_term: MakeTerm, seed: int, device: str, baseline: str | None) -> Outcome:
    """Train the networks, or a baseline, and score them."""
    streams = Streams(seed, device)
    seen, held_out = parts(settings.data, shares(settings.data, settings.percent), streams)
    with one_thread():
        if baseline == "mean-picture":
            mean = seen.x.mean(0, keepdim=True)
            return judged(lambda x: mean.expand(len(x), -1), None, seen, held_out, streams)
        if baseline == "autoencoder":
            return autoencoder(settings, seen, held_out, streams)
        return adversaries(settings, make_term, seen, held_out, streams)


def adversaries(
    settings: "Bidirectional", make_term: MakeTerm, seen: Part, held_out: Part, streams: Streams
) -> Outcome:
    """The encoder and the decoder against the discriminator, with the term beside them."""
    pixels = seen.x.shape[1]
    encode, decode = networks(settings, pixels, streams)
    widths = (pixels + settings.code, *settings.hidden, 1)
    judge = perceptron(widths, streams.of("discriminator"), leaky, between="spectral").to(streams.device)
    driver = Driver(make_term, pixels, settings.code, settings)
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
        outcome = judged(lambda x: decode(encode.mean(x)), decode, seen, held_out, streams, settings.code)
        if driver.term is None:
            return outcome
        with torch.no_grad():
            code = encode(held_out.x, streams.normal(streams.of("evaluation"), len(held_out), settings.code))
        return Outcome(outcome.scores, driver.nats(held_out.x, code), driver.curves(), outcome.pictures)

    return scored(run, score)


def autoencoder(settings: "Bidirectional", seen: Part, held_out: Part, streams: Streams) -> Outcome:
    """The same two networks, with the code's mean alone, by the squared error."""
    encode, decode = networks(settings, seen.x.shape[1], streams)
    optimiser = adam([*encode.parameters(), *decode.parameters()], settings.rate)
    order = batches(len(seen), settings.batch_size, streams.of("order"))
    for step in range(settings.steps):
        decayed(optimiser, settings.rate, step, settings.steps)
        x = seen.x[next(order).to(streams.device)]
        descend(optimiser, (decode(encode.mean(x)) - x).square().sum(1).mean())
    return judged(lambda x: decode(encode.mean(x)), decode, seen, held_out, streams, settings.code)


@torch.no_grad()
def judged(
    give_back: Callable[[Tensor], Tensor],
    decode: nn.Module | None,
    seen: Part,
    held_out: Part,
    streams: Streams,
    code: int = 0,
) -> Outcome:
    """The scores of what is given back of the pictures held out, and of made ones; see `Bidirectional`."""
    if decode is not None:
        decode.eval()
    back = give_back(held_out.x)
    classes = judges.classifier(seen.arrays(), streams)
    labels = held_out.arrays()[1]
    scores = {
        "accuracy": float((classes.predict(back.cpu().numpy()) == labels).mean()),
        "squared-error": float((back - held_out.x).square().sum(1).mean()),
    }
    pictures = {"originals": held_out.x[:SHOWN], "reconstructions": back[:SHOWN]}
    if decode is not None:
        made = decode(streams.normal(streams.of("made"), MADE, code))
        pictures["generated"] = made[:SHOWN]
        scores["generated-kl"] = from_uniform(classes.predict(made.cpu().numpy()), 10)
    return Outcome(scores, pictures={name: picture.cpu().numpy() for name, picture in pictures.items()})
