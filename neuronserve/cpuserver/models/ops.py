"""Ops that TensorFlow itself does not have: which package brings them.

TensorFlow Serving links those of TensorFlow Text and of decision forests in. Here they are loaded from their
packages' libraries (``--op_libraries``, ``SERVE_CPU_OP_LIBRARIES``).
"""

from __future__ import annotations

import re

_UNREGISTERED = re.compile(r"Op type not registered '([^']+)'")

# beginnings of op names -> the package on the Python package index, and its library
_PACKAGES: dict[tuple[str, ...], tuple[str, str]] = {
    (
        "CaseFoldUTF8", "ConstrainedSequence", "DecodeWordpieceFromSplits", "FastBertNormalize",
        "FastSentencepiece", "FastWordpiece", "MaxSpanningTree", "MstNonProjective", "NgramsStringJoin",
        "NormalizeUTF8", "PhraseTokenize", "RaggedTensorToTensorTF", "RegexSplitWithOffsets", "RoundRobin",
        "RougeL", "Sentencepiece", "SentenceFragments", "SplitMergeTokenize", "SplitMergeFromLogitsTokenize",
        "StateBasedSentenceBreaker", "TFText>", "TokenizerFromLogits", "TrimIterations",
        "UnicodeScriptTokenize", "UnicodeScriptOfRow", "WhitespaceTokenize", "WordpieceTokenize",
    ): ("tensorflow-text", "tensorflow_text/python/ops/*.so"),
    ("SimpleML", "YggdrasilDecisionForests"): (
        "tensorflow-decision-forests", "tensorflow_decision_forests/tensorflow/ops/*/*.so",
    ),
    ("Addons>",): ("tensorflow-addons", "tensorflow_addons/custom_ops/*/*.so"),
    ("IO>",): ("tensorflow-io", "tensorflow_io/python/ops/*.so"),
    ("NeuronOp",): ("tensorflow-neuron", "a compiled model's graphs are taken out of it before it is loaded"),
}  # fmt: skip


def explained(message: str) -> str:
    """What to do about an op that is not registered, to be put behind TensorFlow's text; "" for another."""
    found = _UNREGISTERED.search(message)
    if found is None:
        return ""
    name = found[1]
    for beginnings, (package, libraries) in _PACKAGES.items():
        if name.startswith(beginnings):
            return (
                f". {name} is an op of {package}: install the version that fits this TensorFlow, and name "
                f"its libraries ({libraries}) with SERVE_CPU_OP_LIBRARIES (--op_libraries)"
            )
    return (
        f". {name} is a custom op: name the library that has it with SERVE_CPU_OP_LIBRARIES (--op_libraries)"
    )
