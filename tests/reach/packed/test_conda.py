"""conda's package, from .github/conda/recipe.yaml; conda.py says what is real and what is not."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path
from typing import Tuple

import pytest

import certifi_system_store_wrapper
from reach.packed.packing import HERE
from support import (
    CHECKOUT,
    FETCH_BY_URLLIB,
    MODULE,
    UNTRUSTED,
    Environment,
    Sandbox,
    copy_checkout,
    made_once,
    new_environment,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

    Done = subprocess.CompletedProcess[str]

TOOLS = ("py-rattler", "py-rattler-build", "pip")
RECIPE = ".github/conda/recipe.yaml"
REQUIRED = """
    import rattler_build as build, sys
    recipe = build.Stage0Recipe.from_file(sys.argv[1])
    for platform in ("linux-64", "osx-arm64", "win-64"):
        config = build.RenderConfig(build.PlatformConfig(target_platform=platform))
        (variant,) = recipe.render(build.VariantConfig({"python_min": ["3.10"]}), config)
        print(*sorted(each.split()[0] for each in variant.recipe.requirements.run))
"""

pytestmark = pytest.mark.linux("the stand-in for Python is a virtual environment with links")


@pytest.fixture(scope="module")
def tools(shared: Path, interpreter: str, python_version: Tuple[int, int]) -> Environment:
    """Return an environment with what builds packages."""
    if python_version < (3, 10):
        pytest.skip("today's rattler and pip need Python 3.10")

    def make(folder: Path) -> None:
        new_environment(interpreter, folder, "--without-pip").install(*TOOLS)

    return Environment(made_once(shared, "rattler", make))


@pytest.fixture
def sandbox(tmp_path: Path, tools: Environment) -> Sandbox:
    """Return a sandbox whose work folder is a checkout."""
    sandbox = Sandbox(tmp_path, tools)
    shutil.rmtree(sandbox.work)
    sandbox.work.mkdir()
    copy_checkout(sandbox.work)
    return sandbox


def built(sandbox: Sandbox, folder: Path, interpreter: str) -> Done:
    """Build, test and install the package of the sandbox's checkout."""
    return sandbox.run(str(HERE / "conda.py"), RECIPE, interpreter, str(folder), timeout=600)


def test_the_package_is_built_tested_and_installed(
    sandbox: Sandbox, tmp_path: Path, interpreter: str, url: str, ca_file: Path
) -> None:
    """The recipe's own tests pass; installed, it trusts the CA that is named, and no other."""
    done = built(sandbox, tmp_path / "conda", interpreter)
    assert done.returncode == 0, done.stdout + done.stderr
    there = Sandbox(tmp_path / "there", Environment(tmp_path / "conda" / "prefix"))
    code, named = FETCH_BY_URLLIB.format(url=url), {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    assert there.run_code(code, env=named).stdout == "200\n"
    assert there.run_code(code).stdout.strip() in UNTRUSTED


def test_a_start_up_file_elsewhere_is_refused(
    sandbox: Sandbox, tmp_path: Path, interpreter: str
) -> None:
    """Where it lands in the package, and not at the root of site-packages, no build passes."""
    project = sandbox.work / "pyproject.toml"
    text = project.read_text("utf-8")
    project.write_text(text.replace(f' = "{MODULE}.pth"', f' = "{MODULE}/start.pth"'), "utf-8")
    done = built(sandbox, tmp_path / "conda", interpreter)
    assert done.returncode != 0
    assert f"No match for files glob: site-packages/{MODULE}.pth" in done.stdout + done.stderr, done


def test_it_requires_what_the_wheel_requires(sandbox: Sandbox) -> None:
    """On Windows wincertstore, too, hence two packages: conda has no markers."""
    done = sandbox.run("-c", textwrap.dedent(REQUIRED), RECIPE)
    unix, mac, windows = done.stdout.splitlines()
    assert unix == mac == "__unix certifi python wrapt"
    assert windows == "__win certifi python wincertstore wrapt"


def test_the_recipe_is_of_this_version() -> None:
    """And it names no person: who looks after it on conda-forge is theirs to say."""
    text = (CHECKOUT / RECIPE).read_text("utf-8")
    assert re.findall(r'version: "(.*)"', text) == [certifi_system_store_wrapper.__version__]
    assert not re.search(r"(?m)^extra:", text)
