"""Properties of a simulated phone (model, iOS, battery, storage), and how lockdownd reports them."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Any

BATTERY = "com.apple.mobile.battery"
DISK_USAGE = "com.apple.disk_usage"


@dataclass(frozen=True, slots=True)
class Model:
    """An iPhone model with the iOS version installed on it."""

    product_type: str
    hardware: str
    ios_version: str
    build: str


MODELS = {
    14: Model("iPhone12,1", "N104AP", "14.8.1", "18H107"),
    16: Model("iPhone14,5", "D17AP", "16.7.10", "20H350"),
    18: Model("iPhone16,1", "D83AP", "18.6.2", "22G100"),
    26: Model("iPhone18,1", "V53AP", "26.1", "23B85"),
}
"""Models by major iOS version."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a phone reports about itself. Sizes are in bytes, the battery level in percent."""

    udid: str
    name: str = "Simulated iPhone"
    model: Model = MODELS[18]
    battery_percent: int = 84
    on_power: bool = True
    total_bytes: int = 128_000_000_000
    free_bytes: int = 42_000_000_000
    time_zone: str = "Europe/Berlin"
    wifi_address: str = "02:00:5e:10:00:01"

    def public_values(self, public_key: bytes, *, locked: bool) -> dict[str, Any]:
        """Return the default domain as an untrusted computer sees it."""
        return {
            "BuildVersion": self.model.build,
            "CPUArchitecture": "arm64e",
            "DeviceClass": "iPhone",
            "DeviceName": self.name,
            "DevicePublicKey": public_key,
            "HardwareModel": self.model.hardware,
            "PasswordProtected": locked,
            "ProductName": "iPhone OS",
            "ProductType": self.model.product_type,
            "ProductVersion": self.model.ios_version,
            "ProtocolVersion": "2",
            "UniqueDeviceID": self.udid,
            "WiFiAddress": self.wifi_address,
        }

    def private_values(self) -> dict[str, Any]:
        """Return the values of the default domain that only a session may read."""
        return {
            "ActivationState": "Activated",
            "BluetoothAddress": self.wifi_address[:-1] + "2",
            "SerialNumber": "F" + hashlib.sha256(self.udid.encode()).hexdigest()[:9].upper(),
            "TimeIntervalSince1970": time.time(),
            "TimeZone": self.time_zone,
            "Uses24HourClock": True,
        }

    def domain(self, name: str) -> dict[str, Any] | None:
        """Return a domain that only a session may read, or None if the phone does not have it."""
        if name == BATTERY:
            return {
                "BatteryCurrentCapacity": self.battery_percent,
                "BatteryIsCharging": self.on_power and self.battery_percent < 100,
                "ExternalChargeCapable": True,
                "ExternalConnected": self.on_power,
                "FullyCharged": self.battery_percent == 100,
                "HasBattery": True,
            }
        if name == DISK_USAGE:
            return {
                "AmountDataAvailable": self.free_bytes,
                "TotalDataAvailable": self.free_bytes,
                "TotalDataCapacity": self.total_bytes * 9 // 10,
                "TotalDiskCapacity": self.total_bytes,
                "TotalSystemAvailable": 0,
                "TotalSystemCapacity": self.total_bytes // 10,
            }
        others: dict[str, dict[str, Any]] = {
            "com.apple.international": {"Language": "en", "Locale": "en_GB"},
            "com.apple.mobile.backup": {"WillEncrypt": False},
            "com.apple.mobile.wireless_lockdown": {"EnableWifiConnections": False},
            "com.apple.security.mac.amfi": {"DeveloperModeStatus": False},
        }
        return others.get(name)

    def device_information(self) -> dict[str, str]:
        """Return what AFC reports about the file system."""
        return {
            "Model": self.model.product_type,
            "FSTotalBytes": str(self.total_bytes),
            "FSFreeBytes": str(self.free_bytes),
            "FSBlockSize": "4096",
        }


def udid_for(seed: str) -> str:
    """Return a UDID in the format used since the iPhone XS, always the same for a seed."""
    return "00008130-00" + hashlib.sha256(seed.encode()).hexdigest()[:14].upper()
