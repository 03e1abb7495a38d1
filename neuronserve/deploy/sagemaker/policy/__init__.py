"""Least-privilege IAM documents for what ``scripts/sagemaker``, ``compile-model`` and ``package-model`` call.

::

    options  the command line -> Wanted     names      the ARNs of what the scripts make
    rights   what each verb asks of AWS     storage    reading and writing in S3
    deployer -> the deployer's statements   execution  -> those of the role that SageMaker takes on
"""
