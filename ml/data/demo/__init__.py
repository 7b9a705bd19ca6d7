"""A demo brand: people who buy, fade, complain and bring friends, as data islands show them."""

from ml.data.demo.parameters import DEMO_AS_OF_DATE, DEMO_SETTINGS, DemoParameters
from ml.data.demo.write import DemoSummary, default_truth_folder, write_demo

__all__ = [
    "DEMO_AS_OF_DATE",
    "DEMO_SETTINGS",
    "DemoParameters",
    "DemoSummary",
    "default_truth_folder",
    "write_demo",
]
