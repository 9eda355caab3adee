"""Keys in their order: each is for the screen that the one before it led to.

Textual gives a key to the screen of the moment. Over a slow line, and while the program starts, keys arrive
together: the second would go to the screen that the first is about to leave.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import App
from textual.events import Key, Paste
from textual.message_pump import MessagePump

_MOST = 4096
"""Keys that wait at most, as many as a terminal's device keeps; what is typed then is dropped."""
_MOST_SCREENS = 8
"""A key may open a screen that opens another one at once; so often is looked."""
_LOOK_EVERY_S = 0.1


class TypedKeys:
    """Hands keys and pastes to the app one by one, the next when nothing of the last is left to do."""

    def __init__(self, app: App[Any], hand_over: Callable[[Key | Paste], Awaitable[None]]) -> None:
        self._app, self._hand_over = app, hand_over
        self._waiting: deque[Key | Paste] = deque()
        self._obeying: asyncio.Task[None] | None = None
        """Kept here, for the event loop keeps no task alive."""

    @property
    def busy(self) -> bool:
        """Whether something of a key is left to do."""
        return self._obeying is not None

    def take(self, event: Key | Paste) -> None:
        """Take a key that was typed."""
        if len(self._waiting) < _MOST:
            self._waiting.append(event)
        if self._obeying is None:
            self._obeying = asyncio.create_task(self._obey())

    async def _obey(self) -> None:
        try:
            await self._settled()
            while self._waiting and self._app.is_running and self._app.screen_stack:
                await self._hand_over(self._waiting.popleft())
                await self._settled()
        except Exception as error:  # as one that a screen raises: the app ends with a numbered message
            self._app.call_later(_raise, error)
        finally:
            self._obeying = None

    async def _settled(self) -> None:
        """Wait until the screen in sight has done all that it was told, and so has the app."""
        for _ in range(_MOST_SCREENS):
            if not self._app.screen_stack:
                return
            screen, part = self._app.screen, self._app.screen.focused
            for pump in [part, screen, self._app] if part is not None else [screen, self._app]:
                await self._idle(pump)
            if not self._app.screen_stack or (screen, part) == (self._app.screen, self._app.screen.focused):
                return

    async def _idle(self, pump: MessagePump) -> None:
        """Wait until a part has done what it was told before; one that is taken away does nothing more."""
        done = asyncio.Event()
        if not pump.call_later(done.set):
            return
        while not done.is_set() and (pump is self._app or pump.is_attached):
            try:
                await asyncio.wait_for(done.wait(), _LOOK_EVERY_S)
            except TimeoutError:
                continue


def _raise(error: Exception) -> None:
    raise error
