"""How a row is measured: contenders in turn, round after round; never one after the other."""

from __future__ import annotations

import os
import shutil
import subprocess
from statistics import median
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import pyperf
from contenders import Environment

Values = Dict[str, List[float]]  # of a side of the comparison: one value for each round


class Side(NamedTuple):
    """One side of a comparison: where, and which program; it may print its own figure."""

    name: str
    environment: Environment
    code: str
    env: Dict[str, str] = {}  # noqa: RUF012 - never written to
    prints: bool = False


def seconds(side: Side) -> float:
    """Return how long the whole process takes, or what it says itself."""
    start = pyperf.perf_counter()
    printed = side.environment.ask(side.code, side.env)
    return float(printed) if side.prints else pyperf.perf_counter() - start


def warmed(side: Side) -> float:
    """Return the same of the second run in a row: what ran before it does not count."""
    seconds(side)
    return seconds(side)


def paired(sides: Sequence[Side], rounds: int, measure: Callable[[Side], float]) -> Values:
    """Measure A B A B ..., each other round backwards, after a round that does not count."""
    values: Values = {side.name: [] for side in sides}
    for number in range(rounds + 1):
        for side in sides if number % 2 else reversed(sides):
            value = measure(side)
            if number:
                values[side.name].append(value)
    return values


def differences(values: Values, over: str, name: str) -> float:
    """Return the median of what each round of one side takes longer than the other."""
    return median(a - b for a, b in zip(values[name], values[over]))


def ratio(values: Values, over: str, name: str) -> float:
    """Return the median of the ratios of the rounds."""
    return median(a / b for a, b in zip(values[name], values[over]))


def crowd(side: Side, size: int) -> float:
    """Return how long that many processes take that are started at once."""
    start = pyperf.perf_counter()
    command, variables = side.environment.command(side.code), side.environment.variables(side.env)
    processes = [
        subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL) for _ in range(size)
    ]
    statuses = [process.wait() for process in processes]
    assert statuses == [0] * size, statuses
    return pyperf.perf_counter() - start


class Counter(NamedTuple):
    """What counts the instructions of a process in user space."""

    name: str
    count: Callable[[Sequence[str], Dict[str, str]], int]

    def of(self, side: Side) -> int:
        """Return the instructions of a program, the second time: then something is stored.

        valgrind sets LD_LIBRARY_PATH, and what was stored without it is for another OpenSSL.
        """
        command = side.environment.command(side.code)
        variables = side.environment.variables(side.env)
        self.count(command, variables)
        return self.count(command, variables)


def counter() -> Optional[Counter]:
    """Return the counter that this machine has: the processor's, valgrind's, or none."""
    for one in (Counter("perf stat", _perf), Counter("valgrind --tool=cachegrind", _valgrind)):
        program = one.name.split()[0]
        try:
            if shutil.which(program) and _is_counting(one):
                return one
        except (OSError, ValueError, subprocess.CalledProcessError):
            continue
    return None


def _is_counting(one: Counter) -> bool:
    """Whether it counts anything: many a virtual machine has no counters."""
    return one.count(["true"], {"PATH": os.defpath}) > 0


def _errors(command: Sequence[str], env: Dict[str, str]) -> str:
    """Return what a counter prints about a process."""
    done = subprocess.run(
        [str(shutil.which(command[0])), *command[1:]],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return done.stderr


def _perf(command: Sequence[str], env: Dict[str, str]) -> int:
    printed = _errors(["perf", "stat", "-x,", "-e", "instructions:u", *command], env)
    return int(printed.strip().splitlines()[-1].split(",")[0])


def _valgrind(command: Sequence[str], env: Dict[str, str]) -> int:
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    printed = _errors([*tool, *command], env)
    line = next(line for line in printed.splitlines() if "refs:" in line)
    return int(line.rpartition(":")[2].replace(",", ""))


def benchmark(name: str, values: Sequence[float], unit: str) -> pyperf.Benchmark:
    """Return the values as pyperf keeps them."""
    metadata = {"name": name, "unit": unit}
    runs = [pyperf.Run([value], metadata=metadata, collect_metadata=False) for value in values]
    return pyperf.Benchmark(runs)


def spread(values: Sequence[float]) -> Tuple[float, float]:
    """Return the quartiles."""
    ordered = sorted(values)
    return ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
