"""Plays the code blocks of a page in its order, in one folder, and holds what they print against what it shows.

`console` blocks are commands after `$ `; `python` and `toml` blocks whose first line is `# name.py` are files, other
`python` blocks are run. An `output` block is what the block before it prints: the same words, and numbers as near as
rounding leaves them.
"""

import os
import re
import shlex
import subprocess
import sys

import pytest
from conftest import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NUMBER = r"-?\d+\.\d+"


def run(words, folder, timeout=300):
    """A Python process in the folder that has to end well; what it printed."""
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def play(page, folder, command=lambda words: words, shown=""):
    """Do what the page does; gives what each command printed.

    `command` may change its words before it is run. What the text `shown` has too, another test does.
    """
    printed, last = {}, None
    for kind, text in BLOCK.findall(page):
        file = re.match(r"# (\w+\.(?:py|toml))\n", text)
        if file and kind in ("python", "toml"):
            (folder / file[1]).write_text(text)
        elif kind == "python":
            last = run(["-c", text], folder)
        elif kind == "console":
            for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
                words = shlex.split(line)
                assert words[0] == "mibench"
                if line in shown:
                    continue
                last = printed[line] = run(["-m", *command(words)], folder)
        elif kind == "output":
            same(last, text)
    return printed


def same(seen, shown):
    """The same words, and numbers that differ by rounding alone."""
    assert re.sub(NUMBER, "#", seen).split() == re.sub(NUMBER, "#", shown).split()
    for one, said in zip(re.findall(NUMBER, seen), re.findall(NUMBER, shown), strict=True):
        assert float(one) == pytest.approx(float(said), abs=0.002)
