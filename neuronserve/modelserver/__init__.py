"""TensorFlow Serving processes: command lines, configuration, and the way to speak to them.

The sole importer of ``grpc`` and ``tensorflow_serving`` besides the embedded server itself.
"""
