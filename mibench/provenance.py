"""What one invocation was and where it ran: the facts of run.json."""

import dataclasses
import importlib.metadata
import os
import platform
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mibench
from mibench.catalogue import PACKAGE, Catalogue
from mibench.device import Device, cores
from mibench.settings import Settings

COMMAND = re.compile(r"\bmibench(/__main__\.py)?$")
LIBRARIES = ("torch", "numpy", "scipy", "pandas", "numba")


def facts(settings: Settings, catalogue: Catalogue, trials: int, used: Sequence[Device]) -> dict[str, Any]:
    """What is asked for, by which command, with which versions, on which machine and devices."""
    return {
        "command": shlex.join(["mibench", *sys.argv[1:]]) if COMMAND.search(sys.argv[0]) else Path(sys.argv[0]).name,
        "settings": dataclasses.asdict(settings),
        "trials": trials,
        "started_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "versions": {
            "mibench": mibench.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "git": git(),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "cores": cores(),
        "devices": [device.name for device in used],
        "plugins": {plugin.label: str(plugin.path) for plugin in catalogue.plugins if plugin.origin != "bundled"},
    }


def version(name: str) -> str:
    """The installed version of a distribution, or nothing."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def git() -> dict[str, Any] | None:
    """Commit and cleanliness of the checkout that mibench runs from, if it is one."""
    root = PACKAGE.parent
    if not (root / ".git").exists():
        return None
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        commit, state = (
            subprocess.run(
                ["git", "-C", str(root), *arguments],
                capture_output=True,
                text=True,
                check=True,
                timeout=10,
                env=environment,
            ).stdout.strip()
            for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(state)}
