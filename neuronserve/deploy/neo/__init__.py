"""SageMaker Neo: a SavedModel or frozen graph on its way to a compiled model.

::

    model        what is to be compiled: files of one framework    packing   as Neo wants them in a tar.gz
    dimensions   --shape; data_input: DataInputConfig, derived     compiler  CompilerOptions, encoded
    request      a CreateCompilationJob request, and its name      rules/    what is wrong with one
    storage      the tar.gz in S3      jobs      a job made or found again (deploy/following.py: its end)
    failures     FailureReason in people's words                   record    every field of a job
    targets      frameworks, versions, devices and regions (targets.toml)
"""
