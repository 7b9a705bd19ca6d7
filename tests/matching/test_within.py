"""Who comes to stand in one cluster without having been compared, against a search day by day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import combinations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.matching import within
from ml.matching.within import meet_in_clusters

EPOCH, RECORDS, MOST = date(1970, 1, 1), 9, 4
Link = tuple[int, int, int]

links_of_records = st.lists(
    st.builds(
        lambda pair, day: (*pair, day),
        st.sampled_from(list(combinations(range(RECORDS), 2))),
        st.integers(1, 6),
    ),
    max_size=12,
)


def clusters_on(links: list[Link], day: int) -> list[set[int]]:
    """Connected components of the links that have begun."""
    clusters = [{record} for record in range(RECORDS)]
    for left, right, start in links:
        if start <= day:
            one, other = (next(c for c in clusters if end in c) for end in (left, right))
            if one is not other:
                clusters = [c for c in clusters if c is not one and c is not other] + [one | other]
    return clusters


def meetings(links: list[Link]) -> set[tuple[int, int, datetime]]:
    """Each pair that ever stands in a small cluster, and the instant at which it first does."""
    met: dict[tuple[int, int], int] = {}
    for day in sorted({start for _, _, start in links}):
        for cluster in clusters_on(links, day):
            if len(cluster) <= MOST:
                for pair in combinations(sorted(cluster), 2):
                    met.setdefault(pair, day)
    instant = {day: datetime.combine(EPOCH + timedelta(day - 1), time()) for day in met.values()}
    return {(*pair, instant[day]) for pair, day in met.items()}


@settings(max_examples=50)
@given(accepted=links_of_records, shared=links_of_records, nodes=st.sampled_from([1, 3, 100]))
def test_records_meet_on_the_first_day_in_a_small_cluster(
    accepted: list[Link], shared: list[Link], nodes: int
) -> None:
    with duckdb.connect() as connection, pytest.MonkeyPatch.context() as small:
        small.setattr(within, "MOST_NODES", nodes)
        small.setattr(within, "_COMPARED_WITHIN", MOST)
        connection.execute(
            """
            create table accepted (left_record_no bigint, right_record_no bigint, valid_from date);
            create table sharing (left_record_no bigint, right_record_no bigint, known_at timestamp);
            create table same as from sharing;
            """
        )
        for left, right, day in accepted:
            connection.execute(
                "insert into accepted values (?, ?, ?)", [left, right, EPOCH + timedelta(day)]
            )
        for left, right, day in shared:
            known_at = datetime.combine(EPOCH + timedelta(day - 1), time(12))
            connection.execute("insert into sharing values (?, ?, ?)", [left, right, known_at])
        # One state for each record, known before anything joins: what they say is not the question.
        connection.execute(
            "create table states as select range as state_no, range as record_no, timestamp '1969-01-01' as known_at "
            f"from range({RECORDS})"
        )
        meet_in_clusters(connection)
        found = connection.execute(
            "select left_state_no, right_state_no, known_at from meeting"
        ).fetchall()
        last = connection.execute("select record_no, cluster from clusters").fetchall()
    links = accepted + shared
    assert len(found) == len(set(found))
    assert set(found) == meetings(links)
    by_cluster: dict[int, set[int]] = {}
    for record, cluster in last:
        by_cluster.setdefault(cluster, set()).add(record)
    expected = [cluster for cluster in clusters_on(links, 10) if len(cluster) > 1]
    assert sorted(map(sorted, by_cluster.values())) == sorted(map(sorted, expected))
