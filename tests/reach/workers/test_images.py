"""A container image with a baked bundle: its layer goes by tar, its containers are chroots.

As root on Linux; it needs none of the tools.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, Mapping, Sequence

import pytest

from reach.workers.fleets import named
from support import FETCH, UNTRUSTED, Environment, assert_fetched, assert_untrusted, write
from support.images import base_of, entering

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]

WHERE = "import certifi; print(certifi.where())"
BAKED = {"PYTHON_CERTIFI_BUNDLE_DIR": "/app/ca"}


class Image:
    """A root folder with an environment that has us, and the page that a container asks for."""

    def __init__(self, folder: Path, environment: Environment) -> None:
        """Copy the environment to /app in a new root folder."""
        self.root, self.python = folder / "root", "/app/venv/bin/python"
        self.base = base_of(str(environment.python))
        (self.root / "tmp").mkdir(parents=True)
        (self.root / "tmp").chmod(0o1777)
        shutil.copytree(environment.folder, self.root / "app/venv", symlinks=True)
        shutil.copy(FETCH, self.root / "app")

    def run(self, *arguments: str, mode: str, user: int, env: Mapping[str, str] = BAKED) -> Done:
        """Run its Python there, see entering()."""
        prefix = entering(self.root, self.base, mode=mode, user=user)
        return subprocess.run(
            [*prefix, self.python, *arguments],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def fetch(self, url: str, *, mode: str, user: int, env: Mapping[str, str] = BAKED) -> Done:
        """Have a container ask for the page."""
        return self.run("/app/fetch.py", "requests", url, mode=mode, user=user, env=env)

    def shipped(self, to: Path) -> Image:
        """Return it as another machine unpacks it: other inodes, whole seconds."""
        image = Image.__new__(Image)
        image.root, image.python, image.base = to / "root", self.python, self.base
        image.root.mkdir()
        layer = to / "layer.tar"
        pack = ["tar", "-C", str(self.root), "--format=ustar", "-cf", str(layer), "app", "tmp"]
        for command in (pack, ["tar", "-C", str(image.root), "-xpf", str(layer)]):
            subprocess.run(command, check=True)
        layer.unlink()
        return image


@pytest.fixture
def folders() -> Iterator[List[Path]]:
    """Return two new folders that any user may pass through."""
    made = [Path(tempfile.mkdtemp(prefix="image")) for _ in range(2)]
    for folder in made:
        folder.chmod(0o755)
    yield made
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture
def image(folders: Sequence[Path], installed: Environment, ca_file: Path) -> Image:
    """Return an image whose build named the CA and baked the bundle, after its transport."""
    image = Image(folders[0], installed)
    write(image.root / "app/private.pem", ca_file.read_bytes())
    env = {**BAKED, **named(Path("/app/private.pem"))}
    baked = image.run("-c", WHERE, mode="rw", user=0, env=env)
    assert (baked.returncode, baked.stdout, baked.stderr) == (0, "/app/ca/cacert.pem\n", "")
    return image.shipped(folders[1])


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux'")
RANDOM_USER = 1000710000  # as OpenShift gives one to each namespace


@pytest.mark.parametrize("mode", ["ro", "1777"])
def test_a_baked_bundle_is_everybodys(image: Image, url: str, mode: str) -> None:
    """Read-only, by a user whom nobody has heard of, without HOME: that very file, and no word."""
    env = {**BAKED, **named(Path("/app/private.pem"))}
    before = (image.root / "app/ca/cacert.pem").stat()
    assert_fetched(image.fetch(url, mode=mode, user=RANDOM_USER, env=env))
    found = image.run("-c", WHERE, mode=mode, user=RANDOM_USER, env=env)
    assert (found.stdout, found.stderr) == ("/app/ca/cacert.pem\n", "")
    after = (image.root / "app/ca/cacert.pem").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    (image.root / "app/private.pem").write_bytes(b"")
    refused = image.fetch(url, mode=mode, user=RANDOM_USER, env=env)
    assert refused.stdout.strip() in UNTRUSTED, refused


@pytest.mark.parametrize(
    ("mode", "where"), [("ro", "/proc/"), ("0777", "/proc/"), ("1777", "/tmp/")]
)
def test_without_a_baked_bundle(image: Image, url: str, mode: str, where: str) -> None:
    """Memory does where nothing can be written, or only to Kubernetes' emptyDir: not sticky."""
    env = named(Path("/app/private.pem"))
    assert_untrusted(image.fetch(url, mode=mode, user=RANDOM_USER, env={}))
    assert_fetched(image.fetch(url, mode=mode, user=RANDOM_USER, env=env))
    found = image.run("-c", WHERE, mode=mode, user=RANDOM_USER, env=env)
    assert found.stdout.startswith(where), found
