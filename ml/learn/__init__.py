"""Pure learning code: splits, metrics, models and training on data frames; no files, no database, no MLflow."""
