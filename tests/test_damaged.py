"""What reads a folder reads of a damaged one what is sound, or refuses it by name; it never breaks down or waits."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

import mibench
from mibench import cli, store

VERBS = {
    "table": ("table", "RUN"),
    "table --long": ("table", "RUN", "--long"),
    "table -f latex": ("table", "RUN", "-f", "latex"),
    "table --consistency": ("table", "RUN", "--consistency"),
    "report": ("report", "RUN", "--leaderboard"),
    "compare": ("compare", "RUN"),
    "compare two": ("compare", "sound", "RUN", "--fail-if-worse"),
    "compare --published": ("compare", "RUN", "--published", "smile-2020"),
    "status": ("status", "RUN"),
    "resume": ("resume", "RUN", "-q"),
    "plot": ("plot", "RUN", "-k", "estimate,curves"),
    "list runs": ("list", "runs"),
}
QUICK = "table", "compare", "status", "list runs"
OF_FACTS = "status", "resume", "list runs"

SHORT = b'{"trial_id": "t5", "status": "ok"}\n'


def whole(folder):
    """The file of rows, or what is left of it."""
    return next(iter(store.row_files(folder)))


def add(content):
    def damage(folder):
        with whole(folder).open("ab") as file:
            file.write(content)

    return damage


def odd_rows(folder):
    row = json.loads(whole(folder).read_text().splitlines()[0])
    rows = [{**row, "trial_id": f"t{seed}", "seed": seed, **values} for seed, values in enumerate(ODD, 100)]
    add("".join(f"{json.dumps(row)}\n" for row in rows).encode())(folder)


ODD = [
    {"status": "odd", "kind": "odd", "code": "", "sequence": "#"},
    {"estimator_params": "{", "task_params": "[1]"},
    {"estimator_params": "null", "task_params": "3"},
    {"mi_estimate": -1e308, "mi_std": 1e308},
    {"mi_estimate": float("nan"), "mi_true": float("inf")},
    {"n_samples": -5, "seed": -1, "dim_x": -3},
    {"estimator": "", "task": "", "point": "", "bound": "odd", "device": "", "flags": ",,;"},
    {"estimator": "$x_1$\n<b>", "point": "a/b:c=\x1b[31m", "error": "</script>", "path": "\n"},
    {"kind": "application", "scores": "{", "mi_true": None, "n_samples": None},
]
"""Rows that stand beside sound ones: each value is of its column's kind, and makes no sense."""


def put(name, content):
    def damage(folder):
        (folder / name).write_bytes(content)

    return damage


def remove(*names):
    def damage(folder):
        for path in [path for name in names for path in folder.glob(name)]:
            path.unlink()

    return damage


def pipe(name):
    """To open it would wait for ever."""

    def damage(folder):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return damage


def odd_files(folder):
    curves = folder / "curves"
    curves.mkdir()
    ids = [json.loads(line)["trial_id"] for line in whole(folder).read_text().splitlines()]
    for trial, content in zip(ids[:4], (b"[[1]]", b"{", b"[" * 10**5, b"3"), strict=True):
        (curves / f"{trial}.json").write_bytes(content)
    (curves / f"{ids[4]}.json").mkdir()
    os.mkfifo(curves / f"{ids[5]}.json")
    (folder / "rows" / "folder.jsonl").mkdir()
    (folder / "rows" / "nowhere.jsonl").symlink_to(folder / "gone")
    os.mkfifo(folder / "rows" / "pipe.jsonl")


def every(*damages):
    def damage(folder):
        for one in damages:
            one(folder)

    return damage


ODD_FACTS = {
    "schema_version": 1,
    "settings": {"estimators": ["gaussian"], "tasks": ["gaussian"], "seeds": "1", "samples": ["20"]},
    "started_at": "",
    "invocations": [3, {"trials": "many", "started_at": 3, "devices": 3}], "devices": [3], "git": {"commit": 3},
    "versions": {"a": [1]},
}  # fmt: skip
DAMAGES = {
    "rows and files": (
        every(
            odd_files,
            odd_rows,
            add(b"\x00\xff garbage\n[1, 2]\nnull\n" + b"[" * 100_000 + b"\n" + SHORT + SHORT[:9]),
        ),
        VERBS,
    ),
    "no sound row": (lambda folder: whole(folder).write_bytes(SHORT), (*QUICK, "report", "resume")),
    "run.json is a list": (put("run.json", b"[1]"), (*OF_FACTS, "report")),
    "run.json is deep": (put("run.json", b"[" * 100_000), ("status", "list runs")),
    "run.json lacks settings": (put("run.json", b'{"schema_version": 1}'), OF_FACTS),
    "run.json holds odd settings": (
        put("run.json", b'{"schema_version": 1, "settings": {"tasks": 3, "seeds": []}}'), OF_FACTS
    ),
    "run.json holds odd facts": (put("run.json", json.dumps(ODD_FACTS).encode()), (*OF_FACTS, "report")),
    "run.json holds odd plugins": (put("run.json", b'{"schema_version": 1, "plugins": [3]}'), ("status", "resume")),
    "run.json is a pipe": (pipe("run.json"), QUICK),
    "run.json is gone": (remove("run.json"), OF_FACTS),
    "rows and table are gone": (remove("rows/*", "trials.*"), (*QUICK, "report")),
    "rows are gone": (remove("rows/*", "trials.parquet"), (*QUICK, "resume")),
    "the table alone is none": (every(remove("rows/*"), put("trials.csv", b"a,b\n\xff,2\n3\n")), QUICK),
    "the table alone is torn": (
        every(remove("rows/*"), lambda folder: os.truncate(folder / "trials.csv", 900)), (*QUICK, "resume")
    ),
    "the table is a pipe": (pipe("trials.csv"), (*QUICK, "resume")),
    "logs are a file": (lambda folder: ((folder / "logs").rmdir(), (folder / "logs").write_text("")), OF_FACTS),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The folder of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        mibench.run(["gaussian", "ksg"], "gaussian", samples=20, seeds=2, dims=1, mi=[0, 1], output="sound", jobs=1)
        return Path.cwd() / "sound"


@pytest.mark.parametrize(("damage", "verbs"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_folder_is_read_as_far_as_it_is_sound_or_refused(sound, damage, verbs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIBENCH_JOBS", "1")
    shutil.copytree(sound, "sound")
    ends = {}
    for verb in verbs:
        shutil.rmtree("RUN", ignore_errors=True)
        shutil.copytree(sound, "RUN")
        damage(Path("RUN"))
        monkeypatch.setattr(sys, "argv", ["mibench", *VERBS[verb]])
        signal.alarm(60)
        with pytest.raises(SystemExit) as end:
            cli.main()
        signal.alarm(0)
        ends[verb] = end.value.code, capsys.readouterr().err[-300:]
    assert not {verb: end for verb, end in ends.items() if end[0] not in (0, 1, 2, 4, 5)}
