"""What does it cost on Windows? The same Python with and without this package, in ratios.

    python tests/benchmarks/windows.py BARE OURS [--rounds N]

BARE and OURS are interpreters of two environments with the same clients; OURS has this package,
too. Under Wine a process takes much longer to start than on Windows, on both sides: there the
ratios of whole processes say little, and those of single steps more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Callable, Dict, List

TIMED = """
import sys, time
{before}
start = time.perf_counter()
{step}
print(time.perf_counter() - start)
"""
STEPS = {
    "import certifi": TIMED.format(before="", step="import certifi"),
    "import requests": TIMED.format(before="", step="import requests"),
    "first where()": TIMED.format(before="import certifi", step="certifi.where()"),
    "second where()": TIMED.format(
        before="import certifi; certifi.where()", step="certifi.where()"
    ),
}
CROWD = "import certifi; certifi.where()"
SIZE = 12


def step(python: str, code: str) -> float:
    """Return the seconds that a step takes in a process of its own."""
    return float(subprocess.check_output([python, "-c", code], stdin=subprocess.DEVNULL))


def process(python: str, code: str) -> float:
    """Return the seconds that a whole process takes."""
    return crowd(python, code, 1)


def crowd(python: str, code: str, size: int = SIZE) -> float:
    """Return the seconds that processes take which start at once."""
    start = perf_counter()
    command = [python, "-c", code]
    running = [subprocess.Popen(command, stdin=subprocess.DEVNULL) for _ in range(size)]
    assert [each.wait() for each in running] == [0] * size
    return perf_counter() - start


def compared(
    pythons: List[str], measure: Callable[[str, str], float], code: str, rounds: int
) -> Dict[str, float]:
    """Measure both in turn, each other round backwards; return the medians and their ratio."""
    taken: List[List[float]] = []
    for number in range(rounds + 1):
        turn = pythons if number % 2 else pythons[::-1]
        found = {python: measure(python, code) for python in turn}
        # The first round fills caches.
        taken += [[found[python] for python in pythons]] if number else []
    bare, ours = (median(column) for column in zip(*taken))
    return {"bare": bare, "ours": ours, "ratio": median(b / a for a, b in taken)}


def main() -> None:
    """Print a row for each measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("pythons", nargs=2, metavar=("BARE", "OURS"))
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    rows = [(name, step, code) for name, code in STEPS.items()]
    rows += [("a process that does nothing", process, "pass")]
    rows += [("a process that asks", process, CROWD), (f"{SIZE} of these at once", crowd, CROWD)]
    print("| measure | bare, ms | this package, ms | ratio |\n|---|---|---|---|")
    for name, measure, code in rows:
        found = compared(options.pythons, measure, code, options.rounds)
        bare, ours, ratio = found["bare"] * 1e3, found["ours"] * 1e3, found["ratio"]
        print(f"| {name} | {bare:.3g} | {ours:.3g} | {ratio:.3g} |", flush=True)
    print(f"\nMedians of {options.rounds} rounds. Python {sys.version.split()[0]}.")


if __name__ == "__main__":
    main()
