"""`kith plan` on a home folder: who gets what, who is left in peace and why, and that running again changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from plan_worlds import DECLARED, rules

import ml.activate.plan.make as make
from ml.activate.plan.make import make_plan
from ml.activate.tables import NEXT_BEST_ACTIONS, PLAN_TOTALS
from ml.errors import KithError
from ml.home import Home
from ml.serve.versions import Versions

DAY = date(2026, 7, 1)
BY_EMAIL = replace(DECLARED, offers=tuple(o for o in DECLARED.offers if o.channel == "email"))
VERSION = "2026-07-01-made"
PEOPLE = {
    # customer_id: what is different about the person
    "c0-rich": {"probability": 0.8},
    "c1-poor": {"probability": 0.3},
    "c2-held": {"group": "holdout"},
    "c3-mixed": {},
    "c4-silent": {"consent_email": None},
    "c5-lately": {},
    "c6-refused": {},
    "c7-again": {},
    "c8-unlisted": {"audience": None},
    "c9-hidden": {"consent_profiling": False},
    "d0-peace": {"also": "leave_in_peace"},
    "d1-hopeless": {"probability": 0.0001},
    "d2-exported": {},
    "d3-capped": {"is_within_cap": False},
}
ROWS = {
    # contact: customer, days before, channel, outcome, and since when it does not count
    "k1": ("c5-lately", 3, "email", "opened", None),
    "k2": ("c6-refused", 200, "email", "unsubscribed", None),
    "k3": ("c7-again", 200, "email", "unsubscribed", None),
    "k4": ("c1-poor", 3, "email", "delivered", "2026-06-29"),
    "k5": ("c0-rich", 7, "email", "delivered", None),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one published version and the contacts of its warehouse."""
    place = Home(tmp_path / "home")
    folder = place.published / "versions" / VERSION
    folder.mkdir(parents=True)
    publish(folder)
    publish_merges(folder)
    (folder / "manifest.json").write_text(json.dumps({"as_of_date": "2026-07-01"}))
    (place.published / "current.json").write_text(
        json.dumps({"version": VERSION, "as_of_date": "2026-07-01"})
    )
    place.warehouse.mkdir()
    place.run_state.write_text(json.dumps({"as_of_date": "2026-07-01", "done": ["events"]}))
    build_warehouse(place)
    return place


def publish(folder: Path) -> None:
    """The tables of a version, as far as a plan reads them."""
    usual = {
        "consent_profiling": None,
        "consent_email": True,
        "consent_push": False,
        "probability": 0.5,
        "audience": "ready",
        "group": "treatment",
        "is_within_cap": True,
    }
    people = pd.DataFrame([{"customer_id": who, **usual, **other} for who, other in PEOPLE.items()])
    members = people[people["audience"].notna()][
        ["customer_id", "audience", "group", "is_within_cap"]
    ]
    quiet = pd.DataFrame(
        [
            (who, "leave_in_peace", "treatment", True)
            for who, other in PEOPLE.items()
            if "also" in other
        ],
        columns=members.columns,
    )
    customers = people.rename(columns={"probability": "next_purchase_probability"}).assign(
        # An order of 100 if there is one: the column counts the chance that there is none.
        next_order_expected_amount=100.0 * people["probability"],
        orders_amount=300.0,
        orders_count=3,
        orders_amount_365d=50.0,
        churn_probability=0.5,
        country="GB",
        phone=None,
        likely_category_1="shoes",
    )
    for consent in ("consent_profiling", "consent_email", "consent_push"):
        customers[consent] = customers[consent].astype("boolean")
    customers["phone"] = customers["phone"].astype("string")
    # Written backwards: the plan is in the order of customer_id whatever the file's.
    customers.iloc[::-1].to_parquet(folder / "customers.parquet")
    pd.concat([members, quiet]).to_parquet(folder / "audience_members.parquet")
    names = ["ready", "leave_in_peace"]
    pd.DataFrame({"audience": names, "purpose": ["buying", "leave_in_peace"]}).to_parquet(
        folder / "audiences.parquet"
    )
    pd.DataFrame(
        {"purpose": ["buying", "other"], "customer_id": ["c3-mixed", "c0-rich"], "is_mixed": True}
    ).to_parquet(folder / "holdouts.parquet")


