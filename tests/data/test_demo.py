"""The demo brand, small: the same bytes each time, within the contract, and believable."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from ml.data.contract import entities
from ml.data.demo import (
    DEMO_AS_OF_DATE,
    DemoParameters,
    DemoSummary,
    default_truth_folder,
    write_demo,
)
from ml.data.demo.history import KEPT
from ml.data.demo.landing_files import DELIVERED_FILES
from ml.data.demo.probabilities import true_probabilities
from ml.data.demo.process import Calendar
from ml.data.demo.simulate import Simulation
from ml.data.demo.traits import draw_traits
from ml.errors import KithError

CUSTOMERS, MONTHS = 800, 24
BROKEN = {
    "profiles": "try_cast(known_at as timestamp) is null",
    "identifiers": "id_value is null",
    "links": "coalesce(decision, '') not in ('same', 'different')",
    "orders": "try_cast(occurred_at as timestamptz) is null",
    "order_lines": "try_cast(quantity as decimal(18, 4)) is null",
    "products": "product_id is null",
    "interactions": "kind is null",
    "shares": "outcome not in ('sent', 'opened', 'joined', 'ordered')",
    "contacts": "outcome not in ('delivered', 'opened', 'clicked', 'redeemed', 'unsubscribed', "
    "'complained')",
    "consents": "try_cast(granted as boolean) is null",
    "measurements": "try_cast(value as double) is null",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    home = tmp_path_factory.mktemp("demo")
    return write_demo(home / "landing", home / "truth", CUSTOMERS, MONTHS)


@pytest.fixture(scope="module")
def brand(demo: DemoSummary) -> duckdb.DuckDBPyConnection:
    """All entities as text, plus `sound_orders`: final status, instants in UTC, person."""
    connection = duckdb.connect()
    # Only with a zone are offsets honoured: a plain timestamp would silently drop them.
    connection.execute("set TimeZone = 'UTC'")
    for entity in entities():
        parts = []
        for file in sorted((demo.landing / entity).iterdir()):
            relation = (
                f"read_csv('{file}', all_varchar = true, header = true)"
                if file.suffix == ".csv"
                else f"'{file}'"
            )
            parts.append(f"select columns(*)::varchar from {relation}")
        connection.execute(f"create view {entity} as {' union all by name '.join(parts)}")
    for file in demo.truth.glob("*.parquet"):
        connection.execute(f"create view true_{file.stem} as from '{file}'")
    connection.execute("""
        create table sound_orders as
        select
            o.source, o.order_id, any_value(w.person_id) as person_id,
            min(o.occurred_at::timestamptz::timestamp) as occurred_at,
            any_value(o.amount)::decimal(18, 2) as amount,
            arg_max(o.status, coalesce(o.known_at, o.occurred_at)::timestamptz) as status
        from orders as o
        left join true_records as w on o.source = w.source and o.source_key = w.source_key
        where try_cast(o.occurred_at as timestamptz) is not null
        group by o.source, o.order_id
    """)
    return connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    row = connection.sql(query).fetchone()
    assert row is not None
    return float(row[0])


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write_demo(tmp_path / name, tmp_path / f"{name}-truth", 120, 6, seed)
    for part in ("", "-truth"):
        one_, two, three = (digests(tmp_path / f"{n}{part}") for n in ("one", "two", "three"))
        assert len(one_) >= 6
        assert one_ == two
        assert one_ != three


def test_neither_threads_nor_hash_seeds_change_a_byte(tmp_path: Path) -> None:
    """In processes of their own, as both are settled when Python starts."""
    write = (
        "import sys, pyarrow; from pathlib import Path; from ml.data.demo import write_demo;"
        "pyarrow.set_cpu_count(int(sys.argv[2])); pyarrow.set_io_thread_count(int(sys.argv[2]));"
        "root = Path(sys.argv[1]); write_demo(root / 'landing', root / 'truth', 150, 6, seed=5)"
    )
    found = []
    for threads in ("1", "7"):
        root = tmp_path / threads
        environment = os.environ | {
            "PYTHONHASHSEED": threads,
            "OMP_NUM_THREADS": threads,
            "TZ": "UTC" if threads == "1" else "Asia/Tokyo",
        }
        subprocess.run([sys.executable, "-c", write, root, threads], env=environment, check=True)
        found.append(digests(root))
    assert len(found[0]) == len(DELIVERED_FILES) + 8
    assert found[0] == found[1]


def test_writing_again_replaces_every_file(tmp_path: Path) -> None:
    write_demo(tmp_path / "landing", tmp_path / "truth", 200, 12, seed=1)
    write_demo(tmp_path / "landing", tmp_path / "truth", 100, 3, seed=2)
    write_demo(tmp_path / "fresh", tmp_path / "fresh-truth", 100, 3, seed=2)
    assert digests(tmp_path / "landing") == digests(tmp_path / "fresh")
    assert digests(tmp_path / "truth") == digests(tmp_path / "fresh-truth")


def test_every_entity_of_the_contract_is_delivered_in_its_columns(demo: DemoSummary) -> None:
    assert {str(f.relative_to(demo.landing)) for f in demo.landing.rglob("*.*")} == DELIVERED_FILES
    for name, entity in entities().items():
        for file in (demo.landing / name).iterdir():
            table = pa_csv.read_csv(file) if file.suffix == ".csv" else pq.read_table(file)
            assert set(entity.required) <= set(table.column_names), file
            assert set(table.column_names) <= set(entity.columns), file


def test_types_are_those_of_an_exact_ledger(demo: DemoSummary) -> None:
    schema = pq.read_schema(demo.landing / "orders" / "web.parquet")
    assert str(schema.field("amount").type) == "decimal128(18, 2)"
    assert str(schema.field("occurred_at").type) == "timestamp[us]"
    assert "known_at" not in schema.names
    offset = pq.read_table(demo.landing / "orders" / "marketplace.parquet")["known_at"]
    assert offset[0].as_py().endswith("+07:00")


def test_each_entity_holds_a_few_bad_rows_and_no_more(
    demo: DemoSummary, brand: duckdb.DuckDBPyConnection
) -> None:
    bad = {e: one(brand, f"select count(*) from {e} where {rule}") for e, rule in BROKEN.items()}
    assert set(bad) == set(entities())
    assert bad == {entity: demo.bad_rows.get(entity, 0) for entity in bad}
    assert sum(bad.values()) > 10
    for entity, count in bad.items():
        assert count < 0.01 * demo.rows[entity], entity


def test_nothing_is_known_at_the_end_that_comes_later(
    demo: DemoSummary, brand: duckdb.DuckDBPyConnection
) -> None:
    checked = 0
    for name, entity in entities().items():
        for column in ("occurred_at", "known_at"):
            if column in entity.columns and column in brand.table(name).columns:
                late = f"try_cast({column} as timestamptz) >= timestamptz '{demo.end} 00:00:00'"
                assert one(brand, f"select count(*) from {name} where {late}") == 0, (name, column)
                checked += 1
    assert checked > 12
    last = one(
        brand,
        f"select date_diff('day', max(occurred_at), timestamp '{demo.end}') from sound_orders",
    )
    assert last <= 2


def test_late_repeated_and_changed_facts_are_there(brand: duckdb.DuckDBPyConnection) -> None:
    assert (
        one(
            brand,
            """
        select quantile_cont(date_diff('hour', occurred_at::timestamp, known_at::timestamp), 0.99)
        from orders where source = 'till' and status = 'completed' and try_cast(
            occurred_at as timestamp) is not null""",
        )
        > 24
    )
    assert (
        one(
            brand,
            "select count(*) - count(distinct (source, order_id)) from orders "
            "where status = 'completed' and source = 'web'",
        )
        > 0
    )
    assert one(brand, "select count(distinct outcome) from shares") >= 4
    assert one(brand, "select count(*) from orders where seller_key is not null") > 0
    assert one(brand, "select count(*) from profiles where role = 'staff'") > 0
    assert one(brand, "select count(*) from profiles where phone like '+44%'") > 100
    assert one(brand, "select count(*) from profiles where phone like '07%'") > 100


def test_the_brand_is_believable(brand: duckdb.DuckDBPyConnection) -> None:
    brand.execute("""create or replace temp view buyers as
        select person_id, count(*) as orders, sum(amount) as revenue from sound_orders
        where person_id is not null and status = 'completed' group by 1""")
    one_time = one(brand, "select avg((orders = 1)::int) from buyers")
    returned = one(brand, "select avg((status = 'returned')::int) from sound_orders")
    top = one(
        brand,
        """select sum(revenue) filter (where place <= 0.2) / sum(revenue) from (
        select revenue, percent_rank() over (order by revenue desc) as place from buyers)""",
    )
    december = one(brand, "select avg((month(occurred_at) = 12)::int) from sound_orders")
    assert 0.30 < one_time < 0.60
    assert 0.10 < returned < 0.20
    assert 0.55 < top < 0.85
    assert december > 1.1 / 12


def test_orders_hold_what_their_lines_hold(brand: duckdb.DuckDBPyConnection) -> None:
    unequal = one(
        brand,
        """
        with summed as (
            select source, order_id, sum(amount) as amount from (
                select distinct source, order_id, line_no, amount::decimal(18, 2) as amount
                from order_lines where try_cast(quantity as decimal(18, 4)) is not null)
            group by 1, 2)
        select count(*) filter (where s.amount is distinct from o.amount) from sound_orders as o
        left join summed as s using (source, order_id)""",
    )
    assert one(brand, "select count(*) from sound_orders") > 1000
    assert unequal == 0


def test_the_truth_knows_every_key_once_and_every_person(
    demo: DemoSummary, brand: duckdb.DuckDBPyConnection
) -> None:
    assert (
        one(brand, "select count(*) - count(distinct (source, source_key)) from true_records") == 0
    )
    for entity, key in (
        ("profiles", "source_key"),
        ("orders", "source_key"),
        ("orders", "seller_key"),
        ("interactions", "source_key"),
        ("shares", "inviter_key"),
        ("shares", "invitee_key"),
        ("contacts", "source_key"),
        ("measurements", "source_key"),
    ):
        unknown = one(
            brand,
            f"""select count(*) from {entity} as e
            anti join true_records as w on e.source = w.source and e.{key} = w.source_key
            where e.{key} is not null""",
        )
        assert unknown == 0, (entity, key)
    people = "select count(distinct person_id) from true_records where person_id like 'P%'"
    assert one(brand, people) == CUSTOMERS
    rows = dict(
        brand.sql("select as_of_date, count(*) from true_probabilities group by 1").fetchall()
    )
    assert rows.pop(datetime.combine(demo.end, time.min)) == 3 * CUSTOMERS
    # And once more for the people of ninety days earlier, whose windows are all in the landing zone.
    ((earlier, count),) = rows.items()
    assert earlier == datetime.combine(demo.end - timedelta(days=90), time.min)
    assert count == 3 * one(
        brand, f"select count(*) from true_people where joined_date < '{earlier}'"
    )


def test_causes_in_the_truth_are_failed_deliveries_that_still_grieve(
    demo: DemoSummary, brand: duckdb.DuckDBPyConnection
) -> None:
    """Whoever is grieved at the end has a cause; what they said of it stands in the landing zone."""
    at_end = f"(select * from true_causes where as_of_date = '{demo.end}')"
    rows, said = (
        one(brand, "select count(*) from true_causes"),
        f"{at_end} where complained_at is not null",
    )
    assert (
        0
        < one(brand, f"select count(*) from {said}")
        < one(brand, f"select count(*) from {at_end}")
        < rows
    )
    missing = f"select count(*) from {at_end} anti join true_people using (person_id)"
    grieved = "true_people where stage = 'grieved'"
    assert one(brand, missing) == 0
    assert one(
        brand, f"select count(*) from {at_end} semi join (from {grieved}) using (person_id)"
    ) == one(brand, f"select count(*) from {at_end}")
    # The few others have been grieved since before the history begins.
    assert one(brand, f"select count(*) from {at_end}") >= 0.9 * one(
        brand, f"select count(*) from {grieved}"
    )
    heard = """
        select c.person_id, c.as_of_date from true_causes as c
        inner join true_records as r on c.person_id = r.person_id
        inner join interactions as i on i.source = r.source and i.source_key = r.source_key
        where i.kind = 'complaint' and i.known_at::timestamptz::timestamp < c.as_of_date
        and i.occurred_at::timestamptz::timestamp >= c.occurred_date"""
    assert one(brand, f"select count(distinct (person_id, as_of_date)) from ({heard})") == one(
        brand, "select count(*) from true_causes where complained_at is not null"
    )
    stands = """
        select count(*) from true_causes as c
        inner join true_probabilities as p using (person_id, as_of_date, target, horizon_days)
        where p.probability = c.probability"""
    assert one(brand, stands) == rows
    # Grief makes nobody likelier to stay.
    assert one(brand, "select min(probability - probability_without) from true_causes") > -1e-9
    assert one(brand, "select avg(probability - probability_without) from true_causes") > 0.03


def test_referrals_in_the_truth_are_those_of_the_shares(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    found = brand.sql("""
        select count(*), count(*) filter (
            where inviter.person_id = r.brought_by and friend.person_id = r.person_id)
        from true_referrals as r
        join (select distinct source, share_id, inviter_key, invitee_key from shares
              where outcome = 'joined') as s using (source, share_id)
        join true_records as inviter
            on inviter.source = s.source and inviter.source_key = s.inviter_key
        join true_records as friend
            on friend.source = s.source and friend.source_key = s.invitee_key""").fetchone()
    assert found is not None
    assert found[0] == found[1] > 5


def test_who_is_brought_joins_where_the_share_came_in_and_orders_after_it(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    brought, without_profile, before = brand.sql("""
        select count(*), count(*) filter (p.source_key is null), count(*) filter (o.first_at <= s.shared_at)
        from true_referrals as r
        join (select source, share_id, any_value(invitee_key) as invitee_key,
                  min(occurred_at::timestamptz::timestamp) as shared_at
              from shares where invitee_key is not null group by all) as s using (source, share_id)
        left join (select distinct source, source_key from profiles) as p
            on s.source = p.source and s.invitee_key = p.source_key
        left join (select person_id, min(occurred_at) as first_at from sound_orders group by person_id) as o
            on r.person_id = o.person_id""").fetchall()[0]
    assert brought > 5
    assert without_profile == before == 0


def test_nobody_is_written_to_after_unsubscribing(brand: duckdb.DuckDBPyConnection) -> None:
    late = one(
        brand,
        """
        with left_at as (select source, source_key, min(occurred_at::timestamp) as at
            from contacts where outcome = 'unsubscribed' group by 1, 2)
        select count(*) from contacts as c join left_at as l using (source, source_key)
        where c.occurred_at::timestamp > l.at + interval 1 day""",
    )
    assert one(brand, "select count(*) from contacts where outcome = 'unsubscribed'") > 5
    assert late == 0


def test_closed_form_agrees_with_living_on() -> None:
    """Thirty days and ninety days lived 60 times over give the probabilities of the truth."""
    people, past, lives, p = 700, 500, 60, DemoParameters()
    calendar = Calendar.starting(date(2025, 1, 1), past + 90, p)
    traits = draw_traits(people, p, np.random.default_rng(5))
    before = Simulation(traits, calendar, past, np.random.default_rng(6))
    for day in range(past):
        before.run_day(day)
    state = before.history().state
    truth = true_probabilities(traits, state, calendar, past)
    counts = np.zeros((3, people))
    for life in range(lives):
        after = Simulation(traits, calendar, past + 90, np.random.default_rng(100 + life))
        after.present, after.joined = people, state.joined.copy()
        after.stage, after.phase, after.reach = (
            state.stage.copy(),
            state.phase.copy(),
            state.reach.copy(),
        )
        for day in range(past, past + 90):
            after.run_day(day)
        logs = after.history().logs
        kept = logs["orders"]["outcome"] == KEPT
        buyer, day_bought = logs["orders"]["person"][kept], logs["orders"]["day"][kept]
        counts[0, np.unique(buyer[day_bought < past + 30])] += 1
        counts[1] += 1
        counts[1, np.unique(buyer)] -= 1
        shares = logs["shares"]
        counts[2, np.unique(shares["person"][shares["day"] < past + 30])] += 1
    for observed, expected in zip(
        counts / lives, (truth.next_purchase, truth.churn, truth.share), strict=True
    ):
        deviation = np.sqrt(np.sum(expected * (1 - expected)) / lives)
        assert abs(observed.sum() - expected.sum()) < 4 * deviation
        wide = expected * (1 - expected) * lives > 3
        z = (observed - expected)[wide] / np.sqrt(expected * (1 - expected) / lives)[wide]
        assert wide.sum() > 20
        assert 0.8 < z.std() < 1.25


def test_messages_move_the_persuadable_and_annoy_the_annoyed(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    effects = dict(
        brand.sql("""
        select persuasion, [avg(effect_on_next_purchase), avg(effect_on_churn)]
        from true_message_effects join true_people using (person_id)
        where stage <> 'gone' group by 1""").fetchall()
    )
    assert effects["persuadable"][0] > 0.01
    assert effects["persuadable"][1] < 0
    assert effects["annoyed"][1] > 0.005
    assert effects["indifferent"] == pytest.approx([0, 0], abs=1e-3)
    groups = dict(
        brand.sql('select "group", count(*) from true_campaign_groups group by 1').fetchall()
    )
    assert 0.45 < groups["treatment"] / sum(groups.values()) < 0.55


def test_truth_must_lie_beside_the_landing_zone(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    for truth in (landing, landing / "truth", tmp_path):
        with pytest.raises(KithError, match="beside the landing zone"):
            write_demo(landing, truth, 100, 3)
    assert default_truth_folder(landing) == tmp_path.resolve() / "landing-truth"
    assert not landing.exists()


def test_a_landing_zone_with_foreign_files_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "landing" / "orders" / "ours.csv"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("source\n")
    with pytest.raises(KithError, match=r"orders/ours\.csv"):
        write_demo(tmp_path / "landing", tmp_path / "truth", 100, 3)


@pytest.mark.parametrize(
    ("customers", "months", "seed", "said"),
    [
        (0, 24, 7, "--customers"),
        (10**7, 24, 7, "--customers"),
        (100, 0, 7, "--months"),
        (100, 500, 7, "--months"),
        (100, 3, -1, "--seed"),
    ],
)
def test_impossible_sizes_are_refused(
    tmp_path: Path, customers: int, months: int, seed: int, said: str
) -> None:
    with pytest.raises(KithError, match=said):
        write_demo(tmp_path / "landing", tmp_path / "truth", customers, months, seed)


@pytest.mark.parametrize("at", ["landing", "truth"])
def test_a_file_where_a_folder_should_be_is_told_before_anything_is_written(
    tmp_path: Path, at: str
) -> None:
    (tmp_path / at).write_text("")
    with pytest.raises(KithError, match=f"found a file at .*{at}"):
        write_demo(tmp_path / "landing", tmp_path / "truth", 100, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [at]


@pytest.mark.parametrize("customers", [1, 2, 50])
def test_the_smallest_brand_and_shortest_history_work(tmp_path: Path, customers: int) -> None:
    told: list[str] = []
    summary = write_demo(tmp_path / "l", tmp_path / "t", customers, 1, on_progress=told.append)
    assert {str(f.relative_to(tmp_path / "l")) for f in (tmp_path / "l").rglob("*.*")} == (
        DELIVERED_FILES
    )
    assert summary.truth_rows["people"] == customers
    assert summary.end == DEMO_AS_OF_DATE
    assert summary.end - summary.start == timedelta(days=30)
    assert len(told) >= 4
    assert str(summary.landing) in str(summary)


def test_people_are_seen_walking_through_shops(brand: duckdb.DuckDBPyConnection) -> None:
    """From passing by to leaving, fewer at each step; and who bought at the till had filled a bag."""
    chain = ("visit", "approach", "enter", "dwell", "try", "bag")
    counts = [
        one(brand, f"select count(*) from interactions where channel = 'store' and kind = '{kind}'")
        for kind in chain
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] > 20
    left = one(brand, "select count(*) from interactions where kind = 'leave'")
    assert left == pytest.approx(counts[2], rel=0.05)
    assert one(brand, "select count(*) from interactions where place not like 'store-__'") == 0
    bagged = """
        select count(*) from interactions as i
        join true_records as w on i.source = w.source and i.source_key = w.source_key
        join sound_orders as o on o.person_id = w.person_id and o.source = 'till'
            and o.occurred_at::date = i.occurred_at::date and o.occurred_at > i.occurred_at::timestamp
        where i.kind = 'bag'"""
    assert one(brand, bagged) > 10


def test_the_service_desk_errs_now_and_then_and_takes_it_back(tmp_path: Path) -> None:
    parameters = DemoParameters(looked_into=0.3, clerk_errs=0.3, bad_rows=0.0)
    write_demo(tmp_path / "l", tmp_path / "t", 500, 24, parameters=parameters)
    brand = duckdb.connect()
    brand.execute(f"""create view decided as
        select l.left_key, l.right_key, l.decision, l.known_at, a.person_id = b.person_id as is_same
        from read_csv('{tmp_path}/l/links/service-desk.csv') as l
        join '{tmp_path}/t/records.parquet' as a on a.source = 'web' and a.source_key = l.left_key
        join '{tmp_path}/t/records.parquet' as b on b.source = 'loyalty' and b.source_key = l.right_key
    """)
    told = dict(
        brand.sql(
            "select (decision, is_same)::varchar, count(*) from decided group by 1"
        ).fetchall()
    )
    assert told["(same, true)"] > told["(same, false)"] > 3
    assert "(different, true)" not in told
    taken_back = brand.sql("""
        select count(*), count(*) filter (where b.known_at > a.known_at) from decided as a
        join decided as b using (left_key, right_key)
        where a.decision = 'same' and b.decision = 'different'""").fetchone()
    assert taken_back is not None
    assert taken_back[0] == taken_back[1] > 1


def test_people_change_their_minds_and_share_what_others_hold_too(
    brand: duckdb.DuckDBPyConnection,
) -> None:
    for purpose in ("profiling", "email", "sms"):
        changed = f"""
            select count(*) from (
                select source, source_key from consents
                where purpose = '{purpose}' and try_cast(granted as boolean) is not null
                group by all having count(distinct granted) = 2)"""
        assert one(brand, changed) > 2, purpose
    families = """
        select count(*) from (
            select email from profiles join true_records using (source, source_key)
            where email like 'family.%' group by email having count(distinct person_id) = 2)"""
    assert one(brand, families) > 5
    assert one(brand, "select count(*) from profiles where phone like '01632960%'") > 2
    other_scripts = (
        "select count(*) from profiles where not regexp_matches(family_name, '^[ -~]*$')"
    )
    assert one(brand, other_scripts) > 50


def test_some_optional_values_are_no_values(brand: duckdb.DuckDBPyConnection) -> None:
    odd = "discount is not null and try_cast(discount as decimal(18, 2)) is null"
    assert one(brand, f"select count(*) from orders where {odd}") > 0
    assert one(brand, f"select count(*) from orders where {odd} and source <> 'till'") == 0


def test_what_happened_is_as_likely_as_the_truth_of_ninety_days_earlier_says(
    demo: DemoSummary, brand: duckdb.DuckDBPyConnection
) -> None:
    """The landing zone against the truth: orders and shares of the month after the earlier day."""
    since = demo.end - timedelta(days=90)
    window = f">= date '{since}' and occurred_at::timestamp < date '{since}' + 30"
    happened = {
        "next_purchase": f"""select distinct person_id from sound_orders
            where status = 'completed' and occurred_at {window}""",
        "share": f"""select distinct w.person_id from shares as s join true_records as w
            on s.source = w.source and s.inviter_key = w.source_key
            where s.occurred_at::timestamp {window}""",
    }
    for target, people in happened.items():
        row = brand.sql(f"""
            select sum(probability), sum(probability * (1 - probability)),
                count(*) filter (where person_id in ({people}))
            from true_probabilities where target = '{target}' and as_of_date = '{since}'
        """).fetchone()
        assert row is not None
        expected, variance, found = row
        assert expected > 20, target
        assert abs(found - expected) < 4 * variance**0.5, target
