"""Keys changed in the config file: usable ones are applied, others are reported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import REPLACED_KEYS, Keys, key_to_character

KeyScope = Sequence[type[DOMNode]]
"""Parts of a screen whose keys are active at the same time."""

ARRIVES_AS = {
    "ctrl+h": "backspace",
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "shift+enter": "enter",
    "ctrl+left_square_bracket": "escape",
}
"""What terminals send for keys without their own code."""
TEXTUALS_OWN = {"tab": "Next part", "shift+tab": "Previous part", "ctrl+p": "Command palette"}
_MODIFIERS = frozenset(("ctrl", "shift", "alt"))
_NAMED = frozenset(key.value for key in Keys) | {f"f{n}" for n in range(1, 25)} | set(REPLACED_KEYS)


def usable_keys(
    wanted: Mapping[str, str], scopes: Sequence[KeyScope]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The usable ones of the changed keys, and a sentence for each of the others.

    Args:
        wanted: keys by id of their action.
        scopes: everything that has keys; a key must be unique within a scope.
    """
    names = {binding.id: binding for scope in scopes for part in scope for binding in _bindings(part)}
    wrong: list[str] = []
    keymap: dict[str, str] = {}
    for id_, text in wanted.items():
        if id_ not in names:
            near = get_close_matches(id_, [name for name in names if name], 1)
            meant = f" Did you mean {near[0]}?" if near else " docs/configuration.md lists the ids."
            wrong.append(f"config.toml: keys.{id_} is not a known key id.{meant}")
            continue
        try:
            keymap[id_] = ",".join(_key(part) for part in re.split(r"(?<=.),", text))
        except ValueError as error:
            wrong.append(f"config.toml: keys.{id_} is ignored: {error}")
    while (clash := next(_clashes(keymap, scopes), None)) is not None:
        id_, key, other = clash
        del keymap[id_]
        wrong.append(f"config.toml: keys.{id_} is ignored: {key} is the key for {other}.")
    return keymap, tuple(wrong)


def _bindings(part: type[DOMNode]) -> Iterator[Binding]:
    for binding in part.BINDINGS:
        if isinstance(binding, Binding):
            yield binding


def _key(text: str) -> str:
    """Textual's name of a key.

    Raises:
        ValueError: it is not a key, or terminals do not send it; the message is a sentence.
    """
    name = text.strip()
    *modifiers, base = [name] if len(name) == 1 else (part.strip().lower() for part in name.split("+"))
    key = "+".join([*modifiers, base])
    known = len(base) == 1 or base in _NAMED or key_to_character(base) is not None
    if not known or not _MODIFIERS.issuperset(modifiers):
        raise ValueError(f"'{name}' is not a key. Examples: p, f5, ctrl+r, space, question_mark.")
    arrives_as = ARRIVES_AS.get(key) or re.sub(r"^ctrl\+shift\+(\w)$", r"ctrl+\1", key)
    if arrives_as != key:
        raise ValueError(f"terminals send {key} as {arrives_as}. Choose another key.")
    return key


def _clashes(keymap: Mapping[str, str], scopes: Sequence[KeyScope]) -> Iterator[tuple[str, str, str]]:
    """Changed keys that are already used in the same scope: the id, the key, its present action."""
    for scope in scopes:
        taken: dict[str, list[Binding]] = {}
        for binding in (binding for part in scope for binding in _bindings(part)):
            for key in keymap.get(binding.id or "", binding.key).split(","):
                taken.setdefault(_plain(key), []).append(binding)
        for key, bindings in taken.items():
            changed = [binding for binding in bindings if binding.id in keymap]
            if not changed:
                continue
            last = max(changed, key=lambda binding: list(keymap).index(binding.id or ""))
            others = [binding for binding in bindings if binding.id != last.id]
            if others or key in TEXTUALS_OWN:
                name = others[0].description if others else TEXTUALS_OWN[key]
                yield last.id or "", key, name


def _plain(key: str) -> str:
    """One name for keys for which Textual has two."""
    character = key_to_character(REPLACED_KEYS.get(key, key))
    return character if character is not None and character.isprintable() and character != " " else key
