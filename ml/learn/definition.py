"""What gives the numbers of a target their meaning, as one digest, and the seed of its random choices."""

from __future__ import annotations

from ml.data.feature_families import present_families
from ml.data.targets import Target
from ml.data.warehouse import connect
from ml.run import Run, code_digest, digest_of

SEED = 20_240_229


def definition_hash(run: Run, target: Target) -> str:
    """Digest of what gives a target's numbers their meaning: SQL, settings, target, families of features."""
    sql = code_digest(("dbt_project",))
    key = f"{target.name}|{target.horizon_days}|{target.population_days}"
    with connect(run.home, read_only=True) as connection:
        families = present_families(connection)
    return digest_of([sql, run.home.settings.fingerprint(), key, *families])[:16]
