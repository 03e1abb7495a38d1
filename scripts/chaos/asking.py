"""One request, to its answer and the judgement of it: for the steady clients and for those of a burst."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmark.load import Client
from chaos.answers import FAILED, HUNG, REFUSED, RESET, RIGHT, WRONG, Answer
from chaos.forms import Form, Rows, Target, is_right, wire

_SHOWN = 200  # bytes of an answer that was not right


@dataclass(frozen=True)
class Question:
    form: Form
    target: Target
    rows: Rows


async def ask(client: Client, question: Question, patience: float) -> Answer:
    """``patience``: seconds after which the request counts as hung; its connection is closed then."""
    began = time.monotonic()
    try:
        sent = wire(question.form, question.target, question.rows)
        status, again, body = await asyncio.wait_for(client.ask(sent), patience)
    except TimeoutError:
        client.close()
        return _answer(question, began, HUNG, f"nothing in {patience:g} s")
    except (OSError, EOFError) as error:
        client.close()
        return _answer(question, began, RESET, repr(error))
    except ValueError as error:
        client.close()
        return _answer(question, began, FAILED, f"no HTTP: {error}")
    if status == 503 and again:
        return _answer(question, began, REFUSED)
    if status != 200:
        return _answer(question, began, FAILED, f"{status} {_shown(body)}")
    if is_right(question.form, question.target, question.rows, body):
        return _answer(question, began, RIGHT)
    return _answer(question, began, WRONG, f"{question.rows.tolist()} -> {_shown(body)}")


def _answer(question: Question, began: float, kind: str, note: str = "") -> Answer:
    return Answer(began, time.monotonic(), kind, question.target.name, question.form.name, note)


def _shown(body: bytes) -> str:
    return body[:_SHOWN].decode(errors="backslashreplace")
