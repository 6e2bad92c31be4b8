"""The services that lockdownd starts, by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ambertime_tui.simulator import plists
from ambertime_tui.simulator.afc import AfcSession
from ambertime_tui.simulator.channel import Channel
from ambertime_tui.simulator.phone import AFC, SimulatedPhone

_MOST_NOTIFICATIONS_WAITING = 1000


async def serve_afc(phone: SimulatedPhone, channel: Channel) -> None:
    """Serve com.apple.afc: the media folder."""
    await AfcSession(phone, channel, phone.media).serve()


async def serve_house_arrest(phone: SimulatedPhone, channel: Channel) -> None:
    """Serve com.apple.mobile.house_arrest: one request for an app's folder, then AFC in that folder.

    As on a phone, apps from the App Store share only their documents, not their container.
    """
    message = await channel.receive_plist()
    await channel.round_trip()
    folder = phone.apps.get(plists.text(message, "Identifier"))
    match plists.text(message, "Command"):
        case "VendDocuments" if folder is not None:
            await channel.send_plist({"Status": "Complete"})
            await AfcSession(phone, channel, folder).serve()
        case "VendDocuments":
            await channel.send_plist({"Error": "ApplicationLookupFailed"})
        case "VendContainer":
            await channel.send_plist(
                {"Error": "InstallationLookupFailed" if folder else "ApplicationLookupFailed"}
            )
        case _:
            await channel.send_plist({"Error": "InvalidCommand"})


async def serve_notification_proxy(phone: SimulatedPhone, channel: Channel) -> None:
    """Serve com.apple.mobile.notification_proxy: relay the Darwin notifications that a computer observes."""
    waiting: asyncio.Queue[str] = asyncio.Queue(_MOST_NOTIFICATIONS_WAITING)

    def observer(name: str) -> None:
        if not waiting.full():
            waiting.put_nowait(name)

    async def relay() -> None:
        while True:
            await channel.send_plist({"Command": "RelayNotification", "Name": await waiting.get()})

    relaying = asyncio.create_task(relay())
    names = phone.observers.setdefault(observer, set())
    try:
        while True:
            message = await channel.receive_plist()
            match plists.text(message, "Command"):
                case "ObserveNotification":
                    names.add(plists.text(message, "Name"))
                case "PostNotification":
                    phone.post_notification(plists.text(message, "Name"))
                case "Shutdown":
                    await channel.send_plist({"Command": "ProxyDeath"})
                    return
    finally:
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        del phone.observers[observer]


async def serve_assertion_agent(phone: SimulatedPhone, channel: Channel) -> None:
    """Serve com.apple.mobile.assertion_agent: keep the phone awake while the connection is open."""
    held: list[str] = []
    try:
        while True:
            message = await channel.receive_plist()
            await channel.round_trip()
            if plists.text(message, "CommandKey") == "CommandCreateAssertion":
                if phone.refuses_assertion():
                    return
                name = plists.text(message, "AssertionNameKey")
                held.append(name)
                phone.hold_assertion(name)
            await channel.send_plist({})
    finally:
        for name in held:
            phone.release_assertion(name)


SERVICES: dict[str, Callable[[SimulatedPhone, Channel], Awaitable[None]]] = {
    AFC: serve_afc,
    "com.apple.mobile.house_arrest": serve_house_arrest,
    "com.apple.mobile.notification_proxy": serve_notification_proxy,
    "com.apple.mobile.insecure_notification_proxy": serve_notification_proxy,
    "com.apple.mobile.assertion_agent": serve_assertion_agent,
}
