"""TensorFlow through its stable C API: the library, tensors, sessions, functions."""
