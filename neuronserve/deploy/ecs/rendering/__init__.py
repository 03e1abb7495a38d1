"""From a ``TaskSpec`` to AWS's documents: pure, and without AWS."""
