"""Multi-model endpoints as HTTP has them: ``/models``, ``/models/NAME`` and ``/models/NAME/invoke``.

The supervisor alone loads and unloads (``control.py`` asks it), and its state says which models there are.
What is here follows AWS's "Custom Containers Contract for Multi-Model Endpoints"; the texts also hold the
words of AWS's own TensorFlow container ("Model NAME is not loaded yet."), which its users' tests look for.
"""
