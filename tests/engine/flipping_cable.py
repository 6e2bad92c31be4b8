"""A cable that flips bits: a proxy between usbmuxd and its clients that spoils bytes of files."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = b"PIXELS--" * 8
"""Bytes are flipped only beside this text, so that the protocol stays intact."""
UNIT = 256 << 10
"""Bytes to which the probability of a flipped bit refers; it does not depend on how the bytes are divided."""


class FlippingCable:
    """Counts the bits that it flips."""

    def __init__(self, address: str, share: float, seed: int) -> None:
        """
        Args:
            address: of the usbmuxd behind it.
            share: probability that a bit is flipped in 256 KiB of a file.
            seed: of the random numbers.
        """
        self.flipped = 0
        self._address = address
        self._share = share
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def serve(self, server: socket.socket) -> None:
        """Serve clients until the server socket is closed."""
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                phone = socket.socket(socket.AF_UNIX)
                phone.connect(self._address)
                for source, sink, spoils in ((client, phone, False), (phone, client, True)):
                    threading.Thread(target=self._carry, args=(source, sink, spoils), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, spoils: bool) -> None:
        with suppress(OSError):
            while piece := bytearray(source.recv(1 << 18)):
                if spoils:
                    self._spoil(piece)
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _spoil(self, piece: bytearray) -> None:
        at = piece.find(MARK, len(piece) // 2)
        with self._lock:
            if at >= 0 and self._random.random() < self._share * len(piece) / UNIT:
                piece[at + self._random.randrange(len(MARK))] ^= 1 << self._random.randrange(8)
                self.flipped += 1


@contextmanager
def flipping_cable(address: str, at: Path, *, share: float, seed: int = 1) -> Iterator[FlippingCable]:
    """Serve a usbmuxd again at another socket, over a cable that flips bits."""
    cable = FlippingCable(address, share, seed)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(at))
        server.listen()
        threading.Thread(target=cable.serve, args=(server,), daemon=True).start()
        yield cable
