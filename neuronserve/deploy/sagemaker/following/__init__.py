"""Making a plan true in AWS, and following it to its true end."""
