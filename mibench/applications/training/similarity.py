"""How like one another two pictures are to the eye: the multi-scale structural similarity index.

Wang, Simoncelli & Bovik 2003, "Multiscale structural similarity for image quality assessment".
"""

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 11
"""Pixels across the window, a normal one of standard deviation `SPREAD`; a scale smaller than it is left out."""

SPREAD = 1.5
SHARES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The exponents of the scales, from the finest on; where fewer are used, they are scaled to the sum of 1."""

LEAST_SIDE = 28
"""Smaller pictures have no score: two scales are the least."""


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """The index of each pair `(n,)`, its mean over the channels; x and y are `(n, channels, side, side)`, white 1.

    Each scale is half the one before, by means of four pixels, and has a side of at least 11: two scales at 28 pixels,
    three at 64, all five from 176 on. A negative contrast or index counts as 0.
    """
    scales = 1
    while scales < len(SHARES) and x.shape[-1] >> scales >= WINDOW:
        scales += 1
    exponents = torch.tensor(SHARES[:scales], dtype=x.dtype, device=x.device)
    parts = []
    for k in range(scales):
        if k:
            x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
        whole, contrast = _ssim(x, y)
        parts.append(whole if k == scales - 1 else contrast)
    return (torch.stack(parts, 2).clamp(min=0) ** (exponents / exponents.sum())).prod(2).mean(1)


def _ssim(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Means over the picture of the index and of its factor without the luminance, `(n, channels)` each."""
    steps = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    bell = (-steps.square() / (2 * SPREAD**2)).exp()
    window = (bell.outer(bell) / bell.sum() ** 2).expand(x.shape[1], 1, -1, -1)

    def mean(z: Tensor) -> Tensor:
        return functional.conv2d(z, window, groups=x.shape[1])

    of_x, of_y = mean(x), mean(y)
    spread = mean(x * x) - of_x**2 + mean(y * y) - of_y**2
    contrast = (2 * (mean(x * y) - of_x * of_y) + 0.03**2) / (spread + 0.03**2)
    luminance = (2 * of_x * of_y + 0.01**2) / (of_x**2 + of_y**2 + 0.01**2)
    return (luminance * contrast).mean((2, 3)), contrast.mean((2, 3))
