"""Each border lets good data through and catches each planted fault, in words that people can act on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from border_worlds import DAY, good_world, judge, run_sql, scores_world

from expectations.runner import check_border
from expectations.suites import borders, load_suite
from ml.errors import KithError
from ml.home import Home

BORDERS = ["features", "landing", "scores"]


@dataclass(frozen=True)
class Fault:
    """One statement that spoils a warehouse, the rule that must notice, and what its message must hold."""

    border: str
    statement: str
    rule: str
    told: tuple[str, ...]
    stops: bool = True


def _landing(statement: str, rule: str, *told: str, stops: bool = True) -> Fault:
    return Fault("landing", statement, rule, told, stops)


def _feature(statement: str, rule: str, *told: str, stops: bool = True) -> Fault:
    return Fault("features", statement, rule, told, stops)


def _score(statement: str, rule: str, *told: str, stops: bool = True) -> Fault:
    return Fault("scores", f"update published.customer_scores set {statement}", rule, told, stops)


def _timing(statement: str, rule: str, *told: str) -> Fault:
    return Fault(
        "scores", f"update published.purchase_timing set {statement}", rule, told, stops=True
    )


FAULTS = {
    "nothing counted": _landing(
        "delete from staging.landing_summary",
        "The account of the landing zone names its entities",
        "0 rows",
    ),
    "a row lost": _landing(
        "update staging.landing_summary set rows_staged = rows_staged - 1 where entity = 'orders'",
        "Every row that came in is staged or quarantined",
        "orders: 5,000 rows in, but 4,989 staged and 10 quarantined",
        "dbt_project/models/staging",
    ),
    "one bad entity": _landing(
        "update staging.landing_summary set rows_in = 2000, rows_staged = 1790, rows_quarantined = 210 "
        "where entity = 'shares'",
        "At most 10.0% of the rows of one entity may be refused, once 200 are",
        "shares: 210 of 2,000 rows (10.5%), most often occurred_at: missing (20 times)",
        "`kith check --landing DIR` lists what is refused",
        "max_bad_share_entity",
    ),
    "too much bad in all": _landing(
        "update staging.landing_summary set rows_staged = 4870, rows_quarantined = 130 where entity = 'orders'",
        "At most 2.0% of all rows may be refused",
        "150 of 6,300 rows (2.4%): orders 130 of 5000, shares 20 of 300",
        "shares.occurred_at: missing (20 times); orders.amount: does not parse (10 times)",
    ),
    "nothing visible": _landing(
        "update staging.landing_summary set rows_in = 0, rows_staged = 0, rows_quarantined = 0 "
        "where entity in ('orders', 'shares')",
        "At least one order, interaction or share is visible",
        "nobody will be scored",
        stops=False,
    ),
    "no key": _feature(
        "update features.customer_features set customer_id = null where as_of_date = '2026-07-01' and "
        "customer_id like '%3'",
        "Every row of features belongs to a customer",
        "1 of 6 rows have no customer_id",
    ),
    "repeated key": _feature(
        "insert into features.customer_features from features.customer_features where customer_id like '%3'",
        "A customer has one row of features at one date",
        "1 of 7 rows repeat a customer",
    ),
    "asked about, not found": _feature(
        "delete from features.customer_features where customer_id like '%5'",
        "Everybody a target asks about has features",
        "1 of 6 customers of customer_population have none",
    ),
    "nobody active": _feature(
        "delete from features.customer_features; delete from features.customer_population",
        "Somebody is active",
        "0 customers",
        stops=False,
    ),
    "no features at all": _feature(
        "create table kept as select customer_id, as_of_date from features.customer_features; "
        "create or replace table features.customer_features as from kept",
        "customer_features has at least one feature",
        "0 columns beside its key",
    ),
    "a wide float": _feature(
        "alter table features.customer_features alter orders_count_90d type double",
        "Features are 32-bit floats",
        "orders_count_90d is DOUBLE",
    ),
    "a text": _feature(
        "alter table features.customer_features add favourite varchar",
        "Features are 32-bit floats",
        "favourite is VARCHAR",
    ),
    "divided by zero": _feature(
        "update features.customer_features set mean_order_amount = 'inf' where customer_id like '%2'",
        "A feature is a finite number or unknown",
        "mean_order_amount is infinite or NaN for 1 of 6 customers",
    ),
    "not a number": _feature(
        "update features.customer_features set mean_order_amount = 'nan' where customer_id like '%2'",
        "A feature is a finite number or unknown",
        "mean_order_amount is infinite or NaN for 1 of 6 customers",
    ),
    "a negative count": _feature(
        "update features.customer_features set people_received_from_count_all = -1 where customer_id like '%2'",
        "A count is never negative",
        "people_received_from_count_all is negative for 1 of 6 customers",
    ),
    "a fact from the future": _feature(
        "update features.customer_features set days_since_last_share_sent = -1 where customer_id like '%4'",
        "a fact from the future",
        "days_since_last_share_sent is negative for 1 of 6 customers",
        "visible_on",
    ),
    "windows not nested": _feature(
        "update features.customer_features set orders_count_90d = 0 where customer_id like '%4'",
        "A longer window counts at least what a shorter one counts",
        "orders_count_30d is greater than orders_count_90d for 1 customers",
    ),
    "longest window not nested": _feature(
        "update features.customer_features set shares_sent_count_all = 0 where customer_id like '%4'",
        "A longer window counts at least what a shorter one counts",
        "shares_sent_count_30d is greater than shares_sent_count_all for 1 customers",
    ),
    "a counted fact without its time": _feature(
        "update features.customer_features set days_since_last_share_sent = null where customer_id like '%1'",
        "The time since a fact is known for whoever has the fact",
        "1 of 6 customers with a share sent have no time since it",
    ),
    "a family that was not joined": _feature(
        "update features.customer_features set days_since_last_order = null, orders_count_30d = 0, "
        "orders_count_90d = 0, orders_count_365d = 0, orders_count_all = 0",
        "The time since a fact is known for whoever has the fact",
        "6 of 6 customers with a completed order have no time since it",
    ),
    "a customer without a row": Fault(
        "scores",
        "delete from published.customer_scores where customer_id like '%0001' and target = 'churn'",
        "Each customer of the customer table has one row per listed target and horizon",
        ("churn 90 days: of 245 customers 1 have no row",),
    ),
    "a target that nobody scored": Fault(
        "scores",
        "insert into control.targets values ('share', 30, 365)",
        "Each customer of the customer table has one row per listed target and horizon",
        ("share 30 days: of 245 customers 245 have no row",),
    ),
    "a target that is not listed": Fault(
        "scores",
        "delete from control.targets where target = 'churn'",
        "Each customer of the customer table has one row per listed target and horizon",
        ("churn 90 days: of 0 customers 0 have no row", "245 to a target that is not listed"),
    ),
    "a stranger": Fault(
        "scores",
        "delete from published.customers where customer_id like '%0244'",
        "Each customer of the customer table has one row per listed target and horizon",
        ("1 belong to nobody in the customer table",),
    ),
    "a row twice": Fault(
        "scores",
        "insert into published.customer_scores from published.customer_scores where customer_id like '%0244'",
        "Each customer of the customer table has one row per listed target and horizon",
        ("1 rows repeat a customer",),
    ),
    "an unknown status": _score(
        "status = 'guessed' where customer_id like '%0244'",
        "A row is scored or not_scored",
        "1 rows with 'guessed'",
    ),
    "no status": _score(
        "status = null where customer_id like '%0244'",
        "A row is scored or not_scored",
        "1 rows with 'no status'",
    ),
    "another day": _score(
        "as_of_date = '2026-06-30' where customer_id like '%0003'",
        "Every row speaks for the day of the run",
        "1 rows of 2026-06-30",
    ),
    "a window that starts late": _score(
        "window_start = window_start + interval 1 day, window_end = window_end + interval 1 day",
        "The window starts at 00:00 of the day",
        "churn 90 days: 240 rows start at 2026-07-02 00:00:00",
    ),
    "a window of another length": _score(
        "window_end = window_end + interval 1 day where target = 'churn'",
        "The window ends one horizon after its start",
        "churn 90 days: 240 rows run from 2026-07-01 00:00:00 to 2026-09-30 00:00:00",
    ),
    "no window": _score(
        "window_end = null where customer_id like '%0003'",
        "The window ends one horizon after its start",
        "1 rows",
    ),
    "beyond certainty": _score(
        "probability = 1.01 where customer_id like '%0000'",
        "A score is a probability between 0 and 1",
        "1 of 3 scored rows in decile 1 have none",
    ),
    "no probability": _score(
        "probability = null where customer_id like '%0003'",
        "A score is a probability between 0 and 1",
        "1 of",
    ),
    "a probability that is no number": _score(
        "probability = 'nan' where customer_id like '%0003'",
        "A score is a probability between 0 and 1",
        "1 of",
    ),
    "no place": _score(
        "band = null where customer_id like '%0003'",
        "Whoever is scored has percentile, decile and band",
        "1 scored rows",
    ),
    "a percentile of nothing": _score(
        "percentile = 0 where customer_id like '%0003'",
        "Percentiles run from 1 to 100",
        "1 rows with percentile 0",
    ),
    "a band of another decile": _score(
        "band = 'high' where decile = 3 and target = 'churn'",
        "1 and 2 are the band high",
        "churn 90 days: 3 rows with decile 3 and band high",
    ),
    "an eleventh decile": _score(
        "decile = 11 where customer_id like '%0239'",
        "Deciles run from 1 to 10",
        "1 rows with decile 11 and band low",
    ),
    "an unknown band": _score(
        "band = 'warm' where customer_id like '%0003'",
        "Deciles run from 1 to 10",
        "1 rows with decile 1 and band warm",
    ),
    "a negative amount": _score(
        "expected_loss = -1 where customer_id like '%0003' and target = 'churn'",
        "Nobody is expected to bring less than nothing",
        "churn 90 days: 1 of 245 rows expect a negative number",
    ),
    "an expectation of somebody not scored": _score(
        "expected_days = 3 where customer_id like '%0244' and target = 'next_purchase'",
        "Of who is not scored nothing is expected",
        "next_purchase 30 days: 1 rows that are not scored say what to expect",
    ),
    "a loss where nobody leaves": _score(
        "expected_loss = 3 where customer_id like '%0003' and target = 'next_purchase'",
        "A row answers the question of its own target",
        "next_purchase 30 days: 1 rows hold what another target expects",
    ),
    "a category twice": _score(
        "category_2 = 'shoes' where customer_id like '%0003' and target = 'next_purchase'",
        "The likely categories differ",
        "next_purchase 30 days: 1 rows name a category twice or leave one out",
    ),
    "a curve beyond certainty": _timing(
        "probability = 1.5 where customer_id like '%0010' and days = 90",
        "The curve of the next order holds probabilities between 0 and 1",
        "30 days: 1 of 10 rows at day 90 have none",
    ),
    "a curve that falls": _timing(
        "probability = probability / 9 where customer_id like '%0010' and days = 90",
        "The curve of the next order never falls",
        "30 days: for 1 customers it is lower at day 90 than before",
    ),
    "a curve of nobody": _timing(
        "customer_id = customer_id || '?' where customer_id like '%0010'",
        "Who has a curve is scored for the next order",
        "30 days: 1 curves at day 7 belong to nobody scored",
    ),
    "a curve of its own": _timing(
        "probability = probability * 1.0001 where customer_id like '%0010' and days = 30",
        "At the horizon the curve is the probability served",
        "30 days: 1 of 10 customers have another one",
    ),
    "an empty reason": _score(
        "reason_3 = ' ' where customer_id like '%0003'",
        "Every score has three reasons",
        "scored rows in decile 1 lack one",
    ),
    "a scored excuse": _score(
        "reason_code = 'thin_data' where customer_id like '%0003'",
        "Whoever is scored has no reason_code",
        "1 scored rows in decile 1 carry one",
    ),
    "no excuse": _score(
        "reason_code = null where customer_id like '%0242'",
        "Whoever is not scored has a reason_code",
        "1 rows have none",
    ),
    "a score for who refused": _score(
        "probability = 0.5 where customer_id like '%0242'",
        "Whoever is not scored has no probability, place or reasons",
        "1 of 5 rows with reason_code profiling_refused have",
    ),
    "uneven deciles": _score(
        "decile = 1, band = 'high' where decile = 2 and customer_id like '%0030'",
        "Deciles are equally large",
        "decile 1 holds 25, 2 more than the smallest",
    ),
    "upside down": _score(
        "probability = 0.6 - probability where target = 'next_purchase' and status = 'scored'",
        "A better decile holds no lower probability",
        "next_purchase 30 days: decile 1 goes down to 0.0",
    ),
    "no base rate": _score(
        "base_rate = null where target = 'churn'",
        "A score comes with the base rate it is measured against",
        "churn 90 days: 240 scored rows with base rate nan",
    ),
    "a season": _score(
        "base_rate = 0.05 where target = 'churn'",
        "The mean probability lies near the base rate",
        "churn 90 days: mean 0.2000, base rate 0.0500, a factor of 4.8",
        stops=False,
    ),
    "class weights left in": _score(
        "base_rate = 0.02 where target = 'churn'",
        "The mean probability is not beyond reason of the base rate",
        "mean 0.2000, base rate 0.0200, a factor of 12.2",
        "look at the served model in MLflow",
    ),
    "the other way round": _score(
        "probability = probability / 100 where target = 'churn'",
        "The mean probability is not beyond reason of the base rate",
        "mean 0.0020, base rate 0.2000, a factor of 124.8",
    ),
    "two runs": _score(
        "run_id = 'run2' where target = 'churn'", "All rows come from one run", "2 different run_id"
    ),
    "no run": _score(
        "run_id = null where target = 'churn'", "Every row names its run", "245 rows have no run_id"
    ),
}


@pytest.mark.parametrize("border", BORDERS)
def test_good_data_passes(border: str, tmp_path: Path) -> None:
    verdict = judge(good_world(border, tmp_path), border)
    assert verdict.passed
    assert verdict.broken == ()
    assert verdict.rules == sum(len(batch.rules) for batch in load_suite(border).batches) > 0


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    home = good_world(fault.border, tmp_path)
    run_sql(home, fault.statement)
    if name == "no features at all":
        # Nothing to find by pattern either: the border stops before any rule is evaluated.
        with pytest.raises(KithError, match="have no column it could judge"):
            check_border(home, fault.border, DAY)
        return
    verdict = judge(home, fault.border)
    assert verdict.passed is not fault.stops
    words = verdict.message() if fault.stops else "\n".join(verdict.warnings)
    assert "\n" not in verdict.message()
    for part in (fault.rule, *fault.told):
        assert part in words
    assert fault.border in words
    assert DAY.isoformat() in words


def test_every_rule_has_a_fault_that_breaks_it() -> None:
    for border in borders():
        told = [fault.rule for fault in FAULTS.values() if fault.border == border]
        suite = load_suite(border)
        values = {"max_bad_share": 0.02, "max_bad_share_entity": 0.1, "min_bad_rows_entity": 200}
        rules = [rule.rule.format(**values) for batch in suite.batches for rule in batch.rules]
        assert len(rules) > 0
        assert [rule for rule in rules if not any(part in rule for part in told)] == []


def test_the_landing_limits_are_settings(tmp_path: Path) -> None:
    good_world("landing", tmp_path)
    (tmp_path / "kith.toml").write_text(
        "max_bad_share = 0.001\nmin_bad_rows_entity = 20\nmax_bad_share_entity = 0.05\n"
    )
    verdict = judge(Home(tmp_path), "landing")
    assert [broken.rule[:18] for broken in verdict.stops] == [
        "At most 5.0% of th",
        "At most 0.1% of al",
    ]
    assert "shares: 20 of 300 rows (6.7%)" in verdict.message()


def test_a_small_entity_may_be_bad(tmp_path: Path) -> None:
    """More than 10 % of an entity stops the run only when at least 200 of its rows are bad."""
    home = good_world("landing", tmp_path)
    run_sql(
        home,
        "update staging.landing_summary set rows_in = 100000, rows_staged = 99990 where entity = 'orders'",
        "update staging.landing_summary set rows_staged = 101, rows_quarantined = 199 where entity = 'shares'",
    )
    assert judge(home, "landing").passed
    run_sql(
        home,
        "update staging.landing_summary set rows_staged = 100, rows_quarantined = 200 where entity = 'shares'",
    )
    assert not judge(home, "landing").passed


def test_exactly_the_limit_passes(tmp_path: Path) -> None:
    home = good_world("landing", tmp_path)
    run_sql(
        home,
        "update staging.landing_summary set rows_staged = 4894, rows_quarantined = 106 where entity = 'orders'",
    )
    assert judge(home, "landing").passed
    run_sql(
        home,
        "update staging.landing_summary set rows_staged = 4893, rows_quarantined = 107 where entity = 'orders'",
    )
    assert not judge(home, "landing").passed


def test_nobody_scored_is_a_result(tmp_path: Path) -> None:
    home = scores_world(tmp_path, scored=0, not_scored=12)
    assert judge(home, "scores").broken == ()


def test_no_customers_is_a_result(tmp_path: Path) -> None:
    home = scores_world(tmp_path, scored=0, not_scored=0)
    assert judge(home, "scores").broken == ()


def test_fewer_customers_than_deciles_pass(tmp_path: Path) -> None:
    assert judge(scores_world(tmp_path, scored=7), "scores").broken == ()


def test_a_small_population_says_too_little_of_its_mean(tmp_path: Path) -> None:
    home = scores_world(tmp_path, scored=150)
    run_sql(home, "update published.customer_scores set base_rate = 0.001")
    assert judge(home, "scores").broken == ()


def test_only_the_rows_of_the_day_are_judged(tmp_path: Path) -> None:
    home = good_world("features", tmp_path)
    run_sql(
        home,
        "update features.customer_features set orders_count_30d = -1 where as_of_date < '2026-07-01'",
    )
    assert judge(home, "features").passed


def test_a_new_feature_needs_no_new_rule(tmp_path: Path) -> None:
    home = good_world("features", tmp_path)
    run_sql(
        home,
        'alter table features.customer_features add "it\'s ""odd""_count_7d" float',
        'alter table features.customer_features add "it\'s ""odd""_count_14d" float',
        'update features.customer_features set "it\'s ""odd""_count_7d" = 2, "it\'s ""odd""_count_14d" = 1',
    )
    message = judge(home, "features").message()
    assert 'it\'s "odd"_count_7d is greater than it\'s "odd"_count_14d for 6 customers' in message


def test_long_lists_are_cut(tmp_path: Path) -> None:
    home = good_world("features", tmp_path)
    columns = [f"thing{number}_count" for number in range(8)]
    run_sql(
        home,
        *(f"alter table features.customer_features add {column} integer" for column in columns),
    )
    message = judge(home, "features").message()
    assert "thing4_count is INTEGER; and 3 more" in message


@pytest.mark.parametrize("border", BORDERS)
def test_a_missing_table_fails(border: str, tmp_path: Path) -> None:
    for table in load_suite(border).tables:
        home = good_world(border, tmp_path / table)
        run_sql(home, f"drop table {table}")
        with pytest.raises(KithError, match=f"tables missing in .*: {table}"):
            check_border(home, border, DAY)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    home = good_world("landing", tmp_path)
    run_sql(home, "alter table staging.landing_summary drop rows_quarantined")
    with pytest.raises(
        KithError, match=r"batch entities: its query does not fit the warehouse: .*rows_quarantined"
    ):
        check_border(home, "landing", DAY)


def test_no_warehouse_fails(tmp_path: Path) -> None:
    with pytest.raises(KithError, match=r"there is no warehouse at .* Run `kith build`"):
        check_border(Home(tmp_path), "landing", DAY)
    assert not (tmp_path / "warehouse").exists()


def test_a_warehouse_of_another_day_fails(tmp_path: Path) -> None:
    home = good_world("landing", tmp_path)
    home.run_state.write_text('{"as_of_date": "2026-06-30", "done": ["landing"]}')
    with pytest.raises(
        KithError, match="was last built for 2026-06-30, and 2026-07-01 was to be checked"
    ):
        check_border(home, "landing", DAY)
    home.run_state.write_text('{"as_of_date": "2026-07-01", "done": ["landing"]}')
    assert judge(home, "landing").passed


def test_a_broken_file_fails(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.warehouse.mkdir()
    home.database.write_bytes(b"no database" * 1000)
    with pytest.raises(KithError, match="cannot be opened for reading"):
        check_border(home, "landing", DAY)
