"""What ``scripts/run`` shows: a real model, trained here, pulled from S3 and served."""
