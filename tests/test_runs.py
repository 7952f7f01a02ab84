"""A run from request to rows: what is refused beforehand, edited while it goes on, and whose protocol it is."""

import json

import numpy as np
import pytest

from mibench import runs, settings, store
from mibench.errors import NothingMatched
from mibench.findings import summary

NARROW = "    def refuses(self, dim_x):\n        return None if dim_x == 1 else f'takes one column, not {dim_x}'\n"


@pytest.fixture
def narrow(estimator_file):
    """An estimator that takes one column a side."""
    file = estimator_file("narrow", "assert x.shape[1] == 1\nreturn 0.5")
    file.write_text(file.read_text().replace("    def estimate", f"{NARROW}\n    def estimate"))
    return file


def asked(file, tmp_path, **more):
    known = {"tasks": ("gaussian",), "samples": ("20",), "seeds": "2", "plugins": (str(file),), "jobs": 1}
    return settings.of({**known, "output": str(tmp_path / "out"), **more})


def test_what_an_estimator_refuses_is_settled_at_once_and_no_failure(narrow, tmp_path):
    given = asked(narrow, tmp_path, estimators=("narrow", "gaussian"), dims=("1", "2"), mi=("0.5",))
    prepared = runs.prepare(given)
    assert prepared.unsupported == {("narrow", "takes one column, not 2"): 2}
    rows = list(prepared.results())
    assert [row.status for row in rows[:2]] == ["unsupported"] * 2, "before the others"
    frame = store.load(tmp_path / "out")
    assert frame["status"].value_counts().to_dict() == {"ok": 6, "unsupported": 2}
    cannot = frame[frame["status"] == "unsupported"]
    assert set(cannot["point"]) == {"dim=2:mi=0.5"}
    assert cannot["mi_estimate"].isna().all()
    assert not list((tmp_path / "out" / "logs").iterdir())
    assert runs.prepare(given).survey() == 0, "settled: not run again"


def test_nothing_is_written_where_all_is_refused(narrow, tmp_path):
    with pytest.raises(NothingMatched, match="narrow: takes one column, not 2"):
        runs.prepare(asked(narrow, tmp_path, estimators=("narrow",), dims=("2",)))
    assert not (tmp_path / "out").exists()


def test_at_the_command_line_it_counts_as_ok(narrow, mibench, tmp_path):
    command = ("-e", "narrow,gaussian", "-p", narrow, "-t", "gaussian", "--dims", "1,2", "--mi", "0.5", "-n", 20)
    done = mibench("run", *command, "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "3 trials of narrow not supported: takes one column, not 2" in done.stderr
    assert "n/a" in done.stdout
    assert "failed" not in done.stdout
    alone = mibench("run", "-e", "narrow", "-p", narrow, "-t", "gaussian:dim=2", "-o", "alone")
    assert (alone.returncode, "takes one column" in alone.stderr) == (5, True)
    assert not (tmp_path / "alone").exists()


AT_PLANNING = {
    "ends in refuses": ("def refuses(self, n):", "raise SystemExit(0)", "RuntimeError: SystemExit: 0"),
    "refuses with a number": ("def refuses(self, n):", "return 3", "refuses returned 3; expected a reason in words"),
    "fails to size a batch": ("def trials_at_once(self, *where):", "raise RuntimeError('boo')", None),
    "answers with a mapping": ("def trials_at_once(self, *where):", "return 4", None),
}


@pytest.mark.parametrize(("head", "body", "error"), AT_PLANNING.values(), ids=AT_PLANNING)
def test_what_an_estimator_does_while_it_is_planned_costs_its_own_rows(estimator_file, tmp_path, head, body, error):
    many = "    def estimate_many(self, xs, ys, *, seeds):\n        return dict(enumerate([0.2] * len(xs)))\n\n"
    file = estimator_file("odd", "return 0.25")
    file.write_text(
        file.read_text().replace("    def estimate", f"    {head}\n        {body}\n\n{many}    def estimate", 1)
    )
    rows = list(runs.prepare(asked(file, tmp_path, estimators=("odd", "gaussian"), dims=("1",), mi=("0.5",))).results())
    assert [row.status for row in rows if row.estimator == "gaussian"] == ["ok"] * 2
    mine = [row for row in rows if row.estimator == "odd"]
    assert all(error in row.error for row in mine) if error else {row.mi_estimate for row in mine} == {0.25}


def test_a_plugin_edited_while_the_run_goes_on_is_noticed(estimator_file, tmp_path):
    file = estimator_file("made", "return 0.25")
    prepared = runs.prepare(asked(file, tmp_path, estimators=("made",), dims=("1",), mi=("0.5",), seeds="3"))
    results = prepared.results()
    first = next(results)
    file.write_text(file.read_text().replace("0.25", "0.75"))
    others = list(results)
    assert {row.mi_estimate for row in [first, *others]} == {0.25, 0.75}
    codes = {row.mi_estimate: row.code for row in [first, *others]}
    assert len(set(codes.values())) == 2, "a row says by which code it was computed"
    assert {row.code for row in others if row.mi_estimate == 0.75} == {codes[0.75]}
    assert prepared.edited == {"made"}
    again = runs.prepare(asked(file, tmp_path, estimators=("made",), dims=("1",), mi=("0.5",), seeds="3"))
    assert again.survey() == 0
    assert again.stale == {"made": sum(row.mi_estimate == 0.25 for row in [first, *others])}


def test_an_own_file_that_changes_between_runs_makes_its_rows_stale(tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "p.csv", rng.standard_normal((50, 2)), delimiter=",", header="x,y", comments="")
    file = tmp_path / "files.py"
    file.write_text(
        "from mibench import hookimpl\nfrom mibench.distributions.files import Table\n@hookimpl\n"
        "def mibench_tasks():\n    return {'own': {'p': Table('p.csv', x='x', y='y', mi=0.5)}}\n"
    )
    given = asked(file, tmp_path, estimators=("gaussian",), tasks=("own",), samples=())
    rows = list(runs.prepare(given).results())
    assert [(row.status, row.n_samples) for row in rows] == [("ok", 50)] * 2, "all rows of the file"
    assert {row.flags for row in rows} == {"one-sample"}, "every seed has the same"
    (cell,) = summary.cells(store.load(tmp_path / "out")).to_dict("records")
    assert np.isnan([cell["ci_low"], cell["ci_high"]]).all(), "no interval from one draw"
    np.savetxt(tmp_path / "p.csv", rng.standard_normal((50, 2)), delimiter=",", header="x,y", comments="")
    again = runs.prepare(given)
    again.survey()
    assert again.stale == {"gaussian": 2}


def test_the_protocol_of_a_source_is_kept_for_the_estimators_that_are_named(mibench, estimator_file):
    file = estimator_file("own", "return 0.5", fields="steps: int = 1")
    done = mibench(
        "run", "--like", "smile-2020", "-e", "own,mine:steps=7", "-p", file, "--seeds", "0-1,5", "--dry-run", "--json"
    )
    plan = json.loads(done.stdout)
    assert plan["estimators"] == ["own", "mine"]
    assert plan["seed_ranges"] == "0-1,5-5"
    told = mibench("run", "--like", "smile-2020", "-e", "own,mine:steps=7", "-p", file, "--dry-run").stdout
    assert "steps=4000" in told.split("-e own")[1].split("\n")[0], "the protocol's, for what has such a field"
    assert "steps=7" in told.split("-e mine")[1].split("\n")[0], "one's own word stands"
