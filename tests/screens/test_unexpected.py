"""What nobody expected ends in a numbered message, never in a traceback on the screen."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.screens.driving import Driver
from tests.screens.fake_workshop import FakeWorkshop
from workshop_console.console import app as app_module
from workshop_console.console.app import ConsoleApp, run
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.message import raised_by
from workshop_console.console.settings import Folders
from workshop_console.screens.messages import MessageList
from workshop_console.screens.session import Session


def broken(_self: object) -> None:
    raise ZeroDivisionError("a defect in a screen")


async def test_a_defect_in_a_screen_ends_the_app_with_wc_100_and_a_logged_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(MessageList, "draw", broken)
    app = ConsoleApp(FakeWorkshop(Folders.of_user()).as_workshop())

    async def open_messages() -> None:
        async with app.run_test() as pilot:
            await pilot.press("f4")
            await pilot.pause()

    with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError):
        await open_messages()
    assert app.unexpected is not None
    assert app.unexpected.number == "WC-100"
    assert "ZeroDivisionError" in str(app.unexpected.facts["detail"])
    assert not app._exit_renderables
    assert "ZeroDivisionError" in caplog.text


class Ends:
    """Stands for the app: ends as often as told by a defect."""

    sessions: list[object]
    failures: int
    ended = 0
    """How often the jobs were ended after the screen."""

    def __init__(self, workshop: Any, session: object = None, _recorder: object = None) -> None:
        type(self).sessions.append(session)
        self.session = session or Session(workshop=workshop)
        self.unexpected: ConsoleError | None = None

    def end_jobs(self, _timeout_s: float) -> bool:
        type(self).ended += 1
        return True

    def tell_of_thread(self, _args: object) -> None:
        raise AssertionError("no thread failed")

    def end_soon(self) -> None:
        raise AssertionError("no signal came")

    def run(self, *, mouse: bool) -> None:
        assert mouse is False
        if len(type(self).sessions) <= type(self).failures:
            self.unexpected = ConsoleError("WC-100", detail="x", file="")


@pytest.mark.parametrize(("failures", "starts"), [(0, 1), (1, 2), (2, 3)])
def test_the_console_starts_again_with_what_was_known(
    monkeypatch: pytest.MonkeyPatch, failures: int, starts: int
) -> None:
    Ends.sessions, Ends.failures, Ends.ended = [], failures, 0
    monkeypatch.setattr(app_module, "ConsoleApp", Ends)
    run(FakeWorkshop(Folders.of_user()).as_workshop())
    assert len(Ends.sessions) == Ends.ended == starts
    assert Ends.sessions[0] is None
    assert all(session is Ends.sessions[-1] for session in Ends.sessions[1:])


def test_a_defect_that_comes_back_gives_up_with_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    Ends.sessions, Ends.failures = [], 99
    monkeypatch.setattr(app_module, "ConsoleApp", Ends)
    with pytest.raises(ConsoleError, match="WC-100"):
        run(FakeWorkshop(Folders.of_user()).as_workshop())


async def test_after_a_defect_the_message_is_shown_at_once() -> None:
    workshop = FakeWorkshop(Folders.of_user()).as_workshop()
    session = Session(workshop=workshop)
    session.raise_message(raised_by(ConsoleError("WC-100", detail="x", file="")))
    app = ConsoleApp(workshop, session)
    async with app.run_test() as pilot:
        driver = Driver(app, pilot, FakeWorkshop(Folders.of_user()))
        await driver.until(lambda: driver.place == "MessageBox")
        assert "WC-100" in driver.text
