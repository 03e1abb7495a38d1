"""Rows of concurrent calls joined into one run of the model, as TF Serving's BatchingSession does."""
