"""What benchmarks share: methods take turns, a figure is a ratio within a turn with its spread, and the machine."""

import os
import platform
from statistics import median

from mibench.device import CPU


def machine():
    """What the figures were measured on."""
    cores = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}" if hasattr(os, "getloadavg") else os.cpu_count()
    return f"{CPU.model()} ({platform.system()} {platform.machine()}), {cores}, Python {platform.python_version()}"


def turns(methods, count, warm=1):
    """The seconds that each method says it took, turn by turn; a slow minute of the machine is slow for all of them."""
    taken = [{name: method() for name, method in methods.items()} for _ in range(warm + count)][warm:]
    return {name: [turn[name] for turn in taken] for name in methods}


def ratio(name, above, below, least=None, most=None):
    """Print the median ratio of two methods over the turns, the least and greatest, and what was wanted."""
    values = sorted(a / b for a, b in zip(above, below, strict=True))
    middle = median(values)
    wanted = "" if least is None else f", wanted at least {least:g}"
    wanted += "" if most is None else f", wanted at most {most:g}"
    met = (least is None or middle >= least) and (most is None or middle <= most)
    said = f"{': met' if met else ': MISSED'}" if wanted else ""
    print(f"{name}: {middle:.3g} ({values[0]:.3g} to {values[-1]:.3g}){wanted}{said}", flush=True)
    return middle
