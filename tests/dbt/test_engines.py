"""DuckDB and Spark are told the same: each difference between them has two forms, which give the same answers."""

from __future__ import annotations

import csv
import re
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml
from jinja2 import Environment

from tests.conftest import REPOSITORY
from tests.dbt.test_project_rules import code_of, sql_files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROJECT = REPOSITORY / "dbt_project"
MACROS = PROJECT / "macros"
ENGINES = ("duckdb", "spark")
ENGINE = ("engine.sql", "engine_spark.sql", "engine_spark_letters.sql")
DEFINED = re.compile(r"\{%-?\s*(?:macro|test)\s+(\w+)")
DISPATCHED = re.compile(r'adapter\.dispatch\("(\w+)"\)')
# After a bracket's end comes a table's name with those of its columns.
CALLED = re.compile(r"(?<![\w.|{])(?<!\| )(?<!\) as )([a-z_][a-z0-9_]*)\s*\(", re.IGNORECASE)

# Words before a bracket that are syntax in both engines.
SYNTAX = {
    *("and", "as", "by", "case", "cast", "cross", "distinct", "else", "end", "exists", "extract", "filter", "from"),
    *("in", "insert", "into", "is", "join", "like", "not", "on", "or", "over", "select", "then", "try_cast", "union"),
    *("using", "values", "when", "where", "within", "group", "with", "decimal", "having", "order", "partition"),
    *("table", "timestamp"),
}  # fmt: skip
# Jinja's and dbt's own, and what only a materialization says.
OF_DBT = {
    *("config", "dict", "do", "elif", "env_var", "for", "if", "incorporate", "load_cached_relation", "namespace"),
    *("noop_statement", "range", "ref", "return", "run_hooks", "run_query", "set", "should_full_refresh", "source"),
    *("statement", "var", "zip", "macro", "materialization", "call", "test", "is_incremental"),
    *("get_columns_in_relation", "create_table_as", "partition_cols", "location_clause"),
}  # fmt: skip
# Both engines have them and mean different things by them, or know only one of their forms: each has a macro.
FALSE_FRIENDS = {
    "concat": "a null makes all of it null in Spark alone: concat_ws",
    "datediff": "days_between",
    "date_diff": "days_between, seconds_between",
    "hash": "row_hash, key_hash",
    "log": "ln, log10",
    "regexp_replace": "the first match or every match: replace_all",
    "trim": "blanks of other scripts: trimmed",
    "split": "split_rows",
    "strftime": "each engine has its own patterns",
}
# What DuckDB alone takes: another type's name, casts by colons, whole division, nulls ignored within the brackets.
ONE_ENGINE_SYNTAX = re.compile(
    r"\bas\s+varchar\b|::|(?<!:)//|\bhugeint\b|\bignore\s+nulls\s*\)", re.IGNORECASE
)


def texts() -> dict[str, str]:
    """What is SQL outside of the engines' own files: models, macros, tests, and the expressions that lists hold."""
    found = {path.name: code_of(path) for path in sql_files() if path.name not in ENGINE}
    for name, columns in {
        "feature_catalogue": ("sql", "divided_by"),
        "tag_rules": ("value", "evidence"),
    }.items():
        with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8") as lines:
            rows = [row[column] for row in csv.DictReader(lines) for column in columns]
        found[f"{name}.csv"] = "\n".join(re.sub(r"'[^']*'", "''", text) for text in rows)
    assert len(found) > 180
    return found


@cache
def functions_of_both() -> frozenset[str]:
    """The functions that DuckDB and Spark both know by name."""
    functions = pytest.importorskip("pyspark.sql.functions", reason="pyspark is not installed")
    known = duckdb.sql("select distinct function_name from duckdb_functions()").fetchall()
    # Neither list holds what the parser itself knows.
    parsed = {"coalesce", "left", "nullif", "percentile_cont", "right"}
    return frozenset({name for (name,) in known} & set(dir(functions))) | parsed


def one_engines_own(text: str) -> set[str]:
    """What a text says that one engine does not know, or means otherwise."""
    macros = {
        name for path in sql_files() for name in DEFINED.findall(path.read_text(encoding="utf-8"))
    }
    called = {name.lower() for name in CALLED.findall(text)} - SYNTAX - OF_DBT - macros
    strange = (called - functions_of_both()) | (called & set(FALSE_FRIENDS))
    return strange | set(ONE_ENGINE_SYNTAX.findall(text))


def test_models_say_nothing_that_only_one_engine_knows() -> None:
    for name, text in texts().items():
        assert not one_engines_own(text), f"{name} says {sorted(one_engines_own(text))}"


@pytest.mark.parametrize(
    "text",
    [
        "select strip_accents(name)",
        "select cast(number as varchar)",
        "select number::text",
        "select days // 7",
        "last_value(name ignore nulls) over (partition by id order by at)",
        "select collect_list(name)",
        "select trim(name)",
        "select hash(a, b)",
    ],
)
def test_what_only_one_engine_knows_is_recognised(text: str) -> None:
    assert one_engines_own(text)


