"""How good the matcher is: whole landing zones through landing and identity, and held against their truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from matching_truth import (
    Ints,
    Pairwise,
    attained,
    codes,
    groups_within,
    pairs_together,
    pairwise,
)

from ml.data.build import build_identity
from ml.data.demo import default_truth_folder, write_demo
from ml.data.demo.parameters import DEMO_AS_OF_DATE, DEMO_SETTINGS
from ml.data.sql_text import literal
from ml.data.stage import build_landing
from ml.data.warehouse import connect
from ml.identity.assign import APART, EDGES, RECORDS
from ml.identity.clusters import resolve
from ml.run import Run

SHARED_AS_OF_DATE = date(2025, 2, 1)
MATCH_PRIORITY = 2
"""Edges of the matcher; decisions and shared values stand before it."""
_PROFILES = """
    select 'people' as source, unique_id as source_key, '2025-01-01 00:00:00' as known_at, full_name as name,
        first_name as given_name, surname as family_name, dob as birth_date, gender, birth_place as city,
        postcode_fake as postcode
    from {people}
"""
_ORDER = "select 'people' as source, 'o1' as order_id, '2025-01-02 00:00:00' as occurred_at, '10' as amount"
_SHARED_TRUTH = "select 'people' as source, unique_id as source_key, cluster as person from {truth}"
_DEMO_TRUTH = "select source, source_key, person_id as person from {truth}"
_BASELINE = """
    select coalesce(lower(full_name) || dob, unique_id) as same, cluster as person
    from {people} inner join {truth} using (unique_id) order by unique_id
"""
_JUDGED = """
    select record_no, person, head_record_no from ({truth})
    inner join identity.int_identity__records using (source, source_key)
    inner join resolved.record_customers using (record_no)
    where valid_to is null order by record_no
"""
# Evidence that a matcher can use, between records of one person: what they share, and what people said of them.
_SHARED_VALUES = """
    select l.record_no as left_record_no, r.record_no as right_record_no
    from identity.int_identity__identifiers as l inner join identity.int_identity__identifiers as r
        using (id_type, id_value)
    inner join people as p on l.record_no = p.record_no inner join people as q on r.record_no = q.record_no
    where l.record_no < r.record_no and p.person = q.person
"""
# And names that agree, are alike or may be short for each other, beside something else that agrees.
_SOFT_EVIDENCE = """
    with states as (
        select s.*, p.person from identity.int_identity__profile_states as s inner join people as p using (record_no)
    )

    select distinct l.record_no, r.record_no
    from states as l inner join states as r on l.person = r.person and l.record_no < r.record_no
    where (l.birth_date = r.birth_date or l.postcode = r.postcode
            or damerau_levenshtein(l.email, r.email) <= 1 or damerau_levenshtein(l.phone, r.phone) <= 1)
        and (l.given = r.given or list_has_any(l.variants, r.variants)
            or jaro_winkler_similarity(l.given, r.given) >= 0.88 or substr(l.given, 1, 1) = substr(r.given, 1, 1)
            or l.given = r.family or l.family = r.given)
"""
_DECIDED = """
    select left_record_no, right_record_no from identity.int_identity__decisions where not is_different
