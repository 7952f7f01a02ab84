"""`mibench estimate` as a user meets it."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from mibench.store import load


@pytest.fixture
def survey(tmp_path):
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, 300)
    frame = pd.DataFrame({"age": age, "income": rng.normal(size=300), "spending": age / 20 + rng.normal(size=300)})
    frame.loc[4, "income"] = np.nan
    frame.to_csv(tmp_path / "survey.csv", index=False)
    return frame


QUESTION = ("estimate", "survey.csv", "--x", "age,income", "--y", "spending", "-e", "gaussian")


def test_a_table_a_page_and_a_folder(mibench, survey, tmp_path):
    done = mibench(*QUESTION, "-o", "kept", "--permutations", "19")
    assert (done.returncode, done.stderr.splitlines()[0].split(":")[0]) == (0, "gaussian")
    assert "survey.csv: 299 rows; 1 of 300 rows left out, where column 'income' has no value at row 5" in done.stdout
    assert "x  age       integer" in done.stdout
    document = json.loads((tmp_path / "kept" / "estimate.json").read_text())
    rows = load(tmp_path / "kept")
    assert rows["kind"].tolist() == ["data"]
    assert rows["mi_estimate"].tolist() == [one["value"] for one in document["estimates"]]
    assert rows["mi_true"].isna().all()
    page = (tmp_path / "kept" / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "http" not in page.replace("http://www.w3.org", "")


def test_python_says_the_same(mibench, survey, tmp_path):
    said = mibench(*QUESTION, "--permutations", "19", "--unit", "bits", "--json", "--seed", "3")
    source = mibench(*QUESTION, "--permutations", "19", "--unit", "bits", "--seed", "3", "--python").stdout
    script = source.replace("print(found)", "import json\nprint(json.dumps(found.to_dict()))")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == said.stdout


def test_what_cannot_be_is_told_in_a_line_and_nothing_is_written(mibench, survey, tmp_path):
    done = mibench("estimate", "survey.csv", "--x", "agee", "--y", "spending", "-o", "kept")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mibench: survey.csv: no column 'agee'; did you mean 'age'?\n"
    assert not (tmp_path / "kept").exists()
    assert mibench(*QUESTION[:-1], "kssg").stderr == "mibench: no estimator 'kssg'; did you mean 'ksg'?\n"
    (tmp_path / "broken.py").write_text("1 +")
    assert "broken.py: SyntaxError" in mibench(*QUESTION, "-p", "broken.py").stderr


def test_rows_are_kept_as_they_come_and_an_interruption_loses_none(survey, tmp_path, estimator_file):
    slow = estimator_file("slow", body="import time; open('asked', 'w').close(); time.sleep(300)")
    running = subprocess.Popen(
        [sys.executable, "-m", "mibench", *QUESTION, "-e", "slow", "-p", str(slow), "--permutations", "19", "--json",
         "-o", "kept"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what a shell starts with & ignores it
    )  # fmt: skip
    assert running.stderr.readline().startswith("gaussian: ")
    while not (tmp_path / "asked").exists():
        assert running.poll() is None
        time.sleep(0.05)
    (row,) = load(tmp_path / "kept").to_dict("records")
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 130
    document = json.loads(said)
    assert document["interrupted"] is True
    (line,) = document["estimates"]
    assert (line["value"], line["sd"], line["p"]) == (row["mi_estimate"], row["mi_std"], 0.05)
    assert load(tmp_path / "kept")["mi_estimate"].tolist() == [row["mi_estimate"]]
    assert (tmp_path / "kept" / "report.html").exists()


def test_a_device_that_is_not_here_is_told(mibench, survey, tmp_path):
    done = mibench(*QUESTION, "-d", "gpu", "-o", "kept")
    assert (done.returncode, done.stderr) == (2, "mibench: no device 'gpu'; write auto, cpu, cuda, cuda:0 or mps\n")
    assert not (tmp_path / "kept").exists()


def test_the_help_fits_a_screen(mibench):
    said = mibench("estimate", "--help", env={"COLUMNS": "80"}).stdout.splitlines()
    assert len(said) <= 40
    assert max(map(len, said)) <= 80