def macros_of(*names: str) -> set[str]:
    return {
        name
        for file in names
        for name in DEFINED.findall((MACROS / file).read_text(encoding="utf-8"))
    }


def test_every_difference_between_the_engines_has_both_forms() -> None:
    text = (MACROS / "engine.sql").read_text(encoding="utf-8")
    dispatched = set(DISPATCHED.findall(text))
    assert len(dispatched) > 20
    defined = macros_of("engine.sql")
    for engine in ENGINES:
        of_engine = {
            name.removeprefix(f"{engine}__") for name in defined if name.startswith(f"{engine}__")
        }
        assert of_engine == dispatched, f"{engine}: {sorted(of_engine ^ dispatched)}"


def test_no_other_file_speaks_of_an_engine() -> None:
    materializations = {"snapshot_dates.sql", "snapshot_dates_spark.sql"}
    for path in sql_files():
        if path.name not in {*ENGINE, *materializations}:
            found = re.search(r"adapter\.dispatch|target\.type|\b(?:duckdb|spark)__", code_of(path))
            assert found is None, f"{path.name} says '{found and found[0]}'"


def engine_macros(engine: str) -> Any:
    """The macros of the project as one engine sees them, without a warehouse."""
    names = (
        "engine.sql",
        "engine_spark_letters.sql",
        "evidence.sql",
        "stated_values.sql",
        "landing.sql",
        "features.sql",
        "portrait.sql",
    )
    environment = Environment(extensions=["jinja2.ext.do"])
    module: Any = SimpleNamespace()
    environment.globals |= {
        "return": lambda value: value,
        "adapter": SimpleNamespace(dispatch=lambda name: getattr(module, f"{engine}__{name}")),
        "setting": lambda name: "'Europe/Berlin'",
        "execute": True,
    }
    text = "\n".join((MACROS / name).read_text(encoding="utf-8") for name in names)
    # dbt's macros know each other; a macro of a plain template sees those of its own file.
    module.__dict__.update(environment.from_string(text).module.__dict__)
    return module


def test_the_letters_that_lose_an_accent_are_those_that_duckdb_strips() -> None:
    pairs = engine_macros("spark").accented_letters().strip()
    # What is no letter at all (a half of a pair) stands aside as an A.
    letter = "chr(case when number between 55296 and 57343 then 65 else number end::integer)"
    stripped = duckdb.sql(
        f"select letter, strip_accents(letter) from (select number, {letter} as letter "
        "from range(1, 1114112) t(number)) "
        "where length(strip_accents(letter)) = 1 and strip_accents(letter) <> letter order by number"
    ).fetchall()
    assert len(stripped) > 1000
    assert pairs == "".join(letter + plain for letter, plain in stripped)


TEXTS = [
    "Zoë Ångström-Łukasz", "  Ana  MARÍA  ", "José\u0301 d'Ávila", "山田 太郎", "김민수", "がぱ", "Ⅷ ǅ", "J. SMITH",
    "\u3000Müller\u00a0", "a|b", "a'b\\c", "12 High St.", "12bis rue d'Été", "", None, "ΆΈΉ", "Ёлка й", "x" * 70,
    "a.b+c@gmail.com", "A@b.co", "not@mail", "naïve\tcafé", "1\u00bd", "🙂 smile",
]  # fmt: skip
INSTANTS = [
    "2026-03-29 02:30:00", "2026-10-25 02:30:00", "2026-07-01", "2026-07-01 10:00:00Z", "2026-07-01T10:00:00+02:00",
    "2026-07-01 10:00:00.5-0930", "2026-07-01 10:00:00 utc", "2026-13-01", "2026-02-30 10:00:00", "2026-07-01 25:00:00",
    "10:00:00", "2026", "", None, "2026-07-01 10:00", "2026-07-01 10:00:00+99:00", "1969-12-31 23:59:59.999999",
]  # fmt: skip
NUMBERS = [
    "1",
    "-2.5",
    "1e3",
    "abc",
    "",
    None,
    "12345678901234567890",
    "0.00005",
    " 7 ",
    "7.0",
    "7.5",
    "+3",
]


def text_expressions(m: Any) -> list[str]:
    plain = m.plain_letters("t", " ")
    return [
        *(
            m.trimmed("t"),
            m.without_accents("t"),
            m.row_hash(["t", "'x'", "nullif('', '')"]),
            m.share_of_hash("t"),
        ),
        *(
            m.plain_name("t"),
            plain,
            m.name_key("t"),
            m.name_letters("t"),
            m.is_cjk("t"),
            m.is_full_name("t"),
        ),
        *(
            m.sorted_parts("t", " "),
            m.sorted_parts("t", ""),
            m.letters_of("t"),
            m.word_starts("lower(t)"),
        ),
        *(
            m.house_key(plain),
            m.address_key("t", "'Köln'", "null", "'DE'"),
            m.identifier_form("'email'", "t"),
        ),
        *(
            m.matches("t", "['\\\\]"),
            m.replace_all("t", "[aä]+", "\\\\'"),
            m.text_literal("a'b\\c"),
        ),
    ]


