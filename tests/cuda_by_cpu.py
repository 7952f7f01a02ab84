"""CUDA kernels of the nearest neighbours, compiled by a C++ compiler and run one thread after another."""

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch

from mibench.neighbors import cuda_path

PRELUDE = """
struct place { int x, y, z; };
static place blockIdx, blockDim, threadIdx;
static double __dadd_rn(double a, double b) { return a + b; }
static double __dmul_rn(double a, double b) { return a * b; }
#define __global__ static
"""

RUN = """
extern "C" void run(int grid_x, int grid_y, int threads, {parameters}) {{
  blockDim.x = threads;
  for (blockIdx.y = 0; blockIdx.y < grid_y; ++blockIdx.y)
    for (blockIdx.x = 0; blockIdx.x < grid_x; ++blockIdx.x)
      for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x) {name}({arguments});
}}
"""

COMMON = "const double* z, int n, int first, int last, int splits"
PARAMETERS = {
    "nearest": f"{COMMON}, double* out",
    "widest": f"{COMMON}, const double* radii, double* out",
    "within": f"{COMMON}, const double* limits, int* out",
}


@cache
def compiled(name, ends, k, norm, index):
    """What `cuda_path.compiled` gives, for tensors of a CPU."""
    parameters = PARAMETERS[name]
    arguments = ", ".join(one.split()[-1] for one in parameters.split(", "))
    source = PRELUDE + cuda_path.written(ends, k, norm).replace('extern "C" ', "")
    source += RUN.format(parameters=parameters, name=name, arguments=arguments)
    folder = Path(tempfile.mkdtemp())
    (folder / "kernel.cpp").write_text(source)
    library = folder / "kernel.so"
    command = ["g++", "-std=c++17", "-O1", "-w", "-ffp-contract=off", "-shared", "-fPIC", "-o", library]
    subprocess.run([*command, folder / "kernel.cpp"], check=True)
    run = ctypes.CDLL(str(library)).run

    def kernel(grid, block, args):
        assert all(one.is_contiguous() for one in args if isinstance(one, torch.Tensor))
        pointers = [ctypes.c_void_p(a.data_ptr()) if isinstance(a, torch.Tensor) else a for a in args]
        run(grid[0], grid[1], block[0], *pointers)

    return kernel
