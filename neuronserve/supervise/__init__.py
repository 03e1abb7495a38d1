"""PID 1's trade: start processes, keep them running, read what they say, reap, stop them in time.

It knows nothing of nginx, TensorFlow or models. From the inside out:

``policy``      pure: after a failed start or a death, again (when?) or give up (why?)
``lines``       pure: bytes of a child's output in, bounded clean lines out
``loop``        one thread, one selector: file descriptors, timers, signals, posts from other threads
``frozen``      which processes are stopped
``children``    spawning, reaping (orphans too), signalling whole process groups
``process``     one child that must keep running: starting, ready, waiting, stopping
"""