"""


@dataclass(frozen=True)
class Judged:
    """A data set after matching; what is attainable, and what shared values alone give, where it was measured."""

    title: str
    records: int
    people: int
    pairs: int
    by_kith: Pairwise
    beside: tuple[str, Pairwise]
    attainable: float | None = None
    reached: float | None = None


def shared_set(shared: Path, work: Path, say: Callable[[str], None]) -> Judged:
    """The shared set of records with names, birth dates and postcodes; beside it, exact name and birth date."""
    people = literal(shared / "identity" / "historical_figures.parquet")
    truth = literal(shared / "identity" / "truth.parquet")
    landing = work / "shared-landing"
    landing.mkdir(parents=True, exist_ok=True)
    for entity, query in (("profiles", _PROFILES.format(people=people)), ("orders", _ORDER)):
        duckdb.sql(f"copy ({query}) to {literal(landing / f'{entity}.parquet')}")
    run = Run.of(work / "shared-home", landing, SHARED_AS_OF_DATE, report=say)
    build_landing(run)
    build_identity(run)
    rows = duckdb.sql(_BASELINE.format(people=people, truth=truth)).to_arrow_table()
    plain = pairwise(codes(rows["person"]), codes(rows["same"]))
    with connect(run.home, read_only=True) as connection:
        person, customer = _labels(connection, _SHARED_TRUTH.format(truth=truth))[1:]
    return _judged("shared identity set", person, customer, ("exact name and birth date", plain))


def demo_brand(
    customers: int, work: Path, say: Callable[[str], None], landing: Path | None = None
) -> Judged:
    """The demo brand; beside it, what exact rules find alone, and what any matcher could find.

    ``landing`` may hold a demo brand of that size already, with its truth beside it.
    """
    if landing is None:
        landing = work / f"demo-{customers}"
        write_demo(landing, default_truth_folder(landing), customers, on_progress=say)
    truth = literal(default_truth_folder(landing) / "records.parquet")
    home = work / f"demo-{customers}-home"
    home.mkdir(parents=True, exist_ok=True)
    settings = "".join(f'{name} = "{value}"\n' for name, value in DEMO_SETTINGS.items())
    (home / "kith.toml").write_text(settings, encoding="utf-8")
    run = Run.of(home, landing, DEMO_AS_OF_DATE, report=say)
    build_landing(run)
    build_identity(run)
    with connect(run.home, read_only=True) as connection:
        record, person, customer = _labels(connection, _DEMO_TRUTH.format(truth=truth))
        alone = pairwise(person, _by_exact_rules(connection, run)[record])
        groups = _attainable(connection, record, person)
    possible, reached = attained(person, customer, groups)
    title = f"demo brand of {customers:,} customers"
    judged = _judged(title, person, customer, ("exact rules alone", alone))
    return Judged(**{**vars(judged), "attainable": possible, "reached": reached})


def _judged(title: str, person: Ints, customer: Ints, beside: tuple[str, Pairwise]) -> Judged:
    people = len(np.unique(person))
    by_kith = pairwise(person, customer)
    return Judged(title, len(person), people, pairs_together(person), by_kith, beside)


def _labels(connection: duckdb.DuckDBPyConnection, truth: str) -> tuple[Ints, Ints, Ints]:
    """By record of the truth that Kith knows: its number, its person, its customer at as_of_date."""
    rows = connection.execute(_JUDGED.format(truth=truth)).to_arrow_table()
    record, customer = rows["record_no"].to_numpy(), rows["head_record_no"].to_numpy()
    return record, codes(rows["person"]), customer


def _by_exact_rules(connection: duckdb.DuckDBPyConnection, run: Run) -> Ints:
    """By record: its customer if nothing but shared values and people's decisions joined and split."""
    records = connection.execute(RECORDS).to_arrow_table()
    edges = connection.execute(f"from ({EDGES}) where priority < {MATCH_PRIORITY}").to_arrow_table()
    apart = connection.execute(f"from ({APART}) where holds_from = 0").to_arrow_table()
    answer = resolve(records, edges, apart, run.home.settings.max_customer_records)
    spans = answer.customer_map
    now = np.asarray(spans["valid_to_day"].is_null())
    customer = np.arange(len(records))
    customer[spans["record_no"].to_numpy()[now]] = spans["head_record_no"].to_numpy()[now]
    return customer


def _attainable(connection: duckdb.DuckDBPyConnection, record: Ints, person: Ints) -> Ints:
    """Label records of one person that usable evidence connects."""
    connection.register("people", pa.table({"record_no": record, "person": person}))
    place = np.full(int(record.max(initial=-1)) + 1, -1)
    place[record] = np.arange(len(record))
    pairs = connection.execute(
        f"{_SHARED_VALUES} union all {_DECIDED} union all ({_SOFT_EVIDENCE})"
    ).to_arrow_table()
    left, right = (place[pairs[name].to_numpy()] for name in pairs.column_names)
    known = (left >= 0) & (right >= 0)
    return groups_within(person, left[known], right[known])


def table(judged: list[Judged]) -> str:
    """One Markdown table: what Kith says of each data set, and beside it what simpler rules say."""
    lines = [
        "| data | records | people | by | precision | recall | of the attainable | most records | most people "
        "| wrong customers |",
        "|---|--:|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    for one in judged:
        size = f"{one.title} | {one.records:,} | {one.people:,}"
        reached = "–"
        if one.reached is not None:
            reached = f"{one.reached:.1%} of {one.attainable:.4f}"
        for by, found, share in (("Kith", one.by_kith, reached), (*one.beside, "–")):
            lines.append(
                f"| {size} | {by} | {found.precision:.4f} | {found.recall:.4f} | {share} "
                f"| {found.most_records} | {found.most_people} | {found.wrong_customers:,} |"
            )
    return "\n".join(lines)