def instant_expressions(m: Any) -> list[str]:
    local = "'Europe/Berlin'"
    known = f"({m.to_brand_time('t', local)})"
    start = "cast('2026-01-31 00:00:00.7' as timestamp)"
    return [
        *(known, m.to_brand_time("t", "'America/New_York'"), m.to_brand_time("t", "'UTC'")),
        *(
            m.change_zone(known, local, "'Asia/Tokyo'"),
            m.change_zone(known, "'America/New_York'", local),
        ),
        *(
            m.days_between(known, start),
            m.seconds_between(known, start),
            m.first_of_month_after(known),
        ),
        *(
            m.iso_weekday(known),
            f"cast({known} as string)",
            f"cast(cast({known} as date) as string)",
        ),
    ]


def number_expressions(m: Any) -> list[str]:
    whole = {"name": "t", "data_type": "bigint", "config": {"meta": {"required": False}}}
    money = whole | {"data_type": "decimal(18,4)"}
    number = f"coalesce({m.typed(whole, '')}, 9)"
    return [
        *(
            m.typed(whole, "''"),
            m.typed(money, "''"),
            m.percent(number, "7"),
            m.n_log_n(f"least({number}, 99)"),
        ),
        *(
            m.whole_quotient(number, "-4"),
            m.single_bit(f"abs({number}) % 60"),
            m.significant(f"cast({number} as double) / 7"),
        ),
        # Ties of binary fractions: 302.025, 8.325, 145.945.
        *(
            m.decimal_of(f"cast({cents} as double) / {parts}", 18, 2)
            for cents, parts in ((1208.1, 4), (33.3, 4), (583.78, 4))
        ),
        *(m.decimal_of(f"-cast({number} as double) / 8", 18, places) for places in (0, 1, 2)),
    ]


BAGS = {
    "texts": (TEXTS, text_expressions),
    "instants": (INSTANTS, instant_expressions),
    "numbers": (NUMBERS, number_expressions),
}


@pytest.fixture(scope="module")
def as_dbt(spark: SparkSession) -> Any:
    """A Spark session under which SQL means what the profile makes it mean; other tests' sessions keep theirs."""
    session = spark.newSession()
    (profile,) = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8")).values()
    for name, value in profile["outputs"]["spark"]["server_side_parameters"].items():
        session.conf.set(name, value)
    # dbt-spark insists on this one.
    session.conf.set("spark.sql.ansi.enabled", "false")
    return session


Answers = list[tuple[Any, ...]]


def asked(engine: str, query: str, spark: Any) -> Answers:
    """The rows that an engine answers with."""
    if engine == "duckdb":
        return duckdb.sql(query).fetchall()
    return [tuple(row) for row in spark.sql(query).collect()]


def listed(engine: Any, values: list[str | None]) -> str:
    """Numbered texts as a relation."""
    rows = [
        f"({n}, {'cast(null as string)' if value is None else engine.text_literal(value)})"
        for n, value in enumerate(values)
    ]
    return f"(values {', '.join(rows)}) as listed(n, t)"


def is_same(expected: Any, found: Any) -> bool:
    if isinstance(expected, float):
        return bool(found == pytest.approx(expected, rel=1e-9))
    return bool(found == expected)


@pytest.mark.slow
@pytest.mark.parametrize("bag", sorted(BAGS))
def test_macros_give_the_same_on_both_engines(bag: str, as_dbt: Any) -> None:
    values, expressions = BAGS[bag]
    answers = {}
    for engine in ENGINES:
        m = engine_macros(engine)
        told = ",\n".join(f"{told} as c{n}" for n, told in enumerate(expressions(m)))
        query = f"select n, {told} from {listed(m, values)} order by n"
        answers[engine] = asked(engine, query, as_dbt)
    assert len(answers["duckdb"]) == len(values)
    told_to_duckdb = expressions(engine_macros("duckdb"))
    for ours, theirs in zip(*answers.values(), strict=True):
        for told, expected, found in zip(told_to_duckdb, ours[1:], theirs[1:], strict=True):
            value = values[ours[0]]
            assert is_same(expected, found), (
                f"{value!r}: {told} is {expected!r}, to Spark {found!r}"
            )


GROUPS = (
    "(values (1, 'b', 'x|y||'), (1, 'ä', 'z'), (2, cast(null as string), 'w|'), (1, 'B', '')) "
    "as listed(g, t, parts)"
)


def group_queries(m: Any) -> list[str]:
    months = m.month_rows("date '2025-11-01'", "date '2026-02-01'")
    order = "t nulls last, parts"
    return [
        f"select g, {m.joined_texts('t')} as joined from {GROUPS} group by g order by g",
        f"select g, part from (select g, {m.split_rows('parts')} as part from {GROUPS}) as split order by g, part",
        f"select cast(month as date) as month from (select {months} as month) as months order by month",
        f"select t, {m.last_stated('t', 'g', order)} as said from {GROUPS} order by g, {order}",
    ]


@pytest.mark.slow
def test_groups_and_series_are_the_same_on_both_engines(as_dbt: Any) -> None:
    ours, theirs = (
        [asked(engine, query, as_dbt) for query in group_queries(engine_macros(engine))]
        for engine in ENGINES
    )
    assert all(ours)
    assert ours == theirs
