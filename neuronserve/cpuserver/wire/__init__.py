"""gRPC: TF Serving's services and the standard health service."""
