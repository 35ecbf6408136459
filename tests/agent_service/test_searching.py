"""Choosing among results."""

import pytest

from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import Result
from agent_service.agent.skills.searching import best_place
from agent_service.agent.steps import Best


def result(price: str = "", rating: str = "") -> Result:
    return Result(0, "A lamp", "", "https://shop.test/lamp", price, rating, can_add=True)


@pytest.mark.parametrize(("which", "place"), [(Best.CHEAPEST, 1), (Best.DEAREST, 3), (Best.RATED, 2)])
def test_the_best_is_the_first_of_equals_and_never_one_without_a_figure(which, place):
    found = [result(), result("$5", "4.0"), result("$5", "4.5"), result("$9", "4.5"), result("$9", "4.5")]
    assert best_place(found, which) == place


def test_there_is_no_best_where_no_result_has_a_figure():
    with pytest.raises(TaskFailed, match="None of these results shows a rating"):
        best_place([result("$5"), result("$9")], Best.RATED)
