"""model.tar.gz, as SageMaker and ``serve`` want it, the same bytes every time.

::

    given      NAME=PATH:VERSION -> what was asked for
    placing    SavedModels and what lies beside them -> their places in the archive
    code       inference.py, requirements.txt, wheels -> code/;  handler: what a look at the source tells
    walk       the files of one folder: links, junk, what cannot be packed
    recipe     all of it: one list of members for each archive
    archive    members -> the same bytes on every machine with the same zlib; digests on the way
    upload     to S3, once
    program    scripts/package-model
"""
