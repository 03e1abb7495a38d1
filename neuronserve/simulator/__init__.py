"""A pretended Neuron host: device tree, the runtime's rules, a model server. Never the real thing."""
