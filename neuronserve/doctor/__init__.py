"""What is wrong with this host, this model and these settings, and the fix for each fault."""
