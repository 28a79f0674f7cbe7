"""environments and --python: what is found, what it lacks, and that nothing found is executed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import pytest

from support import BY_A_CALL, MODULE, NAME, Environment, Sandbox, new_environment, run_here, write

COMMAND = ("-m", MODULE)
posix = pytest.mark.posix("scripts and links are others there")


def environments(
    sandbox: Sandbox, env: Optional[Mapping[str, str]] = None
) -> Dict[str, Dict[str, Any]]:
    """Return what was found, by the real prefix."""
    done = sandbox.run(*COMMAND, "environments", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, ""), done
    found = json.loads(done.stdout)["environments"]
    pythons = [(each["prefix"], os.path.realpath(each["python"])) for each in found]
    assert len(pythons) == len(set(pythons))
    return {os.path.realpath(each["prefix"]): each for each in found}


def made(interpreter: str, folder: Path) -> Environment:
    """Return an environment without pip."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return new_environment(interpreter, folder, "--without-pip")


def script(path: Path, options: str, python: Path) -> Path:
    """Write a program as installers do."""
    write(path, f"#!{python}{options}\nprint('hello')\n".encode())
    path.chmod(0o755)
    return path


def elsewhere(sandbox: Sandbox, *arguments: str, **env: str) -> Tuple[int, str, Dict[str, Any]]:
    """Return exit status, text and JSON of a command for another environment."""
    text = sandbox.run(*COMMAND, *arguments, env=env)
    data = sandbox.run(*COMMAND, *arguments, "--json", env=env)
    assert text.returncode == data.returncode, (text, data)
    return text.returncode, text.stdout, json.loads(data.stdout)


# environments


def test_this_environment_is_the_first_and_active(sandbox: Sandbox) -> None:
    """It is found without any help, and needs no command."""
    first = next(iter(environments(sandbox).values()))
    assert first["prefix"] == str(sandbox.environment.folder)
    assert (first["active"], first["install"], first["found"][0]) == (True, None, "this one")
    version = sandbox.run_code("import platform; print(platform.python_version())").stdout.strip()
    assert first["python_version"] == version


@posix
def test_every_kind_is_found_with_its_own_command(sandbox: Sandbox, interpreter: str) -> None:
    """pipx, a virtual environment below the folder, Poetry's, conda's, a kernel's."""
    data = sandbox.home / ".local" / "share"
    places = {
        "pipx": data / "pipx" / "venvs" / "httpie",
        "below": sandbox.work / "some" / "project" / ".venv",
        "poetry": sandbox.home / ".cache" / "pypoetry" / "virtualenvs" / "app-py3",
        "conda": sandbox.home / "elsewhere" / "ds",
        "kernel": sandbox.home / "kernels" / "with a blank",
    }
    pythons = {name: made(interpreter, folder).python for name, folder in places.items()}
    write(places["pipx"] / "pipx_metadata.json", b"{}")
    (places["conda"] / "conda-meta").mkdir()
    write(sandbox.home / ".conda" / "environments.txt", f"{places['conda']}\n/gone\n".encode())
    kernel = json.dumps({"argv": [str(pythons["kernel"]), "-m", "ipykernel"]}).encode()
    write(data / "jupyter" / "kernels" / "blank" / "kernel.json", kernel)
    found = environments(sandbox)
    entries = {name: found[os.path.realpath(folder)] for name, folder in places.items()}
    assert not any(each["active"] for each in entries.values())
    assert {each["inactive_because"] for each in entries.values()} == {
        "this package is not installed there"
    }
    assert entries["pipx"]["install"] == f"pipx inject httpie {NAME}"
    assert [entries[name]["kind"] for name in ("pipx", "conda")] == ["pipx", "conda"]
    assert entries["kernel"]["found"] == ["Jupyter kernel blank"]
    assert entries["below"]["found"] == ["below the current folder"]
    text = sandbox.run(*COMMAND, "environments").stdout
    for name in ("below", "poetry", "kernel"):
        assert shlex.quote(str(pythons[name])) in entries[name]["install"]
        assert entries[name]["install"] in text


