"""Viewers share one encoder and never wait for each other."""

import asyncio
import itertools
import time
from fractions import Fraction

from agent_service.streaming import track as track_module
from agent_service.streaming.fanout import KEY_INTERVAL, FanOut
from agent_service.streaming.ondemand import OnDemand
from agent_service.streaming.source import BITRATE, LEAST_BITRATE, Chunk, Demand
from agent_service.streaming.track import PacketTrack
from tests.helpers.waiting import eventually


def chunk(number: int, *, is_key: bool = False, layer: int = 0) -> Chunk:
    return Chunk(number.to_bytes(2), is_key, layer=layer)


async def received(track: PacketTrack) -> int:
    return int.from_bytes(bytes(await asyncio.wait_for(track.recv(), 1)))


class TestFanOut:
    async def test_a_viewer_begins_with_a_key_frame(self):
        fan_out = FanOut(lambda: None)
        track = PacketTrack(fan_out.request_key)
        fan_out.add(track)
        fan_out.publish(chunk(1))
        fan_out.publish(chunk(2, is_key=True))
        fan_out.publish(chunk(3))
        assert [await received(track), await received(track)] == [2, 3]
        fan_out.close()

    async def test_a_slow_viewer_skips_to_a_key_frame_and_slows_nobody(self, monkeypatch):
        monkeypatch.setattr(track_module, "MOST_BEHIND", 0.2)
        asked = []
        fan_out = FanOut(lambda: asked.append(1))
        slow, quick = PacketTrack(fan_out.request_key), PacketTrack(fan_out.request_key)
        fan_out.add(slow)
        fan_out.add(quick)
        await eventually(lambda: len(asked) == 1)
        fan_out.publish(chunk(0, is_key=True))
        assert await received(quick) == 0
        numbers = itertools.count(1)

        async def goes_on() -> int:
            number = next(numbers)
            fan_out.publish(chunk(number))
            assert await received(quick) == number
            return len(asked)

        await eventually(goes_on, lambda times: times == 2)
        fan_out.publish(chunk(10_000, is_key=True))
        assert await received(slow) == 10_000
        fan_out.close()

    async def test_each_viewer_gets_the_layers_it_wants(self):
        fan_out = FanOut(lambda: None)
        tracks = [PacketTrack(fan_out.request_key, layer=layer) for layer in (0, 1, 2)]
        for track in tracks:
            fan_out.add(track)
        for number, layer in enumerate((0, 2, 1, 2, 0)):
            fan_out.publish(chunk(number, is_key=number == 0, layer=layer))
            if number == 2:
                assert [await received(tracks[2]) for _ in range(3)] == [0, 1, 2]
        assert [await received(tracks[0]) for _ in range(2)] == [0, 4]
        assert [await received(tracks[1]) for _ in range(3)] == [0, 2, 4]
        assert [await received(tracks[2]) for _ in range(2)] == [3, 4]
        fan_out.close()

    async def test_who_falls_behind_does_without_upper_layers_first(self):
        fan_out = FanOut(lambda: None)
        track = PacketTrack(fan_out.request_key)
        fan_out.add(track)
        for number, layer in enumerate((0, 2, 1, 2, 0, 2, 1, 2, 0)):
            fan_out.publish(chunk(number, is_key=number == 0, layer=layer))
        assert [await received(track) for _ in range(5)] == [0, 1, 2, 4, 8]
        fan_out.close()

    async def test_what_is_encoded_is_what_viewers_can_use(self):
        fan_out = FanOut(lambda: None)
        assert fan_out.demand(16) == Demand(16, BITRATE)
        tile = PacketTrack(fan_out.request_key, layer=0)
        fan_out.add(tile)
        assert fan_out.demand(16) == Demand(4, BITRATE // 4)
        focused, slow = PacketTrack(fan_out.request_key), PacketTrack(fan_out.request_key)
        fan_out.add(focused)
        assert fan_out.demand(16) == Demand(16, BITRATE, is_layered=True)
        fan_out.remove(tile)
        assert fan_out.demand(16) == Demand(16, BITRATE)
        slow.allowance.bits = 400_000
        fan_out.add(slow)
        assert fan_out.demand(16) == Demand(16, BITRATE, is_layered=True)
        fan_out.remove(focused)
        assert 250_000 < fan_out.demand(16).bitrate < 400_000
        slow.allowance.bits = 1.0
        assert fan_out.demand(16).bitrate == LEAST_BITRATE
        fan_out.close()

    async def test_many_requests_for_a_key_frame_become_few(self):
        asked = []
        loop = asyncio.get_running_loop()
        fan_out = FanOut(lambda: asked.append(loop.time()))
        fan_out.add(PacketTrack(fan_out.request_key))
        for _ in range(50):
            fan_out.request_key()
        await eventually(lambda: len(asked) == 1, within=0.2)
        for _ in range(50):
            fan_out.request_key()
        await eventually(lambda: len(asked) == 2)
        assert asked[1] - asked[0] >= KEY_INTERVAL * 0.95
        fan_out.close()

    async def test_time_stamps_tell_when_each_picture_came_at_the_rate_of_video(self):
        fan_out = FanOut(lambda: None)
        track = PacketTrack(fan_out.request_key)
        fan_out.add(track)
        for number in (1, 2):
            before = time.monotonic()
            fan_out.publish(chunk(number, is_key=number == 1))
            after = time.monotonic()
            packet = await track.recv()
            assert packet.time_base == Fraction(1, 90_000)
            assert int(before * 90_000) <= packet.pts <= after * 90_000
        fan_out.close()


class TestOnDemand:
    async def test_it_runs_once_for_all_holders_and_stops_with_the_last(self):
        running: list[int] = []

        async def work() -> None:
            running.append(1)
            try:
                await asyncio.Event().wait()
            finally:
                running.pop()

        capture = OnDemand("capture", work)
        with capture.held():
            with capture.held():
                await eventually(lambda: running == [1])
            assert running == [1]
        await eventually(lambda: running == [])
        with capture.held():
            await eventually(lambda: running == [1])
            await capture.close()
            assert running == []

    async def test_a_restart_waits_for_the_end_of_the_old_run(self):
        events: list[str] = []
        may_end = asyncio.Event()

        async def work() -> None:
            events.append("begin")
            try:
                await asyncio.Event().wait()
            finally:
                events.append("is to end")
                await may_end.wait()
                events.append("end")

        capture = OnDemand("capture", work)
        with capture.held():
            await eventually(lambda: events)
            capture.restart()
            await eventually(lambda: len(events) == 2)
            may_end.set()
            await eventually(lambda: len(events) == 4)
        await capture.close()
        assert events == ["begin", "is to end", "end", "begin", "is to end", "end"]

    async def test_failed_work_is_tried_again(self, caplog):
        tries: list[int] = []

        async def work() -> None:
            tries.append(1)
            raise RuntimeError("out of order")

        capture = OnDemand("capture", work)
        with capture.held():
            await eventually(lambda: len(tries) == 2)
        await capture.close()
        assert "capture failed" in caplog.text
