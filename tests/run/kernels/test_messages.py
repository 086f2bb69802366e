"""Messages between processes arrive whole, with the socket beside them."""

from __future__ import annotations

import socket
import threading

from hypothesis import given
from hypothesis import strategies as st

from fourfold.run.kernels.process import receive, send

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON), min_size=1, max_size=5))
def test_messages_arrive_in_order_and_as_sent(messages):
    """However many wait."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in messages:
            send(ours, message)
        ours.close()
        assert [receive(theirs)[0] for _ in messages] == messages
        assert receive(theirs) is None


def test_a_large_message_arrives_with_its_socket():
    """Larger than any buffer between the two."""
    ours, theirs = socket.socketpair()
    beside, other = socket.socketpair()
    message = {"env": {str(number): "x" * 1000 for number in range(2000)}}
    sender = threading.Thread(target=send, args=(ours, message, beside))
    with ours, theirs, beside, other:
        sender.start()
        told, socket_beside = receive(theirs)
        sender.join()
        assert told == message
        with socket_beside:
            socket_beside.sendall(b"hello")
            assert other.recv(5) == b"hello"


def test_the_other_end_may_read_and_leave_at_once():
    """It has what it needs; that is no failure to send."""
    for _ in range(200):
        ours, theirs = socket.socketpair()

        def read_and_leave(end: socket.socket) -> None:
            receive(end)
            end.close()

        reader = threading.Thread(target=read_and_leave, args=(theirs,))
        reader.start()
        with ours:
            send(ours, {"do": "kernel"})
        reader.join()
