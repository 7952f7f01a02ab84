"""Rows are on disk when append returns; torn lines cost themselves alone; what is no run is refused by name."""

import csv
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest

from mibench import runs, store
from mibench.errors import Passed, StorageError, UsageError
from mibench.result import COLUMNS, Result


def result(trial_id="t1", status="ok", **values):
    empty = dict.fromkeys(COLUMNS)
    known = {
        "trial_id": trial_id, "status": status, "estimator": "e", "estimator_params": "{}", "task": "t", "point": "p",
        "task_params": "{}", "n_samples": 10, "seed": 0, "bound": "none", "flags": "", "device": "cpu",
        "device_name": "", "dtype": "float64", "host": "h", "mibench_version": "0", "torch_version": "",
        "code": "c", "schema_version": 1, "mi_true": 0.5, "mi_estimate": 0.25, "started_at": "2026-01-01T00:00:00",
    }  # fmt: skip
    return Result(**{**empty, **known, **values})


def run_at(folder):
    run = store.Writer.at(folder)
    run.describe({"settings": {}, "trials": 3, "command": "mibench run"})
    return run


def test_rows_come_back_with_the_columns_in_order(tmp_path):
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    run.append(result("t2", "error", mi_estimate=None, error='no, "never"\nagain', flags="step-cap,unreliable"))
    frame = store.load(tmp_path / "a")
    assert list(frame.columns) == list(COLUMNS)
    assert list(frame["trial_id"]) == ["t1", "t2"]
    assert frame["error"][1] == 'no, "never"\nagain'
    assert frame["mi_estimate"].isna().tolist() == [False, True]


@pytest.mark.parametrize("name", ["trials.csv", "trials.parquet"])
def test_derived_tables_say_what_the_rows_say(tmp_path, name):
    run = run_at(tmp_path / "a")
    run.append(result("t1", mi_estimate=1 / 3, samples_seen=10**12))
    run.append(result("007", "error", mi_estimate=None, error="NA", path=None))
    frame = run.export()
    again = store.load(tmp_path / "a" / name)
    assert again.equals(frame) or (again.fillna("-").astype(str) == frame.fillna("-").astype(str)).all().all()
    assert again["mi_estimate"][0] == 1 / 3


def test_the_last_row_of_a_trial_wins(tmp_path):
    first = run_at(tmp_path / "a")
    first.append(result("t1", "error", mi_estimate=None))
    first.close()
    second = store.Writer.at(tmp_path / "a")
    second.append(result("t1"))
    frame = store.load(tmp_path / "a")
    assert list(frame["status"]) == ["ok"]
    assert store.known(tmp_path / "a")["t1"].status == "ok"


@pytest.mark.filterwarnings("ignore::mibench.errors.Passed")
@pytest.mark.parametrize("cut", [2, 40, 200])
def test_a_torn_last_line_costs_that_row_alone(tmp_path, cut):
    run = run_at(tmp_path / "a")
    for i in range(3):
        run.append(result(f"t{i}"))
    run.close()
    (path,) = store.row_files(tmp_path / "a")
    path.write_bytes(path.read_bytes()[:-cut])
    again = store.Writer.at(tmp_path / "a")
    again.append(result("t9"))
    assert sorted(store.load(tmp_path / "a")["trial_id"]) == ["t0", "t1", "t9"]


@pytest.mark.filterwarnings("ignore::mibench.errors.Passed")
def test_foreign_lines_are_passed_over(tmp_path):
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    (path,) = store.row_files(tmp_path / "a")
    with path.open("ab") as file:
        file.write(b'\x00\xff garbage\n[1, 2]\n"text"\n{"trial_id": "t5"}\n\n')
    assert list(store.load(tmp_path / "a")["trial_id"]) == ["t1"]


def row_of(**values):
    return json.dumps({**asdict(result(run_id="a")), **values}).encode()


