"""A pretended Neuron host: device tree, core ownership by the runtime's rules, a model server. Never the real thing."""
