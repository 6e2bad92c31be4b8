"""`ambertime simulate`: serve simulated iPhones on a usbmux socket until the process is stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.simulator.control import ControlServer
from ambertime_tui.simulator.facts import MODELS, Facts, udid_for
from ambertime_tui.simulator.icloud_commands import icloud_commands
from ambertime_tui.simulator.link import LINKS, new_event_loop
from ambertime_tui.simulator.phone import SimulatedPhone, Trust
from ambertime_tui.simulator.usbmuxd import Usbmuxd

if TYPE_CHECKING:
    from ambertime_tui.simulator.behaviour import Behaviour
    from ambertime_tui.simulator.icloud_thread import RunningICloud
    from ambertime_tui.simulator.library import MadeLibrary

TRUTH = "truth.json"
"""The description of a generated library, stored next to its media folder."""
EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


class _SimulateError(Exception):
    """The simulator cannot start. The message is a sentence for the user."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `ambertime simulate`."""
    parser.add_argument(
        "--socket",
        required=True,
        metavar="PATH|HOST:PORT",
        help="where its usbmuxd listens; set USBMUXD_SOCKET_ADDRESS to it. Port 0 picks a free port",
    )
    parser.add_argument(
        "--control",
        type=Path,
        metavar="PATH",
        help="Unix socket for commands that operate the phone and inject faults (default: none)",
    )
    parser.add_argument(
        "--plain", action="store_true", help="turn off TLS (default: use it, as a real phone does)"
    )
    parser.add_argument(
        "--link",
        choices=sorted(LINKS),
        default="unlimited",
        help="speed and latency of its cable (default: %(default)s)",
    )
    parser.add_argument("--name", default="Simulated iPhone", help="name of the phone (default: %(default)s)")
    parser.add_argument("--udid", help="its UDID (default: derived from the name and the seed)")
    parser.add_argument(
        "--ios",
        type=int,
        choices=sorted(MODELS),
        default=18,
        help="its major iOS version (default: %(default)s)",
    )
    parser.add_argument(
        "--phones",
        type=int,
        default=1,
        metavar="N",
        help="number of phones, each with its own library (default: %(default)s)",
    )
    parser.add_argument(
        "--trust",
        choices=[trust.value for trust in Trust],
        default=Trust.ACCEPTS.value,
        help="what it does when a computer wants to pair; with 'asks', answer through --control "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--media",
        type=Path,
        metavar="DIR",
        help="serve an existing media folder, unchanged (default: generate a library)",
    )
    parser.add_argument(
        "--behaviour",
        metavar="NAME[,NAME]",
        help="what the phone does differently; docs/simulator.md lists the names (default: nothing)",
    )
    parser.add_argument(
        "--assets",
        type=int,
        default=1000,
        metavar="N",
        help="number of items in the library generated without --media (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="S",
        help="seed of that library: the same seed makes the same library (default: %(default)s)",
    )
    parser.add_argument(
        "--icloud-share",
        type=float,
        default=0.3,
        metavar="SHARE",
        help="share of it that is only in iCloud, from 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--icloud-speed",
        type=float,
        metavar="BYTES",
        help="iCloud download speed in bytes per second (default: as fast as this computer allows)",
    )
    parser.add_argument(
        "--keep-originals",
        action="store_true",
        help="start with Download and Keep Originals (default: with Optimize iPhone Storage)",
    )
    parser.add_argument(
        "--grown-database",
        action="store_true",
        help="give it a database as large and as mixed as one that grew over years (default: only the rows "
        "that a backup needs)",
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar="DIR",
        help="generate the library in this folder and keep it (default: a temporary folder)",
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="also stop when standard input is closed (default: only at a signal)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Print one JSON line on standard output when ready for connections.

    The line: `{"type": "ready", "socket": ..., "control": ..., "phones": [{"udid", "name", "media"}]}`.

    Returns:
        An exit code: 0 after a normal stop, 1 if it could not start, 2 if the options contradict each other.
    """
    problem = _contradiction(arguments)
    if problem:
        sys.stderr.write(f"ambertime simulate: {problem}\n")
        return EXIT_USAGE
    # Until the event loop runs, SIGTERM must clean up as SIGINT does, or a half-made library is left behind.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        behaviour = _behaviour(arguments)
        with ExitStack() as stack:
            phones = [
                stack.enter_context(_phone(arguments, behaviour, index)) for index in range(arguments.phones)
            ]
            clouds = _Clouds(arguments, behaviour, stack)
            if arguments.keep_originals:
                for phone in phones:
                    clouds.of(phone)
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(_serve(arguments, phones, clouds))
    except _SimulateError as error:
        sys.stderr.write(f"ambertime simulate: {error}\n")
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_DONE
    finally:
        signal.signal(signal.SIGTERM, before)
    return EXIT_DONE


def _contradiction(arguments: argparse.Namespace) -> str:
    if arguments.phones < 1:
        return "--phones must be at least 1."
    if arguments.udid and arguments.phones > 1:
        return "--udid sets the UDID of a single phone. Leave it out with --phones."
    if arguments.media is not None and not arguments.media.is_dir():
        return f"{arguments.media} is not a folder."
    if arguments.icloud_speed is not None and arguments.icloud_speed <= 0:
        return "--icloud-speed must be more than 0."
    if arguments.media is not None and arguments.into is not None:
        return "--into needs a library to generate. Leave it out with --media."
    return ""


def _behaviour(arguments: argparse.Namespace) -> Behaviour | None:
    if not arguments.behaviour:
        return None
    # Imported here because a phone that behaves as usual does not need it.
    from ambertime_tui.simulator.behaviour import behaviour_named

    try:
        return behaviour_named(arguments.behaviour)
    except ValueError as error:
        raise _SimulateError(str(error)) from error


@contextlib.contextmanager
def _phone(
    arguments: argparse.Namespace, behaviour: Behaviour | None, index: int
) -> Iterator[SimulatedPhone]:
    """Provide one phone with its media folder. A temporary folder is removed at the end."""
    name = arguments.name if index == 0 else f"{arguments.name} {index + 1}"
    facts = Facts(
        udid=arguments.udid or udid_for(f"{name} {arguments.seed + index}"),
        name=name,
        model=MODELS[arguments.ios],
    )
    with ExitStack() as stack:
        if arguments.media is not None:
            media: Path = arguments.media
        else:
            into = arguments.into or _temporary_folder(stack)
            folder = into if arguments.phones == 1 else into / facts.udid
            media = _made_library(folder, arguments, behaviour, index)
        phone = SimulatedPhone(
            facts,
            media,
            tls=not arguments.plain,
            link=LINKS[arguments.link],
            trust=Trust(arguments.trust),
        )
        if behaviour is not None:
            phone.faults = behaviour.faults(_known_library(media.parent))
        yield phone


def _known_library(folder: Path) -> MadeLibrary | None:
    """Return the library in a folder, if the simulator generated it."""
    from ambertime_tui.simulator.library import MadeLibrary

    return MadeLibrary.load(folder) if (folder / TRUTH).is_file() else None


def _temporary_folder(stack: ExitStack) -> Path:
    """Make a folder that the stack removes, even if a signal arrives while it is being created."""
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        made = tempfile.TemporaryDirectory(prefix="ambertime-phone-", ignore_cleanup_errors=True)
        return Path(stack.enter_context(made))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)


def _made_library(into: Path, arguments: argparse.Namespace, behaviour: Behaviour | None, index: int) -> Path:
    # Imported here because --media does not need it.
    from ambertime_tui.simulator.library import LibraryRecipe, make_library

    try:
        recipe = LibraryRecipe(
            assets=arguments.assets,
            seed=arguments.seed + index,
            ios=arguments.ios,
            icloud_share=arguments.icloud_share,
            grown=arguments.grown_database,
        )
        if behaviour is not None:
            recipe = behaviour.applied_to(recipe)
    except ValueError as error:
        raise _SimulateError(f"{error}.") from error
    try:
        into.mkdir(parents=True, exist_ok=True)
        return make_library(into, recipe).media
    except OSError as error:
        raise _SimulateError(f"Cannot generate a library in {into}: {error.strerror or error}.") from error


class _Clouds:
    """The iCloud of each phone with a generated library, started on first use."""

    def __init__(self, arguments: argparse.Namespace, behaviour: Behaviour | None, stack: ExitStack) -> None:
        self._arguments = arguments
        self._behaviour = behaviour
        self._stack = stack
        self._known: dict[str, RunningICloud] = {}

    def of(self, phone: SimulatedPhone) -> RunningICloud | None:
        if phone.udid in self._known:
            return self._known[phone.udid]
        library = _known_library(Path(phone.media.root).parent)
        if library is None:
            return None
        from ambertime_tui.simulator.icloud_settings import ICloudSettings
        from ambertime_tui.simulator.icloud_thread import RunningICloud

        settings = ICloudSettings(bytes_per_second=self._arguments.icloud_speed)
        if self._behaviour is not None:
            settings = self._behaviour.icloud(settings)
        icloud = self._stack.enter_context(RunningICloud(phone, library, settings))
        icloud.set_keep_originals(self._arguments.keep_originals)
        self._known[phone.udid] = icloud
        return icloud


async def _serve(
    arguments: argparse.Namespace,
    phones: list[SimulatedPhone],
    clouds: _Clouds,
) -> None:
    stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_requested.set)
    usbmuxd = Usbmuxd(arguments.socket)
    control = ControlServer(usbmuxd, phones, icloud_commands(clouds.of))
    watched: asyncio.ReadTransport | None = None
    try:
        try:
            await usbmuxd.start()
        except (OSError, ValueError, OverflowError) as error:
            raise _SimulateError(f"Cannot listen on {arguments.socket}: {error}.") from error
        if arguments.control is not None:
            try:
                await control.start(arguments.control)
            except OSError as error:
                raise _SimulateError(f"Cannot listen on {arguments.control}: {error}.") from error
        for phone in phones:
            usbmuxd.attach(phone)
        if arguments.until_stdin_closes:
            watched = await _when_stdin_closes(stop_requested)
        _say_ready(arguments, usbmuxd, phones)
        await stop_requested.wait()
    finally:
        if watched is not None:
            watched.close()
        for phone in phones:
            usbmuxd.detach(phone)
        await control.stop()
        await usbmuxd.stop()


async def _when_stdin_closes(stop_requested: asyncio.Event) -> asyncio.ReadTransport:
    class UntilClosed(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            stop_requested.set()

    try:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(UntilClosed, sys.stdin)
    except (ValueError, OSError) as error:  # a file, /dev/null, or already closed
        raise _SimulateError(
            "--until-stdin-closes needs a pipe, a socket or a terminal as standard input."
        ) from error
    return transport


def _say_ready(arguments: argparse.Namespace, usbmuxd: Usbmuxd, phones: list[SimulatedPhone]) -> None:
    line = {
        "type": "ready",
        "socket": usbmuxd.address,
        "control": None if arguments.control is None else str(arguments.control),
        "phones": [{"udid": p.udid, "name": p.facts.name, "media": p.media.root} for p in phones],
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
