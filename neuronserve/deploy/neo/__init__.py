"""SageMaker Neo: a SavedModel or frozen graph on its way to a compiled model."""
