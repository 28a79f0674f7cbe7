"""What some interpreters do otherwise, so that single tests say nothing there; each with its why.

Only for interpreters that do not run pytest themselves (``--interpreter``).
"""

from __future__ import annotations

import subprocess
from typing import Dict, Iterator, List, Tuple

import pytest

_IMPORTS = "it pins what is imported where certifi is the one of PyPI"
_FILE = "it looks at the cacert.pem that PyPI's certifi has, and Debian's has none"
_BARE = "Debian's certifi lies in no folder that is searched without site"
_EARLY = "the interpreter's own packages come after the start-up files of the environment"
_PIP = "Debian's pip is in each environment, and reads the settings of this machine"
_STORE = "Debian's certifi names the system's bundle, which this layout does not have"
_NO_CAPABILITY = "PyPy finds no environment by a capability (it asks access())"
_NO_DEV = "PyPy's os.urandom needs a /dev in that folder"
_NO_PYDLL = "it forks by ctypes.PyDLL, which PyPy has not"
_ONE_BY_ONE = "PyPy runs a handler that interrupts another one behind it, also without us"
_GONE = "PyPy itself does not start in a folder that is gone"
_SLOW = "PyPy, while it is traced, takes longer for this than a test may"
_NO_NAME = "PyPy's ssl shows no certificate without a name, so that botocore refuses it"
_NO_EVENT = "PyPy raises no audit event for what the os module makes and removes"
_ENCODINGS = "PyPy loads encodings.ascii for what CPython decodes by itself"
PYPY: Dict[str, str] = {
    "test_memory.py": "PyPy has no tracemalloc",
    "test_audit.py": "PyPy's audit events do not tell reading from writing",
    "test_clients_that_never_ask_certifi[a subclass]": "PyPy's ssl calls what it forbids",
    "test_interpreters_of_one_process_have_a_bundle_each": "PyPy has no subinterpreters",
    **{
        f"test_a_signal_at_any_line[{what}-{where}]": _NO_PYDLL
        for what in ("SIGINT", "TimeoutError", "Exception")
        for where in ("alone", "thread")
    },
    **{
        f"test_handlers_go_on_as_they_did[{what}]": _ONE_BY_ONE
        for what in (
            "one that interrupts another is caught by it",
            "one that comes at any line while another is on its way",
        )
    },
    **{
        f"test_every_command[a folder that is gone-{command}]": _GONE
        for command in (
            *("none", "status", "list", "export", "export -o", "shellenv", "completion", "add"),
            *("remove", "doctor", "environments", "doctor --require", "doctor HOST"),
        )
    },
    **{
        f"test_between_any_two_steps[{action}-publish]": _SLOW
        for action in ("neighbour", "fork", "cleaner", "SIGINT")
    },
    "test_a_certificate_without_a_name": _NO_NAME,
    "test_who_refuses_what_removes_it_keeps_it": _NO_EVENT,
    "test_exactly_our_modules_are_loaded[stored]": _ENCODINGS,
    "test_exactly_our_modules_are_loaded[built]": _ENCODINGS,
    "test_a_server_that_goes_into_a_folder": _NO_DEV,
    "test_a_worker_that_shuts_itself_in_verifies[a temp folder]": _NO_DEV,
    "test_baked_into_an_image": _NO_CAPABILITY,
    "test_a_unit_of_systemd[User=, ProtectSystem=strict]": _NO_CAPABILITY,
    "test_a_unit_of_systemd[User=, ProtectSystem=strict, CacheDirectory=]": _NO_CAPABILITY,
}
DEBIANS: Dict[str, str] = {
    "test_what_our_statements_ask_for": _IMPORTS,
    "test_logging_waits_for_something_to_say": _IMPORTS,
    "test_the_roots_of_certifi_are_all_there": _FILE,
    "test_without_wrapt_and_without_certifi": _FILE,
    "test_late_activation_reaches_what_was_bound": _FILE,
    "test_deactivate_gives_everything_back": _FILE,
    "test_disabled_is_out_of_the_way": _FILE,
    "test_without_wrapt_certifi_is_left_alone": _FILE,
    "test_a_logging_of_somebody_else_is_no_reason_to_fail": _FILE,
    "test_a_python_without_tls": _FILE,
    "test_a_threading_of_the_applications_is_no_reason_to_fail": _FILE,
    "test_a_worker_in_an_empty_folder_is_told_so[TMPDIR]": _FILE,
    "test_a_worker_in_an_empty_folder_is_told_so[PYTHON_CERTIFI_BUNDLE_DIR]": _FILE,
    "test_an_interpreter_that_has_loaded_next_to_nothing[0]": _BARE,
    "test_the_context_that_requests_has_preloaded[True]": _BARE,
    "test_the_context_that_requests_has_preloaded[False]": _BARE,
    "test_a_proxy_over_tls_that_the_bundle_alone_trusts": _PIP,
    "test_an_interpreter_that_has_loaded_next_to_nothing[1]": _BARE,
    "test_without_site_certifi_is_left_alone": _BARE,
    "test_why_not_active": _BARE,
    "test_without_site": _BARE,
    "test_healthy_without_any_store": _STORE,
    "test_certifi_and_wrapt": _FILE,
    "test_another_one_that_changes_certifi": _EARLY,
    "test_another_patch_that_was_first_is_extended": _BARE,
    "test_activated_late": _EARLY,
    "test_what_imports_requests_before_us_is_served_too[aaa.pth]": _EARLY,
    "test_what_imports_requests_before_us_is_served_too[zzz.pth]": _EARLY,
    **{f"test_a_ca_of_the_system_is_trusted[{layout}]": _STORE for layout in (
        "dironly", "rhel", "suse", "nixos",
    )},
    "test_without_a_store_the_bundle_is_that_of_certifi": _STORE,
    "test_the_strict_choice_takes_what_was_added": _STORE,
    "test_a_store_that_cannot_be_read_is_said": _STORE,
    "test_a_part_of_the_store_that_cannot_be_read_is_said_once": _STORE,
    "test_healthy_machines_are_silent": _STORE,
    "test_a_persistent_bundle_made_without_the_store_is_not_believed": _STORE,
    "test_who_names_the_systems_store_asks_for_the_defaults": _STORE,
    "test_threads_that_ask_us_first": _BARE,
    "test_an_activation_that_is_interrupted": _BARE,
    "test_handlers_go_on_as_they_did[activate() in place of the start-up files]": _BARE,
    "test_pip_does_not_take_the_folder": _FILE,
    "test_certifis_own_list_answers_while_it_cannot_be_read": _FILE,
    "test_commands_say_that_certifis_own_list_cannot_be_read": _FILE,
    "test_a_list_of_certifis_own_that_nobody_could_use": _FILE,
    "test_a_bundle_of_an_image_that_does_not_fit[variable]": _FILE,
    "test_what_is_loaded_late_is_of_the_same_version": _FILE,
    "test_remove_works_without_certifi": _FILE,
    "test_certifi_is_closed_to_this_user": _FILE,
    "test_a_file_that_is_taken_for_pythons_own": _FILE,
    "test_the_debug_log_names_everything": _FILE,
    "test_other_users.py": _FILE,
    "test_what_makes_it_inactive": _EARLY,
    "test_an_environment_without_this_package": _PIP,
    "test_thousands_of_certificates": _PIP,
    "test_the_time_of_a_users_ca": _PIP,
    "test_what_is_no_ca": _PIP,
    "test_healthy": _PIP,
    "test_beside_an_injected_truststore[the system]": _PIP,
    "test_beside_an_injected_truststore[us]": _PIP,
    "test_another_class_in_ssl[trusting]": _PIP,
    "test_one_that_only_openssl_could_judge_where_it_can_judge_none": _FILE,
    "test_what_is_trusted_is_no_root": _PIP,
    "test_what_is_wrong_here[variables5-variable-is not in it]": _PIP,
    "test_what_is_wrong_here[variables12-variable-no client can use TLS]": _FILE,
    "test_what_was_appended_under_other_settings": _PIP,
    "test_the_settings_of_pip": _PIP,
    "test_no_false_alarm[settings of a pip elsewhere]": _PIP,
    "test_where_there_is_no_pip": _PIP,
}  # fmt: skip


def skip_differences(config: pytest.Config, items: List[pytest.Item]) -> None:
    """Skip what says nothing with this interpreter."""
    different = dict(_different(config))
    for item in items:
        names = (item.name, getattr(item, "originalname", ""), item.path.name)
        reason = next(filter(None, map(different.get, names)), None)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def _different(config: pytest.Config) -> Iterator[Tuple[str, str]]:
    interpreter = config.getoption("--interpreter")
    if config.getoption("--system-site-packages"):
        yield from DEBIANS.items()
    if interpreter:
        code = "import sys; print(sys.implementation.name)"
        name = subprocess.check_output([interpreter, "-I", "-S", "-c", code], encoding="ascii")
        yield from PYPY.items() if name.strip() == "pypy" else ()