def publish_merges(folder: Path) -> None:
    """One person was merged twice."""
    merges = [("former", "later", date(2026, 6, 29)), ("later", "d2-exported", date(2026, 6, 30))]
    columns = ["retired_id", "surviving_id", "merged_at"]
    pd.DataFrame(merges, columns=columns).to_parquet(folder / "customer_merges.parquet")


def build_warehouse(home: Home) -> None:
    """Who is who, the contacts, and one who said yes again."""
    ids = list(PEOPLE)
    with duckdb.connect(str(home.database)) as connection:
        for schema in ("events", "identity", "resolved"):
            connection.execute(f"create schema {schema}")
        records = pd.DataFrame({"record_no": range(len(ids)), "customer_id": ids})  # noqa: F841
        connection.execute(
            "create table identity.int_identity__records as select record_no, 'web' as source, "
            "customer_id as source_key, customer_id from records"
        )
        connection.execute(
            "create table resolved.record_customers as select record_no, record_no as head_record_no, "
            "cast(null as date) as valid_to from records"
        )
        contacts = pd.DataFrame(  # noqa: F841
            [
                (key, ids.index(who), days, channel, outcome, until)
                for key, (who, days, channel, outcome, until) in ROWS.items()
            ],
            columns=["contact_id", "record_no", "days", "channel", "outcome", "until"],
        )
        connection.execute(
            """
            create table events.fct_contacts as select contact_id, record_no, channel, outcome,
                timestamp '2026-07-01 10:00:00' - to_days(cast(days as integer)) as occurred_at,
                date '2026-07-01' - cast(days as integer) + 1 as visible_on, cast(until as date) as superseded_on
            from contacts
            """
        )
        connection.execute(
            f"create table events.int_customer__consents as select {ids.index('c7-again')} as customer_no, "
            "'email' as purpose, true as granted, timestamp '2026-03-01' as occurred_at"
        )


def say_nothing(line: str) -> None:
    """For reports that a test does not read."""


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The offers of these tests in the place of the brand's."""
    monkeypatch.setattr(make, "read_declarations", lambda: BY_EMAIL)


def actions_of(home: Home) -> pd.DataFrame:
    """The plan as written, by customer."""
    return pd.read_parquet(home.activation_version(VERSION) / NEXT_BEST_ACTIONS).set_index(
        "customer_id"
    )


def log_export(
    home: Home,
    day: str,
    channel: str = "email",
    is_delivered: bool = True,
    customer_id: str = "d2-exported",
) -> None:
    """A list of Kith's own that reached one person."""
    folder = home.exports / "email" / "ready" / f"{day}-made"
    folder.mkdir(parents=True)
    row = {"customer_id": customer_id, "channel": channel, "is_delivered": is_delivered}
    pd.DataFrame([{**row, "as_of_date": date.fromisoformat(day)}]).to_parquet(
        folder / "log.parquet"
    )


def test_everybody_has_one_action_and_a_reason(home: Home) -> None:
    log_export(home, "2026-06-28")
    make_plan(home, None, say_nothing)
    actions = actions_of(home)
    assert list(actions.index) == sorted(PEOPLE)
    assert actions["reason"].to_dict() == {
        "c0-rich": "assumed_effect",
        "c1-poor": "assumed_effect",
        "c2-held": "held_out",
        "c3-mixed": "held_out",
        "c4-silent": "no_consent",
        "c5-lately": "limit_reached",
        "c6-refused": "asked_for_peace",
        "c7-again": "assumed_effect",
        "c8-unlisted": "no_list",
        "c9-hidden": "profiling_refused",
        "d0-peace": "asked_for_peace",
        "d1-hopeless": "no_gain",
        "d2-exported": "limit_reached",
        "d3-capped": "no_list",
    }
    chosen = actions[actions["action"] == "contact"]
    assert (chosen[["offer", "audience", "channel"]] == ["pick", "ready", "email"]).all().all()
    assert (chosen["send_from"] == pd.Timestamp("2026-07-01", tz="UTC")).all()
    left = actions[actions["action"] == "leave_in_peace"]
    assert left[["offer", "channel", "item", "send_from", "effect"]].isna().all().all()
    assert (left[["expected_gain", "cost"]] == 0).all().all()


