"""One guided test: what to prepare, the way so far, the present step with its answers, the result."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import ClassVar

from textual import events
from textual.widget import Widget

from workshop_console.console.commands import CHOOSE_KEYS
from workshop_console.console.model.guided import ActuateStep, MeasureStep, ResultStep, StepTaken
from workshop_console.console.procedures.events import Ask, GuidedAsked
from workshop_console.i18n import formats
from workshop_console.i18n.described import warning_text
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.box import Question
from workshop_console.screens.coding_bytes import unmet
from workshop_console.screens.guided_step import (
    asked_paragraphs,
    label_width,
    limits_text,
    reading_text,
    result_paragraphs,
    taken_row,
    way_columns,
)
from workshop_console.screens.guided_tests import Offer
from workshop_console.screens.order_saving import OrderSaving
from workshop_console.screens.session import GUIDED_TEST, GuidedRun
from workshop_console.screens.sheet import TextSheet
from workshop_console.screens.status import job_text
from workshop_console.widgets.table import Column, Row, Table
from workshop_console.widgets.text_page import Paragraph, TextPage, heading
from workshop_console.widgets.tones import BOLD

_WAY_SHARE = 3
"""The way takes at most one part in this many of the body; the rest scrolls."""
_STOPS = ("mark", "clear", "back")
"""Commands that end an actuation while it runs."""


class GuidedTestWalk(TextSheet[None], OrderSaving):
    """Walks one test with the mechanic; what it does to the vehicle ends with the screen."""

    DEFAULT_CSS = """
    GuidedTestWalk #way { height: auto; margin-bottom: 1; }
    GuidedTestWalk #answers { height: auto; }
    """
    handles = ("open", "start", "mark", "save", "next_part")
    words: ClassVar = {
        "open": (mark("Answer"), mark("Give the answer of the current line.")),
        "start": (mark("Begin"), mark("Begin the test, or walk it again.")),
        "mark": (mark("Stop"), mark("Stop the actuation at once; Esc and F6 do it too.")),
        "save": (mark("Order report"), mark("Save what was done to the vehicle as the order report.")),
    }
    chooses = True

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self._offer = offer
        self._run: GuidedRun | None = None
        self._drawn_ask: GuidedAsked | None = None
        """What the mechanic sees: a key is never for a question that was not drawn yet."""
        self._drawn: tuple[Paragraph, ...] = ()

    # What is there

    def body(self) -> Iterable[Widget]:
        """Return the way, the step and its answers."""
        yield Table(heading=False, id="way")
        yield TextPage(id="step")
        yield Table(heading=False, id="answers")

    @property
    def _walking(self) -> bool:
        return self._run is not None and self.session.running == GUIDED_TEST

    @property
    def _driving(self) -> bool:
        return self._walking and self._run is not None and self._run.driven is not None

    @property
    def _ask(self) -> GuidedAsked | None:
        return self._run.ask if self._run is not None and self._walking else None

    def title_text(self) -> str:
        """Return the names of test and unit."""
        return f"{_(self._offer.test.title)}  {self._offer.unit_label}"

    def title_right(self) -> str:
        """Return which step it is."""
        if self._run is None or not self._run.taken:
            return ""
        number = len(self._run.taken) + (1 if self._ask is not None or self._driving else 0)
        return _("step {n}").format(n=formats.number(number))

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "The numbers answer; values are measured by the console and judged against their limits. Nothing "
            "moves before it was asked about and confirmed with Y; Space stops it. A value that the control "
            "unit cannot give is passed over. The way is kept in the order of the vehicle."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "open" and self._ask is None:
            return _("nothing is asked now")
        if command_id == "start" and self.session.running:
            return _("something still runs")
        if command_id == "mark" and not self._driving:
            return _("nothing is driven now")
        if command_id == "save" and self._walking:
            return _("something still runs")
        if command_id == "next_part" and len(self.parts) < 2:
            return _("there is one part only")
        return super().cannot(command_id)

    def numbered(self) -> int:
        """Return how many answers there are now."""
        return len(self._choices())

    @property
    def needs_all(self) -> bool:
        """Whether the test was begun."""
        return self._run is not None

    # Drawing

    def draw(self) -> None:
        """Draw the way, the step and the answers."""
        way, answers = self.query_one("#way", Table), self.query_one("#answers", Table)
        page = self.query_one("#step", TextPage)
        rows = [taken_row(number, one) for number, one in enumerate(self._steps(), start=1)]
        most = max(3, (self.app.size.height - 6) // _WAY_SHARE)
        _set_height(way, min(len(rows), most))
        grown = len(rows) > len(way.rows)
        way.show(way_columns(), rows)
        if grown:
            way.last()
        choices = self._choices()
        _set_height(answers, len(choices))
        if self._ask is not self._drawn_ask:
            self._drawn_ask = self._ask
            answers.first()
        answers.show(
            (Column(title="", width=1), Column(title="", width=40, grow=1)),
            [
                Row(key=index, cells=(str(index + 1), text), tones=(BOLD,))
                for index, text in enumerate(choices)
            ],
        )
        paragraphs = tuple(self._paragraphs())
        if paragraphs != self._drawn:
            page.show(paragraphs, from_top=True)
            self._drawn = paragraphs
        if self.focused is None or not self.focused.display:
            self.set_focus(answers if choices else page)
        elif choices and self.focused is page:
            self.set_focus(answers)

    def _steps(self) -> list[StepTaken]:
        if self._run is None:
            return []
        return [one for one in self._run.taken if not isinstance(one.step, ResultStep)]

    def _choices(self) -> list[str]:
        ask = self._ask
        if ask is None:
            return []
        if ask.ask is Ask.READY:
            return [_("Ready, measure now")]
        if ask.ask is Ask.DRIVE:
            return [_("Drive it; asks once more"), _("Go on without it")]
        return [_(answer.text) for answer in ask.answers]

    def _paragraphs(self) -> list[Paragraph]:
        run, test = self._run, self._offer.test
        if run is None:
            return [
                Paragraph(text=_(test.title), tone=BOLD),
                Paragraph(text=_("Fault codes: {codes}").format(codes=", ".join(test.codes))),
                heading(_("Prepare")),
                Paragraph(text=_(test.before)),
                Paragraph(text=_("F5 begins. Nothing moves before you are asked."), before=1),
            ]
        if run.walk is not None and run.walk.result is not None:
            return result_paragraphs(run.walk.result)
        if not self._walking:
            return [
                Paragraph(text=_("The test was broken off."), tone=BOLD),
                Paragraph(text=_("What was measured is kept in the order of the vehicle."), before=1),
                Paragraph(text=_("F5 walks it again from the beginning.")),
            ]
        if run.step is None:
            return [Paragraph(text=_("Opening the control unit."))]
        found = [Paragraph(text=_(run.step.text), tone=BOLD)]
        if isinstance(run.step, MeasureStep | ActuateStep) and (
            limits := limits_text(run.step.limits, run.value)
        ):
            found.append(Paragraph(label=_("In order"), label_width=label_width(), text=limits, before=1))
        if run.ask is not None:
            found += asked_paragraphs(run.ask)
        return found

    def status_text(self) -> str:
        """Say what is measured or driven now."""
        run = self._run
        if run is None or not self._walking:
            return job_text(self.session)
        if run.driven is not None and isinstance(run.driven.step, ActuateStep):
            text = ngettext(
                "Runs {n} of {all} second; Space stops it.",
                "Runs {n} of {all} seconds; Space stops it.",
                round(run.driven.step.seconds),
            ).format(n=int(run.driven.elapsed_s), all=formats.number(round(run.driven.step.seconds)))
            now = run.driven.reading
            return f"{text}  {now.label}: {reading_text(now)}" if now is not None and now.readable else text
        if run.ask is not None:
            return ""
        return _("Measuring") if run.step is not None else job_text(self.session)

    # Answering

    def take_key(self, event: events.Key) -> None:
        """Stop what runs by any key that could mean it; answer by number wherever the focus is."""
        command = self.console.keymap.commands.get(event.key)
        if self._driving and command in _STOPS:
            event.stop()
            event.prevent_default()
            self.do_mark()
            return
        if event.key in CHOOSE_KEYS and self._ask is not None:
            event.stop()
            key = self.query_one("#answers", Table).choose(int(event.key))
            if key is not None:
                self.clear_notice()
                self.open_row(key)
            return
        super().take_key(event)

    def do_open(self) -> None:
        """Give the answer of the current line."""
        key = self.query_one("#answers", Table).cursor_key
        if key is not None:
            self.open_row(key)

    def open_row(self, key: Hashable) -> None:
        """Give an answer; leave to drive is asked for in a box of its own."""
        ask = self._ask
        if ask is None or ask is not self._drawn_ask or not isinstance(key, int):
            return
        if ask.ask is Ask.DRIVE and key == 0:
            self._confirm(ask)
        elif ask.ask is Ask.DRIVE:
            self._give(ask, 0)
        else:
            self._give(ask, key)

    def _give(self, ask: GuidedAsked, choice: int) -> None:
        run = self._run
        if run is None or run.ask is not ask:
            return
        run.ask = None  # a second press of the key is not for the next question
        run.mechanic.give(choice)
        self.redraw()

    def _confirm(self, ask: GuidedAsked) -> None:
        function = ask.function
        name = (function.label or function.name) if function is not None else ""

        def consequences() -> str:
            warning = warning_text(function) if function is not None else ""
            parts = [warning] if warning else []
            if text := unmet(ask.conditions):
                parts.append(text)
            return "\n".join(parts)

        def answered(yes: bool | None) -> None:
            if yes:
                self._give(ask, 1)

        self.console.show_screen(
            Question(
                question=lambda: _("Drive “{function}” of {unit}?").format(
                    function=name, unit=self._offer.unit_label
                ),
                consequences=consequences,
                yes=lambda: _("Yes, drive it now"),
            ),
            answered,
        )

    # Beginning and ending

    def do_start(self) -> None:
        """Begin the test."""
        from workshop_console.console.procedures.guided_test import Mechanic

        tests, offer, mechanic = self.session.workshop.guided_tests, self._offer, Mechanic()
        self._run = self.session.guided = GuidedRun(test=offer.test, unit=offer.unit, mechanic=mechanic)
        job = self.console.start_job(
            GUIDED_TEST,
            lambda cancellation: tests.run(offer.test, offer.unit, mechanic, cancellation=cancellation),
        )
        if job is None:
            self._run = self.session.guided = None
        self.redraw()

    def do_mark(self) -> None:
        """Stop the actuation; the test goes on."""
        if self._run is not None:
            self._run.mechanic.stop()

    def before_leaving(self) -> Question | None:
        """Return the question whether a test that runs is broken off."""
        if not self._walking:
            return None
        return Question(
            question=lambda: _("Break the test off?"),
            consequences=lambda: _("What was measured so far is kept in the order of the vehicle."),
            yes=lambda: _("Yes, break it off"),
        )

    def give_up(self) -> None:
        """Break the test off."""
        self._end()
        self._run = None

    def _end(self) -> None:
        if self._walking and self.session.job is not None:
            self.session.job.cancel()

    def on_unmount(self) -> None:
        """End what still runs: nobody sees it any more."""
        self._end()

    def on_screen_suspend(self) -> None:
        """Stop what is driven: another screen takes the keys."""
        super().on_screen_suspend()
        if self._driving:
            self.do_mark()
            self.console.say(lambda: _("Stopped: another screen was opened."))


def _set_height(table: Table, rows: int) -> None:
    """Give a list as many lines as it has rows; without any it is not there."""
    if table.display != (rows > 0):
        table.display = rows > 0
    if rows and table.size.height != rows:
        table.styles.height = rows
