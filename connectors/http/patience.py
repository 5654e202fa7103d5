"""Connections that look up while they wait: for the deadline of an answer, and for somebody's wish to stop."""

import http.client
import io
import socket
import threading
import time
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from connectors.base import ReadContext
from connectors.http.places import connect_to_a_place

_STOP_GLANCE_SECONDS = 0.25
_BUFFER_BYTES = 65536


class Patience(threading.local):
    """Until when the current answer of a thread may take; the adapter sets it, its connections look at it while they
    read."""

    def __init__(self, context: ReadContext, silence_seconds: float) -> None:
        self.until = float("inf")
        self.silence_seconds = silence_seconds
        self._context = context

    def wait(self, silent_since: float) -> float:
        """How long to wait for the next bytes before looking again. Raise TimeoutError when patience is at its end."""
        self._context.check()
        now = time.monotonic()
        left = min(self.until - now, silent_since + self.silence_seconds - now)
        if left <= 0:
            raise TimeoutError("timed out")
        return min(left, _STOP_GLANCE_SECONDS)


class PatientSocket(io.RawIOBase):
    """Reads a socket in short waits, so that a dripping server and a wish to stop are noticed (S2).

    Time-outs of requests and urllib3 start anew with every byte, also in the headers.
    """

    def __init__(self, reader: io.BufferedIOBase, connection: socket.socket, patience: Patience) -> None:
        self._reader = reader
        self._socket = connection
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        began = time.monotonic()
        while True:
            wait = self._patience.wait(began)
            if wait != self._socket.gettimeout():
                self._socket.settimeout(wait)
            try:
                return self._socket.recv_into(buffer)
            except TimeoutError:
                continue

    def close(self) -> None:
        self._reader.close()
        super().close()


def use_patient_connections(manager: PoolManager, patience: Patience, source: str) -> None:
    """Make every connection that the manager opens from now on read patiently, and lead only where it may."""

    class PatientResponse(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = io.BufferedReader(PatientSocket(self.fp, sock, patience), _BUFFER_BYTES)

    class PatientHTTPConnection(HTTPConnection):
        response_class = PatientResponse

        def _new_conn(self) -> socket.socket:
            return connect_to_a_place(source, self, super()._new_conn)

    class PatientHTTPSConnection(HTTPSConnection):
        response_class = PatientResponse

        def _new_conn(self) -> socket.socket:
            return connect_to_a_place(source, self, super()._new_conn)

    class PatientHTTPPool(HTTPConnectionPool):
        ConnectionCls = PatientHTTPConnection

    class PatientHTTPSPool(HTTPSConnectionPool):
        ConnectionCls = PatientHTTPSConnection

    manager.pool_classes_by_scheme = {"http": PatientHTTPPool, "https": PatientHTTPSPool}
