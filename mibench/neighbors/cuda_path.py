"""The path for CUDA where torch can compile for it: all pairs, each seen once by a thread that keeps its row at hand.

Numbers are those of every path to the last bit: differences, absolute values and maxima are exact, and squares are
rounded and summed column by column, never fused.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mibench.interface import Array
from mibench.neighbors.paths import Counts, Norm
from mibench.neighbors.torch_path import TorchPath

THREADS = 128
"""Of a block."""

BUSY = 2**18
"""Threads that keep a large GPU busy; fewer rows are each shared by several, up to `SHARED`."""

SHARED = 64

PAIRS = 2**36
"""Of a launch, at most: about a second."""

FARTHEST = 32
"""k up to which a thread keeps its nearest itself; `TorchPath` does beyond."""

Kernel = Callable[[tuple[int, int, int], tuple[int, int, int], list[Any]], None]
"""Of a grid, a block and arguments."""

SOURCE = r"""
#if D <= 64
#define UNROLL _Pragma("unroll")
#define OWN(c) own[c]
#else
#define UNROLL _Pragma("unroll 4")
#define OWN(c) z[(long long)(c) * n + i]
#endif
#define INF (1e308 * 10)

// What every kernel begins with: a thread has row i, and the rows from `from` to `to` to compare it with.
#define BEGIN \
  const long long i = first + blockIdx.x * (long long)blockDim.x + threadIdx.x, s = blockIdx.y; \
  if (i >= last) return; \
  const long long share = (n + splits - 1) / splits, from = s * share; \
  const long long to = from + share < n ? from + share : n; \
  double own[D <= 64 ? D : 1]; \
  if (D <= 64) { UNROLL for (int c = 0; c < (D <= 64 ? D : 1); ++c) own[c] = z[(long long)c * n + i]; } \
  const long long place = (i - first) * splits + s;

// How far apart rows i and j are in each block of columns, and in all of them.
#define APART \
  double apart[B], joint = 0; \
  UNROLL for (int b = 0; b < B; ++b) { \
    double sum = 0; \
    UNROLL for (int c = b ? ENDS[b - 1] : 0; c < ENDS[b]; ++c) { \
      const double step = OWN(c) - z[(long long)c * n + j]; \
      if (EUCLIDEAN) sum = __dadd_rn(sum, __dmul_rn(step, step)); \
      else { const double size = step < 0 ? -step : step; sum = size > sum ? size : sum; } \
    } \
    apart[b] = sum; \
    joint = sum > joint ? sum : joint; \
  }

extern "C" __global__ void nearest(const double* z, int n, int first, int last, int splits, double* out) {
  constexpr int ENDS[B] = BLOCK_ENDS;
  BEGIN
  double best[K];
  UNROLL for (int q = 0; q < K; ++q) best[q] = INF;
  for (long long j = from; j < to; ++j) {
    APART
    if (j != i && joint < best[K - 1]) {
      double far = joint;
      UNROLL for (int q = 0; q < K; ++q) {
        const double near = best[q];
        const bool nearer = far < near;
        best[q] = nearer ? far : near;
        far = nearer ? near : far;
      }
    }
  }
  UNROLL for (int q = 0; q < K; ++q) out[place * K + q] = best[q];
}

extern "C" __global__ void widest(
    const double* z, int n, int first, int last, int splits, const double* radii, double* out) {
  constexpr int ENDS[B] = BLOCK_ENDS;
  BEGIN
  double most[K][B];
  UNROLL for (int q = 0; q < K; ++q) UNROLL for (int b = 0; b < B; ++b) most[q][b] = 0;
  for (long long j = from; j < to; ++j) {
    APART
    UNROLL for (int q = 0; q < K; ++q) if (j != i && joint <= radii[(long long)q * n + i])
      UNROLL for (int b = 0; b < B; ++b) most[q][b] = apart[b] > most[q][b] ? apart[b] : most[q][b];
  }
  UNROLL for (int q = 0; q < K; ++q) UNROLL for (int b = 0; b < B; ++b) out[(place * K + q) * B + b] = most[q][b];
}

