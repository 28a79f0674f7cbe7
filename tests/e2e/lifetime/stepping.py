"""A signal whose handler raises, at every line of ours: what comes out, and what is left behind.

One run is traced: import certifi, where(), contents(), a context of ssl, refresh(), deactivate()
and activate(), exit. At each
EVERYth line of ours, from the FIRST on, it forks, past Python (whose fork hooks would put right
what is to be tried), and the signal comes in the fork, which then goes its way as an application
does. With a second thread alive the signal is that one's, whatever main masks.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import signal
import sys
import time

EVERY, FIRST = int(sys.argv[1]), int(sys.argv[2])
WHAT, THREAD = sys.argv[3], sys.argv[4] == "thread"
HOME = os.environ["HOME"]
PLACE = f"{os.environ['TMPDIR']}/certifi-system-store-wrapper-{os.geteuid()}"
MESSAGE = "struck" + "!"
fork = ctypes.PyDLL(None).fork
seen, struck, exits = set(), "", False


class Stop(Exception):
    pass


RAISED = {"SIGINT": KeyboardInterrupt, "TimeoutError": TimeoutError}.get(WHAT, Stop)
SIGNAL = signal.SIGINT if WHAT == "SIGINT" else signal.SIGALRM


def stop(signum, frame):
    raise RAISED(MESSAGE)


signal.signal(SIGNAL, stop)
OTHERS = signal.valid_signals() - {signal.SIGTERM}
HANDLERS = [signal.getsignal(each) for each in OTHERS]


def other_thread(ready):
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    ready.append(True)
    time.sleep(60)


def strike():
    ready = []
    if THREAD and not (exits and sys.version_info[:2] == (3, 12)):  # it starts none while it ends
        _thread.start_new_thread(other_thread, (ready,))
        while not ready:
            time.sleep(0.001)
    os.kill(os.getpid(), SIGNAL)
    for _ in range(3):
        time.sleep(0.002 if THREAD else 0)


def folders():
    return set(os.listdir(PLACE)) if os.path.isdir(PLACE) else set()


def trace(frame, event, arg):
    global struck
    code = frame.f_code
    if "/certifi_system_store_wrapper/" not in code.co_filename:
        return None
    if "__class__" in code.co_cellvars and not code.co_flags & 2:
        return None  # Python < 3.12 would lose the name __class__ in such a class by tracing it
    place = os.path.basename(code.co_filename), frame.f_lineno, code.co_firstlineno
    if event != "line" or place in seen:
        return trace
    seen.add(place)
    if len(seen) % EVERY != FIRST:
        return trace
    before = folders()
    pid = fork()
    if pid:
        tell(place, os.waitpid(pid, 0)[1], folders() - before)
        return trace
    sys.settrace(None)
    os.dup2(os.open(HOME + "/said", os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 2)
    struck = place
    strike()
    return None


def tell(place, status, left):
    with open(HOME + "/said", encoding="utf-8") as file:
        said = file.read()
    good = not status and not left and said.count(MESSAGE) == exits
    with open(HOME + "/told", "a", encoding="utf-8") as file:
        file.write("good\n" if good else f"{place} {status} {left} {exits} {said[-500:]!r}\n")


def asked(call):
    try:
        call()
    except RAISED:
        return 1
    return 0


def application():
    came = asked(lambda: __import__("certifi")) + asked(lambda: __import__("certifi"))
    import certifi

    came += asked(certifi.where) + asked(certifi.contents) + asked(certifi.where)
    came += asked(lambda: __import__("ssl")) + asked(lambda: __import__("ssl"))
    import ssl

    came += asked(ssl.create_default_context) + asked(ssl.create_default_context)
    import certifi_system_store_wrapper as ours

    def refresh():
        ours.refresh()  # its first mention loads it

    came += asked(refresh) + asked(refresh)
    came += asked(certifi.where)
    came += asked(ours.deactivate) + asked(ours.deactivate)
    assert not hasattr(certifi.where, "__certifi_system_store_wrapper__"), "it is patched still"
    assert (
        "certifi_system_store_wrapper" not in ssl.SSLContext.load_default_certs.__code__.co_filename
    )
    came += asked(ours.activate) + asked(ours.activate)
    path, text = certifi.where(), certifi.contents()
    assert hasattr(certifi.where, "__certifi_system_store_wrapper__"), "certifi is plain"
    with open(path, encoding="ascii") as file:
        assert file.read() == text
    assert text.count("END CERTIFICATE") > 100
    assert certifi.where() == path
    assert len(ssl.create_default_context().get_ca_certs()) == text.count("END CERTIFICATE")
    assert "certifi-system-store-wrapper-" in path
    assert came == bool(struck), came
    assert [signal.getsignal(each) for each in OTHERS] == HANDLERS
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()), "signals stay blocked"
    # Half imported by wrapt, nobody could import it any more.
    __import__("asyncio")


sys.settrace(trace)
application()
exits = True
