"""What each request means for a servable, in TF Serving's messages, with its checks and texts."""
