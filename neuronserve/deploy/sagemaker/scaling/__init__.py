"""Application Auto Scaling of an endpoint's variants."""
