"""Runs the benchmarks that kept.toml names, and holds their ratios against those kept there.

    python benchmarks/kept.py            one line a ratio; exit 1 if one is worse than kept, by more than its tolerance
    python benchmarks/kept.py --show     what the benchmarks print, and the same lines; exit 1 only if one breaks

A ratio's direction says which way is worse: `least` (it should not fall under kept × (1 − tolerance)) or `most` (nor
rise over kept × (1 + tolerance)). What is better than that is no fault, and worth keeping anew.
"""

import argparse
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from turns import machine

HERE = Path(__file__).parent
RATIO = re.compile(r"^(?P<name>.+?): (?P<value>[\d.e+-]+) \(\S+ to \S+\)", re.MULTILINE)


def held(entry, value):
    """Whether a ratio is no worse than is allowed, and the bound."""
    share = entry["tolerance"]
    if "least" in entry:
        bound = entry["least"] * (1 - share)
        return value >= bound, f"kept {entry['least']:g}, at least {bound:.3g}"
    bound = entry["most"] * (1 + share)
    return value <= bound, f"kept {entry['most']:g}, at most {bound:.3g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--show", action="store_true", help="print what the benchmarks print; do not fail for a ratio")
    parser.add_argument("--only", default="", help="benchmarks whose command contains this")
    chosen = parser.parse_args()
    commands = [one for one in tomllib.loads((HERE / "kept.toml").read_text())["run"] if chosen.only in one["command"]]
    worse, broken, started = 0, 0, time.monotonic()
    print(machine(), flush=True)
    for one in commands:
        script, *words = one["command"].split()
        done = subprocess.run([sys.executable, HERE / script, *words], stdout=subprocess.PIPE, text=True, check=False)
        if chosen.show:
            print(f"\n## {one['command']}\n\n{done.stdout}", flush=True)
        found = {match["name"]: float(match["value"]) for match in RATIO.finditer(done.stdout)}
        if done.returncode:
            broken += 1
            print(f"FAILED  {one['command']}: exit code {done.returncode}", flush=True)
        for name, entry in one["ratios"].items():
            if name not in found:
                broken += 1
                print(f"MISSING {name}: {one['command']} did not print it", flush=True)
                continue
            good, bound = held(entry, found[name])
            worse += not good
            print(f"{'ok     ' if good else 'WORSE  '} {name}: {found[name]:.3g} ({bound})", flush=True)
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return 1 if broken or (worse and not chosen.show) else 0


if __name__ == "__main__":
    sys.exit(main())
