"""What docs/own-data.md shows is what the commands print."""

import os
import re
import shlex
import subprocess
import sys

import pytest
from conftest import ROOT
from sessions import same

DOC = (ROOT / "docs" / "own-data.md").read_text()
FILES = re.search(r"```python\n(from sklearn.*?)```", DOC, re.DOTALL)[1]
STORIES = re.findall(r"```console\n\$ (.*?)\n```\n```text\n(.*?)```", DOC, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("sklearn")
    made = tmp_path_factory.mktemp("stories")
    subprocess.run([sys.executable, "-c", FILES], cwd=made, check=True)
    return made


def printed(command, folder):
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(("command", "shown"), STORIES, ids=[command.split()[2] for command, _ in STORIES])
def test_a_story_is_true(command, shown, folder):
    same(printed(command, folder), shown)


def test_there_are_three_stories():
    assert len(STORIES) == 3
