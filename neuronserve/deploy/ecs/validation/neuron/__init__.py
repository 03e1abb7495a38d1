"""Whether a task definition makes sense on instances with Neuron chips."""
