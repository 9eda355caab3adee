"""Which PassThru devices are installed (SAE J2534-1:2004, 9): Windows keeps them in the registry."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from workshop_console.console.model.clean import clean

_KEY = r"SOFTWARE\PassThruSupport.04.04"


def installed_devices() -> dict[str, str]:
    """Return the libraries of the installed devices by the devices' names; empty outside Windows."""
    return dict(_read_registry())


if sys.platform == "win32":
    import winreg

    def _read_registry() -> Iterator[tuple[str, str]]:
        # 32-bit libraries register on the other side of a 64-bit Windows; they cannot be loaded here, and are
        # listed all the same, so that the message says which library it was.
        for view in (winreg.KEY_WOW64_32KEY, winreg.KEY_WOW64_64KEY):
            try:
                devices = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _KEY, 0, winreg.KEY_READ | view)
            except OSError:
                continue
            with devices:
                for index in range(winreg.QueryInfoKey(devices)[0]):
                    try:
                        with winreg.OpenKey(devices, winreg.EnumKey(devices, index)) as device:
                            name = winreg.QueryValueEx(device, "Name")[0]
                            yield clean(name), str(winreg.QueryValueEx(device, "FunctionLibrary")[0])
                    except OSError:
                        continue

else:

    def _read_registry() -> Iterator[tuple[str, str]]:
        return iter(())
