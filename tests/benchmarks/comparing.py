"""The rows of the table: who takes part in each, and with which program."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

import floors
import growing
import workloads
from contenders import BARE, BARE_OLD, EMPTY, OURS, OURS_OLD, PEERS, Environment, environments
from measuring import Counter, Side, Values, counter, crowd, paired, seconds, warmed

# What a TLS context is given, and the variables for that; certifi alone is what bare has.
CONTEXTS: Dict[str, Optional[Dict[str, str]]] = {
    "certifi alone": None,
    "certifi, and all that the system has": {},
    "`PYTHON_CERTIFI_SOURCES=certifi,local,user`": {"PYTHON_CERTIFI_SOURCES": "certifi,local,user"},
}
# Seconds until what was changed may be stored or believed.
SETTLING = 3
SIZES = (0, 150, 300, 600, 1_200, 5_000)
CROWD = 50
AT_START = 2  # of our modules are loaded before certifi is
APART = {OURS.name: "bare, wrapt imported", OURS_OLD.name: "bare, wrapt 1.17 imported"}
WITHOUT, WITH = "without our call", "with our call"


class Row(NamedTuple):
    """What was measured in one comparison: values of each round, and instructions."""

    title: str
    unit: str
    values: Values
    instructions: Dict[str, int]


class Comparison(NamedTuple):
    """Everything that was measured."""

    rows: Dict[str, Row]
    counter: str
    modules: Dict[str, List[str]]
    versions: Dict[str, Dict[str, str]]
    left: int  # files that processes left in their temp folder


class Comparer:
    """Measures one row after the other."""

    def __init__(self, cache: Path, tmp: Path, rounds: int, counts: Counter | None) -> None:
        self.cache, self.rounds, self.counts = cache, rounds, counts
        self.environments = environments(cache, tmp)
        self.rows: Dict[str, Row] = {}
        prelude = self.environments[BARE.name].ask(workloads.PRELUDE, {})
        (cache / "prelude").mkdir(exist_ok=True)
        (cache / "prelude" / "prelude.py").write_text(prelude, encoding="utf-8")
        self.prelude = {"PYTHONPATH": str(cache / "prelude")}

    def row(
        self,
        key: str,
        title: str,
        sides: Sequence[Side],
        *,
        count: bool = False,
        unit: str = "second",
        measure: Callable[[Side], float] = seconds,
    ) -> Row:
        """Measure the sides in turn; count their instructions once."""
        print(f"{time.strftime('%X')} {title}", file=sys.stderr, flush=True)
        values = paired(sides, self.rounds, measure)
        counted = {}
        if count and self.counts:
            counted = {side.name: self.counts.of(side) for side in sides}
        self.rows[key] = Row(title, unit, values, counted)
        return self.rows[key]

    def sides(self, code: str, *names: str, prints: bool = False) -> List[Side]:
        """Return the same program in several environments, by default in those of the table."""
        chosen = names or tuple(each.name for each in (BARE, OURS, OURS_OLD, *PEERS))
        found = [self.environments[name] for name in chosen]
        return [Side(each.contender.name, each, code, self.prelude, prints) for each in found]

    def apart(self, code: str) -> List[Side]:
        """Return the program in bare environments that have imported wrapt before."""
        bare = {OURS.name: BARE.name, OURS_OLD.name: BARE_OLD.name}
        return [
            Side(title, self.environments[bare[name]], workloads.WRAPT + code)
            for name, title in APART.items()
        ]

    def two_programs(self, env: Dict[str, str]) -> List[Side]:
        """Return two programs that differ only in our call."""
        ours, variables = self.environments[OURS.name], {**self.prelude, **env}
        return [
            Side(WITHOUT, ours, workloads.WITHOUT_CALL, variables),
            Side(WITH, ours, workloads.WITH_CALL, variables),
        ]

    def modules(self) -> Dict[str, List[str]]:
        """Return what is loaded at the end of each of the two programs."""
        return {
            side.name: side.environment.ask(side.code + workloads.MODULES, side.env).split()
            for side in self.two_programs({})
        }


def compare(cache: Path, tmp: Path, rounds: int) -> Comparison:
    """Measure everything, with bundles in `tmp`, as deep as people have them."""
    counts = counter()
    comparer = Comparer(cache, tmp, rounds, counts)
    store(comparer, workloads.CROWD)
    imports(comparer)
    calls(comparer)
    persistent(comparer)
    many(comparer)
    growth(comparer)
    contexts(comparer)
    least(comparer)
    left = sum(1 for path in tmp.rglob("*") if path.is_file() and path.name != "stored.pem")
    versions = {name: each.versions() for name, each in comparer.environments.items()}
    name = counts.name if counts else ""
    return Comparison(comparer.rows, name, comparer.modules(), versions, left)


def store(comparer: Comparer, code: str, env: Optional[Dict[str, str]] = None) -> None:
    """Have a bundle stored, as after the first process of a user."""
    # What was changed just now is not stored.
    time.sleep(SETTLING)
    for name in (OURS.name, OURS_OLD.name):
        comparer.environments[name].ask(code, env or {})


def imports(comparer: Comparer) -> None:
    """Whole processes: the start, and the imports of clients."""
    code = workloads.START
    sides = [*comparer.sides(code), *comparer.sides(code, EMPTY.name)]
    comparer.row("start", f"`python -c {code}`", sides, count=True, measure=warmed)
    code = workloads.REQUESTS
    sides = [*comparer.sides(code), *comparer.apart(code)]
    comparer.row(code, f"`{code}`", sides, count=True, measure=warmed)
    code = workloads.HTTPX  # which imports certifi only when it connects
    comparer.row(code, f"`{code}`", comparer.sides(code), count=True, measure=warmed)


def calls(comparer: Comparer) -> None:
    """Calls of where(), timed within the process."""
    title = "first `where()`, once all is imported"
    comparer.row("first", title, comparer.sides(workloads.FIRST, prints=True))
    title = "two programs that differ only in our call"
    comparer.row("two programs", title, comparer.two_programs({}), count=True)
    sides = [*comparer.sides(workloads.BUILT, OURS.name), *comparer.apart(workloads.BUILT)[:1]]
    title = "`import certifi; certifi.where()`, nothing stored"
    comparer.row("built", title, sides, count=True)
    sides = comparer.sides(workloads.LATER, prints=True)
    comparer.row("later", "later `where()`", sides)


def persistent(comparer: Comparer) -> None:
    """Measure the persistent bundle with unchanged inputs."""
    folder = comparer.cache / "persistent"
    shutil.rmtree(folder, ignore_errors=True)
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    time.sleep(SETTLING)
    sides = comparer.two_programs(env)
    seconds(sides[-1])
    ours: Environment = comparer.environments[OURS.name]
    timed = [Side(OURS.name, ours, workloads.FIRST, {**comparer.prelude, **env}, prints=True)]
    comparer.row("persistent", "first `where()`, persistent bundle, nothing changed", timed)
    title = "the same as two programs that differ only in our call"
    comparer.row("persistent, two programs", title, sides, count=True)


def many(comparer: Comparer) -> None:
    """Many processes at once, and the memory of one."""
    apart = comparer.apart(workloads.CROWD)[:1]
    sides = [*comparer.sides(workloads.CROWD, BARE.name, OURS.name), *apart]
    title = f"{CROWD} processes at once, `{workloads.CROWD}`"
    comparer.row("crowd", title, sides, measure=lambda side: crowd(side, CROWD))
    for key, what in (("memory", workloads.CROWD), ("memory of requests", workloads.REQUESTS)):
        code = workloads.MEMORY.format(what=what)
        sides = comparer.sides(code, BARE.name, OURS.name, OURS_OLD.name, prints=True)
        apart = [side._replace(prints=True) for side in comparer.apart(code)]
        comparer.row(key, f"memory (RSS) after `{what}`", [*sides, *apart], unit="byte")


def growth(comparer: Comparer) -> None:
    """Measure the first where() with more and more certificates beside the machine's."""
    sides = []
    for size in SIZES:
        path = comparer.cache / f"{size}.pem"
        if size and not path.exists():
            growing.write_certificates(path, size)
        more = {"SSL_CERT_FILE": str(path)} if size else {}
        ours = comparer.environments[OURS.name]
        env = {**comparer.prelude, **more}
        store(comparer, workloads.CROWD, env)
        sides.append(Side(str(size), ours, workloads.FIRST, env, prints=True))
    comparer.row("growth", "first `where()` with that many more certificates", sides)


def contexts(comparer: Comparer) -> None:
    """Measure what each TLS context costs, as `requests.get()` makes one without a Session."""
    sides = [
        Side(
            what,
            comparer.environments[BARE.name if env is None else OURS.name],
            workloads.CONTEXT,
            env or {},
            prints=True,
        )
        for what, env in CONTEXTS.items()
    ]
    comparer.row("contexts", "a TLS context", sides)


def least(comparer: Comparer) -> None:
    """Measure what would be left if our code took no time."""
    loaded = [name for name in comparer.modules()[WITHOUT] if name.startswith(floors.OURS)]
    names = tuple(f"module{number}" for number in range(len(loaded) - AT_START))
    floors.empty_package(comparer.cache / "prelude", names)
    sides = [
        side._replace(name=key)
        for key, floor in floors.FLOORS.items()
        for side in comparer.sides(floor.code, OURS.name, prints=True)
    ]
    comparer.row("least", "what the design asks of the machine", sides)
