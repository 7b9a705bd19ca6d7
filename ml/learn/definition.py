"""What gives the numbers of a target their meaning, as one digest, and the seed of its random choices."""

from __future__ import annotations

from ml.data.targets import Target
from ml.run import Run, code_digest, digest_of

SEED = 20_240_229


def definition_hash(run: Run, target: Target) -> str:
    """Digest of what gives a target's numbers their meaning: the SQL, the settings, the target itself."""
    sql = code_digest(("dbt_project",))
    key = f"{target.name}|{target.horizon_days}|{target.population_days}"
    return digest_of([sql, run.home.settings.fingerprint(), key])[:16]
