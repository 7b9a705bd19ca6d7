"""The three borders of a run, guarded by Great Expectations: landing in, features to model, scores out.

What a border asks stands in `suites/`, one file per border; this package only runs them. It runs in a
process of its own (`python -m expectations BORDER …`), because importing Great Expectations is slow and,
after Airflow, floods the log.
"""
