"""What is printed, where, and how often."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from support import Sandbox, write

WHERE = "import certifi; certifi.where()"
NAME = "certifi_system_store_wrapper"
posix = pytest.mark.posix("there are no such files")


def test_nothing_is_printed_when_all_is_well(sandbox: Sandbox, ca_file: Path) -> None:
    """A CA that works is no news."""
    done = sandbox.run_code(WHERE, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "configure",
    [
        "",
        "import logging; logging.basicConfig()",
        "import logging; logging.basicConfig(level=logging.DEBUG, format='X %(message)s')",
        (
            "import logging.config; logging.config.dictConfig({'version': 1, 'handlers': {'h': "
            "{'class': 'logging.StreamHandler'}}, 'root': {'handlers': ['h']}})"
        ),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_warning_is_printed_once(sandbox: Sandbox, configure: str, when: str) -> None:
    """Whoever configures logging, and whenever: one record is one line."""
    lines = [configure, "import certifi"] if when == "before" else ["import certifi", configure]
    code = "\n".join([*lines, "certifi.where()"])
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"})
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("such.pem") == 1, done.stderr


def test_the_level_is_followed(sandbox: Sandbox) -> None:
    """DEBUG tells of the bundle, ERROR keeps a warning to itself."""
    loud = sandbox.run_code(WHERE, env={"PYTHON_CERTIFI_LOG_LEVEL": "debug"})
    assert "DEBUG: the bundle has" in loud.stderr
    quiet = {"PYTHON_CERTIFI_LOG_LEVEL": "ERROR", "PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"}
    assert sandbox.run_code(WHERE, env=quiet).stderr == ""


def test_the_file_has_its_own_level(sandbox: Sandbox) -> None:
    """A log file gets everything, or what its level says, and stderr no more than before."""
    file = sandbox.work / "certifi.log"
    named = {"PYTHON_CERTIFI_LOG_FILE": str(file)}
    code = f"import logging; logging.basicConfig(level=logging.INFO); {WHERE}"
    assert sandbox.run_code(code, env=named).stderr == ""
    assert "DEBUG: the bundle has" in file.read_text(encoding="utf-8")
    file.unlink()
    more = {"PYTHON_CERTIFI_LOG_FILE_LEVEL": "warning", "PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"}
    done = sandbox.run_code(WHERE, env={**named, **more})
    assert done.stderr.count("such.pem") == 1
    assert file.read_text(encoding="utf-8").count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PYTHON_CERTIFI_LOG_LEVEL", "LOUD"),
        ("PYTHON_CERTIFI_LOG_FILE_LEVEL", "LOUD"),
        ("PYTHON_CERTIFI_LOG_FILE", "/no/such/folder/x.log"),
        ("PYTHON_CERTIFI_LOG_FILE", "/"),
        ("PYTHON_CERTIFI_SOURCES", "certify"),
        ("PYTHON_CERTIFI_HANDLE_SIGTERM", "perhaps"),
    ],
)
def test_a_bad_variable_is_one_warning(sandbox: Sandbox, variable: str, value: str) -> None:
    """It is named, and certifi answers all the same."""
    done = sandbox.run_code(
        "import certifi, os; assert os.path.exists(certifi.where())", env={variable: value}
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert [variable in line for line in done.stderr.splitlines()].count(True) == 1, done.stderr


def test_variables_that_are_set_after_the_import(sandbox: Sandbox) -> None:
    """They count at the first where(), those for logs, too; a bad one is one warning."""
    code = """
        import certifi, os
        os.environ["PYTHON_CERTIFI_SOURCES"] = "certifi,sytem"
        os.environ["PYTHON_CERTIFI_LOG_FILE"] = "certifi.log"
        certifi.where()
        import certifi_system_store_wrapper as ours
        ours.refresh()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr.count("sytem"), done.stderr.count("\n")) == (0, 1, 1)
    log = (sandbox.work / "certifi.log").read_text(encoding="utf-8")
    assert (log.count("sytem"), "DEBUG: the bundle has" in log) == (1, True)


@pytest.mark.parametrize("closing", ["os.closerange(3, 256)", ""], ids=["daemon", "no daemon"])
def test_a_log_file_is_never_another_file(sandbox: Sandbox, closing: str) -> None:
    """A daemon closes all descriptors and opens others: our lines go on in our file alone."""
    code = f"""
        import certifi, os
        {closing}
        files = [os.open(str(n), os.O_RDWR | os.O_CREAT) for n in range(20)]
        certifi.where()
        assert not any(map(os.path.getsize, map(str, range(20))))
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_LOG_FILE": "certifi.log"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "DEBUG: certifi.where()" in (sandbox.work / "certifi.log").read_text(encoding="utf-8")


def test_control_characters_are_escaped(sandbox: Sandbox) -> None:
    """A path cannot write a line of its own into the log, nor move the cursor."""
    done = sandbox.run_code(WHERE, env={"PYTHON_CERTIFI_CERT_FILES": "/no/\n\x1b[2Jsuch.pem"})
    assert done.stderr.count("\n") == 1
    assert "\\n\\x1b[2Jsuch.pem" in done.stderr


def test_a_start_without_stderr_works(sandbox: Sandbox) -> None:
    """As under pythonw, or with the stream closed: a warning has nobody to reach."""
    code = """
        import sys
        sys.stderr = None
        import certifi
        print(certifi.where())
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "certifi-system-store-wrapper-" in done.stdout


