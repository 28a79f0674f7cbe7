"""Records behave as named tuples, whatever Python makes of annotations."""

from __future__ import annotations

import copy
import pickle
from typing import NamedTuple

import pytest

from certifi_system_store_wrapper.record import Record


class Ours(Record):
    """A record."""

    a: int
    b: str = "b"
    c: int = 3

    @property
    def double(self) -> int:
        return self.a * 2


class Pythons(NamedTuple):
    """The same as a named tuple."""

    a: int
    b: str = "b"
    c: int = 3


@pytest.mark.parametrize(
    ("values", "named"),
    [((1,), {}), ((1, "x", 9), {}), ((1,), {"c": 4}), ((), {"a": 1, "b": "y"})],
)
def test_a_record_is_made_as_a_named_tuple(values: tuple, named: dict) -> None:
    """In order, by name and by default."""
    ours, pythons = Ours(*values, **named), Pythons(*values, **named)
    assert ours == pythons
    assert hash(ours) == hash(pythons)
    assert (ours.a, ours.b, ours.c) == (pythons.a, pythons.b, pythons.c)
    assert repr(ours) == repr(pythons).replace("Pythons", "Ours")
    assert ours._asdict() == pythons._asdict()
    assert ours._replace(c=5) == pythons._replace(c=5)
    assert ours.double == 2 * ours.a


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1, "x", 2, 3), {}), ((1,), {"d": 4}), ((1,), {"a": 1})]
)
def test_what_does_not_fit_is_refused(values: tuple, named: dict) -> None:
    """With the TypeError of a named tuple: too few, too many, unknown, twice."""
    for kind in (Ours, Pythons):
        with pytest.raises(TypeError):
            kind(*values, **named)


def test_a_record_is_frozen_and_can_be_copied() -> None:
    """By copy, deepcopy and pickle, and stays of its kind."""
    one = Ours(1)
    with pytest.raises(AttributeError):
        one.a = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        one.other = 2  # type: ignore[attr-defined]
    for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert type(again) is Ours
