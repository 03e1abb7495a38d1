"""The queues of calls that wait to be joined, and the threads that run the batches."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future

from neuronserve.cpuserver.batching import rows
from neuronserve.cpuserver.batching.parameters import Parameters
from neuronserve.cpuserver.call import Call
from neuronserve.cpuserver.runtime.session import Typed
from neuronserve.cpuserver.status import Code, StatusError, invalid

_log = logging.getLogger(__name__)

Run = Callable[[rows.Feeds, Sequence[str], int | None], list[Typed]]


@dataclasses.dataclass(eq=False)
class _Task:
    feeds: rows.Feeds
    size: int
    call: Call
    answer: Future[list[Typed]] = dataclasses.field(default_factory=Future)


@dataclasses.dataclass(eq=False)
class _Batch:
    """Tasks that will run together: same inputs, same outputs, same row shapes."""

    run: Run
    fetches: Sequence[str]
    due: float  # when it runs even if it is not full
    tasks: list[_Task] = dataclasses.field(default_factory=list)
    size: int = 0


class Batcher:
    """Joins calls. One for the process, as TF Serving's shared pool of batch threads."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._changed = threading.Condition()
        self._waiting: dict[Hashable, list[_Batch]] = {}
        for at in range(parameters.num_batch_threads):
            threading.Thread(target=self._work, name=f"batch-{at}", daemon=True).start()

    def submit(
        self, owner: Hashable, run: Run, feeds: rows.Feeds, fetches: Sequence[str], call: Call
    ) -> list[Typed]:
        """Run with others' rows; waits for the answer. ``owner`` tells models apart.

        UNAVAILABLE when the queue is full; CANCELLED or DEADLINE_EXCEEDED as ``call`` says.
        """
        size, parameters = rows.count(feeds), self._parameters
        if size > parameters.max_batch_size:
            raise invalid(
                f"Task size {size} is larger than maximum input batch size {parameters.max_batch_size}"
            )
        if size == 0:
            return run(feeds, fetches, call.timeout_ms())  # nothing to join
        shape = () if parameters.pad_variable_length_inputs else rows.shapes(feeds)
        key = (owner, tuple(sorted(feeds)), tuple(fetches), shape)
        parts = rows.cut(feeds, size, parameters.max_execution_batch_size)
        tasks = [_Task(part, rows.count(part), call) for part in parts]
        try:
            for task in tasks:
                self._enqueue(key, task, run, fetches)
            answers = [task.answer.result(call.remaining()) for task in tasks]
        except TimeoutError:
            raise StatusError(
                Code.DEADLINE_EXCEEDED, "Run() timeout exceeded while waiting for batch"
            ) from None
        finally:
            for task in tasks:
                task.answer.cancel()  # which does nothing to those that ran
        return rows.concatenated(answers)

    def _enqueue(self, key: Hashable, task: _Task, run: Run, fetches: Sequence[str]) -> None:
        parameters = self._parameters
        with self._changed:
            queue = self._waiting.setdefault(key, [])
            if not queue or queue[-1].size + task.size > parameters.max_execution_batch_size:
                if len(queue) >= max(1, parameters.max_enqueued_batches):
                    raise StatusError(
                        Code.UNAVAILABLE,
                        "The batch scheduling queue to which this task was submitted is full; task size is "
                        f"{task.size} (num_enqueued_batches={len(queue)}, "
                        f"max_enqueued_batches={parameters.max_enqueued_batches})",
                    )
                queue.append(_Batch(run, fetches, time.monotonic() + parameters.batch_timeout_micros / 1e6))
            queue[-1].tasks.append(task)
            queue[-1].size += task.size
            self._changed.notify()

    def _work(self) -> None:
        while True:
            self._run(self._next())

    def _next(self) -> _Batch:
        """The next batch that is full or due; waits for it."""
        with self._changed:
            while True:
                now, soonest = time.monotonic(), None
                for key, queue in self._waiting.items():
                    first = queue[0]
                    full = first.size >= self._parameters.max_execution_batch_size
                    if len(queue) > 1 or full or first.due <= now:
                        return self._take(key)
                    soonest = first.due if soonest is None else min(soonest, first.due)
                self._changed.wait(None if soonest is None else soonest - now)

    def _take(self, key: Hashable) -> _Batch:
        queue = self._waiting.pop(key)
        batch = queue.pop(0)
        if queue:
            self._waiting[key] = queue  # at the end: queues take turns
            self._changed.notify()
        return batch

    def _run(self, batch: _Batch) -> None:
        tasks = [task for task in batch.tasks if _begin(task)]
        if not tasks:
            return
        sizes = [task.size for task in tasks]
        size = self._parameters.padded(sum(sizes))
        try:
            joined = rows.join(
                [task.feeds for task in tasks], size, pad_lengths=self._parameters.pad_variable_length_inputs
            )
            results = batch.run(joined, batch.fetches, _longest(tasks))
            answers = rows.split(results, sizes, size)
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
            for task in tasks:
                task.answer.set_exception(error)
            return
        for task, answer in zip(tasks, answers, strict=True):
            task.answer.set_result(answer)


def _begin(task: _Task) -> bool:
    """Whether the task should still run; its future is answered when not."""
    if not task.answer.set_running_or_notify_cancel():
        return False
    try:
        task.call.check()
    except StatusError as error:
        task.answer.set_exception(error)
        return False
    return True


def _longest(tasks: Sequence[_Task]) -> int | None:
    """The batch may run as long as the most patient of its calls, in ms."""
    timeouts = [task.call.timeout_ms() for task in tasks]
    return None if None in timeouts else max(t for t in timeouts if t is not None)
