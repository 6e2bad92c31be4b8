"""iPhones on the USB bus, independent of usbmuxd: to distinguish "no phone" from "not listed"."""

from __future__ import annotations

from pathlib import Path

_SYSFS = Path("/sys/bus/usb/devices")
_APPLE = "05ac"
_PHONES = range(0x1290, 0x12B0)
"""USB product numbers of iPhones, iPads and iPods: usbmuxd's PID_RANGE_LOW to PID_RANGE_MAX."""


def apple_devices_on_usb(devices: Path = _SYSFS) -> tuple[str, ...]:
    """List the product names of iPhones and iPads that the kernel detects (Linux; empty elsewhere)."""
    found = []
    for device in sorted(devices.glob("*")):
        try:
            vendor = (device / "idVendor").read_text().strip()
            product = int((device / "idProduct").read_text().strip(), 16)
        except (OSError, ValueError):
            continue
        if vendor == _APPLE and product in _PHONES:
            found.append(_name_of(device))
    return tuple(found)


def _name_of(device: Path) -> str:
    try:
        return (device / "product").read_text(errors="replace").strip() or "iPhone"
    except OSError:
        return "iPhone"


def link_speeds(devices: Path = _SYSFS) -> tuple[int, ...]:
    """List the speeds of the links to iPhones and iPads in Mbit/s (Linux; empty elsewhere): 480 is USB 2."""
    found = []
    for device in sorted(devices.glob("*")):
        try:
            vendor = (device / "idVendor").read_text().strip()
            product = int((device / "idProduct").read_text().strip(), 16)
            speed = int(float((device / "speed").read_text()))
        except (OSError, ValueError):
            continue
        if vendor == _APPLE and product in _PHONES:
            found.append(speed)
    return tuple(found)
