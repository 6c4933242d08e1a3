"""A question in words, and the engine in a process of its own."""
from sage_conslaw import networks
from sage_conslaw.engine.answer import answer
from sage_conslaw.engine.question import Question
from sage_conslaw.engine.supervised import supervised
from sage_conslaw.flows.problem import problem
from sage_conslaw.runtime.deadline import Deadline


def question(**options):
    family = problem(networks.product(3)).family
    return Question(family=family, search=family.groups(), seed=0, **options)


def test_what_is_searched_is_said_in_a_line():
    assert question().words() == "linear algebra: all polynomials of degree at most 2 in 3 coordinates"


def test_a_time_limit_changes_the_process_and_no_answer():
    inside, outside = answer(question()), supervised(question(deadline=Deadline(60)))
    assert inside.number == outside.number == (2, 2) and inside.laws == outside.laws


def test_real_gradients_that_span_leave_no_further_law():
    assert networks.linear([2, 2]).check_span(samples=10, seed=0).further_laws_at_most == 0
