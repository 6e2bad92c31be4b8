"""Attacks on a target by somebody who can write to it: planted before a run, or swapped in during it."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

MONTH = "Photos/2023-11"
RECORD = ".ambertime/record.sqlite3"
OWN_FILES = (
    "SHA256SUMS",
    *(
        f".ambertime/{name}"
        for name in (
            *("lock", "lock.new", "target.json", "target.new", "record.sqlite3", "record.sqlite3-journal"),
            *("record.sqlite3-wal", "record.sqlite3-shm", "record.sqlite3.new", "record.sqlite3.own"),
            *("record.backup.sqlite3", "record.backup.sqlite3.new", "record.backup.sqlite3-journal"),
            *("record.damaged", "seal.json", "seal.new", "SHA256SUMS.new", "parts", "parts.new"),
            *("findings.json", "absent.json", "absent.new"),
        )
    ),
)
LONG_FILE = 32 << 20
"""Bytes."""
FOLDERS = (".ambertime", "Photos", MONTH)


@dataclass(slots=True)
class Victim:
    """A target to attack."""

    root: Path
    outside: Path
    chance: random.Random
    photos: list[str]
    """Paths of archived files."""
    new: list[str]
    """Names that the next backup wants in MONTH."""
    done: list[str] = field(default_factory=list)
    """What was done, in words."""
    forged: bool = False
    """Whether the record was forged so well that a backup may believe that it has a photo."""
    cleanup: ExitStack = field(default_factory=ExitStack)
    """Ends mounts and swaps."""

    def any_file(self) -> str:
        """A path where AmberTime has, or will have, a file."""
        pick = self.chance.random()
        if pick < 0.6:
            return self.chance.choice(OWN_FILES)
        if pick < 0.8:
            return self.chance.choice(self.photos)
        name = self.chance.choice(self.new)
        return f"{MONTH}/{self.chance.choice((name, f'.{name}.part'))}"

    def any_path(self) -> str:
        """One of those, or a folder."""
        return self.chance.choice(FOLDERS) if self.chance.random() < 0.25 else self.any_file()

    def free(self, path: str) -> Path:
        """Make place for something else: remove a file, move a folder away."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place.is_dir():
            place.rename(place.with_name(f"{place.name} before"))
        elif os.path.lexists(place):
            place.unlink()
        return place

    def note(self, words: str) -> None:
        """Say what was done."""
        self.done.append(words)


def put_link(victim: Victim) -> None:
    """A link: to a file, to a folder, to nothing, to itself, up and out."""
    path = victim.any_path()
    places = ["precious", "letter.txt", "diary.sqlite3", "empty", "2023-11", "not there", "SHA256SUMS", ""]
    aim = victim.outside / victim.chance.choice(places)
    to: str | Path = aim
    match victim.chance.randrange(5):
        case 0:
            to = os.path.relpath(aim, (victim.root / path).parent)
        case 1:
            to = Path(path).name
        case 2:
            to = victim.chance.choice(["/dev/zero", "/dev/null", "/proc/self/mem", "/", "..", "/dev/fd/0"])
    if path in FOLDERS and victim.chance.random() < 0.5:
        to = victim.outside / "moved"
        if (victim.root / path).is_dir() and not to.exists():
            shutil.copytree(victim.root / path, to, symlinks=True)
    victim.free(path).symlink_to(to)
    victim.note(f"link {path} -> {to}")


def put_hard_link(victim: Victim) -> None:
    """A second name of a file outside."""
    path = victim.any_file()
    what = victim.chance.choice(["precious", "letter.txt", "diary.sqlite3"])
    if victim.chance.random() < 0.5 and (victim.root / path).is_file():
        own = victim.outside / f"own {Path(path).name}"
        if not own.exists():
            os.link(victim.root / path, own)
            victim.note(f"second name of {path}")
        return
    os.link(victim.outside / what, victim.free(path))
    victim.note(f"hard link {path} -> {what}")


