"""What conda's settings say, by its source: they are read where that is certain, wherever it looks.

No index has conda for these Pythons. Its SEARCH_PATH, its loader of files and what it takes for a
boolean (conda/base/constants.py, common/configuration.py, auxlib/type_coercion.py) are those of 24.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional

import pytest

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.trusts import Trust
from support import write
from support.trusts import NO_FILES, here, set_by_a_file


def of_conda(environ: Optional[Dict[str, str]] = None) -> List[Trust]:
    """Return what is in force for conda."""
    return trusts.in_force(here({"conda": "25.1"}, {**NO_FILES, **(environ or {})}))


@pytest.mark.parametrize(
    ("text", "path", "fault"),
    [
        ("ssl_verify: /x.pem", "/x.pem", ""),
        ("ssl_verify: /x.pem\n  # ours\n", "/x.pem", ""),
        ("ssl_verify: '/x y.pem'  # ours", "/x y.pem", ""),
        ('channels:\n  - a\nssl_verify: "/x.pem"\n', "/x.pem", ""),
        ("ssl_verify: true", None, ""),
        ("ssl_verify: 1", None, ""),
        ("# ssl_verify: /x.pem", None, ""),
        ("channels: [a] # no ssl_verify", None, ""),
        ('envs_dirs: ["C:\\\\x"]\nproxy: "a\\\\b"\n', None, ""),
        ("channels: [a]", None, ""),
        ("ssl_verify:\n  /x.pem\n", "", "line 1"),
        ("ssl_verify:\nchannels: [a]\n", "", "line 1"),
        ("ssl_verify: /x\n  y.pem\n", "", "line 1"),
        ('a: 1\n"ssl\\u005fverify": /x.pem', "", "line 2"),
        ('"ssl\\\n_verify": /x.pem', "", "line 1"),
        ("? ssl_verify\n: /x.pem", "", "line 1"),
        ('? "ssl\\u005fverify"\n: /x.pem', "", "line 1"),
        ("{ssl_verify: /x.pem}", "", "line 1"),
        ('{"a#b": 1, ssl_verify: /x.pem}', "", "line 1"),
        ("ssl_verify: >\n  /x.pem", "", "line 1"),
        ("a: 1\nssl_verify: &a /x.pem", "", "line 2"),
        ("ssl_verify: /x.pem\nssl_verify: /y.pem", "", "line 2"),
    ],
)
def test_one_key_of_a_file(home: Path, text: str, path: Optional[str], fault: str) -> None:
    """It is read where that is certain; where it may be there in another form, that is said."""
    write(home / ".condarc", text.encode())
    set_by_a_file(of_conda(), path, fault)


@pytest.mark.parametrize(
    "path",
    [
        ".condarc", ".condarc/corp.yml", ".conda/condarc", ".conda/condarc.d/corp.yml",
        ".conda/condarc.d/corp.yaml", ".config/conda/.condarc", "xdg/conda/condarc",
        "prefix/.condarc", "prefix/condarc", "prefix/condarc.d/corp.yml", "root/condarc.d/corp.yml",
        "own/condarc",
    ],
)  # fmt: skip
def test_where_it_looks(home: Path, path: str) -> None:
    """Each place counts; a folder is read for what ends as YAML does, the last name counts most."""
    environ = {
        "XDG_CONFIG_HOME": str(home / "xdg"),
        "CONDA_PREFIX": str(home / "prefix"),
        "CONDA_ROOT": str(home / "root"),
        "CONDARC": str(home / "own" / "condarc"),
    }
    file = home / path
    write(file, b"ssl_verify: /x.pem\n")
    if file.suffix:
        write(file.with_name("a.yml"), b"ssl_verify: /another.pem\n")
        write(file.with_name("z.txt"), b"ssl_verify: /another.pem\n")
    set_by_a_file(of_conda(environ), "/x.pem", "")


@pytest.mark.parametrize("name", ["CONDA_SSL_VERIFY", "CONDA_VERIFY_SSL"])
def test_its_variables(home: Path, name: str) -> None:
    """Both names count, before every file; an empty one switches every check off."""
    write(home / ".condarc", b"ssl_verify: /x.pem\n")
    (trust,) = of_conda({name: "/y.pem"})
    assert [(each.name, each.value) for each in trust.settings] == [(name, "/y.pem")]
    assert of_conda({name: "yes"}) == []
    for value in ("", "no", "0"):
        (trust,) = of_conda({name: value})
        assert trust.checks_nothing
