"""Ports that a stack of tests has for itself."""

import socket

from soma_common.testing.ports import PortShift

NUMBERS = (20020, 9596)


def test_two_stacks_never_share_a_port() -> None:
    first, second = PortShift.reserve(NUMBERS), PortShift.reserve(NUMBERS)
    assert first.shift != second.shift
    first.release()
    third = PortShift.reserve(NUMBERS)
    assert third.shift == first.shift
    second.release()
    third.release()


def test_a_port_in_use_is_passed_by() -> None:
    wanted = PortShift.reserve(NUMBERS)
    wanted.release()
    with socket.create_server(("127.0.0.1", 20020 + wanted.shift)):
        other = PortShift.reserve(NUMBERS)
        assert other.shift != wanted.shift
        other.release()