DAMAGED = {
    "short": b'{"trial_id": "t5", "status": "ok"}',
    "a seed of text": row_of(trial_id="t5", seed="abc"),
    "a list for a number": row_of(trial_id="t5", mi_true=[0.5]),
    "more than 64 bits": row_of(trial_id="t5", samples_seen=10**30),
    "half a step": row_of(trial_id="t5", steps=2.5),
    "a name that leads elsewhere": row_of(trial_id="../../x"),
    "deep": b"[" * 100_000,
    "a number of many digits": b'{"trial_id": ' + b"9" * 5000 + b"}",
    "null": b"null",
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_row_is_passed_over_and_told(tmp_path, line):
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    (path,) = store.row_files(tmp_path / "a")
    with path.open("ab") as file:
        file.write(line + b"\n" + row_of(trial_id="t9") + b"\n")
    with pytest.warns(Passed, match="passed over 1 damaged line"):
        assert sorted(store.load(tmp_path / "a")["trial_id"]) == ["t1", "t9"]
    with pytest.warns(Passed):
        assert set(store.known(tmp_path / "a")) == {"t1", "t9"}


def test_what_is_no_file_of_rows_is_passed_over(tmp_path):
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    rows = tmp_path / "a" / "rows"
    (rows / "folder.jsonl").mkdir()
    (rows / "nowhere.jsonl").symlink_to(tmp_path / "gone")
    os.mkfifo(rows / "pipe.jsonl")  # to open it would wait for ever
    (tmp_path / "a" / "curves").mkdir()
    os.mkfifo(tmp_path / "a" / "curves" / "t1.json")
    assert list(store.load(tmp_path / "a")["trial_id"]) == ["t1"]
    assert store.age(tmp_path / "a") < 60
    assert store.read_curves([tmp_path / "a"], ["t1"]) == {}


@pytest.mark.parametrize(
    "content",
    [b"[1]", b"null", b"[" * 100_000, b'{"schema_version": 1, "settings": [1]}', b'{"trials": "many"}', b"\xff"],
    ids=["list", "null", "deep", "settings that are none", "trials that are none", "no text"],
)
def test_a_damaged_run_json_is_refused_by_name(tmp_path, content):
    run_at(tmp_path / "a")
    (tmp_path / "a" / "run.json").write_bytes(content)
    for read in (store.read_run, store.Writer.at, runs.resume):
        with pytest.raises(UsageError, match=r"run\.json"):
            read(tmp_path / "a")


def test_a_run_json_without_settings_cannot_be_gone_on_with(tmp_path):
    run_at(tmp_path / "a")
    (tmp_path / "a" / "run.json").write_text('{"schema_version": 1}')
    with pytest.raises(UsageError, match="keeps no settings"):
        runs.resume(tmp_path / "a")
    (tmp_path / "a" / "run.json").unlink()
    os.mkfifo(tmp_path / "a" / "run.json")
    with pytest.raises(UsageError, match="no run"):
        store.read_run(tmp_path / "a")


def test_the_row_started_last_wins_whatever_the_files_times(tmp_path):
    """As after `cp -r`, `touch` or a checkout."""
    writers = [run_at(tmp_path / "a") for _ in range(3)]  # as of runs side by side
    for second, value in ((2, 0.2), (3, 0.3), (1, 0.1)):
        started = f"2026-01-01T00:00:0{second}"
        writers[value == 0.2].append(result("t1", mi_estimate=value, started_at=started))
        writers[value != 0.2].append(result("t2", "error" if value < 0.3 else "ok", started_at=started))
    for age, path in enumerate(store.row_files(tmp_path / "a")):
        os.utime(path, (10**9 - 10**6 * age,) * 2)
    frame = store.load(tmp_path / "a").set_index("trial_id")
    assert (frame["mi_estimate"]["t1"], frame["status"]["t2"]) == (0.3, "ok")
    assert store.known(tmp_path / "a")["t2"].status == "ok"
    assert frame["sequence"]["t1"] < frame["sequence"]["t2"]


def test_rows_of_before_there_was_a_sequence_go_by_when_their_file_began(tmp_path):
    folder = run_at(tmp_path / "a").folder
    later = (folder / "rows" / "a-1.jsonl", "2026-01-02", 0.2)
    for path, day, value in (later, (folder / "rows" / "b-1.jsonl", "2026-01-01", 0.1)):
        failed = row_of(trial_id="t0", status="error", started_at=None, sequence="")
        path.write_bytes(failed + b"\n" + row_of(mi_estimate=value, started_at=f"{day}T00:00:00", sequence="") + b"\n")
        os.utime(path, (10**9,) * 2)
    assert store.load(folder).set_index("trial_id")["mi_estimate"]["t1"] == 0.2


@pytest.mark.parametrize("form", ["csv", "parquet", "rows"])
def test_a_table_of_before_a_column_was_added_is_read_with_its_default(tmp_path, form):
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    frame = run.export()
    run.close()
    older = frame.drop(columns=[name for name, column in COLUMNS.items() if column.later])
    path = tmp_path / "a"
    if form == "csv":
        older.to_csv(path := tmp_path / "older.csv", index=False)
    elif form == "parquet":
        older.to_parquet(path := tmp_path / "older.parquet", index=False)
    else:
        (rows,) = store.row_files(path)
        rows.write_text(json.dumps({name: json.loads(rows.read_text())[name] for name in older}) + "\n")
    again = store.load(path)
    assert list(again.columns) == list(COLUMNS)
    assert again["kind"].tolist() == ["task"]
    assert again[["scores", "chosen"]].isna().all(axis=None)


@pytest.mark.parametrize("text", ["=1+1", "-x", "+3", "@a", "'=1", "''-2", "'quoted'", "plain", "a=b"])
def test_no_cell_of_a_csv_is_a_formula_and_none_is_changed(tmp_path, text):
    run = run_at(tmp_path / "a")
    run.append(result("t1", "error", error=text, point=text))
    run.export()
    with (tmp_path / "a" / "trials.csv").open(newline="") as file:
        (cells,) = csv.DictReader(file)
    assert cells["error"][0] not in "=+-@"
    assert store.load(tmp_path / "a" / "trials.csv")[["error", "point"]].to_numpy().tolist() == [[text, text]]


@pytest.mark.parametrize("gone", ["file", "folder", "moved"])
def test_rows_that_would_be_lost_are_told_at_once(tmp_path, gone):
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    if gone == "file":
        store.row_files(tmp_path / "a")[0].unlink()
    elif gone == "folder":
        shutil.rmtree(tmp_path / "a")
    else:
        (tmp_path / "a").rename(tmp_path / "b")
    with pytest.raises(StorageError, match="cannot write to"):
        run.append(result("t2"))


def test_writers_of_one_folder_never_share_a_file(tmp_path):
    runs = [run_at(tmp_path / "a") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: [runs[i].append(result(f"t{i}-{j}")) for j in range(50)], range(4)))
    assert len(store.row_files(tmp_path / "a")) == 4
    assert len(store.load(tmp_path / "a")) == 200


