"""A step of training as a CUDA graph: its hundreds of launches, recorded once and given to the GPU as one."""

from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor, Tensor], tuple[Tensor, ...]]
"""Of a batch x and y; what it changes it changes in place, and what it returns a graph writes anew at each step."""

EAGER = 3
"""Steps before the recording, which must not be the first to load a library or to choose an algorithm."""


class Graphed:
    """`step`, from its fourth batch on by a graph, as long as batches keep their shape.

    What cannot be recorded (a formula that asks the CPU for something) goes on as it is written.
    """

    def __init__(self, step: Step):
        self.step, self.taken, self.refused = step, 0, False
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        self.taken += 1
        if self.taken <= EAGER or self.refused:
            return self.step(x, y)
        if self.graph is None:
            self.x, self.y, graph = x.clone(), y.clone(), torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(graph):
                    self.results = self.step(self.x, self.y)
            except RuntimeError:
                self.refused = True
                return self.step(x, y)
            self.graph = graph
        self.x.copy_(x)
        self.y.copy_(y)
        self.graph.replay()
        return self.results
