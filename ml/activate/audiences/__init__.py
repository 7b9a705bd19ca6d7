"""Audiences: how they are declared, which rules are let through, which keys are taken, what came and went."""

from ml.activate.audiences.declarations import Audience, declared_audiences

__all__ = ["Audience", "declared_audiences"]
