"""What the doctor says of clients is what was measured of them."""

from __future__ import annotations

import json

from certifi_system_store_wrapper.commands.doctor import clients as told
from certifi_system_store_wrapper.commands.trusts import clients as rules
from reach.clients import table
from reach.clients.rows import ROWS


def test_the_table_has_every_row_and_each_was_run() -> None:
    """No row is left out, none says "not run", and where one says no, it says why."""
    lines = table.read()
    assert list(lines) == [row.label for row in ROWS]
    for label, line in lines.items():
        assert set(line.verdicts) <= {"yes", "no"}, label
        assert ("no" in line.verdicts) == bool(line.why), label


def test_the_doctor_knows_what_was_measured() -> None:
    """Each distribution, used as its users do without thinking of certificates, has one kind."""
    assert json.loads(table.KINDS.read_text("utf-8")) == table.kinds(), "run it with --write-table"
    names = [name for names in table.kinds().values() for name in names]
    assert len(names) == len(set(names))


def test_riders_are_as_their_clients() -> None:
    """Each that was run was measured to be of the kind of the first client that it rides on."""
    measured = {name: kind for kind, names in table.kinds().items() for name in names}
    ridden = {name: told.kind_of(name) for name in told.RIDERS if name in measured}
    assert ridden and ridden == {name: measured[name] for name in ridden}


def test_what_installing_does_not_reach_variables_do() -> None:
    """As the doctor advises for those that use OpenSSL's defaults."""
    for label, line in table.read().items():
        if line.kind == told.DEFAULTS:
            assert line.shellenv == "yes", label


# Why a client has no rule of its own: what it trusts has a row all the same, or none could have.
REASONS = {
    "gives certifi's answer to what connects, and its variables have rows": (
        "anthropic", "boto3", "docker", "elastic-transport", "google-auth", "huggingface-hub",
        "mcp", "minio", "openai", "opensearch-py", "poetry", "pygithub", "pyproj", "selenium",
        "sentry-sdk", "yt-dlp",
    ),
    "OpenSSL's defaults have a row": ("ansible-core",),
    "comes with others, which have a rule": ("truststore", "urllib3"),
    "has a copy of pip in itself": ("pipenv",),
    "is told by its program, or by the address of its database": ("psycopg", "pycurl", "stripe"),
}  # fmt: skip


def test_each_client_has_a_rule_or_a_reason() -> None:
    """What `doctor` calls a client is tried by `doctor HOST`, or it is known why not."""
    measured = {name for names in table.kinds().values() for name in names}
    reasons = {name for names in REASONS.values() for name in names}
    assert reasons.isdisjoint(rules.RULES)
    assert measured - reasons <= set(rules.RULES)
    assert reasons <= measured
