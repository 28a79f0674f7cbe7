"""The workflows: what may be done with them, and that nobody else's code changes under us."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Dict, Set

import pytest

import removed_roots
from support import CHECKOUT, run_here, write
from support.pages import README, fenced, repository

GITHUB, CI = CHECKOUT / ".github", CHECKOUT / ".ci"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
CARELESS = """
on: pull_request_target
jobs:
  hello:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""
NO_WORKFLOW = "on: push\njobs: {hello: {runs-on: ubuntu-latest, step: []}}\n"
# What is published, and who publishes it, depends on these.
WORTH_AN_ATTACK = (
    "certifi_system_store_wrapper.pth",
    "certifi_system_store_wrapper.start",
    "src/certifi_system_store_wrapper/bootstrap.py",
    "pyproject.toml",
    ".ci/",
    ".github/workflows/",
)


def audit(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Have zizmor look at workflows as an auditor does."""
    program = Path(sysconfig.get_path("scripts")) / "zizmor"
    return subprocess.run(
        [str(program), "--offline", "--persona", "auditor", *map(str, paths)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_an_auditor_finds_nothing() -> None:
    """Least permissions, pinned actions, no text of strangers in a shell."""
    done = audit(GITHUB)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_auditor_finds_what_is_there(tmp_path: Path) -> None:
    """The tool that finds nothing is able to find something."""
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    careless = tmp_path / ".github" / "workflows" / "careless.yml"
    careless.write_text(CARELESS, encoding="utf-8")
    done = audit(careless)
    assert done.returncode > 10
    for rule in ("dangerous-triggers", "template-injection", "unpinned-uses"):
        assert rule in done.stdout


def check_schema(schema: str, *paths: Path) -> str:
    """Check files against a schema that comes with the tool."""
    return run_here("check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths))


def test_the_files_are_what_github_reads() -> None:
    """The schemas of workflows and of dependabot's configuration hold, and can be violated."""
    check_schema("github-workflows", *WORKFLOWS)
    check_schema("dependabot", GITHUB / "dependabot.yml")


def test_the_recipe_is_what_github_reads(tmp_path: Path) -> None:
    """The job in docs/recipes.md is a workflow."""
    (job,) = fenced(CHECKOUT / "docs" / "recipes.md", "A CI job")
    check_schema("github-workflows", write(tmp_path / "ci.yml", job.encode()))


def test_the_schema_refuses(tmp_path: Path) -> None:
    """A file that is no workflow does not pass for one."""
    (tmp_path / "no-workflow.yml").write_text(NO_WORKFLOW, encoding="utf-8")
    with pytest.raises(AssertionError, match="step"):
        check_schema("github-workflows", tmp_path / "no-workflow.yml")


def test_actions_are_pinned_alike() -> None:
    """By commit or digest and with the version beside it, and one action has one commit."""
    pinned: Dict[str, str] = {}
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    lines = re.findall(r"uses: (.*)", text)
    assert len(lines) > 10
    for line in lines:
        found = re.fullmatch(r"([\w/.-]+)@([0-9a-f]{40}) # v[\d.]+", line) or re.fullmatch(
            r"(docker://[\w/.-]+):[\d.]+@sha256:([0-9a-f]{64})", line
        )
        assert found, line
        assert pinned.setdefault(found[1], found[2]) == found[2]


def test_nobody_may_do_more_than_needed() -> None:
    """No workflow has rights of its own; who may do more than read publishes or tells of faults."""
    rights = []
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        assert "\npermissions: {}\n" in text
        rights += [f"{path.name} {right}" for right in re.findall(r"[\w-]+: write\b", text)]
    assert rights == [
        "codeql.yml security-events: write",
        "release.yml attestations: write",
        "release.yml id-token: write",
        "scorecard.yml id-token: write",
        "scorecard.yml security-events: write",
    ]


def test_maintainers_look_at_what_is_worth_an_attack() -> None:
    """The start-up files and what decides about a release have owners."""
    owned = (GITHUB / "CODEOWNERS").read_text(encoding="utf-8")
    paths = {line.split()[0].lstrip("/") for line in owned.splitlines() if line.startswith("/")}
    assert paths >= set(WORTH_AN_ATTACK)
    assert all((CHECKOUT / path).exists() for path in paths)
    # GitHub ignores a name that is not of the repository's owner.
    assert set(re.findall(r"@\S+", owned)) == {"@" + repository().split("/")[-2]}


def test_github_keeps_what_people_are_told_to_verify() -> None:
    """`gh attestation verify` asks GitHub, not the package index: the release has to tell both."""
    release = (
        (GITHUB / "workflows" / "release.yml").read_text("utf-8").partition("\n  publish:\n")[2]
    )
    told, to_index = "actions/attest-build-provenance@", "pypa/gh-action-pypi-publish@"
    assert -1 < release.index(told) < release.index(to_index)
    assert "attestations: write" in release and "gh attestation verify" in README.read_text("utf-8")


def test_the_page_of_what_was_tested_names_jobs_that_there_are() -> None:
    """Each job that it says runs on a real system is in the workflow."""
    page = (CHECKOUT / "docs" / "tested.md").read_text("utf-8").rpartition("the jobs ")[2]
    named = re.findall("`([a-z-]+)`", page.partition(" of `")[0])
    jobs = re.findall(r"(?m)^  ([a-z-]+):$", (GITHUB / "workflows" / "ci.yml").read_text("utf-8"))
    assert len(named) == 3 and set(named) <= set(jobs)


def test_what_builds_and_tests_a_release_is_pinned_by_hash(tmp_path: Path) -> None:
    """pip takes exactly that, with all it needs, and nothing else is there when it is built."""
    text = (CI / "release.txt").read_text(encoding="utf-8")
    pip = ("pip", "install", "-q", "--dry-run", "--ignore-installed")
    for name in ("release.txt", "tests.txt"):
        run_here(*pip, "--require-hashes", "-r", str(CI / name))
    other = tmp_path / "other.txt"
    other.write_text(re.sub(r"sha256:..", "sha256:00", text), encoding="utf-8")
    with pytest.raises(AssertionError, match="HASHES"):
        run_here(*pip, "--require-hashes", "-r", str(other))
    release = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    installed = re.findall(r"pip install (.*)", release.split("python -m build")[0])
    assert installed == ["--require-hashes -r .ci/release.txt"]


def test_what_the_workflows_install_is_pinned_by_hash() -> None:
    """All but the wheel under test, which brings what its users get."""
    paths = [*WORKFLOWS, CI / "distribution"]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    installed = [line for text in texts for line in re.findall(r"pip install (.*)", text)]
    files = {found for line in installed for found in re.findall(r"(?<= -r \.ci/)\S+", line)}
    assert files == {path.name for path in CI.glob("*.txt")}
    pinned = r"(-q )?(--require-hashes -r \.ci/\w+\.txt|(built|\"\$1\")/\*\.whl)"
    assert [line for line in installed if not re.fullmatch(pinned, line)] == []


PINNED = ("check", "oldest", "quality", "readers", "tests")


@pytest.mark.parametrize("name", PINNED)
def test_each_pin_has_a_hash(name: str) -> None:
    """pip refuses a file in which one has none."""
    text = (CI / f"{name}.txt").read_text(encoding="utf-8")
    hashed = re.findall(r"(?m)^[\w.-]+==.* \\\n    --hash=sha256:[0-9a-f]{64}", text)
    assert len(hashed) == len(re.findall(r"(?m)^[\w.-]+==", text)) > 1


@pytest.mark.skipif("EVERY_PIN" not in os.environ, reason="EVERY_PIN=1 asks the package index")
@pytest.mark.parametrize("name", PINNED)
def test_what_is_pinned_is_all_that_is_needed(name: str, tmp_path: Path) -> None:
    """The command at the top of the file would pin the same."""
    path, copy = CI / f"{name}.txt", tmp_path / f"{name}.txt"
    text = path.read_text(encoding="utf-8")
    (words,) = re.findall(rf"(?m)^#    (uv pip compile .*) -o \.ci/{name}\.txt$", text)
    copy.write_text(text, encoding="utf-8")
    run_here(*words.split(), "-q", "--system-certs", "-o", str(copy), cwd=CHECKOUT)
    assert pins(copy.read_text(encoding="utf-8")) == pins(text)


def pins(text: str) -> Set[str]:
    """Return the packages and versions of a file of requirements."""
    return set(re.findall(r"(?m)^[\w.-]+==[^ ]+", text))


def test_an_old_list_of_removed_roots_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release asks the index, and publishes nothing if certifi has been released since."""
    release = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "\n      - run: python tests/removed_roots.py --check\n" in release
    assert "\n    needs: [build, test, roots]\n" in release.partition("\n  publish:\n")[2]
    known = json.loads(removed_roots.FILE.read_text("ascii"))
    monkeypatch.setattr(removed_roots, "FILE", tmp_path / "removed_roots.json")
    for newest, is_known in ((removed_roots.versions()[-1], True), ("2020.1.1", False)):
        removed_roots.FILE.write_text(json.dumps({**known, "newest": newest}), "ascii")
        if is_known:
            removed_roots.check()
        else:
            with pytest.raises(SystemExit, match="is out: write it again"):
                removed_roots.check()
