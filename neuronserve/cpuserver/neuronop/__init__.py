"""SavedModels compiled for Neuron, run on CPU: each ``NeuronOp`` replaced by the graph it was made of.

A NeuronOp carries, beside the executable, the subgraph it was compiled from (``graph_def``). That
becomes a function of the model's library and the node a call of it, before TensorFlow, which knows no
NeuronOp, sees the model. What cannot be right is refused with the reason.
"""
