"""What a user types, what comes back on stdout and stderr, and the exit codes of the design."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from mibench import checks, cli, store
from mibench.checks import estimators
from mibench.trial import COLUMNS

QUICK = ("run", "-e", "gaussian,ksg", "-t", "gaussian", "--dims", "1,2", "--mi", "0,1", "-n", "300", "--seeds", "2")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with one quick run in it, made once."""
    from conftest import ROOT

    folder = tmp_path_factory.mktemp("finished")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "mibench", *QUICK, "-o", "a"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_run_ends_with_table_folder_and_next_command(finished):
    _, done = finished
    assert "gaussian/dim=2:mi=1.0" in done.stdout
    assert "ksg" in done.stdout
    assert "truth" in done.stdout
    assert "results: a" in done.stderr
    assert "mibench plot a" in done.stderr
    assert "16 trials to run" in done.stderr


def test_there_is_one_row_a_trial_with_the_columns_of_the_design(finished):
    folder, _ = finished
    frame = pd.read_csv(folder / "a" / "trials.csv")
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == 16
    assert frame["trial_id"].is_unique
    assert set(frame["status"]) == {"ok"}
    assert set(frame["mi_true"]) == {0.0, 1.0}
    assert frame.groupby(["point", "seed"])["estimator"].nunique().eq(2).all()
    facts = json.loads((folder / "a" / "run.json").read_text())
    assert facts["settings"]["samples"] == ["300"]
    assert facts["versions"]["numpy"]


def test_the_same_command_again_runs_nothing_and_says_so(finished, mibench):
    folder, _ = finished
    before = store.load(folder / "a")
    done = mibench(*QUICK, "-o", "a", cwd=folder)
    assert done.returncode == 0
    assert "nothing to run: all 16 trials are in a" in done.stderr
    assert store.load(folder / "a").equals(before)


def test_more_of_the_same_runs_only_what_is_missing(finished, mibench, tmp_path):
    folder, _ = finished
    subprocess.run(["cp", "-r", folder / "a", tmp_path / "b"], check=True)
    arguments = [part if part != "2" else "3" for part in QUICK]
    done = mibench(*arguments, "-o", "b")
    assert "8 trials to run, 16 kept" in done.stderr
    assert len(store.load(tmp_path / "b")) == 24


def test_numbers_do_not_depend_on_jobs_or_folder(finished, mibench, tmp_path):
    folder, _ = finished
    done = mibench(*QUICK, "-o", "c", "-j", "1")
    assert done.returncode == 0
    key = ["estimator", "point", "seed"]
    one, two = (store.load(f).sort_values(key)["mi_estimate"].tolist() for f in (folder / "a", tmp_path / "c"))
    assert one == two


def test_a_trained_critic_does_not_depend_on_jobs_threads_or_company(mibench, tmp_path):
    command = ("run", "-e", "mine:steps=200", "-t", "gaussian/dim=2:mi=1", "-n", "400", "-q")
    ways = {"together": ("--seeds", 3, "-j", 1), "apart": ("--seeds", 3, "-j", 2), "alone": ("--seeds", "2-2")}
    for name, way in ways.items():
        assert mibench(*command, *way, "-o", name).returncode == 0
    frames = {name: store.load(tmp_path / name).set_index("seed") for name in ways}
    assert frames["together"]["trained_together"].tolist() == [3, 3, 3]
    assert frames["alone"]["trained_together"].isna().all()
    assert frames["together"]["mi_estimate"].to_dict() == frames["apart"]["mi_estimate"].to_dict()
    assert frames["together"]["mi_estimate"][2] == frames["alone"]["mi_estimate"][2]


def test_json_is_one_document_on_stdout(mibench):
    done = mibench("run", "-e", "gaussian", "-t", "gaussian/dim=1:mi=0.5", "-n", "100", "--seeds", "2", "--json")
    document = json.loads(done.stdout)
    assert document["counts"] == {"ok": 2}
    assert document["exit"] == done.returncode == 0
    assert done.stderr == ""