def put_special(victim: Victim) -> None:
    """A pipe, a socket or a device."""
    path = victim.any_path()
    place, kind = victim.free(path), victim.chance.randrange(4)
    if kind == 0:
        os.mkfifo(place)
    elif kind == 1:
        _put_socket(place)
    else:
        number = os.makedev(1, victim.chance.choice((3, 5, 7, 8)))
        try:
            os.mknod(place, stat.S_IFCHR | 0o600, number)
        except PermissionError:
            os.mkfifo(place)
    victim.note(f"special file {path} ({kind})")


def _put_socket(place: Path) -> None:
    folder = os.open(place.parent, os.O_RDONLY)
    try:  # the path of a socket must be short
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"/proc/self/fd/{folder}/{place.name}")
    finally:
        os.close(folder)


def swap_kinds(victim: Victim) -> None:
    """A folder in the place of a file, or a file in the place of a folder."""
    path = victim.any_path()
    place = victim.free(path)
    if path in FOLDERS:
        place.write_bytes(b"no folder")
    else:
        place.mkdir()
        if victim.chance.random() < 0.5:
            (place / "letter.txt").symlink_to(victim.outside / "letter.txt")
    victim.note(f"other kind {path}")


def change_bytes(victim: Victim) -> None:
    """Other bytes: none, garbage, cut, much too many, flipped."""
    path, chance = victim.any_file(), victim.chance
    place = victim.root / path
    if not place.is_file() or place.is_symlink():
        place = victim.free(path)
        place.write_bytes(b"")
    before = place.read_bytes()
    kind = chance.choice(["empty", "garbage", "cut", "huge", "flipped", "zeros", "long line"])
    match kind:
        case "empty":
            place.write_bytes(b"")
        case "garbage":
            place.write_bytes(chance.randbytes(chance.randrange(1, 5000)))
        case "cut":
            place.write_bytes(before[: chance.randrange(len(before) + 1)])
        case "huge":
            os.truncate(place, 1 << 29)
        case "zeros":
            place.write_bytes(bytes(len(before) or 100))
        case "long line":
            place.write_bytes(before + b"x" * (20 << 20))
        case "flipped" if before:
            data = bytearray(before)
            for _ in range(chance.randrange(1, 20)):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            place.write_bytes(data)
    victim.note(f"{kind} {path}")


def hostile_paths(victim: Victim) -> list[str]:
    """Paths that lead somewhere else, or nowhere."""
    out = victim.outside
    up = os.path.relpath(out, victim.root)
    return [
        f"{out}/letter.txt",
        f"{up}/letter.txt",
        f"Photos/../{up}/letter.txt",
        f"{MONTH}/../../{up}/precious",
        f"./{up}/letter.txt",
        f"Photos//{up}/letter.txt",
        "..",
        ".",
        "/",
        "",
        "\0",
        f"{MONTH}/a\0b",
        f"{MONTH}/",
        ".ambertime/record.sqlite3",
        ".AmberTime/lock",
        "SHA256SUMS",
        "Photos",
        f"{MONTH}/{'x' * 300}",
        "/".join(["d"] * 3000),
        "x" * 100_000,
        f"{MONTH}/\udcff\udc80.JPG",
        f"{MONTH}/\ud800.JPG",
        f"{MONTH}/a\x1b[2J\x9b\u202e.JPG",
        f"{MONTH}/line\nend.JPG",
        f"{MONTH}\\..\\..\\x",
        "C:\\x",
        "CON",
        f"{up}/2023-11/.IMG_0100.JPG.part",
        f"{out}/.IMG_0100.JPG.part",
        f"{MONTH}/.IMG_0100.JPG.part",
        f"{MONTH}/.letter.part",
    ]


HOSTILE_JSON = (
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"9" * 5000,
    b"1" + b"0" * 400,
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    b'"\\ud800"',
    b"\xff\xfe\x00",
    b"{",
    b'{"target_id": "../../x", "made_at": "2020"}',
    b'{"target_id": "' + b"a" * 50_000 + b'", "made_at": "\\u202e\\u001b[2J"}',
    b'{"target_id": "\\ud800a", "made_at": "\\ud800"}',
    b'{"target_id": "abc", "made_at": "\\ud800"}',
    b'{"target_id": "abc", "made_at": 5}',
    b'{"record": "\\ud800", "backup": "", "checksums": "", "seal": ""}',
    b'{"record": "", "backup": "", "checksums": "", "seal": "%b"}' % (b"0" * 64),
    b'{"PHONE": {"read_at": 1e999, "uuids": ["\\ud800", 5, null]}}',
    b'{"PHONE": {"read_at": 1, "uuids": "x"}}',
    b'{"PHONE": {"read_at": "NaN", "uuids": {}}, "\\ud800": {"read_at": 1, "uuids": ["a"]}}',
    b'[{"path": "../x", "verdict": "missing", "sha256": ""}, {"path": 5}, []]',
    b'[{"path": "\\ud800", "verdict": "damaged", "sha256": "\\ud800"}]',
    b'[{"path": "Photos/2023-11/IMG_0001.JPG", "verdict": "whole", "sha256": "x"}]',
)


