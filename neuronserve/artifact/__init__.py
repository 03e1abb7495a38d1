"""Where the model comes from and what is in it.

::

    obtain ─┬─ location    MODEL_URI in words: a path, an object, a prefix
            ├─ neojob      COMPILATION_JOB -> an object
            ├─ local       a directory served in place, an archive unpacked from where it lies
            ├─ remote      S3: s3 (client), s3errors, checksums, listing, objects; fetch: download into a
            │              spool with a journal, while archive reads it in order
            ├─ archive     gzip or tar by content, streamed into unpack + members (the safety policy)
            ├─ digests     what the bytes must hash to
            ├─ cache       one locked entry per artifact: manifest, publish, reuse, prune; space
            ├─ layout      which folders are models (pure) -> normalise: a tree of links -> bundle
            └─ inspect/    what was compiled into each, read without TensorFlow

``peek`` asks where the model would come from, and fetches nothing.
``python -m neuronserve.artifact`` is the program that the supervisor starts.
"""
