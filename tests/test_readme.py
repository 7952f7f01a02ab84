"""What the README shows is run, in its order, as a newcomer would, and gives what the README says."""

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def run(command, folder):
    words = shlex.split(command)
    assert words[0] == "mibench"
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, timeout=500, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def numbers(table):
    """{(row, column): value} of a text table: the truth and each estimator's mean."""
    lines = [line for line in table.splitlines() if re.match(r"(task|gaussian/)", line)]
    heads = re.split(r"\s{2,}", lines[0].strip())
    found = {}
    for line in lines[1:]:
        cells = re.split(r"\s{2,}", line.strip())
        values = [re.match(r"-?\d+\.\d+", cell) for cell in cells]
        kept = [value for value in values if value]
        assert len(kept) == len(heads) - 1
        found |= {(cells[0], head): float(value[0]) for head, value in zip(heads[1:], kept, strict=True)}
    return found


@pytest.mark.timeout(900)
def test_the_readme_does_what_it_says(tmp_path):
    shown = None
    outputs = {}
    for kind, text in BLOCKS:
        if kind == "text":
            shown = numbers(text)
        elif kind == "python" and (name := re.match(r"# (\w+\.py)\n", text)):
            (tmp_path / name[1]).write_text(text)
        elif kind == "python":
            done = subprocess.run(
                [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert 0.2 < float(done.stdout.split()[0]) < 0.5
        elif kind == "console":
            for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
                outputs[command] = run(command, tmp_path)
                assert outputs[command].returncode == 0, (command, outputs[command].stderr)
    main = numbers(outputs["mibench run --estimators mine,ksg --task gaussian"].stdout)
    assert main.keys() == shown.keys()
    for key, value in shown.items():  # the same seeds; another processor may round and train a little otherwise
        assert main[key] == pytest.approx(value, abs=0.001 if key[1] in ("truth", "ksg") else 0.1), key
    assert r"\toprule" in outputs["mibench table --format latex"].stdout
    half = next(done.stdout for command, done in outputs.items() if "half.py" in command)
    assert "half share=1" in half


def test_own_tasks_are_made_as_the_docs_say(tmp_path):
    text = (ROOT / "docs" / "tasks.md").read_text()
    for name, code in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL):
        (tmp_path / name).write_text(code)
    for side in "xy":
        np.save(tmp_path / f"{side}.npy", np.random.default_rng(ord(side)).standard_normal((2000, 2)))
    commands = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    for command in [*commands, "mibench run -p files.py -t files/arrays -e gaussian -n 100 -o arrays"]:
        done = run(command, tmp_path)
        assert done.returncode == 0, (command, done.stderr)
    (made,) = (tmp_path / "results").glob("*/trials.csv")
    truths = {row["point"]: (row["mi_true"], row["mi_true_error"]) for row in csv.DictReader(made.open())}
    assert truths == {"Pair": ("0.5", "0.0"), "mi=2.0": ("2.0", "0.0"), "table": ("0.5", "0.01")}


def test_others_code_becomes_an_estimator_as_the_docs_say(tmp_path):
    """All four estimate 0.5 nats of a normal pair: at n = 500 their scatter is 0.03 to 0.05, this is five of that."""
    pytest.importorskip("sklearn")
    half = re.search(r"```python\n# half\.py\n(.*?)```", README, re.DOTALL)
    assert half
    (tmp_path / "half.py").write_text(half[1])
    text = (ROOT / "docs" / "own-estimator.md").read_text()
    for name, code in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL):
        (tmp_path / name).write_text(code)
    for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        done = run(command, tmp_path)
        assert done.returncode == 0, (command, done.stdout + done.stderr)
    rows = [row for made in (tmp_path / "results").glob("*/trials.csv") for row in csv.DictReader(made.open())]
    assert {row["status"] for row in rows if row["estimator"] == "my-mi"} == {"ok"}
    rows = [row for row in rows if row["estimator"] != "my-mi"]
    refused = {(row["estimator"], row["point"]) for row in rows if row["status"] == "unsupported"}
    assert refused == {("function", "dim=2:mi=0.5"), ("program", "dim=2:mi=0.5")}
    values = {
        row["estimator"]: float(row["mi_estimate"])
        for row in rows
        if row["point"] == "dim=1:mi=0.5" and row["status"] == "ok"
    }
    assert values == dict.fromkeys(("mixture", "function", "program", "ksg"), pytest.approx(0.5, abs=0.25))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_promises.py"], cwd=tmp_path, check=False,
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    done = subprocess.run(
        [sys.executable, "here.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Half" in done.stdout
    assert abs(float(done.stdout.split()[-1])) < 0.25


def test_the_picture_is_there():
    for name in re.findall(r"!\[.*?\]\((.*?)\)|\]\((docs/.*?)\)", README):
        assert (ROOT / (name[0] or name[1])).is_file()
