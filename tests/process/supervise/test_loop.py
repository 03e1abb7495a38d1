import os
import signal
import threading
import time


def test_timers_fire_in_the_order_of_their_times(loop):
    fired = []
    loop.later(0.02, lambda: fired.append("late"))
    loop.later(0.01, lambda: fired.append("early"))
    loop.later(0.015, lambda: fired.append("never")).cancel()
    loop.later(0.03, lambda: loop.stop(4))
    assert loop.run() == 4
    assert fired == ["early", "late"]


def test_a_post_from_another_thread_wakes_the_loop(loop):
    threading.Timer(0.05, lambda: loop.post(lambda: loop.stop(3))).start()
    assert loop.run() == 3


def test_a_signal_wakes_the_loop_and_is_handled_in_it(loop):
    loop.on_signals((signal.SIGUSR1,), loop.stop)
    threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
    assert loop.run() == signal.SIGUSR1


def test_many_signals_and_posts_at_once_are_all_handled(loop):
    seen = []
    loop.on_signals((signal.SIGUSR1,), seen.append)
    for _ in range(5000):
        loop.post(lambda: seen.append("post"))
        signal.raise_signal(signal.SIGUSR1)
    loop.post(lambda: loop.stop(0))
    loop.run()
    assert seen.count("post") == seen.count(signal.SIGUSR1) == 5000


def test_background_work_does_not_hold_up_the_loop(loop):
    release, results = threading.Event(), []
    loop.background(lambda: release.wait(5), results.append)
    loop.later(0.01, release.set)
    loop.later(0.01, lambda: loop.background(time.monotonic, lambda _: None))
    loop.background(lambda: release.wait(5) and "done", lambda _: loop.stop(0))
    loop.run()
    assert release.is_set()
