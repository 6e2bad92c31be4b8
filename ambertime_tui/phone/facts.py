"""Facts about a phone, as lockdownd gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhoneFacts:
    """What a person knows a phone by, and what a long copy depends on. None: the phone does not say."""

    udid: str
    name: str = ""
    """As its owner named it; empty where it does not say."""
    model: str = ""
    """Marketing name (iPhone 15 Pro), or the product type where the table does not know it yet."""
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
        """How sentences call the phone."""
        return f"The iPhone “{self.name}”" if self.name else f"The iPhone {self.udid}"


def facts_from(
    udid: str,
    values: Mapping[str, object],
    marketing_name: str | None,
    battery: Mapping[str, object],
    disk: Mapping[str, object],
) -> PhoneFacts:
    """Facts from lockdownd's default domain, com.apple.mobile.battery and com.apple.disk_usage; values of
    another type than expected count as not said."""
    product_type = _text(values.get("ProductType")) or ""
    return PhoneFacts(
        udid=udid,
        name=_text(values.get("DeviceName")) or "",
        model=marketing_name or product_type,
        product_type=product_type,
        ios_version=_text(values.get("ProductVersion")) or "",
        battery_percent=_number(battery.get("BatteryCurrentCapacity")),
        on_power=_truth(battery.get("ExternalConnected")),
        total_bytes=_number(disk.get("TotalDiskCapacity")) or _number(disk.get("TotalDataCapacity")),
        free_bytes=_number(disk.get("TotalDataAvailable")),
        time_zone=_text(values.get("TimeZone")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
