"""Being told to stop: Ctrl-C and SIGTERM, noticed even where the exception they raise is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from types import TracebackType
from typing import Self

_STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})


class StopSignals:
    """Notes the signals to stop that reach this process while the block runs.

    Dagster raises an exception where the signal finds the main thread. In a callback of the garbage
    collector or of a weak reference, Python prints that exception and goes on, and so would a sync.
    Outside the main thread nothing is noted: signals do not come there.
    """

    def __init__(self) -> None:
        self._asked = False
        self._ends: tuple[int, int] | None = None
        self._before = -1

    def __enter__(self) -> Self:
        """Begin to note signals."""
        if threading.current_thread() is threading.main_thread():
            self._ends = os.pipe()
            for end in self._ends:
                os.set_blocking(end, False)
            self._before = signal.set_wakeup_fd(self._ends[1], warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Note no more."""
        if self._ends is not None:
            signal.set_wakeup_fd(self._before)
            for end in self._ends:
                os.close(end)
            self._ends = None

    @property
    def asked(self) -> bool:
        """Whether the process was told to stop since the block began."""
        if self._ends is not None and not self._asked:
            with contextlib.suppress(BlockingIOError):
                # Python writes the number of each signal as a byte.
                self._asked = not _STOPPING.isdisjoint(os.read(self._ends[0], 4096))
        return self._asked