def change_json(victim: Victim) -> None:
    """Odd contents of marker, seal, findings and absent items."""
    name = victim.chance.choice(["target.json", "seal.json", "findings.json", "absent.json"])
    data = victim.chance.choice(HOSTILE_JSON)
    if b"PHONE" in data:
        data = data.replace(b"PHONE", victim.chance.choice([b"PHONE", b""]))
    elif name == "findings.json" and victim.chance.random() < 0.5:
        verdicts = ["missing", "damaged", "changed", "extra", "whole"]
        data = json.dumps(
            [
                {"path": path, "verdict": victim.chance.choice(verdicts), "sha256": "0" * 64}
                for path in (*hostile_paths(victim), *victim.photos)
            ]
        ).encode()
    victim.free(f".ambertime/{name}").write_bytes(data)
    victim.note(f"{name} {data[:60]!r}")


def change_checksums(victim: Victim) -> None:
    """Lines of SHA256SUMS with hostile paths, in each of its formats."""
    place, chance = victim.root / "SHA256SUMS", victim.chance
    lines = []
    for path in chance.sample(hostile_paths(victim), 8):
        digest = chance.choice(["0" * 64, f"{chance.getrandbits(256):064x}"])
        escaped = path.replace("\\", "\\\\").replace("\n", "\\n")
        lines.append(
            chance.choice(
                [
                    f"{digest}  {path}",
                    f"{digest} *{path}",
                    f"\\{digest}  {escaped}",
                    f"SHA256 ({path}) = {digest}",
                ]
            )
        )
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        data *= LONG_FILE // len(data) + 1
    before = place.read_bytes() if place.is_file() and not place.is_symlink() else b""
    victim.free("SHA256SUMS").write_bytes(data + before if chance.random() < 0.7 else data)
    victim.note(f"SHA256SUMS {lines!r:.300}")


def change_parts(victim: Victim) -> None:
    """Lines of the journal of unfinished files with hostile paths, sizes and hashes."""
    chance = victim.chance
    lines: list[object] = []
    for path in chance.sample(hostile_paths(victim), 10):
        lines.append(path)
        if chance.random() < 0.5:
            size = chance.choice([1, -1, 2**70, 10**400, True, 1e9])
            lines.append(
                {"part": path, "source": "x\ud800", "size": size, "sha256": chance.choice(["", "0" * 64])}
            )
    data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    data += chance.choice([b"", b"[" * 100_000, b'"Photos/.x', b"\xff\xff\n", b"\0" * 1000])
    victim.free(".ambertime/parts").write_bytes(data)
    if chance.random() < 0.5:
        (victim.root / ".ambertime/seal.json").unlink(missing_ok=True)
    part = victim.root / MONTH / ".IMG_0100.JPG.part"
    if part.parent.is_dir() and not os.path.lexists(part):
        part.symlink_to(victim.outside / "letter.txt")
    victim.note("parts")


