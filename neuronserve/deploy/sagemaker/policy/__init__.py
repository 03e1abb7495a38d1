"""Least-privilege IAM documents for what ``scripts/sagemaker``, ``compile-model`` and ``package-model`` call.

::

    options  the command line -> Wanted, which knows the ARNs of what the scripts make
    storage  reading and writing in S3
    rights   what each verb asks of AWS     verbs      which of them a deployer has
    deployer -> the deployer's statements   execution  -> those of the role that SageMaker takes on
"""
