"""The order in which units are flashed: what a unit needs comes before it."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.flash import FlashTarget, Manifest

Item = TypeVar("Item")


def in_order(items: Sequence[tuple[Manifest, Item]]) -> list[Item]:
    """Return the items with what they need before them, else as given. Raises ConsoleError WC-728."""
    by_name = {manifest.unit: item for manifest, item in items}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for manifest, _ in items:
        sorter.add(manifest.unit, *(need for need in manifest.needs if need in by_name))
    try:
        names = list(sorter.static_order())
    except CycleError as error:
        raise ConsoleError("WC-728", units=", ".join(dict.fromkeys(error.args[1]))) from error
    order = {name: place for place, name in enumerate(names)}
    depth: dict[str, int] = {}
    for name in names:
        needs = next(manifest.needs for manifest, _ in items if manifest.unit == name)
        depth[name] = 1 + max((depth[need] for need in needs if need in depth), default=0)
    given = {manifest.unit: place for place, (manifest, _) in enumerate(items)}
    return [by_name[name] for name in sorted(order, key=lambda name: (depth[name], given[name]))]


def next_wave(waiting: Sequence[FlashTarget]) -> list[FlashTarget]:
    """Return the targets to flash next, side by side: all that may be, or one that must be alone."""
    names = {target.unit for target in waiting}
    ready = [t for t in waiting if not any(need in names for need in t.file.manifest.needs if need != t.unit)]
    ready = ready or list(waiting)  # a circle that a plan of another edition let pass
    together = [target for target in ready if target.sequence.side_by_side]
    return together or ready[:1]
