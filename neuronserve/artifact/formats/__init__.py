"""Which model format a file is in, by its content; its name only where the content says nothing.

``content``    the formats that a file's bytes show: magic numbers, then what is inside
``archives``   zip and tar: who made it, by its members    ``documents``  JSON and other text
``protobuf``   ONNX, Core ML, GraphDef, SavedModel          ``pickles``    whose objects a pickle holds
``table``      the formats themselves: words, what to do, and the names that files of them have
"""
