"""Which devices there are and how many processes each takes. CUDA is never touched in this process."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mibench.engine.job import Slot
from mibench.errors import UsageError


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


PROBE = """
import json, torch
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
mps = bool(getattr(torch.backends, "mps", None)) and torch.backends.mps.is_available()
print(json.dumps({"torch": torch.__version__, "built": torch.version.cuda, "cuda": names, "mps": mps}))
"""


@functools.cache
def accelerators() -> dict[str, Any]:
    """What torch sees, asked in a process that ends, so that CUDA stays untouched here."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (IndexError, ValueError):
        reason = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        return {"torch": None, "built": None, "cuda": [], "mps": False, "reason": reason[0]}


def _may_have_cuda() -> bool:
    return bool(shutil.which("nvidia-smi")) or Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists()


def resolve(asked: Sequence[str], remote: bool = False) -> list[str]:
    """`auto`, `cpu`, `cuda`, `cuda:0` or `mps` as devices that are here; UsageError says why one is not.

    With `remote`, devices are those of a cluster's workers, which say with the resource GPU how many they have.
    """
    if remote:
        if wrong := [device for device in asked if device not in ("auto", "cpu", "cuda")]:
            raise UsageError(
                f"device '{wrong[0]}' with --executor dask: write cpu or cuda; the workers' GPUs are resources"
            )
        return ["cuda" if device == "cuda" else "cpu" for device in asked]
    found: list[str] = []
    for device in asked:
        kind, _, index = device.partition(":")
        if device == "auto":
            count = len(accelerators()["cuda"]) if _may_have_cuda() else 0
            found += [f"cuda:{i}" for i in range(count)] or ["cpu"]
        elif device == "cpu":
            found.append("cpu")
        elif kind == "cuda" and (not index or index.isdigit()):
            found += _cuda(device, index)
        elif device == "mps":
            if not accelerators()["mps"]:
                raise UsageError("device 'mps' is not available here; use --device cpu")
            found.append("mps")
        else:
            raise UsageError(f"no device '{device}'; write auto, cpu, cuda, cuda:0 or mps")
    return list(dict.fromkeys(found))


def _cuda(device: str, index: str) -> list[str]:
    known = accelerators()
    count = len(known["cuda"])
    if not count:
        why = f"torch {known['torch']} " + ("sees no GPU" if known["built"] else "was built without CUDA")
        raise UsageError(f"device '{device}' is not available here: {known.get('reason') or why}; use --device cpu")
    if index and int(index) >= count:
        raise UsageError(f"device '{device}' is not here: there are {', '.join(f'cuda:{i}' for i in range(count))}")
    return [f"cuda:{index}"] if index else [f"cuda:{i}" for i in range(count)]


def slots(devices: Sequence[str], jobs: int, jobs_per_gpu: int) -> list[Slot]:
    """CPU slots and accelerator slots side by side; threads are divided so that jobs do not fight over cores."""
    gpus = [device for device in devices if device != "cpu"]
    threads = max(1, cores() // max(jobs, 1))
    inherited = os.environ.get("CUDA_VISIBLE_DEVICES")
    ids = [item.strip() for item in inherited.split(",")] if inherited else None
    made = [Slot("cpu", "cpu", threads) for _ in range(jobs)]
    for device in gpus:
        kind, _, index = device.partition(":")
        visible = (ids[int(index)] if ids else index) if kind == "cuda" else None
        made += [Slot(kind, device, threads, visible)] * jobs_per_gpu
    return made


def kind_for(estimator: Any, devices: Sequence[str], automatic: bool = False) -> str:
    """The kind of device an estimator's trials run on: the first of those asked for that it can use, else the CPU.

    If the choice is ours it is the first that the estimator names: nearest neighbours in few dimensions are faster on
    a CPU, networks on a GPU.
    """
    able = getattr(estimator, "devices", ("cpu",))
    if automatic:
        here = {"cpu", *(device.partition(":")[0] for device in devices)}
        return next((kind for kind in able if kind in here), "cpu")
    for device in devices:
        if (kind := device.partition(":")[0]) in able:
            return kind
    return "cpu"
