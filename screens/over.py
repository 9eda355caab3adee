"""Screens that stand over another one, which stays in sight around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.renderables.background_screen import BackgroundScreen

from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.moving import ResultT

if TYPE_CHECKING:
    from rich.console import RenderableType


class OverScreen(ConsoleScreen[ResultT]):
    """Shows the screen below where it has nothing of its own; Textual's ModalScreen would dim that."""

    DEFAULT_CSS = """
    OverScreen { layout: vertical; background: transparent;
        &:ansi { background: transparent; }
    }
    """

    @property
    def is_modal(self) -> bool:
        """Whether the screen below is seen: Textual shows it below modal ones only."""
        return True

    @property
    def below(self) -> list[ConsoleScreen[Any]]:
        """The screens under this one, the lowest first."""
        stack = self.app.screen_stack
        place = stack.index(self) if self in stack else 0
        return [screen for screen in stack[:place] if isinstance(screen, ConsoleScreen)]

    def render(self) -> RenderableType:
        """Draw the screen below.

        Textual takes it from a list that is right for the top screen only: of several over each other, one
        in between that draws itself anew would have nothing to show.
        """
        if below := self.below:
            return BackgroundScreen(below[-1], self.styles.background)
        return super().render()
