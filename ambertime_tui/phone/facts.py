"""Facts about a phone, from lockdownd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ambertime_tui.safe_text import UNSAFE

_LONGEST_TEXT = 200
"""Characters; iOS itself cuts the name of a phone at 64 bytes or so in most places."""


@dataclass(frozen=True, slots=True)
class PhoneFacts:
    """What identifies a phone and what a long copy depends on. None: not reported by the phone."""

    udid: str
    name: str = ""
    """The name its owner chose; empty if not reported."""
    model: str = ""
    """Marketing name (iPhone 15 Pro), or the product type if the name is unknown."""
    product_type: str = ""
    ios_version: str = ""
    battery_percent: int | None = None
    on_power: bool | None = None
    total_bytes: int | None = None
    free_bytes: int | None = None
    time_zone: str | None = None
    """IANA name: Europe/Berlin."""

    @property
    def label(self) -> str:
        """The name of the phone in messages."""
        return f"The iPhone “{self.name}”" if self.name else f"The iPhone {self.udid}"


def facts_from(
    udid: str,
    values: Mapping[str, object],
    marketing_name: str | None,
    battery: Mapping[str, object],
    disk: Mapping[str, object],
) -> PhoneFacts:
    """Build facts from lockdownd's default domain, com.apple.mobile.battery and com.apple.disk_usage.
    Values of an unexpected type are ignored."""
    product_type = _text(values.get("ProductType")) or ""
    return PhoneFacts(
        udid=udid,
        name=_text(values.get("DeviceName")) or "",
        model=_text(marketing_name) or product_type,
        product_type=product_type,
        ios_version=_text(values.get("ProductVersion")) or "",
        battery_percent=_number(battery.get("BatteryCurrentCapacity")),
        on_power=_flag(battery.get("ExternalConnected")),
        total_bytes=_number(disk.get("TotalDiskCapacity")) or _number(disk.get("TotalDataCapacity")),
        free_bytes=_number(disk.get("TotalDataAvailable")),
        time_zone=_text(values.get("TimeZone")),
    )


def _text(value: object) -> str | None:
    """A text of a plausible length, without characters that could change how the text around it is shown."""
    return UNSAFE.sub("\ufffd", value[:_LONGEST_TEXT]) if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        return None
    return value


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
