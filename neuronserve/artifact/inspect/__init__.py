"""What was compiled into a SavedModel, read without TensorFlow.

::

    scan                  whether it is worth looking
    look ─┬─ savedmodel   saved_model.pb or .pbtxt as a message
          ├─ graph        main graph and functions: who calls whom, what a signature reaches
          ├─ subgraph     one NeuronOp: its ports, cores, weights outside; erased: emptied constants
          ├─ neff         its executable: header, compiler, generation; packed: the tar in it
          ├─ trace        from a NeuronOp's ports to a signature's inputs and outputs
          ├─ batch        the compiled batch of a signature
          ├─ placement    what stays on CPU
          └─ report       all of it, as values; demand: for the plan; advice, text: for a person
    uncompiled            what a model takes and gives, before it is compiled
"""
