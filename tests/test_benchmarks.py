"""What benchmarks print is what the kept ratios are held against, and a worse one fails."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """The module, with a benchmark of its own that prints one ratio."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import kept

    (tmp_path / "two.py").write_text(
        f"import sys; sys.path[:0] = [{str(BENCHMARKS)!r}, {str(BENCHMARKS.parent)!r}]\n"
        "from turns import ratio\nratio('a, n=10: slow / fast', [2.0, 4.0, 6.0], [1.0, 2.0, 2.0], least=2.5)\n"
    )
    monkeypatch.setattr(kept, "HERE", tmp_path)
    return kept


@pytest.mark.parametrize(
    ("entry", "code", "said"),
    [
        ("{ least = 2.5, tolerance = 0.2 }", 0, "ok      a, n=10: slow / fast: 2 (kept 2.5, at least 2)"),
        ("{ least = 2.6, tolerance = 0.2 }", 1, "WORSE   a, n=10: slow / fast: 2 (kept 2.6, at least 2.08)"),
        ("{ most = 1.5, tolerance = 0.3 }", 1, "WORSE   a, n=10: slow / fast: 2 (kept 1.5, at most 1.95)"),
    ],
)
def test_a_ratio_is_held_against_the_one_kept(kept, monkeypatch, capsys, tmp_path, entry, code, said):
    (tmp_path / "kept.toml").write_text(
        f'[[run]]\ncommand = "two.py"\n[run.ratios]\n"a, n=10: slow / fast" = {entry}\n'
    )
    monkeypatch.setattr(sys, "argv", ["kept.py"])
    assert kept.main() == code
    assert said in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["kept.py", "--show"])
    assert kept.main() == 0
    assert "slow / fast: 2 (2 to 3), wanted at least 2.5: MISSED" in capsys.readouterr().out


def test_a_benchmark_that_breaks_or_is_silent_fails(kept, monkeypatch, capsys, tmp_path):
    (tmp_path / "kept.toml").write_text(
        '[[run]]\ncommand = "gone.py"\n[run.ratios]\n"b" = { least = 1, tolerance = 0.1 }\n'
    )
    monkeypatch.setattr(sys, "argv", ["kept.py", "--show"])
    assert kept.main() == 1
    told = capsys.readouterr().out
    assert "FAILED  gone.py" in told
    assert "MISSING b" in told


def test_without_a_card_the_script_for_one_says_what_can_be_done():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is one")
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "gpu.py"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr == "gpu.py: torch sees no CUDA device; --device cpu --small proves the script on a CPU\n"
