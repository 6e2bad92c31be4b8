"""The full-screen front end: the only room that imports Textual. `app.run` starts it.

It knows of phones and drives only what `ambertime_tui.engine.client` tells it, and draws immutable statuses.
"""