@pytest.mark.parametrize(
    ("day", "other"),
    [
        ("2026-06-24", {}),
        ("2026-07-01", {}),
        ("2026-06-28", {"is_delivered": False}),
        ("2026-06-28", {"channel": "ads"}),
    ],
)
def test_exports_that_do_not_count(home: Home, day: str, other: dict[str, bool]) -> None:
    """A week ago, of today, never delivered, or on no channel of messages."""
    log_export(home, day, **other)  # type: ignore[arg-type]
    make_plan(home, None, say_nothing)
    assert actions_of(home).loc["d2-exported", "action"] == "contact"


@pytest.mark.parametrize(("channel", "action"), [("ads", "contact"), ("push", "leave_in_peace")])
def test_advertisements_use_up_no_limit_of_all_channels(
    home: Home, channel: str, action: str
) -> None:
    for day in range(10, 20):
        log_export(home, f"2026-06-{day}", channel)
    make_plan(home, None, say_nothing)
    assert actions_of(home).loc["d2-exported", "action"] == action


@pytest.mark.parametrize(
    ("former", "action"), [("former", "leave_in_peace"), ("nobody", "contact")]
)
def test_contacts_of_former_ids_count_for_who_survived(
    home: Home, former: str, action: str
) -> None:
    """Merged twice since the list went out."""
    log_export(home, "2026-06-28", customer_id=former)
    make_plan(home, None, say_nothing)
    assert actions_of(home).loc["d2-exported", "action"] == action


def test_running_again_gives_the_same_bytes(home: Home) -> None:
    def bytes_of_all() -> list[str]:
        make_plan(home, DAY, say_nothing)
        folder = home.activation_version(VERSION)
        files = [*sorted(folder.iterdir()), home.plan_page]
        assert [file.name for file in files] == [NEXT_BEST_ACTIONS, PLAN_TOTALS, "index.html"]
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    assert bytes_of_all() == bytes_of_all()


def test_a_cap_of_the_day_leaves_the_best(home: Home) -> None:
    (home.root / "kith.toml").write_text("daily_contacts = 1\n")
    said: list[str] = []
    plan = make_plan(home, None, said.append)
    actions = actions_of(home)
    assert list(actions.index[actions["action"] == "contact"]) == ["c0-rich"]
    assert actions.loc["c1-poor", "reason"] == actions.loc["c7-again", "reason"] == "caps_spent"
    totals = pd.read_parquet(home.activation_version(VERSION) / PLAN_TOTALS)
    cap = totals[(totals["topic"] == "cap") & (totals["item"] == "contacts")].iloc[0]
    assert (cap["number"], cap["most"]) == (1, 1)
    next_best = actions.loc["c0-rich", "expected_gain"]
    assert 0 < cap["shadow_price"] <= next_best * (1 + 1e-9)
    peace = totals[totals["topic"] == "peace"]
    assert peace["number"].sum() == len(PEOPLE) - 1
    assert plan.solution.gap == pytest.approx(0, abs=1e-6)
    assert "of 14 customers 1 get one message and 13 are left in peace" in said[0]
    assert "is within 0.0000% of the best" in said[0]
    assert "the table of effects (`kith uplift`)" in said[0]
    assert "Offers without a member of their audience: coupon, leaving" in said[0]
    page = home.plan_page.read_text()
    assert "caps spent" in page
    assert not any(who in page for who in PEOPLE)


