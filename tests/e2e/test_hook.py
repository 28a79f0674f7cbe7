"""Whoever asks certifi, however it was imported and whenever: the bundle answers."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from support import Sandbox

# Without our start-up file: certifi is there first.
LATE = """
    import sys
    import certifi, certifi.core
    from certifi import where as bound, contents as bound_contents
    own = bound()
    import requests
    class Holder:
        ca = staticmethod(certifi.where)
    import certifi_system_store_wrapper as ours
"""


def test_all_ways_agree(sandbox: Sandbox) -> None:
    """certifi, certifi.core, our own functions and what was bound by name."""
    code = """
        import certifi, certifi.core, certifi_system_store_wrapper as ours
        from certifi import contents, where
        path = where()
        assert {certifi.where(), certifi.core.where(), ours.where()} == {path}
        texts = {contents(), certifi.contents(), certifi.core.contents(), ours.contents()}
        assert texts == {open(path, encoding="ascii").read()}
        assert "certifi-system-store-wrapper-" in path
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_functions_look_like_certifis_own(sandbox: Sandbox) -> None:
    """Name, module, doc and signature stay, and they pickle and copy by reference."""
    code = """
        import certifi, copy, inspect, pickle
        for function in (certifi.where, certifi.contents):
            own = function.__wrapped__
            for name in ("__name__", "__qualname__", "__module__", "__doc__"):
                assert getattr(function, name) == getattr(own, name)
            assert inspect.signature(function) == inspect.signature(own)
            assert pickle.loads(pickle.dumps(function)) is function
            assert copy.deepcopy(function) is function
        assert type(certifi.__spec__.loader).__module__ == type(inspect.__spec__.loader).__module__
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "again",
    [
        "importlib.reload(certifi)",
        "importlib.reload(certifi.core); importlib.reload(certifi)",
        "del sys.modules['certifi'], sys.modules['certifi.core']; import certifi",
        "importlib.util.find_spec('certifi'); importlib.reload(certifi)",
    ],
)
def test_a_reload_keeps_the_hook(sandbox: Sandbox, again: str) -> None:
    """The same path answers after certifi was loaded again."""
    code = f"""
        import certifi, certifi.core, importlib, importlib.util, sys
        path = certifi.where()
        {again}
        import certifi.core
        assert certifi.where() == certifi.core.where() == path
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_another_certifi_is_found_where_it_lies(sandbox: Sandbox) -> None:
    """By who names its folder, as pytest does, before and after the import; and by a reload."""
    code = """
        import importlib.machinery, os, shutil, sys
        own = importlib.machinery.PathFinder.find_spec("certifi").origin
        folder = os.path.abspath("elsewhere")
        there = os.path.join(folder, "certifi", "__init__.py")
        shutil.copytree(os.path.dirname(own), os.path.dirname(there))
        def found():
            specs = [finder.find_spec("certifi", [folder]) for finder in sys.meta_path]
            return [spec.origin for spec in specs if spec][0]
        assert found() == there
        import certifi, certifi.core
        path = certifi.where()
        assert certifi.__file__ == own and found() == there
        sys.path.insert(0, folder)
        importlib.reload(certifi)
        assert certifi.__file__ == there
        assert certifi.where() == certifi.core.where() == path != certifi.where.__wrapped__()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_late_activation_reaches_what_was_bound(sandbox: Sandbox, ca_file: Path) -> None:
    """Names bound elsewhere, and what requests stored at import, answer from the bundle."""
    code = (
        LATE
        + """
    ours.activate()
    path = ours.where()
    assert path != own
    assert {bound(), certifi.where(), certifi.core.where(), requests.certs.where()} == {path}
    assert requests.utils.DEFAULT_CA_BUNDLE_PATH == path
    assert requests.adapters.DEFAULT_CA_BUNDLE_PATH == path
    assert bound_contents() == open(path).read()
    """
    )
    packages = str(sandbox.environment.site_packages)
    done = sandbox.run_code(code, "-S", env={"PYTHONPATH": packages})
    assert (done.returncode, done.stderr) == (0, "")


def test_deactivate_gives_everything_back(sandbox: Sandbox) -> None:
    """certifi's own functions are back, also where they were bound; the path stays good."""
    code = """
        import certifi, certifi.core, certifi_system_store_wrapper as ours, os, sys
        from certifi import where
        path = where()
        ours.deactivate()
        own = os.path.join(os.path.dirname(certifi.__file__), "cacert.pem")
        assert {where(), certifi.where(), certifi.core.where()} == {own}
        assert certifi.contents() == open(own, encoding="ascii").read()
        assert where.__module__ == "certifi.core" and not hasattr(where, "__wrapped__")
        assert os.path.exists(path)
        ours.activate()
        assert {where(), certifi.where(), certifi.core.where()} == {path}
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_imported_after_deactivate(sandbox: Sandbox) -> None:
    """It is plain, though its spec was asked for before; activate() patches it."""
    code = """
        import importlib.util, certifi_system_store_wrapper as ours, sys
        mark = "__certifi_system_store_wrapper__"
        importlib.util.find_spec("certifi")
        sys.meta_path = tuple(sys.meta_path)
        ours.deactivate()
        import certifi
        assert not hasattr(certifi.where, mark)
        ours.activate()
        assert hasattr(certifi.where, mark)
        ours.deactivate()
        assert not hasattr(certifi.where, mark)
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_no_module_holds_is_off_after_deactivate(sandbox: Sandbox) -> None:
    """Such as an attribute of a class, a partial, and what the application has wrapped around."""
    code = """
        import certifi, certifi.core, certifi_system_store_wrapper as ours, functools
        from certifi_system_store_wrapper.activation import hook
        from certifi import where
        class Holder:
            where = staticmethod(certifi.where)
        partial = functools.partial(certifi.where)
        wrapped = functools.wraps(certifi.where)(lambda _where=certifi.where: _where())
        certifi.where = wrapped
        path = ours.where()
        def answers():
            return {Holder.where(), partial(), where(), certifi.where(), certifi.core.where()}
        assert answers() == {path} and hook.is_active()
        ours.deactivate()
        assert certifi.where is wrapped and not hook.is_active()
        (own,) = answers()
        assert own != path
        ours.activate()
        assert certifi.where is wrapped and answers() == {path} and hook.is_active()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


# Another thread is in the middle of importing certifi when activate() is called.
BESIDE_AN_IMPORT = """
import certifi_system_store_wrapper as ours, sys, threading
ours.deactivate()
begun, go, failures = threading.Event(), threading.Event(), []
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "certifi.core":
            begun.set()
            assert go.wait(30)
            if FAILS:
                raise ImportError("not now")
