"""What Tab offers: names after commas, fields after colons and dots, as each shell breaks words and asks."""

import inspect
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from mibench import cli
from mibench.cli import commands, complete, names, streams
from mibench.cli.commands import COMPLETION


@pytest.fixture(scope="module")
def _kept(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def cache(_kept, monkeypatch):
    """Where names are kept from key to key, apart from the user's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", _kept)
    return _kept


@pytest.fixture
def offered(monkeypatch, capsys, tmp_path):
    """What is offered for a command line whose last word is being typed, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(streams, "silence", lambda number: None)

    def ask(line):
        words = line.split(" ")
        monkeypatch.setenv(COMPLETION, "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit) as end:
            complete.answer(cli.app)
        assert end.value.code == 0
        return capsys.readouterr().out.split()

    return ask


OFFERED = {
    "an estimator": ("run -e ks", {"ksg", "ksg-mixed"}),
    "after a comma": ("run -e mine,kl,ks", {"mine,kl,ksg", "mine,kl,ksg-mixed"}),
    "a field": ("run -e gaussian,ksg:", {"gaussian,ksg:k=", "gaussian,ksg:norm="}),
    "the one field left": ("run -e ksg:k", {"ksg:k=", "ksg:k=3"}),
    "a second field": ("run -e ksg:k=5:no", {"ksg:k=5:norm="}),
    "a value": ("run -e mine:fr", {"mine:fresh=", "mine:fresh=true", "mine:fresh=false"}),
    "a task": ("run -t gau", {"gaussian"}),
    "a point": ("run -t gaussian/dim=5", {"gaussian/dim=5:mi=0.5", "gaussian/dim=5:mi=2.0"}),
    "a task's field": ("run -t gaussian:d", {"gaussian:dim="}),
    "the field of what is mapped": ("run -t reparam:m", {"reparam:mi="}),
    "whom to sweep": ("run -e ksg,kl -P k", {"ksg.", "kl."}),
    "what to sweep": ("run -P ksg.", {"ksg.k=", "ksg.norm="}),
    "a swept value": ("run -P mine.fresh=true,f", {"mine.fresh=true,false"}),
    "a source": ("run --like smi", {"smile-2020"}),
    "a source to compare with": ("compare --published gmm", {"gmm-mi-2022"}),
    "a device": ("run -d auto,cu", {"auto,cuda"}),
    "a kind of plot": ("plot -k bias,err", {"bias,error"}),
    "a point to show": ("table -t gaussian --point dim=1:", {"dim=1:mi=0.0", "dim=1:mi=2.0"}),
    "an estimator to show": ("report -e deep", {"deep-infomax"}),
    "something to describe": ("describe gaussi", {"gaussian"}),
    "something to sample": ("sample gaussian/dim=20:mi=2", {"gaussian/dim=20:mi=2.0"}),
    "what to run again": ("resume --rerun st", {"stale"}),
    "a run": ("status 2026", {"2026-gaussian"}),
    "one that nobody has": ("run -e nobody", set()),
    "with a plugin that is broken": ("run -p broken.py -e ks", {"ksg"}),
}


@pytest.mark.parametrize(("line", "expected"), OFFERED.values(), ids=OFFERED)
def test_names_are_offered(offered, tmp_path, line, expected):
    (tmp_path / "broken.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "results" / "2026-gaussian").mkdir(parents=True)
    (tmp_path / "results" / "2026-gaussian" / "run.json").write_text('{"schema_version": 1}')
    found = offered(f"mibench {line}")
    assert expected <= set(found)
    assert bool(expected) == bool(found)
    assert all(one.startswith(line.split(" ")[-1]) for one in found)


def test_a_plugin_that_is_named_is_offered(offered, estimator_file):
    assert offered(f"mibench run -p {estimator_file('kst')} -e ks") == ["ksg", "ksg-mixed", "kst"]


OPENED = "_arguments '*: :((\""


@pytest.fixture
def answered(monkeypatch, capsys, tmp_path):
    """What zsh or fish is answered, as the script of `--show-completion` asks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(streams, "silence", lambda number: None)

    def ask(shell, line, action="get-args"):
        monkeypatch.setenv(COMPLETION, f"complete_{shell}")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"mibench {line}")
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", action)
        with pytest.raises(SystemExit) as end:
            complete.answer(cli.app)
        return end.value.code, capsys.readouterr().out.strip()

    return ask


@pytest.mark.parametrize(("line", "expected"), OFFERED.values(), ids=OFFERED)
def test_zsh_and_fish_are_offered_the_same(answered, tmp_path, line, expected):
    (tmp_path / "broken.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "results" / "2026-gaussian").mkdir(parents=True)
    (tmp_path / "results" / "2026-gaussian" / "run.json").write_text('{"schema_version": 1}')
    _, said = answered("zsh", line)
    if expected:
        assert said.startswith(OPENED)
        assert said.endswith("\"))'")
    else:
        assert said == "_files"
    in_zsh = [one.replace("\\\\:", ":") for one in re.findall('"(.*)"', said)]
    code, said = answered("fish", line)
    assert in_zsh == said.split()
    assert code == 0
    assert expected <= set(in_zsh)
    assert all(one.startswith(line.split(" ")[-1]) for one in in_zsh)
    assert answered("fish", line, "is-args") == (0 if expected else 1, "")


def test_an_option_with_its_value_stays_one_word(answered):
    assert answered("fish", "run --estimators=mine,ks")[1].split() == [
        "--estimators=mine,ksg",
        "--estimators=mine,ksg-mixed",
    ]
    assert answered("zsh", "run --estimators=ksg:no")[1].split("\n")[0] == f'{OPENED}--estimators=ksg\\\\:norm="'


HEAVY = ("torch", "pandas", "scipy", "matplotlib", "sklearn", "numba", "numpy", "pluggy")


@pytest.mark.parametrize("line", ["run -e mine:", "run -t gaussian/", "plot -k b", "run --like smi"])
def test_to_complete_loads_no_library_once_names_are_kept(tmp_path, cache, line):
    words = f"mibench {line}"
    script = (
        "import sys\nfrom mibench.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    asked = {COMPLETION: "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    outside = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "XDG_CACHE_HOME": cache}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
            env={**outside, **asked},
        ).stdout.splitlines()
        for _ in range(2)
    )  # fmt: skip
    assert first[:-1] == second[:-1] != []
    assert second[-1] == "LOADED []"


def test_names_are_found_anew_where_a_file_has_changed(tmp_path, estimator_file, monkeypatch):
    (tmp_path / "beside.py").write_text("NAME = 'one'\n")
    path = estimator_file("kst", fields="a: int = 1")
    path.write_text("from beside import NAME\n" + path.read_text().replace('"kst"', "NAME"))
    known = names.known([str(path)]).estimators
    assert {"one", "ksg"} <= known.keys()
    assert known["one"] == {"a": ["1"]}
    monkeypatch.setattr(names, "_found", lambda plugins: pytest.fail("nothing has changed"))
    assert names.known([str(path)]).estimators == known
    monkeypatch.undo()
    path.write_text(path.read_text().replace("a: int", "b: bool"))
    assert names.known([str(path)]).estimators["one"] == {"b": ["true", "false"]}
    path.unlink()
    assert "one" not in names.known([str(path)]).estimators


def test_names_that_cannot_be_kept_are_found(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "ksg" in names.known([]).estimators


def test_the_lines_of_help_are_those_of_the_commands():
    """The table saves loading them, and must not drift."""
    said = {name: inspect.getdoc(commands.loaded(name).callback) for name in commands.COMMANDS}
    assert {name: " ".join(text.split("\n\n")[0].split()) for name, text in said.items()} == commands.COMMANDS


BROKEN_AT_COLONS = """
eval "$(mibench --show-completion bash)"
asked=$(complete -p mibench | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $asked mibench; echo "${COMPREPLY[*]}"; }
try mibench run -e mine,ksg : nor
try mibench run -e ksg :
try mibench run -t gaussian/dim = 5 : mi = 2
try mibench run --estimators = ks
"""
"""The script that users install, with the words as bash breaks them."""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_gets_what_stands_after_its_last_break(tmp_path):
    command = tmp_path / "mibench"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mibench "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", BROKEN_AT_COLONS], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}, check=False,
    )  # fmt: skip
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines == [
        ["norm=", "norm=chebyshev"],
        ["k=", "algorithm=", "norm=", "scaling=", "noise="],
        ["2.0"],
        ["ksg", "ksg-mixed"],
    ]