BROKEN = {
    "closed": "os.close(2)",
    "a pipe that nobody reads": "r, w = os.pipe(); os.close(r); os.dup2(w, 2)",
    "full": "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)",
}


@pytest.mark.linux("there is no such device")
@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_a_broken_stderr_does_not_change_the_exit_status(sandbox: Sandbox, breaking: str) -> None:
    """What cannot be written must not wait in the buffer until Python flushes it at exit."""
    code = f"import os; {breaking}; import certifi; certifi.where()"
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stderr_that_cannot_encode_a_path_has_it_escaped(sandbox: Sandbox) -> None:
    """The WARNING is there, in ASCII, and the program goes on."""
    code = f"""
        import io, sys
        sys.stderr = io.TextIOWrapper(sys.stderr.buffer, "ascii", "strict", write_through=True)
        {WHERE}
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": "/no/s\u00fcch.pem"})
    assert done.stderr.count("WARNING") == 1
    assert done.stderr.isascii()


@pytest.mark.parametrize("asked", ["LEVEL", "FILE"])
def test_a_variable_counts_more_than_disable_existing_loggers(sandbox: Sandbox, asked: str) -> None:
    """The default of dictConfig, after certifi was imported: it would silence us from then on."""
    code = """
        import certifi, logging.config
        handlers = {"h": {"class": "logging.StreamHandler"}}
        logging.config.dictConfig({"version": 1, "handlers": handlers, "root": {"handlers": ["h"]}})
        certifi.where()
    """
    value = {"LEVEL": "WARNING", "FILE": str(sandbox.work / "x.log")}[asked]
    named = {"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem", f"PYTHON_CERTIFI_LOG_{asked}": value}
    done = sandbox.run_code(code, env=named)
    assert done.stderr.count("such.pem") == 1


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives a link to another user"
)
@pytest.mark.parametrize("owner", [0, 1000])
def test_no_link_of_another_user_leads_to_the_log(sandbox: Sandbox, owner: int) -> None:
    """In a shared folder it would have root write into any file; one's own link is followed."""
    precious, link = write(sandbox.work / "precious", b"mine"), sandbox.tmp / "certifi.log"
    link.symlink_to(precious)
    os.chown(link, owner, owner, follow_symlinks=False)
    env = {"PYTHON_CERTIFI_LOG_FILE": str(link)}
    done = sandbox.run_code(WHERE, env=env)
    if owner:
        assert precious.read_bytes() == b"mine"
        (line,) = done.stderr.splitlines()
        assert f"{link}, and user {owner} owns it" in line
        assert f"user {owner} owns it" in sandbox.run("-m", NAME, "doctor", env=env).stdout
    else:
        assert done.stderr == ""
        assert precious.read_bytes().startswith(b"mine") and len(precious.read_bytes()) > 4


