"""The tables: on the terminal, in JSON, and between the two markers in docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
import ssl
import sys
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence

import pyperf
from comparing import APART, CONTEXTS, SIZES, WITH, WITHOUT, Comparison, Row
from contenders import BARE, CHECKOUT, EMPTY, OURS, OURS_OLD, PEERS
from floors import FLOORS
from measuring import benchmark, differences, ratio, spread

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
COLUMNS = (BARE, OURS, OURS_OLD, *PEERS)


class Target(NamedTuple):
    """One line of the table of targets."""

    what: str
    wanted: str
    found: str
    met: bool


def duration(value: float) -> str:
    """Return seconds as people read them."""
    if abs(value) < 1e-4:
        return f"{value * 1e6:.2f} µs"
    return f"{value * 1e3:.2f} ms" if abs(value) < 0.1 else f"{value * 1e3:.0f} ms"


def millions(count: float) -> str:
    """Return a number of instructions as people read them."""
    return f"{count / 1e6:.1f} M"


def megabytes(value: float) -> str:
    """Return bytes as people read them."""
    return f"{value / 2**20:.1f} MB"


FORMATS: Dict[str, Callable[[float], str]] = {"second": duration, "byte": megabytes}


def main_table(comparison: Comparison) -> List[List[str]]:
    """Return medians, and what they are to those of bare: this package, and the others."""
    table = [["", *(each.title for each in COLUMNS)]]
    for row in comparison.rows.values():
        if BARE.name not in row.values:
            continue
        table.append([row.title, *(cell(row, each.name) for each in COLUMNS)])
        if row.instructions:
            cells = [counted(row, each.name) for each in COLUMNS]
            table.append(["instructions", *cells])
    return table


def cell(row: Row, name: str) -> str:
    """Return the median of a side, and its ratio to bare."""
    if name not in row.values:
        return ""
    text = FORMATS[row.unit](median(row.values[name]))
    over = "" if name == BARE.name else f" ({ratio(row.values, BARE.name, name):.2f})"
    return text + over


def counted(row: Row, name: str) -> str:
    """Return the instructions of a side, and their ratio to bare."""
    if name not in row.instructions:
        return ""
    count, bare = row.instructions[name], row.instructions[BARE.name]
    return millions(count) + ("" if name == BARE.name else f" ({count / bare:.3f})")


def targets(comparison: Comparison) -> Iterator[Target]:
    """Yield what is wanted of this package, and what was found."""
    rows = comparison.rows
    start = rows["start"]
    found = ratio(start.values, BARE.name, OURS.name)
    yield Target("`python -c pass` over bare: time", "1.05", f"{found:.3f}", found <= 1.05)
    if start.instructions:
        found = start.instructions[OURS.name] / start.instructions[BARE.name]
        yield Target("the same: instructions", "1.05", f"{found:.3f}", found <= 1.05)
    for name, apart in APART.items():
        wrapt = "newest wrapt" if name == OURS.name else "wrapt 1.17"
        what = f"`import requests`, our own part ({wrapt} apart)"
        yield extra(rows["import requests"], what, apart, name, 5e-3, 18e6)
    what = "`import httpx` (imports certifi when it connects), our own part"
    yield extra(rows["import httpx"], what, BARE.name, OURS.name, 5e-3, 18e6)
    built = rows["built"]
    yield extra(built, f"{built.title} (wrapt apart)", APART[OURS.name], OURS.name, 11e-3)
    yield at_most(rows["persistent"], rows["persistent"].title, 0.6e-3)
    yield at_most(rows["later"], rows["later"].title, 2e-6)
    found = ratio(rows["crowd"].values, APART[OURS.name], OURS.name)
    left = f"{found:.2f}, {comparison.left} files left"
    met = found <= 1.10 and not comparison.left
    yield Target(f"{rows['crowd'].title} over bare (wrapt apart)", "1.10", left, met)
    for key in ("memory", "memory of requests"):
        for name, apart in APART.items():
            wrapt = "newest wrapt" if name == OURS.name else "wrapt 1.17"
            found = differences(rows[key].values, apart, name)
            what = f"{rows[key].title}, over bare ({wrapt} apart)"
            most = 1 if name == OURS.name else 2
            yield Target(what, f"{most} MB", megabytes(found), found <= most * 2**20)
    size = SIZES[-1]
    each = differences(rows["growth"].values, "0", str(size)) / size
    what = "each certificate of one's own, stored, at the first `where()`"
    yield Target(what, duration(2e-6), duration(each), each <= 2e-6)


def at_most(row: Row, what: str, wanted: float) -> Target:
    """Return a target for the median of our own figure."""
    found = median(row.values[OURS.name])
    return Target(what, duration(wanted), duration(found), found <= wanted)


def extra(row: Row, what: str, over: str, name: str, wanted: float, most: float = 0) -> Target:
    """Return a target for what one side takes more than another, also in instructions."""
    found = differences(row.values, over, name)
    text = duration(found)
    target, met = duration(wanted), found <= wanted
    if most:
        target += f" and {millions(most)} instructions"
    if row.instructions:
        more = row.instructions[name] - row.instructions[over]
        text += f", {millions(more)} instructions"
        met = met and (not most or more <= most)
    return Target(what, target, text, met)


def targets_table(comparison: Comparison) -> List[List[str]]:
    """Return the targets as a table."""
    lines = [
        [each.what, f"<= {each.wanted}", each.found, "yes" if each.met else "no"]
        for each in targets(comparison)
    ]
    return [["what", "target", "measured", "met"], *lines]


def contexts_table(comparison: Comparison) -> List[List[str]]:
    """Return what each TLS context costs a client."""
    values = comparison.rows["contexts"].values
    lines = [[what, duration(median(values[what]))] for what in CONTEXTS]
    return [["roots", "each TLS context"], *lines]


def growth_table(comparison: Comparison) -> List[List[str]]:
    """Return the time of the first where() by number of certificates, and of each of them."""
    values = comparison.rows["growth"].values
    lines = []
    for size in SIZES:
        more = differences(values, "0", str(size))
        each = duration(more / size) if size else ""
        lines.append([f"{size:,}", duration(median(values[str(size)])), each])
    return [["certificates beside the machine's", "first `where()`", "for each of them"], *lines]


def floors_table(comparison: Comparison) -> List[List[str]]:
    """Return what would be left of some targets if our code took no time."""
    start, least = comparison.rows["start"], comparison.rows["least"]
    found = f"{ratio(start.values, BARE.name, EMPTY.name):.3f}"
    lines = [["`python -c pass` over bare: time", EMPTY.title, found]]
    for key, floor in FLOORS.items():
        lines.append([floor.target, floor.what, duration(median(least.values[key]))])
    return [["part of", "if our own code took no time", "measured"], *lines]


def markdown(table: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    head, *lines = table
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def machine(comparison: Comparison) -> Dict[str, str]:
    """Return where this was measured."""
    metadata = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    known = {
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "OpenSSL": ssl.OPENSSL_VERSION,
        "platform": platform.platform(),
        "processor": str(metadata.get("cpu_model_name", platform.processor())),
        "cores": str(os.cpu_count()),
        "load": str(metadata.get("load_avg_1min", "")),
        "counter of instructions": comparison.counter or "none on this machine",
    }
    ours = comparison.versions[OURS.name]
    packages = ("certifi", "wrapt", "requests", "httpx", "truststore", "certifi-linux")
    peers: Dict[str, str] = {}
    for versions in comparison.versions.values():
        peers.update(versions)
    return {**known, **{name: ours.get(name) or peers.get(name, "") for name in packages}}


def text_of(comparison: Comparison, where: Dict[str, str], rounds: int) -> str:
    """Return all tables, and below them what they stand for."""
    makers = (main_table, targets_table, floors_table, growth_table, contexts_table)
    tables = [make(comparison) for make in makers]
    facts = ", ".join(f"{name} {value}" for name, value in where.items() if value)
    note = f"Medians of {rounds} rounds, in each every column once; in brackets the ratio to bare."
    return "\n\n".join([*map(markdown, tables), f"{note} {facts}."])


def publish(comparison: Comparison, cache: Path, *, page: bool) -> None:
    """Print the tables, and write JSON and docs/benchmarks.md."""
    rounds = len(next(iter(comparison.rows["start"].values.values())))
    where = machine(comparison)
    text = text_of(comparison, where, rounds)
    print(text)
    for name, modules in comparison.modules.items():
        print(f"\nmodules {name}: {' '.join(modules)}")
    only = set(comparison.modules[WITH]) - set(comparison.modules[WITHOUT])
    print(f"\nthe difference: {' '.join(sorted(only))}")
    save(comparison, where, cache)
    if page:
        insert(CHECKOUT / "docs" / "benchmarks.md", text)


def save(comparison: Comparison, where: Dict[str, str], cache: Path) -> None:
    """Write all values for pyperf, and everything that was derived from them."""
    benchmarks = [
        benchmark(f"{row.title}: {name}", values, row.unit)
        for row in comparison.rows.values()
        for name, values in row.values.items()
    ]
    suite = str(cache / "results.json")
    pyperf.BenchmarkSuite(benchmarks).dump(suite, replace=True)
    report: Dict[str, Any] = {
        "machine": where,
        "versions": comparison.versions,
        "modules": comparison.modules,
        "targets": [each._asdict() for each in targets(comparison)],
        "rows": {key: summary(row) for key, row in comparison.rows.items()},
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    (cache / "report.json").write_text(text, encoding="utf-8")


def summary(row: Row) -> Dict[str, Any]:
    """Return what was measured in a row, as JSON has it."""
    medians = {name: median(values) for name, values in row.values.items()}
    quartiles = {name: spread(values) for name, values in row.values.items()}
    return {**row._asdict(), "medians": medians, "quartiles": quartiles}


def insert(path: Path, text: str) -> None:
    """Replace what stands between the two markers."""
    whole = path.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{path} lacks the markers {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