extern "C" __global__ void within(
    const double* z, int n, int first, int last, int splits, const double* limits, int* out) {
  constexpr int ENDS[B] = BLOCK_ENDS;
  BEGIN
  double limit[K];
  int count[K];
  UNROLL for (int q = 0; q < K; ++q) { limit[q] = limits[(long long)q * n + i]; count[q] = 0; }
  for (long long j = from; j < to; ++j) {
    APART
    UNROLL for (int q = 0; q < K; ++q) count[q] += joint < limit[q];
  }
  UNROLL for (int q = 0; q < K; ++q) out[place * K + q] = count[q];
}
"""
"""`z` is `(D, n)`, in B blocks of columns that end at BLOCK_ENDS; K is how many neighbours or radii a row has."""


@cache
def compiled(name: str, ends: tuple[int, ...], k: int, norm: Norm, index: int) -> Kernel:
    """A kernel of the source for columns in such blocks and so many neighbours or radii, on a device."""
    with torch.cuda.device(index):
        kernel: Kernel = torch.cuda._compile_kernel(written(ends, k, norm), name)
    return kernel


def written(ends: tuple[int, ...], k: int, norm: Norm) -> str:
    """The source with its constants."""
    constants = {"D": ends[-1], "B": len(ends), "K": k, "EUCLIDEAN": int(norm == "euclidean")}
    lines = [f"#define {name} {value}" for name, value in constants.items()]
    return "\n".join([*lines, f"#define BLOCK_ENDS {{{', '.join(map(str, ends))}}}", SOURCE])


def refused(device: str) -> str | None:
    """Why kernels cannot be compiled for the device, if they cannot."""
    try:
        compiled("nearest", (1, 2), 1, "chebyshev", torch.device(device).index or 0)
    except (AttributeError, ImportError, OSError, RuntimeError) as error:
        return str(error)
    return None


@dataclass(frozen=True)
class CudaPath:
    """All n² distances, none of them kept."""

    device: str = "cuda"
    compile: Callable[..., Kernel] = field(default=compiled, repr=False)

    @property
    def name(self) -> str:
        return "cuda"

    def kth(self, blocks: Sequence[Array], ks: Sequence[int], norm: Norm) -> Array:
        if ks[-1] > FARTHEST:
            return TorchPath(self.device).kth(blocks, ks, norm)
        found: Array = self._nearest(*self._columns(blocks), ks, norm).cpu().numpy()
        return found

    def within(self, z: Array, radii: Array, norm: Norm) -> Counts:
        return self._within(*self._columns([z]), self._send(radii), norm)

    def counts(self, x: Array, y: Array, ks: Sequence[int], norm: Norm, algorithm: int) -> tuple[Array, Counts, Counts]:
        if ks[-1] > FARTHEST:
            return TorchPath(self.device).counts(x, y, ks, norm, algorithm)
        both, ends = self._columns([x, y])
        radii = self._nearest(both, ends, ks, norm)
        limits = [radii, radii]
        if algorithm == 2:
            out = self._launch("widest", both, ends, len(ks), norm, [radii], (len(ks), 2), torch.float64)
            margins = out.amax(1).permute(2, 1, 0)
            limits = list(torch.nextafter(margins, torch.full_like(margins, torch.inf)))
        near_x, near_y = (self._within(*self._columns([z]), to, norm) for z, to in zip((x, y), limits, strict=True))
        return radii.cpu().numpy(), near_x, near_y

    def _nearest(self, z: Tensor, ends: tuple[int, ...], ks: Sequence[int], norm: Norm) -> Tensor:
        """Distances to the k-th neighbours, `(len(ks), n)`."""
        out = self._launch("nearest", z, ends, ks[-1], norm, [], (ks[-1],), torch.float64)
        nearest = torch.topk(out.flatten(1), ks[-1], dim=1, largest=False, sorted=True).values
        return nearest[:, [k - 1 for k in ks]].T.contiguous()

    def _within(self, z: Tensor, ends: tuple[int, ...], limits: Tensor, norm: Norm) -> Counts:
        """How many other rows are nearer than the limits `(q, n)`."""
        q = len(limits)
        out = self._launch("within", z, ends, q, norm, [limits.contiguous()], (q,), torch.int32)
        return np.asarray((out.sum(1) - 1).T.cpu().numpy(), dtype=np.int64)

    def _launch(
        self,
        name: str,
        z: Tensor,
        ends: tuple[int, ...],
        k: int,
        norm: Norm,
        more: list[Tensor],
        shape: tuple[int, ...],
        dtype: torch.dtype,
    ) -> Tensor:
        """What each share of a row's pairs comes to, `(n, shares, *shape)`."""
        n, index = z.shape[1], torch.device(self.device).index
        splits = min(SHARED, -(-BUSY // n))
        kernel = self.compile(name, ends, k, norm, index or 0)
        out = torch.empty((n, splits, *shape), dtype=dtype, device=z.device)
        for first, last in _launches(n):
            grid = -(-(last - first) // THREADS), splits, 1
            kernel(grid, (THREADS, 1, 1), [z, n, first, last, splits, *more, out[first:last]])
        return out

    def _columns(self, blocks: Sequence[Array]) -> tuple[Tensor, tuple[int, ...]]:
        """The columns of all blocks, `(D, n)`, and where each block ends."""
        ends = tuple(int(end) for end in np.cumsum([z.shape[1] for z in blocks]))
        return self._send(np.hstack(blocks).T), ends

    def _send(self, z: Array) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(z), dtype=torch.float64, device=self.device)


def _launches(n: int) -> Iterator[tuple[int, int]]:
    step = max(THREADS, PAIRS // n)
    for first in range(0, n, step):
        yield first, min(first + step, n)
