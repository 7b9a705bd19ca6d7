"""Trying things out on a built home: the same folds, the same comparison, nothing registered or published.

    from ml.experiments import open_home

    brand = open_home("home")
    usual = brand.train("churn")
    smaller = brand.train("churn", without=["messages"], parameters={"num_leaves": 4})
    print(brand.compare(usual, smaller).verdict)

`kith experiment` does the same and keeps a report. What learns is imported when it is first needed.
"""

from ml.experiments.notebook import BrandHome, Comparison, Trained, open_home

__all__ = ["BrandHome", "Comparison", "Trained", "open_home"]
