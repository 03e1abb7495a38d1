"""The Neuron host: chips present, their cores, and the plan of who owns which core range.

::

    look ─┬─ marker, nodes, numbering     what there is in /dev, and what is wrong with it
          └─ sysfs, neuronls, told, identity   what each chip is, and which instance this is -> chips
    plan ─── grid, need, layout           chips and compiled models -> servers, each with a core range
             vacant, capacity             the same for models that are not known yet, and room for them
             ownership                    the plan as a map, for a person and for a machine
    holders ─ procfs, corelocks           who holds which chips and cores now
    monitor, sysfs_stats                  how much of them is used -> usage
"""
