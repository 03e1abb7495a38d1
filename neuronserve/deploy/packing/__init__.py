"""model.tar.gz, as SageMaker and ``serve`` want it, the same bytes every time."""
