"""TF Serving's REST API: JSON to messages, and back, as a WSGI application."""
