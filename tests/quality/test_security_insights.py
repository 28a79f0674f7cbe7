"""security-insights.yml: in the shape of its specification, and true of this checkout."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict

import pytest

from support import CHECKOUT, pages, run_here

FILE = CHECKOUT / ".github" / "security-insights.yml"
# Where each tool is in use.
TOOLS = {
    "CodeQL": ".github/workflows/codeql.yml",
    "zizmor": "tests/quality/requirements.txt",
    "guarddog": "tests/quality/requirements.txt",
    "hexora": "tests/quality/requirements.txt",
    "Dependabot": ".github/dependabot.yml",
    "Atheris": "tests/quality/fuzz/fuzz_parser.py",
}
TEXT: Dict[str, Any] = {"type": "string", "minLength": 1}
FLAG: Dict[str, Any] = {"type": "boolean"}
LINK: Dict[str, Any] = {"type": "string", "pattern": r"^https?://\S+$"}
DAY: Dict[str, Any] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}


def shape(needed: Dict[str, Any], **optional: Any) -> Dict[str, Any]:
    """Return the schema of an object that has all that is needed, and nothing that is unknown."""
    named = {name.replace("_", "-"): each for name, each in optional.items()}
    known = {"properties": {**needed, **named}, "additionalProperties": False}
    return {"type": "object", "required": list(needed), **known}


def some(items: Dict[str, Any]) -> Dict[str, Any]:
    """Return the schema of a list that is not empty."""
    return {"type": "array", "items": items, "minItems": 1}


# What version 2 of https://github.com/ossf/security-insights/blob/main/spec/schema.cue asks for,
# of the parts that are used here.
CONTACT = shape({"name": TEXT, "primary": FLAG})
TOOL = shape(
    {
        "name": TEXT,
        "type": {"enum": ["fuzzing", "container", "secret", "SCA", "SAST", "other"]},
        "rulesets": some(TEXT),
        "integration": shape({"adhoc": FLAG, "ci": FLAG, "release": FLAG}),
        "results": shape({}),
    },
    comment=TEXT,
)
REPORTING = shape(
    {"reports-accepted": FLAG, "bug-bounty-available": FLAG}, policy=LINK, comment=TEXT
)
GUIDES = ("detailed_guide", "quickstart_guide", "code_of_conduct", "design", "release_process")
GUIDES += ("signature_verification", "support_policy")
POLICIES = ("contributing_guide", "review_policy", "security_policy")
SCHEMA = shape(
    {
        "header": shape(
            {
                "schema-version": {"type": "string", "pattern": r"^2\.\d+\.\d+$"},
                "last-updated": DAY,
                "last-reviewed": DAY,
                "url": LINK,
            }
        ),
        "project": shape(
            {
                "name": TEXT,
                "administrators": some(CONTACT),
                "repositories": some(shape({"name": TEXT, "url": LINK, "comment": TEXT})),
                "vulnerability-reporting": REPORTING,
            },
            homepage=LINK,
            documentation=shape({}, **dict.fromkeys(GUIDES, LINK)),
        ),
        "repository": shape(
            {
                "url": LINK,
                "status": {"const": "active"},
                "accepts-change-request": FLAG,
                "accepts-automated-change-request": FLAG,
                "core-team": some(CONTACT),
                "license": shape({"url": LINK, "expression": TEXT}),
                "security": shape(
                    {"assessments": shape({"self": shape({"comment": TEXT}, evidence=LINK)})},
                    tools=some(TOOL),
                ),
            },
            no_third_party_packages=FLAG,
            documentation=shape({}, **dict.fromkeys(POLICIES, LINK)),
            release=shape(
                {
                    "automated-pipeline": FLAG,
                    "distribution-points": some(shape({"uri": TEXT, "comment": TEXT})),
                },
                changelog=LINK,
            ),
        ),
    }
)


def test_it_has_the_shape_of_the_specification(tmp_path: Path) -> None:
    """All that is needed is there, and nothing that is unknown; less is refused."""
    schema, less = tmp_path / "schema.json", tmp_path / "less.yml"
    schema.write_text(json.dumps(SCHEMA), "utf-8")
    check = ("check_jsonschema", "--schemafile", str(schema))
    run_here(*check, str(FILE))
    less.write_text(FILE.read_text("utf-8").replace("reports-accepted:", "reports:"), "utf-8")
    with pytest.raises(AssertionError, match="'reports-accepted' is a required property"):
        run_here(*check, str(less))


def test_it_is_true_of_this_checkout() -> None:
    """Each link leads into this repository and to what is there; the tools are in use."""
    text, project = FILE.read_text("utf-8"), (CHECKOUT / "pyproject.toml").read_text("utf-8")
    for link in re.findall(r"https://github\.com/\S+", text):
        inside = link[len(pages.repository()) :]
        assert link.startswith(pages.repository()), link
        assert not inside or (CHECKOUT / re.sub("^/(blob|tree|raw)/main/", "", inside)).exists()
    for pattern in (r"expression: (.+)", r"- name: (.+ maintainers)", r"pkg:pypi/(.+)"):
        found = set(re.findall(pattern, text))
        assert len(found) == 1 and f'"{found.pop()}"' in project
    tools = re.findall(r"(?m)^      - name: (\w+)\n        type:", text)
    assert sorted(tools) == sorted(TOOLS)
    for tool, place in TOOLS.items():
        assert tool.lower() in place + (CHECKOUT / place).read_text("utf-8").lower()
