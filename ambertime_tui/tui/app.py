"""Starts the full-screen app. Textual reads its settings from the environment at import, so it is imported
only after the terminal has been examined."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.config import Config, ConfigError, State, load_state, load_usable_config, save_state
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.paths import Paths, folder_named
from ambertime_tui.tui.exit_signals import exit_on_signals
from ambertime_tui.tui.glyphs import Glyphs, glyphs_for
from ambertime_tui.tui.terminal import detect, prepare

if TYPE_CHECKING:
    from ambertime_tui.tui.context import AppContext


def run(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    attach: Path | None = None,
    color: str = "auto",
    ascii_only: bool | None = None,
    theme: str | None = None,
    target: Path | None = None,
) -> int:
    """Run the app in this terminal until the user leaves it.

    Args:
        paths: where sockets, logs, config and state are.
        environ: the environment of the terminal, and of the engine process.
        attach: the socket of a running job to show.
        color: ``auto``, ``truecolor``, ``256``, ``16`` or ``none``.
        ascii_only: draw with plain characters; None: as the config says.
        theme: a theme by name, instead of the one in config or state.
        target: the target selected first.

    Returns:
        The exit code: that of the job whose end was shown; 0 if a job keeps running or there was none; 130
        if a signal ended the app.

    Raises:
        Exception: any unexpected error, raised after the terminal has been restored.
    """
    config, wrong = load_usable_config(paths.config, date.today())
    terminal = detect(environ, color=color, ascii_only=config.ascii if ascii_only is None else ascii_only)
    prepare(os.environ, terminal)
    from ambertime_tui.tui.application import AmberApp

    context = replace(
        _context(paths, environ, config, glyphs_for(ascii_only=terminal.ascii), target),
        preview=config.preview if config.preview is not None else not terminal.remote,
        notices=wrong,
        theme=config.theme or "",
    )
    app = AmberApp(context, terminal, attach_to=attach, theme=theme or context.state.theme or config.theme)
    with exit_on_signals(lambda: app.leave_soon(ExitCode.INTERRUPTED)):
        code = app.run(mouse=False)
    if app.unexpected is not None:
        raise app.unexpected
    return ExitCode.COMPLETE if code is None else code


def _context(
    paths: Paths, environ: Mapping[str, str], config: Config, glyphs: Glyphs, target: Path | None
) -> AppContext:
    from ambertime_tui.engine.api.client import EngineClient, EngineError, RunningJob, running_jobs
    from ambertime_tui.engine.api.doctor import examine
    from ambertime_tui.engine.api.history import read_history, read_report
    from ambertime_tui.tui.context import AppContext

    state = load_state(paths.state, date.today())

    def remember(new: State) -> None:
        try:
            save_state(paths.state, new)
        except ConfigError:
            return  # losing a remembered choice is harmless

    def jobs() -> tuple[RunningJob, ...]:
        try:
            return running_jobs(paths)
        except EngineError:
            return ()  # the launch of an engine, which follows, gives the reason

    return AppContext(
        launch=lambda: EngineClient.launch(paths, environ),
        attach=EngineClient.attach,
        running_jobs=jobs,
        examine=lambda request: examine(request, paths, environ),
        clock=time.time,
        today=date.today,
        glyphs=glyphs,
        state=state,
        remember=remember,
        tasks=config.tasks,
        defaults=config.defaults,
        hooks=config.hooks.hooks(),
        keys=config.keys,
        reports=paths.state / "reports",
        history=lambda: read_history(paths.state),
        past_report=lambda run: read_report(paths.state, run),
        theme_folder=paths.config / "themes",
        time_of_day=lambda at: f"{datetime.fromtimestamp(at):%H:%M:%S}",
        day_of=date.fromtimestamp,
        expand=lambda text: str(folder_named(text)),
        target=str(target) if target is not None else config.defaults.to or "",
    )
