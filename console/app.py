"""The full-screen console: keeps the session, runs jobs beside the screens, shows errors in one place."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App
from textual.events import Event, Key, Paste, Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import WorkerFailed

from workshop_console.console.app_messages import BackgroundEnded, EndWanted, JobUpdated
from workshop_console.console.commands import make_keymap
from workshop_console.console.daylight import Daylight
from workshop_console.console.ending import JOBS_S, ending_by_signal
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditAnswer
from workshop_console.console.jobs.runner import (
    Job,
    JobEnded,
    JobReported,
    JobRunner,
    JobUpdate,
    Work,
    as_console_error,
)
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.procedures.events import MessageRaised
from workshop_console.console.terminal import first_picture
from workshop_console.console.terminal.choice import driver_class
from workshop_console.console.typed import TypedKeys
from workshop_console.i18n.texts import _, set_language
from workshop_console.screens.base import ConsoleScreen, notice_of
from workshop_console.screens.session import QUICK_TEST, WATCH_VALUES, Notice, Session
from workshop_console.screens.status import job_name
from workshop_console.widgets import glyphs

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.filter import LineFilter

    from workshop_console.console.terminal.session_file import SessionRecorder

T = TypeVar("T")

_DRAW_EVERY_S = 0.1
"""How often the rows of a running job are drawn at most."""

_JOBS_EVERY_S = 3.0
"""How often is looked which flash jobs run; their own screen reads them more often."""

_FIRST_JOBS_S = 0.15
"""What takes longer to import than the first frame may take waits for it."""

_STARTS = 3
"""How often the console starts after unexpected errors before it gives up."""


class ConsoleApp(App[None], inherit_bindings=False):
    """The console; screens know it as screens.base.Console."""

    CSS_PATH = None
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = ""
    NOTIFICATION_TIMEOUT = 0

    def __init__(
        self,
        workshop: Workshop,
        session: Session | None = None,
        recorder: SessionRecorder | None = None,
    ) -> None:
        self._thin = driver_class(recorder=recorder)
        super().__init__(driver_class=self._thin)
        self.unexpected: ConsoleError | None = None
        """What ended the console against its will."""
        self.animation_level = "none"
        # Colours as the terminal's owner chose them: sixteen of them work everywhere and take few bytes.
        self.theme = "ansi-dark"
        self.title = "Workshop Console"
        poor = glyphs.needs_ascii(asked=workshop.settings.ascii)
        glyphs.use(glyphs.ASCII if poor else glyphs.UNICODE)
        self._daylight = Daylight(workshop.settings.contrast)
        set_language(workshop.lang)
        self.session = session or Session(workshop=workshop)
        self._restarted = session is not None
        self.keymap, problems = make_keymap(workshop.settings.keys, source=str(workshop.folders.config_file))
        self._first_messages = [] if session else [*workshop.problems, *map(raised_by, problems)]
        self._problems_told = len(workshop.problems)
        self._runner = JobRunner(self._publish)
        self._drawn_for: Size | None = None
        self._kept_picture = self._restarted
        self._next_drawing: Timer | None = None
        self._typed = TypedKeys(self, super().on_event)
        self._recorder = recorder
        if recorder is not None:
            recorder.failed = lambda error: self.call_later(self.tell, error)

    def get_default_screen(self) -> Screen[None]:
        """Return the first screen."""
        from workshop_console.screens.product_groups import ProductGroups

        return ProductGroups()

    def on_mount(self) -> None:
        """Show what was wrong at the start; nothing waits for it."""
        self.call_after_refresh(_collect_from_now_on)
        for message in self._first_messages:
            self.tell(message)
        if self._restarted:
            self.tell(self.session.raised[-1], at_once=True)
        if not self._restarted:
            self.set_timer(_FIRST_JOBS_S, partial(self._keep_picture, if_missing=True))
        # What waits for the mechanic stands before everything else, once the first frame is drawn.
        self.set_timer(_FIRST_JOBS_S, partial(self._look_at_flash_jobs, first=not self._restarted))

    async def on_event(self, event: Event) -> None:
        """Take keys in their order."""
        if isinstance(event, (Key, Paste)) and not event.is_forwarded:
            self._typed.take(event)
        else:
            await super().on_event(event)

    # Work beside the screen. Threads only post messages: anything else of Textual raises or races there.

    def _publish(self, update: JobUpdate) -> None:
        self.post_message(JobUpdated(update))

    def start_job(self, kind: str, work: Work) -> Job | None:
        """Start a job; None and a notice when another one runs."""
        if running := self.session.running:
            self.say(lambda: _("Something still runs: {job}.").format(job=job_name(running)))
            return None
        job = self._runner.start(kind, work)
        self.session.begin(job)
        self._redraw_all()
        return job

    def on_job_updated(self, message: JobUpdated) -> None:
        """Take in what a job reports; it survives the screen that started it."""
        update = message.update
        error = self.session.apply(update)
        if isinstance(update, JobReported):
            if isinstance(update.event, MessageRaised):
                self.tell(update.event.message)
            # Answers come by the dozen: they are drawn together, which thin lines and the job itself need.
            if self._next_drawing is None:
                self._next_drawing = self.set_timer(_DRAW_EVERY_S, self._redraw_all)
            return
        self._redraw_all()
        if error is not None:
            self.tell(error, at_once=True)
        elif isinstance(update, JobEnded) and update.kind == QUICK_TEST:
            self.ask_credit()
        self._tell_problems()

    def in_background(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do `work` beside the screen, then `done` with its result here; an error is shown."""

        def run() -> None:
            result: object
            try:
                result = work()
            except Exception as error:  # shown as a numbered message, by the app
                result = as_console_error(error)
            self.post_message(BackgroundEnded(done, result))

        threading.Thread(target=run, name="background", daemon=True).start()

    def on_background_ended(self, message: BackgroundEnded) -> None:
        """Hand the result over."""
        if isinstance(message.result, ConsoleError):
            self.tell(message.result, at_once=True)
        else:
            message.done(message.result)
        self._tell_problems()

    def _tell_problems(self) -> None:
        """Tell what showed to be wrong since the start, such as a damaged store."""
        problems = self.session.workshop.problems
        for problem in problems[self._problems_told :]:
            self.tell(problem)
        self._problems_told = len(problems)

    def ask_credit(self, *, asked_for: bool = False) -> None:
        """Ask for the credit beside the screen; the rows follow when it comes.

        `asked_for`: the mechanic waits for the answer, so trouble that is known already is told again.
        """

        if self._typed.busy:  # what was typed while the console started comes before large imports
            self.set_timer(_DRAW_EVERY_S, partial(self.ask_credit, asked_for=asked_for))
            return

        def take(answer: CreditAnswer) -> None:
            session = self.session
            known = session.asked and session.credit is not None and not session.credit.online
            session.take_credit(answer)
            if asked_for:
                session.notice = None
            if answer.messages and (asked_for or not known) and session.notice is None:
                session.notice = notice_of(session, answer.messages[0])
            self._redraw_all()
            if not self._kept_picture:
                self._kept_picture = True
                self.call_after_refresh(self._keep_picture)

        self.in_background(self.session.workshop.ask_credit, take)

    def _keep_picture(self, *, if_missing: bool = False) -> None:
        """Keep the picture of the groups: the next start shows it before anything is imported."""
        if self._thin is None or not first_picture.is_kept() or len(self.screen_stack) != 1:
            return
        from workshop_console.console.next_picture import next_picture

        size, now = self.size, self.session.workshop.clock.now()
        if (picture := next_picture(self._driver, self.screen, now, if_missing=if_missing)) is not None:
            self.in_background(lambda: first_picture.keep(picture, *size), lambda _kept: None)

    def _look_at_flash_jobs(self, *, first: bool = False) -> None:
        """Read which flash jobs run and which wait, in this console or another; again and again."""
        from workshop_console.screens.flash_watch import FlashLook, look

        workshop, seen = self.session.workshop, self.session.flash

        def take(found: FlashLook) -> None:
            if not self.screen_stack:
                return  # the console ends
            if found.differs_from(seen):
                seen.running, seen.waiting = found.running, found.waiting
                for screen in self._console_screens()[-1:]:
                    screen.redraw_frame()
            if any(job.plan.vin == workshop.line.vehicle.vin for job in found.ended):
                self.session.forget_software()
            if first and found.waiting:
                self.push_screen(found.screen())
            elif text := found.news(self.screen):
                self.say(text, bad=found.bad)
            self.set_timer(_JOBS_EVERY_S, self._look_at_flash_jobs)

        self.in_background(lambda: look(workshop.flashing, seen), take)

    # What is shown

    def _console_screens(self) -> list[ConsoleScreen[Any]]:
        return [screen for screen in self.screen_stack if isinstance(screen, ConsoleScreen)]

    def _redraw_all(self) -> None:
        """Draw what is in sight; a screen below draws itself when it comes up again."""
        if self._next_drawing is not None:
            self._next_drawing.stop()
            self._next_drawing = None
        for screen in reversed(self._console_screens()):
            screen.redraw()
            if not screen.is_modal:
                break

    def show_screen(self, screen: Screen[T], then: Callable[[T | None], None] | None = None) -> None:
        """Put a screen on top; `then` gets what it was left with."""
        self.push_screen(screen, then)

    def ask_leaving(self, then: Callable[[], None]) -> None:
        """Ask for everything that would be lost with the screens that are open, then do `then`."""
        for screen in reversed(self._console_screens()):
            if (question := screen.before_leaving()) is not None:

                def answered(yes: bool | None, screen: ConsoleScreen[Any] = screen) -> None:
                    if yes:
                        screen.give_up()
                        self.ask_leaving(then)

                self.push_screen(question, answered)
                return
        then()

    def return_to_groups(self) -> None:
        """Leave all screens but the first."""
        self.ask_leaving(partial(self._leave_but, 1))

    def return_to_menu(self) -> None:
        """Leave all screens above the menu: they are of a vehicle that is not there any more."""
        self._leave_but(2)

    def _leave_but(self, lowest: int) -> None:
        while len(self.screen_stack) > lowest:
            self.pop_screen()

    def tell(self, message: RaisedMessage | ConsoleError, *, at_once: bool = False) -> None:
        """Show a numbered message: the one place for errors."""
        raised = raised_by(message) if isinstance(message, ConsoleError) else message
        self.session.raise_message(raised)
        if at_once:
            from workshop_console.screens.box import MessageBox

            self.push_screen(MessageBox(raised), lambda explain: self._explain(raised) if explain else None)
        else:
            self.session.notice = notice_of(self.session, raised, bad=isinstance(message, ConsoleError))
            self._redraw_all()

    def _explain(self, message: RaisedMessage) -> None:
        from workshop_console.screens.box import Box
        from workshop_console.screens.help import Help

        about = [screen for screen in self._console_screens() if not isinstance(screen, Box)]
        self.push_screen(Help(about[-1], message))

    def say(self, text: Callable[[], str], *, bad: bool = False) -> None:
        """Say something on the message line."""
        self.session.notice = Notice(text=text, bad=bad)
        self._redraw_all()

    def change_language(self, lang: str) -> None:
        """Draw everything in another language and keep it; rows, cursors, filters and jobs stay."""
        set_language(lang)
        workshop = self.session.workshop
        workshop.lang = lang
        self._redraw_all()
        self._keep_choice("lang", lambda: workshop.lang)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what lines of the screen go through: high contrast, where it is wanted."""
        return self._daylight.filters(super().get_line_filters())

    def change_contrast(self) -> None:
        """Draw with high contrast, or as usual again, and keep that for the next start."""
        self._daylight.switch(self)
        self._redraw_all()
        self._keep_choice("contrast", lambda: self._daylight.on)

    def _keep_choice(self, key: str, newest: Callable[[], bool | str]) -> None:
        """Keep a choice in the settings file; the picture for the next start is one with it."""

        def keep() -> None:
            from workshop_console.console.settings_file import remember_newest

            remember_newest(self.session.workshop.folders.config_file, key, newest)

        def kept(_kept: None) -> None:
            self.call_after_refresh(self._keep_picture, if_missing=True)

        self.in_background(keep, kept)

    def leave(self) -> None:
        """End the console; ask first while a job runs, and for what was not written yet."""

        def end() -> None:
            self._runner.cancel_all()
            self.exit()

        running = self.session.running
        if running in ("", WATCH_VALUES):  # what was recorded is in its file already
            self.ask_leaving(end)
            return
        if self.session.job is not None and not self.session.job.can_cancel:
            # A unit that is being written to is not left half way.
            self.say(lambda: _("{job}: this must come to its end first.").format(job=job_name(running)))
            return
        from workshop_console.screens.leaving import question_before_leaving

        self.push_screen(question_before_leaving(running), lambda yes: end() if yes else None)

    def end_jobs(self, timeout_s: float) -> bool:
        """End what works on the vehicle and return whether it came to its end; from any thread."""
        return self._runner.end(timeout_s)

    def end_soon(self) -> None:
        """End the console from another thread, without waiting for it."""
        self.post_message(EndWanted())

    def tell_of_thread(self, args: threading.ExceptHookArgs) -> None:
        """Tell what ended a thread that nobody waits for; its traceback goes to the log."""
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            self.call_later(self.tell, as_console_error(args.exc_value), at_once=True)

    def on_end_wanted(self) -> None:
        """End the console."""
        self.exit()

    def panic(self, *renderables: RenderableType) -> None:
        """End when the terminal is gone; what works on the vehicle is not left behind."""
        self._runner.cancel_all()
        super().panic(*renderables)

    def on_resize(self, event: Resize) -> None:
        """Draw for the new size; a terminal that is too small is told so, and nothing ends."""
        if self._drawn_for not in (None, event.size):
            self.call_after_refresh(self._redraw_all)
        self._drawn_for = event.size
        if self._recorder is not None:
            self._recorder.resized(*event.size)

    def _handle_exception(self, error: Exception) -> None:
        """End without a traceback on the screen: it goes to the log, `run` starts again with a message.

        Textual's own way prints local variables, and after an exception the part that raised it takes no
        more messages, so going on is not possible either.
        """
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error  # the traceback that says where
        if self.unexpected is None:
            self.unexpected = as_console_error(error)
        self._exception = error
        self._exception_event.set()
        self._runner.cancel_all()
        self._close_messages_no_wait()


def _collect_from_now_on() -> None:
    """Let garbage be collected; what the start made is not looked through each time."""
    gc.freeze()
    gc.enable()


def run(workshop: Workshop, recorder: SessionRecorder | None = None) -> None:
    """Run the console until the mechanic leaves it; the caller closes workshop and recorder.

    After an unexpected error it starts again with what was known, and says so. Raises ConsoleError WC-100
    when that happens over and over.
    """
    session: Session | None = None
    for attempt in range(1, _STARTS + 1):
        app = ConsoleApp(workshop, session, recorder)
        with ending_by_signal(app.end_jobs, app.end_soon, workshop.close):
            before, threading.excepthook = threading.excepthook, app.tell_of_thread
            try:
                app.run(mouse=False)
            finally:
                threading.excepthook = before
                # Whatever ended the screen: an actuation gives control back before the line goes.
                app.end_jobs(JOBS_S)
        unexpected = app.unexpected
        if unexpected is None:
            return
        if attempt == _STARTS:
            raise unexpected
        session = app.session
        session.job = session.notice = None
        session.raise_message(raised_by(unexpected))
