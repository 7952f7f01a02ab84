"""Which devices there are and how many processes each takes. CUDA is never touched in this process."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mibench.device import CPU, Device, cores
from mibench.errors import UsageError


@dataclass(frozen=True)
class Slot:
    """A place where one process at a time can be: so many threads, on one device."""

    device: Device
    threads: int
    visible: str | None = None
    """What `CUDA_VISIBLE_DEVICES` is set to: one device, by whatever string names it here."""

    @property
    def name(self) -> str:
        """Its device's name."""
        return self.device.name


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


def resolve(asked: Sequence[str], remote: bool = False) -> list[Device]:
    """`auto`, `cpu`, `cuda`, `cuda:0` or `mps` as devices that are here; UsageError says why one is not.

    With `remote`, devices are those of a cluster's workers, which say with the resource GPU how many they have.
    """
    if remote:
        if wrong := [text for text in asked if text not in ("auto", "cpu", "cuda")]:
            raise UsageError(
                f"device '{wrong[0]}' with --executor dask: write cpu or cuda; the workers' GPUs are resources"
            )
        return [Device("cuda") if text == "cuda" else CPU for text in asked]
    found: list[Device] = []
    for text in asked:
        kind, _, index = text.partition(":")
        if text == "auto":
            count = len(accelerators()["cuda"]) if _may_have_cuda() else 0
            found += [Device("cuda", i) for i in range(count)] or [CPU]
        elif text == "cpu":
            found.append(CPU)
        elif kind == "cuda" and (not index or index.isdecimal()):
            found += _cuda(text, Device.of(text).index)
        elif text == "mps":
            if not accelerators()["mps"]:
                raise UsageError("device 'mps' is not available here; use --device cpu")
            found.append(Device("mps"))
        else:
            raise UsageError(f"no device '{text}'; write auto, cpu, cuda, cuda:0 or mps")
    return list(dict.fromkeys(found))


def _cuda(text: str, index: int | None) -> list[Device]:
    known = accelerators()
    here = [Device("cuda", i) for i in range(len(known["cuda"]))]
    if not here:
        why = f"torch {known['torch']} " + ("sees no GPU" if known["built"] else "was built without CUDA")
        raise UsageError(f"device '{text}' is not available here: {known.get('reason') or why}; use --device cpu")
    if index is None:
        return here
    if index >= len(here):
        raise UsageError(f"device '{text}' is not here: there are {', '.join(map(str, here))}")
    return [here[index]]


def slots(devices: Sequence[Device], jobs: int, jobs_per_gpu: int) -> list[Slot]:
    """CPU slots and accelerator slots side by side; threads are divided so that jobs do not fight over cores."""
    threads = max(1, cores() // max(jobs, 1))
    inherited = os.environ.get("CUDA_VISIBLE_DEVICES")
    ids = [item.strip() for item in inherited.split(",")] if inherited else None
    made = [Slot(CPU, threads)] * jobs
    for device in devices:
        if device.accelerator:
            visible = None if device.index is None else ids[device.index] if ids else str(device.index)
            made += [Slot(device, threads, visible)] * jobs_per_gpu
    return made


def kind_for(estimator: Any, devices: Sequence[Device], automatic: bool = False) -> str:
    """The kind of device an estimator's trials need: the first of those asked for that it can use, else the CPU.

    If the choice is ours it is the first that the estimator names: nearest neighbours in few dimensions are faster on
    a CPU, networks on a GPU.
    """
    able = getattr(estimator, "devices", ("cpu",))
    if automatic:
        here = {"cpu", *(device.kind for device in devices)}
        return next((kind for kind in able if kind in here), "cpu")
    return next((device.kind for device in devices if device.kind in able), "cpu")
