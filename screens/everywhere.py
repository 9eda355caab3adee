"""The commands that work on every screen, and leaving one that holds something not written yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, cast

from textual.screen import Screen

from workshop_console.screens.moving import MovingScreen, ResultT

if TYPE_CHECKING:
    from workshop_console.screens.console_port import Console
    from workshop_console.screens.session import Session


class EverywhereScreen(MovingScreen[ResultT], Generic[ResultT]):
    """A screen with the commands of the last line."""

    def run_command(self, command_id: str) -> None:
        """Do what a command says, or say why not."""

    @property
    def console(self) -> Console:
        """The app, as screens know it."""
        return cast("Console", self.app)

    @property
    def session(self) -> Session:
        """What is known."""
        return self.console.session

    def do_help(self) -> None:
        """Explain the message shown, and the screen."""
        from workshop_console.screens.help import Help

        self.console.show_screen(Help(cast(Any, self)))

    def do_groups(self) -> None:
        """Go to the first screen."""
        self.console.return_to_groups()

    def before_leaving(self) -> Screen[bool] | None:
        """Return the question to ask before the screen is left; None: nothing would be lost."""
        return None

    def give_up(self) -> None:
        """Drop what the question was about."""

    def do_back(self) -> None:
        """Leave this screen; a second key press on its way out is not for the screen below."""
        question = self.before_leaving()
        if question is not None and self.is_current:
            self.console.show_screen(question, self._asked_back)
        elif self.is_current:
            self.dismiss()

    def _asked_back(self, yes: bool | None) -> None:
        if yes:
            self.give_up()
            self.do_back()

    def do_messages(self) -> None:
        """Show the catalogue of messages."""
        from workshop_console.screens.messages import MessageList

        self._go_or_open(MessageList)

    def do_language(self) -> None:
        """Choose the language."""
        from workshop_console.screens.language import LanguageChoice

        self._go_or_open(LanguageChoice)

    def do_vehicle(self) -> None:
        """Choose vehicle and VCI."""
        from workshop_console.screens.vehicle import VehicleChoice

        self._go_or_open(VehicleChoice)

    def _go_or_open(self, screen: type[Screen[None]]) -> None:
        """Go back to the screen of this kind where there is one below: they are not heaped up."""
        if any(isinstance(one, screen) for one in self.app.screen_stack):
            while not isinstance(self.app.screen, screen):
                self.app.pop_screen()
        else:
            self.console.show_screen(screen())

    def do_contrast(self) -> None:
        """Draw with high contrast, or as usual again."""
        self.console.change_contrast()

    def do_quit(self) -> None:
        """End the console."""
        self.console.leave()

    def do_palette(self) -> None:
        """Choose from every action by its name."""
        from workshop_console.screens.palette import Palette

        def run(command_id: str | None) -> None:
            if command_id:
                self.run_command(command_id)

        if not isinstance(self, Palette):
            self.console.show_screen(Palette(cast(Any, self)), run)
