"""Configuration files in protobuf's text format."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from google.protobuf import text_format
from google.protobuf.message import Message

from neuronserve.cpuserver.status import Code, StatusError, invalid

M = TypeVar("M", bound=Message)


def parse(path: Path, message: M) -> M:
    """The message, filled from a file; StatusError when there is none or it holds something else."""
    try:
        return text_format.Parse(path.read_text(), message)
    except OSError as error:
        raise StatusError(Code.NOT_FOUND, f"{path}; {error.strerror}") from error
    except text_format.ParseError as error:
        name = message.DESCRIPTOR.full_name.replace("unpublished.", "tensorflow.serving.")
        why = f"Error parsing text-format {name}: {error}"
        raise invalid(f"Invalid protobuf file: '{path}': {why}") from error
