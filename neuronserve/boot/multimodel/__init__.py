"""Multi-model endpoints: the one owner of which models are loaded, and where.

::

    control      the socket by which the gateway's workers ask for loads and unloads
    asked        a line of it -> a request: names, and folders that are confined
    endpoint ─┬─ the story of each load and unload, in the loop's thread; a name has one at a time
              │    assembly, opening: put together, and started without a model
              ├─ ledger      what is loading, loaded and on its way out; slots
              ├─ room        who gets a model, and when there is no room; memory, sizes: how much there is
              ├─ getting     the children that look into models, a few at once
              └─ roster      what one server shall serve, and serves: after each start anew
                   ├─ settling   a reload of its list, and the warm-up, in a thread
                   └─ attendant  its judge: whether it answers, has its models, and is not hung

Servers start without a model and are told their list when they answer: TensorFlow Serving ends when a model
of its first list does not load, and a restart must not fail for one of many.
"""
