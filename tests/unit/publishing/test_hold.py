"""A mapping is given up without closing a descriptor of other code."""

from __future__ import annotations

import os

import pytest

from certifi_system_store_wrapper.publishing import hold


@pytest.mark.linux("there are no mappings elsewhere")
@pytest.mark.parametrize("by", [0, 1, 5])
def test_a_number_is_filled_where_it_is_free(by: int) -> None:
    """Free it is ours then; in use, as another thread's may be by now, it stays as it is."""
    before = os.listdir("/proc/self/fd")
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    number = lowest + by
    assert hold._has_filled(number)
    filled = os.fstat(number)
    assert not hold._has_filled(number)
    assert os.fstat(number) == filled
    os.close(number)
    assert os.listdir("/proc/self/fd") == before
