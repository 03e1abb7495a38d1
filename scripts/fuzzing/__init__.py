"""``scripts/fuzz``: hostile inputs, and what the service does with them.

``campaign``   the loop: seeds and a corpus that grows, mutation, bounds of time and count, the table
``corpus``     cases and findings as files; a finding made small
``forking``    many cases in one child process: a hang, a death and a leak are the child's
``mutators``   bytes, numbers, texts and pieces of other cases
``bodies``     request bodies of every content type -> ``dataplane`` in process, or a running service
``oddities``   HTTP's own rules, broken byte by byte -> ``running``: real nginx and gunicorn
``archives``   archives and models (``hostile_tar``, ``hostile_model``) -> the program that gets the model
``coverage``   atheris: mutation that is led by the lines that ran
"""
