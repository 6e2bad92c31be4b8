"""What is left, grouped by reason and sentence, whatever names the sentences contain."""

from __future__ import annotations

from ambertime_tui.engine.api.client import Report
from ambertime_tui.engine.api.status import Left
from ambertime_tui.tui.glyphs import FULL
from ambertime_tui.tui.panes.census import group_lines, groups_of
from ambertime_tui.tui.report_files import ended_by_patience
from ambertime_tui.tui.widgets.spans import plain


def left(number: int, reason: str, sentence: str, name: str = "") -> Left:
    return Left(f"u{number}", name or f"IMG_{number:04}.HEIC", "2019-01-01", 1_000_000, reason, sentence)


def test_one_reason_with_two_sentences_is_two_groups() -> None:
    groups = groups_of(
        [
            left(1, "icloud", "You ended the wait. Run again."),
            left(2, "icloud", "You ended the wait. Run again."),
            left(3, "icloud", "You skipped it. Run again to take it."),
        ]
    )
    assert [(group.tally.count, group.sentence) for group in groups] == [
        (2, "You ended the wait. Run again."),
        (1, "You skipped it. Run again to take it."),
    ]


def test_sentences_that_differ_in_names_and_numbers_are_one_group() -> None:
    groups = groups_of(
        left(n, "not_whole", f"Photos/2019-01/IMG_{n:04}.HEIC, copied earlier, is damaged. Run again.")
        for n in range(500)
    )
    assert len(groups) == 1
    assert groups[0].tally.count == 500
    assert groups[0].sentence.startswith("For example: Photos/2019-01/IMG_0000.HEIC, copied earlier")


def test_names_with_spaces_do_not_split_a_group() -> None:
    groups = groups_of(
        left(n, "failed", f"My photo {n}.HEIC could not be read.", name=f"My photo {n}.HEIC")
        for n in range(9)
    )
    assert len(groups) == 1


def test_a_reason_with_many_sentences_does_not_fill_the_screen() -> None:
    groups = groups_of(left(n, "failed", f"Trouble {chr(97 + n)} came up.") for n in range(20))
    assert len(groups) == 4
    assert sum(group.tally.count for group in groups) == 20


def test_a_group_names_its_reason() -> None:
    lines = group_lines(groups_of([left(1, "not_whole", "It is damaged.")]), 76, FULL)
    assert plain(lines[0]) == "· 1 item  1.0 MB  damaged"


def test_a_report_knows_whether_the_job_ran_out_of_patience() -> None:
    assert ended_by_patience(Report(None, (left(1, "gave_up", "It did not come."),)))
    assert not ended_by_patience(Report(None, (left(1, "icloud", "By choice."),)))