def test_measured_effects_and_recommendations_are_used(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick = replace(BY_EMAIL.offers[0], item_kind="recommended")
    offers = (pick, *BY_EMAIL.offers[1:])
    monkeypatch.setattr(make, "read_declarations", lambda: replace(BY_EMAIL, offers=offers))
    folder = home.activation_version(VERSION)
    folder.mkdir(parents=True)
    effect = {
        "channel": "email",
        "outcome": "purchase",
        "is_causal": True,
        "segment": "persuadable",
        "reason_code": None,
    }
    rows = [
        {"customer_id": "c1-poor", "effect": 0.1, **effect},
        {"customer_id": "c0-rich", "effect": -0.1, **effect, "segment": "sleeping_dog"},
        {"customer_id": "c7-again", "effect": 0.9, **effect, "is_causal": False},
        {"customer_id": "c7-again", "effect": 0.3, **effect, "outcome": "something_else"},
        # A rate of refusing that is the same for all says nothing of the person.
        {
            "customer_id": "c1-poor",
            "effect": 0.9,
            **effect,
            "outcome": "refusal",
            "reason_code": "too_few_to_rank",
        },
    ]
    frame = pd.DataFrame(rows).assign(
        effect_low=lambda t: t["effect"] - 1e-6, effect_high=lambda t: t["effect"] + 1e-6
    )
    frame.to_parquet(folder / "uplift.parquet")
    pd.DataFrame(
        {"customer_id": ["c1-poor"] * 2, "place": [1, 2], "item": ["P7", "P8"]}
    ).to_parquet(folder / "recommendations.parquet")
    make_plan(home, None, say_nothing)
    actions = actions_of(home)
    assert actions.loc["c0-rich", "reason"] == "would_disturb"
    assert actions.loc["c1-poor", ["effect_source", "item"]].tolist() == ["measured", "P7"]
    assert actions.loc["c1-poor", "effect"] == pytest.approx(0.1, rel=1e-3)
    assert actions.loc["c7-again", "effect_source"] != "measured"


def test_the_hours_of_the_person(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = rules(
        "email",
        quiet_from=datetime(2026, 1, 1, 21).time(),
        quiet_until=datetime(2026, 1, 1, 8).time(),
    )
    channels = {**DECLARED.channels, "email": asleep}
    monkeypatch.setattr(make, "read_declarations", lambda: replace(BY_EMAIL, channels=channels))
    (home.root / "kith.toml").write_text('timezone = "Asia/Tokyo"\n')
    make_plan(home, None, say_nothing)
    row = actions_of(home).loc["c0-rich"]
    # Tokyo's day runs from 15:00 to 15:00 UTC; London sleeps from 20:00 to 07:00 UTC in summer.
    assert row["send_from"] == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert row["send_until"] == datetime(2026, 7, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "day", "told"),
    [
        (
            lambda home: home.run_state.unlink(),
            None,
            "it was built for no day. Run `kith build --as-of-date 2026-07-01`",
        ),
        (
            lambda home: home.run_state.write_text(
                '{"as_of_date": "2026-07-02", "done": ["events"]}'
            ),
            None,
            "needs the warehouse in .* built for that day, .*; it was built for 2026-07-02",
        ),
        (
            lambda home: None,
            date(2026, 6, 1),
            r"\(2026-06-01\); readers see 2026-07-01. Run `kith run",
        ),
        (lambda home: (home.published / "current.json").unlink(), None, "nothing is published yet"),
    ],
)
def test_what_a_plan_cannot_do_without(
    home: Home, change: Callable[[Home], object], day: date | None, told: str
) -> None:
    change(home)
    with pytest.raises(KithError, match=told):
        make_plan(home, day, say_nothing)
    assert not home.activation_version(VERSION).exists()


def test_an_older_day_has_its_own_version(home: Home) -> None:
    """Readers may have gone back; a plan for a day uses the version of that day."""
    (home.published / "current.json").unlink()
    make_plan(home, DAY, say_nothing)
    assert len(pq.read_table(home.activation_version(VERSION) / NEXT_BEST_ACTIONS)) == len(PEOPLE)
    assert Versions(home).current() is None


@pytest.mark.parametrize(
    "emptied",
    [
        ("customers", "audience_members", "audiences", "holdouts", "customer_merges"),
        ("audience_members",),
    ],
)
def test_a_brand_of_nobody_or_without_lists(home: Home, emptied: tuple[str, ...]) -> None:
    folder = home.published / "versions" / VERSION
    for name in emptied:
        table = pq.read_table(folder / f"{name}.parquet")
        pq.write_table(table.slice(0, 0), folder / f"{name}.parquet")
    with duckdb.connect(str(home.database)) as connection:
        connection.execute("delete from events.fct_contacts")
    said: list[str] = []
    make_plan(home, None, said.append)
    actions = actions_of(home)
    assert len(actions) == (0 if "customers" in emptied else len(PEOPLE))
    assert set(actions["action"]) <= {"leave_in_peace"}
    assert "0 get one message" in said[0]
    assert home.plan_page.exists()