@posix
@pytest.mark.posix("no flag of open() says that there")
def test_a_link_that_comes_after_the_check_is_not_followed(sandbox: Sandbox) -> None:
    """Somebody else makes it in that moment: the file that it leads to stays as it is."""
    log = write(sandbox.work / "root's own", b"as it was").with_name("log")
    code = f"""
    import os
    from certifi_system_store_wrapper.machine import ownership
    checks = ownership.Check.followed

    def followed(self, path):
        checked = checks(self, path)
        os.symlink("root's own", {str(log)!r})
        return checked

    ownership.Check.followed = followed
    import certifi
    certifi.where()
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_LOG_FILE": str(log)})
    assert (done.returncode, done.stderr.count("cannot be written")) == (0, 1), done
    assert log.read_bytes() == b"as it was"


@pytest.mark.posix("there is no such file")
def test_dev_stderr_is_a_log_file(sandbox: Sandbox) -> None:
    """In a container that is a pipe."""
    done = sandbox.run_code(WHERE, env={"PYTHON_CERTIFI_LOG_FILE": "/dev/stderr"})
    assert (done.returncode, done.stdout) == (0, "")
    assert "DEBUG: the bundle has" in done.stderr
    assert "cannot be written" not in done.stderr


@posix
def test_a_fifo_that_nobody_reads_is_one_warning(sandbox: Sandbox) -> None:
    """Opening it would wait for ever."""
    fifo = sandbox.work / "fifo"
    os.mkfifo(fifo)
    done = sandbox.run_code(WHERE, env={"PYTHON_CERTIFI_LOG_FILE": str(fifo)})
    (line,) = done.stderr.splitlines()
    assert "PYTHON_CERTIFI_LOG_FILE" in line


@posix
def test_a_fifo_whose_reader_sleeps_holds_nothing_up(sandbox: Sandbox) -> None:
    """It is full: what would have to wait is not said."""
    code = """
        import os, sys
        reader, writer = (os.open(sys.argv[1], how | os.O_NONBLOCK) for how in (0, os.O_WRONLY))
        try:
            while True: os.write(writer, bytes(4096))
        except BlockingIOError:
            pass
        import certifi
        assert os.path.getsize(certifi.where()) > 1000
    """
    fifo = str(sandbox.work / "fifo")
    os.mkfifo(fifo)
    named = {"PYTHON_CERTIFI_LOG_FILE": fifo}
    done = sandbox.run("-X", "dev", "-c", textwrap.dedent(code), fifo, env=named)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.linux("there is no such device")
def test_a_full_disk_ends_the_log_file_without_a_word(sandbox: Sandbox) -> None:
    """Not even a ResourceWarning."""
    variables = {"PYTHON_CERTIFI_LOG_FILE": "/dev/full"}
    code = "import certifi; certifi.where()"
    done = sandbox.run("-X", "dev", "-c", code, env=variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_handler_may_ask_for_the_bundle_while_it_is_told_of_a_bad_variable(
    sandbox: Sandbox,
) -> None:
    """As one that sends its records by HTTPS: the application's own import must not see that."""
    code = """
        import logging
        class Handler(logging.Handler):
            def emit(self, record):
                import certifi
                print(record.getMessage()[:24], certifi.where() == certifi.where())
        logging.getLogger().addHandler(Handler())
        import certifi
        certifi.where()
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_LOG_LEVEL": "LOUD"})
    assert (done.stdout, done.stderr) == ("PYTHON_CERTIFI_LOG_LEVEL True\n", "")


@pytest.mark.parametrize("line", range(1, 8))
@pytest.mark.parametrize("function", ["log.tell", "log_handlers.logger"])
def test_another_thread_tells_of_a_variable(sandbox: Sandbox, function: str, line: int) -> None:
    """Whichever step it comes before: each is told once, and nothing escapes from where()."""
    code = f"""
        import sys, threading, certifi
        from certifi_system_store_wrapper import reporting as log
        from certifi_system_store_wrapper.reporting import log_handlers
        lines = []

        def trace(frame, event, argument):
            if frame.f_code is {function}.__code__ and event == "line":
                lines.append(frame.f_lineno)
                if len(lines) == {line}:
                    other = threading.Thread(target=log.tell)
                    other.start()
                    other.join()
            return trace

        sys.settrace(trace)
        certifi.where()
        assert lines
        """
    bad = {"PYTHON_CERTIFI_HANDLE_SIGTERM": "perhaps", "PYTHON_CERTIFI_DISABLE": "seldom"}
    done = sandbox.run_code(textwrap.dedent(code), env=bad)
    told = [done.stderr.count(word) for word in ("perhaps", "seldom")]
    assert (done.returncode, told) == (0, [1, 1]), done.stderr


def test_two_copies_of_certifi_warn_once(sandbox: Sandbox) -> None:
    """The environment's own and pip's answer from the same sources."""
    code = """
        import certifi, certifi_system_store_wrapper.activation.patch as patch
        certifi.where()
        patch.Patch(certifi).answer.where()
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"})
    assert done.stderr.count("such.pem") == 1


@pytest.mark.parametrize("variable", ["PYTHON_CERTIFI_LOG_LEVEL", "PYTHON_CERTIFI_LOG_FILE"])
def test_a_logger_that_cannot_be_made(sandbox: Sandbox, ca_file: Path, variable: str) -> None:
    """Somebody's logger class raises: said once on stderr; the bundle still answers.

    From wrapt 2.2 on the hook cannot be had there, since wrapt imports asyncio, which logs.
    """
    code = """
        import logging
        class Logger(logging.Logger):
            def __init__(self, name, level=0):
                raise RuntimeError("no logger")
        logging.setLoggerClass(Logger)
        import certifi
        from importlib.metadata import version
        if tuple(map(int, version("wrapt").split(".")[:2])) < (2, 2):
            assert open(FILE).read() in certifi.contents()
        else:
            assert "certifi-system-store-wrapper" not in certifi.where()
            certifi.where()
    """
    env = {variable: "DEBUG", "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run_code(f"FILE = {str(ca_file)!r}\n{textwrap.dedent(code)}", env=env)
    assert done.returncode == 0, done.stderr
    assert "no logger" in done.stderr and done.stderr.count("\n") == 1


def test_a_warning_without_a_logger(sandbox: Sandbox) -> None:
    """Where a logger class raises once certifi is there, stderr has what is to be mended."""
    code = """
        import certifi, logging
        class Logger(logging.Logger):
            def __init__(self, name, level=0):
                raise RuntimeError("no logger")
        logging.setLoggerClass(Logger)
        certifi.where()
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"})
    assert (done.returncode, done.stderr.count("such.pem")) == (0, 1), done.stderr
