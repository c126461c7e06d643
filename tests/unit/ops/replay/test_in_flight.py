import pytest

from divescore.ops.replay.dead_letters import Source
from divescore.ops.replay.in_flight import desk, reclaim, survey
from divescore.ops.replay.journal import Journal
from tests.fakes.world import SCORING_DLQ, UPLOADS_DLQ
from tests.unit.ops.replay.conftest import STREAM_DLQ, Graveyard


def test_letters_are_hidden_while_in_hand_and_given_back_however_it_ends(graveyard: Graveyard) -> None:
    for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ):
        graveyard.bury(queue, "x")
    queues = [Source.UPLOADS, Source.SCORING, Source.STREAM]
    with desk(graveyard.place, 60) as here:
        assert len(here.take(queues)) == len(here.in_hand) == 3
        assert [graveyard.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [0, 0, 0]
    assert [graveyard.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [1, 1, 1]

    def fail() -> None:
        with desk(graveyard.place, 60) as here:
            here.take(queues)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [graveyard.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [1, 1, 1]


def test_an_error_is_not_hidden_by_one_of_giving_back(graveyard: Graveyard) -> None:
    graveyard.bury(SCORING_DLQ, "x")

    def fail() -> None:
        with desk(graveyard.place, 60) as here:
            here.take([Source.SCORING])
            graveyard.world.network.fail("change_message_visibility_batch", times=9)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_what_is_in_hand_is_renewed_at_half_its_time_and_what_is_deleted_is_not(graveyard: Graveyard) -> None:
    clock = graveyard.world.clock
    for _ in range(2):
        graveyard.bury(SCORING_DLQ, "x")
    with desk(graveyard.place, 60, clock=clock.seconds) as here:
        first, second = here.take([Source.SCORING])
        assert here.delete([first]) == {}
        clock.advance(29)
        here.renew()
        clock.advance(1)
        here.renew()
        clock.advance(59)
        assert graveyard.visible() == 0
        assert here.in_hand == [second.message_id]


def test_what_a_dead_run_held_is_given_back_by_its_journal(graveyard: Graveyard) -> None:
    graveyard.bury(SCORING_DLQ, "x")
    graveyard.bury(UPLOADS_DLQ, "x")
    with Journal(graveyard.place.journal) as journal:
        for source in (Source.SCORING, Source.UPLOADS):
            graveyard.place.mailbox(source).take(600, journal.held)
    with Journal(graveyard.place.journal) as journal:
        assert reclaim(graveyard.place, journal) == 2
        assert (graveyard.visible(), graveyard.visible(UPLOADS_DLQ)) == (1, 1)
        graveyard.dead().clear()
        assert reclaim(graveyard.place, journal) == 1, "what is gone is not given back"


def test_failed_jobs_are_those_that_no_letter_is_about_whichever_queues_are_chosen(graveyard: Graveyard) -> None:
    bare, buried = graveyard.job(), graveyard.job()
    graveyard.letter(buried)
    with desk(graveyard.place, 60) as here:
        (case,) = survey(here, [Source.JOBS])
    assert case.jobs == (bare.job_id,)
    with desk(graveyard.place, 60) as here:
        assert {case.jobs for case in survey(here, list(Source))} == {(bare.job_id,), (buried.job_id,)}