def import_it():
    try:
        import certifi
    except ImportError as error:
        failures.append(str(error))
sys.meta_path = [Finder, *sys.meta_path]
thread = threading.Thread(target=import_it)
thread.start()
begun.wait()
threading.Timer(0.3, go.set).start()
ours.activate()
thread.join()
sys.meta_path = [each for each in sys.meta_path if each is not Finder]
if FAILS:
    assert "certifi" not in sys.modules
import certifi
assert failures == ["not now"] * FAILS
assert hasattr(certifi.where, "__certifi_system_store_wrapper__")
assert certifi.where() == certifi.core.where() == ours.where()
"""


@pytest.mark.parametrize("fails", [False, True])
def test_activate_beside_an_import_that_began_before(sandbox: Sandbox, *, fails: bool) -> None:
    """It waits for that one; if it fails, that thread says so, and the next one is patched."""
    done = sandbox.run_code(f"FAILS = {fails}" + BESIDE_AN_IMPORT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "anew",
    [
        "del sys.modules['certifi']",
        # As test runners do, between two tests.
        """for name in [each for each in sys.modules if "certifi_system_store" in each]:
            del sys.modules[name]
        sys.meta_path = [each for each in sys.meta_path if "certifi_system" not in each.__module__]
        """,
    ],
)
def test_what_an_earlier_patch_has_left(sandbox: Sandbox, anew: str) -> None:
    """The new one takes its place, and can be undone."""
    code = f"""
        import certifi, sys
        certifi.where()
        {anew}
        import certifi, certifi.core, certifi_system_store_wrapper as ours
        core = sys.modules["certifi.core"]
        ours.activate()
        from certifi_system_store_wrapper.activation import hook
        assert hook.is_active()
        assert certifi.where() == core.where() == ours.where()
        ours.deactivate()
        assert not hook.is_active()
        for where in (certifi.where, core.where):
            assert not hasattr(where, "__certifi_system_store_wrapper__")
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("off", ["ours.deactivate()", "os.environ['PYTHON_CERTIFI_DISABLE'] = '1'"])
def test_who_is_off_changes_nothing_of_requests(sandbox: Sandbox, off: str) -> None:
    """Our own functions answer all the same, from certifi's list first and the bundle then."""
    code = f"""
        import certifi_system_store_wrapper as ours, os
        {off}
        import certifi, requests
        os.environ["PYTHON_CERTIFI_SOURCES"] = "nothing"
        assert ours.where() == certifi.where()
        del os.environ["PYTHON_CERTIFI_SOURCES"]
        assert ours.refresh() != certifi.where() == requests.utils.DEFAULT_CA_BUNDLE_PATH
    """
    done = sandbox.run_code(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("has_own", [True, False])
def test_the_context_that_requests_has_preloaded(sandbox: Sandbox, *, has_own: bool) -> None:
    """It gets the bundle, as in requests 2.32.0 to 2.32.4, where it has certifi's list."""
    code = f"""
    class Context:
        loaded = []
        load_verify_locations = loaded.append
    requests.adapters._preloaded_ssl_context = Context
    if not {has_own}:
        requests.utils.DEFAULT_CA_BUNDLE_PATH = "corporate.pem"
        requests.adapters.DEFAULT_CA_BUNDLE_PATH = "corporate.pem"
    ours.activate()
    expected = ours.where() if {has_own} else "corporate.pem"
    assert requests.utils.DEFAULT_CA_BUNDLE_PATH == expected
    assert requests.adapters.DEFAULT_CA_BUNDLE_PATH == expected
    assert Context.loaded == [expected] * {has_own}
    """
    packages = str(sandbox.environment.site_packages)
    done = sandbox.run_code(LATE + code, "-S", env={"PYTHONPATH": packages})
    assert (done.returncode, done.stderr) == (0, "")


def test_refresh_collects_again(sandbox: Sandbox, ca_file: Path, private_der: bytes) -> None:
    """New calls get the new bundle, and the old path stays good until exit."""
    code = """
        import certifi, certifi_system_store_wrapper as ours, os, ssl, sys
        def trusted(path):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(path)
            return bytes.fromhex(sys.argv[2]) in context.get_ca_certs(binary_form=True)
        old = certifi.where()
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = sys.argv[1]
        assert certifi.where() == old and not trusted(old)
        new = ours.refresh()
        assert certifi.where() == new != old
        assert trusted(new) and not trusted(old)
    """
    done = sandbox.run("-c", textwrap.dedent(code), str(ca_file), private_der.hex())
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left


def test_build_is_pure(sandbox: Sandbox, ca_file: Path) -> None:
    """It tells what would be there, with provenance, and publishes nothing."""
    code = """
        import certifi_system_store_wrapper as ours, os, tempfile
        bundle = ours.build()
        origins = {origin.source for anchor in bundle.anchors for origin in anchor.origins}
        assert {"certifi", "user"} <= origins
        assert len({anchor.der for anchor in bundle.anchors}) == len(bundle.anchors)
        assert not os.listdir(tempfile.gettempdir())
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (done.returncode, done.stderr) == (0, "")


def test_build_takes_settings_alone(sandbox: Sandbox) -> None:
    """Not even what is false counts as none."""
    code = """
        import certifi_system_store_wrapper
        for wrong in (1, {}, "user"):
            try:
                certifi_system_store_wrapper.build(wrong)
            except TypeError as error:
                print(error)
    """
    done = sandbox.run_code(code)
    assert done.stdout.count("settings must be Settings or None, not") == 3, done


def test_contents_while_others_refresh(sandbox: Sandbox) -> None:
    """Another thread takes the bundle away before any one step, and the text is whole."""
    code = """
        import sys, certifi
        from certifi_system_store_wrapper.activation import hook
        answer, whole, steps = hook.current(), certifi.contents(), []
        def refreshed_before(number):
            def trace(frame, event, arg):
                if frame.f_code is not type(answer).contents.__code__:
                    return None
                frame.f_trace_opcodes = True
                steps.append(event)
                if len(steps) == number:
                    answer._published = None
                return trace
            steps.clear()
            sys.settrace(trace)
            try:
                return certifi.contents()
            finally:
                sys.settrace(None)
        number = 0
        while number <= len(steps):
            number += 1
            assert refreshed_before(number) == whole
        print(number > 9)
    """
    done = sandbox.run_code(code)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_disabled_is_out_of_the_way(sandbox: Sandbox) -> None:
    """With the switch certifi's own file answers, and wrapt is not even imported."""
    code = """
        import certifi, sys
        assert certifi.where().endswith("cacert.pem") and "wrapt" not in sys.modules
        assert "certifi-system-store-wrapper-" not in certifi.where()
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_DISABLE": "1"})
    assert (done.returncode, done.stderr) == (0, "")


def test_without_wrapt_certifi_is_left_alone(fresh: Sandbox) -> None:
    """One WARNING that says what to do, and certifi's own answer."""
    packages = fresh.environment.site_packages
    (packages / "wrapt").rename(packages / "no-wrapt")
    code = """
        import importlib.util
        importlib.util.find_spec("certifi")
        import certifi
        print(certifi.where())
    """
    done = fresh.run_code(code)
    assert Path(done.stdout.strip()) == packages / "certifi" / "cacert.pem"
    assert len(done.stderr.splitlines()) == 1
    assert "wrapt" in done.stderr


def test_sitecustomize_may_come_first(fresh: Sandbox) -> None:
    """A certifi that sitecustomize imports, or a finder that it puts first, changes nothing."""
    code = """
        import sys
        sys.meta_path.insert(0, type("Finder", (), {"find_spec": lambda *arguments: None})())
        from certifi import where
    """
    (fresh.work / "sitecustomize.py").write_text(textwrap.dedent(code))
    variables = {"PYTHONPATH": str(fresh.work)}  # before the one that some Debian Pythons have
    done = fresh.run_code("import sitecustomize; print(sitecustomize.where())", env=variables)
    assert "certifi-system-store-wrapper-" in done.stdout
    assert done.stderr == ""


@pytest.mark.posix("a folder in use cannot be removed there")
def test_in_a_working_directory_that_is_gone(sandbox: Sandbox) -> None:
    """Python finds nothing there, and certifi answers from the bundle all the same."""
    gone = sandbox.work / "gone"
    code = "import certifi; print(certifi.where())"
    prefix = ("sh", "-c", f'mkdir -p "{gone}"; cd "{gone}"; rmdir "{gone}"; exec "$@"', "sh")
    plain = {"PYTHON_CERTIFI_DISABLE": "1"}
    if sandbox.run("-c", "import http.client, wrapt", prefix=prefix, env=plain).returncode:
        pytest.skip("this Python itself imports nothing there (3.13.0)")
    done = sandbox.run("-c", code, prefix=prefix)
    assert (done.returncode, done.stderr) == (0, "")
    assert "certifi-system-store-wrapper-" in done.stdout