def test_table_plot_list_and_status_read_the_run(finished, mibench):
    folder, _ = finished
    assert "gaussian/dim=1:mi=0.0" in mibench("table", "a", cwd=folder).stdout
    assert "16/16" in mibench("status", "a", cwd=folder).stdout
    drawn = mibench("plot", "a", cwd=folder)
    assert drawn.returncode == 0, drawn.stderr
    files = [folder / line for line in drawn.stdout.split()]
    assert files
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_a_new_file_stands_in_list_and_table_beside_the_others(mibench, estimator_file, tmp_path):
    file = estimator_file("half", "return 0.5")
    assert "half" in mibench("list", "-p", file).stdout
    done = mibench("run", "-e", "half,gaussian", "-p", file, "-t", "gaussian/dim=1:mi=0.5", "-n", "200", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "half" in done.stdout
    assert "0.500 ± 0.000" in done.stdout


NEW_BOUND = """
from mibench import hookimpl
from mibench.neural import NeuralEstimator

class Chi(NeuralEstimator):
    def bound(self, joint, marginal):
        return joint.mean() - marginal.square().mean() / 4

@hookimpl
def mibench_estimators():
    return {"chi": Chi()}
"""


def test_a_bound_in_ten_lines_gets_batches_curves_and_early_stopping(mibench, tmp_path):
    assert len([line for line in NEW_BOUND.splitlines() if line]) <= 10
    (tmp_path / "chi.py").write_text(NEW_BOUND)
    done = mibench(
        "run", "-p", "chi.py", "-e", "chi", "-t", "gaussian", "--dims", "1", "--mi", "0", "-n", "400", "--seeds", "4",
        "-P", "chi.steps=400", "-P", "chi.validate_every=20", "-P", "chi.patience=2", "-j", "1", "-o", "a",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = store.load(tmp_path / "a")
    assert set(rows["status"]) == {"ok"}
    assert set(rows["trained_together"]) == {4}
    assert rows["steps"].min() < 400
    assert len(list((tmp_path / "a" / "curves").iterdir())) > 0


def test_fields_can_be_swept(mibench, tmp_path):
    done = mibench(
        "run", "-e", "ksg", "-P", "ksg.k=3,5", "-t", "gaussian/dim=1:mi=0.5", "-n", "200", "--seeds", "1", "-o", "out"
    )
    assert done.returncode == 0, done.stderr
    params = [json.loads(text)["k"] for text in store.load(tmp_path / "out")["estimator_params"]]
    assert sorted(params) == [3, 5]
    assert "k=3" in done.stdout
    assert "k=5" in done.stdout


def test_flag_stands_over_environment_over_config_over_default(mibench, tmp_path):
    (tmp_path / "run.toml").write_text(
        'estimators = ["gaussian"]\ntask = "gaussian/dim=1:mi=0.5"\nsamples = 111\nseeds = 1\n'
    )
    (tmp_path / "pyproject.toml").write_text("[tool.mibench]\nseeds = 2\njobs = 1\n")

    def plan(*arguments, **environment):
        done = mibench("run", "-c", "run.toml", "--dry-run", "--json", *arguments, env=environment)
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        return facts["samples"], facts["seeds"], len(facts["slots"])

    assert plan() == ([111], [0, 0], 1)
    assert plan(MIBENCH_SAMPLES="222") == ([222], [0, 0], 1)
    assert plan("-n", "333", "--seeds", "5-7", MIBENCH_SAMPLES="222") == ([333], [5, 7], 1)


BAD = {
    "an unknown estimator": (("run", "-e", "ksgg", "-t", "gaussian"), 2, "no estimator 'ksgg'; did you mean 'ksg'?"),
    "an unknown task": (("run", "-e", "ksg", "-t", "gausian"), 2, "no task 'gausian'; did you mean 'gaussian'?"),
    "an unknown point": (("run", "-e", "ksg", "-t", "gaussian/x"), 5, "has no point 'x'"),
    "an unknown field": (("run", "-e", "ksg:kk=3", "-t", "gaussian"), 2, "has no field 'kk'; did you mean 'k'?"),
    "an unknown swept field": (("run", "-e", "ksg", "-P", "ksg.kk=3", "-t", "gaussian"), 2, "did you mean 'k'?"),
    "a sweep of nobody": (("run", "-e", "ksg", "-P", "mine.steps=3", "-t", "gaussian"), 2, "not among the estimators"),
    "a value of the wrong kind": (("run", "-e", "ksg:k=three", "-t", "gaussian"), 2, "expected a whole number"),
    "no estimator": (("run", "-t", "gaussian"), 2, "no estimator is named"),
    "no task": (("run", "-e", "ksg"), 2, "no task is named"),
    "no samples": (("run", "-e", "ksg", "-t", "gaussian", "--samples", "0"), 2, "--samples 0: expected at least 1"),
    "no seeds": (("run", "-e", "ksg", "-t", "gaussian", "--seeds", "0"), 2, "--seeds 0"),
    "dimension zero": (("run", "-e", "ksg", "-t", "gaussian", "--dims", "0"), 2, "--dims 0"),
    "negative information": (("run", "-e", "ksg", "-t", "gaussian", "--mi", "-1"), 2, "not negative"),
    "a device that is not here": (("run", "-e", "ksg", "-t", "gaussian", "-d", "cuda"), 2, "is not available here"),
    "a device that is none": (("run", "-e", "ksg", "-t", "gaussian", "-d", "gpu"), 2, "no device 'gpu'"),
    "a plugin that is not there": (("run", "-e", "ksg", "-t", "gaussian", "-p", "no.py"), 2, "no such file"),
    "a folder that is no run": (("table", "."), 2, "is no run"),
    "a run that is not there": (("table", "nothing"), 2, "there is no run 'nothing'"),
    "no jobs": (("run", "-e", "ksg", "-t", "gaussian", "-j", "0"), 2, "--jobs 0"),
    "a bad time": (("run", "-e", "ksg", "-t", "gaussian", "--timeout", "soon"), 2, "--timeout soon"),
    "a bad config": (("run", "-c", "no.toml", "-e", "ksg", "-t", "gaussian"), 2, "no.toml"),
    "an unknown command": (("rnu",), 2, "run"),
    "a file to check that is not there": (("check", "no.py"), 2, "no such file"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_clear_line_and_its_code(mibench, tmp_path, arguments, code, message):
    if "cuda" in arguments and _has_cuda():
        pytest.skip("there is a GPU here")
    done = mibench(*arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    if arguments[0] == "run":
        assert len([line for line in done.stderr.splitlines() if line.startswith("mibench:")]) == 1
        assert not (tmp_path / "results").exists()


LONG = "x" * 300
ODD = {
    "no such option": (("run", "--estimatrs", "mine"), 2, "No such option: --estimatrs"),
    "no such command": (("rn",), 2, "Did you mean 'run'? (see mibench -h)"),
    "no such kind": (("new", "estimat", "mine"), 2, "'estimat' is not one of 'estimator', 'task', 'application'"),
    "no number": (("estimate", "a.csv", "--permutations", "abc"), 2, "--permutations"),
    "a superscript": (("run", "--dims", "²"), 2, "--dims=²: expected a whole number"),
    "a seed beyond all rows": (("run", "--seeds", "9" * 20), 2, "--seeds 99999999999999999999: seeds go up to 10"),
    "a seed of 5000 digits": (("run", "--seeds", "9" * 5000), 2, "write a count"),
    "memory of 400 digits": (("run", "--memory", "9" * 400), 2, "write a size"),
    "a size of 5000 digits": (("run", "-n", "9" * 5000), 2, "expected a whole number"),
    "a field of 5000 digits": (("run", "-e", "ksg:k=" + "9" * 5000), 2, "expected a whole number"),
    "jobs without end": (("run", "-j", "1000000000000"), 2, "--jobs 1000000000000: expected"),
    "nobody's home": (("run", "-p", "~nosuchuser/x"), 2, "-p ~nosuchuser/x: Could not determine home directory"),
    "a long plugin": (("run", "-p", LONG), 2, "File name too long"),
    "a long folder": (("run", "-o", LONG), 2, "File name too long"),
    "a long run": (("table", LONG), 2, "File name too long"),
    "a long run to resume": (("resume", LONG), 2, "File name too long"),
    "a long thing to check": (("check", LONG), 2, "File name too long"),
    "a deep config": (("run", "-c", "deep.toml"), 2, "deep.toml is no TOML file: maximum recursion depth"),
    "a config of 5000 digits": (("run", "-c", "digits.toml"), 2, "digits.toml is no TOML file: Exceeds the limit"),
    "a config of another kind": (("run", "-c", "table.toml"), 2, "table.toml: seeds is a table; expected a value"),
    "a name on two lines": (("run", "-e", "ga\nuss"), 2, "no estimator 'ga uss'; did you mean 'gaussian'?"),
    "a name with an escape": (("run", "-t", "ga\x07uss"), 2, "no task 'ga\\x07uss'"),
    "a table nowhere": (("table", "a", "-o", "/nonexist/x"), 3, "cannot write /nonexist/x: No such file"),
    "a full table": (("table", "a", "-o", "/dev/full"), 3, "cannot write /dev/full: No space left"),
    "a plot nowhere": (
        ("plot", "a", "-k", "bias", "-o", "/dev/null/x"),
        3,
        "cannot write /dev/null/x: Not a directory",
    ),
    "a report nowhere": (("report", "a", "-o", "/dev/null/x"), 3, "cannot write /dev/null/x: Not a directory"),
    "a sample nowhere": (("sample", "gaussian/dim=1:mi=0", "-o", "/dev/null/x.csv"), 2, "cannot write /dev/null/x.csv"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), ODD.values(), ids=ODD)
def test_odd_input_too_gets_one_short_line(finished, monkeypatch, capsys, arguments, code, message):
    """In this process, for speed; what is echoed is printable and shortened."""
    folder, _ = finished
    monkeypatch.chdir(folder)
    (folder / "deep.toml").write_text("x=" + "[" * 2000)
    (folder / "digits.toml").write_text("jobs=" + "9" * 5000)
    (folder / "table.toml").write_text("[seeds]\ncount=3\n")
    if arguments[0] == "run":
        defaults = {"-e": "gaussian", "-t": "gaussian"}
        missing = [part for key, value in defaults.items() if key not in arguments for part in (key, value)]
        arguments = (*arguments, *missing, "--dry-run")
    assert _main(monkeypatch, *arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert said.err.startswith("mibench: ")
    assert said.err.count("\n") == 1
    assert len(said.err) < 400
    assert said.err.rstrip("\n").isprintable()


def _main(monkeypatch, *arguments):
    """The exit code of the command."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "argv", ["mibench", *arguments])
    try:
        cli.main()
    except SystemExit as end:
        return end.code
    finally:
        signal.signal(signal.SIGTERM, handler)


@pytest.mark.parametrize("text", ["tool = 3\n", "[tool]\nother = 3\n"])
def test_another_tools_settings_are_not_ours(tmp_path, monkeypatch, capsys, text):
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert _main(monkeypatch, "run", "-e", "gaussian", "-t", "gaussian", "--dry-run") == 0
    (tmp_path / "pyproject.toml").write_text("[tool]\nmibench = 3\n")
    assert _main(monkeypatch, "run", "-e", "gaussian", "-t", "gaussian", "--dry-run") == 2
    assert "pyproject.toml [tool.mibench] is 3; expected a table of settings" in capsys.readouterr().err


def test_seeds_may_be_lists(monkeypatch, capsys, tmp_path):
    (tmp_path / "run.toml").write_text("seeds = [7, 3]\n")
    monkeypatch.chdir(tmp_path)
    run = ("run", "-e", "gaussian", "-t", "gaussian/dim=1:mi=0.5", "-n", "20", "--dry-run", "--json")
    for more in ("--seeds", "7,3"), ("-c", "run.toml"):
        assert _main(monkeypatch, *run, *more) == 0
        assert json.loads(capsys.readouterr().out)["trials"] == 2


def test_a_plugin_that_prints_or_leaves_at_import_harms_no_document(mibench, estimator_file, tmp_path):
    file = estimator_file("loud")
    file.write_text(
        "import os\nprint('hello', flush=True)\nos.system('echo there')\nos.chdir('/')\n" + file.read_text()
    )
    done = mibench("run", "-p", file, "-e", "loud", "-t", "gaussian/dim=1:mi=0.5", "-n", "20", "--seeds", "1",
        "--json", "-o", "out")  # fmt: skip
    assert json.loads(done.stdout)["counts"] == {"ok": 1}
    assert (tmp_path / "out" / "trials.csv").is_file()
    file.write_text("import os\nos._exit(0)\n")
    done = mibench("run", "-p", file, "-e", "loud", "-t", "gaussian/dim=1:mi=0.5", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "SystemExit: the plugin called os._exit(0)" in done.stderr


TALKATIVE = """
from dataclasses import dataclass
from mibench import hookimpl

@dataclass(frozen=True)
class Talks:
    k: int = 1
    def __post_init__(self):
        print("made")
    @property
    def mi(self):
        print("asked for the truth")
        return 0.5
    @property
    def dim_x(self):
        print("asked for the dimension")
        return 1
    def refuses(self, n):
        print("asked whether it can")
    def estimate(self, x, y): return 0.0
    def sample(self, n, rng): return rng.standard_normal((2, n, 1))

@hookimpl
def mibench_estimators():
    return {"talks": Talks()}

@hookimpl
def mibench_tasks():
    return {"talking": [Talks()]}
"""


def test_what_is_asked_of_a_plugin_may_print_too(monkeypatch, tmp_path, capfd):
    (tmp_path / "talks.py").write_text(TALKATIVE)
    monkeypatch.chdir(tmp_path)
    run = ("run", "-p", "talks.py", "-e", "talks:k=2", "-t", "talking:k=3", "--dry-run", "--json")
    assert _main(monkeypatch, *run) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)["trials"] == 3
    assert {"made", "asked whether it can"} <= set(said.err.splitlines())


def _has_cuda():
    from mibench.engine import devices

    return bool(devices.accelerators()["cuda"])


def test_a_broken_or_rival_plugin_named_with_p_is_refused(mibench, tmp_path, estimator_file):
    (tmp_path / "broken.py").write_text("import no_such_library_here")
    done = mibench("run", "-e", "ksg", "-t", "gaussian", "-p", "broken.py")
    assert done.returncode == 2
    assert "broken.py: ModuleNotFoundError" in done.stderr
    done = mibench("run", "-e", "ksg", "-t", "gaussian", "-p", estimator_file("ksg"))
    assert done.returncode == 2
    assert "estimator 'ksg' is taken by" in done.stderr


def test_a_folder_that_cannot_be_made_is_told(mibench, tmp_path):
    (tmp_path / "file").write_text("x")
    done = mibench("run", "-e", "gaussian", "-t", "gaussian", "-n", "10", "-o", "file/inside")
    assert done.returncode == 2
    assert "file/inside cannot be made" in done.stderr


def test_fail_fast_stops_at_the_first_failure(mibench, estimator_file, tmp_path):
    file = estimator_file("bad", "raise ValueError('no')")
    done = mibench(
        "run",
        "-e",
        "bad",
        "-p",
        file,
        "-t",
        "gaussian/dim=1:mi=0.5",
        "-n",
        "10",
        "--seeds",
        "200",
        "-x",
        "-j",
        "1",
        "-o",
        "out",
    )
    assert done.returncode == 1
    assert 1 <= len(store.load(tmp_path / "out")) <= 2


def test_failed_trials_run_again_and_stale_ones_are_named(mibench, estimator_file, tmp_path):
    command = ("run", "-e", "made", "-t", "gaussian/dim=1:mi=0.5", "-n", "10", "--seeds", "3", "-o", "out")
    file = estimator_file("made", "if x[0, 0] > 0:\n    raise ValueError('positive')\nreturn 0.0")
    first = mibench(*command, "-p", file)
    failed = int((store.load(tmp_path / "out")["status"] == "error").sum())
    assert (first.returncode == 1) == (failed > 0)
    estimator_file("made", "return 1.0")
    second = mibench(*command, "-p", file)
    assert second.returncode == 0
    frame = store.load(tmp_path / "out")
    assert (frame["mi_estimate"] == 1.0).sum() == failed
    if failed < 3:
        assert f"{3 - failed} rows of made in the folder were made by another version" in second.stderr
    third = mibench(*command, "-p", file, "--rerun", "stale")
    assert third.returncode == 0
    assert (store.load(tmp_path / "out")["mi_estimate"] == 1.0).all()
    assert "another version" not in mibench(*command, "-p", file).stderr


def test_no_color_and_no_terminal_mean_no_escapes(mibench):
    done = mibench("run", "-e", "gaussian", "-t", "gaussian/dim=1:mi=0.5", "-n", "50", env={"NO_COLOR": "1"})
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stderr


def test_check_passes_the_bundled_and_fails_the_careless(mibench, estimator_file):
    assert mibench("check", "gaussian").returncode == 0
    done = mibench("check", estimator_file("careless", "import numpy as np\nreturn float(np.random.standard_normal())"))
    assert done.returncode == 4
    assert "BROKEN" in done.stdout
    assert "global random state" in done.stdout


def test_the_bar_is_gone_before_the_last_lines(tmp_path):
    """On a terminal a line that is drawn anew ends with a carriage return: what stays must stand behind none."""
    from conftest import ROOT

    ours, theirs = os.openpty()
    command = ("run", "-e", "gaussian", "-t", "gaussian/dim=1:mi=0.5", "-n", "50", "--seeds", "3", "-o", "out")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200"}
    process = subprocess.Popen(
        [sys.executable, "-m", "mibench", *command],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    heard = b""
    with contextlib.suppress(OSError):  # as a terminal says that the other side is closed
        while part := os.read(ours, 65536):
            heard += part
    os.close(ours)
    assert process.wait() == 0
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", heard.decode()).replace("\r\n", "\n")
    assert "0/3" in shown, "a bar from the start"
    last = [line.rpartition("\r")[2] for line in shown.rstrip("\n").split("\n")[-2:]]
    assert last == ["results: out", "next:    mibench plot out"]


def _narrow(estimator_file, most):
    """A plugin whose estimator takes so many columns."""
    refuses = f'    def refuses(self, dim_x):\n        return "too many columns" if dim_x > {most} else None\n'
    file = estimator_file("narrow", "return 0.0")
    file.write_text(file.read_text().replace("\n@hookimpl", f"{refuses}\n@hookimpl"))
    return file


def test_check_tells_refused_from_broken_and_each_promise_as_it_goes(monkeypatch, capsys, estimator_file, tmp_path):
    monkeypatch.chdir(tmp_path)
    file = _narrow(estimator_file, 0)

    def last(estimator):
        heard = capsys.readouterr().out
        assert "  n/a     it takes (n, dim_x)" in heard, "the promise before"
        raise checks.Broken("seen in time")

    promises = (estimators.is_frozen, estimators.accepts_the_shapes, last)
    last.__doc__ = "it is told as it goes"
    monkeypatch.setattr(estimators, "PROMISES", promises)
    assert _main(monkeypatch, "check", str(file)) == 4
    said = capsys.readouterr().out.splitlines()
    assert said == ["  BROKEN  it is told as it goes", "          seen in time",
                         "1 of 2 promises kept; 1 could not be tried, as the estimator refuses the data"]  # fmt: skip
    monkeypatch.setattr(estimators, "PROMISES", promises[:2])
    assert _main(monkeypatch, "check", str(file), "--json") == 0
    assert [record["unsupported"] for record in json.loads(capsys.readouterr().out)] == [None, "too many columns"]


def test_describe_says_fields_source_and_points(mibench):
    assert "Kraskov" in mibench("describe", "ksg").stdout
    assert "dim=5:mi=2.0" in mibench("describe", "gaussian").stdout
    lines = [line.strip() for line in mibench("describe", "mine").stdout.splitlines()]
    assert lines[lines.index("folds = 1   (int)") + 1].startswith("above 1, cross-fitting")
    assert lines[[line.partition(":")[0] for line in lines].index("cost")].startswith("cost: 1 × the CPU time of mine")
    assert "cost:" not in mibench("describe", "plug-in").stdout, "no measure where both cannot do the same"
    models = mibench("describe", "mode-collapse").stdout
    assert "scores of stacked-digits: kl ↓ (lower is better, margin 0.02), " in models
    assert "fields of grid25:\n  steps = 3000   (int)\n      steps of the model\n" in models
    assert models.count("  weight = 1.0") == 1
    done = mibench("describe", "ksgg")
    assert (done.returncode, "did you mean 'ksg'" in done.stderr) == (2, True)


def test_describe_of_a_map_says_the_formula_of_what_it_maps(mibench):
    said = mibench("describe", "beyond-normal/spiral-multinormal-sparse-3-3-2-2.0").stdout
    assert "Spiral: X turned by the angle" in said
    assert "SparseNormal: `pairs` correlated pairs" in said
    assert "I(X;Y) = −pairs/2 · log(1 − rho²)" in said
    assert "Czyż et al. 2025" in mibench("describe", "ten-to-one").stdout, "the sources of all points"


@pytest.mark.parametrize("task", ["gaussian", "same-class-digits/2-of-10-bits", "fine-distributions/1v1-AI"])
def test_describe_draws_a_picture(mibench, tmp_path, task):
    done = mibench("describe", task, "-o", tmp_path / "p.png")
    assert (done.returncode, "wrote" in done.stderr) == (0, True)
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"


def test_a_sample_is_the_one_that_a_trial_sees(mibench, tmp_path):
    from mibench import catalogue, trial

    done = mibench("sample", "gaussian/dim=2:mi=0.7", "-n", "50", "--seed", "3", "-o", tmp_path / "s.csv")
    assert done.stdout == f"{tmp_path / 's.csv'}: 50 rows, 4 columns; gaussian/dim=2:mi=0.7, 0.7 nats\n"
    (point,) = catalogue.discover().points("gaussian/dim=2:mi=0.7")
    x, y = point.task.sample(50, trial.stream(point, 50, 3))
    written = pd.read_csv(tmp_path / "s.csv")
    assert list(written) == ["x0", "x1", "y0", "y1"]
    assert (written.to_numpy() == np.hstack([x, y])).all()
    mibench("sample", "gaussian/dim=2:mi=0.7", "-n", "50", "--seed", "3", "--marginal", "-o", tmp_path / "m.csv")
    beside = pd.read_csv(tmp_path / "m.csv")
    assert list(beside) == [f"{side}{k}" for side in ("x", "z", "x_bar", "z_bar") for k in (0, 1)]
    assert (beside.iloc[:, :4].to_numpy() == written.to_numpy()).all()


NO_SAMPLE = {
    "many points": (("sample", "gaussian"), "'gaussian' has 9 points; name one"),
    "out of reach": (("sample", "gaussian/dim=1:mi=99"), "cannot tell the correlation from 1"),
    "no folder of data": (("sample", "rows-digits/rows=2:data=mnist"), "say where MNIST/raw is with --data-dir"),
    "a folder without": (
        ("sample", "rows-digits/rows=2:data=mnist", "--data-dir", "none"), "none/MNIST/raw",
    ),
    "a picture of no data": (("describe", "rows-digits/rows=2:data=mnist", "-o", "p.png"), "say where MNIST/raw is"),
    "no such format": (("describe", "gaussian", "-o", "p.foo"), "-o p.foo: Format 'foo' is not supported"),
    "no such place": (("describe", "gaussian", "-o", "no/where/p.png"), "No such file or directory"),
    "too large": (("sample", "gaussian/dim=1e30:mi=1"), "no sample of gaussian/dim=1"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), NO_SAMPLE.values(), ids=NO_SAMPLE.keys())
def test_what_cannot_be_drawn_is_said_in_one_line(mibench, arguments, said):
    done = mibench(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_picture_of_a_small_file_shows_all_its_rows(mibench, tmp_path):
    (tmp_path / "own.csv").write_text("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(9)))
    (tmp_path / "own.py").write_text(
        "from mibench import hookimpl\n"
        "from mibench.distributions.files import Table\n\n"
        "@hookimpl\n"
        "def mibench_tasks():\n"
        f"    return {{'own': {{'first': Table({str(tmp_path / 'own.csv')!r}, x='a', y='b', mi=0.4)}}}}\n"
    )
    done = mibench("describe", "own", "-p", tmp_path / "own.py", "-o", tmp_path / "own.png")
    assert (done.returncode, done.stderr) == (0, f"wrote {tmp_path / 'own.png'}\n")


def test_status_is_of_all_requests_and_tells_failed_unsupported_and_stale_apart(
    monkeypatch, capsys, estimator_file, tmp_path
):
    monkeypatch.chdir(tmp_path)
    files = [estimator_file("made", "return 0.5"), estimator_file("bad", "raise ValueError('no')")]
    narrow = _narrow(estimator_file, 1)
    plugins = [word for file in (*files, narrow) for word in ("-p", str(file))]
    run = ("run", *plugins, "-t", "gaussian", "--dims", "2", "--mi", "0,1", "-n", "20", "-o", "out", "-q")

    def status():
        capsys.readouterr()
        assert _main(monkeypatch, "status", "out", "--json") == 0
        document = json.loads(capsys.readouterr().out)
        assert _main(monkeypatch, "status", "out") == 0
        return document, capsys.readouterr().out

    assert _main(monkeypatch, *run, "-e", "made", "--seeds", "1") == 0
    capsys.readouterr()
    assert _main(monkeypatch, *run, "-e", "made,bad,narrow", "--seeds", "2") == 1
    assert capsys.readouterr().err.splitlines()[0] == "4 × bad error: no", "quiet too says why"
    document, said = status()
    assert (document["done"], document["trials"]) == (12, 12)
    assert document["counts"] == {"ok": 4, "error": 4, "unsupported": 4}
    assert (document["failed"], document["unsupported"], document["stale"]) == (4, 4, {})
    assert "out: 12/12 · ok 4 · unsupported 4 · failed 4 · " in said
    assert "go on with: mibench resume out\n" in said
    assert "stale" not in said
    estimator_file("made", "return 0.7")
    (tmp_path / "out" / "trials.csv").unlink()
    rows = [line for path in store.row_files(tmp_path / "out") for line in path.read_text().splitlines()]
    for path in store.row_files(tmp_path / "out"):
        path.unlink()
    (tmp_path / "out" / "rows" / "less.jsonl").write_text("\n".join(line for line in rows if '"seed":0' in line))
    document, said = status()
    assert (document["done"], document["trials"], document["stale"]) == (6, 12, {"made": 2})
    assert "2 rows of made were made by another version of it or of its task: mibench resume out --rerun stale" in said
    assert not (tmp_path / "out" / "trials.csv").exists(), "status writes nothing"
    narrow.unlink()
    document, said = status()
    assert (document["trials"], document["stale"]) == (12, None)
    assert "not compared with today's sources: " in said
    assert _main(monkeypatch, "list", "runs", "--json") == 0
    assert [(r["run"], r["rows"], r["trials"]) for r in json.loads(capsys.readouterr().out)] == [("out", 6, 12)]