def odd_names(victim: Victim) -> None:
    """Files and folders with odd names in and beside the archive."""
    names = [
        b"\xff\xfe.JPG",
        b"a\x1b[2J\x9b.JPG",
        "\u202egpj.exe".encode(),
        b"x\ny.JPG",
        b"." * 200,
        b"\\",
        b"CON",
    ]
    names += [os.fsencode(name.swapcase()) for name in victim.new] + [
        b".IMG_0100.JPG.part",
        b"IMG_0100.JPG.part",
    ]
    for folder in ("", "Photos", MONTH, ".ambertime"):
        place = os.fsencode(victim.root / folder)
        if not os.path.isdir(place) or os.path.islink(place):  # noqa: PTH112, PTH114 - bytes
            continue
        for name in victim.chance.sample(names, 4):
            full = os.path.join(place, name)  # noqa: PTH118 - bytes
            with suppress(OSError):
                if victim.chance.random() < 0.3:
                    os.mkdir(full)  # noqa: PTH102 - bytes
                else:
                    with open(full, "xb") as stream:  # noqa: PTH123 - bytes
                        stream.write(victim.chance.randbytes(50))
    victim.note("odd names")


def deep_folders(victim: Victim) -> None:
    """Folders in folders, deeper than any path may be long, and one with many names."""
    if not (victim.root / "Photos").is_dir() or (victim.root / "Photos").is_symlink():
        return
    fd = os.open(victim.root / "Photos", os.O_RDONLY)
    depth = victim.chance.choice([30, 1200])
    for _ in range(depth):
        with suppress(FileExistsError):
            os.mkdir("deep", dir_fd=fd)
        inner = os.open("deep", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("IMG_0001.JPG", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)
    victim.note(f"{depth} folders deep")


def put_mount(victim: Victim) -> None:
    """A folder of another drive mounted in the place of one of ours; only root can."""
    path = victim.chance.choice(FOLDERS)
    place, volume = victim.root / path, victim.outside / "volume"
    if os.getuid() or not place.is_dir() or place.is_symlink() or volume.exists():
        put_link(victim)
        return
    volume.mkdir()
    commands = [["-t", "tmpfs", "tmpfs", str(volume)], ["--bind", str(volume), str(place)]]
    for options in commands:
        if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
            put_link(victim)
            return
        victim.cleanup.callback(subprocess.run, ["umount", "-l", options[-1]], check=True)
        if volume == Path(options[-1]) and path != MONTH:
            (volume / "2023-11").mkdir()
    victim.note(f"another drive at {path}")


def race(victim: Victim) -> None:
    """Swap a folder or file for a link and back, all the time that the product runs."""
    if any(words.startswith("race") for words in victim.done):
        return  # one would write through the link of the other
    chance, ended = victim.chance, threading.Event()
    path = chance.choice(
        [*FOLDERS, MONTH, "SHA256SUMS", *(f".ambertime/{n}" for n in ("seal.json", "parts"))]
    )
    place = victim.root / path
    if not os.path.lexists(place):
        place = victim.root / MONTH
    away = place.with_name(f"{place.name} away")
    to = victim.outside / ("2023-11" if place.is_dir() else "letter.txt")
    names = [victim.root / MONTH / f".{name}.part" for name in victim.new]
    links_parts = chance.random() < 0.5
    pause = chance.choice([0.0, 0.0005, 0.005])

    def swap() -> None:
        while not ended.is_set():
            with suppress(OSError):
                place.rename(away)
                place.symlink_to(to)
                ended.wait(pause)
                place.unlink()
            with suppress(OSError):
                if not os.path.lexists(place):
                    away.rename(place)
            if links_parts:
                for name in names:
                    with suppress(OSError):
                        if name.exists():
                            name.unlink()
                        name.symlink_to(victim.outside / "letter.txt")
            ended.wait(pause)

    def end() -> None:
        ended.set()
        swapper.join()
        with suppress(OSError):
            if place.is_symlink():
                place.unlink()
            if not os.path.lexists(place):
                away.rename(place)

    swapper = threading.Thread(target=swap, daemon=True)
    victim.cleanup.callback(end)
    swapper.start()
    victim.note(f"race for {path}{', parts' if links_parts else ''}")


Attack = Callable[[Victim], None]
ON_FILES: dict[str, Attack] = {
    "links": put_link,
    "hard links": put_hard_link,
    "pipes, sockets, devices": put_special,
    "folders for files, files for folders": swap_kinds,
    "other bytes": change_bytes,
    "JSON of ours": change_json,
    "lines of SHA256SUMS": change_checksums,
    "lines of the parts journal": change_parts,
    "odd names": odd_names,
    "deep folders": deep_folders,
    "mounts": put_mount,
    "links swapped in while the job runs": race,
}
