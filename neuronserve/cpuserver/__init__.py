"""The embedded model server: TensorFlow on CPU behind TensorFlow Serving's own flags, gRPC and REST.

::

    __main__ ─> flags ─> server ─┬─> wire/       gRPC: PredictionService, ModelService, health
                                 ├─> rest/       TF Serving's REST API as a WSGI application
                                 └─> models/     configuration, versions on disk, states, loads, unloads
    wire, rest ─> inference/     what Predict, Classify, Regress, ... mean, on messages
    models ─> batching/          rows of concurrent calls joined into one run
    models ─> neuronop/          compiled subgraphs put back in the place of their NeuronOp nodes
    models ─> restore/      variables that the saver forgot (Keras 3) given their values
    models ─> runtime/           TensorFlow's C API: sessions and tensors (the sole user of TensorFlow)

TensorFlow's Python is never imported: sessions come from ``libtensorflow``'s stable C API, with the
same loader that TF Serving itself uses. That starts in half a second instead of ten.
"""
