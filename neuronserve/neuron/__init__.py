"""The Neuron host: chips present, their cores, and the plan of who owns which core range."""
