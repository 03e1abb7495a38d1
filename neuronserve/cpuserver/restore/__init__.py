"""Variables that signatures read and the saver does not restore, given their values after the load.

``tf.saved_model.save`` of a Keras 3 model writes each variable twice: signatures read one, the saver
restores the other (``keras.Variable`` wraps a ``tf.Variable``; the wrapper is saved as a copy). TensorFlow
Serving loads such a model and then fails every request, because the resource does not exist. The
SavedModel's object graph, by which ``tf.saved_model.load`` goes, says which two are the same.
"""
