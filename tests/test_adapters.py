"""Programs, functions and classes of others, as estimators."""

import json
import math
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

from mibench import adapters, trial
from mibench.checks import estimators as promises

X, Y = promises.gaussian_pair(200, 1.0, seed=1, dim=2)

SAYS = """
import sys
print("reading", file=sys.stderr)
{body}
"""


def program(tmp_path, body):
    (tmp_path / "program.py").write_text(SAYS.format(body=body))
    return f"{sys.executable} {tmp_path / 'program.py'} {{x}} {{y}}"


@pytest.mark.parametrize("files", ["csv", "npy"])
def test_a_program_gets_both_files_whole_and_its_settings(tmp_path, files):
    read = "np.loadtxt(f, delimiter=',', skiprows=1)" if files == "csv" else "np.load(f)"
    body = f"""
import numpy as np
x, y = ({read} for f in sys.argv[1:3])
print('talk')
print((x * y).sum() * float(sys.argv[3]))
"""
    made = adapters.Command(program(tmp_path, body) + " {factor}", files=files, factor=2.0)
    assert made.estimate(X, Y) == pytest.approx(2 * (X * Y).sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('one'); sys.exit('no such k')", "ended with 1: no such k"),
        ("print('none found')", "'none found' last, which is no number"),
        ("pass", "'' last"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9: reading"),
    ],
)
def test_a_program_that_fails_says_how_and_its_traceback_what_it_said(tmp_path, body, said):
    with pytest.raises(RuntimeError, match=said) as error:
        adapters.Command(program(tmp_path, body)).estimate(X, Y)
    assert "reading" in "".join(traceback.format_exception(error.value))


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(RuntimeError, match="no-such-program: No such file"):
        adapters.Command("no-such-program {x} {y}").estimate(X, Y)


@pytest.mark.parametrize("command", ["program", "program {x}", "program {x} {y} {k}", "program {x} {y} {}"])
def test_a_command_without_its_files_or_settings_is_refused(command):
    with pytest.raises(ValueError, match=r"needs \{x\} and \{y\}"):
        adapters.Command(command)


PLUGIN = """
from mibench import hookimpl
from mibench.adapters import Command, from_function, from_sklearn

class Halves:
    def __init__(self, share=0.5, random_state=None):
        self.share, self.random_state = share, random_state
    def fit(self, x, y):
        self.mi_ = self.share
        return self
    def score(self, x, y):
        return self.share * len(x)

def seeded(x, y, k=3, *, seed):
    "Three."
    return k + (seed is None)

@hookimpl
def mibench_estimators():
    return {
        "program": Command("python3 beside.py {x} {y} {k}", k=3),
        "function": from_function(seeded, k=4),
        "class": from_sklearn(Halves, "mi_"),
        "method": from_sklearn(Halves, "score", share=0.25),
        "slow": Command("python3 beside.py {x} {y} sleep", version="1"),
    }
"""


def test_each_is_an_estimator_like_others(tmp_path, mibench):
    """Fields are set from outside; a program beside the plugin is found from anywhere; a timeout ends it too."""
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "of_others.py").write_text(PLUGIN)
    (tmp_path / "plugin" / "beside.py").write_text(
        "import sys, time, pathlib\nif sys.argv[3] == 'sleep':\n    time.sleep(20)\n"
        f"    pathlib.Path({str(tmp_path / 'survived')!r}).touch()\nprint(sys.argv[3])"
    )
    done = mibench(
        "run", "-p", "plugin/of_others.py", "-e", "program:k=7,function,class:share=0.75,method,slow", "-t",
        "gaussian/dim=1:mi=0.5", "-n", "100", "--seeds", "1", "--timeout", "3s", "--json", "-o", "out",
    )  # fmt: skip
    rows = {row["estimator"]: row for row in map(json.loads, (next(Path(tmp_path / "out" / "rows").iterdir())).open())}
    assert {name: rows[name]["mi_estimate"] for name in ("program", "function", "class", "method")} == {
        "program": 7, "function": 4, "class": 0.75, "method": 25,
    }, done.stderr  # fmt: skip
    assert rows["slow"]["status"] == "timeout"
    assert json.loads(rows["program"]["estimator_params"])["k"] == 7
    assert not (tmp_path / "survived").exists()


def test_settings_that_a_function_has_not_are_refused():
    with pytest.raises(ValueError, match="has no setting j; it has: k"):
        adapters.from_function(lambda x, y, k=1: k, j=2)


def test_a_function_is_given_what_it_names():
    made = adapters.from_function(lambda x, y, device, k=1: math.nan)
    assert list(trial.named(made.estimate, {"seed": 1, "device": "cpu"})) == ["device"]
    assert np.isnan(made.estimate(X, Y, device="cpu"))


@pytest.mark.slow
def test_an_r_script_is_an_estimator(tmp_path):
    """`apt install r-base-core`; -½ log(1 − r²) of the first columns, in another language."""
    import shutil

    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    (tmp_path / "mi.R").write_text(
        "a <- commandArgs(TRUE); x <- read.csv(a[1]); y <- read.csv(a[2]); cat(-log(1 - cor(x$x0, y$y0)^2) / 2, '\\n')"
    )
    value = adapters.Command(f"Rscript {tmp_path / 'mi.R'} {{x}} {{y}}").estimate(X, Y)
    assert value == pytest.approx(-math.log(1 - np.corrcoef(X[:, 0], Y[:, 0])[0, 1] ** 2) / 2, rel=1e-5)
