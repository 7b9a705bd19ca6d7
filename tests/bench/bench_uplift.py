"""Planted uplift: does the ranking find whom messages move, and how much of what the truth itself would find?

`python tests/bench/bench_uplift.py [--contacts 200000]` draws randomised contacts whose true effects are known.
`python tests/bench/bench_uplift.py --home HOME --truth LANDING-truth`, after `kith uplift` on a demo landing zone,
holds the published effects on buying against the true effects of the people behind each customer.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from ml.activate.uplift.boosting import Ground
from ml.activate.uplift.judging import qini
from ml.activate.uplift.study import study_effects
from ml.data.warehouse import connect
from ml.home import Home
from ml.learn.models.linear import Floats
from ml.serve.versions import Versions
from tests.activate.effect_worlds import make_effect_world

FEWEST_TAUGHT = 5_000
"""Fewer people teach nothing: leaves hold 500."""

_BEHIND = """
with true_effects as (
    select people.customer_id, avg(effects.effect_on_next_purchase) as purchase, avg(effects.effect_on_churn) as churn
    from identity.int_identity__customers_now as people
    inner join read_parquet($records) as records using (source, source_key)
    inner join read_parquet($effects) as effects using (person_id)
    group by people.customer_id
)
select uplift.channel, uplift.outcome, uplift.customer_id, uplift.effect,
    case uplift.outcome when 'purchase' then truth.purchase else truth.churn end as truth
from read_parquet($uplift) as uplift
inner join true_effects as truth using (customer_id)
where uplift.outcome in ('purchase', 'churn') and uplift.status = 'scored'
order by uplift.channel, uplift.outcome, uplift.customer_id
"""


def made_up(contacts: int, seed: int) -> None:
    """Fit on planted contacts and print what the ranking reaches."""
    world = make_effect_world(contacts, seed, columns=60)
    began = time.perf_counter()
    study = study_effects(world.values, world.trial, 1, seed, 2)
    seconds = time.perf_counter() - began
    fresh = make_effect_world(contacts, seed + 1, columns=60)
    assert study.judgement is not None
    ranked = np.mean(
        [one.blend.of(one.fitted.predict(fresh.values, study.share)) for one in study.folds], axis=0
    )
    own = qini(fresh.effect, fresh.effect)
    found = study.judgement.qini
    print(f"| randomised contacts | {contacts:,} |\n|---|---|")
    print(f"| Qini, out of fold, 95 % | {found.value:.5f} ({found.low:.5f} to {found.high:.5f}) |")
    print(f"| Qini of the generator's own ranking | {own:.5f} |")
    print(f"| share of it, out of fold by measured effects | {found.value / own:.2f} |")
    print(f"| share of it, fresh people by true effects | {qini(ranked, fresh.effect) / own:.2f} |")
    print(f"| rank correlation with the true effect | {spearmanr(ranked, fresh.effect)[0]:.2f} |")
    print(f"| learner | {', '.join(sorted({one.blend.learner for one in study.folds}))} |")
    print(f"| smallest visible average effect | {100 * study.smallest:.2f} points |")
    print(f"| seconds | {seconds:.0f} |")


def demo_brand(home: Path, truth: Path) -> None:
    """Hold a home's published effects against the demo brand's truth."""
    place = Home(home.resolve())
    version = Versions(place).current()
    assert version is not None
    with connect(place, read_only=True) as connection:
        rows = connection.execute(
            _BEHIND,
            {
                "records": str(truth / "records.parquet"),
                "effects": str(truth / "message_effects.parquet"),
                "uplift": str(place.activation_version(version.name) / "uplift.parquet"),
            },
        ).df()
        features = connection.execute(
            "select * from features.customer_features where as_of_date = ? order by customer_id",
            [version.as_of_date],
        ).df()
    titles = (
        "channel, outcome",
        "customers",
        "mean effect, true",
        "rank correlation",
        "share of the truth's Qini",
    )
    print(f"| {' | '.join((*titles, 'taught the truth'))} |\n{'|---' * 6}|")
    for (channel, outcome), own in rows.groupby(["channel", "outcome"]):
        wanted = 1 if outcome == "purchase" else -1
        effect, true = (wanted * own[name].to_numpy(np.float64) for name in ("effect", "truth"))
        means = f"{100 * effect.mean():+.2f}, {100 * true.mean():+.2f}"
        told = "average only | – | –"
        if np.ptp(effect):
            best = qini(true, true)
            taught = "–"
            if len(own) >= FEWEST_TAUGHT:
                taught = f"{qini(_taught(features, own['customer_id'], true), true) / best:.2f}"
            told = f"{spearmanr(effect, true)[0]:.2f} | {qini(effect, true) / best:.2f} | {taught}"
        print(f"| {channel}, {outcome} | {len(own):,} | {means} | {told} |")


def _taught(features: pd.DataFrame, customers: pd.Series, true: Floats) -> Floats:
    """What features tell of true effects to a model that learned from those of other people, in five folds."""
    own = features.set_index("customer_id").loc[customers].drop(columns="as_of_date")
    ground = Ground.of(own.to_numpy(np.float32), 7, 2)
    fold = np.random.default_rng(7).permutation(len(true)) % 5
    said = np.zeros(len(true))
    for number in range(5):
        rows, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        said[held] = ground.predicted(ground.grow(rows, true[rows], "regression"), held)
    return said


def main() -> None:
    """Read the arguments and run what they ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--truth", type=Path)
    options = parser.parse_args()
    if options.home:
        demo_brand(options.home, options.truth)
    else:
        made_up(options.contacts, options.seed)


if __name__ == "__main__":
    main()
