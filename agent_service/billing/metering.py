"""Meters what agents' work costs.

Every second of a session is billed once: to the current task (also while it waits for a person), or else to the idle
session. For a task, with all counts starting at 0:

    input tokens  = ⌈(characters of the prompt + characters read from pages + characters of answers) / 4⌉
                    + 250 × steps
    output tokens = ⌈(characters of reasoning, questions and the result) / 4⌉ + 20 × steps
    cost in USD   = input tokens × 0.000003 + output tokens × 0.000015 + seconds × 0.0001

If a model plans the steps, the tokens are those that its service reports, and nothing else.

An idle session costs its seconds. Costs are rounded to a millionth of a dollar, half up.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

INPUT_TOKEN_USD = Decimal("0.000003")
OUTPUT_TOKEN_USD = Decimal("0.000015")
SECOND_USD = Decimal("0.0001")
STEP_INPUT_TOKENS = 250
STEP_OUTPUT_TOKENS = 20
CHARACTERS_PER_TOKEN = 4
_MICRO_DOLLAR = Decimal("0.000001")


@dataclass(frozen=True)
class Usage:
    """One reading of a meter."""

    input_tokens: int
    output_tokens: int
    seconds: float
    cost: Decimal


class Meter:
    """Counts what one task, or one idle session, has used so far."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._characters_in = 0
        self._characters_out = 0
        self._steps = 0
        self._reported_in = 0
        self._reported_out = 0
        self._seconds = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Count seconds from now on."""
        if self._since is None:
            self._since = self._clock()

    def stop(self) -> None:
        """Count no further seconds until started again."""
        self._seconds = self.seconds
        self._since = None

    def read(self, characters: int) -> None:
        """Count text taken in."""
        self._characters_in += max(0, characters)

    def wrote(self, characters: int) -> None:
        """Count text put out."""
        self._characters_out += max(0, characters)

    def step(self) -> None:
        """Count one action."""
        self._steps += 1

    def report(self, input_tokens: int, output_tokens: int) -> None:
        """Count tokens that a model's service says it used."""
        self._reported_in += max(0, input_tokens)
        self._reported_out += max(0, output_tokens)

    @property
    def seconds(self) -> float:
        """Seconds counted so far, including the current stretch."""
        running = 0.0 if self._since is None else self._clock() - self._since
        return self._seconds + running

    @property
    def input_tokens(self) -> int:
        """Tokens taken in so far."""
        estimated = math.ceil(self._characters_in / CHARACTERS_PER_TOKEN) + STEP_INPUT_TOKENS * self._steps
        return estimated + self._reported_in

    @property
    def output_tokens(self) -> int:
        """Tokens put out so far."""
        estimated = math.ceil(self._characters_out / CHARACTERS_PER_TOKEN) + STEP_OUTPUT_TOKENS * self._steps
        return estimated + self._reported_out

    def room_for(self, max_output_tokens: int) -> int:
        """Characters that can still be put out before `max_output_tokens` is passed."""
        whole = (max_output_tokens - STEP_OUTPUT_TOKENS * self._steps) * CHARACTERS_PER_TOKEN
        return max(0, whole - self._characters_out)

    def usage(self) -> Usage:
        """Read the meter."""
        seconds = round(self.seconds, 3)
        cost = (
            self.input_tokens * INPUT_TOKEN_USD
            + self.output_tokens * OUTPUT_TOKEN_USD
            + Decimal(str(seconds)) * SECOND_USD
        )
        rounded = cost.quantize(_MICRO_DOLLAR, rounding=ROUND_HALF_UP)
        return Usage(self.input_tokens, self.output_tokens, seconds, rounded)


class ReportedMeter(Meter):
    """Counts reported tokens only: they already include what was read, said and done."""

    def read(self, characters: int) -> None:
        """Nothing to count."""

    def wrote(self, characters: int) -> None:
        """Nothing to count."""

    def step(self) -> None:
        """Nothing to count."""

    def room_for(self, max_output_tokens: int) -> int:
        """No limit: a model is never asked for more than the task has left."""
        return sys.maxsize
