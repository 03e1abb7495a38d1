from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuronserve.errors import RequestError
from neuronserve.gateway.multimodel import paging
from neuronserve.state import Model

NAMES = st.from_regex(r"[a-c_][a-c_-]{0,3}", fullmatch=True)


def _models(names: set[str]) -> list[Model]:
    return [Model(name, (1,), url=f"/models/{name}") for name in names]


def test_few_models_are_one_page_in_the_order_of_names() -> None:
    found = paging.page(_models({"b", "a", "c"}), "")
    assert ([m.name for m in found.models], found.next) == (["a", "b", "c"], "")


def test_a_full_last_page_has_no_successor() -> None:
    assert paging.page(_models({"a", "b"}), "", size=2).next == ""
    assert paging.page(_models({"a", "b", "c"}), "", size=2).next != ""


@given(st.sets(NAMES, max_size=12), st.sets(NAMES, max_size=6), st.sets(NAMES, max_size=6), st.integers(1, 4))
def test_what_stays_is_shown_once_whatever_comes_and_goes(
    stays: set[str], comes: set[str], goes: set[str], size: int
) -> None:
    there, seen, token = stays | goes, [], ""
    while True:
        found = paging.page(_models(there), token, size)
        assert len(found.models) <= size
        seen += [m.name for m in found.models]
        there, token = stays | comes, found.next
        if not token:
            break
    assert len(seen) == len(set(seen))
    assert stays <= set(seen) <= stays | comes | goes


@pytest.mark.parametrize("token", ["x", "ä", "Lg", "Li4", "YQ=", "YQ==", "Y Q", "YR", "../", "A" * 5000])
def test_a_token_from_elsewhere_is_refused(token: str) -> None:
    with pytest.raises(RequestError, match="did not come from here"):
        paging.page(_models({"a"}), token)
