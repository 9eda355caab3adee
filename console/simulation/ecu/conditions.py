"""Whether what must hold before something is done does hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.forms import Comparison, Condition, Dependency

_ORDERS: dict[Comparison, Callable[[float, float], bool]] = {
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.GREATER: operator.gt,
    Comparison.AT_LEAST: operator.ge,
}


def holds(condition: Condition, value: str) -> bool:
    """Return whether `value`, as text, fulfils the condition; numbers are compared as such."""
    try:
        number, limit = float(value), float(condition.limit)
    except ValueError:
        equal = value == condition.limit
        if condition.comparison not in (Comparison.EQUAL, Comparison.UNEQUAL):
            return False
        return equal is (condition.comparison is Comparison.EQUAL)
    if condition.comparison in _ORDERS:
        return _ORDERS[condition.comparison](number, limit)
    return (number == limit) is (condition.comparison is Comparison.EQUAL)


def kept(dependency: Dependency, options: Mapping[str, DecodedValue]) -> bool:
    """Return whether the options obey the rule."""
    option, needed = options.get(dependency.option), options.get(dependency.needs)
    if option is None or needed is None or option.value not in dependency.values:
        return True
    return needed.value in dependency.allowed
