"""The cut-offs from which the weights of interest are learned."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ml.data.interests import MOST_CUTOFFS, interest_cutoffs

FIRST = date(2024, 1, 1)
plans = st.lists(
    st.tuples(
        st.sampled_from(["next_purchase", "churn", "share"]),
        st.sampled_from([7, 30, 90]),
        st.integers(0, 400).map(lambda days: FIRST + timedelta(days=days)),
    ),
    max_size=40,
)


@given(plan=plans)
def test_windows_do_not_overlap_and_the_latest_is_there(plan: list[tuple[str, int, date]]) -> None:
    chosen = interest_cutoffs(plan)
    asked = [(horizon, day) for target, horizon, day in plan if target == "next_purchase"]
    if not asked:
        assert chosen == []
        return
    shortest = min(horizon for horizon, _ in asked)
    days = [day for horizon, day in asked if horizon == shortest]
    assert chosen[-1] == max(days)
    assert set(chosen) <= set(days)
    assert len(chosen) <= MOST_CUTOFFS
    assert all(later - earlier >= timedelta(days=shortest) for earlier, later in pairwise(chosen))
