"""What the tests of workers share: rows of the table, waves of tasks, what lies around."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Tuple

from support import UNTRUSTED, Sandbox, tables

# What the environment of the workers gets; beside it they need a redis-server and a Java on PATH,
# and a C compiler for uwsgi.
TOOLS = [
    "celery[redis]",
    "cloudpickle",
    "distributed",
    "gevent",
    "gunicorn",
    "ipykernel",
    "joblib",
    "jupyter_client",
    "pyspark",
    "python-daemon",
    "ray",
    "requests",
    "uvicorn",
    "uwsgi",
]
# For gunicorn's workers of eventlet, in an environment of their own: gunicorn 26 has them no more.
WITH_EVENTLET = ("eventlet", "gunicorn <26", "requests")
SIZE = 3  # workers
TABLE = "workers"
HEAD = (
    "workers of",
    "version",
    "started by",
    "verified by",
    "files meanwhile",
    "files after the end",
    "files in `PYTHON_CERTIFI_BUNDLE_DIR`",
)
# Tool and how its workers start; what distribution it is (none: Python's own).
CLUSTERS = {
    ("pool", "fork"): "",
    ("pool", "spawn"): "",
    ("pool", "forkserver"): "",
    ("process", "fork"): "",
    ("process", "spawn"): "",
    ("process", "forkserver"): "",
    ("futures", "fork"): "",
    ("futures", "spawn"): "",
    ("futures", "forkserver"): "",
    ("joblib", "loky"): "joblib",
    ("dask", "spawn"): "distributed",
    ("ray", "exec"): "ray",
    ("spark", "fork"): "pyspark",
}
TITLES = {
    "pool": "multiprocessing.Pool",
    "process": "multiprocessing.Process",
    "futures": "ProcessPoolExecutor",
    "dask": "Dask LocalCluster",
    "ray": "Ray",
    "spark": "PySpark local",
}
SERVERS = {
    "gunicorn sync": "fork",
    "gunicorn sync --preload": "fork",
    "gunicorn gthread": "fork",
    "gunicorn gthread --preload": "fork",
    "gunicorn gevent": "fork",
    "gunicorn gevent --preload": "fork",
    "gunicorn eventlet": "fork",
    "gunicorn eventlet --preload": "fork",
    "uvicorn --workers": "spawn",
    "uwsgi": "fork",
    "uwsgi --lazy-apps": "fork",
    "uwsgi --die-on-term": "fork",
}
CELERY = {"celery prefork": "fork", "celery prefork --max-tasks-per-child": "fork"}

Report = Dict[str, Any]


def title(tool: str, method: str) -> str:
    """Return the name of a row."""
    return f"{TITLES.get(tool, tool)}, {method}"


NAMES = [title(*each) for each in CLUSTERS] + [*SERVERS, *CELERY]


def version(sandbox: Sandbox, distribution: str) -> str:
    """Return the version of a distribution in the sandbox's environment, or Python's."""
    if not distribution:
        code = "import platform; print(platform.python_version())"
        return sandbox.run_code(code).stdout.strip()
    return tables.version_of(sandbox.environment, distribution)


def meeting(sandbox: Sandbox) -> Path:
    """Return a new folder in which the workers of a wave meet."""
    return Path(tempfile.mkdtemp(dir=str(sandbox.home)))


def variables(sandbox: Sandbox, more: Mapping[str, str]) -> Dict[str, str]:
    """Return the environment of a fleet."""
    python = str(sandbox.environment.python)
    found = {"PYTHONPATH": str(sandbox.work), "PYSPARK_PYTHON": python}
    found.update(RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="disabled", **more)
    return found


def named(ca_file: Path) -> Dict[str, str]:
    """Return the variable that names a CA file."""
    return {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}


def kept(sandbox: Sandbox) -> Dict[str, str]:
    """Return the variable that asks for a persistent bundle."""
    return {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.home / "kept")}


def bundles(sandbox: Sandbox) -> List[str]:
    """Return the temporary bundles that lie around, and unfinished ones."""
    return sorted(map(str, sandbox.place.glob("certifi-system-store-wrapper-*/*/*")))


def assert_all_refused(reports: List[Report]) -> None:
    """Every worker refused the server because nobody vouches for it."""
    assert {each["answer"] for each in reports} <= set(UNTRUSTED), reports
    assert len({each["worker"] for each in reports}) == SIZE, reports


def assert_all_served(reports: List[Report]) -> None:
    """Every worker was served, and its clients and its tasks have the same bundle."""
    assert {each["answer"] for each in reports} == {"200"}, reports
    assert all(each["same"] for each in reports), reports
    assert len({each["worker"] for each in reports}) == SIZE, reports


def files(reports: List[Report]) -> int:
    """Return how many files the workers have between them; one name is one file."""
    paths, found = ({str(each[what]) for each in reports} for what in ("path", "file"))
    assert len(paths) == len(found), reports
    return len(found)


def assert_kept(sandbox: Sandbox, reports: List[Report]) -> None:
    """All have the persistent bundle, and there is nothing else."""
    assert_all_served(reports)
    (folder,) = kept(sandbox).values()
    assert [str(path) for path in Path(folder).iterdir()] == [f"{folder}/cacert.pem"]
    assert {each["path"] for each in reports} == {f"{folder}/cacert.pem"}
    assert bundles(sandbox) == []


Record = Callable[[str, object], None]
Row = Tuple[str, ...]


def row(name: str, version: str, method: str, meanwhile: int, left: str = "0") -> Row:
    """Return the row of a fleet that has passed every check."""
    verified = f"{SIZE} of {SIZE}"
    return name, version, method, verified, str(meanwhile), left, "1"