@posix
@pytest.mark.parametrize("kind", ["plain", "kernel"])
def test_the_install_command_makes_it_active(
    sandbox: Sandbox, interpreter: str, wheel: str, housed: Tuple[str, ...], kind: str
) -> None:
    """As it is printed, given where the wheels are: it then is active, and stays in the list."""
    folder = sandbox.work / ("venv" if kind == "plain" else "a 'b")
    python = made(interpreter, folder).python
    entry = environments(sandbox)[os.path.realpath(folder)]
    # The sandbox's environment has no pip: the tests' own takes its place.
    command = entry["install"].replace(str(sandbox.environment.python), sys.executable)
    options = shlex.join([*housed, "-q"])
    done = subprocess.run(
        ["sh", "-c", f"{command.replace(NAME, '')} {wheel} {options}"],
        env={**sandbox.variables({}), "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done
    entry = environments(sandbox)[os.path.realpath(folder)]
    assert (entry["active"], entry["install"]) == (True, None)
    own = subprocess.run(
        [python, *COMMAND], env=sandbox.variables({}), capture_output=True, check=False
    )
    assert b"active    certifi answers" in own.stdout


@posix
def test_a_tool_of_uv(sandbox: Sandbox, wheelhouse: str) -> None:
    """As uv itself makes it."""
    tools = sandbox.home / "tools"
    env = {"UV_TOOL_DIR": str(tools), "UV_TOOL_BIN_DIR": str(sandbox.home / "bin")}
    command = [sys.executable, "-m", "uv", "tool", "install", "hatchling", "--no-config"]
    subprocess.run(
        [*command, "--no-index", "--find-links", wheelhouse, "--python", sys.executable],
        env=sandbox.variables(env),
        capture_output=True,
        check=True,
    )
    entry = environments(sandbox, env)[os.path.realpath(tools / "hatchling")]
    assert (entry["kind"], entry["active"]) == ("uv tool", False)
    assert entry["install"] == f"uv tool install hatchling --with {NAME}"
    status, text, _ = elsewhere(sandbox, "status", "--python", str(sandbox.home / "bin/hatchling"))
    assert status == 1
    assert f"install it: uv tool install hatchling --with {NAME}" in text


@posix
def test_what_makes_it_inactive(fresh: Sandbox, sandbox: Sandbox) -> None:
    """A start-up file that is missing where nothing calls activate(), and a wrapt that is."""
    packages, prefix = fresh.environment.site_packages, str(fresh.environment.folder)
    env = {"PATH": f"{fresh.environment.folder / 'bin'}{os.pathsep}{os.defpath}"}
    entry = environments(sandbox, env)[os.path.realpath(prefix)]
    assert entry["active"] and "on PATH" in entry["found"]
    old, new = (packages / f"{MODULE}{ends}" for ends in (".pth", ".start"))
    is_new = int(entry["python_version"].split(".")[1]) >= 15
    new.unlink()
    assert fresh.run(*COMMAND, "status").returncode == 0
    assert environments(sandbox, env)[os.path.realpath(prefix)]["active"]
    old.rename(packages / "kept")
    entry = environments(sandbox, env)[os.path.realpath(prefix)]
    missing = new.name if is_new else old.name
    assert entry["inactive_because"] == f"the start-up file {missing} is missing"
    # Debian's own is imported first.
    is_free = fresh.run("-c", "import sitecustomize").returncode != 0
    for customization, is_read in (("usercustomize.py", False), ("sitecustomize.py", is_free)):
        write(packages / customization, BY_A_CALL)
        assert (fresh.run(*COMMAND, "status").returncode == 0) == is_read
        entry = environments(sandbox, env)[os.path.realpath(prefix)]
        assert (entry["active"], entry["install"] is None) == (is_read, is_read)
        (packages / customization).unlink()
    (packages / "kept").rename(old)
    shutil.rmtree(next(packages.glob("wrapt-*.dist-info")))
    entry = environments(sandbox, env)[os.path.realpath(prefix)]
    assert entry["inactive_because"] == "wrapt is not installed there"


@posix
def test_interpreters_that_share_a_prefix(sandbox: Sandbox) -> None:
    """As in /usr: each is told, with its own packages; its names are one."""
    prefix = sandbox.home / "usr"
    for minor in ("11", "12", "13", "13t"):
        write(prefix / "bin" / f"python3.{minor}", b"\x7fELF")
    (prefix / "bin" / "python3").symlink_to("python3.12")
    for minor, version in (("11", "1.0.0"), ("13t", "1.0.1")):
        folder = prefix / f"lib/python3.{minor}/site-packages"
        write(folder / f"{MODULE}-{version}.dist-info/METADATA", b"")
    done = sandbox.run(*COMMAND, "environments", "--json", env={"PATH": str(prefix / "bin")})
    found = [each for each in json.loads(done.stdout)["environments"] if "usr" in each["prefix"]]
    told = sorted((each["python_version"], each["version"] or "") for each in found)
    assert told == [("3.11", "1.0.0"), ("3.12", ""), ("3.13", ""), ("3.13", "1.0.1")]


@posix
def test_a_call_in_the_users_own_start(sandbox: Sandbox) -> None:
    """Only outside of virtual environments Python reads usercustomize.py."""
    prefix = sandbox.home / "usr"
    write(prefix / "bin" / "python3.11", b"\x7fELF")
    for name in (MODULE, "certifi", "wrapt"):
        write(prefix / f"lib/python3.11/site-packages/{name}-9.dist-info/METADATA", b"")
    env = {"PATH": str(prefix / "bin")}
    assert not environments(sandbox, env)[os.path.realpath(prefix)]["active"]
    write(sandbox.home / ".local/lib/python3.11/site-packages/usercustomize.py", BY_A_CALL)
    assert environments(sandbox, env)[os.path.realpath(prefix)]["active"]
    # As Debian has one: it is imported, and the other is not.
    write(prefix / "lib/python3.11/usercustomize.py", b"")
    assert not environments(sandbox, env)[os.path.realpath(prefix)]["active"]


@posix
def test_an_interpreter_that_is_too_old_or_a_distributions(sandbox: Sandbox) -> None:
    """No command installs into Python 3.6; pip refuses the distribution's without two options."""
    prefixes = {name: sandbox.home / name for name in ("3.6", "3.11")}
    for name, prefix in prefixes.items():
        write(prefix / "bin" / f"python{name}", b"\x7fELF")
        write(prefix / "lib" / f"python{name}" / "EXTERNALLY-MANAGED", b"")
    write(prefixes["3.11"] / "lib/python3.11/site-packages/pip-26.0.dist-info/METADATA", b"")
    env = {"PATH": os.pathsep.join(str(prefix / "bin") for prefix in prefixes.values())}
    found = environments(sandbox, env)
    old, managed = (found[os.path.realpath(prefix)] for prefix in prefixes.values())
    assert old["install"] is None and "3.8 or later" in old["inactive_because"]
    python = prefixes["3.11"] / "bin" / "python3.11"
    options = "--user --break-system-packages"
    assert managed["install"] == f"{python} -m pip install {options} {NAME}"


@posix
def test_nothing_that_is_found_is_executed(sandbox: Sandbox, interpreter: str) -> None:
    """Neither an interpreter nor a start-up file nor a module: each would leave a mark."""
    mark = sandbox.work / "executed"
    folder = sandbox.work / "trap"
    environment = made(interpreter, folder)
    line = f"import os; open({str(mark)!r}, 'w').close()\n".encode()
    for name in ("sitecustomize.py", "trap.pth", "certifi.py", f"{MODULE}.py"):
        write(environment.site_packages / name, line)
    write(environment.site_packages / f"{MODULE}.pth", line)
    for distribution in (NAME.replace("-", "_"), "certifi", "wrapt"):
        write(environment.site_packages / f"{distribution}-9.dist-info" / "METADATA", b"")
    kernel = json.dumps({"argv": [str(environment.python)]}).encode()
    write(sandbox.home / ".local/share/jupyter/kernels/trap/kernel.json", kernel)
    trap = sandbox.home / "bin"
    for name in ("python3", "poetry", "gcloud", "az"):
        script(trap / name, "", Path("/bin/sh")).write_text(f"#!/bin/sh\ntouch {mark}\n")
    env = {"PATH": f"{trap}{os.pathsep}{folder / 'bin'}{os.pathsep}{os.defpath}"}
    assert os.path.realpath(folder) in environments(sandbox, env)
    assert sandbox.run(*COMMAND, "doctor", env=env).returncode == 0
    assert not mark.exists()
    subprocess.run([str(environment.python), "-c", "pass"], check=True)
    assert mark.exists()
    mark.unlink()
    subprocess.run([str(trap / "az")], check=True)
    assert mark.exists()


@posix
def test_it_is_bounded(sandbox: Sandbox, interpreter: str) -> None:
    """A loop of links, a FIFO, rubbish, and a tree that is too deep to be looked through."""
    made(interpreter, sandbox.work / "near")
    deep = sandbox.work.joinpath(*"abcdefghij")
    made(interpreter, deep)
    (sandbox.work / "a" / "loop").symlink_to(sandbox.work)
    for name, content in (("pyvenv.cfg", b"\xff\0=\n" * 50_000), ("bin/python", b"#!" * 50_000)):
        write(sandbox.work / "rubbish" / name, content)
    os.mkfifo(sandbox.work / "rubbish" / "bin" / "python3")
    (sandbox.work / "fifo").mkdir()
    os.mkfifo(sandbox.work / "fifo" / "pyvenv.cfg")
    for name, kernel in (("list", b"[]"), ("argv", b'{"argv": [7]}'), ("cut", b'{"argv"')):
        write(sandbox.home / ".local/share/jupyter/kernels" / name / "kernel.json", kernel)
    os.mkfifo(sandbox.home / ".local/share/jupyter/kernels/cut/other")
    found = environments(sandbox)
    assert os.path.realpath(sandbox.work / "near") in found
    assert os.path.realpath(deep) not in found
    done = sandbox.run(*COMMAND, "environments")
    assert "not every folder below" in done.stdout
    assert json.loads(sandbox.run(*COMMAND, "environments", "--json").stdout)["complete"] is False


@posix
def test_a_name_that_acts_on_a_terminal(sandbox: Sandbox, interpreter: str) -> None:
    """It is escaped wherever it is shown."""
    made(interpreter, sandbox.work / "a\n\x1b[31mb")
    done = sandbox.run(*COMMAND, "environments")
    assert "\x1b" not in done.stdout and r"\x1b[31mb" in done.stdout


# --python


def test_another_environment_answers_for_itself(sandbox: Sandbox, plain: Environment) -> None:
    """status and doctor of it, as it would answer: also the header, and the exit status."""
    other = Sandbox(sandbox.work, plain)
    path = str(sandbox.environment.python)
    packages = {"PYTHONPATH": str(sandbox.environment.site_packages)}
    for command in ("status", "doctor"):
        status, text, data = elsewhere(other, command, "--python", path, **packages)
        assert status == 0, text
        assert data["here"]["environment"] == str(sandbox.environment.folder)
        assert str(sandbox.environment.folder) in text
    env = {**packages, "PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"}
    status, text, data = elsewhere(other, "status", f"--python={path}", **env)
    assert (status, f"{os.path.join('no', 'such.pem')}: the file" in text) == (1, True)
    assert len(data["problems"]) == 1
    options = ("--python", path, "--verbose")
    assert "only there" in other.run(*COMMAND, *options, env=packages).stdout


@posix
def test_a_host_is_asked_from_there(sandbox: Sandbox, fresh: Sandbox, url: str) -> None:
    """With what is trusted there: the same host, refused or trusted."""
    path = str(fresh.environment.folder)
    status, text, data = elsewhere(sandbox, "doctor", url, "--python", path)
    assert (status, data["healthy"]) == (1, False)
    assert "its issuer is not trusted here" in text
    assert data["here"]["environment"] == str(fresh.environment.folder)


def test_an_environment_without_this_package(sandbox: Sandbox, plain: Environment) -> None:
    """It is said, with the command that installs it there; nothing of it is run."""
    for command in ("status", "doctor"):
        status, text, data = elsewhere(sandbox, command, "--python", str(plain.folder))
        assert status == 1
        assert "problem   this package is not installed there" in text
        assert f"pip --python {plain.python} install" in text.replace('"', "")
        assert (data["command"], data["active"], data["healthy"]) == (command, False, False)
        assert [each["level"] for each in data["findings"]] == ["problem"]


@posix
@pytest.mark.parametrize(
    ("options", "level", "remedy"),
    [
        (" -E", "note", "`certifi-system-store-wrapper add FILE` reaches it"),
        (" -I", "note", "site-packages/certifi_system"),
        (" -sE", "note", "`certifi-system-store-wrapper add FILE` reaches it"),
        (" -S", "problem", "take -S out"),
    ],
)
def test_the_programs_that_start_with_an_option(
    fresh: Sandbox, sandbox: Sandbox, options: str, level: str, remedy: str
) -> None:
    """Each is named, with what does not reach it, and what does."""
    folder = fresh.environment.folder / "bin"
    script(folder / "tool", options, fresh.environment.python)
    long = f"#!/bin/sh\n'''exec' {fresh.environment.python}{options} \"$0\" \"$@\"\n' '''\n"
    write(folder / "other", long.encode())
    script(folder / "innocent", "", fresh.environment.python)
    status, text, data = elsewhere(sandbox, "doctor", "--python", str(folder / "tool"))
    found = [each for each in data["findings"] if each["check"] == "scripts"]
    assert [each["level"] for each in found] == [level]
    assert "runs other, tool: it " in found[0]["message"] and remedy in found[0]["remedy"]
    assert "innocent" not in found[0]["message"]
    assert text.count(found[0]["message"]) == 1
    own = fresh.run(*COMMAND, "doctor")
    assert (own.returncode, found[0]["message"] in own.stdout) == (status, True)
    assert (status, data["healthy"]) == (int(level == "problem"), level != "problem")


@posix
def test_what_is_said_of_an_option_is_so(fresh: Sandbox, ca_file: Path) -> None:
    """A variable does not reach a program that starts with -E, a CA that was added does."""
    code = "import certifi; print(open(certifi.where()).read())\n"
    tool = script(fresh.environment.folder / "bin" / "tool", " -E", fresh.environment.python)
    tool.write_text(tool.read_text(encoding="utf-8") + code, encoding="utf-8")
    env = fresh.variables({"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert ca_file.read_text() not in subprocess.check_output([str(tool)], env=env, text=True)
    assert fresh.run(*COMMAND, "add", str(ca_file)).returncode == 0
    assert ca_file.read_text() in subprocess.check_output([str(tool)], env=env, text=True)


@posix
@pytest.mark.parametrize("path", ["/no/such/python", ".", "/bin/sh", "rubbish", ""])
def test_what_is_no_python(sandbox: Sandbox, path: str) -> None:
    """One line on stderr, with what to name, and status 1."""
    write(sandbox.work / "rubbish", b"\0")
    for command in ("status", "doctor"):
        done = sandbox.run(*COMMAND, command, "--python", path)
        (line,) = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (1, "")
        assert "name an interpreter" in line


@posix
def test_a_python_that_fails(sandbox: Sandbox, fresh: Sandbox) -> None:
    """What it said last is told; no JSON is made of it."""
    folder = sandbox.work / "broken"
    shutil.copytree(fresh.environment.folder, folder, symlinks=True)
    for each in (folder / "bin").glob("python*"):
        each.unlink()
    script(folder / "bin" / "python", "", Path("/bin/sh")).write_text(
        "#!/bin/sh\necho no such library >&2; exit 127\n"
    )
    for options in ([], ["--json"]):
        done = sandbox.run(*COMMAND, "doctor", "--python", str(folder), *options)
        (line,) = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (1, "")
        assert "no such library" in line


def test_a_module_of_the_working_directory_is_not_imported_there(sandbox: Sandbox) -> None:
    """What lies beside the person does not answer in the name of the environment.

    Nor does the encoding that a pipe has there: what is told, is told whole.
    """
    for module in ("json", "runpy", "pkgutil", "functools", "contextlib", "types"):
        write(sandbox.work / f"{module}.py", b"raise RuntimeError('mine')\n")
    code = f"""
        import os, sys
        sys.path[:] = [each for each in sys.path if each]
        os.environ.update(PYTHONIOENCODING="cp1252", PYTHON_CERTIFI_CERT_FILES="/n\xf6/ca.pem")
        from certifi_system_store_wrapper.commands import elsewhere
        python = {str(sandbox.environment.python)!r}
        print(ascii(elsewhere.report(python, "status", [], as_json=False).lines))
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert "n\\xf6" in done.stdout and "the file does not exist" in done.stdout


def test_pip_can_be_asked_for_another_environment() -> None:
    """The option that the printed command has is one of the pip that tests use."""
    assert "--python" in run_here("pip", "--help")
