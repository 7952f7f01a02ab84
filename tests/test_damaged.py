"""What reads a folder reads of a damaged one what is sound, or refuses it by name; it never breaks down or waits."""

import json
import os
import signal
import sys

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
    "status --json": ("status", "RUN", "--json"),
    "resume": ("resume", "RUN", "-q"),
    "plot": ("plot", "RUN", "-k", "estimate,curves"),
    "list runs": ("list", "runs"),
}

SHORT = b'{"trial_id": "t5", "status": "ok"}\n'


def whole(folder):
    return next(iter(store.row_files(folder)))


def add(content):
    def damage(folder):
        with whole(folder).open("ab") as file:
            file.write(content)

    return damage


def put(name, content):
    def damage(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)

    return damage


def change(**values):
    """A row whose values are of the right kind and make no sense."""

    def damage(folder):
        row = json.loads(whole(folder).read_text().splitlines()[0])
        add(json.dumps({**row, "trial_id": "t7", **values}).encode() + b"\n")(folder)

    return damage


def odd_files(folder):
    (folder / "rows" / "folder.jsonl").mkdir()
    (folder / "rows" / "nowhere.jsonl").symlink_to(folder / "gone")
    os.mkfifo(folder / "rows" / "pipe.jsonl")
    (folder / "curves").mkdir(exist_ok=True)
    os.mkfifo(folder / "curves" / "pipe.json")
    (folder / "curves" / "folder.json").mkdir()


def remove(*names):
    def damage(folder):
        for name in names:
            for path in [*folder.glob(name)]:
                path.unlink()

    return damage


def pipe(name):
    def damage(folder):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return damage


DAMAGES = {
    "torn and foreign lines": add(b'\x00\xff garbage\n[1, 2]\nnull\n' + b"[" * 100_000 + b"\n" + SHORT + SHORT[:9]),
    "no sound row": lambda folder: whole(folder).write_bytes(SHORT * 3),
    "rows of no kind we know": change(status="odd", kind="odd", code="", sequence="#"),
    "settings that are no settings": change(estimator_params="{", task_params="[1]"),
    "settings of nothing": change(estimator_params="null", task_params="3"),
    "a truth without end": change(mi_true=1e308, mi_estimate=-1e308, mi_std=1e308, mi_true_error=1e308),
    "not a number": change(mi_estimate=float("nan"), mi_true=float("inf")),
    "less than no samples": change(n_samples=-5, seed=-1, dim_x=-3),
    "names without letters": change(estimator="", task="", point="", bound="odd", device="", flags=",,;"),
    "scores that are none": change(kind="application", scores="{", mi_true=None, n_samples=None),
    "odd files": odd_files,
    "curves of nothing": lambda folder: [
        put(f"curves/{json.loads(line)['trial_id']}.json", content)(folder)
        for line, content in zip(whole(folder).read_text().splitlines(), (b"[[1]]", b"{", b"[" * 9**5, b"3"), strict=False)
    ],
    "run.json is a list": put("run.json", b"[1]"),
    "run.json is null": put("run.json", b"null"),
    "run.json is deep": put("run.json", b"[" * 100_000),
    "run.json lacks settings": put("run.json", b'{"schema_version": 1}'),
    "run.json holds odd settings": put("run.json", b'{"schema_version": 1, "settings": {"tasks": 3, "seeds": []}}'),
    "run.json holds odd facts": put(
        "run.json",
        b'{"schema_version": 1, "settings": {}, "invocations": [3, {"trials": "many", "started_at": 3, "devices": 3}],'
        b' "plugins": [3], "versions": {"a": [1]}, "devices": [3], "git": {"commit": 3}, "started_at": ""}',
    ),
    "run.json is a pipe": pipe("run.json"),
    "run.json is gone": remove("run.json"),
    "rows and table are gone": remove("rows/*", "trials.*"),
    "rows are gone": remove("rows/*", "trials.parquet"),
    "the table alone is odd": lambda folder: (remove("rows/*")(folder), put("trials.csv", b"a,b\n\xff,2\n3\n")(folder)),
    "the table alone is torn": lambda folder: (
        remove("rows/*")(folder), put("trials.csv", (folder / "trials.csv").read_bytes()[:-60])(folder)),
    "the table is a pipe": pipe("trials.csv"),
    "logs are a file": lambda folder: ([p.unlink() for p in (folder / "logs").iterdir()], (folder / "logs").rmdir(),
        (folder / "logs").write_text("")),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder `a/` with a small run in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        mibench.run(
            ["gaussian", "ksg"], "gaussian", samples=20, seeds=2, dims=1, mi=[0, 1], output="sound", jobs=1
        )
        yield os.getcwd()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_folder_breaks_nobody_down(sound, damage, tmp_path, monkeypatch, capsys):
    import shutil
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIBENCH_JOBS", "1")
    ends = {}
    for name, words in VERBS.items():
        shutil.rmtree("RUN", ignore_errors=True)
        shutil.rmtree("sound", ignore_errors=True)
        for folder in ("RUN", "sound"):
            shutil.copytree(f"{sound}/sound", folder)
        damage(Path("RUN"))
        monkeypatch.setattr(sys, "argv", ["mibench", *words])
        signal.alarm(60)
        with pytest.raises(SystemExit) as end:
            cli.main()
        signal.alarm(0)
        said = capsys.readouterr()
        ends[name] = end.value.code, said.err[-300:]
        print(name, ends[name])
    assert not {name: end for name, end in ends.items() if end[0] not in (0, 1, 2, 4, 5)}
