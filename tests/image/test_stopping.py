"""Stopping a container while requests are under way."""

from __future__ import annotations

import threading

from container import predict

CLIENTS = 6
FEW = 3


class Load:
    """Clients that send slow requests one after another, each over a connection of its own."""

    def __init__(self, port):
        self.right = 0
        self.refused = 0
        self.wrong = []
        self.some_answered = threading.Event()
        self._lock = threading.Lock()
        self._clients = [threading.Thread(target=self._client, args=(port, n)) for n in range(CLIENTS)]
        for client in self._clients:
            client.start()

    def join(self):
        for client in self._clients:
            client.join(60)
        assert not any(client.is_alive() for client in self._clients)

    def _client(self, port, number):
        while True:
            try:
                status, answer = predict(port, [float(number)], signature_name="slow")
            except ConnectionRefusedError:
                with self._lock:
                    self.refused += 1
                return
            except OSError as error:
                with self._lock:
                    self.wrong.append(repr(error))
                return
            with self._lock:
                if status == 200 and answer == {"predictions": [number / 2 + 2]}:
                    self.right += 1
                    if self.right >= FEW * CLIENTS:
                        self.some_answered.set()
                elif status == 503:
                    self.refused += 1
                    return
                else:
                    self.wrong.append(f"{status} {answer}")
                    return


def test_sigterm_under_load_loses_no_request_and_ends_with_0(serving):
    load = Load(serving.port)
    try:
        assert load.some_answered.wait(60)
    finally:
        serving.signal("TERM")
        load.join()
    assert load.wrong == []
    assert load.refused == CLIENTS
    assert serving.wait() == 0


def test_stop_as_the_engine_does_it_is_quick_when_nothing_is_under_way(serving):
    serving.engine("stop", "--time", "30", serving.id)
    assert serving.wait() == 0
