"""What granian loads in each web process: the application, and a stop that is heard exactly once.

Granian's own way has two gaps. A signal that comes while Django is still being imported is lost,
and a second one, as Ctrl-C or systemd send to a whole group, drops the requests under way and then
hangs. So signals are held back from here on, and one of them is handed to granian in time.
"""

import signal
import threading
import time

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
_GRANIANS_PARENT_HANDLER = signal.getsignal(signal.SIGTERM)


def _hold_back_signals() -> None:
    # Threads inherit the mask, so only the one that waits below gets a signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threading.Thread(target=_pass_one_on, name="stop", daemon=True).start()


def _pass_one_on() -> None:
    signal_number = signal.sigwait(STOP_SIGNALS)
    while (handler := signal.getsignal(signal.SIGTERM)) is _GRANIANS_PARENT_HANDLER:
        time.sleep(0.01)
    if callable(handler):
        handler(signal_number, None)
    while True:
        signal.sigwait(STOP_SIGNALS)


_hold_back_signals()

# Only now, because this takes a second.
from config.wsgi import application  # noqa: E402

__all__ = ["application"]
