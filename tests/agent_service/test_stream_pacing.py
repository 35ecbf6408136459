"""What a viewer's connection carries is found out, and kept to."""

import asyncio
import time

import pytest

from agent_service.streaming.allowance import MOST, Allowance
from agent_service.streaming.pacing import Pacer
from agent_service.streaming.source import LEAST_BITRATE


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Receiver:
    """Gets a share of the packets that are sent, and reports each second."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.allowance = Allowance(self.clock)
        self.highest = self.lost = 0
        self.allowance.reported(0, 0)

    def second(self, *, bits: float, lost: float) -> float:
        self.clock.now += 1
        self.allowance.sent(round(bits / 8))
        self.highest += 100
        self.lost += round(100 * lost)
        self.allowance.reported(self.highest, self.lost)
        return self.allowance.bits


class TestAllowance:
    def test_who_loses_nothing_may_have_everything(self):
        receiver = Receiver()
        assert receiver.second(bits=1_000_000, lost=0) == MOST

    def test_it_falls_to_what_arrived_and_grows_back_while_it_is_used(self):
        receiver = Receiver()
        assert receiver.second(bits=1_600_000, lost=0.6) == pytest.approx(800_000)
        assert receiver.second(bits=800_000, lost=0.5) == pytest.approx(400_000)
        assert receiver.second(bits=400_000, lost=0.05) == pytest.approx(400_000)
        assert receiver.second(bits=400_000, lost=0) == pytest.approx(440_000)
        assert receiver.second(bits=20_000, lost=0) == pytest.approx(440_000)
        for _ in range(60):
            last = receiver.second(bits=receiver.allowance.bits, lost=0)
        assert last == MOST

    def test_it_never_falls_below_what_can_be_read(self):
        receiver = Receiver()
        receiver.second(bits=200_000, lost=0.9)
        assert receiver.second(bits=10_000, lost=0.9) == LEAST_BITRATE

    def test_few_packets_prove_nothing(self):
        receiver = Receiver()
        for number in range(1, 10):
            receiver.clock.now += 1
            receiver.allowance.reported(number, number)
        assert receiver.allowance.bits == MOST


class TestPacer:
    async def test_packets_go_out_in_order_and_no_faster_than_allowed(self):
        allowance = Allowance()
        allowance.bits = 400_000
        pacer, out = Pacer(allowance), []

        async def send(data: bytes) -> None:
            out.append(data[0])

        await asyncio.sleep(0.02)
        begun = time.monotonic()
        for number in range(20):
            await pacer.send(bytes([number]) * 1000, send)
        assert len(out) < 5
        await pacer.idle()
        assert out == list(range(20))
        assert 0.3 < time.monotonic() - begun < 2
        pacer.close()

    async def test_who_has_room_is_sent_to_at_once(self):
        pacer, out = Pacer(Allowance()), []

        async def send(data: bytes) -> None:
            out.append(data)

        await asyncio.sleep(0.02)
        for _ in range(10):
            await pacer.send(b"x" * 1200, send)
        assert len(out) == 10
        await pacer.idle()

    async def test_a_viewer_who_is_gone_leaves_nothing_waiting(self):
        allowance = Allowance()
        allowance.bits = 100_000
        pacer = Pacer(allowance)

        async def send(data: bytes) -> None:
            raise ConnectionError

        await asyncio.sleep(0.02)
        with pytest.raises(ConnectionError):
            await pacer.send(b"x" * 1200, send)
        await pacer.send(b"x" * 1200, send)
        await pacer.idle()
        pacer.close()
