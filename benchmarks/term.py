"""What a term costs: a step of a small adversarial model with one, as a multiple of the same step without.

    python benchmarks/term.py [--terms mine,jsd,infonce] [--batch 128,256,512] [--hidden 64,128] [--profile]

Generator and discriminator are perceptrons of three layers of 128. A step is one of the discriminator and one of the
generator; with a term also one of the critic, and the term's gradient clipped against the utility's. CPU time of one
thread; the two are interleaved in blocks, and the figure is the median of the ratios. A term may have fields:
`--terms mine,infonce:critic=separable`.
"""

import argparse
import time
from statistics import median

import torch
from torch import nn
from torch.nn.functional import softplus

import mibench
from mibench.neural import clip_adaptive

WIDTH = 128


def perceptron(dim_in, dim_out, activation):
    layers = [nn.Linear(dim_in, WIDTH), activation(), nn.Linear(WIDTH, WIDTH), activation()]
    return nn.Sequential(*layers, nn.Linear(WIDTH, WIDTH), activation(), nn.Linear(WIDTH, dim_out))


class Game:
    """One model in training; `term` is None for the model alone."""

    def __init__(self, batch, term):
        self.batch, self.term = batch, term
        self.generator, self.discriminator = perceptron(2, 2, nn.ReLU), perceptron(2, 1, nn.LeakyReLU)
        self.adams = [
            torch.optim.Adam(module.parameters(), lr=1e-3)
            for module in (self.generator, self.discriminator, term)
            if module is not None
        ]

    def step(self):
        z = torch.randn(self.batch, 2)
        real = torch.randint(-2, 3, (self.batch, 2)) * 2.0 + 0.05 * torch.randn(self.batch, 2)
        of_generator, of_discriminator, *of_critic = self.adams
        x = self.generator(z)
        of_discriminator.zero_grad()
        (softplus(-self.discriminator(real)) + softplus(self.discriminator(x.detach()))).mean().backward()
        of_discriminator.step()

        weights = list(self.generator.parameters())
        utility = softplus(-self.discriminator(x)).mean()
        gradients = torch.autograd.grad(utility, weights, retain_graph=self.term is not None)
        if self.term is not None:
            of_critic[0].zero_grad()
            self.term.loss(x.detach(), z).backward()
            of_critic[0].step()
            mutual = clip_adaptive(gradients, torch.autograd.grad(-self.term(x, z), weights))
            gradients = [u + m for u, m in zip(gradients, mutual, strict=True)]
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        of_generator.step()


def seconds(game, steps):
    started = time.process_time()
    for _ in range(steps):
        game.step()
    return (time.process_time() - started) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--terms", default="mine,jsd,infonce")
    parser.add_argument("--batch", default="128,256,512")
    parser.add_argument("--hidden", default="64,128")
    parser.add_argument("--steps", type=int, default=20, help="steps in a block")
    parser.add_argument("--blocks", type=int, default=15)
    parser.add_argument("--profile", action="store_true", help="print where a step with the term spends its time")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for name in args.terms.split(","):
        for hidden in args.hidden.split(","):
            for batch in map(int, args.batch.split(",")):
                estimator = mibench.estimator(f"{name}:hidden={hidden}x{hidden}")
                alone, beside = Game(batch, None), Game(batch, estimator.term(2, 2, seed=0))
                seconds(alone, 5), seconds(beside, 5)
                rounds = [(seconds(alone, args.steps), seconds(beside, args.steps)) for _ in range(args.blocks)]
                plain, ratio = median(a for a, _ in rounds), median(b / a for a, b in rounds)
                print(
                    f"{name} critic {hidden}x{hidden} batch {batch:3d}: {1000 * plain:.2f} ms a step without, "
                    f"{ratio:.2f} times that with the term",
                    flush=True,
                )
                if args.profile:
                    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
                        seconds(beside, 50)
                    print(seen.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))


if __name__ == "__main__":
    main()
