"""The card of a model that no outcome could be held against: what it is, and that nobody knows how good."""

from ml.learn.judging.model_card import KINDS, LIMITS, Circumstances
from ml.learn.training.result import TrainingResult


def unjudged_card(result: TrainingResult, around: Circumstances) -> str:
    """Give the card of a model fitted on histories alone."""
    assert result.bundle is not None
    needed, back = result.returned_needed or 0, result.customers_returned or 0
    parts = [
        f"# {around.name}",
        f"**{around.asked}** Asked of: {around.of_whom}",
        f"Grade **{result.grade}**. Version {result.bundle.version}, as of {around.as_of_date}. What serves: "
        f"{KINDS[str(result.served)]}, fitted on the order days of each customer and on no outcome.",
        f"{result.customers_with:,} customers with the outcome and {result.customers_without:,} without were "
        f"found, too few to learn from ({result.customers_needed:,} of each) or to judge by. {back:,} customers "
        f"bought on two days or more ({needed:,} needed). The probabilities assume that customers buy at random "
        f"at a steady rate until they stop; how good they are here is unknown until outcomes have matured.",
        LIMITS,
    ]
    return "\n\n".join(parts) + "\n"
