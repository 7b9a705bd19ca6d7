"""The account of the current version: what came in, who is who, how good each model is, whom to call first.

It reads the published files and the figures that MLflow keeps beside the models, and shows no personal data:
a customer is an id, whose name and contact stand in `customers.parquet`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ml.data.sql_text import literal
from ml.data.warehouse import connect_in_memory
from ml.errors import KithError
from ml.home import Home
from ml.serve.account_identity import Query, who_is_who, worth_a_look
from ml.serve.account_relationship import how_close
from ml.serve.versions import Version, Versions

CALLS = 20
COMMONEST_REFUSALS = 5

Figures = Callable[[str, str], dict[str, float]]

# Worth a call: likelier to leave than usual, allows a message on some channel, does not work here; first
# those whose leaving would cost most.
CALL_LIST = """
with worth as (
    select
        customers.customer_id, customers.level, customers.orders_amount_365d, scores.probability,
        scores.expected_loss,
        concat_ws('+', case when consent_email then 'email' end, case when consent_sms then 'sms' end,
            case when consent_push then 'push' end) as channels,
        concat_ws('; ', scores.reason_1, scores.reason_2, scores.reason_3) as reasons
    from {customers} as customers
    inner join {scores} as scores using (customer_id)
    where scores.target = 'churn' and scores.status = 'scored' and scores.probability >= scores.base_rate
        and scores.horizon_days = (select min(horizon_days) from {scores} where target = 'churn')
        and not list_contains(string_split(coalesce(customers.roles, ''), ','), 'staff')
)

