"""A local folder as the phone serves it: everything inside it, and nothing outside."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import TypeVar

from ambertime_tui.simulator.afc_packets import AfcError, AfcStatus

_MOST_LINKS = 32
_FILE_TYPES = {
    stat.S_IFREG: "S_IFREG",
    stat.S_IFDIR: "S_IFDIR",
    stat.S_IFLNK: "S_IFLNK",
    stat.S_IFIFO: "S_IFIFO",
    stat.S_IFSOCK: "S_IFSOCK",
    stat.S_IFBLK: "S_IFBLK",
    stat.S_IFCHR: "S_IFCHR",
}
_STATUS_OF_ERRNO = {
    errno.ENOENT: AfcStatus.OBJECT_NOT_FOUND,
    errno.ENOTDIR: AfcStatus.OBJECT_NOT_FOUND,
    errno.EISDIR: AfcStatus.OBJECT_IS_DIR,
    errno.EACCES: AfcStatus.PERM_DENIED,
    errno.EPERM: AfcStatus.PERM_DENIED,
    errno.EIO: AfcStatus.IO_ERROR,
    errno.EMFILE: AfcStatus.NO_RESOURCES,
    errno.ENFILE: AfcStatus.NO_RESOURCES,
    errno.ENAMETOOLONG: AfcStatus.INVALID_ARGUMENT,
    errno.ELOOP: AfcStatus.PERM_DENIED,
}
_Result = TypeVar("_Result")


def status_of(error: OSError) -> AfcStatus:
    """Return the AFC status for an error of the local file system."""
    return _STATUS_OF_ERRNO.get(error.errno or 0, AfcStatus.UNKNOWN_ERROR)


class SharedFolder:
    """A folder served over AFC. Each request reads its current contents.

    Every method raises `AfcError` with the status that the phone would return.
    """

    def __init__(self, root: Path) -> None:
        self.root = str(root.resolve())

    def names(self, path: str) -> list[str]:
        """Return the entries of a folder, "." and ".." first, as afcd lists them."""
        place = self._resolve(path, follow_last=True)
        try:
            return [".", "..", *os.listdir(place)]  # noqa: PTH208 - only names are needed
        except NotADirectoryError:
            raise AfcError(AfcStatus.READ_ERROR) from None
        except OSError as error:
            raise AfcError(status_of(error)) from error

    def information(self, path: str) -> dict[str, str]:
        """Return what afcd reports about a file, without following a link. Times are in nanoseconds."""
        place = self._resolve(path, follow_last=False)
        facts = _translated(os.lstat, place)
        about = {
            "st_size": str(facts.st_size),
            "st_blocks": str(facts.st_blocks),
            "st_nlink": str(facts.st_nlink),
            "st_ifmt": _FILE_TYPES.get(stat.S_IFMT(facts.st_mode), "S_IFREG"),
        }
        if stat.S_ISLNK(facts.st_mode):
            about["LinkTarget"] = _translated(os.readlink, place)
        born = getattr(facts, "st_birthtime", None)
        about["st_mtime"] = str(facts.st_mtime_ns)
        about["st_birthtime"] = str(
            min(facts.st_mtime_ns, facts.st_ctime_ns) if born is None else int(born * 1e9)
        )
        return about

    def open(self, path: str) -> FileIO:
        """Open a regular file for reading."""
        place = self._resolve(path, follow_last=True)
        # A pipe must not block, and a link created since the path was resolved must not lead outside.
        number = _translated(
            lambda p: os.open(p, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), place
        )
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode):
            os.close(number)
            raise AfcError(AfcStatus.OBJECT_IS_DIR if stat.S_ISDIR(mode) else AfcStatus.PERM_DENIED)
        return FileIO(number, "rb")

    def _resolve(self, path: str, *, follow_last: bool) -> str:
        """Resolve a path. ".." stops at the root, and a link out of the folder is refused."""
        waiting = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        place: list[str] = []
        links = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                if place:
                    place.pop()
                continue
            here = "/".join([self.root, *place, part])
            if not waiting and not follow_last:
                return here
            try:
                target = os.readlink(here)  # noqa: PTH115 - a Path per part is too slow
            except OSError:  # not a link, or missing: the operation itself reports which
                place.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise AfcError(AfcStatus.PERM_DENIED)
            if target.startswith("/"):
                if not (target + "/").startswith(self.root + "/"):
                    raise AfcError(AfcStatus.PERM_DENIED)
                target = target[len(self.root) :]
                place = []
            elif _climbs_out(len(place), target):
                raise AfcError(AfcStatus.PERM_DENIED)
            waiting += [part for part in reversed(target.split("/")) if part not in ("", ".")]
        return "/".join([self.root, *place])


def _climbs_out(depth: int, target: str) -> bool:
    """Whether a relative link in a folder `depth` levels below the root leads above the root."""
    for part in target.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False


def _translated(call: Callable[[str], _Result], place: str) -> _Result:
    try:
        return call(place)
    except OSError as error:
        raise AfcError(status_of(error)) from error
    except ValueError as error:  # a NUL, or text that cannot be a file name
        raise AfcError(AfcStatus.INVALID_ARGUMENT) from error
