"""What several test files share: the command line in a process of its own, and plugin files written for a test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: tests run side by side, one a core


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in [name for name in os.environ if name.startswith("MIBENCH_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def mibench(tmp_path):
    """Run the command in `tmp_path` as a user does; gives the finished process."""

    def run(*arguments, timeout=240, **more):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **more.pop("env", {})}
        return subprocess.run(
            [sys.executable, "-m", "mibench", *map(str, arguments)],
            cwd=more.pop("cwd", tmp_path),
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **more,
        )

    return run


ESTIMATOR = '''"""A test's estimator."""
from dataclasses import dataclass
from mibench import Diverged, Estimate, hookimpl

@dataclass(frozen=True)
class Made:
    {fields}
    def estimate(self, x, y, seed):
        {body}

@hookimpl
def mibench_estimators():
    return {{"{name}": Made()}}
'''


@pytest.fixture
def estimator_file(tmp_path):
    """Write a plugin file with one estimator; `body` is the body of `estimate(self, x, y, seed)`."""

    def write(name="made", body="return 0.0", fields="pass", file=None):
        path = tmp_path / (file or f"{name.replace('-', '_')}_plugin.py")
        path.write_text(ESTIMATOR.format(name=name, body=body.replace("\n", "\n        "), fields=fields))
        return path

    return write