def test_runs_of_one_second_get_folders_of_their_own(tmp_path):
    folders = {store.Writer.create("gaussian", tmp_path).folder for _ in range(20)}
    assert len(folders) == 20


REFUSED = {
    "a file": lambda path: path.write_text("x"),
    "a folder of other things": lambda path: (path.mkdir(), (path / "thesis.tex").write_text("x")),
    "a later schema": lambda path: (path.mkdir(), (path / "run.json").write_text('{"schema_version": 99}')),
    "a damaged run.json": lambda path: (path.mkdir(), (path / "run.json").write_text("{")),
}


@pytest.mark.parametrize("prepare", REFUSED.values(), ids=REFUSED)
def test_what_is_no_run_is_refused_by_name(tmp_path, prepare):
    prepare(tmp_path / "thing")
    with pytest.raises(UsageError, match="thing"):
        store.Writer.at(tmp_path / "thing")


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_what_cannot_be_found_is_told(tmp_path, monkeypatch, name):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=name):
        store.find(name)
    with pytest.raises(UsageError, match="no run under results/"):
        store.find(None)


def test_a_table_that_lacks_columns_is_told(tmp_path):
    (tmp_path / "trials.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="lacks the columns trial_id"):
        store.load(tmp_path / "trials.csv")


def test_an_empty_run_is_an_empty_table_with_the_columns(tmp_path):
    run_at(tmp_path / "a")
    frame = store.load(tmp_path / "a")
    assert len(frame) == 0
    assert list(frame.columns) == list(COLUMNS)


def test_a_full_disk_is_told_and_earlier_rows_are_kept(tmp_path, monkeypatch):
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match=r"No space left on device.*rows already written are kept"):
        run.append(result("t2"))
    monkeypatch.setattr(os, "write", real)
    assert list(store.load(tmp_path / "a")["trial_id"]) == ["t1"]


def test_curves_hold_numbers_or_null(tmp_path):
    run = run_at(tmp_path / "a")
    run.keep_curves("t1", [(1, 0.5), (2, float("nan")), (3, float("inf"))])
    assert json.loads((tmp_path / "a" / "curves" / "t1.json").read_text()) == [[1, 0.5], [2, None], [3, None]]


def test_a_table_without_its_rows_is_read_and_not_gone_on_with(tmp_path):
    """As a checkout has it that keeps trials.csv and run.json alone."""
    run = run_at(tmp_path / "a")
    run.append(result("t1"))
    run.close()
    before = run.export()
    shutil.rmtree(tmp_path / "a" / "rows")
    assert store.load(tmp_path / "a").to_csv() == before.to_csv()
    assert {trial: known.status for trial, known in store.known(tmp_path / "a").items()} == {"t1": "ok"}
    with pytest.raises(UsageError, match="without its rows; remove it, or name another folder"):
        store.Writer.at(tmp_path / "a")


def test_a_run_that_was_stopped_before_its_first_row_goes_on(tmp_path):
    run_at(tmp_path / "a").export()
    run = store.Writer.at(tmp_path / "a")
    run.append(result("t1"))
    assert len(store.load(tmp_path / "a")) == 1