select * from worth where channels <> '' order by expected_loss desc nulls last, customer_id limit ?
"""


def describe_account(home: Home, figures: Figures) -> list[str]:
    """Lines for people about the current version of a home folder.

    Args:
        home: the home folder.
        figures: gives what the training of a model logged, from its name and SHA-256.

    Raises:
        KithError: nothing is published yet.
    """
    versions = Versions(home)
    version = versions.current()
    if version is None:
        raise KithError(
            f"Nothing is published in {home.root} yet, so there is nothing to give an account of. `kith run` publishes."
        )
    folder = versions.folder / version.name
    with connect_in_memory(home) as connection:
        ask = _asker(connection, folder)
        return [
            f"Kith's account of {version.as_of_date} (version {version.name})",
            *_section("Read and refused", _rows_read(ask)),
            *_section("Who is who", who_is_who(ask)),
            *_section("Who may not be who", worth_a_look(ask, folder)),
            *_section("How close they stand", how_close(ask, folder)),
            *_section("How good the models are (out of fold)", _models(version, figures)),
            *_section(f"The {CALLS} customers most worth a call", _calls(ask)),
            *_section("Where everything lies", _places(home, folder)),
        ]


def _asker(connection: duckdb.DuckDBPyConnection, folder: Path) -> Query:
    """Queries that name a published table as `{table}`, or `{scores}`."""
    files = {path.stem: literal(path) for path in sorted(folder.glob("*.parquet"))}
    files["scores"] = files["customer_scores"]

    def ask(query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return connection.execute(query.format(**files), list(parameters)).fetchall()

    return ask


def _rows_read(ask: Query) -> Iterator[str]:
    found = ask(
        'select "table", observed, coalesce(refused, 0) from {data_quality} '
        'left join (select entity as "table", count(distinct (file, "row")) as refused '
        'from {quarantine} group by 1) using ("table") '
        'where "check" = "table" || \' rows add up\' order by 1'
    )
    read = [(entity, int(observed.split()[0]), refused) for entity, observed, refused in found]
    yield from _table(
        [("entity", "rows read", "refused")]
        + [(entity, f"{rows:,}", f"{refused:,}") for entity, rows, refused in read]
        + [("all", f"{sum(r for _, r, _ in read):,}", f"{sum(r for _, _, r in read):,}")]
    )
    for rows, entity, column, reason in ask(
        'select count(*), entity, "column", reason from {quarantine} group by 2, 3, 4 '
        f"order by 1 desc, 2, 3, 4 limit {COMMONEST_REFUSALS}"
    ):
        yield f"{rows:,} refused: {entity}.{column} {reason}"


def _models(version: Version, figures: Figures) -> Iterator[str]:
    rows = [
        ("model", "asked", "base rate", "grade", "AUC", "log-loss", "simple rule: AUC", "log-loss")
    ]
    left_out = []
    for model in version.manifest["models"]:
        name = f"{model['target']} {model['horizon_days']}d"
        if model["status"] != "scored":
            found = [model[f"customers_{what}"] or 0 for what in ("with", "without", "needed")]
            left_out.append(
                f"{name}: not scored, {model['reason_code']} ({found[0]:,} customers with the outcome, "
                f"{found[1]:,} without; {found[2]:,} of each needed)"
            )
            continue
        logged = figures(model["model_name"], model["sha256"])
        kept = [
            logged.get(key)
            for key in ("served.auc", "served.log_loss", "rule.auc", "rule.log_loss")
        ]
        auc, loss, rule_auc, rule_loss = ("?" if figure is None else figure for figure in kept)
        rows.append(
            (
                name,
                f"{model['population']:,}",
                f"{model['base_rate']:.1%}",
                model["quality_grade"],
                *(
                    figure if isinstance(figure, str) else f"{figure:.{digits}f}"
                    for figure, digits in ((auc, 3), (loss, 4), (rule_auc, 3), (rule_loss, 4))
                ),
            )
        )
    if len(rows) > 1:
        yield from _table(rows)
    yield from left_out


def _calls(ask: Query) -> Iterator[str]:
    found = ask(CALL_LIST, CALLS)
    if not found:
        yield "nobody: no model of leaving serves, or nobody at risk allows a message"
        return
    yield "by expected loss: the chance of leaving × what would be bought in its window; who allows messages"
    rows = [("", "customer", "level", "spent", "leaving", "expected loss", "allows", "why")]
    for place, (customer, level, spent, probability, loss, channels, why) in enumerate(found, 1):
        money = f"{spent:,.0f}", f"{probability:.0%}", "?" if loss is None else f"{loss:,.0f}"
        rows.append((str(place), customer, level, *money, channels, why))
    yield from _table(rows, left={1, 2, 6, 7})


def _places(home: Home, folder: Path) -> Iterator[str]:
    borders = sorted(home.data_docs.glob("*/index.html"))
    named = {
        "tables": folder,
        "what each column means": folder / "data_dictionary.md",
        **{f"checks of the {page.parent.name} border": page for page in borders},
        "pictures of the relationship": home.relationship_page,
        "today's plan of contacts": home.plan_page,
        "what is offered": home.recommendation_page,
        "what messages change": home.effects_page("uplift"),
        "what lists and campaigns brought": home.effects_page("lift"),
        "lists that may be sent": home.exports,
        "dbt docs with lineage": home.dbt_docs / "index.html",
        "warehouse (DuckDB)": home.database,
        "logs": home.logs,
    }
    there = [(f"{what}:", str(place)) for what, place in named.items() if place.exists()]
    on_home = f"KITH_HOME={shlex.quote(str(home.root))}"
    commands = [
        ("models, plots, model cards:", f"{on_home} make mlflow, then http://127.0.0.1:5000"),
        (
            "DAGs and their docs:",
            f'{on_home} make airflow ARGS="standalone", then http://127.0.0.1:8080',
        ),
    ]
    yield from _table([*there, *commands], left={0, 1})


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield ""
    yield title
    for line in lines:
        yield f"  {line}"


def _table(
    rows: Sequence[Sequence[str]], left: frozenset[int] | set[int] = frozenset({0})
) -> Iterator[str]:
    """Lines with aligned columns; those in `left` begin together, the others end together."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
