"""How good a model is: measures, comparisons, pictures and its card. Numbers in, numbers out."""
