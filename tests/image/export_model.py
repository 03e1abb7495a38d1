"""Export y = x / 2 + 2 as a SavedModel; its signature ``slow`` multiplies big matrices first.

usage: python export_model.py FOLDER
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow as tf


class HalfPlusTwo(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
    def quick(self, x):
        return {"y": x / 2 + 2}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
    def slow(self, x):
        work = tf.fill((300, 300), tf.reduce_sum(x) * 0 + 1e-3)
        for _ in tf.range(60):
            work = tf.linalg.matmul(work, work) * 1e-3
        return {"y": x / 2 + 2 + tf.reduce_sum(work) * 0}


module = HalfPlusTwo()
tf.saved_model.save(module, sys.argv[1], signatures={"serving_default": module.quick, "slow": module.slow})
